"""The documentation holds together: every link leads somewhere, every page can be found, every name is real."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_CODE = re.compile(r"^```[\s\S]*?^```|^ {4}.*$|`[^`\n]*`", re.MULTILINE)
_FILE_IN_CODE = re.compile(r"`((?:mailer|subscribers|tests|templates|bench|docs|requirements)/[\w/.-]+\.\w+)`")


@pytest.fixture(scope="module")
def pages(root: Path, tracked: list[str]) -> dict[Path, str]:
    """Give path → text of every page of documentation; sample newsletters are none."""
    found = {root / path: (root / path).read_text() for path in tracked if path.endswith(".md")}
    return {path: text for path, text in found.items() if not {"mailer", "tests"} & set(path.relative_to(root).parts)}


def test_every_link_between_pages_leads_somewhere(pages: dict[Path, str]) -> None:
    lost = [
        f"{page.name}: {target}"
        for page, text in pages.items()
        for target in _LINK.findall(_CODE.sub("", text))
        if not _leads_somewhere(page, target)
    ]

    assert len(pages) > 15
    assert not lost


def test_every_file_that_a_page_names_is_there(root: Path, pages: dict[Path, str]) -> None:
    gone = [
        f"{page.name}: {file}"
        for page, text in pages.items()
        for file in _FILE_IN_CODE.findall(text)
        if not (root / file).is_file()
    ]

    assert not gone


def test_every_page_is_reached_from_its_index(root: Path) -> None:
    for folder in (root / "docs", root / "docs/decisions"):
        linked = set(_LINK.findall((folder / "README.md").read_text()))

        missing = {page.name for page in folder.glob("*.md")} - linked - {"README.md"}

        assert not missing, folder


def test_decisions_are_numbered_without_gaps_and_short(root: Path) -> None:
    decisions = sorted(page for page in (root / "docs/decisions").glob("*.md") if page.name != "README.md")

    assert [page.name[:4] for page in decisions] == [f"{number:04}" for number in range(1, len(decisions) + 1)]
    for page in decisions:
        text = page.read_text()
        assert text.startswith(f"# {page.name[:4]}: "), page
        assert text.count("\n") <= 40, page


def test_every_decision_that_the_code_names_is_there(root: Path, tracked: list[str]) -> None:
    code = [root / path for path in tracked if path.endswith((".py", ".lua", ".toml", ".yml"))]

    named = {number for file in code for number in re.findall(r"docs/decisions/(\d{4})", file.read_text())}

    assert named
    assert named <= {page.name[:4] for page in (root / "docs/decisions").glob("*.md")}


def test_every_verb_of_the_makefile_is_documented(root: Path) -> None:
    verbs = re.findall(r"^\.PHONY: (.+)$", (root / "Makefile").read_text(), re.MULTILINE)[0].split()
    said = "".join(
        (root / page).read_text() for page in ("README.md", "CONTRIBUTING.md", "docs/README.md", "docs/benchmarks.md")
    )

    assert [verb for verb in verbs if f"make {verb}" not in said] == []


def test_every_benchmark_is_on_its_page(root: Path) -> None:
    page = (root / "docs/benchmarks.md").read_text()
    benchmarks = [file.stem for file in (root / "bench").glob("*.py") if "__main__" in file.read_text()]

    assert benchmarks
    assert [name for name in benchmarks if f"`bench.{name}`" not in page] == []


@pytest.mark.parametrize(
    ("target", "leads"),
    [("states.md", True), ("states.md#people", True), ("states.md#nobody", False), ("no.md", False)],
)
def test_the_rule_itself(root: Path, target: str, leads: bool) -> None:
    assert _leads_somewhere(root / "docs/README.md", target) is leads


def _leads_somewhere(page: Path, target: str) -> bool:
    if re.match(r"https?://|mailto:", target):
        return True
    path, _, anchor = target.partition("#")
    file = page.parent / path if path else page
    if not file.exists():
        return False
    return not anchor or anchor in {_anchor(line) for line in file.read_text().splitlines() if line.startswith("#")}


def _anchor(heading: str) -> str:
    words = heading.lstrip("#").strip().lower()
    return re.sub(r"[^\w -]", "", words).replace(" ", "-")
