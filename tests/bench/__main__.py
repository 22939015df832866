"""`python -m tests.bench [PART …] [--quick] [--into FOLDER]`: measure the program beside what one would otherwise use.

Exit code 1 when two ways that should answer the same do not.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import Engine

from tests.bench import area, databases, flatten, importing, publish, rates, site
from tests.bench.found import DifferentAnswers, Found, Say
from tests.bench.journal import part as journal
from tests.bench.overlay import part as overlay


@dataclass(frozen=True)
class Part:
    """A part of the bench, and how much it does when it may take its time, and when not."""

    measure: Callable[[Engine, Any, Say], Found]
    whole: Any
    quick: Any


PARTS = {
    "area": Part(area.measure, area.WHOLE, area.QUICK),
    "flatten": Part(flatten.measure, flatten.WHOLE, flatten.QUICK),
    "overlay": Part(overlay.measure, overlay.WHOLE, overlay.QUICK),
    "rates": Part(rates.measure, rates.WHOLE, rates.QUICK),
    "publish": Part(publish.measure, publish.WHOLE, publish.QUICK),
    "journal": Part(journal.measure, journal.WHOLE, journal.QUICK),
    "site": Part(site.measure, site.WHOLE, site.QUICK),
    "import": Part(importing.measure, importing.WHOLE, importing.QUICK),
}

_OUT, _ERR = Console(width=150), Console(stderr=True)


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    asked.add_argument("parts", nargs="*", metavar="PART", help=f"{', '.join(PARTS)}; without any, all of them")
    asked.add_argument("--quick", action="store_true", help="small sizes only")
    asked.add_argument("--into", type=Path, default=Path("out/bench"), metavar="FOLDER", help="for every single run")
    said = asked.parse_args()
    if unknown := set(said.parts) - set(PARTS):
        asked.error(f"no such part: {', '.join(sorted(unknown))}")
    said.into.mkdir(parents=True, exist_ok=True)
    server = databases.server_engine()
    try:
        held = [_held(server, name, said.quick, said.into / f"{name}.json") for name in said.parts or PARTS]
    finally:
        server.dispose()
    return 0 if all(held) else 1


def _held(server: Engine, name: str, quick: bool, file: Path) -> bool:
    """Measure one part and show what it found; whether all its ways gave the same answers."""
    part, began = PARTS[name], time.monotonic()

    def say(done: str) -> None:
        _ERR.print(f"{time.monotonic() - began:5.0f} s  {name}: {done}")

    file.unlink(missing_ok=True)
    try:
        found = part.measure(server, part.quick if quick else part.whole, say)
    except DifferentAnswers as different:
        _ERR.print(f"{name}: different answers, nothing is measured: {different}", style="red", markup=False)
        return False
    file.write_text(json.dumps({"machine": _machine(), **found.plain}, ensure_ascii=False, indent=1), "utf-8")
    _OUT.print(*found.tables, sep="\n")
    say(f"every run is in {file}")
    return True


def _machine() -> dict[str, Any]:
    return {"cores": os.cpu_count(), "cpu": platform.processor() or platform.machine(), "load": os.getloadavg()}


if __name__ == "__main__":
    sys.exit(main())
