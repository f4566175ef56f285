"""Resending: the same issue once more, to a cohort of an earlier mailing, as a new mailing with a ledger of its own.

The cohort is frozen when the resending is asked for, from the earlier ledger and what is known of its reading. Whoever
got the issue in another mailing, or may yet get it, is left out; so is, when the mailing begins and again before each
hand-over, whoever has left or was suppressed meanwhile. So asking twice mails nobody twice.

In the order of its writes: the new mailing as a draft, its cohort, then its schedule. A crash in between leaves a
draft, which nobody gets.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from msgspec.structs import replace

from mailer.delivery.addressing import Addressed
from mailer.delivery.controlling import asked_before, schedule
from mailer.delivery.ledger import Standing
from mailer.delivery.planning import Forecast, forecast
from mailer.delivery.press import Press
from mailer.errors import ConflictError
from mailer.issues.aims.scope import Scope
from mailer.issues.mailing import Mailing, MailingId, MailingState
from mailer.issues.timing import Timing
from mailer.smtp.outcome import OutcomeKind
from mailer.tracking import words
from subscribers.cohort import Cohort, SubscriberId

_READ_AT_ONCE = 5_000


class Remainder(StrEnum):
    """Who may be mailed the same issue again."""

    NOT_OPENED = "not-opened"
    """Their message was accepted, and they neither opened it nor followed a link, as far as is known."""
    DEFERRED_OUT = "deferred-out"
    """They were put off until the mailing gave up."""
    REFUSED = "refused"
    """They were refused for good; those who are suppressed for it stay excluded."""
    UNCERTAIN = "uncertain"
    """Nobody knows whether their message was taken."""


async def remainder_of(press: Press, mailing_id: MailingId, which: Remainder, saying: str = "") -> Cohort:
    """Return who of a finished mailing may be mailed again; with `saying`, whose last reply has these words.

    Raises ConflictError while the mailing is not finished, and for readers where opens were not recorded.
    """
    mailing = await press.mailings.get(mailing_id)
    if not mailing.is_finished:
        raise ConflictError(f"Mailing {mailing_id} is {mailing.state}; who is left over is known when it is finished.")
    match which:
        case Remainder.NOT_OPENED:
            return await _not_opened(press, mailing)
        case Remainder.UNCERTAIN:
            return await _saying(press, mailing, Standing.UNCERTAIN, "", saying)
        case Remainder.DEFERRED_OUT:
            return await _saying(press, mailing, Standing.REFUSED, OutcomeKind.DEFERRED, saying)
        case Remainder.REFUSED:
            return await _saying(press, mailing, Standing.REFUSED, OutcomeKind.REFUSED, saying)


async def forecast_remainder(press: Press, mailing_id: MailingId, which: Remainder, saying: str = "") -> Forecast:
    """Say who would be mailed again if it began now."""
    mailing = await press.mailings.get(mailing_id)
    cohort = await remainder_of(press, mailing_id, which, saying)
    return await forecast(press, mailing.lists, await _scope(press, mailing), cohort)


async def resend(
    press: Press,
    mailing_id: MailingId,
    which: Remainder,
    *,
    now: datetime,
    saying: str = "",
    asked_by: str = "",
    request: str = "",
) -> Mailing:
    """Mail the issue, as it is now, to who is left over of a finished mailing. Raises ConflictError if that is nobody.

    Where a second person must approve, `asked_by` says who asks. The same `request` twice returns the mailing that the
    first one made.
    """
    if made := await asked_before(press, request, now=now):
        return made
    mailing = await press.mailings.get(mailing_id)
    cohort = await remainder_of(press, mailing_id, which, saying)
    if not cohort:
        raise ConflictError(f"Nobody of mailing {mailing_id} is {which}{f' with “{saying}”' if saying else ''}.")
    scope = await _scope(press, mailing)
    _some_are_left(which, await forecast(press, mailing.lists, scope, cohort))
    return await schedule(
        press,
        mailing.issue,
        Addressed(mailing.lists, scope, cohort),
        now=now,
        policy=mailing.uncertain_policy,
        timing=Timing(asked_by=asked_by),
        request=request,
    )


def _some_are_left(which: Remainder, expected: Forecast) -> None:
    """Raise ConflictError where all of them are excluded: they are frozen, so no later moment brings anybody."""
    if not expected.to_mail:
        excluded = ", ".join(f"{count:,} {reason}" for reason, count in expected.excluded_by.items() if count)
        raise ConflictError(
            f"Nobody is left to be mailed again: whoever is {which} is excluded ({excluded}). No mailing was made."
        )


async def _not_opened(press: Press, mailing: Mailing) -> Cohort:
    edition = await press.editions.get(mailing.edition)
    if not edition.tracking.has_pixel:
        raise ConflictError(
            f"Who opened mailing {mailing.id} was not recorded (tracking is {edition.tracking}), so nobody is known "
            "not to have."
        )
    accepted = await press.ledger.cohort(mailing.id, Standing.ACCEPTED)
    names = (words.OPENED, words.BY_PROXY, words.CLICKED)
    for read in await press.tracking.cohorts(mailing.id, names, accepted.chunks()):
        accepted = accepted - read
    return accepted


async def _saying(press: Press, mailing: Mailing, standing: Standing, kind: str, saying: str) -> Cohort:
    """Return who stands there, and whose last try was of this kind ("" is any) with these words in its reply."""
    cohort = await press.ledger.cohort(mailing.id, standing)
    if not kind and not saying:
        return cohort
    found: list[SubscriberId] = []
    for some in _slices(cohort):
        tries = await press.ledger.last_tries(mailing.id, some)
        found += [
            person
            for person, tried in tries.items()
            if kind in ("", tried.kind) and saying.casefold() in tried.sentence.casefold()
        ]
    return Cohort.of(found)


def _slices(cohort: Cohort) -> Iterator[list[SubscriberId]]:
    for start in range(0, len(cohort), _READ_AT_ONCE):
        yield list(cohort.slice(start, _READ_AT_ONCE))


async def _scope(press: Press, mailing: Mailing) -> Scope:
    """Return the scope of a resending: as before, within the cohort, without the other mailings of the issue."""
    others = tuple(
        one.id
        for one in await press.mailings.all()
        if one.issue == mailing.issue and one.id != mailing.id and one.state is not MailingState.DRAFT
    )
    without = tuple(dict.fromkeys((*mailing.scope.without_mailings, *others)))
    return replace(mailing.scope, without_mailings=without, is_within_cohort=True)
