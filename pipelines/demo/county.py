"""The whole county of a seed, put together."""

from __future__ import annotations

from datetime import date

from pipelines.demo.figures import figures
from pipelines.demo.landuse import classes, controls, erosion, erosion_field, landclass
from pipelines.demo.past import Past
from pipelines.demo.scene import scene, townships
from pipelines.demo.values import Demo, Step
from pipelines.demo.waters import sections, watersheds, wetlands
from pipelines.demo.works import mines, projects


def county(seed: int, *, plots: int = 20_000) -> Demo:
    """The county of a seed with about so many forest plots; the same seed gives the same county.

    Steps come in the order in which they were entered; their days of effect need not.
    """
    s = scene(seed, plots)
    kinds, prone, basins = classes(s), erosion_field(s), watersheds(s)
    rows = [*townships(s), *s.stands.rows(), *landclass(s, kinds), *s.protection.rows, *controls(s, kinds)]
    rows += [*basins, *wetlands(s), *sections(s, basins), *erosion(s, 2023, prone), *mines(s), *projects(s)]
    base = Step(date(2024, 1, 1), "建立示例底数", "lay the base of the sample county", None, rows)
    return Demo(seed, [base, *Past(s, rows, prone).steps(), *figures()])
