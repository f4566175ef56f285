"""`pressrun bounce`: a report from a pipe."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from mailer.settings import load_settings
from mailer.tokens import Kind, Tokens
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.subscription import SubscriptionState
from tests.mailer.delivery.conftest import NOW

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from mailer.delivery.press import Press
    from tests.mailer.cli.conftest import Run

REPORT = b"From: MAILER-DAEMON@example.net\r\nDelivered-To: %b\r\nSubject: Undelivered\r\n\r\nNo such user.\r\n"


def test_without_rcpt_the_signed_address_in_the_header_says_whom_it_is_about(
    run: Run, tmp_path: Path, in_press: Callable[[Callable[[Press], Awaitable[None]]], None]
) -> None:
    states = []

    async def join(press: Press) -> None:
        subscriber, _ = await press.people.subscribers.add(parse_address("ana@example.com"), now=NOW)
        readers = await press.people.lists.create("readers", name="Readers", newsletter="daily")
        await press.people.lists.move(readers.id, [subscriber.id], SubscriptionState.ACTIVE)

    async def look(press: Press) -> None:
        states.append((await press.people.lists.lists_of(SubscriberId(1))).values())

    in_press(join)
    token = Tokens(load_settings().secret()).local_part(Kind.UNSUBSCRIBE, 1, 1, 1)
    message = tmp_path / "message.eml"
    message.write_bytes(REPORT % f"u+{token}@example.com".encode())

    said = run("bounce", str(message)).out
    in_press(look)

    assert said.startswith("Unsubscribed by mail: subscriber 1")
    assert list(states[0]) == [SubscriptionState.LEFT]


def test_a_message_to_nobody_of_ours_is_a_sentence(run: Run, tmp_path: Path) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(REPORT % b"b+forged@example.com")

    assert "--rcpt" in run("bounce", str(message), status=2).err


def test_while_redis_is_down_the_mail_server_is_asked_to_try_again(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    message = tmp_path / "message.eml"
    message.write_bytes(REPORT % b"b+x@example.com")
    monkeypatch.setenv("PRESSRUN_REDIS_URL", f"unix://{tmp_path}/nobody.sock?db=0")

    assert "cannot be used" in run("bounce", str(message), "--rcpt", "b+x@example.com", status=75).err
