"""The survey coordinate TXT as offices really write it: text, layout, the line of a parcel, its declared area."""

from __future__ import annotations

from pathlib import Path

import pytest

from geo import reading
from geo.formats.values import Bounds
from tests.geo.craft import here, write_shapefile, zipped
from tests.geo.formats.survey_txt import (
    AGREEMENT,
    EXAMPLE,
    HEADER,
    HOLE,
    HOLE_M2,
    NET_M2,
    OUTER,
    OUTER_M2,
    PARCEL,
    is_the_example,
    only,
    rows_of,
    said,
    written,
)


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


def test_a_coordinate_file_in_a_zip_is_read(tmp_path: Path) -> None:
    written(tmp_path / "地块.txt", EXAMPLE)

    opening, (row,) = here(zipped(tmp_path / "a.zip", tmp_path / "地块.txt"))

    assert opening.layer == "地块"
    assert is_the_example(row)


def test_a_text_beside_a_dataset_in_a_zip_is_not_asked_about(tmp_path: Path) -> None:
    written(tmp_path / "说明.txt", "坐标系为 CGCS2000")

    opening, _ = here(zipped(tmp_path / "a.zip", tmp_path / "说明.txt", write_shapefile(tmp_path, "图斑")))

    assert opening.layer == "图斑"
