from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import BigInteger, Column, MetaData, Table
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateTable

from data import facts
from layers.ground.layer import Field, SurveyedLayer, catalogue, fields
from layers.records import codes

LAYERS = list(catalogue())


def described() -> Iterator[tuple[str, Field]]:
    for layer in LAYERS:
        yield from ((f"{layer.__tablename__}.{name}", field) for name, field in fields(layer).items())


def ddl(table: Any) -> str:
    """The table's DDL, beside a stand-in for the journal it refers to."""
    metadata = MetaData()
    Table("changes", metadata, Column("id", BigInteger, primary_key=True), schema="journal")
    return str(CreateTable(table.to_metadata(metadata)).compile(dialect=postgresql.dialect()))


def test_the_catalogue_is_the_twelve_layers() -> None:
    assert [layer.__tablename__ for layer in LAYERS] == [
        "controls", "erosion", "landclass", "mines", "plots", "projects",
        "protected_areas", "redlines", "sections", "townships", "watersheds", "wetlands",
    ]  # fmt: skip


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__tablename__)
def test_a_layer_compiles_to_ddl_with_its_natural_key_unique_and_required(layer: Any) -> None:
    made = ddl(layer.__table__)

    assert f"UNIQUE ({', '.join(layer.natural_key)})" in made
    assert f"geometry({layer.shape_kind},4490) NOT NULL" in made
    assert not any(layer.__table__.columns[name].nullable for name in layer.natural_key)


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__tablename__)
def test_exchange_names_fit_a_dbf_and_are_unique_in_their_layer(layer: Any) -> None:
    names = [field.exchange for field in fields(layer).values()]

    assert all(name and name.isascii() and len(name) <= 10 for name in names)
    assert len(names) == len(set(names))


@pytest.mark.parametrize("layer", LAYERS, ids=lambda layer: layer.__tablename__)
def test_every_column_but_the_journals_is_described(layer: Any) -> None:
    bare = set(layer.__table__.columns.keys()) - set(fields(layer))

    assert bare == {"id", "version", "change", "shape"}


def test_every_described_column_has_both_names() -> None:
    assert [where for where, field in described() if not (field.zh and field.en)] == []


def test_every_coded_column_names_a_system_that_exists() -> None:
    assert {field.codes for _, field in described() if field.codes} <= set(facts.systems())


def test_every_land_class_states_its_classification_system_beside_it() -> None:
    systems = facts.system("land-class-systems")
    with_class = [layer for layer in LAYERS if "land_class" in fields(layer)]

    assert [layer.__tablename__ for layer in with_class] == ["landclass", "plots"]
    for layer in with_class:
        column = layer.__table__.columns["land_class_system"]
        assert not column.nullable
        assert column.server_default.arg == fields(layer)["land_class"].codes
        assert column.server_default.arg in systems


def test_every_polygon_layer_has_an_area_of_record() -> None:
    polygons = {layer for layer in LAYERS if layer.shape_kind == "MULTIPOLYGON"}

    assert polygons == {layer for layer in LAYERS if issubclass(layer, SurveyedLayer)}


def test_the_plots_carry_the_fields_of_the_unified_forest_map_with_their_lengths() -> None:
    plots = next(layer for layer in LAYERS if layer.__tablename__ == "plots")
    by_exchange = {field.exchange: name for name, field in fields(plots).items()}
    lengths = {"SHENG": 2, "XIAN": 6, "CUN": 3, "LIN_BAN": 4, "XIAO_BAN": 6, "LD_QS": 2, "PO_DU": 1}  # 公益林落界

    for exchange, length in lengths.items():
        assert plots.__table__.columns[by_exchange[exchange]].type.length == length
    assert {"DI_LEI", "YU_BI_DU", "GJGYL_BHDJ", "HUO_LMGQXJ", "YOU_SHI_SZ", "BHYY", "BHND"} <= set(by_exchange)


def test_a_reserved_word_of_no_layer_hides_a_column_of_the_mixin() -> None:
    mixin = {"id", "version", "change", "code", "name", "source", "made_up", "shape"}

    assert all(mixin <= set(layer.__table__.columns.keys()) for layer in LAYERS)


def test_the_rows_of_codes_are_every_code_once_under_its_system() -> None:
    rows = list(codes.rows())
    keys = {(row["system"], row["code"]) for row in rows}

    assert len(keys) == len(rows) == sum(len(system.codes) for system in facts.systems().values())
    assert set(rows[0]) == set(codes.CodeRow.__table__.columns.keys())


def test_the_rows_of_codes_keep_the_order_of_the_stages() -> None:
    stages = [row["code"] for row in codes.rows() if row["system"] == "mine-stage"]
    ranks = [row["rank"] for row in codes.rows() if row["system"] == "mine-stage"]

    assert (stages[0], stages[-1]) == ("verified", "closed")
    assert ranks == list(range(1, 9))


def test_the_table_of_codes_compiles_in_its_schema_keyed_by_system_and_code() -> None:
    made = ddl(codes.CodeRow.__table__)

    assert "CREATE TABLE records.codes" in made
    assert "PRIMARY KEY (system, code)" in made
