"""Destinations: which domains belong together, and when one wants less mail. Pure.

Providers judge by who runs the mail servers, not by the domain behind the @, so domains are grouped; a domain in no
group is a destination of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from functools import lru_cache

from mailer.smtp.outcome import Outcome, OutcomeKind, Step
from mailer.smtp.states import SERVICE_CLOSING

_ABOUT_A_RECIPIENT = (Step.RCPT, Step.DATA, Step.DOT)
_RATE_STATUSES = frozenset({"4.7.28", "4.7.650", "4.7.651", "4.7.652"})
"""Gmail's "unusual rate", and Outlook.com's; the code beside them may be 421, 450 or 451."""


class Destinations:
    """Tells the destination of an address."""

    def __init__(self, groups: Mapping[str, Sequence[str]]) -> None:
        """Group domains by patterns, such as `outlook.*` or `*.example.com`."""
        self._patterns = [(pattern, name) for name, patterns in groups.items() for pattern in patterns]
        self.of = lru_cache(maxsize=10_000)(self._of)
        """Return the destination of a domain."""

    def _of(self, domain: str) -> str:
        domain = domain.lower()
        return next((name for pattern, name in self._patterns if fnmatchcase(domain, pattern)), domain)


def wants_less(outcome: Outcome) -> bool:
    """Whether a destination says that we send too much, or that it does not like what it gets.

    421 with 4.7.x, or one of the statuses that mean rates whatever the code. Greylisting (451 4.7.1) is about one
    message, and a 421 without 4.7.x about the relay itself.
    """
    reply = outcome.reply
    if outcome.kind is not OutcomeKind.DEFERRED or not reply or outcome.step not in _ABOUT_A_RECIPIENT:
        return False
    return reply.status in _RATE_STATUSES or (reply.code == SERVICE_CLOSING and reply.status.startswith("4.7."))
