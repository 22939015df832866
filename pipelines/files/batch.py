"""The batch of one file: how it is to be taken in, what is said of it, and what the database keeps of it."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any, Literal

import numpy as np
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.orm import Session

from geo.reading import Row
from geo.refusal import Note
from layers.ground.questions import among
from layers.records.batches import Batch, RefusedRow
from pipelines.edits.edit import EditRefusal, Outcome

_TOLD = 1000
"""So many rows are told one by one in a report; all are counted."""


@dataclass(frozen=True)
class Plan:
    """How a file is to be taken in."""

    layer: str
    source: str
    file_name: str
    sha256: str
    mode: Literal["revise", "add", "replace"] = "revise"
    accept_good: bool = False
    stated: Mapping[str, str] = field(default_factory=dict)
    """Attribute of the file → column, where the names do not tell."""
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Column → the value that every row gets. With `replace` only features that have it are ended."""
    continues: int | None = None


@dataclass(frozen=True)
class RowReport:
    """What became of one row of the file, where there is something to say. number: None for a feature it lacks."""

    number: int | None
    outcome: str
    feature: uuid.UUID | None
    code: str | None
    said: tuple[Note, ...]


@dataclass
class Report:
    """What became of a file."""

    counts: Counter[str] = field(default_factory=Counter)
    """Outcome → rows."""
    notes: Counter[str] = field(default_factory=Counter)
    """Id of what was said of rows → how often."""
    rows: list[RowReport] = field(default_factory=list)
    untold: int = 0
    """Rows of which there was something to say beyond those in `rows`."""
    ignored: tuple[str, ...] = ()
    source: str = ""
    batch: int | None = None
    waits_in: int | None = None
    """The batch in which refused rows wait: the first of a chain of continuations."""
    lands: bool = True
    keeps_the_missing: bool = False
    """Nothing was ended, because rows of the replacing file did not land: it cannot say what is missing."""

    @property
    def stuck(self) -> int:
        """Rows that did not land whole."""
        return self.counts[Outcome.REFUSED] + self.counts[Outcome.CONFLICTED]

    @property
    def ending(self) -> int:
        """Features that a replacing file no longer holds."""
        return self.counts[Outcome.ENDED]

    def tell(self, row: RowReport) -> None:
        self.counts[row.outcome] += 1
        self.notes.update(note.id for note in row.said)
        if row.said and len(self.rows) < _TOLD:
            self.rows.append(row)
        elif row.said:
            self.untold += 1


def continued(session: Session, plan: Plan, attributes: Collection[str]) -> Plan:
    """The plan with what the batch that it continues says of source and attributes; as it is when it continues none.

    Raises EditRefusal when there is no such batch of that layer, or when the file is to replace the layer.
    """
    if plan.continues is None:
        return plan
    batch = session.get(Batch, plan.continues)
    if batch is None:
        raise EditRefusal("import.no_batch", batch=plan.continues)
    if batch.layer != plan.layer:
        raise EditRefusal("import.other_layer", batch=plan.continues, layer=batch.layer)
    if plan.mode == "replace":
        raise EditRefusal("import.part_replaces", batch=plan.continues)
    stated = {name: column for name, column in batch.stated.items() if name in attributes}
    stated, fixed = stated | dict(plan.stated), batch.fixed | dict(plan.fixed)
    return replace(plan, source=batch.source, stated=stated, fixed=fixed)


class Keeping:
    """What the database keeps of a file beside its features. Nothing is written until there is something to keep."""

    def __init__(self, session: Session, plan: Plan, epsg: int) -> None:
        self._session, self._plan, self._epsg = session, plan, epsg
        self._id: int | None = None

    @property
    def opened(self) -> int | None:
        return self._id

    def batch(self) -> int:
        """The batch's id; opens it."""
        if self._id is None:
            of_plan = {name: value for name, value in vars(self._plan).items() if name != "accept_good"}
            opened = insert(Batch).values(**of_plan, epsg=self._epsg, counts={}).returning(Batch.id)
            self._id = self._session.execute(opened).scalar_one()
        return self._id

    def waiting(self, numbers: Sequence[int]) -> set[int]:
        """Which of these rows of the continued batch still wait."""
        of_batch = select(RefusedRow.number).where(
            RefusedRow.batch == self._plan.continues, RefusedRow.landed_in.is_(None)
        )
        return set(self._session.scalars(of_batch.where(among(RefusedRow.number, numbers))))

    def refuse(self, rows: Sequence[dict[str, Any]]) -> None:
        """Keep refused rows; those of a continuation stay in the batch they come from, with their newest reasons."""
        if not rows:
            return
        if self._plan.continues is None:
            self._session.execute(insert(RefusedRow), [{**row, "batch": self.batch()} for row in rows])
            return
        table: Any = RefusedRow.__table__
        newest: dict[str, Any] = {name: bindparam(name) for name in ("attributes", "shape", "reasons")}
        that = (table.c.batch == self._plan.continues, table.c.number == bindparam("_number"))
        keyed = [{**{k: v for k, v in row.items() if k != "number"}, "_number": row["number"]} for row in rows]
        self._session.connection().execute(update(table).where(*that).values(newest), keyed)

    def land(self, numbers: Sequence[int]) -> None:
        """Mark rows of the continued batch as landed in this one."""
        if numbers:
            those = (RefusedRow.batch == self._plan.continues, among(RefusedRow.number, numbers))
            self._session.execute(update(RefusedRow).where(*those).values(landed_in=self.batch()))

    def close(self, counts: Mapping[str, int], change: int | None) -> int | None:
        """Write the outcome to the batch, if there is one; gives its id."""
        if change is not None or self._id is not None:
            outcome = update(Batch).where(Batch.id == self.batch()).values(counts=dict(counts), change=change)
            self._session.execute(outcome)
        return self._id


def refused_row(row: Row, number: int, reasons: Sequence[Note]) -> dict[str, Any]:
    """A row as RefusedRow keeps it."""
    return {
        "number": number,
        "attributes": {_storable(name): _given(value) for name, value in row.attributes.items()},
        "shape": row.shape,
        "reasons": [{"id": r.id, "values": {k: _given(v) for k, v in r.values.items()}} for r in reasons],
    }


def _given(value: Any) -> Any:
    """A value of a file as JSON can hold it."""
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, date | time):
        return value.isoformat()
    return value if isinstance(value, int | float | None) else _storable(str(value))


def _storable(text: str) -> str:
    """Without what no database text can hold: NUL, and half of a surrogate pair."""
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")
