"""What is given out comes in again and changes nothing (docs/formats.md says what a format cannot hold)."""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data import facts
from layers.ground.layer import layer_named
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit, EditRefusal, Outcome
from pipelines.files.giving import give_layer
from tests.pipelines.importing import changes, taken
from tests.samples import occasion, square

_AT = st.tuples(st.floats(115.1, 115.7), st.floats(26.1, 26.6))
_TEXT = st.none() | st.text(st.characters(codec="gb18030", exclude_categories=("C", "Z")), min_size=1, max_size=12)
_DAY = st.none() | st.dates(date(1950, 1, 1), date(2080, 1, 1))
_TOWNSHIP = st.sampled_from([t.code for t in facts.townships()])
_NUMBER = st.none() | st.decimals(0, 10_000, places=2).map(float)


def _polygon(at: tuple[float, float], angles: list[float]) -> shapely.MultiPolygon:
    """One or two triangles or squares about a place, the second with a hole."""
    rings = [shapely.Point(at).buffer(0.001, quad_segs=len(angles))]
    if len(angles) > 2:
        far = shapely.Point(at[0] + 0.005, at[1])
        rings.append(far.buffer(0.002, quad_segs=2).difference(far.buffer(0.0005, quad_segs=1)))
    return shapely.MultiPolygon(rings)


_POLYGON = st.builds(_polygon, _AT, st.lists(st.floats(0, 6), min_size=1, max_size=4))
_POINT = _AT.map(shapely.Point)
_LINE = st.lists(_AT, min_size=2, max_size=5, unique=True).map(lambda at: shapely.MultiLineString([at]))


def _codes(system: str) -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(list(facts.systems()[system].codes))


_ROWS: dict[str, st.SearchStrategy[dict[str, Any]]] = {
    "plots": st.fixed_dictionaries({
        "township": _TOWNSHIP, "village": st.just("001"), "compartment": st.just("0001"),
        "land_class": st.just("030200"), "area_hm2": _NUMBER, "remarks": _TEXT, "forest_farm": _TEXT,
        "mean_age": st.none() | st.integers(0, 300), "shape": _POLYGON,
    }),
    "controls": st.fixed_dictionaries({
        "kind": _codes("control-kind").filter(bool), "holder": _TEXT, "document": _TEXT, "in_force_from": _DAY,
        "in_force_to": _DAY, "shape": _POLYGON,
    }),
    "sections": st.fixed_dictionaries({
        "river": _TEXT, "level": _codes("section-level"), "cycle_h": st.none() | st.integers(1, 24), "shape": _POINT,
    }),
    "projects": st.fixed_dictionaries({
        "kind": _codes("project-kind").filter(bool), "planned_on": _DAY, "cost_10k": _NUMBER, "remarks": _TEXT,
        "township": st.none() | _TOWNSHIP, "shape": _POLYGON | _POINT | _LINE,
    }),
}  # fmt: skip


def _rows(layer: str, ending: str) -> st.SearchStrategy[list[dict[str, Any]]]:
    """Rows of a layer; a shapefile holds one kind of shape."""
    rows = st.lists(_ROWS[layer], min_size=1, max_size=6)
    one_kind = layer != "projects" or ending != "zip"
    return rows if one_kind else rows.filter(lambda all_: len({row["shape"].geom_type for row in all_}) == 1)


@pytest.mark.parametrize("layer", _ROWS)
@pytest.mark.parametrize("ending", ["gpkg", "geojson", "zip"])
def test_what_is_given_out_comes_in_again_without_a_change(engine: Engine, layer: str, ending: str) -> None:
    @settings(max_examples=4, suppress_health_check=list(HealthCheck))
    @given(_rows(layer, ending), st.sampled_from([4490, 4526, 4548]))
    def comes_back(rows: list[dict[str, Any]], epsg: int) -> None:
        _fill(engine, layer, rows)
        before = changes(engine)
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"out.{ending}"
            with Session(engine) as session:
                give_layer(session, layer_named(layer), file, epsg=epsg)
            report = taken(engine, file, layer=layer, source=uuid.uuid4().hex)
        assert report.counts == {Outcome.UNCHANGED: len(rows)}, report.rows
        assert changes(engine) == before

    comes_back()


def _fill(engine: Engine, layer: str, rows: list[dict[str, Any]]) -> None:
    """Make the layer hold just these rows."""
    with Session(engine) as session, session.begin():
        session.execute(text(f"delete from layers.{layer}"))
    with Session(engine) as session, session.begin():
        edits = []
        for number, row in enumerate(rows):
            own = {"subcompartment": str(number)} if layer == "plots" else {}
            edits.append(Edit(layer, uuid.uuid4(), {**row, **own, "code": f"c{number}", "source": "test"}))
        receipts = apply(session, edits, occasion())
        assert {receipt.outcome for receipt in receipts} == {Outcome.ADDED}, receipts


def test_a_shape_drawn_by_hand_gets_no_area_by_going_out_and_coming_in(engine: Engine, tmp_path: Path) -> None:
    _fill(engine, "plots", [_plot()])

    with Session(engine) as session:
        give_layer(session, layer_named("plots"), tmp_path / "a.gpkg", epsg=4526)
    report = taken(engine, tmp_path / "a.gpkg")

    assert report.counts == {"unchanged": 1}


def test_a_crs_that_is_no_gauss_zone_of_cgcs2000_is_refused_by_number(engine: Engine, tmp_path: Path) -> None:
    with Session(engine) as session, pytest.raises(EditRefusal) as refused:
        give_layer(session, layer_named("plots"), tmp_path / "a.gpkg", epsg=3857)

    assert (refused.value.id, refused.value.values) == ("export.crs", {"epsg": 3857})


def _plot(shape: Callable[..., Any] = square) -> dict[str, Any]:
    where = {"township": "360732100", "village": "001", "compartment": "0001"}
    return {**where, "land_class": "030200", "shape": shape(1)}
