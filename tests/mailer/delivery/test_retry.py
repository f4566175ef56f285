"""When deferred people are tried again."""

from datetime import UTC, datetime, timedelta

from mailer.delivery.retry import RetryPolicy

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
POLICY = RetryPolicy([timedelta(minutes=1), timedelta(minutes=5)], give_up_after=timedelta(hours=48))


def test_each_try_waits_longer_and_the_last_delay_repeats() -> None:
    waits = [POLICY.next_try(tries, NOW) - NOW for tries in (1, 2, 3, 40)]

    assert waits == [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=5), timedelta(minutes=5)]


def test_people_are_given_up_at_the_age_that_was_set() -> None:
    assert not POLICY.is_given_up(NOW - timedelta(hours=47, minutes=59), NOW)
    assert POLICY.is_given_up(NOW - timedelta(hours=48), NOW)
