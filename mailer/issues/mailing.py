"""A mailing: one issue going to one audience. Its states, and which may follow which."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from hashlib import sha256
from typing import NewType

from mailer.issues.aims.experiment import Experiment
from mailer.issues.aims.scope import ONLY_LISTS, Scope
from mailer.issues.timing import ALL_AT_ONCE, Approval, Timing
from mailer.settings import UncertainPolicy
from subscribers.lists import ListId

MailingId = NewType("MailingId", int)


class MailingState(StrEnum):
    """Where a mailing stands as a whole. Where each recipient stands is the ledger's business."""

    DRAFT = "draft"
    """Made, not yet asked for."""
    PROPOSED = "proposed"
    """Asked for; a second person must approve its edition."""
    SCHEDULED = "scheduled"
    """Begins when its time has come."""
    SENDING = "sending"
    """Being planned or handed over."""
    PAUSED = "paused"
    """Nothing new is handed over until it is resumed."""
    COMPLETE = "complete"
    """Nobody is pending. Final."""
    CANCELLED = "cancelled"
    """Ended by a person; who was pending is excluded. Final."""


MOVES: dict[MailingState, frozenset[MailingState]] = {
    MailingState.DRAFT: frozenset({MailingState.PROPOSED, MailingState.SCHEDULED, MailingState.CANCELLED}),
    MailingState.PROPOSED: frozenset({MailingState.SCHEDULED, MailingState.CANCELLED}),
    MailingState.SCHEDULED: frozenset({MailingState.SENDING, MailingState.CANCELLED}),
    MailingState.SENDING: frozenset({MailingState.PAUSED, MailingState.COMPLETE, MailingState.CANCELLED}),
    # Outcomes of hand-overs in flight still arrive while paused, and the last of them can complete the mailing.
    MailingState.PAUSED: frozenset({MailingState.SENDING, MailingState.COMPLETE, MailingState.CANCELLED}),
    MailingState.COMPLETE: frozenset(),
    MailingState.CANCELLED: frozenset(),
}
"""From each state, the states that may follow. The script that moves a mailing is given this table's row."""

ACTIVE_STATES = frozenset({MailingState.SCHEDULED, MailingState.SENDING})
"""States in which the tick has something to do."""

NOT_BEGUN = frozenset({MailingState.PROPOSED, MailingState.SCHEDULED})
"""States of a mailing that was asked for and of which nothing has left: it can be undone."""

FINAL_STATES = frozenset(state for state, following in MOVES.items() if not following)
"""States that nothing follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailing:
    """One issue going to the people of some lists and segments."""

    id: MailingId
    issue: str
    """The issue's slug."""
    newsletter: str
    """The newsletter's slug."""
    lists: tuple[ListId, ...]
    scope: Scope = ONLY_LISTS
    """What else its audience is made of."""
    edition: str
    """The hash that names the compiled issue; what is mailed is this, whatever happens to the issue later."""
    subject: str
    """The subject as the editor wrote it, for pages and lists."""
    state: MailingState = MailingState.DRAFT
    uncertain_policy: UncertainPolicy = UncertainPolicy.RESEND
    created: datetime
    starts: datetime | None = None
    """When it is due; None of a draft that begins when it is asked for."""
    started: datetime | None = None
    """When sending first began."""
    finished: datetime | None = None
    """When it became complete or cancelled."""
    timing: Timing = ALL_AT_ONCE
    """When its people get it, and who must agree."""
    experiment: Experiment | None = None
    """What is tried out on a share of its audience; `edition` is the first arm's."""
    winner: int | None = None
    """The arm that the rest gets; None: not chosen yet, or nothing is tried."""
    approval: Approval | None = None
    """The second person's yes; None: not given yet."""
    problem: str = ""
    """A sentence for the operator, such as why it was paused; empty: none."""

    @property
    def through(self) -> tuple[ListId, ...]:
        """The lists on whose behalf people are mailed, the chosen ones first."""
        return (*self.lists, *self.scope.through)

    @property
    def has_turns(self) -> bool:
        """Whether people of one batch may be due at different times."""
        return self.timing.has_turns or self.experiment is not None

    @property
    def editions(self) -> tuple[str, ...]:
        """The editions of its arms; one where nothing is tried."""
        return tuple(arm.edition for arm in self.experiment.arms) if self.experiment else (self.edition,)

    def arm_of(self, subscriber: int) -> int:
        """Return which of its editions a person gets, or got: while nothing was chosen, the rest has the first."""
        if self.experiment is None:
            return 0
        tried = self.experiment.arm_of(self.id, subscriber)
        return tried if tried is not None else self.winner or 0

    @property
    def is_active(self) -> bool:
        """Whether the tick has something to do for it."""
        return self.state in ACTIVE_STATES

    @property
    def is_approved(self) -> bool:
        """Whether nobody's yes is missing; one to other bytes does not count."""
        return not self.timing.needs_approval or (
            self.approval is not None and self.approval.edition == self.approvable
        )

    @property
    def approvable(self) -> str:
        """What a second person says yes to: its edition, or one hash over the editions of all its arms."""
        if self.experiment is None:
            return self.edition
        return sha256("\n".join(self.editions).encode()).hexdigest()

    @property
    def is_finished(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state in FINAL_STATES
