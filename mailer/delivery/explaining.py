"""Why somebody was or was not mailed, in a sentence."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from mailer.delivery.ledger import ExclusionReason, Standing, Words
from mailer.delivery.press import Press
from mailer.delivery.reply import LastTry, instant
from mailer.issues.mailing import Mailing, MailingId, MailingState
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId, chunk_of, position_of
from subscribers.suppression import Suppression

_BECAUSE = {
    ExclusionReason.LEFT: "they have left the list",
    ExclusionReason.NOT_CONFIRMED: "they have not confirmed their subscription",
    ExclusionReason.HARD_BOUNCE: "mail to this address bounced for good, so it is suppressed",
    ExclusionReason.COMPLAINT: "they complained about earlier mail, so the address is suppressed",
    ExclusionReason.MANUAL: "the address was suppressed by hand",
    ExclusionReason.LEGAL: "the address is suppressed for legal reasons",
    ExclusionReason.PAUSED: "they wanted no mail from the list until a later day",
    ExclusionReason.LIST_ARCHIVED: "the list that they are on was archived",
    ExclusionReason.MAILBOX_FULL: "their mailbox was full for weeks, so the address is not mailed for a while",
    ExclusionReason.ERASED: "they were erased",
    ExclusionReason.CANCELLED: "the mailing was cancelled before their turn came",
    ExclusionReason.NO_LIST: "they are on no list of this newsletter that they could leave",
    ExclusionReason.MAILED_BEFORE: "they were mailed in a mailing that was to be left out",
    ExclusionReason.EXCLUDED_LIST: "they are on a list that was to be left out",
    ExclusionReason.EXCLUDED_SEGMENT: "they are in a segment that was to be left out",
}


@dataclass(frozen=True, slots=True)
class Explanation:
    """Where one person stands in one mailing, and why."""

    address: str
    standing: Standing | None
    """None: not in the audience, or nobody is yet, since the mailing has not begun."""
    reason: str
    """The exclusion reason; empty where nobody was excluded."""
    reply: str
    """What the relay said at the last try; empty where nothing is remembered."""
    sentence: str


async def why(press: Press, mailing_id: MailingId, address: str) -> Explanation:
    """Explain one person's standing. Raises AddressError for a text that is no address."""
    mailing = await press.mailings.get(mailing_id)
    parsed = parse_address(address)
    subscriber = await press.people.subscribers.find(parsed)
    if subscriber is None:
        sentence = f"{parsed} was not mailed: nobody with this address is known."
        return Explanation(parsed, None, "", "", sentence)
    (explanation,) = await explain_many(press, mailing.id, [subscriber.id])
    if not explanation.reason:
        return explanation
    standing = [
        one
        for one in await press.people.suppressions.all_of(parsed)
        if one.newsletter in ("", mailing.newsletter) and one.reason == explanation.reason
    ]
    return replace(explanation, sentence=" ".join([explanation.sentence, *map(_told, standing)]))


def _told(one: Suppression) -> str:
    """Say more of a suppression that stands now."""
    what = f"Everything at {one.domain}" if one.domain else "The address"
    scope = f" for {one.newsletter}" if one.newsletter else ""
    end = f", until {_moment(one.until)}" if one.until else ""
    evidence = f": {one.evidence}" if one.evidence else ""
    return f"{what} is suppressed{scope} since {_moment(one.since)}{end}{evidence.rstrip('.')}."


async def explain_many(press: Press, mailing_id: MailingId, ids: Iterable[SubscriberId]) -> list[Explanation]:
    """Explain the standing of each of these people, in their order."""
    wanted = list(ids)
    mailing = await press.mailings.get(mailing_id)
    people = await press.people.subscribers.read(wanted)
    words = {chunk: await press.ledger.chunk(mailing_id, chunk) for chunk in {chunk_of(one) for one in wanted}}
    tries = await press.ledger.last_tries(mailing_id, wanted)
    return [
        _explain(
            mailing,
            people[one].address if one in people else f"(erased person {one})",
            words[chunk_of(one)],
            position_of(one),
            tries.get(one),
        )
        for one in wanted
    ]


def _explain(mailing: Mailing, address: str, words: Words, position: int, tried: LastTry | None) -> Explanation:
    standing = words.standing(position)
    reason = next((reason for reason, bits in words.excluded_by.items() if bits >> position & 1), None)
    return Explanation(
        address=address,
        standing=standing,
        reason=reason.value if reason else "",
        reply=tried.sentence if tried else "",
        sentence=f"{address} {_tell(mailing, standing, reason, tried)}",
    )


def _tell(mailing: Mailing, standing: Standing | None, reason: ExclusionReason | None, tried: LastTry | None) -> str:
    name = f"mailing {mailing.id} ({mailing.subject})"
    match standing:
        case None:
            return _outside(mailing, name)
        case Standing.ACCEPTED:
            return f"was mailed in {name}: the relay accepted the message."
        case Standing.REFUSED:
            return f"was not mailed in {name}. {_said(tried)}"
        case Standing.EXCLUDED:
            return f"was not mailed in {name}: {_BECAUSE[reason] if reason else 'excluded for a reason not on record'}."
        case Standing.UNCERTAIN:
            return f"may or may not have got {name}; nobody mails them again without a decision. {_said(tried)}"
        case Standing.DEFERRED:
            return f"has not got {name} yet. {_said(tried)}{_again(mailing, tried)}"
        case Standing.PENDING if mailing.state is MailingState.CANCELLED:
            return f"is not mailed in {name}: it was cancelled, and they are being excluded."
        case Standing.PENDING if tried:
            return f"may have got {name}, and gets the same message once more. {_said(tried)}"
        case Standing.PENDING:
            return f"has not got {name} yet: their turn is still to come (the mailing is {mailing.state})."


def _outside(mailing: Mailing, name: str) -> str:
    """Tell of somebody who is not in the audience: there is none before the mailing begins."""
    if mailing.started:
        return f"was not in the audience of {name}: on none of its lists and in none of its segments when it began."
    if mailing.is_finished:
        return f"was not mailed in {name}: it was {mailing.state} before it began."
    return f"has not got {name}: it is {mailing.state}, and who gets it is settled when it begins."


def _said(tried: LastTry | None) -> str:
    if tried is None:
        return "No reply is on record."
    count = f" (try {tried.tries})" if tried.tries > 1 else ""
    return f"{_moment(instant(tried.last_ms))}{count}: {tried.sentence}"


def _again(mailing: Mailing, tried: LastTry | None) -> str:
    if mailing.state is MailingState.PAUSED:
        return " They are tried again when the paused mailing is resumed."
    return f" Next try: {_moment(instant(tried.next_ms))}." if tried and tried.next_ms else ""


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"
