"""The pictures that lie beside a source's file: found by the names in it, taken in, and named by their content."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from urllib.parse import unquote

from mailer.errors import SourceError
from mailer.issues.assets.asset import LARGEST_FILE, MEDIA_TYPES, Asset, asset_name, asset_names
from mailer.issues.assets.preparing import LARGEST_PICTURE, prepare_picture

_PICTURES = frozenset({".gif", ".jpeg", ".jpg", ".png", ".webp"})
_IN_MARKDOWN = re.compile(r"!\[(?:[^\]\\]|\\.)*\]\(\s*(?:<(?P<angled>[^>\n]+)>|(?P<bare>[^\s()<>]+))")
_IN_MARKUP = re.compile(
    r"""<(?:img|mj-image|mj-hero|mj-section|mj-wrapper)\b[^>]*?\b(?:src|background-url)\s*=\s*["'](?P<quoted>[^"']+)["']"""
)
_ELSEWHERE = re.compile(r"[a-z][a-z0-9+.-]*:|/|#|\\", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Gathered:
    """A source with its pictures taken in."""

    source: str
    assets: tuple[tuple[Asset, bytes], ...]
    notes: tuple[str, ...]


def gather(source: str, folder: Path, *, place: str, now: datetime) -> Gathered:
    """Return the source with a name for each picture that lies in the folder or below.

    What is not there is noted, and stays as it is. Raises SourceError for a picture of no use.
    """
    taken: dict[str, tuple[Asset, bytes]] = {}
    notes: list[str] = []
    out, end = [], 0
    for start, stop, written in _references(source):
        path = _beside(folder, written)
        line = source.count("\n", 0, start) + 1
        if path is None:
            notes.append(f"The picture “{written}” (line {line}) does not lie beside {place}; give its full address.")
            continue
        if written not in taken:
            taken[written] = read_asset(path, now=now)
        out += [source[end:start], taken[written][0].reference]
        end = stop
    return Gathered("".join((*out, source[end:])), tuple(taken.values()), tuple(notes))


def gather_attachments(
    attachments: str, folder: Path, *, place: str, now: datetime
) -> tuple[str, list[tuple[Asset, bytes]]]:
    """Return the references of the files named, and those that were taken in from the folder.

    Raises SourceError for one that is not there: a mail that promises a file should have it.
    """
    references: list[str] = []
    taken: list[tuple[Asset, bytes]] = []
    for written in filter(None, (one.strip() for one in attachments.split(","))):
        if asset_names(written):
            references.append(written)
            continue
        path = _beside(folder, written)
        if path is None:
            raise SourceError(
                f"The attachment “{written[:80]}” does not lie beside it.", place=place, fix="Put the file there."
            )
        taken.append(read_asset(path, now=now))
        references.append(taken[-1][0].reference)
    return ", ".join(references), taken


def read_asset(path: Path, *, now: datetime) -> tuple[Asset, bytes]:
    """Read a picture, or another file that may go with a mail. Raises SourceError for anything else."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_PICTURE + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SourceError(f"The file cannot be read ({reason}).", place=str(path), fix="Check its name.") from error
    return asset_of(data, path.name, place=str(path), now=now)


def asset_of(data: bytes, file_name: str, *, place: str, now: datetime) -> tuple[Asset, bytes]:
    """Return the asset that a file's bytes make, and the bytes to keep. Raises SourceError for what is of no use."""
    suffix = Path(file_name).suffix.lower()
    shown = "".join(one for one in Path(file_name).name if one.isprintable() and one not in '"\\')[:100]
    if suffix in _PICTURES:
        picture = prepare_picture(data, place=place)
        name = asset_name(picture.data, picture.ending)
        size = (picture.width, picture.height)
        asset = Asset(name=name, file_name=shown, length=len(picture.data), width=size[0], height=size[1], added=now)
        return asset, picture.data
    if suffix.removeprefix(".") not in MEDIA_TYPES:
        raise SourceError(
            f"A mail cannot carry a file of this kind ({suffix or 'without an ending'}).",
            place=place,
            fix=f"There are: {', '.join(sorted({one.removeprefix('.') for one in (*_PICTURES, *MEDIA_TYPES)}))}.",
        )
    if len(data) > LARGEST_FILE:
        raise SourceError(
            f"The file has more than {LARGEST_FILE >> 20} MB.", place=place, fix="Put it on the web, and link to it."
        )
    ending = suffix.removeprefix(".")
    return Asset(name=asset_name(data, ending), file_name=shown, length=len(data), added=now), data


def _references(source: str) -> Iterator[tuple[int, int, str]]:
    """Yield where a source names a file of its own folder, and how, from top to bottom."""
    found = [*_IN_MARKDOWN.finditer(source), *_IN_MARKUP.finditer(source)]
    for match in sorted(found, key=re.Match.start):
        group = match.lastgroup or ""
        written = match[group]
        is_picture = Path(unquote(written)).suffix.lower() in _PICTURES
        if is_picture and not _ELSEWHERE.match(written) and "{{" not in written:
            yield match.start(group), match.end(group), written


def _beside(folder: Path, written: str) -> Path | None:
    """Return the file of that name in the folder or below, or None: nothing outside is ever read."""
    root = folder.resolve()
    try:
        path = (root / unquote(written)).resolve()
        return path if path.is_relative_to(root) and path.is_file() else None
    except (OSError, ValueError):
        return None
