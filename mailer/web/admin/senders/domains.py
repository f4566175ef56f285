"""The domains that mail is from: their DKIM keys with the records to publish, what DNS says, and their warm-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from mailer.clock import now
from mailer.delivery.press import Press
from mailer.delivery.warming.warmingup import end_warmup, warmed_domain
from mailer.errors import ConfigError, ConflictError, NotFoundError
from mailer.issues.newsletter import Newsletter
from mailer.rendering.headers import HeaderError, sending_domain
from mailer.senders import rotating
from mailer.senders.dkim import Algorithm
from mailer.senders.domaincheck import Finding, check_domain
from mailer.senders.domainkey import DomainKey, KeyState
from mailer.senders.lookup import Lookup, LookupFailedError
from mailer.senders.warmups.warmup import FIRST, GROWTH, LAST, Warmup, ladder
from mailer.web.pages import page

router = APIRouter()


class WarmupForm(BaseModel):
    """How a warm-up goes up."""

    first: int = Field(default=FIRST, ge=1, le=1_000_000_000)
    growth: float = Field(default=GROWTH, ge=0, le=100)
    last: int = Field(default=LAST, ge=1, le=1_000_000_000)


@dataclass(frozen=True, slots=True)
class Warming:
    """How far a warm-up is."""

    warmup: Warmup
    seen: datetime
    used: int

    @property
    def is_over(self) -> bool:
        """Whether there is no ceiling any more."""
        return self.warmup.is_over(self.seen)


@dataclass(frozen=True, slots=True)
class SendingDomain:
    """A domain, and what there is of it."""

    name: str
    newsletters: Sequence[Newsletter]
    keys: Sequence[DomainKey]
    warming: Warming | None

    @property
    def active(self) -> list[DomainKey]:
        """The keys that sign."""
        return [key for key in self.keys if key.state is KeyState.ACTIVE]


@router.get("/settings/domains")
async def show_domains(request: Request) -> Response:
    """Show every domain that mail is from, or that has a key or a warm-up."""
    press: Press = request.app.state.press
    domains = [await _domain(press, name) for name in sorted(await _names(press))]
    return page(request, "admin/senders/domains.html", domains=domains)


@router.get("/settings/domains/{name}")
async def show_domain(request: Request, name: str) -> Response:
    """Show one domain."""
    return await _page(request, await _known(request, name))


@router.post("/settings/domains/{name}/check")
async def check_in_dns(request: Request, name: str) -> Response:
    """Ask DNS about it; keys move between made and published by what is seen."""
    press: Press = request.app.state.press
    domain = await _known(request, name)
    bounces = sorted({sending_domain(one.bounce_domain) for one in (await _domain(press, domain)).newsletters})
    try:
        found = await check_domain(press.keys, Lookup(press.settings.dns_server), domain, bounces, now=now())
    except LookupFailedError as failed:
        return await _page(request, domain, objection=str(failed), status=502)
    return await _page(request, domain, findings=found)


@router.post("/settings/domains/{name}/keys")
async def make_key(
    request: Request,
    name: str,
    algorithm: Annotated[Algorithm, Form()] = Algorithm.RSA,
    seen: Annotated[int | None, Form()] = None,
) -> Response:
    """Make a key; it signs nothing before it is activated. `seen`: how many keys the page showed."""
    press: Press = request.app.state.press
    domain = await _known(request, name)
    if seen is not None and len(await press.keys.of(domain)) != seen:
        # The second of two clicks: there is the new key.
        return _back_to(domain)
    await rotating.make_key(press.keys, domain, now=now(), algorithm=algorithm)
    return _back_to(domain)


@router.post("/settings/domains/{name}/keys/{selector}/{step}")
async def move_key(
    request: Request,
    name: str,
    selector: str,
    step: Literal["activate", "retire", "withdraw"],
    unsigned: Annotated[bool, Form()] = False,
) -> Response:
    """Let a key sign if DNS shows its record, or let it sign no more, or delete it.

    `unsigned`: the domain's mail may go out unsigned; asked for where the only key that signs is to retire.
    """
    press: Press = request.app.state.press
    domain = await _known(request, name)
    try:
        match step:
            case "activate":
                await rotating.activate(press.keys, Lookup(press.settings.dns_server), domain, selector, now())
            case "retire":
                if not unsigned and (what_follows := await rotating.unsigned_without(press.keys, domain, selector)):
                    return await _page(request, domain, objection=what_follows, status=409)
                await rotating.retire(press.keys, domain, selector, now())
            case "withdraw":
                queued_for = timedelta(seconds=press.settings.give_up_after_seconds)
                await rotating.withdraw(press.keys, domain, selector, now(), queued_for=queued_for)
    except (ConflictError, LookupFailedError) as refused:
        return await _page(request, domain, objection=str(refused), status=409)
    return _back_to(domain)


@router.post("/settings/domains/{name}/warmup")
async def begin_warmup(request: Request, name: str, form: Annotated[WarmupForm, Form()]) -> Response:
    """Begin a warm-up now, in place of the one that the domain had."""
    press: Press = request.app.state.press
    domain = await _known(request, name)
    try:
        warmup = Warmup(
            domain=domain, began=await press.ledger.now(), ceilings=ladder(form.first, form.growth, form.last)
        )
    except ConfigError as refused:
        return await _page(request, domain, form=form, objection=str(refused), status=409)
    await press.warmups.put(warmup)
    return _back_to(domain)


@router.post("/settings/domains/{name}/warmup/end")
async def end_its_warmup(request: Request, name: str) -> Response:
    """End a warm-up: whoever waits for a later day goes now."""
    domain = await _known(request, name)
    await end_warmup(request.app.state.press, domain)
    return _back_to(domain)


async def _page(
    request: Request,
    domain: str,
    *,
    findings: Sequence[Finding] | None = None,
    form: WarmupForm | None = None,
    objection: str = "",
    status: int = 200,
) -> Response:
    press: Press = request.app.state.press
    return page(
        request,
        "admin/senders/domain.html",
        status=status,
        domain=await _domain(press, domain),
        algorithms=list(Algorithm),
        findings=findings,
        form=form or WarmupForm(),
        objection=objection,
        seen=now(),
    )


async def _names(press: Press) -> set[str]:
    senders = {warmed_domain(one) for one in await press.newsletters.all()}
    return senders | set(await press.keys.domains()) | {one.domain for one in await press.warmups.all()}


async def _known(request: Request, name: str) -> str:
    """Return a domain as its keys are named. Raises NotFoundError for one that nothing here is from."""
    try:
        domain = sending_domain(name)
    except HeaderError as error:
        raise NotFoundError(f"There is no domain “{name[:80]}”.") from error
    if domain not in await _names(request.app.state.press):
        raise NotFoundError(f"No newsletter's sender is at {domain}. Make one with `pressrun newsletters create`.")
    return domain


async def _domain(press: Press, name: str) -> SendingDomain:
    seen = await press.ledger.now()
    warmup = await press.warmups.find(name)
    used = await press.warmups.used(warmup, seen) if warmup and not warmup.is_over(seen) else 0
    return SendingDomain(
        name,
        [one for one in await press.newsletters.all() if warmed_domain(one) == name],
        await press.keys.of(name),
        Warming(warmup, seen, used) if warmup else None,
    )


def _back_to(domain: str) -> Response:
    return RedirectResponse(f"/admin/settings/domains/{domain}", status_code=303)
