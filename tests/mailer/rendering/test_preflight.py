from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest

from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.edition import Body, Edition
from mailer.rendering.preflight import Finding, Level, check

PUBLIC_URL = "http://127.0.0.1:8025"


def found(issue: Issue, newsletter: Newsletter, edition: Edition | None = None) -> dict[tuple[str, str], Finding]:
    findings = check(issue, newsletter, edition, PUBLIC_URL)
    return {(finding.level.value, finding.rule): finding for finding in findings}


def test_a_good_issue_has_no_findings(issue: Issue, newsletter: Newsletter) -> None:
    assert check(issue, newsletter, None, PUBLIC_URL) == []


def test_links_that_are_not_https_are_stopped_unless_they_stay_on_this_machine(
    issue: Issue, newsletter: Newsletter
) -> None:
    found = check(issue, newsletter, None, "http://news.example.com")

    assert [(one.level, one.rule) for one in found] == [("block", "public-url")]
    assert check(issue, newsletter, None, "https://news.example.com") == []


@pytest.mark.parametrize(
    ("source", "finding", "line"),
    [
        ("a\n\n[Read](){.button}", ("block", "link-target"), 3),
        ("a [b](#)", ("block", "link-target"), 1),
        ("a\nb [c](/relative)", ("block", "link-target"), 1),
        ("a [b]({{ subscriber.fields.site }})", ("block", "link-target"), 1),
        ("a [b](http://localhost:8000/x)", ("block", "local-address"), 1),
        ("a [b](http://127.0.0.1/x)", ("block", "local-address"), 1),
        ("a [b](http://[::1]/x)", ("block", "local-address"), 1),
        ("a [b](https://nas.local/x)", ("block", "local-address"), 1),
        ("a ![b](photo.jpg)", ("block", "image-target"), 1),
        ("a\n\nb TODO c", ("block", "left-over"), 3),
        ("Lorem ipsum dolor", ("block", "left-over"), 1),
        ("a [click here](https://example.com).", ("warn", "link-words"), 1),
        ("a [the log](http://example.com).", ("warn", "insecure-address"), 1),
        ("a [the log](https://bit.ly/x).", ("warn", "short-address"), 1),
        ("a [the log](https://8.8.8.8/x).", ("warn", "ip-address"), 1),
        ("a ![](https://example.com/a.png)", ("warn", "image-words"), 1),
    ],
)
def test_each_flaw_of_the_text_is_found_at_its_line(
    source: str, finding: tuple[str, str], line: int, issue: Issue, newsletter: Newsletter
) -> None:
    findings = found(replace(issue, source=source), newsletter)

    assert list(findings) == [finding]
    assert findings[finding].place == f"issue week-48:{line}"
    assert findings[finding].fix


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"subject": "News"}, ("warn", "subject-length")),
        ({"subject": "n" * 79}, ("warn", "subject-length")),
        ({"subject": "Re: what you asked"}, ("warn", "subject-thread")),
        ({"preheader": ""}, ("warn", "preheader")),
        ({"source": ""}, ("block", "empty-text")),
        ({"source": "[Read](https://example.com){.button}"}, ("block", "empty-text")),
        ({"source": "{{ subscriber.shoe_size }}"}, ("block", "compile")),
        ({"template": "brochure"}, ("block", "compile")),
        ({"source": "## a\n\n" + "words " * 20_000}, ("block", "size")),
        ({"source": "## a\n\n" + "words " * 13_000}, ("warn", "size")),
    ],
)
def test_each_flaw_of_the_issue_is_found(
    change: dict[str, Any], finding: tuple[str, str], issue: Issue, newsletter: Newsletter
) -> None:
    assert list(found(replace(issue, **change), newsletter)) == [finding]


@pytest.mark.parametrize(
    ("change", "finding"),
    [
        ({"postal_address": " \n"}, ("block", "postal-address")),
        ({"sender_address": "harbour@gmail.com"}, ("warn", "freemail-sender")),
    ],
)
def test_each_flaw_of_the_newsletter_is_found(
    change: dict[str, Any], finding: tuple[str, str], issue: Issue, newsletter: Newsletter
) -> None:
    assert list(found(issue, replace(newsletter, **change))) == [finding]


def test_an_edition_without_unsubscribe_link_or_postal_address_is_stopped(
    issue: Issue, newsletter: Newsletter, edition: Edition
) -> None:
    bare = msgspec.structs.replace(edition, html=Body((b"<p>a</p>\r\n",), ()))

    assert list(found(issue, newsletter, bare)) == [("block", "unsubscribe-link"), ("block", "postal-address")]


def test_blocking_findings_come_first(issue: Issue, newsletter: Newsletter) -> None:
    issue = replace(issue, subject="News", source="[here](http://example.com) [b]()")

    levels = [finding.level for finding in check(issue, newsletter, None, PUBLIC_URL)]

    assert levels == sorted(levels, key=lambda level: level is not Level.BLOCK)
    assert levels[0] is Level.BLOCK


def test_our_own_links_are_not_judged_though_the_demo_runs_on_loopback(issue: Issue, newsletter: Newsletter) -> None:
    source = "a [Leave this letter]({{ unsubscribe_url }}) or [read it outside]({{ view_url }})."

    assert found(replace(issue, source=source), newsletter) == {}
