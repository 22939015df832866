"""The public boundary of the county, and what is written of it as a fact."""

from __future__ import annotations

import numpy as np
import pytest

from data import facts
from data.boundary import boundary
from geo.area import area


def test_its_area_is_the_one_published_for_this_outline() -> None:
    """3,216.74 km², as GeographicLib gives it for the same outline of another package."""
    assert area(np.array([boundary()], dtype=object))[0] / 1e6 == pytest.approx(3216.74, abs=0.01)


def test_the_stated_box_holds_it_closely() -> None:
    beyond = np.array(facts.county().box) - boundary().bounds

    assert np.all(beyond * (-1, -1, 1, 1) >= 0)
    assert np.abs(beyond).max() < 0.01
