"""The map of the forest: how much of each township it covers, what it is made of, what of it is kept for the public."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from pipelines.paper.palette import GREENS, Look, swatch
from pipelines.paper.themes import Figure, Theme
from pipelines.restoration.maps import plots
from pipelines.restoration.maps.reading import HM2, Reading, distinct, layer_words, present
from pipelines.restoration.maps.redline import protected_areas
from pipelines.restoration.maps.townships import by_township, ground_of

COVERAGE_STEPS = (0.5, 0.6, 0.7, 0.75, 0.85)
_KEPT_STEPS = (0.1, 0.25, 0.4, 0.55, 0.7)
_WELFARE = {
    "011": swatch(
        "map_class.welfare-key", Look(fill=None, line="#f4c64e", width=0.5, hatch="#e8b400", pattern="slash")
    ),
    "012": swatch("map_class.welfare", Look(fill=None, line="#f4dd9b", width=0.5, hatch="#f0d27a", pattern="dots")),
}
"""Key and general public-welfare forest, by the codes of 森林类别; older data leave the leading 0 out."""


def themes(read: Reading) -> Iterable[Theme | None]:
    """In the order of the legend."""
    yield ground_of(read, "forest-coverage", COVERAGE_STEPS, GREENS)
    yield protected_areas(read)
    yield _welfare(read)
    yield plots.shown(read)
    yield by_township(read, "forest-protection", _KEPT_STEPS, GREENS, show=False)


def figures(read: Reading) -> Iterator[Figure]:
    yield from read.figure("forest-coverage")
    yield from read.figure("forest-protection")


def _welfare(read: Reading) -> Theme | None:
    """Public-welfare forest (公益林) merged by township and category."""
    if not (found := read.once(plots.rows)):
        return None
    every = read.once(plots.frame)
    every = every.assign(group=[code and f"0{code}"[-3:] for code in every["category"]])
    kept = every[every["group"].isin(list(_WELFARE))]
    if kept.empty:
        return None
    merged = plots.merge(kept, ("township", "group"))
    merged["name"] = [_WELFARE[code].zh for code in merged["group"]]
    return Theme(
        **layer_words("welfare"), frame=merged, style=present(_WELFARE, merged["group"]), name="name",
        columns=(plots.COUNT, HM2), show=False, level=1, table="classes", generalise_m=40,
        made_up=any(p.made_up for p in found), sources=distinct(p.source for p in found),
    )  # fmt: skip
