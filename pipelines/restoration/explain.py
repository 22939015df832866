"""Where a rate comes from: what counts, what was counted once only, what does not count and why.

And what the rate would be under the other definitions that the standards permit.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from sqlalchemy.orm import Session

from data import measuring
from data.measuring import Choice, Said
from geo.area import area
from geo.overlay import overlap
from geo.refusal import Note, Refusal
from layers.ground.history import last_no
from layers.ground.questions import features_near
from pipelines.restoration import sources
from pipelines.restoration.counting import FIGURES, Sum, Tally, Town, context, count, sums, towns
from pipelines.restoration.definitions import variants
from pipelines.restoration.rates import FORMULAS, Adjustment, Part, Rates, places, rates_of
from pipelines.restoration.sources import Context, Source

_SOURCES: Mapping[str, Callable[[Context], Sequence[Source]]] = {
    "forest": lambda c: (sources.forest(c),),
    "protected-forest": sources.zones,
    "wetland": lambda c: (sources.wetland(c),),
    "protected-wetland": lambda c: tuple(sources.wetland_protection(c)),
    "eroded": lambda c: (sources.erosion(c),),
    "redline": lambda c: (sources.redlines(c),),
}
"""Figure → the features it is judged by."""


_LAID: Mapping[str, Callable[[Context], Source]] = {
    "forest": sources.forest,
    "wetland": sources.wetland,
    "eroded": sources.erosion,
    "redline": sources.redlines,
}
"""Figure → the features of which it is the ground."""

LEAST_M2 = 0.01
"""Less than this is rounding along a border."""
_ANYWHERE = shapely.box(-180, -90, 180, 90)


class ExplainRefusal(Refusal):
    """A rate or a township that is not there, or whose layers hold nothing."""


@dataclass(frozen=True)
class Counted:
    """One feature's share in a figure."""

    layer: str
    code: str
    name: str
    township: str
    cls: str
    m2: float
    removed_m2: float
    """Ground it has in the township that a feature before it had taken."""


@dataclass(frozen=True)
class Excluded:
    """Features that do not count, for one reason, and their ground in the townships (overlaps not taken off)."""

    layer: str
    reason: Note
    features: int
    m2: float


@dataclass(frozen=True)
class FigureExplained:
    """One side of the quotient. Features come in the order in which they take ground, township by township."""

    figure: str
    sums: tuple[Sum, ...]
    features: tuple[Counted, ...]
    excluded: tuple[Excluded, ...]


@dataclass(frozen=True)
class Otherwise:
    """The rate under another permitted definition; None where its layers hold nothing."""

    difference: Said
    part: Part | None


@dataclass(frozen=True)
class Explanation:
    """A rate in one township, or in the county."""

    rate: measuring.Rate
    no: int
    on: date
    part: Part
    adjustment: Adjustment | None
    """How the land was adjusted, where it plays a part."""
    choices: tuple[Choice, ...]
    """The open questions that bear on it, as they are answered."""
    figures: tuple[FigureExplained, ...]
    otherwise: tuple[Otherwise, ...]
    made_up: bool


def explain(session: Session, rate: str, *, township: str | None, on: date) -> Explanation:
    """Explain a rate as the session sees the layers. township: a code or a name; None: the county.

    Raises ExplainRefusal.
    """
    if rate not in FORMULAS:
        raise ExplainRefusal("explain.no_rate", rate=rate, known=", ".join(FORMULAS))
    asked, c, every = measuring.rates()[rate], context(session, on), towns(session)
    scope = _scope(every, township)
    counted = _tallies(session, rate, every, scope, c)
    rates = _rates(session, counted, c)
    part = _part(rates, rate, scope)
    if part is None:
        raise ExplainRefusal("explain.not_loaded", rate_zh=asked.zh, rate_en=asked.en)
    figures = tuple(_figure(session, figure, counted, scope, c) for figure in _sides(rate))
    return Explanation(
        rate=asked,
        no=last_no(session),
        on=on,
        part=part,
        adjustment=rates.adjustment if "land" in _sides(rate) else None,
        choices=tuple(choice for choice in measuring.choices().values() if choice.figure in _sides(rate)),
        figures=figures,
        otherwise=tuple(_otherwise(session, rate, counted, scope, on)),
        made_up=any(row.made_up for figure in figures for row in figure.sums),
    )


def _scope(every: Sequence[Town], township: str | None) -> Sequence[Town]:
    if township is None:
        return every
    found = [town for town in every if township in (town.code, town.name, town.code[-3:])]
    if not found:
        raise ExplainRefusal("explain.no_township", township=township, known=", ".join(t.name for t in every) or "—")
    return found


def _sides(rate: str) -> tuple[str, ...]:
    """The figures to explain, numerator first; the land that is kept is explained by what is eroded."""
    return tuple("eroded" if figure == "kept" else figure for figure in FORMULAS[rate])


def _tallies(
    session: Session, rate: str, every: Sequence[Town], scope: Sequence[Town], c: Context
) -> list[tuple[Town, Tally]]:
    """What the rate is made of in the scope, and the land of all townships, which may be adjusted to the county's."""
    accounts = sorted({FIGURES[figure] for figure in _sides(rate)} - {"land"})
    wanted = [(town, "land") for town in every] + [(town, account) for town in scope for account in accounts]
    return [(town, tally) for town, account in wanted for tally in _needed(session, rate, town, account, c)]


def _needed(session: Session, rate: str, town: Town, account: str, c: Context) -> Iterator[Tally]:
    """The figures of an account up to the last one that the rate needs."""
    left = {figure for figure in _sides(rate) if FIGURES[figure] == account} or {account}
    for tally in count(session, town, account, c):
        yield tally
        left.discard(tally.figure)
        if not left:
            return


def _rates(session: Session, counted: Sequence[tuple[Town, Tally]], c: Context) -> Rates:
    rows = [row for town, tally in counted for row in sums(town, tally)]
    return rates_of(rows, places(session), no=last_no(session), on=c.on, definition=c.definition)


def _part(rates: Rates, rate: str, scope: Sequence[Town]) -> Part | None:
    """The rate in the scope; None where its layers hold nothing."""
    found = rates.measured.get(rate)
    if found is None:
        return None
    if len(scope) == len(found.townships):
        return found.county
    return next(part for part in found.townships if part.code == scope[0].code)


def _figure(
    session: Session, figure: str, counted: Sequence[tuple[Town, Tally]], scope: Sequence[Town], c: Context
) -> FigureExplained:
    codes = {town.code for town in scope}
    of = [(town, tally) for town, tally in counted if tally.figure == figure and town.code in codes]
    by_class = tuple(row for town, tally in of for row in sums(town, tally))
    features = tuple(row for town, tally in of for row in _counted(town, tally))
    excluded = list(_excluded(session, figure, scope, c))
    if figure in _LAID and len(scope) == len({town.code for town, _ in counted}):
        excluded += _outside(session, _LAID[figure](c), [tally for _, tally in of], c)
    return FigureExplained(figure, by_class, features, tuple(excluded))


def _counted(town: Town, tally: Tally) -> Iterator[Counted]:
    for claim, m2, removed in zip(tally.claims, tally.m2, tally.removed_m2, strict=True):
        name = claim.row.name or claim.row.code
        yield Counted(claim.layer, claim.row.code, name, town.code, claim.cls, float(m2), float(removed))


def _excluded(session: Session, figure: str, scope: Sequence[Town], c: Context) -> Iterator[Excluded]:
    """What was looked at and not counted, by reason."""
    for source in _SOURCES[figure](c) if figure in _SOURCES else ():
        found: dict[tuple[str, str], tuple[Note, set[Any], float]] = {}
        for town in scope:
            for note, feature, m2 in _turned_away(session, source, town, c):
                key = (note.id, str(note.values))
                _, features, before = found.get(key, (note, set(), 0.0))
                found[key] = note, features | {feature}, before + m2
        for note, features, m2 in found.values():
            yield Excluded(str(source.layer.__tablename__), note, len(features), m2)


def _outside(session: Session, source: Source, tallies: Sequence[Tally], c: Context) -> Iterator[Excluded]:
    """What would count but lies in no township."""
    inside: dict[Any, float] = defaultdict(float)
    for tally in tallies:
        for claim, m2 in zip(tally.claims, tally.m2 + tally.removed_m2, strict=True):
            inside[claim.row.id] += float(m2)
    every = features_near(session, source.layer, source.columns, _ANYWHERE, *source.where)
    counts = [not isinstance(source.judge(row, c), Note) for row in every.rows]
    rows = [row for row, kept in zip(every.rows, counts, strict=True) if kept]
    left = area(every.shapes[np.array(counts, dtype=bool)]) - np.array([inside[row.id] for row in rows])
    if (out := left > LEAST_M2).any():
        yield Excluded(str(source.layer.__tablename__), Note("count.outside"), int(out.sum()), float(left[out].sum()))


def _turned_away(session: Session, source: Source, town: Town, c: Context) -> Iterator[tuple[Note, Any, float]]:
    near = features_near(session, source.layer, source.columns, town.shape, *source.where)
    said = [source.judge(row, c) for row in near.rows]
    away = np.array([isinstance(judged, Note) for judged in said], dtype=bool)
    pieces = overlap(near.shapes[away], np.array([town.shape], dtype=object))
    notes = [judged for judged in said if isinstance(judged, Note)]
    ids = [row.id for row, out in zip(near.rows, away, strict=True) if out]
    for place, m2 in zip(pieces.subject, area(pieces.shape), strict=True):
        yield notes[place], ids[place], float(m2)


def _otherwise(
    session: Session, rate: str, counted: Sequence[tuple[Town, Tally]], scope: Sequence[Town], on: date
) -> Iterator[Otherwise]:
    """The variants, each with the account that it counts otherwise counted again."""
    for variant in variants(_sides(rate)):
        c, account = context(session, on, variant.definition), FIGURES[variant.figure]
        again = [(town, t) for town in scope if account != "land" for t in _needed(session, rate, town, account, c)]
        kept = [pair for pair in counted if account == "land" or FIGURES[pair[1].figure] != account]
        yield Otherwise(variant.difference, _part(_rates(session, [*kept, *again], c), rate, scope))
