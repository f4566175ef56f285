"""What is wrong with a link or an image, by its address and its words alone: nothing is fetched."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from mailer.rendering.cleaning import SCHEMES
from mailer.rendering.document import WrittenLink

_GENERIC = frozenset(
    {"click", "click here", "here", "link", "more", "read more", "this", "this link", "learn more", "hier", "mehr"}
    | {
        "weiterlesen",
        "ici",
        "cliquez ici",
        "lire la suite",
        "aquí",
        "leer más",
        "haga clic aquí",
        "点击这里",
        "这里",
        "更多",
    }
)
_SHORTENERS = frozenset({"bit.ly", "goo.gl", "is.gd", "ow.ly", "t.co", "t.cn", "tinyurl.com", "url.cn"})
_LOCAL_ENDS = (".localhost", ".local", ".internal", ".lan", ".home.arpa")


@dataclass(frozen=True, slots=True)
class Flaw:
    """One thing that is wrong with an address or its words."""

    is_blocking: bool
    rule: str
    message: str
    fix: str


def link_flaws(link: WrittenLink) -> Iterator[Flaw]:
    """Judge a link or a button."""
    name = f"“{link.words}”" if link.words else f"The link to {link.url}"
    yield from _address_flaws(link.url, name, "link")
    if link.words.strip(" .!>»→").casefold() in _GENERIC:
        yield Flaw(
            is_blocking=False,
            rule="link-words",
            message=f"The link's words {name} do not say where it leads; people who hear them alone are lost.",
            fix="Name what one finds there.",
        )


def image_flaws(image: WrittenLink) -> Iterator[Flaw]:
    """Judge an image."""
    name = f"The image “{image.words}”" if image.words else f"The image {image.url}".rstrip()
    yield from _address_flaws(image.url, name, "image")
    if not image.words and not image.is_decorative:
        yield Flaw(
            is_blocking=False,
            rule="image-words",
            message=f"{name} has no alternative text; many readers see no images at first, some never.",
            fix="Say what it shows, ![Words](address), or that it shows nothing: ![](address){.decorative}.",
        )


def _address_flaws(url: str, name: str, what: str) -> Iterator[Flaw]:
    parts = _parts(url)
    if parts is None:
        yield Flaw(
            is_blocking=True,
            rule=f"{what}-target",
            message=f"{name} leads nowhere." if not url.strip("# ") else f"{name} has no full address: {url}",
            fix="Give it a full address, beginning with https://.",
        )
        return
    scheme, host = parts
    if scheme not in {"http", "https"}:
        return
    address = _ip_address(host)
    if host == "localhost" or host.endswith(_LOCAL_ENDS) or (address is not None and not address.is_global):
        yield Flaw(
            is_blocking=True,
            rule="local-address",
            message=f"{name} leads to {host}, which only your own machine or network knows.",
            fix="Use the public address.",
        )
    elif address is not None:
        yield Flaw(
            is_blocking=False,
            rule="ip-address",
            message=f"{name} leads to a bare IP address, as fraud does.",
            fix="Use a name.",
        )
    elif scheme == "http":
        yield Flaw(
            is_blocking=False,
            rule="insecure-address",
            message=f"{name} leads to an address without encryption: {url}",
            fix="Use https://, if the place has it.",
        )
    if host.removeprefix("www.") in _SHORTENERS:
        yield Flaw(
            is_blocking=False,
            rule="short-address",
            message=f"{name} hides its target behind {host}; filters distrust that.",
            fix="Link to the place itself.",
        )


def _parts(url: str) -> tuple[str, str] | None:
    """Return scheme and host of a full address that mail may hold, or None."""
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".").lower()
    except ValueError:
        return None
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES:
        return None
    if scheme in {"http", "https"} and (not host or "{{" in parts.netloc):
        return None
    if scheme in {"mailto", "tel"} and not parts.path:
        return None
    return scheme, host


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
