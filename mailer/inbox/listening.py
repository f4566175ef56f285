"""The inbox's mail server: takes everything, keeps it in a folder, and plays the sample addresses' tricks.

It is for a demo and for tests, on loopback: it knows no users and asks for no password. It is built on aiosmtpd, with
two changes for speed (480 messages of 40 kB a second without them, 2,000 to 3,000 with them): a message is taken from
the stream in a few large pieces instead of line by line, and plain addresses skip the standard library's address
parser. Reports are delivered as any mail server would, over SMTP, from the null sender to MAIL FROM.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.errors import ConfigError, RelayError
from mailer.inbox.folder import InboxFolder
from mailer.inbox.reporting import delivery_report, feedback_report
from mailer.inbox.tricks import GREYLISTED_TIMES, REPLIES, REPORTED, Trick, trick_of
from mailer.smtp.envelope import Envelope as SmtpEnvelope
from mailer.smtp.envelope import HandOver
from mailer.smtp.outcome import Outcome, OutcomeKind
from mailer.smtp.pool import Pool
from mailer.smtp.relay import Relay

REPORT_DELAY = timedelta(milliseconds=500)
"""How long after a message its report follows."""

_MOST_BYTES = 32 * 1024 * 1024
_RETRY_SECONDS = 2.0
_MOST_TRIES = 30
_PLAIN_PATH = re.compile(r"\s*<([^<>\s\"\\@:,;]+@[^<>\s\"\\@:,;]+)>(.*)")

log = logging.getLogger(__name__)


class InboxSMTP(SMTP):
    """aiosmtpd's server, made fast for a flood of messages from one sender."""

    # The stream's limit, so that a whole message may lie between two `.CRLF`.
    line_length_limit = _MOST_BYTES

    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd's name
        """Take a message (RFC 5321 §4.1.1.4) in pieces that end in `.CRLF`; the last one is that and nothing else."""
        if self.envelope is None or not self.envelope.rcpt_tos:
            await self.push("503 5.5.1 Error: need RCPT command")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        stuffed = bytearray(b"\r\n")
        while not stuffed.endswith(b"\r\n.\r\n"):
            stuffed += await self._reader.readuntil(b".\r\n")
            if len(stuffed) > _MOST_BYTES:
                await self.push("552 5.3.4 Too much mail data")
                self._writer.close()
                return
        self.envelope.content = bytes(stuffed[:-3].replace(b"\r\n.", b"\r\n")[2:])
        status = await self._call_handler_hook("DATA")
        self.envelope = self._create_envelope()
        await self.push(status)

    def _getaddr(self, arg: str) -> tuple[str | None, str | None]:
        match = _PLAIN_PATH.fullmatch(arg or "")
        return (match[1], match[2]) if match else super()._getaddr(arg)


@dataclass(frozen=True, slots=True)
class _Report:
    """A report that is to be delivered."""

    due: float
    recipient: str
    message: bytes


class Inbox:
    """What the server does with envelopes and messages; aiosmtpd calls the `handle_` methods."""

    def __init__(
        self,
        folder: InboxFolder,
        now: Callable[[], datetime],
        reports_to: Relay | None = None,
        *,
        report_delay: timedelta = REPORT_DELAY,
    ) -> None:
        """Keep messages in `folder`; deliver reports to the server `reports_to`, or send none."""
        self.folder = folder
        self.port = 0
        self._now = now
        self._reports_to = reports_to
        self._report_delay = report_delay
        self._put_off: Counter[str] = Counter()
        self._reports: asyncio.Queue[_Report] = asyncio.Queue()

    async def handle_EHLO(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer pipelining (RFC 2920): commands are read one after the other, so it was always true."""
        session.host_name = hostname
        return [*responses[:-1], "250-PIPELINING", "250-ENHANCEDSTATUSCODES", *responses[-1:]]

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take the recipient, unless its sample address says otherwise."""
        trick = trick_of(address)
        if trick is Trick.GREYLIST:
            self._put_off[address] += 1
        is_patient = trick is Trick.GREYLIST and self._put_off[address] > GREYLISTED_TIMES
        if trick in REPLIES and not is_patient:
            return REPLIES[trick]
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        """Keep the message, and note the reports that will follow."""
        message = envelope.content if isinstance(envelope.content, bytes) else b""
        mail_from = "" if envelope.mail_from in (None, "<>") else str(envelope.mail_from)
        try:
            name = self.folder.keep(
                message, mail_from, envelope.rcpt_tos, self._now(), received_from=session.host_name or "unknown"
            )
        except OSError as error:
            return f"452 4.3.1 The inbox cannot write: {error.strerror}"
        # A report about a report would go round for ever: the null sender gets none (RFC 5321 §4.5.5).
        if mail_from and self._reports_to is not None:
            for recipient in envelope.rcpt_tos:
                self._note_report(message, mail_from, recipient, name)
        return f"250 2.0.0 OK {name[:-4]}"

    async def deliver_reports(self) -> None:
        """Deliver reports as they come due, until cancelled."""
        if self._reports_to is None:
            return
        pool = Pool(self._reports_to)
        try:
            while True:
                first = await self._reports.get()
                await asyncio.sleep(max(0.0, first.due - asyncio.get_running_loop().time()))
                waiting = [first]
                while not self._reports.empty():
                    waiting.append(self._reports.get_nowait())
                await _deliver(pool, waiting)
        finally:
            await pool.close()

    def _note_report(self, message: bytes, mail_from: str, recipient: str, name: str) -> None:
        trick = trick_of(recipient)
        if trick not in REPORTED:
            return
        write = delivery_report if trick is Trick.LATER else feedback_report
        report = write(message, mail_from=mail_from, recipient=recipient, report_id=name[:-4], now=self._now())
        due = asyncio.get_running_loop().time() + self._report_delay.total_seconds()
        self._reports.put_nowait(_Report(due, mail_from, report))


async def _deliver(pool: Pool, waiting: list[_Report]) -> None:
    """Hand the reports over from the null sender; try again for a minute while the other side is not there."""
    for _ in range(_MOST_TRIES):
        left: list[_Report] = []

        def settle(key: int, outcome: Outcome, reports: list[_Report] = waiting, left: list[_Report] = left) -> None:
            if outcome.kind is OutcomeKind.DEFERRED:
                left.append(reports[key])
            elif outcome.kind is not OutcomeKind.ACCEPTED:
                log.warning("A report to %s was not taken: %s", reports[key].recipient, outcome.sentence)

        hand_overs = [
            HandOver(key, SmtpEnvelope(sender="", recipient=report.recipient), report.message)
            for key, report in enumerate(waiting)
        ]
        try:
            await pool.hand_over_all(iter(hand_overs), settle)
        except RelayError as error:
            log.info("Reports wait: %s", error)
            left = waiting
        if not left:
            return
        waiting = left
        await asyncio.sleep(_RETRY_SECONDS)
    log.warning("%d reports could not be delivered", len(waiting))


@asynccontextmanager
async def open_inbox(inbox: Inbox, host: str, port: int) -> AsyncIterator[Inbox]:
    """Listen on the current loop, and give the inbox with its `port` (useful where 0 asked for a free one).

    Raises ConfigError if the address cannot be listened on.
    """
    loop = asyncio.get_running_loop()

    def protocol() -> InboxSMTP:
        return InboxSMTP(
            inbox,
            data_size_limit=_MOST_BYTES,
            enable_SMTPUTF8=True,
            hostname="inbox.test",
            ident="Pressrun inbox",
            loop=loop,
        )

    try:
        server = await loop.create_server(protocol, host, port)
    except OSError as error:
        raise ConfigError(
            f"The inbox cannot listen on {host}:{port} ({error.strerror or error}). "
            "Set PRESSRUN_INBOX_PORT to a free port, or stop what uses this one."
        ) from error
    inbox.port = int(server.sockets[0].getsockname()[1])
    reports = asyncio.create_task(inbox.deliver_reports())
    try:
        yield inbox
    finally:
        server.close()
        reports.cancel()
        with suppress(asyncio.CancelledError):
            await reports


async def serve_inbox(inbox: Inbox, host: str, port: int) -> None:
    """Listen until cancelled. Raises ConfigError if the address cannot be listened on."""
    async with open_inbox(inbox, host, port):
        await asyncio.Event().wait()
