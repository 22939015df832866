"""Undo a change: put back the rows that nobody has touched since, and list the others."""

from __future__ import annotations

import uuid
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from layers.ground.history import Delta, deltas, latest_versions, rows_at
from layers.ground.journal import Change
from layers.ground.layer import catalogue, layer_named
from layers.records.stated import Stated
from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit, EditRefusal, Occasion, Outcome, Receipt


@dataclass(frozen=True)
class Undone:
    """What an undo put back, and what it left because somebody has touched it since."""

    receipts: tuple[Receipt, ...]
    touched_since: tuple[Delta, ...]


def undo(session: Session, no: int, occasion: Occasion) -> Undone:
    """Undo the change numbered `no`.

    Raises EditRefusal when there is none, when it stated values (they are withdrawn, not undone), or when others
    brought back what it ended while this was under way.
    """
    change = session.scalar(select(Change.id).where(Change.no == no))
    if change is None:
        raise EditRefusal("undo.unknown", no=no)
    if said := session.scalars(select(Stated.subject).where(Stated.change == change)).all():
        raise EditRefusal("undo.stated", no=no, subjects="、".join(said))
    did: dict[str, list[Delta]] = defaultdict(list)
    for delta in deltas(session, after=no - 1, upto=no, layers=[layer.__tablename__ for layer in catalogue()]):
        did[delta.layer].append(delta)
    edits: list[Edit] = []
    touched: list[Delta] = []
    for name, of_layer in did.items():
        _hold(session, layer_named(name), [d.id for d in of_layer])
        latest = latest_versions(session, name, [d.id for d in of_layer])
        touched += [d for d in of_layer if latest[d.id] != d.version]
        edits += _inverted(session, layer_named(name), [d for d in of_layer if latest[d.id] == d.version])
    receipts = tuple(apply(session, edits, replace(occasion, undoes=change)))
    raced = [r.edit.id for r in receipts if r.edit.base is None and r.outcome in (Outcome.REVISED, Outcome.UNCHANGED)]
    if raced:
        raise EditRefusal("undo.raced", no=no, features=", ".join(map(str, raced)))
    return Undone(receipts, tuple(touched))


def _hold(session: Session, layer: type[Any], ids: list[uuid.UUID]) -> None:
    """Lock the rows before asking who touched them: nobody shall touch them between the question and the undo."""
    held = select(layer.id).where(layer.id == func.any(ids)).order_by(layer.id).with_for_update()
    session.execute(held).all()


def _inverted(session: Session, layer: type[Any], did: list[Delta]) -> list[Edit]:
    """The edits that take each feature from after its delta to before it."""
    rows = rows_at(session, layer, {d.id: d.before for d in did if d.before is not None})
    return [
        Edit(
            layer=d.layer,
            id=d.id,
            fields={f: v for f, v in rows.get(d.id, {}).items() if f not in ("id", "version", "change")},
            base=d.after,
            gone=d.before is None,
        )
        for d in did
    ]
