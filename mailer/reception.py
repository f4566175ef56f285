"""The listening processes: what comes back is let in here, and left to the workers; and the demo's inbox."""

from __future__ import annotations

import asyncio
import logging
import signal
from pathlib import Path

import uvloop

from mailer import clock
from mailer.bounces.inbound import open_inbound
from mailer.bounces.verp import refusal_of
from mailer.delivery import presence
from mailer.delivery.press import Press
from mailer.inbox.folder import InboxFolder
from mailer.inbox.listening import Inbox, open_inbox
from mailer.settings import Settings
from mailer.smtp.relay import Relay
from mailer.wiring import put_together
from subscribers.errors import StorageDownError
from subscribers.storage import open_redis

_PRESENT_EVERY_SECONDS = 5.0

log = logging.getLogger(__name__)


def run_inbound(settings: Settings) -> int:
    """Listen for bounces and complaints, and leave them in the tray, until SIGTERM or Ctrl-C.

    While Redis is down or the tray is full it goes on listening, and asks senders to come again. Raises ConfigError for
    a taken port.
    """
    _speak_up()
    uvloop.run(_listen(settings))
    return 0


def run_inbox(settings: Settings) -> int:
    """Catch all mail until SIGTERM or Ctrl-C; what bounces later is reported to the inbound listener.

    Raises ConfigError for a taken port and for a folder that cannot be written.
    """
    _speak_up()
    uvloop.run(_catch(settings))
    return 0


def inbox_folder(home: Path) -> Path:
    """Return where the inbox keeps what it catches."""
    return home / "inbox"


async def _listen(settings: Settings) -> None:
    stopped = _told_to_stop()
    async with open_redis(settings.redis_url, copies=settings.redis_replicas) as redis:
        press = put_together(settings, redis)

        async def handle(message: bytes, _sender: str, recipients: list[str]) -> None:
            await press.tray.put(message, recipients, await press.ledger.now())

        def check_recipient(address: str) -> str | None:
            return refusal_of(press.tokens, address)

        async with open_inbound(settings.inbound_host, settings.inbound_port, handle, check_recipient) as port:
            log.info("Listening for bounces on %s:%d", settings.inbound_host, port)
            while not stopped.is_set():
                await _be_present(press, f"{settings.inbound_host}:{port}")
                await _wait(stopped, _PRESENT_EVERY_SECONDS)


async def _catch(settings: Settings) -> None:
    stopped = _told_to_stop()
    reports_to = Relay(host=settings.inbound_host, port=settings.inbound_port, connections=1)
    inbox = Inbox(InboxFolder(inbox_folder(settings.home)), clock.now, reports_to)
    async with open_inbox(inbox, settings.inbox_host, settings.inbox_port):
        log.info("Catching mail on %s:%d", settings.inbox_host, inbox.port)
        await stopped.wait()


def _speak_up() -> None:
    """Log what we do; not every command of every conversation, as aiosmtpd would, with the addresses in them."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("mail.log").setLevel(logging.WARNING)


def _told_to_stop() -> asyncio.Event:
    """Return what is set when the process is told to end."""
    stopped = asyncio.Event()
    for one in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(one, stopped.set)
    return stopped


async def _be_present(press: Press, name: str) -> None:
    try:
        await presence.report(press, "inbound", name)
    except StorageDownError as error:
        log.warning("%s", error)


async def _wait(stopped: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stopped.wait()
    except TimeoutError:
        return
