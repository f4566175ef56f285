"""Bringing back an edition that is gone: its issue is compiled again, and counts only if it comes out the same."""

from __future__ import annotations

from dataclasses import replace

from mailer.delivery.editions.enclosing import enclosed
from mailer.delivery.press import Press
from mailer.errors import ConflictError, PressrunError
from mailer.issues.aims.experiment import Arm
from mailer.issues.aims.tracking import Tracking
from mailer.issues.mailing import Mailing
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition


async def bring_back_editions(press: Press, mailing: Mailing) -> None:
    """Compile whatever edition of a mailing is gone; where all are there, nothing is done.

    Raises ConflictError if that gives another one: some would get another mail than the others did.
    """
    arms = mailing.experiment.arms if mailing.experiment else (Arm(mailing.edition, mailing.subject, mailing.issue),)
    for arm in arms:
        if not await press.editions.is_kept(arm.edition):
            await press.editions.put(await _compiled_again(press, mailing, arm))


async def _compiled_again(press: Press, mailing: Mailing, arm: Arm) -> Edition:
    try:
        edition = await _compile(press, arm)
    except PressrunError as error:
        raise ConflictError(
            f"{_gone(mailing, arm)} cannot be compiled again: {error} {_advice(mailing, arm)}"
        ) from error
    if edition.id != arm.edition:
        raise ConflictError(f"{_gone(mailing, arm)} is not what it was when it was mailed. {_advice(mailing, arm)}")
    return edition


async def _compile(press: Press, arm: Arm) -> Edition:
    issue = replace(await press.issues.get(arm.issue), subject=arm.subject)
    newsletter = await press.newsletters.get(issue.newsletter)
    tracking = Tracking(issue.tracking) if issue.tracking else newsletter.tracking
    url, shelf = press.settings.public_url, press.shelf
    edition = compile_edition(issue, newsletter, public_url=url, shelf=shelf, tracking=tracking)
    return await enclosed(press, issue, edition)


def _gone(mailing: Mailing, arm: Arm) -> str:
    return f"The edition {arm.edition[:12]} of mailing {mailing.id} is gone, and issue {arm.issue}"


def _advice(mailing: Mailing, arm: Arm) -> str:
    return (
        f"Put issue {arm.issue}, its newsletter and theme back as they were, then resume; or cancel the mailing and "
        f"send the issue as it is now with --exclude-mailing {mailing.id}, to those who have not got it."
    )
