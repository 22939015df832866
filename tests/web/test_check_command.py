"""`qingshan check`: a surveyor's file in, one sheet a parcel out."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any
from unicodedata import east_asian_width

import geopandas as gpd
import pytest
import shapely
from shapely import affinity
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from geo import gcj02
from pipelines.edits.apply import apply
from tests.samples import feature, occasion, square, strip, township


def width(line: str) -> int:
    """The columns that a line takes: a Chinese character takes two."""
    return sum(2 if east_asian_width(one) in "WF" else 1 for one in line)


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
    assert (rows["farmland"]["zh"], rows["farmland"]["checked"]) == ("永久基本农田", False)
    assert (rows["farmland"]["m2"], rows["farmland"]["features"]) == (None, [])
    assert {row["id"]: row for row in second["findings"]}["redline"]["m2"] == 0
    assert (first["name"], list(first["townships"])) == ("一号地", ["第0乡"])
    assert [(r["parcel"], r["id"]) for r in told["refused"]] == [(3, "check.no_area")]
    assert told["screening"]["zh"] == "初筛结果，不作为审批依据"


def test_what_is_too_close_to_call_is_said_with_the_span_and_the_way_of_survey(
    county: Engine, footprint: Path, asked: Any, qingshan: Any
) -> None:
    with Session(county) as session, session.begin():
        fields = {"kind": "mining", "grade": "mining-extract"}
        apply(session, [feature("controls", 2, strip(8, 1), **fields)], occasion())  # beside the second parcel

    told = asked("check", str(footprint), "--surveyed", "handheld")
    shown = qingshan("--lang", "zh", "check", str(footprint), "--surveyed", "handheld")

    mining = next(row for row in told["parcels"][1]["findings"] if row["id"] == "mining")
    assert (mining["close"], mining["m2"] < 1, mining["span"]["low_m2"]) == (True, True, 0)
    assert mining["span"]["tolerance_m"] == pytest.approx(2 * (0.5**2 + 10**2) ** 0.5)
    assert told["surveyed"]["id"] == "handheld"
    second = shown.stdout.split("套合情况表")[2].split("适用条款与需办手续")[0]
    lines = [line for line in second.splitlines() if "│" in line]
    place = next(n for n, line in enumerate(lines) if "矿业权" in line)
    assert "精度范围内，无法判定" in lines[place]
    assert "0.0000–0.2" in lines[place + 1]  # 20 m along 111 m: 0.22 hm²
    assert "±20.0 m" in lines[place + 2]
    assert "范围测量方式：手持定位仪或手机定位" in second
    assert max(map(width, lines)) <= 100


def test_a_core_zone_beside_the_parcel_is_told_below_the_line_that_it_touches(
    county: Engine, footprint: Path, qingshan: Any
) -> None:
    with Session(county) as session, session.begin():
        lines = [(strip(7, 1), "outside"), (affinity.translate(strip(8, 1), 0.000_05), "core")]  # 5 m apart
        apply(session, [feature("redlines", 2 + n, s, control=c) for n, (s, c) in enumerate(lines)], occasion())

    shown = qingshan("--lang", "zh", "check", str(footprint)).stdout

    sheet, clauses = shown.split("套合情况表")[2].split("适用条款与需办手续")
    cells = [[cell.strip() for cell in line.split("│")[1:3]] for line in sheet.splitlines() if "│" in line]
    assert ["生态保护红线", "涉及"] in cells
    assert ["自然保护地外红线", ""] in cells
    assert ["核心保护区", "精度范围内，无法判定"] in cells
    assert "未涉及，但距界" in clauses


def test_the_way_of_survey_that_was_not_stated_is_said_and_one_unknown_is_refused(
    county: Engine, footprint: Path, qingshan: Any
) -> None:
    assert "范围测量方式未说明，只计界线的精度" in qingshan("--lang", "zh", "check", str(footprint)).stdout

    refused = qingshan("check", str(footprint), "--surveyed", "guess")

    assert refused.returncode == 1
    assert "boundary-survey" in refused.stderr


def test_the_village_is_told_by_name_and_code_with_what_it_rests_on(
    county: Engine, footprint: Path, qingshan: Any, asked: Any
) -> None:
    with Session(county) as session, session.begin():
        place = {"land_class": "0301", "place_code": "3607321000050000000"}
        apply(session, [feature("landclass", 1, strip(0, 4), **place)], occasion())

    shown, told = qingshan("--lang", "zh", "check", str(footprint)).stdout, asked("check", str(footprint))

    assert "所在村：背街居委会（360732100005）（据土地利用现状所填编号" in shown
    assert "所在村：不详" in shown
    first, second = told["parcels"]
    assert [(one["name"], one["row"]) for one in first["villages"]] == [("背街居委会", "land-class")]
    assert "villages" not in second


def test_the_printed_sheet_says_touched_clear_and_not_checked(county: Engine, footprint: Path, qingshan: Any) -> None:
    shown = qingshan("--lang", "zh", "check", str(footprint))

    assert shown.returncode == 0, shown.stderr
    first = shown.stdout.split("套合情况表")[1].split("适用条款与需办手续")[0]
    lines = {line.split("│")[1].strip(): line.split("│")[2].strip() for line in first.splitlines() if "│" in line}
    assert lines["生态保护红线"] == "涉及"
    assert lines["永久基本农田"] == "未核对（图层未载入）"
    assert "核心保护区" in lines
    assert "不涉及" in shown.stdout.split("套合情况表")[2]
    assert shown.stdout.count("初筛结果，不作为审批依据") == 4
    assert "不许可" not in shown.stdout


def test_the_clauses_of_a_finding_tell_paper_issuer_step_and_source(
    county: Engine, footprint: Path, asked: Any
) -> None:
    with Session(county) as session, session.begin():
        zones = (
            feature("redlines", 2, strip(7, 1), control="outside"),
            feature("protected_areas", 1, strip(7, 1), kind="reserve", control="general"),
        )
        apply(session, zones, occasion())
    words = ("--activity", "linear-works", "--new-construction", "--permanent", "--unbuilt", "--on", "2026-11-24")

    told = asked("check", str(footprint), *words)

    core, line = ({one["id"]: one for one in parcel["clauses"]} for parcel in told["parcels"])
    assert told["proposal"]["activity"] == "linear-works"
    assert "redline-opinion" not in core
    opinion = line["redline-opinion"]  # 江西省2022年11月2日通知 一（二）
    assert (opinion["applies"], opinion["open"], opinion["confirmed"]) == (True, [], True)
    assert (opinion["issuer"]["zh"], opinion["step"]["zh"]) == ("省人民政府", "农用地转用、土地征收报批")
    assert line["reserve"]["zones"] == [{"row": "protected-area", "cls": "general", "kind": "reserve"}]
    assert line["protected-area-in-redline"]["applies"]
    assert line["urban"]["confirmed"] is False


def test_what_is_not_stated_is_asked_below_the_sheet_and_what_is_unconfirmed_is_marked(
    county: Engine, footprint: Path, qingshan: Any
) -> None:
    shown = qingshan("--lang", "zh", "check", str(footprint))

    first, second = shown.stdout.split("适用条款与需办手续")[1:]
    assert "初筛结果，不作为审批依据" in first
    assert "自然保护地核心保护区原" in first
    assert "是否临时用地未说明" in "".join(line.split("│")[2].strip() for line in first.splitlines() if "│" in line)
    assert "〔未核实〕" in second
    assert "未核对的要素没有列出条款：自然保护地、永久基本农田" in first
    assert "不等于没有手续" not in first


def test_clauses_are_those_of_the_day_and_none_is_not_said_to_be_nothing(
    county: Engine, footprint: Path, qingshan: Any
) -> None:
    shown = qingshan("--lang", "zh", "check", str(footprint), "--on", "2020-06-01", "--no-new-construction")

    assert shown.returncode == 0, shown.stderr
    assert "142号" not in shown.stdout
    assert shown.stdout.count("已核对的要素没有对应的条款；这不等于没有手续") == 2


def test_an_unknown_activity_is_refused_with_the_list_before_anything_is_read(qingshan: Any) -> None:
    refused = qingshan("check", "no-such-file.shp", "--activity", "golf")

    assert refused.returncode == 1
    assert "linear-works" in refused.stderr
    assert "unlisted" in refused.stderr


def test_what_is_built_and_not_built_was_typed_wrongly(footprint: Path, qingshan: Any) -> None:
    assert qingshan("check", str(footprint), "--built", "2020-01-01", "--unbuilt").returncode == 2


def test_the_activities_are_listed_with_their_source_and_mark(qingshan: Any, asked: Any) -> None:
    shown, told = qingshan("--lang", "zh", "activities"), asked("activities")

    assert len(told["activities"]) == 10  # 自然资发〔2022〕142号
    assert [len(one["activities"]) for one in told["lists"]] == [10, 9]  # 江西省2022年11月2日通知
    assert shown.stdout.count("│ 〔未核实〕") == 4
    assert "自然资发〔2022〕142号" in shown.stdout
    assert "[unconfirmed]: not held" in qingshan("--lang", "en", "activities").stdout


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


def test_a_name_in_a_file_cannot_command_the_terminal(county: Engine, tmp_path: Path, qingshan: Any) -> None:
    file = tmp_path / "a.geojson"
    gpd.GeoDataFrame({"name": ["\x1b]0;x\x07\x1b[2J[red]"]}, geometry=[square(7)], crs=4490).to_file(file)

    shown = qingshan("check", str(file))

    assert shown.returncode == 0, shown.stderr
    assert "\x1b" not in shown.stdout
    assert "�]0;x��[2J[red]" in shown.stdout


def test_pasted_coordinates_are_checked_as_a_file_is(county: Engine, qingshan: Any) -> None:
    west, south, east, north = strip(0, 4).bounds
    text = f"{west},{south}\n{east},{south}\n{east},{north}\n{west},{north}\n"

    ran = qingshan("check", "-", "--json", pasted=text)
    again = qingshan("--lang", "zh", "check", "-", pasted=text)

    told = json.loads(ran.stdout)
    (parcel,) = told["parcels"]
    assert {row["id"]: row for row in parcel["findings"]}["redline"]["share"] == pytest.approx(0.5, abs=1e-6)
    assert (told["file"], told["sha256"]) == ("粘贴的坐标.txt", hashlib.sha256(text.encode()).hexdigest())
    assert "第 2 列为北坐标（纬度），第 1 列为东坐标（经度）" in again.stdout


def test_nothing_pasted_and_prose_are_refused_with_the_remedy(qingshan: Any) -> None:
    empty, prose = (qingshan("--lang", "zh", "check", "-", pasted=text) for text in ("", "今天去现场看了"))

    assert (empty.returncode, prose.returncode) == (1, 1)
    assert "0 字节" in empty.stderr
    assert "没有界址点坐标" in prose.stderr


def test_a_file_said_to_be_in_gcj02_is_checked_where_it_really_is(county: Engine, tmp_path: Path, asked: Any) -> None:
    file = tmp_path / "高德.geojson"
    drawn = shapely.transform(strip(0, 4), gcj02.shifted)
    gpd.GeoDataFrame({"name": ["一号地"]}, geometry=[drawn], crs=4326).to_file(file)

    told = asked("check", str(file), "--gcj02")

    rows = {row["id"]: row for row in told["parcels"][0]["findings"]}
    assert rows["redline"]["share"] == pytest.approx(0.5, abs=1e-6)
    assert [note["id"] for note in told["notes"]] == ["gcj02.moved"]


SURVEY = """[属性描述]
坐标系=2000国家大地坐标系
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号=38
[地块坐标]
11,45.3687,1,测试图斑1,面,,生态修复,,@
J1,1,2914100.000,38634790.000
J2,1,2914912.345,38634825.678
J3,1,2914890.500,38635430.250
J4,1,2914410.125,38635445.750
J5,1,2914059.400,38635090.000
J1,1,2914100.000,38634790.000
J6,2,2914400.000,38634990.000
J7,2,2914400.000,38635090.000
J8,2,2914520.000,38635090.000
J9,2,2914520.000,38634990.000
J6,2,2914400.000,38634990.000
"""


def test_a_survey_txt_is_checked_with_the_area_of_the_standard_and_a_declared_plane_area_is_told(
    county: Engine, tmp_path: Path, asked: Any
) -> None:
    file = tmp_path / "勘测定界.txt"
    file.write_text(SURVEY, "gb18030", newline="\r\n")

    (parcel,) = asked("check", str(file))["parcels"]

    # The check value of the land survey's formula for this parcel, and its area in the plane as declared.
    assert parcel["survey_area_m2"] == pytest.approx(453_482.7897, abs=0.01)
    assert parcel["name"] == "测试图斑1"
    assert "area.declared_is_plane" in [note["id"] for note in parcel["notes"]]


def test_a_check_that_is_stored_is_listed_and_shown_again_as_it_was(
    county: Engine, footprint: Path, tmp_path: Path, qingshan: Any, asked: Any
) -> None:
    first = qingshan("check", str(footprint), "--out", str(tmp_path / "out"), "--json")
    with Session(county) as session, session.begin():
        apply(session, [feature("redlines", 2, strip(2, 1))], occasion())

    again = qingshan("checks", "show", "1", "--json")

    assert first.returncode == again.returncode == 0, first.stderr + again.stderr
    assert again.stdout == first.stdout
    told = json.loads(again.stdout)
    assert (told["stored"]["number"], told["no"], told["files"][0]["kept"]) == (1, 1, True)
    (listed,) = asked("checks", "list")["checks"]
    assert (listed["number"], listed["file_name"], listed["sha256"]) == (1, "范围.geojson", told["sha256"])


def test_a_check_without_out_is_not_stored_and_an_unknown_number_is_refused(
    county: Engine, footprint: Path, qingshan: Any, asked: Any
) -> None:
    assert asked("check", str(footprint))["stored"] is None

    refused = qingshan("checks", "show", "1")

    assert asked("checks", "list") == {"checks": []}
    assert refused.returncode == 1
    assert "第 1 号" in refused.stderr


def test_the_layers_are_told_as_they_were_with_their_last_change(county: Engine, footprint: Path, asked: Any) -> None:
    with Session(county) as session, session.begin():
        apply(session, [feature("redlines", 2, strip(2, 1))], occasion())

    def known(*words: str) -> dict[str, int]:
        return {layer["id"]: layer["no"] for layer in asked("check", str(footprint), *words)["layers"]}

    assert {name: known()[name] for name in ("redlines", "controls", "plots")} == {
        "redlines": 2, "controls": 1, "plots": 0,
    }  # fmt: skip
    assert known("--known", "1")["redlines"] == 1
