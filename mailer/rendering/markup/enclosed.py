"""Files that go with a message: pictures shown by their Content-ID (RFC 2392), and attachments.

They are the same for everybody, so each is encoded once, when the edition is made, and is part of it. On a page in the
browser there is no message to look into: there the pictures are shown from their addresses.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from mailer.errors import RenderError
from mailer.issues.assets.asset import PATH, Asset
from mailer.rendering.edition import Body, Edition, File
from mailer.rendering.quoted import decode, encode_last_run, encode_run

LARGEST_ENCLOSED = 5 * 1024 * 1024
"""Bytes of all files of a message; base64 adds a third, and many mailboxes refuse 10 MB."""

_ID_DOMAIN = "assets.invalid"
_LONGEST_NAME = 50
_NOT_PLAIN = re.compile(r"[^ !#-\[\]-~]")
_CHARSET = "utf-8''"
_BASE64_LINE = 57
"""Bytes that make a line of 76 characters (RFC 2045 §6.8)."""


def with_files(
    edition: Edition, shown: Sequence[tuple[Asset, bytes]], attached: Sequence[tuple[Asset, bytes]], public_url: str
) -> Edition:
    """Return the edition with its pictures inside and its attachments behind. Raises RenderError for too much."""
    files = (*(_file(one, data, is_shown=True) for one, data in shown), *(_file(one, data) for one, data in attached))
    size = sum(len(data) for _, data in (*shown, *attached))
    if size > LARGEST_ENCLOSED:
        raise RenderError(
            f"The files inside the mail have {size / 2**20:.1f} MB; {LARGEST_ENCLOSED >> 20} MB is the most.",
            place=f"issue {edition.issue}",
            fix="Put large files on the web and link to them; leave “images: inline” out.",
        )
    addresses = "|".join(re.escape(f"{public_url}{PATH}{one.name}") for one, _ in shown)
    html = _changed(edition.html, re.compile(rf'((?:src|background)=")({addresses})(?=")')) if shown else edition.html
    return msgspec.structs.replace(edition, html=html, files=files).sealed()


def in_browser(edition: Edition, html: str, public_url: str) -> str:
    """Return the HTML as a page, which has no message around it to find pictures in."""
    for file in edition.files:
        if file.is_shown:
            html = html.replace(f"cid:{_content_id(file.name)}", f"{public_url}{PATH}{file.name}")
    return html


def file_entity(file: File) -> bytes:
    """Return a file as an entity of a multipart body (RFC 2045): its header, a blank line, its base64."""
    disposition = "inline" if file.is_shown else "attachment"
    head = [f"Content-Type: {file.media_type}", "Content-Transfer-Encoding: base64"]
    head += [f"Content-ID: <{_content_id(file.name)}>"] if file.is_shown else []
    head += [f"Content-Disposition: {disposition};\r\n {_file_name(file.file_name)}"]
    return "\r\n".join(head).encode() + b"\r\n\r\n" + file.encoded


def _file(asset: Asset, data: bytes, *, is_shown: bool = False) -> File:
    lines = (base64.b64encode(data[start : start + _BASE64_LINE]) for start in range(0, len(data), _BASE64_LINE))
    return File(asset.name, asset.file_name, asset.media_type, is_shown, b"\r\n".join(lines))


def _changed(body: Body, address: re.Pattern[str]) -> Body:
    """Show each picture from within. No address holds anything personal, so each stands whole in its run."""
    runs = [address.sub(_by_content_id, decode(run)) for run in body.runs]
    return Body((*map(encode_run, runs[:-1]), encode_last_run(runs[-1])), body.holes, body.cases)


def _by_content_id(match: re.Match[str]) -> str:
    return f"{match[1]}cid:{_content_id(match[2].rpartition('/')[2])}"


def _content_id(name: str) -> str:
    return f"{name}@{_ID_DOMAIN}"


def _file_name(name: str) -> str:
    """Return the parameter that names a file: beyond ASCII, in pieces of short lines (RFC 2231 §3, §4)."""
    name = "".join(one if one.isprintable() else "_" for one in name).strip() or "file"
    if len(name) > _LONGEST_NAME:
        stem, dot, ending = name.rpartition(".")
        name = f"{stem[: _LONGEST_NAME - len(ending) - 1]}{dot}{ending}" if len(ending) < 10 else name[:_LONGEST_NAME]
    if not _NOT_PLAIN.search(name):
        return f'filename="{name}"'
    pieces = re.findall(r"(?:%[0-9A-F]{2}|[^%]){1,18}", quote(name, safe=""))
    return ";\r\n ".join(f"filename*{at}*={'' if at else _CHARSET}{piece}" for at, piece in enumerate(pieces))
