"""One function for each thing that happens to mail, so that a log can be read and searched years later.

Lines are `what key=value …`; addresses are written only where somebody must act on them. Accepted messages are logged
at DEBUG: the ledger remembers them, and a million lines help nobody.
"""

from __future__ import annotations

import logging
from datetime import datetime

_log = logging.getLogger("pressrun.mail")


def planned(mailing: int, audience: int, to_mail: int) -> None:
    """The audience of a mailing was frozen."""
    _log.info("planned mailing=%d audience=%d to_mail=%d", mailing, audience, to_mail)


def completed(mailing: int) -> None:
    """Nobody is pending any more."""
    _log.info("completed mailing=%d", mailing)


def accepted(mailing: int, subscriber: int) -> None:
    """The relay took responsibility for a message."""
    _log.debug("accepted mailing=%d subscriber=%d", mailing, subscriber)


def not_accepted(mailing: int, subscriber: int, kind: str, sentence: str) -> None:
    """A hand-over ended as deferred, refused or uncertain."""
    _log.info("%s mailing=%d subscriber=%d: %s", kind, mailing, subscriber, sentence)


def one_off(message: int, subscriber: int, kind: str, sentence: str) -> None:
    """A message to one person was accepted, refused, excluded, put off, or is uncertain."""
    _log.info("%s message=%d subscriber=%d: %s", kind, message, subscriber, sentence)


def lost_lease(mailing: int, batch: str) -> None:
    """Another worker has taken a batch that this one was passing over."""
    _log.warning("lost-lease mailing=%d batch=%s: another worker goes on with it", mailing, batch)


def relay_failed(problem: str) -> None:
    """A relay cannot be used just now."""
    _log.warning("relay-failed: %s", problem)


def paused(mailing: int, why: str) -> None:
    """A mailing was paused."""
    _log.warning("paused mailing=%d: %s", mailing, why)


def recurred(series: str, mailing: int) -> None:
    """A recurring mailing has made one of its mailings."""
    _log.info("recurred series=%s mailing=%d", series, mailing)


def recut(mailing: int, pending: int) -> None:
    """Pending people were found in no batch, and were put into new ones."""
    _log.warning("recut mailing=%d pending=%d: their batches were missing", mailing, pending)


def waiting_for_redis(problem: str) -> None:
    """Redis cannot be reached; outcomes wait in memory."""
    _log.warning("waiting-for-redis: %s", problem)


def hits_wait(problem: str, waiting: int) -> None:
    """Opens and clicks cannot be written just now."""
    _log.warning("hits-wait waiting=%d: %s", waiting, problem)


def lost_hit(most: int) -> None:
    """Redis was away for so long that the oldest opens and clicks were dropped."""
    _log.error("lost-hit: more than %d opens and clicks wait for Redis, so the oldest was dropped", most)


def slowed(destination: str, until: datetime, why: str) -> None:
    """A destination wants less mail."""
    _log.warning("slowed destination=%s until=%s: %s", destination, until.isoformat(timespec="seconds"), why)


def heard(what: str) -> None:
    """Something came back, and was worked off."""
    _log.info("heard: %s", what)


def unserved(sentence: str) -> None:
    """No worker does one kind of work."""
    _log.warning("unserved: %s", sentence)
