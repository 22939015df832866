"""`python -m tests.bench [--quick] [--json FILE]`: measure the journal beside what one would otherwise use.

Exit code 1 when two ways that should answer the same do not.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

from rich.console import Console

from tests.bench import benching, report
from tests.bench.benching import Measured
from tests.bench.stores import DifferentAnswers


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    asked.add_argument("--quick", action="store_true", help="20,000 rows only")
    asked.add_argument("--json", type=Path, default=Path("out/bench.json"), metavar="FILE")
    said = asked.parse_args()
    sizes = benching.QUICK if said.quick else benching.WHOLE
    err, began = Console(stderr=True), time.monotonic()
    said.json.parent.mkdir(parents=True, exist_ok=True)

    def keep(done: str, so_far: Measured) -> None:
        err.print(f"{time.monotonic() - began:5.0f} s  {done}")
        said.json.write_text(json.dumps(report.plain(so_far, sizes), ensure_ascii=False, indent=1), "utf-8")

    server = benching.server_engine()
    try:
        measured = benching.measure(server, sizes, keep)
    except DifferentAnswers as different:
        said.json.unlink(missing_ok=True)
        err.print(f"different answers, nothing is measured: {different}", style="red", markup=False)
        return 1
    finally:
        server.dispose()
    Console(width=150).print(report.drawn(measured, sizes))
    err.print(f"{time.monotonic() - began:.0f} s; every run: {said.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
