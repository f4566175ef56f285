"""A DNS server on loopback that answers from a table: real questions and answers, over UDP."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from socketserver import BaseRequestHandler, ThreadingUDPServer

import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset


@dataclass
class DnsServer:
    """What it answers; change it at will. A name in `broken` gets SERVFAIL."""

    address: str = ""
    txt: dict[str, list[str]] = field(default_factory=dict)
    mx: dict[str, list[str]] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)

    def publish(self, name: str, record: str) -> None:
        """Publish one TXT record, in strings of at most 255 octets."""
        strings = " ".join(f'"{record[start : start + 255]}"' for start in range(0, len(record), 255))
        self.txt[name] = [strings]

    def answer(self, packet: bytes) -> bytes:
        query = dns.message.from_wire(packet)
        response = dns.message.make_response(query)
        response.flags |= dns.flags.AA
        question = query.question[0]
        name = question.name.to_text().rstrip(".").lower()
        table = {dns.rdatatype.TXT: self.txt, dns.rdatatype.MX: self.mx}.get(question.rdtype, {})
        if name in self.broken:
            response.set_rcode(dns.rcode.SERVFAIL)
        elif name not in self.txt and name not in self.mx:
            response.set_rcode(dns.rcode.NXDOMAIN)
        elif records := table.get(name):
            response.answer.append(dns.rrset.from_text_list(question.name, 60, "IN", question.rdtype, records))
        return response.to_wire()


@contextmanager
def running_dns() -> Iterator[DnsServer]:
    """Run one for the length of the block."""
    zone = DnsServer()

    class Handler(BaseRequestHandler):
        def handle(self) -> None:
            packet, socket = self.request
            socket.sendto(zone.answer(packet), self.client_address)

    with ThreadingUDPServer(("127.0.0.1", 0), Handler) as server:
        zone.address = f"127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield zone
        finally:
            server.shutdown()
            thread.join()
