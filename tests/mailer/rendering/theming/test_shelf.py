from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import pytest

from mailer.errors import RenderError
from mailer.folders import templates_folder
from mailer.issues.issue import Issue
from mailer.issues.newsletter import Newsletter
from mailer.rendering.compiling import compile_edition
from mailer.rendering.theming.colour import ENOUGH, contrast
from mailer.rendering.theming.look import Look, Palette
from mailer.rendering.theming.shelf import Shelf, shipped

EMAIL = templates_folder() / "email"
THEMES = shipped().names()
# Ink and ground, by their names in a palette.
PAIRS = [
    ("ink", "card"), ("ink", "page"), ("strong", "card"), ("strong", "page"), ("quiet", "card"), ("quiet", "page"),
    ("accent", "card"), ("accent", "page"), ("on_accent", "accent"), ("on_tint", "tint"),
]  # fmt: skip


def palettes(look: Look) -> tuple[Palette, Palette]:
    return look.light, look.dark


def test_the_six_themes_are_there_each_with_a_preview() -> None:
    assert THEMES == ["announcement", "digest", "letter", "magazine", "plain", "product-update"]
    for name in THEMES:
        theme = shipped().theme(name)
        assert theme.title
        assert theme.description
        assert (theme.folder / "preview.png").read_bytes().startswith(b"\x89PNG")


def test_the_digest_is_found_under_its_old_name_too(issue: Issue, newsletter: Newsletter) -> None:
    assert '{% extends "digest/theme.mjml" %}' in (EMAIL / "digest.mjml").read_text()


@pytest.mark.parametrize("name", THEMES)
def test_text_stands_out_from_its_ground_in_light_and_dark(name: str) -> None:
    for palette in palettes(shipped().theme(name).look):
        for ink, ground in PAIRS:
            assert contrast(getattr(palette, ink), getattr(palette, ground)) >= ENOUGH, (ink, ground)


@pytest.mark.parametrize("file", sorted(EMAIL.rglob("*.mjml")), ids=lambda file: f"{file.parent.name}/{file.name}")
def test_themes_keep_to_the_portable_subset(file: Path) -> None:
    mjml = re.sub(r"\{#.*?#\}", "", file.read_text(), flags=re.DOTALL)
    markup = re.sub(r"<mj-style>.*?</mj-style>|\{\{.*?\}\}|\{%.*?%\}", "", mjml, flags=re.DOTALL)

    assert not re.search(r"mj-include|mj-html-attributes|inline=| gap=|http:|https:", mjml)
    assert not re.search(r'(?:padding|width|height|size|radius)="(?:[^"]* )?\d+(?: [^"]*)?"', mjml), "no unit"
    assert not re.search(r"<mj-image(?![^>]* alt=)", mjml)
    assert not re.search(r"=\s*'", markup)
    assert not re.search(r"#[0-9a-fA-F]{3,6}\b", re.sub(r"&#\d+;", "", markup)), "a colour that is not the look's"


@pytest.fixture
def own(tmp_path: Path) -> Path:
    folder = tmp_path / "mine"
    folder.mkdir()
    manifest = json.loads((EMAIL / "digest/manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({**manifest, "title": "Mine"}))
    return folder


@pytest.mark.parametrize(
    ("theme", "message"),
    [
        ("<mjml>\n{% if %}</mjml>", r"mine/theme\.mjml:2: .*mistake"),
        ("<mjml>{{ page.nothing }}</mjml>", r"mine/theme\.mjml: .*nothing"),
        ("<mjml>{{ page.__class__.__mro__ }}</mjml>", r"mine/theme\.mjml: .*unsafe"),
        ("<mjml>{% include '../../secret' %}</mjml>", r"mine/theme\.mjml: .*secret"),
        ("<mjml><mj-body><mj-text>{{ page.title }}</mj-body></mjml>", r"mine/theme\.mjml: .*near “</mj-body>"),
        ("{% for a in range(10000000) %}x{% endfor %}", "500 is the most"),
        ("{% for a in range(500) %}{% for b in range(500) %}" + "x" * 50 + "{% endfor %}{% endfor %}", "512 KB"),
        ("<mjml>{{ 'x' * 9999999999999 }}</mjml>", "cannot be used|too large|512 KB"),
        ("<mjml><mj-body><mj-raw><script>1</script></mj-raw></mj-body></mjml>", "<script>"),
    ],
)
def test_a_mistake_in_a_theme_is_an_error_that_names_its_file(
    theme: str, message: str, own: Path, issue: Issue, newsletter: Newsletter
) -> None:
    (own / "theme.mjml").write_text(theme)
    shelf = Shelf(EMAIL, own.parent)

    with pytest.raises(RenderError, match=message):
        compile_edition(
            replace(issue, template="mine"), newsletter, public_url="https://press.example.com", shelf=shelf
        )


def test_a_theme_of_ones_own_builds_on_the_shared_parts_and_cannot_replace_them(
    own: Path, issue: Issue, newsletter: Newsletter
) -> None:
    (own / "theme.mjml").write_text('{% extends "parts/layout.mjml" %}')
    (own.parent / "parts").mkdir()
    (own.parent / "parts/layout.mjml").write_text("stolen")
    shelf = Shelf(EMAIL, own.parent)

    edition = compile_edition(
        replace(issue, template="mine"), newsletter, public_url="https://press.example.com", shelf=shelf
    )

    assert "mine" in shelf.names()
    assert b"Slow ferries" in b"".join(edition.html.runs)


@pytest.mark.parametrize(
    ("manifest", "message"),
    [
        ("{", "cannot be read"),
        ("[]", "cannot be read"),
        ("{}", "lacks"),
        ('{"light": {"page": "red"}, "dark": {}}', "lacks"),
    ],
)
def test_a_manifest_of_no_use_is_an_error(manifest: str, message: str, own: Path) -> None:
    (own / "manifest.json").write_text(manifest)
    (own / "theme.mjml").write_text("")

    with pytest.raises(RenderError, match=message):
        Shelf(own.parent).theme("mine")


def test_an_unknown_theme_is_an_error_that_names_the_known_ones() -> None:
    for name in ("brochure", "../web/page", "digest.mjml", "parts", ""):
        with pytest.raises(RenderError, match="digest"):
            shipped().theme(name)
