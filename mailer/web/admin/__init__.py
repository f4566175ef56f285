"""Pages for those who run this Pressrun. Every router listed here needs a session; only signing in does not."""

from __future__ import annotations

from mailer.web.admin import (
    inbox,
    issues,
    ledger,
    mailingagain,
    mailings,
    people,
    scheduled,
    sending,
    series,
    sign_in,
    suppressions,
    timing,
    writing,
)
from mailer.web.admin.senders import destinations, domains, relays, system

ROUTERS = (
    sign_in.session_router,
    issues.router,
    writing.router,
    sending.router,
    mailings.router,
    mailingagain.router,
    timing.router,
    scheduled.router,
    series.router,
    ledger.router,
    people.router,
    suppressions.router,
    relays.router,
    domains.router,
    destinations.router,
    system.router,
    inbox.router,
)
