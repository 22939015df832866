"""The private cluster: real servers, really killed, in folders of their own."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import psycopg
import pytest

from data.texts import text
from layers.ground import cluster as ground
from layers.ground.cluster import Cluster, ClusterRefusal
from tests.private_cluster import AS_ROOT, SERVER_USER, as_plain_user, cluster_in, plain_user, room


@pytest.fixture(scope="module")
def made() -> Iterator[Cluster]:
    """One cluster for the tests that do not need a first start."""
    with room() as folder, cluster_in(folder / "home") as cluster:
        cluster.start()
        yield cluster


@pytest.fixture
def running(made: Cluster) -> Cluster:
    made.start()
    return made


@pytest.fixture
def fresh() -> Iterator[Cluster]:
    """A cluster that nobody has asked for yet."""
    with room() as folder, cluster_in(folder / "home") as cluster:
        yield cluster


def _one(cluster: Cluster, question: str) -> object:
    with psycopg.connect(cluster.url) as connection:
        row = connection.execute(question).fetchone()
    return row and row[0]


def _postmaster(cluster: Cluster) -> int:
    pid = cluster.status().pid
    assert pid is not None
    return pid


def test_the_first_start_makes_a_database_that_holds_chinese_and_keeps_what_it_acknowledged(fresh: Cluster) -> None:
    assert fresh.status().state == "absent"

    with psycopg.connect(fresh.start()) as connection:
        shown = {name: connection.execute(f"show {name}").fetchone() for name in ("fsync", "synchronous_commit")}
        held = connection.execute("select datcollate, pg_encoding_to_char(encoding) from pg_database").fetchall()
        name = connection.execute("select %s", ["兴国县𠮷"]).fetchone()

    assert shown == {"fsync": ("on",), "synchronous_commit": ("on",)}
    assert set(held) == {("C.UTF-8", "UTF8")}
    assert name == ("兴国县𠮷",)
    assert fresh.status().state == "running"


def test_a_second_start_gives_the_same_address_and_leaves_the_server_alone(running: Cluster) -> None:
    before = _postmaster(running)

    assert running.start() == running.url

    assert _postmaster(running) == before


def test_nothing_of_it_listens_on_the_network(made: Cluster) -> None:
    def listening() -> set[str]:
        lines = Path("/proc/net/tcp").read_text() + Path("/proc/net/tcp6").read_text()
        sockets = (line.split() for line in lines.splitlines())
        return {words[9] for words in sockets if words[3] == "0A" and words[7] == own}

    own = str(made.home.stat().st_uid)
    made.stop()
    before = listening()

    made.start()

    assert listening() - before == set()
    assert _one(made, "show listen_addresses") == ""


def test_nobody_else_may_enter_the_folder_of_the_socket(running: Cluster) -> None:
    assert running.sockets.stat().st_mode & 0o777 == 0o700
    if AS_ROOT:
        with pytest.raises(psycopg.OperationalError, match="Permission denied"):
            as_plain_user(_one, running, "select 1")


def test_its_owner_may_take_any_role(running: Cluster) -> None:
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute("create role ranger login")

    with psycopg.connect(running.url, user="ranger") as connection:
        assert connection.execute("select session_user").fetchone() == ("ranger",)


def test_a_killed_server_starts_again_with_every_row_it_acknowledged(running: Cluster) -> None:
    with psycopg.connect(running.url, autocommit=True) as writer:
        writer.execute("create table kept (n int)")
        for n in range(200):
            writer.execute("insert into kept values (%s)", [n])
        os.kill(_postmaster(running), signal.SIGKILL)

    running.start()

    assert _one(running, "select count(*) from kept") == 200


def test_a_backend_that_outlives_its_server_in_a_long_computation_does_not_hold_up_the_next(running: Cluster) -> None:
    computing = psycopg.connect(running.url)
    backend = computing.info.backend_pid
    endless = threading.Thread(target=_compute_without_end, args=[computing])
    endless.start()
    while _one(running, f"select state from pg_stat_activity where pid = {backend}") != "active":
        pass
    os.kill(_postmaster(running), signal.SIGKILL)

    running.start()

    endless.join()
    assert _one(running, "select 1") == 1


def _compute_without_end(connection: psycopg.Connection) -> None:
    with pytest.raises(psycopg.OperationalError), connection:
        connection.execute("do $$ begin loop end loop; end $$")


def test_a_stale_pid_file_whose_number_another_program_has_now_does_not_stop_a_start(running: Cluster) -> None:
    running.stop()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, user=SERVER_USER) as other:
        (running.data / "postmaster.pid").write_text(f"{other.pid}\n{running.data}\n0\n5432\n")

        running.start()

        assert _one(running, "select 1") == 1
        other.communicate()


def test_two_first_starts_at_once_make_one_cluster(fresh: Cluster) -> None:
    with ProcessPoolExecutor(2, get_context("fork")) as both:
        urls = both.map(Cluster.start, [fresh, fresh])

    assert list(urls) == [fresh.url, fresh.url]
    assert _one(fresh, "select count(*) from pg_database where datname = 'qingshan'") == 1


def test_what_an_interrupted_first_start_left_is_made_again(fresh: Cluster) -> None:
    half = fresh.home / "half"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("15")
    fresh.home.chmod(0o700)
    if AS_ROOT:
        shutil.chown(fresh.home, SERVER_USER)

    fresh.start()

    assert _one(fresh, "select 1") == 1


def test_a_cluster_made_anew_in_the_same_place_goes_by_another_name(fresh: Cluster) -> None:
    fresh.start()
    first = fresh.name
    fresh.stop()
    shutil.rmtree(fresh.home)

    fresh.start()

    assert fresh.name != first


def test_stop_ends_open_connections_and_a_second_stop_has_nothing_to_do(running: Cluster) -> None:
    with psycopg.connect(running.url) as connection:
        assert running.stop()

        with pytest.raises(psycopg.OperationalError):
            connection.execute("select 1")

    assert running.status().state == "stopped"
    assert not running.stop()


def test_a_home_with_a_long_path_keeps_its_socket_under_sixty_characters() -> None:
    with room() as folder, cluster_in(folder / ("x" * 120)) as cluster:
        cluster.start()

        socket = cluster.sockets / ".s.PGSQL.5432"
        assert socket.is_socket()
        assert len(str(socket)) < 60
        assert _one(cluster, "select 1") == 1


def test_a_socket_folder_that_others_may_enter_is_refused() -> None:
    with room() as folder, cluster_in(folder / ("x" * 120)) as cluster:
        cluster.sockets.mkdir(mode=0o755)

        with pytest.raises(ClusterRefusal, match=r"cluster\.not_ours"):
            cluster.start()


def test_a_plain_user_has_it_in_their_own_state_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    with room() as folder:
        os.chown(folder, plain_user().pw_uid, -1)
        monkeypatch.setenv("XDG_STATE_HOME", str(folder))

        state, home = as_plain_user(_live_a_day, folder / "checkout")

    assert state == ["absent", "running", "running", "stopped"]
    assert home.parent == folder / "qingshan"


def _live_a_day(checkout: Path) -> tuple[list[str], Path]:
    """Start, be killed, start again, stop."""
    cluster = ground.of(checkout)
    seen = [cluster.status().state]
    for _ in range(2):
        cluster.start()
        seen.append(cluster.status().state)
        os.kill(_postmaster(cluster), signal.SIGKILL)
    cluster.start()
    cluster.stop()
    return [*seen, cluster.status().state], cluster.home


def test_each_checkout_has_its_own_and_a_relative_state_folder_is_not_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", "here")

    one, other = (as_plain_user(_home_of, Path(f"/srv/{name}")) for name in ("one", "other"))

    assert one != other
    assert one.parent == other.parent
    assert one.is_absolute()


def _home_of(checkout: Path) -> Path:
    return ground.of(checkout).home


def test_without_a_server_the_refusal_names_the_packages(fresh: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ground, "SERVERS", Path("/nonexistent"))

    with pytest.raises(ClusterRefusal) as refused:
        fresh.start()

    for lang in ("zh", "en"):
        assert "apt-get install -y --no-install-recommends postgresql-15" in text(refused.value.id, lang)


def test_a_cluster_of_a_version_that_is_gone_is_refused_by_number(
    running: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.stop()
    monkeypatch.setattr(ground, "SERVERS", Path("/nonexistent"))

    with pytest.raises(ClusterRefusal) as refused:
        running.start()

    assert refused.value.id == "cluster.version_gone"
    assert refused.value.values["version"] == running.version


def test_a_server_that_does_not_come_up_is_refused_with_the_place_of_its_logs(running: Cluster) -> None:
    with psycopg.connect(running.url, autocommit=True) as connection:
        connection.execute("alter system set shared_preload_libraries = 'no_such_library'")
    running.stop()

    with pytest.raises(ClusterRefusal) as refused:
        running.start()

    (running.data / "postgresql.auto.conf").write_text("")
    assert refused.value.id == "cluster.does_not_start"
    assert refused.value.values["logs"] == running.logs
    assert "no_such_library" in (running.logs / "start.log").read_text()


def test_a_place_that_cannot_be_used_is_refused_with_the_reason(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with pytest.raises(ClusterRefusal) as refused:
        Cluster(tmp_path / "file" / "home", SERVER_USER).start()

    assert refused.value.id == "cluster.no_place"
    assert "file" in str(refused.value.values["reason"])
