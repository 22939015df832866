"""The private PostgreSQL cluster of this checkout: made when first asked for, started whenever it is not running.

It stands outside the checkout, opens no TCP port, and is reached through one socket in a folder that only its owner
may enter. That folder is what keeps others out: there is no password, and none is needed.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import pwd
import shutil
import signal
import stat
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote

import psycopg

from geo.refusal import Refusal

CHECKOUT = Path(__file__).resolve().parents[2]
ROOT_STATE = Path("/var/lib/qingshan")
SERVERS = Path("/usr/lib/postgresql")
"""Where Debian keeps the servers, one folder for each major version."""
EXTENSIONS = Path("/usr/share/postgresql")
ROLE = DATABASE = "qingshan"
PORT = 5432
"""Part of the socket's name, no more: nothing listens on it."""
SOCKET_LENGTH = 60
"""Characters of a socket's path. The kernel takes 107 bytes, but people type it into QGIS."""
PATIENCE_S = 60.0
ORPHANS_LINGER_S = 3.0
"""How long backends that lost their postmaster may take to notice before they are ended."""

State = Literal["absent", "stopped", "starting", "orphaned", "running"]

SETTINGS = """\
# Written anew at each start; changes belong in postgresql.auto.conf (ALTER SYSTEM).
listen_addresses = ''
port = {port}
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
cluster_name = '{name}'
# Kind to a small machine, and durable: fsync and synchronous_commit stay on.
shared_buffers = 128MB
work_mem = 16MB
maintenance_work_mem = 128MB
max_wal_size = 1GB
jit = off
# A week of logs, a file a day.
logging_collector = on
log_directory = '{logs}'
log_filename = 'server-%a.log'
log_truncate_on_rotation = on
log_rotation_age = 1d
log_rotation_size = 0
log_checkpoints = off
"""
ACCESS = """\
# Who reaches the socket has passed its folder, which only the owner of this cluster (and root) may enter.
local all all trust
"""


class ClusterRefusal(Refusal):
    """The private cluster cannot be made, started or stopped."""


@dataclass(frozen=True)
class Status:
    """How the private cluster stands."""

    state: State
    home: Path
    url: str
    logs: Path
    pid: int | None
    version: int | None
    """The server's major version, None before the cluster is made."""


def url() -> str:
    """The address of this checkout's database, its cluster made and started when need be. Raises ClusterRefusal.

    It is libpq's form, fit for psql, ogr2ogr and SQLAlchemy alike.
    """
    return of().start()


def stop() -> bool:
    """Stop this checkout's cluster; open connections are ended. Gives whether there was anything to stop."""
    return of().stop()


def status() -> Status:
    """How this checkout's cluster stands. Changes nothing."""
    return of().status()


def of(checkout: Path = CHECKOUT) -> Cluster:
    """The cluster of a checkout: under the user's state folder, or under /var/lib, owned by postgres, for root.

    postgres refuses to run as root, and a server run by another user cannot enter /root.
    """
    mark = hashlib.sha256(os.fsencode(checkout)).hexdigest()[:8]
    if os.geteuid() == 0:
        return Cluster(ROOT_STATE / mark, user="postgres")
    stated = Path(os.environ.get("XDG_STATE_HOME", ""))
    state = stated if stated.is_absolute() else Path.home() / ".local" / "state"
    return Cluster(state / "qingshan" / mark)


@dataclass(frozen=True)
class Cluster:
    """A cluster by its place. `user` runs the server; None means whoever runs the program."""

    home: Path
    user: str | None = None

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def logs(self) -> Path:
        return self.home / "logs"

    @property
    def name(self) -> str:
        """What the processes of this cluster carry in their titles, and no others.

        The place alone would not do: a host sees its containers' processes, and they may have one in the same place.
        """
        identifier = (self.data / "global" / "pg_control").read_bytes()[:8]
        return f"qingshan_{hashlib.sha256(os.fsencode(self.home) + identifier).hexdigest()[:8]}"

    @property
    def sockets(self) -> Path:
        """The socket's folder: the cluster's own home, or one under /tmp where that would be too long."""
        socket = self.home / f".s.PGSQL.{PORT}"
        short = len(os.fsencode(socket)) < SOCKET_LENGTH
        mark = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:8]
        return self.home if short else Path("/tmp") / f"qingshan_{mark}_{self._owner.pw_uid}"  # noqa: S108 -- checked when made

    @property
    def url(self) -> str:
        return self._url(DATABASE)

    @property
    def version(self) -> int | None:
        """The major version that made the cluster."""
        stated = self.data / "PG_VERSION"
        return int(stated.read_text()) if stated.is_file() else None

    def status(self) -> Status:
        state = self._state()
        pid = None if state in {"absent", "stopped", "orphaned"} else self._postmaster()
        return Status(state, self.home, self.url, self.logs, pid, self.version)

    def start(self) -> str:
        """Make and start the cluster where need be, and give its address. Quick when it runs. Raises ClusterRefusal."""
        if not self._answers(DATABASE):
            with self._alone():
                self._make()
                self._revive()
                self._make_database()
        return self.url

    def stop(self) -> bool:
        """Stop the server, ending its connections. Gives whether it ran. Raises ClusterRefusal."""
        if not self.home.is_dir():
            return False
        with self._alone():
            if self._state() in {"absent", "stopped"}:
                return False
            self._end_orphans()
            said = self._run("pg_ctl", "stop", "--pgdata", self.data, "--mode", "fast", "--timeout", "60", "--silent")
            if not _within(PATIENCE_S, lambda: self._state() == "stopped"):
                raise ClusterRefusal("cluster.does_not_stop", reason=said, logs=self.logs)
            return True

    def _url(self, database: str) -> str:
        return f"postgresql://{ROLE}@/{database}?host={quote(str(self.sockets))}&port={PORT}"

    @cached_property
    def _owner(self) -> pwd.struct_passwd:
        try:
            return pwd.getpwnam(self.user) if self.user else pwd.getpwuid(os.geteuid())
        except KeyError as gone:
            raise ClusterRefusal("cluster.no_server") from gone

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Hold the cluster's lock: of two programs that start at once, one makes and starts it and the other waits."""
        try:
            self.home.parent.mkdir(parents=True, exist_ok=True)
            with self.home.with_suffix(".lock").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                yield
        except OSError as no:
            raise ClusterRefusal("cluster.no_place", path=self.home, reason=no) from no

    def _make(self) -> None:
        """Make folders, data and settings; what is there stays. A half-made cluster of an earlier try is made again."""
        for folder in (self.home, self.logs, self.sockets):
            self._own(folder)
        if not self.data.exists():
            half = self.home / "half"
            shutil.rmtree(half, ignore_errors=True)
            said = self._run(
                "initdb", "--pgdata", half, "--username", ROLE, "--auth", "trust", "--encoding", "UTF8",
                "--locale", "C.UTF-8", "--data-checksums", "--no-instructions",
            )  # fmt: skip
            if not (half / "PG_VERSION").is_file():
                raise ClusterRefusal("cluster.not_made", path=self.home, reason=said)
            with (half / "postgresql.conf").open("a") as conf:
                conf.write("\ninclude = 'qingshan.conf'\n")
            half.rename(self.data)
        self._configure()

    def _own(self, folder: Path) -> None:
        """Make a folder that its owner alone may enter; one that somebody else laid there is refused."""
        if not folder.exists():
            folder.mkdir(mode=0o700)
            os.chown(folder, self._owner.pw_uid, self._owner.pw_gid)
        if not self._owns(folder):
            raise ClusterRefusal("cluster.not_ours", path=folder, user=self._owner.pw_name)

    def _owns(self, folder: Path) -> bool:
        found = folder.lstat()
        return stat.S_ISDIR(found.st_mode) and found.st_uid == self._owner.pw_uid and not found.st_mode & 0o077

    def _configure(self) -> None:
        sockets = str(self.sockets).replace("'", "''")
        settings = SETTINGS.format(
            port=PORT, sockets=f'"{sockets}"', name=self.name, logs=str(self.logs).replace("'", "''")
        )
        for file, content in (("qingshan.conf", settings), ("pg_hba.conf", ACCESS)):
            path = self.data / file
            path.write_text(content, encoding="utf-8")
            os.chown(path, self._owner.pw_uid, self._owner.pw_gid)

    def _revive(self) -> None:
        """Start the server unless it runs, once another start or stop is over and a dead server's backends are gone."""
        begun = time.monotonic()
        while (waited := time.monotonic() - begun) < PATIENCE_S:
            match self._state():
                case "running":
                    return
                case "orphaned" if waited > ORPHANS_LINGER_S:
                    self._end_orphans()
                case "stopped":
                    self._launch()
                case _:
                    time.sleep(0.05)
        raise ClusterRefusal("cluster.does_not_start", reason="", logs=self.logs)

    def _launch(self) -> None:
        # No process of this cluster is left, so its lock files are stale; the number in them may be another program's
        # by now, or a dead one's that nobody has buried, and the server would take either for a running one.
        for stale in (self.data / "postmaster.pid", self.sockets / f".s.PGSQL.{PORT}.lock"):
            stale.unlink(missing_ok=True)
        said = self._run(
            "pg_ctl", "start", "--pgdata", self.data, "--log", self.logs / "start.log", "--silent",
            "--options", self._title,
        )  # fmt: skip
        if self._state() == "stopped":
            raise ClusterRefusal("cluster.does_not_start", reason=said, logs=self.logs)

    def _make_database(self) -> None:
        with psycopg.connect(self._url("postgres"), autocommit=True) as connection:
            found = connection.execute("select from pg_database where datname = %s", [DATABASE])
            if not found.rowcount:
                connection.execute(f"create database {DATABASE}")

    def _answers(self, database: str = "postgres") -> bool:
        """Whether the server takes connections. Behind a socket in somebody else's folder would be their server."""
        try:
            if not self._owns(self.sockets):
                return False
            psycopg.connect(self._url(database), connect_timeout=5).close()
        except (FileNotFoundError, psycopg.OperationalError):
            return False
        return True

    def _state(self) -> State:
        """`starting` also stands for a server that is stopping: it is there and takes no connections."""
        if not self.data.exists():
            return "absent"
        if self._answers():
            return "running"
        if self._postmaster():
            return "starting"
        return "orphaned" if self._backends() else "stopped"

    @property
    def _title(self) -> str:
        return f"-c cluster_name={self.name}"

    def _postmaster(self) -> int | None:
        told = self._title.split()[-1].encode()
        return next((pid for pid, words in self._processes() if told in words), None)

    def _backends(self) -> list[int]:
        title = f"postgres: {self.name}:".encode()
        return [pid for pid, words in self._processes() if words[0].startswith(title)]

    def _processes(self) -> Iterator[tuple[int, list[bytes]]]:
        """The processes of the server's user with their command lines: what anyone may read, in a container too."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                if entry.stat().st_uid == self._owner.pw_uid:
                    yield int(entry.name), (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue  # it has ended meanwhile

    def _end_orphans(self) -> None:
        """End backends that lost their postmaster: one deep in a long computation would hold the data till its end."""
        if not self._postmaster():
            for pid in self._backends():
                os.kill(pid, signal.SIGQUIT)

    def _run(self, program: str, *arguments: str | Path) -> str:
        """Run one of the server's programs as the server's user, and give what it said."""
        own: dict[str, Any] = {"user": self.user, "group": self._owner.pw_gid, "extra_groups": []} if self.user else {}
        done = subprocess.run(  # noqa: S603 -- our own arguments
            [self.programs() / program, *arguments],
            cwd="/", env={"PATH": os.defpath, "LC_ALL": "C.UTF-8"}, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **own,
        )  # fmt: skip
        return str(done.stdout).strip()

    def programs(self) -> Path:
        """The newest server with PostGIS, or the one whose version made the cluster. Raises ClusterRefusal."""
        known = sorted(int(found.name) for found in SERVERS.glob("[0-9]*") if (found / "bin/initdb").is_file())
        if self.version:
            if self.version not in known:
                raise ClusterRefusal("cluster.version_gone", version=self.version, path=self.home)
            return SERVERS / str(self.version) / "bin"
        fit = [version for version in known if (EXTENSIONS / f"{version}/extension/postgis.control").is_file()]
        if not fit:
            raise ClusterRefusal("cluster.no_server")
        return SERVERS / str(fit[-1]) / "bin"


def _within(seconds: float, true: Callable[[], bool]) -> bool:
    """Whether something becomes true in time."""
    end = time.monotonic() + seconds
    while not (so := true()) and time.monotonic() < end:
        time.sleep(0.05)
    return so
