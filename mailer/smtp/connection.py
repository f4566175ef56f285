"""The client's side of an SMTP conversation, without a socket (the manner of h11).

Commands go in, bytes come out (`take_output`); bytes go in (`receive`), events come out. Whatever bytes arrive,
`receive` gives events and never raises: replies that make no sense end the conversation with `Ended(is_garbled=True)`.

A connection holds at most two hand-overs, so that it never idles and little is at stake. With PIPELINING (RFC 2920):

    we    MAIL₁ RCPT₁ DATA₁
    they  250 250 354
    we    content₁ dot₁ MAIL₂ RCPT₂ DATA₂        one write
    they  250 250 250 354                        one round trip a message
    we    content₂ dot₂ MAIL₃ RCPT₃ DATA₃

DATA must end a group, since only its reply says whether content may follow. With CHUNKING (RFC 3030) there is no DATA:
BDAT and the whole content, told in bytes and needing no dots, follow as soon as RCPT is answered, so that nobody's
content is sent before they were welcome. Without PIPELINING each line waits for its reply, and nothing is chunked.

LMTP (RFC 2033) differs in its greeting, and in that a message without a recipient gets no reply.

A hand-over is *waiting* (nothing said), then *offered* (its envelope is said), then *dotted* (its content and
final dot are said), and leaves with one `Settled` or `Displaced`.
"""

from __future__ import annotations

from collections import deque

from mailer.smtp import commands
from mailer.smtp.auth import Login
from mailer.smtp.capabilities import Capabilities
from mailer.smtp.content import chunk, dotted, message_trouble
from mailer.smtp.envelope import HandOver
from mailer.smtp.errors import MalformedReplyError, MisuseError
from mailer.smtp.events import Authenticated, Displaced, Ended, Event, Greeted, Introduced, Settled, TlsAgreed
from mailer.smtp.outcome import Outcome, OutcomeKind, Reply, Step
from mailer.smtp.replies import ReplyReader
from mailer.smtp.states import (
    CHALLENGE,
    CHUNKED_ENVELOPE,
    ENDINGS,
    ENVELOPE,
    GOES_ON,
    HANDSHAKE,
    MOVES,
    NO_SUCH_COMMAND,
    SERVICE_CLOSING,
    WANTS_AUTHENTICATION,
    State,
)

# Looking a member up in its enum costs more than all that is done with it, and each message passes here.
_READY, _CLOSED = State.READY, State.CLOSED
_MAIL, _RCPT, _DATA, _DOT, _RSET = Step.MAIL, Step.RCPT, Step.DATA, Step.DOT, Step.RSET


class Connection:
    """One conversation, seen from the client. Not safe for use by several threads, and needs no lock in one."""

    def __init__(self, *, is_lockstep: bool = False, is_lmtp: bool = False, takes_chunks: bool = True) -> None:
        """Begin; `is_lockstep` never pipelines, for servers that offer PIPELINING and get it wrong."""
        self.state = State.CONNECTED
        self.capabilities = Capabilities()
        self.replies_read = 0
        self._is_lockstep = is_lockstep
        self._is_lmtp = is_lmtp
        self._takes_chunks = takes_chunks
        self._pipelines = False
        self._envelope = ENVELOPE
        self._reader = ReplyReader()
        self._events: list[Event] = []
        self._output: list[bytes] = []
        self._bytes_said = 0
        self._bytes_taken = 0
        self._expected: deque[Step] = deque([Step.GREETING])
        self._hello_name = ""
        self._login: Login | None = None
        self._unsaid: deque[tuple[Step, bytes]] = deque()
        self._waiting: HandOver | None = None
        self._offered: HandOver | None = None
        self._dotted: HandOver | None = None
        self._dot_at = 0
        self._is_spoiled = False
        self._recipient_stands = False
        self._needs_reset = False

    # What the driver asks

    @property
    def has_room(self) -> bool:
        """Whether another hand-over may be given."""
        return self._waiting is None and (self._offered is None or self._dotted is None) and self.state is _READY

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is under way."""
        return self._waiting is None and not self._expected

    @property
    def output_bytes(self) -> int:
        """How much there is to write."""
        return self._bytes_said - self._bytes_taken

    @property
    def waiting_for(self) -> Step | None:
        """The step whose reply is due next; none where nothing is."""
        return self._expected[0] if self._expected else None

    def take_output(self) -> bytes:
        """Return what is to be written now, all in one write."""
        data = b"".join(self._output)
        self._output.clear()
        self._bytes_taken = self._bytes_said
        return data

    # What the driver commands

    def hello(self, name: str) -> None:
        """Say EHLO, and HELO to a server that does not know it; over LMTP only LHLO is known (RFC 2033 §4.1)."""
        self._demand(Step.EHLO)
        self._hello_name = name
        self._say(Step.EHLO, f"{'LHLO' if self._is_lmtp else 'EHLO'} {name}\r\n".encode("ascii"))

    def start_tls(self) -> None:
        """Ask for TLS; after `TlsAgreed` and the handshake, call `secured`."""
        self._demand(Step.STARTTLS)
        self._say(Step.STARTTLS, b"STARTTLS\r\n")

    def secured(self) -> None:
        """Forget what was said in plain text, and be ready for `hello` again."""
        self.state = self._demand(Step.CONNECT)
        self.capabilities = Capabilities()

    def authenticate(self, username: str, password: str, mechanism: str) -> None:
        """Say who we are, by one of the mechanisms that the server offers."""
        self._demand(Step.AUTH)
        self._login = Login(username, password, mechanism)
        self._say(Step.AUTH, self._login.first_line)

    def hand_over(self, hand_over: HandOver) -> list[Event]:
        """Take a hand-over, and say what may be said now. One that cannot go over this wire is settled at once."""
        if self.state is not _READY or (self._expected and self._expected[0] in HANDSHAKE):
            self._demand(_MAIL)
        if not self.has_room:
            raise MisuseError("The connection holds two hand-overs already.")
        trouble = commands.envelope_trouble(hand_over.envelope, self.capabilities) or message_trouble(
            hand_over, self.capabilities
        )
        if trouble:
            self._settle(hand_over, Outcome(OutcomeKind.REFUSED, None, Step.CHECK, trouble))
        else:
            self._waiting = hand_over
            self._advance()
        return self._take_events()

    def quit(self) -> None:
        """Say goodbye."""
        self._demand(Step.QUIT)
        if not self.is_at_rest:
            raise MisuseError("Hand-overs are still under way.")
        self._say(Step.QUIT, b"QUIT\r\n")

    def receive(self, data: bytes) -> list[Event]:
        """Read what the server said. Never raises; nonsense ends the conversation."""
        for reply in self._reader.read(data):
            # The server may go on talking after the conversation ended.
            if self.state is _CLOSED:
                break
            if isinstance(reply, MalformedReplyError):
                self._end(str(reply), is_garbled=True)
            else:
                self._answer(reply)
        if self._waiting:
            self._advance()
        return self._take_events()

    def lost(self, detail: str, *, unwritten_bytes: int = 0) -> list[Event]:
        """End the conversation because the connection is gone or the server silent.

        `unwritten_bytes` of the taken output never left this machine; a final dot among them went to nobody.
        """
        self._end(detail, unwritten_bytes=unwritten_bytes)
        return self._take_events()

    # What the server answers

    def _answer(self, reply: Reply) -> None:
        """Take one reply to where it belongs."""
        self.replies_read += 1
        step = self._expected.popleft() if self._expected else None
        if reply.code == SERVICE_CLOSING:
            self._closing(step, reply)
        elif step is None:
            self._end(f"The server spoke out of turn: {reply}", is_garbled=True)
        elif step in ENVELOPE:
            self._envelope_answered(step, reply)
        elif step is _DOT:
            self._dot_answered(reply)
        elif step is _RSET:
            self._reset_answered(reply)
        else:
            self._opening_answered(step, reply)

    def _dot_answered(self, reply: Reply) -> None:
        """Settle the dotted hand-over. The dot of a spoiled envelope has nobody behind it, whatever the answer."""
        kind = ENDINGS[_DOT].get(reply.code // 100)
        if kind is None:
            self._end(f"The server answered the final dot with {reply}", is_garbled=True)
        elif self._dotted:
            self._settle(self._dotted, Outcome(kind, reply, _DOT))
            self._dotted = None

    def _envelope_answered(self, step: Step, reply: Reply) -> None:
        """Go on with the offered hand-over, or settle it and see that its envelope leaves no trace."""
        digit = reply.code // 100
        if digit == GOES_ON[step]:
            self._envelope_goes_on(step)
            return
        kind = ENDINGS[step].get(digit)
        if kind is None:
            self._end(f"The server answered {step.upper()} with {reply}", at=step, is_garbled=True)
            return
        if self._offered and not self._is_spoiled:
            if reply.code in WANTS_AUTHENTICATION:
                kind = OutcomeKind.DEFERRED
            self._settle(self._offered, Outcome(kind, reply, step))
            self._is_spoiled = True
        if step is self._envelope[-1] or self._unsaid:
            self._unsaid.clear()
            self._forget_envelope()
            self._needs_reset = True

    def _envelope_goes_on(self, step: Step) -> None:
        """After a positive reply, say the next line, or the content."""
        if step is _RCPT:
            self._recipient_stands = True
        if self._unsaid:
            self._say(*self._unsaid.popleft())
        elif step is self._envelope[-1]:
            self._envelope_stands(step)

    def _envelope_stands(self, step: Step) -> None:
        """After the last reply to an envelope, say the content; or get out of an envelope that was refused before."""
        if not self._is_spoiled:
            assert self._offered
            self._dotted = self._offered
            is_chunk = self._envelope is CHUNKED_ENVELOPE
            self._say(_DOT, *(chunk if is_chunk else dotted)(self._offered))
            self._dot_at = self._bytes_said
            self._forget_envelope()
        elif step is _RCPT:
            self._forget_envelope()
            self._needs_reset = True
        elif self._recipient_stands or self._is_lmtp:
            # MAIL was refused and yet RCPT and DATA were not: a dot now would mail an empty message to a real person.
            # Over LMTP a dot without a recipient gets no reply at all (RFC 2033 §4.2).
            self._end("The server wants content for an envelope that it refused.", at=step, is_garbled=True)
        else:
            # RFC 2920 §3.1: the server waits for content although no recipient stands; a lone dot ends that.
            self._say(Step.DOT, b".\r\n")
            self._forget_envelope()

    def _reset_answered(self, reply: Reply) -> None:
        """Go on with the envelope that RSET made room for."""
        if not reply.is_positive:
            self._end(f"The server answered RSET with {reply}", is_garbled=True)
        elif self._unsaid:
            self._say(*self._unsaid.popleft())

    def _opening_answered(self, step: Step, reply: Reply) -> None:
        """Take a reply to a step before the first hand-over, or to QUIT."""
        if step is Step.EHLO and reply.code in NO_SUCH_COMMAND and self._hello_name and not self._is_lmtp:
            name, self._hello_name = self._hello_name, ""
            self._say(Step.EHLO, f"HELO {name}\r\n".encode("ascii"))
        elif step is Step.AUTH and reply.code == CHALLENGE and self._login:
            self._say(Step.AUTH, self._login.answer())
        elif step is Step.STARTTLS and not self._reader.is_empty:
            # What came before TLS could have been put there by anyone (CVE-2021-38371 and its sisters).
            self._end("Something was said between STARTTLS and TLS; somebody may be tampering.", is_garbled=True)
        elif not reply.is_positive or step is Step.QUIT:
            reply = self._login.censored(reply) if self._login else reply
            self._end(f"The server answered {step.upper()} with {reply}", reply=reply)
        else:
            self.state = MOVES[self.state, step]
            self._opened(step, reply)

    def _opened(self, step: Step, reply: Reply) -> None:
        """Report a step of the opening that succeeded."""
        if step is Step.GREETING:
            self._events.append(Greeted(reply))
        elif step is Step.AUTH:
            self._events.append(Authenticated(reply))
        elif step is Step.STARTTLS:
            self._events.append(TlsAgreed(reply))
        else:
            # HELO is answered in free text, which must not be taken for extensions.
            self.capabilities = Capabilities.read(reply) if self._hello_name else Capabilities()
            self._pipelines = self.capabilities.has_pipelining and not self._is_lockstep
            is_chunked = self._pipelines and self.capabilities.has_chunking and self._takes_chunks
            self._envelope = CHUNKED_ENVELOPE if is_chunked else ENVELOPE
            self._events.append(Introduced(self.capabilities))

    def _closing(self, step: Step | None, reply: Reply) -> None:
        """Take a 421: it defers what it answers, and displaces what it could not know of."""
        outcome = Outcome(OutcomeKind.DEFERRED, reply, step or Step.MAIL)
        if step is Step.DOT and self._dotted:
            self._settle(self._dotted, outcome)
            self._dotted = None
        # Said to MAIL, it means "enough for this connection" (Yahoo, Gmail), and the next one may be welcome.
        if step in (Step.RCPT, Step.DATA) and self._offered and not self._is_spoiled:
            self._settle(self._offered, outcome)
            self._is_spoiled = True
        self._end(f"The server closed the conversation: {reply}", at=step, reply=reply)

    # How it is done

    def _demand(self, step: Step) -> State:
        """Return where `step` leads from here. Raises MisuseError where it is not legal."""
        target = MOVES.get((self.state, step))
        is_busy = self._expected and (step is not Step.MAIL or self._expected[0] in HANDSHAKE)
        if target is None or is_busy:
            raise MisuseError(
                f"{step.upper()} is not legal while the conversation is {self.state} and {self._expected}."
            )
        return target

    def _say(self, step: Step, *pieces: bytes) -> None:
        self._output += pieces
        self._bytes_said += sum(map(len, pieces))
        self._expected.append(step)

    def _advance(self) -> None:
        """Offer the waiting hand-over as soon as its envelope may be said."""
        if self._waiting is None or self._offered is not None or not (self._pipelines or not self._expected):
            return
        hand_over, self._waiting = self._waiting, None
        self._offered = hand_over
        mail = commands.mail(hand_over, self.capabilities)
        rcpt = commands.rcpt(hand_over.envelope, self.capabilities)
        if self._pipelines:
            self._offer_at_once(mail, rcpt)
            return
        lines = ((Step.MAIL, mail.encode()), (Step.RCPT, rcpt.encode()), (Step.DATA, b"DATA\r\n"))
        self._unsaid.extend(((Step.RSET, b"RSET\r\n"), *lines) if self._needs_reset else lines)
        self._needs_reset = False
        self._say(*self._unsaid.popleft())

    def _offer_at_once(self, mail: str, rcpt: str) -> None:
        """Say the whole envelope in one group, after RSET where an earlier one was left half-done."""
        if self._needs_reset:
            self._say(Step.RSET, b"RSET\r\n")
            self._needs_reset = False
        data = "DATA\r\n" if self._envelope is ENVELOPE else ""
        group = f"{mail}{rcpt}{data}".encode()
        self._output.append(group)
        self._bytes_said += len(group)
        self._expected.extend(self._envelope)

    def _forget_envelope(self) -> None:
        self._offered = None
        self._is_spoiled = False
        self._recipient_stands = False

    def _settle(self, hand_over: HandOver, outcome: Outcome) -> None:
        self._events.append(Settled(hand_over, outcome))

    def _end(
        self,
        detail: str,
        *,
        at: Step | None = None,
        reply: Reply | None = None,
        is_garbled: bool = False,
        unwritten_bytes: int = 0,
    ) -> None:
        """Close, with a word on each hand-over that is still here; `at` is the step that was being answered."""
        if self.state is State.CLOSED:
            return
        self.state = State.CLOSED
        if self._dotted:
            if self._bytes_taken - unwritten_bytes >= self._dot_at:
                self._settle(self._dotted, Outcome(OutcomeKind.UNCERTAIN, None, Step.DOT, detail))
            else:
                self._displace(self._dotted, Step.DATA, detail, reply)
        if self._offered and not self._is_spoiled:
            step = next((step for step in (at, *self._expected) if step in ENVELOPE), Step.MAIL)
            self._displace(self._offered, step, detail, reply)
        if self._waiting:
            self._displace(self._waiting, Step.MAIL, detail, reply)
        self._waiting = self._offered = self._dotted = None
        self._expected.clear()
        self._output.clear()
        self._bytes_said = self._bytes_taken
        self._unsaid.clear()
        self._events.append(Ended(detail, reply, is_garbled))

    def _displace(self, hand_over: HandOver, step: Step, detail: str, reply: Reply | None) -> None:
        was_tried = hand_over is not self._waiting
        self._events.append(Displaced(hand_over, Outcome(OutcomeKind.DEFERRED, reply, step, detail), was_tried))

    def _take_events(self) -> list[Event]:
        events, self._events = self._events, []
        return events
