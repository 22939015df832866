"""For a Dask worker of the tests alone (`dask worker --preload`): it kills itself at a point of its first portion."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

from pipelines.redline.many import parts, running


def dask_setup(worker: Any) -> None:
    POINTS[os.environ["DIES"]]()


def _die(*words: object, **more: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def _after(work: Callable[..., Any]) -> Callable[..., Any]:
    def done(*words: Any, **more: Any) -> None:
        work(*words, **more)
        _die()

    return done


def _before_it_begins() -> None:
    running.check_patches = _die


def _with_findings_written() -> None:
    parts.part = _die


def _half_way_into_the_patches() -> None:
    whole = parts.write_table
    parts.write_table = lambda table, path: (
        _after(lambda: (path.with_name(f".{path.name}.half")).write_bytes(b"PAR1"))()
        if path.parent.name == "patches"
        else whole(table, path)
    )


def _before_it_answers() -> None:
    running.write_part = _after(running.write_part)


POINTS = {
    "before it begins": _before_it_begins,
    "with findings written": _with_findings_written,
    "half way into the patches": _half_way_into_the_patches,
    "before it answers": _before_it_answers,
}
