"""The site process: `qingshan site` becomes it, with what was asked for as JSON in its one argument.

It is an interpreter of its own, without the command's environment (the database's address may stand there) and without
the libraries that start threads, which would stay free of its confinement. All that it needs is loaded before that.
"""

from __future__ import annotations

import asyncio
import json
import os
import resource
import signal
import socket
import sys
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import uvicorn
import uvicorn.lifespan.off  # uvicorn would look for it when it is too late
import uvloop
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from data.texts import Lang, both, text, texts
from geo.refusal import Refusal
from pipelines.reports.inbox import Inbox
from web.site import Settings, publication
from web.site.answers import Receive, Scope, Send, Site, safety
from web.site.confine import Confined, SiteRefusal, account, confine
from web.site.reporting import Desk

_LOOKED_AGAIN_S, _TRIED_AGAIN_S = 1.0, 10.0
"""How often the folder is looked at, and how long after a publication that cannot be served it is tried again."""
_MOST_HEAD_BYTES, _HEAD_S, _SILENT_MS = 32 * 1024, 15.0, 30_000
"""Of a request's head, and the time it may take; how long a client may leave unread what was sent."""
_MOST_CONNECTIONS = 1000
_OTHER_FILES = 64
"""Open at once, beside one for each connection and one that it reads."""
_CLOSING_S = 10


@dataclass(frozen=True)
class _Voice:
    """What the command's own voice does, without rich, which looks for parts of itself at each word."""

    langs: Sequence[Lang]
    as_json: bool

    def tell(self, id: str, /, **values: object) -> None:  # noqa: A002 -- as in Refusal
        with suppress(OSError):  # whoever listened may be gone; the site goes on
            sys.stderr.write("".join(f"{text(id, lang, values)}\n" for lang in self.langs))
            sys.stderr.flush()

    def answer(self, value: object) -> None:
        if self.as_json:
            sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")
            sys.stdout.flush()

    def refuse(self, refusal: Refusal) -> None:
        words = both(refusal.id, refusal.values)
        self.answer({"refused": refusal.id, "zh": words["zh"], "en": words["en"], "values": refusal.values})
        if not self.as_json:
            self.tell(refusal.id, **refusal.values)


def main(asked: Settings, voice: _Voice) -> None:
    """Serve until the process is told to end. Raises SiteRefusal."""
    folder = Path(os.path.abspath(asked.folder))
    _allow_open_files()
    listening = _listening(asked.host, asked.port)
    texts()  # read now, for later they cannot be
    inbox = Inbox(Path(os.path.abspath(asked.inbox))) if asked.inbox else None
    desk = _desk(inbox, asked, voice) if inbox else None
    read, write = ([inbox.states], [inbox.new]) if inbox else ([], [])
    held = confine(read=[*_readable(folder), *read], write=write, user=asked.user, unconfined=asked.unconfined)
    if inbox:
        _check(inbox, held.user)
    site = Site(publication.load(folder), safety(tianditu=asked.tianditu))
    uvloop.run(_serve(voice, site, desk, listening, folder, lambda: _introduce(voice, site, listening, folder, held)))


def _desk(inbox: Inbox, asked: Settings, voice: _Voice) -> Desk:
    """The desk of reports. Folders of the inbox are made where need be; root gives its own to the site's user."""
    public = inbox.public()
    inbox.make()
    if os.geteuid() == 0 and inbox.new.stat().st_uid == 0:
        owner = account(asked.user)
        os.chown(inbox.new, owner.pw_uid, owner.pw_gid)
        os.chown(inbox.states, -1, owner.pw_gid)
    return Desk(inbox, public, safety(tianditu=False), tell=voice.tell)


def _introduce(voice: _Voice, site: Site, listening: socket.socket, folder: Path, held: Confined) -> None:
    host, port, *_ = listening.getsockname()
    url = f"http://[{host}]:{port}/" if ":" in host else f"http://{host}:{port}/"
    files = len(site.publication.files)
    voice.answer({"url": url, "folder": folder, "files": files, "held": asdict(held)})
    voice.tell("site.serving", url=url, files=files, folder=folder)
    voice.tell("site.held" if held.landlock else "site.not_held", **asdict(held))


def _check(inbox: Inbox, user: str) -> None:
    for folder, rights in ((inbox.new, os.R_OK | os.W_OK | os.X_OK), (inbox.states, os.R_OK | os.X_OK)):
        if not os.access(folder, rights):
            raise SiteRefusal("reports.inbox_closed", path=folder, user=user)


def _readable(folder: Path) -> list[Path]:
    """The folder; where it is a link that is switched among publications, the folder in which they stand."""
    real = Path(os.path.realpath(folder))
    return [real.parent] if os.path.islink(folder) else [real]


def _listening(host: str, port: int) -> socket.socket:
    try:
        (family, kind, proto, _, address), *_ = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        made = socket.socket(family, kind, proto)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, _SILENT_MS)
        made.bind(address)
        made.listen(_MOST_CONNECTIONS)
    except (OSError, OverflowError) as error:
        raise SiteRefusal("site.no_port", host=host, port=port, reason=error) from error
    return made


def _allow_open_files() -> None:
    wanted = 2 * _MOST_CONNECTIONS + _OTHER_FILES
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, most))


class Protocol(HttpToolsProtocol):
    """uvicorn's, with bounds on connections and on the size and time of a request's head, which it has not."""

    _deadline: asyncio.TimerHandle | None = None
    _head_bytes: int | None = None
    """What has come of a head that is not whole yet; None outside of one."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as in uvicorn
        super().connection_made(transport)
        if len(self.connections) > _MOST_CONNECTIONS:
            transport.abort()
        self._await_head()

    @property
    def awaits_head(self) -> bool:
        """Whether it hangs up unless a whole head comes in time."""
        return self._deadline is not None

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_came()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._head_bytes is not None:
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD_BYTES and not self.transport.is_closing():
                self.transport.write(b"HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\r\n")
                self.transport.close()
        elif self.cycle is not None and self.cycle.response_complete:
            self._await_head()  # Empty lines, or a body that nobody reads, have ended uvicorn's own time.

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._head_bytes = 0
        self._await_head()

    def on_headers_complete(self) -> None:
        self._head_came()
        super().on_headers_complete()

    def _await_head(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(_HEAD_S, self.timeout_keep_alive_handler)

    def _head_came(self) -> None:
        self._head_bytes = None
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None


class _Server(uvicorn.Server):
    """uvicorn's, which says that it is there once it can be told to end: not before its signals are heard."""

    def __init__(self, config: uvicorn.Config, introduce: Callable[[], None]) -> None:
        super().__init__(config)
        self._introduce = introduce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._introduce()


async def _serve(
    voice: _Voice,
    site: Site,
    desk: Desk | None,
    listening: socket.socket,
    folder: Path,
    introduce: Callable[[], None],
) -> None:
    """Answer, and look for another publication beside it; a fault of either ends both."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await (desk if desk and desk.owns(scope["path"]) else site)(scope, receive, send)

    config = uvicorn.Config(
        cast(Any, app), http=Protocol, ws="none", lifespan="off", log_config=None, log_level="error",
        access_log=False, server_header=False, timeout_keep_alive=15, timeout_graceful_shutdown=_CLOSING_S,
    )  # fmt: skip
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(_watch(voice, site, folder))
        await _Server(config, introduce).serve(sockets=[listening])
        watching.cancel()


async def _watch(voice: _Voice, site: Site, folder: Path) -> None:
    """Show whatever the folder leads to next; what cannot be served is said once, and tried again now and then."""
    loop = asyncio.get_running_loop()
    failed: tuple[object, ...] | None = None
    again = 0.0
    while True:
        await asyncio.sleep(_LOOKED_AGAIN_S)
        found = publication.mark(folder)
        if found == site.publication.mark or (found == failed and loop.time() < again):
            continue
        try:
            site.show(await asyncio.to_thread(publication.load, folder))
            voice.tell("site.switched", folder=site.publication.mark[0], files=len(site.publication.files))
        except SiteRefusal as refusal:
            if found != failed:
                voice.tell("site.kept")
                voice.tell(refusal.id, **refusal.values)
            failed, again = found, loop.time() + _TRIED_AGAIN_S


def run(written: str) -> int:
    """Do as the JSON of Settings asks; the exit code."""
    asked = Settings(**json.loads(written))
    voice = _Voice(("zh", "en") if asked.lang == "both" else (cast(Lang, asked.lang),), asked.as_json)
    for ending in (signal.SIGTERM, signal.SIGINT):
        signal.signal(ending, lambda *_: sys.exit())  # uvicorn closes first, and then raises once more what it obeyed
    try:
        main(asked, voice)
    except SystemExit:
        voice.tell("site.ended")
    except Refusal as refused:
        voice.refuse(refused)
        return 1
    except Exception:
        traceback.print_exc()
        voice.tell("program.fault")
        return 70
    return 0


if __name__ == "__main__":
    sys.exit(run(sys.argv[1]))
