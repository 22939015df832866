"""Made-up forest plots as a surveyor sends them: 30 vertices, every column filled, the same for the same seed."""

from __future__ import annotations

import math
import uuid
from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely

from data import facts
from geo.crs import Shapes
from layers.ground.layer import fields
from layers.plots import Plot

PORTION = 2000
"""Rows that are made, and written by the program, at a time."""
VERTICES = 30
COLUMNS = tuple(c.name for c in Plot.__table__.columns if c.name not in ("version", "change"))
"""What a writer brings; the journal adds its own two."""

_SEED = 4490
_FILLED: dict[str, Any] = {
    "province": "36",
    "county": "360732",
    "land_class": "030100",
    "land_class_system": "forest-2020",
    "purpose": "111",
    "category": "011",
    "authority": "10",
    "welfare_grade": "1",
    "change_year": 2024,
    "source": "年度更新调查",
    "made_up": True,
    "survey_crs": 4527,
}
_KEYS = ("township", "village", "compartment", "subcompartment")
_WORDS = ("红壤", "较好", "轻度", "林业局", "生态区位重要", "人工造林")


def portions(total: int, *, first: int = 0) -> Iterator[list[dict[str, Any]]]:
    """The plots from number `first` of a layer of `total`, as values by column, PORTION at a time.

    They stand on a grid in the middle of the county.
    """
    for start in range(first, total, PORTION):
        yield _portion(start, min(PORTION, total - start), math.isqrt(total - 1) + 1)


def shapes(count: int, *, of: int) -> Shapes:
    """The shapes alone of the first plots of a layer: the more it holds, the smaller they are."""
    side, starts = math.isqrt(of - 1) + 1, range(0, count, PORTION)
    return np.concatenate([_shapes(_random(s), np.arange(s, min(s + PORTION, count)), side) for s in starts])


def ids(total: int, *, first: int = 0) -> Iterator[list[uuid.UUID]]:
    """The ids of the same plots in the same portions."""
    for start in range(first, total, PORTION):
        yield [feature(number) for number in range(start, min(start + PORTION, total))]


def feature(number: int) -> uuid.UUID:
    """The id of the plot with this number."""
    return uuid.UUID(int=_SEED << 64 | number)


def _portion(first: int, count: int, side: int) -> list[dict[str, Any]]:
    random = _random(first)
    numbers = np.arange(first, first + count)
    drawn_shapes = _shapes(random, numbers, side)
    drawn = {name: _drawn(random, name, count) for name in _open_columns()}
    return [
        {**_named(int(n)), **_FILLED, **{name: values[i] for name, values in drawn.items()}, "shape": drawn_shapes[i]}
        for i, n in enumerate(numbers)
    ]


def _named(number: int) -> dict[str, Any]:
    """The id and the natural key of the plot with this number."""
    townships = list(facts.townships())
    key = (townships[number % len(townships)].code, f"{number % 40:03d}", f"{number // 500:04d}", str(number))
    return {"id": feature(number), "code": "-".join(key), "name": f"小班{number}"} | dict(zip(_KEYS, key, strict=True))


def _random(first: int) -> np.random.Generator:
    return np.random.default_rng([_SEED, first])


def _shapes(random: np.random.Generator, numbers: Any, side: int) -> Shapes:
    """Rings around the middle of each plot's cell that keep within it, so that they are valid and do not overlap."""
    cell = 0.6 / side
    turns = np.linspace(0, 2 * np.pi, VERTICES, endpoint=False)
    reach = random.uniform(0.3, 0.49, (len(numbers), VERTICES)) * cell
    east = 115.15 + (numbers % side + 0.5)[:, None] * cell + reach * np.cos(turns)
    north = 26.08 + (numbers // side + 0.5)[:, None] * cell + reach * np.sin(turns)
    rings = shapely.polygons(np.stack([east, north], axis=2))
    return np.asarray(shapely.multipolygons(rings[:, None]), dtype=object)


def _open_columns() -> list[str]:
    named = {*_FILLED, *_KEYS, "id", "code", "name", "shape"}
    return [name for name in COLUMNS if name not in named]


def _drawn(random: np.random.Generator, name: str, count: int) -> list[Any]:
    """Values of a column, by what it is: codes of its system, words, or numbers with its decimals."""
    column, field = Plot.__table__.columns[name], fields(Plot)[name]
    if field.codes:
        codes = list(facts.systems()[field.codes].codes)
        return [str(v) for v in random.choice(codes, count)]
    if column.type.python_type is str:
        return [str(v) for v in random.choice(_WORDS, count)]
    if column.type.python_type is int:
        return [int(v) for v in random.integers(1, 900, count)]
    low, high = (0.2, 1.0) if name == "canopy" else (1, 900)
    return [float(v) for v in np.round(random.uniform(low, high, count), getattr(column.type, "scale", None) or 2)]
