"""What several commands ask for alike: JSON, a past moment, and the occasion of a change."""

from __future__ import annotations

import os
import pwd
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from data import facts
from data.surveying import declared_area
from geo import sandbox
from geo.crs import Box
from geo.declared import Agreement
from geo.refusal import Refusal
from layers.ground.history import last_no, past
from layers.ground.journal import KINDS, Change
from pipelines.edits.edit import Occasion
from web.terminal import say

_PASTED, _MOST_PASTED = "粘贴的坐标.txt", 64 * 1024**2
"""What a pasted text is called, and how many bytes of it are taken."""


class DoorRefusal(Refusal):
    """What the door itself refuses."""


class TypedRefusal(DoorRefusal):
    """What was typed cannot be understood."""


def _as_json(wanted: bool) -> bool:
    say.voice.as_json = wanted
    return wanted


AsJson = Annotated[bool, typer.Option("--json", callback=_as_json, help="以 JSON 回答 / answer in JSON")]
Note = Annotated[str | None, typer.Option(help="说明 / why")]
Kind = Annotated[
    str | None, typer.Option(help=f"变更性质 / kind of change: {', '.join(KINDS)} （真实变化、边界、更正、方法）")
]
EffectiveOn = Annotated[
    datetime | None, typer.Option(formats=["%Y-%m-%d"], help="生效日期 / true from this day (default: today)")
]
Gcj02 = Annotated[
    bool, typer.Option("--gcj02", help="文件是 GCJ-02（火星坐标），退去偏移再读 / the file is in GCJ-02: move it back")
]
AsOf = Annotated[
    str | None, typer.Option(help="过去的时点：变更号、日期或时刻 / a past moment: change number, date or time")
]
On = Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="实际日期 / as true on this day")]


def person() -> str:
    """Who runs the command, as the system knows them: no variable of the shell can say otherwise."""
    return pwd.getpwuid(os.getuid()).pw_name


def occasion(door: str, *, kind: str | None, effective_on: datetime | None, note: str | None) -> Occasion:
    """The occasion of a change made by whoever runs the command."""
    if kind is not None and kind not in KINDS:
        raise TypedRefusal("typed.kind", kind=kind, known=", ".join(KINDS))
    return Occasion(person(), door, kind, effective_on.date() if effective_on else None, note)


@contextmanager
def sent(file: Path) -> Iterator[Path]:
    """The file that was named; for "-" the text on standard input, as a file for as long as the block runs."""
    if str(file) != "-":
        yield file
        return
    if sys.stdin.isatty():
        say.tell("paste.waits")
    text = sys.stdin.buffer.read(_MOST_PASTED + 1)
    if len(text) > _MOST_PASTED:
        raise DoorRefusal("paste.too_long", most=_MOST_PASTED // 1024**2)
    with TemporaryDirectory(prefix="qingshan-") as folder:
        path = Path(folder) / _PASTED
        path.write_bytes(text)
        yield path


@contextmanager
def reading(file: Path, dataset: str | None, *, gcj02: bool = False) -> Iterator[sandbox.Reading]:
    """A file as the county reads it: where its shapes must lie, and how near a declared area must come.

    dataset: the layer inside it. gcj02: that it is said to be in GCJ-02. Raises GeoRefusal.
    """
    box, margin_km = Box(*facts.county().box), facts.county().margin_m / 1000
    agreement = Agreement(declared_area().hm2, declared_area().share)
    with sandbox.read(file, box=box, margin_km=margin_km, layer=dataset, agreement=agreement, gcj02=gcj02) as opened:
        yield opened


@contextmanager
def moment(engine: Engine, as_of: str | None, on: datetime | None = None) -> Iterator[Session]:
    """A session at the moment asked for: the present one, or one of the past."""
    if as_of is None and on is None:
        with Session(engine) as session:
            yield session
        return
    with engine.connect() as connection:
        known = last_no(connection) if as_of is None else _known(as_of)
    with past(engine, known, on=on.date() if on else None) as session:
        yield session


def day(session: Session, on: datetime | None) -> str:
    """The day that a session's layers speak of: the one asked for, else that of the last change it sees."""
    if on is not None:
        return on.date().isoformat()
    at = session.scalar(select(func.max(Change.at)).where(Change.no <= last_no(session)))
    return (at or datetime.now(zone())).astimezone(zone()).date().isoformat()


def judged_on(session: Session, as_of: str | None, on: datetime | None) -> date:
    """The day by which what is planned is judged: the one asked for, else that of the moment asked for, else today."""
    if on is not None:
        return on.date()
    if as_of is None:
        return today()
    known = _known(as_of)
    return date.fromisoformat(day(session, None)) if isinstance(known, int) else known.astimezone(zone()).date()


def today() -> date:
    """Today in the county."""
    return datetime.now(zone()).date()


def zone() -> ZoneInfo:
    """The county's time."""
    return ZoneInfo(facts.county().timezone)


def _known(as_of: str) -> int | datetime:
    """A number is a change; a date means its end of day, or now for today; a time without zone is the county's."""
    if as_of.isdigit() and len(as_of) < len("20240101"):
        return int(as_of)
    try:
        read = datetime.fromisoformat(as_of)
    except ValueError:
        raise TypedRefusal("typed.moment", text=as_of) from None
    read = read if read.tzinfo else read.replace(tzinfo=zone())
    if len(as_of) > len("2024-01-01"):
        return read
    now = datetime.now(zone())
    return now if read.date() == now.date() else read.replace(hour=23, minute=59, second=59, microsecond=999_999)


def plan(id: str | None) -> facts.Plan:  # noqa: A002 -- as in Refusal
    """The plan of an id; of none, the one that began last. Raises FactsRefusal for an unknown one."""
    return facts.plan(id) if id else max(map(facts.plan, facts.plans()), key=lambda plan: plan.start)
