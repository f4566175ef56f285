"""The SMTP client: a message and its envelope go in, an outcome comes out (RFC 5321).

`Pool.hand_over_all` is all that the floors above need; the records it speaks of are re-exported here.
"""

from mailer.smtp.envelope import Envelope, HandOver
from mailer.smtp.outcome import Outcome, OutcomeKind, Reply, Step
from mailer.smtp.pool import Pool
from mailer.smtp.relay import Relay

__all__ = ["Envelope", "HandOver", "Outcome", "OutcomeKind", "Pool", "Relay", "Reply", "Step"]
