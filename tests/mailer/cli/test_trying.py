"""`pressrun mailings try, arms, choose, resend, report`, without a worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer import clock
from mailer.accounts.store import AccountStore
from mailer.delivery.press import Press
from mailer.delivery.ticking import tick

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run

InPress = Callable[[Callable[[Press], Awaitable[None]]], None]


async def begin(press: Press) -> None:
    await tick(press, "test")


def test_an_experiment_is_begun_shown_and_decided(run: Run, issue: str, people: Path, in_press: InPress) -> None:
    begun = run(
        "mailings",
        "try",
        issue,
        "--list",
        "readers",
        "--subject",
        "Tea at six",
        "--share",
        "50",
        "--winner-by",
        "hand",
        "--json",
    ).json
    in_press(begin)

    arms = run("mailings", "arms", "1", "--json").json
    chosen = run("mailings", "choose", "1", "2").out
    run("mailings", "choose", "1", "1", status=2)

    assert (begun["mailing"], begun["arms"]) == (1, 2)
    assert [one["arm"]["subject"] for one in arms["arms"]] == ["Tea at five", "Tea at six"]
    assert arms["winner"] is None
    assert "gets arm 2" in chosen
    assert "The rest gets arm 2." in run("mailings", "arms", "1").out


def test_a_winner_by_clicks_needs_tracking(run: Run, issue: str, people: Path) -> None:
    answer = run("mailings", "try", issue, "--list", "readers", "--subject", "Tea at six", status=2)

    assert "Turn tracking on" in answer.err


def test_a_report_says_whether_anything_was_recorded(run: Run, issue: str, people: Path, in_press: InPress) -> None:
    run("mailings", "send", issue, "--list", "readers", "--yes")
    run("newsletters", "edit", "tea-times", "--tracking", "opens-and-clicks")
    run("mailings", "send", issue, "--list", "readers", "--yes")
    in_press(begin)

    assert "tracking is off" in run("mailings", "report", "1").out
    facts = run("mailings", "report", "2", "--json").json
    assert (facts["tracking"], facts["opened"], facts["links"]) == ("opens-and-clicks", 0, [])
    assert "There is no tracking" in run("newsletters", "edit", "tea-times", "--tracking", "all", status=2).err


def test_who_is_left_over_is_known_when_a_mailing_is_finished(run: Run, issue: str, people: Path) -> None:
    run("mailings", "send", issue, "--list", "readers", "--yes")

    answer = run("mailings", "resend", "1", "--to", "refused", "--count", status=2)

    assert "when it is finished" in answer.err
    assert "Nobody is “all”" in run("mailings", "resend", "1", "--to", "all", status=2).err


def test_mailing_again_who_is_nobody_is_refused_before_it_is_asked_about(run: Run, issue: str, people: Path) -> None:
    run("mailings", "send", issue, "--list", "readers", "--yes")
    run("mailings", "cancel", "1")

    answer = run("mailings", "resend", "1", "--to", "refused", status=2)

    assert "Nobody of mailing 1 is refused" in answer.err
    assert [one["id"] for one in run("mailings", "list", "--json").json] == [1]


def test_a_trial_waits_for_a_second_person(
    run: Run, issue: str, people: Path, in_press: InPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESSRUN_APPROVAL_NEEDED", "true")

    async def make_accounts(press: Press) -> None:
        for name in ("anna", "ben"):
            await AccountStore(press.redis).add(name, now=clock.now())

    in_press(make_accounts)
    wish = ("--list", "readers", "--subject", "Tea at six", "--winner-by", "hand")
    nobody = run("mailings", "try", issue, *wish, status=2)
    asked = run("mailings", "try", issue, *wish, "--by", "anna")
    named = run("mailings", "status", "1", "--json").json["to_approve"]
    first_arm = run("mailings", "status", "1", "--json").json["edition"]

    refused = run("mailings", "approve", "1", "--by", "ben", "--edition", first_arm, status=2)
    approved = run("mailings", "approve", "1", "--by", "ben", "--edition", named[:12], "--json").json

    assert "say who asks" in nobody.err
    assert f"mailings approve 1 --edition {named[:12]} --by ACCOUNT" in asked.out
    assert "Look at it again" in refused.err
    assert approved["state"] == "scheduled"
