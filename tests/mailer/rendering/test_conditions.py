"""What only some people get: words, blocks, whole stories, subjects and addresses."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mailer.errors import RenderError, SourceError
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.theming.shelf import shipped
from mailer.tokens import Tokens
from subscribers.subscriber import Subscriber

PUBLIC_URL = "https://press.example.com"
NOW = datetime(2026, 11, 23, 9, 30, 12, tzinfo=UTC)
IF_ZH = '{% if subscriber.lang == "zh" %}'
END = "{% endif %}"


class Reader:
    """An issue, as people of different languages and fields get it."""

    def __init__(self, issue: Issue, newsletter: Newsletter, tokens: Tokens, someone: Subscriber) -> None:
        edition = compile_edition(issue, newsletter, public_url=PUBLIC_URL)
        facts = MailingFacts(7, 3, "weekly", "The Weekly")
        self.edition, self.someone = edition, someone
        self.assembler = Assembler(edition, newsletter, facts, tokens, PUBLIC_URL)

    def parts(self, **change: object) -> tuple[str, str, str]:
        """Subject, text and HTML as an independent parser reads them."""
        person = msgspec.structs.replace(self.someone, **change)
        raw = self.assembler.hand_over(person, NOW).message
        assert max(len(line) for line in raw.partition(b"\r\n\r\n")[2].split(b"\r\n")) <= 76
        mail = message_from_bytes(raw, policy=policy.default)
        text, html = (mail.get_body((kind,)) for kind in ("plain", "html"))
        assert text is not None
        assert html is not None
        text_part, page = (str(part.get_content()).replace("\r\n", "\n") for part in (text, html))
        assert (text_part, page) == (self.assembler.text(person), self.assembler.view(person))
        return str(mail["Subject"]), text_part, page


@pytest.fixture
def read(issue: Issue, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber) -> object:
    def reader(**change: Any) -> Reader:
        return Reader(replace(issue, **change), newsletter, tokens, subscriber)

    return reader


def test_words_within_a_paragraph(read) -> None:  # type: ignore[no-untyped-def]
    reader = read(source=f"Dear {IF_ZH}朋友{{% elif subscriber.fields.vip %}}patron{{% else %}}friend{END}, hello.")

    assert "Dear 朋友, hello." in reader.parts(language="zh-Hant")[1]
    assert "Dear patron, hello." in reader.parts(language="de", fields={"vip": True})[1]
    assert "Dear friend, hello." in reader.parts(language="de", fields={"vip": False})[2]
    assert "朋友" not in reader.parts(language="de")[2]


def test_blocks_between_paragraphs_leave_no_gap_in_the_text(read) -> None:  # type: ignore[no-untyped-def]
    reader = read(source=f"Before.\n\n{IF_ZH}\n你好\n\n- 一\n- 二\n{{% else %}}\nHello\n{END}\nAfter.")

    assert "Before.\n\n你好\n\n- 一\n- 二\n\nAfter." in reader.parts(language="zh")[1]
    assert "Before.\n\nHello\n\nAfter." in reader.parts(language="en")[1]
    page = reader.parts(language="en")[2]
    assert "一" not in page
    assert "<!--q" not in page


@pytest.mark.parametrize("theme", shipped().names())
def test_whole_stories_in_every_theme(theme: str, read) -> None:  # type: ignore[no-untyped-def]
    source = (
        f"Hi\n\n## One\n\na\n\n{IF_ZH}\n\n## Zwei\n\n![p](https://e.example/p.png)\n\nb\n\n::: hero\n# Held\n:::\n\n"
        f"{{% else %}}\n\n## Others\n\nc\n\n{END}\n\n## Three\n\nd"
    )
    reader = read(source=source, template=theme)

    for language, headings in (("zh", ["One", "Zwei", "Held", "Three"]), ("en", ["One", "Others", "Three"])):
        _, text, page = reader.parts(language=language)
        assert [heading for heading in ("One", "Zwei", "Held", "Others", "Three") if f">{heading}" in page] == headings
        assert page.count("<table") == page.count("</table>")
        assert page.count("<div") == page.count("</div>")
        assert page.count("<!--[if") == page.count("<![endif]")
        assert [heading for heading in ("One", "Zwei", "Others", "Three") if f"\n{heading}\n" in text] == [
            heading for heading in headings if heading != "Held"
        ]


def test_subjects_preheaders_and_addresses(read) -> None:  # type: ignore[no-untyped-def]
    reader = read(
        subject=f"{IF_ZH}六个故事{{% else %}}Six stories for {{{{ list.name }}}}{END}",
        preheader=f"{IF_ZH}本周{{% else %}}This week{END}",
        source=f"[x](https://e.example/{IF_ZH}zh{{% else %}}en{END}/a)",
    )

    subject, text, page = reader.parts(language="zh")
    assert subject == "六个故事"
    assert "本周" in page
    assert "https://e.example/zh/a" in text
    assert 'href="https://e.example/zh/a"' in page
    subject, _, page = reader.parts(language="")
    assert subject == "Six stories for The Weekly"
    assert 'href="https://e.example/en/a"' in page


def test_fields_of_newsletter_list_issue_and_dates(read) -> None:  # type: ignore[no-untyped-def]
    names = ("newsletter.name", "list.name", "issue.date", "issue.year", "issue.slug", "subscriber.joined")
    reader = read(source=" / ".join(f"{{{{ {name} }}}}" for name in names))

    text = reader.parts()[1]

    assert "Harbour Letter / The Weekly / 23 November 2026 / 2026 / week-48 / 23 November 2026" in text


def test_conditions_within_conditions(read) -> None:  # type: ignore[no-untyped-def]
    reader = read(source=f"a {IF_ZH}b {{% if subscriber.fields.x == 'Y' %}}c{{% else %}}d{END} e{END} f")

    assert "a b c e f" in reader.parts(language="zh", fields={"x": "y"})[1]
    assert "a b d e f" in reader.parts(language="zh")[1]
    assert "a  f" in reader.parts(language="en", fields={"x": "y"})[1]


def test_the_size_is_that_of_the_longest_variant(issue: Issue, newsletter: Newsletter) -> None:
    def size(source: str) -> int:
        return compile_edition(replace(issue, source=source), newsletter, public_url=PUBLIC_URL).html_bytes

    either = size(f"{IF_ZH}{'a ' * 500}{{% else %}}{'b ' * 2000}{END}")

    assert abs(either - size("b " * 2000)) < 60


@pytest.mark.parametrize(
    "source",
    [
        f"a {IF_ZH}b\n\nc{END}",
        f"*a {IF_ZH}b* c{END}",
        f"*a {IF_ZH}b* *c{END} d*",
        f"[a {IF_ZH}](https://e.example) c{END}",
        f"[a](https://e.example/{IF_ZH}) c{END}",
        f"- {IF_ZH}a\n- b{END}",
        f"> a\n>\n> {IF_ZH}\n\nb\n\n{END}",
        f"| a |\n|---|\n| {IF_ZH}b |\n| c{END} |",
        f"::: hero\n# A\n\n{IF_ZH}\n\nb\n:::\n\n{END}",
        f"::: quote\na\n\n{IF_ZH}\n\nb\n\n{END}\n:::",
        f"## a {IF_ZH}\n\nb {END}",
        f"::: mjml\n<mj-section>{IF_ZH}{END}</mj-section>\n:::",
    ],
)
def test_a_condition_across_elements_is_an_error_with_its_line(
    source: str, issue: Issue, newsletter: Newsletter
) -> None:
    with pytest.raises(RenderError, match="condition") as caught:
        compile_edition(replace(issue, source=source), newsletter, public_url=PUBLIC_URL)

    assert caught.value.place.startswith("issue week-48:")


def test_too_many_questions_are_refused(issue: Issue, newsletter: Newsletter) -> None:
    source = "".join(f"{{% if subscriber.fields.f{number} %}}x{END}" for number in range(25))

    with pytest.raises(RenderError, match="24 is the most"):
        compile_edition(replace(issue, source=source), newsletter, public_url=PUBLIC_URL)


def test_more_variants_than_are_kept_are_right_all_the_same(read) -> None:  # type: ignore[no-untyped-def]
    reader = read(source=" ".join(f"{{% if subscriber.fields.f{n} %}}+{n}{{% else %}}-{n}{END}" for n in range(7)))

    for answers in range(128):
        fields = {f"f{number}": bool(answers >> number & 1) for number in range(7)}
        expected = " ".join(f"{'+' if is_set else '-'}{name[1:]}" for name, is_set in fields.items())
        assert expected in reader.assembler.text(msgspec.structs.replace(reader.someone, fields=fields))


PIECES = [
    IF_ZH,
    END,
    "{% else %}",
    "a",
    "\n",
    "\n\n",
    "*",
    "[x](https://e.example)",
    "## h\n",
    "- ",
    "> ",
    "`",
    ":::",
    " ",
]


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(st.sampled_from(PIECES), max_size=16))
def test_any_pile_of_conditions_is_a_whole_page_for_everybody_or_an_error(
    pieces: list[str], issue: Issue, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    try:
        reader = Reader(replace(issue, source="".join(pieces) or "a"), newsletter, tokens, subscriber)
    except SourceError:
        return

    for language in ("zh", "en"):
        page = reader.parts(language=language)[2]
        assert page.count("<table") == page.count("</table>")
        assert len(re.findall(r"<p[\s>]", page)) == page.count("</p>")
        assert "12 Quay Street" in page
