"""One mutated file through the sandbox that `qingshan check` uses: how it was answered, and what it did besides."""

from __future__ import annotations

import hashlib
import resource
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import chdir, contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import numpy as np

from data.texts import both
from geo import sandbox
from geo.reading import Row
from geo.refusal import GeoRefusal, Note
from tests.fuzz.mutating import mutated
from tests.geo.craft import COUNTY

SECONDS, MEGABYTES = 30, 1024
"""What a file may take."""

Honest = dict[str, list[tuple[str, bytes]]]


@dataclass(frozen=True)
class Answer:
    """said: the id of the refusal, or what became of the rows. wrong: what must not be, empty when all is well."""

    number: int
    format: str
    said: str
    seconds: float
    megabytes: float
    wrong: tuple[str, ...]


def made(honest: Honest, seed: int, number: int) -> tuple[str, str, bytes]:
    """Format, ending and content of the file of that number; formats take turns."""
    random = Random(f"{seed}:{number}")
    name = list(honest)[number % len(honest)]
    ending, content = random.choice(honest[name])
    return name, ending, mutated(content, ending, random)


def answered(honest: Honest, seed: int, number: int) -> Answer:
    """The answer to the file of that number, which is made, read and removed."""
    name, ending, content = made(honest, seed, number)
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        rooms = [Path(folder) / room for room in ("sent", "scratch", "here")]
        for room in rooms:
            room.mkdir()
        sent, scratch, here = rooms
        path = sent / f"a{ending}"
        path.write_bytes(content)
        with chdir(here), _temporary(scratch):
            began, before = time.monotonic(), _peak()
            said, wrong = _asked(path)
            seconds = time.monotonic() - began
        wrong += _left(path, content, rooms)
    peak = _peak()
    if seconds > SECONDS:
        wrong += (f"took {seconds:.0f} s",)
    if peak > max(MEGABYTES, before):  # The system remembers the largest child alone: that may be one before.
        wrong += (f"took {peak:.0f} MB",)
    return Answer(number, name, said, seconds, peak, wrong)


def _peak() -> float:
    """Megabytes that the largest child so far has taken."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024


@contextmanager
def _temporary(folder: Path) -> Iterator[None]:
    before, tempfile.tempdir = tempfile.tempdir, str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before


def _asked(path: Path) -> tuple[str, tuple[str, ...]]:
    """What was said, and what is wrong with it."""
    try:
        with sandbox.read(path, box=COUNTY) as reading:
            rows = [row for batch in reading.batches for row in batch]
            wrong = [*_worded(reading.opening.notes), *(fault for row in rows for fault in _row(row))]
    except GeoRefusal as refusal:
        died = refusal.id in ("sandbox.died", "sandbox.fault")
        fault = (f"{refusal.id}: {refusal.values}",) if died else ()
        return refusal.id, (*fault, *_worded([Note(refusal.id, refusal.values)]))
    except Exception as error:
        return "exception", (repr(error)[:200],)
    refused = sum(row.refusal is not None for row in rows)
    return ("read" if not refused else "rows refused" if refused == len(rows) else "read in part"), tuple(wrong)


def _row(row: Row) -> list[str]:
    """What is wrong with a row: it is a sound shape in the county or refused, never both and never neither."""
    wrong = list(_worded([*row.notes, *([row.refusal] if row.refusal else [])]))
    if (row.shape is None) == (row.refusal is None):
        wrong.append(f"row {row.number} is neither read nor refused")
    if row.shape is not None:
        inside = COUNTY.grown(2.1).holds(np.array(row.shape.bounds).reshape(2, 2)).all()
        if not (row.shape.is_valid and inside):
            wrong.append(f"row {row.number} is not sound, or lies outside")
    return wrong


def _worded(notes: Iterable[Note]) -> tuple[str, ...]:
    """Which of the notes has no words in both languages, or words that cannot be printed."""
    wrong = []
    for note in notes:
        try:
            said = "".join(both(note.id, note.values).values())
        except (KeyError, ValueError) as error:
            wrong.append(f"{note.id} has no words: {error!r}")
            continue
        if not said.isprintable():
            wrong.append(f"{note.id} cannot be printed: {said!a}")
    return tuple(wrong)


def _left(path: Path, content: bytes, rooms: list[Path]) -> tuple[str, ...]:
    """Files that were left, made or changed."""
    found = {held for room in rooms for held in room.rglob("*")} - {path}
    changed = hashlib.sha256(path.read_bytes()).digest() != hashlib.sha256(content).digest()
    return (*(f"left {held.name}" for held in found), *(("changed what was sent",) * changed))
