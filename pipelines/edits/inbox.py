"""Decide what waits in the inbox: take my value, as an edit upon what stands now, or leave theirs."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from layers.ground.journal import InboxItem
from layers.ground.layer import from_json, layer_named
from pipelines.edits.apply import apply, open_change
from pipelines.edits.edit import Edit, EditRefusal, Occasion, Receipt
from pipelines.edits.merge import WHOLE


def take(session: Session, item_id: int, occasion: Occasion) -> Receipt:
    """Let the waiting value land. Raises EditRefusal when the item is not open."""
    item = _open_item(session, item_id)
    (receipt,) = apply(session, [_edit(item)], occasion)
    _decide(session, item, "taken", occasion)
    return receipt


def leave(session: Session, item_id: int, occasion: Occasion) -> None:
    """Let what stands stand. Raises EditRefusal when the item is not open."""
    _decide(session, _open_item(session, item_id), "left", occasion)


def _open_item(session: Session, item_id: int) -> InboxItem:
    item = session.scalar(select(InboxItem).where(InboxItem.id == item_id).with_for_update())
    if item is None or item.state != "open":
        raise EditRefusal("inbox.not_open", item=item_id)
    return item


def _edit(item: InboxItem) -> Edit:
    """The edit that the item holds, upon the feature as it stands."""
    columns = layer_named(item.layer).__table__.columns
    if item.field != WHOLE:
        return Edit(item.layer, item.feature, {item.field: from_json(columns[item.field], item.mine)})
    if item.mine is None:
        return Edit(item.layer, item.feature, {}, gone=True)
    fields: dict[str, Any] = {
        name: from_json(columns[name], value)
        for name, value in item.mine.items()
        if name not in ("id", "version", "change")
    }
    return Edit(item.layer, item.feature, fields)


def _decide(session: Session, item: InboxItem, state: str, occasion: Occasion) -> None:
    change = open_change(session, occasion)
    session.execute(update(InboxItem).where(InboxItem.id == item.id).values(state=state, decided_by=change))
