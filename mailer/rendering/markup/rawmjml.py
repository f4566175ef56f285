"""MJML that the author wrote: checked piece by piece, since nothing cleans it afterwards.

Only MJML's own layout elements and the HTML of the allow-list pass, without event handlers, and with addresses of the
allow-list's schemes. Everything else is an error with its line, so that nothing is dropped silently.
"""

from __future__ import annotations

import html
import re

from markupsafe import Markup

from mailer.errors import RenderError
from mailer.rendering.cleaning import ELEMENTS, SCHEMES
from mailer.rendering.document import RawMjml
from mailer.rendering.mjml import ATTRIBUTE, PART, VOID

BODY_ELEMENTS = frozenset(
    {"mj-section", "mj-wrapper", "mj-column", "mj-group", "mj-text", "mj-image", "mj-button", "mj-divider", "mj-spacer"}
    | {"mj-table", "mj-social", "mj-social-element", "mj-hero", "mj-navbar", "mj-navbar-link", "mj-raw"}
)
HEAD_ELEMENTS = frozenset(
    {"mjml", "mj-head", "mj-body", "mj-title", "mj-preview", "mj-attributes", "mj-all", "mj-class", "mj-style"}
    | {"mj-breakpoint"}
)
HTML_ELEMENTS = frozenset(
    ELEMENTS
    | {"html", "head", "body", "title", "meta", "style", "div", "span", "h1", "center", "font", "u", "small", "big"}
    | {"table", "tfoot", "caption", "colgroup", "col", "figure", "figcaption", "section", "article", "header", "footer"}
    | {"main", "nav", "strike", "wbr", "dl", "dt", "dd", "address", "abbr", "cite", "q", "mark", "time"}
)
"""What an HTML mail may be made of."""
_INLINE = ELEMENTS | {"div", "span", "h1", "center", "font", "u", "small", "big", "figure", "figcaption"}
_ADDRESSES = frozenset({"href", "src", "background", "background-url", "action", "cite", "poster", "data", "srcset"})
_FORBIDDEN = frozenset({"style", "srcdoc", "formaction"})
_BAD_CSS = re.compile(r"expression\s*\(|javascript:|@import|url\s*\(|behavior\s*:|-moz-binding|\\", re.IGNORECASE)
_SCHEME = re.compile(r"\s*([A-Za-z][A-Za-z0-9+.-]*):")
_CONTROL_AND_SPACE = re.compile(r"[\x00-\x20]+")


def raw_mjml(source: str, line: int, *, place: str) -> RawMjml:
    """Return the author's sections, which begin on the line after `line`. Raises RenderError with the line."""
    check_mjml(source, BODY_ELEMENTS, first_line=line + 1, place=place)
    first = next((match for match in PART.finditer(source) if not match["verbatim"]), None)
    if first is None or first["name"].lower() not in {"mj-section", "mj-wrapper", "mj-hero", "mj-raw"}:
        raise RenderError(
            "MJML of one's own begins with a section.", place=f"{place}:{line}", fix="Write <mj-section>…</mj-section>."
        )
    return RawMjml(Markup(source), text_of(source), line)  # noqa: S704 - checked just above


def check_mjml(source: str, mjml_elements: frozenset[str], *, first_line: int, place: str) -> None:
    """Raise RenderError for the first thing that no mail may hold, or that does not fit together."""
    opened: list[tuple[str, int]] = []
    end = 0
    for match in PART.finditer(source):
        line = first_line + source.count("\n", 0, match.start())
        where = f"{place}:{line}"
        if "<" in source[end : match.start()]:
            raise _error("A “<” opens nothing that can be read.", where, "Write &lt; for the sign itself.")
        end = match.end()
        if match["verbatim"]:
            _check_verbatim(match, mjml_elements, where)
            continue
        name = match["name"].lower()
        if name not in mjml_elements and name not in _INLINE:
            raise _error(f"<{name}> has no place in a mail.", where, "Take it out.")
        if match["closing"]:
            if not opened or opened.pop()[0] != name:
                raise _error(
                    f"</{name}> closes nothing that is open.", where, "Close elements in the order of opening."
                )
            continue
        check_attributes(match["attributes"], where)
        if not match["empty"] and name not in VOID:
            opened.append((name, line))
    if "<" in source[end:]:
        raise _error("A “<” opens nothing that can be read.", place, "Write &lt; for the sign itself.")
    if opened:
        raise _error(f"<{opened[-1][0]}> is never closed.", f"{place}:{opened[-1][1]}", f"Write </{opened[-1][0]}>.")


def check_attributes(attributes: str, where: str) -> None:
    """Raise RenderError for an event handler, an address that no mail may hold, or CSS that reaches out."""
    if ATTRIBUTE.sub("", attributes).strip(" \t\n\r\f/"):
        raise _error("These attributes cannot be read.", where, 'Write name="value".')
    for written_name, written in ATTRIBUTE.findall(attributes):
        name = written_name.lower()
        value = html.unescape(written.strip("\"'"))
        if name.startswith("on"):
            raise _error(f"“{name}” would be a script, and mail has none.", where, "Take it out.")
        if name in _ADDRESSES or name.endswith(":href"):
            scheme = _SCHEME.match(_CONTROL_AND_SPACE.sub("", value))
            if scheme and scheme[1].lower() not in SCHEMES:
                raise _error(f"An address cannot begin with “{scheme[1]}:”.", where, "Use https://.")
        elif name == "style" and _BAD_CSS.search(value):
            raise _error("This style reaches outside the mail.", where, "Use plain colours and sizes.")
        elif name in _FORBIDDEN - {"style"}:
            raise _error(f"“{name}” has no place in a mail.", where, "Take it out.")


def check_css(css: str, where: str) -> None:
    """Raise RenderError for CSS that fetches something or runs something."""
    if (found := _BAD_CSS.search(css)) or "<" in css:
        shown = found[0] if found else "<"
        raise _error(f"“{shown}” has no place in the style of a mail.", where, "Use plain colours and sizes.")


def text_of(source: str) -> str:
    """Return the words of markup, with each link's address behind them, for the text part."""
    without = re.sub(
        r"<!--.*?-->|<(style|mj-style|mj-head|title)\b.*?</\1\s*>", "", source, flags=re.DOTALL | re.IGNORECASE
    )
    linked = re.sub(
        r"""<(a|mj-button|mj-navbar-link)\b[^>]*?\bhref\s*=\s*["']?([^"'\s>]+)[^>]*>(.*?)</\1\s*>""",
        lambda match: f"{match[3]} ⟨{match[2]}⟩" + ("\n" if match[1] != "a" else ""),
        without,
        flags=re.DOTALL | re.IGNORECASE,
    )
    alone = re.sub(
        r"</?(?:p|div|h[1-6]|li|tr|table|br|ul|ol|blockquote|mj-[a-z-]+)\b[^>]*>", "\n", linked, flags=re.IGNORECASE
    )
    plain = html.unescape(re.sub(r"<[^>]*>", "", alone)).replace("⟨", "<").replace("⟩", ">")
    lines = [" ".join(one.split()) for one in plain.split("\n")]
    return re.sub(r"\n{2,}", "\n\n", "\n".join(lines)).strip()


def _check_verbatim(match: re.Match[str], mjml_elements: frozenset[str], where: str) -> None:
    written = match[0]
    if written.startswith("<!--"):
        # Outlook reads what stands in a conditional comment.
        if re.match(r"<!--\s*\[if", written, re.IGNORECASE):
            raise _error("Conditional comments are written by MJML itself.", where, "Take it out.")
    elif match["raw"] and match["raw"].lower() in mjml_elements | {"style"} and "mjml" in mjml_elements:
        check_css(re.sub(r"^<[^>]*>|</[^>]*>$", "", written), where)
    else:
        raise _error("This has no place in a mail.", where, "Take it out.")


def _error(message: str, where: str, fix: str) -> RenderError:
    return RenderError(message, place=where, fix=fix)
