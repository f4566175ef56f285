"""A sample newsletter, issue and people for the rendering's tests."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.edition import Edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.tokens import Tokens
from subscribers.address import parse_address
from subscribers.cohort import SubscriberId
from subscribers.subscriber import Subscriber

PUBLIC_URL = "https://press.example.com"
WRITTEN = datetime(2026, 11, 23, 8, tzinfo=UTC)

SOURCE = """\
Dear {{ subscriber.first_name | default("friend") }},

the harbour is quiet this week. [The council](https://example.com/council?a=1&b=2) met twice.

- Electric ferries in winter
- What 李雷 reads on the train

## 1. Electric ferries get their first winter

![A white ferry at a pier](https://images.example.com/ferry.jpg)

The two ferries of 海港轮渡 ran all week at two degrees above zero.

> We bought blankets for the batteries.

| Stall | Share |
|---|--:|
| Fish 鱼 | 41 % |

## 2. Tea by mail

Orders opened on Monday and closed on Monday.

[See the waiting list](https://example.com/tea?who={{ subscriber.email }}){.button}

---

## Before you go

1. Read
2. Rest
   - at home
"""


@pytest.fixture
def newsletter() -> Newsletter:
    return Newsletter(
        slug="harbour-letter",
        name="Harbour Letter",
        sender_name="Harbour Letter",
        sender_address="letter@news.example.com",
        reply_to="editor@example.com",
        return_path_domain="bounces.example.com",
        postal_address="Harbour Press\n12 Quay Street\n4000 Anytown",
    )


@pytest.fixture
def issue() -> Issue:
    return Issue(
        slug="week-48",
        title="Slow ferries & quick tea",
        subject="{{ subscriber.first_name | default('Friend') }}, slow ferries and quick tea",
        preheader="Ferries on electricity, and tea by mail.",
        source=SOURCE,
        created=WRITTEN,
        updated=WRITTEN,
    )


@pytest.fixture
def edition(issue: Issue, newsletter: Newsletter) -> Edition:
    return compile_edition(issue, newsletter, public_url=PUBLIC_URL)


@pytest.fixture
def tokens() -> Tokens:
    return Tokens(b"a secret for the tests, long enough")


@pytest.fixture
def assembler(edition: Edition, newsletter: Newsletter, tokens: Tokens) -> Assembler:
    return Assembler(edition, newsletter, MailingFacts(7, 3, "weekly"), tokens, PUBLIC_URL)


@pytest.fixture
def subscriber() -> Subscriber:
    return Subscriber(
        id=SubscriberId(123_456), address=parse_address("li.lei@example.com"), name="李雷 Lei", joined=WRITTEN
    )
