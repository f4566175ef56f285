"""The list of issues and mailings, and the page of one issue."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from mailer.clock import now
from mailer.delivery.checking import missing_assets
from mailer.delivery.press import Press
from mailer.delivery.trying import send_test
from mailer.errors import RelayError, SourceError
from mailer.issues.content import write_issue
from mailer.rendering.preflight import Finding, Level, check
from mailer.smtp.outcome import Outcome
from mailer.web.admin.mailings import rows_of
from mailer.web.admin.previewing import PEOPLE, framed, preview_of
from mailer.web.pages import page
from subscribers.errors import AddressError

router = APIRouter()

_SHOWN_MAILINGS = 5


@router.get("")
@router.get("/")
async def show_issues(request: Request) -> Response:
    """Show every issue, and the latest mailings with their numbers."""
    press: Press = request.app.state.press
    mailings = await press.mailings.all()
    running = [one for one in mailings if not one.is_finished]
    finished = [one for one in mailings if one.is_finished]
    mailed: dict[str, int] = {}
    for one in mailings:
        mailed[one.issue] = mailed.get(one.issue, 0) + 1
    return page(
        request,
        "admin/issues.html",
        issues=await press.issues.all(),
        mailed=mailed,
        rows=await rows_of(press, running + finished[: max(0, _SHOWN_MAILINGS - len(running))]),
        mailings_count=len(mailings),
    )


@router.get("/issues/{slug}")
async def show_issue(request: Request, slug: str, look: str = "light", person: str = "", images: str = "") -> Response:
    """Show how the issue will look, what the check found, and what can be done with it."""
    return await _show(request, slug, look=look, person=person, images=images)


@router.post("/issues/{slug}/test")
async def send_one_test(request: Request, slug: str, address: Annotated[str, Form()] = "") -> Response:
    """Send the issue to one address and show what the mail server said."""
    address = address.strip()
    try:
        outcome = await send_test(request.app.state.press, slug, address, now=now())
    except (AddressError, RelayError, SourceError) as trouble:
        return await _show(request, slug, address=address, test_trouble=str(trouble))
    return await _show(request, slug, address=address, tested=outcome)


@router.get("/issues/{slug}/preview")
async def show_preview(
    request: Request, slug: str, look: str = "light", person: str = "", images: str = ""
) -> Response:
    """Answer the HTML part itself, for a frame."""
    press: Press = request.app.state.press
    return framed((await preview_of(press, await press.issues.get(slug), person)).html, look, images)


async def _show(
    request: Request,
    slug: str,
    *,
    look: str = "light",
    person: str = "",
    images: str = "",
    address: str = "",
    tested: Outcome | None = None,
    test_trouble: str = "",
) -> Response:
    press: Press = request.app.state.press
    issue = await press.issues.get(slug)
    preview = await preview_of(press, issue, person)
    findings: list[Finding] = []
    if preview.newsletter:
        findings = check(issue, preview.newsletter, preview.edition, press.settings.public_url, press.shelf)
        findings = [*await missing_assets(press, issue), *findings]
    return page(
        request,
        "admin/issue.html",
        issue=issue,
        preview=preview,
        look="dark" if look == "dark" else "light",
        person=person if person in PEOPLE else "",
        people=list(PEOPLE),
        images="off" if images == "off" else "",
        findings=findings,
        series=[one for one in await press.series.all() if one.newsletter == issue.newsletter and not one.is_stopped],
        is_ready=(await press.series.ready()).get(slug) == issue.version,
        can_be_sent=bool(preview.edition) and not any(one.level is Level.BLOCK for one in findings),
        source=write_issue(issue),
        rows=await rows_of(press, [one for one in await press.mailings.all() if one.issue == slug]),
        address=address,
        tested=tested,
        test_trouble=test_trouble,
    )
