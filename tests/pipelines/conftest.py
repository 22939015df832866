"""A small made-up county in a database of its own, landed once for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from layers.ground import db
from pipelines.demo import county, landing
from pipelines.paper.maps import write
from pipelines.restoration.maps import MAPS, Reading, draw
from pipelines.restoration.rates import measure
from tests.conftest import a_database


@pytest.fixture(scope="session")
def sample_county(server: Engine, template: str) -> Iterator[Engine]:
    """The demo's county of another seed, with about 1,500 plots. Not to be written to."""
    name = f"{template}_sample"
    with a_database(server, name, template):
        engine = db.engine(server.url.set(database=name))
        landing.land(engine, county(7, plots=1500), person="林小青", progress=lambda rows: None)
        yield engine
        engine.dispose()


@pytest.fixture(scope="session")
def pages(sample_county: Engine, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every map of the sample county by its name, drawn from one reading."""
    folder, today = tmp_path_factory.mktemp("maps"), date(2026, 11, 25)
    with Session(sample_county) as session:
        read = Reading(session, measure(session, on=today), today)
        return {name: write(draw(read, name, approval_no="赣S(2026)000号"), folder / f"{name}.html") for name in MAPS}
