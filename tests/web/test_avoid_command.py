"""`qingshan avoid`: a footprint or a line in, alternatives that clear chosen layers out."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from shapely.geometry import MultiPolygon
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from tests.samples import feature, occasion, square, strip, township


@pytest.fixture
def county(engine: Engine) -> Engine:
    """Red line on squares 0 to 3, urban from square 6; a square is about 100 m wide and 111 m high."""
    red = feature("redlines", 1, strip(0, 4), control="core", made_up=True)
    with Session(engine) as session, session.begin():
        apply(session, [township(0, strip(0, 10)), red, feature("controls", 1, strip(6, 9), kind="urban")], occasion())
    return engine


def sent(folder: Path, *shapes: shapely.Geometry) -> Path:
    file = folder / "范围.geojson"
    frame = gpd.GeoDataFrame({"DKMC": [f"{n}号地" for n, _ in enumerate(shapes, 1)]}, geometry=[*shapes], crs=4490)
    frame.to_crs(4527).to_file(file, driver="GeoJSON")
    return file


@pytest.fixture
def footprint(tmp_path: Path) -> Path:
    """A parcel as wide as a square, a fifth of it over the red line, and one far from it."""
    west, south, east, north = square(4).bounds
    over = MultiPolygon([shapely.box(west - 0.0002, south + 0.0002, east - 0.0002, north - 0.0002)])
    return sent(tmp_path, over, square(8, 3))


def test_each_alternative_clears_what_was_chosen_by_the_check(county: Engine, footprint: Path, asked: Any) -> None:
    told = asked("avoid", str(footprint), "--clear", "redline", "--clear", "farmland")

    over, beside = told["parcels"]
    red = {row["id"]: row for row in over["findings"]}["redline"]
    assert red["touched"]
    assert over["not_checked"] == ["farmland"]
    assert [one["way"] for one in over["alternatives"]] == ["shift", "shift", "trim"]
    for one in over["alternatives"]:
        rows = {row["id"]: row for row in one["findings"]}
        assert not rows["redline"]["touched"]
        assert rows["farmland"] == {"id": "farmland", "checked": False, "touched": False, "m2": None}
    first = over["alternatives"][0]
    assert first["bearing_deg"] == pytest.approx(90, abs=1)
    assert first["shift_m"] == pytest.approx(20, abs=0.2)  # 0.0002° of longitude at 26.33° are 19.97 m
    assert (beside["alternatives"], [note["id"] for note in beside["notes"]]) == ([], ["avoid.nothing"])


def test_the_printed_table_compares_with_what_was_sent_and_says_what_it_is(
    county: Engine, footprint: Path, qingshan: Any
) -> None:
    shown = qingshan("--lang", "zh", "avoid", str(footprint), "--clear", "redline", "--clear", "farmland")

    assert shown.returncode == 0, shown.stderr
    first, second = shown.stdout.split("方案比选 · ")[1:]
    lines = [[cell.strip() for cell in line.split("│")[1:-1]] for line in first.splitlines() if "│" in line]
    assert [line[0] for line in lines if line[0]] == ["原方案", "方案一", "方案二", "方案三"]
    one = next(line for line in lines if line[0] == "方案一")
    assert one[1] == "平移 19.98 米，坐标方位角 90.7°"
    assert one[6] == "永久基本农田 未核对（图层未载入）"
    assert "虚构" in first
    assert "只转动：左右各 45° 以内避不开" in first
    assert "无需避让" in second
    assert shown.stdout.count("初筛结果，不作为审批依据") == 2
    assert "许可" not in shown.stdout


def test_what_is_written_comes_in_again_and_is_clear(
    county: Engine, footprint: Path, qingshan: Any, asked: Any, tmp_path: Path
) -> None:
    out = tmp_path / "new" / "out"

    assert qingshan("avoid", str(footprint), "--clear", "redline", "--out", str(out)).returncode == 0

    names = [f"范围-1-方案{n}" for n in "一二三"]
    assert {file.name for file in out.iterdir()} == {
        "范围-方案比选.csv", *(name + ending for name in names for ending in (".txt", ".geojson")),
    }  # fmt: skip
    for name in names:
        for ending in (".txt", ".geojson"):
            (again,) = asked("check", str(out / (name + ending)))["parcels"]
            assert (again["name"], again["findings"][0]["m2"], again["notes"]) == (name, 0, [])
    assert "虚构" in (out / "范围-1-方案一.txt").read_text("gb18030")
    table = list(csv.DictReader((out / "范围-方案比选.csv").read_text("utf-8-sig").splitlines()))
    assert [row["方案"] for row in table] == ["原方案", "方案一", "方案二", "方案三", "原方案"]
    assert [row["涉及生态保护红线公顷"] for row in table] == ["0.1327", "0.0000", "0.0000", "0.0000", "0.0000"]
    assert {row["涉及永久基本农田公顷"] for row in table} == {"未核对（图层未载入）"}


def test_a_line_of_a_width_goes_round_and_its_new_axis_is_written(
    county: Engine, qingshan: Any, tmp_path: Path
) -> None:
    west, south, east, _ = strip(0, 4).bounds
    axis = shapely.LineString([(west - 0.002, south + 0.0003), (east + 0.001, south + 0.0003)])
    file = sent(tmp_path, axis)

    shown = qingshan("--lang", "zh", "avoid", str(file), "--clear", "redline", "--width", "12", "--out", str(tmp_path))
    without = qingshan("--lang", "zh", "avoid", str(file), "--clear", "redline")

    assert "从右侧绕行" in shown.stdout
    assert "从左侧绕行" in shown.stdout
    assert "线" in (tmp_path / "范围-1-方案一-中线.txt").read_text("gb18030").split("@")[0]
    assert without.returncode == 1
    assert "请用 --width 写明廊道宽度" in without.stdout


def test_no_way_within_the_limits_is_said_with_the_nearest_and_ends_with_1(
    county: Engine, qingshan: Any, tmp_path: Path
) -> None:
    file = sent(tmp_path, square(1))

    shown = qingshan("--lang", "zh", "avoid", str(file), "--clear", "redline", "--within", "60")

    assert shown.returncode == 1
    assert "平移：60 米以内避不开；最近的一处要移 110.8 米，可放宽 --within" in shown.stdout


def test_layers_that_are_not_loaded_leave_nothing_to_say(county: Engine, footprint: Path, qingshan: Any) -> None:
    shown = qingshan("--lang", "zh", "avoid", str(footprint), "--clear", "farmland")

    assert shown.returncode == 1
    assert "所选要素的图层都没有载入，未核对，无从避让：永久基本农田" in shown.stdout
    assert "无需避让" not in shown.stdout


@pytest.mark.parametrize(
    "words",
    [(), ("--clear", "park"), ("--clear", "redline", "--within", "nan"), ("--clear", "redline", "--turn", "181")],
)
def test_what_was_typed_wrongly_is_refused_before_anything_is_read(words: tuple[str, ...], qingshan: Any) -> None:
    refused = qingshan("avoid", "no-such-file.shp", *words)

    assert refused.returncode == 2
    assert "water-source" in refused.stderr or "5000" in refused.stderr or "180" in refused.stderr


def test_a_folder_that_cannot_be_made_is_refused(county: Engine, footprint: Path, qingshan: Any) -> None:
    refused = qingshan("avoid", str(footprint), "--clear", "redline", "--out", str(footprint / "out"))

    assert refused.returncode == 1
    assert "不能写入" in refused.stderr
