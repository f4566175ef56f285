"""How commands answer."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.cli.answering import answer, described, progress, table

NOON = datetime(2026, 11, 2, 12, 0, tzinfo=UTC)


def test_json_holds_times_and_paths_as_text_and_chinese_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    answer({"when": NOON, "where": Path("a/b"), "who": "小明"}, ["never"], as_json=True)

    said = capsys.readouterr().out
    assert json.loads(said) == {"when": "2026-11-02T12:00:00+00:00", "where": "a/b", "who": "小明"}
    assert "小明" in said


def test_columns_are_aligned_though_chinese_is_twice_as_wide() -> None:
    lines = list(table(("name", "count"), [("小明", 1), ("Ana", 12_345)], empty="nobody"))

    assert lines == ["name   count", "小明       1", "Ana   12,345"]


def test_a_table_without_rows_is_a_sentence() -> None:
    assert list(table(("name",), [], empty="Nobody.")) == ["Nobody."]


def test_what_is_empty_is_left_out_of_a_description() -> None:
    assert list(described([("name", "Ana"), ("language", ""), ("joined", NOON)])) == [
        "name      Ana",
        "joined    2026-11-02 12:00 UTC",
    ]


def test_no_bar_is_drawn_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with progress("Importing", 10) as tell:
        tell(5)

    assert capsys.readouterr().err == ""
