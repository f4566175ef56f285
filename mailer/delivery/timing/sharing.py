"""Parting an audience: whose batches come due when, as planning freezes them.

All at once: every batch is due when the mailing begins. Spread: the batches, made small enough, come due one after the
other. At each reader's own time: a turn for each moment at which it is that time somewhere. With a canary: a few people
are due at once, and the rest is held. While the sender's domain is warming up: a turn for each of its days.

Whoever's time has passed already when the mailing begins gets it at once: news is stale sooner than the morning comes.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from mailer.delivery.batch import Batch, cut_batches
from mailer.delivery.press import Press
from mailer.delivery.reply import instant, milliseconds
from mailer.delivery.timing.canarychoice import choose, trusted
from mailer.delivery.timing.turn import HELD_MS, Turn, Waiting
from mailer.delivery.warming.warmingup import part_by_day
from mailer.errors import ConflictError
from mailer.issues.aims.experiment import Experiment
from mailer.issues.mailing import Mailing
from mailer.issues.timing import Timing
from mailer.issues.wallclock import WallTimeError, read_wall_time, readers_instant, zone_named
from subscribers.cohort import Cohort, bits_of, id_at, positions_in
from subscribers.fields import FieldKind

STEP_SECONDS = 30.0
"""A spread mailing has a batch about this often, if there are people enough."""
THE_FEW, THE_REST = 0, 1
"""The numbers of a canary's two turns."""


@dataclass(slots=True)
class Sharing:
    """The parting of one mailing's audience, chunk by chunk."""

    press: Press
    mailing: Mailing
    now: datetime
    _pending: dict[int, int] = field(default_factory=dict)

    @classmethod
    async def begin(cls, press: Press, mailing: Mailing, now: datetime) -> Sharing:
        """Begin anew, without what a planner that died has left."""
        if mailing.has_turns:
            await press.turns.forget(mailing.id)
        return cls(press, mailing, now)

    async def add(self, chunk: int, pending: int) -> None:
        """Take in the people of a chunk who are to be mailed."""
        if self._is_plain:
            await self.press.ledger.add_batches(self._cut(chunk, pending), self.now)
        else:
            # A bitmap is 8 kB, so ten million people are little more than a megabyte.
            self._pending[chunk] = pending

    async def finish(self) -> None:
        """Part the people who were taken in, and put their batches among the due ones."""
        timing = self.mailing.timing
        if self._is_plain:
            return
        if timing.wall:
            await self._share_by_zone()
        elif timing.canary:
            await self._hold_the_rest(timing.canary.people)
        elif self.mailing.experiment:
            await self._try_arms(self.mailing.experiment)
        elif timing.warms_up:
            await self._share_by_day()
        else:
            await self._spread()

    @property
    def _is_plain(self) -> bool:
        return not (self.mailing.has_turns or self.mailing.timing.spread_seconds)

    async def _spread(self) -> None:
        people = sum(pending.bit_count() for pending in self._pending.values())
        steps = max(1, int(self.mailing.timing.spread_seconds // STEP_SECONDS))
        size = max(1, min(self.press.settings.batch_size, -(-people // steps)))
        batches = [batch for chunk, pending in self._pending.items() for batch in self._cut(chunk, pending, size)]
        await self.press.ledger.add_batches_over(
            batches, self.now, timedelta(seconds=self.mailing.timing.spread_seconds)
        )

    async def _share_by_zone(self) -> None:
        timing = self.mailing.timing
        moments = await moments_of(self.press, timing)
        numbers = {due_ms: number for number, due_ms in enumerate(sorted(moments))}
        await self.press.turns.put(
            self.mailing.id,
            [Turn(number, due_ms, ", ".join(sorted(moments[due_ms]))) for due_ms, number in numbers.items()],
        )
        for chunk, pending in self._pending.items():
            people = await people_by_moment(self.press, timing, moments, chunk, pending)
            await self.press.turns.freeze(
                self.mailing.id, chunk, {number: people.get(due_ms, 0) for due_ms, number in numbers.items()}
            )
            await self._add_batches(chunk, pending, Waiting(list(people.items())))

    async def _hold_the_rest(self, size: int) -> None:
        mailing, audience = self.mailing, Cohort(self._pending)
        few = choose(audience, await trusted(self.press, mailing, audience.chunks()), size)
        turns = [
            Turn(THE_FEW, milliseconds(self.now), "those who get it first"),
            Turn(THE_REST, HELD_MS, "those who wait for the first to be judged"),
        ]
        await self.press.turns.put(mailing.id, turns)
        for chunk, pending in self._pending.items():
            rest = pending & ~few.bits(chunk)
            await self.press.turns.freeze(mailing.id, chunk, {THE_FEW: few.bits(chunk), THE_REST: rest})
            await self._add_batches(chunk, pending, Waiting([(HELD_MS, rest)] if rest else []))

    async def _share_by_day(self) -> None:
        days = await part_by_day(self.press, self.mailing, Cohort(self._pending))
        await self.press.turns.put(self.mailing.id, [turn for turn, _ in days])
        for chunk, pending in self._pending.items():
            people = [(turn, cohort.bits(chunk)) for turn, cohort in days]
            await self.press.turns.freeze(self.mailing.id, chunk, {turn.number: bits for turn, bits in people})
            await self._add_batches(chunk, pending, Waiting([(turn.due_ms, bits) for turn, bits in people if bits]))

    async def _try_arms(self, experiment: Experiment) -> None:
        """Give each arm a turn that is due at once, and the rest one that is held until there is a winner."""
        mailing, rest = self.mailing, len(experiment.arms)
        turns = [Turn(number, milliseconds(self.now), f"arm {number + 1}") for number in range(rest)]
        await self.press.turns.put(mailing.id, [*turns, Turn(rest, HELD_MS, "those who get the winner")])
        for chunk, pending in self._pending.items():
            parted: dict[int, list[int]] = {number: [] for number in range(rest + 1)}
            for position in positions_in(pending):
                arm = experiment.arm_of(mailing.id, id_at(chunk, position))
                parted[rest if arm is None else arm].append(position)
            people = {number: bits_of(positions) for number, positions in parted.items()}
            await self.press.turns.freeze(mailing.id, chunk, people)
            await self._add_batches(chunk, pending, Waiting([(HELD_MS, people[rest])] if people[rest] else []))

    async def _add_batches(self, chunk: int, pending: int, waiting: Waiting) -> None:
        """Put each batch among the due ones for when the first of its people is due."""
        now_ms = milliseconds(self.now)
        by_due: defaultdict[int, list[Batch]] = defaultdict(list)
        for batch in self._cut(chunk, pending):
            here = pending >> batch.first & ((1 << (batch.last + 1 - batch.first)) - 1)
            by_due[max(now_ms, waiting.cut(batch.first, batch.last).first_due_ms(here, now_ms))].append(batch)
        for due_ms, batches in by_due.items():
            await self.press.ledger.add_batches(batches, instant(due_ms))

    def _cut(self, chunk: int, pending: int, size: int = 0) -> list[Batch]:
        return list(cut_batches(self.mailing.id, chunk, pending, size or self.press.settings.batch_size))


@dataclass(frozen=True, slots=True)
class Share:
    """How many people of an audience are due at one moment of a mailing at each reader's own time."""

    due: datetime
    zones: list[str]
    people: int


async def zone_field(press: Press, newsletter: str) -> str:
    """Return the field that keeps the readers' time zones. Raises ConflictError if the newsletter declares none."""
    for one in await press.people.fields.all(newsletter):
        if one.kind is FieldKind.TIME_ZONE:
            return one.name
    raise ConflictError(
        f"Nobody's time zone is known: the newsletter {newsletter} declares no field of the kind time-zone. "
        "Declare one and import it, or choose one moment for all."
    )


async def moments_of(press: Press, timing: Timing) -> dict[int, list[str]]:
    """Return at which moments (milliseconds) it is the mailing's time in the zones that readers have.

    Those without a zone have the mailing's own, which comes first in its list.
    """
    wall = read_wall_time(timing.wall)
    zone_named(timing.zone)
    known = await press.people.fields.values(timing.zone_field) or []
    moments: defaultdict[int, list[str]] = defaultdict(list)
    for zone in dict.fromkeys([timing.zone, *known]):
        try:
            zone_named(zone)
        except WallTimeError:
            # A zone that this machine's tables do not have any more: its readers get it by the mailing's own.
            continue
        moments[milliseconds(readers_instant(wall, zone))].append(zone)
    return dict(moments)


async def people_by_moment(
    press: Press, timing: Timing, moments: Mapping[int, list[str]], chunk: int, people: int
) -> dict[int, int]:
    """Return who of these people of a chunk is due at each moment: everybody, each at one."""
    shared: defaultdict[int, int] = defaultdict(int)
    left = people
    for due_ms, zones in moments.items():
        for zone in zones:
            here = (await press.people.fields.cohort(timing.zone_field, zone, [chunk])).bits(chunk) & left
            shared[due_ms] |= here
            left &= ~here
    shared[milliseconds(readers_instant(read_wall_time(timing.wall), timing.zone))] |= left
    return {due_ms: bits for due_ms, bits in shared.items() if bits}


async def shares_of(press: Press, timing: Timing, audience: Cohort) -> list[Share]:
    """Return how an audience is shared out over the moments of a mailing at each reader's own time, in their order."""
    moments = await moments_of(press, timing)
    counts: defaultdict[int, int] = defaultdict(int)
    for chunk in audience.chunks():
        people = await people_by_moment(press, timing, moments, chunk, audience.bits(chunk))
        for due_ms, bits in people.items():
            counts[due_ms] += bits.bit_count()
    return [Share(instant(due_ms), moments[due_ms], counts[due_ms]) for due_ms in sorted(counts)]


async def first_moment(press: Press, timing: Timing) -> datetime:
    """Return when the first of a mailing's readers are due, wherever they are."""
    return instant(min(await moments_of(press, timing)))
