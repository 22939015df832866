"""The zones of every row of the sheet, subdivided once and kept on disk by what the layer holds."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

import pyarrow as pa
import shapely
from sqlalchemy import func, literal, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.orm import Session

from data import checking
from data.checking import SheetRow
from geo.refusal import Note
from layers.ground import cluster
from layers.ground.journal import Change
from layers.ground.layer import layer_named
from layers.ground.questions import features_near
from pipelines.redline.check import class_of, kind_of, of_kind, rank_of, system_of
from pipelines.redline.many.zones import TOLD, Zones

TOWNSHIP = SheetRow("township", "townships")
"""Not a row of the sheet, but looked up like one."""
_WORLD = shapely.box(-180, -90, 180, 90)
_FORM = 1
"""Of what is kept: raised when it changes."""
_NEWEST = 3
"""How many states of a row are kept."""


@dataclass(frozen=True)
class Kept:
    """Zones; what the session saw of their layer; and, where they could not be kept on disk, why."""

    zones: Zones
    state: str
    trouble: Note | None = None


def place() -> Path:
    """Where this checkout keeps its indexes: beside its private cluster, and for nobody else to enter."""
    return cluster.of().home.with_suffix(".index")


def keep(session: Session, place: Path, *, building: Callable[[SheetRow], None]) -> list[Kept]:
    """The zones of the townships and of every row of the sheet, as the session sees them; built where not kept yet.

    The session must read one snapshot (repeatable read). building: told of each row before it is built. Raises
    GeoRefusal.
    """
    return [_kept(session, row, place, building) for row in (TOWNSHIP, *checking.sheet_rows())]


def _kept(session: Session, row: SheetRow, place: Path, building: Callable[[SheetRow], None]) -> Kept:
    state = f"{row.id}-{_state(session, row)}"
    folder = place / state
    found = Zones.load(row.id, folder)
    try:
        with _alone(place):
            if found is None and (found := Zones.load(row.id, folder)) is None:
                building(row)
                found = _built(session, row)
                _put(found, folder)
            _tidy(row, folder)
    except OSError as no:
        lacking = Note("index.not_kept", {"path": place, "reason": no.strerror or no})
        return Kept(found or _built(session, row), state, lacking)
    return Kept(found, state)


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    """Hold the lock of the place: of two programs one builds and the other waits. A killed one holds nothing."""
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    stands = place.lstat()
    if stands.st_uid != os.geteuid() or stands.st_mode & 0o077:  # red lines are internal
        raise PermissionError(None, f"chmod 700, chown {os.geteuid()}")
    with (place / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _put(zones: Zones, folder: Path) -> None:
    """Write zones into their folder, which is there wholly or not at all; a broken one of that name goes."""
    part = Path(tempfile.mkdtemp(prefix=".part-", dir=folder.parent))
    try:
        zones.save(part)
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _tidy(row: SheetRow, used: Path) -> None:
    """Remove what a killed builder left, and of the row's states all but those used last."""
    os.utime(used)
    states = [one for one in used.parent.iterdir() if one.name.rpartition("-")[0] == row.id]
    states.sort(key=lambda one: one.stat().st_mtime_ns, reverse=True)
    for old in (*states[_NEWEST:], *used.parent.glob(".part-*")):
        shutil.rmtree(old, ignore_errors=True)


def _state(session: Session, row: SheetRow) -> str:
    """What the session sees of a row, as 32 digits: the same rows at the same versions, read in the same way."""
    layer = layer_named(row.layer)
    # A change's time beside the versions: copies of one database part ways under the same ids and versions.
    seen = func.concat_ws(",", layer.id, layer.version, layer.change, func.extract("epoch", Change.at))
    every = func.string_agg(seen, aggregate_order_by(literal(";"), layer.id))
    digest = func.encode(func.sha256(func.convert_to(func.coalesce(every, ""), "UTF8")), "hex")
    of_row = select(digest).select_from(layer).outerjoin(Change, Change.id == layer.change).where(*of_kind(layer, row))
    system = system_of(row)
    read_as = [_FORM, asdict(row), system and [system.places, *system.codes]]
    return sha256(json.dumps([session.scalar(of_row), read_as]).encode()).hexdigest()[:32]


def _built(session: Session, row: SheetRow) -> Zones:
    layer = layer_named(row.layer)
    ruled = [name for name in ("in_force_from", "in_force_to") if hasattr(layer, name)]
    columns = dict.fromkeys(["name", "made_up", *ruled, *filter(None, (row.by, row.kinds))])
    found = features_near(session, layer, list(columns), _WORLD, *of_kind(layer, row))
    told = pa.Table.from_pylist([_told(one, row) for one in found.rows], TOLD.remove(TOLD.get_field_index("overlaps")))
    return Zones.of(row.id, found.shapes, told)


def _told(found: Any, row: SheetRow) -> dict[str, Any]:
    cls = class_of(found, row)
    return {
        "code": found.code,
        "name": found.name or found.code,
        "cls": cls,
        "rank": rank_of(cls, row),
        "kind": kind_of(found, row),
        "in_force_from": getattr(found, "in_force_from", None),
        "in_force_to": getattr(found, "in_force_to", None),
        "made_up": found.made_up,
    }
