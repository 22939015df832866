"""Pictures of a site before and after, made anew so that nothing goes out with them but what is seen."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from io import BytesIO

from PIL import Image, ImageOps

from geo.refusal import Refusal

WIDEST = 1280
"""Pixels of the longer side."""


class PictureRefusal(Refusal):
    """What was given as a picture is none that can be shown."""


@dataclass(frozen=True)
class Picture:
    """One picture as it was taken."""

    jpeg: bytes
    taken_on: date
    caption_zh: str
    caption_en: str
    made_up: bool

    @property
    def zh(self) -> str:
        return self.caption_zh

    @property
    def en(self) -> str:
        return self.caption_en


@dataclass(frozen=True)
class Pictures:
    """A site before and after, seen from the same place."""

    before: Picture
    after: Picture


@dataclass(frozen=True)
class Shown:
    """A picture as a page shows it."""

    picture: Picture
    path: str
    """From the root, named by what it holds."""
    content: bytes
    width: int
    height: int


Pair = tuple[Shown, Shown]
"""Before and after."""


def prepared(pictures: Mapping[str, Pictures]) -> Mapping[str, Pair]:
    """The pictures by the key of their site. Raises PictureRefusal naming the site whose picture cannot be read."""
    return {
        key: (_shown(key, "before", pictures[key].before), _shown(key, "after", pictures[key].after))
        for key in sorted(pictures)
    }


def _shown(key: str, which: str, picture: Picture) -> Shown:
    plain = _cleaned(key, which, picture.jpeg)
    out = BytesIO()
    plain.save(out, "JPEG", quality=82)
    name = f"pictures/{key}-{which}.{hashlib.sha256(out.getvalue()).hexdigest()[:8]}.jpg"
    return Shown(picture, name, out.getvalue(), *plain.size)


def _cleaned(key: str, which: str, jpeg: bytes) -> Image.Image:
    """What is seen, upright and no larger than a page needs: without the place, day and camera that a file may hold."""
    try:
        with Image.open(BytesIO(jpeg), formats=["JPEG"]) as read:
            upright = ImageOps.exif_transpose(read).convert("RGB")
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise PictureRefusal("public.picture_unreadable", key=key, which=which, reason=str(error)) from error
    upright.thumbnail((WIDEST, WIDEST))
    plain = Image.new("RGB", upright.size)
    plain.paste(upright)
    return plain
