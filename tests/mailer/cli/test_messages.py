"""`pressrun messages`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


def test_who_is_added_is_mailed_a_confirmation(run: Run, newsletter: str) -> None:
    run("subscribers", "add", "ana@example.com", "--list", "readers")
    run("subscribers", "add", "bo@example.com", "--list", "readers", "--confirmed")

    (message,) = run("messages", "list", "--json").json

    assert (message["notice"], message["address"], message["list"]) == ("confirm", "ana@example.com", "readers")
    assert message["state"] == "pending"
    assert run("messages", "show", str(message["id"]), "--json").json == message
    assert "goes out within seconds" in run("messages", "retry", str(message["id"])).out


def test_after_an_import_everybody_pending_is_asked_once(run: Run, newsletter: str, tmp_path: Path) -> None:
    file = tmp_path / "people.csv"
    file.write_text("email\nana@example.com\nbo@example.com\n")
    run("subscribers", "import", str(file), "--list", "readers")
    assert run("messages", "list").out == "There are no messages.\n"

    posted = [run("messages", "confirm", "readers", "--json").json["posted"] for _ in range(2)]

    assert posted == [2, 0]
    assert sorted(one["address"] for one in run("messages", "list", "--json").json) == [
        "ana@example.com",
        "bo@example.com",
    ]


def test_no_such_message_is_a_sentence(run: Run, newsletter: str) -> None:
    assert "There is no message 7" in run("messages", "show", "7", status=2).err


def test_a_newsletter_welcomes_people_if_it_is_told_to(run: Run, newsletter: str) -> None:
    assert run("newsletters", "edit", newsletter, "--notices", "welcome, goodbye", "--json").json["notices"] == [
        "welcome",
        "goodbye",
    ]
    assert run("newsletters", "edit", newsletter, "--notices", "none", "--json").json["notices"] == []
    assert "There is no notice “hello”" in run("newsletters", "edit", newsletter, "--notices", "hello", status=2).err
