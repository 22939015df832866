"""The map of the wetlands: which are protected, and what share of each township's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from uuid import UUID

from layers.wetlands import Wetland
from pipelines.paper.palette import KEPT, LAKES, NOT_ASKED, PARTLY_KEPT, UNKEPT, area, swatch
from pipelines.paper.styles import Column
from pipelines.paper.themes import Figure, Theme
from pipelines.restoration.counting import context, count, towns
from pipelines.restoration.maps.reading import Reading, layer_theme, present, told
from pipelines.restoration.maps.redline import protected_areas
from pipelines.restoration.maps.townships import ground_of

_RATE = "wetland-protection"
STEPS = (0.01, 0.25, 0.5, 0.75)
_COLOURS = {"kept": KEPT, "partly-kept": PARTLY_KEPT, "unkept": UNKEPT, "not-asked": NOT_ASKED}
ENTRIES = {
    name: swatch(f"map_class.{name}", area(colour, line=colour, width=1.6, opacity=0.95))
    for name, colour in _COLOURS.items()
}
_WHOLE = 0.9999
"""A share from which a wetland counts as protected whole: the rest is a border's rounding."""

Ground = Mapping[UUID, tuple[float, float]]
"""By wetland, the m² that count in the rate and those of them that are protected."""


def themes(read: Reading) -> Iterable[Theme | None]:
    """In the order of the legend."""
    yield _wetlands(read)
    yield protected_areas(read)
    yield ground_of(read, _RATE, STEPS, LAKES)


def figures(read: Reading) -> Iterator[Figure]:
    yield from read.figure(_RATE)


def _wetlands(read: Reading) -> Theme | None:
    """The wetlands by how much of their ground is protected, as the rate counts it."""
    features, ground = read.features(Wetland), _ground(read)

    def standing(wetland: Any) -> str:
        return _standing(*ground.get(wetland.id, (0.0, 0.0)))

    protected = Column("protected", "受保护面积", "protected", "hm²", 2, additive=True)
    says = (
        *told(Wetland, "kind", "protection_form", "baseline", "township"),
        (protected, lambda wetland: ground[wetland.id][1] / 1e4 if wetland.id in ground else None),
    )
    style = present(ENTRIES, map(standing, features))
    return layer_theme("wetlands-by-protection", features, style, says=says, group=standing, level=2)


def _ground(read: Reading) -> Ground:
    """What of each wetland counts, over all townships."""
    counted: dict[UUID, list[float]] = defaultdict(lambda: [0.0, 0.0])
    c = context(read.session, read.rates.on)
    for town in towns(read.session):
        for tally in count(read.session, town, "wetland", c):
            for claim, m2 in zip(tally.claims, tally.m2, strict=True):
                counted[claim.row.id][tally.figure == "protected-wetland"] += float(m2)
    return {wetland: (whole, protected) for wetland, (whole, protected) in counted.items()}


def _standing(whole_m2: float, protected_m2: float) -> str:
    if not whole_m2:
        return "not-asked"
    if protected_m2 >= _WHOLE * whole_m2:
        return "kept"
    return "partly-kept" if protected_m2 > (1 - _WHOLE) * whole_m2 else "unkept"
