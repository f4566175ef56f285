"""Sample people: as many as wanted, always the same, from all over the world, at domains that nobody can own.

Every hundred hold a few on whom the demo's inbox plays a trick, by the first word of the address: see
`mailer.inbox.tricks`. So a demo has refusals, people who are put off, bounces and complaints.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from mailer.inbox.tricks import Trick

# Reserved for examples and tests, never delegated (RFC 2606, RFC 6761). The last is an internationalised name.
_DOMAINS = ("example.com", "example.org", "example.net", "readers.example", "news.test", "例子.test")

_TRICKS = {3: Trick.GONE, 4: Trick.LATER, 5: Trick.GREYLIST}
_TRICK_EVERY = 100
_COMPLAINT_EVERY, _COMPLAINT_AT = 400, 6

# Language, city, names as their owners write them, and how they spell them in an address.
_NAMES = (
    ("zh-CN", "北京", (("王小明", "wang.xiaoming"), ("李娜", "li.na"), ("张伟", "zhang.wei"), ("刘洋", "liu.yang"))),
    ("zh-TW", "臺北", (("陳怡君", "chen.yijun"), ("林志豪", "lin.zhihao"), ("黃淑芬", "huang.shufen"))),
    ("zh-HK", "香港", (("何嘉欣", "ho.kayan"), ("梁家輝", "leung.kafai"))),
    (
        "en",
        "Manchester",
        (("Emma Clarke", "emma.clarke"), ("Seán O’Brien", "sean.obrien"), ("Priya Patel", "priya.patel")),
    ),
    ("de", "Köln", (("Jürgen Groß", "juergen.gross"), ("Anneliese Müller-Lüdenscheidt", "anneliese.mueller"))),
    ("fr", "Liège", (("Zoé Lefèvre", "zoe.lefevre"), ("François d’Aubigné", "francois.daubigne"))),
    ("es", "A Coruña", (("María José Núñez", "mariajose.nunez"), ("Iñaki Etxeberria", "inaki.etxeberria"))),
    ("pt-BR", "São Paulo", (("João Conceição", "joao.conceicao"), ("Thaís Araújo", "thais.araujo"))),
    ("pl", "Łódź", (("Grażyna Wiśniewska", "grazyna.wisniewska"), ("Zdzisław Brzęczyszczykiewicz", "zdzislaw.b"))),
    ("cs", "Plzeň", (("Jiří Dvořák", "jiri.dvorak"), ("Božena Němcová", "bozena.nemcova"))),
    ("tr", "İzmir", (("Çağla Şahin", "cagla.sahin"), ("İbrahim Öztürk", "ibrahim.ozturk"))),
    ("vi", "Đà Nẵng", (("Nguyễn Thị Hương", "nguyen.huong"), ("Trần Quốc Bảo", "tran.bao"))),
    ("ru", "Новосибирск", (("Анна Щербакова", "anna.shcherbakova"), ("Фёдор Ильин", "fyodor.ilyin"))),
    ("uk", "Львів", (("Оксана Ґудзь", "oksana.gudz"), ("Їжакевич Юрій", "yuriy.yizhakevych"))),
    ("el", "Θεσσαλονίκη", (("Αλέξανδρος Παπαδόπουλος", "alexandros.p"), ("Ελένη Γεωργίου", "eleni.georgiou"))),
    ("ja", "大阪", (("佐藤 花子", "sato.hanako"), ("髙橋 健", "takahashi.ken"))),
    ("ko", "부산", (("김민준", "kim.minjun"), ("이서연", "lee.seoyeon"))),
    ("th", "เชียงใหม่", (("สมชาย ใจดี", "somchai.jaidee"),)),
    ("hi", "वाराणसी", (("अनन्या शर्मा", "ananya.sharma"), ("विक्रम सिंह", "vikram.singh"))),
    ("ar", "القاهرة", (("ليلى حسن", "layla.hassan"), ("محمد عبد الله", "mohammed.abdullah"))),
    ("he", "חיפה", (("נועה לוי", "noa.levi"),)),
    ("fa", "شیراز", (("شیرین رضایی", "shirin.rezaei"),)),
    ("sw", "Mombasa", (("Wanjirũ Kamau", "wanjiru.kamau"),)),
    ("is", "Reykjavík", (("Þórdís Æsa Jónsdóttir", "thordis.jonsdottir"),)),
    # Names that break careless code: a comma, one letter, none at all.
    ("en", "Boston", (("King, Jr., Martin", "king"), ("X", "x"), ("", "nameless"))),
)
_EVERYBODY = tuple((language, city, *name) for language, city, names in _NAMES for name in names)


@dataclass(frozen=True, slots=True)
class SamplePerson:
    """One line of the sample file."""

    email: str
    name: str
    language: str
    city: str


def sample_people(count: int) -> Iterator[SamplePerson]:
    """Yield the first `count` sample people. No address comes twice."""
    for number in range(count):
        language, city, name, spelling = _EVERYBODY[number % len(_EVERYBODY)]
        trick = _trick(number)
        domain = _DOMAINS[number // len(_EVERYBODY) % len(_DOMAINS)]
        yield SamplePerson(
            f"{trick}.{number}@{domain}" if trick else f"{spelling}.{number}@{domain}", name, language, city
        )


def write_sample_file(file: Path, count: int) -> None:
    """Write the sample people as a CSV file, as a spreadsheet would export it (UTF-8)."""
    with file.open("w", encoding="utf-8", newline="") as handle:
        writer = csv.writer(handle)
        writer.writerow(("email", "name", "language", "city"))
        writer.writerows((one.email, one.name, one.language, one.city) for one in sample_people(count))


def _trick(number: int) -> Trick:
    if number % _COMPLAINT_EVERY == _COMPLAINT_AT:
        return Trick.COMPLAINS
    return _TRICKS.get(number % _TRICK_EVERY, Trick.NONE)
