"""The demo's verdict: copies in a folder against what a ledger says."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.delivery.ledger import LedgerCounts, Words
from mailer.delivery.press import Press
from mailer.demo.counting import count_copies, find_differences
from mailer.issues.mailing import MailingId
from mailer.settings import load_settings
from mailer.tokens import Kind
from mailer.wiring import put_together
from subscribers.address import parse_address
from subscribers.storage import Redis

NOW = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)
MAILING = MailingId(1)
ADDRESSES = {1: "ana@example.com", 2: "bo@example.com"}


@pytest.fixture
async def press(redis: Redis, monkeypatch: pytest.MonkeyPatch) -> Press:
    """Give a press in whose mailing 1 the people 1 and 2 were accepted."""
    monkeypatch.setenv("PRESSRUN_SECRET", "s" * 40)
    press = put_together(load_settings(), redis)
    for address in ADDRESSES.values():
        await press.people.subscribers.add(parse_address(address), now=NOW)
    await press.ledger.freeze(MAILING, 0, Words(audience=0b110, claimed=0b110, accepted=0b110))
    return press


def keep(folder: Path, press: Press, name: str, person: int, to: str = "") -> None:
    message_id = press.tokens.local_part(Kind.MESSAGE_ID, MAILING, person)
    to = to or ADDRESSES[person]
    (folder / f"{name}.eml").write_text(f"Message-ID: <{message_id}@example.com>\r\nTo: <{to}>\r\n\r\nHello.\r\n")


async def differences(press: Press, folder: Path) -> list[str]:
    counts: LedgerCounts = await press.ledger.counts(MAILING)
    return await find_differences(press, [(MAILING, counts)], count_copies(folder, press.tokens))


async def test_one_copy_for_everybody_who_was_accepted_is_no_difference(press: Press, tmp_path: Path) -> None:
    keep(tmp_path, press, "a", 1)
    keep(tmp_path, press, "b", 2)

    assert await differences(press, tmp_path) == []


async def test_a_missing_copy_is_found(press: Press, tmp_path: Path) -> None:
    keep(tmp_path, press, "a", 1)

    assert await differences(press, tmp_path) == ["1 people accepted in mailing 1, but without a message (ids 2)."]


async def test_a_second_copy_is_found(press: Press, tmp_path: Path) -> None:
    keep(tmp_path, press, "a", 1)
    keep(tmp_path, press, "b", 2)
    keep(tmp_path, press, "c", 2)

    assert await differences(press, tmp_path) == ["1 people with more than one copy of mailing 1 (ids 2)."]


async def test_a_copy_for_somebody_who_was_not_accepted_is_found(press: Press, tmp_path: Path) -> None:
    for name, person in (("a", 1), ("b", 2), ("c", 9)):
        keep(tmp_path, press, name, person, to=f"{name}@example.com" if person == 9 else "")

    first, second = await differences(press, tmp_path)
    assert first == "1 people not accepted in mailing 1, but with a message (ids 9)."
    assert "another address in To" in second


async def test_a_message_that_is_addressed_to_somebody_else_is_found(press: Press, tmp_path: Path) -> None:
    keep(tmp_path, press, "a", 1, to=ADDRESSES[2])
    keep(tmp_path, press, "b", 2)

    assert await differences(press, tmp_path) == ["1 people whose message says another address in To (ids 1)."]


async def test_a_message_that_is_not_ours_is_found(press: Press, tmp_path: Path) -> None:
    keep(tmp_path, press, "a", 1)
    keep(tmp_path, press, "b", 2)
    (tmp_path / "z.eml").write_text("Message-ID: <made-up@example.com>\r\n\r\nHello.\r\n")

    assert await differences(press, tmp_path) == ["z.eml in the inbox is not from us."]


async def test_people_who_are_still_pending_are_a_difference(press: Press, tmp_path: Path) -> None:
    await press.ledger.freeze(MAILING, 0, Words(audience=0b1110, claimed=0b110, accepted=0b110))
    keep(tmp_path, press, "a", 1)
    keep(tmp_path, press, "b", 2)

    assert await differences(press, tmp_path) == ["Mailing 1 does not balance, or 1 people are still pending."]
