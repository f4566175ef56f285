"""What Celery says about a broker that is away or takes no writes: one line a minute, so that no outage fills the disk.

Celery tries again several times a second, and says so each time with a traceback of fifty lines.
"""

from __future__ import annotations

import logging

_TALKERS = ("celery.worker.consumer", "kombu", "py.warnings")
_SILENT_SECONDS = 60.0


class BrokerLog(logging.Filter):
    """Lets the same complaint of those that talk to the broker through once a minute, and without its traceback."""

    def __init__(self) -> None:
        super().__init__()
        self._said: dict[tuple[str, str], float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a line is to be written."""
        if not record.name.startswith(_TALKERS):
            return True
        said = (record.name, record.getMessage())
        if record.created - self._said.get(said, 0.0) < _SILENT_SECONDS:
            return False
        self._said[said] = record.created
        if record.exc_info:
            record.msg, record.args = f"{record.getMessage()} ({record.exc_info[1]})", None
            record.exc_info = record.exc_text = None
        return True
