"""Indexes kept on disk by what a layer holds: found again, built anew after an edit, never trusted when broken."""

from __future__ import annotations

import resource
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path

import pytest
import shapely
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from layers.ground.history import past
from pipelines.edits.apply import apply
from pipelines.redline.many.kept import Kept, keep
from pipelines.redline.many.zones import Zones
from tests.samples import feature, occasion, square, strip


@pytest.fixture
def county(engine: Engine) -> Engine:
    edit(engine, feature("redlines", 1, strip(0, 3), control="core"), feature("redlines", 2, strip(2, 3)))
    return engine


def edit(engine: Engine, *edits: object) -> None:
    with Session(engine) as session, session.begin():
        apply(session, edits, occasion())  # type: ignore[arg-type]


def kept(engine: Engine, place: Path, *, known: int | None = None) -> tuple[Kept, list[str]]:
    """The red lines, and the rows that were built."""
    built: list[str] = []
    with past(engine, known) if known is not None else Session(engine) as session:
        found = keep(session, place, building=lambda row: built.append(row.id))
    return next(one for one in found if one.zones.row == "redline"), built


def test_what_is_kept_is_found_again_the_same_and_only_what_an_edit_touched_is_built_anew(
    county: Engine, tmp_path: Path
) -> None:
    first, built = kept(county, tmp_path / "a")
    again, nothing = kept(county, tmp_path / "a")

    edit(county, feature("redlines", 3, square(7)))
    after, one = kept(county, tmp_path / "a")

    assert len(built) == 15
    assert (nothing, one) == ([], ["redline"])
    assert again.zones.told == first.zones.told
    assert first.zones.told["overlaps"].to_pylist() == [[1], []]
    assert list(again.zones.index.zones) == list(first.zones.index.zones)
    assert after.zones.told["code"].to_pylist() == ["001", "002", "003"]


def test_a_past_moment_has_the_index_of_what_stood_then(county: Engine, tmp_path: Path) -> None:
    then, _ = kept(county, tmp_path / "a")
    edit(county, feature("redlines", 3, square(7)))

    found, built = kept(county, tmp_path / "a", known=1)

    assert (found.state, built) == (then.state, [])


@pytest.mark.parametrize("file", ["index.npz", "zones.arrow"])
@pytest.mark.parametrize("harm", ["gone", "cut short", "one byte"])
def test_a_broken_file_is_built_again(county: Engine, tmp_path: Path, file: str, harm: str) -> None:
    whole, _ = kept(county, tmp_path / "a")
    path = tmp_path / "a" / whole.state / file
    content = path.read_bytes()
    harmed = {"cut short": content[:-9], "one byte": content[:300] + bytes([content[300] ^ 255]) + content[301:]}
    path.unlink() if harm == "gone" else path.write_bytes(harmed[harm])

    found, built = kept(county, tmp_path / "a")

    assert built == ["redline"]
    assert found.zones.told == whole.zones.told
    assert Zones.load("redline", path.parent) is not None


def test_nobody_else_can_enter_and_a_place_that_others_can_enter_is_not_used(county: Engine, tmp_path: Path) -> None:
    kept(county, tmp_path / "a")
    open_to_all = tmp_path / "b"
    open_to_all.mkdir()
    open_to_all.chmod(0o755)

    found, _ = kept(county, open_to_all)

    assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
    assert found.trouble is not None
    assert found.trouble.id == "index.not_kept"
    assert list(open_to_all.iterdir()) == []
    assert found.zones.loaded


@contextmanager
def full_disk(at_bytes: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes: writing fails as on a full disk."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (at_bytes, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_said_and_the_check_goes_on_without(county: Engine, tmp_path: Path) -> None:
    with full_disk(500):
        found, _ = kept(county, tmp_path / "a")

    assert found.trouble is not None
    assert found.zones.told["code"].to_pylist() == ["001", "002"]
    assert [one.name for one in (tmp_path / "a").iterdir()] == [".lock"]


def test_what_a_killed_builder_left_goes_and_only_the_newest_states_stay(county: Engine, tmp_path: Path) -> None:
    kept(county, tmp_path / "a")
    (tmp_path / "a" / ".part-killed").mkdir()
    for number in range(3, 8):
        edit(county, feature("redlines", number, square(number)))
        last, _ = kept(county, tmp_path / "a")

    names = [one.name for one in (tmp_path / "a").iterdir()]
    assert ".part-killed" not in names
    assert len([name for name in names if name.startswith("redline-")]) == 3
    assert last.state in names


BUILDER = """
import sys; from pathlib import Path; from sqlalchemy.orm import Session; from layers.ground import db
from pipelines.redline.many.kept import keep
with Session(db.engine()) as session:
    keep(session, Path(sys.argv[1]), building=lambda row: print(row.id))
"""


def test_of_two_programs_that_build_at_once_one_builds_and_both_have_it(county: Engine, tmp_path: Path) -> None:
    stated = county.url.set(drivername="postgresql").render_as_string(hide_password=False)
    words = [sys.executable, "-c", BUILDER, str(tmp_path / "a")]
    two = [subprocess.Popen(words, env={"DATABASE_URL": stated}, stdout=subprocess.PIPE, text=True) for _ in range(2)]

    built = [row for one in two for row in one.communicate(timeout=120)[0].split()]

    assert [one.returncode for one in two] == [0, 0]
    assert sorted(built) == sorted(set(built))
    assert len(built) == 15


def test_a_day_is_asked_of_what_is_kept_and_not_kept_itself(county: Engine, tmp_path: Path) -> None:
    edit(county, feature("redlines", 3, square(7), in_force_to=date(2025, 1, 1)))

    found, _ = kept(county, tmp_path / "a")

    assert found.zones.in_force(date(2025, 1, 1)).tolist() == [True, True, True]
    assert found.zones.in_force(date(2025, 1, 2)).tolist() == [True, True, False]
    assert shapely.is_valid(found.zones.index.zones).all()
