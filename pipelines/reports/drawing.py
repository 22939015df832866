"""The child in which a citizen's photo is decoded and drawn anew: from standard input to standard output."""

from __future__ import annotations

import io
import json
import math
import resource
import sys
from collections.abc import Mapping
from typing import Any

from PIL import ExifTags, Image, ImageOps
from pillow_heif import register_heif_opener

from data.reporting import limits
from geo.sandbox.confine import forbid_network_and_programs
from pipelines.reports.photo import LENGTH
from pipelines.reports.sealing import ReportRefusal

_FORMATS = ("JPEG", "PNG", "WEBP", "HEIF")


def main() -> None:
    """A length, JSON of what the photo says of itself or why it is refused, and a JPEG."""
    photo = sys.stdin.buffer.read()
    register_heif_opener()
    Image.init()
    _limit()
    try:
        said, jpeg = _drawn_anew(photo)
    except ReportRefusal as refusal:
        said, jpeg = {"refused": refusal.id, "values": dict(refusal.values)}, b""
    except (OSError, ValueError, SyntaxError, MemoryError, LookupError, ArithmeticError) as error:
        said, jpeg = {"refused": "reports.photo_broken", "values": {"reason": type(error).__name__}}, b""
    written = json.dumps(said).encode()
    sys.stdout.buffer.write(LENGTH.pack(len(written)) + written + jpeg)


def _limit() -> None:
    forbid_network_and_programs()
    resource.setrlimit(resource.RLIMIT_CPU, (limits().photo_cpu_s,) * 2)
    resource.setrlimit(resource.RLIMIT_AS, (limits().photo_memory_bytes,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _drawn_anew(photo: bytes) -> tuple[dict[str, Any], bytes]:
    Image.MAX_IMAGE_PIXELS = None  # the bound below is ours, and holds from the first pixel
    with Image.open(io.BytesIO(photo), formats=_FORMATS) as opened:
        pixels = opened.width * opened.height
        if pixels > limits().photo_pixels:
            raise ReportRefusal("reports.photo_bomb", pixels=pixels // 10**6, most=limits().photo_pixels // 10**6)
        said = _told(opened)
        opened.draft("RGB", (limits().photo_side,) * 2)
        upright = ImageOps.exif_transpose(opened).convert("RGBA")
    upright.thumbnail((limits().photo_side,) * 2)
    plain = Image.new("RGB", upright.size, "white")
    plain.paste(upright, mask=upright)
    out = io.BytesIO()
    plain.save(out, "JPEG", quality=88)
    return {"width": plain.width, "height": plain.height, **said}, out.getvalue()


def _told(opened: Image.Image) -> dict[str, Any]:
    exif = opened.getexif()
    gps, more = (dict(exif.get_ifd(part)) for part in (ExifTags.IFD.GPSInfo, ExifTags.IFD.Exif))
    taken = more.get(ExifTags.Base.DateTimeOriginal)
    return {
        "lon": _degrees(gps, ExifTags.GPS.GPSLongitude, ExifTags.GPS.GPSLongitudeRef, "W", 180),
        "lat": _degrees(gps, ExifTags.GPS.GPSLatitude, ExifTags.GPS.GPSLatitudeRef, "S", 90),
        "taken_at": taken[:19] if isinstance(taken, str) and taken.isascii() and taken.isprintable() else None,
    }


def _degrees(gps: Mapping[int, Any], key: int, side: int, negative: str, most: int) -> float | None:
    """Degrees of a position in EXIF, None where it has none or writes nonsense."""
    try:
        whole, minutes, seconds = (float(part) for part in gps[key])
    except (LookupError, TypeError, ValueError, ArithmeticError):
        return None
    found = (whole + minutes / 60 + seconds / 3600) * (-1 if gps.get(side) == negative else 1)
    return round(found, 6) if math.isfinite(found) and abs(found) <= most else None


if __name__ == "__main__":
    main()
