"""A check is kept under a number with its file, once and for ever, and found again as it was."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, func, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from layers.records.checks import KeptFile, StoredCheck
from pipelines.paper.sheet.form import dumped
from pipelines.paper.sheet.result import Result
from pipelines.redline.keeping import KeepingRefusal, kept_files, listed, received, store, stored
from tests.pipelines.results import result

MOST = 1000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "范围.geojson"
    made.write_bytes(b"two parcels")
    return made


def kept(engine: Engine, file: Path, *, most: int = MOST) -> Result:
    sha256, files = received(file)
    with Session(engine) as session, session.begin():
        fresh = result(stored=None, file=file.name, sha256=sha256, files=files)
        return store(session, fresh, file, person="林小青", kept_bytes=most)


def test_a_stored_check_is_found_again_as_it_was_told_with_its_file(engine: Engine, file: Path) -> None:
    told = kept(engine, file)

    with Session(engine) as session:
        again = stored(session, 1)
        assert dumped(again) == dumped(told)
        assert again.stored is not None
        assert (again.stored.number, again.stored.person) == (1, "林小青")
        assert again.stored.at.utcoffset() == timedelta(hours=8)  # the county's time
        assert kept_files(session, again) == {told.sha256: b"two parcels"}
        assert [(row["number"], row["parcels"], row["no"]) for row in listed(session)] == [(1, 2, 7)]


def test_the_same_file_checked_twice_is_two_checks_and_one_kept_file(engine: Engine, file: Path) -> None:
    kept(engine, file)
    kept(engine, file)

    with Session(engine) as session:
        assert [row["number"] for row in listed(session)] == [2, 1]
        assert session.scalar(select(func.count()).select_from(KeptFile)) == 1


def test_of_a_file_above_the_size_only_the_hash_is_kept_and_the_result_says_so(engine: Engine, file: Path) -> None:
    told = kept(engine, file, most=10)

    with Session(engine) as session:
        assert [one.kept for one in stored(session, 1).files] == [False]
        assert kept_files(session, told) == {}
        assert told.sha256 == hashlib.sha256(b"two parcels").hexdigest()


def test_a_file_that_changed_since_it_was_checked_is_not_stored(engine: Engine, file: Path) -> None:
    sha256, files = received(file)
    file.write_bytes(b"one parcel")

    with Session(engine) as session, pytest.raises(KeepingRefusal) as refusal:
        store(session, result(stored=None, sha256=sha256, files=files), file, person="林小青", kept_bytes=MOST)

    assert refusal.value.id == "check.changed"


def test_a_number_that_is_not_there_is_refused_with_the_last_one(engine: Engine, file: Path) -> None:
    kept(engine, file)

    with Session(engine) as session, pytest.raises(KeepingRefusal) as refusal:
        stored(session, 9)

    assert refusal.value.values == {"number": 9, "last": 1}


def test_a_shapefile_is_received_with_its_siblings_and_a_folder_with_the_hash_of_its_list(tmp_path: Path) -> None:
    for name in ("甲.shp", "甲.dbf", "甲.shx", "乙.shp", "甲.txt"):
        (tmp_path / name).write_bytes(name.encode())
    folder = tmp_path / "丙.gdb"
    folder.mkdir()
    (folder / "a").write_bytes(b"a")

    sha256, parts = received(tmp_path / "甲.shp")

    assert (sha256, [one.name for one in parts]) == (
        hashlib.sha256("甲.shp".encode()).hexdigest(), ["甲.dbf", "甲.shp", "甲.shx"],
    )  # fmt: skip
    # sha256sum a | sha256sum
    assert received(folder)[0] == "a0a7ff20b65105dc8a0ffca79bda45e70cd09101b7bf61dc917f0db60170a913"


@pytest.mark.parametrize("verb", ["update records.checks set person = 'x'", "delete from records.checks",
                                  "truncate records.checks", "update records.kept_files set content = 'x'",
                                  "delete from records.kept_files", "truncate records.kept_files"])  # fmt: skip
def test_a_stored_check_stands_whoever_writes(
    engine: Engine, file: Path, login: Callable[[Engine, str], URL], verb: str
) -> None:
    kept(engine, file)
    program = create_engine(login(engine, "qingshan_program"))

    for writer in (engine, program):
        with writer.connect() as connection, pytest.raises(DBAPIError) as refused:
            connection.execute(text(verb))
        assert getattr(refused.value.orig, "sqlstate", None) in ("55000", "42501")
    program.dispose()


def test_a_result_that_is_not_its_hash_cannot_be_written(engine: Engine, file: Path) -> None:
    told = replace(kept(engine, file), no=8)

    with Session(engine) as session:
        row = session.execute(select(StoredCheck.__table__)).mappings().one()
        forged = {**row, "number": 2, "result": dumped(told).decode()}
        with pytest.raises(DBAPIError) as refused:
            session.execute(insert(StoredCheck), forged)

    assert "checks_result_sha256_check" in str(refused.value)


def test_the_program_login_stores_and_a_reader_reads(
    engine: Engine, file: Path, login: Callable[[Engine, str], URL]
) -> None:
    program, reader = (create_engine(login(engine, f"qingshan_{group}")) for group in ("program", "read"))

    told = kept(program, file)

    with Session(reader) as session:
        assert stored(session, 1) == told
    program.dispose()
    reader.dispose()
