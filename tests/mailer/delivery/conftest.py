"""A press over a real Redis, and a relay on loopback that answers as each test tells it to."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope, Session

from mailer.delivery.controlling import schedule
from mailer.delivery.press import Press
from mailer.delivery.sending import work_shift
from mailer.delivery.ticking import tick
from mailer.homefolder import make_secret
from mailer.issues.mailing import Mailing
from mailer.settings import Settings, UncertainPolicy
from mailer.smtp.pool import Pool
from mailer.smtp.relay import Relay
from mailer.wiring import put_together
from subscribers.cohort import SubscriberId
from subscribers.lists import MailingList
from subscribers.storage import Redis
from subscribers.subscription import SubscriptionState
from tests.newsroom import NOW as NOW
from tests.newsroom import enrol, furnish, until_due


@dataclass
class ScriptedRelay:
    """An SMTP server that says what it was told to, at each step, about each address; else it takes the mail."""

    port: int = 0
    at_mail: str = ""
    at_rcpt: dict[str, list[str]] = field(default_factory=dict)
    """Replies for an address, one a try; the last of them repeats only if it is the only one."""
    at_dot: dict[str, str] = field(default_factory=dict)
    received: list[tuple[str, bytes]] = field(default_factory=list)
    before_rcpt: Callable[[str], Awaitable[None]] | None = None

    async def handle_MAIL(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.at_mail:
            return self.at_mail
        envelope.mail_from = address
        return "250 2.1.0 OK"

    async def handle_RCPT(  # noqa: N802
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self.before_rcpt:
            await self.before_rcpt(address)
        if replies := self.at_rcpt.get(address):
            return replies[0] if len(replies) == 1 else replies.pop(0)
        envelope.rcpt_tos.append(address)
        return "250 2.1.5 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        (address,) = envelope.rcpt_tos
        if reply := self.at_dot.get(address):
            return reply
        assert isinstance(envelope.content, bytes)
        self.received.append((address, envelope.content))
        return "250 2.0.0 OK"

    def addresses(self) -> list[str]:
        return sorted(address for address, _ in self.received)


@pytest.fixture
async def relay() -> AsyncIterator[ScriptedRelay]:
    scripted = ScriptedRelay()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(
        lambda: SMTP(scripted, hostname="relay.example.com", enable_SMTPUTF8=True, loop=loop), "127.0.0.1", 0
    )
    scripted.port = server.sockets[0].getsockname()[1]
    yield scripted
    server.close()


@dataclass
class Newsroom:
    """A press with a newsletter, a list and an issue; and what a test does with them."""

    press: Press
    readers: MailingList

    async def join(self, *addresses: str, state: SubscriptionState = SubscriptionState.ACTIVE) -> list[SubscriberId]:
        return await enrol(self.press, self.readers, addresses, state=state)

    async def send(self, policy: UncertainPolicy = UncertainPolicy.RESEND) -> Mailing:
        """Schedule the issue to the list, and plan it."""
        mailing = await schedule(self.press, "harbour", ["readers"], now=await self.press.ledger.now(), policy=policy)
        await tick(self.press, "test")
        return await self.press.mailings.get(mailing.id)

    async def until_due(self, mailing: Mailing) -> None:
        """Wait until whoever was put off is due again."""
        await until_due(self.press, mailing.id)

    async def work(self) -> int:
        """Work a shift and tick, as worker and scheduler would."""
        pool = Pool(Relay.of(self.press.settings))
        try:
            settled = await work_shift(self.press, pool, lasts=timedelta(seconds=10), is_stopping=lambda: False)
        finally:
            await pool.close()
        await tick(self.press, "test")
        return settled


@pytest.fixture
async def newsroom(redis: Redis, relay: ScriptedRelay, tmp_path: Path) -> Newsroom:
    make_secret(tmp_path)
    settings = Settings(
        home=tmp_path,
        relay_port=relay.port,
        relay_connections=2,
        public_url="https://news.example.com",
        retry_delays_seconds=(0.2, 0.2),
        lease_seconds=2,
        relay_timeout_seconds=5,
        hello_name="press.example.com",
    )
    press = put_together(settings, redis)
    return Newsroom(press, await furnish(press))
