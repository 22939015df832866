"""The demo, through its command: what it lands, what it shows, and what it never does."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from layers.ground import db
from layers.ground.journal import Change, Cursor
from layers.plots import Plot
from pipelines.demo import Demo, county, landing
from pipelines.edits.apply import apply
from pipelines.restoration.rates import measure
from tests.conftest import a_database
from tests.samples import occasion, plot

FEW = 800


@pytest.fixture(scope="module")
def sample() -> Demo:
    return county(7, plots=FEW)


def test_the_tables_of_the_demo_say_what_rates_say_and_its_maps_stand(qingshan: Any, tmp_path: Path) -> None:
    page = tmp_path / "map.html"

    shown = qingshan("demo", "--plots", str(FEW), "--map-file", str(page))
    told = json.loads(qingshan("rates", "--by", "township", "--json").stdout)

    assert shown.returncode == 0, shown.stderr
    measured = {rate["rate"]: rate["measured"] for rate in told["rates"]}
    assert len(measured) == 5
    assert all(len(rate["townships"]) == 25 for rate in measured.values())
    for part in (part for rate in measured.values() for part in (*rate["townships"], rate)):
        assert part["percent"] is None or f"{part['percent']:.2f}" in shown.stdout
        assert part["name"] in shown.stdout
    assert told["made_up"]
    assert "虚构" in shown.stdout
    for theme in ("", "-progress", "-forest", "-wetland", "-water", "-redline"):
        drawn = tmp_path / f"map{theme}.html"
        assert "虚构" in drawn.read_text("utf-8")
        assert str(drawn) in shown.stderr
    assert (
        shown.stdout.index("各乡镇比率（量算值）") < shown.stdout.index("三年实施方案") < shown.stdout.index("评定规则")
    )


def test_the_demo_shows_the_plan_in_every_colour_and_says_that_its_values_are_made_up(
    engine: Engine, sample: Demo, asked: Any, tmp_path: Path
) -> None:
    landing.land(engine, sample, person="root", progress=lambda rows: None)

    shown = asked("demo", "--map-file", str(tmp_path / "map.html"))["plan"]
    entered = asked("entered")

    assert all(shown["counts"][colour] for colour in ("green", "amber", "red", "grey"))
    assert [(t["id"], t["state"]) for t in shown["targets"][:3]] == [("G1", "green"), ("G2", "amber"), ("G3", "red")]
    assert shown["made_up"]
    assert entered["rows"]
    for row in entered["rows"]:
        assert row["made_up"]
        assert "虚构" in row["body"]
        assert "虚构" in row["document"]
        assert row["stated_on"] > f"{row['year']}-12-31" or row["series"] == "assigned"


def test_a_demo_that_landed_before_it_had_stated_values_goes_on_with_them(engine: Engine, sample: Demo) -> None:
    before = replace(sample, steps=[step for step in sample.steps if not step.stated])
    landing.land(engine, before, person="root", progress=lambda rows: None)
    with Session(engine) as session, session.begin():
        session.execute(update(Cursor).where(Cursor.follower != "demo").values(follower="demo complete"))
    assert not landing.is_whole(engine)

    landing.land(engine, sample, person="root", progress=lambda rows: None)

    assert landing.is_whole(engine)
    with Session(engine) as session:
        assert session.scalar(select(func.max(Change.no))) == len(sample.steps)


def test_landing_twice_changes_nothing(engine: Engine, sample: Demo) -> None:
    landing.land(engine, sample, person="root", progress=lambda rows: None)
    with Session(engine) as session:
        before = session.scalar(select(func.count()).select_from(Change))

    landing.land(engine, sample, person="root", progress=lambda rows: None)

    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Change)) == before
    assert landing.is_whole(engine)


def test_a_landing_that_was_broken_off_goes_on_where_it_stopped(engine: Engine, sample: Demo) -> None:
    told: list[int] = []

    def break_off(rows: int) -> None:
        told.append(rows)
        if sum(told) > len(sample.steps[0].rows):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        landing.land(engine, sample, person="root", progress=break_off)
    assert not landing.is_whole(engine)

    landing.land(engine, sample, person="root", progress=lambda rows: None)

    with Session(engine) as session:
        assert session.get(Cursor, "demo").upto == len(sample.steps)  # type: ignore[union-attr]
        assert session.scalar(select(func.max(Change.no))) == len(sample.steps)


def test_made_up_data_is_never_mixed_with_somebodys_own(engine: Engine, qingshan: Any) -> None:
    with Session(engine) as session, session.begin():
        apply(session, [plot(1)], occasion())

    refused = qingshan("demo", "--plots", str(FEW))

    assert refused.returncode == 1
    assert "不与真实数据混放" in refused.stderr
    with Session(engine) as session:
        assert session.scalar(select(func.count()).select_from(Plot)) == 1


def test_another_seed_gives_other_figures(engine: Engine, sample: Demo, server: Engine, template: str) -> None:
    """The code that computes knows nothing of the demo: the figures follow the rows."""
    landing.land(engine, sample, person="root", progress=lambda rows: None)
    with a_database(server, f"{template}_other", template):
        other = db.engine(server.url.set(database=f"{template}_other"))
        landing.land(other, county(2, plots=FEW), person="root", progress=lambda rows: None)
        with Session(engine) as one, Session(other) as two:
            first, second = measure(one, on=date(2026, 11, 1)), measure(two, on=date(2026, 11, 1))
        other.dispose()

    assert set(first.measured) == set(second.measured)
    for rate, measured in first.measured.items():
        assert measured.county.share != second.measured[rate].county.share
    of, others = (found.measured["forest-coverage"].townships for found in (first, second))
    assert all(a.numerator_m2 != b.numerator_m2 for a, b in zip(of, others, strict=True))
