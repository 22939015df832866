"""A replaced row reads back as it was, whatever the client that replaced it, or reads it, has set."""

from __future__ import annotations

import math
import uuid
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, select, text
from sqlalchemy.orm import Session

from layers.ground.history import last_no, past
from layers.plots import Plot
from pipelines.edits.apply import apply
from tests.layers.ledger import ONE
from tests.samples import occasion, plot, square

SETTINGS = (
    "set extra_float_digits = -15",
    "set datestyle = 'SQL, DMY'; set intervalstyle = 'sql_standard'",
    "set datestyle = 'German'; set timezone = 'Pacific/Kiritimati'",
    "set bytea_output = escape; set standard_conforming_strings = off; set escape_string_warning = off",
    "set search_path = ''; set quote_all_identifiers = on",
    "set client_encoding = 'GB18030'; set xmloption = document; set transform_null_equals = on",
)
WORDS = st.text(
    st.characters(exclude_categories=("Cs",), exclude_characters="\0", codec="gb18030"), max_size=40
) | st.sampled_from(["马尾松", '"\\', "NaN", "null", "𠮷家村", "{}"])
"""Any text but NUL, which PostgreSQL does not hold."""
DOUBLES = st.floats(allow_nan=True, allow_infinity=True) | st.sampled_from([0.1 + 0.2, 5e-324, 1.7976931348623157e308])


@pytest.fixture(scope="module")
def table(ground: Engine) -> Engine:
    """One column of each type that a layer may have, on the plots' own table."""
    with Session(ground) as session, session.begin():
        apply(session, [plot(1)], occasion())
    return ground


def columns() -> dict[str, Any]:
    """The free columns of a plot, with what they may hold."""
    found: dict[str, Any] = {"source": WORDS, "name": st.none() | WORDS, "survey_area_m2": st.none() | DOUBLES}
    found["survey_crs"] = st.none() | st.integers(-(2**31), 2**31 - 1)
    found["made_up"] = st.booleans()
    found["shape"] = st.builds(square, st.integers(0, 99), size=st.floats(1e-6, 1e-3))
    return found


def stands(session: Session) -> dict[str, Any]:
    return dict(session.execute(select(Plot.__table__).where(Plot.id == ONE)).mappings().one())


def equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return one == other or (math.isnan(one) and math.isnan(other))
    return bool(type(one) is type(other) and one == other)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    row=st.fixed_dictionaries(columns()), replaced_under=st.sampled_from(SETTINGS), read_under=st.sampled_from(SETTINGS)
)
def test_a_replaced_row_reads_back_equal(
    table: Engine, row: dict[str, Any], replaced_under: str, read_under: str
) -> None:
    with table.begin() as connection:
        connection.execute(Plot.__table__.update().where(Plot.id == ONE).values(**row))
        connection.execute(text("update layers.plots set survey_area_m2 = :a, survey_crs = :c"), {
            "a": row["survey_area_m2"], "c": row["survey_crs"],
        })  # fmt: skip
    with Session(table) as session:
        was, no = stands(session), last_no(session)
    _replace(table, replaced_under)

    with past(table, no) as then:
        _set(then.connection(), read_under)
        read = stands(then)
        _set(then.connection(), "set datestyle = 'ISO'; set client_encoding = 'UTF8'")

    assert all(equal(row[name], was[name]) for name in row if name != "shape")
    assert {name: (was[name], read[name]) for name in was if not equal(was[name], read[name])} == {}


def _replace(engine: Engine, setting: str) -> None:
    with engine.begin() as connection:
        for one in setting.split("; "):
            connection.exec_driver_sql(one.replace("set ", "set local ", 1))
        connection.exec_driver_sql(f"update layers.plots set name = '{uuid.uuid4()}'")


def _set(connection: Connection, setting: str) -> None:
    """For a reader: but for the search path, which makes a session past, and what its driver reads answers by."""
    for one in setting.split("; "):
        if not any(word in one for word in ("search_path", "datestyle", "client_encoding", "extra_float_digits")):
            connection.exec_driver_sql(one.replace("set ", "set local ", 1))


def test_every_kind_of_column_comes_back_through_json_as_it_was(engine: Engine) -> None:
    """The trigger on a table with the types that layers use, replaced under the oddest settings."""
    values = {
        "d": "'2024-02-29'::date", "early": "'0044-03-15 BC'::date", "n": "'12345678901234567890.123456789'::numeric",
        "nan": "'NaN'::numeric", "f": "0.1::float8 + 0.2", "inf": "'-Infinity'::float8", "s": "32767::int2",
        "at": "'2025-06-30 23:59:59.999999+08'::timestamptz", "b": "'\\x00ff5c'::bytea",
        "words": "'小班\\n\"图\"'::text",
        "many": "array['赤','橙',null]::text[]", "big": "9223372036854775807::int8",
    }  # fmt: skip
    made = ", ".join(f"{value} as {name}" for name, value in values.items())
    with engine.begin() as connection:
        connection.exec_driver_sql(f"""create table layers.odd as select gen_random_uuid() as id, 0::int8 as version,
            0::int8 as change, {made}, null::geometry as shape limit 0""")
        connection.exec_driver_sql("""create trigger record before insert or update or delete on layers.odd
            for each row execute function journal.record()""")
        connection.exec_driver_sql(f"insert into layers.odd select gen_random_uuid(), 0, 0, {made}")
        before = connection.exec_driver_sql("select to_jsonb(o) - 'shape', o::text from layers.odd o").one()
    with engine.begin() as connection:
        for setting in ("extra_float_digits = -15", "datestyle = 'SQL, DMY'", "timezone = 'Asia/Kathmandu'",
                        "bytea_output = escape", "search_path = ''", "intervalstyle = sql_standard"):  # fmt: skip
            connection.exec_driver_sql(f"set local {setting}")
        connection.exec_driver_sql("update layers.odd set s = 1, f = 1, d = null")
    with engine.connect() as connection:
        after = connection.exec_driver_sql("""select to_jsonb(r) - 'shape', r::text from journal.versions v
            cross join lateral jsonb_populate_record(null::layers.odd, v.row) r where v.layer = 'odd'""").one()

    assert after == before
