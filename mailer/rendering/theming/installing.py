"""A theme of one's own, from a folder or a zip file, onto the operator's shelf.

Nothing of a theme runs: it is templates in a sandbox, and its manifest is read before it is kept. Nothing in a zip
can land outside its own folder (no `..`, no absolute path, no link), and a small file that unpacks to a huge one is
refused before it is unpacked.
"""

from __future__ import annotations

import re
import shutil
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from mailer.errors import RenderError
from mailer.rendering.theming.proving import prove
from mailer.rendering.theming.shelf import MANIFEST, TEMPLATE, Shelf, Theme, read_theme, shelf_with

MOST_FILES = 60
LARGEST_THEME = 4 * 1024 * 1024
"""Bytes, unpacked."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_KINDS = frozenset({".mjml", ".css", ".json", ".png", ".jpg", ".jpeg", ".gif", ".md", ".txt", ""})


def install_theme(source: Path, shelf_folder: Path, *, shipped: Shelf) -> Theme:
    """Copy a theme to the shelf, in place of an earlier one of its name, and return it.

    Its name is that of the folder (or of the zip file, if that has no folder in it). Raises RenderError for anything
    that is no theme, for a shipped theme's name, for what could do harm, and where the sample issue cannot be compiled
    in it; then nothing has changed.
    """
    with TemporaryDirectory(prefix="theme-") as workshop:
        folder = _unpacked(source, Path(workshop)) if source.is_file() else source
        name = folder.name
        if not _NAME.fullmatch(name) or name in shipped.names() or name == "parts":
            raise _refusal(f"A theme cannot be called “{name[:60]}”.", source, "Use another name of a–z, 0–9 and “-”.")
        files = list(_checked_files(folder, source))
        if not {MANIFEST, TEMPLATE} <= {str(file) for file in files}:
            raise _refusal(f"A theme needs {MANIFEST} and {TEMPLATE}.", source, "Put them into one folder.")
        read_theme(folder)
        ready = Path(workshop) / "ready" / name
        for file in files:
            (ready / file).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(folder / file, ready / file)
        prove(name, shelf_with(ready.parent))
        return _put(ready, shelf_folder)


def _put(ready: Path, shelf_folder: Path) -> Theme:
    """Move a theme to its place. A crash between the two renames leaves the earlier one beside, as `.old-…`."""
    target, aside = shelf_folder / ready.name, shelf_folder / f".old-{ready.name}"
    shelf_folder.mkdir(parents=True, exist_ok=True)
    shutil.rmtree(aside, ignore_errors=True)
    fresh = shelf_folder / f".new-{ready.name}"
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(ready, fresh)
    if target.is_dir():
        target.rename(aside)
    fresh.rename(target)
    shutil.rmtree(aside, ignore_errors=True)
    return read_theme(target)


def _checked_files(folder: Path, source: Path) -> Iterator[PurePosixPath]:
    size = count = 0
    for file in sorted(folder.rglob("*")):
        if file.is_symlink():
            raise _refusal(f"{file.name} is a link.", source, "Put the file itself there.")
        if not file.is_file():
            continue
        size, count = size + file.stat().st_size, count + 1
        if size > LARGEST_THEME or count > MOST_FILES:
            raise _too_much(source)
        if file.suffix.lower() not in _KINDS:
            raise _refusal(f"{file.name} is nothing that a theme is made of.", source, "Leave it out.")
        yield PurePosixPath(file.relative_to(folder).as_posix())


def _unpacked(source: Path, workshop: Path) -> Path:
    """Unpack a zip file, and return the theme's folder."""
    try:
        with zipfile.ZipFile(source) as archive:
            entries = [entry for entry in archive.infolist() if not entry.is_dir()]
            if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_THEME:
                raise _too_much(source)
            root = workshop / "unpacked" / source.stem
            for entry in entries:
                _unpack(archive, entry, root, source)
    except (zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, EOFError) as error:
        raise _refusal(
            f"It is no zip file that can be read: {error}.", source, "Pack the theme's folder again."
        ) from error
    if not root.is_dir():
        raise _refusal("It is empty.", source, "Pack the theme's folder again.")
    inner = list(root.iterdir())
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else root


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, root: Path, source: Path) -> None:
    path = PurePosixPath(entry.filename.replace("\\", "/"))
    is_link = stat.S_ISLNK(entry.external_attr >> 16)
    if path.is_absolute() or ".." in path.parts or ":" in entry.filename or is_link or "\0" in entry.filename:
        raise _refusal(f"“{entry.filename[:60]}” points outside.", source, "Pack the theme's folder again.")
    target = root / path
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as packed:
        # What the directory says of a file's size may be a lie.
        content = packed.read(LARGEST_THEME + 1)
    if len(content) > LARGEST_THEME:
        raise _too_much(source)
    target.write_bytes(content)


def _too_much(source: Path) -> RenderError:
    return _refusal(
        f"A theme has at most {MOST_FILES} files and {LARGEST_THEME // 2**20} MB.",
        source,
        "Leave out what it can do without.",
    )


def _refusal(message: str, source: Path, fix: str) -> RenderError:
    return RenderError(message, place=source.name, fix=fix)
