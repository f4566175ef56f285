"""Themes: `templates/email/<name>.mjml` (Jinja2 that writes MJML) and `<name>.css` (content CSS, inlined).

A theme gets one record, `page`. It runs in a sandbox with autoescape on, and can include files of its own folder only.
Themes are written in the portable subset of MJML: units on every length, double quotes, `alt` on every image, no
`mj-include`, no inline `mj-style`, no web fonts.
"""

from __future__ import annotations

import re
from functools import cache

from jinja2 import FileSystemLoader, StrictUndefined, TemplateError, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from mailer.errors import RenderError
from mailer.folders import templates_folder
from mailer.rendering.document import Page

_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")


def theme_names() -> list[str]:
    """Return the names of the themes that there are."""
    return sorted(file.stem for file in (templates_folder() / "email").glob("*.mjml"))


def render_theme(name: str, page: Page) -> str:
    """Return the MJML of a page in a theme. Raises RenderError for an unknown theme or one with a mistake."""
    _check(name)
    try:
        return _environment().get_template(f"{name}.mjml").render(page=page)
    except TemplateSyntaxError as error:
        place = f"{theme_file(name)}:{error.lineno}"
        raise RenderError(f"The theme has a mistake: {error.message}.", place=place) from error
    except TemplateError as error:
        raise RenderError(f"The theme cannot be used: {error}.", place=theme_file(name)) from error


def content_css(name: str) -> str:
    """Return a theme's content CSS."""
    _check(name)
    file = templates_folder() / "email" / f"{name}.css"
    return file.read_text(encoding="utf-8") if file.is_file() else ""


def theme_file(name: str) -> str:
    """Return a theme's file, for messages."""
    return f"templates/email/{name}.mjml"


def _check(name: str) -> None:
    if not _NAME.fullmatch(name) or not (templates_folder() / "email" / f"{name}.mjml").is_file():
        raise RenderError(
            f"There is no theme “{name}”.", place="template", fix=f"There are: {', '.join(theme_names())}."
        )


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(templates_folder() / "email"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
