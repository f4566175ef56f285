from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mailer.errors import RenderError
from mailer.folders import templates_folder
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering import themes
from mailer.rendering.compiling import compile_edition
from mailer.rendering.themes import theme_names

THEMES = sorted((templates_folder() / "email").glob("*.mjml"))

# Ground and ink of the digest: page, card, tinted badge, button, quoted code; light, then dark.
PAIRS = [
    ("#56605e", "#eef0ec"), ("#0f5e63", "#eef0ec"), ("#17201f", "#eef0ec"), ("#26302f", "#fdfdfb"),
    ("#0f5e63", "#fdfdfb"), ("#434d4b", "#fdfdfb"), ("#0b4f53", "#dfecea"), ("#fdfdfb", "#0f5e63"),
    ("#26302f", "#e8ece8"), ("#a7b2b0", "#121617"), ("#7fcfc9", "#121617"), ("#eef2f0", "#121617"),
    ("#d5dcda", "#1d2324"), ("#7fcfc9", "#1d2324"), ("#b9c4c2", "#1d2324"), ("#a5e0db", "#2a4142"),
    ("#0c1e1f", "#7fcfc9"), ("#d5dcda", "#2a3233"),
]  # fmt: skip


def luminance(colour: str) -> float:
    parts = [int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("ink", "ground"), PAIRS)
def test_text_stands_out_from_its_ground_in_light_and_dark(ink: str, ground: str) -> None:
    theme = (templates_folder() / "email/digest.mjml").read_text() + (
        templates_folder() / "email/digest.css"
    ).read_text()
    lighter, darker = sorted((luminance(ink), luminance(ground)), reverse=True)

    assert ink in theme
    assert ground in theme
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


@pytest.mark.parametrize("theme", THEMES, ids=lambda file: file.stem)
def test_themes_keep_to_the_portable_subset(theme: Path) -> None:
    mjml = re.sub(r"\{#.*?#\}", "", theme.read_text(), flags=re.DOTALL)

    assert theme.stem in theme_names()
    assert not re.search(r"mj-include|mj-html-attributes|inline=|gutter=| gap=|http:|https:", mjml)
    assert not re.search(r'(?:padding|width|height|size|radius)="(?:[^"]* )?\d+(?: [^"]*)?"', mjml), (
        "a length has no unit"
    )
    assert not re.search(r"<mj-image(?![^>]* alt=)", mjml)
    assert not re.search(r"=\s*'", re.sub(r"<mj-style>.*?</mj-style>|\{\{.*?\}\}|\{%.*?%\}", "", mjml, flags=re.DOTALL))


@pytest.fixture
def own_themes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    (tmp_path / "email").mkdir()
    monkeypatch.setattr(themes, "templates_folder", lambda: tmp_path)
    themes._environment.cache_clear()
    yield tmp_path / "email"
    themes._environment.cache_clear()


@pytest.mark.parametrize(
    ("theme", "message"),
    [
        ("<mjml>\n{% if %}</mjml>", r"email/mine\.mjml:2: .*mistake"),
        ("<mjml>{{ page.nothing }}</mjml>", r"email/mine\.mjml: .*nothing"),
        ("<mjml>{{ page.__class__.__mro__ }}</mjml>", r"email/mine\.mjml: .*unsafe"),
        ("<mjml>{% include '../../secret' %}</mjml>", r"email/mine\.mjml: .*secret"),
        ("<mjml><mj-body><mj-text>{{ page.title }}</mj-body></mjml>", r"email/mine\.mjml: .*near “</mj-body>"),
    ],
)
def test_a_mistake_in_a_theme_is_an_error_that_names_its_file(
    theme: str, message: str, own_themes: Path, issue: Issue, newsletter: Newsletter
) -> None:
    (own_themes / "mine.mjml").write_text(theme)

    with pytest.raises(RenderError, match=message):
        compile_edition(replace(issue, template="mine"), newsletter, public_url="https://press.example.com")
