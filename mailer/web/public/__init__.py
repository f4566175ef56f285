"""Pages for readers: no session, no cookie, nothing to sign in to."""

from __future__ import annotations

from mailer.web.public import assets, confirming, following, front, joining, leaving, preferring, viewing

ROUTERS = (
    assets.router,
    confirming.router,
    following.router,
    front.router,
    joining.router,
    leaving.router,
    preferring.router,
    viewing.router,
)
