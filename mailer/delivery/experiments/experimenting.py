"""Experimenting: from what an editor wants to try to an experiment, each arm compiled, checked and stored."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mailer.delivery.checking import missing_assets
from mailer.delivery.controlling import BlockedError
from mailer.delivery.editions.enclosing import enclosed
from mailer.delivery.press import Press
from mailer.errors import ConflictError
from mailer.issues.aims.experiment import Arm, Experiment, Measure
from mailer.issues.aims.tracking import Tracking
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.preflight import check


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What an editor wants to try: other subjects for the issue, other issues, or both; the issue itself is first."""

    subjects: Sequence[str] = ()
    issues: Sequence[str] = ()
    share: float = 0.2
    measure: Measure = Measure.CLICKS
    after_seconds: float = 4 * 3600.0


async def experiment_of(press: Press, issue_slug: str, trial: Trial) -> Experiment:
    """Compile every arm and keep its edition. Raises BlockedError for an arm that cannot be mailed, ConflictError."""
    first = await _edition(press, issue_slug, "")
    arms = [first]
    arms += [await _edition(press, issue_slug, subject) for subject in trial.subjects]
    arms += [await _edition(press, slug, "") for slug in trial.issues]
    for _, edition in arms:
        _check_same_newsletter(first[1], edition)
        _check_measure(edition, trial.measure)
    experiment = Experiment(
        arms=tuple(Arm(edition.id, subject, edition.issue) for subject, edition in arms),
        share=trial.share,
        measure=trial.measure,
        after_seconds=trial.after_seconds,
    )
    experiment.check()
    for _, edition in arms:
        await press.editions.put(edition)
    return experiment


async def _edition(press: Press, slug: str, subject: str) -> tuple[str, Edition]:
    issue = await press.issues.get(slug)
    newsletter = await press.newsletters.get(issue.newsletter)
    if subject:
        issue = replace(issue, subject=subject)
    url, shelf = press.settings.public_url, press.shelf
    tracking = Tracking(issue.tracking) if issue.tracking else newsletter.tracking
    edition = compile_edition(issue, newsletter, public_url=url, shelf=shelf, tracking=tracking)
    edition = await enclosed(press, issue, edition)
    findings = check(issue, newsletter, edition, url, shelf) + await missing_assets(press, issue)
    if blocking := [finding for finding in findings if finding.level == "block"]:
        raise BlockedError(slug, blocking)
    return issue.subject, edition


def _check_same_newsletter(first: Edition, other: Edition) -> None:
    if other.newsletter != first.newsletter:
        raise ConflictError(
            f"Issue {other.issue} belongs to the newsletter {other.newsletter}, issue {first.issue} to "
            f"{first.newsletter}: the arms of an experiment go to the same people."
        )


def _check_measure(edition: Edition, measure: Measure) -> None:
    is_known = {
        Measure.HAND: True,
        Measure.CLICKS: edition.tracking.has_links and bool(edition.web_links),
        Measure.OPENS: edition.tracking.has_pixel,
    }[measure]
    if not is_known:
        raise ConflictError(
            f"A winner by {measure} cannot be known of issue {edition.issue}: its tracking is {edition.tracking}, and "
            f"it has {len(edition.web_links)} links. Turn tracking on, or choose by hand."
        )
