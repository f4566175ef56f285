"""How a person is erased: everything that is stored about them goes, and a keyed digest of the address stays.

The digest keeps them erased: no import and no form brings the address back. It cannot be turned into the address.
"""

from __future__ import annotations

from datetime import datetime

from subscribers.address import Address
from subscribers.people import People
from subscribers.suppression import Reason


async def erase(people: People, address: Address, now: datetime) -> bool:
    """Erase the person with this address; return whether anybody was known. May be repeated.

    The order is such that a crash leaves a person who is not mailed and can be erased again, never half a person who
    is.
    What other rooms keep of a person (replies in ledgers, reports) they erase themselves, by the person's number.
    """
    await people.suppressions.suppress(address, Reason.ERASED, now=now)
    digest = people.subscribers.index.digest(address)
    found = (await people.subscribers.index.find([digest]))[0]
    if found is None:
        return False
    await people.consents.forget(found)
    for mailing_list in await people.lists.all():
        await people.lists.take_off(mailing_list.id, found)
    await people.subscribers.delete(found)
    # Last: as long as the address is found, erasing can be repeated.
    await people.suppressions.unmark(found)
    await people.subscribers.index.forget(digest)
    return True
