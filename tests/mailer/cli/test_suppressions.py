"""`pressrun suppressions`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mailer.cli.conftest import Run


def test_an_address_is_suppressed_and_listed_with_the_evidence(run: Run) -> None:
    run("suppressions", "add", "ana@example.com", "--why", "She wrote a letter.")

    (one,) = run("suppressions", "list", "--json").json
    assert (one["address"], one["reason"], one["evidence"]) == ("ana@example.com", "manual", "She wrote a letter.")


def test_the_first_reason_stays(run: Run) -> None:
    run("suppressions", "add", "ana@example.com", "--legal")
    run("suppressions", "add", "ana@example.com")

    assert run("suppressions", "list", "--json").json[0]["reason"] == "legal"


def test_a_suppression_is_removed_with_a_reason(run: Run) -> None:
    run("suppressions", "add", "ana@example.com")

    run("suppressions", "remove", "ana@example.com", "--why", "She asked to.")

    assert run("suppressions", "list").out == "Nobody is suppressed.\n"
    run("suppressions", "remove", "ana@example.com", "--why", "Again.", status=2)


def test_removing_needs_a_reason(run: Run) -> None:
    assert "--why" in run("suppressions", "remove", "ana@example.com", status=2).err


def test_what_is_no_address_is_refused(run: Run) -> None:
    assert "“ana” is not an email address" in run("suppressions", "add", "ana", status=2).err


def test_suppressions_go_out_and_come_in_again(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "suppressed.csv"
    run("suppressions", "add", "ana@example.com", "--legal")

    assert run("suppressions", "export", str(file), "--json").json["suppressions"] == 1
    with file.open("a") as stream:
        stream.write("bo@example.com,complaint\nnobody,manual\n")
    facts = run("suppressions", "import", str(file), "--json").json

    assert (facts["new"], facts["already_there"], [one["line"] for one in facts["invalid"]]) == (1, 1, [4])
    reasons = {one["address"]: one["reason"] for one in run("suppressions", "list", "--json").json}
    assert reasons == {"ana@example.com": "legal", "bo@example.com": "complaint"}
