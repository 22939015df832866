"""A map of the county: values in, one self-contained HTML page out, readable from a disc with the network off.

folium draws; what it would load from the network comes from node_modules and is written into the page, shapes are
generalised and packed, and the same figures stand below the map as tables.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import string
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import folium
import numpy as np
import shapely
from branca.element import Element, MacroElement
from folium.template import Template
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from data.texts import Lang, text, texts
from pipelines.paper.themes import ABSENT, NO_VALUE, Column, MapRefusal, Sheet, Steps, Swatch, Theme

NODE_MODULES = Path(__file__).parents[2] / "node_modules"
ASSETS = {"leaflet": "leaflet/dist/leaflet.js", "leaflet_css": "leaflet/dist/leaflet.css"}
"""The local file for each script and style folium names."""
UNUSED = frozenset(
    {"jquery", "bootstrap", "bootstrap_css", "glyphicons_css"}
    | {"awesome_markers", "awesome_markers_font_css", "awesome_markers_css", "awesome_rotate_css"}
)
"""What folium loads for elements that stand on none of our maps."""
HARMLESS = re.compile(r"http://www\.w3\.org/[\w/]*|https://leafletjs\.com")
"""Addresses that only name something: XML namespaces, and the home page in Leaflet's own source."""

GRID = 100_000
"""Steps of a packed coordinate in a degree: about 1 m."""
ELSEWHERE = 0.5
"""Degrees beyond the county from which a shape is taken for misplaced."""
SYMBOLS = {
    "circle": "M8 2.2a5.8 5.8 0 1 0 .01 0z",
    "square": "M2.8 2.8h10.4v10.4h-10.4z",
    "triangle": "M8 1.6l6.8 12h-13.6z",
    "diamond": "M8 .9l7.1 7.1l-7.1 7.1l-7.1-7.1z",
    "drop": "M8 .8c3 4 5 6.3 5 9a5 5 0 0 1-10 0c0-2.7 2-5 5-9z",
}
"""Outlines in a box of 16 by 16, the same on the map and in the legend."""

_LANGS: tuple[Lang, ...] = ("zh", "en")
_HERE = Path(__file__).parent
_ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
_PAGES = Environment(
    loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def county_map(sheet: Sheet, county: BaseGeometry, themes: Sequence[Theme], *, assets: Path = NODE_MODULES) -> str:
    """One HTML page with everything in it: styles, scripts, shapes, figures. The same input gives the same bytes.

    county: the outline, EPSG:4490. Themes are drawn in their order, the first lowest.
    assets: the node_modules folder that holds leaflet. Raises MapRefusal.
    """
    west, south, _, _ = county.bounds
    for theme in themes:
        _refuse_elsewhere(theme, county)
    drawn = [Drawn(theme, f"theme{i}", (west, south)) for i, theme in enumerate(themes)]
    element, calls = _folium(drawn)
    css = _stylesheet(assets / ASSETS["leaflet_css"])
    scripts = [_script(assets / ASSETS["leaflet"]), _read(_HERE / "map.js"), calls]
    refuse_outside([css, *scripts])
    return _PAGES.get_template("map.html").render(
        sheet=sheet, themes=drawn, words=_words(sheet, themes), symbols=SYMBOLS, ground=_ground(county),
        element=element, css=css, scripts=scripts, seals=" ".join(map(_seal, scripts)),
    )  # fmt: skip


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


@dataclass(frozen=True)
class Drawn:
    """A theme ready for the page: packed for the map, in words for legend and table."""

    theme: Theme
    key: str
    origin: tuple[float, float]

    @cached_property
    def picks(self) -> list[int]:
        """Each feature's place in `swatches`."""
        last = len(self.theme.style.swatches)
        return [last if pick is None else pick for pick in self.theme.style.pick(self.theme.frame)]

    @cached_property
    def swatches(self) -> tuple[Swatch, ...]:
        """The legend, with an entry for missing values where there are any."""
        known = self.theme.style.swatches
        return (*known, NO_VALUE) if len(known) in self.picks else known

    @cached_property
    def counts(self) -> list[int]:
        """Features under each entry of the legend."""
        return [self.picks.count(place) for place in range(len(self.swatches))]

    @cached_property
    def kind(self) -> str:
        """How the legend shows it: point, line or area."""
        dimensions = shapely.get_dimensions(self.theme.frame.geometry.to_numpy())
        return ("point", "line", "area")[dimensions.max(initial=0)] if (dimensions >= 0).any() else "area"

    @property
    def ramp(self) -> bool:
        """Whether the legend is one bar of steps."""
        return isinstance(self.theme.style, Steps)

    @property
    def unit(self) -> str:
        """The unit of a ramp."""
        return self.theme.style.column.unit if isinstance(self.theme.style, Steps) else ""

    @cached_property
    def rows(self) -> list[list[str]]:
        """The table below the map: what the popups say, or its sums by class."""
        theme = self.theme
        if theme.table == "features":
            said = [theme.said(name) for name in (theme.name, *(c.name for c in theme.columns))]
            return [list(row) for row in zip(*said, strict=True)]
        sums = [self._sums(column) for column in theme.summed]
        return [
            [f"{swatch.zh} {swatch.en}", str(count), *said]
            for swatch, count, *said in zip(self.swatches, self.counts, *sums, strict=True)
        ]

    @property
    def payload(self) -> str:
        """What the page's script draws, as JSON that no text in it can end."""
        theme = self.theme
        shapes = generalise(theme.frame.geometry.to_numpy(), metres=theme.generalise_m)
        packed = {
            "zh": theme.zh, "en": theme.en, "madeUp": theme.made_up, "show": theme.show, "origin": self.origin,
            "looks": [asdict(swatch.look) | {"zh": swatch.zh, "en": swatch.en} for swatch in self.swatches],
            "columns": [{"zh": c.zh, "en": c.en, "unit": c.unit} for c in theme.columns],
            "picks": self.picks,
            "names": _coded(theme.said(theme.name)),
            "values": [_coded(theme.said(c.name)) for c in theme.columns],
            "labels": [theme.said(name) for name in theme.label],
            "anchors": [_anchor(shape) for shape in shapes] if theme.label else [],
            "shapes": [pack(shape, self.origin) for shape in shapes],
        }  # fmt: skip
        return _json(packed)

    def _sums(self, column: Column) -> list[str]:
        values = self.theme.frame[column.name].to_numpy(dtype=float, na_value=0)
        return [column.say(sum_) for sum_ in np.bincount(self.picks, values, len(self.swatches))]


def generalise(shapes: NDArray[Any], *, metres: float) -> NDArray[Any]:
    """Shapes with fewer vertices: edges that were shared stay shared, and no feature vanishes.

    shapes: EPSG:4490, one kind, None and empty allowed. metres: the side of the square below which a bend is dropped.
    """
    if metres <= 0 or not (shapely.get_dimensions(shapes) > 0).any():
        return shapes
    per_degree = np.array([111_320 * np.cos(np.radians(shapely.total_bounds(shapes)[1::2].mean())), 110_800])
    flat = shapely.transform(shapes, lambda xy: xy * per_degree)
    polygons = np.flatnonzero(shapely.get_dimensions(flat) == 2)
    fewer: NDArray[Any] = np.array(shapely.simplify(flat, metres))
    fewer[polygons] = shapely.coverage_simplify(flat[polygons], metres)
    return np.asarray(shapely.transform(fewer, lambda xy: xy / per_degree))


def pack(shape: BaseGeometry | None, origin: tuple[float, float]) -> str:
    """A shape as a short text: parts joined by `|`, rings by `.`, a vertex as its step from the one before.

    Steps are 1/GRID degree, zigzag, in groups of 5 bits with a bit for "more follows"; the first counts from `origin`.
    Each part starts with its kind: O point, L line, P polygon. Nothing is packed as "". Raises MapRefusal.
    """
    if shape is None or shape.is_empty:
        return ""
    return "|".join(_pack_part(part, origin) for part in shapely.get_parts(shape))


def _pack_part(part: BaseGeometry, origin: tuple[float, float]) -> str:
    match part:
        case shapely.Point():
            return "O" + _pack_path(part, origin)
        case shapely.LineString():
            return "L" + _pack_path(part, origin)
        case shapely.Polygon():
            return "P" + ".".join(_pack_path(ring, origin) for ring in (part.exterior, *part.interiors))
    raise MapRefusal("map.shape_unknown", kind=part.geom_type)


def _pack_path(path: BaseGeometry, origin: tuple[float, float]) -> str:
    on_grid = np.rint((shapely.get_coordinates(path) - origin) * GRID).astype(np.int64)
    steps = np.diff(on_grid, axis=0, prepend=np.zeros((1, 2), np.int64))
    moved = np.asarray(steps.any(axis=1))
    moved[0] = True
    return "".join(map(_varint, steps[moved].ravel().tolist()))


@cache
def _varint(step: int) -> str:
    left, said = (step << 1) ^ (step >> 63), ""
    while left > 31:
        said, left = said + _ALPHABET[32 + (left & 31)], left >> 5
    return said + _ALPHABET[left]


def _coded(said: list[str]) -> dict[str, list[Any]]:
    """A column with each distinct text once."""
    place = {word: i for i, word in enumerate(dict.fromkeys(said))}
    return {"of": list(place), "at": [place[word] for word in said]}


def _anchor(shape: BaseGeometry | None) -> list[float] | None:
    """Where a label sits best: latitude, longitude and radius, in degrees, of the widest circle inside the shape."""
    if shape is None or shape.is_empty:
        return None
    if not isinstance(shape, shapely.Polygon | shapely.MultiPolygon):
        point = shape.representative_point()
        return [round(point.y, 5), round(point.x, 5), 0]
    radius = shapely.maximum_inscribed_circle(shape)
    lon, lat = radius.coords[0]
    return [round(lat, 5), round(lon, 5), round(radius.length, 5)]


def _json(value: Any) -> str:
    """JSON in which `<` and `&` are escaped, so that it may stand inside a script element."""
    plain = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return plain.replace("<", "\\u003c").replace("&", "\\u0026")


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


def _folium(themes: Sequence[Drawn]) -> tuple[str, str]:
    """The map's element and the script that fills it, drawn by folium with nothing from the network."""
    # A plugin of folium fails without maxZoom when there are no tiles.
    county = folium.Map(
        tiles=None, prefer_canvas=True, attribution_control=False, zoom_snap=0.25, zoom_delta=0.5,
        scroll_wheel_zoom=False, min_zoom=8, max_zoom=16, maxZoom=16,
    )  # fmt: skip
    county._id = "county"  # folium's own ids are random; the same input must give the same bytes
    for element in (_Ground(), *(_ThemeLayer(theme.key, show=theme.theme.show) for theme in themes)):
        county.add_child(element)
    keep_local(county)
    figure: Any = county.get_root()
    figure.render()
    return figure.html.render(), figure.script.render()


def keep_local(element: Element) -> None:
    """Take from an element and all below it the addresses folium would load. Raises MapRefusal for a name not known."""
    for kind in ("default_js", "default_css"):
        names = [name for name, _ in getattr(element, kind, ())]
        if strange := [name for name in names if name not in ASSETS and name not in UNUSED]:
            raise MapRefusal("map.asset_unknown", name=strange[0])
        if names:
            setattr(element, kind, [])
    for child in element._children.values():
        keep_local(child)


def _script(path: Path) -> str:
    return re.sub(r"//# sourceMappingURL=.*", "", _read(path))


def _stylesheet(path: Path) -> str:
    """A style sheet without comments, its pictures written into it."""
    css = re.sub(r"/\*.*?\*/", "", _read(path), flags=re.DOTALL)
    return re.sub(r"url\(([^#)]+)\)", lambda found: f"url({_data_uri(path.parent / found[1].strip(chr(34)))})", css)


def _data_uri(picture: Path) -> str:
    if not picture.is_file():
        raise MapRefusal("map.asset_missing", path=picture)
    return "data:image/png;base64," + base64.b64encode(picture.read_bytes()).decode()


def _read(path: Path) -> str:
    if not path.is_file():
        raise MapRefusal("map.asset_missing", path=path)
    return path.read_text("utf-8")


def _seal(script: str) -> str:
    """A script's name in the content security policy: nothing else on the page may run."""
    return f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"


def refuse_outside(code: Iterable[str]) -> None:
    """Refuse a script or style that holds an address a browser could reach. Raises MapRefusal."""
    for part in code:
        for address in re.findall(r"https?://[^\s\"'`<>)]*", part):
            if not HARMLESS.fullmatch(address):
                raise MapRefusal("map.reaches_out", address=address)


def _ground(county: BaseGeometry) -> str:
    """The outline of the county as the page's script takes it."""
    west, south, east, north = county.bounds
    outline = generalise(np.array([county]), metres=10)[0]
    said = {
        "origin": (west, south),
        "bounds": [[south, west], [north, east]],
        "shape": pack(outline, (west, south)),
        "symbols": SYMBOLS,
        "madeUp": {lang: text("map_sheet.made_up", lang) for lang in _LANGS},
    }
    return _json(said)


def _words(sheet: Sheet, themes: Sequence[Theme]) -> dict[str, dict[Lang, str]]:
    """The texts of the page in both languages, the sheet's values filled in."""
    metres = f"{max((theme.generalise_m for theme in themes), default=0):g}"
    values = {"as_of": sheet.as_of, "no": sheet.no, "approval_no": sheet.approval_no or ABSENT, "metres": metres}
    names = [id_.removeprefix("map_sheet.") for id_ in texts() if id_.startswith("map_sheet.")]
    return {name: {lang: text(f"map_sheet.{name}", lang, values) for lang in _LANGS} for name in names}
