"""What of a township counts in each figure, feature by feature, every m² once.

A township is counted by itself, from the features on its ground, wherever their attributes say they belong. So counting
some townships again gives to the last digit what counting all of them would.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from geo.area import area
from geo.crs import Shapes
from geo.overlay import flatten, overlap
from layers.controls import Control
from layers.erosion import ErosionPatch
from layers.ground.questions import features_near
from layers.landclass import LandClass
from layers.plots import Plot
from layers.protected_areas import ProtectedArea
from layers.redlines import Redline
from layers.townships import Township
from layers.wetlands import Wetland
from pipelines.restoration import sources
from pipelines.restoration.definitions import Definition, in_use
from pipelines.restoration.sources import Context, Source

Floats = NDArray[np.float64]

ACCOUNTS: Mapping[str, tuple[type[Any], ...]] = {
    "land": (Township,),
    "forest": (Township, Plot, LandClass, ProtectedArea, Redline),
    "wetland": (Township, Wetland, ProtectedArea, Control),
    "erosion": (Township, ErosionPatch),
    "redline": (Township, Redline),
}
"""What is counted together, and the layers it is counted from."""

FIGURES: Mapping[str, str] = {
    "land": "land",
    "forest": "forest",
    "protected-forest": "forest",
    "wetland": "wetland",
    "protected-wetland": "wetland",
    "eroded": "erosion",
    "redline": "redline",
}
"""Every figure, and the account in which it is counted."""

WELFARE = "public-welfare"
"""Class of the forest that is protected as 公益林 alone."""


@dataclass(frozen=True)
class Town:
    """A township with the ground that is its own: none of it belongs to a township before it."""

    code: str
    name: str
    shape: BaseGeometry
    land_m2: float
    official_m2: float | None = None
    made_up: bool = False


class Claim(NamedTuple):
    """A feature that counts under a class; of two on the same ground the lower rank takes it."""

    layer: str
    row: Any
    cls: str


@dataclass(frozen=True)
class Gathered:
    """Claims in order of precedence, cut to a township and made disjoint.

    Parallel: the ground each takes, its m², and the m² it has there that claims before it had taken.
    """

    claims: list[Claim]
    shapes: Shapes
    m2: Floats
    removed_m2: Floats


@dataclass(frozen=True)
class Tally:
    """What counts in one figure of one township; a feature stands once for each class it counts under."""

    figure: str
    claims: list[Claim]
    m2: Floats
    removed_m2: Floats


@dataclass(frozen=True)
class Sum:
    """What the features of a class come to in one figure of one township. `township` is its code."""

    figure: str
    township: str
    cls: str
    m2: float
    removed_m2: float
    """What they have there besides, on ground that was counted already."""
    features: int
    made_up: bool


def context(session: Session, on: date, definition: Definition | None = None) -> Context:
    """What the session's layers allow to count. on: the day on which zones must be in force."""
    definition = definition or in_use()
    any_of = {layer: select(layer.id).limit(1) for account in ACCOUNTS.values() for layer in account}
    any_of[Wetland] = any_of[Wetland].where(Wetland.baseline == definition.choices["wetland-baseline"])
    loaded = frozenset(str(layer.__tablename__) for layer, one in any_of.items() if session.scalar(one) is not None)
    return Context(definition, on, session.scalar(select(func.max(ErosionPatch.year))), loaded)


def basis(c: Context, account: str) -> str:
    """A text that changes whenever an account is counted on other grounds in every township, the day apart."""
    here = sorted(str(layer.__tablename__) for layer in ACCOUNTS[account] if layer.__tablename__ in c.loaded)
    return " ".join([c.definition.fingerprint, *here, str(c.erosion_year if account == "erosion" else "")])


def towns(session: Session) -> list[Town]:
    """The townships by code, each with the ground that is its own."""
    found = session.scalars(select(Township).order_by(Township.code)).all()
    own = flatten(np.array([t.shape for t in found], dtype=object))
    return [
        Town(t.code, t.name or t.code, shape, float(m2), t.official_area_m2, t.made_up)
        for t, shape, m2 in zip(found, own, area(own), strict=True)
    ]


def count(session: Session, town: Town, account: str, c: Context) -> Iterator[Tally]:
    """The figures of an account in a township, counted as they are asked for, in the order of FIGURES.

    A figure whose layers hold nothing is not there.
    """
    return _COUNTS[account](session, town, c) if is_known(c, account) else iter(())


def is_known(c: Context, account: str) -> bool:
    """Whether the layer that an account is of holds anything: 0 is counted, nothing is not."""
    layer = sources.forest(c).layer if account == "forest" else ACCOUNTS[account][-1 if account == "land" else 1]
    return layer.__tablename__ in c.loaded


def sums(town: Town, tally: Tally) -> list[Sum]:
    """A tally by class; one row of nothing where nothing counts, which is not the same as not knowing."""
    if not tally.claims:
        return [Sum(tally.figure, town.code, "", 0.0, 0.0, 0, town.made_up)]
    names, place = np.unique(np.array([claim.cls for claim in tally.claims]), return_inverse=True)
    counted, removed = (np.bincount(place, values, len(names)) for values in (tally.m2, tally.removed_m2))
    made_up = np.bincount(place, [claim.row.made_up for claim in tally.claims], len(names)) > 0
    number = np.bincount(place, minlength=len(names))
    return [
        Sum(
            tally.figure,
            town.code,
            str(names[i]),
            float(counted[i]),
            float(removed[i]),
            int(number[i]),
            bool(made_up[i]),
        )
        for i in range(len(names))
    ]


def gather(session: Session, town: Town, wanted: Sequence[Source], c: Context) -> Gathered:
    """What of the sources counts in a township, each with the ground it takes there."""
    claims: list[tuple[Any, Claim, BaseGeometry]] = []
    for source in wanted:
        found = features_near(session, source.layer, source.columns, town.shape, *source.where)
        name = str(source.layer.__tablename__)
        for row, shape in zip(found.rows, found.shapes, strict=True):
            said = source.judge(row, c)
            if isinstance(said, str):
                claims.append(((source.rank(row, said), row.id), Claim(name, row, said), shape))
    claims.sort(key=lambda claim: claim[0])
    drawn = np.array([shape for _, _, shape in claims], dtype=object)
    cut = overlap(drawn, np.array([town.shape], dtype=object))
    flat = flatten(cut.shape)
    m2 = area(flat)
    return Gathered([claims[i][1] for i in cut.subject], flat, m2, area(cut.shape) - m2)


def _land(_: Session, town: Town, __: Context) -> Iterator[Tally]:
    yield Tally("land", [Claim("townships", town, "")], np.array([town.land_m2]), np.zeros(1))


def _forest(session: Session, town: Town, c: Context) -> Iterator[Tally]:
    forest = gather(session, town, [sources.forest(c)], c)
    yield _tally("forest", forest)
    welfare = c.definition.choices["forest-protected-by"] == "zones-and-welfare"
    if welfare or c.loaded & {"redlines", "protected_areas"}:
        within = _within(forest, gather(session, town, sources.zones(c), c), "protected-forest")
        yield _with_welfare(forest, within) if welfare else within


def _wetland(session: Session, town: Town, c: Context) -> Iterator[Tally]:
    wetland = gather(session, town, [sources.wetland(c)], c)
    yield _tally("wetland", wetland)
    ground = c.definition.choices["wetland-protected-by"] == "ground"
    if ground and "protected_areas" not in c.loaded:
        return
    entered = sources.entered_forms(c)
    whole = np.array([claim.row.protection_form in entered for claim in wetland.claims], dtype=bool)
    by_entry = [Claim(claim.layer, claim.row, claim.row.protection_form) for claim in _some(wetland.claims, whole)]
    drawn = gather(session, town, list(sources.wetland_protection(c)) if ground else [], c)
    rest = Gathered(
        _some(wetland.claims, ~whole), wetland.shapes[~whole], wetland.m2[~whole], wetland.removed_m2[~whole]
    )
    inside = _within(rest, drawn, "protected-wetland")
    yield _joined(inside, by_entry, wetland.m2[whole])


def _erosion(session: Session, town: Town, c: Context) -> Iterator[Tally]:
    yield _tally("eroded", gather(session, town, [sources.erosion(c)], c))


def _redline(session: Session, town: Town, c: Context) -> Iterator[Tally]:
    yield _tally("redline", gather(session, town, [sources.redlines(c)], c))


_COUNTS = {"land": _land, "forest": _forest, "wetland": _wetland, "erosion": _erosion, "redline": _redline}


def _tally(figure: str, gathered: Gathered) -> Tally:
    return Tally(figure, gathered.claims, gathered.m2, gathered.removed_m2)


def _within(subjects: Gathered, zones: Gathered, figure: str) -> Tally:
    """The subjects' ground within disjoint zones, under the class of the zone."""
    pieces = overlap(subjects.shapes, zones.shapes)
    pairs = zip(pieces.subject, pieces.zone, strict=True)
    claims = [Claim(subjects.claims[s].layer, subjects.claims[s].row, zones.claims[z].cls) for s, z in pairs]
    return Tally(figure, claims, area(pieces.shape), np.zeros(len(pieces)))


def _with_welfare(forest: Gathered, within: Tally) -> Tally:
    """What is protected, and the rest of the public-welfare forest beside it."""
    held: dict[Any, float] = {}
    for claim, m2 in zip(within.claims, within.m2, strict=True):
        held[claim.row.id] = held.get(claim.row.id, 0.0) + float(m2)
    of_welfare = sources.public_welfare()
    public = np.array([getattr(claim.row, "category", None) in of_welfare for claim in forest.claims], dtype=bool)
    left = np.array([m2 - held.get(claim.row.id, 0.0) for claim, m2 in zip(forest.claims, forest.m2, strict=True)])
    left = np.maximum(left, 0)
    more = [Claim(claim.layer, claim.row, WELFARE) for claim in _some(forest.claims, public)]
    return _joined(within, more, left[public])


def _joined(tally: Tally, more: list[Claim], m2: Floats) -> Tally:
    claims, removed = [*tally.claims, *more], np.concatenate([tally.removed_m2, np.zeros(len(more))])
    return Tally(tally.figure, claims, np.concatenate([tally.m2, m2]), removed)


def _some(claims: list[Claim], mask: NDArray[np.bool_]) -> list[Claim]:
    return [claim for claim, kept in zip(claims, mask, strict=True) if kept]
