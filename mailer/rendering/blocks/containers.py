"""Typed blocks: what stands between `::: name` and `:::`.

    ::: hero                    picture, heading, words, button
    ::: story kicker="Ports"    picture, heading, words, a link alone: a story without a `##` of its own
    ::: button                  one link
    ::: columns                 two or three columns, parted by `---`
    ::: image decorative        one image; words under it are its caption
    ::: quote                   somebody's words; a last paragraph that begins with “—” says whose
    ::: table                   a table; a paragraph before it is its caption
    ::: divider                 nothing
    ::: social                  links
    ::: links                   links side by side; a paragraph before them is the question
    ::: product price="12 €"    picture, heading, words, button
    ::: footnotes               nothing; the notes stand here rather than at the end
    ::: mjml                    MJML sections

A block within another one needs the outer one to have more colons. Every mistake is an error with its line.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from markdown_it.token import Token
from markupsafe import Markup

from mailer.errors import RenderError
from mailer.issues.suggestion import did_you_mean
from mailer.rendering.blocks.flow import elements, flow, line_of, lone_image, lone_link, rendered
from mailer.rendering.document import (
    Block,
    Button,
    Choice,
    Columns,
    Hero,
    LinkRow,
    Notes,
    Picture,
    Product,
    Quote,
    Rule,
    Social,
    Table,
)
from mailer.rendering.markup.rawmjml import raw_mjml
from mailer.rendering.text import inline_text, prose_text

_WORD = re.compile(
    r"""[ \t]*(?P<key>[A-Za-z][\w-]*)(?:=(?:"(?P<double>[^"\n]*)"|'(?P<single>[^'\n]*)'|(?P<bare>\S+)))?"""
)
_DASH = re.compile(r"\s*(?:—|–|--)\s*")
_MOST_COLUMNS = 3
_OPTIONS: Mapping[str, frozenset[str]] = {
    "hero": frozenset(),
    "story": frozenset({"kicker"}),
    "button": frozenset(),
    "columns": frozenset(),
    "image": frozenset({"decorative"}),
    "quote": frozenset(),
    "table": frozenset(),
    "divider": frozenset(),
    "social": frozenset(),
    "links": frozenset(),
    "product": frozenset({"price"}),
    "footnotes": frozenset(),
    "mjml": frozenset(),
}
NAMES = tuple(_OPTIONS)
_HOLD_CONDITIONS = frozenset({"hero", "story", "product"})


class Containers:
    """Reads the typed blocks of one source."""

    def __init__(self, source: str, notes: Notes | None, *, place: str) -> None:
        """`notes` are the source's footnotes; `place` names it in errors."""
        self._lines = source.split("\n")
        self._notes = notes
        self._place = place
        self.are_notes_placed = False
        self._readers: Mapping[str, Callable[[Sequence[Token], dict[str, str], int], Block]] = {
            "hero": self._hero,
            "button": self._button,
            "columns": self._columns,
            "image": self._image,
            "quote": self._quote,
            "table": self._table,
            "divider": self._divider,
            "social": self._social,
            "links": self._links,
            "product": self._product,
            "mjml": self._mjml,
        }

    def read(self, element: Sequence[Token]) -> Block | None:
        """Return the block between `:::` and `:::`; None for footnotes where there are none."""
        name, options, line = self.opening(element)
        inner = element[1:-1]
        if name not in _HOLD_CONDITIONS and any(token.type == "control" for token in inner):
            raise self._error(f"A condition cannot stand between lines of “{name}”.", line, "Put it around the block.")
        if name == "footnotes":
            self._expect(
                not inner, "Footnotes are written as [^1]: … elsewhere; this only says where they stand.", line
            )
            self.are_notes_placed = True
            return self._notes
        if name == "story":
            raise self._error(
                "A story cannot stand within another block.", line, "Close the block before it with “:::”."
            )
        return self._readers[name](inner, options, line)

    def opening(self, element: Sequence[Token]) -> tuple[str, dict[str, str], int]:
        """Return a block's name, its options and its line, and make sure that it is closed."""
        line = line_of(element[0])
        end = element[0].map[1] if element[0].map else line
        name, options = self._words(element[0].info, line)
        closing = self._lines[end].strip() if end < len(self._lines) else ""
        if name not in _OPTIONS:
            raise self._error(
                f"There is no block “{name}”." if name else "“:::” closes nothing here.",
                line,
                did_you_mean(name, NAMES) or f"There are: {', '.join(NAMES)}.",
            )
        if len(closing) < 3 or closing.strip(":"):
            raise self._error(f"“::: {name}” is never closed.", line, "Write “:::” on a line of its own below it.")
        for option in options:
            if option not in _OPTIONS[name]:
                known = ", ".join(sorted(_OPTIONS[name]))
                fix = did_you_mean(option, _OPTIONS[name]) or (f"There is: {known}." if known else "It has none.")
                raise self._error(f"“{name}” has no option “{option}”.", line, fix)
        return name, options, line

    def inner_flow(self, tokens: Sequence[Token]) -> tuple[Block, ...]:
        """Return the blocks within a block; its conditions must end where they begin, in here."""
        blocks = flow(tokens, self.read)
        for block in blocks:
            if block.kind in {"hero", "columns", "product", "mjml"}:
                raise self._error(
                    f"“{block.kind}” takes the whole width, and cannot stand within another block.",
                    block.line,
                    "Close the outer block before it.",
                )
        return blocks

    def head_and_flow(
        self, tokens: Sequence[Token]
    ) -> tuple[Picture | None, tuple[Markup, str], tuple[Block, ...], str]:
        """Return picture, heading, the blocks after it, and the words of a paragraph before the heading."""
        picture: Picture | None = None
        heading = (Markup(), "")
        kicker = ""
        rest: list[Token] = []
        parts = elements(tokens)
        has_heading = any(part[0].type == "heading_open" for part in parts)
        for part in parts:
            if picture is None and not rest and lone_image(part):
                picture = lone_image(part)
            elif part[0].type == "heading_open" and not heading[1] and not rest:
                heading = (rendered([part[1]]), inline_text(part[1], with_links=False))
            elif has_heading and not heading[1] and not rest and part[0].type == "paragraph_open":
                kicker = inline_text(part[1], with_links=False)
            else:
                rest.extend(part)
        return picture, heading, self.inner_flow(rest), kicker

    def _hero(self, inner: Sequence[Token], _options: dict[str, str], line: int) -> Block:
        picture, heading, blocks, _ = self.head_and_flow(inner)
        self._expect(bool(picture or heading[1]), "A hero needs a heading or an image.", line)
        return Hero(picture, *heading, blocks, line)

    def _product(self, inner: Sequence[Token], options: dict[str, str], line: int) -> Block:
        picture, heading, blocks, _ = self.head_and_flow(inner)
        self._expect(bool(heading[1]), "A product needs its name as a heading: “### Name”.", line)
        return Product(picture, *heading, options.get("price", ""), blocks, line)

    def _button(self, inner: Sequence[Token], _options: dict[str, str], line: int) -> Block:
        link = lone_link(inner) if len(elements(inner)) == 1 else None
        if link is None:
            raise self._error("A button is one link, and nothing else.", line, "Write [Words](https://…) in it.")
        return Button(link[0], link[1], line)

    def _columns(self, inner: Sequence[Token], _options: dict[str, str], line: int) -> Block:
        columns: list[list[Token]] = [[]]
        for part in elements(inner):
            if part[0].type == "hr":
                columns.append([])
            else:
                columns[-1].extend(part)
        filled = tuple(self.inner_flow(column) for column in columns)
        self._expect(
            2 <= len(filled) <= _MOST_COLUMNS and all(filled),
            f"Columns are two or three, parted by “---”; here are {sum(1 for one in filled if one)}.",
            line,
        )
        return Columns(filled, line)

    def _image(self, inner: Sequence[Token], options: dict[str, str], line: int) -> Block:
        parts = elements(inner)
        picture = lone_image(parts[0]) if parts else None
        is_captioned = len(parts) == 2 and parts[1][0].type == "paragraph_open"
        if picture is None or (len(parts) > 1 and not is_captioned):
            raise self._error(
                "An image block holds one image, and perhaps one paragraph under it.",
                line,
                "Write ![Words](https://…).",
            )
        alt = "" if "decorative" in options else picture.alt
        caption = inline_text(parts[1][1], with_links=False) if is_captioned else ""
        return Picture(picture.address, alt, picture.url, picture.line, caption)

    def _quote(self, inner: Sequence[Token], _options: dict[str, str], line: int) -> Block:
        parts = elements(inner)
        source = ""
        if len(parts) > 1 and parts[-1][0].type == "paragraph_open":
            words = inline_text(parts[-1][1], with_links=False)
            if dash := _DASH.match(words):
                source, parts = words[dash.end() :], parts[:-1]
        said = [token for part in parts for token in part]
        self._expect(bool(prose_text(said).strip()), "A quote needs words.", line)
        return Quote(rendered(said), prose_text(said), source, line)

    def _table(self, inner: Sequence[Token], _options: dict[str, str], line: int) -> Block:
        parts = elements(inner)
        tables = [part for part in parts if part[0].type == "table_open"]
        captions = [part for part in parts if part[0].type == "paragraph_open"]
        if len(tables) != 1 or len(captions) > 1 or len(parts) > 2:
            raise self._error("A table block holds one table, and perhaps one paragraph.", line, "Write | a | b |.")
        caption = inline_text(captions[0][1], with_links=False) if captions else ""
        return Table(caption, rendered(tables[0]), prose_text(tables[0]), line)

    def _divider(self, inner: Sequence[Token], _options: dict[str, str], line: int) -> Block:
        self._expect(not inner, "A divider holds nothing.", line)
        return Rule(line)

    def _social(self, inner: Sequence[Token], _options: dict[str, str], line: int) -> Block:
        _, choices = self._question_and_choices(inner, line)
        return Social(choices, line)

    def _links(self, inner: Sequence[Token], _options: dict[str, str], line: int) -> Block:
        return LinkRow(*self._question_and_choices(inner, line), line)

    def _mjml(self, inner: Sequence[Token], _options: dict[str, str], line: int) -> Block:
        end = line
        while self._lines[end].strip().strip(":") or len(self._lines[end].strip()) < 3:
            end += 1
        return raw_mjml("\n".join(self._lines[line:end]), line, place=self._place)

    def _question_and_choices(self, inner: Sequence[Token], line: int) -> tuple[str, tuple[Choice, ...]]:
        parts = [part for part in elements(inner) if part[0].type == "paragraph_open" and not _links_in(part)]
        choices = tuple(Choice(*link) for link in _links_in(inner))
        self._expect(bool(choices), "This block is a list of links: “- [Words](https://…)”.", line)
        return " ".join(inline_text(part[1]) for part in parts), choices

    def _words(self, info: str, line: int) -> tuple[str, dict[str, str]]:
        words: dict[str, str] = {}
        position, info = 0, info.strip()
        while position < len(info):
            match = _WORD.match(info, position)
            if match is None:
                raise self._error(f"“{info[:60]}” cannot be read.", line, 'Write ::: name, or ::: name option="words".')
            words[match["key"].lower()] = match["double"] or match["single"] or match["bare"] or ""
            position = match.end()
        name = next(iter(words), "")
        return name, {key: value for key, value in words.items() if key != name}

    def _expect(self, is_right: bool, message: str, line: int) -> None:
        if not is_right:
            raise self._error(message, line, "See “Typed blocks” in the manual.")

    def _error(self, message: str, line: int, fix: str) -> RenderError:
        return RenderError(message, place=f"{self._place}:{line}", fix=fix)


def _links_in(tokens: Sequence[Token]) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    for token in tokens:
        children = token.children or []
        opened = -1
        for index, child in enumerate(children):
            if child.type == "link_open":
                opened = index
            elif child.type == "link_close":
                words = "".join(one.content for one in children[opened + 1 : index]).strip()
                found.append((words, str(children[opened].attrGet("href") or "")))
    return found
