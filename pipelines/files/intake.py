"""Take a file in: one file is one batch, one transaction, one change.

The caller owns the transaction: it commits when the report says that the batch lands, and rolls back otherwise.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from geo.reading import Row
from geo.refusal import Note
from geo.sandbox import Reading
from layers.ground.history import rows_at
from layers.ground.journal import Change
from layers.ground.layer import AREA_OF_RECORD, layer_named
from layers.ground.questions import among, by_natural_key
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit, EditRefusal, Occasion, Outcome, Receipt
from pipelines.files.batch import Keeping, Plan, Report, RowReport, continued, refused_row
from pipelines.files.fields import BATCH_ROW, ID, Match, RowError, match
from pipelines.files.rows import Reader, Said
from pipelines.files.sent import Memory, Message, Seen, alike, brings_area

Standing = Mapping[uuid.UUID, Mapping[str, Any]]
"""Rows of a layer, by feature."""

_ENDED_AT_ONCE = 2000

_FEATURES = uuid.UUID("8a2d3f70-0a54-5b0e-9f6e-4f1d5b0c3607")
"""Names the features that come without a uuid: the same key of the same layer is the same feature again."""

_SOMEBODY_ELSE = frozenset({"23505", "40001", "40P01"})
"""What the database says when another transaction came between: a key taken, a version passed, a deadlock."""


def take(
    session: Session,
    reading: Reading,
    plan: Plan,
    occasion: Occasion,
    *,
    progress: Callable[[int], None],
    waits: Callable[[], None] = lambda: None,
) -> Report:
    """Take the rows of a reading into a layer. `progress` is told how many rows were read with each portion.

    waits: called when another import into the layer is under way, before this one waits for its end.
    Raises EditRefusal for what concerns the file as a whole, and when somebody else came between; rows are refused in
    the report.
    """
    with collisions():
        _lock(session, plan.layer, waits)
        intake = _Intake(session, reading, plan, occasion)
        for portion in reading.batches:
            intake.take(portion)
            progress(len(portion))
        if plan.mode == "replace":
            intake.end_the_missing()
        return intake.close()


@contextmanager
def collisions() -> Iterator[None]:
    """Make what another transaction made impossible the refusal that says so. The commit may find it, too."""
    try:
        yield
    except DBAPIError as fault:
        if getattr(fault.orig, "sqlstate", None) not in _SOMEBODY_ELSE:
            raise
        raise EditRefusal("import.meanwhile", detail=str(fault.orig).strip().splitlines()[0]) from fault


def _lock(session: Session, layer: str, waits: Callable[[], None]) -> None:
    """One import into a layer at a time: a second one waits, and then sees what the first has done."""
    key = {"key": f"import {layer}"}
    if not session.scalar(text("select pg_try_advisory_xact_lock(4491, hashtext(:key))"), key):
        waits()
        session.execute(text("select pg_advisory_xact_lock(4491, hashtext(:key))"), key)


@dataclass(frozen=True)
class _Candidate:
    """A row that can be an edit: what it says, of which feature, what stands there, and what files said of it."""

    said: Said
    feature: uuid.UUID
    stands: Mapping[str, Any] | None
    messages: Sequence[Message]

    @property
    def name(self) -> object:
        return self.said.code or self.feature


class _Intake:
    """The state of one file while it is taken in."""

    def __init__(self, session: Session, reading: Reading, plan: Plan, occasion: Occasion) -> None:
        attributes = [column.name for column in reading.opening.columns]
        self.session, self.occasion = session, occasion
        self.plan = continued(session, plan, attributes)
        self.layer = layer_named(plan.layer)
        self.table = self.layer.__table__
        self.match = _matched(self.layer, self.plan, attributes)
        self.reader = Reader(self.layer, self.match, self.plan.source)
        self.report = Report(ignored=self.match.ignored, source=self.plan.source)
        self.keeping = Keeping(session, self.plan, reading.opening.epsg)
        self.memory = Memory(session, self.layer, self.plan.source)
        self.seen = Seen(session)
        self.refused: list[dict[str, Any]] = []
        self.landed: list[int] = []

    def take(self, portion: Sequence[Row]) -> None:
        """Take one portion of rows."""
        candidates = self._candidates(list(self._said(self._expected(portion))))
        self._land([c for c in candidates if not self._is_old(c)])
        self.keeping.refuse(self.refused)
        self.keeping.land(self.landed)
        self.refused, self.landed = [], []

    def end_the_missing(self) -> None:
        """End the features that the file no longer holds, unless rows of it did not land."""
        self.report.keeps_the_missing = bool(self.report.stuck)
        if self.report.stuck:
            return
        scope = [self.table.c[column] == value for column, value in self.match.fixed.items()]
        missing = (
            select(self.table.c.id, self.table.c.code, Change.door)
            .join(Change, Change.id == self.table.c.change)
            .where(*scope, Seen.lacks(self.table.c.id))
        )
        rows = iter(self.session.execute(missing.order_by(self.table.c.id)).all())
        while portion := list(islice(rows, _ENDED_AT_ONCE)):
            self._end(portion)

    def close(self) -> Report:
        """Keep the batch, unless nothing was new."""
        change = self.session.scalar(select(Change.id).where(Change.at.is_(None)))
        self.report.lands = self.plan.accept_good or not self.report.stuck
        self.report.batch = self.keeping.close(self.report.counts, change)
        self.report.rows.sort(key=lambda row: row.number or 0)
        self.report.waits_in = self.plan.continues or self.report.batch
        return self.report

    def _end(self, portion: Sequence[Any]) -> None:
        apply(self.session, [Edit(self.plan.layer, row.id, {}, gone=True) for row in portion], self.occasion)
        for row in portion:
            edited = row.door != self.occasion.door
            said = Note("import.missing_edited" if edited else "import.missing", {"code": row.code})
            self.report.tell(RowReport(None, Outcome.ENDED, row.id, row.code, (said,)))
        self.memory.keep_ends(self.keeping.batch(), [row.id for row in portion])

    # --- from rows to candidates

    def _expected(self, portion: Sequence[Row]) -> Iterator[Row]:
        """The rows; of a continuation only those that still wait in its batch, each once."""
        if self.plan.continues is None:
            yield from portion
            return
        numbers = [self.reader.batch_row(row) for row in portion]
        waiting = self.keeping.waiting([number for number in numbers if number is not None])
        for row, number in zip(portion, numbers, strict=True):
            if number in waiting:
                waiting.discard(number)
                yield row
            else:
                said = {"batch": self.plan.continues, "number": "—" if number is None else number}
                self._tell_refused(row, None, Note("import.not_waiting", said))

    def _said(self, rows: Iterator[Row]) -> Iterator[Said]:
        for row in rows:
            try:
                yield self.reader.said(row)
            except RowError as fault:
                self._refuse(row, self.reader.code(row), *fault.notes)

    def _candidates(self, said: Sequence[Said]) -> list[_Candidate]:
        """The rows that the mode takes, each feature once, with what is known of it."""
        features = self._features(said)
        stands = self._standing(said, features)
        twice = self.seen.before([(f, s.row.number) for s, f in zip(said, features, strict=True)])
        fine: list[tuple[Said, uuid.UUID]] = []
        for s, feature in zip(said, features, strict=True):
            if first := twice.get(s.row.number):
                self._refuse(s.row, s.code, Note("import.twice", {"code": s.code or feature, "first": first}))
            elif self.plan.mode == "add" and feature in stands:
                self._refuse(s.row, s.code, Note("import.known", {"code": s.code or feature}))
            else:
                fine.append((s, feature))
        messages = self.memory.recall([feature for _, feature in fine])
        return [_Candidate(s, f, stands.get(f), messages.get(f, ())) for s, f in fine]

    def _features(self, said: Sequence[Said]) -> list[uuid.UUID]:
        """The feature that each row is about: by its uuid, else by who holds its natural key, else a new one."""
        keys = {s.key for s in said if s.stated is None}
        holders = by_natural_key(self.session, self.layer, keys)
        named = {k: uuid.uuid5(_FEATURES, f"{self.plan.layer}:{'|'.join(map(str, k))}") for k in keys - set(holders)}
        # A feature may have given up the key that named it: then the key names another one from now on.
        there = self.session.scalars(select(self.table.c.id).where(among(self.table.c.id, set(named.values()))))
        renumbered = set(there)
        new = {key: uuid.uuid4() if feature in renumbered else feature for key, feature in named.items()}
        return [s.stated or holders.get(s.key) or new[s.key] for s in said]

    def _standing(self, said: Sequence[Said], features: Sequence[uuid.UUID]) -> Standing:
        """The rows that stand, with the columns that the file brings."""
        brought = {name for s in said for name in s.values} | {"id", "version", "shape"}
        columns = [self.table.c[name] for name in brought]
        found = self.session.execute(select(*columns).where(among(self.table.c.id, features)))
        return {row["id"]: dict(row) for row in found.mappings()}

    # --- from candidates to edits

    def _is_old(self, candidate: _Candidate) -> bool:
        """Whether the source sent just this before; told, and then passed over."""
        own = self.memory.of_source(candidate.messages)
        if own is None or not own.says(candidate.said.values, candidate.said.over):
            return False
        ended = () if candidate.stands else (Note("import.ended_since", {"code": candidate.name}),)
        self._tell(candidate, Outcome.UNCHANGED, ended)
        return True

    def _land(self, news: Sequence[_Candidate]) -> None:
        if not news:
            return
        made_over = self._made_over(news)
        edits = [self._edit(candidate, made_over.get(candidate.feature)) for candidate in news]
        receipts = apply(self.session, edits, self.occasion)
        for candidate, receipt in zip(news, receipts, strict=True):
            self._answer(candidate, receipt)
        sent = [c for c, r in zip(news, receipts, strict=True) if r.outcome is not Outcome.REFUSED]
        if sent:
            self.memory.keep(self.keeping.batch(), [(c.feature, c.said.values, c.said.over, c.messages) for c in sent])

    def _made_over(self, candidates: Sequence[_Candidate]) -> Standing:
        """The rows that candidates say they were made over."""
        over = {c.feature: c for c in candidates if c.said.over is not None}
        fresh = {f: c.stands for f, c in over.items() if c.stands and c.stands["version"] == c.said.over}
        stale = {f: c.said.over for f, c in over.items() if f not in fresh and c.said.over is not None}
        return fresh | (rows_at(self.session, self.layer, stale) if stale else {})

    def _edit(self, candidate: _Candidate, made_over: Mapping[str, Any] | None) -> Edit:
        """The row as an edit over what its writer had: the version it went out with, else what files brought."""
        said, stands = candidate.said, candidate.stands
        fields = dict(said.values)
        if stands and (said.over is not None or self.memory.of_source(candidate.messages) is None):
            fields = {name: value for name, value in fields.items() if name not in said.derived}
        base: int | Mapping[str, Any] | None = said.over
        if said.over is None:
            base = made_over = self.memory.base(fields, stands, candidate.messages)
        drawn = [row["shape"] for row in (made_over, stands) if row]
        fields["shape"] = next((shape for shape in drawn if alike(shape, fields["shape"])), fields["shape"])
        if stands and made_over and not brings_area(fields, made_over, stands, versioned=said.over is not None):
            fields = {name: value for name, value in fields.items() if name not in AREA_OF_RECORD}
        return Edit(self.plan.layer, candidate.feature, fields, base)

    # --- what is said of rows

    def _answer(self, candidate: _Candidate, receipt: Receipt) -> None:
        if receipt.outcome is Outcome.REFUSED:
            self._refuse(candidate.said.row, candidate.said.code, *receipt.reasons)
            return
        conflict = Note("import.conflict", {"code": candidate.name})
        conflicts = [conflict] if receipt.outcome is Outcome.CONFLICTED else []
        self._tell(candidate, receipt.outcome, [*conflicts, *receipt.warnings])

    def _tell(self, candidate: _Candidate, outcome: str, said: Sequence[Note]) -> None:
        row = candidate.said.row
        self.report.tell(RowReport(row.number, outcome, candidate.feature, candidate.said.code, (*said, *row.notes)))
        if self.plan.continues is not None and (number := self.reader.batch_row(row)) is not None:
            self.landed.append(number)

    def _tell_refused(self, row: Row, code: str | None, *reasons: Note) -> None:
        self.report.tell(RowReport(row.number, Outcome.REFUSED, None, code, (*reasons, *row.notes)))

    def _refuse(self, row: Row, code: str | None, *reasons: Note) -> None:
        self._tell_refused(row, code, *reasons)
        if self.plan.accept_good:
            number = row.number if self.plan.continues is None else self.reader.batch_row(row)
            self.refused.append(refused_row(row, number or row.number, reasons))


def _matched(layer: type[Any], plan: Plan, attributes: Sequence[str]) -> Match:
    """The file's attributes as columns. Raises EditRefusal when they cannot tell of which feature a row is."""
    found = match(layer, attributes, stated=plan.stated, fixed=plan.fixed)
    brought = {*found.columns.values(), *found.fixed, "source", "shape"}
    keyless = [name for name in layer.natural_key if name not in brought]
    if keyless and ID not in found.ours:
        raise EditRefusal("import.no_key", layer=plan.layer, fields=", ".join(keyless), present=", ".join(attributes))
    if plan.continues is not None and BATCH_ROW not in found.ours:
        raise EditRefusal("import.no_row_numbers", batch=plan.continues, field=BATCH_ROW)
    return found
