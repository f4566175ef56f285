"""DKIM: an independent verifier agrees, and nothing that matters can be changed or added."""

from __future__ import annotations

from datetime import UTC, datetime

import dkim
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailer.errors import ConfigError
from mailer.senders.dkim import Algorithm, SigningKey, load_key, make_private_key, relaxed_body, sign, sign_canonical

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
RSA = load_key("news.example.com", "s2026", make_private_key())
ED25519 = load_key("news.example.com", "e2026", make_private_key(Algorithm.ED25519))
MESSAGE = (
    b"From: The Daily <daily@news.example.com>\r\n"
    b"To: =?utf-8?q?Ren=C3=A9?= <rene@example.com>\r\n"
    b"Subject: The  harbour\r\n opens\r\n"
    b"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
    b"Message-ID: <1@news.example.com>\r\n"
    b"List-Unsubscribe: <https://news.example.com/u/abc>,\r\n <mailto:u@news.example.com>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"MIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n"
    b"\r\n"
    b"Ships  came in. \r\n\r\nAll of them.\r\n\r\n"
)


def verifies(message: bytes, *keys: SigningKey) -> bool:
    records = {f"{key.record_name}.".encode(): key.record.encode() for key in keys}
    try:
        return all(
            dkim.DKIM(message).verify(idx=place, dnsfunc=lambda name, timeout=5: records.get(name))
            for place in range(len(keys))
        )
    except dkim.ValidationError:
        # The verifier's way of saying that the body was changed.
        return False


@pytest.mark.parametrize("key", [RSA, ED25519], ids=["rsa", "ed25519"])
def test_an_independent_verifier_agrees(key: SigningKey) -> None:
    assert verifies(sign(MESSAGE, [key], NOW), key)


def test_two_keys_give_two_signatures_over_the_same_body_hash() -> None:
    signed = sign(MESSAGE, [RSA, ED25519], NOW)

    assert verifies(signed, RSA, ED25519)
    assert signed.count(b"DKIM-Signature:") == 2
    assert signed.endswith(MESSAGE)


def test_a_canonical_body_is_signed_alike_without_a_second_look() -> None:
    canonical = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\nShips came in.\r\n"

    assert sign_canonical(canonical, [RSA], NOW) == sign(canonical, [RSA], NOW)


@pytest.mark.parametrize(
    "added",
    [
        b"From: Somebody Else <else@example.net>\r\n",
        b"Subject: You have won\r\n",
        b"List-Unsubscribe: <https://example.net/>\r\n",
        b"Reply-To: else@example.net\r\n",
        b"To: else@example.net\r\n",
    ],
)
def test_a_field_added_on_the_way_breaks_the_signature(added: bytes) -> None:
    signed = sign(MESSAGE, [RSA], NOW)

    assert not verifies(added + signed, RSA)


@pytest.mark.parametrize("field", [b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b"MIME-Version: 1.0\r\n"])
def test_a_signed_field_taken_away_breaks_the_signature(field: bytes) -> None:
    assert not verifies(sign(MESSAGE, [RSA], NOW).replace(field, b""), RSA)


def test_a_changed_body_breaks_the_signature() -> None:
    assert not verifies(sign(MESSAGE, [RSA], NOW).replace(b"came in", b"sank"), RSA)


def test_refolding_and_changed_white_space_do_not() -> None:
    signed = sign(MESSAGE, [RSA], NOW)
    touched = signed.replace(b"The  harbour\r\n opens", b"The harbour opens").replace(
        b"Ships  came in. ", b"Ships came in."
    )

    assert touched != signed
    assert verifies(touched, RSA)


def test_fields_that_are_not_there_cost_nothing_and_every_line_is_short() -> None:
    header, _, _ = sign(MESSAGE, [RSA], NOW).partition(b"\r\n\r\n")

    assert max(map(len, header.split(b"\r\n"))) <= 78
    assert b"feedback-id" not in header


@pytest.mark.parametrize(
    ("body", "canonical"),
    [
        (b"", b""),
        (b"\r\n\r\n", b""),
        (b" C \r\nD \t E\r\n\r\n\r\n", b" C\r\nD E\r\n"),  # RFC 6376 §3.4.5
        (b"no line end", b"no line end\r\n"),
        (b"a\r\n \r\n\t\r\n", b"a\r\n"),
    ],
)
def test_the_body_is_canonicalised_as_the_standard_shows(body: bytes, canonical: bytes) -> None:
    assert relaxed_body(body) == canonical


@given(st.lists(st.sampled_from([b"a", b" ", b"\t", b"\r\n", b"=20", b"z.z"]), max_size=30))
def test_the_verifier_agrees_about_any_body(pieces: list[bytes]) -> None:
    message = MESSAGE.partition(b"\r\n\r\n")[0] + b"\r\n\r\n" + b"".join(pieces) + b"\r\n"

    assert verifies(sign(message, [ED25519], NOW), ED25519)


def test_the_dns_record_comes_in_strings_that_dns_can_carry() -> None:
    assert all(len(part) <= 255 for part in RSA.record_strings)
    assert "".join(RSA.record_strings) == RSA.record
    assert RSA.record.startswith("v=DKIM1; k=rsa; p=MII")


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", b"\x00\xff"])
def test_a_key_that_cannot_be_read_is_a_sentence(pem: bytes) -> None:
    with pytest.raises(ConfigError, match=r"DKIM key of example\.com \(s1\) cannot be read"):
        load_key("example.com", "s1", pem)
