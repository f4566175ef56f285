"""What a person reads about an outcome, and what a relay must be."""

from __future__ import annotations

import pytest

from mailer.errors import ConfigError
from mailer.settings import RelayTls, load_settings
from mailer.smtp import Outcome, OutcomeKind, Relay, Reply, Step

ACCEPTED = Outcome(OutcomeKind.ACCEPTED, Reply(250, "2.0.0", "queued as A1"))
DEFERRED = Outcome(OutcomeKind.DEFERRED, Reply(450, "4.2.0", "Greylisted,\ntry later"), Step.RCPT)
LOST = Outcome(OutcomeKind.DEFERRED, None, Step.DATA, "The connection was lost.")
REFUSED = Outcome(OutcomeKind.REFUSED, Reply(550, "", "no such person"), Step.RCPT)
TOO_LARGE = Outcome(OutcomeKind.REFUSED, None, Step.CHECK, "The message has 9 bytes; the relay takes 8 at most.")
UNCERTAIN = Outcome(OutcomeKind.UNCERTAIN, None, Step.DOT, "The connection was lost.")


@pytest.mark.parametrize(
    ("outcome", "sentence"),
    [
        (ACCEPTED, "Accepted: 250 2.0.0 queued as A1"),
        (DEFERRED, "Deferred at RCPT: 450 4.2.0 Greylisted, try later"),
        (LOST, "Deferred at DATA: The connection was lost."),
        (REFUSED, "Refused at RCPT: 550 no such person"),
        (TOO_LARGE, "Refused before it was sent: The message has 9 bytes; the relay takes 8 at most."),
        (UNCERTAIN, "Uncertain, the message was handed over but no reply came: The connection was lost."),
    ],
)
def test_an_outcome_is_said_in_a_sentence(outcome: Outcome, sentence: str) -> None:
    assert outcome.sentence == sentence


def test_a_password_is_never_shown() -> None:
    relay = Relay("mx.example", 465, tls=RelayTls.IMPLICIT, username="press", password="open sesame")

    assert "sesame" not in repr(relay)


@pytest.mark.parametrize(
    "wrong",
    [
        {"host": ""},
        {"connections": 0},
        {"timeout_seconds": 0},
        {"hello_name": "two words"},
        {"hello_name": "line\r\nend"},
        {"username": "press"},
    ],
)
def test_a_relay_that_cannot_work_is_refused_at_once(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        Relay(**{"host": "mx.example", "port": 25, **wrong})  # type: ignore[arg-type]


def test_a_password_goes_to_this_machine_or_through_tls_or_where_the_operator_says() -> None:
    assert Relay("localhost", 25, username="press").may_say_password
    assert Relay("mx.example", 587, tls=RelayTls.STARTTLS, username="press").may_say_password
    assert Relay("mx.lan", 25, username="press", allows_plain_auth=True).may_say_password


def test_the_settings_describe_a_relay() -> None:
    relay = Relay.of(load_settings(relay_host="mx.example", relay_port=587, relay_tls="starttls"))

    assert (relay.name, relay.tls) == ("mx.example:587", RelayTls.STARTTLS)
