"""The index against the overlay that cuts every pair, and against the zones that it is made of."""

from __future__ import annotations

from dataclasses import astuple
from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from geo.area import area
from geo.crs import Shapes
from geo.overlay import overlap
from geo.overlay.index import Index, Shared
from geo.overlay.subdividing import subdivide
from tests.bench import zones as drawing
from tests.geo.test_overlay import BESIDE, SPIKED, many, shapes

WITHIN = (115.0, 26.0, 115.1, 26.1)
COUNTS = st.sampled_from([8, 12, 16])


def winding(seed: int = 1) -> Shapes:
    """Zones with holes and several parts, of some hundred vertices, overlapping."""
    random = np.random.default_rng(seed)
    return drawing.drawn(random, np.array([900, 400, 300, 60]), np.array([0.04, 0.03, 0.02, 0.01]), WITHIN)


def patches(n: int = 400, seed: int = 2) -> Shapes:
    """Patches of ten vertices, the first of them large."""
    random = np.random.default_rng(seed)
    reach = np.append([0.03, 0.02], random.uniform(0.0002, 0.004, n - 2))
    turn, middle = np.linspace(0, 2 * np.pi, 10, endpoint=False), random.uniform((115, 26), (115.1, 26.1), (n, 2))
    far = reach[:, None] * random.uniform(0.6, 1, (n, 10))
    rings = middle[:, None] + far[:, :, None] * np.stack([np.cos(turn), np.sin(turn)], axis=-1)
    return np.array([shapely.Polygon(ring) for ring in rings], dtype=object)


def small(zones: Shapes) -> Index:
    """An index that cuts even small zones many times, and whose windows reach around small subjects alone."""
    return Index.of(zones, cell=12, window=40, margin=0.001)


def same(one: Shared, other: Shared) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(astuple(one), astuple(other), strict=True))


def agrees(index: Index, subjects: Shapes, zones: Shapes) -> None:
    """Whether areas and pieces are those of cutting every pair by whole zones, what is thinner than 1e-4 m² aside."""
    shared = index.areas(subjects)
    pieces, cut = index.pieces(subjects, shared), overlap(subjects, zones)

    expected = np.zeros((len(subjects), len(zones)))
    expected[cut.subject, cut.zone] = area(cut.shape)
    found, of_pieces = np.zeros_like(expected), np.zeros_like(expected)
    found[shared.subject, shared.zone] = shared.m2
    of_pieces[shared.subject, shared.zone] = area(pieces)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-4)
    assert of_pieces == pytest.approx(expected, rel=1e-9, abs=1e-4)
    apart = shapely.symmetric_difference(pieces, shapely.intersection(subjects[shared.subject], zones[shared.zone]))
    assert area(apart).max(initial=0) < 1e-3


@given(shapes, COUNTS, st.sampled_from([0.0, 0.003]))
def test_parts_lie_in_their_zone_and_without_a_margin_sum_to_it(zones: Shapes, vertices: int, margin: float) -> None:
    parts = subdivide(zones, vertices=vertices, margin=margin)

    assert (shapely.get_num_coordinates(parts.shape) <= vertices).all() or margin
    assert shapely.is_valid(parts.shape).all()
    assert area(shapely.difference(parts.shape, zones[parts.zone])).max(initial=0) < 1e-4
    if not margin:
        assert np.bincount(parts.zone, area(parts.shape), len(zones)) == pytest.approx(area(zones), rel=1e-10)


@given(shapes, st.sampled_from([0.002, 0.02]))
def test_a_window_is_all_of_its_zone_in_and_around_its_box(zones: Shapes, margin: float) -> None:
    parts = subdivide(zones, vertices=6, margin=margin)

    around = shapely.box(*(parts.box + margin * np.array([-1, -1, 1, 1])).T)
    assert area(shapely.symmetric_difference(parts.shape, shapely.intersection(zones[parts.zone], around))).max() < 1e-3


@given(shapes, shapes)
def test_edges_that_fall_upon_each_other_change_no_area_and_no_piece(subjects: Shapes, zones: Shapes) -> None:
    agrees(Index.of(zones, cell=6, window=8, margin=0.02), subjects, zones)


@pytest.mark.parametrize("seed", range(3))
def test_winding_zones_give_the_same_ground_as_cutting_every_pair(seed: int) -> None:
    zones = winding(seed)

    agrees(small(zones), patches(seed=seed), zones)


def test_subjects_snapped_to_the_zones_give_the_same_ground() -> None:
    zones = winding()
    snapped = shapely.snap(patches(200), shapely.union_all(shapely.boundary(zones)), 0.0005)

    agrees(small(zones), snapped[shapely.is_valid(snapped)], zones)


def test_pieces_of_disjoint_zones_never_come_to_more_than_the_subject() -> None:
    zones = subdivide(winding()[:1], vertices=30).shape

    shared = small(zones).areas(patches())

    assert (np.bincount(shared.subject, shared.m2, 400) <= area(patches()) * (1 + 1e-10)).all()


def test_no_seam_runs_through_a_piece() -> None:
    zones = winding()
    index, subjects = small(zones), patches()

    shared = index.areas(subjects)

    pieces = index.pieces(subjects, shared)
    cut = shapely.intersection(subjects[shared.subject], zones[shared.zone])
    assert (shapely.get_num_coordinates(pieces) <= shapely.get_num_coordinates(cut)).all()


def test_a_subject_that_a_zone_covers_is_its_own_piece_however_many_cells_it_lies_on() -> None:
    inside = shapely.box(115.021, 26.021, 115.079, 26.079)
    rough = shapely.segmentize(shapely.box(115.02, 26.02, 115.08, 26.08), 0.001)
    index = small(many(rough))

    shared = index.areas(many(inside))

    assert shared.whole.tolist() == [True]
    assert shared.m2.tolist() == area(many(inside)).tolist()
    assert index.pieces(many(inside), shared)[0] is inside


def test_a_zone_that_a_subject_covers_is_its_own_piece() -> None:
    zone = shapely.box(115.04, 26.04, 115.05, 26.05)
    index = small(many(zone))
    subjects = many(shapely.box(*WITHIN))

    assert index.pieces(subjects, index.areas(subjects))[0] is zone


def test_neighbours_share_nothing_and_neither_does_what_geos_cuts_wrongly() -> None:
    east = shapely.box(115.1, 26, 115.2, 26.1)

    assert len(small(many(east)).areas(many(shapely.box(*WITHIN)))) == 0
    assert len(small(many(SPIKED)).areas(many(BESIDE))) == 0


def test_threads_and_company_change_no_bit(monkeypatch: pytest.MonkeyPatch) -> None:
    index, subjects = small(winding()), patches()
    alone = index.areas(subjects)
    pieces = index.pieces(subjects, alone)
    monkeypatch.setattr("geo.overlay.index._SUBJECTS", 7)
    monkeypatch.setattr("geo.overlay.index._CUTS", 3)

    together = index.areas(subjects, threads=3)

    assert same(together, alone)
    assert shapely.to_wkb(index.pieces(subjects, together, threads=3)).tolist() == shapely.to_wkb(pieces).tolist()


def test_a_kept_index_is_the_same_in_every_bit(tmp_path: Path) -> None:
    made = small(winding())
    made.save(tmp_path / "one")

    kept = Index.load(tmp_path / "one")

    assert kept is not None
    subjects = patches()
    shared = made.areas(subjects)
    assert same(kept.areas(subjects), shared)
    again = kept.pieces(subjects, shared)
    assert shapely.to_wkb(again).tolist() == shapely.to_wkb(made.pieces(subjects, shared)).tolist()
    assert [path.name for path in tmp_path.iterdir()] == ["one"]


def test_a_file_that_is_missing_broken_or_cut_short_is_no_index(tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    small(winding()).save(whole)
    (tmp_path / "noise").write_bytes(b"PK\x03\x04 and nothing more")
    (tmp_path / "short").write_bytes(whole.read_bytes()[:-2000])

    assert [Index.load(tmp_path / name) for name in ("missing", "noise", "short")] == [None] * 3


def test_no_zones_and_no_subjects_give_nothing(tmp_path: Path) -> None:
    nothing = Index.of(many())
    nothing.save(tmp_path / "nothing")
    kept = Index.load(tmp_path / "nothing")
    assert kept is not None

    assert [len(index.areas(patches(3))) for index in (nothing, kept)] == [0, 0]
    assert len(small(winding()).areas(many())) == 0
    assert len(small(winding()).pieces(many(), nothing.areas(many()))) == 0


def touching() -> Shapes:
    """Zones on a grid that halving meets: GEOS's clipping joins what touches the cut."""
    notched = "POLYGON ((0 0, 4 0, 8 8, 12 0, 16 0, 16 16, 11 16, 8 8, 5 16, 0 16, 0 0), (1 1, 2 8, 3 1, 1 1))"
    tangent = "POLYGON ((12 1, 9.5 3.5, 8 2, 1 6, 16 10, 11 5, 12 1))"
    zones = np.array([shapely.from_wkt(wkt) for wkt in (notched, tangent)], dtype=object)
    return np.asarray(shapely.buffer(shapely.transform(zones, lambda xy: xy / 800 + np.array([115, 26])), 0))


def test_how_many_vertices_are_looked_at_together_changes_no_part(monkeypatch: pytest.MonkeyPatch) -> None:
    zones = np.concatenate([winding(), touching()])
    expected = subdivide(zones, vertices=8)
    monkeypatch.setattr("geo.overlay.subdividing._BLOCK", 5)

    found = subdivide(zones, vertices=8)

    assert shapely.to_wkb(found.shape).tolist() == shapely.to_wkb(expected.shape).tolist()
    assert found.zone.tolist() == expected.zone.tolist()


def test_zones_that_touch_the_lines_of_subdivision_are_subdivided_as_any() -> None:
    zones = touching()

    cells = subdivide(zones, vertices=8)

    assert np.bincount(cells.zone, area(cells.shape)) == pytest.approx(area(zones), rel=1e-10)
