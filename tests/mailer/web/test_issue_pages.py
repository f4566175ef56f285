from __future__ import annotations

import asyncio
from dataclasses import replace
from http.client import HTTPConnection

import pytest

from mailer.web.admin.previewing import as_seen
from tests.mailer.web.conftest import HERE, Site


async def test_the_issues_page_lists_issues_and_mailings(site: Site) -> None:
    page = (await site.admin.get("/admin")).text

    assert "The harbour opens" in page
    assert "Nothing was mailed yet" in page
    assert "Nothing was mailed yet" in (await site.admin.get("/admin/")).text


async def test_an_issue_is_shown_in_both_widths_as_text_and_as_source(site: Site) -> None:
    page = (await site.admin.get("/admin/issues/harbour")).text

    assert page.count("<iframe") == 2
    assert page.count('sandbox="allow-popups allow-popups-to-escape-sandbox"') == 2
    assert "Dear Robin, here is the news" in page
    assert "subscriber.first_name" in page
    assert "Nothing was found." in page


async def test_an_issue_is_shown_as_other_people_get_it_and_without_images(site: Site) -> None:
    issue = await site.press.issues.get("harbour")
    await site.press.issues.put(replace(issue, source=f"{issue.source}\n\n![A pier](https://example.com/pier.jpg)"))

    page = (await site.admin.get("/admin/issues/harbour?person=chinese&images=off")).text
    frame = (await site.admin.get("/admin/issues/harbour/preview?person=chinese&images=off")).text
    usual = (await site.admin.get("/admin/issues/harbour/preview?person=nobody-of-that-name")).text

    assert page.count("/admin/issues/harbour/preview?look=light&amp;person=chinese&amp;images=off") == 3
    assert "Dear 李雷" in frame
    assert "pier.jpg" not in frame
    assert 'alt="A pier"' in frame
    assert "Dear Robin" in usual
    assert "pier.jpg" in usual


async def test_what_is_wrong_with_an_issue_is_said_with_place_and_fix(site: Site) -> None:
    issue = await site.press.issues.get("harbour")
    await site.press.issues.put(replace(issue, source="## A\n\nTODO write this\n\n[Go](){.button}"))

    page = (await site.admin.get("/admin/issues/harbour")).text

    assert "“TODO” was left in the text." in page
    assert "issue harbour:3" in page
    assert page.count("must be fixed") == 2


async def test_an_issue_that_cannot_be_compiled_is_shown_all_the_same(site: Site) -> None:
    issue = await site.press.issues.get("harbour")
    await site.press.issues.put(replace(issue, source="Dear {{ subscriber.frist_name }}"))

    answer = await site.admin.get("/admin/issues/harbour")

    assert answer.status == 200
    assert "There is no field “subscriber.frist_name”" in answer.text
    assert "<iframe" not in answer.text


async def test_an_issue_without_a_newsletter_says_what_to_do(site: Site) -> None:
    issue = await site.press.issues.get("harbour")
    await site.press.issues.put(replace(issue, newsletter="gone"))

    answer = await site.admin.get("/admin/issues/harbour")

    assert answer.status == 200
    assert "belongs to no newsletter" in answer.text
    assert (await site.admin.get("/admin/issues/harbour/send")).status == 404


async def test_a_pasted_text_becomes_an_issue_with_notes(site: Site) -> None:
    text = "A week of news\n\nHello all,\n\n1. First story\n\nIt happened.\n\n2. Second story\n\nIt happened too.\n"

    answer = await site.admin.post("/admin/import", {"text": text, "newsletter": "daily"})

    assert answer.status in (200, 303)
    issue = await site.press.issues.get("a-week-of-news")
    assert issue.newsletter == "daily"
    assert "## " in issue.source


async def test_a_file_becomes_an_issue(site: Site) -> None:
    body = (
        b'--x7\r\nContent-Disposition: form-data; name="newsletter"\r\n\r\ndaily\r\n'
        b'--x7\r\nContent-Disposition: form-data; name="file"; filename="tide.md"\r\n\r\n'
        b"---\ntitle: Tide\nsubject: The tide is in\n---\n\nHello.\r\n--x7--\r\n"
    )

    answer = await site.admin.ask(
        "POST", "/admin/import", body=body, headers=HERE | {"content-type": "multipart/form-data; boundary=x7"}
    )

    assert (answer.status, answer.header("location")) == (303, "/admin/issues/tide")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "There is no text in it"),
        ("---\ntitle: No subject\n---\n\nText", "The issue has no subject."),
        ("---\nsubjct: Typo\n---\n\nText", "subjct"),
        ("---\nsubject: [broken\n---\n\nText", "the text:"),
    ],
)
async def test_a_text_that_is_no_issue_is_shown_again_with_the_reason(site: Site, text: str, said: str) -> None:
    answer = await site.admin.post("/admin/import", {"text": text, "newsletter": "daily"})

    assert answer.status == 422
    assert said in answer.text
    assert len(await site.press.issues.all()) == 1


async def test_a_file_that_is_no_text_is_named(site: Site) -> None:
    body = (
        b'--x7\r\nContent-Disposition: form-data; name="file"; filename="logo.png"\r\n\r\n'
        b"\x89PNG\r\n\x1a\n\x00\x00\r\n--x7--\r\n"
    )

    answer = await site.admin.ask(
        "POST", "/admin/import", body=body, headers=HERE | {"content-type": "multipart/form-data; boundary=x7"}
    )

    assert answer.status == 422
    assert "logo.png:1: This is a picture, not text." in answer.text


async def test_more_than_a_page_takes_is_refused_in_words(site: Site) -> None:
    said = await site.admin.post("/admin/import", {"text": "x" * 2_100_000})
    unsaid = await asyncio.to_thread(_stream, site, 2_100_000)

    for answer in (said.text, unsaid):
        assert "That is too much at once" in answer
    assert said.status == 413


def _stream(site: Site, size_bytes: int) -> str:
    """Send a form whose size is not said beforehand."""
    connection = HTTPConnection("127.0.0.1", site.port, timeout=20)
    parts = (b"text=" if not place else b"x" * 100_000 for place in range(size_bytes // 100_000 + 1))
    headers = HERE | {"cookie": site.admin.cookie, "content-type": "application/x-www-form-urlencoded"}
    try:
        connection.request("POST", "/admin/import", body=parts, headers=headers, encode_chunked=True)
        return connection.getresponse().read().decode()
    finally:
        connection.close()


async def test_the_source_is_changed_unless_somebody_was_faster(site: Site) -> None:
    issue = await site.press.issues.get("harbour")
    text = "---\ntitle: The harbour opens\nsubject: It is open\nnewsletter: daily\n---\n\nNew words.\n"

    first = await site.admin.post("/admin/issues/harbour/edit", {"text": text, "version": issue.version})
    second = await site.admin.post("/admin/issues/harbour/edit", {"text": text, "version": issue.version})

    assert (first.status, second.status) == (303, 422)
    assert "Somebody else has changed" in second.text
    assert "New words." in second.text
    changed = await site.press.issues.get("harbour")
    assert (changed.subject, changed.source, changed.created) == ("It is open", "New words.", issue.created)


@pytest.mark.parametrize(
    ("look", "seen"),
    [
        ("dark", "@media all{a}@media not all{b}@media only screen and all{c}"),
        ("light", "@media not all{a}@media all{b}@media only screen and not all{c}"),
        ("", "@media (prefers-color-scheme: dark){a}@media (prefers-color-scheme:light){b}"),
    ],
)
def test_a_look_decides_the_mails_own_dark_mode_rules(look: str, seen: str) -> None:
    css = "@media (prefers-color-scheme: dark){a}@media (prefers-color-scheme:light){b}"

    assert as_seen(css, look) == seen.partition("@media only")[0]


async def test_a_page_is_imported_as_its_words(site: Site) -> None:
    text = "<!doctype html><html><body><h1>Tea week</h1><p>It is <b>ready</b>.</p><script>x</script></body></html>"

    await site.admin.post("/admin/import", {"text": text, "newsletter": "daily"})

    issue = await site.press.issues.get("tea-week")
    assert "**ready**" in issue.source
    assert "script" not in issue.source


async def test_an_unknown_theme_and_a_picture_that_is_not_there_are_said(site: Site) -> None:
    source = "---\nsubject: Tea\ntemplate: {}\nnewsletter: daily\n---\n![A cup](asset:{}.png)\n"

    refused = await site.admin.post("/admin/import", {"text": source.format("lettre", "0" * 32)})
    await site.admin.post("/admin/import", {"text": source.format("letter", "0" * 32)})

    assert "Did you mean “letter”?" in refused.text
    assert "There is no picture or file asset:0000" in (await site.admin.get("/admin/issues/tea")).text
