"""Pages for readers: no session, no cookie, nothing to sign in to."""

from __future__ import annotations

from mailer.web.public import front, leaving, viewing

ROUTERS = (front.router, leaving.router, viewing.router)
