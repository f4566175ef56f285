"""Pictures as they come, and as they are mailed."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from mailer.errors import SourceError
from mailer.issues.assets.preparing import LARGEST_MOVING, WIDEST, prepare_picture


def drawn(size: tuple[int, int], kind: str, mode: str = "RGB", **options: object) -> bytes:
    """Give a picture of a red left half and a noisy right half, as a file."""
    image = Image.new(mode, size, "red" if mode != "RGBA" else (255, 0, 0, 90))
    noise = Image.effect_noise((max(1, size[0] // 2), size[1]), 90).convert(mode)
    if mode != "RGBA":
        image.paste(noise, (size[0] // 2, 0))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def opened(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data))


def test_a_wide_photograph_becomes_twice_the_width_of_a_mail() -> None:
    picture = prepare_picture(drawn((3_000, 1_500), "JPEG"), place="a.jpg")

    assert (picture.ending, picture.width, picture.height) == ("jpg", WIDEST, 600)
    assert opened(picture.data).size == (WIDEST, 600)


def test_a_small_picture_is_not_made_larger() -> None:
    assert prepare_picture(drawn((200, 100), "JPEG"), place="a.jpg").width == 200


def test_where_and_by_whom_it_was_taken_is_gone_and_it_stands_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "taken at home"
    exif.get_ifd(0x8825)[1] = "N"

    picture = prepare_picture(drawn((400, 200), "JPEG", exif=exif, comment=b"by Ada"), place="a.jpg")

    assert (picture.width, picture.height) == (200, 400)
    assert not opened(picture.data).getexif()
    assert b"taken at home" not in picture.data
    assert b"by Ada" not in picture.data


def test_text_within_a_png_is_gone() -> None:
    from PIL.PngImagePlugin import PngInfo

    info = PngInfo()
    info.add_text("Author", "Ada at home")
    image = Image.new("RGB", (300, 100), "white")
    ImageDraw.Draw(image).text((10, 10), "A drawing")
    out = io.BytesIO()
    image.save(out, "PNG", pnginfo=info)

    picture = prepare_picture(out.getvalue(), place="a.png")

    assert picture.ending == "png"
    assert b"Ada at home" not in picture.data


def test_what_one_sees_through_stays_so() -> None:
    picture = prepare_picture(drawn((300, 100), "PNG", "RGBA"), place="a.png")

    assert (picture.ending, opened(picture.data).mode) == ("png", "RGBA")


def test_a_photograph_saved_as_png_becomes_a_jpeg() -> None:
    image = Image.effect_noise((600, 400), 90).convert("RGB")
    out = io.BytesIO()
    image.save(out, "PNG")

    picture = prepare_picture(out.getvalue(), place="a.png")

    assert picture.ending == "jpg"
    assert len(picture.data) < len(out.getvalue()) / 2


@pytest.mark.parametrize("mode", ["CMYK", "L", "P", "1", "LA", "RGBA", "I;16"])
def test_every_kind_of_pixel_is_brought_to_what_mail_shows(mode: str) -> None:
    image = Image.new("RGBA" if mode == "LA" else "RGB" if mode != "RGBA" else mode, (50, 40), "teal")
    image = image.convert("I").convert("I;16") if mode == "I;16" else image.convert(mode)
    out = io.BytesIO()
    image.save(out, "JPEG" if mode == "CMYK" else "PNG")

    picture = prepare_picture(out.getvalue(), place="a")

    assert opened(picture.data).mode in {"RGB", "RGBA", "L", "LA", "P"}


def test_webp_which_outlook_does_not_show_becomes_something_else() -> None:
    assert prepare_picture(drawn((300, 200), "WEBP"), place="a.webp").ending in {"jpg", "png"}


def moving(count: int, size: int = 40) -> bytes:
    frames = [Image.effect_noise((size, size), 90) for _ in range(count)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:])
    return out.getvalue()


def test_a_moving_picture_goes_on_moving() -> None:
    data = moving(3)

    assert prepare_picture(data, place="a.gif").data == data


def test_a_long_moving_picture_is_refused() -> None:
    data = moving(5, 600)
    assert len(data) > LARGEST_MOVING

    with pytest.raises(SourceError, match=r"a\.gif: A moving picture"):
        prepare_picture(data, place="a.gif")


def bomb(width: int, height: int) -> bytes:
    """Give the beginning of a PNG that promises that many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1_000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("size", [(10_000, 6_000), (30_000, 30_000), (65_000, 65_000)])
def test_a_picture_that_would_fill_the_memory_is_refused_before_it_is_unpacked(size: tuple[int, int]) -> None:
    with pytest.raises(SourceError, match="million pixels"):
        prepare_picture(bomb(*size), place="a.png")


@pytest.mark.parametrize(
    "data", [b"", b"<svg onload='x'/>", b"%PDF-1.7", b"\xff\xd8\xff", b"GIF89a", b"BM" + b"\0" * 60]
)
def test_what_is_no_picture_is_a_sentence(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"^a\.png: "):
        prepare_picture(data, place="a.png")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP"]), st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255))))
def test_a_damaged_picture_is_a_picture_or_a_sentence(kind: str, damage: list[tuple[int, int]]) -> None:
    data = bytearray(drawn((40, 30), kind))
    for place, value in damage:
        data[place % len(data)] = value

    try:
        picture = prepare_picture(bytes(data), place="a")
    except SourceError:
        return
    assert opened(picture.data).size == (picture.width, picture.height)
