"""A relay that cannot be used is left alone, longer each time; a refused login for long at once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from mailer.senders.relays.health import LONGEST_REST, REST_AFTER_REFUSED_LOGIN, Health

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


def test_rests_double_up_to_five_minutes() -> None:
    health, rests = Health(), []

    for _ in range(9):
        health = health.after_failure("gone", NOW)
        assert health.rests_until
        rests.append((health.rests_until - NOW).total_seconds())

    assert rests == [5, 10, 20, 40, 80, 160, 300, 300, 300]
    assert Health(failures=10_000).after_failure("gone", NOW).rests_until == NOW + LONGEST_REST


def test_a_refused_login_is_not_asked_again_soon() -> None:
    health = Health().after_failure("535", NOW, is_login=True)

    assert not health.may_be_probed(NOW + timedelta(minutes=14))
    assert health.may_be_probed(NOW + REST_AFTER_REFUSED_LOGIN)


def test_a_relay_that_was_never_tried_is_well() -> None:
    assert Health().is_well
    assert Health().may_be_probed(NOW)
    assert not Health().after_failure("gone", NOW).is_well
