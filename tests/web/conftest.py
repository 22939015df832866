"""The real command, in a process of its own, on a database of this test's own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL

Ran = subprocess.CompletedProcess[str]
COMMAND = Path(sys.executable).with_name("qingshan")


@pytest.fixture
def qingshan(url: URL) -> Callable[..., Ran]:
    """Run `qingshan` with words; `pasted` is its standard input. Output and error are apart, as a script has them."""
    stated = url.set(drivername="postgresql").render_as_string(hide_password=False)

    def run(*words: str, pasted: str = "") -> Ran:
        return subprocess.run(
            [COMMAND, *words],
            env={**os.environ, "DATABASE_URL": stated},
            input=pasted,
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )

    return run


@pytest.fixture
def asked(qingshan: Callable[..., Ran]) -> Callable[..., Any]:
    """Run `qingshan … --json` and give what it answered; it must have succeeded."""

    def run(*words: str) -> Any:
        ran = qingshan(*words, "--json")
        assert ran.returncode == 0, ran.stderr
        return json.loads(ran.stdout)

    return run
