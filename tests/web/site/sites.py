"""A published folder of files, the real site process over it, and questions to it over real sockets."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Callable, Coroutine, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

Made = TypeVar("Made")
COMMAND = Path(sys.executable).with_name("qingshan")

PAGES = {
    "index.html": "<!doctype html><html lang='zh'><title>示例</title><h1>兴国县（虚构样例）</h1>".encode() * 30,
    "en/index.html": b"<!doctype html><html lang='en'><title>sample</title><h1>Xingguo (made up)</h1>",
    "404.html": "<!doctype html><html lang='zh'><title>没有这一页</title>没有这一页 No such page".encode(),
    "assets/x.0a1b2c.js": b"document.title = 'made up';" * 50,
    "assets/x.0a1b2c.css": b"body { color: #111 }" * 50,
    "data/a.csv": "乡镇,面积\n潋江镇,1\n".encode() * 20_000,
    "data/a.geojson": b'{"type":"FeatureCollection","features":[]}',
    "data/forest.pmtiles": random.Random(36).randbytes(700_000),
    "feed.atom": b"<feed/>",
    "photo.jpg": b"\xff\xd8\xff" + bytes(40_000),
}


def published(folder: Path, files: Mapping[str, bytes] = PAGES, *, listed: Mapping[str, bytes] | None = None) -> Path:
    """A published folder with its manifest. listed: what the manifest says, where that is another thing."""
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    rows = [
        {"path": path, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}
        for path, content in (files if listed is None else listed).items()
    ]
    (folder / "manifest.json").write_text(json.dumps({"files": rows}), "utf-8")
    return folder


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True)
class Running:
    """The site process: where it answers, what it said when it began, and the process."""

    url: str
    said: Mapping[str, Any]
    process: subprocess.Popen[str]

    def ask(self, path: str, method: str = "GET", body: bytes | None = None, **headers: str) -> Answer:
        """One request on a connection of its own. Names of headers have _ for -."""
        connection = self.connected()
        try:
            connection.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers.items():
                connection.putheader(name.replace("_", "-"), value)
            if body is not None:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(body)
            answer = connection.getresponse()
            said = {name.lower(): value for name, value in answer.getheaders()}
            return Answer(answer.status, said, answer.read())
        finally:
            connection.close()

    def connected(self) -> http.client.HTTPConnection:
        place = urlsplit(self.url)
        return http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)

    def line(self) -> str:
        """The next line it says of its work."""
        assert self.process.stderr is not None
        return self.process.stderr.readline()


@contextmanager
def running(folder: Path, *words: str) -> Iterator[Running]:
    """The site process on a free port, ended when the block is over."""
    process = subprocess.Popen(
        [COMMAND, "--lang", "en", "site", str(folder), "--port", "0", "--json", *words],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    with process:
        try:
            assert process.stdout is not None
            first = process.stdout.readline()
            assert first, process.stderr and process.stderr.read()
            said = json.loads(first)
            assert "url" in said, said
            yield Running(said["url"], said, process)
        finally:
            process.terminate()
            if process.wait(30) != 0:
                raise AssertionError(process.stderr and process.stderr.read())


def refused(folder: Path, *words: str) -> Mapping[str, Any]:
    """What the site process says when it does not start."""
    ran = subprocess.run(
        [COMMAND, "site", str(folder), "--port", "0", "--json", *words], capture_output=True, text=True, timeout=60,
        check=False,
    )  # fmt: skip
    assert ran.returncode == 1, ran.stderr
    return dict(json.loads(ran.stdout))


def finished(
    work: Callable[[], Coroutine[Any, Any, Made]], loop: Callable[[], asyncio.AbstractEventLoop] | None = None
) -> Made:
    """What a coroutine gives, run on a thread of its own: playwright keeps a loop running on the tests' own."""

    def run() -> Made:
        with asyncio.Runner(loop_factory=loop) as runner:
            return runner.run(work())

    with ThreadPoolExecutor(1) as aside:
        return aside.submit(run).result()


def open_folder() -> Path:
    """A folder that the user whom root becomes may enter too, as pytest's own may not."""
    made = Path(os.path.realpath(tempfile.mkdtemp(prefix="qingshan-site-")))
    made.chmod(0o755)
    return made
