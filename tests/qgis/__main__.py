"""`python -m tests.qgis`: a real QGIS edits plots directly in PostGIS, and the journal tells who did it.

Needs Debian's qgis and python3-qgis beside the project. Exit code 1 when something is not as docs/qgis.md says.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from sqlalchemy import URL, Engine, create_engine, text
from sqlalchemy.orm import Session

from layers.ground import db, schema
from pipelines.edits.apply import apply
from tests.samples import occasion, plot

PYTHON = "/usr/bin/python3"
DESK = Path(__file__).with_name("desk.py")
_SURVEYED = {"survey_area_m2": 1000.5, "survey_crs": 4527}
_CLASSES = ("030100", "030200", "030301", "030100", "030100")
_PLOTS = [plot(number, land_class=code, **_SURVEYED) for number, code in enumerate(_CLASSES, start=1)]


@dataclass
class Checks:
    """What was looked at, and whether it was as it should be."""

    failed: list[str] = field(default_factory=list)
    console: Console = field(default_factory=lambda: Console(soft_wrap=True))

    def same(self, what: str, found: object, wanted: object) -> None:
        right = found == wanted
        self.console.print(f"{'✓' if right else '✗'} {what}", markup=False, highlight=False)
        if not right:
            self.console.print(f"    found  {found}\n    wanted {wanted}", markup=False, highlight=False)
            self.failed.append(what)

    def says(self, what: str, answer: list[Any], *, saved: bool, words: str) -> None:
        """QGIS saved, or did not, and said these words."""
        self.same(f"{what}: {words}", (answer[0], words in answer[1]), (saved, True))


@dataclass(frozen=True)
class Ground:
    """The database, the forester's login, and the folder with the service file that QGIS reads."""

    engine: Engine
    login: str
    folder: Path

    def desk(self, scene: str, *given: str) -> dict[str, Any]:
        """Let a scene be played. Raises CalledProcessError when QGIS itself fails."""
        environment = os.environ | {
            "QT_QPA_PLATFORM": "offscreen",
            "PGSERVICEFILE": str(self.folder / "pg_service.conf"),
            "XDG_RUNTIME_DIR": str(self.folder),
            "QGIS_CUSTOM_CONFIG_PATH": str(self.folder),
        }
        environment.pop("PYTHONPATH", None)
        played = subprocess.run(
            [PYTHON, str(DESK), scene, *given], env=environment, capture_output=True, text=True, timeout=120, check=True
        )
        answer: dict[str, Any] = json.loads(played.stdout.splitlines()[-1])
        return answer

    def changes(self, above: int) -> list[tuple[Any, ...]]:
        asked = "select no, person, door from journal.changes where no > :above order by no"
        return [tuple(row) for row in self._rows(asked, above=above)]

    def plots(self) -> dict[str, Any]:
        asked = "select subcompartment, version, remarks, canopy::float8, survey_area_m2 from layers.plots"
        return {row[0]: tuple(row[1:]) for row in self._rows(asked)}

    def _rows(self, asked: str, **values: object) -> list[Any]:
        with self.engine.connect() as connection:
            return list(connection.execute(text(asked), values))


def play(ground: Ground, checks: Checks, picture: Path) -> None:
    """Every scene, and what the journal says of it."""
    login = ground.login
    apart = ground.desk("save_apart")
    checks.same("a save without transaction groups succeeds", apart["saved"], True)
    checks.same(
        "it is three changes: revised plots, deleted ones, new ones, each by the login through the door qgis",
        ground.changes(above=1),
        [(no, login, "qgis") for no in (2, 3, 4)],
    )
    _after(ground, checks, "6", version=2)
    grouped = ground.desk("save_grouped")
    checks.same("a save with transaction groups succeeds", (grouped["saved"], grouped["wetlands saved"]), (True, True))
    checks.same("it is one change, over both layers", ground.changes(above=4), [(5, login, "qgis")])
    _after(ground, checks, "7", version=3)
    _refusals(ground, checks)
    _readings(ground, checks)
    drawn = ground.desk("draw", str(picture))
    checks.same("the plots are drawn in the colour of their land class", drawn, {"errors": [], "forest is green": True})


def _after(ground: Ground, checks: Checks, added: str, *, version: int) -> None:
    plots = ground.plots()
    wanted = (version, f"第{added}号补植马尾松,郁闭度复核", 0.65, None)
    checks.same("Chinese text and numbers arrive; a shape redrawn has no area of record", plots["1"], wanted)
    checks.same("a new plot got its id and its version from the server", plots[added][0], 1)


def _refusals(ground: Ground, checks: Checks) -> None:
    said = ground.desk("refused")
    checks.says("another id", said["another id"], saved=False, words="the id of a feature does not change")
    checks.says("no land class", said["no land class"], saved=False, words='null value in column "land_class"')
    checks.says("a key that is taken", said["a key that is taken"], saved=False, words="already exists")
    checks.says("a code too long", said["a code too long"], saved=False, words="too long for type character varying(6)")
    checks.says("truncate", said["truncate"], saved=False, words="permission denied for table plots")
    checks.says("a version of one's own", said["a version of one's own"], saved=True, words="SUCCESS")
    crossing = said["a shape that crosses itself"]
    checks.says("a shape that crosses itself", crossing, saved=False, words="plots_shape_valid_check")
    checks.same("none of all these is a change", ground.changes(above=5), [])
    apart = ground.desk("half")
    checks.same("without transaction groups a key that is taken can be drawn", apart["drawn"], True)
    checks.says("and stops the save half way", apart["saved"], saved=False, words="1 feature(s) not added")
    checks.same("what came before it has landed", (ground.plots()["2"][1], len(ground.changes(above=5))), ("半", 1))
    grouped = ground.desk("half_grouped")
    checks.same("with transaction groups it is refused when drawn", grouped["drawn"], False)
    checks.same("and the rest can be saved", grouped["saved"][0], True)
    checks.same("as one change", (ground.plots()["2"][1], len(ground.changes(above=6))), ("一半", 1))


def _readings(ground: Ground, checks: Checks) -> None:
    past = ground.desk("read_past")
    checks.same("past.plots reads at the change its service names", past["rows"], [[str(n), 1] for n in range(1, 6)])
    checks.same("and cannot be edited", past["may edit"], False)
    checks.same("a reader cannot edit the plots of today", past["reader may"], False)
    listed = ground.desk("value_list")
    checks.same("records.codes gives the value list of the land classes", listed["pairs"]["030200"], "竹林地")
    checks.same("a column says its Chinese name", listed["comment"].split(" / ")[0], "郁闭度/覆盖度")


@contextmanager
def _ground(server: Engine) -> Iterator[Ground]:
    """A database with five plots, a login that may edit, both gone at the end."""
    name, login, password = f"qingshan_qgis_{os.getpid()}", f"林小青_{os.getpid()}", uuid.uuid4().hex
    with server.connect() as connection, tempfile.TemporaryDirectory() as folder:
        connection.execute(text(f"create database {name}"))
        engine = db.engine(server.url.set(database=name))
        try:
            schema.upgrade(engine)
            connection.execute(text(f"create role \"{login}\" login password '{password}' in role qingshan_edit"))
            connection.execute(text(f"create role {name} login password '{password}' in role qingshan_read"))
            with Session(engine) as session, session.begin():
                apply(session, _PLOTS, occasion())
            ground = Ground(engine, login, Path(folder))
            _write_services(ground, engine.url, password)
            yield ground
        finally:
            engine.dispose()
            connection.execute(text(f"drop database {name} with (force)"))
            connection.execute(text(f"drop role if exists {name}"))
            connection.execute(text(f'drop role if exists "{login}"'))


def _write_services(ground: Ground, url: URL, password: str) -> None:
    """The database as it is now, as it was at its first change, and under the login of a reader."""
    host, port = url.host or url.query.get("host"), url.port or url.query.get("port")
    place = {"host": host, "port": port, "dbname": url.database, "password": password}
    everywhere = "".join(f"{name}={value}\n" for name, value in place.items() if value)
    then = "options=-c qingshan.past_no=1 -c qingshan.past_on=2999-12-31"
    services = {
        "now": f"user={ground.login}",
        "then": f"user={ground.login}\n{then}",
        "reader": f"user={url.database}",
    }
    written = "\n".join(f"[{name}]\n{everywhere}{said}\n" for name, said in services.items())
    (ground.folder / "pg_service.conf").write_text(written, "utf-8")


def main() -> int:
    asked = argparse.ArgumentParser(prog="python -m tests.qgis", description=__doc__)
    asked.add_argument("--picture", type=Path, default=Path("out/qgis.png"), metavar="FILE")
    picture: Path = asked.parse_args().picture
    checks = Checks()
    if subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode:
        checks.console.print("没有 PyQGIS:apt install qgis python3-qgis / no PyQGIS: apt install qgis python3-qgis")
        return 2
    picture.parent.mkdir(parents=True, exist_ok=True)
    url = db.address().set(drivername="postgresql+psycopg", database="postgres")
    server = create_engine(url, isolation_level="AUTOCOMMIT")
    with _ground(server) as ground:
        play(ground, checks, picture.resolve())
    server.dispose()
    checks.console.print(f"{picture}; {len(checks.failed)} not as they should be", highlight=False)
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main())
