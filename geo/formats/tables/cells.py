"""A coordinate as it stands in a cell: a number, decimal text, or degrees, minutes and seconds."""

from __future__ import annotations

import math
import re
import unicodedata

from geo.formats.values import Scalar

_DECIMAL = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?(m|米|°|度)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[-+]?\d{1,3}([,' ]\d{3})+(\.\d+)?")
_PARTS = re.compile(
    r"(?:东经|北纬|[en])?(\d{1,3})[°度o](?:(\d{1,2}(?:\.\d+)?)['′’分])?(?:(\d{1,2}(?:\.\d+)?)(?:[\"″”秒]|''|′′)?)?[en]?",
    re.IGNORECASE,
)


def number(cell: Scalar) -> float | None:
    """The finite number of a cell; None when it holds none, or holds it in a way that can be read twofold."""
    if isinstance(cell, bool) or not isinstance(cell, int | float | str):
        return None
    if not isinstance(cell, str):
        return float(cell) if math.isfinite(cell) else None
    text = _plain(cell)
    if decimal := _DECIMAL.fullmatch(text):
        value = float(text.removesuffix(decimal[3] or ""))
        return value if math.isfinite(value) else None
    return _degrees(text)


def unpacked(cell: Scalar) -> float | None:
    """Degrees of a cell written ddd.mmss…, as 115.20305 for 115°20′30.5″; None for what cannot be that."""
    value = number(cell)
    if value is None or (isinstance(cell, str) and not _DECIMAL.fullmatch(_plain(cell))):
        return value  # With ° and ′ it says itself what it is.
    degrees, rest = divmod(abs(value), 1)
    minutes, seconds = divmod(round(rest * 100, 9), 1)
    seconds = round(seconds * 100, 7)
    return math.copysign(degrees + minutes / 60 + seconds / 3600, value) if minutes < 60 and seconds < 60 else None


def has_thousands(cell: Scalar) -> bool:
    """Whether a number is written with separators, as 2,914,100.5: elsewhere that is another number."""
    return isinstance(cell, str) and _THOUSANDS.fullmatch(_plain(cell)) is not None


def _degrees(text: str) -> float | None:
    parts = _PARTS.fullmatch(text.replace(" ", ""))
    if parts is None:
        return None
    degrees, minutes, seconds = (float(part or 0) for part in parts.groups())
    return degrees + minutes / 60 + seconds / 3600 if minutes < 60 and seconds < 60 else None


def _plain(cell: str) -> str:
    """Full-width digits and signs as plain ones; ″ becomes ′′, and º an o."""
    return unicodedata.normalize("NFKC", cell).strip()
