"""The survey coordinate TXT as offices really write it: every variant that was seen, each with what it must give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely

from geo import reading
from geo.crs import from_storage
from geo.declared import Agreement
from geo.formats.values import Bounds
from geo.reading import Opening, Row
from geo.refusal import GeoRefusal
from tests.geo.craft import COUNTY, here, row_refusals, write_shapefile, zipped

HEADER = """[属性描述]
格式版本号=1.01
数据产生单位=兴国县自然资源局
数据产生日期=2026-11-23
坐标系=2000国家大地坐标系
几度分带=3
投影类型=高斯克吕格
计量单位=米
带号=38
精度=0.001
转换参数=,,,,,,
[地块坐标]
"""
PARCEL = "11,45.3483,1,测试图斑1,面,,生态修复,,@\n"
OUTER = """J1,1,2914100.000,38634790.000
J2,1,2914912.345,38634825.678
J3,1,2914890.500,38635430.250
J4,1,2914410.125,38635445.750
J5,1,2914059.400,38635090.000
J1,1,2914100.000,38634790.000
"""
HOLE = """J6,2,2914400.000,38634990.000
J7,2,2914400.000,38635090.000
J8,2,2914520.000,38635090.000
J9,2,2914520.000,38634990.000
J6,2,2914400.000,38634990.000
"""
EXAMPLE = HEADER + PARCEL + OUTER + HOLE
OUTER_M2, HOLE_M2, NET_M2 = 465_477.3884, 11_994.5988, 453_482.7897
"""By the formula of TD/T 1055 with edges cut to 70 m; geodesics cut as finely (GeographicLib) give 453 482.786."""
PLANE_M2 = 453_687.1094

AGREEMENT = Agreement(hm2=0.0001, share=0.001)


def written(path: Path, text: str, encoding: str = "gbk") -> Path:
    path.write_bytes(text.replace("\n", "\r\n").encode(encoding))
    return path


def rows_of(tmp_path: Path, text: str, encoding: str = "gbk") -> tuple[Opening, list[Row]]:
    """Read in this process, declared areas compared."""
    path = written(tmp_path / "地块.txt", text, encoding)
    (tmp_path / "work").mkdir(exist_ok=True)
    for old in (tmp_path / "work").iterdir():
        old.unlink()
    job = reading.Job(path, tmp_path / "work", COUNTY, 2.0, None, Bounds(), AGREEMENT)
    opening, *batches = list(reading.read(job))
    assert isinstance(opening, Opening)
    return opening, [row for batch in batches if not isinstance(batch, Opening) for row in batch]


def only(tmp_path: Path, text: str, encoding: str = "gbk") -> Row:
    _, (row,) = rows_of(tmp_path, text, encoding)
    assert row.refusal is None, row.refusal
    return row


def said(row: Row) -> list[str]:
    return [note.id for note in row.notes]


def is_the_example(row: Row) -> bool:
    return row.survey_area_m2 == pytest.approx(NET_M2, abs=2e-3)


def test_the_worked_example_parses_to_its_areas_and_attributes(tmp_path: Path) -> None:
    opening, (row,) = rows_of(tmp_path, EXAMPLE)

    assert (opening.format, opening.layer, opening.encoding) == ("界址点坐标 TXT", "地块", "GB18030")
    assert (opening.epsg, opening.crs_stated, opening.survey_epsg) == (4526, True, 4526)
    assert (opening.notes, row.notes, row.refusal) == ((), (), None)
    assert row.survey_area_m2 == pytest.approx(NET_M2, abs=2e-3)
    assert row.attributes == {
        "界址点数": 11,
        "面积(公顷)": 45.3483,
        "地块编号": "1",
        "地块名称": "测试图斑1",
        "图形属性": "面",
        "图幅号": None,
        "地块用途": "生态修复",
        "地类编码": None,
        "其他属性": None,
    }


def test_outer_ring_and_hole_have_the_areas_of_the_worked_example(tmp_path: Path) -> None:
    outer = only(tmp_path, HEADER + PARCEL + OUTER)
    hole = only(tmp_path, HEADER + PARCEL + HOLE)

    assert outer.survey_area_m2 == pytest.approx(OUTER_M2, abs=2e-3)
    assert hole.survey_area_m2 == pytest.approx(HOLE_M2, abs=2e-3)


def test_the_same_shape_in_zone_39_has_its_area_there(tmp_path: Path) -> None:
    corners = [(0, 0), (812.345, 35.678), (790.5, 640.25), (310.125, 655.75), (-40.6, 300)]
    hole = [(300, 200), (300, 300), (420, 300), (420, 200)]
    points = [
        f"J{n},{ring},{2914450 + north:.3f},{39335260 + east:.3f}\n"
        for ring, offsets in ((1, corners), (2, hole))
        for n, (north, east) in enumerate(offsets)
    ]

    row = only(tmp_path, HEADER.replace("带号=38", "带号=39") + PARCEL + "".join(points))

    assert row.survey_area_m2 == pytest.approx(453_384.4851, abs=2e-3)


# --- text and layout ---


@pytest.mark.parametrize(
    ("encoding", "read"),
    [("gbk", "GB18030"), ("gb18030", "GB18030"), ("utf-8", "UTF-8"), ("utf-8-sig", "UTF-8"), ("utf-16", "UTF-16")],
)
def test_every_encoding_that_says_itself_or_can_be_told_is_read(tmp_path: Path, encoding: str, read: str) -> None:
    opening, (row,) = rows_of(tmp_path, EXAMPLE, encoding)

    assert opening.encoding == read
    assert row.attributes["地块名称"] == "测试图斑1"
    assert is_the_example(row)


def test_gbk_that_happens_to_be_valid_utf_8_is_read_as_the_chinese_it_is(tmp_path: Path) -> None:
    """As for shapefiles: 杉木 in GBK is two letters of other alphabets in UTF-8."""
    text = "5,45.3483,1,杉木,,,,,@\n" + OUTER + HOLE

    assert only(tmp_path, text, "gbk").attributes["地块名称"] == "杉木"


def test_a_name_cut_in_the_middle_of_a_character_is_said_and_the_coordinates_stand(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(EXAMPLE.encode("gbk").replace("斑1".encode("gbk"), "斑1".encode("gbk")[:1] + b"\xff"))

    opening, (row,) = here(path)

    assert [note.id for note in opening.notes] == ["survey_txt.text_broken"]
    assert is_the_example(row)


@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
def test_every_end_of_line_is_one(tmp_path: Path, newline: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(EXAMPLE.rstrip("\n").replace("\n", newline).encode("gbk"))

    assert is_the_example(here(path)[1][0])


@pytest.mark.parametrize(
    "text",
    [
        EXAMPLE.replace("[", "【").replace("]", "】"),
        EXAMPLE.replace("[", "  ["),
        EXAMPLE.replace("=", " = "),
        EXAMPLE.replace("=", "＝"),
        EXAMPLE.replace(",", " , "),
        EXAMPLE.replace(",", "，"),
        EXAMPLE.replace("\n", "\n\n\u3000\n"),
        EXAMPLE.replace("@", "＠"),
        EXAMPLE.replace("@", "@,"),
        EXAMPLE + "\x1a",
    ],
    ids=[
        "other brackets",
        "leading blanks",
        "blanks around =",
        "full-width =",
        "blanks around commas",
        "full-width commas",
        "empty lines",
        "full-width @",
        "comma after @",
        "end mark of DOS",
    ],
)
def test_the_ways_of_laying_it_out_make_no_difference(tmp_path: Path, text: str) -> None:
    row = only(tmp_path, text)

    assert is_the_example(row)
    assert row.attributes["地块名称"] == "测试图斑1"
    assert row.attributes["地块用途"] == "生态修复"


def test_a_full_width_comma_in_a_name_does_not_tear_it_apart(tmp_path: Path) -> None:
    row = only(tmp_path, EXAMPLE.replace("测试图斑1", "一号，东片"))

    assert row.attributes["地块名称"] == "一号，东片"


# --- rings ---


@pytest.mark.parametrize(
    "points",
    [
        OUTER + HOLE,
        OUTER.rsplit("J1,1", 1)[0] + HOLE.rsplit("J6,2", 1)[0],
        OUTER.replace("J1,1,2914100.000,38634790.000\n", "J6,1,2914100.000,38634790.000\n") + HOLE,
        OUTER + "J1,1,2914100.000,38634790.000\n" + HOLE,
        OUTER + HOLE.replace(",2,", ",1,"),
        OUTER + HOLE.replace("J6", "J1").replace("J7", "J2").replace("J8", "3").replace("J9", "东北角"),
        HOLE + OUTER,
        OUTER.replace(",1,", ",2,") + HOLE.replace(",2,", ",1,"),
        "".join(reversed(OUTER.splitlines(keepends=True))) + HOLE,
        OUTER + "".join(reversed(HOLE.splitlines(keepends=True))),
    ],
    ids=[
        "as in the example",
        "not closed",
        "closing point under a number of its own",
        "closed twice",
        "one ring number for both",
        "point numbers begin anew",
        "hole first",
        "ring numbers the wrong way round",
        "outer ring the other way round",
        "hole the other way round",
    ],
)
def test_the_hole_is_what_lies_inside_however_the_rings_are_written(tmp_path: Path, points: str) -> None:
    assert is_the_example(only(tmp_path, HEADER + PARCEL + points))


@pytest.mark.parametrize("count", ["9", "11", "500", "", "十一"])
def test_the_number_of_points_is_not_believed(tmp_path: Path, count: str) -> None:
    assert is_the_example(only(tmp_path, EXAMPLE.replace("11,45.3483", f"{count},45.3483")))


def square(east: float, north: float, side: float, ring: int = 1) -> str:
    corners = [(north, east), (north, east + side), (north + side, east + side), (north + side, east)]
    return "".join(f"J{n},{ring},{x:.3f},{y:.3f}\n" for n, (x, y) in enumerate(corners))


def test_parts_and_an_island_in_a_hole_come_from_containment(tmp_path: Path) -> None:
    east, north = 38634000, 2914000
    rings = (
        square(east, north, 300, 1)
        + square(east + 50, north + 50, 200, 2)
        + square(east + 100, north + 100, 100, 3)
        + square(east + 1000, north, 100, 4)
    )

    row = only(tmp_path, HEADER + PARCEL.replace("45.3483", "") + rings)

    assert row.shape is not None
    assert shapely.get_num_geometries(row.shape) == 3
    plane = from_storage(np.array([row.shape], dtype=object), 4526)[0]
    assert plane.area == pytest.approx(300**2 - 200**2 + 100**2 + 100**2, abs=1e-3)


def test_a_hole_that_touches_its_outer_ring_is_a_hole(tmp_path: Path) -> None:
    east, north = 38634000, 2914000
    touching = f"a,2,{north},{east}\nb,2,{north + 50},{east + 20}\nc,2,{north + 20},{east + 50}\n"

    row = only(tmp_path, HEADER + PARCEL.replace("45.3483", "") + square(east, north, 100) + touching)

    assert row.shape is not None
    plane = from_storage(np.array([row.shape], dtype=object), 4526)[0]
    assert plane.area == pytest.approx(100**2 - (50**2 - 20**2) / 2, abs=1e-3)


def test_many_parcels_are_as_many_features_in_the_order_of_the_file(tmp_path: Path) -> None:
    parcels = [
        f"4,,{n},地块{n},面,,,,@\n" + square(38634000 + 20 * n, 2914000, 10).replace("J", f"{n}-") for n in range(1200)
    ]

    _, rows = rows_of(tmp_path, HEADER + "".join(parcels))

    assert [row.number for row in rows] == list(range(1, 1201))
    assert [row.attributes["地块名称"] for row in rows] == [f"地块{n}" for n in range(1200)]
    assert {row.refusal for row in rows} == {None}


def test_lines_and_points_come_as_such(tmp_path: Path) -> None:
    line = "2,,1,护岸,线,,,,@\nJ1,1,2914100,38634790\nJ2,1,2914200,38634790\n"
    point = "1,,2,界桩,点,,,,@\nJ1,1,2914100,38634790\n"
    points = "2,,3,界桩,点,,,,@\nJ1,1,2914100,38634790\nJ2,1,2914300,38634790\n"

    _, rows = rows_of(tmp_path, HEADER + line + point + points)

    assert [row.shape.geom_type for row in rows if row.shape] == ["MultiLineString", "Point", "MultiPoint"]
    assert {row.survey_area_m2 for row in rows} == {None}


# --- the parcel's line ---


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("11,45.3483公顷,1,甲,面,,林地,0307,@", (11, 45.3483, "1", "甲", "林地", "0307", None)),
        ("45.3483公顷,1,甲,面,,林地,0307,@", (None, 45.3483, "1", "甲", "林地", "0307", None)),
        ("45.3483,1,甲,面,,林地,0307,@", (None, 45.3483, "1", "甲", "林地", "0307", None)),
        ("45.3483公顷,11,1,甲,面,,林地,0307,@", (11, 45.3483, "1", "甲", "林地", "0307", None)),
        ("11,680.2245亩,1,甲,面,,,,@", (11, 45.3483, "1", "甲", None, None, None)),
        ("11,453483㎡,1,甲,面,,,,@", (11, 45.3483, "1", "甲", None, None, None)),
        ("11,４５.3483,1,甲,面,,,,@", (11, 45.3483, "1", "甲", None, None, None)),
        ("11,45.3483,1,甲,面,,林地,地上,@", (11, 45.3483, "1", "甲", "林地", None, "地上")),
        ("11,45.3483,1,甲,面,,林地,0307,地上,国有,乙,@", (11, 45.3483, "1", "甲", "林地", "0307", "地上,国有,乙")),
        ("11,45.3483,1,甲,乙,丙,面,,林地,0307,@", (11, 45.3483, "1", "甲,乙,丙", "林地", "0307", None)),
        ("11,,1,甲,,,林地,0307,@", (11, None, "1", "甲", "林地", "0307", None)),
        ("@", (None, None, None, None, None, None, None)),
    ],
    ids=[
        "unit glued on",
        "area first, no count",
        "bare area first, no count",
        "area and count exchanged",
        "in mu",
        "in square metres",
        "full-width digits",
        "above ground in the place of the land class",
        "twelve fields",
        "commas in the name",
        "no figure",
        "nothing but the mark",
    ],
)
def test_the_parcel_line_in_all_its_forms(tmp_path: Path, line: str, expected: tuple[object, ...]) -> None:
    row = only(tmp_path, HEADER + line + "\n" + OUTER + HOLE)

    names = ("界址点数", "面积(公顷)", "地块编号", "地块名称", "地块用途", "地类编码", "其他属性")
    assert tuple(row.attributes[name] for name in names) == expected
    assert is_the_example(row)
    assert row.notes == ()


def test_points_without_a_parcel_line_are_one_parcel(tmp_path: Path) -> None:
    assert is_the_example(only(tmp_path, HEADER + OUTER + HOLE))
    assert is_the_example(only(tmp_path, OUTER + HOLE))


def test_points_without_a_ring_number_are_one_ring(tmp_path: Path) -> None:
    assert only(tmp_path, OUTER.replace(",1,", ",")).survey_area_m2 == pytest.approx(OUTER_M2, abs=2e-3)


def test_a_title_above_the_points_is_passed_over_and_said(tmp_path: Path) -> None:
    opening, (row,) = rows_of(tmp_path, "某项目界址点坐标表\n点号,圈号,X,Y\n" + OUTER + HOLE)

    assert is_the_example(row)
    (note,) = opening.notes
    assert (note.id, note.values["count"], note.values["line"]) == ("survey_txt.skipped", 2, 1)


# --- where it is ---


def test_without_a_header_the_prefix_says_the_zone(tmp_path: Path) -> None:
    opening, _ = rows_of(tmp_path, PARCEL + OUTER + HOLE)

    assert (opening.epsg, opening.crs_stated) == (4526, True)


def plain(text: str) -> str:
    """Without the zone before the easting."""
    return text.replace(",38634", ",634").replace(",38635", ",635")


@pytest.mark.parametrize(
    ("header", "epsg"),
    [
        (HEADER, 4547),
        (HEADER.replace("几度分带=3\n", ""), 4547),
        (HEADER.replace("几度分带=3", "分带=3度带"), 4547),
        (HEADER.replace("几度分带=3", "几度分带=三度"), 4547),
        (HEADER.replace("带号=38", "带号=38带"), 4547),
        (HEADER.replace("带号=38", "中央经线=114°"), 4547),
        (HEADER.replace("2000国家大地坐标系", "CGCS2000_3_Degree_GK_Zone_38"), 4547),
    ],
    ids=["header", "width left out", "3度带", "三度", "38带", "meridian", "another name"],
)
def test_without_a_prefix_the_header_says_the_zone(tmp_path: Path, header: str, epsg: int) -> None:
    opening, (row,) = rows_of(tmp_path, header + PARCEL + plain(OUTER + HOLE))

    assert (opening.epsg, opening.crs_stated, opening.notes) == (epsg, True, ())
    assert is_the_example(row)


def test_zones_of_six_degrees_are_told_by_their_numbers(tmp_path: Path) -> None:
    moved = from_storage(np.array([shapely.box(115.30, 26.30, 115.31, 26.31)], dtype=object), 4498)[0]
    points = "".join(f"J,1,{y:.3f},{x:.3f}\n" for x, y in shapely.get_coordinates(moved))
    header = HEADER.replace("几度分带=3", "几度分带=6").replace("带号=38", "带号=20")

    opening, _ = rows_of(tmp_path, header + PARCEL.replace("45.3483", "") + points)
    bare, _ = rows_of(tmp_path, header + PARCEL.replace("45.3483", "") + points.replace(",20", ","))

    assert (opening.epsg, bare.epsg) == (4498, 4509)
    assert opening.notes == bare.notes == ()


def test_without_header_and_prefix_the_zone_is_the_only_one_that_lands_in_the_county(tmp_path: Path) -> None:
    opening, (row,) = rows_of(tmp_path, PARCEL + plain(OUTER + HOLE))

    assert (opening.epsg, opening.crs_stated) == (4547, False)
    assert is_the_example(row)


def turned(text: str) -> str:
    parts = [line.split(",") for line in text.splitlines()]
    return "".join(f"{number},{ring},{y},{x}\n" for number, ring, x, y in parts)


@pytest.mark.parametrize("of", [str, plain], ids=["with prefix", "without prefix"])
def test_x_and_y_turned_round_are_recognised_and_said(tmp_path: Path, of: type[str]) -> None:
    row = only(tmp_path, HEADER + PARCEL + turned(of(OUTER + HOLE)))

    assert is_the_example(row)
    assert said(row) == ["survey_txt.turned"]
    assert row.notes[0].values["line"] == 14


@pytest.mark.parametrize("order", [(1, 0), (0, 1)], ids=["latitude first", "longitude first"])
def test_degrees_instead_of_metres_are_read_and_said(tmp_path: Path, order: tuple[int, int]) -> None:
    """The quad of 0.01° at 26.30° N: 1 106 351.0306 m² between exact parallels, by the formula of TD/T 1055."""
    corners = [(115.35, 26.30), (115.36, 26.30), (115.36, 26.31), (115.35, 26.31)]
    points = "".join(f"J,1,{c[order[0]]},{c[order[1]]}\n" for c in corners)

    opening, (row,) = rows_of(tmp_path, HEADER + PARCEL.replace("45.3483", "") + points)

    assert opening.epsg == 4490
    assert [note.id for note in opening.notes] == ["survey_txt.degrees"]
    assert row.survey_area_m2 == pytest.approx(1_106_351.0306, abs=2e-3)


@pytest.mark.parametrize("name", ["1980西安坐标系", "80国家大地坐标系", "西安80", "1954年北京坐标系"])
def test_an_older_datum_is_refused_as_such(tmp_path: Path, name: str) -> None:
    with pytest.raises(GeoRefusal) as refusal:
        rows_of(tmp_path, EXAMPLE.replace("2000国家大地坐标系", name))

    assert refusal.value.id == "crs.other_datum"


def test_a_local_system_is_refused_by_its_name(tmp_path: Path) -> None:
    with pytest.raises(GeoRefusal) as refusal:
        rows_of(tmp_path, EXAMPLE.replace("2000国家大地坐标系", "兴国独立坐标系"))

    assert (refusal.value.id, refusal.value.values["stated"]) == ("crs.unreadable", "兴国独立坐标系")


@pytest.mark.parametrize(
    ("header", "note", "values"),
    [
        (HEADER.replace("带号=38", "带号=39"), "survey_txt.zone_differs", {"stated": 39, "prefix": 38}),
        (HEADER.replace("几度分带=3", "几度分带=6"), "survey_txt.width_differs", {"stated": 6, "zone": 38, "width": 3}),
        (HEADER.replace("坐标系=2000国家大地坐标系\n", ""), "survey_txt.no_system", {}),
    ],
    ids=["zone", "width", "no system"],
)
def test_a_header_at_odds_with_the_coordinates_is_said_with_both(
    tmp_path: Path, header: str, note: str, values: dict[str, object]
) -> None:
    opening, (row,) = rows_of(tmp_path, header + PARCEL + OUTER + HOLE)

    assert [(n.id, n.values) for n in opening.notes] == [(note, values)]
    assert is_the_example(row)


def test_a_wrong_zone_that_the_prefix_shares_is_refused_for_where_it_lands(tmp_path: Path) -> None:
    wrong = EXAMPLE.replace("带号=38", "带号=39").replace(",38", ",39")

    with pytest.raises(GeoRefusal) as refusal:
        rows_of(tmp_path, wrong)

    assert refusal.value.id == "crs.lands_outside"


def test_a_zone_that_does_not_exist_is_said_and_found_out(tmp_path: Path) -> None:
    opening, _ = rows_of(tmp_path, HEADER.replace("带号=38", "带号=7") + PARCEL + plain(OUTER + HOLE))

    assert (opening.epsg, opening.crs_stated) == (4547, False)
    assert [note.id for note in opening.notes] == ["survey_txt.no_such_zone"]


def test_a_parcel_of_another_zone_in_the_same_file_is_refused_with_both(tmp_path: Path) -> None:
    _, rows = rows_of(tmp_path, EXAMPLE + PARCEL + OUTER.replace(",38", ",39"))

    assert row_refusals(rows) == [None, "survey_txt.other_zone"]
    assert rows[1].refusal is not None
    assert rows[1].refusal.values == {"line": 26, "here": "39", "file": "38"}


def test_a_second_header_that_says_the_same_is_passed_and_another_refused(tmp_path: Path) -> None:
    _, rows = rows_of(tmp_path, EXAMPLE + EXAMPLE)

    with pytest.raises(GeoRefusal) as refusal:
        rows_of(tmp_path, EXAMPLE + EXAMPLE.replace("带号=38", "带号=39"))

    assert row_refusals(rows) == [None, None]
    assert refusal.value.id == "survey_txt.second_header"
    assert (refusal.value.values["line"], refusal.value.values["before"], refusal.value.values["value"]) == (
        33,
        "38",
        "39",
    )


# --- the declared area ---


@pytest.mark.parametrize(
    ("declared", "note"),
    [
        ("45.3483", []),
        ("45.3484", []),
        ("45.3687", ["area.declared_is_plane"]),
        ("45.3300", []),
        ("45.2000", ["area.declared_differs"]),
        ("680.22亩", []),
        ("四十五", ["survey_txt.area_unread"]),
        ("0", []),
        ("/", []),
    ],
    ids=["exact", "last digit", "plane", "within 1‰", "beyond", "in mu", "no number", "nought", "dash"],
)
def test_the_declared_area_is_held_against_the_area_of_record(tmp_path: Path, declared: str, note: list[str]) -> None:
    row = only(tmp_path, EXAMPLE.replace("45.3483", declared))

    assert said(row) == note


def test_the_plane_area_declared_instead_is_said_with_the_difference(tmp_path: Path) -> None:
    """A parcel of 12 247.10 m² in the plane and 12 242.97 m² on the ellipsoid by GeographicLib, 118 km off its axis."""
    points = [
        (2582988.976, 38383243.971),
        (2582983.339, 38383261.067),
        (2582359.231, 38383048.719),
        (2582340.199, 38383058.089),
        (2582350.828, 38383026.848),
    ]
    shape = "".join(f"J,1,{x},{y}\n" for x, y in points)
    path = written(tmp_path / "a.txt", HEADER + "5,1.2247,1,甲,面,,,,@\n" + shape)
    (tmp_path / "work").mkdir()

    job = reading.Job(path, tmp_path / "work", None, 0.0, None, Bounds(), AGREEMENT)
    _, batch = reading.read(job)

    assert isinstance(batch, list)
    (note,) = batch[0].notes
    assert note.id == "area.declared_is_plane"
    assert note.values == {"declared_hm2": "1.2247", "survey_hm2": "1.2243", "apart_m2": "+4.04"}


# --- what cannot be read ---


@pytest.mark.parametrize(
    "bad",
    [
        "J2,1",
        "J2,1,abc,38634825.678",
        "J2,1,NaN,38634825.678",
        "J2,1,2914912.345,Infinity",
        "J2,1,1e308,38634825.678",
        "J2,1,2_914_912,38634825.678",
        "J2,1,2914912.345米,38634825.678",
        "此处缺一点",
    ],
)
def test_a_line_that_cannot_be_understood_refuses_its_parcel_with_line_and_text(tmp_path: Path, bad: str) -> None:
    broken = OUTER.replace("J2,1,2914912.345,38634825.678", bad)

    _, rows = rows_of(tmp_path, HEADER + PARCEL + broken + PARCEL + OUTER + HOLE)

    assert row_refusals(rows) == ["survey_txt.line", None]
    assert rows[0].refusal is not None
    assert rows[0].refusal.values == {"line": 15, "text": bad}
    assert rows[0].attributes["地块名称"] == "测试图斑1"


@pytest.mark.parametrize(
    ("points", "line", "count"),
    [
        ("", 13, 0),
        ("J1,1,2914100,38634790\nJ2,1,2914200,38634790\nJ1,1,2914100,38634790\n", 14, 2),
        ("J1,1,2914100,38634790\n" * 4, 14, 1),
        (OUTER + "J6,2,2914400,38634990\nJ7,2,2914400,38635090\n", 20, 2),
    ],
    ids=["none", "a line there and back", "one point", "a hole of two"],
)
def test_a_ring_of_fewer_than_three_points_refuses_its_parcel(
    tmp_path: Path, points: str, line: int, count: int
) -> None:
    _, rows = rows_of(tmp_path, HEADER + PARCEL + points + PARCEL + OUTER)

    assert row_refusals(rows) == ["survey_txt.too_few", None]
    assert rows[0].refusal is not None
    assert rows[0].refusal.values == {"line": line, "count": count, "least": 3}


@pytest.mark.parametrize(
    "odd",
    [
        "J3,1,38635430.250,2914890.500",
        "J3,1,2914890.500,635430.250",
        "J3,1,291489.050,38635430.250",
        "J3,1,38635430.250",
    ],
    ids=["turned round", "prefix missing", "a digit lost", "a coordinate missing"],
)
def test_a_point_unlike_its_parcel_is_refused_by_its_line(tmp_path: Path, odd: str) -> None:
    _, (row,) = rows_of(tmp_path, EXAMPLE.replace("J3,1,2914890.500,38635430.250", odd))

    assert row.refusal is not None
    assert (row.refusal.id, row.refusal.values["line"]) == ("survey_txt.odd_point", 16)


def test_a_bow_tie_is_mended_and_said(tmp_path: Path) -> None:
    points = "".join(f"J,1,{2914000 + n},{38634000 + e}\n" for n, e in ((0, 0), (100, 100), (100, 0), (0, 100)))

    row = only(tmp_path, HEADER + PARCEL.replace("45.3483", "") + points)

    assert said(row) == ["shape.mended"]


def test_the_same_ring_twice_encloses_nothing(tmp_path: Path) -> None:
    _, (row,) = rows_of(tmp_path, HEADER + PARCEL + OUTER + OUTER.replace(",1,", ",2,"))

    assert row.refusal is not None
    assert row.refusal.id == "shape.collapsed"


# --- in a zip ---


def test_a_coordinate_file_in_a_zip_is_read(tmp_path: Path) -> None:
    written(tmp_path / "地块.txt", EXAMPLE)

    opening, (row,) = here(zipped(tmp_path / "a.zip", tmp_path / "地块.txt"))

    assert opening.layer == "地块"
    assert is_the_example(row)


def test_a_text_beside_a_dataset_in_a_zip_is_not_asked_about(tmp_path: Path) -> None:
    written(tmp_path / "说明.txt", "坐标系为 CGCS2000")

    opening, _ = here(zipped(tmp_path / "a.zip", tmp_path / "说明.txt", write_shapefile(tmp_path, "图斑")))

    assert opening.layer == "图斑"
