"""Follows every link of an issue, and weighs every picture, through a client that stays on the public web.

Only what is surely wrong is said: a page that is not there, a name that does not exist, a server that is broken or
silent. Refusing a program (401, 403, 405, 429, LinkedIn's 999) says nothing about a reader.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from mailer.fetching import Fetched, FetchError, ForbiddenAddressError, WebClient
from mailer.rendering.document import WrittenLink
from mailer.rendering.linkcheck import Flaw

MOST_ADDRESSES = 200
"""Asked for one issue; one with more links is a catalogue."""
HEAVY_PICTURE = 500_000
"""Bytes. On a slow telephone that is seconds, and data that somebody pays for."""
HEAVY_PICTURES = 2_000_000
"""Bytes of all pictures together."""

_GONE = frozenset({404, 410})
_HEAD_REFUSED = frozenset({400, 401, 403, 404, 405, 406, 410, 429, 501, 503})
_KILOBYTE = 1_000

Placed = tuple[int, Flaw]
"""A flaw, and the line where it stands."""


async def link_answers(links: Sequence[WrittenLink], client: WebClient) -> list[Placed]:
    """Return what is wrong with links, asking each address once."""
    asked = _asked(links)
    answers = dict(zip(asked, await asyncio.gather(*(_dead(url, client) for url in asked)), strict=True))
    return [(link.line, flaw) for link in links if (flaw := answers.get(link.url))]


async def picture_weights(
    pictures: Sequence[WrittenLink], client: WebClient, own: Callable[[str], Awaitable[int | None]]
) -> list[Placed]:
    """Return what is wrong with pictures. `own` gives the bytes of those that Pressrun serves itself, else None."""
    asked = _asked(pictures)
    weighed = await asyncio.gather(*(_weighed(url, client, own) for url in asked))
    lines = {picture.url: picture.line for picture in reversed(pictures)}
    flaws = [(lines[url], _heavy(url, found)) for url, found in zip(asked, weighed, strict=True) if _is_heavy(found)]
    flaws += [(lines[url], found) for url, found in zip(asked, weighed, strict=True) if isinstance(found, Flaw)]
    together = sum(found for found in weighed if isinstance(found, int))
    if together > HEAVY_PICTURES:
        flaws.append((0, _heavy_together(together)))
    return flaws


async def _dead(url: str, client: WebClient) -> Flaw | None:
    try:
        answer = await _answer(url, client)
    except ForbiddenAddressError as error:
        return _flaw("link-private", f"{url} leads into a private network: {error}", "Use the public address.")
    except FetchError as error:
        return _flaw("link-dead", str(error), "Correct the address, or take the link out.")
    if answer.status in _GONE:
        return _flaw("link-dead", f"{url} is not there (the server answers {answer.status}).", "Correct the address.")
    if answer.status >= 500 and answer.status != 999:
        return _flaw("link-dead", f"{url} is broken (the server answers {answer.status}).", "Try it again later.")
    return None


async def _answer(url: str, client: WebClient) -> Fetched:
    """Ask for the head alone; where a server does not like that, ask as a browser does."""
    answer = await client.head(url)
    return await client.get(url, most_bytes=0) if answer.status in _HEAD_REFUSED else answer


async def _weighed(url: str, client: WebClient, own: Callable[[str], Awaitable[int | None]]) -> int | Flaw | None:
    """Return a picture's bytes, or what is wrong with it; None where nobody says."""
    if (length := await own(url)) is not None:
        return length
    try:
        answer = await client.head(url)
        if answer.status != 200 or answer.length is None:
            answer = await client.get(url, most_bytes=HEAVY_PICTURES)
    except FetchError as error:
        return _flaw("image-dead", str(error), "Correct the address, or add the picture with `pressrun assets add`.")
    if answer.status in _GONE or answer.status >= 500:
        return _flaw("image-dead", f"The picture {url} is not there ({answer.status}).", "Correct the address.")
    if answer.status == 200 and answer.content_type and not answer.content_type.startswith("image/"):
        return _flaw("image-dead", f"{url} is no picture but {answer.content_type}.", "Give the picture's own address.")
    return answer.length if answer.length is not None else (len(answer.body) or None)


def _asked(links: Sequence[WrittenLink]) -> list[str]:
    """Return the addresses to ask, each once. One with a personal field is another one for each reader."""
    addresses = (one.url for one in links if one.url.startswith(("http://", "https://")) and "{{" not in one.url)
    return list(dict.fromkeys(addresses))[:MOST_ADDRESSES]


def _is_heavy(found: int | Flaw | None) -> bool:
    return isinstance(found, int) and found > HEAVY_PICTURE


def _heavy(url: str, found: int | Flaw | None) -> Flaw:
    size = found // _KILOBYTE if isinstance(found, int) else 0
    return _flaw(
        "image-weight",
        f"The picture {url} has {size:,} KB; on a slow connection a reader waits for it.",
        f"Bring it below {HEAVY_PICTURE // _KILOBYTE} KB: `pressrun assets add` does.",
    )


def _heavy_together(length: int) -> Flaw:
    return _flaw(
        "image-weight",
        f"The pictures have {length / 1_000_000:.1f} MB together.",
        f"Bring them below {HEAVY_PICTURES // 1_000_000} MB, or show fewer.",
    )


def _flaw(rule: str, message: str, fix: str) -> Flaw:
    return Flaw(is_blocking=False, rule=rule, message=message, fix=fix)
