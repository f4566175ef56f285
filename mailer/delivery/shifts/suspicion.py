"""Refusals that may be about us rather than about the people: kept back until it is known which.

A relay that wants authentication, knows our network from a block list, or does not relay for us may say so at RCPT or
after the message, to everybody. Each of these people would be refused for good, and a mailing skipped. So as long as
nobody of a mailing was accepted in a shift, such refusals are kept; with many of them, or with nothing else by the end,
the mailing is paused and they stay pending. As soon as somebody is accepted, they are what they look like.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Generic, TypeVar

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.classify import classify
from mailer.issues.mailing import MailingId
from mailer.smtp.outcome import Outcome, OutcomeKind, Step
from mailer.smtp.states import WANTS_AUTHENTICATION

MANY = 20
ABOUT_US = frozenset({BounceClass.SENDER_BLOCK, BounceClass.AUTH, BounceClass.POLICY})

_T = TypeVar("_T")


def refuses_the_sender(outcome: Outcome) -> bool:
    """Whether a reply is about the sender for certain: refused at MAIL, or authentication is wanted."""
    if outcome.reply and outcome.reply.code in WANTS_AUTHENTICATION and outcome.step in (Step.MAIL, Step.RCPT):
        return True
    return outcome.kind is OutcomeKind.REFUSED and outcome.step == Step.MAIL


def may_be_about_us(outcome: Outcome) -> bool:
    """Whether a refusal is of a class that says nothing about the person."""
    reply = outcome.reply
    if outcome.kind is not OutcomeKind.REFUSED or not reply:
        return False
    return classify(reply.code, reply.status, reply.text, step=outcome.step) in ABOUT_US


class Suspicion(Generic[_T]):
    """Keeps such refusals by mailing, for one shift."""

    def __init__(self) -> None:
        self._kept: defaultdict[MailingId, list[tuple[_T, Outcome]]] = defaultdict(list)
        self._trusted: set[MailingId] = set()

    def trusts(self, mailing: MailingId) -> bool:
        """Whether somebody of this mailing was accepted."""
        return mailing in self._trusted

    def accepted(self, mailing: MailingId) -> list[tuple[_T, Outcome]]:
        """Note that somebody was accepted; return those who were kept, for they are refused indeed."""
        self._trusted.add(mailing)
        return self._kept.pop(mailing, [])

    def keep(self, mailing: MailingId, one: _T, outcome: Outcome) -> bool:
        """Keep a refusal if it may be about us; return whether it was kept."""
        if self.trusts(mailing) or not may_be_about_us(outcome):
            return False
        self._kept[mailing].append((one, outcome))
        return True

    def is_sure(self, mailing: MailingId) -> bool:
        """Whether so many were kept that the relay must mean us."""
        return len(self._kept[mailing]) >= MANY

    def take(self, mailing: MailingId) -> list[tuple[_T, Outcome]]:
        """Return those of a mailing who were kept, and forget them."""
        return self._kept.pop(mailing, [])

    def mailings(self) -> list[MailingId]:
        """Return the mailings of which somebody is kept."""
        return [mailing for mailing, kept in self._kept.items() if kept]
