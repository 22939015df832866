"""The offset of GCJ-02 against values in public use, and back."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from geo.gcj02 import shifted, unshifted, unshifted_shapes

IN_CHINA = st.tuples(st.floats(73, 135), st.floats(18, 53))


@pytest.mark.parametrize(
    ("real", "drawn"),
    [  # The values that implementations in public use are tested with: Shanghai, Shenzhen, Beijing.
        ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),
        ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),
        ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),
    ],
)
def test_the_offset_is_the_one_in_public_use(real: tuple[float, float], drawn: tuple[float, float]) -> None:
    assert shifted(np.array([real]))[0] == pytest.approx(drawn, abs=1e-6)


def test_in_the_county_it_is_some_620_metres_to_the_south_east() -> None:
    real = np.array([[115.36, 26.33]])

    azimuth, _, metres = Geod(ellps="GRS80").inv(*real[0], *shifted(real)[0])

    assert metres == pytest.approx(620, abs=10)
    assert 90 < azimuth < 180


@given(IN_CHINA)
def test_what_is_shifted_comes_back(at: tuple[float, float]) -> None:
    assert unshifted(shifted(np.array([at])))[0] == pytest.approx(at, abs=1e-9)


def test_what_lies_nowhere_has_no_inverse() -> None:
    assert np.isnan(unshifted(np.array([[np.nan, 26.3], [1e308, 26.3], [np.inf, 0]]))).all()


def test_a_shape_keeps_its_rings() -> None:
    square = shapely.box(115.30, 26.30, 115.31, 26.31)
    moved = shapely.transform(square, shifted)

    (back,) = unshifted_shapes(np.array([moved], dtype=object))

    assert shapely.hausdorff_distance(back, square) < 1e-9
