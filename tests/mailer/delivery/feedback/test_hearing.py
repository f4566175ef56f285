"""Reports are worked off out of the tray, whatever dies and whatever is wrong with one of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from mailer.bounces.tray.store import MOST_TRIES
from mailer.bounces.tray.trayed import TrayId
from mailer.bounces.verp import return_path
from mailer.delivery.feedback.hearing import take_in, work_tray
from mailer.delivery.lane import Lane
from mailer.delivery.looking import look
from mailer.delivery.presence import report, unserved
from mailer.delivery.progress import progress_of
from mailer.errors import NotFoundError
from mailer.issues.mailing import Mailing
from subscribers.address import parse_address
from subscribers.suppression import Reason
from tests.mailer.delivery.conftest import Newsroom

COMPLAINT = (
    b"From: feedback@example.net\r\nSubject: complaint\r\n"
    b"Content-Type: multipart/report; report-type=feedback-report; boundary=edge\r\n\r\n"
    b"--edge\r\nContent-Type: message/feedback-report\r\n\r\n"
    b"Feedback-Type: abuse\r\nVersion: 1\r\nUser-Agent: Sample/1\r\n\r\n--edge--\r\n"
)
LETTER = b"From: ana@example.com\r\nSubject: Hello\r\n\r\nHello.\r\n"


async def _mailed(newsroom: Newsroom) -> tuple[Mailing, str]:
    """Mail to Ana; return the mailing, and the address that reports about her come to."""
    (ana,) = await newsroom.join("ana@example.com")
    mailing = await newsroom.send()
    await newsroom.work()
    return mailing, return_path(newsroom.press.tokens, mailing.id, ana, "bounces.example.com")


async def _put(newsroom: Newsroom, message: bytes, address: str) -> TrayId:
    return await newsroom.press.tray.put(message, [address], await newsroom.press.ledger.now())


async def _work(newsroom: Newsroom) -> int:
    return await work_tray(newsroom.press, lasts=timedelta(seconds=10), is_stopping=lambda: False)


async def test_the_tick_asks_for_a_shift_which_does_what_follows_and_empties_the_tray(newsroom: Newsroom) -> None:
    press = newsroom.press
    _, address = await _mailed(newsroom)
    await _put(newsroom, COMPLAINT, address)
    wanted = await look(press, "test")

    assert await _work(newsroom) == 1

    suppression = await press.people.suppressions.find(parse_address("ana@example.com"))
    assert suppression is not None
    assert suppression.reason is Reason.COMPLAINT
    assert wanted[Lane.FEEDBACK] == 1
    assert (await look(press, "test"))[Lane.FEEDBACK] == 0
    assert (await press.tray.count()).waiting == 0


async def test_what_a_dead_worker_had_done_already_counts_once(newsroom: Newsroom) -> None:
    press = newsroom.press
    mailing, address = await _mailed(newsroom)
    await _put(newsroom, COMPLAINT, address)
    taken = await press.tray.take(await press.ledger.now(), lease_for=timedelta(0))
    assert taken is not None
    await take_in(press, taken.message, taken.recipients, taken.came)

    # The worker is dead: its report was never taken out. The sender, too, brings it once more.
    await _put(newsroom, COMPLAINT, address)

    assert await _work(newsroom) == 2
    assert len(await press.reports.of_mailing(mailing.id)) == 1


async def test_a_report_that_cannot_be_worked_off_is_set_aside_and_the_others_go_on(newsroom: Newsroom) -> None:
    press = newsroom.press
    mailing, address = await _mailed(newsroom)
    await press.redis.delete(f"{{m{mailing.id}}}:mailing")
    bad = await _put(newsroom, COMPLAINT, address)
    await _put(newsroom, LETTER, "postmaster@example.com")

    for _ in range(MOST_TRIES):
        with pytest.raises(NotFoundError):
            await _work(newsroom)
        assert await _work(newsroom) <= 1
        await press.redis.zadd("{reports}:due", {str(bad): 0})
    await _work(newsroom)

    (aside,) = await press.tray.aside(10)
    assert (aside.id, aside.tries) == (bad, MOST_TRIES)
    assert aside.sentence.startswith("It could not be worked off (NotFoundError: ")
    assert [event.kind for event in await press.reports.recent()] == ["letter"]
    assert (await press.tray.count()).waiting == 0


async def test_reports_that_nobody_takes_are_told_beside_every_mailing(newsroom: Newsroom) -> None:
    press = newsroom.press
    mailing, address = await _mailed(newsroom)
    for lane in (Lane.DELIVERY, Lane.TRANSACTIONAL):
        await report(press, lane, "press:17")
    before = (await progress_of(press, mailing.id)).unheard
    await _put(newsroom, COMPLAINT, address)

    told = (await progress_of(press, mailing.id)).unheard
    await report(press, Lane.FEEDBACK, "press:18")

    assert before == "", "where nothing has come back, nobody is missed"
    assert told.startswith("Bounces and complaints wait: 1. No worker serves the queue feedback")
    assert (await progress_of(press, mailing.id)).unheard == ""
    assert await unserved(press) == [Lane.BULK]


async def test_a_shift_that_is_told_to_stop_takes_nothing_more(newsroom: Newsroom) -> None:
    await _put(newsroom, LETTER, "postmaster@example.com")

    assert await work_tray(newsroom.press, lasts=timedelta(seconds=10), is_stopping=lambda: True) == 0
    assert (await newsroom.press.tray.count()).waiting == 1
