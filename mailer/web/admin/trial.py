"""What is tried out first: the part of the last form that asks for other subjects and issues, without JavaScript."""

from __future__ import annotations

from pydantic import BaseModel, Field

from mailer.delivery.experiments.experimenting import Trial
from mailer.issues.aims.experiment import LONGEST_WAIT_SECONDS, Measure
from mailer.issues.aims.tracking import Tracking
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter


class TrialForm(BaseModel):
    """What the last form asks to try; nothing, unless it names another subject or issue."""

    try_subjects: str = Field(default="", max_length=2_000)
    """One a line."""
    try_issues: list[str] = Field([], alias="try-issue")
    try_percent: float = Field(default=20, ge=0, le=100)
    try_by: Measure = Measure.HAND
    try_hours: float = Field(default=4, ge=0, le=LONGEST_WAIT_SECONDS / 3600)

    @property
    def trial(self) -> Trial | None:
        """What is to be tried; None where one edition goes to everybody."""
        subjects = [line.strip() for line in self.try_subjects.splitlines() if line.strip()]
        if not subjects and not self.try_issues:
            return None
        return Trial(
            subjects=subjects,
            issues=self.try_issues,
            share=self.try_percent / 100,
            measure=self.try_by,
            after_seconds=self.try_hours * 3600,
        )


def measures_of(issue: Issue, newsletter: Newsletter) -> list[Measure]:
    """Return what the winner can be chosen by, given what is recorded of the issue; the best first."""
    tracking = Tracking(issue.tracking) if issue.tracking else newsletter.tracking
    known = {Measure.CLICKS: tracking.has_links, Measure.OPENS: tracking.has_pixel, Measure.HAND: True}
    return [measure for measure, is_known in known.items() if is_known]
