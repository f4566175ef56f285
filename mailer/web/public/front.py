"""The front page, and the question whether this server is well."""

from __future__ import annotations

from fastapi import APIRouter, Request, Response
from fastapi.responses import PlainTextResponse

from mailer.web.pages import page

router = APIRouter()


@router.api_route("/", methods=["GET", "HEAD"])
async def show_front(request: Request) -> Response:
    """Say what this server is."""
    return page(request, "public/front.html")


@router.api_route("/healthz", methods=["GET", "HEAD"])
async def show_health(request: Request) -> Response:
    """Answer 200 if Redis answers, else 503: a load balancer reads this."""
    await request.app.state.press.redis.ping()
    return PlainTextResponse("well\n")


@router.api_route("/robots.txt", methods=["GET", "HEAD"])
async def show_robots(request: Request) -> Response:
    """Ask search engines to stay away: pages here belong to single readers."""
    return PlainTextResponse("User-agent: *\nDisallow: /\n")
