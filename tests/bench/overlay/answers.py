"""What a way finds of patches and zones, and whether all found the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from geo.area import area
from geo.crs import Floats, Shapes
from geo.rings import Ints
from tests.bench.found import DifferentAnswers

GROUND_M2 = 1e-3
"""What shares less is not asked of anyone."""
SAME = 1e-7
"""Relative: how far the ground that all pairs share may lie apart."""
EDGES = 7.5e-7
"""The same where edges are geodesics, which are other edges."""
_SQUARE_DEGREE_M2 = 1.1e10
"""About, here: what tells ground from rounding in square degrees."""


@dataclass(frozen=True)
class Areas:
    """Parallel arrays. value: m², edges straight in degrees; geodesic: m², edges geodesics; flat: square degrees."""

    patch: Ints
    zone: Ints
    value: Floats
    flat: bool = False
    geodesic: bool = False


@dataclass(frozen=True)
class Pieces:
    """Parallel arrays of what each pair shares, polygons or whatever a cut left with them."""

    patch: Ints
    zone: Ints
    shape: Shapes

    def measured(self) -> Areas:
        return Areas(self.patch, self.zone, area(self.shape))


def agree(answers: Mapping[str, Areas], expected: Areas, flat: Areas) -> None:
    """Whether the same pairs share ground, and as much in all. Raises DifferentAnswers.

    expected: ours in m². flat: ours in square degrees.
    """
    for title, given in answers.items():
        ours = flat if given.flat else expected
        floor = GROUND_M2 / _SQUARE_DEGREE_M2 if given.flat else GROUND_M2
        if apart := _pairs(given, floor) ^ _pairs(ours, floor):
            raise DifferentAnswers(f"{title}: {len(apart)} pairs that only one finds, such as {min(apart)}")
        total, sum_of_ours = float(given.value.sum()), float(ours.value.sum())
        if not abs(total - sum_of_ours) <= (EDGES if given.geodesic else SAME) * sum_of_ours:
            raise DifferentAnswers(f"{title}: {total} are shared in all, not {sum_of_ours}")


def _pairs(areas: Areas, floor: float) -> set[tuple[int, int]]:
    ground = areas.value > floor
    return set(zip(areas.patch[ground].tolist(), areas.zone[ground].tolist(), strict=True))
