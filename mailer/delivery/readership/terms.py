"""Terms that segments have from mailings: `was_mailed`, `opened`, `clicked` and `engaged_within`.

The package of people knows nothing of mailings; it gets these terms as functions, and computes their sets like all
others, in Redis. A term names an issue, which means all its mailings, or one mailing by its number.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from difflib import get_close_matches
from functools import partial, reduce

from mailer.delivery import keys as ledger_keys
from mailer.delivery.ledger import Standing
from mailer.issues.mailing import Mailing, MailingId
from mailer.issues.store import IssueStore, MailingStore
from mailer.tracking import keys, words
from mailer.tracking.hit import link_number
from subscribers.errors import RuleError
from subscribers.segments.algebra import Bitmap, Sets, either
from subscribers.segments.outside import Outside
from subscribers.segments.segment import Value

_OPENED = (words.OPENED, words.BY_PROXY)
_LONGEST_DAYS = 3_650


def terms_of(mailings: MailingStore, issues: IssueStore) -> Outside:
    """Return the terms, over these mailings."""

    async def was_mailed(arguments: tuple[Value, ...], _now: datetime) -> Sets | None:
        (issue,) = _checked(arguments, 'Write was_mailed("november").')
        return _union(await _mailings_of(mailings, issues, issue), (Standing.ACCEPTED.value,))

    async def opened(arguments: tuple[Value, ...], _now: datetime) -> Sets | None:
        (issue,) = _checked(arguments, 'Write opened("november").')
        return _union(await _mailings_of(mailings, issues, issue), _OPENED)

    async def clicked(arguments: tuple[Value, ...], _now: datetime) -> Sets | None:
        issue, *urls = _checked(arguments, 'Write clicked("november") or clicked("november", "https://…").', most=2)
        names = [words.link(link_number(str(url))) for url in urls] or [words.CLICKED]
        return _union(await _mailings_of(mailings, issues, issue), names)

    async def engaged_within(arguments: tuple[Value, ...], now: datetime) -> Sets | None:
        (days,) = _checked(arguments, "Write engaged_within(90), in days.")
        if isinstance(days, str) or not 0 < days <= _LONGEST_DAYS:
            raise RuleError(f"engaged_within({days!r}) is no number of days.", "Write engaged_within(90).")
        since = now - timedelta(days=days)
        recent = [one for one in await mailings.all() if one.started and one.started >= since]
        return _union(recent, (*_OPENED, words.CLICKED))

    return {"was_mailed": was_mailed, "opened": opened, "clicked": clicked, "engaged_within": engaged_within}


def _checked(arguments: tuple[Value, ...], use: str, most: int = 1) -> tuple[Value, ...]:
    """Return the arguments if they are as many as they may be, and of a kind that can mean anything."""
    is_text = all(isinstance(one, str) for one in arguments[1:])
    if not 1 <= len(arguments) <= most or isinstance(arguments[0], bool) or not is_text:
        raise RuleError("It does not take these arguments.", use)
    return arguments


async def _mailings_of(mailings: MailingStore, issues: IssueStore, issue: Value) -> list[Mailing]:
    if not isinstance(issue, str):
        found = await mailings.find(MailingId(int(issue)))
        if found is None:
            raise RuleError(f"There is no mailing {issue}.", "`pressrun mailings list` shows them.")
        return [found]
    everything = await mailings.all()
    known = {one.issue for one in everything} | {one.slug for one in await issues.all()}
    if issue not in known:
        near = next(iter(get_close_matches(issue, sorted(known), n=1, cutoff=0.5)), "")
        hint = f"Did you mean “{near}”?" if near else "`pressrun issues list` shows them."
        raise RuleError(f"There is no issue “{issue}”.", hint)
    return [one for one in everything if one.issue == issue]


def _union(found: Iterable[Mailing], names: Sequence[str]) -> Sets | None:
    bitmaps: list[Sets] = [
        Bitmap(partial(_named, one.id, name), f"{name} in mailing {one.id}") for one in found for name in names
    ]
    return reduce(either, bitmaps) if bitmaps else None


def _named(mailing: MailingId, name: str, chunk: int) -> str:
    if name == Standing.ACCEPTED.value:
        return ledger_keys.word(mailing, chunk, name)
    return keys.word(mailing, chunk, name)
