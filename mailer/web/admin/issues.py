"""The list of issues and mailings, and the page of one issue."""

from __future__ import annotations

from fastapi import APIRouter, Form, Request, Response

from mailer.clock import now
from mailer.delivery.press import Press
from mailer.delivery.trying import send_test
from mailer.issues.content import write_issue
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.preflight import check
from mailer.smtp.outcome import Outcome
from mailer.web.admin.mailings import Row, rows_of
from mailer.web.admin.previewing import Preview, preview_of
from mailer.web.pages import page

router = APIRouter()

_SHOWN_MAILINGS = 5


@router.get("")
async def show_issues(request: Request) -> Response:
    """Show every issue, and the latest mailings with their numbers."""
    press: Press = request.app.state.press
    mailings = await press.mailings.all()
    running = [one for one in mailings if not one.is_finished]
    latest = [one for one in mailings if one.is_finished][: max(0, _SHOWN_MAILINGS - len(running))]
    return page(
        request,
        "admin/issues.html",
        issues=await press.issues.all(),
        mailed={one.issue: sum(other.issue == one.issue for other in mailings) for one in mailings},
        rows=await rows_of(press, running + latest),
        mailings_count=len(mailings),
    )


@router.get("/issues/{slug}")
async def show_issue(request: Request, slug: str, look: str = "light") -> Response:
    """Show how the issue will look, what the check found, and what can be done with it."""
    return await _show(request, slug, look=look)


@router.post("/issues/{slug}/test")
async def send_one_test(request: Request, slug: str, address: str = Form("")) -> Response:
    """Send the issue to one address and show what the mail server said."""
    outcome = await send_test(request.app.state.press, slug, address.strip(), now=now())
    return await _show(request, slug, tested=outcome, address=address.strip())


@router.get("/issues/{slug}/preview")
async def show_preview(request: Request, slug: str, look: str = "light") -> Response:
    """Answer the HTML part itself, for a frame."""
    press: Press = request.app.state.press
    issue = await press.issues.get(slug)
    newsletter = await _newsletter_of(press, issue)
    return preview_of(press, issue, newsletter).framed(look)


async def _show(
    request: Request, slug: str, *, look: str = "light", tested: Outcome | None = None, address: str = ""
) -> Response:
    press: Press = request.app.state.press
    issue = await press.issues.get(slug)
    newsletter = await _newsletter_of(press, issue)
    preview = preview_of(press, issue, newsletter)
    findings = check(issue, newsletter, preview.edition, press.settings.public_url)
    return page(
        request,
        "admin/issue.html",
        issue=issue,
        newsletter=newsletter,
        preview=preview,
        look="dark" if look == "dark" else "light",
        findings=sorted(findings, key=lambda finding: finding.level != "block"),
        is_blocked=any(finding.level == "block" for finding in findings),
        source=write_issue(issue),
        rows=await _mailings_of(press, slug),
        tested=tested,
        address=address,
    )


async def _newsletter_of(press: Press, issue: Issue) -> Newsletter:
    if issue.newsletter:
        return await press.newsletters.get(issue.newsletter)
    newsletters = await press.newsletters.all()
    return newsletters[0]


async def _mailings_of(press: Press, slug: str) -> list[Row]:
    return await rows_of(press, [one for one in await press.mailings.all() if one.issue == slug])
