"""The addresses that are never mailed."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response

from mailer.delivery.press import Press
from mailer.web.pages import page
from subscribers.address import parse_address, parse_domain
from subscribers.errors import AddressError
from subscribers.store.suppression import SuppressionStore
from subscribers.suppression import Reason, Suppression

router = APIRouter()

_SHOWN_AT_MOST = 500


@router.get("/suppressions")
async def show_suppressions(request: Request, reason: str = "", search: str = "") -> Response:
    """Show the suppressions, those of one reason, or the one of an address."""
    press: Press = request.app.state.press
    store = press.people.suppressions
    reason = reason if reason in set(Reason) else ""
    complaint = ""
    if search.strip():
        shown, complaint = await _search(store, search.strip())
    else:
        shown = await _first(store, reason)
    return page(
        request,
        "admin/suppressions.html",
        suppressions=sorted(shown, key=lambda one: one.since, reverse=True),
        total=await store.count(),
        shown_at_most=_SHOWN_AT_MOST,
        reasons=[one.value for one in Reason],
        reason=reason,
        search=search.strip(),
        complaint=complaint,
    )


async def _search(store: SuppressionStore, text: str) -> tuple[list[Suppression], str]:
    try:
        if text.startswith("@"):
            domain = parse_domain(text)
            return [one async for one in store.all() if one.domain == domain], ""
        return await store.all_of(parse_address(text)), ""
    except AddressError as error:
        return [], str(error)


async def _first(store: SuppressionStore, reason: str) -> list[Suppression]:
    shown: list[Suppression] = []
    async for suppression in store.all():
        if reason and suppression.reason != reason:
            continue
        shown.append(suppression)
        if len(shown) == _SHOWN_AT_MOST:
            break
    return shown
