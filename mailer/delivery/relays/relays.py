"""All relays of a press, as one: used like a pool. Where none is defined, the relay of the settings."""

from __future__ import annotations

from mailer.delivery.press import Press
from mailer.delivery.relays.gate import Gate
from mailer.delivery.relays.handingover import Carrier, HandingOver
from mailer.delivery.shifts.steadyclock import SteadyClock
from mailer.errors import ConfigError
from mailer.senders.relays.storedrelay import StoredRelay
from mailer.smtp.feeding import Settle
from mailer.smtp.pool import Pool
from mailer.smtp.relay import Relay
from mailer.smtp.supply import AnySource, Supply


class Relays:
    """The relays, with warm connections, for one event loop."""

    def __init__(self, press: Press, holder: str) -> None:
        """`holder` is what this process is called among all workers."""
        self._press = press
        self._holder = holder
        self._default = Pool(Relay.of(press.settings))
        self._carriers: dict[str, Carrier] = {}
        self._unusable: dict[str, ConfigError] = {}

    async def hand_over_all(self, source: AnySource, settle: Settle) -> None:
        """Hand over everything that the source gives, as a pool does; raises what a pool raises.

        Also raises RelayFullError when every relay that works has been given all that its limits allow.
        """
        stored = await self._press.relays.all()
        if not stored:
            await self._default.hand_over_all(source, settle)
            return
        await self._take_over(stored)
        clock = await SteadyClock.ask(self._press.ledger)
        carriers, supply = self._carriers.values(), Supply(source)
        call = HandingOver(carriers, supply, settle, store=self._press.relays, holder=self._holder)
        call.leave_out(self._unusable)
        await call.run(clock.now)

    async def close(self) -> None:
        """Say goodbye on every warm connection."""
        await self._default.close()
        for carrier in self._carriers.values():
            await carrier.pool.close()

    async def _take_over(self, stored: list[StoredRelay]) -> None:
        """Use the relays as they are defined now; one that has not changed keeps its connections."""
        before, self._carriers, self._unusable = self._carriers, {}, {}
        for one in stored:
            known = before.get(one.name)
            try:
                self._carriers[one.name] = before.pop(one.name) if known and known.stored == one else self._carrier(one)
            except ConfigError as error:
                self._unusable[one.name] = error
        for carrier in before.values():
            await carrier.pool.close()

    def _carrier(self, stored: StoredRelay) -> Carrier:
        gate = Gate(self._press.relays, stored, self._holder)
        pool = Pool(self._press.relays.opened(stored), admit=gate.admit if stored.connections_in_all else None)
        return Carrier(stored, pool, gate)
