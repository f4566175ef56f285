"""`pressrun assets`: pictures and files that issues use, kept and served by Pressrun."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.cli.answering import AsJson, answer, table
from mailer.cli.opening import with_press

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.issues.assets.asset import Asset

app = typer.Typer(
    add_completion=False, rich_markup_mode=None, no_args_is_help=True, help="Pictures and files that issues use."
)


@app.command("list")
def list_assets(as_json: AsJson = False) -> None:
    """List the pictures and files, the newest first."""

    async def story(press: Press) -> list[dict[str, object]]:
        return [_facts(one, press.settings.public_url) for one in await press.assets.all()]

    facts = with_press(story)
    rows = ((one["reference"], one["file"], one["size"], one["bytes"]) for one in facts)
    lines = table(("in a source", "file", "pixels", "bytes"), rows, empty="There are no pictures or files yet.")
    answer(facts, lines, as_json=as_json)


@app.command()
def add(
    files: Annotated[
        list[Path], typer.Argument(metavar="FILE…", help="Pictures (JPEG, PNG, GIF, WebP), PDF, ICS, CSV.")
    ],
    alt: Annotated[str, typer.Option(help="What the picture shows, for those who do not see it.")] = "",
    as_json: AsJson = False,
) -> None:
    """Take in pictures and files; prints the line of Markdown that shows each.

    Pictures are turned upright, brought to twice the width that mail shows, and stripped of what they tell of their
    maker. The same file again is the same asset.
    """

    async def story(press: Press) -> list[tuple[Asset, dict[str, object]]]:
        from mailer import clock
        from mailer.issues.assets.gathering import read_asset

        read = [read_asset(file, now=clock.now()) for file in files]
        kept = [await press.assets.put(asset, data) for asset, data in read]
        return [(one, _facts(one, press.settings.public_url)) for one in kept]

    kept = with_press(story)
    words = alt.replace("[", "(").replace("]", ")")
    lines = (f"![{words}]({one.reference})" if one.is_picture else one.reference for one, _ in kept)
    answer([facts for _, facts in kept], lines, as_json=as_json)


def _facts(asset: Asset, public_url: str) -> dict[str, object]:
    from mailer.issues.assets.asset import with_addresses

    return {
        "reference": asset.reference,
        "file": asset.file_name,
        "size": f"{asset.width} × {asset.height}" if asset.is_picture else "",
        "bytes": asset.length,
        "type": asset.media_type,
        "url": with_addresses(asset.reference, public_url),
        "added": asset.added,
    }
