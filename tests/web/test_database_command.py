"""`qingshan db`, on a cluster of the test's own and on a stated server."""

from __future__ import annotations

import json
from collections.abc import Iterator

import psycopg
import pytest
from typer.testing import CliRunner

from layers.ground import cluster as ground
from layers.ground.cluster import Cluster
from tests.private_cluster import cluster_in, room
from web.terminal import say
from web.terminal.desks.database import DatabaseRefusal
from web.terminal.main import app


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with room() as folder, cluster_in(folder / "home") as made:
        yield made


@pytest.fixture
def private(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The cluster taken for this checkout's, so that the checkout's own is left alone."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setattr(ground, "of", lambda: cluster)
    return cluster


@pytest.fixture
def stated(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("DATABASE_URL", cluster.start().replace("postgresql:", "postgresql+psycopg:"))
    return cluster.url


@pytest.fixture(autouse=True)
def _voice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(say, "voice", say.Voice())


def _qingshan(*words: str) -> str:
    return CliRunner().invoke(app, ["db", *words], catch_exceptions=False).stdout


def test_it_starts_tells_and_stops_the_private_cluster(private: Cluster) -> None:
    told = [json.loads(_qingshan("status", "--json"))]
    for command in ("start", "stop"):
        _qingshan(command)
        told.append(json.loads(_qingshan("status", "--json")))

    assert [one["state"] for one in told] == ["absent", "running", "stopped"]
    assert told[1] | {"whose": "private", "home": str(private.home), "missing": []} == told[1]
    assert told[1]["postgis_available"].startswith("3.")


def test_url_starts_the_private_cluster_and_psql_can_use_what_it_prints(private: Cluster) -> None:
    private.stop()

    with psycopg.connect(_qingshan("url").strip()) as connection:
        assert connection.info.dbname == "qingshan"


def test_status_exits_with_1_when_something_is_missing(stated: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with psycopg.connect(stated, autocommit=True) as connection:
        connection.execute("create role visitor login")
    monkeypatch.setenv("DATABASE_URL", stated.replace("qingshan@", "visitor@"))

    done = CliRunner().invoke(app, ["db", "status", "--json"])

    assert done.exit_code == 1
    assert json.loads(done.stdout)["missing"][0] == "server.postgis_not_created"


def test_a_stated_server_is_told_about_but_neither_started_nor_stopped(stated: str) -> None:
    assert json.loads(_qingshan("status", "--json"))["whose"] == "stated"
    for command in ("start", "stop"):
        with pytest.raises(DatabaseRefusal):
            _qingshan(command)


def test_url_prints_a_stated_address_as_psql_reads_it(stated: str) -> None:
    assert _qingshan("url").strip() == stated
