"""The desk of maps, through the command: each subject, its approval number, and where the page goes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from tests.samples import DAY, occasion, plot, strip, township


@pytest.fixture
def county(engine: Engine) -> Engine:
    """A township of ten squares, four of them forest."""
    with Session(engine) as session, session.begin():
        edits = township(0, strip(0, 10)), *(plot(i) for i in range(4))
        apply(session, edits, occasion(effective_on=DAY))
    return engine


def test_a_themed_map_carries_its_title_and_the_approval_number_it_was_given(
    county: Engine, asked: Any, tmp_path: Path
) -> None:
    page = tmp_path / "forest.html"

    asked("map", str(page), "--theme", "forest", "--approval-no", "赣S(2026)123号")

    said = page.read_text("utf-8")
    assert "兴国县森林覆盖图" in said
    assert "审图号：赣S(2026)123号" in said
    assert "40.00" in said


def test_a_theme_that_is_not_there_is_typed_wrongly_and_the_ones_there_are_are_named(qingshan: Any) -> None:
    ran = qingshan("map", "--theme", "geology")

    assert ran.returncode == 2
    assert all(theme in ran.stderr for theme in ("progress", "forest", "wetland", "water", "redline"))


def test_a_map_of_a_past_change_shows_what_was_known_then(county: Engine, asked: Any, tmp_path: Path) -> None:
    with Session(county) as session, session.begin():
        apply(session, [plot(i) for i in range(4, 8)], occasion(effective_on=DAY))

    asked("map", str(tmp_path / "then.html"), "--theme", "forest", "--as-of", "1")
    asked("map", str(tmp_path / "now.html"), "--theme", "forest")

    assert "40.00" in (tmp_path / "then.html").read_text("utf-8")
    assert "80.00" in (tmp_path / "now.html").read_text("utf-8")
