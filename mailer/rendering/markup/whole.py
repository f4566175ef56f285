"""Issues that are wholly written in MJML or HTML: no theme around them, and every word the author's own.

The unsubscribe link and the postal address are the author's to write: `{{ unsubscribe_url }}` and
`{{ newsletter.postal_address }}`; the check before sending refuses an issue without them.
"""

from __future__ import annotations

import html as entities
import re

from markupsafe import Markup

from mailer.errors import RenderError
from mailer.rendering.document import Document, RawMjml, WrittenLink
from mailer.rendering.holes import Holes
from mailer.rendering.inliner import inline
from mailer.rendering.markup.rawmjml import (
    BODY_ELEMENTS,
    HEAD_ELEMENTS,
    HTML_ELEMENTS,
    check_attributes,
    check_css,
    check_mjml,
    text_of,
)
from mailer.rendering.mjml import ATTRIBUTE, PART, VOID, to_html
from mailer.settings import Inliner

_OUTLOOK = re.compile(r"<!--\s*\[if[^\]]*\]>(.*?)<!\[endif\]\s*-->", re.DOTALL | re.IGNORECASE)
_OUTLOOK_NAME = re.compile(r"(?:xml|[ovw]:[a-z]+|table|tbody|tr|td|div|center|br|style|i|p|span|img|a)", re.IGNORECASE)
_TEXT_HOLDERS = frozenset({"mj-text", "mj-table", "mj-raw"})
_WORD_HOLDERS = frozenset({"mj-button", "mj-title", "mj-preview", "mj-navbar-link", "mj-social-element"})


def read_whole(source: str, *, format: str, place: str) -> Document:  # noqa: A002 - the source's own word for it
    """Return what a marked source holds. Raises RenderError, with the line, for what no mail may hold."""
    if format == "mjml":
        check_mjml(source, BODY_ELEMENTS | HEAD_ELEMENTS, first_line=1, place=place)
    else:
        _check_html(source, place)
    links, images = _written(source)
    block = RawMjml(Markup(source), text_of(source), 1)  # noqa: S704 - checked just above
    return Document((block,), (), tuple(links), tuple(images))


def html_of_whole(
    source: str,
    holes: Holes,
    *,
    format: str,  # noqa: A002 - as above
    place: str,
    inliner: Inliner = Inliner.PREMAILER,
) -> str:
    """Return the HTML of a marked source."""
    commented = _with_commented_controls(source, holes)
    html = to_html(commented, place=place) if format == "mjml" else _framed(commented)
    return inline(html, "", place=place, inliner=inliner)


def _framed(html: str) -> str:
    head = '<meta http-equiv="Content-Type" content="text/html; charset=utf-8">'
    if not re.search(r"<html[\s>]", html, re.IGNORECASE):
        return f'<!doctype html>\n<html lang="und"><head>{head}</head><body>{html}</body></html>'
    return (
        html
        if re.search(r"<meta[^>]+charset", html, re.IGNORECASE)
        else re.sub(r"(<head\b[^>]*>)", rf"\1{head}", html, count=1, flags=re.IGNORECASE)
    )


def _check_html(source: str, place: str) -> None:
    end = 0
    for match in PART.finditer(source):
        where = f"{place}:{1 + source.count(chr(10), 0, match.start())}"
        _check_between(source[end : match.start()], where)
        end = match.end()
        if match["verbatim"]:
            _check_verbatim(match, where)
        elif match["name"].lower() not in HTML_ELEMENTS:
            raise RenderError(f"<{match['name'][:40]}> has no place in a mail.", place=where, fix="Take it out.")
        elif not match["closing"]:
            check_attributes(match["attributes"], where)
    _check_between(source[end:], place)


def _check_between(text: str, where: str) -> None:
    text = re.sub(r"<!doctype[^<>]*>", "", text, flags=re.IGNORECASE)
    if "<" in text:
        raise RenderError("A “<” opens nothing that can be read.", place=where, fix="Write &lt; for the sign itself.")


def _check_verbatim(match: re.Match[str], where: str) -> None:
    written = match[0]
    if match["raw"]:
        check_attributes(re.sub(r"^<\w+|>.*", "", written, flags=re.DOTALL), where)
        check_css(re.sub(r"^<[^>]*>|</[^>]*>$", "", written), where)
        return
    for_outlook = _OUTLOOK.fullmatch(written)
    if not for_outlook:
        if not written.startswith("<!--") or re.match(r"<!--\s*\[if", written, re.IGNORECASE):
            raise RenderError("This has no place in a mail.", place=where, fix="Take it out.")
        return
    for inner in PART.finditer(for_outlook[1]):
        if not inner["verbatim"] and not _OUTLOOK_NAME.fullmatch(inner["name"]):
            raise RenderError(f"<{inner['name'][:40]}> has no place in a mail.", place=where, fix="Take it out.")
        if not inner["verbatim"] and not inner["closing"]:
            check_attributes(inner["attributes"], where)


def _with_commented_controls(source: str, holes: Holes) -> str:
    """Put each condition's mark into a comment, so that it stands anywhere between elements."""
    out: list[str] = []
    opened: list[str] = []
    end = 0
    for match in PART.finditer(source):
        out.append(_commented(source[end : match.start()], holes, opened))
        out.append(match[0])
        end = match.end()
        name = (match["name"] or "").lower()
        if match["verbatim"] or match["empty"] or name in VOID:
            continue
        if match["closing"]:
            while opened and opened.pop() != name:
                pass
        else:
            opened.append(name)
    return "".join((*out, _commented(source[end:], holes, opened)))


def _commented(text: str, holes: Holes, opened: list[str]) -> str:
    if opened and opened[-1] in _WORD_HOLDERS | {"title"}:
        return text
    is_layout = bool(opened) and "mjml" in opened and not _TEXT_HOLDERS & set(opened)
    frame = "<mj-raw><!--{}--></mj-raw>" if is_layout else "<!--{}-->"
    return holes.each_control(text, lambda mark: frame.format(mark))


def _written(source: str) -> tuple[list[WrittenLink], list[WrittenLink]]:
    links: list[WrittenLink] = []
    images: list[WrittenLink] = []
    for match in PART.finditer(source):
        if match["verbatim"] or match["closing"]:
            continue
        line = 1 + source.count("\n", 0, match.start())
        attributes = {
            name.lower(): entities.unescape(value.strip("\"'"))
            for name, value in ATTRIBUTE.findall(match["attributes"])
        }
        name = match["name"].lower()
        if name in {"img", "mj-image"}:
            images.append(
                WrittenLink(attributes.get("src", ""), attributes.get("alt", ""), line, attributes.get("alt") == "")
            )
        if "href" in attributes and name != "link":
            closing = source.lower().find(f"</{name}", match.end())
            words = text_of(source[match.end() : closing]) if closing > 0 else ""
            links.append(WrittenLink(attributes["href"], words or attributes.get("alt", ""), line))
    return links, images
