"""Rehearsing: a whole mailing, with everything that a real one does, but for the world outside.

The press of a rehearsal reads people, issues and keys where they are, and writes everything to a Redis of its own:
ledger, reports, suppressions after refusals, statistics. Its relay is a mail server on loopback. So a mailing can
be rehearsed a minute before it is sent, beside others that are being sent, and nothing of it counts.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta

from mailer.clock import monotonic
from mailer.delivery.addressing import Wish, look_up
from mailer.delivery.controlling import schedule
from mailer.delivery.ledger import LedgerCounts, Standing, Words
from mailer.delivery.press import Press
from mailer.delivery.sending import work_shift
from mailer.delivery.ticking import tick
from mailer.errors import ConflictError
from mailer.issues.mailing import MailingId
from mailer.issues.newsletter import NO_QUIET_HOURS
from mailer.rehearsal.personal import Broken, broken_fields
from mailer.rehearsal.scratch import open_scratch
from mailer.rehearsal.sink import Sink, open_sink
from mailer.settings import RelayProtocol, RelayTls, Settings
from mailer.smtp.pool import Pool
from mailer.smtp.relay import Relay
from mailer.wiring import put_together
from subscribers.storage import open_redis

_SHIFT = timedelta(seconds=10)
_REST_SECONDS = 0.05
_MOST_SHOWN = 100
_RETRY_SECONDS = (0.2, 0.5, 1.0)


@dataclass(slots=True)
class RehearsalResult:
    """What a rehearsal showed."""

    counts: LedgerCounts
    seconds: float
    """From the first claim to the last outcome, the second tries of those who were put off included."""
    extra_copies: int
    """Messages that were taken more than once, because a reply was lost."""
    errors: dict[str, int]
    """What was said about people who were not accepted, and about how many."""
    broken: list[Broken] = field(default_factory=list)
    """The first people whom a personal field lets down."""
    broken_people: int = 0

    @property
    def rate_per_second(self) -> float:
        """People settled a second, by one process."""
        handed = self.counts.audience - self.counts.excluded
        return handed / self.seconds if self.seconds else 0.0

    def facts(self) -> dict[str, object]:
        """Return everything as plain values."""
        return {
            **asdict(self.counts),
            "seconds": round(self.seconds, 3),
            "rate_per_second": round(self.rate_per_second, 1),
            "extra_copies": self.extra_copies,
            "errors": self.errors,
            "broken_people": self.broken_people,
            "broken": [asdict(one) for one in self.broken],
        }


async def rehearse(
    press: Press, issue: str, wish: Wish | list[str], *, latency_seconds: float, fault_rate: float
) -> RehearsalResult:
    """Rehearse mailing an issue to the people wished for, or of these lists.

    Raises what `schedule` raises: BlockedError, ConflictError, NotFoundError; ConfigError where there is no Redis
    server program to be had.
    """
    if not 0 <= fault_rate <= 1:
        raise ConflictError("A fault rate is a share from 0 to 1, such as 0.05.")
    async with (
        open_sink(Sink(latency_seconds, fault_rate)) as sink,
        open_scratch(press.settings.home) as address,
        open_redis(address) as scratch,
    ):
        settings = _settings(press.settings, address, sink.port)
        stage = put_together(settings, scratch)
        # What is only read is read where it is.
        stage = replace(stage, issues=press.issues, assets=press.assets, keys=press.keys)
        newsletter = await press.newsletters.get((await press.issues.get(issue)).newsletter)
        # A rehearsal disturbs nobody.
        await stage.newsletters.put(replace(newsletter, quiet_hours=NO_QUIET_HOURS))
        # The audience is frozen by the real suppressions; those that follow from the rehearsal stay on its stage.
        planning = replace(stage, people=press.people)
        playing = replace(stage, people=replace(press.people, suppressions=stage.people.suppressions))
        now = await stage.ledger.now()
        to = await look_up(press, newsletter.slug, wish if isinstance(wish, Wish) else Wish(lists=wish), now)
        number = await _bring(press, stage, to.scope.without_mailings)
        mailing = await schedule(planning, issue, to, now=now, reserved=number)
        await tick(planning, "rehearsal")
        seconds = await _play(playing, mailing.id)
        return await _result(playing, mailing.id, sink, seconds)


async def _bring(press: Press, stage: Press, earlier: Sequence[int]) -> MailingId:
    """Bring onto the stage who got earlier mailings, or may yet get them; return a number that none of them has."""
    for number in earlier:
        for chunk, words in (await press.ledger.words(MailingId(number))).items():
            got = Words(audience=words.audience & ~words.refused & ~words.excluded)
            await stage.ledger.freeze(MailingId(number), chunk, got)
    return MailingId(max(earlier, default=0) + 1)


def _settings(settings: Settings, redis_url: str, port: int) -> Settings:
    return settings.model_copy(
        update={
            "redis_url": redis_url,
            "redis_replicas": 0,
            "relay_host": "127.0.0.1",
            "relay_port": port,
            "relay_tls": RelayTls.NONE,
            "relay_protocol": RelayProtocol.SMTP,
            "relay_username": "",
            # What is put off is tried again within seconds: the rehearsal is about the way, not about the wait.
            "retry_delays_seconds": _RETRY_SECONDS,
            "quality_breaker": False,
            "approval_needed": False,
        }
    )


async def _play(stage: Press, mailing: MailingId) -> float:
    """Work shifts until nobody is pending; return how long it took."""
    pool = Pool(Relay.of(stage.settings))
    began = monotonic()
    try:
        while not (await stage.mailings.get(mailing)).is_finished:
            if not await work_shift(stage, pool, lasts=_SHIFT, is_stopping=lambda: False):
                await asyncio.sleep(_REST_SECONDS)
            await tick(stage, "rehearsal")
    finally:
        await pool.close()
    return monotonic() - began


async def _result(stage: Press, mailing_id: MailingId, sink: Sink, seconds: float) -> RehearsalResult:
    counts = await stage.ledger.counts(mailing_id)
    refused = await stage.ledger.cohort(mailing_id, Standing.REFUSED)
    tries = await stage.ledger.last_tries(mailing_id, refused)
    result = RehearsalResult(
        counts=counts,
        seconds=seconds,
        extra_copies=sink.copies.total() - len(sink.copies),
        errors=dict(Counter(one.sentence for one in tries.values()).most_common()),
    )
    mailing = await stage.mailings.get(mailing_id)
    edition = await stage.editions.get(mailing.edition)
    everybody = await stage.ledger.cohort(mailing_id, Standing.ACCEPTED) | refused
    last = ""
    async for broken in broken_fields(stage, edition, everybody):
        result.broken_people += broken.address != last
        last = broken.address
        if len(result.broken) < _MOST_SHOWN:
            result.broken.append(broken)
    return result
