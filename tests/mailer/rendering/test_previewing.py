from __future__ import annotations

from html.parser import HTMLParser

from mailer.issues.newsletter import Newsletter
from mailer.rendering.edition import Edition
from mailer.rendering.previewing import preview, preview_sheet
from mailer.rendering.samples import sample_people
from mailer.tokens import Tokens

PUBLIC_URL = "https://press.example.com"


def test_a_preview_shows_both_schemes_the_text_and_the_size(
    edition: Edition, newsletter: Newsletter, tokens: Tokens
) -> None:
    shown = preview(edition, newsletter, tokens, PUBLIC_URL, sample_people()["usual"])

    assert shown.subject == "Robin, slow ferries and quick tea"
    assert "@media all" in shown.in_scheme("dark")
    assert "@media not all" in shown.in_scheme("light")
    assert "prefers-color-scheme" not in shown.in_scheme("light")
    assert "Dear Robin," in shown.text
    assert shown.html_bytes == len(shown.html.encode())
    assert 0.1 < shown.share_of_most < 1


def test_without_images_their_words_are_left(edition: Edition, newsletter: Newsletter, tokens: Tokens) -> None:
    shown = preview(edition, newsletter, tokens, PUBLIC_URL, sample_people()["usual"])

    assert "images.example.com" not in shown.without_images
    assert 'alt="A white ferry at a pier"' in shown.without_images


def test_the_sheet_is_one_page_with_closed_frames_only(
    edition: Edition, newsletter: Newsletter, tokens: Tokens
) -> None:
    frames: list[dict[str, str | None]] = []

    class Frames(HTMLParser):
        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            if tag == "iframe":
                frames.append(dict(attrs))
            assert tag != "script"

    Frames().feed(preview_sheet(preview(edition, newsletter, tokens, PUBLIC_URL, sample_people()["no name"])))

    assert [frame["width"] for frame in frames] == ["600", "375", "600", "375", "600"]
    assert all("sandbox" in frame and "Dear friend," in str(frame["srcdoc"]) for frame in frames)
