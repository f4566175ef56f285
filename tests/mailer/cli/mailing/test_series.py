"""`pressrun series`, without a scheduler."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


def test_a_series_says_in_plain_words_when_it_recurs(run: Run, issue: str, people: Path) -> None:
    when = ("--cron", "0 9 * * 1", "--zone", "Europe/Berlin")

    made = run("series", "create", "weekly", "--list", "readers", *when)
    listed = run("series", "list", "--json").json
    stopped = run("series", "stop", "weekly", "--json").json

    assert made.out.startswith("Series weekly: At 09:00 on Monday, Europe/Berlin time.\nFirst at ")
    assert [(one["series"], one["said"]) for one in listed] == [("weekly", "At 09:00 on Monday, Europe/Berlin time")]
    assert stopped["is_stopped"] is True
    assert run("series", "show", "weekly", "--json").json["next"] is None


def test_what_is_no_time_to_recur_at_is_refused(run: Run, issue: str, people: Path) -> None:
    refused = run("series", "create", "weekly", "--list", "readers", "--cron", "mondays", status=2)

    assert "Give five fields" in refused.err
    assert run("series", "list").out == "There are no series yet.\n"


def test_an_unknown_series_is_named_with_a_suggestion(run: Run, issue: str, people: Path) -> None:
    run("series", "create", "weekly", "--list", "readers", "--cron", "0 9 * * 1")

    assert "Did you mean “weekly”?" in run("series", "show", "weakly", status=2).err


def test_an_issue_is_marked_as_it_is_now(run: Run, issue: str, people: Path) -> None:
    assert run("series", "ready", issue, "--json").json == {"issue": issue, "version": 1}
    assert run("series", "unready", issue).out == f"Issue {issue} is not ready.\n"
    assert "no issue" in run("series", "ready", "nothing", status=2).err


def test_a_series_goes_to_segments_less_who_is_left_out(run: Run, issue: str, people: Path) -> None:
    run("mailings", "send", issue, "--list", "readers", "--yes")
    whom = ("--segment", "everyone()", "--exclude-segment", 'address == "cy@example.com"', "--exclude-mailing", "1")
    when = ("--cron", "0 9 * * 1")

    nobodys = run("series", "create", "weekly", *whom, *when, status=2)
    made = run("series", "create", "weekly", *whom, *when, "--newsletter", "tea-times", "--json").json

    assert "--newsletter" in nobodys.err
    assert (made["segments"], made["without_mailings"]) == (["everyone()"], [1])
    assert 'everyone(), without address == "cy@example.com", without mailing 1' in run("series", "show", "weekly").out
    unknown = run("series", "create", "b", "--list", "readers", "--segment", "nosuch", *when, status=2)
    assert "There is no segment “nosuch”" in unknown.err
