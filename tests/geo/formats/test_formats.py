"""Each exchange format as the field writes it, and every text that geo/ may ask for."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import string
from pathlib import Path
from typing import Any

import fiona
import geopandas
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from data.texts import texts
from geo.formats.geojson import stream
from geo.formats.values import Column, shown
from geo.refusal import GeoRefusal
from tests.geo.craft import (
    RING,
    SQUARE,
    geojson,
    here,
    polygon,
    row_refusals,
    write_geopackage,
    write_shapefile,
    zipped,
)

SOURCES = Path(__file__).parents[3] / "geo"


@pytest.mark.parametrize(
    ("written", "cpg", "read", "notes"),
    [
        ("GBK", None, "GB18030", []),
        ("UTF-8", None, "UTF-8", []),
        ("GBK", "936", "GB18030", []),
        ("UTF-8", "UTF-8", "UTF-8", []),
        ("GBK", "UTF-8", "GB18030", ["file.encoding_wrong"]),
        ("GBK", "no such code page", "GB18030", []),
    ],
    ids=["GBK, silent", "UTF-8, silent", "GBK, said", "UTF-8, said", "GBK that says UTF-8", "nonsense said"],
)
def test_the_text_of_a_shapefile_is_read_in_the_encoding_it_really_has(
    tmp_path: Path, written: str, cpg: str | None, read: str, notes: list[str]
) -> None:
    path = write_shapefile(tmp_path, "a", encoding=written, names=["景德镇市浮梁县"])
    path.with_suffix(".cpg").unlink()
    if cpg is not None:
        path.with_suffix(".cpg").write_text(cpg)

    opening, (row,) = here(path)

    assert row.attributes == {"NAME": "景德镇市浮梁县"}
    assert opening.encoding == read
    assert [note.id for note in opening.notes] == notes


def test_gbk_that_happens_to_be_valid_utf_8_is_read_as_the_chinese_it_is(tmp_path: Path) -> None:
    """The four bytes of 杉木 in GBK, C9 BC C4 BE, are two letters of the phonetic and Latin alphabets in UTF-8."""
    path = write_shapefile(tmp_path, "a", encoding="GBK", names=["杉木"])
    path.with_suffix(".cpg").unlink()

    opening, (row,) = here(path)

    assert (opening.encoding, row.attributes) == ("GB18030", {"NAME": "杉木"})


def test_chinese_field_names_of_a_gbk_table_are_read(tmp_path: Path) -> None:
    path = tmp_path / "a.shp"
    schema = {"geometry": "Polygon", "properties": {"小班号": "str:10"}}
    with fiona.open(path, "w", driver="ESRI Shapefile", schema=schema, crs="EPSG:4490", encoding="GBK") as out:
        out.write({"type": "Feature", "properties": {"小班号": "七"}, "geometry": shapely.geometry.mapping(SQUARE)})
    path.with_suffix(".cpg").unlink()

    opening, (row,) = here(path)

    assert opening.columns == (Column("小班号", "text", 10),)
    assert row.attributes == {"小班号": "七"}


def test_a_character_cut_in_two_by_another_program_is_said(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a", names=["横柏"])
    table = path.with_suffix(".dbf")
    table.write_bytes(table.read_bytes().replace("柏".encode(), "柏".encode()[:2] + b" "))

    opening, _ = here(path)

    assert opening.notes[-1].id == "file.text_broken"


def test_the_siblings_of_a_shapefile_may_be_written_in_capitals(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a")
    for part in list(tmp_path.glob("a.*")):
        part.rename(part.with_name(part.name.upper()))

    assert row_refusals(here(tmp_path / "A.SHP")[1]) == [None]
    assert not path.exists()


def test_a_zip_may_hold_folders_and_files_that_no_reader_needs(tmp_path: Path) -> None:
    write_shapefile(tmp_path / ".", "a")
    (tmp_path / "a.sbn").write_bytes(b"x")
    (tmp_path / "a.shp.xml").write_text("<x/>")

    opening, rows = here(zipped(tmp_path / "b.zip", tmp_path / "a.shp"))

    assert (opening.layer, row_refusals(rows)) == ("a", [None])


def test_a_zip_may_hold_a_geopackage_or_a_geojson(tmp_path: Path) -> None:
    package = write_geopackage(tmp_path / "p.gpkg", {"plots": [SQUARE], "lines": [SQUARE, SQUARE]})
    text = geojson(tmp_path / "t.geojson", polygon(RING))

    assert here(zipped(tmp_path / "1.zip", package), layer="lines")[0].count == 2
    assert here(zipped(tmp_path / "2.zip", text))[0].format == "GeoJSON"


def test_a_geopackage_of_several_layers_is_asked_which_with_counts(tmp_path: Path) -> None:
    path = write_geopackage(tmp_path / "a.gpkg", {"plots": [SQUARE], "mines": [SQUARE, SQUARE]})

    with pytest.raises(GeoRefusal, match="which_layer") as asked:
        here(path)

    assert asked.value.values["layers"] == "mines(2)、plots(1)"
    assert here(path, layer="mines")[0].count == 2


def test_a_geopackage_still_open_elsewhere_is_refused(tmp_path: Path) -> None:
    path = write_geopackage(tmp_path / "a.gpkg", {"plots": [SQUARE]})
    editor = sqlite3.connect(path)
    editor.execute("pragma journal_mode = wal")
    editor.execute("create table note (x)")
    editor.commit()

    with pytest.raises(GeoRefusal, match="in_use"):
        here(path)
    editor.close()


def test_a_geopackage_without_a_feature_table_is_refused(tmp_path: Path) -> None:
    path = write_geopackage(tmp_path / "a.gpkg", {"plots": [SQUARE]})
    base = sqlite3.connect(path)
    base.execute("update gpkg_contents set data_type = 'attributes'")
    base.commit()
    base.close()

    with pytest.raises(GeoRefusal, match="no_layer"):
        here(path)


@pytest.fixture
def geodatabase(tmp_path: Path) -> Path:
    path = tmp_path / "兴国.gdb"
    plane = shapely.MultiPolygon([shapely.box(38634790, 2914100, 38634890, 2914200)])
    for layer, rows in (("DLTB", 2), ("STBHHX", 1)):
        frame = geopandas.GeoDataFrame({"DLBM": ["0301"] * rows}, geometry=[plane] * rows, crs="EPSG:4526")
        frame.to_file(path, driver="OpenFileGDB", layer=layer, mode="a" if path.exists() else "w")
    return path


def test_a_file_geodatabase_lists_its_layers_with_counts(geodatabase: Path) -> None:
    with pytest.raises(GeoRefusal, match="which_layer") as asked:
        here(geodatabase)

    assert asked.value.values["layers"] == "DLTB(2)、STBHHX(1)"


def test_a_file_geodatabase_is_read_as_a_folder_and_as_a_zip(geodatabase: Path, tmp_path: Path) -> None:
    packed = Path(shutil.make_archive(str(tmp_path / "packed"), "zip", tmp_path, geodatabase.name))

    for path in (geodatabase, packed):
        opening, rows = here(path, layer="DLTB")
        assert (opening.format, opening.epsg, opening.count) == ("File Geodatabase", 4526, 2)
        assert [row.attributes for row in rows] == [{"DLBM": "0301"}] * 2
        # A square of 100 m in zone 38 at 115.36°E: the plane is 1.00044 too large there.
        assert rows[0].survey_area_m2 == pytest.approx(10_000 / 1.00044, rel=1e-4)


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf", b" \r\n\t"])
def test_a_geojson_may_begin_with_a_mark_or_blanks(tmp_path: Path, mark: bytes) -> None:
    path = geojson(tmp_path / "a.geojson", polygon(RING))
    path.write_bytes(mark + path.read_bytes())

    assert row_refusals(here(path)[1]) == [None]


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        ({"type": "FeatureCollection", "features": []}, 0),
        ({"type": "Feature", "properties": {"a": 1}, "geometry": polygon(RING)}, 1),
        (polygon(RING), 1),
        (
            {
                "features": [{"type": "Feature", "properties": {}, "geometry": polygon(RING)}],
                "type": "FeatureCollection",
            },
            1,
        ),
    ],
    ids=["empty", "a feature", "a geometry", "type last"],
)
def test_every_outermost_shape_of_geojson_is_read(tmp_path: Path, text: Any, rows: int) -> None:
    assert len(here(geojson(tmp_path / "a.geojson", text=json.dumps(text)))[1]) == rows


def test_the_older_crs_member_is_honoured(tmp_path: Path) -> None:
    plane = shapely.box(38634790, 2914100, 38634890, 2914200)
    feature = {"type": "Feature", "properties": {}, "geometry": shapely.geometry.mapping(plane)}
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4526"}}
    text = {"type": "FeatureCollection", "crs": crs, "features": [feature]}

    opening, _ = here(geojson(tmp_path / "a.geojson", text=json.dumps(text)))

    assert (opening.epsg, opening.crs_stated) == (4526, True)


def test_a_crs_after_the_features_is_refused_for_it_comes_too_late(tmp_path: Path) -> None:
    feature = {"type": "Feature", "properties": {}, "geometry": polygon(RING)}
    crs = {"type": "name", "properties": {"name": "EPSG:4526"}}
    text = {"type": "FeatureCollection", "features": [feature], "crs": crs}

    with pytest.raises(GeoRefusal, match="crs_too_late"):
        here(geojson(tmp_path / "a.geojson", text=json.dumps(text)))


def test_a_row_that_lacks_what_the_rfc_asks_for_is_read_and_said(tmp_path: Path) -> None:
    bare = {"type": "Feature", "geometry": polygon(RING) | {"bbox": [1, 2, 3]}}
    text = {"type": "FeatureCollection", "features": [bare]}

    _, (row,) = here(geojson(tmp_path / "a.geojson", text=json.dumps(text)))

    assert row.refusal is None
    assert [note.id for note in row.notes] == ["geojson.no_properties", "geojson.bbox_ignored"]


def test_nested_properties_come_as_their_json_text(tmp_path: Path) -> None:
    feature = {"type": "Feature", "id": 7, "properties": {"a": [1, "二"], "b": None}, "geometry": polygon(RING)}
    text = {"type": "FeatureCollection", "features": [feature]}

    _, (row,) = here(geojson(tmp_path / "a.geojson", text=json.dumps(text)))

    assert row.attributes == {"a": '[1, "二"]', "b": None, "id": 7}


@given(
    names=st.lists(st.text(max_size=30), min_size=1, max_size=8),
    chunk=st.integers(1, 400),
    indent=st.sampled_from([None, 0, 3]),
)
@settings(max_examples=60, deadline=None)
def test_where_the_window_ends_makes_no_difference(
    tmp_path_factory: pytest.TempPathFactory, names: list[str], chunk: int, indent: int | None
) -> None:
    features = [{"type": "Feature", "properties": {"n": name}, "geometry": polygon(RING)} for name in names]
    collection = {"number": 12345678, "type": "FeatureCollection", "features": features}
    path = tmp_path_factory.mktemp("window") / "a.geojson"
    path.write_text(json.dumps(collection, ensure_ascii=False, indent=indent).replace("\ud800", "?"), "utf-8")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(stream, "_CHUNK", chunk)
        rows = here(path)[1]

    assert [row.attributes["n"] for row in rows] == names


def test_names_from_outside_are_shortened_and_cleaned() -> None:
    assert shown("小班.shp") == "小班.shp"
    assert shown("a\x1b[2Jb") == "a�[2Jb"
    assert len(shown("x" * 4000)) == 80


def test_every_refusal_and_note_of_geo_has_its_text_in_both_languages() -> None:
    asked = re.compile(r'(?:GeoRefusal|Note)\(\s*"([a-z0-9_]+\.[a-z0-9_]+)"')
    used = {id_ for file in SOURCES.rglob("*.py") for id_ in asked.findall(file.read_text("utf-8"))}

    assert len(used) > 50
    for id_ in used:
        pair = texts()[id_]
        places = {lang: {name for _, name, _, _ in string.Formatter().parse(pair[lang]) if name} for lang in pair}
        assert places["zh"] == places["en"], id_


def test_every_text_of_geo_is_asked_for_with_the_values_it_names(tmp_path: Path) -> None:
    asked = re.compile(r'GeoRefusal\(\s*"([a-z0-9_]+\.[a-z0-9_]+)"((?:[^()]|\((?:[^()]|\([^()]*\))*\))*)\)')
    for file in SOURCES.rglob("*.py"):
        for id_, given_values in asked.findall(file.read_text("utf-8")):
            wanted = {name for _, name, _, _ in string.Formatter().parse(texts()[id_]["zh"]) if name}
            assert set(re.findall(r"(\w+)=", given_values)) >= wanted, (file.name, id_)
