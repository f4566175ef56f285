"""Feeds become digests, once each entry."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import SourceError
from mailer.issues.fields import find_fields
from mailer.issues.pages.feed import issue_from_feed, read_feed

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)
RSS = """<?xml version="1.0"?><rss version="2.0"><channel><title>Harbour news</title>
<item><title>Old ferry</title><link>https://example.com/old</link><guid>1</guid>
<pubDate>Mon, 02 Nov 2026 08:00:00 +0000</pubDate><description>It &lt;b&gt;rests&lt;/b&gt;.</description></item>
<item><title>New &amp; quiet *ferry*</title><link>https://example.com/new?a=(1)</link><guid>2</guid>
<pubDate>Mon, 16 Nov 2026 08:00:00 +0100</pubDate>
<description>&lt;p&gt;It runs. {{ x }}&lt;/p&gt;&lt;script&gt;alert(1)&lt;/script&gt;</description></item>
</channel></rss>"""
ATOM = """<feed xmlns="http://www.w3.org/2005/Atom"><title>海港</title>
<entry><id>urn:a</id><title>渡轮</title><link rel="self" href="https://example.com/self"/>
<link href="https://example.com/a"/><updated>2026-11-20T08:00:00Z</updated><summary>安静。</summary></entry></feed>"""


def test_the_newest_entries_come_first_as_stories() -> None:
    made = issue_from_feed(RSS.encode(), place="feed", now=NOW)

    assert made is not None
    issue, ids = made
    assert ids == ["2", "1"]
    assert (issue.title, issue.slug) == ("Harbour news", "harbour-news-2026-11-23")
    assert issue.subject == "New & quiet *ferry*, and 1 more"
    assert issue.source.startswith("## New & quiet \\*ferry\\*\n\nIt runs. \\{\\{ x \\}\\}\n\n[Read on: ")
    assert "(https://example.com/new?a=%281%29)" in issue.source
    assert "It **rests** ." in issue.source
    assert "script" not in issue.source
    assert find_fields(issue.source, place="a") == []


def test_what_was_mailed_before_is_left_out() -> None:
    made = issue_from_feed(RSS.encode(), place="feed", now=NOW, mailed={"2"})

    assert made is not None
    assert made[1] == ["1"]
    assert made[0].subject == "Old ferry"
    assert issue_from_feed(RSS.encode(), place="feed", now=NOW, mailed={"1", "2"}) is None


def test_atom_is_read_too() -> None:
    title, entries = read_feed(ATOM.encode(), place="feed")

    assert title == "海港"
    assert [(one.id, one.title, one.url, one.summary) for one in entries] == [
        ("urn:a", "渡轮", "https://example.com/a", "安静。")
    ]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"<html></html>",
        b"<rss",
        b'<!DOCTYPE a [<!ENTITY x "xxxxxxxxxx">]><rss><channel><title>&x;</title></channel></rss>',
        b'<!DOCTYPE a SYSTEM "file:///etc/passwd"><rss/>',
        b"<rss>" + b" " * (9 * 1024 * 1024) + b"</rss>",
    ],
)
def test_what_is_no_feed_is_an_error(data: bytes) -> None:
    with pytest.raises(SourceError):
        issue_from_feed(data, place="feed", now=NOW)


@given(st.text(max_size=200))
def test_any_words_in_a_feed_are_words(words: str) -> None:
    usable = "".join(one for one in words if one.isprintable())
    escaped = usable.replace("&", "&amp;").replace("<", "&lt;")
    data = f"<rss><channel><title>{escaped}</title><item><title>{escaped}</title><description>{escaped}</description>"

    made = issue_from_feed(f"{data}</item></channel></rss>".encode(), place="feed", now=NOW)

    assert made is None or find_fields(made[0].source, place="a") == find_fields(made[0].subject, place="a") == []
