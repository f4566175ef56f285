"""Asking before people are mailed: how many they are, and whether that is meant."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from mailer.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from mailer.delivery.press import Press
    from mailer.issues.mailing import Mailing
    from mailer.settings import UncertainPolicy

Yes = Annotated[bool, typer.Option("--yes", help="Do not ask.")]
YesToMany = Annotated[bool, typer.Option("--yes", help="Do not ask, however many they are (`confirm_from_people`).")]

Hold = Annotated[
    bool, typer.Option("--hold", help="Hold whoever a crash leaves uncertain; else as `uncertain_policy` says.")
]
Account = Annotated[str, typer.Option("--by", help="The account that asks; needed where a second person must approve.")]


def policy_of(hold: bool) -> UncertainPolicy | None:
    """Return what `--hold` says; without it None, for what the settings say."""
    from mailer.settings import UncertainPolicy

    return UncertainPolicy.HOLD if hold else None


async def known_account(press: Press, name: str) -> str:
    """Return the name, of an account or "" for nobody; raise NotFoundError where no account has it.

    A slip in the name of who asks would let that very person give the second yes.
    """
    from mailer.accounts.store import AccountStore

    if name and await AccountStore(press.redis).find(name) is None:
        raise NotFoundError(f"There is no account “{name}”. Make one with `pressrun init --account`.")
    return name


def to_be_approved(mailing: Mailing) -> str:
    """Say how a second person gives their yes."""
    return (
        f"Mailing {mailing.id} waits for a second person: "
        f"`pressrun mailings approve {mailing.id} --edition {mailing.approvable[:12]} --by ACCOUNT`."
    )


def ask(question: str, *, yes: bool, instead: str = "") -> None:
    """Go on only if a person says yes, or `--yes` has said it.

    Raises ConflictError where nobody is there to answer; `instead` names what else could be added.
    """
    if yes:
        return
    if not sys.stdin.isatty():
        raise ConflictError(f"{question} Nobody is here to answer: add --yes{instead}.")
    typer.confirm(question, abort=True)


def ask_about_many(question: str, people: int, *, yes: bool, instead: str = "") -> None:
    """Ask as `ask` does, but only from as many people on as the settings say."""
    from mailer.settings import load_settings

    if people >= load_settings().confirm_from_people:
        ask(question, yes=yes, instead=instead)
