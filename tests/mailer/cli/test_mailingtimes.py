"""`pressrun mailings schedule, approve, undo`, without a worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from mailer import clock
from mailer.accounts.store import AccountStore
from mailer.delivery.press import Press
from subscribers.cohort import Cohort
from subscribers.fields import Field, FieldKind

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run

InPress = Callable[[Callable[[Press], Awaitable[None]]], None]
TO_READERS = ("--list", "readers", "--json")


def test_a_time_on_a_wall_is_an_instant(run: Run, issue: str, people: Path) -> None:
    when = ("--at", "2099-07-01T09:00", "--zone", "Europe/Berlin")

    facts = run("mailings", "schedule", issue, *when, *TO_READERS).json

    assert (facts["state"], facts["starts"]) == ("scheduled", "2099-07-01T07:00:00+00:00")


@pytest.mark.parametrize(
    ("at", "zone", "says"),
    [
        ("2099-03-29T02:30", "Europe/Rome", "Choose 03:30"),
        ("2099-10-25T02:30", "Europe/Rome", "the first or the second"),
        ("2099-10-25T02:30", "Rome", "Did you mean Europe/Rome?"),
        ("next week", "Europe/Rome", "is no time such as"),
        ("9999-12-31T23:59", "America/Los_Angeles", "is not one for a mailing"),
        ("0001-01-01T00:00", "Asia/Tokyo", "is not one for a mailing"),
        ("2020-07-01T09:00", "Europe/Rome", "07:00 on 1 July 2020 UTC has passed"),
    ],
)
def test_a_time_that_is_none_is_refused_with_a_way_out(
    run: Run, issue: str, people: Path, at: str, zone: str, says: str
) -> None:
    refused = run("mailings", "schedule", issue, "--list", "readers", "--at", at, "--zone", zone, status=2)

    assert says in refused.err
    assert run("mailings", "list", "--json").json == []


def test_a_time_that_comes_twice_is_chosen(run: Run, issue: str, people: Path) -> None:
    when = ("--at", "2099-10-25T02:30", "--zone", "Europe/Rome", "--which", "second")

    assert run("mailings", "schedule", issue, *when, *TO_READERS).json["starts"] == "2099-10-25T01:30:00+00:00"
    assert "begins       2099-10-25 01:30 UTC" in run("mailings", "status", "1").out


def test_a_canarys_minutes_and_holding_the_uncertain_are_two_things(
    run: Run, issue: str, people: Path, in_press: InPress
) -> None:
    when = ("--at", "2099-07-01T09:00", "--canary", "1", "--canary-minutes", "5")
    run("mailings", "schedule", issue, *when, *TO_READERS)
    run("mailings", "schedule", issue, *when, "--hold", *TO_READERS)

    async def look(press: Press) -> None:
        second, first = sorted(await press.mailings.all(), key=lambda one: one.id, reverse=True)
        assert [one.timing.canary and one.timing.canary.hold_seconds for one in (first, second)] == [300, 300]
        assert (first.uncertain_policy, second.uncertain_policy) == ("resend", "hold")

    in_press(look)


def test_undoing_is_offered_only_where_there_is_time_for_it(run: Run, issue: str, people: Path) -> None:
    at_once = run("mailings", "schedule", issue, "--list", "readers").out
    waiting = run("mailings", "schedule", issue, "--list", "readers", "--undo", "60").out

    assert at_once == "Mailing 1 begins now. Follow it with `pressrun mailings status 1`.\n"
    assert "Until then, `pressrun mailings undo 2`." in waiting


def test_a_time_that_comes_twice_comes_no_third_time(run: Run, issue: str, people: Path) -> None:
    when = ("--at", "2099-10-25T02:30", "--zone", "Europe/Rome", "--which", "third")

    assert "'third' is not one of 'first', 'second'" in run("mailings", "schedule", issue, *when, status=2).err


def test_readers_own_times_need_a_field_that_keeps_their_zones(run: Run, issue: str, people: Path) -> None:
    refused = run("mailings", "schedule", issue, "--local", "--at", "2099-07-01T09:00", "--list", "readers", status=2)

    assert "declares no field of the kind time-zone" in refused.err


def test_the_spread_over_readers_zones_is_said_before(run: Run, issue: str, people: Path, in_press: InPress) -> None:
    async def give_zones(press: Press) -> None:
        newsletter = (await press.issues.get(issue)).newsletter
        await press.people.fields.declare(Field(newsletter=newsletter, name="zone", kind=FieldKind.TIME_ZONE))
        await press.people.fields.index({("zone", "Asia/Tokyo"): Cohort.of([1])})

    in_press(give_zones)
    when = ("--local", "--at", "2099-07-01T09:00", "--zone", "Europe/Berlin")

    counted = run("mailings", "schedule", issue, *when, "--count", *TO_READERS).json
    made = run("mailings", "schedule", issue, *when, *TO_READERS).json

    assert [(one["due"], one["people"]) for one in counted["shares"]] == [
        ("2099-07-01T00:00:00+00:00", 1),
        ("2099-07-01T07:00:00+00:00", 2),
    ]
    assert made["starts"] == "2099-07-01T00:00:00+00:00"
    assert len(run("mailings", "list", "--json").json) == 1


def test_the_spread_counts_segments_and_who_is_left_out(run: Run, issue: str, people: Path, in_press: InPress) -> None:
    async def give_zones(press: Press) -> None:
        newsletter = (await press.issues.get(issue)).newsletter
        await press.people.fields.declare(Field(newsletter=newsletter, name="zone", kind=FieldKind.TIME_ZONE))
        await press.people.fields.index({("zone", "Asia/Tokyo"): Cohort.of([1, 2])})

    in_press(give_zones)
    when = ("--local", "--at", "2099-07-01T09:00", "--zone", "Europe/Berlin", "--count", "--json")
    ana_and_cy = ("--segment", 'address == "ana@example.com" or address == "cy@example.com"')
    without_ana = ("--list", "readers", "--exclude-segment", 'address == "ana@example.com"')

    of_segment = run("mailings", "schedule", issue, *ana_and_cy, *when).json
    of_others = run("mailings", "schedule", issue, *without_ana, *when).json

    assert (of_segment["to_mail"], of_others["to_mail"]) == (2, 2)
    assert [one["people"] for one in of_segment["shares"]] == [1, 1]
    assert [one["people"] for one in of_others["shares"]] == [1, 1]
    assert of_others["excluded_by"] == {"excluded-segment": 1}


def test_an_issue_is_scheduled_to_a_segment_without_who_got_it(run: Run, issue: str, people: Path) -> None:
    run("mailings", "send", issue, "--list", "readers", "--yes")
    at = ("--at", "2099-07-01T09:00")
    wish = ("--segment", 'address == "ana@example.com"', "--exclude-mailing", "1")

    counted = run("mailings", "schedule", issue, *wish, *at, "--count").out
    made = run("mailings", "schedule", issue, *wish, *at, "--json").json
    unknown = run("mailings", "schedule", issue, "--segment", "nosuch", *at, status=2)
    nobody = run("mailings", "schedule", issue, *at, status=2)

    assert "1 of 1 people would be mailed." in counted, "mailing 1 has not begun, so nobody got it yet"
    assert (made["mailing"], made["state"]) == (2, "scheduled")
    assert "nosuch" in unknown.err
    assert "at least one list or segment" in nobody.err


def test_a_mailing_is_undone_by_its_number(run: Run, issue: str, people: Path) -> None:
    number = run("mailings", "schedule", issue, "--undo", "600", *TO_READERS).json["mailing"]

    undone = run("mailings", "undo", str(number))
    again = run("mailings", "undo", str(number), status=2)

    assert undone.out == (
        f"Mailing {number} is cancelled. It was undone before anything had left; nobody was mailed.\n"
    )
    assert "cannot be undone any more" in again.err


def test_a_second_person_approves_what_they_have_seen(
    run: Run, issue: str, people: Path, in_press: InPress, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PRESSRUN_APPROVAL_NEEDED", "true")

    async def make_accounts(press: Press) -> None:
        for name in ("anna", "ben"):
            await AccountStore(press.redis).add(name, now=clock.now())

    in_press(make_accounts)
    nobody = run("mailings", "schedule", issue, "--list", "readers", status=2)
    misspelt = run("mailings", "schedule", issue, "--by", "ana", *TO_READERS, status=2)
    asked = run("mailings", "schedule", issue, "--by", "anna", *TO_READERS).json
    approve = ("mailings", "approve", str(asked["mailing"]), "--edition", asked["edition"][:12], "--by")
    herself = run(*approve, "anna", status=2)
    stranger = run(*approve, "eve", status=2)
    approved = run(*approve, "ben", "--json").json

    assert "say who asks" in nobody.err
    assert asked["state"] == "proposed"
    assert "a second person must approve it" in herself.err
    assert "no account “ana”" in misspelt.err
    assert "no account “eve”" in stranger.err
    assert (approved["state"], approved["approved_by"]) == ("scheduled", "ben")
