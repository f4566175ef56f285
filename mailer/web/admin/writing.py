"""Bringing an issue in, and changing its source: a text field, and the same rules as for a file."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from mailer.clock import now
from mailer.delivery.filing import check_theme
from mailer.delivery.press import Press
from mailer.errors import ConflictError, PressrunError, SourceError
from mailer.issues.content import read_issue, write_issue
from mailer.issues.importing import Wishes, issue_from
from mailer.issues.issue import Issue
from mailer.issues.sourcefile import decode_source
from mailer.web.pages import page

router = APIRouter()

_FIELD = "the text"


@router.get("/import")
async def show_import(request: Request) -> Response:
    """Show the form for a new issue."""
    return await _import_form(request)


@router.post("/import")
async def import_issue(
    request: Request,
    text: Annotated[str, Form()] = "",
    newsletter: Annotated[str, Form()] = "",
    button_url: Annotated[str, Form()] = "",
    file: UploadFile | None = None,
) -> Response:
    """Make an issue of a pasted text, a page, a whole mail or a file, and show what was assumed."""
    press: Press = request.app.state.press
    try:
        if file is not None and file.filename:
            text, notes = decode_source(await file.read(), place=file.filename)
        else:
            notes = []
        wishes = Wishes(newsletter=newsletter, button_url=button_url.strip())
        issue, more = issue_from(text, place=_FIELD, now=now(), wishes=wishes)
        check_theme(press, issue, place=_FIELD)
        issue = await press.issues.add(issue)
    except SourceError as trouble:
        return await _import_form(
            request, status=422, trouble=trouble, text=text, newsletter=newsletter, button_url=button_url
        )
    notes += more
    if notes:
        return page(request, "admin/imported.html", issue=issue, notes=notes)
    return RedirectResponse(f"/admin/issues/{issue.slug}", status_code=303)


@router.get("/issues/{slug}/edit")
async def show_source(request: Request, slug: str) -> Response:
    """Show the issue's source, to be changed."""
    issue = await request.app.state.press.issues.get(slug)
    return _edit_form(request, issue, text=write_issue(issue))


@router.post("/issues/{slug}/edit")
async def change_source(
    request: Request, slug: str, text: Annotated[str, Form()], version: Annotated[int, Form(ge=0)]
) -> Response:
    """Store a changed source, unless somebody else changed it first."""
    press: Press = request.app.state.press
    issue = await press.issues.get(slug)
    try:
        changed = read_issue(text, place=_FIELD, now=now())
        check_theme(press, changed, place=_FIELD)
        await press.issues.put(replace(changed, slug=slug, created=issue.created, version=version))
    except (SourceError, ConflictError) as trouble:
        return _edit_form(request, issue, text=text, trouble=trouble)
    return RedirectResponse(f"/admin/issues/{slug}", status_code=303)


async def _import_form(
    request: Request,
    *,
    status: int = 200,
    trouble: PressrunError | None = None,
    text: str = "",
    newsletter: str = "",
    button_url: str = "",
) -> Response:
    return page(
        request,
        "admin/import.html",
        status=status,
        newsletters=await request.app.state.press.newsletters.all(),
        trouble=trouble,
        text=text,
        newsletter=newsletter,
        button_url=button_url,
    )


def _edit_form(request: Request, issue: Issue, *, text: str, trouble: PressrunError | None = None) -> Response:
    status = 422 if trouble else 200
    return page(request, "admin/edit.html", status=status, issue=issue, text=text, trouble=trouble)
