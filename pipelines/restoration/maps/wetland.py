"""The map of the wetlands: which are protected, and what share of each township's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from layers.wetlands import Wetland
from pipelines.paper.palette import KEPT, LAKES, OPEN, UNKEPT, area, swatch
from pipelines.paper.themes import Figure, Theme
from pipelines.restoration.definitions import in_use
from pipelines.restoration.maps.reading import Reading, layer_theme, present, told
from pipelines.restoration.maps.redline import protected_areas
from pipelines.restoration.maps.townships import ground_of

_RATE = "wetland-protection"
_STEPS = (0.01, 0.25, 0.5, 0.75)
_ENTRIES = {
    name: swatch(f"map_class.{name}", area(colour, line=colour, width=1.6, opacity=0.95))
    for name, colour in (("kept", KEPT), ("open", OPEN), ("unkept", UNKEPT))
}


def themes(read: Reading) -> Iterable[Theme | None]:
    """In the order of the legend."""
    yield _wetlands(read)
    yield protected_areas(read)
    yield ground_of(read, _RATE, _STEPS, LAKES)


def figures(read: Reading) -> Iterator[Figure]:
    yield from read.figure(_RATE)


def _wetlands(read: Reading) -> Theme | None:
    features = read.features(Wetland)
    says = told(Wetland, "kind", "protection_form", "baseline", "township")
    style = present(_ENTRIES, map(_standing, features))
    return layer_theme("wetlands-by-form", features, style, says=says, group=_standing, level=2)


def _standing(wetland: Any) -> str:
    """Whether a form of protection is entered for it, and one that counts in the rate.

    The rate itself also asks whether the ground lies within a protected area.
    """
    if wetland.protection_form is None:
        return "unkept"
    return "kept" if wetland.protection_form in in_use().counted(_RATE, "wetland-protection") else "open"
