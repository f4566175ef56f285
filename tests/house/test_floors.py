"""The house has floors, and imports go down only: whoever reads a room need not know the rooms above it."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping

import pytest

# From the roof to the ground. A room may import what stands on a later line, never what stands beside it or above.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("mailer.__main__",),
    ("mailer.cli",),
    ("mailer.rehearsal",),
    ("mailer.web", "mailer.demo", "mailer.worker", "mailer.reception"),
    ("mailer.tasks",),
    ("mailer.shiftwork",),
    ("mailer.wiring",),
    ("mailer.delivery",),
    ("mailer.bounces", "mailer.rendering", "mailer.tracking", "mailer.inbox"),
    ("mailer.issues", "mailer.senders", "mailer.accounts"),
    ("subscribers",),
    ("mailer.smtp",),
    (
        "mailer.tokens",
        "mailer.sealing",
        "mailer.settings",
        "mailer.fetching",
        "mailer.homefolder",
        "mailer.maillog",
        "mailer.metrics",
    ),
    ("mailer.broker", "mailer.quiethours"),
    ("mailer.brokerlog", "mailer.clock", "mailer.errors", "mailer.folders", "mailer.tether", "mailer"),
)
LEVEL = {room: level for level, rooms in enumerate(FLOORS) for room in rooms}


def test_every_room_has_a_floor(code: Mapping[str, ast.Module]) -> None:
    rooms = {_room(_module(path)) for path in code}

    homeless = rooms - LEVEL.keys()

    assert not homeless, f"add these to FLOORS, where they belong: {sorted(homeless)}"


def test_imports_go_down_only(code: Mapping[str, ast.Module]) -> None:
    climbing = [
        f"{path}:{line} imports {imported}"
        for path, tree in code.items()
        for imported, line in _own_imports(tree)
        if not _may_import(_room(_module(path)), _room(imported))
    ]

    assert not climbing, "\n".join(climbing)


def test_subscribers_know_nothing_of_mail(code: Mapping[str, ast.Module]) -> None:
    trees = {path: tree for path, tree in code.items() if path.startswith("subscribers/")}

    wrong = [f"{path}:{line}" for path, tree in trees.items() for name, line in _own_imports(tree) if "mailer" in name]

    assert trees
    assert not wrong


@pytest.mark.parametrize(
    ("room", "other", "may"),
    [
        ("mailer.delivery", "mailer.rendering", True),
        ("mailer.rendering", "mailer.delivery", False),
        ("mailer.rendering", "mailer.bounces", False),
        ("mailer.issues", "subscribers", True),
        ("subscribers", "mailer.issues", False),
        ("subscribers", "mailer.errors", False),
        ("mailer.smtp", "mailer.smtp", True),
    ],
)
def test_the_rule_itself(room: str, other: str, may: bool) -> None:
    assert _may_import(room, other) is may


def _may_import(room: str, other: str) -> bool:
    if room == "subscribers":
        return other == "subscribers"
    return room == other or LEVEL[room] < LEVEL[other]


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] == "subscribers" else ".".join(parts[:2])


def _own_imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    for name, line in _imports(tree):
        if name.split(".")[0] in ("mailer", "subscribers"):
            yield name, line


def _imports(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every imported module, those inside functions and behind TYPE_CHECKING too."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"line {node.lineno}: a relative import hides which room it enters"
            if node.module == "mailer":
                # `from mailer import clock` names a room; `from mailer import __version__` does not.
                rooms = (f"mailer.{alias.name}" for alias in node.names)
                yield from ((room if room in LEVEL else "mailer", node.lineno) for room in rooms)
            else:
                yield node.module or "", node.lineno
