"""What DNS says of a sending domain, against what receivers want to see: DKIM, DMARC, SPF and where bounces go.

Only what Pressrun can know: SPF is evaluated for the relay's address by the receiver, so here it is asked whether the
return-path domain has a record at all.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from mailer.senders.domainkey import KeyState
from mailer.senders.keystore import KeyStore
from mailer.senders.lookup import Lookup
from mailer.senders.rotating import check_key


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    is_fine: bool
    sentence: str


async def check_domain(
    store: KeyStore, lookup: Lookup, domain: str, bounce_domains: Sequence[str], *, now: datetime
) -> list[Finding]:
    """Return what DNS says of the domain and of those that its bounces come back to.

    Keys move between made and published by what is seen. Raises LookupFailedError if DNS does not answer.
    """
    found = [one async for one in _keys(store, lookup, domain, now)]
    found.append(await _dmarc(lookup, domain))
    for one in bounce_domains:
        found += [await _spf(lookup, one), await _mx(lookup, one)]
    return found


async def _keys(store: KeyStore, lookup: Lookup, domain: str, now: datetime) -> AsyncIterator[Finding]:
    keys = await store.of(domain)
    if not any(key.state is KeyState.ACTIVE for key in keys):
        yield Finding(
            False,
            f"DKIM: no key of {domain} is active, so its mail is not signed here. "
            f"See `pressrun domains show {domain}`.",
        )
    for key in keys:
        if key.state is KeyState.WITHDRAWN:
            continue
        seen = await check_key(store, lookup, domain, key.selector, now)
        name = f"DKIM: the {seen.key.state} key {key.selector}"
        if seen.is_there:
            yield Finding(True, f"{name} is published.")
        elif seen.key.state is KeyState.MADE and not seen.found:
            yield Finding(False, f"{name} is not published yet: there is no TXT record {key.record_name}.")
        else:
            said = " / ".join(seen.found)[:120] or "nothing"
            yield Finding(False, f"{name} is not what DNS shows. {key.record_name} says: {said}. Publish ours again.")


async def _dmarc(lookup: Lookup, domain: str) -> Finding:
    # The policy of the organisation counts for its subdomains (RFC 7489 §6.6.3); how far up it is, only lists tell.
    parts = domain.split(".")
    for start in range(max(1, len(parts) - 1)):
        name = f"_dmarc.{'.'.join(parts[start:])}"
        records = [one for one in await lookup.txt(name) if one.replace(" ", "").lower().startswith("v=dmarc1")]
        if len(records) > 1:
            return Finding(False, f"DMARC: {name} has {len(records)} records; receivers then heed none. Leave one.")
        if records:
            return Finding(True, f"DMARC: {name} says {records[0]}")
    return Finding(
        False,
        f"DMARC: there is none. Gmail and Yahoo want one of whoever mails in bulk: publish "
        f'_dmarc.{domain}. IN TXT "v=DMARC1; p=none" at least.',
    )


async def _spf(lookup: Lookup, domain: str) -> Finding:
    records = [one for one in await lookup.txt(domain) if one.lower().split(" ")[0] == "v=spf1"]
    if len(records) == 1:
        return Finding(True, f"SPF: {domain} says {records[0]}")
    if records:
        return Finding(False, f"SPF: {domain} has {len(records)} records, an error (RFC 7208 §4.5). Leave one.")
    return Finding(
        False,
        f"SPF: {domain}, to which bounces come back, has no record. Name your relay's addresses in one (v=spf1 …).",
    )


async def _mx(lookup: Lookup, domain: str) -> Finding:
    if hosts := await lookup.mx(domain):
        return Finding(True, f"Bounces to {domain} go to {', '.join(hosts)}.")
    return Finding(
        False,
        f"Bounces are lost: {domain} has no MX record. Let it name the mail server before `pressrun inbound`.",
    )
