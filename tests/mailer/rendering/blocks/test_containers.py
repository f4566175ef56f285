from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import RenderError
from mailer.rendering.blocks.containers import NAMES
from mailer.rendering.document import (
    Block,
    Button,
    Choice,
    Columns,
    Document,
    Hero,
    LinkRow,
    Notes,
    Picture,
    Product,
    Quote,
    RawMjml,
    Rule,
    Social,
    Table,
)
from mailer.rendering.markdown import read_markdown


def only(source: str) -> Block:
    (block,) = read_markdown(source).introduction
    return block


def test_a_hero_has_picture_heading_words_and_button() -> None:
    hero = only(
        "::: hero\n![Sea](https://e.example/a.png)\n\n# Big *news*\n\nWords.\n\n[Go](https://e.example){.button}\n:::"
    )

    assert isinstance(hero, Hero)
    assert hero.picture == Picture("https://e.example/a.png", "Sea", "", 2)
    assert (str(hero.heading), hero.heading_text) == ("Big <em>news</em>", "Big news")
    assert [block.kind for block in hero.blocks] == ["prose", "button"]


def test_a_story_block_is_a_story_with_kicker_and_a_quiet_link() -> None:
    document = read_markdown(
        'Hi\n\n::: story kicker="On the quay"\n![G](https://e.example/g.png)\n\n### Gulls\n\nThey know.\n\n'
        "[Ask](https://e.example/ask)\n:::\n\n## Next"
    )

    first, second = document.stories
    assert (first.kicker, first.heading_text, first.number) == ("On the quay", "Gulls", "")
    assert first.picture == Picture("https://e.example/g.png", "G", "", 4)
    assert first.blocks[-1] == Button("Ask", "https://e.example/ask", 10, is_quiet=True)
    assert second.heading_text == "Next"


def test_a_paragraph_before_a_storys_heading_is_its_kicker() -> None:
    (story,) = read_markdown("::: story\nPorts\n\n### Gulls\n\nThey know.\n:::").stories

    assert (story.kicker, story.heading_text) == ("Ports", "Gulls")


def test_columns_are_parted_by_lines_across() -> None:
    columns = only("::: columns\n### A\n\na\n\n---\n\n### B\n\n[b](https://e.example){.button}\n:::")

    assert isinstance(columns, Columns)
    assert [[block.kind for block in column] for column in columns.columns] == [["prose"], ["prose", "button"]]


def test_a_block_within_columns_needs_fewer_colons() -> None:
    columns = only(":::: columns\n::: button\n[a](https://e.example)\n:::\n\n---\n\nb\n::::")

    assert isinstance(columns, Columns)
    assert columns.columns[0] == (Button("a", "https://e.example", 2),)


def test_an_image_has_a_caption_or_is_decoration() -> None:
    captioned = only("::: image\n![Sea](https://e.example/a.png)\n\nThe sea in March\n:::")
    document = read_markdown(
        "::: image decorative\n![Sea](https://e.example/a.png)\n:::\n\n![b](https://e.example/b.png)"
    )

    assert captioned == Picture("https://e.example/a.png", "Sea", "", 2, "The sea in March")
    assert document.introduction[0] == Picture("https://e.example/a.png", "", "", 2)
    assert [image.is_decorative for image in document.images] == [True, False]


def test_an_image_is_decoration_by_its_class_too() -> None:
    document = read_markdown("![x](https://e.example/a.png){.decorative}")

    assert document.introduction == (Picture("https://e.example/a.png", "", "", 1),)
    assert document.images[0].is_decorative


def test_a_quote_says_whose_it_is() -> None:
    quote = only("::: quote\nWe bought *blankets*.\n\n— Ada Quay\n:::")

    assert isinstance(quote, Quote)
    assert (str(quote.html).strip(), quote.source) == ("<p>We bought <em>blankets</em>.</p>", "Ada Quay")


def test_a_table_has_a_caption() -> None:
    table = only("::: table\nWhat was sold\n\n| a | b |\n|---|---|\n| 1 | 2 |\n:::")

    assert isinstance(table, Table)
    assert table.caption == "What was sold"
    assert "<table>" in table.html
    assert table.text.split("\n")[0] == "a  b"


def test_links_stand_in_a_row_under_a_question_and_social_ones_without() -> None:
    row = only("::: links\nHow was it?\n\n- [Good](https://e.example/1)\n- [Bad](https://e.example/0)\n:::")
    social = only("::: social\n[A](https://e.example/a) [B](https://e.example/b)\n:::")

    choices = (Choice("Good", "https://e.example/1"), Choice("Bad", "https://e.example/0"))
    assert row == LinkRow("How was it?", choices, 1)
    assert social == Social((Choice("A", "https://e.example/a"), Choice("B", "https://e.example/b")), 1)


def test_a_product_has_a_name_and_a_price() -> None:
    product = only('::: product price="12 €"\n![T](https://e.example/t.png)\n\n### Tea\n\nSmoked.\n:::')

    assert isinstance(product, Product)
    assert (product.heading_text, product.price, len(product.blocks)) == ("Tea", "12 €", 1)


def test_a_button_and_a_divider() -> None:
    assert only("::: button\n[Go *on*](https://e.example)\n:::") == Button("Go on", "https://e.example", 1)
    assert only("::: divider\n:::") == Rule(1)


def test_footnotes_are_numbers_and_stand_at_the_end_or_where_one_wants_them() -> None:
    at_end = read_markdown("a[^x] b[^y]\n\n[^x]: First *note*\n[^y]: Second\n\n## Later")
    placed = read_markdown("a[^x]\n\n[^x]: First\n\n::: footnotes\n:::\n\nafter")

    notes = at_end.stories[0].blocks[-1]
    assert isinstance(notes, Notes)
    assert notes.text == "1. First note\n\n2. Second"
    assert "<li><p>First <em>note</em></p>" in notes.html.replace("\n", "")
    assert "a<sup>1</sup> b<sup>2</sup>" in str(getattr(at_end.introduction[0], "html", ""))
    assert getattr(at_end.introduction[0], "text", "") == "a[1] b[2]"
    assert [block.kind for block in placed.introduction] == ["prose", "notes", "prose"]


def test_raw_mjml_stands_as_it_is_written() -> None:
    source = (
        '<mj-section>\n<mj-column><mj-text>Hi <a href="https://e.example">you</a></mj-text></mj-column>\n</mj-section>'
    )

    raw = only(f"::: mjml\n{source}\n:::")

    assert isinstance(raw, RawMjml)
    assert str(raw.source) == source
    assert raw.text == "Hi you <https://e.example>"


def test_wide_blocks_part_a_story_into_sections() -> None:
    document = read_markdown("a\n\n## One\n\nb\n\n::: hero\n# H\n:::\n\nc")

    assert [(section.kind, section.story is not None) for section in document.sections] == [
        ("card", False),
        ("card", True),
        ("hero", False),
        ("card", False),
    ]


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("a\n\n::: heroo\n:::", 3, "Did you mean “hero”"),
        ("a\n\n::: hero\n# A", 3, "never closed"),
        (":::\na\n:::", 1, "closes nothing"),
        ("::: hero\nwords only\n:::", 1, "needs a heading"),
        ("::: button\nno link\n:::", 1, "one link"),
        ("::: button\n[a](https://e.example) and more\n:::", 1, "one link"),
        ("::: columns\na\n:::", 1, "two or three"),
        ("::: columns\na\n\n---\n\nb\n\n---\n\nc\n\n---\n\nd\n:::", 1, "two or three"),
        ("::: image\nwords\n:::", 1, "one image"),
        ("::: quote\n:::", 1, "needs words"),
        ("::: table\nwords\n:::", 1, "one table"),
        ("::: divider\nwords\n:::", 1, "holds nothing"),
        ("::: social\nwords\n:::", 1, "list of links"),
        ("::: product\nwords\n:::", 1, "its name"),
        ('::: product prise="1"\n### A\n:::', 1, "Did you mean “price”"),
        ("::: hero big\n# A\n:::", 1, "has no option “big”"),
        ("::: hero !\n# A\n:::", 1, "cannot be read"),
        (":::: hero\n# A\n\n::: story\n### B\n:::\n::::", 4, "cannot stand within another"),
        (":::: columns\n::: hero\n# A\n:::\n\n---\n\nb\n::::", 2, "whole width"),
        ("x\n\n::: mjml\n<p>a</p>\n:::", 3, "begins with a section"),
        ("::: mjml\n<mj-section>\n<script>1</script></mj-section>\n:::", 3, "no place in a mail"),
        ("::: mjml\n<mj-section><mj-column>\n</mj-section>\n:::", 3, "closes nothing"),
        ("::: mjml\n<mj-section>\n:::", 2, "never closed"),
        ('::: mjml\n<mj-section onclick="x"></mj-section>\n:::', 2, "would be a script"),
        ('::: mjml\n<mj-section><a href="java\nscript:x">a</a></mj-section>\n:::', 2, "cannot begin with"),
        ('::: mjml\n<mj-section><p style="background:url(x)">a</p></mj-section>\n:::', 2, "reaches outside"),
        ('::: mjml\n<mj-include path="/etc/passwd" />\n:::', 2, "no place in a mail"),
        ("::: mjml\n<mj-section><!--[if mso]><x><![endif]--></mj-section>\n:::", 2, "Conditional comments"),
        ("::: mjml\n<mj-section>a < b</mj-section>\n:::", 2, "opens nothing"),
    ],
)
def test_a_mistake_in_a_block_is_an_error_with_its_line(source: str, line: int, message: str) -> None:
    with pytest.raises(RenderError, match=message) as caught:
        read_markdown(source, place="issue a")

    assert caught.value.place == f"issue a:{line}"
    assert caught.value.fix


PIECES = [*(f"::: {name}\n" for name in NAMES), ":::\n", "::::\n", "# a\n", "## b\n", "[a](https://e.example)\n", "\n"]
PIECES += [
    "![i](https://e.example/i.png)\n",
    "words\n",
    "---\n",
    "| a |\n|---|\n",
    "- ",
    "> ",
    "x[^1]\n",
    "[^1]: n\n",
    "1. ",
]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
def test_any_pile_of_blocks_is_a_document_or_an_error_with_a_line(source: str) -> None:
    try:
        document = read_markdown(source, place="a.md")
    except RenderError as error:
        assert error.place.startswith("a.md:")  # noqa: PT017 - both outcomes are right
    else:
        assert isinstance(document, Document)
