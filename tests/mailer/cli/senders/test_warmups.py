"""`pressrun domains warmup`."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


def test_a_warm_up_is_set_shown_and_ended(run: Run) -> None:
    run("domains", "warmup", "set", "News.example.com", "--ceilings", "100,150", "--json")

    (listed,) = run("domains", "warmup", "show", "--json").json
    shown = run("domains", "warmup", "show", "news.example.com", "--json").json
    ended = run("domains", "warmup", "end", "news.example.com", "--json").json
    again = run("domains", "warmup", "end", "news.example.com").out
    gone = run("domains", "warmup", "show", "news.example.com", status=2)

    assert listed == shown
    assert (shown["domain"], shown["day"], shown["ceiling"], shown["used"]) == ("news.example.com", 1, 100, 0)
    assert ended["had_one"]
    assert "was not being warmed up" in again
    assert "pressrun domains warmup set news.example.com" in gone.err
    assert "No domain is being warmed up." in run("domains", "warmup", "show").out


def test_bad_plans_are_refused_with_a_sentence(run: Run) -> None:
    words = run("domains", "warmup", "set", "news.example.com", "--ceilings", "many", status=2)
    nothing = run("domains", "warmup", "set", "news.example.com", "--first", "0", status=2)
    nowhere = run("domains", "warmup", "set", "not a domain", status=2)

    assert "are no daily numbers of messages" in words.err
    assert "begins with 1 message or more" in nothing.err
    assert "'not a domain' is not a domain name" in nowhere.err
    assert run("domains", "warmup", "show", "--json").json == []
