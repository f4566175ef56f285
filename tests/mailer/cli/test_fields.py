"""`pressrun fields`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tests.mailer.cli.conftest import Run


def test_a_field_is_declared_listed_changed_and_removed(run: Run, newsletter: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email,age\nana@example.com,42\nbo@example.com,old\n")
    run("subscribers", "import", str(file), "--list", "readers")

    before = run("subscribers", "show", "ana@example.com").out
    declared = run("fields", "declare", "age", "--newsletter", newsletter, "--kind", "number", "--json").json
    shown = run("subscribers", "show", "ana@example.com", "--json").json
    (listed,) = run("fields", "list", "--json").json
    run("fields", "remove", "age", "--newsletter", newsletter)

    assert "age (not declared)" in before
    assert (declared["people"], declared["converted"], declared["unreadable"]) == (2, 1, 1)
    assert (shown["fields"], shown["undeclared_fields"]) == ({"age": 42}, [])
    assert (listed["field"], listed["kind"]) == ("age", "number")
    assert run("fields", "list", "--json").json == []
    assert "declares no field" in run("fields", "remove", "age", "--newsletter", newsletter, status=2).err


def test_a_declaration_that_makes_no_sense_is_refused(run: Run, newsletter: str) -> None:
    assert (
        "needs its choices"
        in run("fields", "declare", "plan", "--newsletter", newsletter, "--kind", "choice", status=2).err
    )
    assert "every person has that" in run("fields", "declare", "name", "--newsletter", newsletter, status=2).err


def test_a_mistyped_domain_is_suggested(run: Run, newsletter: str) -> None:
    added = run("subscribers", "add", "ana@outlok.com", "--list", "readers")

    assert "was ana@outlook.com meant?" in added.out
    assert "mistyped (ana@outlook.com?)" in run("subscribers", "show", "ana@outlok.com").out
