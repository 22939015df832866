"""The draft of the sample county, made once: its files, and the folder that holds them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import Engine

from data import facts
from layers.ground.history import last_no
from pipelines.publish.folder import Files, write
from pipelines.publish.making import Edition, draft_files

SAMPLED = date(2026, 11, 25)


@pytest.fixture(scope="session")
def draft(sample_county: Engine) -> Files:
    with sample_county.connect() as connection:
        no = last_no(connection)
    return draft_files(sample_county, Edition(no, SAMPLED, facts.plan(facts.plans()[0])))[0]


@pytest.fixture(scope="session")
def draft_folder(draft: Files, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drafts") / "draft"
    write(draft, {"state": "draft"}, folder)
    return folder
