"""The desk of rates, through the command: measured and announced, adding up, now and in the past, explained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import shapely
from pyproj import Geod
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from pipelines.restoration import ledger
from tests.samples import DAY, feature, occasion, plot, revised, square, strip, township

GEOD = Geod(ellps="GRS80")
"""CGCS2000's ellipsoid differs from GRS 80 in the twelfth digit of its flattening."""


def land(engine: Engine, *edits: Edit, **said: Any) -> None:
    with Session(engine) as session, session.begin():
        apply(session, edits, occasion(**said))


@pytest.fixture
def county(engine: Engine) -> Engine:
    """Two townships of ten squares each; in the first four squares are forest, in the second none."""
    towns = township(0, strip(0, 10)), township(1, strip(10, 10))
    land(engine, *towns, *(plot(i) for i in range(4)), effective_on=DAY)
    return engine


@pytest.fixture
def coverage(asked: Callable[..., Any]) -> Callable[..., Any]:
    """The measured forest coverage that `qingshan rates` gives."""
    return lambda *words: asked("rates", *words)["rates"][0]["measured"]


def test_coverage_is_the_forest_over_the_land_by_township_and_county(county: Engine, coverage: Any) -> None:
    whole = coverage("--by", "township")
    first, second = whole["townships"]

    expected = abs(GEOD.geometry_area_perimeter(shapely.segmentize(square(0), 1e-4))[0])
    assert first["numerator_m2"] == pytest.approx(4 * expected, rel=1e-6)
    assert (first["percent"], second["percent"], whole["percent"]) == (40.0, 0.0, 20.0)
    assert whole["denominator_m2"] == pytest.approx(first["denominator_m2"] + second["denominator_m2"], rel=1e-12)


def test_every_rate_says_its_method_its_differences_and_what_is_not_loaded(county: Engine, asked: Any) -> None:
    rates = {r["rate"]: r for r in asked("rates")["rates"]}

    assert [r for r, said in rates.items() if said["measured"] is None] == [
        "forest-protection", "wetland-protection", "soil-conservation", "redline-share",
    ]  # fmt: skip
    assert rates["forest-protection"]["own"]
    assert "四旁" in rates["forest-coverage"]["measured"]["differences"][0]["zh"]
    assert rates["forest-coverage"]["measured"]["method"]["en"]
    assert rates["forest-coverage"]["announced"] == []


def test_the_printed_areas_of_the_townships_add_up_to_the_county(county: Engine, qingshan: Any) -> None:
    ran = qingshan("--lang", "zh", "rates", "--by", "township")

    assert ran.returncode == 0, ran.stderr
    cells = [
        line.split("│") for line in ran.stdout.splitlines() if "第0乡" in line or "第1乡" in line or "兴国县" in line
    ]
    land_hm2 = [float(row[3].replace(",", "")) for row in cells[3:]]
    assert land_hm2[0] + land_hm2[1] == pytest.approx(land_hm2[2], abs=1e-9)


def test_rates_can_be_read_as_known_at_a_change_and_as_true_on_a_day(county: Engine, coverage: Any, asked: Any) -> None:
    land(county, revised(0, land_class="030405"), effective_on=DAY.replace(year=2026))

    assert coverage()["percent"] == 15.0
    assert coverage("--as-of", "1")["percent"] == 20.0
    assert asked("rates", "--as-of", "1")["no"] == 1
    assert coverage("--on", "2025-12-31")["percent"] == 20.0
    assert coverage("--on", "2026-12-31")["percent"] == 15.0


def test_edits_that_are_not_counted_yet_are_told_in_table_and_json(county: Engine, asked: Any, qingshan: Any) -> None:
    asked("rates")
    land(county, plot(5))

    with Session(county) as other:
        ledger.lock(other)
        told, shown = asked("rates"), qingshan("rates")

    assert (told["no"], told["uncounted"]) == (1, 1)
    assert "另有 1 笔变更尚未计入" in shown.stdout
    assert asked("rates")["uncounted"] == 0


def test_with_a_published_land_area_the_sheet_says_by_how_much_it_was_adjusted(county: Engine, qingshan: Any) -> None:
    land(county, *(Edit("townships", township(n, strip(0, 1)).id, {"official_area_m2": 110_000.0}) for n in (0, 1)))

    shown = qingshan("rates")

    assert "土地面积已平差到公布数 22.00 公顷" in shown.stdout
    assert "‰" in shown.stdout


def test_a_number_is_explained(county: Engine, asked: Any, qingshan: Any) -> None:
    land(county, plot(8, shape=square(3)), feature("wetlands", 1, square(11), kind="501"))

    told, shown = asked("explain", "forest-coverage", "--township", "第0乡"), qingshan("explain", "forest-coverage")

    assert told["percent"] == 40.0
    assert len(told["figures"][0]["features"]) == 5
    assert "重叠只计一次" in shown.stdout
    assert "其他许可的口径" in shown.stdout


def test_what_cannot_be_explained_is_refused_with_what_there_is(county: Engine, qingshan: Any) -> None:
    for words, said in ((["forest"], "forest-coverage"), (["forest-coverage", "--township", "无"], "第0乡"),
                        (["redline-share"], "尚未载入")):  # fmt: skip
        ran = qingshan("explain", *words)

        assert ran.returncode == 1
        assert said in ran.stderr


def test_the_map_is_one_page_with_what_the_layers_hold(county: Engine, asked: Any, tmp_path: Path) -> None:
    page = tmp_path / "map.html"

    answer = asked("map", str(page))

    assert answer["bytes"] == page.stat().st_size
    assert "第0乡" in page.read_text("utf-8")


def test_a_change_that_is_not_there_yet_is_refused(qingshan: Any) -> None:
    ran = qingshan("rates", "--as-of", "5")

    assert ran.returncode == 1
    assert "还没有第 5 号变更" in ran.stderr
