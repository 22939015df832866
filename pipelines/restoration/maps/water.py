"""The map of soil and water: sections and what drains to them, how each township keeps its soil, where it is lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import shapely
from sqlalchemy import func, select

from data import facts
from data.texts import both
from geo.area import area as ground_area
from layers.erosion import ErosionPatch
from layers.sections import Section
from layers.watersheds import Watershed
from layers.wetlands import Wetland
from pipelines.paper.palette import CATCHMENT, EROSIONS, RIVER, SAGES, SECTION, Look, swatch
from pipelines.paper.styles import Codes, Column, One
from pipelines.paper.themes import Figure, Theme
from pipelines.restoration.definitions import in_use
from pipelines.restoration.maps.progress import watersheds
from pipelines.restoration.maps.reading import HM2, Reading, distinct, framed, layer_theme, layer_words, present, told
from pipelines.restoration.maps.townships import ground_of

RATE = "soil-conservation"
STEPS = (0.75, 0.8, 0.85, 0.9)
_FLOWS = {"brook": (0, 0.9), "stream": (5_000, 1.8), "branch": (20_000, 3.0), "main": (80_000, 4.6)}
"""From how many hm² upstream, and how wide it is drawn."""
_FLOW_ENTRIES = {
    name: swatch(f"map_class.{name}", Look(fill=None, line="#17658a", width=width, opacity=0.9))
    for name, (_, width) in _FLOWS.items()
}
_UPSTREAM = Column("upstream", "上游面积", "area upstream, itself included", "hm²", 2)
_WATERSHEDS = Column("watersheds", "小流域数", "watersheds", "", 0)
_DRAINS_TO = Column("to", "汇入", "drains to")


def themes(read: Reading) -> Iterable[Theme | None]:
    """In the order of the legend."""
    yield read.once(sections)
    yield _catchments(read)
    yield _erosion(read)
    yield _flows(read)
    yield _waters(read)
    yield watersheds(read, show=False)
    yield ground_of(read, RATE, STEPS, SAGES)


def figures(read: Reading) -> Iterator[Figure]:
    yield from read.figure(RATE)


def sections(read: Reading) -> Theme | None:
    """The monitoring sections, with their names."""
    says = told(Section, "river", "target_class", "watershed", "position_note")
    style = One(swatch("map_class.section", SECTION))
    return layer_theme("sections", read.features(Section), style, says=says, level=5, label=("name",))


def _erosion(read: Reading) -> Theme | None:
    """The patches of the latest year that count as loss, by intensity."""
    year = read.session.scalar(select(func.max(ErosionPatch.year)))
    intensities = facts.system("erosion-intensity").codes
    lost = [code for code in intensities if code in in_use().counted(RATE, "erosion-intensity")]
    looks = (Look(fill=colour, line=colour, width=0.5, opacity=0.95) for colour in EROSIONS)
    entries = {code: swatch(f"map_class.erosion-{code}", look) for code, look in zip(lost, looks, strict=True)}
    patches = read.session.scalars(
        select(ErosionPatch)
        .where(ErosionPatch.year == year, ErosionPatch.intensity.in_(lost))
        .order_by(ErosionPatch.code)
    ).all()
    says = told(ErosionPatch, "township", "modulus")
    return layer_theme(
        "erosion", patches, present(entries, (p.intensity for p in patches), ranked=True), says=says,
        group=lambda patch: patch.intensity, level=1, table="classes", generalise_m=20, values={"year": year},
    )  # fmt: skip


def _waters(read: Reading) -> Theme | None:
    """Rivers and reservoirs, as far as they are wetlands."""
    features = [w for w in read.features(Wetland) if not w.micro]
    style = One(swatch("map_class.waters", RIVER))
    return layer_theme("waters", features, style, says=told(Wetland, "kind"), level=2)


def _flows(read: Reading) -> Theme | None:
    """What drains to what: a line from watershed to watershed, the wider the more lies upstream."""
    features = {w.code: w for w in read.features(Watershed)}
    upstream = upstream_hm2(features)
    rows, lines = [], []
    for code, watershed in features.items():
        if (to := features.get(watershed.downstream or "")) is None:
            continue
        rows.append({
            "name": watershed.name or code, "to": to.name or to.code, "upstream": upstream[code],
            "group": max((name for name in _FLOWS if _FLOWS[name][0] <= upstream[code]), key=lambda n: _FLOWS[n][0]),
        })  # fmt: skip
        lines.append(shapely.LineString([watershed.shape.representative_point(), to.shape.representative_point()]))
    if not rows:
        return None
    return Theme(
        **layer_words("flows"), frame=framed(rows, lines), style=Codes("group", _FLOW_ENTRIES), name="name",
        columns=(_DRAINS_TO, _UPSTREAM), made_up=any(w.made_up for w in features.values()), level=3, show=False,
        sources=distinct(w.source for w in features.values()), notes=(both("map_note.flows"),), generalise_m=0,
    )  # fmt: skip


def _catchments(read: Reading) -> Theme | None:
    """The watersheds that drain through each section's own, as one outline."""
    watersheds = {w.code: w for w in read.features(Watershed)}
    rows, shapes = [], []
    for section in read.features(Section):
        if section.watershed not in watersheds:
            continue
        above = [watersheds[code] for code in watersheds if section.watershed in downstream(code, watersheds)]
        rows.append({"name": section.name or section.code, "watersheds": len(above)})
        shapes.append(shapely.union_all([w.shape for w in above]))
    if not rows:
        return None
    return Theme(
        **layer_words("catchments"), frame=framed(rows, shapes), style=One(swatch("map_class.catchment", CATCHMENT)),
        name="name", columns=(_WATERSHEDS, HM2), made_up=any(w.made_up for w in watersheds.values()), level=4,
        sources=distinct(w.source for w in watersheds.values()),
    )  # fmt: skip


def downstream(code: str, watersheds: Mapping[str, Any]) -> list[str]:
    """The watersheds through which one drains, itself first; a ring of them is gone round once."""
    path: list[str] = []
    while code in watersheds and code not in path:
        path.append(code)
        code = watersheds[code].downstream or ""
    return path


def upstream_hm2(watersheds: Mapping[str, Any]) -> dict[str, float]:
    """By code, the area that drains through each watershed, itself included."""
    hm2 = ground_area(np.array([w.shape for w in watersheds.values()], dtype=object)) / 1e4
    through = dict.fromkeys(watersheds, 0.0)
    for source, own in zip(watersheds, hm2, strict=True):
        for code in downstream(source, watersheds):
            through[code] += float(own)
    return through
