"""The errors of this package: one root, and a child for each one who must act.

Every message says what happened, who or what is affected, and what to do. Facts are attributes, so that a page or a
JSON answer can show them apart. Expected outcomes (a refused recipient, a row that is no address) are values, not
errors.
"""

from __future__ import annotations


class PressrunError(Exception):
    """Something that Pressrun was asked to do cannot be done. The message is written for a person."""


class ConfigError(PressrunError):
    """The operator must act: a setting, a port, a folder or a missing program."""


class StoreDownError(PressrunError):
    """Redis cannot be reached or refuses to write. Try again when it is back; nothing was half-written."""


class TrayFullError(PressrunError):
    """As many reports wait for a worker as may. Whoever brings one has it still, and must come again."""


class NotFoundError(PressrunError):
    """There is no such newsletter, list, issue, mailing or person."""


class ConflictError(PressrunError):
    """The request does not fit the state that things are in, such as pausing a mailing that is complete."""


class SourceError(PressrunError):
    """The editor must act: the source of an issue cannot be used as it stands.

    `place` is "file:line" where the line is known, else the file or the part of the issue.
    """

    def __init__(self, message: str, *, place: str = "", fix: str = "") -> None:
        """Join the facts into one message; keep them apart as attributes."""
        self.place = place
        self.reason = message
        self.fix = fix
        super().__init__(" ".join(part for part in (f"{place}:" if place else "", message, fix) if part))


class RenderError(SourceError):
    """The source was read, but no mail can be made of it."""


class RelayError(PressrunError):
    """A relay cannot be used just now; the hand-over is tried again later."""
