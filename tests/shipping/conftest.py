"""The wheel, installed as a stranger would have it: in an empty environment, outside the checkout."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Installed:
    """An environment that holds the wheel."""

    folder: Path

    def run(self, *command: str, place: Path, timeout: float = 60.0) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment, in a folder of ours, with nothing of Pressrun in the environment."""
        program, *arguments = command
        plain = {name: value for name, value in os.environ.items() if not name.startswith(("PRESSRUN_", "PYTHON"))}
        return subprocess.run(
            [str(self.folder / "bin" / program), *arguments],
            cwd=place,
            env=plain,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )


@dataclass(frozen=True)
class DemoRun:
    """What `pressrun demo --once --json` has said and left behind."""

    home: Path
    status: int
    said: Mapping[str, Any]
    remarks: str


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel as it would be published."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="session")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Install the wheel; its dependencies are lent by the environment that runs the tests, Pressrun itself is not."""
    folder = tmp_path_factory.mktemp("installed") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    python = folder / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "--python", str(python)]
    subprocess.run([*pip, "install", "--no-index", "--no-deps", str(wheel)], check=True, capture_output=True)
    # A folder that is named in a .pth file has its own .pth files passed over: no way leads back to the checkout.
    own = Path(sysconfig.get_path("purelib", vars={"base": str(folder)}))
    (own / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return Installed(folder)


@pytest.fixture(scope="session")
def demo(installed: Installed, tmp_path_factory: pytest.TempPathFactory) -> DemoRun:
    """Run the whole demo from the wheel."""
    place = tmp_path_factory.mktemp("somewhere")
    home = place / "home"
    command = ["pressrun", "demo", "--once", "--json", "--people", "50", "--home", str(home)]
    done = installed.run(*command, place=place, timeout=150.0)
    return DemoRun(home, done.returncode, json.loads(done.stdout or "{}"), done.stderr)
