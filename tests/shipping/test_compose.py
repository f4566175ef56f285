"""docker-compose.yml: valid by the public schema, the same processes as everywhere else, nothing open to the world."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mailer.cli.commands import COMMANDS
from mailer.demo.house import House, Ports
from mailer.demo.redisserver import OPTIONS
from mailer.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = ROOT / "docker-compose.yml"


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = yaml.safe_load(COMPOSE.read_text())["services"]
    return found


def test_the_file_is_valid_by_the_public_schema() -> None:
    command = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]

    checked = subprocess.run(command, capture_output=True, text=True, check=False)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_service_for_every_process_and_the_inbox_only_in_the_demo(services: dict[str, dict[str, Any]]) -> None:
    assert services.keys() == {"redis", "web", "worker", "scheduler", "inbound", "inbox"}
    assert {name for name, service in services.items() if "profiles" in service} == {"inbox"}
    assert services["inbox"]["profiles"] == ["demo"]


async def test_the_commands_are_those_that_the_demo_starts(services: dict[str, dict[str, Any]]) -> None:
    async def is_present(_kind: str) -> bool:
        return True

    children = House(Path("somewhere"), Ports.from_web(8025)).children(is_present)

    started = {child.name: child.command[-1] for child in children}
    composed = {name: service["command"] for name, service in services.items() if name != "redis"}

    assert composed == {name: [command] for name, command in started.items()}
    assert set(started.values()) <= COMMANDS.keys()


def test_redis_is_told_the_same_as_the_demos(services: dict[str, dict[str, Any]]) -> None:
    said = services["redis"]["command"][1:]

    told = dict(zip(said[::2], said[1::2], strict=True))

    about_sockets = {"--port", "--unixsocketperm"}
    assert told == {name: value for name, value in OPTIONS if name not in about_sockets}


def test_every_variable_is_a_setting(services: dict[str, dict[str, Any]]) -> None:
    settings = {f"PRESSRUN_{name.upper()}" for name in Settings.model_fields}

    for name, service in services.items():
        assert set(service.get("environment", {})) <= settings, name


def test_ports_are_open_on_this_machine_alone(services: dict[str, dict[str, Any]]) -> None:
    ports = [port for service in services.values() for port in service.get("ports", [])]

    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_no_password_has_a_default() -> None:
    defaults = re.findall(r"\$\{\w*(?:PASSWORD|SECRET)\w*:-([^}]*)\}", COMPOSE.read_text())

    assert defaults
    assert not any(defaults)
    assert "PRESSRUN_SECRET" not in COMPOSE.read_text()


def test_the_image_does_not_run_as_root() -> None:
    instructions = (ROOT / "Dockerfile").read_text()

    final = instructions.rpartition("\nFROM ")[2]

    assert re.search(r"^USER pressrun$", final, re.MULTILINE)
    assert "HEALTHCHECK" in final
    assert 'ENTRYPOINT ["pressrun"]' in final


def test_everything_that_the_image_copies_is_let_through(tmp_path: Path) -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    let_through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}

    for path in " ".join(copied).split():
        assert path in let_through
        assert (ROOT / path).exists()
