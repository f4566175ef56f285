"""Runs commands as `pressrun` does, over the tests' own Redis and a home folder of the test."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from mailer.__main__ import main
from mailer.delivery.press import Press
from mailer.homefolder import make_secret, prepare_home
from mailer.settings import load_settings
from mailer.wiring import open_press
from subscribers.storage import open_redis


@dataclass(frozen=True)
class Answer:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Run = Callable[..., Answer]


@pytest.fixture
def home(tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the home folder of an installation whose Redis is empty and answers."""
    for name in [name for name in os.environ if name.startswith("PRESSRUN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("PRESSRUN_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("PRESSRUN_REDIS_URL", redis_url)
    prepare_home(tmp_path / "home")
    make_secret(tmp_path / "home")

    async def empty() -> None:
        async with open_redis(redis_url) as redis:
            await redis.flushall()

    asyncio.run(empty())
    return tmp_path / "home"


@pytest.fixture
def run(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Give a function that runs one command line."""

    def run_one(*arguments: str, status: int = 0) -> Answer:
        monkeypatch.setattr("sys.argv", ["pressrun", *arguments])
        with pytest.raises(SystemExit) as end:
            main()
        said = capsys.readouterr()
        answer = Answer(int(end.value.code or 0), said.out, said.err)
        assert answer.status == status, answer
        return answer

    return run_one


@pytest.fixture
def in_press(home: Path) -> Callable[[Callable[[Press], Awaitable[None]]], None]:
    """Give a function that does something in the press that the commands see."""

    def do(story: Callable[[Press], Awaitable[None]]) -> None:
        async def whole() -> None:
            async with open_press(load_settings()) as press:
                await story(press)

        asyncio.run(whole())

    return do


@pytest.fixture
def newsletter(run: Run) -> str:
    """Give the slug of a newsletter that is there, with a list called readers."""
    run("newsletters", "create", "tea-times", "--sender", "editors@example.com", "--postal-address", "1 Tea Street")
    run("lists", "create", "readers", "--newsletter", "tea-times")
    return "tea-times"


@pytest.fixture
def issue(run: Run, newsletter: str, tmp_path: Path) -> str:
    """Give the slug of an issue that can be mailed."""
    file = tmp_path / "issue.md"
    file.write_text(
        f"---\nsubject: Tea at five\ntitle: First cup\nnewsletter: {newsletter}\n---\nHello.\n\n## Tea\n\nIs ready.\n"
    )
    run("issues", "import", str(file))
    return "first-cup"


@pytest.fixture
def people(run: Run, newsletter: str, tmp_path: Path) -> Path:
    """Give the file of three people who are on the list readers."""
    file = tmp_path / "people.csv"
    file.write_text("email,name\nana@example.com,Ana\nbo@example.com,波\ncy@example.com,Cy\n")
    run("subscribers", "import", str(file), "--list", "readers", "--confirmed", "--words", "They ticked the box.")
    return file
