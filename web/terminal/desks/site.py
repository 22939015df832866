"""The desk of the public site: it checks what was typed and becomes the site process."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from web.site import Settings
from web.terminal import asked, say

app = typer.Typer(no_args_is_help=True)

_ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": os.defpath,
    # One thread: a second would stay outside the confinement.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
}


@app.command()
def site(
    folder: Annotated[Path, typer.Argument(help="已发布的目录，或指向它的链接 / a published folder, or a link to it")],
    port: Annotated[int, typer.Option(help="端口；0 为任意 / 0: any that is free")] = 8080,
    host: Annotated[str, typer.Option(help="监听地址 / address to listen on")] = "127.0.0.1",
    inbox: Annotated[
        Path | None, typer.Option(help="收件目录：提供“反映问题”页 / where reports go: offers the form")
    ] = None,
    user: Annotated[str, typer.Option(help="由 root 启动时改用的用户 / whom root becomes")] = "nobody",
    tianditu: Annotated[
        bool, typer.Option("--tianditu", help="允许页面载入天地图底图 / pages may load Tianditu's tiles")
    ] = False,
    unconfined: Annotated[
        bool, typer.Option("--unconfined", help="内核没有 Landlock 时仍运行 / run where the kernel has no Landlock")
    ] = False,
    _json: asked.AsJson = False,
) -> None:
    """提供已发布的网站：只能读该目录的独立进程 / serve a published folder, by a process that can read nothing else."""
    settings = Settings(
        str(folder), host, port, user, say.voice.tongue.value, str(inbox) if inbox else None,
        unconfined=unconfined, tianditu=tianditu, as_json=say.voice.as_json,
    )  # fmt: skip
    words = [sys.executable, "-I", "-m", "web.site", json.dumps(asdict(settings))]
    os.execve(sys.executable, words, _ENVIRONMENT)  # noqa: S606 -- our own interpreter and our own module
