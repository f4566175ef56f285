"""Patience with a relay that takes connections and then answers nothing that makes sense: it hangs, drops, or babbles.

A lost connection is an ordinary thing, and many at once are one (the relay was restarted). So what counts is how often
in a row a fresh connection came to nothing, each opened after the one before had failed. Without an end to it every
person would be tried in vain; and if messages vanish after their final dot, everybody would get more and more copies.
"""

from __future__ import annotations

from mailer.errors import RelayError
from mailer.smtp.errors import UnansweredError
from mailer.smtp.session import Session

_MOST_IN_A_ROW = 3


class Patience:
    """How often in a row connections to one relay came to nothing."""

    def __init__(self) -> None:
        self._in_a_row = 0
        self._failed_at = 0.0
        self._is_doubted = False
        self._detail = ""

    @property
    def is_over(self) -> bool:
        """Whether no more connections are to be opened in this call."""
        return self._in_a_row >= _MOST_IN_A_ROW

    def begin(self) -> None:
        """Begin another call: after the end of patience there is one more try."""
        self._in_a_row = min(self._in_a_row, _MOST_IN_A_ROW - 1)

    def note(self, session: Session, seconds: float) -> None:
        """Take in what has become of a session; `seconds` is the present by the event loop's clock."""
        ended = session.ended
        if session.has_worked:
            self._in_a_row, self._is_doubted = 0, False
        elif ended and not ended.reply and session.handed and session.opened_at >= self._failed_at:
            self._in_a_row += 1
            self._failed_at = seconds
            if session.is_doubted or not self._is_doubted:
                self._detail = ended.detail.rstrip(".")
            self._is_doubted |= session.is_doubted

    def trouble(self, name: str) -> RelayError:
        """Return what there is to say about the relay of this name when patience is over."""
        if self._is_doubted:
            return UnansweredError(
                f"The relay {name} takes messages, and then gives no answer that makes sense: {self._detail}. They may "
                "have arrived, so going on would give people second copies."
            )
        return RelayError(f"The relay {name} takes connections, and answers nothing about messages: {self._detail}.")
