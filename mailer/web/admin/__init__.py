"""Pages for those who run this Pressrun. Every router listed here needs a session; only signing in does not."""

from __future__ import annotations

from mailer.web.admin import sign_in

ROUTERS = (sign_in.session_router,)
