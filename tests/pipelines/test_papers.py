"""The papers of a result say what it holds, on every page that it is a first screening, and come out the same again."""

from __future__ import annotations

import hashlib
import io
import json
import os
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import docx
import fiona
import geopandas as gpd
import numpy as np
import openpyxl
import pypdf
import pytest
import shapely
import zxingcpp
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from pyproj import Geod

from data import checking
from geo import sandbox
from geo.area import area
from pipelines.paper.sheet.document import Basics, Grid, document
from pipelines.paper.sheet.fonts import font_files
from pipelines.paper.sheet.form import dumped
from pipelines.paper.sheet.frame import MAP_MM, Frame, window
from pipelines.paper.sheet.making import papers
from pipelines.paper.sheet.picture import picture
from pipelines.paper.sheet.result import PaperRefusal, Result
from pipelines.paper.sheet.tables import corners, overlaps
from pipelines.paper.sheet.writers.docx import as_docx
from pipelines.paper.sheet.writers.pdf import as_pdf
from pipelines.paper.sheet.writers.spatial import as_package, as_txt
from pipelines.paper.sheet.writers.workbook import as_workbook
from tests.pipelines.results import finding, parcel, result
from tests.samples import square, strip

SCREENING = "初筛结果，不作为审批依据"
MADE_UP = "样例数据（虚构）"


@pytest.fixture(scope="module")
def made_up() -> Result:
    return result(made_up=True)


@pytest.fixture(scope="module")
def made(made_up: Result) -> dict[str, bytes]:
    return papers(made_up)


def pages(pdf: bytes) -> list[str]:
    """The words of each page, without the gaps that lines leave between Chinese signs."""
    return ["".join(page.extract_text().split()) for page in pypdf.PdfReader(io.BytesIO(pdf)).pages]


def words(document: Any) -> str:
    """All words of a docx in its body and tables."""
    return "".join(node.text or "" for node in document.element.body.iter("{*}t"))


AGAIN = """
import json, sys, hashlib
from pathlib import Path
from pipelines.paper.sheet.form import loaded
from pipelines.paper.sheet.making import papers
made = papers(loaded(Path(sys.argv[1]).read_bytes()))
print(json.dumps({name: hashlib.sha256(content).hexdigest() for name, content in made.items()}))
"""


def test_papers_come_out_the_same_in_another_process_zone_and_language(
    made_up: Result, made: dict[str, bytes], tmp_path: Path
) -> None:
    form = tmp_path / "result.json"
    form.write_bytes(dumped(made_up))
    elsewhere = {
        **os.environ,
        "TZ": "America/New_York",
        "LC_ALL": "C",
        "PYTHONHASHSEED": "7",
        "PYTHONPATH": os.getcwd(),
    }

    ran = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", AGAIN, form], cwd=tmp_path, env=elsewhere, capture_output=True, check=True
    )

    assert json.loads(ran.stdout) == {name: hashlib.sha256(content).hexdigest() for name, content in made.items()}
    assert {name.partition(".")[2] for name in made} == {"docx", "pdf", "xlsx", "gpkg", "txt", "json"}


def test_every_page_of_the_pdf_says_first_screening_made_up_and_its_number_of_pages(made: dict[str, bytes]) -> None:
    told = pages(made["套合-12.pdf"])

    assert len(told) >= 3
    for number, page in enumerate(told, start=1):
        assert SCREENING in page
        assert MADE_UP in page
        assert "兴国县套合情况报告第12号" in page
        assert f"第{number}页共{len(told)}页" in page


def test_the_pdf_says_areas_clauses_hashes_layers_and_corners(made_up: Result, made: dict[str, bytes]) -> None:
    told = "".join(pages(made["套合-12.pdf"]))

    red = made_up.parcels[0].findings[0]
    assert red.hm2 is not None
    assert red.m2 is not None
    for expected in (f"{red.hm2:.4f}", f"{red.m2 * 15 / 10_000:.4f}", f"{red.m2:.2f}", "50.00"):
        assert expected in told
    assert "永久基本农田未核对（图层未载入）" in told
    assert "赣自然资〔2022〕1号第三条〔未核实〕" in told
    assert "待明确：是否临时用地未说明" in told
    assert "省人民政府" in told
    assert "2000国家大地坐标系，3度带第39带，中央经线117°" in told
    assert made_up.sha256 in told
    assert hashlib.sha256(dumped(made_up)).hexdigest() in told
    assert "经办人（签字）" in told
    assert "单位（盖章）" in told
    assert "不许可" not in told


def test_the_pdf_embeds_real_chinese_fonts(made: dict[str, bytes]) -> None:
    fonts = {}
    for page in pypdf.PdfReader(io.BytesIO(made["套合-12.pdf"])).pages:
        for font in page["/Resources"]["/Font"].values():  # type: ignore[index]
            (inside,) = font.get_object()["/DescendantFonts"]
            fonts[font["/BaseFont"].partition("+")[2]] = (font["/Subtype"], inside.get_object()["/FontDescriptor"])

    assert set(fonts) == {"Noto-Sans-CJK-SC", "Noto-Serif-CJK-SC"}  # the simplified faces, not the Japanese ones
    assert all(kind == "/Type0" and "/FontFile3" in descriptor for kind, descriptor in fonts.values())


def test_the_docx_says_the_same_with_header_page_fields_map_and_code(made_up: Result, made: dict[str, bytes]) -> None:
    opened = docx.Document(io.BytesIO(made["套合-12.docx"]))

    head = "".join(paragraph.text for paragraph in opened.sections[0].header.paragraphs)
    foot = opened.sections[0].footer._element.xml
    assert SCREENING in head
    assert MADE_UP in head
    assert 'w:instr="PAGE"' in foot
    assert 'w:instr="NUMPAGES"' in foot
    assert "共" in foot
    assert len(opened.inline_shapes) == 3  # the code, and a map for each parcel
    told = words(opened)
    for grid in (block for block in document(made_up).blocks if isinstance(block, Grid)):
        assert all(cell.replace("\n", "") in told for row in grid.rows for cell in row)
    assert 'w:eastAsia="宋体"' in opened.element.body.xml


def test_the_square_code_holds_the_number_and_the_hash_of_the_result(made_up: Result) -> None:
    (basics,) = (block for block in document(made_up).blocks if isinstance(block, Basics))

    (read,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(basics.code)).convert("L"))

    assert read.text == f"QINGSHAN CHECK 12 SHA256 {hashlib.sha256(dumped(made_up)).hexdigest().upper()}"


def test_a_result_that_is_not_stored_has_no_papers() -> None:
    with pytest.raises(PaperRefusal) as refusal:
        papers(result(stored=None))

    assert refusal.value.id == "paper.not_stored"


def test_more_parcels_than_go_on_paper_come_without_documents_and_with_all_else() -> None:
    one = result().parcels[1]
    many = result(parcels=tuple(replace(one, number=n) for n in range(checking.papers().parcels + 1)))

    made = papers(many)

    assert {name.partition(".")[2] for name in made} == {"xlsx", "gpkg", "txt", "json"}
    with pytest.raises(PaperRefusal) as refusal:
        document(many)
    assert refusal.value.id == "paper.too_many"


def test_without_the_fonts_nothing_is_set_in_empty_boxes(tmp_path: Path) -> None:
    with pytest.raises(PaperRefusal) as refusal:
        font_files((tmp_path,))

    assert refusal.value.id == "paper.no_font"


HOSTILE = '=HYPERLINK("http://x")<b>&amp;</b>{{ 1 }}\x0b\ue000😀𠮷' + "长" * 300


def test_names_are_words_in_every_paper_and_never_markup_or_formula() -> None:
    shape = strip(0, 2)
    red = finding("redline", shape, [(shape, "core")])
    hostile = replace(red, features=(replace(red.features[0], name=HOSTILE, code="@SUM（A1）"),))
    told = result(file="+1.txt", parcels=(parcel(1, HOSTILE, shape, (hostile,)),))

    book = openpyxl.load_workbook(io.BytesIO(as_workbook(told)))
    opened, made = docx.Document(io.BytesIO(as_docx(document(told)))), "".join(pages(as_pdf(document(told))))

    cells = [cell for sheet in book for row in sheet.iter_rows() for cell in row if isinstance(cell.value, str)]
    assert {cell.data_type for cell in cells} == {"s"}
    risky = [cell for cell in cells if cell.value[0] in "=+-@"]
    assert {cell.value.partition("（")[0] for cell in risky} >= {"+1.txt", "@SUM"}
    assert all(cell.quotePrefix for cell in risky)
    assert '=HYPERLINK("http://x")<b>&amp;</b>{{ 1 }}' in words(opened)
    assert '=HYPERLINK("http://x")<b>&amp;</b>{{1}}□□□𠮷长' in made  # signs that no font has here
    with zipfile.ZipFile(io.BytesIO(as_workbook(told))) as parts:
        assert not any(b"<f>" in parts.read(name) for name in parts.namelist())


def test_the_workbook_holds_every_number_of_the_sheet_and_prints_the_screening(made_up: Result) -> None:
    book = openpyxl.load_workbook(io.BytesIO(as_workbook(made_up)))

    sheet = book["套合情况表"]
    rows = [[cell.value for cell in row][2:] for row in sheet.iter_rows(min_row=3)]
    expected = [list(row) for one in made_up.parcels for row in overlaps(one).rows]
    assert [row[:3] for row in rows] == [row[:3] for row in expected]
    for told, row in zip(rows, expected, strict=True):
        assert told[3:] == [None if value is None else pytest.approx(value, rel=1e-14) for value in row[3:]]
    assert all(SCREENING in tab["A1"].value and MADE_UP in tab["A1"].value for tab in book)
    assert all(tab.oddHeader.right.text == SCREENING for tab in book)
    assert book.properties.modified == book.properties.created


def test_the_package_holds_parcels_pieces_and_zones_as_they_are_in_the_result(made_up: Result, tmp_path: Path) -> None:
    file = tmp_path / "a.gpkg"
    file.write_bytes(as_package(made_up))

    layers = {name: gpd.read_file(file, layer=name) for name in fiona.listlayers(file)}

    assert set(layers) == {"parcels", "pieces", "zones"}
    assert {layer.crs.to_epsg() for layer in layers.values()} == {4490}
    assert [shape.equals(one.shape) for shape, one in zip(layers["parcels"].geometry, made_up.parcels, strict=True)]
    told = [one for p in made_up.parcels for f in p.findings for one in f.features]
    assert list(layers["pieces"]["平方米"]) == [one.m2 for one in told]
    pieces = np.array([one.piece for one in told], dtype=object)
    assert area(np.array(layers["pieces"].geometry, dtype=object)) == pytest.approx(area(pieces), rel=1e-12)
    assert [a.equals(one.near) for a, one in zip(layers["zones"].geometry, told, strict=True)] == [True] * len(told)
    assert all(SCREENING in said for said in layers["pieces"]["说明"])


def test_the_txt_of_the_pieces_is_read_back_with_their_areas(made_up: Result, tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.write_bytes(as_txt(made_up) or b"")

    with sandbox.read(file, box=None) as reading:
        rows = [row for batch in reading.batches for row in batch]

    told = [one for p in made_up.parcels for f in p.findings for one in f.features]
    assert reading.opening.epsg == made_up.plane
    assert [row.attributes["地块名称"] for row in rows] == [one.name for one in told]
    found = area(np.array([row.shape for row in rows], dtype=object))
    assert found == pytest.approx([one.m2 for one in told], abs=1.0)  # corners to the millimetre


def test_degrees_of_cgcs2000_are_named_in_chinese_and_rows_of_the_workbook_are_as_high_as_their_words(
    made_up: Result,
) -> None:
    book = openpyxl.load_workbook(
        io.BytesIO(as_workbook(replace(made_up, crs="China Geodetic Coordinate System 2000")))
    )

    basics, clauses = book["基本情况"], book["适用条款"]
    assert "2000国家大地坐标系，经纬度" in [row[1].value for row in basics.iter_rows(min_row=3)]
    assert clauses.row_dimensions[3].height >= 15 * (1 + clauses["C3"].value.count("\n"))


def test_a_piece_of_less_than_a_millimetre_is_in_the_workbook_and_the_package_and_said_not_to_be_in_the_txt(
    tmp_path: Path,
) -> None:
    shape = square(0)
    west, south, east, _ = shape.bounds
    sliver = shapely.MultiPolygon([shapely.box(west, south, east, south + 1e-10)])
    told = result(parcels=(parcel(1, "甲", shape, (finding("redline", shape, [(sliver, "core")]),)),))

    book = openpyxl.load_workbook(io.BytesIO(as_workbook(told)))
    (tmp_path / "a.gpkg").write_bytes(as_package(told))

    assert as_txt(told) is None
    assert [cell.value for cell in book["涉及图斑"][3]][-1] == "否"
    assert len(gpd.read_file(tmp_path / "a.gpkg", layer="pieces")) == 1


def test_corners_are_numbered_through_the_rings_and_come_back_to_the_first_of_each() -> None:
    outer = shapely.box(115.35, 26.33, 115.351, 26.331)
    shape = shapely.MultiPolygon([outer.difference(shapely.box(115.3504, 26.3304, 115.3506, 26.3306))])
    (of_parcel,) = result(parcels=(parcel(1, "甲", shape, ()),)).parcels

    table = corners(of_parcel, 4527)

    assert [(row[0], row[1]) for row in table.rows] == [
        ("J1", "1"), ("J2", "1"), ("J3", "1"), ("J4", "1"), ("J1", "1"),
        ("J5", "2"), ("J6", "2"), ("J7", "2"), ("J8", "2"), ("J5", "2"),
    ]  # fmt: skip
    assert (table.rows[0][4], table.rows[0][5]) == pytest.approx((115.35, 26.331), abs=2e-8)  # the north-west first


lon, lat = st.floats(114.9, 116), st.floats(26, 26.8)
side = st.floats(1e-5, 0.5)


@given(west=lon, south=lat, wide=side, high=side)
def test_the_map_shows_the_whole_parcel_at_a_round_scale(west: float, south: float, wide: float, high: float) -> None:
    frame = Frame(window((west, south, west + wide, south + high)))

    left, bottom, right, top = frame.window
    assert left < west < west + wide < right
    assert bottom < south < south + high < top
    digits = str(frame.scale).rstrip("0")
    assert frame.scale >= 500
    assert digits in {"1", "15", "2", "25", "3", "4", "5", "6", "8"}
    # Its middle parallel measured by GeographicLib, edge by edge of a hundredth.
    along = np.linspace(left, right, 101)
    metres = Geod(a=6378137, rf=298.257222101).line_length(along, np.full(101, (bottom + top) / 2))
    assert metres / (MAP_MM[0] / 1000) == pytest.approx(frame.scale, rel=1e-3)


def test_the_picture_fills_what_is_touched_and_not_the_holes_in_it() -> None:
    shape = square(0)
    hole = shapely.box(115.3504, 26.3304, 115.3506, 26.3306)
    farmland = shapely.MultiPolygon([shapely.box(*shape.bounds).difference(hole)])
    of_parcel = parcel(1, "甲", shape, (finding("farmland", shape, [(farmland, "")]),))

    image = Image.open(io.BytesIO(picture(of_parcel, plane=4527, made_up=False))).convert("RGB")

    width, height = image.width, round(image.width * MAP_MM[1] / MAP_MM[0])
    frame = Frame(of_parcel.window)

    def colour(x: float, y: float) -> tuple[int, ...]:
        ((at_x, at_y),) = frame.placed(np.array([[x, y]]), width=width)
        assert 0 <= at_x < width
        assert 0 <= at_y < height
        pixel = image.getpixel((int(at_x), int(at_y)))
        assert isinstance(pixel, tuple)
        return pixel

    inside, in_hole, outside = colour(115.3502, 26.3305), colour(115.3505, 26.3305), colour(115.3498, 26.3302)
    assert in_hole == outside
    assert inside != outside
    assert inside[2] < inside[0]  # yellow
