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


def test_a_domain_is_suppressed_shown_and_released(run: Run) -> None:
    added = run("suppressions", "add", "@Firm.example", "--legal", "--why", "their lawyer wrote")
    again = run("suppressions", "add", "@firm.example")
    shown = run("suppressions", "show", "ada@below.firm.example", "--json").json
    removed = run("suppressions", "remove", "@firm.example", "--why", "a new contract")
    after = run("suppressions", "show", "@firm.example", "--json").json

    assert "concerns 0 people here" in added.out
    assert "was suppressed already" in again.out
    assert [(one["domain"], one["reason"]) for one in shown["suppressions"]] == [("firm.example", "legal")]
    assert "may be mailed again" in removed.out
    assert (after["suppressions"], [one["why"] for one in after["removed"]]) == ([], ["a new contract"])


def test_an_end_is_for_addresses_and_soft_reasons_only(run: Run) -> None:
    soft = run("suppressions", "add", "ada@example.com", "--until", "2999-01-01", "--json").json
    listed = run("suppressions", "list").out
    hard = run("suppressions", "add", "bob@example.com", "--reason", "complaint", "--until", "2999-01-01", status=2)
    domain = run("suppressions", "add", "@firm.example", "--until", "2999-01-01", status=2)

    assert soft["is_new"]
    assert "2999-01-01" in listed
    assert "has no end" in hard.err
    assert "without an end" in domain.err


def test_a_newsletter_must_exist(run: Run) -> None:
    wrong = run("suppressions", "add", "ada@example.com", "--newsletter", "nothing", status=2)

    assert "nothing" in wrong.err
