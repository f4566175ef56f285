"""What a person can ask of a mailing: schedule it, approve it, undo it, pause it, resume it, cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec

from mailer.delivery.addressing import Addressed, Wish, look_up
from mailer.delivery.checking import missing_assets
from mailer.delivery.editions.bringingback import bring_back_editions
from mailer.delivery.editions.enclosing import enclosed
from mailer.delivery.press import Press
from mailer.delivery.quality.watching import forgive
from mailer.delivery.warming.warmingup import timing_for
from mailer.errors import ConflictError, PressrunError
from mailer.issues.aims.experiment import Experiment
from mailer.issues.aims.tracking import Tracking
from mailer.issues.issue import Issue
from mailer.issues.mailing import NOT_BEGUN, Mailing, MailingId, MailingState
from mailer.issues.newsletter import Newsletter
from mailer.issues.timing import Approval, Timing
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.preflight import Finding, check
from mailer.settings import UncertainPolicy


class BlockedError(PressrunError):
    """The check before sending refuses an issue, of this slug. `findings` say what and where."""

    def __init__(self, issue: str, findings: Sequence[Finding]) -> None:
        """Keep the blocking findings; the first is in the message."""
        self.issue = issue
        self.findings = findings
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        first = findings[0]
        super().__init__(f"Issue {issue} cannot be mailed yet: {first.place}: {first.message} {first.fix}{more}")


async def compile_issue(press: Press, slug: str) -> tuple[Issue, Newsletter, Edition]:
    """Compile a stored issue. Raises SourceError (or RenderError) naming the place."""
    issue, newsletter = await _issue_and_newsletter(press, slug)
    return issue, newsletter, await _compiled(press, issue, newsletter, Tracking.OFF)


async def compile_to_mail(press: Press, slug: str) -> tuple[Issue, Newsletter, Edition]:
    """Compile a stored issue as it is mailed: with tracked links and a pixel, if it or its newsletter says so."""
    issue, newsletter = await _issue_and_newsletter(press, slug)
    tracking = Tracking(issue.tracking) if issue.tracking else newsletter.tracking
    return issue, newsletter, await _compiled(press, issue, newsletter, tracking)


async def _issue_and_newsletter(press: Press, slug: str) -> tuple[Issue, Newsletter]:
    issue = await press.issues.get(slug)
    if not issue.newsletter:
        raise ConflictError(f"Issue {slug} belongs to no newsletter. Import it again and name one with --newsletter.")
    return issue, await press.newsletters.get(issue.newsletter)


async def _compiled(press: Press, issue: Issue, newsletter: Newsletter, tracking: Tracking) -> Edition:
    url, shelf = press.settings.public_url, press.shelf
    edition = compile_edition(issue, newsletter, public_url=url, shelf=shelf, tracking=tracking)
    return await enclosed(press, issue, edition)


async def schedule(
    press: Press,
    issue_slug: str,
    wish: Wish | Addressed | Sequence[str],
    *,
    now: datetime,
    starts: datetime | None = None,
    policy: UncertainPolicy | None = None,
    timing: Timing | None = None,
    experiment: Experiment | None = None,
    undo: timedelta = timedelta(0),
    request: str = "",
    reserved: MailingId | None = None,
) -> Mailing:
    """Check an issue, freeze its edition, and schedule it to the people wished for (or of these lists), now or later.

    Nothing leaves before `undo` has passed. Where the settings want a second person's approval the mailing is only
    proposed. `reserved` is an id that was reserved for it: then a repeat goes on where the first call ended.

    The same `request` a second time (a double click, a repeated call) returns the mailing that the first one made.
    Raises BlockedError if the check before sending refuses it, ConflictError if nobody is named.
    """
    timing = settled_timing(press, timing)
    if made := await asked_before(press, request, now=now, undo=undo):
        return made
    issue, newsletter, edition = await compile_to_mail(press, issue_slug)
    to = await _addressed(press, issue, wish, now)
    _check_experiment(experiment, timing)
    findings = check(issue, newsletter, edition, press.settings.public_url, press.shelf)
    findings += await missing_assets(press, issue)
    if blocking := [finding for finding in findings if finding.level == "block"]:
        raise BlockedError(issue_slug, blocking)
    await press.editions.put(edition)
    number = reserved or await press.mailings.reserve()
    if request:
        # Whoever asks for the same at the same time makes the same mailing.
        number = await press.ledger.mailing_for_request(request, number)
    if to.cohort is not None:
        # Before there is a mailing: one without its cohort would go to everybody.
        await press.ledger.keep_cohort(number, to.cohort)
    mailing = await press.mailings.create(
        issue=issue.slug,
        newsletter=newsletter.slug,
        lists=to.lists,
        scope=to.scope,
        edition=experiment.arms[0].edition if experiment else edition.id,
        subject=issue.subject,
        uncertain_policy=policy or press.settings.uncertain_policy,
        now=now,
        timing=await timing_for(press, newsletter, timing, is_tried_out=experiment is not None),
        experiment=experiment,
        starts=starts,
        reserved=number,
    )
    return await _asked_for(press, mailing, now=now, undo=undo)


async def asked_before(press: Press, request: str, *, now: datetime, undo: timedelta = timedelta(0)) -> Mailing | None:
    """Return the mailing that this request has made already, if it has; a draft that a crash left goes on now."""
    number = await press.ledger.mailing_of_request(request) if request else None
    made = await press.mailings.find(number) if number is not None else None
    return await _asked_for(press, made, now=now, undo=undo) if made else None


async def _asked_for(press: Press, mailing: Mailing, *, now: datetime, undo: timedelta) -> Mailing:
    """Let a draft wait for its time, or for a second person's yes; whatever is further stays as it is."""
    if mailing.state is not MailingState.DRAFT:
        return mailing
    following = MailingState.PROPOSED if mailing.timing.needs_approval else MailingState.SCHEDULED
    try:
        return await press.mailings.move(mailing.id, following, now=now, starts=max(mailing.starts or now, now + undo))
    except ConflictError:
        # Another who asked for the same was faster, and it has begun meanwhile, or was taken back.
        return await press.mailings.get(mailing.id)


async def _addressed(press: Press, issue: Issue, wish: Wish | Addressed | Sequence[str], now: datetime) -> Addressed:
    if isinstance(wish, Addressed):
        return wish
    return await look_up(press, issue.newsletter, wish if isinstance(wish, Wish) else Wish(lists=wish), now)


def _check_experiment(experiment: Experiment | None, timing: Timing) -> None:
    if experiment is None:
        return
    experiment.check()
    if timing.canary:
        raise ConflictError(
            "An experiment cannot be had together with a canary: both mail a few first and hold the rest, each for a "
            "judge of its own. The arms are a canary already; try them on a small share, and pause if it goes badly."
        )
    if timing.wall:
        raise ConflictError(
            "An experiment cannot be had at each reader's own time: whoever lives further east would decide which arm "
            "is best, and the rest would get it when that is known, not at their time. Choose one moment for all."
        )


async def approve(
    press: Press, mailing_id: MailingId, *, by: str, edition: str, now: datetime, undo: timedelta = timedelta(0)
) -> Mailing:
    """Give a second person's yes to exactly this edition; the mailing is scheduled then.

    `edition` is what that person has looked at, the mailing's `approvable`. Raises ConflictError if the mailing has
    another, or is not waiting for approval, or if the same person asked for it.
    """
    mailing = await press.mailings.get(mailing_id)
    if mailing.state is not MailingState.PROPOSED:
        raise ConflictError(f"Mailing {mailing_id} is {mailing.state}: nobody's approval is waited for.")
    if by == mailing.timing.asked_by:
        raise ConflictError(f"{by} asked for mailing {mailing_id}; a second person must approve it.")
    if edition != mailing.approvable:
        raise ConflictError(
            f"Mailing {mailing_id} has the edition {mailing.approvable[:12]}, not {edition[:12]}: what was looked at "
            "is not what would be mailed. Look at it again, then approve that."
        )
    # First the yes, then the move: a crash between the two leaves a mailing that is proposed still.
    await press.mailings.approve(mailing_id, Approval(edition, by, now.astimezone(UTC).isoformat()))
    starts = max(mailing.starts or now, now + undo)
    return await press.mailings.move(mailing_id, MailingState.SCHEDULED, now=now, starts=starts)


async def undo(press: Press, mailing_id: MailingId, *, now: datetime) -> Mailing:
    """Take a mailing back before its first byte has left; nobody is mailed. Raises ConflictError if it has begun."""
    mailing = await press.mailings.get(mailing_id)
    if mailing.state not in NOT_BEGUN:
        hint = "Pause or cancel it." if not mailing.is_finished else "There is nothing to undo."
        raise ConflictError(f"Mailing {mailing_id} is {mailing.state}, and cannot be undone any more. {hint}")
    taken_back = await press.mailings.move(
        mailing_id,
        MailingState.CANCELLED,
        now=now,
        problem="It was undone before anything had left; nobody was mailed.",
    )
    if taken_back.started:
        # Between the look and the move it has begun: cancelled it is all the same, and the ledger says who got it.
        await press.mailings.set_problem(mailing_id, "It had begun already when it was undone; the rest was cancelled.")
        return await press.mailings.get(mailing_id)
    return taken_back


async def pause(press: Press, mailing_id: MailingId, *, now: datetime, why: str = "") -> Mailing:
    """Hand nobody more over; what is on the wire is finished. Takes effect within a second."""
    return await press.mailings.move(mailing_id, MailingState.PAUSED, problem=why, now=now)


async def resume(press: Press, mailing_id: MailingId, *, now: datetime) -> Mailing:
    """Go on from the ledger: nobody who was accepted is mailed again, and what was seen does not stop it again.

    An edition that is gone is compiled again first. Raises ConflictError if it does not come out the same.
    """
    mailing = await press.mailings.get(mailing_id)
    if mailing.state is not MailingState.PAUSED:
        raise ConflictError(f"Mailing {mailing_id} is {mailing.state}, so there is nothing to resume.")
    await bring_back_editions(press, mailing)
    await forgive(press, mailing_id, now)
    for relay in await press.relays.all():
        # Whoever resumes may have mended it, and does not want to wait until it would be tried again by itself.
        await press.relays.note_success(relay.name)
    return await press.mailings.move(mailing_id, MailingState.SENDING, problem="", now=now)


async def cancel(press: Press, mailing_id: MailingId, *, now: datetime) -> Mailing:
    """End a mailing: whoever is pending is excluded as cancelled, by the workers, within seconds."""
    return await press.mailings.move(mailing_id, MailingState.CANCELLED, now=now)


def settled_timing(press: Press, timing: Timing | None) -> Timing:
    """Return when and how, as the settings want it; raises ConflictError for what makes no sense."""
    timing = timing or Timing()
    timing.check()
    if not press.settings.approval_needed:
        return timing
    if not timing.asked_by:
        raise ConflictError(
            "A second person must approve every mailing here, so say who asks for this one: the name of an account."
        )
    return msgspec.structs.replace(timing, needs_approval=True)
