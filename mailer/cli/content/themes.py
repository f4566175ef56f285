"""`pressrun themes`: what mails look like; Pressrun's own themes, and those of the operator."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, table
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.issues.newsletter import Newsletter
    from mailer.rendering.theming.shelf import Theme
    from mailer.settings import Settings

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Themes: what mails look like."
)


@app.command("list")
def list_themes(as_json: AsJson = False) -> None:
    """List the themes that there are."""
    from mailer.rendering.theming.shelf import shelf_with
    from mailer.settings import load_settings

    settings = load_settings()
    shelf = shelf_with(settings.themes_folder, settings.inliner)
    themes = [shelf.theme(name) for name in shelf.names()]
    rows = ((one.name, _origin(one, settings), one.description) for one in themes)
    facts = [
        {"name": one.name, "title": one.title, "description": one.description, "origin": _origin(one, settings)}
        for one in themes
    ]
    answer(facts, table(("theme", "from", "for"), rows, empty="There are no themes."), as_json=as_json)


@app.command()
def add(
    source: Annotated[Path, typer.Argument(metavar="FOLDER|ZIP", help="manifest.json, theme.mjml and what they need.")],
    as_json: AsJson = False,
) -> None:
    """Put a theme of your own on the shelf, in place of an earlier one of its name.

    It is kept only if the sample issue can be compiled in it. Do this on every machine that runs web pages or commands.
    """
    from mailer.errors import SourceError
    from mailer.rendering.theming.installing import install_theme
    from mailer.rendering.theming.shelf import shipped
    from mailer.settings import load_settings

    if not source.exists():
        raise SourceError("There is no such folder or zip file.", place=str(source), fix="Check its name.")
    theme = install_theme(source, load_settings().themes_folder, shipped=shipped())
    facts = {"name": theme.name, "title": theme.title, "folder": theme.folder}
    answer(facts, [f"Theme {theme.name} can be used: `pressrun themes preview {theme.name}`."], as_json=as_json)


@app.command()
def preview(
    name: Annotated[str, typer.Argument(metavar="THEME", help="Its name, such as magazine.")],
    newsletter: Annotated[str, typer.Option(help="In the look of this newsletter.", metavar="SLUG")] = "",
    out: Annotated[
        Path | None, typer.Option(help="The folder to write to; else the home folder's `previews`.", metavar="DIR")
    ] = None,
    is_opened: Annotated[bool, typer.Option("--open", help="Show it in the browser.")] = False,
    as_json: AsJson = False,
) -> None:
    """Write a page that shows the sample issue in a theme: light and dark, wide and narrow."""
    from mailer.settings import load_settings

    settings = load_settings()

    async def story(press: Press) -> Newsletter:
        return await press.newsletters.get(newsletter)

    page = _sheet(name, settings, with_press(story) if newsletter else None)
    folder = out or settings.home / "previews"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"theme-{name}.html"
    path.write_text(page, encoding="utf-8")
    answer({"theme": name, "files": [str(path)]}, [str(path)], as_json=as_json)
    if is_opened:
        typer.launch(str(path.absolute()))


def _sheet(name: str, settings: Settings, newsletter: Newsletter | None) -> str:
    from mailer.rendering.previewing import preview as look_at
    from mailer.rendering.previewing import preview_sheet
    from mailer.rendering.samples import sample_people
    from mailer.rendering.theming.proving import prove, sample_newsletter
    from mailer.rendering.theming.shelf import shelf_with
    from mailer.tokens import Tokens

    shelf = shelf_with(settings.themes_folder, settings.inliner)
    whose = newsletter or sample_newsletter()
    edition = prove(name, shelf, newsletter=whose, public_url=settings.public_url)
    # Nothing here is mailed, so nothing needs the installation's secret.
    tokens = Tokens(b"for previews of themes, which lead nowhere")
    return preview_sheet(look_at(edition, whose, tokens, settings.public_url, sample_people()["usual"]))


def _origin(theme: Theme, settings: Settings) -> str:
    return "you" if theme.folder.parent == settings.themes_folder else "Pressrun"
