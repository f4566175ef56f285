"""What is at work, and what waits for it: processes, mail to single people, reports that came back."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import APIRouter, Request, Response
from fastapi.responses import RedirectResponse

from mailer.bounces.tray.trayed import TrayId
from mailer.delivery.lane import Lane
from mailer.delivery.outbox.oneoff import MOVES, OneOff, OneOffId, OneOffState
from mailer.delivery.presence import alive, what_is_missing
from mailer.delivery.press import Press
from mailer.errors import ConflictError
from mailer.web.pages import page
from subscribers.subscriber import Subscriber

router = APIRouter()

_MESSAGES_LOOKED_AT = 500
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class _Row:
    """A message to one person that they have not got."""

    one_off: OneOff
    person: Subscriber | None
    """None: erased."""

    @property
    def may_retry(self) -> bool:
        """Whether it can be tried again."""
        is_on_the_wire = self.one_off.state is OneOffState.PENDING and self.one_off.is_claimed
        return OneOffState.PENDING in MOVES[self.one_off.state] and not is_on_the_wire


@router.get("/settings/system")
async def show_system(request: Request) -> Response:
    """Show what is at work, and what waits or could not be done."""
    press: Press = request.app.state.press
    return page(
        request,
        "admin/senders/system.html",
        schedulers=len((await alive(press)).get("scheduler", ())),
        lanes=await _lanes(press),
        messages=await _messages(press),
        looked_at=_MESSAGES_LOOKED_AT,
        tray=await press.tray.count(),
        aside=await press.tray.aside(_SHOWN),
        now=await press.ledger.now(),
    )


@router.post("/settings/system/messages/{number}/retry")
async def retry_message(request: Request, number: int) -> Response:
    """Hand a message to one person over anew, at once."""
    press: Press = request.app.state.press
    one = await press.outbox.get(OneOffId(number))
    if not await press.outbox.again(one, await press.ledger.now()):
        raise ConflictError(f"Message {number} is {one.state}, or on the wire at this moment: nothing to try again.")
    return _back()


@router.post("/settings/system/reports/{number}/retry")
async def retry_report(request: Request, number: int) -> Response:
    """Let a report be worked off that was set aside."""
    press: Press = request.app.state.press
    await press.tray.retry(TrayId(number), await press.ledger.now())
    return _back()


async def _lanes(press: Press) -> list[tuple[Lane, int, str]]:
    """Return each lane, how many serve it, and what follows where nobody does."""
    present = await alive(press)
    return [(lane, len(present.get(lane, ())), what_is_missing(lane)) for lane in Lane]


async def _messages(press: Press) -> list[_Row]:
    """Return the newest messages that were not accepted."""
    newest = await press.outbox.newest(_MESSAGES_LOOKED_AT)
    missing = [one for one in newest if one.state is not OneOffState.ACCEPTED][:_SHOWN]
    people = await press.people.subscribers.read([one.order.subscriber for one in missing])
    return [_Row(one, people.get(one.order.subscriber)) for one in missing]


def _back() -> Response:
    return RedirectResponse("/admin/settings/system", status_code=303)
