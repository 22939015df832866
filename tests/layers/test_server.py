"""What a stated server is found to lack, asked of real roles and databases."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from data.texts import text
from layers.ground import server
from layers.ground.cluster import Cluster
from layers.ground.server import ServerRefusal
from tests.private_cluster import cluster_in, room


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    with room() as folder, cluster_in(folder / "home") as made:
        with psycopg.connect(made.start(), autocommit=True) as connection:
            connection.execute("create role guest login")
            connection.execute("create database latin encoding 'LATIN1' locale 'C' template template0")
        yield made


def test_the_private_cluster_lacks_nothing(cluster: Cluster) -> None:
    assert server.ask(cluster.url).missing == ()


def test_a_role_without_rights_is_told_all_it_lacks_and_what_only_tests_need(cluster: Cluster) -> None:
    found = server.ask(make_conninfo(cluster.url, user="guest"))

    assert [(missing.id, missing.tests_only) for missing in found.missing] == [
        ("server.postgis_not_created", False),
        ("server.no_create_role", False),
        ("server.no_create_database", True),
    ]


def test_a_role_that_may_not_create_postgis_lacks_nothing_of_it_once_it_is_there(cluster: Cluster) -> None:
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        connection.execute("create extension postgis")
        connection.execute("alter role guest createrole createdb")

    assert server.ask(make_conninfo(cluster.url, user="guest")).missing == ()


def test_a_database_that_cannot_hold_chinese_is_named_with_its_encoding(cluster: Cluster) -> None:
    found = server.ask(make_conninfo(cluster.url, dbname="latin"))

    assert [missing.id for missing in found.missing] == ["server.not_utf8"]
    assert "LATIN1" in text("server.not_utf8", "zh", {"database": found.database, "encoding": found.encoding})


def test_a_server_that_does_not_answer_is_refused_with_the_reason() -> None:
    with pytest.raises(ServerRefusal) as refused:
        server.ask("postgresql:///qingshan?host=/nonexistent")

    assert refused.value.id == "server.unreachable"
    assert "/nonexistent" in str(refused.value.values["reason"])
