"""`pressrun demo --once`: the whole life of an issue, with real parts, and an account of it.

People are imported, an issue is mailed to them; some are refused, some bounce later, some complain, one leaves. The
same issue is mailed again, and now must leave these out, each for the right reason. At last the copies in the inbox are
counted: exactly the people whom the ledgers call accepted have exactly one of each mailing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import timedelta
from pathlib import Path

from mailer import clock
from mailer.clock import monotonic
from mailer.delivery.controlling import schedule
from mailer.delivery.ledger import ExclusionReason, LedgerCounts
from mailer.delivery.press import Press
from mailer.demo import sample
from mailer.demo.counting import count_copies, find_differences
from mailer.demo.house import House
from mailer.demo.leaving import find_reader, leave_with_one_click
from mailer.demo.opening import OpenHouse, open_house
from mailer.demo.waiting import until, until_complete
from mailer.errors import NotFoundError, PressrunError
from mailer.inbox.tricks import Trick, trick_of
from mailer.issues.importing import read_issue_file
from mailer.issues.mailing import MailingId
from subscribers.cohort import Cohort, SubscriberId
from subscribers.lists import MailingList
from subscribers.subscription import SubscriptionState

_REPORTS_PATIENCE = timedelta(seconds=60)
_ROWS_SAID = 20
_EXCLUDED_FOR = {
    Trick.GONE: ExclusionReason.HARD_BOUNCE,
    Trick.LATER: ExclusionReason.HARD_BOUNCE,
    Trick.COMPLAINS: ExclusionReason.COMPLAINT,
}


@dataclass(frozen=True, slots=True)
class Wishes:
    """What to rehearse with; what is empty is made up."""

    people: int
    issue: Path | None = None
    subscribers: Path | None = None
    button_url: str = ""

    def check(self) -> None:
        """Raise SourceError or NotFoundError for files that cannot be used, before anything is started for them."""
        if self.issue:
            read_issue_file(self.issue, now=clock.now(), button_url=self.button_url)
        if self.subscribers and not self.subscribers.is_file():
            raise NotFoundError(f"There is no file {self.subscribers}.")


@dataclass(slots=True)
class DemoResult:
    """What happened."""

    messages: Path
    """One `.eml` a message, as the inbox got it."""
    home: Path
    people: int = 0
    """On the list and to be mailed, before the first mailing."""
    imported: dict[str, int] = field(default_factory=dict)
    mailings: list[dict[str, object]] = field(default_factory=list)
    unsubscribed: int = 0
    suppressed: int = 0
    seconds: dict[str, float] = field(default_factory=dict)
    rates: dict[str, float] = field(default_factory=dict)
    """Messages a second, by mailing; from asking for it to its end, waits for the put-off included."""
    problems: list[str] = field(default_factory=list)
    """Why this rehearsal failed; empty: it did not."""

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Note how long a step takes."""
        began = monotonic()
        yield
        self.seconds[name] = round(monotonic() - began, 3)


async def rehearse(house: House, wishes: Wishes, result: DemoResult, say: Callable[[str], None]) -> None:
    """Rehearse, and write down what happened as it happens. Raises PressrunError where it cannot go on."""
    wishes.check()
    began = monotonic()
    async with open_house(house, say) as running:
        result.seconds["start"] = round(monotonic() - began, 3)
        await running.supervisor.while_whole(_tell(running, wishes, result, say))
        began = monotonic()
    result.seconds["stop"] = round(monotonic() - began, 3)


async def _tell(running: OpenHouse, wishes: Wishes, result: DemoResult, say: Callable[[str], None]) -> None:
    press = running.press
    with result.step("people"):
        joined = await _gather_people(running, wishes, result, say)
    say(f"{result.people:,} people are on the list {joined.slug}.")
    with result.step("issue"):
        slug = await _load_issue(press, wishes, say)
    say(f"The issue {slug} is ready.")

    first = await _mail(press, slug, joined, result, "mailing_1", say)
    expected = await _people_with_reports(press, joined)
    with result.step("reports"):
        result.problems += await _wait_for_reports(press, expected)
    result.suppressed = await press.people.suppressions.count()
    say(f"{result.suppressed:,} addresses are suppressed after what came back.")

    with result.step("leaving"):
        leaver = await _let_one_leave(press, joined, first, result.messages)
    result.unsubscribed = 1
    say("One reader has left with one click.")

    second = await _mail(press, slug, joined, result, "mailing_2", say)
    result.problems += await _wrongly_mailed(press, second, {**expected, ExclusionReason.LEFT: Cohort.of([leaver])})
    with result.step("counting"):
        ledgers = [(one, await press.ledger.counts(one)) for one in (first, second)]
        copies = count_copies(result.messages, press.tokens)
        result.problems += await find_differences(press, ledgers, copies)
    say(f"{sum(map(len, copies.of.values())):,} messages lie in {result.messages}.")


async def _gather_people(
    running: OpenHouse, wishes: Wishes, result: DemoResult, say: Callable[[str], None]
) -> MailingList:
    joined = await sample.load_newsletter(running.press)
    if wishes.subscribers:
        report = await sample.load_people(running.press, joined, wishes.subscribers)
    else:
        report = await sample.load_sample_people(running.press, joined, wishes.people, running.house.home)
    result.imported = {
        "rows": report.total,
        "added": report.added,
        "already_there": report.already_there,
        "suppressed": report.suppressed,
        "left": report.left,
        "invalid": report.counts.invalid,
    }
    for row in report.invalid[:_ROWS_SAID]:
        say(f"{report.file}:{row.line}: {row.reason}")
    result.people = (await running.press.people.lists.counts(joined.id))[SubscriptionState.ACTIVE]
    return joined


async def _load_issue(press: Press, wishes: Wishes, say: Callable[[str], None]) -> str:
    if not wishes.issue:
        return (await sample.sample_issue(press)).slug
    issue, notes = await sample.load_issue(press, wishes.issue, wishes.button_url)
    for note in notes:
        say(note)
    return issue.slug


async def _mail(
    press: Press, slug: str, joined: MailingList, result: DemoResult, step: str, say: Callable[[str], None]
) -> MailingId:
    with result.step(step):
        mailing = await schedule(press, slug, [joined.slug], now=clock.now())
        counts = await until_complete(press, mailing.id, result.people)
    result.mailings.append({"id": mailing.id, **asdict(counts)})
    result.rates[str(mailing.id)] = round(counts.accepted / result.seconds[step], 1)
    say(f"Mailing {mailing.id} is complete: {_told(counts)}.")
    return mailing.id


async def _people_with_reports(press: Press, joined: MailingList) -> dict[ExclusionReason, Cohort]:
    """Return who must be suppressed soon, and why, by what the inbox does to their addresses."""
    found: dict[ExclusionReason, list[SubscriberId]] = {reason: [] for reason in _EXCLUDED_FOR.values()}
    active = await press.people.lists.cohort(joined.id, SubscriptionState.ACTIVE)
    for person in (await press.people.subscribers.read(list(active))).values():
        if reason := _EXCLUDED_FOR.get(trick_of(person.address)):
            found[reason].append(person.id)
    return {reason: Cohort.of(people) for reason, people in found.items()}


async def _wait_for_reports(press: Press, expected: dict[ExclusionReason, Cohort]) -> list[str]:
    wanted = expected[ExclusionReason.HARD_BOUNCE] | expected[ExclusionReason.COMPLAINT]
    missing = wanted

    async def have_come() -> bool:
        nonlocal missing
        suppressed = {chunk: await press.people.suppressions.bits(chunk) for chunk in wanted.chunks()}
        missing = wanted - Cohort(suppressed)
        return not missing.count()

    if await until(have_come, _REPORTS_PATIENCE):
        return []
    return [f"{missing.count()} people bounced or complained, but were not suppressed within a minute."]


async def _let_one_leave(press: Press, joined: MailingList, mailing: MailingId, messages: Path) -> SubscriberId:
    reader, header = find_reader(messages, press.tokens, mailing)
    leave_with_one_click(header)
    if await press.people.lists.state_of(joined.id, reader) is not SubscriptionState.LEFT:
        raise PressrunError(f"Reader {reader} unsubscribed with one click, but is on the list still.")
    return reader


async def _wrongly_mailed(press: Press, mailing: MailingId, expected: dict[ExclusionReason, Cohort]) -> list[str]:
    problems = []
    for reason, people in expected.items():
        missing = people - await press.ledger.excluded_for(mailing, reason)
        if missing.count():
            problems.append(f"{missing.count()} people are not excluded from mailing {mailing} as {reason}.")
    return problems


def _told(counts: LedgerCounts) -> str:
    reasons = (f"{count:,} {reason}" for reason, count in counts.excluded_by.items())
    excluded = f", {counts.excluded:,} excluded ({', '.join(reasons)})" if counts.excluded else ""
    return f"{counts.accepted:,} of {counts.audience:,} accepted, {counts.refused:,} refused{excluded}"
