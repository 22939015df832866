"""Sites and offices for the tests of this folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.web.site.offices import Office, opened_office
from tests.web.site.sites import Running, open_folder, published, running


@pytest.fixture
def place() -> Iterator[Path]:
    made = open_folder()
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def site() -> Iterator[Running]:
    """A site of the sample's files, for tests that change nothing of it."""
    made = open_folder()
    with running(published(made / "folder")) as found:
        yield found
    shutil.rmtree(made)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], None]:
    """Ask again and again until something is true; the server's own rhythm is the wait."""

    def ask(true: Callable[[], bool]) -> None:
        for _ in range(100_000):
            if true():
                return
        raise AssertionError("it never became true")

    return ask


@pytest.fixture
def office() -> Iterator[Office]:
    with opened_office() as found:
        yield found


@pytest.fixture(scope="module")
def shared() -> Iterator[Office]:
    """An office for tests that look at their own report alone."""
    with opened_office() as found:
        yield found
