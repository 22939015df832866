"""All files of a publication: of a draft, and of the site that is made of one."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path, PurePath
from typing import Any

from sqlalchemy import Engine

from data import facts
from layers.ground.history import past
from pipelines.publish.feeds import feeds, sitemap
from pipelines.publish.folder import Files
from pipelines.publish.maps.sheets import MARKED, NO_MAPS, Tianditu, approved, map_files
from pipelines.publish.pages import Download, Frame, Pictures, pages
from pipelines.publish.reading import read, read_pictures, read_works
from pipelines.publish.tables import current, tables

_OF_MAPS = re.compile(r"(en/)?maps/")


@dataclass(frozen=True)
class Edition:
    """What a publication is to be of: a change, a day, a plan; what lies below its maps, and its pictures."""

    no: int
    on: date
    plan: facts.Plan
    tianditu: Tianditu | None = None
    pictures: Path | None = None
    """The folder of pictures to show."""
    address: str = ""
    """Where the site will stand, ending in `/`: the sitemap needs it."""


def draft_files(engine: Engine, asked: Edition) -> tuple[Files, dict[str, Any]]:
    """Every file of the draft of a moment, and what its manifest says. The same moment gives the same bytes."""
    public, forest = read(engine, asked.no, asked.on, asked.plan)
    tabled = tables(public)
    downloads = [Download(path, f"public_table.{PurePath(path).stem}", len(data)) for path, data in tabled.items()]
    pictures = _pictures(engine, asked)
    paged = pages(public, Frame(public.moment, feed="feed.atom"), downloads=downloads, pictures=pictures)
    if asked.tianditu is None:  # The one script that names an address outside stands only where it is used.
        paged = {path: data for path, data in paged.items() if not path.startswith("assets/ground.")}
    files = {**paged, **tabled, **feeds(public), **map_files(engine, public, forest, asked.tianditu)}
    files["sitemap.xml"] = sitemap(_shown(files), asked.on, asked.address)
    county = facts.county()
    about = {"adcode": county.adcode, "no": asked.no, "on": asked.on, "plan": asked.plan.id, "address": asked.address}
    about |= {"made_up": public.moment.made_up, "outside": ["https://*.tianditu.gov.cn"] if asked.tianditu else []}
    return files, {**about, "state": "draft"}


def _pictures(engine: Engine, asked: Edition) -> Mapping[str, Pictures]:
    if asked.pictures is None:
        return {}
    with past(engine, asked.no, on=asked.on) as session:
        return read_pictures(session, asked.pictures)


def site_files(drafted: Files, approval_no: str | None, on: date, address: str = "") -> Files:
    """The files of the site of a draft: its maps with the decision in place of the mark "draft", or without maps.

    on, address: those of the draft.
    """
    files = _released(drafted, approval_no) if approval_no else _without_maps(drafted)
    return {**files, "sitemap.xml": sitemap(files, on, address)}


def current_values(engine: Engine, asked: Edition) -> bytes:
    """The current values alone: what `now.json` holds."""
    return current(read_works(engine, asked.no, asked.on, asked.plan))


def _released(drafted: Files, approval_no: str) -> dict[str, bytes]:
    shown = _shown(drafted)
    return {path: approved(data, approval_no) if MARKED in data else data for path, data in shown.items()}


def _without_maps(drafted: Files) -> dict[str, bytes]:
    """In place of the maps a page that says why there are none."""
    kept = {path: data for path, data in drafted.items() if not _OF_MAPS.match(path)}
    return kept | {f"{tree}maps/index.html": drafted[f"{tree}{NO_MAPS}"] for tree in ("", "en/")}


def _shown(drafted: Files) -> dict[str, bytes]:
    """Without the page that stands in for the maps."""
    return {path: data for path, data in drafted.items() if not path.endswith(NO_MAPS)}
