"""Hostile and broken files: each refused, or mended and said, in five seconds of processor time, nothing left behind."""

from __future__ import annotations

import json
import resource
import shutil
import socket
import sqlite3
import struct
import subprocess
import sys
import tempfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import shapely

from geo import sandbox
from geo.refusal import GeoRefusal
from geo.sandbox import Limits
from tests.geo.craft import (
    COUNTY,
    RING,
    SQUARE,
    boxed,
    geojson,
    polygon,
    refused,
    row_refusals,
    write_geopackage,
    write_shapefile,
    zipped,
)


def of_children() -> float:
    """Processor time of the sandboxed readers, which does not depend on what else the machine is doing."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


@pytest.fixture(autouse=True)
def in_under_five_seconds_with_nothing_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(scratch))
    before = of_children()

    yield

    assert of_children() - before < 5
    assert list(scratch.iterdir()) == []


@pytest.fixture
def listener() -> Iterator[tuple[int, list[object]]]:
    """A port on the loopback that counts who comes."""
    came: list[object] = []
    server = socket.create_server(("127.0.0.1", 0))

    def accept() -> None:
        while True:
            try:
                connection, who = server.accept()
            except OSError:
                return
            came.append(who)
            connection.close()

    thread = threading.Thread(target=accept, daemon=True)
    thread.start()
    yield server.getsockname()[1], came
    server.shutdown(socket.SHUT_RDWR)
    server.close()
    thread.join()


VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.mark.parametrize("ending", [".geojson", ".json", ".shp", ".gpkg", ".zip"])
def test_a_vrt_under_another_name_reads_no_local_file(tmp_path: Path, ending: str) -> None:
    secret = geojson(tmp_path / "secret.geojson", polygon(RING))
    path = tmp_path / f"a{ending}"
    path.write_text(VRT.format(secret), "utf-8")

    assert refused(path).id in {"file.not_what_it_says", "zip.broken"}


def test_a_vrt_among_the_siblings_of_a_shapefile_is_not_looked_at(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a")
    path.with_suffix(".dbf").write_text(VRT.format("/etc/passwd"), "utf-8")

    assert refused(path).id == "shapefile.table_lies"


@pytest.mark.parametrize("ending", [".kml", ".gml", ".vrt", ".csv", ".xml", ""])
def test_a_kind_that_is_not_taken_is_refused_by_its_ending(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_text(VRT.format("/etc/passwd"), "utf-8")

    assert refused(path).id == "file.unknown_kind"


@pytest.mark.parametrize("ending", [".geojson", ".shp", ".gpkg"])
def test_nothing_goes_out_to_the_network(tmp_path: Path, ending: str, listener: tuple[int, list[object]]) -> None:
    port, came = listener
    path = tmp_path / f"a{ending}"
    path.write_text(VRT.format(f"/vsicurl/http://127.0.0.1:{port}/a.geojson"), "utf-8")

    refused(path)

    assert came == []


def test_the_child_itself_can_neither_reach_the_network_nor_start_a_program(
    listener: tuple[int, list[object]],
) -> None:
    port, came = listener
    limits = {"cpu_s": 20, "memory_bytes": 2**31, "file_bytes": 2**20}
    tried = f"""
import os, socket
from geo.sandbox.child import _confine
_confine({limits})
for attempt in (
    lambda: socket.create_connection(("127.0.0.1", {port}), 1),
    lambda: os.execv("/bin/true", ["true"]),
):
    try:
        attempt()
        print("done")
    except PermissionError:
        print("forbidden")
"""

    said = subprocess.run([sys.executable, "-c", tried], capture_output=True, text=True, check=True).stdout.split()

    assert said == ["forbidden", "forbidden"]
    assert came == []


def test_a_zip_of_zeros_is_refused_by_its_ratio(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", bytes(200 * 1024**2))

    assert refused(tmp_path / "a.zip").id == "zip.bomb"


def test_a_zip_larger_than_allowed_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", write_shapefile(tmp_path, "a"))
    small = Limits(bounds=sandbox.Bounds(unpacked_bytes=500))

    assert refused(path, limits=small).id == "zip.too_large"


@pytest.mark.parametrize("name", ["inner.zip", "inner.rar", "inner.7z", "inner.geojson"])
def test_an_archive_in_an_archive_is_refused(tmp_path: Path, name: str) -> None:
    inner = zipped(tmp_path / "inner.zip", write_shapefile(tmp_path, "a"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(inner, name)

    assert refused(tmp_path / "a.zip").id == "zip.nested"


@pytest.mark.parametrize(
    "name",
    ["../a.geojson", "x/../../a.geojson", "/tmp/a.geojson", "..\\a.geojson", "C:/a.geojson", "a\nb.geojson"],
    ids=["up", "down and up", "absolute", "backslash", "drive", "control character"],
)
def test_a_name_in_a_zip_that_leads_out_is_refused_not_mangled(tmp_path: Path, name: str) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, "{}")

    assert refused(tmp_path / "a.zip").id == "zip.escapes"
    assert not Path("/tmp/a.geojson").exists()


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a.geojson")
    link.external_attr = 0o120777 << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(link, "/etc/passwd")

    assert refused(tmp_path / "a.zip").id == "zip.link"


def test_a_zip_of_a_hundred_thousand_entries_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for n in range(100_000):
            archive.writestr(zipfile.ZipInfo(f"{n}.prj"), b"")

    assert refused(tmp_path / "a.zip").id == "zip.too_many"


def test_a_zip_with_gbk_names_works(tmp_path: Path) -> None:
    plain = write_shapefile(tmp_path, "plain", encoding="GBK", names=["景德镇"])
    plain.with_suffix(".cpg").unlink()
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for part in tmp_path.glob("plain.*"):
            # Names of the same length in ASCII, then the bytes of the GBK name put in their place, without the mark.
            archive.write(part, f"XXXXXX{part.suffix}")
    packed = (tmp_path / "a.zip").read_bytes().replace(b"XXXXXX", "兴国县".encode("gbk"))
    (tmp_path / "a.zip").write_bytes(packed)

    opening, (row,) = boxed(tmp_path / "a.zip")

    assert opening.layer == "兴国县"
    assert opening.encoding == "GB18030"
    assert row.attributes == {"NAME": "景德镇"}


def test_two_shapefiles_in_one_zip_are_asked_which_and_taken_when_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "both.zip", write_shapefile(tmp_path, "小班"), write_shapefile(tmp_path, "红线"))

    asked = refused(path)

    assert asked.id == "zip.which"
    assert "小班.shp" in str(asked.values["datasets"])
    assert "红线.shp" in str(asked.values["datasets"])
    assert boxed(path, layer="红线")[0].layer == "红线"
    assert refused(path, layer="湿地").id == "file.no_such_layer"


@pytest.mark.parametrize("missing", [".shx", ".dbf"])
def test_a_shapefile_without_a_part_is_refused_naming_the_part(tmp_path: Path, missing: str) -> None:
    path = write_shapefile(tmp_path, "a")
    path.with_suffix(missing).unlink()

    assert refused(path).values["missing"] == missing


@pytest.mark.parametrize("part", [".shp", ".shx"])
@pytest.mark.parametrize("words", [10, 10**6])
def test_a_header_that_lies_about_the_length_is_refused(tmp_path: Path, part: str, words: int) -> None:
    path = write_shapefile(tmp_path, "a").with_suffix(part)
    raw = bytearray(path.read_bytes())
    raw[24:28] = struct.pack(">i", words)
    path.write_bytes(raw)

    assert refused(path.with_suffix(".shp")).id == "shapefile.length_lies"


@pytest.mark.parametrize("count", [0, 2, 2**31])
def test_a_table_that_lies_about_its_rows_is_refused(tmp_path: Path, count: int) -> None:
    path = write_shapefile(tmp_path, "a").with_suffix(".dbf")
    raw = bytearray(path.read_bytes())
    raw[4:8] = struct.pack("<I", count)
    path.write_bytes(raw)

    assert refused(path.with_suffix(".shp")).id in {"shapefile.table_lies", "shapefile.counts_differ"}


def test_a_shape_that_lies_about_its_points_is_refused_by_row(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a")
    raw = bytearray(path.read_bytes())
    raw[100 + 8 + 4 + 32 + 4 :][:4] = struct.pack("<i", 2**30)
    raw[148:152] = struct.pack("<i", 2**30)
    path.write_bytes(raw)

    assert row_refusals(boxed(path)[1]) == ["shape.missing"]


def test_a_table_whose_field_overflows_its_record_is_refused(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a").with_suffix(".dbf")
    raw = bytearray(path.read_bytes())
    raw[32 + 16] = 255
    path.write_bytes(raw)

    assert refused(path.with_suffix(".shp")).id == "shapefile.table_lies"


def test_a_geopackage_with_a_foreign_trigger_is_refused_naming_it(tmp_path: Path) -> None:
    path = write_geopackage(tmp_path / "a.gpkg", {"plots": [SQUARE]})
    with sqlite3.connect(path) as base:
        base.execute("create trigger surprise after insert on plots begin delete from plots; end")
    base.close()

    assert refused(path).values["trigger"] == "surprise"


def test_a_geopackage_whose_layer_is_a_view_is_refused(tmp_path: Path) -> None:
    path = write_geopackage(tmp_path / "a.gpkg", {"plots": [SQUARE]})
    with sqlite3.connect(path) as base:
        base.execute("drop table plots")
        base.execute("create view plots as select 1 as fid, load_extension('/tmp/x.so') as geom")
    base.close()

    assert refused(path).id == "geopackage.view"


def test_a_broken_geopackage_is_refused(tmp_path: Path) -> None:
    whole = write_geopackage(tmp_path / "whole.gpkg", {"plots": [SQUARE]})
    raw = whole.read_bytes()
    (tmp_path / "cut.gpkg").write_bytes(raw[: len(raw) // 3])
    (tmp_path / "noise.gpkg").write_bytes(raw[:100] + np.random.default_rng(1).bytes(len(raw) - 100))
    sqlite3.connect(tmp_path / "bare.gpkg").executescript("create table t (a); insert into t values (1)").close()

    for name in ("cut", "noise", "bare"):
        assert refused(tmp_path / f"{name}.gpkg").id == "geopackage.broken"


def test_a_geopackage_with_a_null_geometry_names_the_row(tmp_path: Path) -> None:
    path = write_geopackage(tmp_path / "a.gpkg", {"plots": [SQUARE, None, SQUARE]})

    assert row_refusals(boxed(path)[1]) == [None, "shape.missing", None]


def test_geojson_nested_a_hundred_thousand_deep_is_refused(tmp_path: Path) -> None:
    deep = "[" * 100_000 + "]" * 100_000
    for n, text in enumerate((deep, '{"features":' + deep + "}", '{"features":[{"geometry":' + deep + "}]}")):
        path = tmp_path / f"{n}.geojson"
        path.write_text(text, "utf-8")
        assert refused(path).id in {"geojson.too_deep", "file.not_what_it_says"}


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_know_are_refused(tmp_path: Path, number: str) -> None:
    text = json.dumps({"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry": 0}]})
    path = geojson(tmp_path / "a.geojson", text=text.replace("0", f'{{"type":"Point","coordinates":[{number},1]}}'))

    assert refused(path).id == "geojson.broken"


@pytest.mark.parametrize(("number", "refusal"), [(1e308, "shape.outside"), ("1e999", "shape.not_finite")])
def test_numbers_beyond_the_earth_are_refused_by_row(tmp_path: Path, number: object, refusal: str) -> None:
    far = polygon([[0, 0], [12345678901, 0], [1, 1], [0, 0]])
    text = json.dumps(
        {"type": "FeatureCollection", "features": [feature(g) for g in (polygon(RING), polygon(RING), far)]}
    )
    path = geojson(tmp_path / "a.geojson", text=text.replace("12345678901", str(number)))

    assert row_refusals(boxed(path)[1]) == [None, None, refusal]


def feature(geometry: object) -> dict[str, object]:
    return {"type": "Feature", "properties": {}, "geometry": geometry}


@pytest.mark.parametrize(
    ("geometry", "refusal"),
    [
        (polygon([["115.3", "26.3"], [115.31, 26.3], [115.31, 26.31], ["115.3", "26.3"]]), "geojson.not_numbers"),
        (polygon([[True, 26.3], [115.31, 26.3], [115.31, 26.31], [True, 26.3]]), "geojson.not_numbers"),
        (polygon([[None, 26.3], [115.31, 26.3], [115.31, 26.31], [None, 26.3]]), "geojson.not_numbers"),
        (polygon(RING[:-1]), "geojson.ring_open"),
        (polygon(RING[:2]), "shape.too_few_points"),
        (polygon([RING[0], RING[1], RING[0]]), "shape.too_few_points"),
        (polygon(*RING), "geojson.bad_coordinates"),
        (polygon([RING]), "geojson.bad_coordinates"),
        (polygon([[115.3], [115.31], [115.31], [115.3]]), "geojson.bad_coordinates"),
        ({"type": "MultiPolygon", "coordinates": [RING]}, "geojson.bad_coordinates"),
        ({"type": "polygon", "coordinates": [RING]}, "geojson.bad_type"),
        ({"coordinates": [RING]}, "geojson.bad_type"),
        ({"type": "Polygon"}, "geojson.bad_coordinates"),
        ({"type": "Polygon", "coordinates": []}, "shape.empty"),
        ({"type": "Polygon", "coordinates": {"0": RING}}, "geojson.bad_coordinates"),
        ({"type": "GeometryCollection", "geometries": [None]}, "geojson.bad_coordinates"),
        ("POLYGON EMPTY", "geojson.bad_type"),
        (None, "shape.missing"),
        (polygon([[int("9" * 400), 0], *RING[1:-1], [int("9" * 400), 0]]), "geojson.bad_coordinates"),
    ],
    ids=[
        "text", "true", "null", "open", "two points", "there and back", "a ring too shallow", "a ring too deep",
        "one number", "shallow multipolygon", "lower case", "no type", "no coordinates", "no rings", "object",
        "null in a collection", "text for a geometry", "no geometry", "400 digits",
    ],
)  # fmt: skip
def test_geojson_whose_geometry_is_not_what_it_says_is_refused_by_row(
    tmp_path: Path, geometry: object, refusal: str
) -> None:
    path = geojson(tmp_path / "a.geojson", polygon(RING), geometry)

    assert row_refusals(boxed(path)[1]) == [None, refusal]


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"featurecollection","features":[]}',
        '{"type":"FeatureCollection"}',
        '{"type":"FeatureCollection","features":{}}',
        '{"type":"Polygons","coordinates":[]}',
        "{}",
    ],
)
def test_geojson_that_is_no_collection_is_refused(tmp_path: Path, text: str) -> None:
    assert refused(geojson(tmp_path / "a.geojson", text=text)).id == "geojson.not_a_collection"


@pytest.mark.parametrize(
    "text",
    [
        '{"type":"FeatureCollection","features":[',
        '{"type":"FeatureCollection","features":[]} trailing',
        '{"type":"FeatureCollection" "features":[]}',
        '{"type":"FeatureCollection","features":[{"type":"Feature"',
        '{"type":"FeatureCollection","features":[,]}',
        "{1:2}",
    ],
)
def test_text_that_is_no_json_is_refused_naming_the_place(tmp_path: Path, text: str) -> None:
    refusal = refused(geojson(tmp_path / "a.geojson", text=text))

    assert refusal.id == "geojson.broken"
    assert isinstance(refusal.values["at"], int)


def test_swapped_axes_are_refused_with_the_remedy(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", polygon([[y, x] for x, y in RING]))

    assert refused(path).id == "crs.swapped"


def test_one_swapped_row_among_good_ones_is_refused_by_row(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a.geojson", polygon(RING), polygon([[y, x] for x, y in RING]), polygon(RING))

    assert row_refusals(boxed(path)[1]) == [None, "shape.outside", None]


def test_a_shape_of_ten_million_vertices_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a")
    _grow_record(path, 10_000_000)

    assert refused(path).id == "file.monster"


def _grow_record(path: Path, points: int) -> None:
    """Rewrite a shapefile of one polygon as one of a single ring of so many points."""
    angle = np.linspace(0, 2 * np.pi, points)
    ring = np.column_stack([115.3 + 0.01 * np.cos(angle), 26.3 - 0.01 * np.sin(angle)])
    content = struct.pack("<i4dii", 5, 115.29, 26.29, 115.31, 26.31, 1, points) + struct.pack("<i", 0) + ring.tobytes()
    record = struct.pack(">ii", 1, len(content) // 2) + content
    shp, shx = bytearray(path.read_bytes()[:100]), bytearray(path.with_suffix(".shx").read_bytes())
    shp[24:28] = struct.pack(">i", (100 + len(record)) // 2)
    shx[104:108] = struct.pack(">i", len(content) // 2)
    path.write_bytes(bytes(shp) + record)
    path.with_suffix(".shx").write_bytes(shx)


def circle(vertices: int) -> shapely.Polygon:
    angle = np.linspace(0, 2 * np.pi, vertices)
    return shapely.Polygon(np.column_stack([115.3 + 0.01 * np.cos(angle), 26.3 + 0.01 * np.sin(angle)]))


def test_a_shape_of_too_many_vertices_is_refused_in_every_format(tmp_path: Path) -> None:
    small = Limits(bounds=sandbox.Bounds(vertices=1_000))
    package = write_geopackage(tmp_path / "a.gpkg", {"plots": [circle(2_001)]})
    row = geojson(tmp_path / "a.geojson", polygon(RING), json.loads(shapely.to_geojson(circle(2_000))))
    monster = geojson(tmp_path / "b.geojson", json.loads(shapely.to_geojson(circle(100_000))))

    assert refused(package, limits=small).id == "file.monster"
    assert row_refusals(boxed(row, limits=small)[1]) == [None, "shape.too_many_points"]
    assert refused(monster, limits=small).id == "geojson.monster"


@pytest.mark.parametrize("vertices", [1_000, 30_000])
def test_a_random_ring_is_refused_by_row_when_it_cannot_be_mended_in_time(tmp_path: Path, vertices: int) -> None:
    tangle = np.random.default_rng(vertices).uniform([115.3, 26.3], [115.4, 26.4], (vertices, 2)).tolist()
    path = geojson(tmp_path / "a.geojson", polygon([*tangle, tangle[0]]), polygon(RING))

    refusals = row_refusals(boxed(path, limits=Limits(mend_s=1))[1])

    assert refusals == ["shape.too_tangled", None]


def test_a_bow_tie_is_mended_and_said_with_its_place(tmp_path: Path) -> None:
    tie = polygon([RING[0], RING[2], RING[1], RING[3], RING[0]])

    _, (row,) = boxed(geojson(tmp_path / "a.geojson", tie))

    assert row.shape is not None
    assert row.shape.is_valid
    assert [note.id for note in row.notes] == ["shape.mended"]
    assert float(str(row.notes[0].values["x"])) == pytest.approx(115.305)
    # Half of the square of the standard's check value, in two triangles.
    assert row.notes[0].values["after_m2"] == pytest.approx(1_106_351.03 / 2, rel=1e-4)


def test_the_same_ring_twice_is_joined_and_said_or_refused(tmp_path: Path) -> None:
    twice = {"type": "MultiPolygon", "coordinates": [[RING], [RING]]}
    path = geojson(tmp_path / "a.geojson", twice, polygon(RING, RING))

    joined, gone = boxed(path)[1]

    assert [note.id for note in joined.notes] == ["shape.mended"]
    assert joined.survey_area_m2 == pytest.approx(1_106_351.03, abs=0.01)
    assert row_refusals([gone]) == ["shape.collapsed"]


@pytest.mark.parametrize("ending", [".geojson", ".json", ".shp", ".gpkg", ".zip"])
def test_an_empty_file_is_refused(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a{ending}").touch()

    assert refused(tmp_path / f"a{ending}").id == "file.empty"


@pytest.mark.parametrize("ending", [".geojson", ".json", ".shp", ".gpkg", ".zip", ".gdb"])
def test_noise_under_any_name_is_refused(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_bytes(np.random.default_rng(7).bytes(10_000))

    assert refused(path).id in {"file.not_what_it_says", "zip.broken"}


@pytest.mark.parametrize("part", [".shp", ".shx", ".dbf"])
def test_noise_in_any_part_of_a_shapefile_is_refused_or_refuses_its_rows(tmp_path: Path, part: str) -> None:
    for seed in range(3):
        path = write_shapefile(tmp_path, f"a{seed}", [SQUARE] * 5, names=list("甲乙丙丁戊"))
        damaged = path.with_suffix(part)
        raw = bytearray(damaged.read_bytes())
        generator = np.random.default_rng(seed)
        for at in generator.integers(0, len(raw), 12):
            raw[at] = int(generator.integers(0, 256))
        damaged.write_bytes(raw)

        try:
            rows = boxed(path)[1]
        except GeoRefusal:
            continue
        assert all((row.shape is None) != (row.refusal is None) for row in rows)


def test_utf16_is_refused_as_what_it_is_not(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_bytes(json.dumps({"type": "FeatureCollection", "features": []}).encode("utf-16"))

    assert refused(path).id == "file.not_what_it_says"


def test_gbk_text_in_a_geojson_is_refused_with_the_remedy(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    text = json.dumps({"type": "FeatureCollection", "name": "横柏", "features": []}, ensure_ascii=False)
    path.write_bytes(text.encode("gbk"))

    assert refused(path).id == "geojson.not_utf8"


@pytest.mark.parametrize(
    "name", ["a\x1b[31m\n.geojson", "x" * 4000 + ".geojson", "../" * 20 + "nothing.geojson", "a\x00.geojson"]
)
def test_a_file_name_made_to_harm_is_refused_and_printed_safely(tmp_path: Path, name: str) -> None:
    refusal = refused(tmp_path / name)

    assert refusal.id == "file.missing"
    assert len(str(refusal.values["name"])) <= 80
    assert str(refusal.values["name"]).isprintable()


def test_an_honest_file_with_control_characters_in_its_name_is_read(tmp_path: Path) -> None:
    path = geojson(tmp_path / "a\x1b[31m.geojson", polygon(RING))

    opening, rows = boxed(path)

    assert row_refusals(rows) == [None]
    assert opening.layer.isprintable()


def test_the_sender_s_folder_stays_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "sent"
    folder.mkdir()
    shapefile = write_shapefile(folder, "a")
    package = write_geopackage(folder / "b.gpkg", {"plots": [SQUARE]})
    before = {p: p.read_bytes() for p in folder.iterdir()}

    for path in (shapefile, package):
        boxed(path)

    assert {p: p.read_bytes() for p in folder.iterdir()} == before
    shutil.rmtree(folder)


def test_whole_geometry_survives_the_frames(tmp_path: Path) -> None:
    holed = SQUARE - shapely.box(115.302, 26.302, 115.304, 26.304)
    with sandbox.read(geojson(tmp_path / "a.geojson", json.loads(shapely.to_geojson(holed))), box=COUNTY) as reading:
        ((row,),) = list(reading.batches)

    assert row.shape is not None
    assert row.shape.equals(holed)
