"""How an admin gets in without a password: a link that works once becomes a session.

`pressrun init` and `pressrun demo` print the link. Opening it changes nothing, since mail scanners and chat previews
open links too; the button on its page spends it.
"""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from mailer.accounts.account import LINK_LIFETIME, Session
from mailer.accounts.store import AccountStore

_SECRET_BYTES = 32


async def make_link(
    accounts: AccountStore,
    *,
    public_url: str,
    now: datetime,
    account: str = "admin",
    lifetime: timedelta = LINK_LIFETIME,
) -> str:
    """Return a link that signs `account` in once; make the account if there is none. Earlier links stay good."""
    await accounts.add(account, now=now)
    secret = secrets.token_urlsafe(_SECRET_BYTES)
    await accounts.keep_link(secret, account, lifetime=lifetime)
    return f"{public_url}/admin/sign-in/{secret}"


async def sign_in(accounts: AccountStore, secret: str, *, now: datetime) -> str | None:
    """Spend a link's secret; return the secret of a new session, or None if the link is used, old or wrong."""
    account = await accounts.take_link(secret)
    if account is None:
        return None
    session_secret = secrets.token_urlsafe(_SECRET_BYTES)
    await accounts.keep_session(session_secret, Session(account=account, started=now, used=now), now=now)
    return session_secret


async def sign_out(accounts: AccountStore, session_secret: str) -> None:
    """End one session. Harmless if it has ended."""
    await accounts.end_session(session_secret)


async def sign_out_everywhere(accounts: AccountStore, account: str) -> int:
    """End every session of an account; return how many there were."""
    return await accounts.end_sessions_of(account)
