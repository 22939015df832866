"""The map of the county: which layers stand on it, how each is drawn, and what its popups say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
from sqlalchemy import select
from sqlalchemy.orm import Session

from data import facts
from data.boundary import boundary
from geo.area import area as ground_area
from layers.ground.base import SRID
from layers.ground.history import last_no
from layers.ground.layer import fields
from layers.mines import Mine
from layers.plots import Plot
from layers.projects import Project
from layers.protected_areas import ProtectedArea
from layers.redlines import Redline
from layers.sections import Section
from layers.townships import Township
from layers.watersheds import Watershed
from layers.wetlands import Wetland
from pipelines.paper.maps import county_map
from pipelines.paper.themes import (
    ACCEPTED,
    DONE,
    GREENS,
    PROJECT,
    PROTECTED,
    RED_LINE,
    SECTION,
    UNDER_WAY,
    UNTREATED,
    WATERSHED,
    WETLAND,
    Codes,
    Column,
    Look,
    One,
    Sheet,
    Steps,
    Swatch,
    Theme,
)
from pipelines.restoration.rates import Part, Rates

_HM2 = Column("hm2", "面积", "area", "hm²", 2, additive=True)
_SHARE = Column("share", "森林覆盖率", "forest coverage", "%", 2)
_STEPS = (0.6, 0.65, 0.7, 0.75, 0.8)

_MINE_GROUPS: Mapping[str, tuple[tuple[str, ...], Swatch]] = {
    "untreated": (("verified", "planned", "approved"), Swatch("待治理", "to be treated", UNTREATED)),
    "works": (("works",), Swatch("施工", "under construction", UNDER_WAY)),
    "accepted": (("accepted", "tended"), Swatch("工程验收、管护", "works accepted, in care", DONE)),
    "closed": (("reviewed", "closed"), Swatch("终验、销号", "reviewed, off the list", ACCEPTED)),
}
_PLOTS: Mapping[str, str] = {
    "030100": "#4f8a5b",
    "030200": "#9dbb58",
    "030301": "#c3b457",
    "030302": "#d9cf9b",
    "030401": "#b9c9a6",
}
_OTHER_PLOT = "#d9b48c"


def draw(session: Session, rates: Rates, *, as_of: str) -> str:
    """The map as one HTML page, from the layers as the session sees them. Raises MapRefusal."""
    themes = [theme for theme in _themes(session, rates) if theme is not None]
    county = facts.county()
    made_up = any(theme.made_up for theme in themes)
    sources = (f"县界：{county.boundary.source}", *(("其余图层：示例数据，虚构 / made-up sample",) if made_up else ()))
    sheet = Sheet(
        f"{county.zh}生态修复一张图", f"Ecological restoration in {county.en}", as_of, sources, last_no(session)
    )
    return county_map(sheet, boundary(), themes)


def _themes(session: Session, rates: Rates) -> Iterable[Theme | None]:
    """The layers of the map, the lowest first; None for one that holds nothing."""
    yield _coverage(session, rates)
    yield _plots(session)
    yield _plain(session, Watershed, WATERSHED, ("stage",), show=False)
    yield _plain(session, ProtectedArea, PROTECTED, ("kind", "grade"))
    yield _plain(session, Redline, RED_LINE, ("control", "function"))
    yield _plain(session, Wetland, WETLAND, ("kind", "stage"))
    yield _plain(session, Project, PROJECT, ("kind", "stage"), show=False)
    yield _mines(session)
    yield _sections(session)


Described = tuple[Column, Callable[[Any], str | None]]
"""A column of a popup, and how it is read off a feature."""


def _coded(layer: type[Any], name: str) -> Described:
    """A coded column of a layer in words, as its own description names it."""
    described = fields(layer)[name]
    codes = facts.system(str(described.codes)).codes

    def said(feature: Any) -> str | None:
        value = getattr(feature, name)
        return f"{codes[value].zh} {codes[value].en}" if value in codes else value

    return Column(name, described.zh, described.en), said


def _coverage(session: Session, rates: Rates) -> Theme | None:
    """Forest coverage by township; the county as the table's last row."""
    coverage = rates.measured.get("forest-coverage")
    if coverage is None:
        return None
    columns = (
        _SHARE,
        Column("forest", "森林面积", "forest", "hm²", 2, additive=True),
        Column("land", "土地面积", "land", "hm²", 2, additive=True),
    )
    towns = session.execute(select(Township.shape, Township.made_up).order_by(Township.code)).all()
    frame = gpd.GeoDataFrame(
        [_of(t) for t in coverage.townships], geometry=np.array([t.shape for t in towns], dtype=object), crs=SRID
    )
    return Theme(
        "森林覆盖率（量算值）",
        "Forest coverage (measured)",
        frame,
        Steps(_SHARE, _STEPS, GREENS),
        "name",
        columns,
        made_up=rates.made_up,
        label=("name", "share"),
        total=_of(coverage.county),
    )


def _of(part: Part) -> dict[str, Any]:
    hm2 = {"forest": part.numerator_m2 / 1e4, "land": part.denominator_m2 / 1e4}
    return {"name": part.name, "share": part.share, **hm2}


def _plots(session: Session) -> Theme | None:
    """The plots by land class; the table sums them by class."""
    found = session.execute(select(Plot.code, Plot.land_class, Plot.made_up, Plot.shape).order_by(Plot.code)).all()
    if not found:
        return None
    classes = facts.system("forest-2020").codes
    entries = {
        code: Swatch(classes[code].zh, classes[code].en, Look(fill=_PLOTS.get(code, _OTHER_PLOT), line="#ffffff00"))
        for code in sorted({row.land_class for row in found})
        if code in classes
    }
    rows = [{"code": r.code, "land_class": r.land_class} for r in found]
    return Theme(
        "森林小班（地类）",
        "Forest plots by land class",
        _frame(rows, [r.shape for r in found]),
        Codes("land_class", entries),
        "code",
        (_HM2,),
        made_up=any(r.made_up for r in found),
        show=False,
        table="classes",
        generalise_m=40,
    )


def _plain(session: Session, layer: Any, look: Look, coded: tuple[str, ...], *, show: bool = True) -> Theme | None:
    """A layer drawn in one look, with its coded columns and its area in the popups."""
    features = session.scalars(select(layer).order_by(layer.code)).all()
    if not features:
        return None
    columns = [_coded(layer, name) for name in coded]
    rows = [{"name": f.name or f.code, **{column.name: said(f) for column, said in columns}} for f in features]
    return Theme(
        layer.zh,
        layer.en.capitalize(),
        _frame(rows, [f.shape for f in features]),
        One(Swatch(layer.zh, layer.en, look)),
        "name",
        (*(column for column, _ in columns), _HM2),
        made_up=any(f.made_up for f in features),
        show=show,
    )


def _mines(session: Session) -> Theme | None:
    """The abandoned mines as signs at their middle, by how far they have come."""
    mines = session.scalars(select(Mine).order_by(Mine.code)).all()
    if not mines:
        return None
    group = {stage: name for name, (stages, _) in _MINE_GROUPS.items() for stage in stages}
    column, said = _coded(Mine, "stage")
    rows = [{"name": m.name or m.code, "group": group.get(m.stage or ""), "stage": said(m)} for m in mines]
    frame = _frame(rows, [m.shape for m in mines])
    frame["geometry"] = frame.geometry.representative_point()
    entries = {name: swatch for name, (_, swatch) in _MINE_GROUPS.items()}
    style = Codes("group", entries)
    return Theme(Mine.zh, "Abandoned mines", frame, style, "name", (column, _HM2), any(m.made_up for m in mines))


def _sections(session: Session) -> Theme | None:
    features = session.scalars(select(Section).order_by(Section.code)).all()
    if not features:
        return None
    rows = [{"name": f.name or f.code, "river": f.river, "target": f.target_class} for f in features]
    columns = (Column("river", "河流", "river"), Column("target", "水质目标", "target class"))
    return Theme(
        Section.zh,
        "Monitoring sections",
        gpd.GeoDataFrame(rows, geometry=[f.shape for f in features], crs=SRID),
        One(Swatch(Section.zh, "section", SECTION)),
        "name",
        columns,
        made_up=any(f.made_up for f in features),
        label=("name",),
    )


def _frame(rows: list[dict[str, Any]], shapes: list[Any]) -> gpd.GeoDataFrame:
    """The rows with their shapes and their area in hm²; lines and points have none."""
    drawn = np.array(shapes, dtype=object)
    areal = shapely.get_type_id(drawn) == shapely.GeometryType.MULTIPOLYGON
    hm2 = np.full(len(drawn), np.nan)
    hm2[areal] = ground_area(drawn[areal]) / 1e4
    frame = gpd.GeoDataFrame(rows, geometry=drawn, crs=SRID)
    return frame.assign(hm2=hm2)
