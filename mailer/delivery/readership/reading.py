"""Reading: how a mailing was read, from the sets that tracking keeps and the ledger's."""

from __future__ import annotations

from mailer.delivery.ledger import Standing
from mailer.delivery.press import Press
from mailer.issues.mailing import MailingId
from mailer.tracking import words
from mailer.tracking.hit import link_number
from mailer.tracking.report import Readership, opens, readership_of_links


async def readership_of(press: Press, mailing_id: MailingId) -> Readership:
    """Return how a mailing was read so far. Raises NotFoundError if there is none, or its edition is gone."""
    mailing = await press.mailings.get(mailing_id)
    editions = [await press.editions.get(edition) for edition in mailing.editions]
    accepted = await press.ledger.cohort(mailing_id, Standing.ACCEPTED)
    chunks = sorted(await press.ledger.words(mailing_id))
    links = {link.url: link.words for edition in editions if edition.tracking.has_links for link in edition.web_links}
    names = [
        *(
            words.OPENED,
            words.BY_PROXY,
            words.OPENED + words.BY_MACHINE,
            words.CLICKED,
            words.CLICKED + words.BY_MACHINE,
        ),
        *(words.link(link_number(url)) + by for url in links for by in ("", words.BY_MACHINE)),
    ]
    own, by_proxy, by_machine, clicked, machine_clicks, *of_links = await press.tracking.cohorts(
        mailing_id, names, chunks
    )
    opened, through_proxy, only_machine = opens(own, by_proxy, by_machine)
    pairs = list(zip(of_links[::2], of_links[1::2], strict=True))
    return Readership(
        accepted=accepted.count(),
        tracking=editions[0].tracking,
        opened=opened,
        opened_by_proxy=through_proxy,
        opened_by_machine=only_machine,
        clicked=clicked.count(),
        clicked_by_machine=(machine_clicks - clicked).count(),
        links=readership_of_links(links, dict(zip(links, pairs, strict=True))),
    )
