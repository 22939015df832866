"""The map of the red lines: how strictly each is kept and for what, and what share of each township it takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from layers.protected_areas import ProtectedArea
from layers.redlines import Redline
from pipelines.paper.palette import CRIMSONS, PROTECTED, RED_LINE, STONES, Look, Pattern, swatch
from pipelines.paper.styles import One
from pipelines.paper.themes import Figure, Theme
from pipelines.restoration.maps.reading import Reading, layer_theme, present, told
from pipelines.restoration.maps.townships import ground_of

_RATE = "redline-share"
_STEPS = (0.1, 0.25, 0.4)
_SAYS = told(Redline, "zone", "control", "function", "protected_area", "document", "in_force_from")
_ZONES = {
    code: swatch(f"map_class.control-{code}", Look(fill=colour, line=CRIMSONS[2], width=0.9, opacity=0.9))
    for code, colour in zip(("outside", "general", "core"), CRIMSONS, strict=True)
}
_PATTERNS: tuple[tuple[str, Pattern], ...] = (("water", "bars"), ("biodiversity", "dots"), ("soil", "slash"))
_FUNCTIONS = {
    code: swatch(
        f"map_class.function-{code}", Look(fill=None, line="#2b0710", width=0.6, hatch="#2b0710", pattern=kind)
    )
    for code, kind in _PATTERNS
}


def themes(read: Reading) -> Iterable[Theme | None]:
    """In the order of the legend."""
    redlines = read.in_force(Redline)
    zones = present(_ZONES, (r.control for r in redlines))
    functions = present(_FUNCTIONS, (r.function for r in redlines))
    yield layer_theme("redline-zones", redlines, zones, says=_SAYS, group=lambda r: r.control, level=1)
    yield layer_theme("redline-functions", redlines, functions, says=_SAYS, group=lambda r: r.function, level=2)
    yield protected_areas(read)
    yield ground_of(read, _RATE, _STEPS, STONES)


def figures(read: Reading) -> Iterator[Figure]:
    yield from read.figure(_RATE)


def outlines(read: Reading) -> Theme | None:
    """The red lines in one look, for maps on which they are not the subject."""
    return layer_theme(
        "redlines", read.in_force(Redline), One(swatch("map_class.redline", RED_LINE)), says=_SAYS[:3], level=2
    )


def protected_areas(read: Reading) -> Theme | None:
    """The protected areas by their outline."""
    says = told(ProtectedArea, "kind", "grade", "control", "document", "in_force_from")
    style = One(swatch("map_class.protected", PROTECTED))
    return layer_theme("protected", read.in_force(ProtectedArea), style, says=says, level=3)
