"""`qingshan check PATCHES --table FOLDER`: a file of any size into tables."""

from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow.parquet as pq
import pytest
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from tests.samples import feature, occasion, square, strip, township


@pytest.fixture
def county(engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Engine:
    with Session(engine) as session, session.begin():
        lines = feature("redlines", 1, strip(0, 2), control="core"), feature("controls", 1, strip(3, 9), kind="urban")
        apply(session, [township(0, strip(0, 10)), *lines], occasion())
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state"))
    return engine


@pytest.fixture
def patches(tmp_path: Path) -> Path:
    """Three hundred patches; one is named like a formula, one is a point, one lies far away."""
    shapes = [square(n % 12) for n in range(298)] + [shapely.Point(115.351, 26.3305), shapely.box(100, 30, 100.1, 30.1)]
    names = ["=HYPERLINK(1)", *(f"{n}号" for n in range(2, 301))]
    file = tmp_path / "图斑.gpkg"
    gpd.GeoDataFrame({"DKMC": names}, geometry=shapes, crs=4490).to_file(file, driver="GPKG")
    return file


def numbers(table: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(table / "patches").drop_columns(["geometry"]).to_pylist()
    return found


def test_every_patch_gets_its_row_and_the_summary_adds_them_up(
    county: Engine, patches: Path, tmp_path: Path, qingshan: Any
) -> None:
    shown = qingshan("--lang", "zh", "check", str(patches), "--table", str(tmp_path / "表"))

    assert shown.returncode == 0, shown.stderr
    rows = numbers(tmp_path / "表")
    assert [row["number"] for row in rows] == list(range(1, 301))
    assert [row["redline_m2"] > 0 for row in rows[:4]] == [True, True, False, False]
    assert {row["farmland_m2"] for row in rows} == {None}
    assert "298 个图斑，涉及管控要素 273 个，未能核对 2 个" in shown.stdout  # 12 squares around, the third is clear
    lines = {line.split("│")[1].strip(): line.split("│")[2:] for line in shown.stdout.splitlines() if "│" in line}
    assert lines["生态保护红线"][0].strip() == "50"
    assert lines["永久基本农田"][0].strip() == "未核对（图层未载入）"
    total = sum(row["redline_m2"] or 0 for row in rows)
    assert lines["生态保护红线"][1].strip() == f"{total / 1e4:,.4f}"
    assert "初筛结果，不作为审批依据" in shown.stdout
    assert "请提供范围面" in shown.stdout


def test_the_table_for_people_opens_in_a_spreadsheet_computes_nothing_and_says_what_was_not_checked(
    county: Engine, patches: Path, tmp_path: Path, qingshan: Any
) -> None:
    qingshan("--lang", "zh", "check", str(patches), "--table", str(tmp_path / "表"))

    content = (tmp_path / "表" / "patches.csv").read_bytes()
    head, first, *others = csv.reader(content.decode("utf-8-sig").splitlines())
    assert content.startswith(b"\xef\xbb\xbf")
    assert first[2] == "'=HYPERLINK(1)"
    assert (first[4], first[head.index("永久基本农田")]) == ("第0乡", "未核对")
    assert float(first[head.index("生态保护红线")]) > 1
    assert all("初筛结果，不作为审批依据" in row[-1] for row in (first, *others))
    assert "不是面" in others[297][-1]
    assert len(others) == 299


def test_geoparquet_comes_in_as_well_as_a_folder_of_it_and_what_went_out_is_geoparquet(
    county: Engine, patches: Path, tmp_path: Path, asked: Any
) -> None:
    asked("check", str(patches), "--table", str(tmp_path / "a"))

    told = asked("check", str(tmp_path / "a" / "patches"), "--table", str(tmp_path / "b"))

    first, second = (numbers(tmp_path / name) for name in "ab")
    assert [row["redline_m2"] for row in second] == [row["redline_m2"] for row in first]
    assert (told["patches"], told["refused"]) == (298, 2)
    frame = gpd.read_parquet(tmp_path / "a" / "patches")
    assert (frame.crs.to_epsg(), len(frame)) == (4490, 300)


def test_a_run_goes_on_in_its_folder_and_another_is_refused_there(
    county: Engine, patches: Path, tmp_path: Path, qingshan: Any, asked: Any
) -> None:
    table = tmp_path / "表"
    first = asked("check", str(patches), "--table", str(table))
    part = table / "patches" / "000000.parquet"
    before = part.stat().st_mtime_ns

    again = asked("check", str(patches), "--table", str(table))
    refused = qingshan("check", str(patches), "--table", str(table), "--on", "2020-01-01")
    (tmp_path / "别的").mkdir()
    (tmp_path / "别的" / "a.txt").touch()
    taken = qingshan("check", str(patches), "--table", str(tmp_path / "别的"))

    assert again == first
    assert part.stat().st_mtime_ns == before
    assert (refused.returncode, "请另选文件夹" in refused.stderr) == (1, True)
    assert (taken.returncode, "请另选一个空的" in taken.stderr) == (1, True)


def test_the_same_file_read_as_gcj02_is_another_run(
    county: Engine, patches: Path, tmp_path: Path, qingshan: Any, asked: Any
) -> None:
    asked("check", str(patches), "--table", str(tmp_path / "表"))

    refused = qingshan("check", str(patches), "--table", str(tmp_path / "表"), "--gcj02")

    assert (refused.returncode, "请另选文件夹" in refused.stderr) == (1, True)


def test_what_a_table_does_not_tell_is_refused_beside_it(
    county: Engine, patches: Path, tmp_path: Path, qingshan: Any
) -> None:
    said = (["--temporary"], ["--out", str(tmp_path / "out")], ["--crs", "4526"], ["--surveyed", "image"])

    refused = [qingshan("check", str(patches), "--table", str(tmp_path / "表"), *one) for one in said]

    assert [(one.returncode, "严格的套合面积" in one.stderr) for one in refused] == [(2, True)] * 4
    assert not (tmp_path / "表").exists()


def test_more_than_two_hundred_parcels_are_not_printed_one_by_one(
    county: Engine, patches: Path, qingshan: Any, asked: Any
) -> None:
    refused = qingshan("check", str(patches))

    assert refused.returncode == 1
    assert "--table" in refused.stderr
    assert len(asked("check", str(patches))["parcels"]) == 298


def test_what_goes_with_a_cluster_alone_was_typed_wrongly_and_a_cluster_that_is_not_there_is_refused(
    county: Engine, patches: Path, tmp_path: Path, qingshan: Any
) -> None:
    alone = qingshan("check", str(patches), "--cluster", "tcp://127.0.0.1:1")
    keyless = qingshan("check", str(patches), "--table", str(tmp_path / "a"), "--tls-ca", "ca.pem")
    absent = qingshan("check", str(patches), "--table", str(tmp_path / "a"), "--cluster", "tcp://127.0.0.1:1")

    assert (alone.returncode, keyless.returncode, absent.returncode) == (2, 2, 1)
    assert "连不上集群" in absent.stderr
    assert "Traceback" not in absent.stderr


def test_a_file_that_is_not_there_leaves_no_folder(county: Engine, tmp_path: Path, qingshan: Any) -> None:
    refused = qingshan("check", str(tmp_path / "no.gpkg"), "--table", str(tmp_path / "表"), "--json")

    assert json.loads(refused.stdout)["refused"] == "file.missing"
    assert not (tmp_path / "表").exists()
