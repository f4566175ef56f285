"""`pressrun check`, `pressrun doctor` and `pressrun bounce`."""

from __future__ import annotations

import io
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import redis

from mailer.bounces.tray.store import MOST_TRIES
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


def test_the_doctor_sees_a_redis_that_takes_no_writes(run: Run, redis_url: str) -> None:
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("min-replicas-to-write", 1)
        try:
            found = {one["part"]: one for one in run("doctor", "--json", status=1).json}
        finally:
            client.config_set("min-replicas-to-write", 0)

    assert found["redis"]["health"] == "ill"
    assert "takes no writes" in found["redis"]["finding"]


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


def test_reports_that_wait_for_long_or_were_set_aside_are_shown_and_tried_again(run: Run, in_press: InPress) -> None:
    raw = b"From: <>\r\nSubject: Undelivered\r\n\r\nSorry.\r\n"

    async def put_one_in(press: Press) -> None:
        now = await press.ledger.now()
        await press.tray.put(raw, ["postmaster"], now - timedelta(hours=1))

    async def set_it_aside(press: Press) -> None:
        for _ in range(MOST_TRIES + 1):
            await press.tray.take(await press.ledger.now(), lease_for=timedelta(0))

    assert "No report waits" in run("reports", "list").out
    in_press(put_one_in)
    assert _reports_of(run)["health"] == "ill"
    in_press(set_it_aside)

    assert _reports_of(run)["health"] == "doubtful"
    (aside,) = run("reports", "list", "--json").json
    assert (aside["state"], aside["tries"], aside["recipients"]) == ("aside", MOST_TRIES, "postmaster")
    assert run("reports", "show", "1").out.encode() == raw
    assert run("reports", "show", "1", "--json").json["message"].encode() == raw
    run("reports", "retry", "1")
    assert run("reports", "list", "--json").json[0]["state"] == "waiting"
    assert "no report 2" in run("reports", "retry", "2", status=2).err


def _reports_of(run: Run) -> dict[str, str]:
    """Return what the doctor says of reports."""
    found: list[dict[str, str]] = run("doctor", "--json", status=1).json
    return next(one for one in found if one["part"] == "reports")


def test_the_doctor_examines_the_relays_that_are_defined(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_RELAY_PORT", "1")
    run("relays", "add", "post", "--host", "127.0.0.1", "--port", "1", "--tls", "none")
    run("relays", "add", "spare", "--host", "127.0.0.1", "--port", "1", "--tls", "none", "--pause")

    found = {one["part"]: one for one in run("doctor", "--json", status=1).json}

    assert "relay" not in found
    assert found["relay post"]["health"] == "ill"
    assert "pressrun relays show post" in found["relay post"]["advice"]
    assert found["relay spare"]["health"] == "doubtful"
