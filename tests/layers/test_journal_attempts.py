"""Nobody may choose the number, the time or the person of a change.

Each attempt is made through psql by a login that has qingshan_edit and no more.
"""

from __future__ import annotations

import uuid
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine, text
from sqlalchemy.orm import Session

from layers.plots import Plot
from tests.layers.conftest import Psql
from tests.layers.ledger import ONE, another, changes, clock, everything, number

# --- what is refused, and its exact answer

DENIED = "42501: permission denied for "
OWNER = "42501: must be owner of "
REFUSED = {
    "choosing the number": ("insert into journal.changes (no) values (99)", DENIED + "table changes"),
    "choosing the time": ("insert into journal.changes (at) values ('2020-01-01')", DENIED + "table changes"),
    "choosing the person": ("insert into journal.changes (person) values ('县长')", DENIED + "table changes"),
    "choosing the door": ("insert into journal.changes (door) values ('web')", DENIED + "table changes"),
    "claiming an undo": ("insert into journal.changes (undoes) values (1)", DENIED + "table changes"),
    "choosing the key": (
        "insert into journal.changes (id, note) overriding system value values (1, 'x')",
        DENIED + "table changes",
    ),
    "a change by values of a row": (
        "insert into journal.changes (no, at, person, door) select no, at, person, door from journal.changes",
        DENIED + "table changes",
    ),
    "rewriting a change": ("update journal.changes set note = 'x'", DENIED + "table changes"),
    "rewriting one's own open change": (
        "begin; insert into journal.changes (note) values ('x'); "
        "update journal.changes set person = '县长' where no is null",
        DENIED + "table changes",
    ),
    "removing a change": ("delete from journal.changes", DENIED + "table changes"),
    "emptying the changes": ("truncate journal.changes cascade", DENIED + "table changes"),
    "a second change": (
        "begin; insert into journal.changes (note) values ('a'); insert into journal.changes (note) values ('b')",
        "55000: journal.open: this transaction has opened its change already",
    ),
    "two changes at once": (
        "insert into journal.changes (note) values ('a'), ('b')",
        "55000: journal.open: this transaction has opened its change already",
    ),
    "a kind that is none": (
        "insert into journal.changes (kind) values ('because')",
        '23514: new row for relation "changes" violates check constraint "changes_kind_check"',
    ),
    "a day without end": (
        "insert into journal.changes (effective_on) values ('infinity')",
        "22008: journal.open: infinity is no day of our calendar",
    ),
    "a day before all": (
        "insert into journal.changes (effective_on) values ('-infinity')",
        "22008: journal.open: -infinity is no day of our calendar",
    ),
    "a change by upsert": (
        "insert into journal.changes (note) values ('x') on conflict (id) do update set person = '县长'",
        DENIED + "table changes",
    ),
    "a change by merge": (
        """merge into journal.changes c using (values (1)) w(id) on c.id = w.id
           when matched then update set person = '县长' when not matched then insert (no) values (99)""",
        DENIED + "table changes",
    ),
    "a change by copy": ("copy journal.changes (no, person) from stdin", DENIED + "table changes"),
    "locking the changes": ("begin; lock table journal.changes in exclusive mode", DENIED + "table changes"),
    "holding a change": ("select * from journal.changes for update", DENIED + "table changes"),
    "writing history": (
        f"insert into journal.versions (layer, id, version, change, gone) values ('plots', '{ONE}', 9, 1, true)",
        DENIED + "table versions",
    ),
    "rewriting history": ("update journal.versions set row = '{}'", DENIED + "table versions"),
    "removing history": ("delete from journal.versions", DENIED + "table versions"),
    "emptying history": ("truncate journal.versions", DENIED + "table versions"),
    "history by copy": ("copy journal.versions from stdin", DENIED + "table versions"),
    "history from a trigger of one's own": (
        f"""create temp table mine (x int);
        create function pg_temp.deeper() returns trigger language plpgsql as $$ begin
          insert into journal.versions (layer, id, version, change, gone) values ('plots', '{ONE}', 9, 1, true);
          return new; end $$;
        create trigger deeper before insert on mine for each row execute function pg_temp.deeper();
        insert into mine values (1)""",
        DENIED + "table versions",
    ),
    "writing the past": ("update past.plots set name = 'x'", '55000: cannot update view "plots"'),
    "deciding in the inbox": ("update journal.inbox set state = 'taken'", DENIED + "table inbox"),
    "moving a cursor": ("insert into journal.cursors (follower, upto) values ('x', 9)", DENIED + "table cursors"),
    "emptying a layer": ("truncate layers.plots", DENIED + "table plots"),
    "another id": (
        f"update layers.plots set id = '{uuid.UUID(int=5)}'",
        "55000: journal.record: the id of a feature does not change",
    ),
    "another id by upsert": (
        f"insert into layers.plots {another(1)} on conflict (id) do update set id = '{uuid.UUID(int=5)}'",
        "55000: journal.record: the id of a feature does not change",
    ),
    "the program's role": ("set role qingshan_program", '42501: permission denied to set role "qingshan_program"'),
    "the owner's role": ("set role {owner}", '42501: permission denied to set role "{owner}"'),
    "the role by a setting": (
        "select set_config('role', '{owner}', false)", '42501: permission denied to set role "{owner}"'
    ),
    "the owner's session": (
        "set session authorization {owner}", '42501: permission denied to set session authorization "{owner}"'
    ),
    "granting oneself": (
        "grant qingshan_program to current_user",
        '42501: must have admin option on role "qingshan_program"',
    ),
    "a replica's session": (
        "set session_replication_role = replica",
        '42501: permission denied to set parameter "session_replication_role"',
    ),
    "a replica's session for ever": (
        "alter role current_user set session_replication_role = replica",
        '42501: permission denied to set parameter "session_replication_role"',
    ),
    "other meanings of names": (
        "do $$ begin end $$; set plpgsql.variable_conflict = use_column",
        '42501: permission denied to set parameter "plpgsql.variable_conflict"',
    ),
    "no triggers": ("alter table layers.plots disable trigger all", OWNER + "table plots"),
    "no trigger": ("alter table layers.plots disable trigger record", OWNER + "table plots"),
    "dropping a trigger": ("drop trigger record on layers.plots", OWNER + "relation plots"),
    "no triggers by the catalogue": ("update pg_trigger set tgenabled = 'D'", DENIED + "table pg_trigger"),
    "a trigger of one's own": (
        """create function pg_temp.mine() returns trigger language plpgsql as $$ begin return null; end $$;
           create trigger a before update on layers.plots for each row execute function pg_temp.mine()""",
        DENIED + "table plots",
    ),
    "a rule of one's own": (
        "create rule a as on update to layers.plots do instead nothing", OWNER + "table plots"
    ),
    "our trigger on another table": (
        "create temp table plots (id uuid); "
        "create trigger record before insert on plots for each row execute function journal.record()",
        DENIED + "function journal.record",
    ),
    "our stamp on another table": (
        "create temp table mine (id bigint); "
        "create trigger stamp after insert on mine for each row execute function journal.stamp()",
        DENIED + "function journal.stamp",
    ),
    "calling the opener": ("select journal.mine()", DENIED + "function mine"),
    "calling the stamp": ("select journal.stamp()", DENIED + "function stamp"),
    "calling the trigger": ("select journal.record()", DENIED + "function record"),
    "another body": ("alter function journal.record() reset all", OWNER + "function journal.record"),
    "another function": (
        "create function journal.door() returns int return 1", DENIED + "schema journal"
    ),
    "another function in public": ("create function public.max(bigint) returns int return 1", DENIED + "schema public"),
    "a schema of one's own": ("create schema mine", DENIED + "database {database}"),
    "the numbers of the keys": ("select setval('journal.changes_id_seq', 1)", DENIED + "sequence changes_id_seq"),
    "a server's program": (
        "copy layers.plots from program 'true'",
        "42501: must be superuser or have privileges of the pg_execute_server_program role "
        "to COPY to or from an external program",
    ),
}  # fmt: skip


@pytest.mark.parametrize("attempt", REFUSED)
def test_an_editor_is_refused(layered: Engine, editor: Psql, attempt: str) -> None:
    script, answer = REFUSED[attempt]
    known = {"{owner}": str(layered.url.username), "{database}": str(layered.url.database)}
    for name, value in known.items():
        script, answer = script.replace(name, value), answer.replace(name, value)
    before = everything(layered)

    answers = editor(script + ";\n")

    assert answers == [answer]
    assert everything(layered) == before


def test_a_prepared_transaction_waits_with_its_stamp_or_is_not_there(layered: Engine, editor: Psql) -> None:
    before = everything(layered)
    with layered.connect() as connection:
        allowed = int(connection.execute(text("show max_prepared_transactions")).scalar_one())

    answers = editor(f"""begin; update layers.plots set name = 'x' where id = '{ONE}'; prepare transaction 'later';
                         rollback prepared 'later';""")

    assert answers == ([] if allowed else ["55000: prepared transactions are disabled"])
    assert everything(layered) == before


# --- what is allowed, and changes nothing about who and when

EDIT = f"update layers.plots set name = gen_random_uuid()::text where id = '{ONE}'; "
FUTILE = {
    "another time zone": "set timezone = 'Pacific/Kiritimati'; " + EDIT,
    "another calendar": "set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'; " + EDIT,
    "other readings": "set transform_null_equals = on; set standard_conforming_strings = off; "
    "set escape_string_warning = off; set plpgsql.extra_warnings = 'all'; " + EDIT,
    "a setting before its meaning is loaded": "set plpgsql.variable_conflict = use_column; " + EDIT,
    "no rounding": "set extra_float_digits = -15; set bytea_output = escape; " + EDIT,
    "a smaller role": "set role qingshan_edit; " + EDIT,
    "the past's settings": "set qingshan.past_no = 1; set qingshan.past_on = '2000-01-01'; " + EDIT,
    "deferring what is deferred": "begin; set constraints all deferred; " + EDIT + "commit;",
    "tables of our names": """
        create temp table changes (id bigint, no bigint, at timestamptz, person text, door text);
        create temp table versions (like journal.versions);
        insert into changes values (7, null, null, '县长', 'web');
        set search_path = pg_temp, journal, layers, public;
        """ + EDIT,
    "functions of our names": """
        create function pg_temp.clock_timestamp() returns timestamptz return '2020-01-01'::timestamptz;
        create function pg_temp.current_setting(text) returns text return 'qgis';
        create function pg_temp.max(bigint) returns bigint return 99;
        create function pg_temp.to_jsonb(anyelement) returns jsonb language sql as $$ select '{}'::jsonb $$;
        set search_path = pg_temp, journal, layers, public;
        """ + EDIT,
    "operators of our names": """
        create function pg_temp.differs(bigint, bigint) returns boolean return false;
        create operator pg_temp.<> (leftarg = bigint, rightarg = bigint, function = pg_temp.differs);
        create function pg_temp.same(layers.plots, layers.plots) returns boolean return true;
        create operator pg_temp.*= (leftarg = layers.plots, rightarg = layers.plots, function = pg_temp.same);
        set search_path = pg_temp, journal, layers, public;
        """ + EDIT,
    "types of our names": "".join(
        f"""
        create function pg_temp.tell(pg_catalog.{name}) returns boolean language plpgsql as $$ begin
          if current_user <> session_user then raise exception 'ran as %', current_user; end if; return true; end $$;
        create domain pg_temp.{name} as pg_catalog.{name} check (pg_temp.tell(value));"""
        for name in ("date", "text", "timestamptz", "int4", "int8", "bool", "regclass")
    ) + EDIT,
    "a version and change of one's own": f"""
        update layers.plots set name = gen_random_uuid()::text, version = 99, change = 1 where id = '{ONE}';""",
    "a merge": f"""
        merge into layers.plots p using (values ('{ONE}'::uuid)) w(id) on p.id = w.id
        when matched then update set name = gen_random_uuid()::text, version = 99, change = 1;""",
    "an upsert": f"""
        insert into layers.plots {another(1)}
        on conflict (id) do update set name = gen_random_uuid()::text, version = 99, change = 1;""",
}  # fmt: skip


@pytest.mark.parametrize("attempt", FUTILE)
def test_an_editor_is_recorded_all_the_same(layered: Engine, editor: Psql, attempt: str) -> None:
    before, since = clock(layered), number(layered)
    with Session(layered) as session:
        version = session.get_one(Plot, ONE).version

    answers = editor(FUTILE[attempt])

    assert answers == []
    (made,) = changes(layered, above=since)
    assert (made.no, made.person, made.door) == (since + 1, editor.login, "sql")
    assert before < made.at < clock(layered)
    assert made.effective_on == made.at.astimezone(ZoneInfo("Asia/Shanghai")).date()
    with Session(layered) as session:
        assert session.get_one(Plot, ONE).version == version + 1


def test_a_stamp_called_early_gives_numbers_of_the_same_person_in_order(layered: Engine, editor: Psql) -> None:
    before, since = clock(layered), number(layered)

    answers = editor("begin; set constraints all immediate; " + EDIT + EDIT + "commit;")

    made = changes(layered, above=since)
    assert answers == []
    assert [(c.no, c.person) for c in made] == [(since + 1, editor.login), (since + 2, editor.login)]
    assert before < made[0].at < made[1].at < clock(layered)


def test_a_door_is_only_what_the_client_says(layered: Engine, editor: Psql) -> None:
    since = number(layered)

    editor("set application_name = 'qgis'; " + EDIT)

    assert [(c.person, c.door) for c in changes(layered, above=since)] == [(editor.login, "qgis")]


def test_rows_copied_in_begin_at_version_one_of_this_change(layered: Engine, editor: Psql, tmp_path: Path) -> None:
    since, file = number(layered), tmp_path / "rows"

    answers = editor(f"""
        create temp table rows as {another(3)};
        update rows set version = 99, change = 1;
        \\copy rows to '{file}'
        \\copy layers.plots from '{file}'
        select version, change = (select max(id) from journal.changes) from layers.plots where code = 'c3';
        delete from layers.plots where code = 'c3';""")

    assert answers == ["1|t"]
    assert [(c.no, c.person) for c in changes(layered, above=since)] == [
        (since + 1, editor.login),
        (since + 2, editor.login),
    ]
