"""The sample people."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

from mailer.demo.people import sample_people, write_sample_file


def test_the_same_people_come_every_time_and_no_address_twice() -> None:
    people = list(sample_people(5_000))

    assert people[:100] == list(sample_people(100))
    assert len({person.email.casefold() for person in people}) == 5_000


def test_every_domain_is_reserved() -> None:
    tops = {person.email.rpartition("@")[2] for person in sample_people(1_000)}

    assert all(
        top.endswith((".test", ".example")) or top in {"example.com", "example.org", "example.net"} for top in tops
    )


def test_some_have_a_story_even_among_the_first_ten() -> None:
    def stories(count: int) -> Counter[str]:
        words = (person.email.partition(".")[0] for person in sample_people(count))
        return Counter(word for word in words if word in {"gone", "later", "greylist", "complains"})

    assert stories(10) == {"gone": 1, "later": 1, "greylist": 1, "complains": 1}
    assert stories(2_000) == {"gone": 20, "later": 20, "greylist": 20, "complains": 5}


def test_names_come_from_many_scripts() -> None:
    languages = {person.language for person in sample_people(100)}

    assert {"zh-CN", "zh-TW", "ja", "ar", "ru", "de", "hi"} <= languages


def test_the_file_holds_one_row_a_person(tmp_path: Path) -> None:
    file = tmp_path / "people.csv"

    write_sample_file(file, 200)

    with file.open(encoding="utf-8", newline="") as handle:
        rows = list(csv.DictReader(handle))
    assert [row["email"] for row in rows] == [person.email for person in sample_people(200)]
    assert {row["name"] for row in rows} >= {"王小明", "King, Jr., Martin", ""}
