"""Pages for those who run this Pressrun. Every router listed here needs a session; only signing in does not."""

from __future__ import annotations

from mailer.web.admin import (
    inbox,
    issues,
    ledger,
    mailingagain,
    mailings,
    people,
    sending,
    sign_in,
    suppressions,
    timing,
    writing,
)

ROUTERS = (
    sign_in.session_router,
    issues.router,
    writing.router,
    sending.router,
    mailings.router,
    mailingagain.router,
    timing.router,
    ledger.router,
    people.router,
    suppressions.router,
    inbox.router,
)
