"""The open data: tables as CSV, released shapes as GeoJSON, and the current values as one small JSON."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from io import StringIO
from typing import Any

import numpy as np
import shapely

from data import facts
from data.releasing import limits, public_layers
from data.texts import both
from pipelines.publish.public import KINDS, Public, Released, Site, printed
from pipelines.restoration.plan import TargetStands

Rows = Iterable[Sequence[Any]]
KEYS: Mapping[str, int] = {
    "works": 1, "works-by-quarter": 2, "rates": 2, "announced": 2, "plan": 1, "townships": 1, "villages": 2,
    "sections": 1,
}  # fmt: skip
"""Every table, and how many of its first columns name a row."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would compute."""


def tables(public: Public) -> dict[str, bytes]:
    """The tables by path. None of them tells a place."""
    made = {
        "works": (_WORKS, _works(public)),
        "works-by-quarter": (("key", "quarter", "stage"), _by_quarter(public)),
        "rates": (_RATES, _rates(public)),
        "announced": (_ANNOUNCED, _announced(public)),
        "plan": (_PLAN, _plan(public)),
        "townships": (("code", "name_zh", "name_en", "works", "accepted", "overdue"), _townships(public)),
        "villages": (("code", "class", "name", "township", "forest_hm2"), _villages(public)),
        "sections": (("key", "name", "river", "township", "level", "target_class", "made_up"), _sections(public)),
    }
    return {f"data/{name}.csv": as_csv(heading, rows) for name, (heading, rows) in made.items()} | {
        "data/current.json": current(public)
    }


def as_csv(heading: Sequence[str], rows: Rows) -> bytes:
    """UTF-8 with the mark by which Excel knows it; words that begin like a formula stay words."""
    written = StringIO(newline="")
    csv.writer(written, lineterminator="\r\n").writerows([heading, *([_cell(v) for v in row] for row in rows)])
    return written.getvalue().encode("utf-8-sig")


def vectors(public: Public) -> dict[str, bytes]:
    """The generalised shapes of the layers that may be given as vectors: part of what a release decision covers."""
    return {
        f"maps/data/{name}.geojson": geojson(public.features[name])
        for name, allowed in public_layers().items()
        if allowed.vectors and public.features.get(name)
    }


def geojson(features: Sequence[Released]) -> bytes:
    """Features as GeoJSON, longitude first, with no more decimals than are public."""
    said = [
        {"type": "Feature", "id": f.key, "properties": _plain(f.values), "geometry": _geometry(f)} for f in features
    ]
    return _json({"type": "FeatureCollection", "features": said})


def current(public: Public) -> bytes:
    """The values of now in one small file: the rates, the works and the plan's colours."""
    moment, plan = public.moment, public.plan
    measured = {rate: m.county.percent for rate, m in public.rates.measured.items()}
    announced = {said.subject: {"year": said.year, "percent": said.value} for said in public.announced}
    works = {kind: _tally([site for site in public.sites if site.kind == kind]) for kind in KINDS}
    said = {"no": moment.no, "on": moment.on, "made_up": moment.made_up, "measured_percent": measured}
    return _json({**said, "announced": announced, "works": works, "plan": {"id": plan.plan.id, **plan.counts()}})


_WORKS = (
    "key", "kind", "name", "township", "township_name", "stage", "stage_zh", "stage_en", "planned_on", "done_on",
    "area_hm2", "overdue", "made_up",
)  # fmt: skip
_RATES = ("rate", "place", "name_zh", "name_en", "place_name", "percent", "numerator_hm2", "denominator_hm2", "no")
_ANNOUNCED = ("rate", "year", "percent", "body", "document", "stated_on", "made_up")
_PLAN = (
    "target", "task", "name_zh", "name_en", "sense", "number", "unit", "year", "today", "today_year", "series",
    "distance", "state", "why_zh", "why_en", "made_up",
)  # fmt: skip


def _works(public: Public) -> Iterator[Sequence[Any]]:
    for site in public.sites:
        feature, stage = site.feature, site.stage_named
        town = public.townships.get(feature.township or "")
        yield (
            site.key, site.kind, feature.name, feature.township, town and town.name, feature.stage, stage and stage.zh,
            stage and stage.en,
            feature.planned_on, feature.done_on, feature.hm2, site.overdue, feature.made_up,
        )  # fmt: skip


def _by_quarter(public: Public) -> Iterator[Sequence[Any]]:
    for site in public.sites:
        for quarter, stage in zip(public.quarters, site.stages, strict=True):
            if stage is not None:
                yield site.key, quarter.label, stage


def _rates(public: Public) -> Iterator[Sequence[Any]]:
    for id_, measured in public.rates.measured.items():
        areas = printed(measured)
        for part in (*measured.townships, measured.county):
            words = (measured.rate.zh, measured.rate.en, part.name)
            yield id_, part.code, *words, part.percent, *areas[part.code], public.rates.no


def _announced(public: Public) -> Iterator[Sequence[Any]]:
    for said in public.announced:
        yield said.subject, said.year, said.value, said.body, said.document, said.stated_on, said.made_up


def _plan(public: Public) -> Iterator[Sequence[Any]]:
    yield from (_target(target) for target in public.plan.all_targets)


def _target(row: TargetStands) -> Sequence[Any]:
    target, today, why = row.target, row.today, both(row.judged.why)
    found = (today.value, today.year, today.series) if today else (None, None, None)
    named = (target.id, target.task, target.zh, target.en, target.sense, row.number, target.unit, target.year)
    return *named, *found, row.judged.distance, row.judged.state, why["zh"], why["en"], row.made_up


def _townships(public: Public) -> Iterator[Sequence[Any]]:
    for town in facts.townships():
        counted = _tally(public.in_township(town.code))
        yield town.code, town.zh, town.en, counted["all"], counted["accepted"], counted["overdue"]


def _villages(public: Public) -> Iterator[Sequence[Any]]:
    for village in public.villages:
        for group, hm2 in village.forest_hm2.items():
            yield village.code, group, village.name, village.township, hm2


def _sections(public: Public) -> Iterator[Sequence[Any]]:
    for f in public.features["sections"]:
        yield f.key, f.name, f.river, f.township, f.level, f.target_class, f.made_up


def _tally(sites: Sequence[Site]) -> dict[str, int]:
    accepted = sum(site.accepted for site in sites)
    return {"all": len(sites), "accepted": accepted, "overdue": sum(site.overdue for site in sites)}


def _cell(value: Any) -> Any:
    if isinstance(value, str) and value.startswith(_FORMULA):
        return f"'{value}"
    return "" if value is None else value


def _plain(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _geometry(feature: Released) -> Any:
    if feature.shape is None:
        return None
    said = shapely.geometry.mapping(feature.shape)
    return {"type": said["type"], "coordinates": _rounded(said["coordinates"])}


def _rounded(coordinates: Any) -> Any:
    """The same numbers as short as they are: what is on the grid needs no seventeen digits."""
    if isinstance(coordinates[0], float):
        return [round(float(v), limits()["decimals"].value) for v in coordinates]
    return [_rounded(part) for part in coordinates]


def _json(said: Any) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"), default=_scalar).encode() + b"\n"


def _scalar(value: Any) -> Any:
    return float(value) if isinstance(value, np.generic) else str(value)
