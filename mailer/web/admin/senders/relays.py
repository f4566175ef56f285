"""The relays: how each is, what it may take, a test that shows the conversation, and changing them.

A password is never shown, and never follows a relay to another server: whoever changes the host types it anew.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from mailer.delivery.press import Press
from mailer.delivery.relays.testing import Trial, try_relay
from mailer.errors import ConfigError, ConflictError
from mailer.senders.relays.condition import condition_of
from mailer.senders.relays.storedrelay import LONGEST_TIMEOUT_SECONDS, StoredRelay
from mailer.settings import RelayLogin, RelayProtocol, RelayTls
from mailer.smtp.relay import Relay
from mailer.web.pages import page
from subscribers.address import parse_address
from subscribers.errors import AddressError

router = APIRouter()

_CHOICES = {"ways": list(RelayTls), "protocols": list(RelayProtocol), "logins": list(RelayLogin)}
Whole = Annotated[int, Field(ge=0, le=1_000_000_000)]


class RelayForm(BaseModel):
    """What the form says of a relay."""

    host: str = Field(default="", max_length=255)
    port: int = Field(default=587, ge=0, le=65_535)
    tls: RelayTls = RelayTls.STARTTLS
    protocol: RelayProtocol = RelayProtocol.SMTP
    login: RelayLogin = RelayLogin.BEST
    username: str = Field(default="", max_length=320)
    password: str = Field(default="", max_length=4_000)
    """Empty: the one that it has."""
    hello_name: str = Field(default="", max_length=255)
    timeout_seconds: float = Field(default=60.0, gt=0, le=LONGEST_TIMEOUT_SECONDS)
    connections: Whole = 4
    connections_in_all: Whole = 0
    messages_per_connection: Whole = 0
    per_second: Whole = 0
    per_hour: Whole = 0
    per_day: Whole = 0
    priority: Whole = 10
    weight: Whole = 1

    @classmethod
    def of(cls, relay: StoredRelay) -> RelayForm:
        """Return the form as it stands for a relay."""
        return cls(**{name: getattr(relay, name) for name in cls.model_fields if name != "password"})

    def facts(self, press: Press, name: str) -> dict[str, Any]:
        """Return what is to be stored; a password that is typed takes the place of one in a file."""
        said = self.model_dump(exclude={"password", "name"})
        said |= {key: value.strip() for key, value in said.items() if type(value) is str}
        if not self.password:
            return said
        return said | {"sealed_password": press.relays.sealed(name, self.password), "password_file": ""}


class NewRelayForm(RelayForm):
    """A relay that is not there yet."""

    name: str = Field(default="", max_length=40)


class TestForm(BaseModel):
    """What a test does: without a recipient it only says hello."""

    sender: str = Field(default="", max_length=320)
    recipient: str = Field(default="", max_length=320)


@router.get("/settings/relays")
async def show_relays(request: Request) -> Response:
    """Show every relay and how it is; where none is defined, the one of the settings."""
    return await _relays_page(request)


@router.get("/settings/relays/new")
async def show_new_relay(request: Request) -> Response:
    """Show the form for one more."""
    return page(request, "admin/senders/relay_new.html", form=NewRelayForm(), choices=_CHOICES, objection="")


@router.post("/settings/relays")
async def add_relay(request: Request, form: Annotated[NewRelayForm, Form()]) -> Response:
    """Define a relay; as soon as there is one, the relay of the settings is not used any more."""
    press: Press = request.app.state.press
    name = form.name.strip()
    try:
        await press.relays.add(StoredRelay(name=name, **form.facts(press, name)))
    except (ConfigError, ConflictError) as refused:
        said = str(refused)
        return page(request, "admin/senders/relay_new.html", status=409, form=form, choices=_CHOICES, objection=said)
    return _back_to(name)


@router.post("/settings/relay/test")
async def test_relay_of_settings(request: Request, form: Annotated[TestForm, Form()]) -> Response:
    """Hold a conversation with the relay of the settings, and show it."""
    press: Press = request.app.state.press
    return await _relays_page(request, test=form, trial=await _tried(Relay.of(press.settings), form))


@router.get("/settings/relays/{name}")
async def show_relay(request: Request, name: str) -> Response:
    """Show one relay."""
    return await _relay_page(request, name)


@router.post("/settings/relays/{name}/test")
async def test_relay(request: Request, name: str, form: Annotated[TestForm, Form()]) -> Response:
    """Hold a conversation with a relay, and show it without the password."""
    press: Press = request.app.state.press
    stored = await press.relays.get(name)
    try:
        trial = await _tried(press.relays.opened(stored), form)
    except ConfigError as unusable:
        trial = Trial([], problem=str(unusable))
    return await _relay_page(request, name, test=form, trial=trial)


@router.post("/settings/relays/{name}/change")
async def change_relay(request: Request, name: str, form: Annotated[RelayForm, Form()]) -> Response:
    """Change a relay; workers see it at their next shift."""
    press: Press = request.app.state.press
    before = await press.relays.get(name)
    try:
        after = replace(before, **form.facts(press, name))
        _keep_password_at_home(before, after, form)
    except ConfigError as refused:
        return await _relay_page(request, name, form=form, objection=str(refused), status=409)
    await press.relays.put(after)
    return _back_to(name)


@router.post("/settings/relays/{name}/pause")
async def pause_relay(request: Request, name: str) -> Response:
    """Leave it unused for now."""
    return await _set_paused(request, name, is_paused=True)


@router.post("/settings/relays/{name}/use")
async def use_relay(request: Request, name: str) -> Response:
    """Use it again, whatever was wrong with it."""
    return await _set_paused(request, name, is_paused=False)


@router.post("/settings/relays/{name}/remove")
async def remove_relay(request: Request, name: str) -> Response:
    """Forget it, with its password. What is on its connections is finished."""
    press: Press = request.app.state.press
    await press.relays.remove(name)
    return RedirectResponse("/admin/settings/relays", status_code=303)


async def _set_paused(request: Request, name: str, *, is_paused: bool) -> Response:
    press: Press = request.app.state.press
    # Putting it forgets its health as well: the first hand-over is the probe.
    await press.relays.put(replace(await press.relays.get(name), is_paused=is_paused))
    return _back_to(name)


async def _relays_page(request: Request, *, test: TestForm | None = None, trial: Trial | None = None) -> Response:
    press: Press = request.app.state.press
    now = await press.ledger.now()
    return page(
        request,
        "admin/senders/relays.html",
        conditions=[await condition_of(press.relays, one, now) for one in await press.relays.all()],
        settings=press.settings,
        test=test or await _test_form(press),
        trial=trial,
        now=now,
    )


async def _relay_page(
    request: Request,
    name: str,
    *,
    form: RelayForm | None = None,
    objection: str = "",
    test: TestForm | None = None,
    trial: Trial | None = None,
    status: int = 200,
) -> Response:
    press: Press = request.app.state.press
    now = await press.ledger.now()
    condition = await condition_of(press.relays, await press.relays.get(name), now)
    return page(
        request,
        "admin/senders/relay.html",
        status=status,
        condition=condition,
        form=form or RelayForm.of(condition.relay),
        objection=objection,
        test=test or await _test_form(press),
        trial=trial,
        now=now,
        choices=_CHOICES,
    )


async def _tried(relay: Relay, form: TestForm) -> Trial:
    try:
        recipient = parse_address(form.recipient) if form.recipient.strip() else ""
        sender = parse_address(form.sender) if form.sender.strip() else ""
    except AddressError as error:
        return Trial([], problem=str(error))
    return await try_relay(relay, sender=sender, recipient=recipient)


async def _test_form(press: Press) -> TestForm:
    """Return the form with an address that mail is from here."""
    return TestForm(sender=next((one.sender_address for one in await press.newsletters.all()), ""))


def _keep_password_at_home(before: StoredRelay, after: StoredRelay, form: RelayForm) -> None:
    """Raise ConfigError where a password that nobody typed would be told to another server, or in another way."""
    has_password = bool(before.sealed_password or before.password_file)
    if has_password and not form.password and _where(before) != _where(after):
        raise ConfigError(
            f"The password is for {before.host} port {before.port}, by {before.tls}. Type the one for where mail goes "
            "now."
        )


def _where(relay: StoredRelay) -> tuple[str, int, RelayTls]:
    """Return whom its password is told, and how."""
    return relay.host, relay.port, relay.tls


def _back_to(name: str) -> Response:
    return RedirectResponse(f"/admin/settings/relays/{name}", status_code=303)
