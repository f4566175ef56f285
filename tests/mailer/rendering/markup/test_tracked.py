"""Tracked links and the pixel: which links lead through Pressrun, and which are left alone."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailer.issues.aims.tracking import Tracking
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.tokens import Kind, Tokens
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.subscriber import Subscriber

URL = "https://press.example.com"
NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
NEWSLETTER = Newsletter(
    slug="daily",
    name="The Daily",
    sender_name="The Daily",
    sender_address="daily@news.example.com",
    postal_address="1 Quay Street",
)
SOURCE = """Hello.

## The harbour

[One](https://example.com/one?a=1&b=2) and [one again](https://example.com/one?a=1&b=2), [two](https://example.com/two),
[mail](mailto:ann@example.com), [yours](https://example.com/{{ subscriber.first_name }}),
[leave]({{ unsubscribe_url }}), [see]({{ view_url }}).

[Read on](https://example.com/button){.button}
"""
ISSUE = Issue(slug="harbour", title="Harbour", subject="Harbour", source=SOURCE, created=NOW, updated=NOW)
ANN = Subscriber(id=SubscriberId(70_001), address=parse_address("ann@example.com"), name="Ann", joined=NOW)
TOKENS = Tokens(b"t" * 32)


def html_of(tracking: Tracking, arm: int = 0, issue: Issue = ISSUE) -> str:
    edition = compile_edition(issue, NEWSLETTER, public_url=URL, tracking=tracking)
    return Assembler(edition, NEWSLETTER, MailingFacts(7, 3, "readers", arm=arm), TOKENS, URL).view(ANN)


def test_nothing_is_tracked_by_default() -> None:
    edition = compile_edition(ISSUE, NEWSLETTER, public_url=URL)

    assert edition.tracking is Tracking.OFF
    assert edition == compile_edition(ISSUE, NEWSLETTER, public_url=URL, tracking=Tracking.OFF)
    assert f"{URL}/c/" not in html_of(Tracking.OFF)
    assert f"{URL}/o/" not in html_of(Tracking.OFF)


def test_a_tracked_link_says_who_and_which_and_not_where() -> None:
    edition = compile_edition(ISSUE, NEWSLETTER, public_url=URL, tracking=Tracking.CLICKS)

    html = html_of(Tracking.CLICKS, arm=1)

    found = re.findall(rf'href="{URL}/c/([\w-]+)/(\d+)"', html)
    assert {edition.links[int(number)].url for _, number in found} == {
        "https://example.com/one?a=1&b=2",
        "https://example.com/two",
        "https://example.com/button",
    }
    assert {TOKENS.read_link(Kind.TRACK, token) for token, _ in found} == {(7, 1, 70_001)}
    assert "example.com/one" not in html
    assert [link.url for link in edition.web_links].count("https://example.com/one?a=1&b=2") == 1


def test_links_of_ours_and_links_that_are_everybodys_own_are_left_alone() -> None:
    html = html_of(Tracking.ALL)

    assert 'href="mailto:ann@example.com"' in html
    assert 'href="https://example.com/Ann"' in html
    assert re.search(rf'href="{URL}/u/[\w-]+"', html)
    assert re.search(rf'href="{URL}/v/[\w-]+"', html)


@pytest.mark.parametrize(("tracking", "pixels"), [(Tracking.OFF, 0), (Tracking.CLICKS, 0), (Tracking.ALL, 1)])
def test_there_is_one_pixel_and_only_where_opens_are_wanted(tracking: Tracking, pixels: int) -> None:
    assert len(re.findall(rf'<img src="{URL}/o/[\w-]+" width="1" height="1" alt=""', html_of(tracking))) == pixels


def test_the_text_part_keeps_its_addresses() -> None:
    edition = compile_edition(ISSUE, NEWSLETTER, public_url=URL, tracking=Tracking.ALL)

    text = Assembler(edition, NEWSLETTER, MailingFacts(7, 3, "readers"), TOKENS, URL).text(ANN)

    assert "https://example.com/two" in text
    assert "/c/" not in text


def test_an_issue_in_html_is_tracked_too() -> None:
    source = (
        '<html><body><p><a href="https://example.com/one">One</a></p><p><a href="{{ unsubscribe_url }}">Leave</a>'
        "</p></body></html>"
    )

    html = html_of(Tracking.ALL, issue=replace(ISSUE, format="html", source=source))

    assert re.search(rf'href="{URL}/c/[\w-]+/\d+"', html)
    assert html.index("/o/") < html.index("</body>")
