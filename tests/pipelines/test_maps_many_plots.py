"""A county of 100,000 plots on a map: small enough to send, merged without losing a square metre, still to be read."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from data import facts
from geo.area import area
from layers.ground import db
from pipelines.paper.maps import write
from pipelines.restoration.maps import Reading, draw, plots
from pipelines.restoration.maps.reading import framed
from pipelines.restoration.rates import measure
from tests.conftest import a_database

pytest_plugins = ["tests.browser"]

COLUMNS, ROWS = 400, 250
BLOCK = 5
"""Plots along the side of a compartment."""
TODAY = date(2026, 11, 25)
LAND = np.array(["030100", "030200", "030301", "030302", "030402"])


def lattice(columns: int, rows: int, *, seed: int = 1, points: int = 3) -> NDArray[Any]:
    """Plots side by side over the county, west to east and south to north; neighbours share crooked edges exactly.

    Corners and edges stray too little for edges to cross. Each edge is given `points` inner points.
    """
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), axis=-1)
    corner = grid + random.uniform(-0.12, 0.12, grid.shape)
    along = np.linspace(0, 1, points + 2)[:-1, None]

    def edges(start: NDArray[Any], end: NDArray[Any]) -> NDArray[Any]:
        line = start[..., None, :] + along * (end - start)[..., None, :]
        line[..., 1:, :] += random.uniform(-0.05, 0.05, line[..., 1:, :].shape)
        return line

    level, upright = edges(corner[:, :-1], corner[:, 1:]), edges(corner[:-1], corner[1:])

    def back(line: NDArray[Any], end: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([line[..., 1:, :], end[..., None, :]], axis=-2)[..., ::-1, :]

    rings = np.concatenate(
        [
            level[:-1],
            upright[:, 1:],
            back(level[1:], corner[1:, 1:]),
            back(upright[:, :-1], corner[1:, :-1]),
        ],
        axis=-2,
    ).reshape(rows * columns, -1, 2)
    west, south, east, north = 115.0, 26.05, 115.88, 26.7
    return shapely.polygons(rings * [(east - west) / columns, (north - south) / rows] + [west, south])


def classes(columns: int, rows: int) -> NDArray[Any]:
    """A land class for each plot, alike among neighbours, as stands are."""
    y, x = np.divmod(np.arange(columns * rows), columns)
    field = np.sin(x / 7.3) + np.sin(y / 5.1 + x / 31) + 0.35 * np.sin(x * 2.1 + y * 1.7)
    return LAND[np.digitize(field, [0.1, 0.8, 1.3, 1.7])]


@pytest.fixture(scope="module")
def many(server: Engine, template: str) -> Iterator[Engine]:
    """A database with 100,000 plots, brought in by COPY: its triggers see them as any other client's."""
    with a_database(server, f"{template}_many", template):
        engine = db.engine(server.url.set(database=f"{template}_many"))
        with psycopg.connect(
            server.url.set(drivername="postgresql", database=f"{template}_many").render_as_string(hide_password=False)
        ) as connection:
            _bring_in(connection)
        yield engine
        engine.dispose()


def _bring_in(connection: psycopg.Connection[Any]) -> None:
    shapes = shapely.to_wkb(shapely.set_srid(shapely.multipolygons(lattice(COLUMNS, ROWS)[:, None]), 4490), hex=True)
    y, x = np.divmod(np.arange(COLUMNS * ROWS), COLUMNS)
    compartment = (y // BLOCK) * (COLUMNS // BLOCK) + x // BLOCK
    with connection.cursor().copy(
        """copy layers.plots (code, township, village, compartment, subcompartment, land_class, source, made_up, shape)
        from stdin"""
    ) as copy:
        for n, (block, land, shape) in enumerate(zip(compartment, classes(COLUMNS, ROWS), shapes, strict=True)):
            village = f"{block // 100 + 1:03d}"
            copy.write_row((str(n), "360732100", village, f"{block % 100:04d}", str(n), land, "test", True, shape))


@pytest.fixture(scope="module")
def page(many: Engine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    with Session(many) as session:
        return write(
            draw(Reading(session, measure(session, on=TODAY), TODAY), "forest"),
            tmp_path_factory.mktemp("many") / "forest.html",
        )


def groups(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(
            text("select count(*) from (select distinct village, compartment, land_class from layers.plots) merged")
        )


def test_merging_by_compartment_and_class_loses_no_square_metre(many: Engine) -> None:
    with Session(many) as session:
        read = Reading(session, measure(session, on=TODAY), TODAY)
        each, merged = read.once(plots.frame), plots.shown(read).frame

        by_class = dict(session.execute(text("select land_class, count(*) from layers.plots group by 1")).all())

    assert len(each) == COLUMNS * ROWS
    assert len(merged) == groups(many)
    assert merged["plots"].sum() == COLUMNS * ROWS
    assert merged.groupby("group")["plots"].sum().to_dict() == {
        "arboreal": by_class["030100"],
        "bamboo": by_class["030200"],
        "special-shrub": by_class["030301"],
        "shrub": by_class["030302"],
        "other": by_class["030402"],
    }
    # What is drawn, measured anew, against the plots measured one by one; and what the popups say of it.
    assert area(merged.geometry.to_numpy()).sum() / 1e4 == pytest.approx(each["hm2"].sum(), rel=1e-9)
    assert area(merged.geometry.to_numpy()) / 1e4 == pytest.approx(merged["hm2"].to_numpy(), rel=1e-9)


def test_the_page_is_small_drawn_whole_and_says_that_plots_are_merged(page: Path, many: Engine, desk: Any) -> None:
    assert page.stat().st_size < 3_000_000

    opened = desk.open(page)
    opened.locator("#legend label", has_text="森林小班").locator("input").check()

    drawn = opened.evaluate(
        """() => { const t = qingshan.themes.find((t) => t.data.en === "Forest plots by land class");
        return t.group.getLayers().filter((l) => qingshan.map.hasLayer(l)).length; }"""
    )
    assert drawn == groups(many)
    assert "小班按林班和地类汇总（共 100,000 个小班）" in opened.locator(".imprint").inner_text()
    assert desk.foreign == []
    assert desk.complaints == []


def test_a_press_on_merged_plots_gives_compartment_class_area_and_their_number(
    page: Path, many: Engine, desk: Any
) -> None:
    opened = desk.open(page)
    opened.locator("#legend label", has_text="森林小班").locator("input").check()

    opened.locator(".folium-map").click(position={"x": 500, "y": 380})

    said = opened.locator(".leaflet-popup-content")
    terms = [term.strip() for term in said.locator("dt").all_inner_texts()]
    assert terms == ["地类\nland class", "小班数\nplots", "面积\narea"]
    land, number, hm2 = said.locator("dd").all_inner_texts()
    code = next(code for code, known in facts.system("forest-2020").codes.items() if land == f"{known.zh} {known.en}")
    township, village, compartment = said.locator("h3").inner_text().split()
    with many.connect() as connection:
        count, km2 = connection.execute(
            text(
                """select count(*), sum(st_area(shape::geography)) / 1e6 from layers.plots
                where village || '村' = :village and compartment || '林班' = :compartment and land_class = :code"""
            ),
            {"village": village, "compartment": compartment, "code": code},
        ).one()
    assert township == "潋江镇"
    assert int(number) == count
    # PostGIS measures along geodesics: on plots of this size that differs in the fifth digit.
    assert float(hm2.removesuffix(" hm²").replace(",", "")) == pytest.approx(km2 * 100, rel=1e-4)


@given(st.integers(2, 12), st.integers(2, 9), st.integers(0, 2**32 - 1), st.integers(1, 4))
def test_merged_areas_are_those_of_the_plots_whatever_is_merged(columns, rows, seed, kinds):
    shapes = lattice(columns, rows, seed=seed)
    key = np.random.default_rng(seed).integers(0, kinds, len(shapes)).tolist()
    each = framed([{"key": k} for k in key], shapes)

    merged = plots.merge(each, ["key"])

    assert merged["key"].tolist() == sorted(set(key))
    assert area(merged.geometry.to_numpy()) / 1e4 == pytest.approx(merged["hm2"].to_numpy(), rel=1e-9)
    assert merged["plots"].tolist() == [key.count(k) for k in sorted(set(key))]


def test_plots_that_overlap_are_merged_into_what_they_cover_and_their_areas_still_summed():
    west, east = shapely.box(115.2, 26.2, 115.21, 26.21), shapely.box(115.205, 26.2, 115.215, 26.21)

    merged = plots.merge(framed([{"key": 1}, {"key": 1}], [west, east]), ["key"])

    assert merged.geometry.iloc[0].equals(shapely.union(west, east))
    assert merged["hm2"].iloc[0] == pytest.approx((area(np.array([west, east])) / 1e4).sum(), rel=1e-12)
