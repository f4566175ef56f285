"""The pictures and files of issues, for mail programs: under names that never mean anything else."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mailer.delivery.press import Press
from mailer.issues.assets.asset import MEDIA_TYPES, PATH
from mailer.web.troubles import not_found

router = APIRouter()

_GONE = "There is no such picture or file here."
_FOR_EVER = "public, max-age=31536000, immutable"


@router.api_route(PATH + "{name}", methods=["GET", "HEAD"])
async def show_asset(request: Request, name: str) -> Response:
    """Answer an asset's bytes, to be kept for ever by whoever asked."""
    press: Press = request.app.state.press
    etag = f'"{name}"'
    data = await press.assets.data(name)
    if data is None:
        return not_found(request, _GONE)
    headers = {
        "cache-control": _FOR_EVER,
        "etag": etag,
        # Shown by web mail, which is another site.
        "cross-origin-resource-policy": "cross-origin",
        "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    }
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers=headers)
