"""Destinations: who wants less mail for a while, what they said, and when they have recovered."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse

from mailer.delivery.destinations.lifting import lift
from mailer.delivery.press import Press
from mailer.web.pages import page

router = APIRouter()


@router.get("/settings/destinations")
async def show_destinations(request: Request) -> Response:
    """Show the destinations that are slowed, and those whose rate the settings limit."""
    press: Press = request.app.state.press
    now = await press.ledger.now()
    settings = press.settings
    limited = sorted({*settings.destination_per_second, *settings.destination_at_once})
    return page(
        request,
        "admin/senders/destinations.html",
        slowed=sorted((await press.slowed.slowed(now)).items()),
        limited=[
            (name, settings.destination_per_second.get(name), settings.destination_at_once.get(name))
            for name in limited
        ],
        groups=settings.destination_groups,
        now=now,
    )


@router.post("/settings/destinations/lift")
async def lift_destination(
    request: Request, destination: Annotated[str, Form(min_length=1, max_length=255)]
) -> Response:
    """Slow it no more: whoever waits for it goes now. A repeat changes nothing."""
    await lift(request.app.state.press, destination)
    return RedirectResponse("/admin/settings/destinations", status_code=303)
