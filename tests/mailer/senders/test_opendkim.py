"""OpenDKIM, which most receivers have run for years, verifies what we sign and notices what was changed."""

from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.senders.dkim import BodyForm, SigningKey, load_key, make_private_key, sign

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)
MESSAGE = (
    b"From: The Daily <daily@news.example.com>\r\nTo: =?utf-8?q?Ren=C3=A9?= <rene@example.com>\r\n"
    b"Subject: The  harbour\r\n opens\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@news.example.com>\r\n"
    b"List-Unsubscribe: <https://news.example.com/u/abc>,\r\n <mailto:u@news.example.com>\r\n"
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\nMIME-Version: 1.0\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\nShips  came in. \r\n\r\nAll of them.\r\n\r\n"
)


@pytest.fixture(scope="module")
def opendkim() -> str:
    program = shutil.which("opendkim") or shutil.which("opendkim", path="/usr/sbin")
    if program is None:
        pytest.skip("Debian's package opendkim is missing")
    return program


def said_by(program: str, message: bytes, key: SigningKey, folder: Path) -> str:
    (folder / "message.eml").write_bytes(message)
    (folder / "keys").write_text(f"{key.record_name} {key.record}\n")
    (folder / "conf").write_text(f"Mode v\nSyslog no\nTestPublicKeys {folder}/keys\n")
    command = [program, "-x", str(folder / "conf"), "-t", str(folder / "message.eml"), "-v"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=30)
    return done.stdout + done.stderr


@pytest.mark.parametrize("body", list(BodyForm))
def test_a_signature_is_verified(opendkim: str, tmp_path: Path, body: BodyForm) -> None:
    key = load_key("news.example.com", "s20261124", make_private_key(), body=body)

    said = said_by(opendkim, sign(MESSAGE, [key], NOW), key, tmp_path)

    assert "2048-bit key) succeeded" in said


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"Ships", b"Whips"),
        (b"\r\nSubject:", b"\r\nSubject: Another\r\nSubject:"),
        (b"List-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n", b""),
    ],
    ids=["body", "second subject", "no one-click"],
)
def test_a_change_is_noticed(opendkim: str, tmp_path: Path, before: bytes, after: bytes) -> None:
    key = load_key("news.example.com", "s20261124", make_private_key())
    signed = sign(MESSAGE, [key], NOW)
    assert before in signed

    said = said_by(opendkim, signed.replace(before, after, 1), key, tmp_path)

    assert "succeeded" not in said
    assert "failed" in said
