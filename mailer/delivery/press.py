"""Everything that a recipe of this room works with, opened once a process and handed from above."""

from __future__ import annotations

from dataclasses import dataclass

from mailer.bounces.store import ReportStore
from mailer.bounces.tray.store import Tray
from mailer.delivery.destinations.slowstore import SlowStore
from mailer.delivery.outbox.store import Outbox
from mailer.delivery.quality.tallystore import TallyStore
from mailer.delivery.series.seriesstore import SeriesStore
from mailer.delivery.store import LedgerStore
from mailer.delivery.timing.turnstore import TurnStore
from mailer.issues.assets.store import AssetStore
from mailer.issues.store import IssueStore, MailingStore, NewsletterStore
from mailer.rendering.store import EditionStore
from mailer.rendering.theming.shelf import Shelf, shelf_with
from mailer.senders.keystore import KeyStore
from mailer.senders.relays.relaystore import RelayStore
from mailer.senders.warmups.warmupstore import WarmupStore
from mailer.settings import Settings
from mailer.tokens import Tokens
from mailer.tracking.store import TrackingStore
from subscribers.people import People
from subscribers.storage import Redis


@dataclass(frozen=True, slots=True)
class Press:
    """The stores, the tokens and the settings of one installation."""

    settings: Settings
    redis: Redis
    tokens: Tokens
    people: People
    newsletters: NewsletterStore
    issues: IssueStore
    assets: AssetStore
    mailings: MailingStore
    editions: EditionStore
    ledger: LedgerStore
    turns: TurnStore
    tallies: TallyStore
    series: SeriesStore
    reports: ReportStore
    tray: Tray
    tracking: TrackingStore
    keys: KeyStore
    relays: RelayStore
    warmups: WarmupStore
    outbox: Outbox
    slowed: SlowStore

    @property
    def shelf(self) -> Shelf:
        """The themes: Pressrun's and the operator's."""
        return shelf_with(self.settings.themes_folder, self.settings.inliner)
