from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

from mailer import clock
from mailer.delivery.press import Press
from subscribers.imports.working import work_imports
from tests.mailer.cli.conftest import Run

InPress = Callable[[Callable[[Press], Awaitable[None]]], None]


async def _work(press: Press) -> None:
    await work_imports(press.people, clock.now, lambda: False)


def test_an_import_in_the_background_is_shown_done_and_its_invalid_rows_are_fetched(
    run: Run, newsletter: str, in_press: InPress, tmp_path: Path
) -> None:
    file = tmp_path / "fair.csv"
    file.write_text("email,name\nana@example.com,Ana\nnobody,No\n")

    asked = run("subscribers", "import", str(file), "--list", "readers", "--background", "--json").json
    waiting = run("imports", "show", asked["id"], "--json").json
    run("imports", "rejected", asked["id"], str(tmp_path / "early.csv"), status=2)
    in_press(_work)

    assert waiting["state"] == "waiting"
    (done,) = run("imports", "list", "--json").json
    assert (done["id"], done["state"], done["rows"]) == (asked["id"], "finished", 2)
    assert "invalid" in run("imports", "show", asked["id"]).out
    assert "1 rows" in run("imports", "rejected", asked["id"], str(tmp_path / "mend.csv")).out
    assert "nobody,No" in (tmp_path / "mend.csv").read_text()


def test_an_import_is_cancelled_once(run: Run, newsletter: str, in_press: InPress, tmp_path: Path) -> None:
    file = tmp_path / "fair.csv"
    file.write_text("email\nana@example.com\n")
    asked = run("subscribers", "import", str(file), "--list", "readers", "--background", "--json").json["id"]

    assert run("imports", "cancel", asked, "--json").json["changed"]
    in_press(_work)

    assert run("imports", "show", asked, "--json").json["state"] == "cancelled"
    assert "nothing changed" in run("imports", "cancel", asked).out


def test_what_goes_not_with_the_background_and_an_import_that_is_none_are_sentences(
    run: Run, newsletter: str, tmp_path: Path
) -> None:
    assert "There is no import 7" in run("imports", "show", "7", status=2).err
    assert "--background" in run("subscribers", "import", "x", "--list", "r", "--background", "--dry-run", status=2).err
