"""A small portion of `make fuzz`, and that it would see what it looks for."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from geo import sandbox
from tests.fuzz import apart, running
from tests.fuzz.honest import honest
from tests.fuzz.running import Honest, answered, made


@pytest.fixture(scope="module")
def files() -> Honest:
    return honest()


def test_honest_files_are_read_whole(files: Honest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "mutated", lambda content, ending, random: content)

    answers = [answered(files, 1, number) for number in range(3 * len(files))]

    assert {(answer.format, answer.said) for answer in answers} == {(name, "read") for name in files}
    assert [answer.wrong for answer in answers] == [()] * len(answers)


def test_a_number_gives_the_same_file_again(files: Honest) -> None:
    assert [made(files, 7, n) for n in range(60)] == [made(files, 7, n) for n in range(60)]
    assert made(files, 7, 0) != made(files, 8, 0)


def test_sixty_mutated_files_are_answered_with_no_crash_no_connection_and_nothing_left() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--files", "60", "--seed", "4"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "files: 60" in ran.stdout
    assert "wrong: 0" in ran.stdout
    assert "packets: 0" in ran.stdout or "not counted" in ran.stdout


GOES_OUT = """
import socket
from contextlib import suppress
from tests.fuzz import apart
apart.open_up()
assert apart.went_out() == 0
with suppress(OSError):
    socket.create_connection(("{}", 9), 0.2)
raise SystemExit(min(apart.went_out(), 100))
"""


@pytest.mark.parametrize("address", ["127.0.0.1", "203.0.113.7"], ids=["the machine itself", "elsewhere"])
def test_a_connection_from_within_would_be_counted(address: str) -> None:
    code = apart.run_apart(["-c", GOES_OUT.format(address)])

    assert code is None or code > 1  # None: this machine grants no namespace, and the run says so.


def test_a_reader_that_breaks_off_leaves_files_or_says_no_words_is_seen(
    files: Honest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(path: Path, **_: object) -> None:
        (path.parent / "stray.aux.xml").touch()
        Path("here.log").touch()
        raise sandbox.GeoRefusal("sandbox.died", name="a", detail="exit -11")

    monkeypatch.setattr(sandbox, "read", die)

    answer = answered(files, 1, 0)

    assert sorted(answer.wrong) == [
        "left here.log",
        "left stray.aux.xml",
        "sandbox.died: {'name': 'a', 'detail': 'exit -11'}",
    ]
