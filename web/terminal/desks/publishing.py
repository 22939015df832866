"""The desk of publications: draft, release decision, review, switch, rollback; or the whole into a folder."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Sequence
from dataclasses import asdict
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session
from typer.core import TyperGroup

from data.texts import both
from layers.ground import db
from layers.ground.history import last_no
from layers.records.publications import Draft, Release, Review, Switch
from web.terminal import asked, say


class _Door(TyperGroup):
    """`publish FOLDER` beside the named steps: a word that is no step is the folder."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        if args and args[0] not in self.commands and not args[0].startswith("-"):
            args = ["whole", *args]
        return super().resolve_command(ctx, args)


app = typer.Typer(no_args_is_help=True)
steps = typer.Typer(
    cls=_Door,
    no_args_is_help=True,
    help="公开站点：送审、批准、审核、切换、回退；publish 文件夹 一步写成 / the public site, by steps or into a folder",
)
app.add_typer(steps, name="publish")

Root = Annotated[Path, typer.Option("--root", help="送审稿和站点放在哪里 / where drafts and sites stand")]
Number = Annotated[int, typer.Argument(min=1, help="送审稿号，见 publish status / number of the draft")]
PlanId = Annotated[str | None, typer.Option("--plan", help="方案 / id of the plan")]
Notice = Annotated[
    str | None,
    typer.Option("--tianditu-notice", help="天地图须显示的名称和审图号 / the notice Tianditu asks for"),
]
Folder = Annotated[
    Path | None, typer.Option(help="前后对比照片的文件夹，见 docs/publish.md / pictures before and after")
]
Address = Annotated[str, typer.Option(help="站点将来的网址 / where the site will stand, for its sitemap")]
PUBLIC = Path("out/public")
_KEY = "QINGSHAN_TIANDITU_KEY"
"""The county's own key for Tianditu: where it is set, maps lie on Tianditu and say so."""
_MOST = 40
"""Changed values that are told one by one."""


@steps.command()
def draft(
    root: Root = PUBLIC,
    as_of: asked.AsOf = None,
    on: asked.On = None,
    plan_id: PlanId = None,
    tianditu_notice: Notice = None,
    pictures: Folder = None,
    address: Address = "",
    _json: asked.AsJson = False,
) -> None:
    """生成送审稿：全部地图，标明未批准 / make the draft: all maps, marked as not released."""
    from pipelines.publish import releasing  # noqa: PLC0415 -- folium and pandas take a second to load

    engine = db.ready()
    below = {"tianditu": _tianditu(tianditu_notice), "pictures": pictures, "address": _address(address)}
    of = _edition(engine, as_of, on, plan_id, **below)
    made = releasing.draft(engine, root, of)
    if say.voice.as_json:
        say.answer({**asdict(made), "no": of.no, "on": of.on})
    else:
        say.tell("publish.drafted", number=made.number, folder=made.folder, files=made.files, no=of.no, hash=made.hash)


@steps.command()
def release(
    number: Number,
    secrecy_no: Annotated[str, typer.Option(help="保密审查文号 / number of the secrecy review")],
    approval_no: Annotated[str, typer.Option(help="审图号 / map approval number")],
    approver: Annotated[str, typer.Option(help="批准人 / approver")],
    decided_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="批准日期 / day of the decision")],
    expires_on: Annotated[datetime, typer.Option(formats=["%Y-%m-%d"], help="有效期止，含当日 / last day it holds")],
    note: asked.Note = None,
    _json: asked.AsJson = False,
) -> None:
    """登记对一份送审稿地图的发布批准 / put the release decision on the maps of a draft on record."""
    from pipelines.publish import releasing  # noqa: PLC0415 -- as above

    said: dict[str, Any] = {"secrecy_no": secrecy_no, "approval_no": approval_no, "approver": approver, "note": note}
    said |= {"decided_on": decided_on.date(), "expires_on": expires_on.date()}
    with Session(db.ready()) as session, session.begin():
        row = releasing.decide(session, number, said)
        told = {"draft": number, "release": row.number, "hash": row.hash, **said}
    if say.voice.as_json:
        say.answer(told)
    else:
        say.tell("publish.decided", number=number, approval_no=approval_no, expires_on=expires_on.date())


@steps.command()
def review(
    number: Number,
    accept: Annotated[bool | None, typer.Option("--accept/--refuse", help="同意或不同意 / accept or refuse")] = None,
    note: asked.Note = None,
    root: Root = PUBLIC,
    _json: asked.AsJson = False,
) -> None:
    """与现行站点的差别；--accept 或 --refuse 登记审核 / how it differs from what is on; with either, a review."""
    from pipelines.publish import releasing  # noqa: PLC0415 -- as above

    with Session(db.ready()) as session, session.begin():
        told, tables = _differences(session, root, number)
        if accept is not None:
            releasing.review(session, number, accepted=accept, note=note)
    say.answer({**told, "accepted": accept}, *tables)
    if accept is not None and not say.voice.as_json:
        say.tell("publish.accepted" if accept else "publish.refused", number=number)


@steps.command()
def switch(number: Number, root: Root = PUBLIC, _json: asked.AsJson = False) -> None:
    """切换到一份审核同意的送审稿；有有效批准才带地图 / switch to an accepted draft, with maps only where released."""
    from pipelines.publish import releasing  # noqa: PLC0415 -- as above

    with Session(db.ready()) as session, session.begin():
        made = releasing.switch(session, root, number, today=asked.today())
    _tell_made("publish.switched", made)


@steps.command()
def rollback(root: Root = PUBLIC, _json: asked.AsJson = False) -> None:
    """回退到上一次发布 / go back to the site that was on before."""
    from pipelines.publish import releasing  # noqa: PLC0415 -- as above

    with Session(db.ready()) as session, session.begin():
        made = releasing.rollback(session, root, today=asked.today())
    _tell_made("publish.rolled_back", made)


@steps.command()
def status(_json: asked.AsJson = False) -> None:
    """送审稿、批准、审核和切换 / drafts, decisions, reviews and what is on."""
    with Session(db.ready()) as session:
        drafts = session.scalars(select(Draft).order_by(Draft.number)).all()
        releases = session.scalars(select(Release).order_by(Release.number)).all()
        reviews = session.scalars(select(Review).order_by(Review.number)).all()
        switches = session.scalars(select(Switch).order_by(Switch.number)).all()
        on = switches[-1].draft if switches else None
        rows = [_status_row(d, releases, reviews, on) for d in drafts]
    headings = dict.fromkeys(("number", "no", "on", "by", "hash", "release", "review", "state"), False)
    drawn = say.table(
        say.spoken("publish_table.drafts"), {say.spoken(f"publish_table.{h}"): n for h, n in headings.items()}, rows
    )
    say.answer([dict(zip(headings, row, strict=True)) for row in rows], drawn)


@steps.command()
def now(root: Root = PUBLIC, _json: asked.AsJson = False) -> None:
    """只发布当前值：现行站点旁的一个小文件 now.json / the current values alone, beside the site that is on."""
    from pipelines.publish import releasing  # noqa: PLC0415 -- as above

    engine = db.ready()
    of = _edition(engine)
    file = releasing.publish_now(engine, root, of)
    if say.voice.as_json:
        say.answer({"file": str(file.resolve()), "no": of.no, "on": of.on})
    else:
        say.tell("publish.now_written", file=file, no=of.no)


@steps.command()
def pack(
    folder: Annotated[Path, typer.Argument(help="站点或送审稿的文件夹 / folder of a site or draft")],
    file: Annotated[Path, typer.Argument(help="写成的 .tar.gz / the archive")],
    _json: asked.AsJson = False,
) -> None:
    """核对清单并打成一个包，供光盘带走 / check a folder against its manifest and pack it, to travel on a disc."""
    from pipelines.publish.folder import packed  # noqa: PLC0415 -- as above

    content = packed(folder)
    sha256 = hashlib.sha256(content).hexdigest()
    file.write_bytes(content)
    file.with_name(f"{file.name}.sha256").write_text(f"{sha256}  {file.name}\n", "utf-8")
    if say.voice.as_json:
        say.answer({"file": str(file.resolve()), "sha256": sha256, "bytes": len(content)})
    else:
        say.tell("publish.packed", file=file, sha256=sha256)


@steps.command(hidden=True)
def whole(
    folder: Annotated[Path, typer.Argument(help="写到哪个文件夹 / the folder to write")],
    as_of: asked.AsOf = None,
    on: asked.On = None,
    plan_id: PlanId = None,
    tianditu_notice: Notice = None,
    pictures: Folder = None,
    address: Address = "",
    _json: asked.AsJson = False,
) -> None:
    """一步写成公开站点 / the whole site into a folder."""
    from pipelines.publish import releasing  # noqa: PLC0415 -- as above

    engine = db.ready()
    below = {"tianditu": _tianditu(tianditu_notice), "pictures": pictures, "address": _address(address)}
    of = _edition(engine, as_of, on, plan_id, **below)
    _tell_made("publish.written", releasing.whole(engine, folder, of, today=asked.today()), no=of.no)


def draft_of(engine: Engine, root: Path, pictures: Path | None = None) -> Path:
    """The first page of the draft of the present moment."""
    from pipelines.publish import releasing  # noqa: PLC0415 -- as above

    of = _edition(engine, pictures=pictures)
    return releasing.draft(engine, root, of).folder / "index.html"


def _edition(
    engine: Engine,
    as_of: str | None = None,
    on: datetime | None = None,
    plan_id: str | None = None,
    **more: Any,
) -> Any:
    """What to publish: the change, and the day of that change or the one asked for. more: as Edition has it."""
    from pipelines.publish.making import Edition  # noqa: PLC0415 -- as above

    with asked.moment(engine, as_of, on) as session:
        day = date.fromisoformat(asked.day(session, on))
        return Edition(last_no(session), day, asked.plan(plan_id), **more)


def _tianditu(notice: str | None) -> Any:
    """Tianditu below the maps, where the county's key is set and the notice given: neither goes without the other."""
    from pipelines.publish.maps.sheets import Tianditu  # noqa: PLC0415 -- as above

    key = os.environ.get(_KEY)
    if bool(key) != bool(notice):
        raise asked.TypedRefusal("publish.tianditu", variable=_KEY)
    return Tianditu(key, notice) if key and notice else None


def _address(typed: str) -> str:
    """Where the site will stand, ending in a slash."""
    if typed and not re.fullmatch(r"https?://[^\s/?#]+(/[^\s?#]*)?", typed):
        raise asked.TypedRefusal("publish.address", text=typed)
    return f"{typed.rstrip('/')}/" if typed else ""


def _tell_made(id: str, made: Any, **more: Any) -> None:  # noqa: A002 -- as in Refusal
    state, values = ("maps", {"approval_no": made.approval_no}) if made.release else ("tables", {})
    if say.voice.as_json:
        told = {"number": made.number or None, "folder": str(made.folder.resolve()), "hash": made.hash}
        say.answer({**told, "files": made.files, "state": state, **values, **more})
        return
    zh, en = both(f"publish_state.{state}", values).values()
    say.tell(
        id, number=made.number, folder=made.folder, files=made.files, hash=made.hash, state=zh, state_en=en, **more
    )


def _differences(session: Session, root: Path, number: int) -> tuple[dict[str, Any], list[Any]]:
    """What a reviewer looks at: the draft's folder, and what it changes of the site that is on."""
    from pipelines.publish import differences, releasing  # noqa: PLC0415 -- as above

    drafted, on = releasing.a_draft(session, number), releasing.switched_on(session)
    before = session.get(Draft, on.draft) if on else None
    files = differences.of_files(releasing.entries_of(before) if before else [], releasing.entries_of(drafted))
    places = [releasing.draft_folder(root, d.hash) for d in (before, drafted) if d]
    values = list(differences.of_values(*places)) if before and all(p.is_dir() for p in places) else []
    told = {"number": number, "folder": str(places[-1]), "against": before and before.number}
    against = str(before.number) if before else say.phrase("publish_table.none_on")
    title = say.spoken("publish_table.differences", number=number, against=against, folder=places[-1])
    counts = [
        (say.spoken(f"publish_table.{name}"), str(len(paths)), "\n".join(paths[:8]))
        for name, paths in asdict(files).items()
    ]
    drawn = say.table(title, {"": False, say.spoken("publish_table.files"): True, " ": False}, counts)
    tables = [drawn, *([_values_table(values)] if values else [])]
    return {**told, "files": asdict(files), "values": [asdict(v) for v in values]}, tables


def _values_table(values: Sequence[Any]) -> Any:
    rows = [(v.table, v.key, v.column, v.before or "—", v.after or "—") for v in islice(values, _MOST)]
    headings = {say.spoken(f"publish_table.{h}"): False for h in ("table", "key", "column", "before", "after")}
    return say.table(say.spoken("publish_table.values", count=len(values), most=_MOST), headings, rows)


def _status_row(d: Draft, releases: Sequence[Release], reviews: Sequence[Review], on: int | None) -> tuple[str, ...]:
    decision = next((r for r in reversed(releases) if r.hash == d.hash), None)
    last = next((r for r in reversed(reviews) if r.draft == d.number), None)
    released = f"{decision.approval_no} ≤ {decision.expires_on}" if decision else "—"
    reviewed = "—" if last is None else f"{'✓' if last.accepted else '✗'} {last.login}"
    state = say.phrase("publish_table.is_on") if d.number == on else ""
    return str(d.number), str(d.no), str(d.on), d.login, d.hash[:16], released, reviewed, state
