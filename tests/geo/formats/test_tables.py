"""Coordinate tables as offices write them, in CSV and in workbooks, and as somebody writes them who means harm."""

from __future__ import annotations

import zipfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import Workbook

from geo.formats.tables.cells import number, unpacked
from geo.refusal import GeoRefusal
from tests.geo.craft import SQUARE, boxed, here, refused, row_refusals

PLANE = shapely.box(38634790, 2914100, 38634890, 2914200)
CORNERS = [(2914100, 38634790), (2914100, 38634890), (2914200, 38634890), (2914200, 38634790)]
HOLE = [(2914120, 38634810), (2914120, 38634830), (2914140, 38634830)]


def table(path: Path, text: str, *, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def workbook(path: Path, sheets: dict[str, Iterable[Iterable[Any]]]) -> Path:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    book.save(path)
    return path


def corners(points: Iterable[tuple[float, float]], *, before: str = "", start: int = 1) -> str:
    return "".join(f"{before}J{n},{north},{east}\n" for n, (north, east) in enumerate(points, start=start))


def area_of(row: Any) -> float:
    assert row.shape is not None, row.refusal
    return float(row.survey_area_m2)


def test_a_table_of_corners_is_one_parcel_with_x_as_the_northing(tmp_path: Path) -> None:
    opening, (row,) = here(table(tmp_path / "界址点.csv", "点号,X,Y\n" + corners(CORNERS)))

    assert (opening.format, opening.layer, opening.epsg, opening.crs_stated) == ("CSV", "界址点", 4526, False)
    # A square of 100 m in zone 38 at 115.36°E: the plane is 1.00044 too large there.
    assert area_of(row) == pytest.approx(10_000 / 1.00044, rel=1e-4)


@pytest.mark.parametrize(
    "heading",
    [
        "点号,X,Y", "界址点号,X(m),Y(m)", "拐点编号,X坐标（米）,Y坐标（米）", "点号,纵坐标(X),横坐标(Y)",
        "No,Northing,Easting",
        "序号,北坐标,东坐标", "点号,坐标(X),坐标(Y)", "点名,纵坐标X,横坐标Y", "point no,x,y",
    ],
)  # fmt: skip
def test_headings_are_known_by_the_words_of_the_field(tmp_path: Path, heading: str) -> None:
    opening, (row,) = here(table(tmp_path / "a.csv", f"{heading}\n" + corners(CORNERS)))

    assert opening.epsg == 4526
    assert row.refusal is None


def test_an_x_that_is_the_easting_is_read_by_its_values_and_said(tmp_path: Path) -> None:
    turned = [(east, north) for north, east in CORNERS]

    opening, (row,) = here(table(tmp_path / "a.csv", "点号,X,Y\n" + corners(turned)))

    assert [note.id for note in opening.notes] == ["table.x_is_east"]
    assert row.refusal is None


def test_headings_that_say_more_than_x_and_y_are_not_turned_round(tmp_path: Path) -> None:
    turned = [(east, north) for north, east in CORNERS]

    with pytest.raises(GeoRefusal, match=r"crs\.swapped"):
        here(table(tmp_path / "a.csv", "点号,北坐标,东坐标\n" + corners(turned)))


def test_parcels_part_by_name_and_keep_what_their_corners_agree_on(tmp_path: Path) -> None:
    text = "宗地号,乡镇,点号,X,Y,边长\n"
    for name, shift in (("甲-01", 0), ("甲-02", 500)):
        text += "".join(f"{name},潋江镇,J{n},{x + shift},{y},9.5\n" for n, (x, y) in enumerate(CORNERS))

    _, rows = here(table(tmp_path / "a.csv", text))

    assert [row.attributes for row in rows] == [
        {"宗地号": "甲-01", "乡镇": "潋江镇"},
        {"宗地号": "甲-02", "乡镇": "潋江镇"},
    ]
    assert row_refusals(rows) == [None, None]


def test_parcels_part_at_blank_lines_where_none_is_named(tmp_path: Path) -> None:
    shifted = [(north + 500, east) for north, east in CORNERS]
    text = "点号,X,Y\n" + corners(CORNERS) + "\n,,\n点号,X,Y\n" + corners(shifted) + "\n制表人：测绘队,,\n"

    _, rows = here(table(tmp_path / "a.csv", text))

    assert row_refusals(rows) == [None, None]
    assert [note.id for note in rows[1].notes] == ["table.row_passed"]


@pytest.mark.parametrize(
    "text",
    [
        "圈号,点号,X,Y\n" + corners(CORNERS, before="1,") + corners(HOLE, before="2,"),
        "点号,X,Y\n" + corners([*CORNERS, CORNERS[0]]) + corners([*HOLE, HOLE[0]], start=6),
    ],
    ids=["by number", "where it closes"],
)
def test_a_ring_inside_another_is_a_hole(tmp_path: Path, text: str) -> None:
    _, (row,) = here(table(tmp_path / "a.csv", text))

    assert area_of(row) == pytest.approx((10_000 - 200) / 1.00044, rel=1e-4)


def test_two_columns_without_a_heading_are_taken_by_their_values_and_said(tmp_path: Path) -> None:
    text = "".join(f"{east},{north}\n" for north, east in CORNERS)

    opening, (row,) = here(table(tmp_path / "a.csv", text))

    assert opening.notes[0].values == {"north": 2, "east": 1}
    assert row.refusal is None


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "，"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "utf-16"])
def test_separators_and_encodings_are_found(tmp_path: Path, delimiter: str, encoding: str) -> None:
    text = ("名称,经度,纬度\n横柏断面,115.30,26.30\n龙升断面,115.31,26.31\n").replace(",", delimiter)

    opening, rows = here(table(tmp_path / "a.csv", text, encoding=encoding))

    assert opening.encoding == {"gbk": "GB18030", "utf-16": "UTF-16"}.get(encoding, "UTF-8")
    assert [(row.attributes, row.shape) for row in rows] == [
        ({"名称": "横柏断面"}, shapely.Point(115.30, 26.30)),
        ({"名称": "龙升断面"}, shapely.Point(115.31, 26.31)),
    ]


def test_gbk_that_happens_to_be_valid_utf_8_is_read_as_the_chinese_it_is(tmp_path: Path) -> None:
    opening, (row,) = here(table(tmp_path / "a.csv", "name,lon,lat\n杉木,115.3,26.3\n", encoding="gbk"))

    assert (opening.encoding, row.attributes) == ("GB18030", {"name": "杉木"})


@pytest.mark.parametrize(
    "written",
    [
        "115°21′36.5″",
        "115°21'36.5\"",
        "东经115度21分36.5秒",
        "115°21′36.5″E",
        "１１５°21′36.5″",
        "115°21.608333333333′",
    ],
)
def test_degrees_minutes_and_seconds_are_read(written: str) -> None:
    assert number(written) == pytest.approx(115 + 21 / 60 + 36.5 / 3600, abs=1e-9)


@pytest.mark.parametrize(
    "written", ["115°61′", "nan", "inf", "1e999", "1_000", "0x10", "2,914,100", "=1+1", "", True, None]
)
def test_what_is_no_coordinate_is_none(written: Any) -> None:
    assert number(written) is None


def test_degrees_packed_as_ddd_mmss_are_read_where_the_heading_says_so(tmp_path: Path) -> None:
    text = "点号,经度(ddd.mmss),纬度(ddd.mmss)\nJ1,115.20305,26.1810\nJ2,115.2100,26.1810\nJ3,115°21′0″,26.19\n"

    opening, (row,) = here(table(tmp_path / "a.csv", text))

    assert [note.id for note in opening.notes] == ["table.packed_angles"]
    assert row.shape is not None
    west, south, east, north = row.shape.bounds
    assert (west, east) == pytest.approx((115 + 20 / 60 + 30.5 / 3600, 115.35), abs=1e-9)
    assert (south, north) == pytest.approx((26 + 18 / 60 + 10 / 3600, 26 + 19 / 60), abs=1e-9)


def test_what_cannot_be_ddd_mmss_refuses_its_parcel(tmp_path: Path) -> None:
    text = "点号,经度(ddd.mmss),纬度(ddd.mmss)\nJ1,115.20305,26.18\nJ2,115.61,26.18\nJ3,115.21,26.19\n"

    _, (row,) = here(table(tmp_path / "a.csv", text))

    assert row_refusals([row]) == ["table.not_a_number"]


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 59_999))
def test_packed_degrees_come_back_to_a_millisecond(degrees: int, minutes: int, milliseconds: int) -> None:
    written = f"{degrees}.{minutes:02d}{milliseconds:05d}"

    assert unpacked(written) == pytest.approx(degrees + minutes / 60 + milliseconds / 3_600_000, abs=1e-9)


@given(st.floats(0, 179.99))
@settings(max_examples=200)
def test_degrees_come_back_from_minutes_and_seconds(degrees: float) -> None:
    whole, rest = divmod(degrees, 1)
    minutes, seconds = divmod(rest * 60, 1)

    assert number(f"{whole:.0f}°{minutes:.0f}′{min(seconds * 60, 59.9999999999):.10f}″") == pytest.approx(
        degrees, abs=1e-9
    )


def test_a_column_of_wkt_gives_the_shapes(tmp_path: Path) -> None:
    text = f'小班号;WKT\n0007;"{SQUARE.wkt}"\n0008;x;y\n0009;"POLYGON((1 2"\n0010;\n'

    _, rows = here(table(tmp_path / "a.csv", text))

    assert row_refusals(rows) == [None, "table.too_many_cells", "table.bad_wkt", "shape.missing"]
    assert rows[0].attributes == {"小班号": "0007"}
    assert rows[0].shape is not None
    assert rows[0].shape.equals(SQUARE)


@pytest.mark.parametrize(
    ("line", "refusal"),
    [
        ("J3,\"2,914,200\",38634890", "table.thousands"),
        ("J3,二百,38634890", "table.not_a_number"),
        ("J3,NaN,38634890", "table.not_a_number"),
        ("J3,,38634890", "table.no_coordinate"),
        ("J3,,", "table.no_coordinate"),
    ],
)  # fmt: skip
def test_a_corner_that_cannot_be_read_refuses_its_parcel_and_names_the_row(
    tmp_path: Path, line: str, refusal: str
) -> None:
    good = corners(CORNERS, before="甲,")
    bad = corners(CORNERS[:2], before="乙,") + f"乙,{line}\n"

    _, rows = here(table(tmp_path / "a.csv", "地块,点号,X,Y\n" + good + bad))

    assert row_refusals(rows) == [None, refusal]
    assert rows[1].refusal is not None
    assert rows[1].refusal.values["row"] == 8


def test_a_parcel_of_two_corners_is_refused(tmp_path: Path) -> None:
    _, rows = here(table(tmp_path / "a.csv", "点号,X,Y\n" + corners(CORNERS) + "\n" + corners(CORNERS[:2])))

    assert row_refusals(rows) == [None, "table.too_few"]


def test_a_workbook_is_read_below_its_title_and_through_merged_cells(tmp_path: Path) -> None:
    rows = [["界址点成果表"], [], ["宗地号", "点号", "X", "Y"]]
    rows += [["甲" if n == 0 else None, f"J{n}", x, y] for n, (x, y) in enumerate(CORNERS)]  # type: ignore[list-item]
    path = workbook(tmp_path / "a.xlsx", {"说明": [["填表说明"]], "坐标": rows})

    opening, (row,) = here(path)

    assert (opening.format, opening.layer, opening.epsg) == ("xlsx", "坐标", 4526)
    assert [note.id for note in opening.notes] == ["table.above"]
    assert row.attributes == {"宗地号": "甲"}
    assert area_of(row) == pytest.approx(10_000 / 1.00044, rel=1e-4)


def test_a_workbook_of_several_tables_is_asked_which(tmp_path: Path) -> None:
    rows = [["点号", "X", "Y"], *[[f"J{n}", *corner] for n, corner in enumerate(CORNERS)]]
    path = workbook(tmp_path / "a.xlsx", {"甲": rows, "乙": rows})

    with pytest.raises(GeoRefusal, match="which_layer") as asked:
        here(path)

    assert asked.value.values["layers"] == "甲(?)、乙(?)"
    assert here(path, layer="乙")[0].layer == "乙"


def test_a_table_in_a_zip_is_read(tmp_path: Path) -> None:
    rows = [["点号", "X", "Y"], *[[f"J{n}", *corner] for n, corner in enumerate(CORNERS)]]
    inner = workbook(tmp_path / "a.xlsx", {"甲": rows})
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(inner, "界址点.xlsx")

    assert row_refusals(boxed(tmp_path / "a.zip")[1]) == [None]


@pytest.mark.usefixtures("in_under_five_seconds_with_nothing_left")
class TestHostile:
    def test_a_formula_is_never_computed_and_its_row_is_refused(self, tmp_path: Path) -> None:
        rows = [["名称", "经度", "纬度"], ["甲", 115.3, 26.3], ['=HYPERLINK("http://127.0.0.1:9")', "=100+15.3", 26.3]]

        _, read = boxed(workbook(tmp_path / "a.xlsx", {"a": rows}))

        assert row_refusals(read) == [None, "table.no_coordinate"]
        assert read[1].attributes == {"名称": None}

    def test_a_workbook_of_zeros_is_refused_by_its_ratio(self, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "a.xlsx", "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("xl/workbook.xml", bytes(200 * 1024**2))

        assert refused(tmp_path / "a.xlsx").id == "zip.bomb"

    def test_an_entity_bomb_in_a_workbook_is_refused(self, tmp_path: Path) -> None:
        whole = workbook(tmp_path / "whole.xlsx", {"a": [["点号", "X", "Y"]]})
        bomb = '<!DOCTYPE x [<!ENTITY a "lol"><!ENTITY b "&a;&a;">]><worksheet><sheetData>&b;</sheetData></worksheet>'
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
            for name in source.namelist():
                archive.writestr(name, bomb if name == "xl/worksheets/sheet1.xml" else source.read(name))

        assert refused(tmp_path / "a.xlsx").id == "file.unreadable"

    def test_a_row_that_lies_about_its_number_is_refused(self, tmp_path: Path) -> None:
        whole = workbook(tmp_path / "whole.xlsx", {"a": [["点号", "X", "Y"], ["J1", 2914100, 38634790]]})
        with zipfile.ZipFile(whole) as source, zipfile.ZipFile(tmp_path / "a.xlsx", "w") as archive:
            for name in source.namelist():
                text = source.read(name)
                archive.writestr(name, text.replace(b'<row r="2"', b'<row r="999999999"'))

        assert refused(tmp_path / "a.xlsx").id == "table.broken"

    def test_a_quotation_that_does_not_end_names_the_row(self, tmp_path: Path) -> None:
        text = "名称,经度,纬度\n甲,115.3,26.3\n" + '"乙,115.3,26.3\n'

        assert refused(table(tmp_path / "a.csv", text)).values["row"] == 3

    def test_a_million_lines_in_one_parcel_are_refused_or_read_in_bounded_memory(self, tmp_path: Path) -> None:
        path = table(tmp_path / "a.csv", "X,Y\n" + "2914100.1,38634790.2\n2914100.3,38634791.2\n" * 100_000)

        assert row_refusals(boxed(path)[1]) == ["table.too_few"]


@given(st.lists(st.tuples(st.floats(115.1, 115.8), st.floats(26.1, 26.6)), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_points_come_back_as_they_were_written(
    tmp_path_factory: pytest.TempPathFactory, positions: list[tuple[float, float]]
) -> None:
    text = "名称,经度,纬度\n" + "".join(f"{n},{x!r},{y!r}\n" for n, (x, y) in enumerate(positions))

    _, rows = here(table(tmp_path_factory.mktemp("table") / "a.csv", text))

    assert [(row.shape.x, row.shape.y) for row in rows if row.shape] == positions  # type: ignore[attr-defined]
