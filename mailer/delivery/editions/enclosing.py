"""Puts the pictures and files of an issue into its edition, where the issue asks for that."""

from __future__ import annotations

from collections.abc import Iterable

from mailer.delivery.press import Press
from mailer.errors import RenderError
from mailer.issues.assets.asset import Asset, asset_names
from mailer.issues.issue import INLINE, Issue
from mailer.rendering.edition import Edition
from mailer.rendering.markup.enclosed import with_files


async def enclosed(press: Press, issue: Issue, edition: Edition) -> Edition:
    """Return the edition with what goes with it. Raises RenderError for a file that nobody added."""
    shown = asset_names(issue.source) if issue.images == INLINE else []
    attached = asset_names(issue.attachments)
    if not shown and not attached:
        return edition
    pictures = [one for one in await _read(press, issue, shown) if one[0].is_picture]
    return with_files(edition, pictures, await _read(press, issue, attached), press.settings.public_url)


async def _read(press: Press, issue: Issue, names: Iterable[str]) -> list[tuple[Asset, bytes]]:
    found: list[tuple[Asset, bytes]] = []
    for name in names:
        asset, data = await press.assets.find(name), await press.assets.data(name)
        if asset is None or data is None:
            raise RenderError(
                f"There is no picture or file asset:{name}.",
                place=f"issue {issue.slug}",
                fix="Add its file with `pressrun assets add`.",
            )
        found.append((asset, data))
    return found
