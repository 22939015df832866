"""A map of the county: values in, one self-contained HTML page out, readable from a disc with the network off.

folium draws; what it would load from the network comes from node_modules and is written into the page, shapes are
generalised and packed, and the same figures stand below the map as tables.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import folium
import numpy as np
import shapely
from branca.element import MacroElement
from folium.template import Template
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from shapely.geometry.base import BaseGeometry

from data.texts import Lang, both, texts
from pipelines.paper import offline
from pipelines.paper.packing import MapRefusal, generalise, pack
from pipelines.paper.palette import SYMBOLS
from pipelines.paper.styles import ABSENT
from pipelines.paper.themes import Sheet, Theme

ELSEWHERE = 0.5
"""Degrees beyond the county from which a shape is taken for misplaced."""

PAGE = Path(__file__).parent / "page"
_PAGES = Environment(
    loader=FileSystemLoader(PAGE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def county_map(
    sheet: Sheet, county: BaseGeometry, themes: Sequence[Theme], *, assets: Path = offline.NODE_MODULES
) -> str:
    """One HTML page with everything in it: styles, scripts, shapes, figures. The same input gives the same bytes.

    county: the outline, EPSG:4490. Themes stand in legend and tables in their order, and are drawn by their level.
    assets: the node_modules folder that holds leaflet. Raises MapRefusal.
    """
    drawn = draw(county, themes)
    leaflet, leaflet_css = offline.leaflet(assets)
    scripts = [leaflet, *map_scripts(), drawn.calls]
    css = [leaflet_css, offline.read(PAGE / "map.css")]
    offline.refuse_outside([*css, *scripts])
    return _PAGES.get_template("map.html").render(
        sheet=sheet, themes=drawn.themes, words=_words(sheet, themes), symbols=SYMBOLS, ground=drawn.ground,
        element=drawn.element, css=css, scripts=scripts, seals=" ".join(map(offline.seal, scripts)),
        made_up=any(theme.made_up for theme in themes),
    )  # fmt: skip


@dataclass(frozen=True, eq=False)
class Drawn:
    """A map as folium drew it, for a page to hold: its element, the script that fills it, and what the script reads."""

    element: str
    calls: str
    ground: str
    themes: Mapping[str, Theme]
    """By the id of the data block that holds each."""


def draw(county: BaseGeometry, themes: Sequence[Theme], *, outline_m: float = 10) -> Drawn:
    """Draw themes on a county. outline_m: to how many metres its outline is generalised. Raises MapRefusal."""
    for theme in themes:
        _refuse_elsewhere(theme, county)
    keyed = {f"theme{i}": theme for i, theme in enumerate(themes)}
    element, calls = _folium(keyed)
    return Drawn(element, calls, _ground(county, outline_m), keyed)


def map_scripts() -> list[str]:
    """The scripts that draw a map, in their order, after Leaflet's and before the calls."""
    return [offline.read(PAGE / name) for name in ("labels.js", "map.js")]


def write(html: str, path: Path) -> Path:
    """Put a map where it is wanted; a reader never meets half of it. A pipe or device is written to, never replaced."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not path.is_file():
        path.write_text(html, encoding="utf-8", newline="\n")
        return path
    half = path.with_name(f".{path.name}.half")
    half.write_text(html, encoding="utf-8", newline="\n")
    return half.replace(path)


def _refuse_elsewhere(theme: Theme, county: BaseGeometry) -> None:
    """Refuse shapes that cannot be of this county: swapped axes, metres instead of degrees."""
    shapes = theme.frame.geometry.to_numpy()
    shapes = shapes[shapely.get_num_coordinates(shapes) > 0]
    near = shapely.box(*county.bounds).buffer(ELSEWHERE)
    if len(shapes) and not near.covers(shapely.box(*shapely.total_bounds(shapes))):
        bounds = ", ".join(f"{bound:g}" for bound in shapely.total_bounds(shapes))
        raise MapRefusal("map.elsewhere", layer=theme.zh, bounds=bounds)


class _ThemeLayer(folium.map.Layer):
    """folium's side of a theme: the page holds its data, the page's script draws it."""

    _template = Template("""
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = qingshan.theme({{ this._parent.get_name() }}, {{ this._id|tojson }});
        {% endmacro %}""")

    def __init__(self, key: str, *, show: bool) -> None:
        super().__init__(name=key, overlay=True, show=show)
        self._name, self._id = "theme", key


class _Ground(MacroElement):
    """The county itself, below everything, with its boundary above everything."""

    _template = Template("""
        {% macro script(this, kwargs) %}
            qingshan.ground({{ this._parent.get_name() }});
        {% endmacro %}""")

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._name, self._id = "ground", "county"


def _folium(themes: dict[str, Theme]) -> tuple[str, str]:
    """The map's element and the script that fills it, drawn by folium with nothing from the network."""
    # A plugin of folium fails without maxZoom when there are no tiles.
    county = folium.Map(
        tiles=None, prefer_canvas=True, attribution_control=False, zoom_snap=0.1, zoom_delta=0.5,
        scroll_wheel_zoom=False, min_zoom=8, max_zoom=16, maxZoom=16,
    )  # fmt: skip
    county._id = "county"  # folium's own ids are random; the same input must give the same bytes
    county.add_child(_Ground())
    for key, theme in sorted(themes.items(), key=lambda pair: pair[1].level):
        county.add_child(_ThemeLayer(key, show=theme.show))
    offline.keep_local(county)
    figure: Any = county.get_root()
    figure.render()
    return figure.html.render(), figure.script.render()


def _ground(county: BaseGeometry, metres: float) -> str:
    """The outline of the county as the page's script takes it."""
    west, south, east, north = county.bounds
    outline = generalise(np.array([county]), metres=metres)[0]
    said = {
        "origin": (west, south),
        "bounds": [[south, west], [north, east]],
        "shape": pack(outline, (west, south)),
        "symbols": SYMBOLS,
        "madeUp": both("map_sheet.made_up"),
    }
    return offline.data_block(said)


def _words(sheet: Sheet, themes: Sequence[Theme]) -> dict[str, dict[Lang, str]]:
    """The texts of the page in both languages, the sheet's values filled in."""
    metres = f"{max((theme.generalise_m for theme in themes), default=0):g}"
    values = {
        "as_of": sheet.as_of, "no": sheet.no, "uncounted": sheet.uncounted, "metres": metres,
        "approval_no": sheet.approval_no or ABSENT,
    }  # fmt: skip
    names = [id_.removeprefix("map_sheet.") for id_ in texts() if id_.startswith("map_sheet.")]
    return {name: both(f"map_sheet.{name}", values) for name in names}
