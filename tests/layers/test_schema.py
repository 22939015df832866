"""The schema is the same however it was built, every layer has what it needs, and a dump brings all of it back."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import URL, Engine, create_engine, insert, text
from sqlalchemy.orm import Session

from layers.ground import db, schema
from layers.ground.history import last_no, past
from layers.ground.layer import catalogue
from layers.plots import Plot
from layers.records.stated import Stated
from pipelines.edits.apply import apply
from tests.conftest import a_database
from tests.layers.test_stated import COVERAGE
from tests.samples import ended, occasion, plot, revised

LAYERS = [layer.__tablename__ for layer in catalogue()]


def dsn(url: URL) -> str:
    return url.set(drivername="postgresql").render_as_string(hide_password=False)


def dumped(url: URL) -> list[str]:
    """The schema as pg_dump writes it, but for the marker of the migrations and the keys it makes up per dump."""
    ran = subprocess.run(
        ["pg_dump", "-s", "-T", "journal.alembic_version", dsn(url)], check=True, capture_output=True, text=True
    )
    return [line for line in ran.stdout.splitlines() if not line.startswith(("\\restrict", "\\unrestrict"))]


@contextmanager
def empty(server: Engine) -> Iterator[Engine]:
    name = f"qingshan_schema_{uuid.uuid4().hex[:8]}"
    with a_database(server, name):
        engine = db.engine(server.url.set(database=name))
        yield engine
        engine.dispose()


def test_a_schema_built_from_the_models_equals_one_built_through_the_migrations(server: Engine, engine: Engine) -> None:
    with empty(server) as fresh:
        with fresh.begin() as connection:
            schema.build(connection)

        built, migrated = dumped(fresh.url), dumped(engine.url)

    assert any("CREATE TRIGGER record" in line for line in built)
    assert any("CREATE VIEW past.plots" in line for line in built)
    assert built == migrated


def test_installing_again_changes_nothing(engine: Engine) -> None:
    before = dumped(engine.url)

    with engine.begin() as connection:
        schema.install(connection)

    assert dumped(engine.url) == before


@pytest.mark.parametrize("layer", LAYERS)
def test_every_mapped_layer_has_its_triggers_past_view_and_grants(ground: Engine, layer: str) -> None:
    with ground.connect() as connection:
        triggers = connection.scalars(
            text(
                "select tgname from pg_trigger where tgrelid = to_regclass(:t) and tgenabled = 'O' and not tgisinternal"
            ),
            {"t": f"layers.{layer}"},
        ).all()
        columns = "select array_agg(attname || ' ' || format_type(atttypid, atttypmod)) from pg_attribute"
        shapes = [
            connection.scalar(text(f"{columns} where attrelid = to_regclass(:t) and attnum > 0"), {"t": f"{s}.{layer}"})
            for s in ("layers", "past")
        ]
        rights = connection.execute(
            text("""select r, s, array(select p from unnest(array['select','insert','update','delete','truncate']) p
                                    where has_table_privilege('qingshan_' || r, s || '.' || :t, p))
                      from unnest(array['read', 'edit', 'program']) r, unnest(array['layers', 'past']) s"""),
            {"t": layer},
        ).all()

    assert {"record", "follow", "stays_whole"} <= set(triggers)
    assert shapes[0] is not None
    assert sorted(shapes[0]) == sorted(shapes[1])
    editing = ["select", "insert", "update", "delete"]
    assert {(r, s): p for r, s, p in rights} == {
        ("read", "layers"): ["select"],
        ("edit", "layers"): editing,
        ("program", "layers"): editing,
        ("read", "past"): ["select"],
        ("edit", "past"): ["select"],
        ("program", "past"): ["select"],
    }


@pytest.mark.parametrize("layer", LAYERS)
def test_the_journal_can_keep_every_column_without_loss(ground: Engine, layer: str) -> None:
    # A second geometry would pass through GeoJSON; a generated column would make every save a change.
    with ground.connect() as connection:
        strange = connection.scalars(
            text("""select attname from pg_attribute where attrelid = to_regclass(:t) and attnum > 0
                and not attisdropped and (attgenerated <> '' or format_type(atttypid, null) not in
                    ('uuid', 'text', 'character varying', 'bigint', 'integer', 'smallint', 'double precision',
                     'numeric', 'boolean', 'date', 'timestamp with time zone'))"""),
            {"t": f"layers.{layer}"},
        ).all()

    assert strange == ["shape"]


@pytest.mark.parametrize("group", [None, "qingshan_read"])
@pytest.mark.parametrize("layer", LAYERS)
def test_the_spatial_index_serves_the_owner_and_a_reader(
    ground: Engine, login: Callable[[Engine, str], URL], layer: str, group: str | None
) -> None:
    reader = create_engine(login(ground, group) if group else ground.url)
    with reader.connect() as connection:
        connection.execute(text("set enable_seqscan = off"))
        plan = connection.scalars(
            text(f"explain select id from layers.{layer} where shape && ST_MakeEnvelope(115, 26, 116, 27, 4490)")
        ).all()
    reader.dispose()

    assert any(f"{layer}_shape" in line for line in plan), plan
    assert any("Index Cond: (shape &&" in line for line in plan), plan


def tables(engine: Engine) -> dict[str, str]:
    """A fingerprint of every table of ours."""
    with engine.connect() as connection:
        names = connection.scalars(
            text("""select oid::regclass::text from pg_class where relkind = 'r'
                and relnamespace::regnamespace::text in ('layers', 'journal', 'records') order by 1""")
        ).all()
        connection.execute(text("set search_path = public"))
        query = "select md5(coalesce(string_agg(t::text, '|' order by t::text collate \"C\"), '')) from {} t"
        return {
            name: connection.execute(text(query.format(name if "." in name else f"layers.{name}"))).scalar_one()
            for name in names
        }


def test_a_dump_restored_holds_the_same_and_goes_on_counting(server: Engine, engine: Engine, tmp_path: Path) -> None:
    for edits in ([plot(1, name="青山"), plot(2)], [revised(1, name="山")], [ended(2)]):
        with Session(engine) as session, session.begin():
            apply(session, edits, occasion())
            session.execute(insert(Stated).values(COVERAGE))
    file = str(tmp_path / "dump")

    with empty(server) as restored:
        subprocess.run(["pg_dump", "-Fc", "-f", file, dsn(engine.url)], check=True)
        subprocess.run(["pg_restore", "--exit-on-error", "-d", dsn(restored.url), file], check=True)
        assert tables(restored) == tables(engine)
        assert dumped(restored.url) == dumped(engine.url)
        with Session(restored) as session, session.begin():
            apply(session, [revised(1, name="水")], occasion())
        with restored.connect() as connection:
            assert last_no(connection) == 4
        with past(restored, 3) as then:
            assert [(p.name, p.version) for p in then.query(Plot)] == [("山", 2)]
