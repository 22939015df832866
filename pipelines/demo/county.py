"""The whole county of a seed, put together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from data import facts
from pipelines.demo.ground import Shapes, area_m2, boundary
from pipelines.demo.land import Land, land
from pipelines.demo.parts import Ground, Mosaic, divided, townships_of
from pipelines.demo.protection import Protection, protection
from pipelines.demo.rivers import Streams, streams
from pipelines.demo.stands import Stands, multi, stands
from pipelines.demo.terrain import Relief, relief
from pipelines.demo.values import SOURCE, Demo, Row, Step, sample


@dataclass(frozen=True)
class Scene:
    """Everything that the layers are drawn from."""

    rng: np.random.Generator
    relief: Relief
    water: Streams
    mosaic: Mosaic
    townships: Shapes
    stands: Stands
    land: Land
    protection: Protection


def county(seed: int, *, plots: int = 20_000) -> Demo:
    """The county of a seed with about so many forest plots; the same seed gives the same county."""
    scene = _scene(seed, plots)
    rows = [*_townships(scene.townships), *scene.stands.rows(), *scene.protection.rows]
    return Demo(seed, [Step(date(2024, 1, 1), "建立示例底数", "lay the base of the sample county", None, rows)])


def _scene(seed: int, plots: int) -> Scene:
    rng = np.random.default_rng(seed)
    ground = relief(rng)
    water = streams(ground)
    mosaic = divided(ground, water, rng, plots)
    standing = stands(mosaic, rng, float(area_m2(boundary())))
    wide = land(Ground(ground, rng), rng, 100.0)
    outlines = multi(townships_of(mosaic)[0])
    return Scene(rng, ground, water, mosaic, outlines, standing, wide, protection(wide, water))


def _townships(shapes: Shapes) -> list[Row]:
    units = [t for t in facts.townships() if t.kind != "zone"]
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
        for t, shape in zip(units, shapes, strict=True)
    ]
