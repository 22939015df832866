"""The whole county of a seed, put together."""

from __future__ import annotations

from datetime import date

from pipelines.demo.landuse import classes, controls, erosion, erosion_field, landclass
from pipelines.demo.scene import scene, townships
from pipelines.demo.values import Demo, Step
from pipelines.demo.waters import sections, watersheds, wetlands


def county(seed: int, *, plots: int = 20_000) -> Demo:
    """The county of a seed with about so many forest plots; the same seed gives the same county."""
    s = scene(seed, plots)
    basins = watersheds(s)
    kinds, prone = classes(s), erosion_field(s)
    uses = [*landclass(s, kinds), *controls(s, kinds), *erosion(s, 2023, prone)]
    rows = [*uses, *townships(s), *s.stands.rows(), *s.protection.rows, *basins, *wetlands(s), *sections(s, basins)]
    return Demo(seed, [Step(date(2024, 1, 1), "建立示例底数", "lay the base of the sample county", None, rows)])
