"""Sizes: a file that has outgrown these is two things, and is parted by noun."""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath
from statistics import median, quantiles

MOST_LINES_OF_A_FILE = 350
MOST_LINES_OF_A_FUNCTION = 45
MOST_FILES_OF_A_FOLDER = 24

# Each with the reason why it is one thing all the same.
LARGE_FILES: Mapping[str, str] = {
    "mailer/bounces/phrasebook.py": "a table",
    "mailer/smtp/connection.py": "one protocol's state machine: its moves are read side by side",
}
LONG_FUNCTIONS: Mapping[str, str] = {
    "tests/mailer/rendering/test_text.py: test_the_text_part_of_a_whole_issue": "the text part, whole",
}


def test_files_are_short(root: Path, all_code: Mapping[str, ast.Module]) -> None:
    large = {path: lines for path in all_code if (lines := _lines(root, path)) > MOST_LINES_OF_A_FILE}

    assert large.keys() <= LARGE_FILES.keys(), large


def test_functions_are_short(all_code: Mapping[str, ast.Module]) -> None:
    long = {
        f"{path}: {name}": lines
        for path, tree in all_code.items()
        for name, lines in _functions(tree)
        if lines > MOST_LINES_OF_A_FUNCTION
    }

    assert long.keys() <= LONG_FUNCTIONS.keys(), long


def test_nothing_stands_on_the_lists_without_need(root: Path, all_code: Mapping[str, ast.Module]) -> None:
    functions = {f"{path}: {name}": lines for path, tree in all_code.items() for name, lines in _functions(tree)}

    small_files = [path for path in LARGE_FILES if path not in all_code or _lines(root, path) <= MOST_LINES_OF_A_FILE]
    short_functions = [name for name in LONG_FUNCTIONS if functions.get(name, 0) <= MOST_LINES_OF_A_FUNCTION]

    assert not small_files
    assert not short_functions


def test_most_files_and_functions_are_far_shorter(root: Path, code: Mapping[str, ast.Module]) -> None:
    files = [_lines(root, path) for path in code]
    functions = [lines for tree in code.values() for _, lines in _functions(tree)]

    assert median(files) <= 120
    assert median(functions) <= 8
    assert quantiles(functions, n=20)[-1] <= 30


def test_a_folder_fits_on_a_screen(all_code: Mapping[str, ast.Module]) -> None:
    files = Counter(str(PurePosixPath(path).parent) for path in all_code)

    crowded = {folder: count for folder, count in files.items() if count > MOST_FILES_OF_A_FOLDER}

    assert not crowded


def _lines(root: Path, path: str) -> int:
    return (root / path).read_bytes().count(b"\n")


def _functions(tree: ast.Module) -> Iterator[tuple[str, int]]:
    """Yield each function's name and the lines of its body, without its docstring."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            is_documented = ast.get_docstring(node, clean=False) is not None and len(node.body) > 1
            body = node.body[1:] if is_documented else node.body
            yield node.name, (body[-1].end_lineno or body[-1].lineno) - body[0].lineno + 1
