"""The site process as a process: what it cannot do, what it serves after a switch, what it does not bear."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import uvicorn
from uvicorn.server import ServerState

from data.reporting import limits
from tests.web.site.sites import COMMAND, PAGES, Answer, Running, finished, published, refused, running
from web.site import form, publication
from web.site.__main__ import Protocol

WAYS_IN = {"read a page", "list the folder", "keep a report", "give it its name", "take it away"}


def test_it_can_read_its_folder_and_write_its_inbox_and_nothing_else(place: Path) -> None:
    folder, inbox, key = published(place / "folder"), place / "inbox", place / "key"
    inbox.mkdir()
    key.write_bytes(b"private")
    (folder / "out").symlink_to(key)
    with socket.create_server(("127.0.0.1", 0)) as tcp, socket.socket(socket.AF_UNIX) as unix:
        unix.bind(str(place / "socket"))
        unix.listen()
        given = {
            "folder": str(folder), "inbox": str(inbox), "key": str(key), "outside": str(place / "outside"),
            "port": str(tcp.getsockname()[1]), "socket": str(place / "socket"),
        }  # fmt: skip
        ran = subprocess.run(
            [sys.executable, "-m", "tests.web.site.probe", json.dumps(given)],
            env={**os.environ, "OPENBLAS_NUM_THREADS": "1"}, capture_output=True, text=True, check=True,
        )  # fmt: skip

    found = json.loads(ran.stdout)
    assert set(found["done"]) == WAYS_IN
    assert found["held"]["landlock"] >= 1
    assert (folder / "index.html").read_bytes() == PAGES["index.html"]


def test_nothing_is_refused_to_a_process_that_is_not_confined(place: Path) -> None:
    # The control of the test above: what fails there fails because of the confinement.
    assert Path("/etc/passwd").read_bytes()
    with socket.create_server(("127.0.0.1", 0)) as tcp:
        socket.create_connection(tcp.getsockname()).close()
    assert subprocess.run(["/bin/true"], check=False).returncode == 0
    (place / "outside").write_bytes(b"")


def test_the_process_that_answers_is_held_and_knows_nothing_of_the_database(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://canary:secret@/county")
    with running(published(place / "folder")) as site:
        process = Path("/proc") / str(site.process.pid)
        status = dict(line.split(":\t", 1) for line in (process / "status").read_text().splitlines() if ":\t" in line)

        assert site.said["held"]["landlock"] >= 1
        assert (status["NoNewPrivs"], status["Seccomp"], status["Threads"]) == ("1", "2", "1")
        assert "0" not in status["Uid"].split()
        assert b"canary" not in (process / "environ").read_bytes()


def test_a_switch_is_seen_and_what_is_half_there_is_never_served(
    place: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    old = published(place / "sites" / "old")
    new = {**PAGES, "index.html": "<!doctype html>新".encode(), "data/forest.pmtiles": b"new tiles"}
    published(place / "sites" / "new", new)
    broken = published(place / "sites" / "broken", {**new, "data/a.csv": b"half"}, listed=new)
    current = _lead(place, old)
    with running(current) as site:
        assert site.ask("/").body == PAGES["index.html"]

        _lead(place, broken)
        site_said = _until_said(site, "still is")
        assert "not what manifest.json says" in site.line()
        assert site.ask("/").body == PAGES["index.html"]
        assert site_said

        _lead(place, place / "sites" / "new")
        until(lambda: site.ask("/").body == new["index.html"])
        assert site.ask("/data/forest.pmtiles").body == b"new tiles"

        _lead(place, old)
        until(lambda: site.ask("/").body == PAGES["index.html"])
        assert site.ask("/data/forest.pmtiles").body == PAGES["data/forest.pmtiles"]


def test_every_answer_is_whole_and_of_one_publication_while_it_is_switched(place: Path) -> None:
    versions = {
        name: {"index.html": f"<p>{name}".encode() * 9_000, "data/forest.pmtiles": name.encode() * 300_000}
        for name in ("one", "two")
    }
    folders = {name: published(place / "sites" / name, files) for name, files in versions.items()}
    current, over, seen = _lead(place, folders["one"]), threading.Event(), list[tuple[str, Answer]]()

    def ask(path: str) -> None:
        while not over.is_set():
            seen.append((path, site.ask(f"/{path}")))

    with running(current) as site, ThreadPoolExecutor(4) as readers:
        for path in [*versions["one"]] * 2:
            readers.submit(ask, path)
        try:
            for name in ("two", "one", "two"):
                _lead(place, folders[name])
                _until_said(site, "another publication is served now")
        finally:
            over.set()

    assert all(answer.status == 200 for _, answer in seen)
    assert all(answer.headers["etag"] == f'"{hashlib.sha256(answer.body).hexdigest()}"' for _, answer in seen)
    for path in versions["one"]:
        assert {answer.body for asked, answer in seen if asked == path} == {of[path] for of in versions.values()}


def test_what_does_not_fit_into_memory_is_served_from_the_disc(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publication, "_MOST_KEPT_BYTES", 20_000)

    files = publication.load(published(place / "folder")).files

    kept = sum(len(file.content or b"") + len(file.gzipped or b"") for file in files.values())
    assert 0 < kept <= 20_000
    assert (files["photo.jpg"].content, files["photo.jpg"].size) == (None, len(PAGES["photo.jpg"]))
    assert all(file.sha256 == hashlib.sha256(PAGES[path]).hexdigest() for path, file in files.items() if path in PAGES)


def test_a_file_that_is_gone_before_the_switch_is_seen_is_asked_for_again_later(place: Path) -> None:
    with running(published(place / "folder")) as site:
        (place / "folder" / "data" / "forest.pmtiles").unlink()

        answer = site.ask("/data/forest.pmtiles")

        assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        assert "正在更新" in answer.body.decode()


def test_tianditu_may_bring_pictures_only_where_the_office_says_so(place: Path) -> None:
    with running(published(place / "folder"), "--tianditu") as site:
        policy = site.ask("/").headers["content-security-policy"]

    assert "img-src 'self' data: blob: https://*.tianditu.gov.cn;" in policy
    assert policy.count("tianditu") == 1


@pytest.mark.parametrize(
    ("listed", "refusal"),
    [
        ({"index.html": b"other"}, "site.bad_hash"),
        ({"../key": b""}, "site.bad_path"),
        ({"gone.html": b""}, "site.unreadable"),
        ({"out.html": b""}, "site.bad_path"),
    ],
)
def test_a_folder_that_is_not_what_its_manifest_says_is_refused(
    place: Path, listed: dict[str, bytes], refusal: str
) -> None:
    folder = published(place / "folder", listed=listed)
    (folder / "out.html").symlink_to("/etc/hostname")

    assert refused(folder)["refused"] == refusal


def test_a_folder_without_a_manifest_and_a_manifest_that_is_none_are_refused(place: Path) -> None:
    assert refused(place)["refused"] == "site.unreadable"
    (place / "manifest.json").write_text('{"files": [{"path": "a"}]}', "utf-8")
    assert refused(place)["refused"] == "site.bad_manifest"


def test_a_folder_that_is_not_there_and_one_that_is_closed_are_told(place: Path) -> None:
    folder = published(place / "closed" / "folder")
    (place / "closed").chmod(0o000)

    found = [refused(at)["refused"] for at in (place / "none", Path("/etc/hostname"), folder)]

    assert found == ["site.closed"] * 3
    (place / "closed").chmod(0o700)


def test_a_port_in_use_and_a_user_who_is_none_are_refused_in_words(place: Path) -> None:
    folder = published(place / "folder")
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = str(other.getsockname()[1])
        said = refused(folder, "--port", port)

    assert said["refused"] == "site.no_port"
    assert f"端口 {port}" in said["zh"]
    if os.geteuid() == 0:
        assert refused(folder, "--user", "nobody-of-that-name")["refused"] == "site.no_user"


def test_it_ends_cleanly_when_it_is_told_to(place: Path) -> None:
    with running(published(place / "folder")) as site:
        assert site.ask("/").status == 200
        site.process.terminate()

        assert site.process.wait(30) == 0
        assert site.process.stderr is not None
        assert site.process.stderr.read().endswith("the site has ended\n")


def test_without_landlock_it_does_not_start_unless_it_is_told_to(place: Path) -> None:
    # A filter of system calls takes Landlock away, and stays through the start of another program.
    without = (
        "import os, sys; from geo.sandbox import confine; "
        "confine._CALLS = {name: (mark, (444,)) for name, (mark, _) in confine._CALLS.items()}; "
        "assert confine.forbid_network_and_programs(); os.execv(sys.argv[1], sys.argv[1:])"
    )
    site = [sys.executable, "-c", without, COMMAND, "site", published(place / "folder"), "--port", "0", "--json"]

    ran = subprocess.run(site, capture_output=True, text=True, timeout=60, check=False)
    with subprocess.Popen(
        [*site, "--unconfined"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as told:
        assert told.stdout is not None
        held = json.loads(told.stdout.readline())["held"]
        told.terminate()

    said = json.loads(ran.stdout)
    assert (ran.returncode, said["refused"]) == (1, "site.no_landlock")
    assert "--unconfined" in said["zh"]
    assert (held["landlock"], told.returncode) == (0, 0)


def test_it_says_aloud_that_it_is_not_confined(place: Path) -> None:
    with running(published(place / "folder"), "--unconfined") as site:
        site.line()

        assert "it is not confined" in site.line()
        assert site.said["held"]["landlock"] == 0


def test_a_head_without_end_is_cut_off(site: Running) -> None:
    with socket.create_connection((urlsplit(site.url).hostname or "", urlsplit(site.url).port or 0), 30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nhost: a\r\nx: ")
        answer = b""
        try:
            for _ in range(64):
                client.sendall(b"x" * 16_384)
            answer = client.recv(1000)
        except (BrokenPipeError, ConnectionResetError):
            return

    assert answer.startswith(b"HTTP/1.1 431")


@pytest.mark.parametrize("sent", [b"\x16\x03\x01\x02\x00\x01", b"GET\r\n\r\n", b"GET / HTTP/1.1\r\nno colon\r\n\r\n"])
def test_what_is_no_http_is_answered_and_hung_up(site: Running, sent: bytes) -> None:
    with socket.create_connection((urlsplit(site.url).hostname or "", urlsplit(site.url).port or 0), 30) as client:
        client.sendall(sent)

        assert client.recv(1000).startswith(b"HTTP/1.1 400")
        assert client.recv(1000) == b""
    assert site.ask("/").status == 200


def test_more_connections_than_it_bears_are_dropped_and_those_before_go_on(place: Path) -> None:
    with running(published(place / "folder")) as site, ExitStack() as closing:
        port = urlsplit(site.url).port or 0
        first = closing.enter_context(contextlib.closing(site.connected()))
        first.request("GET", "/")
        assert first.getresponse().read() == PAGES["index.html"]
        held = [closing.enter_context(socket.create_connection(("127.0.0.1", port), 30)) for _ in range(1019)]

        assert all(map(_dropped, held[999:]))
        first.request("GET", "/")
        assert first.getresponse().read() == PAGES["index.html"]


def _dropped(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:
        return True


def _lead(place: Path, to: Path) -> Path:
    """Switch the link `current`, as a publication is switched."""
    half, current = place / "half", place / "current"
    half.symlink_to(to)
    half.rename(current)
    return current


def _until_said(site: Running, words: str) -> str:
    while words not in (line := site.line()):
        assert line
    return line


class _Ahead(asyncio.SelectorEventLoop):
    """A loop whose clock can be put ahead: what waits for a time comes at once."""

    by = 0.0

    def time(self) -> float:
        return super().time() + self.by


@pytest.mark.parametrize(
    ("whole", "then"),
    [(b"", b""), (b"", b"GET / HTTP/1.1\r\nhost: a\r\nx: "), (b"GET / HTTP/1.1\r\nhost: a\r\n\r\n", b"\r\n")],
)
def test_who_does_not_finish_a_head_in_time_is_hung_up_on(whole: bytes, then: bytes) -> None:
    async def answered() -> bytes:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _Ahead)
        config, state = uvicorn.Config(_empty, log_config=None), ServerState()  # type: ignore[arg-type]  # an ASGI one
        protocols: list[Protocol] = []

        def made() -> Protocol:
            protocols.append(Protocol(config, state, {}))
            return protocols[-1]

        server = await loop.create_server(made, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(whole)
        if whole:
            assert b"204" in await reader.readuntil(b"\r\n\r\n")
        writer.write(then)
        while not protocols or (then and not protocols[0].awaits_head):
            await asyncio.sleep(0)
        loop.by += 15.5
        answer = await reader.read()
        writer.close()
        server.close()
        return answer

    assert finished(lambda: asyncio.wait_for(answered(), 60), _Ahead) == b""


def test_a_form_that_does_not_come_in_time_is_given_up() -> None:
    async def read() -> form.Form:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, _Ahead)

        async def receive() -> dict[str, object]:
            loop.by += limits().form_s
            await asyncio.Event().wait()
            raise AssertionError

        return await form.read(receive, "multipart/form-data; boundary=x", "", keep_photo=True)

    came = finished(read, _Ahead)

    assert ([problem.id for problem in came.problems], came.cut) == (["report_page.slow"], True)


async def _empty(scope: object, receive: object, send: Callable[[dict[str, object]], Awaitable[None]]) -> None:
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def test_maps_are_served_until_the_last_day_of_their_decision_and_no_longer(place: Path) -> None:
    files = {**PAGES, "maps/progress.html": b"<html>map", "en/maps/index.html": b"<html>maps"}
    told = {"hold": date.today() + timedelta(days=2), "over": date.today() - timedelta(days=2)}

    found = {}
    for name, last in told.items():
        folder = published(place / name, files)
        manifest = json.loads((folder / "manifest.json").read_bytes()) | {"release": {"expires_on": str(last)}}
        (folder / "manifest.json").write_text(json.dumps(manifest))
        with running(folder) as site:
            found[name] = [site.ask(path).status for path in ("/maps/progress.html", "/en/maps/", "/data/a.csv")]

    assert found == {"hold": [200, 200, 200], "over": [404, 404, 200]}


def test_the_current_values_are_served_and_seen_when_they_are_published_anew(
    place: Path, until: Callable[[Callable[[], bool]], None]
) -> None:
    folder = published(place / "one")
    with running(folder) as site:
        before = site.ask("/now.json").status
        (folder / ".half").write_bytes(b'{"no":2}')
        (folder / ".half").replace(folder / "now.json")

        until(lambda: site.ask("/now.json").status == 200)
        told = site.ask("/now.json")

    assert before == 404
    assert (told.body, told.headers["cache-control"]) == (b'{"no":2}', "no-cache")


def test_the_page_for_what_is_missing_leads_back_from_any_depth(place: Path) -> None:
    lost = b'<html><head><title>x</title></head><a href="index.html">'
    folder = published(place / "one", {**PAGES, "404.html": lost, "en/404.html": lost})

    with running(folder) as site:
        here, there = site.ask("/a/b/c.html"), site.ask("/en/a/b")

    assert (here.status, there.status) == (404, 404)
    assert b'<head><base href="/"><title>' in here.body
    assert b'<head><base href="/en/"><title>' in there.body
