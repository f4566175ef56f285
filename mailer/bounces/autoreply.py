"""Recognises automatic replies: away notices, tickets, challenges (RFC 3834).

Look for a report's structure first: Gmail marks its own delivery reports as `Auto-Submitted: auto-replied`.
"""

from __future__ import annotations

import re

from mailer.bounces.mime import MimeMessage, header

_SUBJECT = re.compile(
    r"^\W*(?:auto(?:matic|mated)?[ -]?(?:reply|repsonse|respon\w*|antwort|svar)"
    r"|out of (?:the )?office|away (?:from|until|till)"
    r"|on (?:vacation|holiday|leave)|vacation|i am (?:away|out)|abwesen|ich bin (?:bis|nicht)"
    r"|r[ée]ponse automatique|absence|respuesta autom|fuera de (?:la )?oficina"
    r"|risposta automatica|resposta autom|automatisch antwoord|afwezig"
    r"|автоответ|автоматический ответ|自动回复|自動回覆|自動返信|不在|odpowied[źz] automatyczna"
    r"|automatiskt? svar|frånvaro)",
    re.IGNORECASE,
)


def is_auto_reply(message: MimeMessage) -> bool:
    """Whether a machine answered for somebody: by RFC 3834's field, its older cousins, or a usual subject."""
    submitted = header(message, "auto-submitted").lower()
    if submitted.startswith(("auto-replied", "auto-generated")):
        return True
    if any(
        message.get(name) is not None for name in ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply")
    ):
        return True
    if header(message, "precedence").lower() in ("auto_reply", "auto-reply"):
        return True
    return bool(_SUBJECT.search(header(message, "subject")))
