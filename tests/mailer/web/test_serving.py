from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mailer.demo.loopback import free_ports, is_listening
from mailer.errors import ConfigError
from mailer.homefolder import make_secret
from mailer.settings import Settings
from mailer.web.serving import serve
from subscribers.errors import StorageDownError


def settings(home: Path, redis_url: str, port: int) -> Settings:
    make_secret(home)
    return Settings(home=home, redis_url=redis_url, web_port=port)


def test_a_taken_port_is_said_in_a_sentence(tmp_path: Path, redis_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]

        with pytest.raises(ConfigError, match=rf"Port {port} on 127.0.0.1 is taken") as caught:
            serve(settings(tmp_path, redis_url, port))

    assert "PRESSRUN_WEB_PORT" in str(caught.value)


def test_an_address_of_another_machine_is_said_in_a_sentence(tmp_path: Path, redis_url: str) -> None:
    make_secret(tmp_path)

    with pytest.raises(ConfigError, match=r"cannot listen on 192\.0\.2\.1"):
        serve(Settings(home=tmp_path, redis_url=redis_url, web_host="192.0.2.1"))


def test_without_redis_it_does_not_begin(tmp_path: Path) -> None:
    with pytest.raises(StorageDownError, match="cannot be used"):
        serve(settings(tmp_path, f"unix://{tmp_path}/none.sock?db=0", 0))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_within_seconds_of_being_told_to(tmp_path: Path, redis_url: str, number: signal.Signals) -> None:
    make_secret(tmp_path)
    (port,) = free_ports(1)
    told = {"PRESSRUN_HOME": str(tmp_path), "PRESSRUN_REDIS_URL": redis_url, "PRESSRUN_WEB_PORT": str(port)}
    process = subprocess.Popen([sys.executable, "-m", "mailer", "serve"], env={**os.environ, **told})
    try:
        deadline = time.monotonic() + 30
        while not is_listening(port):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)

        process.send_signal(number)

        assert process.wait(timeout=10) == 0
    finally:
        process.kill()
        process.wait()
