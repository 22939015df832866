"""The zones of one row of the sheet as many patches need them: the layer's index, and what is said of each zone.

They are a folder that any machine reads without a database: `index.npz`, and `zones.arrow` beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from geo.crs import Shapes
from geo.overlay.cutting import Mask, overlapping
from geo.overlay.index import Index
from geo.rings import Ints

TOLD = pa.schema(
    [
        ("code", pa.string()),
        ("name", pa.string()),
        ("cls", pa.string()),
        ("rank", pa.int64()),
        ("kind", pa.string()),
        ("in_force_from", pa.date32()),
        ("in_force_to", pa.date32()),
        ("made_up", pa.bool_()),
        ("overlaps", pa.list_(pa.int64())),
    ]
)
"""A row for each zone. rank: of its class, the strictest 0. overlaps: zones after it that share its ground."""

_INDEX, _ZONES = "index.npz", "zones.arrow"


@dataclass(frozen=True)
class Zones:
    """row: id of the sheet's row. told: a row for each zone of the index, in order of code, as TOLD says."""

    row: str
    index: Index
    told: pa.Table

    @classmethod
    def of(cls, row: str, shapes: Shapes, told: pa.Table) -> Zones:
        """Subdivide (n,) valid polygons, EPSG:4490, and find which of them overlap. Raises GeoRefusal."""
        index = Index.of(shapes)
        overlaps = pa.array(_overlaps(shapes), TOLD.field("overlaps").type)
        return cls(row, index, told.append_column("overlaps", overlaps).cast(TOLD))

    @property
    def loaded(self) -> bool:
        """Whether the layer holds anything at all: where it does not, nothing is checked against it."""
        return bool(self.told.num_rows)

    @cached_property
    def rank(self) -> Ints:
        return np.asarray(self.told["rank"].to_numpy(), dtype=np.int64)

    @cached_property
    def made_up(self) -> Mask:
        return np.asarray(self.told["made_up"].to_numpy(), dtype=np.bool_)

    @cached_property
    def classes(self) -> tuple[Ints, Sequence[str]]:
        """(n,) the number of each zone's class, and the classes by number."""
        coded = self.told["cls"].combine_chunks().dictionary_encode()
        return np.asarray(coded.indices.to_numpy(), dtype=np.int64), coded.dictionary.to_pylist()

    @cached_property
    def overlapping(self) -> Ints:
        """Every two zones that share ground: the first's number times how many there are, plus the second's; rising."""
        after = self.told["overlaps"].combine_chunks()
        first = np.repeat(np.arange(len(self.told)), pc.list_value_length(after).to_numpy(zero_copy_only=False))
        return np.sort(first * len(self.told) + after.flatten().to_numpy())

    def in_force(self, on: date) -> Mask:
        """Which zones are in force on a day, both their days included."""
        day = pa.scalar(on, pa.date32())
        begun = pc.fill_null(pc.less_equal(self.told["in_force_from"], day), True)
        lasts = pc.fill_null(pc.greater_equal(self.told["in_force_to"], day), True)
        return np.asarray(pc.and_(begun, lasts).to_numpy(), dtype=np.bool_)

    def save(self, folder: Path) -> None:
        """Write both files into a folder that is there. Raises OSError."""
        self.index.save(folder / _INDEX)
        held = _stream(self.told)
        (folder / _ZONES).write_bytes(sha256(held).digest() + held)

    @classmethod
    def load(cls, row: str, folder: Path) -> Zones | None:
        """Read them back, the same in every bit; None where they are not there, broken, or of another form."""
        index = Index.load(folder / _INDEX)
        try:
            held = (folder / _ZONES).read_bytes()
        except OSError:
            return None
        if index is None or sha256(held[32:]).digest() != held[:32]:
            return None
        with pa.ipc.open_stream(held[32:]) as stream:
            return cls(row, index, stream.read_all())


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as stream:
        stream.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def _overlaps(zones: Shapes) -> list[list[int]]:
    """Of each zone, those after it with which it shares ground."""
    if not len(zones):
        return []
    first, second = overlapping(zones)
    order = np.lexsort((second, first))
    return [part.tolist() for part in np.split(second[order], np.searchsorted(first[order], np.arange(1, len(zones))))]
