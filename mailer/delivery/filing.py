"""Takes a source in and files it as an issue: from a file, or from an address on the web.

Whatever is unclear is asked for now, while its editor is looking: a newsletter or a theme that does not exist is an
error here, with a suggestion, and not only when the issue is about to be mailed.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from mailer.delivery.press import Press
from mailer.errors import SourceError
from mailer.fetching import FetchError, web_client
from mailer.issues.assets.gathering import gather, gather_attachments
from mailer.issues.importing import Wishes, is_feed, read_issue_data
from mailer.issues.issue import Issue
from mailer.issues.pages.feed import LARGEST_FEED, issue_from_feed
from mailer.issues.pages.feedstore import FeedStore
from mailer.issues.sourcefile import SOURCE_LIMIT_BYTES

_WEB = ("https://", "http://")


async def take_in(press: Press, source: str, wishes: Wishes, *, now: datetime) -> tuple[Issue | None, list[str]]:
    """File what a path or an address holds, and return the issue with notes; None for a feed without news.

    A feed gives a digest of the entries that no issue of the newsletter was made of yet. The same file again brings its
    issue up to date. Raises SourceError naming the place, NotFoundError for an unknown newsletter.
    """
    data, place = await _data(press, source)
    if not is_feed(data):
        page_url = place if place.startswith(_WEB) else ""
        issue, notes = read_issue_data(data, place=source, now=now, wishes=wishes, page_url=page_url)
        if not page_url:
            issue, notes = await _with_pictures(press, issue, notes, Path(source), now)
        return await file_issue(press, issue, notes, place=source)
    feeds = FeedStore(press.redis)
    made = issue_from_feed(
        data,
        place=source,
        now=now,
        newest=wishes.newest,
        mailed=frozenset(await feeds.taken(source, wishes.newsletter)),
        newsletter=wishes.newsletter,
    )
    if made is None:
        return None, ["The feed has nothing that was not in an issue already."]
    issue, ids = made
    issue = replace(issue, slug=wishes.slug or issue.slug, subject=wishes.subject or issue.subject)
    filed, notes = await file_issue(press, issue, [f"Taken from the feed: {len(ids)} of its entries."], place=source)
    await feeds.take(source, wishes.newsletter, ids)
    return filed, notes


async def file_issue(press: Press, issue: Issue, notes: list[str], *, place: str) -> tuple[Issue, list[str]]:
    """Store an issue under its slug, in place of an earlier one, and return it with all that there is to note."""
    known = await press.newsletters.all()
    if issue.newsletter:
        await press.newsletters.get(issue.newsletter)
    elif len(known) == 1:
        issue = replace(issue, newsletter=known[0].slug)
    else:
        notes = [*notes, "It belongs to no newsletter yet; name one with --newsletter."]
    check_theme(press, issue, place=place)
    earlier = await press.issues.find(issue.slug)
    if earlier is not None:
        issue = replace(issue, created=earlier.created, version=earlier.version)
    return await press.issues.put(issue), notes


def check_theme(press: Press, issue: Issue, *, place: str) -> None:
    """Raise SourceError, with a suggestion, for an issue that names a theme which does not exist."""
    if not issue.template:
        return
    try:
        press.shelf.theme(issue.template)
    except SourceError as error:
        raise SourceError(error.reason, place=f"{place}, template", fix=error.fix) from error


async def _with_pictures(
    press: Press, issue: Issue, notes: list[str], file: Path, now: datetime
) -> tuple[Issue, list[str]]:
    """Take in the pictures that lie beside the file; they are there before the issue that shows them is."""
    gathered = await asyncio.to_thread(gather, issue.source, file.parent, place=file.name, now=now)
    attachments, attached = await asyncio.to_thread(
        gather_attachments, issue.attachments, file.parent, place=str(file), now=now
    )
    for asset, data in (*gathered.assets, *attached):
        await press.assets.put(asset, data)
    return replace(issue, source=gathered.source, attachments=attachments), [*notes, *gathered.notes]


async def _data(press: Press, source: str) -> tuple[bytes, str]:
    """Return the bytes of a file or of an address, and where they are in the end."""
    if source.lower().startswith(_WEB):
        return await _fetched(press, source)
    return await asyncio.to_thread(_read, source), source


def _read(source: str) -> bytes:
    path = Path(source)
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_FEED + 1)
        size_bytes = path.stat().st_size
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(
            f"The file cannot be read ({reason}).", place=source, fix="Check its name and its rights."
        ) from error
    if len(data) > SOURCE_LIMIT_BYTES and not is_feed(data):
        raise SourceError(
            f"The source is {size_bytes / (1 << 20):.1f} MB; an issue may have 1 MB at most.",
            place=source,
            fix="Link to pictures and documents instead of pasting them in.",
        )
    return data


async def _fetched(press: Press, address: str) -> tuple[bytes, str]:
    try:
        async with web_client(seconds=30, allowed=press.settings.fetch_allowed) as client:
            answer = await client.get(address, most_bytes=LARGEST_FEED + 1)
    except FetchError as error:
        raise SourceError(str(error), fix="Check the address, or save the file and import that.") from error
    if answer.status != 200:
        raise SourceError(
            f"The server answered {answer.status}.", place=address, fix="Open the address in a browser, and copy it."
        )
    return answer.body, answer.address
