"""Which column of an imported table means what, and the person that a row describes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from subscribers.address import parse_address
from subscribers.errors import AddressError, ImportFileError, RowError
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
}
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
    others: tuple[tuple[int, str], ...]

    @classmethod
    def of(cls, header: Sequence[str], place: str) -> Columns:
        """Read a header. Raises ImportFileError where no column holds addresses."""
        plain = [_plain(cell) for cell in header]
        at = {kind: next((plain.index(name) for name in names if name in plain), -1) for kind, names in _NAMES.items()}
        if at["email"] < 0:
            raise _no_addresses(header, place)
        taken = set(at.values())
        others = _field_names((i, cell) for i, cell in enumerate(plain) if i not in taken and cell)
        return cls(len(header), at["email"], at["name"], at["first"], at["last"], at["language"], others)

    def newcomer(self, cells: Sequence[str]) -> Newcomer:
        """Return the person that a row describes. Raises AddressError or RowError with the reason."""
        if len(cells) != self.width:
            cells = self._fitted(cells)
        size = sum(map(len, cells))
        address = parse_address(cells[self.email])
        if size > LONGEST_ROW:
            raise RowError(f"its cells hold {size:,} characters; {LONGEST_ROW:,} are the most.")
        fields: dict[str, FieldValue] = {name: _one_line(cells[i]) for i, name in self.others if cells[i].strip()}
        name = self._name(cells, fields)
        language = cells[self.language].strip().replace("_", "-") if self.language >= 0 else ""
        if language and not _LANGUAGE.fullmatch(language):
            fields["language"] = _one_line(language)
            language = ""
        return Newcomer(address, name, language, fields)

    def _name(self, cells: Sequence[str], fields: dict[str, FieldValue]) -> str:
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
