"""The map of the county as a whole: a little of everything that is restored and kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from layers.wetlands import Wetland
from pipelines.paper.palette import MEADOWS, WETLAND, swatch
from pipelines.paper.styles import One
from pipelines.paper.themes import Figure, Theme
from pipelines.restoration.maps import plots
from pipelines.restoration.maps.forest import COVERAGE_STEPS
from pipelines.restoration.maps.progress import mines, projects, watersheds
from pipelines.restoration.maps.reading import Reading, layer_theme, told
from pipelines.restoration.maps.redline import outlines, protected_areas
from pipelines.restoration.maps.townships import ground_of
from pipelines.restoration.maps.water import sections


def themes(read: Reading) -> Iterable[Theme | None]:
    """In the order of the legend."""
    yield read.once(mines)
    yield read.once(sections)
    yield outlines(read)
    yield protected_areas(read)
    yield _wetlands(read)
    yield ground_of(read, "forest-coverage", COVERAGE_STEPS, MEADOWS)
    yield watersheds(read, show=False)
    yield projects(read, show=False)
    yield read.once(plots.merged)


def figures(read: Reading) -> Iterator[Figure]:
    yield from read.figure("forest-coverage")


def _wetlands(read: Reading) -> Theme | None:
    style = One(swatch("map_class.wetland", WETLAND))
    says = told(Wetland, "kind", "protection_form")
    return layer_theme("wetlands", read.features(Wetland), style, says=says, level=1)
