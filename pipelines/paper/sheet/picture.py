"""The picture of a parcel: its ground, what it touches, scale, north, legend. Drawn by us, on no map of others.

One PNG serves every paper. It is drawn twice as large as it is kept, which smooths its lines.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
import shapely
from PIL import Image, ImageChops, ImageDraw, ImageFont
from shapely.geometry.base import BaseGeometry

from geo.crs import Floats
from pipelines.paper.sheet.fonts import SANS, font_files
from pipelines.paper.sheet.frame import MAP_MM, Frame
from pipelines.paper.sheet.result import Finding, Parcel, dms
from pipelines.paper.sheet.tables import Table, corners, words

DPI = 220
_FINE = 2
_WIDTH = round(MAP_MM[0] / 25.4 * DPI) * _FINE
_HEIGHT = round(MAP_MM[1] / 25.4 * DPI) * _FINE
_MM = _WIDTH / MAP_MM[0]
_INK, _PAPER, _RED = "#1a1a1a", "#ffffff", "#b3001b"
_COLUMNS = 3
"""Of the legend."""
_LABELLED = 40
"""Corners of a parcel up to which each is named on the map."""


@dataclass(frozen=True)
class _Look:
    """How the features of a row are drawn. hatch: lines in the direction (x, y) mm; widths in mm."""

    line: str
    width: float = 0.25
    fill: str | None = None
    cover: float = 0.0
    hatch: tuple[int, int] | None = None
    gap: float = 2.2


_LOOKS = {
    "land-class": _Look("#b3aea0", 0.15),
    "forest": _Look("#6f9a62", 0.18, "#a9cf93", 0.45),
    "unit": _Look("#8a7a9c", 0.35),
    "geohazard": _Look("#c07a2c", 0.35),
    "urban": _Look("#5a5a5a", 0.5, "#9a9a9a", 0.25),
    "farmland": _Look("#a8861d", 0.3, "#f3d96b", 0.55),
    "polluted": _Look("#6b3d2e", 0.4, "#b58a78", 0.4),
    "tailings": _Look("#4d4d4d", 0.4, "#8c8c8c", 0.45),
    "mining": _Look("#7a4a1f", 0.4, hatch=(1, 0)),
    "wetland": _Look("#1d5b80", 0.35, "#7fbcd6", 0.6),
    "fishing-ban": _Look("#2b6f95", 0.3, hatch=(0, 1)),
    "water-source": _Look("#0b5d7a", 0.5, hatch=(0, 1), gap=3.2),
    "protected-area": _Look("#5b3f8c", 0.6, hatch=(1, 1), gap=3.0),
    "redline": _Look("#b3001b", 0.6, hatch=(1, -1), gap=2.2),
}
"""By row of the sheet, from the ground up."""


def picture(parcel: Parcel, *, plane: int, made_up: bool) -> bytes:
    """The picture of a parcel as PNG."""
    frame = Frame(parcel.window)
    image = Image.new("RGB", (_WIDTH, _HEIGHT), "#fbfaf5")
    findings = {finding.id: finding for finding in parcel.findings if finding.features}
    drawn = [name for name in _LOOKS if name in findings]
    for name in drawn:
        _draw_features(image, frame, [one.near for one in findings[name].features], _LOOKS[name])
    pen = ImageDraw.Draw(image)
    _draw_parcel(pen, frame, parcel.shape)
    _name_corners(pen, frame, corners(parcel, plane))
    _draw_scale(pen, frame)
    _draw_north(pen)
    if made_up:
        _write(pen, (3.5 * _MM, 3.5 * _MM), words("paper.made_up"), 3.6, _RED, plate=True)
    _draw_edge(pen, frame)
    return _png(image, _legend([findings[name] for name in reversed(drawn)]))


def _png(image: Image.Image, below: Image.Image) -> bytes:
    whole = Image.new("RGB", (_WIDTH, _HEIGHT + below.height // _FINE * _FINE), _PAPER)
    whole.paste(image)
    whole.paste(below, (0, _HEIGHT))
    small = whole.resize((whole.width // _FINE, whole.height // _FINE), Image.Resampling.BOX)
    held = io.BytesIO()
    small.quantize(192, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(held, "PNG", dpi=(DPI, DPI))
    return held.getvalue()


def _draw_features(image: Image.Image, frame: Frame, shapes: Sequence[BaseGeometry], look: _Look) -> None:
    mask = Image.new("L", image.size, 0)
    for part in shapely.get_parts(np.array(shapes, dtype=object)):
        _fill(mask, frame, part)
    if look.fill:
        image.paste(look.fill, mask=mask.point(lambda value: round(value * look.cover)))
    if look.hatch:
        image.paste(look.line, mask=ImageChops.multiply(mask, _hatched(look.hatch, look.gap)))
    pen = ImageDraw.Draw(image)
    for ring in _rings(shapes):
        pen.line(_xy(frame, ring), look.line, round(look.width * _MM), joint="curve")


def _fill(mask: Image.Image, frame: Frame, part: BaseGeometry) -> None:
    """Add the inside of a polygon to a mask; what others have filled in its holes stays."""
    if not isinstance(part, shapely.Polygon) or part.is_empty:
        return
    outer = _xy(frame, part.exterior)
    if not part.interiors:
        ImageDraw.Draw(mask).polygon(outer, 255)
        return
    left, top = (int(min(values)) for values in zip(*outer, strict=True))
    wide, high = (int(max(values)) + 1 for values in zip(*outer, strict=True))
    own = Image.new("L", (max(wide - left, 1), max(high - top, 1)), 0)
    pen = ImageDraw.Draw(own)
    for ring, ink in [(outer, 255), *((_xy(frame, hole), 0) for hole in part.interiors)]:
        pen.polygon([(x - left, y - top) for x, y in ring], ink)
    mask.paste(255, (left, top), own)


@cache
def _hatched(direction: tuple[int, int], gap: float) -> Image.Image:
    mask = Image.new("L", (_WIDTH, _HEIGHT), 0)
    pen = ImageDraw.Draw(mask)
    x, y = direction
    step, width = gap * _MM, round(0.22 * _MM)
    for n in range(int((_WIDTH + _HEIGHT) / step) + 1):
        at = n * step
        if x and y:
            pen.line([(at - _HEIGHT, 0), (at, _HEIGHT)] if y < 0 else [(at, 0), (at - _HEIGHT, _HEIGHT)], 255, width)
        else:
            pen.line([(0, at), (_WIDTH, at)] if x else [(at, 0), (at, _HEIGHT)], 255, width)
    return mask


def _draw_parcel(pen: ImageDraw.ImageDraw, frame: Frame, shape: BaseGeometry) -> None:
    for ring in _rings([shape]):
        pen.line(_xy(frame, ring), _PAPER, round(1.6 * _MM), joint="curve")
    for ring in _rings([shape]):
        pen.line(_xy(frame, ring), _INK, round(0.75 * _MM), joint="curve")


def _name_corners(pen: ImageDraw.ImageDraw, frame: Frame, table: Table) -> None:
    """The corners as the table numbers them; only where there is room for their names."""
    found = {str(row[0]): (row[4], row[5]) for row in table.rows}
    if len(found) > _LABELLED:
        return
    at = frame.placed(np.array(list(found.values()), dtype=float), width=_WIDTH)
    middle = at.mean(axis=0)
    for name, (x, y) in zip(found, at, strict=True):
        pen.ellipse([x - 0.7 * _MM, y - 0.7 * _MM, x + 0.7 * _MM, y + 0.7 * _MM], _PAPER, _INK, round(0.3 * _MM))
        out = np.array([x, y]) - middle
        x, y = np.array([x, y]) + out / (np.hypot(*out) or 1.0) * 3.2 * _MM  # noqa: PLW2901 -- moved outwards
        _write(pen, (x, y), name, 2.6, _INK, anchor="mm")


def _draw_scale(pen: ImageDraw.ImageDraw, frame: Frame) -> None:
    """A bar of a round length, about a quarter of the map."""
    most = frame.metres / 4
    metres = max(s * 10**k for k in range(7) for s in (1, 2, 5) if s * 10**k <= max(most, 1))
    length = metres / frame.metres * _WIDTH
    x, y, high = 6 * _MM, _HEIGHT - 7 * _MM, 1.4 * _MM
    pen.rectangle([x - 3 * _MM, y - 5.2 * _MM, x + length + 7 * _MM, y + 3.4 * _MM], _PAPER)
    for n in range(4):
        pen.rectangle([x + n * length / 4, y, x + (n + 1) * length / 4, y + high], _INK if n % 2 == 0 else _PAPER, _INK)
    unit = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"
    _write(pen, (x, y - 1 * _MM), "0", 2.8, _INK, anchor="ms")
    _write(pen, (x + length, y - 1 * _MM), unit, 2.8, _INK, anchor="ms")


def _draw_north(pen: ImageDraw.ImageDraw) -> None:
    x, y = _WIDTH - 9 * _MM, 14 * _MM
    pen.rectangle([x - 5 * _MM, 2.5 * _MM, x + 5 * _MM, 19 * _MM], _PAPER)
    tip, left, right, notch = (x, y - 6 * _MM), (x - 2.6 * _MM, y + 3 * _MM), (x + 2.6 * _MM, y + 3 * _MM), (x, y + _MM)
    pen.polygon([tip, left, notch], _INK)
    pen.line([tip, right, notch, tip], _INK, round(0.25 * _MM), joint="curve")
    _write(pen, (x, y - 6.6 * _MM), words("paper.north"), 3.0, _INK, anchor="ms")


def _legend(findings: Sequence[Finding]) -> Image.Image:
    """Below the map: the parcel, and what it touches, the uppermost first."""
    entries = [(words("paper.footprint"), None), *((one.zh, _LOOKS[one.id]) for one in findings)]
    line, column = 6.5 * _MM, _WIDTH / _COLUMNS
    strip = Image.new("RGB", (_WIDTH, round(-(-len(entries) // _COLUMNS) * line + 1.5 * _MM)), _PAPER)
    pen = ImageDraw.Draw(strip)
    for n, (name, look) in enumerate(entries):
        x, y = n % _COLUMNS * column + 0.4 * _MM, n // _COLUMNS * line + 2.2 * _MM
        box = [round(v) for v in (x, y, x + 8 * _MM, y + 4 * _MM)]
        _draw_swatch(strip, box, look)
        _write(pen, (x + 10 * _MM, y + 2 * _MM), name, 3.0, _INK, anchor="lm")
    return strip


def _draw_swatch(image: Image.Image, box: list[int], look: _Look | None) -> None:
    pen = ImageDraw.Draw(image)
    if look is None:
        pen.rectangle(box, _PAPER, _INK, round(0.75 * _MM))
        return
    inside = Image.new("L", image.size, 0)
    ImageDraw.Draw(inside).rectangle(box, 255)
    if look.fill:
        image.paste(look.fill, mask=inside.point(lambda value: round(value * look.cover)))
    if look.hatch:
        image.paste(
            look.line, mask=ImageChops.multiply(inside, _hatched(look.hatch, look.gap).crop((0, 0, *image.size)))
        )
    pen.rectangle(box, None, look.line, max(1, round(look.width * _MM)))


def _draw_edge(pen: ImageDraw.ImageDraw, frame: Frame) -> None:
    """The neat line, and longitude and latitude at two of its corners."""
    pen.rectangle([0, 0, _WIDTH - 1, _HEIGHT - 1], None, _INK, round(0.4 * _MM))
    west, south, east, north = frame.window
    _write(pen, (_WIDTH / 2, 1.2 * _MM), f"{dms(north)} N", 2.3, _INK, anchor="ma", plate=True)
    _write(pen, (_WIDTH / 2, _HEIGHT - 1.2 * _MM), f"{dms(south)} N", 2.3, _INK, anchor="md", plate=True)
    _write(pen, (1.2 * _MM, _HEIGHT / 2), f"{dms(west)} E", 2.3, _INK, anchor="lm", plate=True)
    _write(pen, (_WIDTH - 1.2 * _MM, _HEIGHT / 2), f"{dms(east)} E", 2.3, _INK, anchor="rm", plate=True)


def _write(
    pen: ImageDraw.ImageDraw,
    at: tuple[float, float],
    said: str,
    size: float,
    ink: str,
    *,
    anchor: str = "la",
    plate: bool = False,
) -> None:
    """Words of a size in mm, with a pale edge, or on a pale plate, so that they are read on any ground."""
    font = _font(round(size * _MM))
    if plate:
        left, top, right, bottom = pen.textbbox(at, said, font, anchor)
        pen.rectangle([left - _MM, top - 0.7 * _MM, right + _MM, bottom + 0.7 * _MM], _PAPER)
    pen.text(at, said, ink, font, anchor, stroke_width=0 if plate else round(0.45 * _MM), stroke_fill=_PAPER)


@cache
def _font(size: int) -> ImageFont.FreeTypeFont:
    """The simplified Chinese face of the collection: the first one is Japanese, and its forms of some signs differ."""
    file = str(font_files()[SANS])
    faces = (ImageFont.truetype(file, size, index) for index in range(10))
    return next(face for face in faces if face.getname()[0] == "Noto Sans CJK SC")


def _rings(shapes: Sequence[BaseGeometry]) -> Iterator[shapely.LinearRing]:
    for part in shapely.get_parts(np.array(shapes, dtype=object)):
        if isinstance(part, shapely.Polygon) and not part.is_empty:
            yield part.exterior
            yield from part.interiors


def _xy(frame: Frame, ring: shapely.LinearRing) -> list[tuple[float, float]]:
    placed: Floats = frame.placed(shapely.get_coordinates(ring), width=_WIDTH)
    return list(map(tuple, placed.tolist()))
