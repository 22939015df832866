"""Hostile files beside the forty of `attacks.py`: refused, with nothing read, fetched or left behind."""

from __future__ import annotations

import shutil
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
    SQUARE,
    boxed,
    refused,
    write_geopackage,
    write_shapefile,
    zipped,
)
from tests.geo.formats.test_tables import workbook
from tests.geo.hostile.making import VRT

pytestmark = pytest.mark.usefixtures("in_under_five_seconds_with_nothing_left")


def test_a_vrt_among_the_siblings_of_a_shapefile_is_not_looked_at(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a")
    path.with_suffix(".dbf").write_text(VRT.format("/etc/passwd"), "utf-8")

    assert refused(path).id == "shapefile.table_lies"


@pytest.mark.parametrize("ending", [".vrt", ".xml", ""])
def test_a_kind_that_is_not_taken_is_refused_by_its_ending(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"a{ending}"
    path.write_text(VRT.format("/etc/passwd"), "utf-8")

    assert refused(path).id == "file.unknown_kind"


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


def test_a_zip_larger_than_allowed_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", write_shapefile(tmp_path, "a"))
    small = Limits(bounds=sandbox.Bounds(unpacked_bytes=500))

    assert refused(path, limits=small).id == "zip.too_large"


@pytest.mark.parametrize("name", ["inner.rar", "inner.7z", "inner.geojson"])
def test_an_archive_in_an_archive_is_refused(tmp_path: Path, name: str) -> None:
    inner = zipped(tmp_path / "inner.zip", write_shapefile(tmp_path, "a"))
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(inner, name)

    assert refused(tmp_path / "a.zip").id == "zip.nested"


def test_one_of_two_shapefiles_in_a_zip_is_taken_when_named(tmp_path: Path) -> None:
    path = zipped(tmp_path / "both.zip", write_shapefile(tmp_path, "小班"), write_shapefile(tmp_path, "红线"))

    assert boxed(path, layer="红线")[0].layer == "红线"
    assert refused(path, layer="湿地").id == "file.no_such_layer"


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


def cut_within(packed: Path, name: str) -> Path:
    """The same zip with bytes in the middle of a member's compressed data turned over."""
    with zipfile.ZipFile(packed) as archive:
        member = archive.getinfo(name)
    raw = bytearray(packed.read_bytes())
    start = member.header_offset + 30 + len(name.encode())
    raw[start : start + member.compress_size] = bytes(byte ^ 0xFF for byte in raw[start : start + member.compress_size])
    packed.write_bytes(raw)
    return packed


def test_a_member_that_does_not_unpack_is_refused(tmp_path: Path) -> None:
    path = zipped(tmp_path / "a.zip", write_shapefile(tmp_path, "a"))

    assert refused(cut_within(path, "a.dbf")).id == "zip.broken"


def test_a_sheet_that_does_not_unpack_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", {"a": [["点号", "X", "Y"], *[[f"J{n}", 1, 2] for n in range(100)]]})

    assert refused(cut_within(path, "xl/worksheets/sheet1.xml")).id == "file.unreadable"


def test_a_projection_that_breaks_off_is_refused_as_unreadable(tmp_path: Path) -> None:
    path = write_shapefile(tmp_path, "a", epsg=4526)
    prj = path.with_suffix(".prj").read_text()
    path.with_suffix(".prj").write_text(prj[: prj.index("PARAMETER")])

    assert refused(path).id == "crs.unreadable"


def test_a_geopackage_whose_schema_is_no_text_is_refused(tmp_path: Path) -> None:
    path = write_geopackage(tmp_path / "a.gpkg", {"plots": [SQUARE]})
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE gpkg_ogr_contents", b"CREATE TAB\xffE gpkg_ogr_contents"))

    assert refused(path).id == "geopackage.broken"


@pytest.mark.parametrize("name", [b"\xff\xf0", b"\x80\xff"])
def test_a_table_whose_field_has_a_name_in_no_encoding_is_refused_as_unreadable(tmp_path: Path, name: bytes) -> None:
    path = write_shapefile(tmp_path, "a")
    table = path.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    content[32:43] = name.ljust(11, b"\0")
    table.write_bytes(bytes(content))

    assert refused(path).id == "file.unreadable"


@pytest.mark.parametrize("end", ["\ufeff}", "}\ufeff"])
def test_a_mark_without_a_width_is_told_printably(tmp_path: Path, end: str) -> None:
    path = tmp_path / "a.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []' + end, "utf-8")

    refusal = refused(path)

    assert refusal.id == "geojson.broken"
    assert str(refusal.values["detail"]).isprintable()


def test_a_name_in_a_zip_that_says_it_is_utf_8_and_is_not_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("兴国.geojson", "{}")
    path.write_bytes(path.read_bytes().replace("兴".encode(), b"\xe5\x85\xff"))

    assert refused(path).id == "zip.broken"
