from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from mailer.rendering.document import Button, Picture, Prose, Rule
from mailer.rendering.markdown import read_markdown


def test_text_before_the_first_heading_is_the_introduction() -> None:
    document = read_markdown("Hello\n\nthere\n\n## One\n\nbody\n\n## Two")

    assert [block.kind for block in document.introduction] == ["prose"]
    assert [story.heading_text for story in document.stories] == ["One", "Two"]
    assert document.stories[1].blocks == ()


def test_a_number_before_a_heading_is_the_storys_number() -> None:
    stories = read_markdown("## 3. Third\n\n## 4、第四\n\n## 2026 was long\n\n## 12) *Twelfth*").stories

    assert [(story.number, story.heading_text) for story in stories] == [
        ("3", "Third"),
        ("4", "第四"),
        ("", "2026 was long"),
        ("12", "Twelfth"),
    ]
    assert str(stories[3].heading) == "<em>Twelfth</em>"


def test_an_image_directly_after_the_heading_is_the_storys_picture() -> None:
    with_picture, without = read_markdown(
        "## One\n\n![Alt](https://e.example/a.png)\n\ntext\n\n## Two\n\ntext\n\n"
        "[![Later](https://e.example/b.png)](https://e.example)"
    ).stories

    assert with_picture.picture == Picture("https://e.example/a.png", "Alt", "", 3)
    assert without.picture is None
    assert without.blocks[1] == Picture("https://e.example/b.png", "Later", "https://e.example", 11)


def test_a_button_is_a_paragraph_of_one_link_with_that_class() -> None:
    (prose, button, empty, rule, mixed) = read_markdown(
        "[a](https://e.example)\n\n[Go *on*](https://e.example/x){.button}\n\n[Later](){.button}\n\n---\n\n"
        "Do [go](https://e.example){.button} now"
    ).introduction

    assert isinstance(prose, Prose)
    assert button == Button("Go on", "https://e.example/x", 3)
    assert empty == Button("Later", "", 5)
    assert isinstance(rule, Rule)
    assert isinstance(mixed, Prose)
    assert "class" not in mixed.html


def test_links_and_images_are_listed_with_their_lines() -> None:
    document = read_markdown("a [b *c*](https://e.example)\n\n- ![d](https://e.example/d.png)\n")

    assert [(link.url, link.words, link.line) for link in document.links] == [("https://e.example", "b c", 1)]
    assert [(image.url, image.words, image.line) for image in document.images] == [("https://e.example/d.png", "d", 3)]


def test_hostile_markdown_and_html_become_words() -> None:
    document = read_markdown(
        "<script>alert(1)</script>\n\n[a](javascript:alert(1)) [b](data:text/html,x) [c](vbscript:x)\n\n"
        '<img src=x onerror=alert(1)>\n\n[d](https://e.example){.button onclick=x style="x"} e\n\n'
        '| a |\n|---|\n| <b style="background:url(x)">b</b> |'
    )

    html = "".join(str(block.html) for block in document.introduction if isinstance(block, Prose))
    assert "<script" not in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert 'href="data' not in html
    assert "onclick" not in html.replace("&", "")
    assert "<b" not in html.replace("<blockquote", "")


@given(source=st.text(st.sampled_from("ab *_[](){}.!#>-|`~<&\n1\t\\:/\"'中"), max_size=200))
def test_any_text_is_some_document(source: str) -> None:
    document = read_markdown(source)

    assert all(isinstance(block, Prose | Button | Picture | Rule) for block in document.blocks())


def test_ten_thousand_nested_quotes_and_emphases_are_read() -> None:
    assert read_markdown(">" * 10_000 + " a").introduction
    assert read_markdown("[" * 5_000 + "a").introduction
