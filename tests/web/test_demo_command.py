"""The demo, through its command: what it lands, what it shows, and what it never does."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from layers.ground import db
from layers.ground.journal import Change, Cursor
from layers.plots import Plot
from pipelines.demo import Demo, county, landing
from pipelines.edits.apply import apply
from pipelines.restoration.rates import forest_coverage
from tests.conftest import a_database
from tests.samples import occasion, plot

FEW = 800


@pytest.fixture(scope="module")
def sample() -> Demo:
    return county(7, plots=FEW)


def test_the_table_of_the_demo_says_what_rates_say_and_its_maps_stand(qingshan: Any, tmp_path: Path) -> None:
    page = tmp_path / "map.html"

    shown = qingshan("demo", "--plots", str(FEW), "--map-file", str(page))
    rates = json.loads(qingshan("rates", "--by", "township", "--json").stdout)["rows"]

    assert shown.returncode == 0, shown.stderr
    assert len(rates) == 26
    for row in rates:
        assert f"{row['percent']:.2f}" in shown.stdout
        assert row["name"] in shown.stdout
    assert all(row["made_up"] for row in rates[:-1])
    for theme in ("", "-progress", "-forest", "-wetland", "-water", "-redline"):
        drawn = tmp_path / f"map{theme}.html"
        assert "虚构" in drawn.read_text("utf-8")
        assert str(drawn) in shown.stderr


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
            first, second = forest_coverage(one), forest_coverage(two)
        other.dispose()

    assert [row.code for row in first] == [row.code for row in second]
    assert all(a.forest_m2 != b.forest_m2 for a, b in zip(first, second, strict=True))
