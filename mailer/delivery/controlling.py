"""What a person can ask of a mailing: schedule it, pause it, resume it, cancel it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from mailer.delivery.press import Press
from mailer.errors import ConflictError, PressrunError
from mailer.issues.issue import Issue
from mailer.issues.mailing import Mailing, MailingId, MailingState
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.preflight import Finding, check
from mailer.settings import UncertainPolicy


class BlockedError(PressrunError):
    """The check before sending refuses an issue. `findings` say what and where."""

    def __init__(self, issue: str, findings: Sequence[Finding]) -> None:
        """Keep the blocking findings; the first is in the message."""
        self.findings = findings
        more = f" (and {len(findings) - 1} more)" if len(findings) > 1 else ""
        first = findings[0]
        super().__init__(f"Issue {issue} cannot be mailed yet: {first.place}: {first.message} {first.fix}{more}")


async def compile_issue(press: Press, slug: str) -> tuple[Issue, Newsletter, Edition]:
    """Compile a stored issue. Raises SourceError (or RenderError) naming the place."""
    issue = await press.issues.get(slug)
    if not issue.newsletter:
        raise ConflictError(f"Issue {slug} belongs to no newsletter. Import it again and name one with --newsletter.")
    newsletter = await press.newsletters.get(issue.newsletter)
    return issue, newsletter, compile_edition(issue, newsletter, public_url=press.settings.public_url)


async def schedule(
    press: Press,
    issue_slug: str,
    list_slugs: Sequence[str],
    *,
    now: datetime,
    starts: datetime | None = None,
    policy: UncertainPolicy | None = None,
    request: str = "",
) -> Mailing:
    """Check an issue, freeze its edition, and schedule it to the people of these lists, at once or for later.

    The same `request` a second time (a double click, a repeated call) returns the mailing that the first one made.
    Raises BlockedError if the check before sending refuses it, ConflictError for no list at all.
    """
    if request and (made := await press.ledger.mailing_of_request(request)) is not None:
        return await press.mailings.get(made)
    if not list_slugs:
        raise ConflictError("A mailing needs at least one list. Name the lists whose people get it.")
    lists = [await press.people.lists.find(slug) for slug in dict.fromkeys(list_slugs)]
    issue, newsletter, edition = await compile_issue(press, issue_slug)
    for one in lists:
        if one.newsletter != newsletter.slug:
            raise ConflictError(
                f"List {one.slug} belongs to the newsletter {one.newsletter}, issue {issue.slug} to {newsletter.slug}: "
                "the people on it did not ask for this. Choose a list of the issue's newsletter."
            )
    findings = check(issue, newsletter, edition, press.settings.public_url)
    if blocking := [finding for finding in findings if finding.level == "block"]:
        raise BlockedError(issue_slug, blocking)
    await press.editions.put(edition)
    mailing = await press.mailings.create(
        issue=issue.slug,
        newsletter=newsletter.slug,
        lists=tuple(one.id for one in lists),
        edition=edition.id,
        subject=issue.subject,
        uncertain_policy=policy or press.settings.uncertain_policy,
        now=now,
    )
    if request and not await press.ledger.remember_request(request, mailing.id):
        # The other of two clicks was faster: ours stays a draft, which nobody gets, and is put away.
        await press.mailings.move(mailing.id, MailingState.CANCELLED, now=now)
        return await press.mailings.get(await press.ledger.mailing_of_request(request) or mailing.id)
    return await press.mailings.move(mailing.id, MailingState.SCHEDULED, now=now, starts=starts or now)


async def pause(press: Press, mailing_id: MailingId, *, now: datetime, why: str = "") -> Mailing:
    """Hand nobody more over; what is on the wire is finished. Takes effect within a second."""
    return await press.mailings.move(mailing_id, MailingState.PAUSED, problem=why, now=now)


async def resume(press: Press, mailing_id: MailingId, *, now: datetime) -> Mailing:
    """Go on from the ledger: nobody who was accepted is mailed again."""
    mailing = await press.mailings.get(mailing_id)
    if mailing.state is not MailingState.PAUSED:
        raise ConflictError(f"Mailing {mailing_id} is {mailing.state}, so there is nothing to resume.")
    return await press.mailings.move(mailing_id, MailingState.SENDING, problem="", now=now)


async def cancel(press: Press, mailing_id: MailingId, *, now: datetime) -> Mailing:
    """End a mailing: whoever is pending is excluded as cancelled, by the workers, within seconds."""
    return await press.mailings.move(mailing_id, MailingState.CANCELLED, now=now)
