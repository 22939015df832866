"""Take a file in: one file is one batch, one transaction, one change.

The caller owns the transaction: it commits when the report says that the batch lands, and rolls back otherwise.
"""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from shapely.geometry import MultiPoint
from shapely.geometry.base import BaseGeometry
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.orm import Session

from geo.reading import Row
from geo.refusal import Note
from geo.sandbox import Reading
from layers.ground.journal import Change
from layers.ground.layer import SurveyedLayer, from_json, layer_named, to_json
from layers.ground.questions import among, by_natural_key
from layers.records.batches import Batch, RefusedRow, Sent
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit, EditRefusal, Occasion, Outcome, Receipt
from pipelines.edits.fields import BATCH_ROW, ID, VERSION, Match, RowError, match, values_of

_TOLD = 1000
"""So many rows are told one by one in a report; all are counted."""

_FEATURES = uuid.UUID("8a2d3f70-0a54-5b0e-9f6e-4f1d5b0c3607")
"""Names the features that come without a uuid: the same key of the same layer is the same feature again."""


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
    """What became of one row of the file, where there is something to say."""

    number: int
    outcome: str
    feature: uuid.UUID | None
    said: tuple[Note, ...]


@dataclass
class Report:
    """What became of a file."""

    counts: Counter[str] = field(default_factory=Counter)
    """Outcome → rows."""
    notes: Counter[str] = field(default_factory=Counter)
    """Id of what was said of rows → how often."""
    rows: list[RowReport] = field(default_factory=list)
    ignored: tuple[str, ...] = ()
    ending: list[uuid.UUID] = field(default_factory=list)
    """The features that a replacing file no longer holds."""
    batch: int | None = None
    lands: bool = True

    @property
    def stuck(self) -> int:
        """Rows that did not land whole."""
        return self.counts[Outcome.REFUSED] + self.counts[Outcome.CONFLICTED]

    def tell(self, number: int, outcome: str, feature: uuid.UUID | None, said: Sequence[Note]) -> None:
        self.counts[outcome] += 1
        self.notes.update(note.id for note in said)
        if said and len(self.rows) < _TOLD:
            self.rows.append(RowReport(number, outcome, feature, tuple(said)))


def take(
    session: Session, reading: Reading, plan: Plan, occasion: Occasion, *, progress: Callable[[int], None]
) -> Report:
    """Take the rows of a reading into a layer. `progress` is told how many rows were read with each portion.

    Raises EditRefusal for what concerns the file as a whole; rows are refused in the report.
    """
    intake = _Intake(session, reading, plan, occasion)
    for portion in reading.batches:
        intake.take(portion)
        progress(len(portion))
    if plan.mode == "replace":
        intake.end_the_missing()
    return intake.close()


@dataclass(frozen=True)
class _Candidate:
    """A row that can be an edit: its feature and the values it brings."""

    row: Row
    feature: uuid.UUID
    values: Mapping[str, Any]


class _Intake:
    """The state of one file while it is taken in."""

    def __init__(self, session: Session, reading: Reading, plan: Plan, occasion: Occasion) -> None:
        self.session, self.plan, self.occasion = session, plan, occasion
        self.layer = layer_named(plan.layer)
        self.table = self.layer.__table__
        self.match = self._matched([column.name for column in reading.opening.columns])
        self.report = Report(ignored=self.match.ignored)
        self.seen: set[uuid.UUID] = set()
        self.refused: list[dict[str, Any]] = []
        self.landed: list[int] = []

    def _matched(self, attributes: Sequence[str]) -> Match:
        found = match(self.layer, attributes, stated=self.plan.stated, fixed=self.plan.fixed)
        brought = {*found.columns.values(), *found.fixed, "source", "shape"}
        keyless = [name for name in self.layer.natural_key if name not in brought]
        if keyless and ID not in attributes:
            raise EditRefusal(
                "import.no_key", layer=self.plan.layer, fields=", ".join(keyless), present=", ".join(attributes)
            )
        if self.plan.continues is not None and BATCH_ROW not in attributes:
            raise EditRefusal("import.no_row_numbers", batch=self.plan.continues, field=BATCH_ROW)
        return found

    def take(self, portion: Sequence[Row]) -> None:
        """Take one portion of rows."""
        valued = list(self._valued(portion))
        features = self._features(valued)
        candidates = [_Candidate(row, feature, values) for (row, values), feature in zip(valued, features, strict=True)]
        present = set(self.session.scalars(select(self.table.c.id).where(among(self.table.c.id, features))))
        kept = [c for c in candidates if self._is_wanted(c, c.feature in present)]
        sent = self._sent([c.feature for c in kept])
        news = [c for c in kept if not self._is_old(c, sent.get(c.feature))]
        receipts = apply(self.session, [self._edit(c, present, sent) for c in news], self.occasion)
        for candidate, receipt in zip(news, receipts, strict=True):
            self._answer(candidate, receipt)
        self._remember([c for c, r in zip(news, receipts, strict=True) if r.outcome is not Outcome.REFUSED])

    def end_the_missing(self) -> None:
        """End the features that the file no longer holds."""
        scope = [self.table.c[column] == value for column, value in self.match.fixed.items()]
        missing = set(self.session.scalars(select(self.table.c.id).where(*scope))) - self.seen
        for receipt in apply(
            self.session, [Edit(self.plan.layer, i, {}, gone=True) for i in sorted(missing)], self.occasion
        ):
            self.report.tell(
                0, receipt.outcome, receipt.edit.id, [Note("import.missing", {"feature": receipt.edit.id})]
            )

    def close(self) -> Report:
        """Keep the batch, unless nothing lands or nothing was new."""
        report = self.report
        report.lands = self.plan.accept_good or not report.stuck
        change = self.session.scalar(select(Change.id).where(Change.at.is_(None)))
        if report.lands and (change or self.refused):
            self._keep(change)
        return report

    def _valued(self, portion: Sequence[Row]) -> Iterator[tuple[Row, dict[str, Any]]]:
        for row in portion:
            try:
                values, notes = self._values(row)
                yield row._replace(notes=(*row.notes, *notes)), values
            except RowError as fault:
                self._refuse(row, fault.note)

    def _values(self, row: Row) -> tuple[dict[str, Any], list[Note]]:
        """The columns' values of a row with its shape and area, and what was done to them. Raises RowError."""
        if row.refusal is not None or row.shape is None:
            raise RowError(row.refusal or Note("shape.missing"))
        shape = _of_kind(row.shape, self.layer.shape_kind)
        values, notes = values_of(self.layer, self.match, row.attributes)
        values = {"source": self.plan.source, **{k: v for k, v in values.items() if v is not None or k != "source"}}
        if issubclass(self.layer, SurveyedLayer) and row.survey_area_m2 is not None:
            values |= {"survey_area_m2": row.survey_area_m2, "survey_crs": row.survey_epsg}
        coded = {"code": self._code(values), **{k: v for k, v in values.items() if v or k != "code"}, "shape": shape}
        return coded, notes

    def _code(self, values: Mapping[str, Any]) -> str | None:
        """The natural key in one text, for a layer whose files bring no code."""
        parts = [values.get(name) for name in self.layer.natural_key if name != "code"]
        return "-".join(map(str, parts)) if parts and None not in parts else None

    def _features(self, valued: Sequence[tuple[Row, Mapping[str, Any]]]) -> list[uuid.UUID]:
        """The feature that each row is about: by its uuid, else by who holds its natural key, else a new one."""
        keys = [tuple(values.get(name) for name in self.layer.natural_key) for _, values in valued]
        holders = by_natural_key(self.session, self.layer, keys)
        new = {key: uuid.uuid5(_FEATURES, f"{self.plan.layer}:{'|'.join(map(str, key))}") for key in keys}
        # A feature may have given up the key that named it: then the key names another one from now on.
        renumbered = set(self.session.scalars(select(self.table.c.id).where(among(self.table.c.id, set(new.values())))))
        renumbered -= set(holders.values())
        return [
            _uuid(row.attributes.get(ID)) or holders.get(key) or (uuid.uuid4() if new[key] in renumbered else new[key])
            for (row, _), key in zip(valued, keys, strict=True)
        ]

    def _is_wanted(self, candidate: _Candidate, present: bool) -> bool:
        if candidate.feature in self.seen:
            self._refuse(candidate.row, Note("import.twice", {"feature": candidate.feature}))
            return False
        self.seen.add(candidate.feature)
        if present and self.plan.mode == "add":
            self._refuse(candidate.row, Note("import.known", {"code": candidate.values["code"]}))
            return False
        return True

    def _sent(self, features: Sequence[uuid.UUID]) -> dict[uuid.UUID, dict[str, Any]]:
        found = self.session.execute(
            select(Sent.feature, Sent.values).where(
                Sent.source == self.plan.source, Sent.layer == self.plan.layer, among(Sent.feature, features)
            )
        )
        return {row[0]: row[1] for row in found}

    def _is_old(self, candidate: _Candidate, sent: Mapping[str, Any] | None) -> bool:
        """Whether the source sent just this before; told, and then passed over."""
        old = sent is not None and to_json(candidate.values) == sent
        if old:
            self._tell(candidate.row, Outcome.UNCHANGED, candidate.feature, ())
        return old

    def _edit(
        self, candidate: _Candidate, present: set[uuid.UUID], sent: Mapping[uuid.UUID, Mapping[str, Any]]
    ) -> Edit:
        """The row as an edit over what its writer had: the version it went out with, else what the source sent last."""
        version, before = candidate.row.attributes.get(VERSION), sent.get(candidate.feature)
        base: int | dict[str, Any] | None = None
        if version is not None:
            base = int(str(version))
        elif before is not None and candidate.feature in present:
            base = {name: from_json(self.table.c[name], value) for name, value in before.items()}
        return Edit(self.plan.layer, candidate.feature, candidate.values, base)

    def _answer(self, candidate: _Candidate, receipt: Receipt) -> None:
        if receipt.outcome is Outcome.REFUSED:
            self._refuse(candidate.row, *receipt.reasons)
            return
        conflict = Note("import.conflict", {"code": candidate.values["code"]})
        conflicts = [conflict] if receipt.outcome is Outcome.CONFLICTED else []
        self._tell(candidate.row, receipt.outcome, candidate.feature, [*conflicts, *receipt.warnings])

    def _tell(self, row: Row, outcome: str, feature: uuid.UUID, said: Sequence[Note]) -> None:
        self.report.tell(row.number, outcome, feature, [*said, *row.notes])
        if self.plan.continues is not None:
            self.landed.append(_number(row))

    def _refuse(self, row: Row, *reasons: Note) -> None:
        self.report.tell(row.number, Outcome.REFUSED, None, [*reasons, *row.notes])
        if self.plan.accept_good:
            self.refused.append(
                {
                    "number": row.number if self.plan.continues is None else _number(row),
                    "attributes": {name: to_json(value) for name, value in row.attributes.items()},
                    "shape": row.shape,
                    "reasons": [{"id": r.id, "values": {k: str(v) for k, v in r.values.items()}} for r in reasons],
                }
            )

    def _remember(self, candidates: Sequence[_Candidate]) -> None:
        """Keep what the source sent, as the base of its next file."""
        if not candidates:
            return
        key = {"source": self.plan.source, "layer": self.plan.layer}
        rows = [{**key, "feature": c.feature, "values": to_json(c.values)} for c in candidates]
        written = upsert(Sent)
        self.session.execute(
            written.on_conflict_do_update(
                index_elements=["source", "layer", "feature"], set_={"values": written.excluded["values"]}
            ),
            rows,
        )

    def _keep(self, change: int | None) -> None:
        plan = self.plan
        kept = insert(Batch).values(
            change=change,
            layer=plan.layer,
            source=plan.source,
            mode=plan.mode,
            file_name=plan.file_name,
            sha256=plan.sha256,
            counts=dict(self.report.counts),
            continues=plan.continues,
        )
        self.report.batch = self.session.execute(kept.returning(Batch.id)).scalar_one()
        if plan.continues is None:
            rows = [{**row, "batch": self.report.batch} for row in self.refused]
            if rows:
                self.session.execute(insert(RefusedRow), rows)
        else:
            self._close_rows(plan.continues)

    def _close_rows(self, batch: int) -> None:
        """Mark the rows of the continued batch that have landed now; the others stay with their newest reasons."""
        of_batch = update(RefusedRow).where(RefusedRow.batch == batch)
        self.session.execute(of_batch.where(among(RefusedRow.number, self.landed)).values(landed_in=self.report.batch))
        for row in self.refused:
            self.session.execute(of_batch.where(RefusedRow.number == row["number"]).values(**row))


def _of_kind(shape: BaseGeometry, kind: str) -> BaseGeometry:
    """The shape as its layer keeps it. Raises RowError when it is of another kind."""
    if kind == "POINT" and isinstance(shape, MultiPoint) and len(shape.geoms) == 1:
        return shape.geoms[0]
    if kind not in ("GEOMETRY", shape.geom_type.upper()):
        raise RowError(Note("import.wrong_shape", {"is": shape.geom_type, "wanted": kind}))
    return shape


def _number(row: Row) -> int:
    """The number under which a row of a continuation stood in its batch."""
    return int(str(row.attributes[BATCH_ROW]))


def _uuid(value: Any) -> uuid.UUID | None:
    try:
        return uuid.UUID(str(value)) if value else None
    except ValueError:
        return None
