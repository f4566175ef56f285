"""The web application: which pages there are, and what stands around all of them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import Depends, FastAPI
from starlette.staticfiles import StaticFiles

from mailer.accounts.store import AccountStore
from mailer.settings import Settings
from mailer.tracking.recording import recording
from mailer.web.admin import ROUTERS as ADMIN_ROUTERS
from mailer.web.admin import sign_in
from mailer.web.bodylimit import MOST_BYTES, BodyLimit
from mailer.web.guard import CrossSiteGuard
from mailer.web.headers import SecurityHeaders
from mailer.web.pages import STATIC_PATH, static_folder
from mailer.web.public import ROUTERS as PUBLIC_ROUTERS
from mailer.web.session import require_session
from mailer.web.troubles import Lifeboat, refuse_cross_site, show_troubles
from mailer.wiring import open_press


def create_app(settings: Settings) -> FastAPI:
    """Return the application; it opens and closes the Press with the server that runs it."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_press(settings) as press, recording(press.tracking) as recorder:
            app.state.press = press
            app.state.recorder = recorder
            app.state.accounts = AccountStore(press.redis)
            yield

    app = FastAPI(
        title="Pressrun",
        # No slash is ever added or taken away: a redirect would break one-click unsubscribing (RFC 8058 §3.1).
        redirect_slashes=False,
        # FastAPI's own pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        form_limits={"max_part_size": MOST_BYTES},
        telemetry={"tracing": False},
        lifespan=lifespan,
    )
    app.state.settings = settings
    show_troubles(app)
    for router in PUBLIC_ROUTERS:
        app.include_router(router)
    app.include_router(sign_in.router, prefix="/admin")
    for router in ADMIN_ROUTERS:
        app.include_router(router, prefix="/admin", dependencies=[Depends(require_session)])
    app.mount(STATIC_PATH, StaticFiles(directory=static_folder()))
    # The last one added stands outermost.
    app.add_middleware(BodyLimit)
    app.add_middleware(CrossSiteGuard, refuse=refuse_cross_site)
    app.add_middleware(Lifeboat)
    app.add_middleware(SecurityHeaders, is_https=settings.public_url.startswith("https://"))
    return app
