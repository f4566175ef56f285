"""The few words that a mail says by itself, in the reader's language, and how a date is written there.

A language that is not here is answered in English; its direction is right all the same.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

_RIGHT_TO_LEFT = frozenset({"ar", "dv", "fa", "he", "ku", "ps", "sd", "ug", "ur", "yi"})
_MONTHS = {
    "de": "Januar Februar März April Mai Juni Juli August September Oktober November Dezember",
    "en": "January February March April May June July August September October November December",
    "es": "enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre",
    "fr": "janvier février mars avril mai juin juillet août septembre octobre novembre décembre",
}
_DATES = {
    "de": "{day}. {month} {year}",
    "en": "{day} {month} {year}",
    "es": "{day} de {month} de {year}",
    "fr": "{day} {month} {year}",
    "ja": "{year}年{number}月{day}日",
    "zh": "{year}年{number}月{day}日",
}


@dataclass(frozen=True, slots=True)
class Words:
    """What a theme says by itself."""

    view: str
    unsubscribe: str
    why: str
    """Why the reader gets this; `{newsletter}` is its name."""
    image: str
    """What the text part calls an image."""


_WORDS = {
    "de": Words(
        view="Im Browser ansehen",
        unsubscribe="Abbestellen",
        why="Sie erhalten diese E-Mail, weil Sie {newsletter} abonniert haben.",
        image="Bild",
    ),
    "en": Words(
        view="View in browser",
        unsubscribe="Unsubscribe",
        why="You get this email because you subscribed to {newsletter}.",
        image="Image",
    ),
    "es": Words(
        view="Ver en el navegador",
        unsubscribe="Darse de baja",
        why="Recibe este correo porque se suscribió a {newsletter}.",
        image="Imagen",
    ),
    "fr": Words(
        view="Voir dans le navigateur",
        unsubscribe="Se désabonner",
        why="Vous recevez ce courriel parce que vous êtes abonné à {newsletter}.",
        image="Image",
    ),
    "zh": Words(
        view="在浏览器中查看",
        unsubscribe="退订",
        why="您收到这封邮件，是因为您订阅了《{newsletter}》。",
        image="图片",
    ),
}


def words_in(language: str) -> Words:
    """Return the words of a language (BCP 47), or the English ones."""
    return _WORDS.get(primary_language(language), _WORDS["en"])


def written_date(day: date, language: str) -> str:
    """Return a date as the language writes it, or as ISO 8601 where we do not know."""
    primary = primary_language(language)
    form = _DATES.get(primary)
    if form is None:
        return day.isoformat()
    month = _MONTHS[primary].split()[day.month - 1] if primary in _MONTHS else ""
    return form.format(day=day.day, month=month, number=day.month, year=day.year)


def direction_of(language: str) -> str:
    """Return `rtl` for languages written from right to left, else `ltr`."""
    return "rtl" if primary_language(language) in _RIGHT_TO_LEFT else "ltr"


def primary_language(language: str) -> str:
    """Return a tag's first part, in lower case: `zh` of `zh-Hant`."""
    return language.lower().replace("_", "-").partition("-")[0]
