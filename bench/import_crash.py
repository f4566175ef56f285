"""Kills the importer or redis-server in the middle of an import, again and again: `python -m bench.import_crash`.

Redis runs with an append-only file. Each kill is a SIGKILL at a random moment: of the importer, of redis-server, or of
the importer's reading process. Then the same import is started again, until it is through. If it is through before all
kills are spent, the next store is empty and the import begins anew. The last line printed is one JSON object: `missing
duplicated check_clean`: rows that are not there, rows that are there or were counted more than once, and whether index,
records and bitmaps fit together after each import.
"""

from __future__ import annotations

import asyncio
import csv
import json
import os
import random
import signal
import subprocess
import sys
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.people import KEY, NOW, write_people
from bench.redisserver import Server, running_redis
from subscribers.address import Address
from subscribers.checking import check
from subscribers.consent import Consent
from subscribers.errors import ImportReaderError, StorageDownError
from subscribers.importing import import_csv
from subscribers.people import People
from subscribers.storage import open_redis
from subscribers.subscription import SubscriptionState

SLOWEST_MOMENT_SECONDS = 1.5


@dataclass
class Tally:
    """What went wrong, over all imports."""

    kills: int = 0
    imports: int = 0
    missing: int = 0
    duplicated: int = 0
    problems: int = 0


async def import_once(url: str, path: Path) -> dict[str, int]:
    """Import the file, or go on with it; return the counts."""
    async with open_redis(url) as redis:
        people = People.at(redis, KEY)
        weekly = await people.lists.create("weekly", name="Weekly", newsletter="letters")
        consent = Consent(list_id=weekly.id, when=NOW, words="They ticked the box.")
        report = await import_csv(people, path, weekly, confirmed=True, consent=consent, now=NOW)
        return {"new": report.counts.new, "placed": report.counts.placed, "total": report.total}


def start_importer(server: Server, path: Path) -> subprocess.Popen[bytes]:
    """Start the importer as a process of its own, in a group of its own with its reader."""
    command = [sys.executable, "-m", "bench.import_crash", "--import", server.url, str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, start_new_session=True)


def kill_something(server: Server, importer: subprocess.Popen[bytes], chance: random.Random) -> str:
    """Kill the importer, its reader or redis-server; what was killed is as it would be after a power cut."""
    victim = chance.choice(["importer", "redis-server", "reader"])
    if victim == "redis-server":
        server.kill()
    elif victim == "reader":
        for child in Path(f"/proc/{importer.pid}/task/{importer.pid}/children").read_text().split():
            os.kill(int(child), signal.SIGKILL)
    else:
        importer.kill()
    importer.wait(timeout=120)
    if victim == "redis-server":
        server.start()
    return victim


def one_import(server: Server, path: Path, tally: Tally, kills: int, chance: random.Random) -> dict[str, int]:
    """Import the file through as many kills as come in its way; return the counts of the last, whole one."""
    while True:
        importer = start_importer(server, path)
        if tally.kills < kills:
            moment = time.monotonic() + chance.uniform(0.1, SLOWEST_MOMENT_SECONDS)
            while time.monotonic() < moment and importer.poll() is None:
                time.sleep(0.005)
            if importer.poll() is None:
                kill_something(server, importer, chance)
                tally.kills += 1
        told = importer.communicate()[0]
        if importer.returncode == 0:
            counts: dict[str, int] = json.loads(told)
            return counts


async def judge(server: Server, path: Path, rows: int, counts: dict[str, int], tally: Tally) -> None:
    """Compare what is there, and what was counted, with what was in the file."""
    async with open_redis(server.url) as redis:
        people = People.at(redis, KEY)
        index = people.subscribers.index
        ids = [person.id async for person in people.subscribers.everyone()]
        weekly = await people.lists.find("weekly")
        active = (await people.lists.counts(weekly.id))[SubscriptionState.ACTIVE]
        with path.open(encoding="utf-8", newline="") as file:
            wanted = [index.digest(Address(row["email"])) for row in csv.DictReader(file)]
        known = set((await index.look(wanted)).ids) & set(ids)
        tally.imports += 1
        tally.missing += rows - len(known) + max(0, rows - active)
        tally.duplicated += max(0, len(ids) - rows) + len(ids) - len(set(ids))
        tally.duplicated += abs(counts["new"] - rows) + abs(counts["placed"] - rows) + abs(counts["total"] - rows)
        tally.problems += len(await check(people))


def main() -> None:
    """Kill, resume, count."""
    parser = ArgumentParser(prog="python -m bench.import_crash", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    parser.add_argument("--import", nargs=2, dest="only_import", metavar=("URL", "FILE"), help="only import a file")
    options = parser.parse_args()
    if options.only_import:
        url, file = options.only_import
        try:
            print(json.dumps(asyncio.run(import_once(url, Path(file)))))
        except (ImportReaderError, StorageDownError) as error:
            sys.exit(str(error))
        return
    tally = run(options.rows, options.kills, options.seed, (lambda _: None) if options.json else print)
    facts = {"missing": tally.missing, "duplicated": tally.duplicated, "check_clean": tally.problems == 0}
    print(json.dumps(facts))


def run(rows: int, kills: int, seed: int, say: Callable[[str], None]) -> Tally:
    """Spend the kills on as many imports as it takes."""
    tally, chance = Tally(), random.Random(seed)
    with TemporaryDirectory(prefix="pressrun-bench-") as folder:
        path = Path(folder) / "people.csv"
        write_people(path, rows)
        while tally.kills < kills or not tally.imports:
            with running_redis(is_append_only=True) as server:
                counts = one_import(server, path, tally, kills, chance)
                asyncio.run(judge(server, path, rows, counts, tally))
            say(f"import {tally.imports}: {tally.kills} kills so far; counted {counts}")
    return tally


if __name__ == "__main__":
    main()
