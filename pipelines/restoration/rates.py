"""The county's rates, measured from the layers: numerator and denominator in m², and at which change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np
from shapely.geometry import MultiPolygon
from sqlalchemy import select
from sqlalchemy.orm import Session

from data import facts
from geo.area import area
from layers.plots import Plot
from layers.townships import Township


@dataclass(frozen=True)
class Coverage:
    """The forest coverage of one township, or of the county as the sum of them."""

    code: str
    name: str
    forest_m2: float
    land_m2: float
    shape: MultiPolygon | None = None
    """The township, EPSG:4490; None for the county."""
    made_up: bool = False

    @property
    def percent(self) -> Decimal | None:
        """In percent, rounded half up to 2 decimals; None where there is no land."""
        if not self.land_m2:
            return None
        return Decimal(100 * self.forest_m2 / self.land_m2).quantize(Decimal("0.01"), ROUND_HALF_UP)


def forest_coverage(session: Session) -> list[Coverage]:
    """森林覆盖率 by township, by code, the county last: the forest's plots over the townships' land.

    Areas are additive (edges straight in longitude and latitude), so that the townships add up to the county.
    Which land classes are forest is in data/standards/rates.toml. A plot counts for the township in its attribute.
    """
    forest = _forest_by_township(session)
    townships = session.execute(
        select(Township.code, Township.name, Township.shape, Township.made_up).order_by(Township.code)
    ).all()
    land = area(np.array([row.shape for row in townships], dtype=object))
    rows = [
        Coverage(row.code, row.name or "", forest.get(row.code, 0.0), float(m2), row.shape, row.made_up)
        for row, m2 in zip(townships, land, strict=True)
    ]
    county = facts.county()
    return [*rows, Coverage(county.adcode, county.zh, sum(r.forest_m2 for r in rows), sum(r.land_m2 for r in rows))]


def _forest_by_township(session: Session) -> Mapping[str, float]:
    rows = [row for row in session.execute(_COUNTED) if _is_forest(row)]
    areas = area(np.array([row.shape for row in rows], dtype=object))
    forest: dict[str, float] = defaultdict(float)
    for row, m2 in zip(rows, areas, strict=True):
        forest[row.township] += float(m2)
    return forest


_COUNTED = select(Plot.township, Plot.shape, Plot.land_class, Plot.land_class_system, Plot.canopy)


def _is_forest(plot: Any) -> bool:
    """Whether a plot's class counts, and its canopy where the class asks for one and the plot states it."""
    counted = facts.forest_classes(plot.land_class_system).get(plot.land_class)
    if counted is None:
        return False
    return counted.min_canopy is None or plot.canopy is None or plot.canopy >= counted.min_canopy
