"""What must not be in the repository: addresses of package registries, paths of somebody's machine, locks with URLs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

# Put together here, so that this file does not name what it forbids.
_REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("deb", "debian", "org"),
        ("security", "debian", "org"),
    )
]
_HOMES = re.compile(r"(?<![\w.~$}*-])/(?:" + "|".join(("root", "work", "Users", r"home/\w+")) + r")/\w")
_LOCKS = re.compile(r"^requirements/.*\.txt$|(?:^|/)package-lock\.json$")
_FORBIDDEN_NAMES = {"uv.lock", "pylock.toml", "poetry.lock", "yarn.lock", ".env", "secret.key"}


def test_no_file_names_a_package_registry(root: Path, tracked: list[str]) -> None:
    naming = [path for path in tracked if any(host in _text(root / path) for host in _REGISTRIES)]

    assert not naming


def test_no_file_holds_a_path_of_somebodys_machine(root: Path, tracked: list[str]) -> None:
    holding = {path: found[0] for path in tracked if (found := _HOMES.findall(_text(root / path)))}

    assert not holding


def test_locks_hold_no_addresses(root: Path, tracked: list[str]) -> None:
    locks = [path for path in tracked if _LOCKS.search(path)]

    holding = [
        path for path in locks if re.search(r"https?://|--(?:extra-)?index-url|--find-links", _text(root / path))
    ]
    resolved = [path for path in locks if '"resolved"' in _text(root / path)]

    assert {"requirements/run.txt", "requirements/dev.txt", "frontend/package-lock.json"} <= set(locks)
    assert not holding
    assert not resolved


def test_every_locked_package_has_hashes(root: Path) -> None:
    for name in ("run", "dev"):
        entries = re.split(r"^(?=[a-z0-9])", (root / f"requirements/{name}.txt").read_text(), flags=re.MULTILINE)[1:]

        assert len(entries) > 40
        assert not [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry]


def test_every_package_from_npm_has_a_hash(root: Path) -> None:
    entries = json.loads((root / "frontend/package-lock.json").read_text())["packages"]

    assert [name for name, entry in entries.items() if "integrity" not in entry] == [""]


def test_no_tracked_file_has_a_name_that_belongs_to_a_machine(tracked: list[str]) -> None:
    wrong = [path for path in tracked if Path(path).name in _FORBIDDEN_NAMES or ".pressrun/" in path]

    assert not wrong


def test_json_files_can_be_read(root: Path, tracked: list[str]) -> None:
    for path in tracked:
        if path.endswith(".json"):
            json.loads(_text(root / path))


@pytest.mark.parametrize(
    ("text", "is_found"),
    [
        ("/home/" + "ann/x", True),
        ("see /ro" + "ot/x", True),
        ("templates/work/x", False),
        ("https://a.test/work/x", False),
    ],
)
def test_the_rule_itself(text: str, is_found: bool) -> None:
    assert bool(_HOMES.search(text)) is is_found


def _text(file: Path) -> str:
    """Return the text of a file, empty for an image or other binary."""
    data = file.read_bytes()
    return "" if b"\0" in data[:4096] else data.decode("utf-8", "replace")
