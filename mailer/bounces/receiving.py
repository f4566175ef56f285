"""What happens when something comes back.

The signed token in the envelope says who (R62, R63); the body only says why, and may name whom it likes. A token counts
if that person was in that mailing's audience; everything else is kept on record as backscatter and changes nothing.
A bounce of a mailing that ended long ago is backscatter too; a complaint is not. Nobody is ever answered. A repeated
report counts once in 24 hours (R64).

The order of the writes: the signal that counts, the suppression, then the person's bit, then the record with its "kept
already". So a crash anywhere leaves something that the sender's next try completes.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

import msgspec

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.classify import classify, classify_report
from mailer.bounces.event import Event, EventKind
from mailer.bounces.policy import COUNTED, REASONS, BouncePolicy, Signal, Verdict
from mailer.bounces.providers import provider_of
from mailer.bounces.reading import read_report
from mailer.bounces.report import RecipientReport, Report, ReportKind
from mailer.bounces.store import Mark, ReportStore
from mailer.bounces.verp import (
    ONE_OFFS,
    TEST_MAILING,
    UnsubscribeToken,
    is_open_to_all,
    read_one_off_path,
    read_return_path,
    read_unsubscribe_address,
)
from mailer.issues.mailing import MailingId
from mailer.smtp.outcome import Reply, Step
from mailer.tokens import Tokens
from subscribers.address import domain_of
from subscribers.cohort import SubscriberId
from subscribers.joining import leave
from subscribers.people import People
from subscribers.subscriber import Subscriber

MailedUntil = Callable[[MailingId, SubscriberId], Awaitable[datetime | None]]
"""Answers when the last of that mailing was handed over, or that it still is; None if that person was not in it."""

_LONGEST_DIAGNOSTIC = 500
_MARKS = {ReportKind.FAILED: Mark.BOUNCED, ReportKind.COMPLAINT: Mark.COMPLAINED}


@dataclass(frozen=True, slots=True)
class Received:
    """What a mail that came back did, for one of its envelope's recipients."""

    event: Event
    is_new: bool
    """Whether it was kept; a duplicate changes nothing."""
    sentence: str


async def receive(
    raw: bytes,
    recipients: Sequence[str],
    *,
    people: People,
    reports: ReportStore,
    tokens: Tokens,
    mailed_until: MailedUntil,
    policy: BouncePolicy,
    now: datetime,
) -> list[Received]:
    """Take in one mail that came back; return what it did, one for each address in its envelope.

    Any bytes are taken. Repeating it changes nothing. Raises StorageDownError, and then the mail must be offered again.
    """
    report = read_report(raw)
    received = []
    for recipient in recipients:
        unsubscribe = read_unsubscribe_address(tokens, recipient)
        person = read_return_path(tokens, recipient)
        if unsubscribe is not None:
            done = await _unsubscribe(unsubscribe, recipient, people, reports, now)
        elif person is not None and (until := await mailed_until(*person)) is not None:
            is_late = report.kind is ReportKind.FAILED and now - until > policy.report_age
            about = _late if is_late else _report_on
            done = await about(*person, report, recipient, people, reports, policy, now)
        elif is_open_to_all(recipient):
            done = await _keep(_stray(EventKind.LETTER, report, recipient, now), reports)
        elif alone := read_one_off_path(tokens, recipient):
            done = await _report_on(ONE_OFFS, alone[1], report, recipient, people, reports, policy, now)
        else:
            done = await _keep(_stray(EventKind.BACKSCATTER, report, recipient, now), reports)
        received.append(done)
    return received


async def refused_in_session(
    people: People,
    reports: ReportStore,
    mailing_id: MailingId,
    subscriber: Subscriber,
    reply: Reply | None,
    step: str,
    policy: BouncePolicy,
    now: datetime,
) -> BounceClass:
    """Take in that this person's message was refused while it was handed over; return whose matter that is.

    `reply` is None where we refused ourselves (step `check`). Repeating it changes nothing. Raises StorageDownError.
    """
    reply = reply or Reply(0, "", "")
    text = reply.text.replace("\n", " ")
    provider = provider_of(domain_of(subscriber.address), text)
    bounce_class = classify(reply.code, reply.status, text, step=step, provider=provider)
    if step == Step.CHECK and not reply.code:
        bounce_class = BounceClass.POLICY
    event = Event(
        at=now,
        kind=EventKind.REFUSAL,
        bounce_class=bounce_class,
        mailing=mailing_id,
        subscriber=subscriber.id,
        status=reply.status,
        reply_code=reply.code,
        diagnostic=text[:_LONGEST_DIAGNOSTIC],
    )
    event = await _judged(event, subscriber, people, reports, policy)
    await reports.mark(mailing_id, subscriber.id, Mark.BOUNCED)
    await reports.record(event)
    return bounce_class


async def _report_on(
    mailing: MailingId,
    person: SubscriberId,
    report: Report,
    recipient: str,
    people: People,
    reports: ReportStore,
    policy: BouncePolicy,
    now: datetime,
) -> Received:
    """Take in a report about one person's message."""
    said = report.first_failure
    subscriber = await people.subscribers.get(person)
    if report.kind is ReportKind.DELIVERED:
        await reports.forget_signals(person)
    event = Event(
        at=now,
        kind=EventKind.REPORT,
        bounce_class=classify_report(report),
        mailing=mailing,
        subscriber=person,
        status=said.status,
        reply_code=said.reply_code,
        diagnostic=_words(report, said),
        recipient=recipient,
    )
    event = await _judged(event, subscriber, people, reports, policy)
    if report.kind in _MARKS:
        await reports.mark(mailing, person, _MARKS[report.kind])
    return await _keep(event, reports)


async def _late(
    mailing: MailingId,
    person: SubscriberId,
    report: Report,
    recipient: str,
    people: People,
    reports: ReportStore,
    policy: BouncePolicy,
    now: datetime,
) -> Received:
    """Keep a bounce of a mailing that ended long ago, which changes nothing."""
    stray = _stray(EventKind.BACKSCATTER, report, recipient, now)
    return await _keep(msgspec.structs.replace(stray, mailing=mailing, subscriber=person), reports)


async def _judged(
    event: Event, subscriber: Subscriber | None, people: People, reports: ReportStore, policy: BouncePolicy
) -> Event:
    """Return an event with the verdict that follows from it; suppress the person's address if that is the verdict.

    The address is ours, whatever the report says.
    """
    if subscriber is None:
        return event
    event = msgspec.structs.replace(event, verdict=await _verdict(event, subscriber, people, reports, policy))
    if (reason := REASONS.get(event.verdict)) is not None:
        await people.suppressions.suppress(
            subscriber.address,
            reason,
            evidence=_evidence(event),
            now=event.at,
            until=event.at + policy.full_rest if event.verdict is Verdict.REST else None,
            subscriber_id=subscriber.id,
        )
    return event


async def _unsubscribe(
    token: UnsubscribeToken, recipient: str, people: People, reports: ReportStore, now: datetime
) -> Received:
    """Take the person off the list, by a mail to the signed address; what the mail says does not matter (R29)."""
    await leave(people, token.subscriber, token.list_id, now, by="unsubscribe by mail")
    await reports.mark(token.mailing, token.subscriber, Mark.UNSUBSCRIBED)
    event = Event(
        at=now,
        kind=EventKind.UNSUBSCRIBE,
        bounce_class=BounceClass.AUTO_REPLY,
        mailing=token.mailing,
        subscriber=token.subscriber,
        diagnostic=f"List {token.list_id}.",
        recipient=recipient,
    )
    return await _keep(event, reports)


async def _keep(event: Event, reports: ReportStore) -> Received:
    is_new = await reports.record(event)
    return Received(event, is_new, _sentence(event) if is_new else f"{_sentence(event)} It was known already.")


def _stray(kind: EventKind, report: Report, recipient: str, now: datetime) -> Event:
    """Return the event of a mail that is about nobody whom we know to have mailed."""
    return Event(at=now, kind=kind, diagnostic=report.subject[:_LONGEST_DIAGNOSTIC], recipient=recipient)


async def _verdict(
    event: Event, subscriber: Subscriber, people: People, reports: ReportStore, policy: BouncePolicy
) -> Verdict:
    """Return what follows, with all that came back about the address before; nothing follows from a test send."""
    if event.mailing is None or event.mailing == TEST_MAILING:
        return Verdict.RECORD
    signals: list[Signal] = []
    if event.bounce_class in COUNTED:
        whose = people.subscribers.index.digest(subscriber.address)
        one = Signal(event.mailing, event.bounce_class, event.at)
        signals = await reports.signal(subscriber.id, whose, one, policy.memory)
    return policy.verdict_on(event.bounce_class, signals, event.at, in_session=event.kind is EventKind.REFUSAL)


def _words(report: Report, said: RecipientReport) -> str:
    words = said.diagnostic or " ".join(report.text.split()) or report.subject
    return words[:_LONGEST_DIAGNOSTIC]


def _evidence(event: Event) -> str:
    """Say on what evidence an address is suppressed."""
    codes = " ".join(str(code) for code in (event.reply_code, event.status) if code)
    # A report's diagnostic usually begins with the codes that were read from it.
    repeats = event.diagnostic.startswith(codes)
    said = event.diagnostic if repeats else " ".join(part for part in (codes, event.diagnostic) if part)
    if event.verdict is Verdict.COMPLAIN:
        return f"Complaint about {_what(event)}, reported {event.at:%Y-%m-%d %H:%M} UTC ({said or 'no details'})."
    if event.verdict is Verdict.REST:
        return f"The mailbox was full for weeks, last for {_what(event)}: {said or 'no details'}."
    how = "Refused in session" if event.kind is EventKind.REFUSAL else "Reported as undeliverable"
    return f"{how} for {_what(event)} on {event.at:%Y-%m-%d %H:%M} UTC: {said or 'no details'}."


def _what(event: Event) -> str:
    return "a message outside of any mailing" if event.mailing == ONE_OFFS else f"mailing {event.mailing}"


def _sentence(event: Event) -> str:
    """Say what came back and what it did."""
    if event.kind is EventKind.LETTER:
        return f"A mail to {event.recipient} was noted; nothing else was done."
    if event.kind is EventKind.BACKSCATTER and event.mailing is not None:
        return f"Too late: mailing {event.mailing} ended long before this bounce of it came. Nothing was changed."
    if event.kind is EventKind.BACKSCATTER:
        return f"Backscatter: {event.recipient} names nobody whom we mailed. Nothing was changed."
    who = f"subscriber {event.subscriber} in {_what(event)}"
    if event.kind is EventKind.UNSUBSCRIBE:
        return f"Unsubscribed by mail: {who}. {event.diagnostic}"
    codes = f" ({event.status})" if event.status else ""
    said = f"{event.bounce_class.replace('-', ' ').capitalize()}{codes}: {who}."
    follows = {
        Verdict.SUPPRESS: " The address is suppressed as a hard bounce.",
        Verdict.COMPLAIN: " The address is suppressed because of the complaint.",
        Verdict.REST: " The mailbox was full for weeks: the address is not mailed for a while.",
        Verdict.RECORD: " Kept on record; the address is mailed again.",
    }
    return said + follows[event.verdict]
