"""The rates counted in full, followed after one edit, and counted by plain PostGIS."""

from __future__ import annotations

import statistics
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count as numbers
from typing import Any

import numpy as np
import shapely
from sqlalchemy import Engine, insert, text
from sqlalchemy.orm import Session

from data import facts
from layers.erosion import ErosionPatch
from layers.ground import db
from layers.protected_areas import ProtectedArea
from layers.redlines import Redline
from layers.townships import Township
from layers.wetlands import Wetland
from pipelines.restoration import ledger
from pipelines.restoration.counting import context, count, towns
from pipelines.restoration.rates import FORMULAS, Rates
from tests.bench import plots, race, zones
from tests.bench.databases import connected, fresh, said, settings
from tests.bench.found import DifferentAnswers, Found, Say, compared
from tests.bench.journal.rounds import bring
from tests.bench.race import Race, Way
from tests.pipelines.test_rates_sql import DAY, by_postgis

_SAME = 1e-9
"""Relative, of every figure of every township."""
_SMALL_M2 = 1e-3
"""Areas so small are not told apart."""
_ALONE = "its township"
_SIDE = 5
"""Townships are boxes, so many by so many, over the grid on which the plots stand."""
_WEST, _SOUTH, _EXTENT = 115.15, 26.08, 0.6
_WITHIN = (_WEST, _SOUTH, _WEST + _EXTENT, _SOUTH + _EXTENT)

_FILLED = {"source": "虚构", "made_up": True}

Figures = dict[tuple[str, str], float]
"""m² by figure and township."""


@dataclass(frozen=True)
class Size:
    """How many plots there are, and how often everything is counted."""

    plots: int
    rounds: int


QUICK = (Size(20_000, rounds=5),)
WHOLE = (*QUICK, Size(200_000, rounds=2))


def measure(server: Engine, sizes: Sequence[Size], say: Say) -> Found:
    """Count at every size by every way in turn. Raises DifferentAnswers."""
    races, tables = [], []
    for size in sizes:
        with county(server, size.plots) as engine:
            say(f"{size.plots:,} plots: made")
            ledger.follow(engine, on=DAY)
            ways = _ways(engine, size.plots)
            found = race.run(f"{size.plots:,} plots in {_SIDE**2} townships", ways, size.rounds, agree)
        say(f"{size.plots:,} plots: counted")
        races.append(found.plain())
        tables += [found.drawn(), _verdict(found)]
    agreement = f"every figure of every township within {_SAME:g}; of the township alone, its forest"
    rest = ("server", said(settings(server, "shared_buffers", "work_mem", "jit"))), ("agreement", agreement)
    return Found([*tables, compared(*((way.title, way.said) for way in ways), *rest)], {"races": races})


def _ways(engine: Engine, rows: int) -> Sequence[Way]:
    """Each gives figures as they are after the round's one edit."""
    number = numbers(1)
    edited = plots.feature(plots.middle(rows))

    def edit() -> None:
        canopy = 0.1 if next(number) % 2 else 0.6
        with engine.begin() as connection:
            change = text("update layers.plots set canopy = :canopy where id = :id")
            connection.execute(change, {"canopy": canopy, "id": edited})

    def empty() -> None:
        with engine.begin() as connection:
            connection.execute(text("delete from records.figures"))
            connection.execute(text("delete from journal.cursors where follower = :name"), {"name": ledger.FOLLOWER})

    def current() -> Figures:
        return _figures(ledger.current(engine, on=DAY))

    return (
        Way("after one edit", "ledger.current after one plot's canopy was changed and committed", current, edit),
        Way(_ALONE, "counting.count of the forest of the township touched, alone", lambda: _alone(engine)),
        Way("warm", "ledger.current where nothing has changed", current),
        Way("cold", "ledger.current with an empty ledger: everything is counted", current, empty),
        Way("plain SQL", "PostGIS: tests/pipelines/rates.sql, unions by township", lambda: _by_postgis(engine)),
    )


def agree(answers: dict[str, Figures]) -> None:
    """Whether every way has what plain SQL counts; the township that is counted alone, of its own."""
    expected = answers["plain SQL"]
    for title, figures in answers.items():
        for key in figures if title == _ALONE else expected:
            m2 = figures.get(key, float("nan"))
            if not abs(m2 - expected[key]) <= _SAME * expected[key] + _SMALL_M2:
                raise DifferentAnswers(f"{title}: {key} has {m2} m², not {expected[key]}")


def _figures(rates: Rates) -> Figures:
    found: Figures = {}
    for rate, measured in rates.measured.items():
        over, under = FORMULAS[rate]
        found |= {(over, part.code): part.numerator_m2 for part in measured.townships}
        found |= {(under, part.code): part.denominator_m2 for part in measured.townships}
    return found


def _by_postgis(engine: Engine) -> Figures:
    return {(name, code): m2 for code, row in by_postgis(engine).items() for name, m2 in row.items()}


def _alone(engine: Engine) -> Figures:
    """The forest of the township in the middle, as the follower counts it."""
    with Session(engine) as session:
        middle = towns(session)[_SIDE**2 // 2]
        tallies = count(session, middle, "forest", context(session, DAY))
        return {(tally.figure, middle.code): float(tally.m2.sum()) for tally in tallies}


def _verdict(found: Race) -> str:
    edit, alone, warm, cold = (statistics.median(found.seconds[way.title]) for way in found.ways[:4])
    return (
        f"after one edit {edit:.3f} s: a look at a ledger where nothing changed takes {warm:.3f} s, counting the "
        f"forest of its township {alone:.3f} s; counting everything takes {cold:.3f} s, {cold / edit:.0f} × as long\n"
    )


@contextmanager
def county(server: Engine, rows: int) -> Iterator[Engine]:
    """A database with plots, townships as boxes over them, and a few of everything else that is counted."""
    with fresh(server) as url:
        with connected(url) as connection:
            bring(connection, rows, "layers.plots")
        engine = db.engine(url)
        with Session(engine) as session, session.begin():
            for layer, features in _beside_plots().items():
                session.execute(insert(layer), [_FILLED | {"id": uuid.uuid4()} | one for one in features])
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as tidying:
            tidying.execute(text("vacuum analyze"))
        yield engine
        engine.dispose()


def _beside_plots() -> dict[type[Any], list[dict[str, Any]]]:
    random = np.random.default_rng(_SIDE)
    places = [(x, y) for y in range(_SIDE) for x in range(_SIDE)]
    towns_ = [
        {"code": t.code, "name": t.zh, "shape": box(*place)}
        for t, place in zip(facts.townships(), places, strict=False)
    ]
    controls, intensities = ("core", "general", "outside"), ("slight", "light", "moderate", "severe")
    return {
        Township: towns_,
        Redline: [of | {"control": controls[i % 3]} for i, of in enumerate(_zones(random, 20, 500, 0.04))],
        ProtectedArea: [of | {"kind": "wetland-park", "control": "general"} for of in _zones(random, 10, 500, 0.03)],
        Wetland: [of | {"kind": "river", "baseline": "second"} for of in _zones(random, 200, 100, 0.005)],
        ErosionPatch: [
            of | {"year": 2024, "intensity": intensities[i % 4]} for i, of in enumerate(_zones(random, 400, 60, 0.006))
        ],
    }


def _zones(random: np.random.Generator, n: int, vertices: int, reach: float) -> list[dict[str, Any]]:
    shapes = zones.drawn(random, np.full(n, vertices), np.full(n, reach), _WITHIN)
    return [{"code": f"{vertices}-{i}", "shape": shape} for i, shape in enumerate(shapes)]


def box(x: int, y: int) -> shapely.MultiPolygon:
    """The township in a column and a row, counted from the south-west."""
    edges = np.linspace(0, _EXTENT, _SIDE + 1)
    east, north = _WEST + edges, _SOUTH + edges
    return shapely.MultiPolygon([shapely.box(east[x], north[y], east[x + 1], north[y + 1])])
