r"""MJML to HTML, through mjml-python (mrml), with its traps closed.

- mrml writes attribute values in Rust's debug form: quotes, line ends, joiners and no-break spaces come out as
  `\u{200d}` and the like. Every value is re-written as printable ASCII and numeric references before it gets there.
- mrml reads the unitless `0` of a padding wrongly; it becomes `0px`.
- Nesting of some thousand elements, or a file that includes itself, ends the whole process. Depth and size are checked
  first, and `mj-include` is refused: themes are put together by Jinja2.
- `fonts={}` keeps every request for web fonts out of the mail.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from mjml import mjml2html

from mailer.errors import RenderError

DEEPEST = 100
"""Elements within elements. mrml's stack ends at about 7,000, and libxml2's HTML parser at 256."""
LARGEST = 512 * 1024
"""Characters of MJML. Gmail clips a mail at about 100 KB."""

PART = re.compile(
    r"""
    (?P<verbatim> <!--.*?-->
      | <!\[CDATA\[.*?\]\]>
      | <(?P<raw>mj-style|style)\b(?:[^>"']|"[^"]*"|'[^']*')*>.*?</(?P=raw)\s*> )
  | < (?P<closing>/?) (?P<name>[A-Za-z][\w:-]*) (?P<attributes>(?:[^<>"']|"[^"]*"|'[^']*')*?) (?P<empty>/?) >
    """,
    re.VERBOSE | re.DOTALL | re.IGNORECASE,
)
ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>`]+))?""")
_NOT_PLAIN = re.compile(r"""[^ !#-%'-;=?-\[\]-~]""")
_BREAK = re.compile(r"[\r\n\t\f]+\s*")
_UNITLESS_ZERO = re.compile(r"(?<![\w.])0(?![\w.%])")
VOID = frozenset({"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"})


def to_html(mjml: str, *, place: str) -> str:
    """Return the HTML of an MJML document. `place` names the theme's file.

    Raises RenderError that names the file, the place where elements do not fit together, and what to do.
    """
    _check_bounds(mjml, place)
    safe = normalised(mjml)
    try:
        return str(mjml2html(safe, fonts={}))
    except ValueError as error:
        raise RenderError(
            f"The MJML cannot be read: {error}{_where(mjml)}.",
            place=place,
            fix="Look for an element that is not closed, a bare “<” in text, or an attribute without quotes.",
        ) from error


def normalised(mjml: str) -> str:
    """Return the same document with every attribute value in a form that mrml passes through unchanged."""
    return PART.sub(_normalised_part, mjml)


def _normalised_part(match: re.Match[str]) -> str:
    if match["verbatim"] or match["closing"] or not match["attributes"].strip():
        return match[0]
    attributes = " ".join(
        f'{name}="{_safe_value(name, value)}"' for name, value in ATTRIBUTE.findall(match["attributes"])
    )
    return f"<{match['name']} {attributes}{' /' if match['empty'] else ''}>"


def _safe_value(name: str, written: str) -> str:
    value = written[1:-1] if written[:1] in ('"', "'") else written
    value = _BREAK.sub(" ", html.unescape(value))
    if name.lower().startswith(("padding", "inner-padding")):
        value = _UNITLESS_ZERO.sub("0px", value)
    return _NOT_PLAIN.sub(lambda character: f"&#{ord(character[0])};", value)


def _check_bounds(mjml: str, place: str) -> None:
    if len(mjml) > LARGEST:
        raise RenderError(
            f"The mail would have {len(mjml) // 1024} KB of MJML, and {LARGEST // 1024} KB is the most.",
            place=place,
            fix="Shorten the issue, or send it as two.",
        )
    deepest = max(_depths(mjml, place), default=0)
    if deepest > DEEPEST:
        raise RenderError(
            f"Elements are nested {deepest} deep, and {DEEPEST} is the most.",
            place=place,
            fix="Look for lists or quotes within lists or quotes.",
        )


def _depths(mjml: str, place: str) -> Iterator[int]:
    depth = 0
    for match in PART.finditer(mjml):
        if match["verbatim"]:
            continue
        name = match["name"].lower()
        if name == "mj-include":
            raise RenderError("mj-include is not allowed.", place=place, fix="Use {% include %} of the theme instead.")
        if match["closing"]:
            depth -= 1
        elif not match["empty"] and name not in VOID:
            depth += 1
            yield depth


def _where(mjml: str) -> str:
    """Say where the first element is that does not fit, since mrml seldom does."""
    opened: list[tuple[str, int]] = []
    end = 0
    for match in PART.finditer(mjml):
        if "<" in mjml[end : match.start()]:
            return _near(mjml, mjml.index("<", end))
        end = match.end()
        if match["verbatim"] or match["empty"] or match["name"].lower() in VOID:
            continue
        if not match["closing"]:
            opened.append((match["name"], match.start()))
        elif not opened or opened.pop()[0] != match["name"]:
            return _near(mjml, match.start())
    if "<" in mjml[end:]:
        return _near(mjml, mjml.index("<", end))
    return _near(mjml, opened[-1][1]) if opened else ""


def _near(mjml: str, position: int) -> str:
    line = mjml.count("\n", 0, position) + 1
    return f" (near “{mjml[position : position + 60].splitlines()[0]}”, line {line} of what the theme made)"
