"""The pages of the sample county, made once for the tests that read them: as values, as files, and in a folder."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import Engine

from data import facts
from layers.ground.history import last_no
from pipelines.publish.folder import Files
from pipelines.publish.pages import Frame, pages
from pipelines.publish.public import Public
from pipelines.publish.reading import read
from tests.pipelines.publish.reader import TABLE, TODAY, pair


@pytest.fixture(scope="session")
def public(sample_county: Engine) -> Public:
    with sample_county.connect() as connection:
        no = last_no(connection)
    return read(sample_county, no, TODAY, facts.plan(facts.plans()[0]))[0]


@pytest.fixture(scope="session")
def pictured(public: Public) -> str:
    """The key of the site that has pictures."""
    return public.sites[0].key


@pytest.fixture(scope="session")
def files(public: Public, pictured: str) -> Files:
    frame = Frame(public.moment, feed="feed.xml")
    return pages(public, frame, downloads=[TABLE], pictures={pictured: pair()})


@pytest.fixture(scope="session")
def folder(files: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("site")
    for path, content in {**files, "feed.xml": b"<feed/>", "now.json": b"{}", TABLE.path: b"x"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_bytes(content)
    return root
