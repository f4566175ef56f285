"""Which column of an imported table means what, and the person that a row describes."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from difflib import get_close_matches

from subscribers.address import parse_address
from subscribers.errors import AddressError, FieldError, ImportFileError, RowError
from subscribers.fields import Field, read_value
from subscribers.imports.elsewhere import Elsewhere, recognise
from subscribers.subscriber import FieldValue, Newcomer

LONGEST_ROW = 4_000
"""Characters in all cells of a row; a person's record must stay small for everyone in its bucket."""

# Names as they are after `_plain`: lower case, words apart. The first one found in the header wins.
_NAMES = {
    "email": (
        "email",
        "e mail",
        "email address",
        "e mail address",
        "subscriber email",
        "emailaddress",
        "mail",
        "e mail adresse",
        "adresse e mail",
        "correo electrónico",
        "邮箱",
        "电子邮箱",
        "电子邮件",
        "邮箱地址",
        "address",
    ),
    "name": ("name", "full name", "fullname", "display name", "姓名", "名字"),
    "first": ("first name", "firstname", "given name", "fname", "first", "vorname", "prénom", "名"),
    "last": ("last name", "lastname", "family name", "surname", "lname", "last", "nachname", "姓"),
    "language": ("language", "lang", "locale", "sprache", "langue", "语言"),
    "tags": ("tags", "labels", "schlagwörter", "标签"),
}
_LONGEST_TAG = 60
_OURS = frozenset({"rejected line", "rejected because"})  # of a file of rejected rows
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{1,8})*")
_JOINERS = "\u200c\u200d"  # part of how Persian and Indic names are written
_HAN = re.compile(r"[\u3400-\u9fff]+")


@dataclass(frozen=True, slots=True)
class Columns:
    """The places of the columns in a row; -1 where the table has none."""

    width: int
    email: int
    name: int
    first: int
    last: int
    language: int
    tags: int
    others: tuple[tuple[int, str], ...]
    objects: tuple[int, ...] = ()
    """Columns with JSON objects, whose entries become fields."""
    left: tuple[tuple[int, frozenset[str]], ...] = ()
    """Columns that say of whom they say so that they left; an empty set means: any text."""
    declared: Mapping[str, Field] = dataclass_field(default_factory=dict)
    elsewhere: str = ""
    """The system that the table comes from, or empty."""
    notes: tuple[str, ...] = ()
    """What people should know: which of several columns was taken."""

    @classmethod
    def of(
        cls,
        header: Sequence[str],
        place: str,
        *,
        declared: Mapping[str, Field] | None = None,
        mapping: Mapping[str, str] | None = None,
    ) -> Columns:
        """Read a header. Raises ImportFileError where no column holds addresses.

        `mapping` says of columns, by their headings, what they are: `email`, `name`, `first`, `last`, `language`,
        `tags`, another field's name, or nothing for a column to leave out.
        """
        plain = [_plain(cell) for cell in header]
        meant = {_plain(heading): kind for heading, kind in (mapping or {}).items()}
        _check_mapping(meant, plain, place)
        system = recognise(plain)
        at = {kind: _place(kind, plain, meant) for kind in _NAMES}
        if at["email"] < 0:
            raise _no_addresses(header, place)
        objects = tuple(i for i, cell in enumerate(plain) if cell in system.objects)
        left = [(i, system.left.get(cell, frozenset())) for i, cell in enumerate(plain) if _tells_leaving(system, cell)]
        taken = {*at.values(), *objects}
        rest = ((i, meant.get(cell, "" if cell in system.ignored | _OURS else cell)) for i, cell in enumerate(plain))
        others = _field_names((i, name) for i, name in rest if i not in taken and name)
        return cls(
            width=len(header),
            email=at["email"],
            name=at["name"],
            first=at["first"],
            last=at["last"],
            language=at["language"],
            tags=at["tags"],
            others=others,
            objects=objects,
            left=tuple(left),
            declared=declared or {},
            elsewhere=system.name,
            notes=tuple(_doubts(header, plain, meant, at, dict(others))),
        )

    def newcomer(self, cells: Sequence[str]) -> Newcomer:
        """Return the person that a row describes. Raises AddressError or RowError with the reason."""
        if len(cells) != self.width:
            cells = self._fitted(cells)
        size = sum(map(len, cells))
        address = parse_address(cells[self.email])
        if size > LONGEST_ROW:
            raise RowError(f"its cells hold {size:,} characters; {LONGEST_ROW:,} are the most.")
        fields: dict[str, FieldValue] = {name: _one_line(cells[i]) for i, name in self.others if cells[i].strip()}
        for i in self.objects:
            fields |= _entries(cells[i])
        if self.declared:
            self._read_declared(fields)
        name = self._name(cells, fields)
        language = cells[self.language].strip().replace("_", "-") if self.language >= 0 else ""
        if language and not _LANGUAGE.fullmatch(language):
            fields["language"] = _one_line(language)
            language = ""
        return Newcomer(address, name, language, fields, _tags(cells[self.tags]) if self.tags >= 0 else ())

    def has_left(self, cells: Sequence[str]) -> bool:
        """Whether the row says that the person left, where the table comes from."""
        for i, words in self.left:
            text = cells[i].strip().casefold() if i < len(cells) else ""
            if text and (text in words or not words):
                return True
        return False

    def _read_declared(self, fields: dict[str, FieldValue]) -> None:
        for name, text in fields.items():
            if field := self.declared.get(name):
                try:
                    fields[name] = read_value(field, str(text))
                except FieldError as error:
                    raise RowError(str(error)) from error

    def _name(self, cells: Sequence[str], fields: dict[str, FieldValue]) -> str:
        if self.first < 0 and self.last < 0:
            return _one_line(cells[self.name]) if self.name >= 0 else ""
        whole, first, last = (_one_line(cells[i]) if i >= 0 else "" for i in (self.name, self.first, self.last))
        if not whole and first and last:
            whole = last + first if _HAN.fullmatch(last + first) else f"{first} {last}"
        whole = whole or first or last
        # The greeting uses the first word of the name, unless that is not what the person is called.
        if first and first != whole.split()[0]:
            fields["first_name"] = first
        return whole

    def _fitted(self, cells: Sequence[str]) -> list[str]:
        if any(cell.strip() for cell in cells[self.width :]):
            raise RowError(
                f"it has {len(cells)} cells and the header {self.width}: a cell with the delimiter in it needs quotes."
            )
        return [*cells[: self.width], *[""] * (self.width - len(cells))]


def _place(kind: str, plain: Sequence[str], meant: Mapping[str, str]) -> int:
    """Return where the column of this kind is, -1 where it is not: as the mapping says, else by its name."""
    mapped = [i for i, cell in enumerate(plain) if meant.get(cell) == kind]
    if mapped:
        return mapped[0]
    return next((plain.index(name) for name in _NAMES[kind] if name in plain and name not in meant), -1)


def _doubts(
    header: Sequence[str],
    plain: Sequence[str],
    meant: Mapping[str, str],
    at: Mapping[str, int],
    names: Mapping[int, str],
) -> Iterator[str]:
    """Say which column was taken where several could be meant, and what becomes of the others."""
    for kind, place in at.items():
        mapped = {heading for heading, what in meant.items() if what == kind}
        alike = mapped or {name for name in _NAMES[kind] if name not in meant}
        # Only addresses may stand under many names; of the rest, one name twice is a doubt.
        rivals = [i for i, cell in enumerate(plain) if cell in alike and (kind == "email" or cell == plain[place])]
        for other in rivals:
            if place >= 0 and other != place:
                first, second = (f"{i + 1} (“{header[i].strip()}”)" for i in (place, other))
                kept = f"is kept as the field {names[other]}" if other in names else "is left out"
                what = _WHAT.get(kind, kind)
                yield (
                    f"Columns {first} and {second} could both hold the {what}: the first was taken, the other {kept}. "
                    "Use --map to choose."
                )


_WHAT = {"email": "addresses", "name": "names", "first": "first names", "last": "last names", "language": "languages"}


def _check_mapping(meant: Mapping[str, str], plain: Sequence[str], place: str) -> None:
    for heading in meant:
        if heading not in plain:
            near = next(iter(get_close_matches(heading, plain, n=1)), "")
            hint = f"Did you mean “{near}”?" if near else f"There are {', '.join(plain[:10])}."
            raise ImportFileError(f"There is no column “{heading}”.", place=place, fix=hint)


def _tells_leaving(system: Elsewhere, cell: str) -> bool:
    return cell in system.left or cell in system.left_if_filled


def _tags(text: str) -> tuple[str, ...]:
    words = (_one_line(word).strip("\"' []") for word in re.split(r"[,;|]", text))
    return tuple(sorted({word[:_LONGEST_TAG] for word in words if word}))


def _entries(text: str) -> dict[str, FieldValue]:
    """Return the entries of a JSON object as texts; the text itself as a note where it is none."""
    try:
        found = json.loads(text) if text.strip() else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        return {"note": _one_line(text)}
    flat = {}
    for name, value in found.items():
        if value is None or value in ("", [], {}):
            continue
        flat[_plain(str(name)).replace(" ", "_") or "note"] = _one_line(_as_text(value))
    return dict(flat)


def _as_text(value: object) -> str:
    match value:
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(_as_text, value))
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case _:
            return str(value)


def _no_addresses(header: Sequence[str], place: str) -> ImportFileError:
    if any(_is_address(cell) for cell in header):
        return ImportFileError(
            "The first line holds an address, where the names of the columns should be.",
            place=place,
            fix="Put a line above it, such as `email,name`.",
        )
    shown = ", ".join(f"“{cell.strip()[:40]}”" for cell in header[:10])
    return ImportFileError(
        f"No column holds email addresses; there are {shown}.", place=place, fix="Name that column `email`."
    )


def _is_address(text: str) -> bool:
    try:
        parse_address(text)
    except AddressError:
        return False
    return True


def _field_names(cells: Iterable[tuple[int, str]]) -> tuple[tuple[int, str], ...]:
    """Name the fields of the other columns; the second of two columns with one name gets a number."""
    seen: Counter[str] = Counter()
    named = []
    for i, cell in cells:
        name = cell.replace(" ", "_")
        seen[name] += 1
        named.append((i, name if seen[name] == 1 else f"{name}_{seen[name]}"))
    return tuple(named)


def _plain(cell: str) -> str:
    return " ".join(re.split(r"[\W_]+", cell.casefold())).strip()


def _one_line(text: str) -> str:
    """Return the text without line breaks and other control characters, which have no place in a header of a mail."""
    text = text.strip()
    if text.isprintable():
        return text
    return " ".join("".join(c if c.isprintable() or c in _JOINERS else " " for c in text).split())
