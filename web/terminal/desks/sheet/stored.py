"""The desk of stored checks: keep one, list them, show one again, make its papers again."""

from __future__ import annotations

import hashlib
import os
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from sqlalchemy.orm import Session

from data import checking
from data.texts import text
from geo.formats.values import shown
from layers.ground import db
from pipelines.paper.sheet.form import dumped
from pipelines.paper.sheet.result import Result
from pipelines.redline import keeping
from web.terminal import asked, say
from web.terminal.desks.sheet.tables import tables

app = typer.Typer(no_args_is_help=True)
checks = typer.Typer(no_args_is_help=True, help="已存档的套合结果 / stored checks")
app.add_typer(checks, name="checks")

Number = Annotated[int, typer.Argument(min=1, help="第几号，见 checks list / its number, see `checks list`")]
_MEGABYTE = 1024**2
_LONG = 400
"""Characters of a path that are shown."""


def keep(checked: Result, file: Path) -> Result:
    """Store a check of a file; gives it with its number."""
    size, most = sum(one.size for one in checked.files), checking.papers().kept_bytes
    with Session(db.ready()) as session, session.begin():
        kept = keeping.store(session, checked, file, person=asked.person(), kept_bytes=most)
    if size > most:
        say.tell("check.not_kept", megabytes=f"{size / _MEGABYTE:.1f}", most=most // _MEGABYTE)
    say.tell("check.stored", number=kept.stored.number if kept.stored else "")
    return kept


def folder_for(out: Path) -> Path:
    """The folder that papers go to, made where it is not there. Raises DoorRefusal where it cannot be."""
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise asked.DoorRefusal("paper.folder", folder=shown(str(out)), reason=str(error.strerror)) from error
    return out


def write_papers(kept: Result, out: Path) -> dict[str, bytes]:
    """Write the papers of a stored check and its evidence pack into a folder; gives them by name.

    Raises DoorRefusal, and writes none, where something else is there under the name of one.
    """
    from pipelines.paper.pack.packed import pack_name, packed  # noqa: PLC0415 -- seconds that only papers need
    from pipelines.paper.sheet.making import fits_paper, papers  # noqa: PLC0415 -- as above

    with Session(db.ready()) as session:
        files = keeping.kept_files(session, kept)
    made = papers(kept)
    made[pack_name(kept)] = packed(kept, made, files)
    for name, content in made.items():
        if (out / name).exists() and (out / name).read_bytes() != content:
            raise asked.DoorRefusal("paper.exists", name=shown(str(out / name)))
    for name, content in made.items():
        _write_whole(out / name, content)
    say.tell("paper.written", count=len(made), folder=shown(str(out), _LONG))
    if not fits_paper(kept):
        say.tell("paper.too_many", parcels=len(kept.parcels), most=checking.papers().parcels)
    return made


def _write_whole(file: Path, content: bytes) -> None:
    """A file appears whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=file.parent, prefix=".qingshan-", delete=False) as fresh:
        fresh.write(content)
    os.chmod(fresh.name, 0o644)
    os.replace(fresh.name, file)


@checks.command("list")
def list_checks(_json: asked.AsJson = False) -> None:
    """列出已存档的套合结果 / list the stored checks."""
    with Session(db.ready()) as session:
        found = [dict(row) for row in keeping.listed(session)]
    headings = {say.label("号", "no"): True, say.label("时间", "at"): False, say.label("人员", "person"): False}
    headings |= {say.label("文件", "file"): False, say.label("地块", "parcels"): True}
    headings |= {say.label("界线有效日", "in force on"): False, say.label("变更号", "change"): True, "SHA-256": False}
    rows = [
        (str(one["number"]), f"{one['at'].astimezone(asked.zone()):%Y-%m-%d %H:%M}", escape(one["person"]),
         escape(one["file_name"]) + (say.label("（虚构样例）", " (made up)") if one["made_up"] else ""),
         str(one["parcels"]), str(one["in_force_on"]), str(one["no"]), one["sha256"][:16])
        for one in found
    ]  # fmt: skip
    say.answer({"checks": found}, say.table(say.label("已存档的套合结果", "stored checks"), headings, rows))


@checks.command("show")
def show_check(number: Number, _json: asked.AsJson = False) -> None:
    """再看一次：与存档时相同 / show one again, as it was stored."""
    with Session(db.ready()) as session:
        kept = keeping.stored(session, number)
    say.answer_as(lambda: dumped(kept).decode(), *tables(kept))


@checks.command("paper")
def make_papers(
    number: Number,
    out: Annotated[Path, typer.Option(help="写到这个文件夹 / the folder they go to")],
    _json: asked.AsJson = False,
) -> None:
    """再出一次文件和证据包：与第一次逐字节相同 / make its papers and evidence pack again, byte for byte the same."""
    folder_for(out)
    with Session(db.ready()) as session:
        kept = keeping.stored(session, number)
    made = write_papers(kept, out)
    if say.voice.as_json:
        files = [{"name": name, "sha256": hashlib.sha256(content).hexdigest()} for name, content in made.items()]
        say.answer({"number": number, "folder": str(out), "files": files})


@app.command("verify")
def verify_pack(
    pack: Annotated[Path, typer.Argument(help="证据包 / the evidence pack")],
    _json: asked.AsJson = False,
) -> None:
    """核验证据包：哈希、面积、文件，不用数据库和网络 / hold an evidence pack against itself, without a database."""
    from pipelines.paper.pack.verifying import verify  # noqa: PLC0415 -- as above

    found = verify(pack)
    counts = {"number": found.stamp.number, "members": found.members, "parcels": found.parcels}
    if say.voice.as_json:
        say.answer({"sound": True, **counts, "result_sha256": found.result_sha256, "unlike": found.unlike})
        return
    for lang in say.voice.langs:
        papers = text("pack.papers_same", lang, {"count": found.papers - len(found.unlike)})
        if found.unlike:
            papers += text("pack.papers_unlike", lang, {"entries": "、".join(found.unlike)})
        say.out.print(text("pack.sound", lang, {**counts, "papers": papers}), markup=False, highlight=False)
    say.out.print(say.spoken("pack.result", sha256=found.result_sha256), markup=False, highlight=False)
