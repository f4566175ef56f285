"""How well real reports are read and classified, against published labels. The data is not ours: it lies beside us."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import pytest

from mailer.bounces.bounceclass import BounceClass
from mailer.bounces.classify import classify_recipient
from mailer.bounces.reading import read_report
from mailer.bounces.report import RecipientReport, Report, ReportKind

CORPORA = Path(__file__).parents[3] / "../shared/corpora"
HARD = {BounceClass.DEAD_ADDRESS, BounceClass.DEAD_DOMAIN}
OF_CLASS = {
    BounceClass.DELAYED: "delayed",
    BounceClass.DELIVERED: "delivered",
    BounceClass.COMPLAINT: "feedback",
    BounceClass.AUTO_REPLY: "vacation",
}

pytestmark = pytest.mark.skipif(not (CORPORA / "labels.tsv").is_file(), reason="no corpora beside the checkout")


@dataclass(frozen=True)
class Judged:
    """One labelled row, and what we say of it."""

    file: str
    is_hard: bool | None
    was_hard: bool
    expected: str
    found: str


@pytest.fixture(scope="module")
def judged() -> list[Judged]:
    with (CORPORA / "labels.tsv").open(newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))
    return [_judge(row) for row in rows]


def test_hard_bounces_are_found_and_others_are_not_called_hard(judged: list[Judged]) -> None:
    labelled = [one for one in judged if one.is_hard is not None]
    right = sum(1 for one in labelled if one.is_hard and one.was_hard)
    said = sum(1 for one in labelled if one.was_hard)
    true = sum(1 for one in labelled if one.is_hard)

    assert right / said >= 0.84
    assert right / true >= 0.91


def test_most_reports_get_the_right_class(judged: list[Judged]) -> None:
    known = [one for one in judged if one.expected]
    wrong = Counter((one.expected, one.found) for one in known if not _agrees(one))

    assert 1 - wrong.total() / len(known) >= 0.91, wrong.most_common()


def test_complaints_and_away_notices_are_all_recognised(judged: list[Judged]) -> None:
    special = [one for one in judged if one.expected in ("feedback", "vacation")]

    assert special
    assert [one for one in special if not _agrees(one)] == []


def _judge(row: dict[str, str]) -> Judged:
    report = read_report((CORPORA / "bounces" / row["file"]).read_bytes())
    found = classify_recipient(report, _recipient(report, row))
    return Judged(
        file=row["file"],
        is_hard={"true": True, "false": False}.get(row["hardbounce"]),
        was_hard=found in HARD,
        expected=_expected(row),
        found=_found(report, found),
    )


def _recipient(report: Report, row: dict[str, str]) -> RecipientReport:
    for said in report.recipients:
        if row["recipient"] and said.final_recipient.lower() == row["recipient"].lower():
            return said
    place = int(row["rcpt_index"] or 1) - 1
    return report.recipients[place] if 0 <= place < len(report.recipients) else report.first_failure


def _expected(row: dict[str, str]) -> str:
    if row["kind"] == "bounce":
        return {"true": "hard", "false": "soft"}.get(row["hardbounce"], "")
    return {"not-bounce": "other", "unknown": ""}.get(row["kind"], row["kind"])


def _found(report: Report, found: BounceClass) -> str:
    if report.kind is ReportKind.FEEDBACK:
        return "feedback"
    if report.kind is ReportKind.OTHER:
        return "other"
    return "hard" if found in HARD else OF_CLASS.get(found, "soft")


def _agrees(one: Judged) -> bool:
    # A queue that ran out of time is "delayed" for the labels even where it was given up.
    return one.expected == one.found or {one.expected, one.found} == {"soft", "delayed"}
