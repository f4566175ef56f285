"""The errors of this package: one root, and a child for each one who must act.

Every message is written for a person: what happened, who is affected, what to do. Facts are attributes. Expected
outcomes (a row that is no address, somebody who left and stays away) are values in a report, not errors.
"""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


class PeopleError(Exception):
    """Something asked of this package cannot be done."""


class AddressError(PeopleError):
    """The text is not an address that mail can be sent to. `text` is what was given, `reason` why not."""

    def __init__(self, text: str, reason: str) -> None:
        """Keep the facts apart; shorten what was given, since it may be ten megabytes of anything."""
        self.text = text if len(text) <= 200 else f"{text[:200]}…"
        self.reason = reason
        super().__init__(f"“{self.text}” is not an email address: {reason}")


class UnknownListError(PeopleError):
    """There is no list of this name. `suggestion` is the nearest that exists, or empty."""

    def __init__(self, wanted: str, existing: Iterable[str] = ()) -> None:
        """Suggest the nearest name."""
        names = sorted(existing)
        self.wanted = wanted
        self.suggestion = next(iter(get_close_matches(wanted, names, n=1)), "")
        hint = f"Did you mean “{self.suggestion}”?" if self.suggestion else f"Lists: {', '.join(names) or 'none yet'}."
        super().__init__(f"There is no list “{wanted}”. {hint}")


class UnknownSubscriberError(PeopleError):
    """There is no such person, or no longer."""


class ConflictError(PeopleError):
    """Somebody else changed the same thing first. Read it again, and try again."""


class SuppressedError(PeopleError):
    """The address must not be mailed, so it cannot join. `reason` says why; do not show it to strangers."""

    def __init__(self, reason: str) -> None:
        """Keep the reason apart: whether an address is known here is nobody else's business."""
        self.reason = reason
        super().__init__(
            f"This address is suppressed ({reason}). Remove the suppression first, if its owner wants that."
        )


class SuppressionError(PeopleError):
    """A suppression cannot be made or taken away like this."""


class RowError(PeopleError):
    """A row of an imported file is no person, though its address may be fine. `reason` says why."""

    def __init__(self, reason: str) -> None:
        """Keep the reason, for the report."""
        self.reason = reason
        super().__init__(reason)


class FieldError(PeopleError):
    """A field cannot be declared like this, or cannot hold this value. `reason` says why."""

    def __init__(self, name: str, reason: str) -> None:
        """Keep the facts apart."""
        self.name = name
        self.reason = reason
        super().__init__(f"The field “{name}”: {reason}")


class ConsentNeededError(PeopleError):
    """People cannot be made active without a statement of how they agreed."""


class ImportFileError(PeopleError):
    """A file cannot be imported as it stands; nothing of it was. `place` is "file:line" where the line is known."""

    def __init__(self, message: str, *, place: str, fix: str) -> None:
        """Join the facts into one message."""
        self.place = place
        self.reason = message
        self.fix = fix
        super().__init__(f"{place}: {message} {fix} Nothing was imported.")


class StorageDownError(PeopleError):
    """Redis cannot be reached or refuses to write. Try again when it is back: every write can be repeated."""


class ImportInterruptedError(StorageDownError):
    """Redis went away in the middle of an import. `report` says how far it got: an `ImportReport`."""

    def __init__(self, reason: str, report: object) -> None:
        """Say what is in and what to do."""
        self.report = report
        rows = getattr(report, "total", 0)
        super().__init__(
            f"{reason} The import stopped after {rows:,} rows, and some of the next may be in too. "
            "Import the file again then: rows that are in will be counted as already there."
        )


class RuleError(PeopleError):
    """A segment's rule cannot be read, or means nothing here. `reason` says why, `fix` what to write."""

    def __init__(self, reason: str, fix: str) -> None:
        """Join the facts into one message."""
        self.reason = reason
        self.fix = fix
        super().__init__(f"{reason} {fix}")


class UnknownSegmentError(PeopleError):
    """There is no segment of this name."""


class UnknownImportError(PeopleError):
    """There is no such import, or no longer."""


class ImportTakenOverError(PeopleError):
    """Another process has gone on with this import; this one stops. Nothing is lost, and nothing counted twice."""


class ImportCancelledError(PeopleError):
    """Somebody cancelled this import. What is in stays in."""


class ImportReaderError(PeopleError):
    """The process that read the file was ended. Nothing is lost: importing the same file again goes on."""

    def __init__(self, name: str, status: int | None) -> None:
        """Say what may have happened, and what to do."""
        super().__init__(
            f"{name}: The process that read it ended with status {status}, perhaps because memory ran out. What it had "
            "read is in. Import the file again to go on; where that fails too, save it as “CSV UTF-8” and import that."
        )


class BackupError(PeopleError):
    """A backup cannot be restored."""
