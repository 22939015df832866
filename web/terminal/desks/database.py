"""The desk of the database: start, stop and status of the private cluster, or what a stated server lacks."""

from __future__ import annotations

import os
import re
from typing import Any

import typer

from geo.refusal import Refusal
from layers.ground import cluster, server
from web.terminal import asked, say

app = typer.Typer(no_args_is_help=True, help="数据库 / the database")


class DatabaseRefusal(Refusal):
    """What was asked of the database is not the program's to do."""


@app.command()
def start() -> None:
    """启动本程序自己的数据库 / start the program's own database."""
    _refuse_stated()
    cluster.url()
    say.tell("cluster.started", home=cluster.status().home)


@app.command()
def stop() -> None:
    """停止本程序自己的数据库 / stop the program's own database."""
    _refuse_stated()
    say.tell("cluster.stopped" if cluster.stop() else "cluster.was_not_running")


@app.command()
def status(
    _json: asked.AsJson = False,
) -> None:
    """数据库在哪里、是否运行、缺什么（缺则退出码为 1）/ where it is, whether it runs, what it lacks (then exit 1)."""
    stated = _stated()
    own = None if stated else cluster.status()
    up = server.ask(stated or cluster.of().url) if stated or (own and own.state == "running") else None
    said = _described(own, up)
    rows = [(key, "" if value is None else str(value)) for key, value in said.items() if key != "missing"]
    say.answer(said, say.table("数据库 database", {"": False, " ": False}, rows))
    for missing in said["missing"]:
        say.tell(missing, database=said["database"], role=said["role"], encoding=said["encoding"])
    if up and any(not missing.tests_only for missing in up.missing):
        raise typer.Exit(1)


@app.command()
def url() -> None:
    """启动数据库并给出地址，供 psql 和 QGIS 使用 / start the database and give its address, for psql and QGIS."""
    typer.echo(_stated() or cluster.url())


def _stated() -> str | None:
    """DATABASE_URL as libpq reads it: without the driver that SQLAlchemy's form names."""
    return re.sub(r"^(postgres(?:ql)?)\+\w+:", r"\1:", os.environ.get("DATABASE_URL", "")) or None


def _refuse_stated() -> None:
    if _stated():
        raise DatabaseRefusal("server.stated")


def _described(own: cluster.Status | None, up: server.Server | None) -> dict[str, Any]:
    return {
        "whose": "private" if own else "stated",
        "state": own.state if own else "running",
        "home": str(own.home) if own else None,
        "logs": str(own.logs) if own else None,
        "pid": own.pid if own else None,
        "server": up.version if up else None,
        "database": up.database if up else cluster.DATABASE,
        "encoding": up.encoding if up else None,
        "role": up.role if up else cluster.ROLE,
        "postgis": up.postgis if up else None,
        "postgis_available": up.postgis_available if up else None,
        "missing": [missing.id for missing in up.missing] if up else [],
    }
