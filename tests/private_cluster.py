"""A private cluster of a test's own, in a folder its server may enter: as root the server runs as postgres."""

from __future__ import annotations

import os
import pwd
import shutil
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from layers.ground.cluster import Cluster

AS_ROOT = os.geteuid() == 0
SERVER_USER = "postgres" if AS_ROOT else None


@contextmanager
def room() -> Iterator[Path]:
    """An empty folder with a short name that every user may pass, but not write."""
    folder = Path(tempfile.mkdtemp(prefix="qs", dir="/tmp"))
    folder.chmod(0o755)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


@contextmanager
def cluster_in(home: Path) -> Iterator[Cluster]:
    """A cluster that is not made yet; stopped and removed in the end, its socket's folder too."""
    cluster = Cluster(home, SERVER_USER)
    try:
        yield cluster
    finally:
        cluster.stop()
        shutil.rmtree(cluster.sockets, ignore_errors=True)


def as_plain_user(work: Callable[..., Any], *arguments: object) -> Any:
    """Do some work as a user without rights: as nobody when the tests run as root, else as whoever runs them."""
    with ProcessPoolExecutor(1, get_context("fork"), _become_nobody if AS_ROOT else None) as alone:
        return alone.submit(work, *arguments).result()


def plain_user() -> pwd.struct_passwd:
    """The user that `as_plain_user` works as."""
    return pwd.getpwnam("nobody") if AS_ROOT else pwd.getpwuid(os.getuid())


def _become_nobody() -> None:
    nobody = pwd.getpwnam("nobody")
    os.setgroups([])
    os.setgid(nobody.pw_gid)
    os.setuid(nobody.pw_uid)
