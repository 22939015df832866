"""How far the works have come: mines, clean watersheds, micro-wetlands and projects, by the stages of their list."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from itertools import groupby
from typing import Any

import numpy as np
import shapely
from sqlalchemy import and_, exists, select, true
from sqlalchemy.orm import Session

from data import facts, judging
from geo.area import area
from layers.ground.history import last_no
from layers.ground.layer import fields
from layers.mines import Mine
from layers.projects import Project
from layers.watersheds import Watershed
from layers.wetlands import Wetland


@dataclass(frozen=True)
class Item:
    """One piece of the works, on a day."""

    code: str
    name: str
    township: str | None
    stage: str | None
    planned_on: date | None
    done_on: date | None
    hm2: float | None
    """Area of record, else as drawn; None for points and lines."""
    done: bool
    due: bool
    """Its planned day has come."""
    overdue: bool
    """Its planned day has passed, and it is not done."""
    part: str | None
    """Programme of a mine, kind of a project."""
    plan: str | None
    made_up: bool


@dataclass(frozen=True)
class Tally:
    """Items counted: how many, and the area of those that have one; None where none has."""

    count: int
    hm2: float | None


@dataclass(frozen=True)
class Group:
    """The items of one kind. loaded: whether the layer holds anything at all; if not, nothing is known."""

    id: str
    zh: str
    en: str
    system: str
    """The code system of its stages."""
    loaded: bool
    items: tuple[Item, ...]

    @property
    def whole(self) -> Tally:
        return _tally(self.items)

    @property
    def planned_by_now(self) -> Tally:
        return _tally([i for i in self.items if i.due])

    @property
    def done(self) -> Tally:
        return _tally([i for i in self.items if i.done])

    @property
    def overdue(self) -> Tally:
        return _tally([i for i in self.items if i.overdue])

    def of_plan(self, plan: str) -> Group:
        """The items of a plan, and those that name none."""
        return replace(self, items=tuple(item for item in self.items if item.plan in (None, plan)))

    def stages(self) -> Iterator[tuple[str | None, Tally]]:
        """Every stage in the order of the list, with what stands at it; last, where there is any, no stated stage."""
        order: list[str | None] = list(facts.system(self.system).codes)
        for stage in order:
            yield stage, _tally([i for i in self.items if i.stage == stage])
        if strays := [i for i in self.items if i.stage not in order]:
            yield None, _tally(strays)


@dataclass(frozen=True)
class Progress:
    """Every group, as known at a change and true on a day."""

    no: int
    on: date
    groups: tuple[Group, ...]

    @property
    def made_up(self) -> bool:
        return any(item.made_up for group in self.groups for item in group.items)

    def __getitem__(self, id: str) -> Group | None:  # noqa: A002 -- as in Refusal
        """The group of an id, such as `mines` or `projects.river-belt`; None where the layers hold none of its kind."""
        return next((group for group in self.groups if group.id == id), None)


@dataclass(frozen=True)
class _Kind:
    """What makes a group: a layer, the rows of it that count, and the column by which it is parted further."""

    layer: Any
    id: str
    zh: str
    en: str
    only: Any = field(default_factory=true)
    part: str | None = None


_MINES = _Kind(Mine, "mines", "历史遗留废弃矿山", "abandoned mines", part="programme")
_WATERSHEDS = _Kind(Watershed, "clean-watersheds", "生态清洁小流域", "clean watersheds", Watershed.stage.is_not(None))
_WETLANDS = _Kind(
    Wetland, "micro-wetlands", "小微湿地", "micro-wetlands", and_(Wetland.micro, Wetland.stage.is_not(None))
)
_PROJECTS = _Kind(Project, "projects", "生态工程", "projects", part="kind")


def progress(session: Session, *, on: date) -> Progress:
    """The progress as the session sees the layers, judged by a day: what was planned by then and is not done.

    What counts as done stands in data/standards/plan.toml.
    """
    mines, watersheds, wetlands, projects = (
        _group(session, kind, on) for kind in (_MINES, _WATERSHEDS, _WETLANDS, _PROJECTS)
    )
    groups = (mines, *_programmes(mines), watersheds, wetlands, projects, *_kinds(projects))
    return Progress(last_no(session), on, groups)


def _group(session: Session, kind: _Kind, on: date) -> Group:
    system = str(fields(kind.layer)["stage"].codes)
    features = session.scalars(select(kind.layer).where(kind.only).order_by(kind.layer.code)).all()
    loaded = bool(features) or bool(session.scalar(select(exists(select(kind.layer.id)))))
    hm2 = _hm2(features)
    items = [_item(feature, system, size, on, kind.part) for feature, size in zip(features, hm2, strict=True)]
    return Group(kind.id, kind.zh, kind.en, system, loaded, tuple(items))


def _item(feature: Any, system: str, hm2: float | None, on: date, part: str | None) -> Item:
    done, planned_on = judging.done(system).includes(feature.stage), feature.planned_on
    return Item(
        code=feature.code,
        name=feature.name or feature.code,
        township=feature.township,
        stage=feature.stage,
        planned_on=planned_on,
        done_on=feature.done_on,
        hm2=hm2,
        done=done,
        due=planned_on is not None and planned_on <= on,
        overdue=planned_on is not None and planned_on < on and not done,
        part=getattr(feature, part) if part else None,
        plan=getattr(feature, "plan", None),
        made_up=feature.made_up,
    )


def _hm2(features: Sequence[Any]) -> list[float | None]:
    shapes = np.array([f.shape for f in features], dtype=object)
    drawn = np.full(len(shapes), np.nan)
    areal = shapely.get_dimensions(shapes) == 2
    drawn[areal] = area(shapes[areal]) / 1e4
    record = [getattr(f, "survey_area_m2", None) for f in features]
    known = [of_record / 1e4 if of_record is not None else m for of_record, m in zip(record, drawn, strict=True)]
    return [None if np.isnan(m) else float(m) for m in known]


def _programmes(mines: Group) -> Iterator[Group]:
    for name, items in _by_part(mines):
        yield Group(f"mines.{name}", f"其中：{name}", f"of them {name}", mines.system, True, items)


def _kinds(projects: Group) -> Iterator[Group]:
    kinds = facts.system("project-kind").codes
    for kind, items in _by_part(projects):
        zh, en = (kinds[kind].zh, kinds[kind].en) if kind in kinds else (kind, kind)
        yield Group(f"projects.{kind}", f"其中：{zh}", f"of them {en}", projects.system, True, items)


def _by_part(group: Group) -> Iterator[tuple[str, tuple[Item, ...]]]:
    parted = sorted((i for i in group.items if i.part), key=lambda i: str(i.part))
    for name, items in groupby(parted, key=lambda i: str(i.part)):
        yield name, tuple(items)


def _tally(items: Sequence[Item]) -> Tally:
    sizes = [i.hm2 for i in items if i.hm2 is not None]
    return Tally(len(items), sum(sizes) if sizes or not items else None)
