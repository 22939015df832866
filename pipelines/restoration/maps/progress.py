"""The map of progress: what is being restored, and how far each has come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from data.texts import both
from layers.mines import Mine
from layers.projects import Project
from layers.watersheds import Watershed
from layers.wetlands import Wetland
from pipelines.paper.palette import ACCEPTED, CLOSED, TODO, WATERSHED, WORKS, Look, Swatch, Symbol, sign, swatch
from pipelines.paper.styles import Codes, One
from pipelines.paper.themes import Figure, Theme
from pipelines.restoration.maps.reading import Reading, layer_theme, present, told
from pipelines.restoration.maps.townships import ground
from pipelines.restoration.progress import progress as works

_COLOURS = {"todo": TODO, "works": WORKS, "accepted": ACCEPTED, "closed": CLOSED}
_GROUPS = {
    "todo": ("verified", "listed", "sited", "planned", "approved"),
    "works": ("works",),
    "accepted": ("accepted", "tended"),
    "closed": ("reviewed", "rated", "closed"),
}
"""The stages of every system, by how far they are: mines, watersheds, micro-wetlands, projects."""
GROUP_OF = {stage: group for group, stages in _GROUPS.items() for stage in stages}
_SYMBOLS: dict[str, Symbol] = {"todo": "triangle", "works": "diamond", "accepted": "square", "closed": "circle"}
SIGNS = {g: swatch(f"map_class.{g}", sign(c, _SYMBOLS[g])) for g, c in _COLOURS.items()}
DROPS = {g: swatch(f"map_class.{g}", sign(c, "drop")) for g, c in _COLOURS.items()}
BASINS = {g: swatch(f"map_class.{g}", Look(fill=c, line=c, width=2.4, opacity=0.42)) for g, c in _COLOURS.items()}
AREAS = {g: swatch(f"map_class.{g}", Look(fill=c, line=c, width=1.2, opacity=0.95)) for g, c in _COLOURS.items()}


def themes(read: Reading) -> Iterable[Theme | None]:
    """In the order of the legend."""
    yield read.once(mines)
    yield _clean_watersheds(read)
    yield _micro_wetlands(read)
    yield projects(read)
    yield _other_watersheds(read)
    yield ground(read)


def figures(read: Reading) -> Iterator[Figure]:
    """Of how many the works are accepted, as `qingshan progress` counts them; mines are judged by their area too."""
    counted = works(read.session, on=read.rates.on)
    for name in ("mines", "clean-watersheds", "micro-wetlands"):
        found = counted[name]
        if found is not None and found.items:
            hm2 = {"done": f"{found.done.hm2 or 0:,.0f}", "whole": f"{found.whole.hm2 or 0:,.0f}"}
            yield Figure(f"{found.done.count} / {found.whole.count}", "", both(f"map_figure.{name}", hm2))


def group(feature: Any) -> str | None:
    """How far it has come; None where no stage is known."""
    return GROUP_OF.get(feature.stage or "")


def mines(read: Reading) -> Theme | None:
    """The abandoned mines as signs at their middle."""
    says = told(Mine, "township", "stage", "method", "planned_on", "done_on", "closed_on")
    return layer_theme(
        "mines", read.features(Mine), Codes("group", SIGNS), says=says, group=group, as_signs=True, level=4
    )


def projects(read: Reading, *, show: bool = True) -> Theme | None:
    """The plan's works on the ground."""
    features = read.features(Project)
    says = told(Project, "kind", "stage", "planned_on", "done_on")
    return layer_theme("projects", features, _style(AREAS, features), says=says, group=group, show=show, level=2)


def watersheds(read: Reading, features: Sequence[Any] | None = None, *, show: bool = True) -> Theme | None:
    """Small watersheds as quiet outlines."""
    found = read.features(Watershed) if features is None else features
    says = told(Watershed, "code", "river", "downstream")
    style = One(swatch("map_class.watershed", WATERSHED))
    return layer_theme("watersheds", found, style, says=says, show=show, level=1)


def _clean_watersheds(read: Reading) -> Theme | None:
    says = told(Watershed, "stage", "planned_on", "done_on", "treated_hm2", "rating")
    features = _clean(read)
    return layer_theme(
        "clean-watersheds", features, _style(BASINS, features), says=says, group=group, level=1, label=("name",)
    )


def _other_watersheds(read: Reading) -> Theme | None:
    return watersheds(read, [w for w in read.features(Watershed) if w.stage is None], show=False)


def _micro_wetlands(read: Reading) -> Theme | None:
    says = told(Wetland, "township", "stage", "planned_on", "done_on")
    features = _micro(read)
    return layer_theme(
        "micro-wetlands", features, _style(DROPS, features), says=says, group=group, as_signs=True, level=4,
        label=("name",),
    )  # fmt: skip


def _clean(read: Reading) -> list[Any]:
    return [w for w in read.features(Watershed) if w.stage is not None]


def _micro(read: Reading) -> list[Any]:
    return [w for w in read.features(Wetland) if w.micro and w.stage is not None]


def _style(entries: dict[str, Swatch], features: Iterable[Any]) -> Codes:
    return present(entries, map(group, features))
