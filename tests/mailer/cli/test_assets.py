"""`pressrun assets`, and pictures beside an imported file."""

from __future__ import annotations

from email import message_from_bytes, policy
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image

if TYPE_CHECKING:
    from tests.mailer.cli.conftest import Run


def test_a_picture_is_added_once_and_gives_its_line_of_markdown(run: Run, tmp_path: Path) -> None:
    Image.new("RGB", (1_500, 900), "teal").save(tmp_path / "ferry.png")

    line = run("assets", "add", str(tmp_path / "ferry.png"), "--alt", "A ferry").out.strip()
    run("assets", "add", str(tmp_path / "ferry.png"))

    (asset,) = run("assets", "list", "--json").json
    assert line == f"![A ferry]({asset['reference']})"
    assert (asset["size"], asset["type"], asset["file"]) == ("1200 × 720", "image/png", "ferry.png")


def test_a_bad_file_is_a_sentence_and_nothing_is_kept(run: Run, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no picture")

    answer = run("assets", "add", str(tmp_path / "a.png"), status=2)

    assert "no picture" in answer.err
    assert run("assets", "list", "--json").json == []


def test_pictures_beside_an_issue_are_taken_in_with_it(run: Run, newsletter: str, tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), "teal").save(tmp_path / "ferry.png")
    file = tmp_path / "issue.md"
    file.write_text(
        f"---\nsubject: Ferries\nnewsletter: {newsletter}\n---\nHi.\n\n![](ferry.png)\n\n![Gone](gone.png)\n"
    )

    notes = run("issues", "import", str(file), "--json").json["notes"]
    run("issues", "render", "ferries", "--out", str(tmp_path / "out"))

    (asset,) = run("assets", "list", "--json").json
    assert ["gone.png" in note for note in notes] == [True]
    assert f'src="{asset["url"]}"' in (tmp_path / "out/message.html").read_text()
    findings = run("issues", "check", "ferries", "--json", status=1).json["findings"]
    assert [(one["rule"], one["place"]) for one in findings if one["rule"].startswith("image")] == [
        ("image-target", "issue ferries:5"),
        ("image-words", "issue ferries:3"),
    ]


def test_an_issue_carries_its_pictures_and_files_where_it_says_so(run: Run, newsletter: str, tmp_path: Path) -> None:
    Image.new("RGB", (60, 40), "teal").save(tmp_path / "ferry.png")
    (tmp_path / "report.pdf").write_bytes(b"%PDF-1.7 words")
    file = tmp_path / "issue.md"
    front = f"subject: Ferries\nnewsletter: {newsletter}\nimages: inline\nattachments: report.pdf"
    file.write_text(f"---\n{front}\n---\nHi.\n\n![A ferry](ferry.png)\n")

    run("issues", "import", str(file))
    run("issues", "render", "ferries", "--out", str(tmp_path / "out"))

    parsed = message_from_bytes((tmp_path / "out/message.eml").read_bytes(), policy=policy.default)
    assert [part.get_content_type() for part in parsed.walk() if not part.is_multipart()] == [
        *("text/plain", "text/html", "image/png", "application/pdf")
    ]
    assert "attachments: asset:" in run("issues", "show", "ferries").out


def test_a_promised_attachment_that_is_not_there_is_an_error(run: Run, newsletter: str, tmp_path: Path) -> None:
    file = tmp_path / "issue.md"
    file.write_text(f"---\nsubject: Ferries\nnewsletter: {newsletter}\nattachments: ../report.pdf\n---\nHi.\n")

    assert "does not lie beside it" in run("issues", "import", str(file), status=2).err
