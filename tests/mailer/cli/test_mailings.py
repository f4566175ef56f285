"""`pressrun mailings`, without a worker: where a mailing stands is told from Redis alone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer.delivery.destinations.slowdown import Slowdown
from mailer.delivery.press import Press
from mailer.delivery.ticking import tick

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run

InPress = Callable[[Callable[[Press], Awaitable[None]]], None]


@pytest.fixture
def mailing(run: Run, issue: str, people: Path, in_press: InPress) -> int:
    """Give the number of a mailing that has begun, and in which nobody was mailed yet."""
    run("subscribers", "leave", "cy@example.com", "--list", "readers")
    number: int = run("mailings", "send", issue, "--list", "readers", "--yes", "--json").json["mailing"]

    async def begin(press: Press) -> None:
        await tick(press, "test")

    in_press(begin)
    return number


def test_the_count_says_who_would_be_mailed_and_sends_nothing(run: Run, issue: str, people: Path) -> None:
    run("suppressions", "add", "ana@example.com")

    facts = run("mailings", "send", issue, "--list", "readers", "--count", "--json").json

    scheduler, worker = facts.pop("hindrances")
    assert facts == {
        "audience": 3,
        "to_mail": 2,
        "excluded_by": {"manual": 1},
        "parts": {"Readers": 3},
        "duplicates": 0,
    }
    assert "No scheduler is at work" in scheduler
    assert "No worker serves the queue delivery" in worker
    assert run("mailings", "list").out == "There are no mailings yet.\n"


def test_lists_and_segments_are_added_and_the_arithmetic_says_how(run: Run, issue: str, people: Path) -> None:
    run("segments", "save", "bs", 'name == "波"')
    choice = ("--list", "readers", "--segment", "bs", "--exclude-segment", 'address == "cy@example.com"')

    said = run("mailings", "send", issue, *choice, "--count").out

    assert "Readers 3 + bs 1 − duplicates 1 − excluded-segment 1 = 2" in said


@pytest.mark.parametrize(
    ("choice", "says"),
    [
        ((), "at least one list or segment"),
        (("--segment", "reders"), "There is no segment “reders”"),
        (("--segment", 'in_list("redaers")'), "Did you mean “readers”?"),
        (("--list", "readers", "--exclude-mailing", "77"), "There is no mailing 77"),
    ],
)
def test_who_cannot_be_found_is_said(run: Run, issue: str, people: Path, choice: tuple[str, ...], says: str) -> None:
    answer = run("mailings", "send", issue, *choice, "--yes", status=2)

    assert says in answer.err


def test_nothing_is_mailed_unless_somebody_says_yes(run: Run, issue: str, people: Path) -> None:
    answer = run("mailings", "send", issue, "--list", "readers", status=2)

    assert "Send first-cup to 3 people?" in answer.err
    assert "--yes" in answer.err
    assert run("mailings", "list", "--json").json == []


def test_the_same_request_twice_makes_one_mailing(run: Run, issue: str, people: Path) -> None:
    arguments = ("mailings", "send", issue, "--list", "readers", "--yes", "--request", "monday", "--json")

    assert run(*arguments).json["mailing"] == run(*arguments).json["mailing"]
    assert len(run("mailings", "list", "--json").json) == 1


def test_a_mailing_can_be_for_later(run: Run, issue: str, people: Path) -> None:
    at = ("--at", "2099-11-02T09:00+01:00")

    facts = run("mailings", "send", issue, "--list", "readers", "--yes", *at, "--json").json

    assert (facts["state"], facts["starts"]) == ("scheduled", "2099-11-02T08:00:00+00:00")


def test_a_time_that_has_passed_mails_nobody(run: Run, issue: str, people: Path) -> None:
    at = ("--at", "2020-11-02T09:00+01:00")

    refused = run("mailings", "send", issue, "--list", "readers", "--yes", *at, status=2)

    assert "08:00 on 2 November 2020 UTC has passed" in refused.err
    assert run("mailings", "list", "--json").json == []


@pytest.mark.parametrize("at", ["tea time", "9999-12-31T23:59-14:00"])
def test_a_time_that_is_none_is_refused(run: Run, issue: str, people: Path, at: str) -> None:
    answer = run("mailings", "send", issue, "--list", "readers", "--yes", "--at", at, status=2)

    assert f"“{at}” is not a time" in answer.err


def test_the_status_says_what_mail_goes_around(run: Run, mailing: int, in_press: InPress) -> None:
    async def slow(press: Press) -> None:
        now = await press.ledger.now()
        await press.slowed.slow("google", Slowdown.after(None, "421 4.7.28 Unusual rate", now))

    in_press(slow)

    assert "google wants less mail until" in run("mailings", "status", str(mailing)).out
    assert len(run("mailings", "status", str(mailing), "--json").json["detours"]) == 1
    run("mailings", "cancel", str(mailing))
    assert run("mailings", "status", str(mailing), "--json").json["detours"] == []


def test_the_status_is_a_ledger_that_balances(run: Run, mailing: int) -> None:
    facts = run("mailings", "status", str(mailing), "--json").json

    assert facts["balanced"]
    assert (facts["audience"], facts["pending"], facts["excluded"], facts["excluded_by"]) == (3, 2, 1, {"left": 1})
    assert "1 (1 left)" in run("mailings", "status", str(mailing)).out


def test_why_is_answered_in_a_sentence(run: Run, mailing: int) -> None:
    assert "they have left the list" in run("mailings", "why", str(mailing), "cy@example.com").out
    assert "their turn is still to come" in run("mailings", "why", str(mailing), "ana@example.com").out
    assert run("mailings", "why", str(mailing), "cy@example.com", "--json").json["reason"] == "left"


def test_people_are_listed_by_where_they_stand(run: Run, mailing: int) -> None:
    facts = run("mailings", "people", str(mailing), "--standing", "pending", "--json").json

    assert facts["count"] == 2
    assert {one["address"] for one in facts["people"]} == {"ana@example.com", "bo@example.com"}
    more = run("mailings", "people", str(mailing), "--standing", "pending", "--limit", "1")
    assert "… and 1 more" in more.out
    assert run("mailings", "people", str(mailing), "--standing", "refused").out == "Nobody.\n"
    run("mailings", "people", str(mailing), "--standing", "asleep", status=2)


def test_a_mailing_is_paused_resumed_and_cancelled(run: Run, mailing: int) -> None:
    number = str(mailing)

    assert run("mailings", "pause", number, "--why", "A typo.").out == f"Mailing {number} is paused.\n"
    assert "A typo." in run("mailings", "status", number).out
    run("mailings", "resume", number)
    assert run("mailings", "cancel", number).out == f"Mailing {number} is cancelled.\n"
    assert "is cancelled" in run("mailings", "resume", number, status=2).err


def test_an_unknown_mailing_is_one_sentence(run: Run, mailing: int) -> None:
    assert run("mailings", "status", "77", status=2).err == f"There is no mailing 77. The newest is {mailing}.\n"


def test_an_issue_that_cannot_be_mailed_is_refused_with_the_reason(run: Run, people: Path, tmp_path: Path) -> None:
    file = tmp_path / "issue.md"
    file.write_text("---\nsubject: S\ntitle: One\nnewsletter: tea-times\n---\nHi.\n\n[Read it](){.button}\n")
    run("issues", "import", str(file))

    answer = run("mailings", "send", "one", "--list", "readers", "--yes", status=2)

    assert "Issue one cannot be mailed yet" in answer.err


def test_what_servers_said_is_nothing_before_anybody_was_tried(run: Run, mailing: int) -> None:
    assert run("mailings", "replies", str(mailing)).out == "Nobody was put off or refused.\n"
    assert run("mailings", "replies", str(mailing), "--json").json == {"replies": [], "is_part": False}
    assert "There is no mailing 77" in run("mailings", "replies", "77", status=2).err


def test_what_would_hold_it_up_is_said_beside_the_answer(run: Run, issue: str, people: Path) -> None:
    made = run("mailings", "send", issue, "--list", "readers", "--yes", "--json")

    assert made.json["mailing"] == 1
    assert "No scheduler is at work" in made.err


def test_a_mailing_that_has_not_begun_shows_the_people_who_would_get_it_now(run: Run, issue: str, people: Path) -> None:
    run("mailings", "send", issue, "--list", "readers", "--at", "2099-07-01T09:00", "--yes")
    before = run("mailings", "status", "1")
    listed = run("mailings", "list").out
    facts = run("mailings", "list", "--json").json
    run("suppressions", "add", "ana@example.com", "--reason", "manual")
    after = run("mailings", "status", "1")
    run("mailings", "cancel", "1")

    assert "about 3 people now" in before.out
    assert "about 3 " in listed
    assert (facts[0]["to_mail_now"], facts[0]["audience"]) == (3, 0)
    assert "about 2 people now" in after.out
    assert run("mailings", "status", "1", "--json").json["to_mail_now"] is None
