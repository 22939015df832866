"""Hostile files: each refused, with nothing read, fetched or left behind."""

from __future__ import annotations

import shutil
import sqlite3
import struct
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from geo import sandbox
from geo.refusal import GeoRefusal
from geo.sandbox import Limits
from tests.geo.craft import (
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

pytestmark = pytest.mark.usefixtures("in_under_five_seconds_with_nothing_left")

VRT = '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>{}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.mark.parametrize("ending", [".geojson", ".json", ".shp", ".gpkg", ".kml", ".zip"])
def test_a_vrt_under_another_name_reads_no_local_file(tmp_path: Path, ending: str) -> None:
    secret = geojson(tmp_path / "secret.geojson", polygon(RING))
    path = tmp_path / f"a{ending}"
    path.write_text(VRT.format(secret), "utf-8")

    assert refused(path).id in {"file.not_what_it_says", "zip.broken"}


def test_a_vrt_among_the_siblings_of_a_shapefile_is_not_looked_at(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a")
    path.with_suffix(".dbf").write_text(VRT.format("/etc/passwd"), "utf-8")

    assert refused(path).id == "shapefile.table_lies"


@pytest.mark.parametrize("ending", [".gml", ".vrt", ".xml", ""])
def test_a_kind_that_is_not_taken_is_refused_by_its_ending(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_text(VRT.format("/etc/passwd"), "utf-8")

    assert refused(path).id == "file.unknown_kind"


@pytest.mark.parametrize("ending", [".geojson", ".shp", ".gpkg", ".kml"])
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


@pytest.mark.parametrize("ending", [".geojson", ".json", ".shp", ".gpkg", ".kml", ".zip"])
def test_an_empty_file_is_refused(tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a{ending}").touch()

    assert refused(tmp_path / f"a{ending}").id == "file.empty"


@pytest.mark.parametrize("ending", [".geojson", ".json", ".shp", ".gpkg", ".kml", ".kmz", ".zip", ".gdb"])
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
