"""Where the parts of a press are put together: settings in, opened stores out."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from mailer.bounces.store import ReportStore
from mailer.bounces.tray.store import Tray
from mailer.delivery.destinations.slowstore import SlowStore
from mailer.delivery.outbox.store import Outbox
from mailer.delivery.press import Press
from mailer.delivery.quality.tallystore import TallyStore
from mailer.delivery.readership.terms import terms_of
from mailer.delivery.series.seriesstore import SeriesStore
from mailer.delivery.store import LedgerStore
from mailer.delivery.timing.turnstore import TurnStore
from mailer.issues.assets.store import AssetStore
from mailer.issues.store import IssueStore, MailingStore, NewsletterStore
from mailer.rendering.store import EditionStore
from mailer.sealing import Seal
from mailer.senders.keystore import KeyStore
from mailer.senders.relays.relaystore import RelayStore
from mailer.senders.warmups.warmupstore import WarmupStore
from mailer.settings import Settings
from mailer.tokens import Tokens
from mailer.tracking.store import TrackingStore
from subscribers.people import People
from subscribers.storage import Redis, open_redis


def put_together(settings: Settings, redis: Redis) -> Press:
    """Return a press over an open client. Raises ConfigError where no secret was made yet."""
    tokens = Tokens(settings.secret())
    issues, mailings = IssueStore(redis), MailingStore(redis)
    return Press(
        settings=settings,
        redis=redis,
        tokens=tokens,
        people=People.at(redis, tokens.digest_key, terms_of(mailings, issues)),
        newsletters=NewsletterStore(redis),
        issues=issues,
        assets=AssetStore(redis),
        mailings=mailings,
        editions=EditionStore(redis),
        ledger=LedgerStore(redis, lease_for=timedelta(seconds=settings.lease_seconds)),
        turns=TurnStore(redis),
        tallies=TallyStore(redis),
        series=SeriesStore(redis),
        reports=ReportStore(redis),
        tray=Tray(redis),
        tracking=TrackingStore(redis),
        keys=KeyStore(redis, Seal(settings.secret(), "dkim")),
        relays=RelayStore(redis, Seal(settings.secret(), "relay")),
        warmups=WarmupStore(redis),
        outbox=Outbox(redis),
        slowed=SlowStore(redis),
    )


@asynccontextmanager
async def open_press(settings: Settings) -> AsyncIterator[Press]:
    """Open a press for the length of a command or process. Raises StorageDownError at once if Redis is not there."""
    async with open_redis(settings.redis_url, copies=settings.redis_replicas) as redis:
        await redis.ping()
        yield put_together(settings, redis)
