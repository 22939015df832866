"""The works: how many stand where, and a page for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from data import facts
from data.releasing import public_layer
from pipelines.publish.pages.naming import township, village
from pipelines.publish.pages.tables import Cell, Table, cells, columns
from pipelines.publish.pages.wording import ABSENT, Words, field_of
from pipelines.publish.public import KINDS, Public, Quarter, Released, Site, Village, stage_system

NEAREST = 8
"""How many villages the page of a piece of the works names."""
_BEFORE = {"mines": ("damaged_hm2",), "watersheds": ("eroded_hm2",)}
_SINCE = {"mines": ("cropland_added_hm2", "green_added_hm2"), "watersheds": ("treated_hm2", "rating")}
_SAID_ELSEWHERE = frozenset({"name", "township", "stage", "made_up", "micro", "plan", "quantity_unit"})

Where = Literal["past", "now", "ahead"]


@dataclass(frozen=True)
class Step:
    """One stage of the list that a piece of the works goes through."""

    name: str
    where: Where
    seen: str
    """Since which quarter it was there, in words; empty where it is ahead."""


@dataclass(frozen=True)
class Tally:
    """How far the works of a kind have come."""

    kind: str
    whole: int
    done: int
    overdue: int


def page_of(site: Site) -> str:
    return f"sites/{site.key}.html"


def kind_named(kind: str, t: Words) -> str:
    return t(f"map_layer.{kind}")


def title(site: Site, t: Words) -> str:
    """What it is called; one without a name by its kind and public name."""
    return site.feature.values["name"] or f"{kind_named(site.kind, t)} {site.key[:4]}"


def ordered(sites: Sequence[Site]) -> list[Site]:
    """By kind, township and name."""
    kinds = list(KINDS)
    return sorted(
        sites, key=lambda s: (kinds.index(s.kind), *(s.feature.values[c] or "" for c in ("township", "name")), s.key)
    )


def by_kind(sites: Sequence[Site]) -> Mapping[str, list[Site]]:
    """The works in their order, every kind of them, also one that has none."""
    found: dict[str, list[Site]] = {kind: [] for kind in KINDS}
    for site in ordered(sites):
        found[site.kind].append(site)
    return found


def tallies(public: Public) -> list[Tally]:
    return [
        Tally(kind, len(of), sum(site.accepted for site in of), sum(site.overdue for site in of))
        for kind, of in by_kind(public.sites).items()
    ]


def summary(public: Public, t: Words) -> Table:
    """A row for each kind: how many, how many done and overdue, and at which stages they stand."""
    rows = []
    for tally, of in zip(tallies(public), by_kind(public.sites).values(), strict=True):
        counts = (t.number(n) for n in (tally.whole, tally.done, tally.overdue))
        name = Cell(kind_named(tally.kind, t), page=f"sites/index.html#{tally.kind}")
        rows.append(cells(name, *counts, _stages_said(tally.kind, of, t)))
    heads = ("kind", "whole", "done", "overdue", "stages")
    named = columns([t(f"public.{head}") for head in heads], numeric=(1, 2, 3), wide=(4,))
    return Table("works", t("public.works_caption", day=t.day(public.moment.on)), named, rows)


def _stages_said(kind: str, sites: Sequence[Site], t: Words) -> str:
    held = [site.feature.values["stage"] for site in sites]
    order = [*facts.system(stage_system(kind)).codes, None]
    said = [f"{_stage(kind, stage, t)}\u00a0{held.count(stage)}" for stage in order if stage in held]
    return t.joined(said) or t("public.none_listed")


def _stage(kind: str, stage: str | None, t: Words) -> str:
    return t("progress_table.no_stage") if stage is None else t.code(stage_system(kind), stage)


def listing(kind: str, sites: Sequence[Site], t: Words) -> Table:
    """All works of a kind."""
    heads = ("name", "township", "stage", "planned", "done_on")
    return Table(
        f"{kind}-table", t("public.listing_caption", kind=kind_named(kind, t), n=len(sites)),
        columns(t(f"public.{head}") for head in heads), [_row(site, t) for site in sites], sortable=True,
    )  # fmt: skip


def _row(site: Site, t: Words) -> list[Cell]:
    values = site.feature.values
    return cells(called(site, t), township(values["township"], t), stage_cell(site, t), *_days(site, t))


def called(site: Site, t: Words) -> Cell:
    """Its name, leading to its page."""
    name, chinese = title(site, t), site.feature.values["name"] is not None
    return Cell(name, page=page_of(site), chinese=chinese, note=made_up(name, site.feature, t))


def made_up(name: str, feature: Released, t: Words) -> str | None:
    """The mark of what is made up, where its name does not say so."""
    return t("public.made_up_mark") if feature.values["made_up"] and "虚构" not in name else None


def stage_cell(site: Site, t: Words) -> Cell:
    """Where it stands; overdue works say so."""
    stages = list(facts.system(stage_system(site.kind)).codes)
    stage = site.feature.values["stage"]
    order = f"{stages.index(stage) if stage in stages else len(stages):02d}"
    late = t("public.overdue_mark") if site.overdue else None
    return Cell(_stage(site.kind, stage, t), note=late, sign="late" if site.overdue else None, order=order)


def _days(site: Site, t: Words) -> Iterator[Cell]:
    for column in ("planned_on", "done_on"):
        day = site.feature.values[column]
        yield Cell(t.day(day), order=day.isoformat() if day else "")


def steps(site: Site, quarters: Sequence[Quarter], t: Words) -> list[Step]:
    """Every stage of its list, whether it is past, and in which quarter it was first seen at it or beyond."""
    order = list(facts.system(stage_system(site.kind)).codes)
    seen = [order.index(stage) if stage in order else -1 for stage in site.stages]
    stage = site.feature.values["stage"]
    now = order.index(stage) if stage in order else -1
    return [
        Step(t.code(stage_system(site.kind), code), _where(n, now), _since(n, seen, quarters, t) if n <= now else "")
        for n, code in enumerate(order)
    ]


def _where(stage: int, now: int) -> Where:
    return "now" if stage == now else "past" if stage < now else "ahead"


def _since(stage: int, seen: Sequence[int], quarters: Sequence[Quarter], t: Words) -> str:
    """Since when a stage was reached, as far as the ends of quarters tell."""
    first = next((n for n, of in enumerate(seen) if of >= stage), None)
    if first is None:
        return t("public.since_then")
    how = "public.before_listed" if first == 0 or seen[first - 1] < 0 else "public.at_quarter"
    if seen[first] > stage and how == "public.at_quarter":
        how = "public.by_quarter"
    return t(how, quarter=t.quarter(quarters[first]))


def before_and_now(site: Site, public: Public, t: Words) -> Table | None:
    """What it was in the first quarter that saw it, against what it is; None where no quarter did."""
    first = next((n for n, stage in enumerate(site.stages) if stage is not None), None)
    if first is None:
        return None
    layer, feature = site.feature.layer, site.feature
    then, now = (_stage(site.kind, stage, t) for stage in (site.stages[first], feature.values["stage"]))
    rows = [cells(t("public.stage"), then, now)]
    rows += [cells(t.column(layer, name), t.value(feature, name), ABSENT) for name in _BEFORE.get(layer, ())]
    rows += [cells(t.column(layer, name), ABSENT, t.value(feature, name)) for name in _SINCE.get(layer, ())]
    quarter, day = t.quarter(public.quarters[first]), t.day(public.moment.on)
    named = columns([t("public.what"), t("public.then", quarter=quarter), t("public.now", day=day)])
    return Table("before", t("public.before_caption"), named, rows)


def particulars(site: Site, t: Words) -> list[tuple[str, Cell]]:
    """The columns that may be told, in words, but those that hold nothing and those set before and after."""
    feature = site.feature
    elsewhere = {*_SAID_ELSEWHERE, *_BEFORE.get(feature.layer, ()), *_SINCE.get(feature.layer, ())}
    shown = [name for name, value in feature.values.items() if value is not None and name not in elsewhere]
    said = [(t.column(feature.layer, name), _told(site, name, t)) for name in shown]
    if feature.hm2 is not None:
        said.append((t("public.area"), Cell(f"{t.hm2(feature.hm2)} {t.unit('hm²')}")))
    return said


def _told(site: Site, name: str, t: Words) -> Cell:
    if name == "task":
        return _task(site, t)
    field, said = field_of(site.feature.layer, name), t.value(site.feature, name)
    return Cell(said, chinese=isinstance(site.feature.values[name], str) and not field.codes)


def _task(site: Site, t: Words) -> Cell:
    """Its task of the plan by name."""
    plan, number = site.feature.values["plan"], site.feature.values["task"]
    known = facts.plan(plan).tasks.get(number) if plan in facts.plans() else None
    return Cell(f"{number} · {t.of(known)}", page="plan.html") if known else Cell(str(number))


def provider(site: Site, t: Words) -> str:
    """Who answers for what is told of it."""
    return public_layer(site.feature.layer).provider(t.lang)


def nearest(villages: Sequence[Village]) -> Mapping[str, list[tuple[int, Village]]]:
    """Key of a site → the villages near it and how far in km, the nearest first."""
    found: dict[str, list[tuple[int, Village]]] = defaultdict(list)
    for of in villages:
        for key, km in of.near:
            found[key].append((km, of))
    return {key: sorted(near, key=lambda pair: (pair[0], pair[1].code))[:NEAREST] for key, near in found.items()}


def near_cells(near: Sequence[tuple[int, Village]], t: Words) -> list[Cell]:
    return [replace(village(of), note=t("public.km", km=km)) for km, of in near]


def neighbours(sites: Sequence[Site]) -> Mapping[str, tuple[Site | None, Site | None]]:
    """Key → the one before and the one after it of its kind."""
    found: dict[str, tuple[Site | None, Site | None]] = {}
    for of in by_kind(sites).values():
        row = [None, *of, None]
        for (before, site), (_, after) in pairwise(pairwise(row)):
            if site is not None:
                found[site.key] = (before, after)
    return found
