"""Sending: a shift of passes over whatever batches are due.

The story of a shift. A *feeder* (`shifts.layingout`) takes due batches by lease, claims their people a window at a
time and lays them out. The *pool* picks them up as fast as its connections take them; each message is personalised at
that moment. A *scribe* (`shifts.scribing`) writes what has become of them to the ledger, as often as the last writing
returns, renews the leases, notices a pause within a quarter of a second, and concludes batches that are done. When the
shift is over nothing new is claimed, what was laid out and not yet picked up is taken back, and what is on the wire is
finished and written.

Many shifts may run at once, on many machines; leases keep them apart. If Redis goes away, outcomes are kept in memory
and written when it is back, unless somebody else has taken the batch by then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from mailer.delivery.press import Press
from mailer.delivery.relays.relays import Relays
from mailer.delivery.shifts.layingout import Feeder
from mailer.delivery.shifts.making import Maker
from mailer.delivery.shifts.scribing import Scribe
from mailer.delivery.shifts.settling import settle, settle_suspicions
from mailer.delivery.shifts.shift import OTHERS_FIRST_SECONDS, Shift
from mailer.delivery.shifts.steadyclock import SteadyClock
from mailer.delivery.shifts.trouble import Trouble
from mailer.delivery.timing.quiettimes import QuietTimes
from mailer.errors import ConfigError, RelayError
from mailer.smtp.pool import Pool


async def work_shift(press: Press, pool: Pool | Relays, *, lasts: timedelta, is_stopping: Callable[[], bool]) -> int:
    """Pass over due batches of all mailings until none is due or the time is up; return how many people were settled.

    `is_stopping` is asked often: once it is true the shift ends within seconds. Raises StorageDownError if Redis stays
    away for ten minutes. A relay that cannot be used ends the shift: its people come due again, or their mailings are
    paused, if somebody must act.
    """
    clock, quiet = await SteadyClock.ask(press.ledger), await QuietTimes.ask(press)
    shift = Shift(press, clock, quiet, lasts, is_stopping)
    await shift.throttle.look(shift.clock.now())
    await shift.ration.look(shift.clock.now())
    feeder = asyncio.create_task(Feeder(shift).feed())
    scribe = asyncio.create_task(Scribe(shift).keep_writing())
    try:
        await pool.hand_over_all(Maker(shift), partial(settle, shift))
    except (RelayError, ConfigError) as error:
        shift.end_for(Trouble.of(error))
    finally:
        settle_suspicions(shift)
        await shift.close(feeder)
        await scribe
    await feeder
    if shift.has_waited_for_redis and not is_stopping():
        # The next shift of this process would take what others have not written down yet.
        await asyncio.sleep(OTHERS_FIRST_SECONDS)
    return shift.settled.total()
