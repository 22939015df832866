"""Files over loopback: the site process beside nginx and `python -m http.server`, asked by wrk, in one run.

Every answer of every way is fetched and compared first. wrk runs on the same cores as what it asks.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import random
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from tests.bench.found import DifferentAnswers, Found, Say, compared, number, table

_THREADS, _CONNECTIONS = 1, 32
_RANGES = "ranges"
_PIECE = 16_384
_COMMAND = Path(sys.executable).with_name("qingshan")
_NGINX = """
daemon off; worker_processes auto; pid {folder}/pid; error_log stderr crit; {user}
events {{ worker_connections 1024; }}
http {{ access_log off; sendfile on; tcp_nopush on; keepalive_requests 100000000; types {{ }} open_file_cache max=1000;
  client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder}; uwsgi_temp_path {folder};
  scgi_temp_path {folder}; server {{ listen 127.0.0.1:{port}; root {root}; }} }}
"""
_LUA = """
local paths = {{ {paths} }}
local at = 0
request = function()
  at = at % #paths + 1
  return wrk.format("GET", paths[at], {{ {headers} }})
end
done = function(summary, latency, requests)
  local wrong = summary.errors
  io.stderr:write(string.format('{{"per_s": %.1f, "p50_ms": %.3f, "p99_ms": %.3f, "wrong": %d}}',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
    wrong.connect + wrong.read + wrong.write + wrong.status + wrong.timeout))
end
"""


@dataclass(frozen=True)
class Size:
    """How many pages there are, how long each way is asked, how often."""

    pages: int
    seconds: int
    rounds: int


QUICK = Size(50, seconds=2, rounds=1)
WHOLE = Size(500, seconds=5, rounds=3)


@dataclass(frozen=True)
class Server:
    """One way to serve the folder. ranges: whether it gives parts of files."""

    title: str
    said: str
    port: int
    ranges: bool = True


def measure(_server: Engine, size: Size, say: Say) -> Found:
    """Ask every way for whole pages, then those that can for parts of a tile file. Raises DifferentAnswers."""
    if shutil.which("wrk") is None:
        raise FileNotFoundError("wrk is not installed: sudo apt-get install -y --no-install-recommends wrk")
    with tempfile.TemporaryDirectory(prefix="qingshan-bench-") as place, ExitStack() as ending:
        home = Path(os.path.realpath(place))
        home.chmod(0o755)
        pages = published(home / "folder", size.pages)
        servers = [ending.enter_context(started) for started in _servers(home)]
        agree({one.title: fetched(one.port, pages) for one in servers})
        say(f"{len(pages):,} files: the same from {', '.join(one.title for one in servers)}")
        races = {"whole pages": (servers, _script(home, pages, {}))}
        parts = [one for one in servers if one.ranges]
        part = {"Range": f"bytes=100000-{100_000 + _PIECE - 1}"}
        agree({one.title: fetched(one.port, ["tiles.pmtiles"], part) for one in parts})
        races[_RANGES] = (parts, _script(home, ["tiles.pmtiles"], part))
        runs = [run for name, (ways, script) in races.items() for run in _race(name, ways, script, size, say)]
    settings = (
        f"wrk -t{_THREADS} -c{_CONNECTIONS} -d{size.seconds}s, {size.rounds} rounds, uncompressed, on these cores"
    )
    rest = [("wrk", settings), ("pages", f"{size.pages:,} of 2 to 30 KB; parts of {_PIECE:,} bytes of a file of 5 MB")]
    tables = [_drawn(name, [run for run in runs if run["race"] == name]) for name in races]
    return Found([*tables, compared(*((one.title, one.said) for one in servers), *rest)], {"runs": runs})


def published(folder: Path, pages: int) -> list[str]:
    """A published folder of made-up pages, and a file of tiles; the pages' paths."""
    seeded = random.Random(5)
    files = {f"p/{n}.html": seeded.randbytes(seeded.randint(1000, 15_000)).hex().encode() for n in range(pages)}
    files["tiles.pmtiles"] = seeded.randbytes(5_000_000)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    rows = [{"path": p, "sha256": hashlib.sha256(c).hexdigest(), "bytes": len(c)} for p, c in files.items()]
    (folder / "manifest.json").write_text(json.dumps({"files": rows}), "utf-8")
    return list(files)[:pages]


def fetched(port: int, paths: Sequence[str], headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """The hash of what is answered for each path."""
    found = {}
    for path in paths:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        connection.request("GET", f"/{path}", headers=dict(headers or {}))
        answer = connection.getresponse()
        found[path] = f"{answer.status} {hashlib.sha256(answer.read()).hexdigest()}"
        connection.close()
    return found


def agree(answers: Mapping[str, Mapping[str, str]]) -> None:
    """Whether every way gives the bytes that the first gives."""
    (first, expected), *others = answers.items()
    for title, found in others:
        for path, mark in expected.items():
            if found.get(path) != mark:
                raise DifferentAnswers(f"{title}: {path} is not what {first} gives")


def _servers(home: Path) -> Iterator[Any]:
    root = home / "folder"
    yield _started("qingshan site", "confined, one process", [_COMMAND, "site", root, "--port"], ranges=True)
    if shutil.which("nginx"):
        port = _free_port()
        user = "user nobody nogroup;" if os.geteuid() == 0 else ""
        (home / "nginx.conf").write_text(_NGINX.format(folder=home, port=port, root=root, user=user), "utf-8")
        said = "Debian's, a worker for each core, sendfile, open_file_cache"
        yield _started("nginx", said, ["nginx", "-p", home, "-c", home / "nginx.conf"], ranges=True, port=port)
    module = [sys.executable, "-m", "http.server", "--bind", "127.0.0.1", "--directory", root]
    yield _started("http.server", "python -m http.server, a connection for each file", module, ranges=False)


@contextmanager
def _started(
    title: str, said: str, words: Sequence[str | Path], *, ranges: bool, port: int | None = None
) -> Iterator[Server]:
    """A server while the block runs. port: where its settings name it; else it is told one as its last word."""
    at = port or _free_port()
    with subprocess.Popen(
        [*words, *([] if port else [str(at)])], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            while process.poll() is None and not _answers(at):
                pass
            yield Server(title, said, at, ranges)
        finally:
            process.terminate()


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as found:
        return int(found.getsockname()[1])


def _script(home: Path, paths: Sequence[str], headers: Mapping[str, str]) -> Path:
    made = home / f"{len(paths)}.lua"
    listed = ", ".join(f'"/{path}"' for path in paths)
    made.write_text(
        _LUA.format(paths=listed, headers=", ".join(f'["{n}"] = "{v}"' for n, v in headers.items())), "utf-8"
    )
    return made


def _race(name: str, servers: Sequence[Server], script: Path, size: Size, say: Say) -> Iterator[dict[str, Any]]:
    for turn in range(size.rounds):
        for one in servers:
            wrk = ["wrk", f"-t{_THREADS}", f"-c{_CONNECTIONS}", f"-d{size.seconds}s", "-s", str(script)]
            ran = subprocess.run([*wrk, f"http://127.0.0.1:{one.port}"], capture_output=True, text=True, check=True)
            yield {"race": name, "way": one.title, "round": turn, **json.loads(ran.stderr)}
    say(f"{name}: asked")


def _drawn(name: str, runs: Sequence[Mapping[str, Any]]) -> Any:
    made = table(name, "", "files/s", "p50 ms", "p99 ms", "worst p99 ms", "wrong")
    for way in dict.fromkeys(run["way"] for run in runs):
        own = [run for run in runs if run["way"] == way]
        medians = [statistics.median(run[key] for run in own) for key in ("per_s", "p50_ms", "p99_ms")]
        worst, wrong = max(run["p99_ms"] for run in own), sum(run["wrong"] for run in own)
        made.add_row(way, *map(number, [*medians, worst]), str(wrong))
    return made
