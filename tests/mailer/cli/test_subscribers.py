"""`pressrun subscribers`."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


def test_an_import_reports_every_row(run: Run, newsletter: str, tmp_path: Path) -> None:
    run("suppressions", "add", "gone@example.com")
    file = tmp_path / "people.csv"
    file.write_text("email,name\nana@example.com,Ana\nana@example.com,Ana\ngone@example.com,G\nnobody,N\n")

    facts = run("subscribers", "import", str(file), "--list", "readers", "--json").json

    assert {key: facts[key] for key in ("total", "added", "already_there", "suppressed", "left")} == {
        "total": 4,
        "added": 1,
        "already_there": 1,
        "suppressed": 1,
        "left": 0,
    }
    assert [(one["row"], one["line"], one["address"]) for one in facts["invalid"]] == [(4, 5, "nobody")]


def test_an_import_tells_people_the_line_of_an_invalid_row(run: Run, newsletter: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email\nana@example.com\nnobody\n")

    answer = run("subscribers", "import", str(file), "--list", "readers")

    first, second = answer.out.splitlines()
    assert first == "2 rows: 1 added, 0 already there, 0 suppressed, 0 left earlier, 1 invalid."
    assert "people.csv:3: " in second


def test_a_wrong_header_names_file_and_line_and_what_to_do(run: Run, newsletter: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("who,what\nana,1\n")

    answer = run("subscribers", "import", str(file), "--list", "readers", status=2)

    assert "people.csv:1: " in answer.err
    assert "Nothing was imported." in answer.err
    assert run("lists", "show", "readers", "--json").json["pending"] == 0


def test_somebody_who_is_added_is_pending_until_confirmed(run: Run, newsletter: str) -> None:
    assert run("subscribers", "add", "ana@example.com", "--list", "readers", "--json").json["state"] == "pending"

    arguments = ("--list", "readers", "--confirmed", "--words", "By phone.", "--json")
    assert run("subscribers", "add", "ana@example.com", *arguments).json["state"] == "active"


def test_somebody_who_left_is_not_brought_back(run: Run, people: Path) -> None:
    run("subscribers", "leave", "ana@example.com", "--list", "readers")

    answer = run("subscribers", "add", "ana@example.com", "--list", "readers", "--confirmed")

    assert answer.out == "ana@example.com is left on readers.\n"
    assert run("subscribers", "import", str(people), "--list", "readers", "--json").json["left"] == 1


def test_people_are_listed_by_list_and_by_search(run: Run, people: Path) -> None:
    run("subscribers", "leave", "cy@example.com", "--list", "readers")

    assert [one["name"] for one in run("subscribers", "list", "--list", "readers", "--json").json] == ["Ana", "波"]
    assert [one["name"] for one in run("subscribers", "list", "--search", "波", "--json").json] == ["波"]
    left = run("subscribers", "list", "--list", "readers", "--state", "left")
    assert "cy@example.com" in left.out


def test_an_unknown_state_is_refused_with_the_choices(run: Run, people: Path) -> None:
    answer = run("subscribers", "list", "--list", "readers", "--state", "asleep", status=2)

    assert "pending, active, paused, left" in answer.err


def test_a_person_is_shown_with_what_they_agreed_to(run: Run, people: Path) -> None:
    facts = run("subscribers", "show", "BO@example.com", "--json").json

    assert facts["name"] == "波"
    assert facts["lists"] == {"readers": "active"}
    assert facts["consents"][0]["words"] == "They ticked the box."
    assert "on readers" in run("subscribers", "show", "bo@example.com").out


def test_nobody_of_that_address_is_one_sentence(run: Run, newsletter: str) -> None:
    assert run("subscribers", "show", "who@example.com", status=2).err == (
        "Nobody with the address who@example.com is known.\n"
    )


def test_a_rehearsal_counts_everything_and_changes_nothing(run: Run, people: Path, tmp_path: Path) -> None:
    file = tmp_path / "more.csv"
    file.write_text("email,name\nana@example.com,Ana\ndee@example.com,Dee\n")

    facts = run("subscribers", "import", str(file), "--list", "readers", "--dry-run", "--json").json

    assert facts["dry_run"] is True
    assert (facts["counts"]["new"], facts["counts"]["unchanged"], facts["total"]) == (1, 1, 2)
    run("subscribers", "show", "dee@example.com", status=2)
    assert "nothing was changed" in run("subscribers", "import", str(file), "--list", "readers", "--dry-run").out


def test_columns_are_mapped_and_records_overwritten(run: Run, people: Path, tmp_path: Path) -> None:
    file = tmp_path / "crm.ndjson"
    file.write_text(json.dumps({"Work mail": "ana@example.com", "Who": "Anna", "Secret": "x"}) + "\n")
    maps = ("--map", "Work mail=email", "--map", "Who=name", "--map", "Secret=")

    run("subscribers", "import", str(file), "--list", "readers", "--on-conflict", "overwrite", *maps)

    ana = run("subscribers", "show", "ana@example.com", "--json").json
    assert (ana["name"], "secret" in ana["fields"]) == ("Anna", False)
    wrong = run("subscribers", "import", str(file), "--list", "readers", "--map", "Who", status=2)
    assert "COLUMN=FIELD" in wrong.err


def test_rejected_rows_are_written_to_be_mended(run: Run, newsletter: str, tmp_path: Path) -> None:
    file, rejected = tmp_path / "people.csv", tmp_path / "rejected.csv"
    file.write_text("email,name\nana@example.com,Ana\nnobody,N\n")

    run("subscribers", "import", str(file), "--list", "readers", "--rejected", str(rejected))

    (row,) = csv.DictReader(io.StringIO(rejected.read_text(encoding="utf-8")))
    assert (row["email"], row["name"], row["rejected_line"]) == ("nobody", "N", "3")
    arguments = ("subscribers", "import", str(file), "--list", "readers", "--rejected", str(file))
    assert "overwrite" in run(*arguments, status=2).err


def test_people_are_exported_whole_by_list_and_by_rule(run: Run, people: Path, tmp_path: Path) -> None:
    table, lines = tmp_path / "out.csv", tmp_path / "out.ndjson"
    run("subscribers", "leave", "cy@example.com", "--list", "readers")
    rule = ("--segment", 'in_list("readers")', "--format", "ndjson")

    assert run("subscribers", "export", str(table), "--list", "readers", "--json").json["people"] == 3
    run("subscribers", "export", str(lines), *rule)

    states = {
        row["email"]: row["list readers"] for row in csv.DictReader(io.StringIO(table.read_text(encoding="utf-8")))
    }
    assert states["cy@example.com"] == "left"
    names = [json.loads(line)["name"] for line in lines.read_text(encoding="utf-8").splitlines()]
    assert names == ["Ana", "波"]


def test_a_person_is_paused_and_comes_back_sooner(run: Run, newsletter: str) -> None:
    run("subscribers", "add", "ana@example.com", "--list", "readers", "--confirmed", "--words", "She wrote.")

    over = run("subscribers", "pause", "ana@example.com", "--list", "readers", "--until", "2020-01-01", status=2)
    run("subscribers", "pause", "ana@example.com", "--list", "readers", "--until", "2999-01-01")
    paused = run("subscribers", "list", "--list", "readers", "--state", "paused", "--json").json
    run("subscribers", "resume", "ana@example.com", "--list", "readers")
    again = run("subscribers", "resume", "ana@example.com", "--list", "readers")

    assert "is over already" in over.err
    assert [one["address"] for one in paused] == ["ana@example.com"]
    assert "was not paused" in again.out


def test_who_leaves_a_newsletter_gets_none_of_its_lists(run: Run, newsletter: str) -> None:
    run("subscribers", "add", "ana@example.com", "--list", "readers")

    run("subscribers", "leave", "ana@example.com", "--newsletter", newsletter)
    shown = run("subscribers", "show", "ana@example.com", "--json").json
    neither = run("subscribers", "leave", "ana@example.com", status=2)

    assert shown["lists"] == {"readers": "left"}
    assert shown["suppressed"].startswith(f"left (for {newsletter})")
    assert "Name either" in neither.err
