"""The portions of a run, and the one function that works on each, here in threads or wherever else it is called."""

from __future__ import annotations

import platform
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cache
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from pipelines.redline.many.batch import check_patches
from pipelines.redline.many.parts import part, write_part
from pipelines.redline.many.zones import Zones

PORTION = 8192
"""Patches that are worked on together. What a run gives does not depend on it, its parts do."""
_ROOT = Path(__file__).parents[3]
_CODE = (
    "geo/area.py",
    "geo/rings.py",
    "geo/overlay/*.py",
    "pipelines/redline/many/batch.py",
    "pipelines/redline/many/zones.py",
)


@dataclass(frozen=True)
class Task:
    """What is alike in all portions of a run. folder: of its tables. on: ISO day. program: by which it is done."""

    folder: Path
    on: str
    program: str


@cache
def program() -> str:
    """What every number depends on, in short: the code that makes it, and the libraries below it."""
    digest = sha256(f"{np.__version__} {shapely.__version__} {shapely.geos_version} {platform.machine()}".encode())
    for pattern in _CODE:
        for file in sorted(_ROOT.glob(pattern)):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def portions(batches: Iterable[pa.Table]) -> Iterator[pa.Table]:
    """The patches of batches of any size, so many at a time, in their order."""
    held: list[pa.Table] = []
    for batch in batches:
        held.append(batch)
        while sum(map(len, held)) >= PORTION:
            whole = pa.concat_tables(held)
            yield whole.slice(0, PORTION)
            held = [whole.slice(PORTION)]
    if sum(map(len, held)):
        yield pa.concat_tables(held)


def check_portion(patches: pa.Table, zones: Sequence[Zones], task: Task, number: int) -> int:
    """Check a portion unless it is done, and write its part; how many patches it has. zones: the townships' first."""
    if not part(task.folder, number).is_file():
        patches = patches.combine_chunks()  # Parquet's bytes depend on where a table was cut before
        checked = check_patches(patches, zones[0], zones[1:], on=date.fromisoformat(task.on))
        write_part(checked, task.folder, number)
    return len(patches)


def here(portions: Iterable[pa.Table], zones: Sequence[Zones], task: Task, *, threads: int) -> Iterator[int]:
    """Work on portions in threads, a few ahead of what is done; the patches of each as it ends. Raises OSError."""
    with ThreadPoolExecutor(threads) as pool:
        ahead: deque[Future[int]] = deque()
        try:
            for number, patches in enumerate(portions):
                ahead.append(pool.submit(check_portion, patches, zones, task, number))
                if len(ahead) > threads:
                    yield ahead.popleft().result()
            while ahead:
                yield ahead.popleft().result()
        finally:
            pool.shutdown(cancel_futures=True)
