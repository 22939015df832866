"""`qingshan check`: a surveyor's file in, one sheet a parcel out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from tests.samples import feature, occasion, square, strip, township


@pytest.fixture
def county(engine: Engine) -> Engine:
    with Session(engine) as session, session.begin():
        zones = feature("redlines", 1, strip(0, 2), control="core"), feature("controls", 1, strip(3, 9), kind="urban")
        apply(session, [township(0, strip(0, 10)), *zones], occasion())
    return engine


@pytest.fixture
def footprint(tmp_path: Path) -> Path:
    """Two parcels of four squares and of one, in zone 39, and a point among them."""
    shapes = [strip(0, 4), square(7), shapely.Point(115.351, 26.3305)]
    frame = gpd.GeoDataFrame({"DKMC": ["一号地", "二号地", "桩"]}, geometry=shapes, crs=4490).to_crs(4527)
    file = tmp_path / "范围.geojson"
    frame.to_file(file, driver="GeoJSON")
    return file


def test_a_sheet_tells_every_control_layer_in_order(county: Engine, footprint: Path, asked: Any) -> None:
    told = asked("check", str(footprint))

    first, second = told["parcels"]
    rows = {row["id"]: row for row in first["findings"]}
    assert [row["id"] for row in first["findings"]][:3] == ["redline", "protected-area", "farmland"]
    assert rows["redline"]["share"] == pytest.approx(0.5, abs=1e-6)
    assert rows["urban"]["share"] == pytest.approx(0.25, abs=1e-6)
    assert rows["farmland"] == {"id": "farmland", "zh": "永久基本农田", "checked": False}
    assert {row["id"]: row for row in second["findings"]}["redline"]["m2"] == 0
    assert (first["name"], list(first["townships"])) == ("一号地", ["第0乡"])
    assert [(r["parcel"], r["id"]) for r in told["refused"]] == [(3, "check.no_area")]
    assert told["screening"]["zh"] == "初筛结果，不作为审批依据"


def test_the_printed_sheet_says_touched_clear_and_not_checked(county: Engine, footprint: Path, qingshan: Any) -> None:
    shown = qingshan("--lang", "zh", "check", str(footprint))

    assert shown.returncode == 0, shown.stderr
    first = shown.stdout.split("套合情况表")[1]
    lines = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in first.splitlines() if "│" in line}
    assert lines["生态保护红线"] == "涉及"
    assert lines["永久基本农田"] == "未核对（图层未载入）"
    assert "核心保护区" in lines
    assert "不涉及" in shown.stdout.split("套合情况表")[2]
    assert shown.stdout.count("初筛结果，不作为审批依据") == 2
    assert "不许可" not in shown.stdout


def test_lines_are_those_in_force_on_a_day_as_known_at_a_change(county: Engine, footprint: Path, asked: Any) -> None:
    with Session(county) as session, session.begin():
        apply(session, [feature("redlines", 2, strip(2, 1))], occasion())

    def red(*words: str) -> float:
        findings = asked("check", str(footprint), *words)["parcels"][0]["findings"]
        return next(round(row["share"], 4) for row in findings if row["id"] == "redline")

    assert red() == 0.75
    assert red("--known", "1") == 0.5


def test_a_file_that_cannot_be_read_is_refused_with_the_remedy(county: Engine, tmp_path: Path, qingshan: Any) -> None:
    noise = tmp_path / "a.geojson"
    noise.write_bytes(bytes(range(256)))

    refused = qingshan("check", str(noise))

    assert refused.returncode == 1
    assert refused.stderr.strip()
    assert "Traceback" not in refused.stderr
