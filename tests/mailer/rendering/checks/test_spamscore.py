"""What a spam filter thinks: asked in each of the ways that filters are asked."""

from __future__ import annotations

import asyncio
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from mailer.demo.loopback import free_ports
from mailer.errors import ConfigError
from mailer.rendering.checks.spamscore import PROGRAM, NotAskedError, spam_flaws, spam_score
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.samples import sample_people
from mailer.rendering.theming.proving import prove, sample_newsletter
from mailer.rendering.theming.shelf import shipped
from mailer.tokens import Tokens

MOST_POINTS = 1.0
"""Of a theme: a receiver's filter adds its own about who sends."""
MESSAGE = b"From: a@example.com\r\nTo: b@example.com\r\nSubject: Tea\r\n\r\nTea is ready.\r\n"
GTUBE = b"XJS*C4JDBQADN1.NSBN3*2IDNEN*GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"


@asynccontextmanager
async def answering(answer: bytes, asked: list[bytes]) -> AsyncIterator[int]:
    """Give the port of a server that takes one request to its end and answers."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(next(line for line in head.lower().split(b"\r\n") if b"content-length" in line).split(b":")[1])
        asked.append(head + await reader.readexactly(length))
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


def http(body: bytes, status: str = "200 OK") -> bytes:
    return b"HTTP/1.1 %s\r\ncontent-length: %d\r\nconnection: close\r\n\r\n" % (status.encode(), len(body)) + body


SPAMD = b"SPAMD/1.1 0 EX_OK\r\nContent-length: 22\r\nSpam: True ; 6.1 / 5.0\r\n\r\nHTML_MESSAGE,URI_PHISH\n"
RSPAMD = http(
    b'{"score": 7.5, "required_score": 15.0, "symbols": {"A": {"score": -1}, "B": {"score": 2}, "C": {"score": 5}}}'
)


async def test_spamassassins_server_is_asked_in_its_own_protocol() -> None:
    asked: list[bytes] = []
    async with answering(SPAMD, asked) as port:
        score = await spam_score(f"spamd://127.0.0.1:{port}", MESSAGE)

    assert (score.points, score.most, score.rules) == (6.1, 5.0, ("HTML_MESSAGE", "URI_PHISH"))
    assert asked == [b"SYMBOLS SPAMC/1.5\r\nContent-length: %d\r\n\r\n" % len(MESSAGE) + MESSAGE]


async def test_rspamd_is_asked_over_http_and_its_heaviest_rules_come_first() -> None:
    asked: list[bytes] = []
    async with answering(RSPAMD, asked) as port:
        score = await spam_score(f"http://127.0.0.1:{port}", MESSAGE)

    assert (score.points, score.most, score.rules) == (7.5, 15.0, ("C", "B"))
    assert asked[0].startswith(b"POST /checkv2 HTTP/1.1\r\n")
    assert asked[0].endswith(MESSAGE)


async def test_many_points_are_a_warning_that_names_the_rules() -> None:
    async with answering(SPAMD, []) as port:
        (flaw,) = await spam_flaws(f"spamd://127.0.0.1:{port}", MESSAGE)

    assert flaw.message == "The spam filter gives 6.1 points of 5: HTML_MESSAGE, URI_PHISH."


async def test_few_points_are_nothing_to_say() -> None:
    async with answering(SPAMD.replace(b"6.1", b"-0.1"), []) as port:
        assert await spam_flaws(f"spamd://127.0.0.1:{port}", MESSAGE) == []


@pytest.mark.parametrize(
    "answer", [b"", b"220 smtp.example.com\r\n", b"SPAMD/1.1 76 Bad header line\r\n\r\n", b"\0" * 5_000]
)
async def test_a_server_of_another_kind_is_a_sentence(answer: bytes) -> None:
    async with answering(answer, []) as port:
        (flaw,) = await spam_flaws(f"spamd://127.0.0.1:{port}", MESSAGE)

    assert "could not be asked" in flaw.message


@pytest.mark.parametrize("answer", [http(b"{}"), http(b"no json"), http(b"", "500 Broken"), b"nonsense\r\n\r\n"])
async def test_a_web_server_of_another_kind_is_a_sentence(answer: bytes) -> None:
    async with answering(answer, []) as port:
        (flaw,) = await spam_flaws(f"http://127.0.0.1:{port}", MESSAGE)

    assert "could not be asked" in flaw.message


@pytest.mark.parametrize("spam_filter", ["spamd://127.0.0.1:1", "http://127.0.0.1:1"])
async def test_nobody_there_is_a_sentence(spam_filter: str) -> None:
    with pytest.raises(NotAskedError):
        await spam_score(spam_filter, MESSAGE)


@pytest.mark.parametrize("spam_filter", ["rspamd", "spamd:", "ftp://example.com", "/usr/bin/true", "spamassassin; ls"])
async def test_a_setting_that_names_no_filter_is_refused(spam_filter: str) -> None:
    with pytest.raises(ConfigError, match="spam_filter"):
        await spam_score(spam_filter, MESSAGE)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which(PROGRAM), reason="no SpamAssassin here")
async def test_the_real_program_knows_the_standard_test_of_spam_filters() -> None:
    plain, spam = await spam_score(PROGRAM, MESSAGE), await spam_score(PROGRAM, MESSAGE + GTUBE + b"\r\n")

    assert plain.points < plain.most
    assert spam.points > 900
    assert "GTUBE" in spam.rules


@pytest.mark.slow
@pytest.mark.skipif(not Path("/usr/sbin/spamd").exists(), reason="no spamd here")
async def test_the_real_server_says_what_the_program_says(tmp_path: Path) -> None:
    (port,) = free_ports(1)
    server = await asyncio.create_subprocess_exec(
        *("/usr/sbin/spamd", "--local", "--nouser-config", "--max-children=1", f"--port={port}"),
        *("--listen=127.0.0.1", f"--helper-home-dir={tmp_path}", "--username=nobody", "--syslog=stderr"),
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        assert server.stderr
        async with asyncio.timeout(60):
            while b"server started" not in await server.stderr.readline():
                pass
        score = await spam_score(f"spamd://127.0.0.1:{port}", MESSAGE + GTUBE + b"\r\n")
    finally:
        server.terminate()
        await server.communicate()

    assert "GTUBE" in score.rules


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which(PROGRAM), reason="no SpamAssassin here")
@pytest.mark.parametrize("theme", shipped().names())
async def test_every_theme_is_far_from_spam(theme: str) -> None:
    newsletter, public_url = sample_newsletter(), "https://press.example.com"
    tokens = Tokens(b"a secret for the tests, long enough")
    assembler = Assembler(prove(theme, shipped()), newsletter, MailingFacts(7, 3, "weekly"), tokens, public_url)
    hand_over = assembler.hand_over(sample_people()["usual"], datetime.now(UTC))

    score = await spam_score(PROGRAM, hand_over.message)

    print(f"{theme}: {score.points} points of {score.most} ({', '.join(score.rules)})")
    assert score.points < MOST_POINTS
