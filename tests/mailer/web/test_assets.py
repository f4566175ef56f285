"""Pictures and files, as mail programs fetch them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from mailer.issues.assets.asset import Asset, asset_name

if TYPE_CHECKING:
    from tests.mailer.web.conftest import Site

DATA = b"%PDF-1.7 words"
NAME = asset_name(DATA, "pdf")


async def test_an_asset_is_served_for_ever_under_its_name(site: Site) -> None:
    asset = Asset(name=NAME, file_name="report.pdf", length=len(DATA), added=datetime(2026, 11, 23, tzinfo=UTC))
    await site.press.assets.put(asset, DATA)

    answer = await site.visitor.get(f"/a/{NAME}")

    assert (answer.status, answer.text) == (200, DATA.decode())
    headers = dict(answer.headers)
    assert headers["cache-control"] == "public, max-age=31536000, immutable"
    assert headers["content-type"].startswith("application/pdf")
    assert headers["x-content-type-options"] == "nosniff"
    again = await site.visitor.get(f"/a/{NAME}", headers={"if-none-match": headers["etag"]})
    assert (again.status, again.text) == (304, "")


async def test_what_is_no_asset_is_not_there(site: Site) -> None:
    for name in ("0" * 32 + ".png", "secret.key", "..%2f..%2fetc%2fpasswd", "0" * 32 + ".exe"):
        assert (await site.visitor.get(f"/a/{name}")).status == 404
