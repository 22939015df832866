"""The map pages: each as folium draws it, in the frame of the site, with its table twin and its mark of release."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape
from os.path import relpath
from pathlib import PurePosixPath
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry
from sqlalchemy import Engine

from data import facts
from data.boundary import boundary
from data.releasing import limits, public_layer, public_layers
from data.texts import Lang, text
from geo.generalising import outlines
from layers.ground.base import SRID
from pipelines.paper import maps as paper
from pipelines.paper.offline import data_block, refuse_outside
from pipelines.paper.palette import SYMBOLS, Swatch
from pipelines.publish.maps.themes import MAPS, Drawn
from pipelines.publish.maps.tiles import Tiled, archive
from pipelines.publish.pages.rendering import LANGS, Frame, place, render
from pipelines.publish.pages.tables import Cell, Table, cells, columns
from pipelines.publish.pages.wording import Words
from pipelines.publish.public import KINDS, Public
from pipelines.publish.reading import Forest
from pipelines.publish.tables import vectors
from pipelines.restoration.maps.plots import ENTRIES
from pipelines.restoration.maps.progress import GROUP_OF

MARKED = b"<!--release "
FOREST = "maps/data/forest.pmtiles"
NO_MAPS = "maps/no-maps.html"
"""The page that takes the place of the maps where no decision releases them."""
_MARK = re.compile(rb"<!--release (zh|en)-->.*?<!--/release-->", re.DOTALL)
_GROUPS = ("todo", "works", "accepted", "closed")
_TABLES = {"forest": "forest.html", "wetland": "wetland.html", "water": "water.html"}
"""The page that holds a map's figures as tables."""


@dataclass(frozen=True)
class Tianditu:
    """The one map from outside that may lie below ours, with the county's own key and the notice that it asks for."""

    key: str
    notice: str
    """Its name and approval number, as they must stand on the map."""

    @property
    def block(self) -> str:
        return data_block({"key": self.key})


def map_files(engine: Engine, public: Public, forest: Forest, tianditu: Tianditu | None = None) -> dict[str, bytes]:
    """Every file of the maps, marked as draft, and the page that stands in for them."""
    frame, shapes = Frame(public.moment), vectors(public)
    found: dict[str, bytes] = dict(shapes)
    if forest.levels:
        found[FOREST] = forest_tiles(engine, forest)
    for lang in LANGS:
        t = Words(lang)
        listed = {"shown": list(MAPS), "vectors": sorted(shapes), "limits": _limits(t)}
        found[place(lang, "maps/index.html")] = render("maps/index.html", frame, lang, "maps/index.html", **listed)
        found[place(lang, NO_MAPS)] = render("maps/no-maps.html", frame, lang, "maps/index.html")
        for name in MAPS:
            found |= _sheet(name, public, frame, t, forest, tianditu)
    return found


def forest_tiles(engine: Engine, forest: Forest) -> bytes:
    """The forest's classes on the grid, as tiles; PostGIS encodes them and reads nothing."""
    layers = [
        Tiled("forest", gpd.GeoDataFrame({"class": list(level.cells)}, geometry=list(level.cells.values()), crs=SRID),
              level.zooms)
        for level in forest.levels
    ]  # fmt: skip
    with engine.connect() as connection:
        return archive(connection, layers, attribution=public_layer("plots").provider_zh)


def approved(page: bytes, approval_no: str) -> bytes:
    """A map page with the approval number (审图号) in place of every mark "draft"."""

    def said(mark: re.Match[bytes]) -> bytes:
        lang: Lang = "zh" if mark[1] == b"zh" else "en"
        return f"<span>{escape(text('public_map.approved', lang, {'approval_no': approval_no}))}</span>".encode()

    return _MARK.sub(said, page)


def _sheet(
    name: str, public: Public, frame: Frame, t: Words, forest: Forest, tianditu: Tianditu | None
) -> dict[str, bytes]:
    path = f"maps/{name}.html"
    drawn = [one for one in MAPS[name](public, t.lang) if one is not None]
    themes = [one.theme for one in drawn]
    made = paper.draw(county_outline(), themes, outline_m=0)
    refuse_outside([made.calls])
    quarters = _quarters(public, drawn, t) if name == "progress" else None
    classes = _classes(forest) if name == "forest" else {}
    page = render(
        "maps/map.html", frame, t.lang, path, name=name, drawn=made, symbols=SYMBOLS, calls=f"maps/{name}.js",
        words={"made_up_mark": _one_language("map_sheet.made_up_mark", t)}, quarters=quarters,
        tables=_twins(name, public, t), table_page=_TABLES.get(name), limits=_limits(t), sources=_sources(themes, t),
        tiles=_tiles(classes, place(t.lang, path)) if classes else None, classes=list(classes.values()),
        tianditu=tianditu, made_up=any(theme.made_up for theme in themes),
        notes=list({note["zh"]: note[t.lang] for theme in themes for note in theme.notes}.values()),
    )  # fmt: skip
    return {place(t.lang, path): page, f"maps/{name}.js": made.calls.encode()}


def _classes(forest: Forest) -> dict[str, Swatch]:
    """How the classes that prevail anywhere are drawn, in the order of the legend."""
    held = {group for level in forest.levels for group in level.cells}
    return {group: entry for group, entry in ENTRIES.items() if group in held}


def _tiles(classes: Mapping[str, Swatch], here: str) -> str:
    """What the script that draws the tiles reads."""
    colours = {group: {"fill": e.look.fill, "opacity": e.look.opacity} for group, e in classes.items()}
    url = relpath(FOREST, PurePosixPath(here).parent)
    return data_block({"url": url, "layerName": "forest", "attribute": "class", "colours": colours})


@cache
def county_outline() -> BaseGeometry:
    """The county as it is shown to the public: its published boundary on the public grid."""
    found = outlines(
        np.array([boundary()]), widths_m=np.array([float(limits()["width"].value)]), decimals=limits()["decimals"].value
    )
    return shapely.MultiPolygon(shapely.get_parts(found[0]).tolist())


def _quarters(public: Public, drawn: Sequence[Drawn], t: Words) -> str:
    """What the time slider reads: the quarters, and how each feature stood at the end of each."""
    said = [{"label": q.label, "said": t.quarter(q)} for q in public.quarters]
    picks = {f"theme{i}": one.picks for i, one in enumerate(drawn) if one.picks is not None}
    return data_block({"quarters": said, "picks": picks})


def _twins(name: str, public: Public, t: Words) -> list[Table]:
    """The same figures as tables: of the progress each kind by quarter."""
    if name != "progress":
        return []
    return [_by_quarter(kind, public, t) for kind in KINDS if any(site.kind == kind for site in public.sites)]


def _by_quarter(kind: str, public: Public, t: Words) -> Table:
    sites = [site for site in public.sites if site.kind == kind]
    rows = []
    for n in reversed(range(len(public.quarters))):
        groups = [GROUP_OF.get(site.stages[n] or "") for site in sites]
        counts = [str(groups.count(group)) for group in _GROUPS]
        rows.append(cells(Cell(t.quarter(public.quarters[n])), *counts))
    headings = columns([t("public_map.quarter"), *(t(f"map_class.{g}") for g in _GROUPS)], numeric=range(1, 5))
    return Table(f"quarters-{kind}", t("public_map.by_quarter", kind=t(f"map_layer.{kind}")), headings, rows)


def _sources(themes: Sequence[Any], t: Words) -> list[str]:
    """The boundary's, then who answers for each layer, in the language where they have a name in it."""
    named = {of.provider_zh: of.provider(t.lang) for of in public_layers().values()}
    of_themes = [named.get(source, source) for theme in themes for source in theme.sources]
    return list(dict.fromkeys([facts.county().boundary.source, *of_themes]))


def _one_language(id: str, t: Words) -> Mapping[Lang, str]:  # noqa: A002 -- as in Refusal
    """A text where the legend's macros look for either language."""
    return dict.fromkeys(LANGS, t(id))


def _limits(t: Words) -> list[str]:
    """How exactly places are told, each with a mark where the limit is not confirmed."""
    unsure = {True: "", False: t("public_map.unconfirmed")}
    return [t.limit(limit) + unsure[limit.confirmed] for limit in limits().values()]
