from __future__ import annotations

import re
import socket
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser
from pathlib import Path
from typing import Never

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from mailer.errors import RenderError, SourceError
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.issues.pasted import issue_from_text
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.preflight import Level, check
from mailer.rendering.samples import sample_people
from mailer.tokens import Kind, Tokens
from subscribers.subscriber import Subscriber

PUBLIC_URL = "https://press.example.com"
WRITTEN = datetime(2026, 11, 23, 8, tzinfo=UTC)
SEED = Path(__file__).parents[3] / "../shared/seed/china-digital-digest.txt"


def page_of(edition: Edition, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber) -> str:
    return Assembler(edition, newsletter, MailingFacts(7, 3, "weekly"), tokens, PUBLIC_URL).view(subscriber)


def test_the_same_issue_gives_the_same_edition_and_another_word_another(issue: Issue, newsletter: Newsletter) -> None:
    first = compile_edition(issue, newsletter, public_url=PUBLIC_URL)

    assert compile_edition(issue, newsletter, public_url=PUBLIC_URL) == first
    assert Edition.decode(first.encode()) == first
    other = compile_edition(replace(issue, source=issue.source + "."), newsletter, public_url=PUBLIC_URL)
    assert other.id != first.id


def test_the_page_has_what_readers_and_their_programs_need(
    edition: Edition, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    page = page_of(edition, newsletter, tokens, subscriber)

    assert page.lower().startswith("<!doctype html>")
    assert '<html lang="en" dir="ltr"' in page
    assert "<title>Slow ferries &amp; quick tea</title>" in page
    assert page.count("<h1") == 1
    assert page.count("<h2") == 3
    assert page.count("<img") == page.count(" alt=")
    assert '<meta name="color-scheme" content="light dark">' in page
    assert "@media (prefers-color-scheme: dark)" in page
    assert "[data-ogsc]" in page
    assert "Dear 李雷," in page
    assert 'href="https://example.com/tea?who=li.lei%40example.com"' in page
    assert 'href="https://example.com/council?a=1&amp;b=2"' in page
    for line in ("Harbour Press", "12 Quay Street", "4000 Anytown"):
        assert line in page
    assert "fonts.googleapis" not in page


def test_the_personal_links_in_the_page_work(
    edition: Edition, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    page = page_of(edition, newsletter, tokens, subscriber)

    unsubscribe = tokens.link(Kind.UNSUBSCRIBE, subscriber.id, 3, 7)
    assert f'href="{PUBLIC_URL}/u/{unsubscribe}"' in page
    assert page.count(f"{PUBLIC_URL}/v/") == 2


def test_compiling_opens_no_connection(issue: Issue, newsletter: Newsletter, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> Never:
        pytest.fail("a connection was opened")

    for name in ("connect", "connect_ex", "sendto"):
        monkeypatch.setattr(socket.socket, name, refuse, raising=False)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    source = issue.source + "\n\n<link rel=stylesheet href=http://127.0.0.1:9/a.css>\n\n![a](http://127.0.0.1:9/a.png)"

    compile_edition(replace(issue, source=source), newsletter, public_url=PUBLIC_URL)


def test_an_unknown_field_is_an_error_with_its_line(issue: Issue, newsletter: Newsletter) -> None:
    with pytest.raises(SourceError, match=r"issue week-48:3: .*frist_name.*first_name"):
        compile_edition(replace(issue, source="a\n\n{{ subscriber.frist_name }}"), newsletter, public_url=PUBLIC_URL)


def test_an_unknown_theme_is_an_error_that_names_the_known_ones(issue: Issue, newsletter: Newsletter) -> None:
    for template in ("brochure", "../web/page", "digest.mjml"):
        with pytest.raises(RenderError, match="digest"):
            compile_edition(replace(issue, template=template), newsletter, public_url=PUBLIC_URL)


def test_a_source_beyond_all_bounds_is_refused(issue: Issue, newsletter: Newsletter) -> None:
    for source in ("a" * 300_000, "*" * 20_000 + "a" + "*" * 20_000, "*a **b " * 300 + "b** a* " * 300):
        with pytest.raises(RenderError, match="most"):
            compile_edition(replace(issue, source=source), newsletter, public_url=PUBLIC_URL)


def test_a_language_that_is_no_tag_is_an_error(issue: Issue, newsletter: Newsletter) -> None:
    for language in ("中文", 'en" onload="x', "e"):
        with pytest.raises(RenderError, match="no language tag"):
            compile_edition(replace(issue, language=language), newsletter, public_url=PUBLIC_URL)


@pytest.mark.parametrize("person", sample_people().values(), ids=sample_people())
def test_a_page_greets_every_kind_of_person(person: Subscriber, assembler: Assembler) -> None:
    assert f"Dear {person.first_name or 'friend'}," in assembler.view(person)
    assert assembler.subject(person) == f"{person.first_name or 'Friend'}, slow ferries and quick tea"


@pytest.mark.skipif(not SEED.exists(), reason="the seed issue is not beside this checkout")
def test_a_real_newsletter_comes_out_whole(newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber) -> None:
    issue, _ = issue_from_text(SEED.read_text(), place=SEED.name, now=WRITTEN, button_url="https://example.com/report")

    edition = compile_edition(issue, newsletter, public_url=PUBLIC_URL)

    assembler = Assembler(edition, newsletter, MailingFacts(7, 3, "weekly"), tokens, PUBLIC_URL)
    page, text = assembler.view(subscriber), assembler.text(subscriber)
    assert re.findall(r'class="badge"[^>]*>(\d)<', page) == list("123456")
    assert re.findall(r"^(\d)\. ", text, re.MULTILINE) == list("123456")
    assert page.count("<h2") == 7
    assert "https://example.com/report" in page
    assert "https://example.com/report" in text
    assert [found for found in check(issue, newsletter, edition, PUBLIC_URL) if found.level is Level.BLOCK] == []


def test_right_to_left_issues_are_marked_as_such(
    issue: Issue, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    edition = compile_edition(replace(issue, language="ar"), newsletter, public_url=PUBLIC_URL)

    assert '<html lang="ar" dir="rtl"' in page_of(edition, newsletter, tokens, subscriber)


class Elements(HTMLParser):
    """The elements of a page, as an independent parser sees them."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


BITS = [*"<>&\"'{%\n\\`*[]()!#-|a中 ", "\u200d", "\x00", "\x0b", "\ud800", "\ufffe", "<script>", "]]>", "<!--", "-->"]
BITS += ["javascript:", "1. ", "&#0;", "](", "## ", "{.button}", "{{", "https://e.example/"]
HOSTILE = st.lists(st.sampled_from(BITS), max_size=60).map("".join)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(source=HOSTILE, title=HOSTILE)
@example(source='![a"b<c](https://e.example/?a=\'b"c>)', title="</title><script>alert(1)</script>")
@example(source="a", title="<!--<script>-->")
@example(source="a", title="<!-- \" onload='x' -->")
@example(source="## [a](https://e.example/\"onmouseover=x) ![](x'y)", title="--> <!-- ]]>")
def test_any_source_is_a_page_without_scripts_or_a_clear_error(
    source: str, title: str, issue: Issue, newsletter: Newsletter, tokens: Tokens, subscriber: Subscriber
) -> None:
    title = title.replace("\n", " ").replace("\x00", "").replace("\x0b", "") or "a"
    try:
        edition = compile_edition(replace(issue, title=title, source=source), newsletter, public_url=PUBLIC_URL)
    except SourceError:
        return

    page = page_of(edition, newsletter, tokens, subscriber)
    elements = Elements(page).found
    assert [tag for tag, _ in elements].count("h1") == 1
    assert not {tag for tag, _ in elements} & {"script", "iframe", "object", "form", "input", "svg", "base"}
    for tag, attributes in elements:
        assert not [name for name in attributes if name.startswith("on")]
        address = attributes.get("href") or attributes.get("src") or ""
        assert tag == "meta" or not address.lower().lstrip().startswith(("javascript:", "data:", "vbscript:"))
    assert "12 Quay Street" in page
