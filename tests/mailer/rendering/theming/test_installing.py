from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from mailer.errors import RenderError
from mailer.folders import templates_folder
from mailer.rendering.theming.installing import install_theme
from mailer.rendering.theming.shelf import Shelf, shipped

MANIFEST = (templates_folder() / "email/digest/manifest.json").read_text()
FILES = {
    "manifest.json": MANIFEST,
    "theme.mjml": '{% extends "parts/layout.mjml" %}',
    "theme.css": ".a { color: red; }",
}


def packed(path: Path, files: dict[str, str]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize("prefix", ["", "harbour/"])
def test_a_zip_file_becomes_a_theme(prefix: str, tmp_path: Path) -> None:
    archive = packed(tmp_path / "harbour.zip", {prefix + name: content for name, content in FILES.items()})

    theme = install_theme(archive, tmp_path / "themes", shipped=shipped())

    assert theme.name == "harbour"
    assert "harbour" in Shelf(templates_folder() / "email", tmp_path / "themes").names()


def test_a_folder_becomes_a_theme_and_replaces_an_earlier_one(tmp_path: Path) -> None:
    folder = tmp_path / "harbour"
    folder.mkdir()
    for name, content in FILES.items():
        (folder / name).write_text(content)
    install_theme(folder, tmp_path / "themes", shipped=shipped())
    (folder / "theme.css").unlink()

    install_theme(folder, tmp_path / "themes", shipped=shipped())

    assert not (tmp_path / "themes/harbour/theme.css").exists()


@pytest.mark.parametrize(
    ("name", "files", "message"),
    [
        ("a.zip", {**FILES, "../../evil.css": "x"}, "points outside"),
        ("a.zip", {**FILES, "/etc/evil.css": "x"}, "points outside"),
        ("a.zip", {**FILES, "..\\evil.css": "x"}, "points outside"),
        ("a.zip", {**FILES, "C:/evil.css": "x"}, "points outside"),
        ("a.zip", {**FILES, "run.py": "x"}, "nothing that a theme"),
        ("a.zip", {**FILES, "big.css": " " * 5_000_000}, "at most"),
        ("a.zip", {**FILES, **{f"{number}.css": "" for number in range(70)}}, "at most"),
        ("a.zip", {"theme.mjml": ""}, "needs manifest.json"),
        ("a.zip", {**FILES, "manifest.json": "{"}, "cannot be read"),
        ("a.zip", {}, "empty"),
        ("digest.zip", FILES, "cannot be called"),
        ("A b.zip", FILES, "cannot be called"),
    ],
)
def test_what_is_no_theme_or_could_do_harm_is_refused(
    name: str, files: dict[str, str], message: str, tmp_path: Path
) -> None:
    archive = packed(tmp_path / name, files)

    with pytest.raises(RenderError, match=message):
        install_theme(archive, tmp_path / "themes", shipped=shipped())

    assert not (tmp_path / "themes").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == [name]


def test_a_link_in_a_zip_file_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        link = zipfile.ZipInfo("theme.css")
        link.external_attr = 0o120777 << 16
        archive.writestr(link, "/etc/passwd")

    with pytest.raises(RenderError, match="points outside"):
        install_theme(tmp_path / "a.zip", tmp_path / "themes", shipped=shipped())


def test_what_is_no_zip_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"PK\x03\x04 and nothing else")

    with pytest.raises(RenderError, match="no zip file"):
        install_theme(tmp_path / "a.zip", tmp_path / "themes", shipped=shipped())
