"""What many mail programs do not understand, in an author's own markup and images (see `clientfacts`).

Only what the author wrote is judged: themes lean on such things deliberately, and do without where they fail. CSS is
looked for where it stands, in `style` attributes and elements, and elements outside of comments: words are not judged.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from mailer.rendering.checks.clientfacts import CLIENTS, FACTS, TRANSPARENT_COLOUR, Fact, Kind
from mailer.rendering.linkcheck import Flaw

_PATTERNS: Mapping[Kind, str] = {
    Kind.PROPERTY: r"(?<![\w-]){}\s*:",
    Kind.FUNCTION: r"(?<![\w-]){}\s*\(",
    Kind.UNIT: r"(?<![\w#])[\d.]+{}\b",
    Kind.AT_RULE: r"@{}\b",
    Kind.SELECTOR: r"::?{}(?![\w-])(?=[^;{{}}]*\{{)",
    Kind.ELEMENT: r"<{}(?=[\s/>])",
    Kind.ATTRIBUTE: r"(?<=\s){}(?=[\s=/>])(?=[^<>]*>)",
}
_CSS = re.compile(
    r"<!--.*?-->|<(?P<element>mj-style|style)\b[^>]*>(?P<sheet>.*?)</(?P=element)\s*>"
    r"""|(?<=\s)style\s*=\s*(?P<quote>["'])(?P<inline>.*?)(?P=quote)""",
    re.DOTALL | re.IGNORECASE,
)
_TRANSPARENT = re.compile(r":[^;:{}]*?(#[0-9a-fA-F]{8}\b|\brgba?\s*\([^),]*/[^)]*\))")


def markup_flaws(source: str) -> Iterator[tuple[int, Flaw]]:
    """Judge markup; gives the line, too. Each thing is said once, where it first stands."""
    css, markup = _parted(source)
    for fact, pattern in _SEARCHED:
        place = markup if fact.kind in {Kind.ELEMENT, Kind.ATTRIBUTE} else css
        if match := pattern.search(place):
            yield 1 + source.count("\n", 0, match.start()), _flaw(f"“{match[0].strip()}”", fact)
    if match := _TRANSPARENT.search(css):
        yield 1 + source.count("\n", 0, match.start()), _flaw(f"“{match[1]}”", TRANSPARENT_COLOUR)


def image_flaw(address: str) -> Flaw | None:
    """Judge an image by the ending of its address."""
    try:
        ending = urlsplit(address).path.lower().rpartition(".")[2]
    except ValueError:
        return None
    fact = _ENDINGS.get(ending)
    return _flaw(f"The image {address}", fact) if fact else None


def _searched(fact: Fact) -> re.Pattern[str]:
    if fact.kind is Kind.VALUE:
        name, value = map(re.escape, fact.word.split(":"))
        return re.compile(rf"(?<![\w-]){name}\s*:\s*{value}(?![\w-])", re.IGNORECASE)
    return re.compile(_PATTERNS[fact.kind].format(re.escape(fact.word)), re.IGNORECASE)


_SEARCHED = [(fact, _searched(fact)) for fact in FACTS if fact.kind is not Kind.ENDING]
_ENDINGS = {fact.word: fact for fact in FACTS if fact.kind is Kind.ENDING}


def _parted(source: str) -> tuple[str, str]:
    """Return the CSS and the markup apart, each where it stood, with spaces for the other and for comments."""
    css, markup, end = [], [], 0
    for match in _CSS.finditer(source):
        group = next((name for name in ("sheet", "inline") if match[name] is not None), None)
        start, stop = match.span(group) if group else (match.end(), match.end())
        css += [_blank(source[end:start]), source[start:stop], _blank(source[stop : match.end()])]
        markup += [source[end : match.start()], _blank(match[0])]
        end = match.end()
    return "".join([*css, _blank(source[end:])]), "".join([*markup, source[end:]])


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _flaw(what: str, fact: Fact) -> Flaw:
    names = [CLIENTS[letter] for letter in fact.lacking]
    by = ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1]
    return Flaw(
        is_blocking=False, rule="client-support", message=f"{what} is not understood by {by}.", fix=fact.instead
    )
