"""The journal's desk, through the command."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
from pathlib import Path
from typing import Any

from sqlalchemy import Engine
from sqlalchemy.orm import Session

from pipelines.edits.apply import apply
from pipelines.edits.edit import Edit
from tests.samples import occasion, plot, revised
from tests.web.conftest import COMMAND


def land(engine: Engine, *edits: Edit, **said: Any) -> None:
    with Session(engine) as session, session.begin():
        apply(session, edits, occasion(**said))


def test_log_tells_who_when_through_which_door_and_why(engine: Engine, asked: Any) -> None:
    land(engine, plot(1), person="王林", note="年度更新", kind="real")

    (change,) = asked("log")

    assert (change["no"], change["person"], change["door"], change["kind"]) == (1, "王林", "cli", "real")
    assert change["note"] == "年度更新"
    assert change["at"].endswith("+08:00")


def test_show_tells_what_a_change_did(engine: Engine, asked: Any) -> None:
    land(engine, plot(1))
    land(engine, revised(1, land_class="030200"), plot(2))

    did = [feature["did"] for feature in asked("show", "2")["features"]]

    assert sorted(did) == ["added", "revised"]


def test_undo_puts_back_and_is_a_change_of_the_one_who_ran_it(engine: Engine, asked: Any) -> None:
    land(engine, plot(1))
    land(engine, revised(1, land_class="030200"))

    undone = asked("undo", "2", "--note", "录入有误")

    assert undone["outcomes"] == {"revised": 1}
    newest = asked("log", "-n", "1")[0]
    assert (newest["no"], newest["door"], newest["kind"]) == (3, "undo", "correction")
    assert newest["person"] == pwd.getpwuid(os.getuid()).pw_name


def test_a_variable_of_the_shell_cannot_name_another_person(engine: Engine, asked: Any, monkeypatch: Any) -> None:
    for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER", "PGUSER", "PGOPTIONS"):
        monkeypatch.setenv(name, "" if name.startswith("PG") else "somebody")
    land(engine, plot(1))

    asked("undo", "1")

    assert asked("log", "-n", "1")[0]["person"] == pwd.getpwuid(os.getuid()).pw_name


def test_what_waits_in_the_inbox_can_be_taken_or_left(engine: Engine, asked: Any) -> None:
    land(engine, plot(1))
    land(engine, revised(1, land_class="030200", village="002"))
    land(engine, revised(1, base=1, land_class="030301", village="003"))
    waiting = {item["field"]: item["item"] for item in asked("inbox", "list")}

    asked("inbox", "take", str(waiting["land_class"]))
    asked("inbox", "leave", str(waiting["village"]))

    assert asked("inbox", "list") == []
    assert {f["did"] for f in asked("show", "4")["features"]} == {"revised"}


def test_a_decided_item_cannot_be_decided_again(engine: Engine, asked: Any, qingshan: Any) -> None:
    land(engine, plot(1))
    land(engine, revised(1, land_class="030200"))
    land(engine, revised(1, base=1, land_class="030301"))
    asked("inbox", "leave", "1")

    again = qingshan("inbox", "take", "1", "--json")

    assert again.returncode == 1
    assert json.loads(again.stdout)["refused"] == "inbox.not_open"


def test_every_layer_is_listed_and_tells_its_fields(asked: Any) -> None:
    names = [layer["layer"] for layer in asked("layers")]

    assert "plots" in names
    assert len(names) == 12
    assert {"column": "canopy", "exchange": "YU_BI_DU"}.items() <= next(
        field.items() for field in asked("layers", "plots") if field["column"] == "canopy"
    )


def test_a_refusal_speaks_chinese_first_then_english_or_the_one_asked_for(qingshan: Any) -> None:
    both, english = qingshan("undo", "7"), qingshan("--lang", "en", "undo", "7")

    assert both.returncode == english.returncode == 1
    assert both.stderr.index("没有第 7 号变更") < both.stderr.index("there is no change 7")
    assert "没有" not in english.stderr


def test_a_word_that_is_no_command_is_exit_code_2(qingshan: Any) -> None:
    assert qingshan("redo").returncode == 2


def test_an_unreachable_database_is_said_without_a_trace(tmp_path: Path) -> None:
    nowhere = f"postgresql://nobody@/nothing?host={tmp_path}"

    ran = subprocess.run(
        [COMMAND, "log"], env={**os.environ, "DATABASE_URL": nowhere}, capture_output=True, text=True, check=False
    )

    assert ran.returncode == 1
    assert "连接不上数据库" in ran.stderr
    assert "Traceback" not in ran.stderr
