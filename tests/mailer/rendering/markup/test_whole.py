"""Issues wholly in MJML or HTML."""

from __future__ import annotations

from dataclasses import replace

import pytest

from mailer.errors import RenderError
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.message import Assembler, MailingFacts
from mailer.rendering.preflight import check
from mailer.tokens import Tokens
from subscribers.subscriber import Subscriber

PUBLIC_URL = "https://press.example.com"
FOOT = '<a href="{{ unsubscribe_url }}">Unsubscribe</a> {{ newsletter.postal_address }}'
MJML = f"""<mjml lang="en"><mj-head><mj-title>T</mj-title></mj-head><mj-body>
<mj-section><mj-column><mj-text>Dear {{{{ subscriber.first_name }}}}, <b>hi</b>.</mj-text>
<mj-button href="https://example.com/go">Go there</mj-button></mj-column></mj-section>
{{% if subscriber.lang == "zh" %}}
<mj-section><mj-column><mj-text>你好</mj-text></mj-column></mj-section>
{{% endif %}}
<mj-section><mj-column><mj-text>{FOOT}</mj-text></mj-column></mj-section>
</mj-body></mjml>"""
HTML = f"""<!DOCTYPE html><html lang="en"><head><title>T</title>
<style>p {{ color: #222222 }}</style></head><body>
<!--[if mso]><table><tr><td><![endif]-->
<p>Dear {{{{ subscriber.first_name }}}}, <img src="https://example.com/a.png" alt="A pier"></p>
{{% if subscriber.lang == "zh" %}}<p>你好</p>{{% else %}}
<p>Hello <a href="https://example.com/x">the log</a></p>{{% endif %}}
<!--[if mso]></td></tr></table><![endif]-->
<p>{FOOT}</p></body></html>"""


@pytest.fixture
def assembled(issue: Issue, newsletter: Newsletter, tokens: Tokens) -> object:
    def assemble(source: str, format_: str) -> Assembler:
        whole = replace(issue, source=source, format=format_)
        edition = compile_edition(whole, newsletter, public_url=PUBLIC_URL)
        return Assembler(edition, newsletter, MailingFacts(7, 3, "weekly"), tokens, PUBLIC_URL)

    return assemble


@pytest.mark.parametrize(("source", "format_"), [(MJML, "mjml"), (HTML, "html")])
def test_a_whole_mail_is_personal_and_passes_the_check(  # type: ignore[no-untyped-def]
    source: str, format_: str, assembled, issue: Issue, newsletter: Newsletter, subscriber: Subscriber
) -> None:
    page, text = (getattr(assembled(source, format_), part)(subscriber) for part in ("view", "text"))

    assert "Dear 李雷," in page
    assert "Dear 李雷," in text
    assert "你好" not in page
    assert f"{PUBLIC_URL}/u/" in page
    assert f"{PUBLIC_URL}/u/" in text
    assert "12 Quay Street" in text
    assert page.lower().startswith("<!doctype")
    assert page.count("<table") == page.count("</table>")
    whole = replace(issue, source=source, format=format_, subject="Slow ferries and quick tea")
    assert check(whole, newsletter, None, PUBLIC_URL) == []


def test_the_parts_for_some_people_are_there_for_them(assembled, subscriber: Subscriber) -> None:  # type: ignore[no-untyped-def]
    import msgspec

    chinese = msgspec.structs.replace(subscriber, language="zh-Hant")

    assert "你好" in assembled(MJML, "mjml").view(chinese)
    assert "你好" in assembled(HTML, "html").text(chinese)
    assert "the log" not in assembled(HTML, "html").view(chinese)


def test_a_fragment_of_html_becomes_a_page(assembled, subscriber: Subscriber) -> None:  # type: ignore[no-untyped-def]
    page = assembled("<p>Grüße</p>", "html").view(subscriber)

    assert page.lower().startswith("<!doctype html>")
    assert "charset=utf-8" in page
    assert "<p>Grüße</p>" in page


@pytest.mark.parametrize(
    ("source", "line", "message"),
    [
        ("<p>a</p>\n<script>alert(1)</script>", 2, "no place in a mail"),
        ("<p>a</p>\n<img src=x onerror=alert(1)>", 2, "would be a script"),
        ('<a href="javascript:alert(1)">a</a>', 1, "cannot begin with"),
        ('<a href="java&#10;script:alert(1)">a</a>', 1, "cannot begin with"),
        ('<img src="data:text/html,x">', 1, "cannot begin with"),
        ('<a x=y"><script>alert(1)</script><b z=">', 1, "cannot be read"),
        ("<style>@import url(http://127.0.0.1/a.css);</style>", 1, "no place in the style"),
        ('<style>input[value^="a"] { background: url(https://e.example/a) }</style>', 1, "no place in the style"),
        ('<p style="background:url(https://e.example/a)">a</p>', 1, "reaches outside"),
        ('<link rel="stylesheet" href="https://e.example/a.css">', 1, "no place in a mail"),
        ('<meta http-equiv="refresh" content="0;url=https://e.example">', None, "no mail may"),
        ("<form><input></form>", 1, "no place in a mail"),
        ("<!--[if mso]><script>x</script><![endif]-->", 1, "no place in a mail"),
        ("<svg><a></a></svg>", 1, "no place in a mail"),
        ("a < b", None, "opens nothing"),
        ("<p>{% if subscriber.name %}</p><p>{% endif %}</p>", None, "condition"),
    ],
)
def test_what_no_mail_may_hold_is_an_error(
    source: str, line: int | None, message: str, issue: Issue, newsletter: Newsletter
) -> None:
    with pytest.raises(RenderError, match=message) as caught:
        compile_edition(replace(issue, source=source, format="html"), newsletter, public_url=PUBLIC_URL)

    assert line is None or caught.value.place == f"issue week-48:{line}"


@pytest.mark.parametrize(
    "source",
    [
        "<mjml><mj-body><mj-raw><script>1</script></mj-raw></mj-body></mjml>",
        '<mjml><mj-head><mj-font name="a" href="https://e.example/f.css" /></mj-head><mj-body></mj-body></mjml>',
        '<mjml><mj-body><mj-include path="/etc/passwd" /></mj-body></mjml>',
        "<mjml><mj-head><mj-style>@import 'x';</mj-style></mj-head><mj-body></mj-body></mjml>",
        "<mjml><mj-body>" + "<mj-section>" * 20_000 + "</mj-section>" * 20_000 + "</mj-body></mjml>",
    ],
)
def test_hostile_mjml_is_an_error(source: str, issue: Issue, newsletter: Newsletter) -> None:
    with pytest.raises(RenderError):
        compile_edition(replace(issue, source=source, format="mjml"), newsletter, public_url=PUBLIC_URL)
