"""What others read by program: tables, feeds, sitemap, and the pictures that somebody chose to show."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from io import StringIO
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from layers.mines import Mine
from pipelines.publish.folder import Files
from pipelines.publish.pages.pictures import PictureRefusal
from pipelines.publish.public import Public
from pipelines.publish.reading import key_of, read_pictures
from pipelines.publish.tables import KEYS, as_csv, tables
from tests.pipelines.publish.reader import jpeg

pytest_plugins = ["tests.pipelines.publish.site"]

ATOM = {"a": "http://www.w3.org/2005/Atom"}


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(content.decode("utf-8-sig"), newline="")))


def test_every_table_names_each_row_once_by_its_first_columns(draft: Files) -> None:
    for name, keys in KEYS.items():
        read = rows(draft[f"data/{name}.csv"])

        named = [tuple(list(row.values())[:keys]) for row in read]
        assert len(named) == len(set(named)) > 0, name


def test_a_table_opens_in_a_spreadsheet_and_no_name_is_computed() -> None:
    made = as_csv(("name", "change"), [("=1+1", Decimal("-0.5")), ("-a", 2), ("@x", None), ("潋江", 0)])

    assert made.startswith(b"\xef\xbb\xbf")
    assert rows(made)[0] == {"name": "'=1+1", "change": "-0.5"}
    assert [row["name"] for row in rows(made)[1:]] == ["'-a", "'@x", "潋江"]


def test_the_areas_of_the_townships_add_up_to_the_county_in_the_table(draft: Files) -> None:
    read = rows(draft["data/rates.csv"])

    for rate in {row["rate"] for row in read}:
        of = [row for row in read if row["rate"] == rate]
        county = next(row for row in of if row["place"] == "360732")
        for column in ("numerator_hm2", "denominator_hm2"):
            assert sum(Decimal(row[column]) for row in of if row is not county) == Decimal(county[column])
    assert {row["rate"] for row in read} == {
        "forest-coverage", "forest-protection", "wetland-protection", "soil-conservation",
    }  # fmt: skip


def test_the_current_values_are_those_of_the_tables(public: Public, draft: Files) -> None:
    told, works = json.loads(draft["data/current.json"]), rows(draft["data/works.csv"])

    assert told["no"] == public.moment.no
    assert {kind: of["all"] for kind, of in told["works"].items()} == {
        kind: sum(row["kind"] == kind for row in works) for kind in told["works"]
    }
    assert sum(told["plan"][state] for state in ("green", "amber", "red", "grey")) == len(public.plan.all_targets)


@pytest.mark.parametrize("tree", ["", "en/"])
def test_both_feeds_tell_the_same_news_newest_first_and_lead_to_its_pages(tree: str, draft: Files) -> None:
    atom, said = ET.fromstring(draft[f"{tree}feed.atom"]), json.loads(draft[f"{tree}feed.json"])

    entries = atom.findall("a:entry", ATOM)
    ids = [entry.findtext("a:id", namespaces=ATOM) for entry in entries]
    days = [entry.findtext("a:updated", namespaces=ATOM) or "" for entry in entries]
    assert ids == [item["id"] for item in said["items"]]
    assert len(ids) == len(set(ids)) == 100
    assert days == sorted(days, reverse=True)
    assert all(f"{tree}{item['url']}" in draft for item in said["items"])


def test_the_news_are_what_changed_between_quarters(public: Public, draft: Files) -> None:
    said = json.loads(draft["feed.json"])["items"]
    newest = max(q.end for q in public.quarters)

    moved = {
        f"{site.key}:{site.stages[-1]}"
        for site in public.sites
        if site.stages[-1] != site.stages[-2] and site.stages[-1]
    }
    assert {":".join(i["id"].split(":")[3:]) for i in said if i["date_published"].startswith(str(newest))} == moved


def test_the_sitemap_lists_every_page_that_is_there(draft: Files) -> None:
    found = [node.text for node in ET.fromstring(draft["sitemap.xml"]).iter() if node.tag.endswith("loc")]

    pages = [path for path in draft if path.endswith(".html") and "404" not in path and "no-maps" not in path]
    assert sorted(map(str, found)) == sorted(pages)


def test_a_feature_without_a_name_has_a_row_all_the_same(public: Public) -> None:
    first = public.sites[0]
    nameless = replace(first.feature, values={**first.feature.values, "name": None, "township": None})
    changed = replace(public, sites=[replace(first, feature=nameless), *public.sites[1:]])

    read = rows(tables(changed)["data/works.csv"])

    assert (read[0]["key"], read[0]["name"], read[0]["township_name"]) == (first.key, "", "")


# --- pictures


def a_mine(engine: Engine) -> tuple[str, str]:
    with Session(engine) as session:
        code, id_ = session.execute(select(Mine.code, Mine.id).order_by(Mine.code)).first() or ("", None)
        return code, key_of("mines", id_)


def listed(folder: Path, mine: str, **more: str) -> Path:
    said: Mapping[str, str] = {
        "layer": '"mines"', "code": f'"{mine}"', "before": '{ file = "a.jpg", taken_on = 2024-03-01 }',
        "after": '{ file = "b.jpg", taken_on = 2026-03-01, caption_zh = "复绿" }', **more,
    }  # fmt: skip
    (folder / "pictures.toml").write_text("[[picture]]\n" + "\n".join(f"{k} = {v}" for k, v in said.items() if v))
    for name in ("a.jpg", "b.jpg"):
        (folder / name).write_bytes(jpeg("#3d7a4e"))
    return folder


def test_pictures_are_found_by_layer_and_code_and_stand_under_the_public_key(
    sample_county: Engine, tmp_path: Path
) -> None:
    code, key = a_mine(sample_county)

    with Session(sample_county) as session:
        found = read_pictures(session, listed(tmp_path, code))

    assert list(found) == [key]
    assert (found[key].before.taken_on.year, found[key].after.caption_zh) == (2024, "复绿")


@pytest.mark.parametrize(
    ("more", "refused"),
    [
        ({"code": '"KS-nowhere"'}, "publish.picture_of_none"),
        ({"layer": '"redlines"'}, "publish.picture_of_none"),
        ({"before": ""}, "publish.picture_entry"),
        ({"before": '{ file = "a.jpg" }'}, "publish.picture_entry"),
        ({"before": '{ file = "a.jpg", taken_on = "spring" }'}, "publish.picture_entry"),
        ({"after": '{ file = "none.jpg", taken_on = 2026-03-01 }'}, "publish.picture_entry"),
        ({"after": '{ file = "../../etc/passwd", taken_on = 2026-03-01 }'}, "publish.picture_entry"),
        ({"code": "= ="}, "publish.pictures_list"),
    ],
)
def test_a_list_of_pictures_that_is_not_whole_is_refused_and_the_entry_is_named(
    more: dict[str, str], refused: str, sample_county: Engine, tmp_path: Path
) -> None:
    code, _ = a_mine(sample_county)

    with Session(sample_county) as session, pytest.raises(PictureRefusal) as told:
        read_pictures(session, listed(tmp_path, code, **more))

    assert told.value.id == refused
