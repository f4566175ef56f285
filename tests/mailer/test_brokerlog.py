from __future__ import annotations

import logging

import pytest

from mailer.brokerlog import BrokerLog

LOST = "consumer: Connection to broker lost. Trying to re-establish the connection..."


def complaint(
    *, seconds: float, name: str = "celery.worker.consumer.consumer", message: str = LOST
) -> logging.LogRecord:
    error = ValueError("100 % full")
    record = logging.LogRecord(name, logging.WARNING, __file__, 1, message, (), (ValueError, error, None))
    record.created = 1_000_000 + seconds
    return record


def test_a_complaint_about_the_broker_is_written_once_a_minute_as_one_line() -> None:
    log = BrokerLog()
    written = [one for second in range(130) if log.filter(one := complaint(seconds=second))]

    assert [logging.Formatter("%(message)s").format(one) for one in written] == [f"{LOST} (100 % full)"] * 3


@pytest.mark.parametrize("name", ["celery.app.trace", "pressrun.mail"])
def test_what_others_say_is_written_whole(name: str) -> None:
    log = BrokerLog()
    said = [complaint(seconds=second, name=name) for second in range(2)]

    assert all(log.filter(one) for one in said)
    assert all(one.exc_info for one in said)


def test_different_complaints_are_both_written() -> None:
    log = BrokerLog()

    assert log.filter(complaint(seconds=0))
    assert log.filter(complaint(seconds=1, message="Frequent restarts detected"))
