"""From plain words to Markdown that says exactly these words: escapes, and web addresses made into links."""

from __future__ import annotations

import re

from mailer.issues.calltoaction import link_target

LONGEST_URL = 2000

_URL = re.compile(
    # A URL in Chinese text begins and ends where the Chinese does, without a space.
    r"(?:https?://|(?<![a-z0-9.@/-])www\.)"
    rf"[^\s<>\"“”‘’«»\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef\u3000-\u303f]{{1,{LONGEST_URL}}}",
    re.IGNORECASE,
)
# Braces would open a personal field; the others are no part of a URL (RFC 3986 §2), and Markdown reads them.
_NOT_IN_AUTOLINKS = str.maketrans({sign: f"%{ord(sign):02X}" for sign in "{}\\^|`"})
_AFTER_URL = ".,;:!?'*_~…"
_SPECIAL = re.compile(r"[\\`*\[\]<>{}|~^]|(?<![^\W_])_|_(?![^\W_])|&(?=#?\w+;)")
_LIST_NUMBER = re.compile(r"(?P<digits>\d{1,9})(?P<sign>[.)])(?=\s|$)")


def inline(words: str) -> str:
    """Return the words as Markdown within a line; web addresses become links."""
    out: list[str] = []
    position = 0
    for start, end in urls_in(words):
        out += [_escaped(words[position:start]), _link(words[start:end])]
        position = end
    return "".join((*out, _escaped(words[position:])))


def paragraph(words: str) -> str:
    """Return the words as a paragraph; their line breaks stay."""
    return "\\\n".join(_line(line) for line in words.split("\n"))


def heading(words: str) -> str:
    """Return the words as the heading of a section. A number at its beginning is text there, and needs no escape."""
    marked = inline(words)
    return f"## {marked[:-1]}\\#" if marked.endswith("#") else f"## {marked}"


def urls_in(words: str) -> list[tuple[int, int]]:
    """Return where web addresses start and end; what closes the sentence is no part of them."""
    found: list[tuple[int, int]] = []
    for match in _URL.finditer(words):
        url = match[0]
        while url and (url[-1] in _AFTER_URL or (url[-1] in ")]}" and _is_unopened(url))):
            url = url[:-1]
        if len(url) > len("https://"):
            found.append((match.start(), match.start() + len(url)))
    return found


def _line(words: str) -> str:
    marked = inline(words)
    if match := _LIST_NUMBER.match(marked):
        return f"{match['digits']}\\{marked[match.start('sign') :]}"
    return f"\\{marked}" if marked[:1] in {"#", "+", "-", "=", ":"} else marked


def _escaped(words: str) -> str:
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", words)


def _link(url: str) -> str:
    if url[:4].lower() == "www.":
        return f"[{_escaped(url)}](https://{link_target(url)})"
    return f"<{url.translate(_NOT_IN_AUTOLINKS)}>"


def _is_unopened(url: str) -> bool:
    opening = {")": "(", "]": "[", "}": "{"}[url[-1]]
    return url.count(url[-1]) > url.count(opening)
