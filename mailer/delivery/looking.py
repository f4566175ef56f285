"""What the scheduler does twice a second: look in Redis what each lane has to do."""

from __future__ import annotations

from mailer.delivery.lane import Lane
from mailer.delivery.press import Press
from mailer.delivery.ticking import tick


async def look(press: Press, planner: str) -> dict[Lane, int]:
    """Return for how many shifts each lane has something to do now; `planner` names this process."""
    now = await press.ledger.now()
    one_offs, reports = await press.outbox.count_due(now), await press.tray.count_due(now)
    imports = await press.people.imports.free()
    return {
        Lane.TRANSACTIONAL: min(one_offs, 1),
        Lane.FEEDBACK: min(reports, 1),
        Lane.DELIVERY: await tick(press, planner),
        Lane.BULK: min(len(imports), 1),
    }
