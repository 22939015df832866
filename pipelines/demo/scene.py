"""Everything that the layers of the demo are drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from data import facts
from data.boundary import boundary
from pipelines.demo.ground.land import Land, hm2, land, polygons
from pipelines.demo.ground.parts import Ground, Mosaic, divided, townships_of
from pipelines.demo.ground.plane import Shapes, area_m2
from pipelines.demo.ground.rivers import Streams, streams
from pipelines.demo.ground.terrain import Relief, relief
from pipelines.demo.protection import Protection, protection
from pipelines.demo.stands import Stands, multi, stands
from pipelines.demo.values import SOURCE, Row, sample


@dataclass(frozen=True)
class Scene:
    """The ground, the water, the mosaic and what is protected; `coarse` is for what needs no fine edge."""

    rng: np.random.Generator
    relief: Relief
    water: Streams
    mosaic: Mosaic
    townships: Shapes
    stands: Stands
    land: Land
    coarse: Land
    protection: Protection

    @property
    def county(self) -> shapely.MultiPolygon:
        return boundary()

    def township_at(self, point: shapely.Point) -> str:
        """Code of the township that a point in EPSG:4490 lies in or nearest to."""
        return units()[int(np.argmin(shapely.distance(self.townships, point)))].code

    def by_township(self, shape: shapely.Geometry, least_hm2: float) -> list[shapely.MultiPolygon]:
        """A shape cut along township borders, without parts below a size."""
        parts = [polygons(cut) for cut in shapely.intersection(self.townships, shape)]
        return [p for p in parts if not p.is_empty and hm2(p) >= least_hm2]


def units() -> list[facts.Township]:
    """The 25 townships; the development zone lies within them and has no outline of its own."""
    return [t for t in facts.townships() if t.kind != "zone"]


def scene(seed: int, plots: int) -> Scene:
    """The scene of a seed."""
    rng = np.random.default_rng(seed)
    hills = relief(rng)
    water = streams(hills)
    ground = Ground(hills, rng)
    mosaic = divided(ground, water, rng, plots)
    standing = stands(mosaic, rng, float(area_m2(boundary())))
    step = 100 * float(np.clip((20_000 / plots) ** 0.25, 1, 2))  # a small county needs no fine edges
    fine, coarse = land(ground, rng, step), land(ground, rng, 1.6 * step)
    outlines = multi(townships_of(mosaic)[0])
    return Scene(rng, hills, water, mosaic, outlines, standing, fine, coarse, protection(fine, water))


def townships(s: Scene) -> list[Row]:
    """The townships: names and codes are real, their shapes are not."""
    return [
        sample(
            "townships",
            {
                "code": t.code,
                "name": t.zh,
                "pinyin": t.pinyin,
                "kind": t.kind,
                "seat_lon": t.seat and t.seat[0],
                "seat_lat": t.seat and t.seat[1],
                "source": f"{SOURCE}:名称、代码真实,界线虚构 / name and code real, shape made up",
                "shape": shape,
            },
        )
        for t, shape in zip(units(), s.townships, strict=True)
    ]
