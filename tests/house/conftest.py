"""What the house tests look at: the tracked files, and the code as syntax trees. Nothing of Pressrun is imported."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def root() -> Path:
    """Give the top level of the checkout."""
    return Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def tracked(root: Path) -> list[str]:
    """Give the paths of all files that are tracked, or would be with the next commit."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=root, capture_output=True, check=True, text=True).stdout
    return sorted(path for path in set(listed.split("\0")) if path and (root / path).is_file())


@pytest.fixture(scope="session")
def code(root: Path) -> Mapping[str, ast.Module]:
    """Give path → tree of the two packages."""
    return _parsed(root, "subscribers", "mailer")


@pytest.fixture(scope="session")
def all_code(root: Path, code: Mapping[str, ast.Module]) -> Mapping[str, ast.Module]:
    """Give path → tree of everything in Python: the packages, the tests, the benchmarks."""
    return {**code, **_parsed(root, "tests", "bench")}


def _parsed(root: Path, *folders: str) -> dict[str, ast.Module]:
    files = sorted(file for folder in folders for file in (root / folder).rglob("*.py"))
    return {file.relative_to(root).as_posix(): ast.parse(file.read_bytes(), str(file)) for file in files}
