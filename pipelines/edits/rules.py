"""The rules between the fields of a row, by name: pure, over column values.

A rule's standing, source and numbers are data (data/standards/rules.toml); what it does with them stands here under the
same id. Confirmed rules refuse, unconfirmed ones warn: `broken` says which is which, the door acts on it. A field left
empty breaks no rule unless the rule asks for it, because the data of a bureau has gaps.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import Any

from data import facts

Row = Mapping[str, Any]
Found = Mapping[str, object] | None
"""The values of what is wrong, or None when nothing is."""
Check = Callable[[Row, Mapping[str, Any]], Found]


@dataclass(frozen=True)
class Rule:
    """A rule of a layer: the facts about it, and the check they are applied with."""

    id: str
    layer: str
    confirmed: bool
    clause: str
    fields: tuple[str, ...]
    settings: Mapping[str, Any]
    check: Check

    def broken(self, row: Row) -> Broken | None:
        found = self.check(row, self.settings)
        return None if found is None else Broken(self.id, self.confirmed, found)


@dataclass(frozen=True)
class Broken:
    """A rule that a row breaks. Confirmed: the row is refused; else it is taken with a warning."""

    rule: str
    confirmed: bool
    values: Mapping[str, object]

    @property
    def text(self) -> str:
        """The id of its text in data/words."""
        return f"rule.{self.rule}"


def broken(layer: Any, row: Row) -> list[Broken]:
    """Every rule that a row breaks, refusals first.

    layer: a mapped layer. row: all its column values by column name, typed as the columns are; None or missing: empty.
    """
    of_layer = (rule.broken(row) for rule in rules(layer.__tablename__))
    of_columns = (_wrong(column, row) for column in _columns(layer) if row.get(column.name) is not None)
    found = [b for b in (*of_layer, *of_columns) if b]
    return sorted(found, key=lambda b: not b.confirmed)


@cache
def rules(layer: str) -> tuple[Rule, ...]:
    """The named rules of a layer, by its table name."""
    return tuple(_rule(fact) for fact in facts.rules().values() if fact.layer == layer)


def _rule(fact: facts.RuleFact) -> Rule:
    clause = f"{fact.source} {fact.clause or ''}".strip()
    return Rule(fact.id, fact.layer, fact.confirmed, clause, fact.fields, fact.settings, _CHECKS[fact.id])


# --- any column: its value is of its code system, and fits it


@dataclass(frozen=True)
class _Column:
    """What the rules read of a described column."""

    name: str
    zh: str
    en: str
    codes: str | None
    length: int | None
    most: int | None
    """Its numbers stay below this, without their sign."""

    @property
    def labels(self) -> dict[str, object]:
        return {"field": self.name, "label_zh": self.zh, "label_en": self.en}


_INTEGERS = {"small_integer": 2**15, "integer": 2**31}


@cache
def _columns(layer: Any) -> tuple[_Column, ...]:
    return tuple(_column(c, c.info["field"]) for c in layer.__table__.columns if "field" in c.info)


def _column(column: Any, field: Any) -> _Column:
    digits, places = getattr(column.type, "precision", None), getattr(column.type, "scale", None)
    most = _INTEGERS.get(column.type.__visit_name__) if places is None else 10 ** (digits - places)
    return _Column(column.name, field.zh, field.en, field.codes, getattr(column.type, "length", None), most)


def _wrong(column: _Column, row: Row) -> Broken | None:
    """One thing said of a value: that its code is refused, else that it does not fit, else that its code is strange."""
    strange = _strange_code(column, row)
    return strange if strange and strange.confirmed else _misfit(column, row) or strange


def _strange_code(column: _Column, row: Row) -> Broken | None:
    value, system = row.get(column.name), _system_of(column, row)
    if value is None or system is None or str(value) in system:
        return None
    stated = {"system": system.id, "system_zh": system.zh, "system_en": system.en}
    values = column.labels | stated | {"value": value, "near": _near(str(value), system)}
    return Broken("code", system.complete, values)


def _system_of(column: _Column, row: Row) -> facts.CodeSystem | None:
    """The system a code is written in: the one the row states beside it, else the column's own.

    None when the row states an unknown one: that is said of the column stating it.
    """
    stated = row.get(f"{column.name}_system") or column.codes
    return facts.systems().get(str(stated))


def _near(value: str, system: facts.CodeSystem) -> str:
    """Up to three codes that look like the value or are named like it; a dash when none does."""
    named = {code.zh: code.code for code in system.codes.values()}
    close = get_close_matches(value, [*system.codes, *named], n=3, cutoff=0.5)
    codes = dict.fromkeys(named.get(match, match) for match in close)
    return "、".join(f"{code} {system.codes[code].zh}" for code in codes) or "—"


def _misfit(column: _Column, row: Row) -> Broken | None:
    """Too long or too large for its column: said here with its place, before the database says it without one."""
    value = row.get(column.name)
    if isinstance(value, str) and column.length is not None and len(value) > column.length:
        return Broken("length", True, column.labels | {"value": value, "length": column.length})
    if isinstance(value, int | float) and column.most is not None and not abs(value) < column.most:
        return Broken("size", True, column.labels | {"value": value, "most": column.most})
    return None


# --- the named rules


def _canopy_within(row: Row, settings: Mapping[str, Any]) -> Found:
    """R1 and its kin: the canopy density that a land class allows."""
    canopy, land_class = row.get("canopy"), row.get("land_class")
    if canopy is None or land_class not in settings["classes"]:
        return None
    least, most = settings["least"], settings["most"]
    # Written so that NaN, which compares with nothing, breaks the rule.
    return None if least <= canopy <= most else _picked(row, "land_class", "canopy") | {"least": least, "most": most}


def _no_canopy(row: Row, settings: Mapping[str, Any]) -> Found:
    land_class = row.get("land_class")
    if land_class is None or land_class in settings["except"] or row.get("canopy") in (None, 0):
        return None
    return _picked(row, "land_class", "canopy")


def _purpose_has_forest(row: Row, settings: Mapping[str, Any]) -> Found:
    """R2."""
    if row.get("purpose") is None or row.get("land_class") in (None, *settings["classes"]):
        return None
    return _picked(row, "land_class", "purpose")


def _purpose_fits_category(row: Row, settings: Mapping[str, Any]) -> Found:
    """R3, on the first two places of the purpose."""
    purpose, category = row.get("purpose"), row.get("category")
    if purpose is None or category is None:
        return None
    public = purpose[:2] in settings["public_purposes"] and category in settings["commercial"]
    commercial = purpose[:2] in settings["commercial_purposes"] and category in settings["public"]
    return _picked(row, "purpose", "category") if public or commercial else None


def _authority_fits_category(row: Row, settings: Mapping[str, Any]) -> Found:
    """R4."""
    category, authority, grade = row.get("category"), row.get("authority"), row.get("welfare_grade")
    lacking = category in settings["public"] and authority is None
    excess = category in settings["commercial"] and (authority is not None or grade is not None)
    return _picked(row, "category", "authority", "welfare_grade") if lacking or excess else None


def _grade_fits_authority(row: Row, settings: Mapping[str, Any]) -> Found:
    """R5."""
    national, grade = row.get("authority") in settings["national"], row.get("welfare_grade")
    fits = grade in settings["grades"] if national else grade is None
    return None if fits else _picked(row, "authority", "welfare_grade")


def _in_this_county(row: Row, settings: Mapping[str, Any]) -> Found:  # noqa: ARG001 -- every check takes its settings
    """R10 but for the uniqueness, which is the table's."""
    adcode, county, township = facts.county().adcode, row.get("county"), row.get("township")
    fits = county in (None, adcode) and (township is None or township.startswith(adcode))
    return None if fits else _picked(row, "county", "township") | {"adcode": adcode}


def _below_micro_size(row: Row, settings: Mapping[str, Any]) -> Found:
    """A micro-wetland by its recorded area, else by its area of record."""
    area, surveyed = row.get("area_hm2"), row.get("survey_area_m2")
    if area is None and surveyed is not None:
        area = surveyed / 10_000
    if not row.get("micro") or area is None or area < settings["below_hm2"]:
        return None
    return {"area_hm2": area, "below_hm2": settings["below_hm2"]}


def _picked(row: Row, *names: str) -> dict[str, object]:
    """The values a text shows; an empty one as a dash."""
    return {name: "—" if row.get(name) is None else row[name] for name in names}


_CHECKS: Mapping[str, Check] = {
    "R1": _canopy_within,
    "R1-sparse": _canopy_within,
    "R1-shrub": _canopy_within,
    "R1-other": _no_canopy,
    "R2": _purpose_has_forest,
    "R3": _purpose_fits_category,
    "R4": _authority_fits_category,
    "R5": _grade_fits_authority,
    "R10": _in_this_county,
    "micro-wetland": _below_micro_size,
}
