"""One thing, one name: the words that docs/vocabulary.md rules out do not come back through a variable."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

# Words of a standard stay as the standard has them.
_STANDARDS = {
    "mailer/bounces/bounceclass.py": {"DELIVERED": "an Action of RFC 3464 §2.3.3"},
    "mailer/bounces/report.py": {"DELIVERED": "an Action of RFC 3464 §2.3.3"},
}


@pytest.fixture(scope="module")
def ruled_out(root: Path) -> frozenset[str]:
    """Give the words in `code` in the last column of every table."""
    rows = re.findall(r"^\| (?!word|-).*\| ([^|]*)\|$", (root / "docs/vocabulary.md").read_text(), re.MULTILINE)
    return frozenset(word for cell in rows for word in re.findall(r"`(\w+)`", cell))


def test_the_table_rules_something_out(ruled_out: frozenset[str]) -> None:
    assert {"contact", "campaign", "blacklist", "delivered", "job"} <= ruled_out


def test_no_name_in_the_code_uses_a_word_that_is_ruled_out(
    all_code: Mapping[str, ast.Module], ruled_out: frozenset[str]
) -> None:
    wrong = [
        f"{path}:{line}: {name}"
        for path, tree in all_code.items()
        for name, line in _names(tree)
        if ruled_out & _words(name) and name not in _STANDARDS.get(path, {})
    ]

    assert not wrong, "docs/vocabulary.md has a better word:\n" + "\n".join(wrong)


def test_no_file_or_folder_uses_one(tracked: list[str], ruled_out: frozenset[str]) -> None:
    wrong = [path for path in tracked if any(ruled_out & _words(part) for part in PurePosixPath(path).parts)]

    assert not wrong


def test_no_path_of_a_page_and_no_key_uses_one(code: Mapping[str, ast.Module], ruled_out: frozenset[str]) -> None:
    wrong = [
        f"{path}:{node.lineno}: {node.value}"
        for path, tree in code.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and _is_path_or_key(node.value)
        and ruled_out & _words(node.value)
    ]

    assert not wrong


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("SentMessage", {"sent", "message"}),
        ("is_sent", {"is", "sent"}),
        ("presentation", {"presentation"}),
        ("_members", {"member"}),
        ("HTTPResponse", {"http", "response"}),
        ("addresses", {"address"}),
        ("status", {"status"}),
    ],
)
def test_names_are_taken_apart_into_words(name: str, words: set[str]) -> None:
    assert words <= _words(name)


def _names(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield every name that this file chooses; names of other people's things are only used, not defined."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name, node.lineno
            case ast.arg():
                yield node.arg, node.lineno
            case ast.Name(ctx=ast.Store()):
                yield node.id, node.lineno
            case ast.Attribute(ctx=ast.Store()):
                yield node.attr, node.lineno


def _words(name: str) -> set[str]:
    found = {word.lower() for word in re.findall(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+", name)}
    return (
        found
        | {word[:-1] for word in found if word.endswith("s")}
        | {word[:-2] for word in found if word.endswith("es")}
    )


def _is_path_or_key(text: str) -> bool:
    return re.fullmatch(r"/[\w/{}.-]*|[a-z{}-]+(?::[a-z{}-]*)+", text) is not None
