"""The SMTP listener for what comes back.

It takes mail for addresses that we made, and for postmaster and abuse; everything else is refused at RCPT, so that
backscatter and forgeries never get to say anything. It says 250 only when the handler has done its work; when Redis is
down, or too much waits there, it says 451, and the sender keeps the report and tries again. It never answers a mail.

Listens on loopback unless told otherwise. aiosmtpd is a fine listener behind a real mail server; on the open Internet
put one in front.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.bounces.tray.store import MOST_BYTES
from mailer.errors import ConfigError, StoreDownError, TrayFullError
from subscribers.errors import StorageDownError

Handle = Callable[[bytes, str, list[str]], Awaitable[None]]
"""Takes the message, MAIL FROM (empty for `<>`) and the accepted recipients."""

CheckRecipient = Callable[[str], str | None]
"""Returns the reply that refuses mail to this address, or None."""

_LONGEST_LINE = 1 << 20  # Reports quote what they got; RFC 5321's 998 would refuse some that matter.
_MOST_RECIPIENTS = 100
_TIMEOUT_SECONDS = 300.0  # RFC 5321 §4.5.3.2.7
_DOWN = "451 4.3.0 Storage is down, please try again later"
_FULL = "451 4.3.1 Too much waits here, please try again later"

log = logging.getLogger(__name__)


class InboundSMTP(SMTP):
    """aiosmtpd's server, with room for the long lines that reports have."""

    line_length_limit = _LONGEST_LINE


class InboundHandler:
    """What the listener does at RCPT and at the end of the message."""

    def __init__(self, handle: Handle, check_recipient: CheckRecipient) -> None:
        """Hand what arrives to `handle`, for the recipients that `check_recipient` lets pass."""
        self._handle = handle
        self._check_recipient = check_recipient

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, or refuse it for good."""
        refusal = self._check_recipient(address)
        if refusal is not None:
            return refusal
        if len(envelope.rcpt_tos) >= _MOST_RECIPIENTS:
            return "452 4.5.3 Too many recipients"
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Take the message when it is safely stored, else ask for it again."""
        message = envelope.content if isinstance(envelope.content, bytes) else b""
        sender = envelope.mail_from or ""
        try:
            await self._handle(message, "" if sender == "<>" else sender, list(envelope.rcpt_tos))
        except (StoreDownError, StorageDownError):
            return _DOWN
        except TrayFullError as error:
            log.warning("%s", error)
            return _FULL
        return "250 2.0.0 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Keep the mail with its sender when something of ours broke; aiosmtpd would refuse it for good."""
        log.error("The inbound listener failed", exc_info=error)
        return "451 4.3.0 Something went wrong here, please try again later"


@asynccontextmanager
async def open_inbound(host: str, port: int, handle: Handle, check_recipient: CheckRecipient) -> AsyncIterator[int]:
    """Listen on the current loop, and give the port (useful where 0 asked for a free one).

    Raises ConfigError if the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()
    handler = InboundHandler(handle, check_recipient)

    def protocol() -> InboundSMTP:
        return InboundSMTP(
            handler,
            data_size_limit=MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="pressrun",
            ident="Pressrun inbound",
            timeout=_TIMEOUT_SECONDS,
            loop=loop,
        )

    try:
        server = await loop.create_server(protocol, host, port)
    except OSError as error:
        raise ConfigError(
            f"Cannot listen for bounces on {host}:{port} ({error.strerror or error}). "
            "Set PRESSRUN_INBOUND_PORT to a free port, or stop what uses this one."
        ) from error
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        server.close()


async def serve_inbound(host: str, port: int, handle: Handle, check_recipient: CheckRecipient) -> None:
    """Listen until cancelled. Raises ConfigError if the address cannot be listened on."""
    async with open_inbound(host, port, handle, check_recipient):
        await asyncio.Event().wait()
