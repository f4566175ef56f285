"""What the demo's catch-all inbox has caught. The pages exist only where its folder does."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from mailer.errors import NotFoundError
from mailer.inbox.captured import CapturedMessage
from mailer.inbox.folder import InboxFolder
from mailer.web.admin.previewing import framed
from mailer.web.pages import inbox_folder, page

router = APIRouter()

_SHOWN_AT_MOST = 100


async def _inbox(request: Request) -> InboxFolder:
    folder = inbox_folder(request)
    if folder is None:
        raise NotFoundError("This Pressrun has no inbox of its own. `pressrun demo` starts one.")
    return InboxFolder(folder)


Inbox = Annotated[InboxFolder, Depends(_inbox)]


@router.get("/inbox")
async def show_inbox(request: Request, inbox: Inbox, search: str = "") -> Response:
    """Show the messages, the newest first."""
    search = search.strip()
    headings = await asyncio.to_thread(inbox.list, _SHOWN_AT_MOST, search)
    return page(
        request,
        "admin/inbox.html",
        headings=headings,
        total=await asyncio.to_thread(inbox.count),
        shown_at_most=_SHOWN_AT_MOST,
        search=search,
    )


@router.get("/inbox/{name}")
async def show_message(request: Request, inbox: Inbox, name: str, look: str = "light", width: str = "600") -> Response:
    """Show one message: envelope, HTML, text, fields and source."""
    message = await _message(inbox, name)
    return page(
        request,
        "admin/message.html",
        message=message,
        look="dark" if look == "dark" else "light",
        width="375" if width == "375" else "600",
        source=message.message.decode("ascii", "backslashreplace"),
    )


@router.get("/inbox/{name}/html")
async def show_html(inbox: Inbox, name: str, look: str = "light") -> Response:
    """Answer the HTML part itself, for a frame."""
    return framed((await _message(inbox, name)).html, look)


@router.get("/inbox/{name}/source")
async def show_message_source(inbox: Inbox, name: str) -> Response:
    """Answer the message as it came over the wire."""
    message = await _message(inbox, name)
    return Response(
        message.message,
        media_type="message/rfc822",
        headers={"content-disposition": f'attachment; filename="{message.name}"'},
    )


async def _message(inbox: InboxFolder, name: str) -> CapturedMessage:
    return await asyncio.to_thread(inbox.read, name)
