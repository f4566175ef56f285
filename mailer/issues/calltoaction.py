"""Calls to action: the paragraph `[words](address){.button}` in a source, and its address."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from mailer.errors import SourceError

_WITHOUT_ADDRESS = re.compile(r"(?m)^(?P<words>\[[^\n]*\])\((?:<>)?\)(?P<mark>\{\.button\})[ \t]*$")

# What ends a link, a link's address or a personal field in Markdown, as RFC 3986 §2.1 spells it instead.
_ENCODED = str.maketrans({sign: f"%{ord(sign):02X}" for sign in ' ()<>{}\\"`^|'})


def button(words: str, url: str = "") -> str:
    """Return a call to action; `words` are Markdown already. Without a URL it has none yet, and cannot be mailed."""
    return f"[{words}]({link_target(url)}){{.button}}"


def link_target(url: str) -> str:
    """Return the web address as it can stand in a Markdown link."""
    return url.translate(_ENCODED)


def checked_url(url: str) -> str:
    """Return the web address as it can stand in a Markdown link. Raises SourceError for anything but http and https."""
    bare = url.strip()
    try:
        parts = urlsplit(bare)
        is_web = parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        is_web = False
    if not is_web or not bare.isprintable() or " " in bare:
        raise SourceError(
            f"“{bare[:80]}” is no web address.",
            fix="Give one that begins with https://, such as https://example.com/report.",
        )
    return link_target(bare)


def buttons_without_address(source: str) -> list[int]:
    """Return the line numbers, from 1, of the calls to action that have no address yet."""
    return [source.count("\n", 0, match.start()) + 1 for match in _WITHOUT_ADDRESS.finditer(source)]


def with_address(source: str, url: str) -> str:
    """Return the source with the address given to its first call to action that has none; unchanged if all have one.

    Raises SourceError for anything that is no web address.
    """
    address = checked_url(url)
    return _WITHOUT_ADDRESS.sub(lambda match: f"{match['words']}({address}){match['mark']}", source, count=1)
