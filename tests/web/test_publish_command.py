"""The desk of publications, through the command: draft, decision, review, switch, rollback, each by whoever may."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import psycopg
import pytest
from sqlalchemy import URL, Engine
from sqlalchemy.orm import Session

from layers.ground import db
from pipelines.edits.apply import apply
from pipelines.publish import folder
from tests.conftest import a_database
from tests.samples import DAY, feature, occasion, plot, square, strip, township
from tests.web.conftest import COMMAND

pytest_plugins = ["tests.browser"]

YESTERDAY, TOMORROW = (date.today() + timedelta(days=d) for d in (-1, 1))
Run = Callable[..., Any]


@dataclass(frozen=True)
class Office:
    """A county with two drafts of it: the first of change 1, the second after a mine was added by change 2."""

    database: str
    root: Path
    maker: URL
    second: URL


@pytest.fixture(scope="module")
def office(
    server: Engine, template: str, login: Callable[[Engine, str], URL], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Office]:
    """Made once: every test has a copy of its database and of its folder."""
    name, root = f"{template}_office", tmp_path_factory.mktemp("office") / "public"
    with a_database(server, name, template):
        engine = db.engine(server.url.set(database=name))
        maker, second = (login(engine, "qingshan_program") for _ in range(2))
        for mines in (1, 2):
            with Session(engine) as session, session.begin():
                ground = [township(0, strip(0, 10)), *(plot(i) for i in range(4))] if mines == 1 else []
                mine = feature("mines", mines, square(3 * mines), township="360732100", stage="works")
                apply(session, [*ground, mine], occasion(effective_on=DAY))
            assert publish(maker, "draft", "--root", str(root))["number"] == mines
        engine.dispose()
        yield Office(name, root, maker, second)


@pytest.fixture
def people(office: Office, server: Engine, tmp_path: Path) -> Iterator[dict[str, Run]]:
    """Two of the office, each with a database login of their own, and one folder of publications."""
    name = f"{office.database}_{uuid.uuid4().hex[:8]}"
    shutil.copytree(office.root, tmp_path / "public")
    with a_database(server, name, office.database):

        def desk(url: URL) -> Run:
            def run(*words: str, refused: bool = False) -> Any:
                root = ["--root", str(tmp_path / "public")] if words[0] in _ROOTED else []
                return publish(url.set(database=name), *words, *root, refused=refused)

            return run

        yield {"maker": desk(office.maker), "second": desk(office.second)}


@pytest.fixture
def psql(people: dict[str, Run], office: Office, server: Engine) -> Callable[[URL], Any]:
    """A plain connection of a login to the database of this test."""
    name = database_of(office, server)
    return lambda url: psycopg.connect(
        url.set(drivername="postgresql", database=name).render_as_string(hide_password=False), autocommit=True
    )


def database_of(office: Office, server: Engine) -> str:
    """The name of the database of this test."""
    with server.connect() as connection:
        names = connection.exec_driver_sql("select datname from pg_database").scalars().all()
    (found,) = (name for name in names if name.startswith(f"{office.database}_"))
    return str(found)


def publish(url: URL, *words: str, refused: bool = False, **variables: str) -> Any:
    """What `qingshan publish … --json` answers to a login."""
    stated = url.set(drivername="postgresql").render_as_string(hide_password=False)
    ran = subprocess.run(
        [COMMAND, "publish", *words, "--json"], env={**os.environ, "DATABASE_URL": stated, **variables},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    assert ran.returncode == (1 if refused else 0), ran.stderr
    return json.loads(ran.stdout)


_ROOTED = {"draft", "review", "switch", "rollback", "now"}
_DECISION = (
    "--secrecy-no", "兴保审〔2026〕1号", "--approval-no", "赣S(2026)<001>号", "--approver", "某局",
    "--decided-on", str(YESTERDAY), "--expires-on", str(TOMORROW),
)  # fmt: skip


def on(tmp_path: Path) -> dict[str, Any]:
    told: dict[str, Any] = json.loads((tmp_path / "public" / "sites" / "current" / "manifest.json").read_bytes())
    return told


def test_a_draft_goes_out_with_its_maps_once_it_is_released_and_accepted(
    people: dict[str, Run], tmp_path: Path
) -> None:
    people["maker"]("release", "1", *_DECISION)
    people["second"]("review", "1", "--accept")

    made = people["maker"]("switch", "1")

    page = (tmp_path / "public" / "sites" / "current" / "maps" / "progress.html").read_text("utf-8")
    assert made["state"] == "maps"
    assert "审图号：赣S(2026)&lt;001&gt;号" in page
    assert "送审稿" not in page
    assert folder.hash_of((draft_of(tmp_path, 1) / "manifest.json").read_bytes()) == on(tmp_path)["draft"]
    assert on(tmp_path)["release"]["approval_no"] == "赣S(2026)<001>号"


def test_what_goes_out_is_what_was_reviewed_but_for_the_mark_of_its_maps(
    people: dict[str, Run], tmp_path: Path
) -> None:
    people["maker"]("release", "1", *_DECISION)
    people["second"]("review", "1", "--accept")
    made = people["maker"]("switch", "1")
    first = draft_of(tmp_path, 1)

    differ = [
        str(file.relative_to(first))
        for file in first.rglob("*")
        if file.is_file() and not _same(file, Path(made["folder"]) / file.relative_to(first))
    ]

    names = {Path(path).name for path in differ}
    assert names <= {"manifest.json", "sitemap.xml", "no-maps.html", "index.html", "progress.html", "forest.html",
                     "wetland.html", "water.html"}  # fmt: skip
    assert all("maps/" in path for path in differ if path not in ("manifest.json", "sitemap.xml"))


def test_without_a_decision_tables_alone_go_out(people: dict[str, Run], tmp_path: Path) -> None:
    people["second"]("review", "1", "--accept")

    made = people["maker"]("switch", "1")

    site = tmp_path / "public" / "sites" / "current"
    assert made["state"] == "tables"
    assert not (site / "maps" / "progress.html").exists()
    assert not list(site.rglob("*.geojson"))
    assert "没有公开的地图" in (site / "maps" / "index.html").read_text("utf-8")


def test_a_decision_holds_for_the_draft_it_was_made_on_and_for_no_later_one(
    people: dict[str, Run], tmp_path: Path
) -> None:
    people["maker"]("release", "1", *_DECISION)
    people["second"]("review", "2", "--accept")

    assert people["maker"]("switch", "2")["state"] == "tables"


def test_a_decision_that_has_expired_releases_nothing(people: dict[str, Run], tmp_path: Path) -> None:
    past = ("--decided-on", "2020-01-01", "--expires-on", str(YESTERDAY))
    people["maker"]("release", "1", *_DECISION[:6], *past)
    people["second"]("review", "1", "--accept")

    assert people["maker"]("switch", "1")["state"] == "tables"


def test_who_made_a_draft_cannot_review_it_through_the_command_nor_in_sql(
    people: dict[str, Run], office: Office, psql: Callable[[URL], Any], tmp_path: Path
) -> None:
    assert people["maker"]("review", "1", "--accept", refused=True)["refused"] == "publish.own_review"
    assert people["maker"]("switch", "1", refused=True)["refused"] == "publish.not_reviewed"
    own_word = pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="made by this login")
    with psql(office.maker) as own, own_word:
        own.execute("insert into records.reviews (draft, accepted, login) values (1, true, 'somebody else')")


def test_nothing_is_switched_on_in_sql_that_no_second_person_accepted(
    people: dict[str, Run], office: Office, psql: Callable[[URL], Any]
) -> None:
    people["maker"]("release", "1", *_DECISION)
    switch = "insert into records.switches (draft, release, hash, back) values (1, 1, repeat('a', 64), false)"

    with psql(office.second) as other:
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="not accepted"):
            other.execute(switch)
        other.execute("insert into records.reviews (draft, accepted) values (1, true)")
        other.execute(switch)
        other.execute("insert into records.reviews (draft, accepted) values (1, false)")
        with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="not accepted"):
            other.execute(switch)
        for table in ("drafts", "releases", "reviews", "switches"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                other.execute(f"delete from records.{table}")


def test_a_draft_that_was_altered_after_its_review_does_not_go_out(people: dict[str, Run], tmp_path: Path) -> None:
    people["second"]("review", "1", "--accept")
    (draft_of(tmp_path, 1) / "data" / "works.csv").write_text("altered", "utf-8")

    assert people["maker"]("switch", "1", refused=True)["refused"] == "publish.file_differs"


def test_the_reviewer_is_shown_what_differs_value_by_value(people: dict[str, Run], tmp_path: Path) -> None:
    people["second"]("review", "1", "--accept")
    people["maker"]("switch", "1")

    told = people["second"]("review", "2")

    works = [v for v in told["values"] if v["table"] == "works"]
    towns = [v for v in told["values"] if v["table"] == "townships" and v["column"] == "works"]
    assert told["against"] == 1
    assert [(v["column"], v["before"]) for v in works] == [("*", None)]
    assert [(v["key"], v["before"], v["after"]) for v in towns] == [("360732100", "1", "2")]
    assert "data/works.csv" in told["files"]["changed"]


def test_rolled_back_the_site_is_equal_to_the_first_to_the_byte(people: dict[str, Run], tmp_path: Path) -> None:
    for number in ("1", "2"):
        people["second"]("review", number, "--accept")
    made = people["maker"]("switch", "1")
    first = {p: p.read_bytes() for p in Path(made["folder"]).rglob("*") if p.is_file()}
    people["maker"]("switch", "2")
    shutil.rmtree(made["folder"])

    back = people["maker"]("rollback")

    assert (tmp_path / "public" / "sites" / "current").resolve() == Path(back["folder"]).resolve()
    assert {p: p.read_bytes() for p in Path(back["folder"]).rglob("*") if p.is_file()} == first
    assert people["maker"]("rollback", refused=True)["refused"] == "publish.nothing_before"


def test_two_publications_of_a_moment_are_equal_by_diff_and_a_later_change_is_not_in_them(
    people: dict[str, Run], tmp_path: Path
) -> None:
    for name, no in (("one", "1"), ("two", "1"), ("three", "2")):
        people["maker"](str(tmp_path / name), "--as-of", no)

    def differ(name: str) -> int:
        found = subprocess.run(["diff", "-r", tmp_path / "one", tmp_path / name], capture_output=True, check=False)
        return found.returncode

    assert differ("two") == 0
    assert differ("three") == 1


def test_the_current_values_go_out_alone_and_the_site_stays_whole(people: dict[str, Run], tmp_path: Path) -> None:
    assert people["maker"]("now", refused=True)["refused"] == "publish.nothing_switched"
    people["second"]("review", "1", "--accept")
    people["maker"]("switch", "1")

    told = people["maker"]("now")

    said = json.loads(Path(told["file"]).read_bytes())
    assert (said["no"], said["works"]["mines"]["all"]) == (2, 2)
    people["maker"]("pack", str(tmp_path / "public" / "sites" / "current"), str(tmp_path / "a.tar.gz"))


def test_the_first_page_tells_the_current_values_once_they_are_newer_than_itself(
    people: dict[str, Run], tmp_path: Path, online: Any
) -> None:
    people["second"]("review", "1", "--accept")
    people["maker"]("switch", "1")
    site = tmp_path / "public" / "sites" / "current"
    handler = partial(SimpleHTTPRequestHandler, directory=str(site))

    seen = []
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        for _ in range(2):
            online.page.goto(f"http://127.0.0.1:{server.server_port}/index.html", wait_until="networkidle")
            seen.append(online.page.locator("#now:visible").all_text_contents())
            people["maker"]("now")
        server.shutdown()

    assert seen[0] == []
    assert len(seen[1]) == 1
    assert "第 2 号变更）：已验收的矿山 0/2、" in seen[1][0]
    assert online.complaints == []


def test_a_site_is_packed_with_its_checksums_and_a_folder_of_others_is_never_written_over(
    people: dict[str, Run], tmp_path: Path
) -> None:
    people["maker"](str(tmp_path / "one"))
    (tmp_path / "others").mkdir()
    (tmp_path / "others" / "letter.txt").write_text("mine")

    told = people["maker"]("pack", str(tmp_path / "one"), str(tmp_path / "site.tar.gz"))

    (tmp_path / "out").mkdir()
    subprocess.run(["tar", "xzf", tmp_path / "site.tar.gz", "-C", tmp_path / "out"], check=True)
    assert subprocess.run(["diff", "-r", tmp_path / "one", tmp_path / "out"], check=False).returncode == 0
    assert subprocess.run(["sha256sum", "-c", "site.tar.gz.sha256"], cwd=tmp_path, check=False).returncode == 0
    assert told["bytes"] == (tmp_path / "site.tar.gz").stat().st_size
    assert people["maker"](str(tmp_path / "others"), refused=True)["refused"] == "publish.not_ours"
    assert (tmp_path / "others" / "letter.txt").read_text() == "mine"


def test_a_decision_lacks_nothing_and_does_not_end_before_it_begins(people: dict[str, Run]) -> None:
    turned = ("--decided-on", str(TOMORROW), "--expires-on", str(YESTERDAY))

    refused = people["maker"]("release", "1", *_DECISION[:5], " ", *_DECISION[6:], refused=True)
    assert refused["refused"] == "publish.decision_empty"
    assert people["maker"]("release", "1", *_DECISION[:6], *turned, refused=True)["refused"] == "publish.expiry_before"
    assert people["maker"]("release", "9", *_DECISION, refused=True)["refused"] == "publish.no_draft"
    assert people["second"]("review", "9", refused=True)["refused"] == "publish.no_draft"


def _same(one: Path, other: Path) -> bool:
    return other.is_file() and one.read_bytes() == other.read_bytes()


def draft_of(tmp_path: Path, no: int) -> Path:
    """The folder of the draft of a change."""
    every = (tmp_path / "public" / "drafts").iterdir()
    return next(place for place in every if json.loads((place / "manifest.json").read_bytes())["no"] == no)


def test_a_login_that_may_only_read_is_told_that_it_may_not_review(
    people: dict[str, Run], office: Office, login: Callable[[Engine, str], URL], server: Engine, tmp_path: Path
) -> None:
    name = database_of(office, server)
    reader = login(server, "qingshan_read").set(database=name)

    told = publish(reader, "review", "1", "--accept", "--root", str(tmp_path / "public"), refused=True)

    assert told["refused"] == "database.forbidden"
    assert "qingshan_program" in told["zh"]


def test_the_sitemap_leads_to_whole_addresses_where_one_was_given(people: dict[str, Run], tmp_path: Path) -> None:
    people["maker"](str(tmp_path / "one"), "--address", "https://www.example.gov.cn/qs")

    said = (tmp_path / "one" / "sitemap.xml").read_text("utf-8")
    assert "<loc>https://www.example.gov.cn/qs/plan.html</loc>" in said
    assert "<loc>plan.html</loc>" not in said


def test_a_key_for_tianditu_does_not_stand_in_the_way_of_what_draws_no_map(
    people: dict[str, Run], office: Office, server: Engine, tmp_path: Path
) -> None:
    maker = office.maker.set(database=database_of(office, server))

    told = publish(maker, "now", "--root", str(tmp_path / "public"), refused=True, QINGSHAN_TIANDITU_KEY="0123abcd")

    assert told["refused"] == "publish.nothing_switched"
