"""A small made-up county in a database of its own, landed once for all tests that only read it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from layers.ground import db
from pipelines.demo import county, landing
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
