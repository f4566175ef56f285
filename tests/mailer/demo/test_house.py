"""The demo's house: nobody outside can be mailed from it, and only one demo lives there."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mailer.demo.house import House, Ports, moved_in
from mailer.demo.loopback import free_ports
from mailer.errors import ConfigError
from mailer.settings import RelayTls, load_settings


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Give a house on free ports."""
    return House(tmp_path / "home", Ports(*free_ports(3)))


def test_the_operators_relay_is_never_used(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PRESSRUN_RELAY_HOST", "smtp.example.com")
    monkeypatch.setenv("PRESSRUN_RELAY_USERNAME", "me")
    monkeypatch.setenv("PRESSRUN_BROKER_URL", "redis://elsewhere.example.com:6379/0")

    told = house.environment(Path("/run/redis.sock"))
    settings = load_settings(**house.settings(Path("/run/redis.sock")))

    assert (told["PRESSRUN_RELAY_HOST"], told["PRESSRUN_RELAY_USERNAME"], told["PRESSRUN_BROKER_URL"]) == (
        "127.0.0.1",
        "",
        "",
    )
    assert (settings.relay_host, settings.relay_port, settings.relay_tls) == (
        "127.0.0.1",
        house.ports.inbox,
        RelayTls.NONE,
    )
    assert settings.broker.url == "redis+socket:///run/redis.sock?virtual_host=1"


def test_a_shell_that_reads_the_file_talks_to_this_demo(house: House) -> None:
    house.home.mkdir()
    house.write_shell_file(Path("/run/a b/redis.sock"))

    asked = '. "$0"; echo "$PRESSRUN_REDIS_URL $PRESSRUN_RELAY_PORT"; command -v python3'
    done = subprocess.run(
        ["sh", "-c", asked, str(house.shell_file)], env={"PATH": os.defpath}, capture_output=True, text=True, check=True
    )

    told, python = done.stdout.splitlines()
    assert told == f"unix:///run/a b/redis.sock?db=0 {house.ports.inbox}"
    assert Path(python).parent == Path(sys.executable).parent


def test_the_children_are_told_what_the_demo_itself_goes_by(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = house.settings(Path("/run/redis.sock"))
    here = load_settings(**settings)

    for name, value in house.environment(Path("/run/redis.sock")).items():
        monkeypatch.setenv(name, value)

    assert load_settings() == here
    assert json.loads(house.environment(Path("/x"))["PRESSRUN_RETRY_DELAYS_SECONDS"]) == [1, 2, 4]


def test_only_one_demo_lives_in_a_folder(house: House) -> None:
    with (
        moved_in(house),
        pytest.raises(ConfigError, match=r"A demo runs in .* already \(process \d+\)"),
        moved_in(house),
    ):
        pass

    with moved_in(house):
        assert (house.home / "secret.key").is_file()
