"""The pictures that somebody chose to show: a folder with pictures.toml, which names the feature of each pair."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from data.releasing import public_layers
from layers.ground.layer import layer_named
from pipelines.publish.pages.pictures import Picture, PictureRefusal, Pictures
from pipelines.publish.reading.features import key_of

LIST = "pictures.toml"


def read_pictures(session: Session, folder: Path) -> Mapping[str, Pictures]:
    """The pairs by the key of their site. Raises PictureRefusal naming what is wrong, and with which entry."""
    try:
        entries = tomllib.loads((folder / LIST).read_text("utf-8"))["picture"]
    except (OSError, ValueError, KeyError) as error:
        raise PictureRefusal("publish.pictures_list", file=folder / LIST, reason=str(error)) from error
    return dict(_pair(session, folder, entry) for entry in entries)


def _pair(session: Session, folder: Path, entry: Mapping[str, Any]) -> tuple[str, Pictures]:
    try:
        layer, code = entry["layer"], entry["code"]
        found = Pictures(*(_picture(folder, entry[which]) for which in ("before", "after")))
    except (KeyError, TypeError, OSError) as error:
        raise PictureRefusal("publish.picture_entry", entry=_named(entry), reason=repr(error)) from error
    table = layer_named(layer).__table__ if layer in public_layers() else None
    id_ = None if table is None else session.scalar(select(table.c.id).where(table.c.code == code))
    if id_ is None:
        raise PictureRefusal("publish.picture_of_none", layer=layer, code=code)
    return key_of(layer, id_), found


def _picture(folder: Path, said: Mapping[str, Any]) -> Picture:
    """One picture. A name that leads out of the folder is none of its files."""
    file = folder / Path(said["file"]).name
    if not isinstance(said["taken_on"], date):
        raise TypeError("taken_on")
    words = (said.get("caption_zh", ""), said.get("caption_en", ""))
    return Picture(file.read_bytes(), said["taken_on"], *words, made_up=bool(said.get("made_up", False)))


def _named(entry: Mapping[str, Any]) -> str:
    return f"{entry.get('layer', '?')} {entry.get('code', '?')}"
