"""From a web page to an issue: its words, links and images as Markdown, without what stands around them.

Nothing is fetched: a page is a file that somebody saved. Scripts, styles, forms, navigation and footers are left out;
addresses that are not full are made so where the page's own address is known, and named in the notes where not.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from urllib.parse import urljoin, urlsplit

import lxml.html
from lxml import etree

from mailer.errors import SourceError
from mailer.issues.issue import Issue
from mailer.issues.wording import one_line, slugify

_LEFT_OUT = frozenset(
    {"script", "style", "noscript", "template", "form", "nav", "header", "footer", "aside", "iframe", "object", "svg"}
    | {"math", "button", "input", "select", "textarea", "head", "embed", "video", "audio", "canvas"}
)
_BLOCKS = frozenset({"p", "div", "section", "article", "main", "figure", "figcaption", "center", "body", "td", "dd"})
_DEEPEST = 200
_SPECIAL = re.compile(r"[\\`*_\[\]<>{}|~^]|&(?=#?\w+;)|(?<=:):(?=:)")
_AT_START = re.compile(r"^(#{1,6}|[-+=>]|:::|\d{1,9}[.)])(?=\s|$|=|-|:)")
_SPACE = re.compile(r"[ \t\r\n\f\v]+")
_MARKS: Mapping[str, str] = {"strong": "**", "b": "**", "em": "*", "i": "*"}


def issue_from_html(
    text: str, *, place: str, now: datetime, newsletter: str = "", page_url: str = ""
) -> tuple[Issue, list[str]]:
    """Return the issue that a page says, and notes on what is missing. Raises SourceError for a page without words."""
    root = _parsed(text, place)
    title = one_line(_title(root))
    notes: list[str] = []
    source = _Writer(page_url, notes).written(_main_part(root))
    if not re.search(r"\w", source):
        raise SourceError("This page has no words to take over.", place=place, fix="Copy the text from the browser.")
    title = _printable(title) or _printable(source.split("\n", 1)[0].lstrip("# "))[:100] or "Untitled"
    issue = Issue(
        slug=slugify(title),
        title=title,
        subject=title,
        newsletter=newsletter,
        source=source,
        created=now,
        updated=now,
    )
    return issue, list(dict.fromkeys(notes))


def markdown_of(html: str, *, page_url: str = "") -> str:
    """Return a piece of HTML as Markdown; the empty string for nothing that can be read."""
    try:
        return _Writer(page_url, []).written(_parsed(f"<body>{html}</body>", "feed"))
    except SourceError:
        return ""


def _parsed(text: str, place: str) -> lxml.html.HtmlElement:
    parser = lxml.html.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True)
    try:
        return lxml.html.document_fromstring(text.replace("\0", "").encode("utf-8", "replace"), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError, ValueError) as error:
        raise SourceError(f"This cannot be read as a web page: {error}.", place=place, fix="Save it again.") from error


def _title(root: lxml.html.HtmlElement) -> str:
    heading = root.find(".//h1")
    words = heading.text_content() if heading is not None else (root.findtext(".//title") or "")
    return str(words)


def _main_part(root: lxml.html.HtmlElement) -> lxml.html.HtmlElement:
    for path in (".//main", ".//article", ".//body"):
        found = root.find(path)
        if found is not None and found.text_content().strip():
            return found
    return root


def _printable(words: str) -> str:
    return one_line("".join(character if character.isprintable() else " " for character in words)).replace("{", "(")


class _Writer:
    """Writes elements as Markdown."""

    def __init__(self, page_url: str, notes: list[str]) -> None:
        self._page_url = page_url
        self._notes = notes
        self._blocks: list[str] = []
        self._line: list[str] = []

    def written(self, element: lxml.html.HtmlElement) -> str:
        self._element(element, 0)
        self._close()
        return "\n\n".join(self._blocks)

    def _element(self, element: lxml.html.HtmlElement, depth: int) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if tag not in _LEFT_OUT and depth < _DEEPEST:
            self._writers.get(tag, _Writer._inner)(self, element, depth)
        if element.tail and depth:
            self._words(element.tail)

    def _inner(self, element: lxml.html.HtmlElement, depth: int) -> None:
        is_block = element.tag in _BLOCKS
        if is_block:
            self._close()
        self._words(element.text or "")
        for child in element:
            self._element(child, depth + 1)
        if is_block:
            self._close()

    def _heading(self, element: lxml.html.HtmlElement, _depth: int) -> None:
        self._close()
        # A number at its beginning is the story's number, and no list.
        words = re.sub(r"^\\(?=\d)", "", self._apart(element))
        # The title is the mail's own first heading, and what it says is taken from there.
        if words and element.tag != "h1":
            self._blocks.append(f"{'##' if element.tag == 'h2' else '###'} {words}")

    def _list(self, element: lxml.html.HtmlElement, _depth: int) -> None:
        self._close()
        items = [words for item in element if item.tag == "li" and (words := self._apart(item))]
        signs = (f"{number}. " if element.tag == "ol" else "- " for number in range(1, len(items) + 1))
        if items:
            self._blocks.append("\n".join(sign + words for sign, words in zip(signs, items, strict=True)))

    def _quote(self, element: lxml.html.HtmlElement, _depth: int) -> None:
        self._close()
        if words := self._apart(element):
            self._blocks.append(f"> {words}")

    def _rule(self, _element: lxml.html.HtmlElement, _depth: int) -> None:
        self._close()
        self._blocks.append("---")

    def _break(self, _element: lxml.html.HtmlElement, _depth: int) -> None:
        self._words(" ")

    def _marked(self, element: lxml.html.HtmlElement, _depth: int) -> None:
        words = self._apart(element)
        sign = _MARKS[str(element.tag)]
        self._line.append(f" {sign}{words}{sign} " if words and "*" not in words else words)

    def _link(self, element: lxml.html.HtmlElement, _depth: int) -> None:
        words, address = self._apart(element), self._address(element.get("href") or "")
        self._line.append(f"[{words}]({address})" if words and address and "](" not in words else words)

    def _image(self, element: lxml.html.HtmlElement, _depth: int) -> None:
        address = self._address(element.get("src") or "")
        if not address:
            return
        self._close()
        self._blocks.append(f"![{_escaped(one_line(element.get('alt') or ''))}]({address})")

    def _apart(self, element: lxml.html.HtmlElement) -> str:
        """Return an element's words on one line, its images left out."""
        inner = _Writer(self._page_url, self._notes)
        inner._words(element.text or "")
        for child in element:
            inner._element(child, 1)
        inner._close()
        return " ".join(" ".join(inner._blocks).split())

    def _words(self, text: str) -> None:
        self._line.append(_escaped(_SPACE.sub(" ", text)))

    def _close(self) -> None:
        words = _AT_START.sub(lambda match: f"\\{match[1]}", _SPACE.sub(" ", "".join(self._line)).strip())
        self._line.clear()
        if words:
            self._blocks.append(words)

    def _address(self, written: str) -> str:
        written = re.sub(r"\s+", "", written)
        try:
            address = urljoin(self._page_url, written) if self._page_url else written
            scheme = urlsplit(address).scheme.lower()
        except ValueError:
            return ""
        if scheme in {"http", "https", "mailto", "tel"}:
            return re.sub(r"[()<>{}\\\"'`|^]", lambda match: f"%{ord(match[0]):02X}", address)
        if not scheme and written and not written.startswith("#"):
            self._notes.append(f"“{written[:80]}” is no full address, and was left out.")
        return ""

    _writers: Mapping[str, Callable[[_Writer, lxml.html.HtmlElement, int], None]] = {
        **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), _heading),
        **dict.fromkeys(("ul", "ol"), _list),
        **dict.fromkeys(_MARKS, _marked),
        "blockquote": _quote,
        "hr": _rule,
        "br": _break,
        "a": _link,
        "img": _image,
    }


def _escaped(words: str) -> str:
    return _SPECIAL.sub(lambda match: f"\\{match[0]}", words)
