"""Keep a check under a number, with the files that it was told of, and find it again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from zoneinfo import ZoneInfo

from sqlalchemy import RowMapping, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from data import facts
from geo.formats import shapefile
from geo.formats.values import shown
from geo.refusal import Refusal
from layers.records.checks import KeptFile, StoredCheck
from pipelines.paper.sheet.form import dumped, loaded
from pipelines.paper.sheet.result import InputFile, Result, Stamp


class KeepingRefusal(Refusal):
    """A check that cannot be stored, or is not there."""


def received(file: Path) -> tuple[str, tuple[InputFile, ...]]:
    """The hash of a file and its parts; of a folder, the hash of the list of its files as sha256sum writes it."""
    files = tuple(_input(name, part) for name, part in _parts(file))
    if file.is_dir():
        listed = "".join(f"{one.sha256}  {one.name}\n" for one in files)
        return hashlib.sha256(listed.encode()).hexdigest(), files
    return next(one.sha256 for one in files if one.name == shown(file.name, _NAME)), files


def store(session: Session, result: Result, file: Path, *, person: str, kept_bytes: int) -> Result:
    """Keep a result under the next number, and its files if together they are no larger; gives it as it is kept.

    Raises KeepingRefusal when the file is no longer the one that was checked.
    """
    contents = _contents(result, file, kept_bytes)
    number = func.nextval(func.pg_get_serial_sequence("records.checks", "number"))
    taken = session.execute(select(number.label("number"), func.clock_timestamp().label("at"))).one()
    at = taken.at.astimezone(ZoneInfo(facts.county().timezone))
    files = tuple(replace(one, kept=one.sha256 in contents) for one in result.files)
    kept = replace(result, stored=Stamp(taken.number, at, person), files=files)
    if contents:
        rows = [{"sha256": sha256, "content": content} for sha256, content in contents.items()]
        session.execute(insert(KeptFile).on_conflict_do_nothing(), rows)
    session.execute(insert(StoredCheck), [_row(kept, person)])
    return kept


def stored(session: Session, number: int) -> Result:
    """The result of a number. Raises KeepingRefusal when there is none, ResultRefusal for one of a newer program."""
    form = session.scalar(select(StoredCheck.result).where(StoredCheck.number == number))
    if form is None:
        last = session.scalar(select(func.max(StoredCheck.number)))
        raise KeepingRefusal("check.no_such", number=number, last=last or "—")
    return loaded(form.encode())


def kept_files(session: Session, result: Result) -> Mapping[str, bytes]:
    """The bytes of a result's files by their hashes, as far as they are kept."""
    wanted = [one.sha256 for one in result.files if one.kept]
    found = session.execute(select(KeptFile.sha256, KeptFile.content).where(KeptFile.sha256.in_(wanted)))
    return {row.sha256: bytes(row.content) for row in found}


def listed(session: Session) -> Sequence[RowMapping]:
    """All stored checks, the newest first, without their results."""
    wanted = [c for c in StoredCheck.__table__.columns if c.name != "result"]
    return session.execute(select(*wanted).order_by(StoredCheck.number.desc())).mappings().all()


_NAME = 200
"""Characters of a name that are told."""


def _parts(file: Path) -> Iterator[tuple[str, Path]]:
    """What a path brings: itself, the files of a folder, or a shapefile's."""
    if file.is_dir():
        yield from ((str(part.relative_to(file)), part) for part in sorted(file.rglob("*")) if part.is_file())
    elif file.suffix.lower() == ".shp":
        yield from ((part.name, part) for _, part in sorted(shapefile.siblings(file).items()))
    else:
        yield file.name, file


def _input(name: str, part: Path) -> InputFile:
    with part.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    return InputFile(shown(name, _NAME), sha256, part.stat().st_size)


def _contents(result: Result, file: Path, kept_bytes: int) -> dict[str, bytes]:
    """The bytes of a result's files by hash; none when together they are above the size that is kept."""
    if sum(one.size for one in result.files) > kept_bytes:
        return {}
    contents = {hashlib.sha256(content).hexdigest(): content for content in _read(file)}
    if contents.keys() != {one.sha256 for one in result.files}:
        raise KeepingRefusal("check.changed", name=result.file)
    return contents


def _read(file: Path) -> Iterator[bytes]:
    for _, part in _parts(file):
        yield part.read_bytes()


def _row(result: Result, person: str) -> dict[str, object]:
    form = dumped(result)
    stamp = result.stored
    assert stamp is not None  # noqa: S101 -- stamped by the caller
    return {
        "number": stamp.number,
        "at": stamp.at,
        "person": person,
        "no": result.no,
        "in_force_on": result.on,
        "file_name": result.file,
        "sha256": result.sha256,
        "parcels": len(result.parcels),
        "made_up": result.made_up,
        "result": form.decode(),
        "result_sha256": hashlib.sha256(form).hexdigest(),
    }
