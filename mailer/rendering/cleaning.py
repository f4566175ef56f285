"""The HTML that an author's words may become: an allow-list of elements, attributes and schemes.

Markdown is read without raw HTML, so nothing else should come; this is the second lock on the door. Scripts, event
handlers, styles, forms, and `javascript:` and `data:` addresses cannot pass.
"""

from __future__ import annotations

import nh3
from markupsafe import Markup

SCHEMES = frozenset({"http", "https", "mailto", "tel"})

ELEMENTS = {
    *("b", "br", "code", "del", "em", "i", "s", "strong", "sub", "sup", "a", "img"),
    *("blockquote", "h2", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "ul"),
    *("table", "tbody", "td", "th", "thead", "tr"),
}
_ATTRIBUTES = {
    "a": {"href", "title"},
    "img": {"src", "alt", "title"},
    "ol": {"start"},
    "td": {"style"},
    "th": {"style"},
}


def clean(html: str) -> Markup:
    """Return the HTML without anything that is not on the list."""
    return Markup(  # noqa: S704 - this is where text becomes trusted
        nh3.clean(
            html,
            tags=ELEMENTS,
            attributes=_ATTRIBUTES,
            url_schemes=set(SCHEMES),
            filter_style_properties={"text-align"},
            link_rel=None,
        )
    )
