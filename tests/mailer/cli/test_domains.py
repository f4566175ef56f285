"""`pressrun domains`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.dnsserver import DnsServer, running_dns

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch, home: object) -> Iterator[DnsServer]:
    with running_dns() as server:
        monkeypatch.setenv("PRESSRUN_DNS_SERVER", server.address)
        yield server


def test_a_key_is_made_published_and_activated(run: Run, newsletter: str, zone: DnsServer) -> None:
    made = run("domains", "generate", "example.com", "--selector", "first", "--json").json
    refused = run("domains", "activate", "example.com", "first", status=2)
    zone.publish(made["record_name"], "".join(made["record_strings"]))

    active = run("domains", "activate", "example.com", "first", "--json").json

    assert "There is no such record" in refused.err
    assert (made["state"], active["state"]) == ("made", "active")
    assert all(len(one) <= 255 for one in made["record_strings"])
    assert [(one["selector"], one["state"]) for one in run("domains", "list", "--json").json] == [("first", "active")]


def test_the_record_is_printed_as_a_line_of_a_zone_file(run: Run, newsletter: str) -> None:
    last = run("domains", "generate", "example.com", "--selector", "first").out.splitlines()[-1]

    assert last.startswith('first._domainkey.example.com. IN TXT ( "v=DKIM1; k=rsa; p=')


def test_the_check_fails_until_dns_is_right(run: Run, newsletter: str, zone: DnsServer) -> None:
    assert "no key of example.com is active" in run("domains", "check", "example.com", status=1).out


def test_domains_whose_mail_is_not_signed_are_named(run: Run, newsletter: str) -> None:
    assert "pressrun domains generate example.com" in run("domains", "list").err


def test_what_is_no_domain_is_refused(run: Run, home: object) -> None:
    answer = run("domains", "generate", "exa mple.com\n", status=2)

    assert "example.com" in answer.err


def test_the_only_key_that_signs_retires_after_a_yes_alone(run: Run, newsletter: str) -> None:
    run("domains", "generate", "example.com", "--selector", "first")
    run("domains", "activate", "example.com", "first", "--unseen")

    refused = run("domains", "retire", "example.com", "first", status=2)
    still = run("domains", "list", "--json").json
    retired = run("domains", "retire", "example.com", "first", "--yes", "--json").json

    assert "that mail goes out unsigned" in refused.err
    assert "add --yes" in refused.err
    assert (still[0]["state"], retired["state"]) == ("active", "retired")


def test_a_key_beside_which_another_signs_retires_without_a_question(run: Run, newsletter: str) -> None:
    for selector, algorithm in (("first", "rsa-sha256"), ("second", "ed25519-sha256")):
        run("domains", "generate", "example.com", "--selector", selector, "--algorithm", algorithm)
        run("domains", "activate", "example.com", selector, "--unseen")

    assert run("domains", "retire", "example.com", "second", "--json").json["state"] == "retired"
