"""Apply edits: the only Python writer of layers. It never commits; one transaction is one change."""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import Table, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from geo.refusal import Note
from geo.repair import inspect
from layers.ground.history import rows_at
from layers.ground.journal import Change, InboxItem
from layers.ground.layer import AREA_OF_RECORD, layer_named, to_json
from layers.ground.questions import among, by_natural_key
from pipelines.edits import rules
from pipelines.edits.edit import Edit, EditRefusal, Occasion, Outcome, Receipt
from pipelines.edits.merge import WHOLE, Conflict, merge, same

Row = Mapping[str, Any]

_OURS = ("version", "change")
"""Columns that the journal writes."""

_TRIES = 3
UNIQUE_VIOLATION = "23505"


@dataclass(frozen=True)
class _Decision:
    """What is to be done about one edit: the fields to write, and what is said of it."""

    edit: Edit
    outcome: Outcome
    fields: Row
    conflicts: tuple[Conflict, ...] = ()
    reasons: tuple[Note, ...] = ()
    warnings: tuple[Note, ...] = ()


def apply(session: Session, edits: Iterable[Edit], occasion: Occasion) -> list[Receipt]:
    """Apply edits in one change of this transaction and give a receipt for each, in their order.

    A refused edit leaves no trace; fields in conflict wait in the inbox. Rows are locked in the order of their ids.
    Raises EditRefusal when two edits are about the same feature, when this transaction's change was opened on another
    occasion, or when other writers keep taking the same numbers.
    """
    wanted = list(edits)
    _refuse_twice(wanted)
    by_layer: dict[str, list[Edit]] = defaultdict(list)
    for edit in wanted:
        by_layer[edit.layer].append(edit)
    receipts: dict[tuple[str, uuid.UUID], Receipt] = {}
    for name in sorted(by_layer):
        for receipt in _settle(session, layer_named(name), by_layer[name], occasion):
            receipts[name, receipt.edit.id] = receipt
    return [receipts[edit.layer, edit.id] for edit in wanted]


def open_change(session: Session, occasion: Occasion) -> int:
    """The id of this transaction's change, opened with `occasion` unless it is open already.

    Raises EditRefusal when it was opened on another occasion: what one person does is not recorded as another's.
    """
    said = [Change.__table__.c[name] for name in vars(occasion)]
    mine = session.execute(select(Change.id, *said).where(Change.at.is_(None))).one_or_none()
    if mine is not None:
        if tuple(mine[1:]) != tuple(vars(occasion).values()):
            raise EditRefusal("edit.other_occasion", person=mine.person, door=mine.door)
        return int(mine.id)
    opened = insert(Change).values(**vars(occasion)).returning(Change.id)
    return session.execute(opened).scalar_one()


def _refuse_twice(edits: Sequence[Edit]) -> None:
    seen: set[tuple[str, uuid.UUID]] = set()
    for edit in edits:
        key = (edit.layer, edit.id)
        if key in seen:
            raise EditRefusal("edit.twice", layer=edit.layer, feature=edit.id)
        seen.add(key)


def _settle(session: Session, layer: type[Any], edits: list[Edit], occasion: Occasion) -> list[Receipt]:
    """Apply to one layer; once more when another transaction took a key between our look and our write."""
    for _ in range(_TRIES):
        try:
            with session.begin_nested():
                return _apply_to(session, layer, edits, occasion)
        except IntegrityError as error:
            if getattr(error.orig, "sqlstate", None) != UNIQUE_VIOLATION:
                raise
    raise EditRefusal("edit.raced", layer=layer.__tablename__)


def _apply_to(session: Session, layer: type[Any], edits: list[Edit], occasion: Occasion) -> list[Receipt]:
    table: Table = layer.__table__
    stands = _lock(session, table, [e.id for e in edits])
    bases = _bases(session, layer, edits, stands)
    decisions = [_decide(layer, edit, stands.get(edit.id), bases.get(edit.id)) for edit in edits]
    decisions = _refuse_taken_keys(session, layer, decisions, stands)
    _write(session, table, decisions, occasion)
    versions = _versions(session, table, [e.id for e in edits])
    return [Receipt(d.edit, d.outcome, versions.get(d.edit.id), d.reasons, d.warnings) for d in decisions]


def _lock(session: Session, table: Table, ids: list[uuid.UUID]) -> dict[uuid.UUID, Row]:
    found = session.execute(select(table).where(among(table.c.id, ids)).order_by(table.c.id).with_for_update())
    return {row["id"]: dict(row) for row in found.mappings()}


def _versions(session: Session, table: Table, ids: list[uuid.UUID]) -> dict[uuid.UUID, int]:
    found = session.execute(select(table.c.id, table.c.version).where(among(table.c.id, ids)))
    return {row[0]: row[1] for row in found}


def _bases(
    session: Session, layer: type[Any], edits: list[Edit], stands: Mapping[uuid.UUID, Row]
) -> dict[uuid.UUID, Row]:
    """The row that each edit was made over, where it is known; versions that were replaced come from the journal."""
    bases: dict[uuid.UUID, Row] = {}
    replaced: dict[uuid.UUID, int] = {}
    for edit in edits:
        row = stands.get(edit.id)
        if isinstance(edit.base, int) and (row is None or row["version"] != edit.base):
            replaced[edit.id] = edit.base
        elif isinstance(edit.base, Mapping):
            bases[edit.id] = edit.base
        elif row is not None:
            bases[edit.id] = row
    return bases | (rows_at(session, layer, replaced) if replaced else {})


def _decide(layer: type[Any], edit: Edit, stands: Row | None, base: Row | None) -> _Decision:
    unknown = [field for field in edit.fields if field not in layer.__table__.columns or field in _OURS]
    if unknown:
        return _refused(edit, Note("edit.no_field", {"layer": edit.layer, "fields": ", ".join(unknown)}))
    if isinstance(edit.base, int) and base is None:
        return _refused(edit, Note("edit.no_base", {"feature": edit.id, "base": edit.base}))
    if stands is None:
        return _decide_absent(layer, edit, base)
    if edit.gone:
        return _decide_end(edit, stands, base or stands)
    merged = merge(base or stands, stands, _with_area_of_record(edit.fields, base or stands))
    if emptied := [c.name for c in layer.__table__.columns if not c.nullable and merged.fields.get(c.name, c) is None]:
        return _refused(edit, Note("edit.missing", {"layer": edit.layer, "fields": ", ".join(emptied)}))
    outcome = Outcome.CONFLICTED if merged.conflicts else Outcome.REVISED if merged.fields else Outcome.UNCHANGED
    decision = _Decision(edit, outcome, merged.fields, merged.conflicts)
    return _judge(layer, decision, {**stands, **merged.fields}) if merged.fields else decision


def _with_area_of_record(fields: Row, base: Row) -> Row:
    """The fields, without a newly computed area where the shape is the one that has its area of record already."""
    if "shape" not in fields or base.get("survey_area_m2") is None or not same(fields["shape"], base.get("shape")):
        return fields
    return {name: value for name, value in fields.items() if name not in AREA_OF_RECORD}


def _decide_absent(layer: type[Any], edit: Edit, base: Row | None) -> _Decision:
    """An edit to a feature that is not there: it is new, ended already, or ended by another meanwhile."""
    if edit.gone:
        return _Decision(edit, Outcome.UNCHANGED, {})
    if edit.base is not None:
        whole = Conflict(WHOLE, base, None, {**(base or {}), **edit.fields})
        return _Decision(edit, Outcome.CONFLICTED, {}, (whole,))
    missing = [c.name for c in layer.__table__.columns if _required(c) and edit.fields.get(c.name) is None]
    if missing:
        return _refused(edit, Note("edit.missing", {"layer": edit.layer, "fields": ", ".join(missing)}))
    return _judge(layer, _Decision(edit, Outcome.ADDED, edit.fields), edit.fields)


def _decide_end(edit: Edit, stands: Row, base: Row) -> _Decision:
    """End a feature, unless somebody changed it since: then the end waits as a conflict."""
    if all(same(base[field], stands[field]) for field in base if field in stands and field not in _OURS):
        return _Decision(edit, Outcome.ENDED, {})
    return _Decision(edit, Outcome.CONFLICTED, {}, (Conflict(WHOLE, base, stands, None),))


def _judge(layer: type[Any], decision: _Decision, row: Row) -> _Decision:
    """Hold the row that would stand against its layer's rules, its shape first: confirmed ones refuse, others warn."""
    if "shape" in decision.fields and (fault := inspect(row["shape"])) is not None:
        return _refused(decision.edit, fault)
    broken = rules.broken(layer, row)
    against = tuple(Note(b.text, b.values) for b in broken if b.confirmed)
    if against:
        return _refused(decision.edit, *against)
    return replace(decision, warnings=tuple(Note(b.text, b.values) for b in broken))


def _refuse_taken_keys(
    session: Session, layer: type[Any], decisions: list[_Decision], stands: Mapping[uuid.UUID, Row]
) -> list[_Decision]:
    """Refuse what would take the natural key of another feature, in the table or among the same edits."""
    keys = {d.edit.id: key for d in decisions if (key := _new_key(layer, d, stands.get(d.edit.id)))}
    if not keys:
        return decisions
    ending = {d.edit.id for d in decisions if d.outcome is Outcome.ENDED}
    held = by_natural_key(session, layer, list(keys.values()))
    holder = {key: feature for key, feature in held.items() if feature not in ending}
    return [_unless_taken(layer, d, keys.get(d.edit.id), holder) for d in decisions]


def _new_key(layer: type[Any], decision: _Decision, stands: Row | None) -> tuple[Any, ...] | None:
    """The natural key that a decision would newly take, if any; keys with a gap are free."""
    if not set(layer.natural_key) & set(decision.fields):
        return None
    row = {**(stands or {}), **decision.fields}
    key = tuple(row.get(name) for name in layer.natural_key)
    return None if None in key else key


def _unless_taken(
    layer: type[Any], decision: _Decision, key: tuple[Any, ...] | None, holder: dict[tuple[Any, ...], uuid.UUID]
) -> _Decision:
    if key is None or holder.setdefault(key, decision.edit.id) == decision.edit.id:
        return decision
    said = ", ".join(f"{name} {value}" for name, value in zip(layer.natural_key, key, strict=True))
    return _refused(decision.edit, Note("edit.key_taken", {"key": said, "holder": holder[key]}))


def _write(session: Session, table: Table, decisions: list[_Decision], occasion: Occasion) -> None:
    """Write what was decided, ends first, so that a key set free can be taken in the same change."""
    if not any(d.fields or d.conflicts or d.outcome is Outcome.ENDED for d in decisions):
        return
    change = open_change(session, occasion)
    if ended := [d.edit.id for d in decisions if d.outcome is Outcome.ENDED]:
        session.execute(delete(table).where(among(table.c.id, ended)))
    for added, columns, rows in _grouped(decisions):
        if added:
            session.execute(insert(table), rows)
        else:
            values: dict[str, Any] = {name: bindparam(name) for name in columns}
            session.connection().execute(update(table).where(table.c.id == bindparam("_id")).values(values), rows)
    if items := [_inbox_item(change, d.edit, c) for d in decisions for c in d.conflicts]:
        session.execute(insert(InboxItem), items)


def _grouped(decisions: list[_Decision]) -> Iterator[tuple[bool, frozenset[str], list[dict[str, Any]]]]:
    """The rows to write, those to revise before those to add, grouped by the columns they hold."""
    groups: dict[tuple[bool, frozenset[str]], list[dict[str, Any]]] = defaultdict(list)
    for decision in decisions:
        if decision.fields:
            added = decision.outcome is Outcome.ADDED
            row = {**decision.fields, "id" if added else "_id": decision.edit.id}
            groups[added, frozenset(decision.fields)].append(row)
    for (added, columns), rows in sorted(groups.items(), key=lambda group: group[0][0]):
        yield added, columns, rows


def _inbox_item(change: int, edit: Edit, conflict: Conflict) -> dict[str, Any]:
    return {
        "change": change,
        "layer": edit.layer,
        "feature": edit.id,
        "field": conflict.field,
        "base": to_json(conflict.base),
        "theirs": to_json(conflict.theirs),
        "mine": to_json(conflict.mine),
    }


def _required(column: Any) -> bool:
    return not column.nullable and column.server_default is None


def _refused(edit: Edit, *reasons: Note) -> _Decision:
    return _Decision(edit, Outcome.REFUSED, {}, reasons=reasons)
