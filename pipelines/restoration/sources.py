"""Which features count in a figure, under which class, and which of two takes the ground they share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement

from data import facts, measuring
from geo.refusal import Note
from layers.controls import Control
from layers.erosion import ErosionPatch
from layers.landclass import LandClass
from layers.plots import Plot
from layers.protected_areas import ProtectedArea
from layers.redlines import Redline
from layers.wetlands import Wetland
from pipelines.restoration.definitions import Definition

STRICTNESS = tuple(facts.system("redline-control").codes)
"""Control zones, the strictest first (自然资发〔2022〕142号)."""
SEVERITY = tuple(facts.system("erosion-intensity").codes)[::-1]
"""Erosion intensities, the strongest first (SL 190-2007)."""


@dataclass(frozen=True)
class Context:
    """How everything is counted, on which day zones must be in force, and what there is to count."""

    definition: Definition
    on: date
    erosion_year: int | None
    """The latest year of the erosion monitoring; None: none is loaded."""
    loaded: frozenset[str]
    """The layers that hold anything for the definition; of the others nothing is known."""


@dataclass(frozen=True)
class Source:
    """Features of a layer that may count.

    judge: the class under which a row counts, or why it does not. rank: of two on the same ground the lower takes it.
    """

    layer: type[Any]
    columns: tuple[str, ...]
    judge: Callable[[Any, Context], str | Note]
    rank: Callable[[Any, str], Any] = lambda row, _: row.code
    where: tuple[ColumnElement[bool], ...] = ()


def forest(c: Context) -> Source:
    """Where forest is taken from."""
    if c.definition.choices["forest-source"] == "landclass":
        return Source(LandClass, ("name", "made_up", "land_class", "land_class_system"), _forest)
    return Source(Plot, ("name", "made_up", "land_class", "land_class_system", "canopy", "category"), _forest)


def wetland(_: Context) -> Source:
    return Source(Wetland, ("name", "made_up", "kind", "baseline", "protection_form"), _wetland)


def erosion(c: Context) -> Source:
    """The patches of the latest monitoring."""
    latest = (ErosionPatch.year == c.erosion_year,)
    columns = ("name", "made_up", "intensity")
    return Source(ErosionPatch, columns, _erosion, lambda row, said: (SEVERITY.index(said), row.code), latest)


def redlines(_: Context) -> Source:
    return Source(Redline, ("name", "made_up", "control", *_VALIDITY), _zone, _by_strictness)


def zones(c: Context) -> tuple[Source, ...]:
    """Protected areas and red lines: the stricter takes the ground, then the older."""
    columns = ("name", "made_up", "control", *_VALIDITY)
    return redlines(c), Source(ProtectedArea, columns, _zone, _by_strictness)


def wetland_protection(c: Context) -> Iterator[Source]:
    """What is drawn of the forms of wetland protection that count, in their order, the older first."""
    columns = ("name", "made_up", "kind", *_VALIDITY)
    forms = {form: place for place, form in enumerate(drawn_forms(c))}

    def rank(row: Any, said: str) -> Any:
        return forms[said], _age(row), row.code

    yield Source(ProtectedArea, columns, _protection, rank)
    kinds = [kind for f in measuring.protection_forms() if f.form in forms for kind in f.controls]
    if kinds:
        yield Source(Control, columns, _protection, rank, (Control.kind.in_(kinds),))


def drawn_forms(c: Context) -> tuple[str, ...]:
    """The forms that count and of which the layers draw the ground."""
    return tuple(f.form for f in measuring.protection_forms() if (f.areas or f.controls) and f.form in _forms(c))


def entered_forms(c: Context) -> frozenset[str]:
    """The forms by whose entry a wetland counts as protected as a whole."""
    by_entry = c.definition.choices["wetland-protected-by"] == "form"
    return frozenset(form for form in _forms(c) if by_entry or form not in drawn_forms(c))


def public_welfare() -> frozenset[str]:
    """The forest categories of public-welfare forest (公益林)."""
    return frozenset(facts.rules()["R3"].settings["public"])


_VALIDITY = ("in_force_from", "in_force_to")


def _forms(c: Context) -> frozenset[str]:
    return frozenset(c.definition.counted("wetland-protection", "wetland-protection"))


def _forest(row: Any, c: Context) -> str | Note:
    counted = c.definition.counted("forest-coverage", row.land_class_system)
    code = row.land_class[: facts.system(row.land_class_system).places]
    if code not in counted:
        return Note("count.class", {"code": row.land_class})
    least, canopy = counted[code].min_canopy, getattr(row, "canopy", None)
    if least is not None and canopy is not None and canopy < least:
        return Note("count.canopy", {"code": code, "least": f"{least:.2f}"})
    return str(code)


def _wetland(row: Any, c: Context) -> str | Note:
    if row.baseline is None:
        return Note("count.no_baseline")
    if row.baseline != c.definition.choices["wetland-baseline"]:
        return Note("count.baseline", {"code": row.baseline})
    return row.kind or ""


def _erosion(row: Any, c: Context) -> str | Note:
    if row.intensity not in c.definition.counted("soil-conservation", "erosion-intensity"):
        return Note("count.intensity", {"code": row.intensity})
    return str(row.intensity)


def _zone(row: Any, c: Context) -> str | Note:
    """The control zone; a red line without one lies outside protected areas, a protected area is general control."""
    unstated = "outside" if hasattr(row, "protected_area") else "general"
    return _not_in_force(row, c) or row.control or unstated


def _protection(row: Any, c: Context) -> str | Note:
    form = next((f.form for f in measuring.protection_forms() if row.kind in (*f.areas, *f.controls)), None)
    if form not in drawn_forms(c):
        return Note("count.form", {"code": row.kind})
    return _not_in_force(row, c) or str(form)


def _not_in_force(row: Any, c: Context) -> Note | None:
    begins, ends = row.in_force_from, row.in_force_to
    if (begins is None or begins <= c.on) and (ends is None or c.on <= ends):
        return None
    return Note("count.not_in_force", {"begins": begins or "", "ends": ends or ""})


def _by_strictness(row: Any, said: str) -> Any:
    return STRICTNESS.index(said), _age(row), row.code


def _age(row: Any) -> date:
    return row.in_force_from or date.max
