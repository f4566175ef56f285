"""CSS into the elements, through premailer or css-inline, for the programs that read no style sheet.

Only our own content CSS is inlined; MJML's style sheets stay as they are, since premailer would take the `!important`
out of their media queries. premailer's CSS parser fetches every `@import`, even `file:`, whatever one tells it: the
fetcher is replaced by one that fetches nothing. It also drops the document type, which is put back. css-inline is an
extra, and imported where it is chosen.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Mapping
from threading import Lock
from xml.etree.ElementTree import ParseError

import cssutils
import cssutils.util
import premailer

from mailer.errors import RenderError
from mailer.settings import Inliner

# Nothing outside is ever read while an issue is compiled: no style sheet, no font, no file.
cssutils.util._defaultFetcher = lambda _url: None  # noqa: SLF001 - it offers no other way
# It would report every `mso-` property as an error.
cssutils.log.setLevel(logging.CRITICAL)

_STYLE = re.compile(r"<style(?=[\s>])", re.IGNORECASE)
_COMMENT = re.compile(r"/\*.*?\*/", re.DOTALL)
_RULE = re.compile(r"([^{}]+)\{([^{}]*)\}")
_NAME = re.compile(r"(\.?)([A-Za-z][\w-]*)")
_IGNORED = ' data-premailer="ignore"'
_PASSED_OVER = ' data-css-inline="ignore"'
# premailer keeps a parse cache and a logger for all threads together.
_LOCK = Lock()


def inline(html: str, content_css: str, *, place: str, inliner: Inliner = Inliner.PREMAILER) -> str:
    """Return the HTML with the content CSS written into the elements it selects.

    The CSS must be simple: no variables, no 8-digit colours, no nth-child. Raises RenderError naming the file.
    """
    inlined = _INLINERS[inliner](html, _of_use(content_css, html), place)
    return inlined if inlined[:9].lower() == "<!doctype" else "<!doctype html>\n" + inlined


def _by_premailer(html: str, css: str, place: str) -> str:
    with _LOCK:
        try:
            inlined = str(_transformed(_STYLE.sub("<style" + _IGNORED, html), css))
        except IndexError as error:
            # premailer looks for a body to put a head before.
            raise RenderError("The HTML has no body.", place=place, fix="Write one: <body>…</body>.") from error
        except (ValueError, SyntaxError, ParseError) as error:
            raise _not_written(error, place) from error
    return inlined.replace(_IGNORED, "")


def _by_css_inline(html: str, css: str, place: str) -> str:
    # An extra: only whoever sets it has it.
    from css_inline import CSSInliner, InlineError

    marked = _STYLE.sub("<style" + _PASSED_OVER, html)
    try:
        inlined = CSSInliner(
            keep_style_tags=True, keep_link_tags=True, load_remote_stylesheets=False, extra_css=css
        ).inline(marked)
    except (InlineError, ValueError) as error:
        raise _not_written(error, place) from error
    return inlined.replace(_PASSED_OVER, "")


_INLINERS: Mapping[Inliner, Callable[[str, str, str], str]] = {
    Inliner.PREMAILER: _by_premailer,
    Inliner.CSS_INLINE: _by_css_inline,
}


def _not_written(error: Exception, place: str) -> RenderError:
    return RenderError(
        f"The content CSS cannot be written into the mail: {error}.", place=place, fix="Use simple selectors."
    )


def _of_use(css: str, html: str) -> str:
    """Leave out the rules that select nothing in this mail: cssutils takes longer over each than all else together."""
    rules = _RULE.findall(_COMMENT.sub("", css))
    return "\n".join(
        f"{selector}{{{body}}}"
        for selector, body in rules
        if "," in selector
        or "@" in selector
        or all(name in html if sign else f"<{name}" in html for sign, name in _NAME.findall(selector))
    )


def _transformed(html: str, content_css: str) -> object:
    return premailer.transform(
        html,
        css_text=[content_css],
        allow_network=False,
        allow_loading_external_files=False,
        strip_important=False,
        keep_style_tags=False,
        disable_validation=True,
        disable_basic_attributes=["width", "height", "align", "valign", "bgcolor"],
        align_floating_images=False,
        remove_unset_properties=False,
        exclude_pseudoclasses=True,
        cache_css_parsing=True,
    )
