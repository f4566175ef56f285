"""`pressrun check`, `pressrun doctor` and `pressrun bounce`."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.press import Press

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run

InPress = Callable[[Callable[[Press], Awaitable[None]]], None]


def test_the_check_finds_nothing_wrong_with_what_the_commands_have_stored(run: Run, people: Path) -> None:
    assert run("check").out == "Everything fits together.\n"
    assert run("check", "--json").json == {"fits_together": True, "problems": []}


def test_the_check_finds_what_does_not_fit(run: Run, people: Path, in_press: InPress) -> None:
    async def break_something(press: Press) -> None:
        for key in [key async for key in press.redis.scan_iter(match="*")]:
            if b"people" in key or b"subscriber" in key:
                await press.redis.delete(key)

    in_press(break_something)

    assert not run("check", "--json", status=1).json["fits_together"]


def test_the_doctor_says_what_does_not_run_and_what_to_do(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_RELAY_PORT", "1")

    found = {one["part"]: one for one in run("doctor", "--json", status=1).json}

    assert found["secret"]["health"] == "fine"
    assert found["relay"]["health"] == "ill"
    assert found["scheduler"]["health"] == "ill"
    assert "`pressrun scheduler`" in found["scheduler"]["advice"]
    assert found["worker"]["health"] == "doubtful"


def test_the_doctor_of_a_press_without_redis_says_so(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_REDIS_URL", f"unix://{tmp_path}/nobody.sock?db=0")

    found = {one["part"]: one for one in run("doctor", "--json", status=1).json}

    assert found["redis"]["health"] == "ill"


def test_a_bounce_to_an_address_that_we_never_made_changes_nothing(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "bounce.eml"
    file.write_bytes(b"From: <>\r\nSubject: Undelivered\r\n\r\nSorry.\r\n")

    (one,) = run("bounce", str(file), "--rcpt", "b+nonsense@example.com", "--json").json

    assert one["kind"] == "backscatter"
    assert "Nothing was changed" in one["sentence"]


def test_a_bounce_is_read_from_a_pipe(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    class Pipe:
        buffer = io.BytesIO(b"Subject: hello\r\n\r\nHello.\r\n")

        def isatty(self) -> bool:
            return False

    monkeypatch.setattr("sys.stdin", Pipe())

    assert "noted" in run("bounce", "--rcpt", "postmaster@example.com").out


def test_a_bounce_that_is_not_there_is_one_sentence(run: Run, tmp_path: Path) -> None:
    assert "nothing.eml cannot be read" in run("bounce", f"{tmp_path}/nothing.eml", "--rcpt", "b@x.test", status=2).err
