"""When a destination wants less mail, how long it rests, and how it recovers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailer.delivery.destinations.destination import Destinations, wants_less
from mailer.delivery.destinations.slowdown import LONGEST_REST, Slowdown
from mailer.smtp.outcome import Outcome, OutcomeKind, Reply, Step

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def test_it_rests_for_ten_minutes_and_then_takes_one_more_each_minute() -> None:
    slowdown = Slowdown.after(None, "421 4.7.28", NOW)

    allowed = [slowdown.at_once(NOW + minutes * MINUTE) for minutes in (0, 9, 10, 11, 12, 20)]

    assert allowed == [0, 0, 1, 2, 3, 11]
    assert not slowdown.is_over(NOW + 28 * MINUTE)
    assert slowdown.is_over(NOW + 29 * MINUTE)


def test_what_is_heard_while_it_rests_is_an_echo() -> None:
    slowdown = Slowdown.after(None, "first", NOW)

    assert Slowdown.after(slowdown, "again", NOW + MINUTE) is slowdown


def test_heard_again_while_recovering_the_rest_doubles_up_to_two_hours() -> None:
    slowdown, now, rests = Slowdown.after(None, "", NOW), NOW, []
    for _ in range(6):
        rests.append(slowdown.rests_until - now)
        now = slowdown.rests_until + MINUTE
        slowdown = Slowdown.after(slowdown, "", now)

    assert rests == [10 * MINUTE, 20 * MINUTE, 40 * MINUTE, 80 * MINUTE, LONGEST_REST, LONGEST_REST]


def test_after_recovering_it_begins_anew() -> None:
    slowdown = Slowdown.after(None, "", NOW)

    later = NOW + timedelta(hours=1)

    assert Slowdown.after(slowdown, "", later).rests_until == later + 10 * MINUTE


@pytest.mark.parametrize(
    ("code", "status", "step", "wants"),
    [
        (421, "4.7.28", Step.RCPT, True),
        (450, "4.7.28", Step.DOT, True),
        (421, "4.7.0", Step.DOT, True),
        (451, "4.7.650", Step.DATA, True),
        (451, "4.7.1", Step.RCPT, False),
        (421, "4.3.2", Step.DOT, False),
        (421, "4.7.0", Step.MAIL, False),
        (452, "4.2.2", Step.RCPT, False),
    ],
)
def test_which_replies_mean_less(code: int, status: str, step: Step, wants: bool) -> None:
    assert wants_less(Outcome(OutcomeKind.DEFERRED, Reply(code, status, "no"), step)) is wants


def test_a_refusal_and_a_lost_connection_say_nothing_of_rates() -> None:
    assert not wants_less(Outcome(OutcomeKind.REFUSED, Reply(550, "4.7.28", "no"), Step.DOT))
    assert not wants_less(Outcome(OutcomeKind.DEFERRED, None, Step.RCPT, "lost"))


def test_domains_are_grouped_by_patterns() -> None:
    destinations = Destinations({"microsoft": ("outlook.*", "*.outlook.com"), "google": ("gmail.com",)})

    found = [destinations.of(one) for one in ("Outlook.com", "eu.outlook.com", "gmail.com", "notgmail.com")]

    assert found == ["microsoft", "microsoft", "google", "notgmail.com"]
