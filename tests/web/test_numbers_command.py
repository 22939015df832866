"""The desk of numbers, through the command: rates that add up, now and in the past, and the map."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import Geod
from shapely.geometry import MultiPolygon
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from tests.samples import DAY, occasion, plot, revised, square

GEOD = Geod(ellps="GRS80")
"""CGCS2000's ellipsoid differs from GRS 80 in the twelfth digit of its flattening."""


def township(number: int, shape: MultiPolygon) -> Edit:
    values = {"code": f"36073210{number}", "name": f"第{number}乡", "source": "test", "shape": shape}
    return Edit("townships", uuid.UUID(int=1000 + number), values)


def land(engine: Engine, *edits: Edit, **said: Any) -> None:
    with Session(engine) as session, session.begin():
        apply(session, edits, occasion(**said))


@pytest.fixture
def county(engine: Engine) -> Engine:
    """Two townships of ten squares each; in the first four squares are forest, in the second none."""
    west = MultiPolygon([shapely.union_all([square(i) for i in range(10)])])
    east = MultiPolygon([shapely.union_all([square(i) for i in range(10, 20)])])
    land(engine, township(0, west), township(1, east), *(plot(i) for i in range(4)), effective_on=DAY)
    return engine


def test_coverage_is_the_forest_over_the_land_by_township_and_county(county: Engine, asked: Any) -> None:
    first, second, whole = asked("rates", "--by", "township")["rows"]

    expected = abs(GEOD.geometry_area_perimeter(shapely.segmentize(square(0), 1e-4))[0])
    assert first["forest_m2"] == pytest.approx(4 * expected, rel=1e-6)
    assert (first["percent"], second["percent"], whole["percent"]) == (40.0, 0.0, 20.0)
    assert whole["land_m2"] == pytest.approx(first["land_m2"] + second["land_m2"], rel=1e-12)


def test_a_class_that_is_no_forest_does_not_count(county: Engine, asked: Any) -> None:
    land(county, revised(0, land_class="030405"))

    assert asked("rates")["rows"][0]["percent"] == 15.0


def test_rates_can_be_read_as_known_at_a_change_and_as_true_on_a_day(county: Engine, asked: Any) -> None:
    land(county, revised(0, land_class="030405"), effective_on=DAY.replace(year=2026))

    assert asked("rates", "--as-of", "1")["rows"][0]["percent"] == 20.0
    assert asked("rates", "--as-of", "1")["no"] == 1
    assert asked("rates", "--on", "2025-12-31")["rows"][0]["percent"] == 20.0
    assert asked("rates", "--on", "2026-12-31")["rows"][0]["percent"] == 15.0


def test_the_map_is_one_page_with_what_the_layers_hold(county: Engine, asked: Any, tmp_path: Path) -> None:
    page = tmp_path / "map.html"

    answer = asked("map", str(page))

    assert answer["bytes"] == page.stat().st_size
    assert "第0乡" in page.read_text("utf-8")


def test_a_themed_map_carries_its_title_and_the_approval_number_it_was_given(
    county: Engine, asked: Any, tmp_path: Path
) -> None:
    page = tmp_path / "forest.html"

    asked("map", str(page), "--theme", "forest", "--approval-no", "赣S(2026)123号")

    said = page.read_text("utf-8")
    assert "兴国县森林覆盖图" in said
    assert "审图号：赣S(2026)123号" in said


def test_a_theme_that_is_not_there_is_typed_wrongly_and_the_ones_there_are_are_named(qingshan: Any) -> None:
    ran = qingshan("map", "--theme", "geology")

    assert ran.returncode == 2
    assert all(theme in ran.stderr for theme in ("progress", "forest", "wetland", "water", "redline"))


def test_a_change_that_is_not_there_yet_is_refused(qingshan: Any) -> None:
    ran = qingshan("rates", "--as-of", "5")

    assert ran.returncode == 1
    assert "还没有第 5 号变更" in ran.stderr
