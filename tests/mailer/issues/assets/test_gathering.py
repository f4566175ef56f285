"""Pictures beside a source's file."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from PIL import Image

from mailer.errors import SourceError
from mailer.issues.assets.asset import asset_names, with_addresses
from mailer.issues.assets.gathering import asset_of, gather, read_asset

NOW = datetime(2026, 11, 23, 8, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Give a folder with two pictures, and one outside it."""
    inside = tmp_path / "issue"
    (inside / "pics").mkdir(parents=True)
    Image.new("RGB", (20, 10), "teal").save(inside / "ferry.png")
    Image.new("RGB", (20, 10), "navy").save(inside / "pics/a gull.jpg")
    Image.new("RGB", (20, 10), "red").save(tmp_path / "secret.png")
    (inside / "link.png").symlink_to(tmp_path / "secret.png")
    return inside


def test_pictures_beside_the_file_are_taken_in_once_each(folder: Path) -> None:
    source = "![Ferry](ferry.png)\n\n![Gull](pics/a%20gull.jpg) ![A](<ferry.png>)\n\n<mj-image src='ferry.png' />"

    gathered = gather(source, folder, place="issue.md", now=NOW)

    ferry, gull = (asset for asset, _ in gathered.assets)
    assert gathered.source == (
        f"![Ferry]({ferry.reference})\n\n![Gull]({gull.reference}) ![A](<{ferry.reference}>)\n\n"
        f"<mj-image src='{ferry.reference}' />"
    )
    assert gathered.notes == ()
    assert asset_names(gathered.source) == [ferry.name, gull.name]
    assert f"![Ferry](https://p.example.com/a/{ferry.name})" in with_addresses(gathered.source, "https://p.example.com")


@pytest.mark.parametrize(
    "written",
    [
        "../secret.png",
        "link.png",
        "missing.png",
        "pics/../../secret.png",
        "a\0b.png",
        "%2e%2e/secret.png",
        "x" * 300 + ".png",
    ],
)
def test_nothing_outside_the_folder_is_read(folder: Path, written: str) -> None:
    source = f"Hello\n\n![Words]({written})"

    gathered = gather(source, folder, place="issue.md", now=NOW)

    assert (gathered.source, gathered.assets) == (source, ())
    assert "(line 3) does not lie beside issue.md" in gathered.notes[0]


@pytest.mark.parametrize(
    "source",
    [
        "![W](https://example.com/a.png)",
        "![W](/etc/a.png)",
        "![W](//example.com/a.png)",
        "[ferry.png](ferry.png)",
        "`ferry.png`",
    ],
)
def test_what_names_no_picture_beside_is_left_alone(folder: Path, source: str) -> None:
    gathered = gather(source, folder, place="issue.md", now=NOW)

    assert (gathered.source, gathered.assets, gathered.notes) == (source, (), ())


def test_a_picture_that_is_none_names_its_file(folder: Path) -> None:
    (folder / "ferry.png").write_bytes(b"no picture")

    with pytest.raises(SourceError, match=r"ferry\.png: This is no picture"):
        gather("![F](ferry.png)", folder, place="issue.md", now=NOW)


def test_a_document_is_kept_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7 words")

    asset, data = read_asset(tmp_path / "report.pdf", now=NOW)

    assert (asset.media_type, asset.file_name, data) == ("application/pdf", "report.pdf", b"%PDF-1.7 words")


@pytest.mark.parametrize("name", ["a.exe", "a.svg", "a.html", "a", "a.js", "a.pdf.zip"])
def test_a_file_that_no_mail_should_carry_is_refused(name: str) -> None:
    with pytest.raises(SourceError, match="cannot carry a file of this kind"):
        asset_of(b"x", name, place=name, now=NOW)


def test_a_file_that_is_too_large_is_refused() -> None:
    with pytest.raises(SourceError, match="more than 2 MB"):
        asset_of(b"x" * 3_000_000, "a.pdf", place="a.pdf", now=NOW)
