"""Ten thousand hostile issues: each is a good message or a clear error; never a crash, a script or a second header."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from mailer.errors import PressrunError
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.theming.shelf import shipped
from mailer.smtp.content import is_plain
from mailer.tokens import Tokens
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.subscriber import Subscriber

pytestmark = pytest.mark.slow

PUBLIC_URL = "https://press.example.com"
WRITTEN = datetime(2026, 11, 23, 8, tzinfo=UTC)
LETTER = Newsletter(
    slug="harbour-letter",
    name="Harbour Letter",
    sender_name="Harbour Letter",
    sender_address="letter@news.example.com",
    postal_address="Harbour Press\n12 Quay Street",
)
TOKENS = Tokens(b"a secret for the tests, long enough")
HEADERS = frozenset(
    {"from", "to", "reply-to", "subject", "date", "message-id", "content-language", "x-auto-response-suppress"}
    | {"list-id", "list-unsubscribe", "list-unsubscribe-post", "feedback-id", "precedence", "mime-version"}
    | {"content-type"}
)
RUNS = frozenset(
    {"script", "iframe", "object", "embed", "form", "input", "button", "base", "link", "svg", "math", "frame", "video"}
)
FINE = settings(
    deadline=timedelta(seconds=20),
    phases=(Phase.explicit, Phase.generate, Phase.shrink),
    suppress_health_check=list(HealthCheck),
    derandomize=False,
)

SIGNS = st.text(max_size=40)
BREAKS = st.sampled_from(
    ["\r\n", "\n", "\r", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\r\n ", "%0d%0a", "\\r\\n", "\0"]
)
INJECTIONS = st.sampled_from(
    [
        *(Path(__file__).parent / "hostile.txt").read_text().split("\n"),
        *("\r\nBcc: all@example.com\r\n\r\n<script>", "\ufeff", "\ud83d\ude00", "a" * 1_200),
    ]
)
PIECES = st.one_of(INJECTIONS, SIGNS, BREAKS)
LINES = st.lists(PIECES, max_size=6).map("".join)
SOURCES = st.lists(LINES, min_size=1, max_size=14).map("\n".join)
TAGS = st.sampled_from((Path(__file__).parent / "markup.txt").read_text().splitlines())
MARKUP = st.lists(st.one_of(TAGS, PIECES), min_size=1, max_size=30).map("".join)


class Judge(HTMLParser):
    """Finds what would run, in the way of a parser that is not the one that made the mail."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.bad: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in RUNS:
            self.bad.append(tag)
        for name, value in attrs:
            address = re.sub(r"[\x00-\x20]", "", value or "").lower()
            if name.startswith("on") or address.startswith(("javascript:", "vbscript:", "data:", "file:")):
                self.bad.append(f"{tag} {name}={value}")


def judged(html: str) -> list[str]:
    judge = Judge()
    judge.feed(html)
    judge.close()
    return judge.bad


def leaves(of: EmailMessage) -> Iterator[EmailMessage]:
    for part in of.walk():
        if not part.is_multipart():
            yield part


def assembled(issue: Issue, newsletter: Newsletter) -> Assembler | PressrunError:
    try:
        edition = compile_edition(issue, newsletter, public_url=PUBLIC_URL)
        return Assembler(edition, newsletter, MailingFacts(7, 3, "weekly"), TOKENS, PUBLIC_URL)
    except PressrunError as error:
        return error


def check_message(issue: Issue, newsletter: Newsletter, name: str, language: str) -> None:
    """Make a message of an issue, or get a clear error, and judge what came out."""
    assembler = assembled(issue, newsletter)
    if isinstance(assembler, PressrunError):
        assert len(str(assembler)) > 10
        return
    reader = Subscriber(
        id=SubscriberId(9), address=parse_address("robin@example.com"), name=name, language=language, joined=WRITTEN
    )
    handed = assembler.hand_over(reader, WRITTEN)
    message = handed.message
    # Most are plain as a whole; what is said to be must be, whatever the words.
    assert is_plain(message) or not handed.is_plain
    head, _, body = message.partition(b"\r\n\r\n")
    assert all(len(line) <= 998 for line in head.split(b"\r\n"))
    assert all(len(line) <= 76 for line in body.split(b"\r\n") if not line.startswith(b"--="))
    assert b"\n" not in message.replace(b"\r\n", b"")
    assert b"\r" not in message.replace(b"\r\n", b"")
    parsed = message_from_bytes(message, policy=policy.default)
    names = [key.lower() for key in parsed]
    assert len(names) == len(set(names))
    assert set(names) <= HEADERS
    assert [address.addr_spec for address in parsed["To"].addresses] == ["robin@example.com"]
    text, html = leaves(parsed)
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert html.get_content().replace("\r\n", "\n").rstrip("\n") == assembler.view(reader).rstrip("\n")
    assert judged(assembler.view(reader)) == []
    # A mark that was left would be a word such as q12ab34007z; nothing of the kind may be mailed.
    assert not re.search(r"q[0-9a-f]{6}\d{3}z", assembler.view(reader) + assembler.text(reader))
    assert str(parsed["Subject"]).strip() == assembler.subject(reader).strip() or "\ufffd" in str(parsed["Subject"])


def made(source: str, title: str, subject: str, preheader: str, *, template: str = "", kind: str = "") -> Issue | None:
    """Give the issue, or None where its record refuses it."""
    try:
        return Issue(
            slug="fuzz",
            title=title,
            subject=subject,
            preheader=preheader,
            template=template,
            format=kind,
            source=source,
            created=WRITTEN,
            updated=WRITTEN,
        )
    except PressrunError:
        return None


@settings(FINE, max_examples=5_000)
@given(
    source=SOURCES,
    title=LINES,
    subject=LINES,
    preheader=LINES,
    name=LINES,
    language=st.sampled_from(["", "zh", "ar", "en-GB"]),
    theme=st.sampled_from(shipped().names()),
)
@example("> " * 10_000 + "deep", "t", "s", "", "n", "", "digest")
@example("- " * 10_000 + "deep", "t", "s", "", "n", "", "letter")
@example("[" * 50_000, "t", "s", "", "n", "", "plain")
@example("*_" * 20_000 + "a" + "_*" * 20_000, "t", "s", "", "n", "", "digest")
def test_hostile_markdown_in_every_field(
    source: str, title: str, subject: str, preheader: str, name: str, language: str, theme: str
) -> None:
    if issue := made(source, title, subject, preheader, template=theme):
        check_message(issue, LETTER, name, language)


@settings(FINE, max_examples=2_500)
@given(source=MARKUP, subject=LINES, name=LINES)
@example("<html>", "s", "n")
@example("<div>" * 10_000, "s", "n")
@example('<p title="' + "&quot;" * 5_000 + '">x</p>', "s", "n")
def test_hostile_html_as_a_whole_mail(source: str, subject: str, name: str) -> None:
    if issue := made(source, "t", subject, "", kind="html"):
        check_message(issue, LETTER, name, "")


@settings(FINE, max_examples=1_500)
@given(inner=MARKUP, name=LINES)
@example("<mj-section>" * 10_000, "n")
def test_hostile_mjml_as_a_whole_mail(inner: str, name: str) -> None:
    source = (
        f"<mjml><mj-body><mj-section><mj-column><mj-text>{inner}</mj-text></mj-column></mj-section></mj-body></mjml>"
    )
    if issue := made(source, "t", "s", "", kind="mjml"):
        check_message(issue, LETTER, name, "")


@settings(FINE, max_examples=1_000)
@given(name=LINES, sender_name=LINES, postal=LINES, footer=LINES, subject=LINES)
def test_hostile_words_in_every_header_and_in_the_newsletter(
    name: str, sender_name: str, postal: str, footer: str, subject: str
) -> None:
    try:
        hostile = replace(
            LETTER, name=sender_name, sender_name=sender_name, postal_address=postal, look={"footer": footer}
        )
    except PressrunError:
        return
    if issue := made("Dear {{ subscriber.name }}, {{ newsletter.name }}", "t", "{{ subscriber.name }}" + subject, "p"):
        check_message(issue, hostile, name, "")
