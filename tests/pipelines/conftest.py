"""The sample county, landed once for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from layers.ground import db
from pipelines.demo import county, landing
from tests.conftest import a_database


@pytest.fixture(scope="session")
def landed(server: Engine, template: str) -> Iterator[Engine]:
    """A database with the sample county, a few plots only; for reading alone."""
    with a_database(server, f"{template}_landed", template):
        engine = db.engine(server.url.set(database=f"{template}_landed"))
        landing.land(engine, county(7, plots=800), person="root", progress=lambda rows: None)
        yield engine
        engine.dispose()
