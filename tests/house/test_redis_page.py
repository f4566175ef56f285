"""docs/redis.md names every key that the code can make."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

import pytest

_STORES = re.compile(r"(?:^|/)(?:keys|store|\w+store)\.py$|/store/")


@pytest.fixture(scope="module")
def documented(root: Path) -> frozenset[str]:
    """Give every key in the page's tables, with `*` for what varies."""
    cells = re.findall(r"^\| (`[^|]+`) \|", (root / "docs/redis.md").read_text(), re.MULTILINE)
    return frozenset(_starred(key) for cell in cells for key in re.findall(r"`([^`]+)`", cell))


def test_every_key_of_the_code_is_on_the_page(code: Mapping[str, ast.Module], documented: frozenset[str]) -> None:
    missing = {key: path for path, tree in code.items() for key in _keys(path, tree) if not _is_in(key, documented)}

    assert not missing


def test_the_stores_own_tables_name_no_other_keys(code: Mapping[str, ast.Module], documented: frozenset[str]) -> None:
    """Whoever adds a key describes it in the store's docstring first; the page has to follow."""
    missing = {
        key: path
        for path, tree in code.items()
        if _STORES.search(path)
        for key in re.findall(
            r"^(?:\| |- | {4})`?([a-z{][^\s`]*[:}][^\s`]*)`?(?: \||:| {2,})",
            ast.get_docstring(tree) or "",
            re.MULTILINE,
        )
        if not _is_in(_starred(key), documented)
    }

    assert not missing


def test_keys_are_found_in_code() -> None:
    tree = ast.parse('LAST = "people:last-id"\ndef _key(c, i):\n    return f"{{c{c}}}:mailing:{i}:due"')

    assert set(_keys("subscribers/keys.py", tree)) == {"people:last-id", "{c*}:mailing:*:due"}


def _keys(path: str, tree: ast.Module) -> Iterator[str]:
    if not _STORES.search(path):
        return
    is_all_keys = PurePosixPath(path).name == "keys.py"
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name()], value=ast.Constant(value=str(text))) if re.fullmatch(
                r"[a-z][a-z:-]+", text
            ):
                yield text
            case ast.FunctionDef(name=name) if is_all_keys or "key" in name:
                yield from (
                    _pattern(found) for found in ast.walk(node) if isinstance(found, ast.JoinedStr) and _is_key(found)
                )


def _is_key(text: ast.JoinedStr) -> bool:
    return ":" in _pattern(text) and " " not in _pattern(text)


def _pattern(text: ast.JoinedStr) -> str:
    return "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in text.values)


def _starred(key: str) -> str:
    key = re.sub(r"\{c(?:N|<n>)\}", "{c*}", key).replace("{m<id>}", "{m*}")
    return re.sub(r"<[^>]*>", "*", key)


def _is_in(key: str, documented: frozenset[str]) -> bool:
    if key.endswith(":"):
        # The beginning of several keys that are put together elsewhere.
        return any(one.startswith(key) for one in documented)
    # The page may say more than the code does, as in `mailing:<id>:bounced` for what the code calls `mailing:*:*`.
    return key in documented or any(re.fullmatch(re.escape(one).replace(r"\*", "[^:]+"), key) for one in documented)
