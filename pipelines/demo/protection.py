"""Protected areas and the red lines around them: along ridges and rivers, with holes where people live."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import shapely

from pipelines.demo.ground.land import Land
from pipelines.demo.ground.mosaic import Coverage, dissolved
from pipelines.demo.ground.plane import Ints, Mask, Shapes
from pipelines.demo.ground.rivers import Streams
from pipelines.demo.stands import multi, ranked
from pipelines.demo.values import SOURCE, Row, sample

PARK = "BHD01"
PARK_HM2, PARK_WETLAND_HM2 = 3_577.0, 2_362.45
"""江西潋江国家湿地公园, as one public page gives it; the place is made up."""
PARK_SOURCE = f"{SOURCE};面积取公开数字,位置虚构 / size as published, place made up"


@dataclass(frozen=True)
class _Area:
    """A protected area: label, code, name, kind, grade, centre, size, and the share of it that is core."""

    code: str
    name: str
    kind: str
    grade: str
    centre: tuple[float, float]
    hm2: float
    core: float


AREAS = (
    _Area(PARK, "江西潋江国家湿地公园(示例范围)", "wetland-park", "national", (115.405, 26.395), PARK_HM2, 0.0),
    _Area("BHD02", "北山省级自然保护区(虚构)", "reserve", "provincial", (115.315, 26.590), 6_900.0, 0.46),
    _Area("BHD03", "东岭县级自然保护区(虚构)", "reserve", "county", (115.640, 26.500), 3_150.0, 0.35),
    _Area("BHD04", "西山省级森林公园(虚构)", "forest-park", "provincial", (115.165, 26.395), 2_480.0, 0.0),
    _Area("BHD05", "南坑自然保护小区(虚构)", "small-reserve", "county", (115.690, 26.585), 640.0, 0.0),
)
_ZONES = (
    ("北部山地", (115.33, 26.60), "water"),
    ("东北部山地", (115.68, 26.58), "biodiversity"),
    ("东部山地", (115.66, 26.42), "soil"),
    ("西部山地", (115.14, 26.40), "water"),
    ("西南部丘陵", (115.17, 26.22), "soil"),
    ("东南部丘陵", (115.45, 26.20), "soil"),
)
_CONTROL = ("outside", "general", "core")


@dataclass(frozen=True)
class Protection:
    """Rows, and the masks and shapes that others build upon."""

    rows: list[Row]
    park: shapely.MultiPolygon
    park_wetland: shapely.MultiPolygon
    redlines: Shapes


def protection(land: Land, water: Streams) -> Protection:
    """Protected areas and red lines on one ground; the core of an area is core of the red line too."""
    park, wet = _park(land, water)
    areas = [park, *(_mountain(land, a) for a in AREAS[1:])]
    zones = _zones(areas, land)
    labels, shapes = _drawn(land, 3 * zones[0] + zones[1])
    area_rows = [row for n, a in enumerate(AREAS) for row in _area_rows(a, 3 * (n + 1), labels, shapes)]
    names, lines = _drawn(land, _red_labels(land, water, zones))
    line_rows = [_line_row(n, int(label), line) for n, (label, line) in enumerate(zip(names, lines, strict=True), 1)]
    of_park = shapes[np.flatnonzero(labels == 4)[0]]
    wetland = _drawn(land, wet.astype(int))[1][0]
    inside = shapely.intersection(wetland, of_park)
    return Protection(area_rows + line_rows, of_park, multi(np.array([inside]))[0], lines)


def _park(land: Land, water: Streams) -> tuple[Mask, Mask]:
    """The park along the river and the wetland in it."""
    wide = water.lines[water.drained > 180e6]
    away = np.maximum(0, land.far_from(*AREAS[0].centre) - 8_500)
    score = -land.far(wide) * np.exp(0.55 * land.waves(2_500)) - away / 3
    park = land.best(score, PARK_HM2)
    return park, land.best(np.where(park, score, -np.inf), PARK_WETLAND_HM2)


def _mountain(land: Land, area: _Area) -> Mask:
    """The high ground round a centre."""
    pull = land.far_from(*area.centre) / np.sqrt(area.hm2 * 1e4)
    return land.best(1.1 * ranked(land.height) + 0.3 * land.waves(3_000, 5) - 0.45 * pull**2, area.hm2)


def _zones(areas: list[Mask], land: Land) -> tuple[Ints, Ints]:
    """Area number of each cell (0 none) and control: 1 general, 2 core."""
    number, control = np.zeros(len(land.x), dtype=int), np.zeros(len(land.x), dtype=int)
    for n, (mask, area) in enumerate(zip(areas, AREAS, strict=True), 1):
        own = mask & (number == 0)
        number[own], control[own] = n, 1
        if area.core:
            away = land.far_from(*area.centre) / np.sqrt(area.hm2 * 1e4)
            deep = np.where(own, ranked(land.height) - 0.3 * away + 0.15 * land.waves(2_500), -np.inf)
            control[own & land.best(deep, area.core * area.hm2)] = 2
    return number, control


def _drawn(land: Land, labels: Ints) -> tuple[Ints, Shapes]:
    """Each label and its MultiPolygon."""
    found = land.drawn(labels)
    shapes, names = dissolved(Coverage(found.shapes, found.labels), found.labels)
    return names, multi(shapes)


def _area_rows(area: _Area, label: int, labels: Ints, shapes: Shapes) -> list[Row]:
    both = {label + 1: "general", label + 2: "core"}
    return [
        sample(
            "protected_areas",
            {
                "code": area.code + ("" if not area.core else f"-{control[0].upper()}"),
                "name": area.name,
                "kind": area.kind,
                "grade": area.grade,
                "control": control,
                "in_force_from": date(2013, 12, 31),
                "source": PARK_SOURCE if area.code == PARK else SOURCE,
                "shape": shape,
            },
        )
        for found, shape in zip(labels, shapes, strict=True)
        if (control := both.get(int(found)))
    ]


def _red_labels(land: Land, water: Streams, zones: tuple[Ints, Ints]) -> Ints:
    """12 a zone: 1 + 3 · zone + control; 0 where no red line lies."""
    number, control = zones
    ridge = 0.6 * ranked(land.height) + 0.55 * ranked(land.above_stream) + 0.25 * land.waves(5_000, 6)
    ridge -= 0.9 * np.exp(-((land.far_from(115.356, 26.33) / 9_000) ** 2))
    banks = land.far(water.lines[water.drained > 70e6], 1_000)
    along = (banks < 170 * np.exp(0.6 * land.waves(1_200))) & (land.waves(9_000) > 0.12)
    red = land.best(ridge, 68_000) | along | (control == 2) | ((number > 0) & (number < 4))
    zone = np.argmin([land.far_from(*centre) + 3_500 * land.waves(7_000, 5) for _, centre, _ in _ZONES], axis=0)
    return np.where(red, 1 + 3 * zone + control, 0)


def _line_row(n: int, label: int, shape: shapely.MultiPolygon) -> Row:
    zone, control = divmod(label - 1, 3)
    name, _, function = _ZONES[zone]
    return sample(
        "redlines",
        {
            "code": f"HX360732{n:03d}",
            "name": f"{name}生态保护红线({['自然保护地外', '一般控制区', '核心保护区'][control]},示例)",
            "zone": f"{name}片区(虚构)",
            "function": function,
            "control": _CONTROL[control],
            "in_force_from": date(2022, 10, 14),
            "shape": shape,
        },
    )
