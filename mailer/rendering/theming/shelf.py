"""Where themes stand. A theme is a folder: `manifest.json`, `theme.mjml`, `theme.css` and `preview.png`.

The shipped ones are in `templates/email/`; an operator's own stand in a folder beside, and can build on the shipped
`parts/`. A theme is a Jinja2 template that writes MJML. It gets two records, `page` and `look`, runs in a sandbox with
autoescape on, and can include the files of the shelf only. Themes are written in the portable subset of MJML: units on
every length, double quotes, `alt` on every image, no `mj-include`, no inline `mj-style`, no web fonts.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template, TemplateError, TemplateSyntaxError
from jinja2.exceptions import SecurityError
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailer.errors import RenderError
from mailer.folders import templates_folder
from mailer.issues.suggestion import did_you_mean
from mailer.rendering.document import Page
from mailer.rendering.mjml import LARGEST
from mailer.rendering.theming.look import Look, look_of
from mailer.settings import Inliner

MANIFEST = "manifest.json"
TEMPLATE = "theme.mjml"
_CONTENT_CSS = "parts/content.css"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_LONGEST_RANGE = 500
_LARGEST_FACTOR = 100_000


@dataclass(frozen=True, slots=True)
class Theme:
    """One theme: what its manifest says."""

    name: str
    title: str
    description: str
    folder: Path
    look: Look

    @property
    def place(self) -> str:
        """Its template, for messages."""
        return f"{self.name}/{TEMPLATE}"


class Shelf:
    """The themes of some folders; where two have the same name, the first folder's counts."""

    def __init__(self, *folders: Path, inliner: Inliner = Inliner.PREMAILER) -> None:
        """Take the folders, the shipped one first: nothing of one's own can stand in for it."""
        self._folders = folders
        self.inliner = inliner

    def names(self) -> list[str]:
        """Return the names of the themes that there are."""
        return sorted({file.parent.name for folder in self._folders for file in folder.glob(f"*/{MANIFEST}")})

    def stamp(self) -> int:
        """Return a number that changes when a theme is put on the shelf, for whoever keeps what was made of them."""
        return max((folder.stat().st_mtime_ns for folder in self._folders if folder.is_dir()), default=0)

    def theme(self, name: str) -> Theme:
        """Return a theme. Raises RenderError if there is none of that name, or if its manifest is of no use."""
        found = next((one / name for one in self._folders if (one / name / MANIFEST).is_file()), None)
        if not _NAME.fullmatch(name) or found is None or not (found / TEMPLATE).is_file():
            raise RenderError(
                f"There is no theme “{name}”.",
                place="template",
                fix=did_you_mean(name, self.names()) or f"There are: {', '.join(self.names())}.",
            )
        return read_theme(found)

    def mjml(self, theme: Theme, page: Page, look: Look) -> str:
        """Return the MJML of a page. Raises RenderError for a theme with a mistake."""
        return _written(lambda: self._environment.get_template(theme.place), theme.place, page=page, look=look)

    def css(self, theme: Theme, look: Look) -> str:
        """Return the content CSS, which is written into the elements: the shared one, then the theme's own."""
        environment = self._css_environment
        files = (_CONTENT_CSS, f"{theme.name}/theme.css")
        has_own = (theme.folder / "theme.css").is_file()
        is_shared = any((folder / _CONTENT_CSS).is_file() for folder in self._folders)
        wanted = [file for file, is_there in zip(files, (is_shared, has_own), strict=True) if is_there]
        return "\n".join(
            _written(lambda file=file: environment.get_template(file), file, look=look)  # type: ignore[misc]
            for file in wanted
        )

    @cached_property
    def _css_environment(self) -> Environment:
        # An overlay has a cache of its own, so it is kept.
        return self._environment.overlay(autoescape=False)

    @cached_property
    def _environment(self) -> _Sandbox:
        environment = _Sandbox(
            loader=FileSystemLoader(self._folders),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        environment.globals = {"range": _short_range}
        return environment


def read_theme(folder: Path) -> Theme:
    """Read a theme's manifest. Raises RenderError for one of no use."""
    place = f"{folder.name}/{MANIFEST}"
    try:
        manifest: Mapping[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        title, description = str(manifest.get("title", folder.name)), str(manifest.get("description", ""))
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        raise RenderError(f"The theme's manifest cannot be read: {error}.", place=place, fix="It is JSON.") from error
    return Theme(folder.name, title, description, folder, look_of(manifest, place=place))


@cache
def shipped() -> Shelf:
    """Return the shelf with Pressrun's own themes."""
    return Shelf(templates_folder() / "email")


@cache
def shelf_with(own_folder: Path, inliner: Inliner = Inliner.PREMAILER) -> Shelf:
    """Return the shelf with Pressrun's own themes and the operator's, which need not have any."""
    return Shelf(templates_folder() / "email", own_folder, inliner=inliner)


class _Sandbox(ImmutableSandboxedEnvironment):
    """No attribute of Python objects, and no product that could fill the memory."""

    intercepted_binops = frozenset({"*", "**"})

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply small numbers, and nothing else."""
        is_small = all(isinstance(one, int | float) and abs(one) < _LARGEST_FACTOR for one in (left, right))
        if operator == "**" or not is_small:
            raise SecurityError(f"“{operator}” is for small numbers, and only for multiplying them")
        return super().call_binop(context, operator, left, right)


def _written(template: Callable[[], Template], place: str, **records: object) -> str:
    out: list[str] = []
    size = 0
    try:
        for piece in template().generate(**records):
            size += len(piece)
            if size > LARGEST:
                raise RenderError(
                    f"The mail would have more than {LARGEST // 1024} KB of MJML, which is the most.",
                    place=place,
                    fix="Shorten the issue, or send it as two.",
                )
            out.append(piece)
    except TemplateSyntaxError as error:
        where = f"{error.name or place}:{error.lineno}"
        raise RenderError(f"The theme has a mistake: {error.message}.", place=where) from error
    except (TemplateError, SecurityError, TypeError, ValueError, OverflowError, RecursionError) as error:
        raise RenderError(f"The theme cannot be used: {error}.", place=place) from error
    return "".join(out)


def _short_range(*bounds: int) -> range:
    numbers = range(*bounds)
    if len(numbers) > _LONGEST_RANGE:
        raise SecurityError(f"a range of {len(numbers)}; {_LONGEST_RANGE} is the most")
    return numbers
