"""The last lock: the finished HTML, as a browser's kind of parser sees it.

Whatever a source, a theme or a parser's quirk brought in: no script, no event handler, no form, no frame, no address
that runs or embeds something, no style sheet from elsewhere leaves the press. And whatever a condition leaves out,
whole elements are left behind.
"""

from __future__ import annotations

import re

import lxml.html
from lxml import etree

from mailer.errors import RenderError
from mailer.issues.fields import TagKind
from mailer.rendering.holes import Holes
from mailer.rendering.mjml import PART, VOID

_REFUSED = frozenset(
    {"script", "iframe", "frame", "frameset", "object", "embed", "applet", "form", "input", "button", "select"}
    | {"textarea", "base", "link", "svg", "math", "template", "noscript", "audio", "video", "portal", "dialog"}
)
_ADDRESSES = frozenset({"href", "src", "background", "action", "formaction", "data", "poster", "xlink:href"})
_RUNNING = re.compile(r"(?:javascript|vbscript|data|file|blob):", re.IGNORECASE)
_SPACE = re.compile(r"[\x00-\x20]+")
_BAD_CSS = re.compile(r"@import|expression\s*\(|-moz-binding|behavior\s*:|javascript:", re.IGNORECASE)
_HIDDEN = re.compile(r"<\s*/?\s*(?:script|iframe|object|embed|form|base|link)\b|\son\w+\s*=", re.IGNORECASE)


def check_finished(html: str, *, place: str) -> None:
    """Raise RenderError for anything that no mail may hold."""
    try:
        root = lxml.html.document_fromstring(html)
    except (etree.ParserError, ValueError) as error:
        raise RenderError(f"The mail's HTML cannot be read: {error}.", place=place) from error
    for element in root.iter():
        if not isinstance(element.tag, str):
            if _HIDDEN.search(str(element.text or "")):
                raise _error("something in a comment that Outlook would run", place)
            continue
        _check_element(element, place)


def check_cuts(html: str, holes: Holes, *, place: str) -> None:
    """Raise RenderError for a condition whose parts are not whole elements: leaving one out would break the mail."""
    opened: list[tuple[str, int]] = []
    begun: list[tuple[tuple[str, int], ...]] = []
    end = 0
    for match in PART.finditer(html):
        _follow(holes.controls(html[end : match.start()]), opened, begun, place)
        end = match.end()
        if match["verbatim"]:
            _follow(holes.controls(match[0]), opened, begun, place)
        elif match["closing"]:
            if opened and opened[-1][0] == match["name"].lower():
                opened.pop()
        elif not match["empty"] and match["name"].lower() not in VOID:
            opened.append((match["name"].lower(), match.start()))


def _follow(
    kinds: list[TagKind], opened: list[tuple[str, int]], begun: list[tuple[tuple[str, int], ...]], place: str
) -> None:
    for kind in kinds:
        if kind is TagKind.IF:
            begun.append(tuple(opened))
        elif not begun or begun[-1] != tuple(opened):
            raise RenderError(
                "A condition begins within one element and ends within another.",
                place=place,
                fix="Put {% if … %} and {% endif %} around whole elements.",
            )
        elif kind is TagKind.ENDIF:
            begun.pop()


def _check_element(element: etree._Element, place: str) -> None:
    tag = str(element.tag).lower()
    if tag in _REFUSED or (tag == "meta" and "refresh" in str(element.get("http-equiv", "")).lower()):
        raise _error(f"<{tag}>", place)
    if tag == "style" and _BAD_CSS.search(str(element.text or "")):
        raise _error("a style sheet that reaches outside the mail", place)
    for name, value in element.attrib.items():
        key = str(name).lower()
        if key.startswith("on") or key in {"srcdoc", "srcset", "ping"}:
            raise _error(f"“{key}”", place)
        if key in _ADDRESSES and _RUNNING.match(_SPACE.sub("", str(value))):
            raise _error(f"an address that begins with “{str(value)[:20]}”", place)
        if key == "style" and _BAD_CSS.search(str(value)):
            raise _error("a style that reaches outside the mail", place)


def _error(what: str, place: str) -> RenderError:
    return RenderError(f"The mail holds {what}, and no mail may.", place=place, fix="Take it out.")
