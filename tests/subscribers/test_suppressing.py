from __future__ import annotations

import csv
import io
from datetime import datetime

from subscribers.address import Address
from subscribers.erasing import erase
from subscribers.people import People
from subscribers.suppressing import export_suppressions, import_suppressions
from subscribers.suppression import Reason


async def test_suppressions_come_in_and_go_out(people: People, now: datetime) -> None:
    await people.subscribers.add(Address("ada@example.com"), now=now)
    rows = b"email,Reason\nADA@example.com,complaint\nbob@example.com,spam trap\nnobody,manual\nbob@example.com,legal\n"

    report = await import_suppressions(people, io.BytesIO(rows), now=now, name="bad.csv")
    again = await import_suppressions(people, io.BytesIO(rows), now=now, name="bad.csv")
    await erase(people, Address("cy@example.com"), now)

    assert (report.new, report.already_there, [one.line for one in report.invalid]) == (2, 1, [4])
    assert (again.new, again.already_there) == (0, 3)
    lines = csv.DictReader(io.StringIO("".join([line async for line in export_suppressions(people)])))
    assert sorted((row["email"], row["reason"], row["evidence"]) for row in lines) == [
        ("", "erased", ""),
        ("ADA@example.com", Reason.COMPLAINT.value, "imported from bad.csv"),
        ("bob@example.com", Reason.MANUAL.value, "imported from bad.csv"),
    ]
    assert await people.suppressions.bits_for(Reason.COMPLAINT, 0)
