"""A photo comes out upright, without anything it said of itself, or is refused."""

from __future__ import annotations

import io
import struct
import zlib

import pytest
from PIL import ExifTags, Image
from pillow_heif import from_pillow

from pipelines.reports.photo import cleaned
from pipelines.reports.sealing import ReportRefusal


def drawn(kind: str, size: tuple[int, int] = (60, 40)) -> Image.Image:
    """Red at the left, blue at the right."""
    made = Image.new(kind, size, "blue")
    made.paste("red", (0, 0, size[0] // 2, size[1]))
    return made


def written(image: Image.Image, form: str, **more: object) -> bytes:
    out = io.BytesIO()
    if form == "HEIF":
        from_pillow(image).save(out, quality=90)
    else:
        image.save(out, form, **more)
    return out.getvalue()


def exif(**named: object) -> Image.Exif:
    made = Image.Exif()
    made[ExifTags.Base.Orientation] = named.get("orientation", 1)
    made[ExifTags.Base.Artist] = "canary"
    made.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:11:20 08:15:30"
    gps = made.get_ifd(ExifTags.IFD.GPSInfo)
    gps[ExifTags.GPS.GPSLatitudeRef], gps[ExifTags.GPS.GPSLatitude] = "N", named.get("lat", (26.0, 19.0, 48.0))
    gps[ExifTags.GPS.GPSLongitudeRef], gps[ExifTags.GPS.GPSLongitude] = "E", (115.0, 21.0, 36.0)
    return made


def test_where_and_when_are_told_and_the_picture_says_neither() -> None:
    found = cleaned(written(drawn("RGB"), "JPEG", exif=exif(), comment=b"canary"))

    assert (found.lon, found.lat, found.taken_at) == (115.36, 26.33, "2026:11:20 08:15:30")
    with Image.open(io.BytesIO(found.jpeg)) as picture:
        assert dict(picture.getexif()) == {}
        assert (picture.format, picture.size) == ("JPEG", (60, 40))
    assert b"canary" not in found.jpeg


def test_a_photo_that_was_held_sideways_is_upright() -> None:
    found = cleaned(written(drawn("RGB"), "JPEG", exif=exif(orientation=6)))  # 6: its left side is up

    with Image.open(io.BytesIO(found.jpeg)) as picture:
        assert picture.size == (found.width, found.height) == (40, 60)
        red, _, blue = picture.getpixel((20, 5))  # type: ignore[misc]  # RGB
        assert (red > 200, blue < 100) == (True, True)


@pytest.mark.parametrize("form", ["PNG", "WEBP", "HEIF", "JPEG"])
def test_every_form_of_a_phone_comes_out_as_jpeg(form: str) -> None:
    found = cleaned(written(drawn("RGB"), form))

    with Image.open(io.BytesIO(found.jpeg)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (60, 40))


def test_what_is_transparent_is_white() -> None:
    found = cleaned(written(Image.new("RGBA", (20, 20), (0, 0, 0, 0)), "PNG"))

    with Image.open(io.BytesIO(found.jpeg)) as picture:
        assert min(picture.getpixel((10, 10))) > 250  # type: ignore[arg-type,type-var]  # RGB


def test_a_large_photo_is_made_smaller() -> None:
    found = cleaned(written(Image.new("RGB", (6000, 3000)), "JPEG"))

    assert (found.width, found.height) == (4096, 2048)


def test_a_position_that_is_nonsense_is_passed_over() -> None:
    found = cleaned(written(drawn("RGB"), "JPEG", exif=exif(lat=(95.0, 0.0, 0.0))))

    assert (found.lon, found.lat) == (115.36, None)


def test_a_bomb_is_refused_before_it_is_decoded() -> None:
    # 30,000 × 30,000 pixels in a few hundred bytes.
    head = struct.pack(">IIBBBBB", 30_000, 30_000, 8, 2, 0, 0, 0)
    parts = [(b"IHDR", head), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    bomb = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in parts
    )

    with pytest.raises(ReportRefusal) as refused:
        cleaned(bomb)

    assert (refused.value.id, refused.value.values["pixels"]) == ("reports.photo_bomb", 900)


@pytest.mark.parametrize("content", [b"\xff\xd8\xff", b"GIF89a", b"", b"\x89PNG\r\n\x1a\n" + bytes(100)])
def test_what_is_no_photo_is_refused(content: bytes) -> None:
    with pytest.raises(ReportRefusal) as refused:
        cleaned(content)

    assert refused.value.id == "reports.photo_broken"


def test_a_photo_that_ends_early_is_refused() -> None:
    with pytest.raises(ReportRefusal, match="photo_broken"):
        cleaned(written(drawn("RGB", (600, 400)), "JPEG")[:2000])
