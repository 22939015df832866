"""Many patches over every row at once: the same numbers as the sheet of each."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pyarrow as pa
import pytest
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from data import checking
from geo.crs import Shapes
from geo.overlay.subdividing import subdivide
from geo.reading import Row
from geo.refusal import Note
from layers.ground.questions import features_near
from layers.redlines import Redline
from layers.townships import Township
from pipelines.edits.apply import apply
from pipelines.redline.check import Sheet, check, parcels
from pipelines.redline.many import running
from pipelines.redline.many.batch import Checked, check_patches, patches_of
from pipelines.redline.many.kept import keep
from pipelines.redline.many.zones import Zones
from tests.samples import feature, occasion, square, strip, township

ON = date(2026, 11, 25)
CHINA = shapely.box(73, 3, 136, 54)
Touches = dict[tuple[int, str, str, str], float]
"""By patch, row, code or class, and kind."""


def read(shapes: Sequence[shapely.MultiPolygon | None]) -> list[Row]:
    """Shapes as a file's rows give them; the area of record does not matter here."""
    return [Row(n, {"DKMC": f"{n}号"}, shape, 1.0, 4490, (), None) for n, shape in enumerate(shapes, start=1)]


def kept(engine: Engine, place: Path) -> list[Zones]:
    with Session(engine) as session:
        return [one.zones for one in keep(session, place, building=lambda row: None)]


def checked(rows: Sequence[Row], zones: Sequence[Zones], on: date = ON) -> Checked:
    patches = patches_of(rows, file="甲.gpkg", named_by=["DKMC"])
    return check_patches(patches, zones[0], zones[1:], on=on)


def scattered(engine: Engine, number: int) -> Shapes:
    """Patches of many sizes all over the county, and some drawn along the red line's own edges."""
    random = np.random.default_rng(4490)
    with Session(engine) as session:
        whole = shapely.box(*shapely.total_bounds(features_near(session, Township, [], CHINA).shapes))
        lines = features_near(session, Redline, [], whole).shapes
    xy = random.uniform(whole.bounds[:2], whole.bounds[2:], (number, 2))
    xy[::3] = shapely.get_coordinates(lines)[random.integers(0, shapely.get_num_coordinates(lines).sum(), len(xy[::3]))]
    return shapely.buffer(shapely.points(xy), random.uniform(2e-4, 2e-2, number), quad_segs=4)


def touches(found: Checked) -> Touches:
    return {(one["number"], one["row"], one["code"], one["kind"]): one["m2"] for one in found.findings.to_pylist()}


def touches_of(sheets: Sequence[Sheet]) -> Touches:
    return {
        (sheet.parcel.number, finding.row.id, touch.code, touch.kind): touch.m2
        for sheet in sheets
        for finding in sheet.findings
        for touch in finding.touches
    }


def by_class(found: Checked) -> Touches:
    return {(one["number"], one["row"], one["cls"], ""): one["m2"] for one in found.classes.to_pylist()}


def by_class_of(sheets: Sequence[Sheet]) -> Touches:
    return {
        (sheet.parcel.number, finding.row.id, cls, ""): m2
        for sheet in sheets
        for finding in sheet.findings
        for cls, m2 in finding.by_class.items()
    }


def test_every_number_is_that_of_the_sheet(sample_county: Engine, tmp_path: Path) -> None:
    rows = read([shapely.MultiPolygon([patch]) for patch in scattered(sample_county, 400)])
    with Session(sample_county) as session:
        sheets = check(session, list(parcels(rows, named_by=["DKMC"])), on=ON)

    found = checked(rows, kept(sample_county, tmp_path))

    assert [row.id for row in checking.sheet_rows() if f"{row.id}_m2" not in found.patches.column_names] == []
    for sheet, patch in zip(sheets, found.patches.to_pylist(), strict=True):
        assert patch["area_m2"] == sheet.parcel.area_m2
        assert patch["townships"] == "、".join(sheet.townships)
        assert set(patch["unchecked"].split(",")) == {*sheet.unchecked} or not sheet.unchecked
        for finding in sheet.findings:
            told = patch[f"{finding.row.id}_m2"]
            assert (told is None) == (not finding.loaded)
            assert told is None or told == pytest.approx(finding.m2, rel=1e-9, abs=1e-6)
    assert touches(found) == pytest.approx(touches_of(sheets), rel=1e-9, abs=1e-6)
    assert by_class(found) == pytest.approx(by_class_of(sheets), rel=1e-9, abs=1e-6)
    assert len(touches(found)) > 400


def test_ground_of_two_zones_counts_once_and_the_stricter_class_has_it(engine: Engine, tmp_path: Path) -> None:
    with Session(engine) as session, session.begin():
        lines = (
            feature("redlines", 1, strip(0, 3), control="outside"),
            feature("redlines", 2, strip(2, 2), control="core"),
        )
        apply(session, [township(0, strip(0, 10)), *lines], occasion())

    found = checked(read([strip(0, 4), strip(5, 1)]), kept(engine, tmp_path))

    m2 = found.patches["area_m2"].to_pylist()[0] / 4
    classes = {one["cls"]: one["m2"] for one in found.classes.to_pylist()}
    assert classes == pytest.approx({"core": 2 * m2, "outside": 2 * m2}, rel=1e-6)
    assert [one["m2"] for one in found.findings.to_pylist()] == pytest.approx([2 * m2, 3 * m2], rel=1e-6)
    assert found.patches["redline_m2"].to_pylist() == pytest.approx([4 * m2, 0.0], rel=1e-6)


def test_what_is_not_loaded_is_null_and_named_and_what_is_loaded_and_clear_is_nothing(
    engine: Engine, tmp_path: Path
) -> None:
    with Session(engine) as session, session.begin():
        apply(session, [feature("controls", 1, strip(20, 1), kind="farmland", made_up=True)], occasion())

    (patch,) = checked(read([square(0)]), kept(engine, tmp_path)).patches.to_pylist()

    assert (patch["farmland_m2"], patch["urban_m2"], patch["redline_m2"]) == (0.0, None, None)
    assert patch["unchecked"].split(",") == [row.id for row in checking.sheet_rows() if row.id != "farmland"]
    assert patch["made_up"] is False


def test_lines_are_those_in_force_on_the_day_both_their_days_included(engine: Engine, tmp_path: Path) -> None:
    first, last = date(2025, 1, 1), date(2025, 12, 31)
    with Session(engine) as session, session.begin():
        ruled = feature("redlines", 1, strip(0, 1), in_force_from=first, in_force_to=last, made_up=True)
        apply(session, [ruled], occasion())
    zones = kept(engine, tmp_path)

    def touched(on: date) -> bool:
        (patch,) = checked(read([square(0)]), zones, on).patches.to_pylist()
        assert patch["made_up"] == (patch["redline_m2"] > 0)
        return bool(patch["redline_m2"] > 0)

    days = [date(2024, 12, 31), first, last, date(2026, 1, 1)]
    assert [touched(day) for day in days] == [False, True, True, False]


def test_what_is_refused_keeps_its_reason_and_has_no_numbers(engine: Engine, tmp_path: Path) -> None:
    with Session(engine) as session, session.begin():
        apply(session, [feature("redlines", 1, strip(0, 9))], occasion())
    rows = [
        *read([square(1)]),
        Row(2, {}, None, None, None, (), Note("shape.empty")),
        Row(3, {}, shapely.Point(115.35, 26.33), None, None, (Note("shape.height_dropped"),), None),
        Row(4, {"DKMC": "四"}, square(2), 1.0, 4490, (), None),
    ]

    patches = checked(rows, kept(engine, tmp_path)).patches.to_pylist()

    reasons = [one["refusal"] and json.loads(one["refusal"])["id"] for one in patches]
    assert reasons == [None, "shape.empty", "check.no_area", None]
    assert [one["redline_m2"] is not None for one in patches] == [True, False, False, True]
    assert [one["number"] for one in patches] == [1, 2, 3, 4]
    assert "height_dropped" in patches[2]["notes"]


def test_a_patch_whose_cut_cannot_be_believed_is_refused_with_its_place_and_the_others_are_told(
    engine: Engine, tmp_path: Path
) -> None:
    with Session(engine) as session, session.begin():
        apply(session, [feature("redlines", 1, strip(0, 3)), feature("redlines", 2, strip(0, 3, 0, 2))], occasion())
    zones = kept(engine, tmp_path)
    line = next(one for one in zones if one.row == "redline")
    # An index whose shapes lie beside those its areas come from: no piece can agree with its area.
    moved = np.array([strip(0, 3, 5), strip(0, 3, 5)], dtype=object)
    wrong = replace(line.index, zones=moved, windows=subdivide(moved, vertices=4096, margin=0.004))
    zones = [replace(one, index=wrong) if one is line else one for one in zones]

    found = checked(read([strip(-1, 2), square(20)]), zones)

    told = [one and json.loads(one) for one in found.patches["refusal"].to_pylist()]
    assert told == [{"id": "overlay.doubtful", "values": {"lon": ANY, "lat": ANY}}, None]
    assert found.patches["redline_m2"].to_pylist() == [None, 0.0]
    assert len(found.findings) == 0


def test_a_portion_gives_the_same_bits_alone_and_among_others(sample_county: Engine, tmp_path: Path) -> None:
    rows = read([shapely.MultiPolygon([patch]) for patch in scattered(sample_county, 60)])
    zones = kept(sample_county, tmp_path)

    together = checked(rows, zones)

    alone = [checked([row], zones) for row in rows]
    assert pa.concat_tables([one.patches for one in alone]) == together.patches
    assert pa.concat_tables([one.findings for one in alone]) == together.findings
    assert pa.concat_tables([one.classes for one in alone]) == together.classes


def test_every_file_that_makes_the_numbers_is_named_and_there() -> None:
    assert all(list(running._ROOT.glob(pattern)) for pattern in running._CODE)
