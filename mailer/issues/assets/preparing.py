"""Makes a picture fit for mail: upright, small, in a format that all show, without what it tells of its maker.

A telephone's photograph holds where it was taken and by whom (EXIF); nothing of that is mailed. Pictures are kept at
twice the width at which mail shows them, which is what fine screens need. What a picture unpacks to is bounded before
it is unpacked.
"""

from __future__ import annotations

import io
from dataclasses import dataclass

from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from mailer.errors import SourceError

WIDEST = 1_200
"""Pixels: twice the 600 that a mail is wide."""
_TALLEST = 4_000
_MOST_PIXELS = 50_000_000
LARGEST_PICTURE = 25 * 1024 * 1024
"""Bytes, as it comes."""
LARGEST_MOVING = 1024 * 1024
"""Bytes of a moving GIF, which is kept as it is."""

_FORMATS = ("GIF", "JPEG", "PNG", "WEBP")
_JPEG_QUALITY = 82

Image.MAX_IMAGE_PIXELS = _MOST_PIXELS


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that can be mailed."""

    data: bytes
    ending: str
    width: int
    height: int


def prepare_picture(data: bytes, *, place: str) -> Picture:
    """Return a picture as it can be mailed; the same bytes give the same. Raises SourceError for what is none."""
    if len(data) > LARGEST_PICTURE:
        raise _refusal(f"The picture has more than {LARGEST_PICTURE >> 20} MB.", place, "Save it smaller.")
    try:
        # Only what the first bytes say is read here.
        with Image.open(io.BytesIO(data), formats=_FORMATS) as image:
            return _prepared(image, data, place)
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise _too_many_pixels(place) from error
    except UnidentifiedImageError as error:
        raise _refusal("This is no picture that mail can show.", place, "Save it as JPEG, PNG, GIF or WebP.") from error
    except (OSError, SyntaxError, ValueError, EOFError, MemoryError, ZeroDivisionError, IndexError, KeyError) as error:
        raise _refusal(f"The picture is damaged: {error}.", place, "Save it again.") from error


def _prepared(image: Image.Image, data: bytes, place: str) -> Picture:
    if image.width * image.height > _MOST_PIXELS:
        raise _too_many_pixels(place)
    if getattr(image, "is_animated", False):
        return _moving(image, data, place)
    return _encoded(_fitted(image), image.format)


def _fitted(image: Image.Image) -> Image.Image:
    """Return the picture upright, in sRGB, and no larger than need be."""
    profile = image.info.get("icc_profile")
    # JPEG can be unpacked at a half or a quarter at once.
    image.draft("RGB", (WIDEST, _TALLEST))
    fitted = ImageOps.exif_transpose(image)
    if fitted.mode not in {"RGB", "RGBA", "L", "LA"}:
        has_alpha = fitted.mode in {"PA", "La"} or "transparency" in fitted.info
        fitted = fitted.convert("RGBA" if has_alpha else "RGB")
    if profile and fitted.mode in {"RGB", "RGBA"}:
        fitted = _in_srgb(fitted, profile)
    fitted.thumbnail((WIDEST, _TALLEST), Image.Resampling.LANCZOS)
    return fitted


def _in_srgb(image: Image.Image, profile: bytes) -> Image.Image:
    try:
        changed = ImageCms.profileToProfile(image, io.BytesIO(profile), ImageCms.createProfile("sRGB"))
    except (ImageCms.PyCMSError, OSError):
        # A profile of no use: the numbers are taken as they are, as mail programs do that know no profiles.
        return image
    return changed or image


def _encoded(image: Image.Image, came_as: str | None) -> Picture:
    """Write the pixels and nothing beside: JPEG for photographs, PNG for drawings and where one sees through."""
    bare = Image.new(image.mode, image.size)
    bare.paste(image)
    png = _saved(bare, "PNG", optimize=True) if came_as != "JPEG" else b""
    if bare.mode in {"RGBA", "LA"} and bare.getextrema()[-1] != (255, 255):
        return Picture(png, "png", *bare.size)
    opaque = bare.convert("L" if bare.mode in {"L", "LA"} else "RGB")
    jpeg = _saved(opaque, "JPEG", quality=_JPEG_QUALITY, optimize=True, progressive=True)
    # Drawings are sharper as PNG, and mostly smaller; a photograph is not.
    if png and len(png) < len(jpeg) * 1.5:
        return Picture(png, "png", *bare.size)
    return Picture(jpeg, "jpg", *bare.size)


def _moving(image: Image.Image, data: bytes, place: str) -> Picture:
    if image.format != "GIF" or len(data) > LARGEST_MOVING:
        raise _refusal(
            f"A moving picture must be a GIF of {LARGEST_MOVING >> 20} MB at most.",
            place,
            "Shorten it, or let it stand.",
        )
    return Picture(data, "gif", image.width, image.height)


def _saved(image: Image.Image, format: str, **options: object) -> bytes:  # noqa: A002 - Pillow's own name
    out = io.BytesIO()
    image.save(out, format, **options)
    return out.getvalue()


def _too_many_pixels(place: str) -> SourceError:
    return _refusal(f"The picture has more than {_MOST_PIXELS // 1_000_000} million pixels.", place, "Save it smaller.")


def _refusal(message: str, place: str, fix: str) -> SourceError:
    return SourceError(message, place=place, fix=fix)
