import re
from pathlib import Path
from typing import Any

from layers.ground.layer import catalogue

GLOSSARY = (Path(__file__).parents[2] / "docs" / "glossary.md").read_text("utf-8")
COLUMNS = {layer.__tablename__: set(layer.__table__.columns.keys()) for layer in catalogue()}


def test_every_layer_stands_in_the_glossary_with_its_chinese_name() -> None:
    missing = [f"{layer.__tablename__} {layer.zh}" for layer in catalogue() if not _has_row(layer)]

    assert missing == []


def test_every_column_the_glossary_names_exists() -> None:
    named = re.findall(r"`([a-z_]+|\*)\.([a-z0-9_]+)`", GLOSSARY)
    strange = [f"{table}.{column}" for table, column in named if not _exists(table, column)]

    assert named
    assert strange == []


def _has_row(layer: Any) -> bool:
    """A row of the table of layers whose Chinese word is the layer's name or, as 小班 of 森林小班, stands in it."""
    rows = [line.split("|") for line in GLOSSARY.splitlines() if f"| `{layer.__tablename__}` |" in line]
    return len(rows) == 1 and rows[0][2].strip() in layer.zh


def _exists(table: str, column: str) -> bool:
    if table == "*":
        return any(column in columns for columns in COLUMNS.values())
    return column in COLUMNS.get(table, set())
