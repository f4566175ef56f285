"""`pressrun newsletters` and `pressrun lists`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


def test_a_new_list_is_shown_with_its_counts(run: Run, newsletter: str) -> None:
    facts = run("lists", "list", "--json").json

    assert facts == [
        {
            "slug": "readers",
            "id": 1,
            "name": "Readers",
            "newsletter": newsletter,
            "is_double_opt_in": True,
            "is_public": True,
            "is_archived": False,
            "form": "http://127.0.0.1:8025/join/readers",
            "pending": 0,
            "active": 0,
            "paused": 0,
            "left": 0,
        }
    ]


def test_lists_are_a_table_for_people(run: Run, people: Path) -> None:
    heading, row = run("lists", "list").out.splitlines()

    assert heading.split() == ["list", "name", "newsletter", "active", "pending", "paused", "left"]
    assert row.split() == ["readers", "Readers", "tea-times", "3", "0", "0", "0"]


def test_a_list_of_an_unknown_newsletter_is_refused_with_a_suggestion(run: Run, newsletter: str) -> None:
    answer = run("lists", "create", "friends", "--newsletter", "tea-time", status=2)

    assert "There is no newsletter “tea-time”" in answer.err
    assert "tea-times" in answer.err


def test_an_unknown_list_is_one_sentence_without_a_stack_trace(run: Run, newsletter: str) -> None:
    answer = run("lists", "show", "reader", status=2)

    assert answer.err == "There is no list “reader”. Did you mean “readers”?\n"


def test_a_newsletter_is_changed_where_asked_and_nowhere_else(run: Run, newsletter: str) -> None:
    facts = run("newsletters", "edit", newsletter, "--language", "de", "--json").json

    assert facts["language"] == "de"
    assert facts["sender_address"] == "editors@example.com"
    assert run("newsletters", "show", newsletter, "--json").json == facts


def test_a_newsletter_is_not_created_twice(run: Run, newsletter: str) -> None:
    answer = run("newsletters", "create", newsletter, "--sender", "others@example.com", status=2)

    assert "There is a newsletter “tea-times” already" in answer.err


def test_redis_down_is_said_and_ends_the_command(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_REDIS_URL", f"unix://{tmp_path}/nobody.sock?db=0")

    answer = run("lists", "list", status=2)

    assert "Redis" in answer.err
    assert len(answer.err.splitlines()) == 1


def test_a_list_is_archived_hidden_and_restored(run: Run, newsletter: str) -> None:
    run("lists", "create", "old", "--newsletter", newsletter)
    run("lists", "edit", "old", "--archive", "--name", "Old letters", "--private")

    shown = [one["slug"] for one in run("lists", "list", "--json").json]
    everything = {one["slug"]: one for one in run("lists", "list", "--archived", "--json").json}
    refused = run("subscribers", "add", "ana@example.com", "--list", "old", status=2)
    restored = run("lists", "edit", "old", "--restore", "--json").json

    assert "old" not in shown
    assert (everything["old"]["is_archived"], everything["old"]["name"]) == (True, "Old letters")
    assert "archived" in refused.err
    assert (restored["is_archived"], restored["is_public"]) == (False, False)
