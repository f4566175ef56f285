"""What people cost at scale, on a real redis-server of its own: `python -m bench.people --people N`.

The last line printed is one JSON object: `people bytes_per_person bytes_per_person_hash import_rows_per_second
importer_peak_mb audience_ms segment_indexed_ms segment_scan_people_per_second batch_ms search_ms`. Times are medians;
the search is for a text that only the last person has, so that every record is looked at. With `--audience-only` only
bitmaps are filled, so that ten million people take seconds; the other figures are null then.

Everybody is imported from a CSV file with full validation: address, name, language and two fields, one of them
declared as a choice; half of them are on a second list. `bytes_per_person` is all that Redis uses then.
"""

from __future__ import annotations

import gc
import json
import os
import random
import resource
import statistics
import time
from argparse import ArgumentParser, Namespace
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import uvloop

from bench.redisserver import Server, running_redis
from subscribers import keys
from subscribers.cohort import CHUNK_SIZE, SubscriberId
from subscribers.consent import Consent
from subscribers.fields import Field, FieldKind
from subscribers.importing import import_csv
from subscribers.lists import MailingList
from subscribers.people import People
from subscribers.segmenting import count_segment
from subscribers.segments.algebra import Bitmap, either, without
from subscribers.storage import Command, Redis, open_redis, run_all
from subscribers.subscription import SubscriptionState

NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
KEY = b"a key for benchmarks, 32 bytes.."
LANGUAGES, PLANS, CITIES = ("en", "zh", "de", "fr"), ("free", "pro"), ("London", "Berlin", "Oslo", "Xi'an", "Lagos")
HASH_SAMPLE = 100_000

Facts = dict[str, float | int | None]


def write_people(path: Path, count: int) -> None:
    """Write a CSV file of made-up people."""
    chance = random.Random(count)
    with path.open("w", encoding="utf-8") as file:
        file.write("email,name,language,city,plan\n")
        for number in range(count):
            place = f"mail{chance.randrange(5_000)}.example.com"
            words = (chance.choice(LANGUAGES), chance.choice(CITIES), chance.choice(PLANS))
            file.write(f"reader.{number}@{place},Reader Number {number},{','.join(words)}\n")


async def timed(rounds: int, step: Callable[[], Awaitable[object]]) -> float:
    """Return the median of the milliseconds that a step takes."""
    taken = []
    for _ in range(rounds):
        start = time.perf_counter()
        await step()
        taken.append((time.perf_counter() - start) * 1_000)
    return statistics.median(taken)


async def used_bytes(redis: Redis) -> int:
    """Return what Redis uses for its data and its keys."""
    return int((await redis.info("memory"))["used_memory"])


async def whole(server: Server, options: Namespace, say: Callable[[str], None]) -> Facts:
    """Import everybody, then measure."""
    async with open_redis(server.url) as redis:
        empty = await used_bytes(redis)
        people = People.at(redis, KEY)
        for name, kind, choices in (("city", FieldKind.TEXT, ()), ("plan", FieldKind.CHOICE, PLANS)):
            await people.fields.declare(Field(newsletter="letters", name=name, kind=kind, choices=choices))
        weekly = await people.lists.create("weekly", name="Weekly", newsletter="letters")
        daily = await people.lists.create("daily", name="Daily", newsletter="letters")
        rate, peak = await import_all(people, weekly, server, options, say)
        everyone = await people.lists.cohort(weekly.id, SubscriptionState.ACTIVE)
        await people.lists.move(daily.id, everyone.slice(0, options.people // 2), SubscriptionState.ACTIVE)
        facts: Facts = {
            "people": everyone.count(),
            "bytes_per_person": round((await used_bytes(redis) - empty) / options.people, 1),
        }
        facts["bytes_per_person_hash"] = None
        facts |= {"import_rows_per_second": round(rate), "importer_peak_mb": round(peak)}
        return facts | await sets(people, weekly, daily, options.rounds) | await records(people, weekly, options)


async def import_all(
    people: People, mailing_list: MailingList, server: Server, options: Namespace, say: Callable[[str], None]
) -> tuple[float, float]:
    """Import a file of everybody; return rows a second, and the importer's peak of memory in megabytes."""
    with TemporaryDirectory(prefix="pressrun-bench-") as folder:
        path = Path(folder) / "people.csv"
        write_people(path, options.people)
        consent = Consent(list_id=mailing_list.id, when=NOW, words="They ticked the box.")
        redis_before, start, start_cpu = server.processor_seconds(), time.perf_counter(), time.process_time()
        report = await import_csv(people, path, mailing_list, confirmed=True, consent=consent, now=NOW)
        seconds = time.perf_counter() - start
    assert report.counts.new == options.people, report
    reader = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = {
        "importer": time.process_time() - start_cpu,
        "reader": reader.ru_utime + reader.ru_stime,
        "redis-server": server.processor_seconds() - redis_before,
    }
    shares = ", ".join(f"{name} {used / options.people * 1e6:.1f}" for name, used in spent.items())
    say(f"import: microseconds of processor a row: {shares}; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss + reader.ru_maxrss
    return options.people / seconds, peak / 1024


async def sets(people: People, first: MailingList, second: MailingList, rounds: int) -> Facts:
    """Measure an audience, and a segment with two indexed fields."""
    chunks = range(await people.subscribers.chunk_count())
    third = await people.lists.create("third", name="Third", newsletter="letters")
    lists = either(active(first), active(second))
    audience = without(without(lists, active(third)), Bitmap(keys.suppressed_bits))
    indexed = 'lang == "zh" and plan == "pro"'
    return {
        "audience_ms": round(await timed(rounds, lambda: people.algebra.count(audience, chunks)), 2),
        "segment_indexed_ms": round(await timed(rounds, lambda: count_segment(people, indexed, NOW)), 2),
    }


def active(mailing_list: MailingList) -> Bitmap:
    """Return the set of who is active on a list."""
    return Bitmap(lambda chunk: keys.list_bits(chunk, mailing_list.id, SubscriptionState.ACTIVE))


async def records(people: People, mailing_list: MailingList, options: Namespace) -> Facts:
    """Measure a segment whose condition has no index, and a batch."""
    gc.collect()
    ids = [SubscriberId(one) for one in range(options.people // 2, options.people // 2 + 1_000)]
    milliseconds = await timed(3, lambda: count_segment(people, 'city == "Oslo"', NOW))

    async def batch() -> None:
        await people.subscribers.read(ids)
        await people.lists.bits(mailing_list.id, SubscriptionState.ACTIVE, ids[0] // CHUNK_SIZE)

    return {
        "segment_scan_people_per_second": round(options.people / milliseconds * 1_000),
        "batch_ms": round(await timed(options.rounds, batch), 2),
        "search_ms": round(await timed(3, lambda: people.subscribers.search(f"Number {options.people - 1}"))),
    }


async def hashes(server: Server) -> float:
    """Return the bytes a person of what most would write: a hash each, a key for the address, two sets."""
    async with open_redis(server.url) as redis:
        empty = await used_bytes(redis)
        chance = random.Random(1)
        for start in range(0, HASH_SAMPLE, 1_000):
            commands: list[Command] = []
            for one in range(start, start + 1_000):
                address = f"reader.{one}@mail{chance.randrange(5_000)}.example.com"
                facts = ("address", address, "name", f"Reader Number {one}", "language", chance.choice(LANGUAGES))
                fields = ("city", chance.choice(CITIES), "plan", chance.choice(PLANS), "joined", NOW.isoformat())
                commands += [("HSET", f"subscriber:{one}", *facts, *fields), ("SET", f"address:{address}", one)]
                commands += [("SADD", f"list:{name}", one) for name in (("1", "2") if one % 2 else ("1",))]
            await run_all(redis, commands)
        return (await used_bytes(redis) - empty) / HASH_SAMPLE


async def only_bitmaps(server: Server, options: Namespace) -> Facts:
    """Fill the bitmaps of so many people, and measure what is asked of them."""
    async with open_redis(server.url) as redis:
        people = People.at(redis, KEY)
        await people.fields.declare(Field(newsletter="letters", name="plan", kind=FieldKind.CHOICE, choices=PLANS))
        lists = [await people.lists.create(f"list-{n}", name=f"List {n}", newsletter="letters") for n in range(3)]
        await run_all(redis, [("SET", keys.LAST_ID, options.people - 1)])
        await people.fields.admit([("language", "zh"), ("plan", "pro")])
        chance = random.Random(2)
        wanted: dict[int, int] = {}
        for chunk in range(-(-options.people // CHUNK_SIZE)):
            last = min(CHUNK_SIZE, options.people - chunk * CHUNK_SIZE)
            draw = [chance.getrandbits(last) << (-last % 8) for _ in range(6)]
            octets = [one.to_bytes((last + 7) // 8, "big") for one in draw]
            names = [keys.list_bits(chunk, one.id, SubscriptionState.ACTIVE) for one in lists]
            names += [keys.suppressed_bits(chunk), keys.value_bits(chunk, "language", "zh")]
            names += [keys.value_bits(chunk, "plan", "pro")]
            await run_all(redis, [("SET", name, bits) for name, bits in zip(names, octets, strict=True)])
            wanted[chunk] = ((draw[0] | draw[1]) & ~draw[2] & ~draw[3]).bit_count()
        chunks = range(len(wanted))
        in_lists = either(active(lists[0]), active(lists[1]))
        audience = without(without(in_lists, active(lists[2])), Bitmap(keys.suppressed_bits))
        assert await people.algebra.count(audience, chunks) == sum(wanted.values())
        indexed = 'lang == "zh" and plan == "pro"'
        return {
            "people": options.people,
            "audience_ms": round(await timed(options.rounds, lambda: people.algebra.count(audience, chunks)), 2),
            "segment_indexed_ms": round(await timed(options.rounds, lambda: count_segment(people, indexed, NOW)), 2),
        }


NAMES = (
    "people",
    "bytes_per_person",
    "bytes_per_person_hash",
    "import_rows_per_second",
    "importer_peak_mb",
    "audience_ms",
    "segment_indexed_ms",
    "segment_scan_people_per_second",
    "batch_ms",
    "search_ms",
)


def main() -> None:
    """Measure, and print."""
    parser = ArgumentParser(prog="python -m bench.people", description=__doc__)
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--audience-only", action="store_true", help="fill only bitmaps")
    parser.add_argument("--rounds", type=int, default=21)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    options = parser.parse_args()
    say = (lambda _line: None) if options.json else print
    with running_redis() as server:
        if options.audience_only:
            facts = uvloop.run(only_bitmaps(server, options))
        else:
            facts = uvloop.run(whole(server, options, say))
    if not options.audience_only:
        with running_redis() as server:
            facts["bytes_per_person_hash"] = round(uvloop.run(hashes(server)), 1)
    print(json.dumps({name: facts.get(name) for name in NAMES}))


if __name__ == "__main__":
    main()
