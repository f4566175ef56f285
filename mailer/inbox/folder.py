"""The folder of caught messages: one `.eml` file a message, named so that the names sort by time.

A file holds what a mail server's delivery leaves: `Return-Path`, `Delivered-To`, `X-Original-To` and `Received`, and
below them the message, byte for byte as it came. Nothing is fsynced: the inbox is for looking at, and speed matters
more.
"""

from __future__ import annotations

import heapq
import itertools
import os
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.utils import format_datetime
from pathlib import Path

from mailer.errors import ConfigError, NotFoundError
from mailer.inbox.captured import CapturedMessage, Heading, read_captured, read_heading

_NAME = re.compile(r"\d{8}T\d{12}-\d{6,}\.eml")
_UNSAFE = re.compile(r"[\x00-\x1f\x7f]")
_HEAD_BYTES = 16_384
_MOST_SEARCHED = 20_000


class InboxFolder:
    """Keeps caught messages, and finds them again."""

    def __init__(self, path: Path) -> None:
        """Use this folder, and make it if it is not there. Raises ConfigError where that is not allowed."""
        self.path = path
        self._numbers = itertools.count()
        try:
            path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"The inbox cannot keep messages in {path}: {error.strerror}.") from error

    def keep(
        self, raw: bytes, mail_from: str, rcpt_to: Sequence[str], now: datetime, *, received_from: str = "unknown"
    ) -> str:
        """Write a message and its envelope, and return the file's name."""
        name = f"{now:%Y%m%dT%H%M%S%f}-{next(self._numbers):06d}.eml"
        above = _envelope_fields(mail_from, rcpt_to, now, received_from, name)
        # O_EXCL: two processes that chose one name shall not write into one file.
        descriptor = os.open(self.path / name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
        try:
            os.writev(descriptor, (above, raw))
        finally:
            os.close(descriptor)
        return name

    def list(self, limit: int = 100, search: str = "") -> tuple[Heading, ...]:
        """Return the newest messages first; only those with `search` in subject, sender or recipient, in any case.

        A search looks at the newest 20,000 messages.
        """
        if not search:
            names = heapq.nlargest(limit, self._names())
            return tuple(heading for name in names if (heading := self._heading(name)))
        found: tuple[Heading, ...] = ()
        for name in heapq.nlargest(_MOST_SEARCHED, self._names()):
            heading = self._heading(name)
            if heading and search.casefold() in f"{heading.subject}\n{heading.sender}\n{heading.recipient}".casefold():
                found = (*found, heading)
                if len(found) == limit:
                    break
        return found

    def read(self, name: str) -> CapturedMessage:
        """Return a message. Raises NotFoundError, also for any name that is not one of the folder's own."""
        if not _NAME.fullmatch(name):
            raise NotFoundError(f"There is no message “{name[:80]}” in the inbox.")
        try:
            return read_captured(name, (self.path / name).read_bytes())
        except FileNotFoundError:
            raise NotFoundError(f"There is no message “{name}” in the inbox.") from None

    def count(self) -> int:
        """Return how many messages there are."""
        return sum(1 for _ in self._names())

    def clear(self) -> int:
        """Delete all messages, and return how many there were. Other files in the folder stay."""
        names = tuple(self._names())
        for name in names:
            (self.path / name).unlink(missing_ok=True)
        return len(names)

    def _names(self) -> Iterator[str]:
        with os.scandir(self.path) as entries:
            for entry in entries:
                if _NAME.fullmatch(entry.name):
                    yield entry.name

    def _heading(self, name: str) -> Heading | None:
        """Return a message's heading; None if it was deleted meanwhile."""
        try:
            with (self.path / name).open("rb") as file:
                return read_heading(name, file.read(_HEAD_BYTES), os.fstat(file.fileno()).st_size)
        except FileNotFoundError:
            return None


def _envelope_fields(mail_from: str, rcpt_to: Sequence[str], now: datetime, received_from: str, name: str) -> bytes:
    """Return what a mail server writes above a message at final delivery (RFC 5321 §4.4)."""
    lines = [f"Return-Path: <{mail_from}>"]
    for recipient in rcpt_to:
        lines += [f"Delivered-To: {recipient}"]
    lines += [f"X-Original-To: {recipient}" for recipient in rcpt_to]
    for_whom = f" for <{rcpt_to[0]}>" if len(rcpt_to) == 1 else ""
    lines += [
        f"Received: from {received_from} by inbox.test with ESMTP id {name[:-4]}{for_whom}; {format_datetime(now)}"
    ]
    return "".join(f"{_UNSAFE.sub('', line)}\r\n" for line in lines).encode("utf-8", "surrogateescape")
