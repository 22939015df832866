"""`python -m tests.fuzz [--files N] [--seed N] [--only NUMBER]`: broken files of every format, and answers.

Every file comes of its seed and number alone. Exit code 1 when one crashed its reader, left a file, opened a
connection, took too long or too much, or got no proper answer. The kernel counts the connections, in a network
namespace of this run's own, where one can be had.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

from rich.console import Console
from rich.table import Table

from tests.fuzz import apart
from tests.fuzz.honest import honest
from tests.fuzz.running import Answer, answered, made

_OUT = Console(width=150)
_PORTION = 4


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("--files", type=int, default=5000)
    asked.add_argument("--first", type=int, default=0, metavar="NUMBER", help="begin there")
    asked.add_argument("--seed", type=int, default=20261125)
    asked.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    asked.add_argument("--only", type=int, metavar="NUMBER", help="one file alone, kept in out/fuzz")
    said = asked.parse_args()
    if said.only is not None:
        return _only(said.seed, said.only)
    if not apart.is_apart() and (code := apart.run_apart(["-m", "tests.fuzz", *sys.argv[1:]])) is not None:
        return code
    if apart.is_apart():
        apart.open_up()
    began = time.monotonic()
    answers = list(_answers(said.seed, range(said.first, said.first + said.files), said.jobs))
    went_out = apart.went_out() if apart.is_apart() else None
    _OUT.print(_table(answers))
    return _verdict(answers, went_out, said.seed, time.monotonic() - began)


def _answers(seed: int, numbers: Sequence[int], jobs: int) -> Iterator[Answer]:
    ask = partial(answered, honest(), seed)
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        for done, answer in enumerate(pool.map(ask, numbers, chunksize=_PORTION), start=1):
            for wrong in answer.wrong:
                _say(str(answer.number), answer.format, wrong)
            if done % 500 == 0:
                _say(f"{done} files")
            yield answer


def _only(seed: int, number: int) -> int:
    files = honest()
    name, ending, content = made(files, seed, number)
    kept = Path("out/fuzz") / f"{seed}-{number}{ending}"
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_bytes(content)
    _OUT.print(name, str(kept), answered(files, seed, number))
    return 0


def _table(answers: list[Answer]) -> Table:
    formats = list(dict.fromkeys(answer.format for answer in answers))
    counts = Counter((answer.said, answer.format) for answer in answers)
    drawn = Table(title="Mutated files, by answer")
    for heading in ("answer", *formats, "all"):
        drawn.add_column(heading, justify="left" if heading == "answer" else "right")
    for said in sorted({answer.said for answer in answers}, key=lambda said: ("." in said, said)):
        row = [counts[said, name] for name in formats]
        drawn.add_row(said, *(str(n or "") for n in row), str(sum(row)))
    drawn.add_section()
    drawn.add_row("files", *(str(sum(a.format == name for a in answers)) for name in formats), str(len(answers)))
    drawn.add_row(
        "longest, s",
        *(f"{max(a.seconds for a in answers if a.format == name):.1f}" for name in formats),
        f"{max(a.seconds for a in answers):.1f}",
    )
    return drawn


def _verdict(answers: list[Answer], went_out: int | None, seed: int, took: float) -> int:
    wrong = [answer for answer in answers if answer.wrong]
    out = (
        "not counted, for no network namespace could be had; the sandbox's own filter stands"
        if went_out is None
        else went_out
    )
    told = {
        "files": len(answers),
        "seconds": f"{took:.0f}",
        "wrong": len(wrong),
        "peak memory": f"{max(answer.megabytes for answer in answers):.0f} MB",
        "outgoing connections and packets": out,
    }
    _say("seed " + str(seed), *(f"{name}: {value}" for name, value in told.items()))
    for answer in wrong:
        _say(f"make fuzz ARGS='--seed {seed} --only {answer.number}'", answer.format, answer.wrong[0])
    return 1 if wrong or went_out else 0


def _say(*words: str) -> None:
    _OUT.print(" · ".join(words), highlight=False, markup=False)


if __name__ == "__main__":
    sys.exit(main())
