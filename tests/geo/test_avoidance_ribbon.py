"""The middle line of a ribbon against the line that it was drawn about."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString

from geo.avoidance.ribbon import axis_of


@settings(max_examples=20)
@given(st.lists(st.integers(-60, 60), min_size=1, max_size=5), st.floats(4, 20))
def test_the_middle_line_is_the_line_that_the_ribbon_was_drawn_about(turns: list[int], width: float) -> None:
    bearings = np.radians(np.cumsum([0, *turns]) / 2)
    steps = 150 * np.column_stack([np.cos(bearings), np.sin(bearings)])
    line = LineString(np.concatenate([[(0, 0)], np.cumsum(steps, axis=0)]))

    axis = axis_of(shapely.buffer(line, width / 2, cap_style="flat"), width)

    assert axis is not None
    assert shapely.hausdorff_distance(axis, line) < width / 8
    assert axis.length == pytest.approx(line.length, rel=0.02)
    assert axis.coords[0] < axis.coords[-1]


def test_what_is_no_ribbon_of_the_width_has_no_axis() -> None:
    ribbon = shapely.box(0, 0, 100, 12)

    assert axis_of(ribbon, 12) is not None
    assert axis_of(ribbon, 24) is None  # half as wide
    assert axis_of(shapely.box(0, 0, 100, 60), 12) is None
    assert axis_of(shapely.box(0, 0, 30, 12), 12) is None  # too short to have a direction
    assert axis_of(shapely.union(ribbon, shapely.box(44, -88, 56, 100)), 12) is None  # a crossing has arms
    assert axis_of(LineString([(0, 0), (50, 0), (50, 50), (0, 50), (0, 0)]).buffer(6), 12) is None  # a ring
