"""`pressrun newsletters`: what can be said of one."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


def test_quiet_hours_are_set_put_out_and_left_to_the_setting(run: Run, newsletter: str) -> None:
    def edited(hours: str) -> str:
        told: str = run("newsletters", "edit", newsletter, "--quiet-hours", hours, "--json").json["quiet_hours"]
        return told

    before = run("newsletters", "show", newsletter, "--json").json["quiet_hours"]

    assert before == ""
    assert edited("20:00-09:00 Asia/Tokyo") == "20:00-09:00 Asia/Tokyo"
    assert run("newsletters", "edit", newsletter, "--name", "Tea", "--json").json["quiet_hours"].endswith("Asia/Tokyo")
    assert edited("none") == "none"
    assert edited("setting") == ""


def test_hours_that_no_day_has_are_refused_and_nothing_is_changed(run: Run, newsletter: str) -> None:
    refused = run("newsletters", "edit", newsletter, "--quiet-hours", "25:00-07:00 UTC", status=2)

    assert "there is no 25:00 in a day" in refused.err
    assert run("newsletters", "show", newsletter, "--json").json["quiet_hours"] == ""
