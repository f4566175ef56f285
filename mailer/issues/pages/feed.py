"""From a feed (RSS 2.0, RSS 1.0, Atom) to an issue: its newest entries as stories, only those not mailed before.

The feed is read from bytes that somebody fetched; nothing is fetched here. Entities and document types are refused, so
that no feed can grow in memory or name a file.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from lxml import etree

from mailer.errors import SourceError
from mailer.issues.issue import Issue
from mailer.issues.markup import inline
from mailer.issues.pages.htmlpage import markdown_of
from mailer.issues.wording import one_line, slugify

LARGEST_FEED = 8 * 1024 * 1024
"""Bytes."""
LONGEST_SUMMARY = 600
"""Characters of an entry's summary; its story links to the rest."""

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a feed."""

    id: str
    """What the feed calls it; else its address."""
    title: str
    url: str
    summary: str
    """Markdown."""
    published: datetime


def issue_from_feed(
    data: bytes, *, place: str, now: datetime, newest: int = 10, mailed: Collection[str] = (), newsletter: str = ""
) -> tuple[Issue, list[str]] | None:
    """Return a digest of the newest entries and their ids, to be kept as `mailed` the next time; None if none is new.

    Raises SourceError for what is no feed.
    """
    title, entries = read_feed(data, place=place)
    fresh = [entry for entry in entries if entry.id not in mailed][:newest]
    if not fresh:
        return None
    first = _printable(fresh[0].title) or title
    issue = Issue(
        slug=slugify(f"{title} {now.date().isoformat()}"),
        title=title,
        subject=first if len(fresh) == 1 else f"{first}, and {len(fresh) - 1} more",
        newsletter=newsletter,
        source="\n\n".join(_story(entry) for entry in fresh),
        created=now,
        updated=now,
    )
    return issue, [entry.id for entry in fresh]


def read_feed(data: bytes, *, place: str) -> tuple[str, list[Entry]]:
    """Return a feed's title and its entries, the newest first. Raises SourceError for what is no feed."""
    root = _parsed(data, place)
    kind = _name(root)
    if kind not in {"rss", "RDF", "feed"}:
        raise SourceError(f"This is no feed but <{kind}>.", place=place, fix="Give the address of its RSS or Atom.")
    channel = next((child for child in root if _name(child) == "channel"), root)
    elements = [one for one in root.iter() if _name(one) in {"item", "entry"}]
    entries = [entry for one in elements if (entry := _entry(one))]
    # Feeds are mostly in order already; a sort is stable for those without dates.
    entries.sort(key=lambda entry: entry.published, reverse=True)
    return _printable(_child(channel, "title")) or "News", entries


def _parsed(data: bytes, place: str) -> etree._Element:
    if len(data) > LARGEST_FEED:
        raise SourceError(
            f"The feed has more than {LARGEST_FEED // 2**20} MB.", place=place, fix="Offer a shorter one."
        )
    head = data[:4_096].replace(b"\0", b"").lower()
    if b"<!doctype" in head or b"<!entity" in head:
        raise SourceError("A feed has no document type.", place=place, fix="Give the address of its RSS or Atom.")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=False)
    try:
        return etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise SourceError(f"The feed cannot be read: {error}.", place=place, fix="Have it checked.") from error


def _entry(element: etree._Element) -> Entry | None:
    title = _printable(_child(element, "title"))
    url = _link(element)
    summary = next(
        (words for name in ("summary", "description", "encoded", "content") if (words := _child(element, name))), ""
    )
    if not title and not summary:
        return None
    return Entry(
        id=one_line(_child(element, "id") or _child(element, "guid") or url or title)[:500],
        title=title,
        url=url,
        summary=_shortened(markdown_of(summary, page_url=url)),
        published=_published(element),
    )


def _story(entry: Entry) -> str:
    parts = [f"## {inline(entry.title)}" if entry.title else "", entry.summary]
    parts.append(f"[Read on: {_inline_words(entry.title) or 'the entry'}]({entry.url})" if entry.url else "")
    return "\n\n".join(part for part in parts if part)


def _inline_words(words: str) -> str:
    """Return words that can stand within a link."""
    return "".join(f"\\{one}" if one in "\\[]*_`<>{}|~^&" else one for one in words)


def _link(element: etree._Element) -> str:
    links = [child for child in element if _name(child) == "link"]
    chosen = next((one for one in links if one.get("rel", "alternate") == "alternate"), None)
    address = "" if chosen is None else (chosen.get("href") or chosen.text or "").strip()
    is_plain = address.lower().startswith(("https://", "http://")) and address.isprintable() and " " not in address
    signs = {ord(sign): f"%{ord(sign):02X}" for sign in "()<>{}\\\"'`|^"}
    return address.translate(signs)[:2_000] if is_plain else ""


def _published(element: etree._Element) -> datetime:
    for name in ("published", "pubDate", "date", "updated"):
        written = _child(element, name).strip()
        try:
            read = parsedate_to_datetime(written) if name == "pubDate" else datetime.fromisoformat(written)
        except (ValueError, TypeError, OverflowError):
            continue
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    return _LONG_AGO


def _child(element: etree._Element, name: str) -> str:
    found = next((child for child in element if _name(child) == name), None)
    return "" if found is None else "".join(str(words) for words in found.itertext())


def _name(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""


def _printable(words: str) -> str:
    plain = one_line("".join(one if one.isprintable() else " " for one in words))
    return plain.replace("{{", "(").replace("}}", ")").replace("{%", "(").replace("%}", ")")[:200]


def _shortened(markdown: str) -> str:
    """Return the first paragraphs, as many as fit; the first one in any case."""
    kept: list[str] = []
    for paragraph in markdown.split("\n\n"):
        # A story begins with `##`; what an entry says has no such heading.
        words = f"#{paragraph}" if paragraph.startswith("## ") else paragraph
        if kept and sum(map(len, kept)) + len(words) > LONGEST_SUMMARY:
            break
        kept.append(words)
    return "\n\n".join(kept)
