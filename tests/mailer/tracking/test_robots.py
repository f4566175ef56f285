"""People and machines are told apart by rules, each with an example from the field."""

from __future__ import annotations

import pytest

from mailer.tracking.hit import MOST_HITS, Hit, Visitor, link_number, with_hit
from mailer.tracking.robots import judged, visitor_of

PERSON, PROXY, MACHINE = Visitor.PERSON, Visitor.PROXY, Visitor.MACHINE
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
GMAIL = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"


@pytest.mark.parametrize(
    ("method", "headers", "visitor"),
    [
        ("GET", {"user-agent": FIREFOX}, PERSON),
        ("GET", {"user-agent": "Mozilla/5.0 (Linux; Android 13; CUBOT KINGKONG 9) AppleWebKit/537.36"}, PERSON),
        ("GET", {"user-agent": "Microsoft Office/16.0 (Microsoft Outlook 16.0.5431; Pro)"}, PERSON),
        ("HEAD", {"user-agent": FIREFOX}, MACHINE),
        ("GET", {"user-agent": "Mozilla/5.0"}, MACHINE),
        ("GET", {"user-agent": "Mozilla/5.0 "}, MACHINE),
        ("GET", {}, MACHINE),
        ("GET", {"user-agent": GMAIL}, PROXY),
        ("GET", {"user-agent": "YahooMailProxy; https://help.example/proxy"}, PROXY),
        ("GET", {"user-agent": "Mozilla/5.0 (compatible; Googlebot/2.1)"}, MACHINE),
        ("GET", {"user-agent": "BarracudaCentral"}, MACHINE),
        ("GET", {"user-agent": "Microsoft Office Existence Discovery"}, MACHINE),
        ("GET", {"user-agent": "python-requests/2.32"}, MACHINE),
        ("GET", {"user-agent": FIREFOX, "sec-purpose": "prefetch;prerender"}, MACHINE),
        ("GET", {"user-agent": FIREFOX, "x-moz": "prefetch"}, MACHINE),
    ],
)
def test_one_request_is_judged_by_method_and_headers(method: str, headers: dict[str, str], visitor: Visitor) -> None:
    assert visitor_of(method, headers) is visitor


@pytest.mark.parametrize(
    ("seconds_and_links", "links", "is_burst"),
    [
        ([(0, 1)], 1, False),
        ([(0, 1), (1, 2)], 2, True),
        ([(0, 1), (9, 2)], 2, False),
        ([(0, 1), (1, 2), (2, 3)], 9, False),
        ([(0, 1), (1, 2), (2, 3), (3, 4)], 9, True),
        ([(0, 1), (2, 2), (4, 3), (6, 4)], 9, False),
        ([(0, 1), (0, 1), (1, 1), (1, 1)], 9, False),
    ],
)
def test_following_all_links_or_many_within_seconds_is_a_machines_doing(
    seconds_and_links: list[tuple[int, int]], links: int, is_burst: bool
) -> None:
    hits = [Hit(second * 1000, link, PERSON) for second, link in seconds_and_links]

    assert {one.visitor for one in judged(hits, links)} == {MACHINE if is_burst else PERSON}


def test_a_reader_who_comes_after_a_scanner_is_seen() -> None:
    scanner = [Hit(0, 0, PERSON), Hit(100, 1, PERSON), Hit(200, 2, PERSON)]
    reader = [Hit(600_000, 0, PERSON), Hit(700_000, 2, PERSON)]

    found = judged([*scanner, *reader], 2)

    assert [one.visitor for one in found] == [PERSON, MACHINE, MACHINE, PERSON, PERSON]


def test_the_hits_of_a_person_do_not_grow_without_end() -> None:
    hits: tuple[Hit, ...] = ()
    for second in range(500):
        hits = with_hit(hits, Hit(second, second % 100, PERSON))

    assert len(hits) == MOST_HITS
    assert with_hit(hits, hits[3]) == hits


def test_an_address_has_the_same_number_everywhere_and_the_pixel_has_none() -> None:
    assert link_number("https://example.com/a") == link_number("https://example.com/a")
    assert link_number("https://example.com/a") != link_number("https://example.com/b")
    assert 0 < link_number("") < 1 << 48
