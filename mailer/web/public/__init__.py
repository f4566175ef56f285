"""Pages for readers: no session, no cookie, nothing to sign in to."""

from __future__ import annotations

from mailer.web.public import assets, following, front, leaving, viewing

ROUTERS = (assets.router, following.router, front.router, leaving.router, viewing.router)
