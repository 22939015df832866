"""For the journal's tests: one database for a whole module, logins of the group roles, and the real psql."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest
from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from layers.ground import db
from pipelines.edits.apply import apply
from tests.conftest import a_database
from tests.samples import occasion, plot, revised


@pytest.fixture(scope="module")
def ground(server: Engine, template: str) -> Iterator[Engine]:
    """A database at the newest schema, shared by the tests of one module."""
    name = f"{template}_{uuid.uuid4().hex[:8]}"
    with a_database(server, name, template):
        engine = db.engine(server.url.set(database=name))
        yield engine
        engine.dispose()


@dataclass(frozen=True)
class Psql:
    """A psql that is logged in as somebody."""

    url: URL

    @property
    def login(self) -> str:
        return str(self.url.username)

    def __call__(self, script: str) -> list[str]:
        """Run a script; give its rows, and last its error as `sqlstate: message` when it stopped at one."""
        address = self.url.set(drivername="postgresql").render_as_string(hide_password=False)
        ran = subprocess.run(  # noqa: PLW1510 -- a refusal is an answer
            ["psql", "-XqAt", "-v", "ON_ERROR_STOP=1", "-v", "VERBOSITY=verbose", "-f", "-", address],
            input=script, capture_output=True, text=True, timeout=60,
        )  # fmt: skip
        errors = [line.split("ERROR:  ")[1] for line in ran.stderr.splitlines() if "ERROR:  " in line]
        return [*ran.stdout.splitlines(), *errors]


@pytest.fixture(scope="module")
def layered(ground: Engine) -> Engine:
    """A plot at version 2: two changes and one kept row."""
    for edit in (plot(1), revised(1, name="旧名")):
        with Session(ground) as session, session.begin():
            apply(session, [edit], occasion())
    return ground


@pytest.fixture(scope="module")
def editor(layered: Engine, login: Callable[[Engine, str], URL]) -> Psql:
    return Psql(login(layered, "qingshan_edit"))
