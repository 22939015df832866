"""The sheets: which maps there are, and how one is put on paper."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from data import facts
from data.boundary import boundary
from data.texts import both
from layers.ground.history import last_no
from pipelines.paper.maps import county_map
from pipelines.paper.styles import Steps
from pipelines.paper.themes import Figure, Sheet, Theme
from pipelines.restoration.maps import forest, overview, progress, redline, water, wetland
from pipelines.restoration.maps.reading import Reading


@dataclass(frozen=True)
class Composition:
    """What stands on a map: its themes in the order of the legend, and what it says in large."""

    themes: Callable[[Reading], Iterable[Theme | None]]
    figures: Callable[[Reading], Iterator[Figure]]


OVERVIEW = "overview"
MAPS: Mapping[str, Composition] = {
    OVERVIEW: Composition(overview.themes, overview.figures),
    "progress": Composition(progress.themes, progress.figures),
    "forest": Composition(forest.themes, forest.figures),
    "wetland": Composition(wetland.themes, wetland.figures),
    "water": Composition(water.themes, water.figures),
    "redline": Composition(redline.themes, redline.figures),
}
"""Every map by its name; its title stands in data/words under `map_title`."""


def draw(read: Reading, name: str = OVERVIEW, *, approval_no: str | None = None) -> str:
    """A map as one HTML page. approval_no: its 审图号, where one was given. Raises MapRefusal."""
    composition, county = MAPS[name], facts.county()
    themes, no = [theme for theme in composition.themes(read) if theme is not None], last_no(read.session)
    sheet = Sheet(
        **both(f"map_title.{name}", {"zh": county.zh, "en": county.en}),
        as_of=read.as_of.isoformat(),
        sources=tuple(_sources(themes)),
        no=no,
        uncounted=no - read.rates.no if any(isinstance(t.style, Steps) for t in themes) else 0,
        approval_no=approval_no,
        figures=tuple(composition.figures(read)),
        notes=tuple({note["zh"]: note for theme in themes for note in theme.notes}.values()),
    )
    return county_map(sheet, boundary(), themes)


def _sources(themes: Sequence[Theme]) -> Iterator[str]:
    """Who sent what: the boundary, then each source with the layers that rest on it."""
    yield f"{both('map_sheet.boundary')['zh']}：{facts.county().boundary.source}"
    layers = defaultdict(list)
    for theme in themes:
        for source in theme.sources:
            layers[source].append(theme.zh)
    every = both("map_sheet.all_layers")
    for source, names in layers.items():
        of = f"{every['zh']} {every['en']}" if len(names) == len(themes) else "、".join(names)
        yield f"{of}：{source}"
