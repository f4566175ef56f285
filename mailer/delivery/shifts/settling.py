"""Taking in what hand-overs ended as, and telling what is about a person from what is about us.

A reply about the sender halts the mailing at once; it is paused with the relay's words, and whoever was on the wire is
deferred. A refusal that may be about us is kept back as long as nobody of the mailing was accepted (see `suspicion`).
"""

from __future__ import annotations

import msgspec

from mailer.delivery.claimed import Claimed
from mailer.delivery.shifts.shift import Shift
from mailer.delivery.shifts.suspicion import refuses_the_sender
from mailer.issues.mailing import MailingId
from mailer.smtp.outcome import Outcome, OutcomeKind

# Looking a member up in its enum takes long, and each message passes here.
_ACCEPTED, _DEFERRED = OutcomeKind.ACCEPTED, OutcomeKind.DEFERRED


def settle(shift: Shift, key: int, outcome: Outcome) -> None:
    """Take in what one hand-over ended as; a refusal waits until the scribe has drawn the conclusions."""
    one = shift.on_the_wire.pop(key)
    mailing = one.batch_pass.mailing.id
    if outcome.kind is _DEFERRED or shift.throttle.is_needed:
        shift.throttle.hear(one.domain, one.holder, outcome, shift.clock.now())
    if outcome.kind is _ACCEPTED:
        if not shift.suspicion.trusts(mailing):
            shift.refusals += shift.suspicion.accepted(mailing)
        shift.take_in(one, outcome)
    elif refuses_the_sender(outcome):
        _halt(shift, mailing, outcome)
        _defer(shift, one, outcome)
    elif shift.suspicion.keep(mailing, one, outcome):
        if shift.suspicion.is_sure(mailing):
            _distrust(shift, mailing)
    else:
        _take_in_or_refuse(shift, one, outcome)
    shift.news.set()


def settle_suspicions(shift: Shift) -> None:
    """At the end of a shift, decide about the refusals that were kept: about us, if nobody was accepted at all."""
    for mailing in shift.suspicion.mailings():
        if any(one.words.accepted for one in shift.passes if one.mailing.id == mailing):
            shift.refusals += shift.suspicion.take(mailing)
        else:
            _distrust(shift, mailing)


def _distrust(shift: Shift, mailing: MailingId) -> None:
    for one, outcome in shift.suspicion.take(mailing):
        _halt(shift, mailing, outcome)
        _defer(shift, one, outcome)


def _halt(shift: Shift, mailing: MailingId, outcome: Outcome) -> None:
    shift.troubles[mailing] = outcome.sentence
    shift.halted.add(mailing)


def _defer(shift: Shift, one: Claimed, outcome: Outcome) -> None:
    shift.take_in(one, msgspec.structs.replace(outcome, kind=OutcomeKind.DEFERRED))


def _take_in_or_refuse(shift: Shift, one: Claimed, outcome: Outcome) -> None:
    is_last = outcome.kind is OutcomeKind.DEFERRED and one.batch_pass.gives_up_on(one.subscriber, shift.clock.now())
    if outcome.kind is OutcomeKind.REFUSED or is_last:
        shift.refusals.append((one, outcome))
    else:
        shift.take_in(one, outcome)
