"""The pages as files: they hang together, say what the publication holds, and let no name write HTML."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from posixpath import dirname, join, normpath
from typing import Any

import pytest
from PIL import Image

from data.texts import texts
from pipelines.publish.folder import Files
from pipelines.publish.pages import Frame, pages, render
from pipelines.publish.pages.pictures import PictureRefusal
from pipelines.publish.pages.planning import FOR_READERS
from pipelines.publish.pages.wording import Words
from pipelines.publish.pages.works import steps
from pipelines.publish.public import Moment, Public, Quarter, Released, Site, printed
from tests.pipelines.publish.reader import TABLE, TODAY, html, jpeg, page, pair

pytest_plugins = ["tests.pipelines.publish.site"]

ELSEWHERE = {TABLE.path, "feed.xml", "now.json", "maps/index.html", "en/maps/index.html"}
"""Files that others put beside the pages."""
ZH = Words("zh")


def changed(public: Public, key: str, **values: Any) -> Public:
    """The publication with other values in one of the works."""
    sites = [_changed(site, values) if site.key == key else site for site in public.sites]
    return replace(public, sites=sites)


def _changed(site: Site, values: Mapping[str, Any]) -> Site:
    return replace(site, feature=replace(site.feature, values={**site.feature.values, **values}))


def test_every_link_leads_to_a_file_of_the_publication_and_to_a_place_on_it(files: Files) -> None:
    ids = {path: {a["id"] for _, a in page(content).tags if "id" in a} for path, content in html(files)}

    for path, content in html(files):
        for _, attributes in page(content).tags:
            for to in (attributes.get("href"), attributes.get("src")):
                if to is None or to == "/report":
                    continue
                plain, _, part = to.partition("#")
                target = normpath(join(dirname(path), plain)) if plain else path
                assert target in files or target in ELSEWHERE, (path, to)
                assert not part or part in ids[target], (path, to)


def test_both_trees_hold_the_same_pages_and_each_leads_to_its_twin(files: Files) -> None:
    chinese = {path for path, _ in html(files) if not path.startswith("en/")}

    assert {path for path, _ in html(files)} == chinese | {f"en/{path}" for path in chinese}
    for path in chinese:
        twins = [a["href"] for a in page(files[path]).of("a") if a.get("hreflang") == "en"]
        assert [normpath(join(dirname(path), str(to))) for to in twins] == [f"en/{path}"]


def test_every_page_has_one_heading_a_language_a_title_of_its_own_and_its_notes(files: Files) -> None:
    for path, content in html(files):
        read = page(content)
        lang = "en" if path.startswith("en/") else "zh-CN"

        assert len(read.of("h1")) == 1, path
        assert read.of("html") == [{"lang": lang}], path
        assert read.title.strip().split(" · ")[0], path
        assert texts()["public.screening"]["en" if lang == "en" else "zh"] in read, path
        assert texts()["public.made_up"]["en" if lang == "en" else "zh"] in read, path


def test_nothing_comes_from_elsewhere_and_nothing_is_written_into_a_page_that_a_policy_would_refuse(
    files: Files,
) -> None:
    for path, content in files.items():
        if path.endswith((".html", ".css", ".js", ".svg")):
            said = content.decode().replace("http://www.w3.org/2000/svg", "")
            assert not re.search(
                r"https?:|//[a-z]|@import|url\((?![\"']?(?:data:|#))", said, re.IGNORECASE
            ) or path.endswith(".js"), path
        if path.endswith(".html"):
            assert b"style=" not in content, path
            assert all(a.get("src") for a in page(content).of("script")), path
            assert not any(name.startswith("on") for _, a in page(content).tags for name in a), path


def test_the_same_publication_gives_the_same_bytes(public: Public, pictured: str, files: Files) -> None:
    frame = Frame(public.moment, feed="feed.xml")

    assert pages(public, frame, downloads=[TABLE], pictures={pictured: pair()}) == files


HOSTILE = "<script>alert(1)</script>\" onload='x' {{ 7*7 }} &amp;"


def test_a_name_is_never_read_as_html(public: Public) -> None:
    key = public.sites[0].key

    made = pages(changed(public, key, name=HOSTILE, programme=HOSTILE))

    for path in ("sites/index.html", f"sites/{key}.html", f"en/sites/{key}.html"):
        read = page(made[path])
        assert HOSTILE in read, path
        assert all(a.get("src") for a in read.of("script")), path
        assert not any("onload" in a for _, a in read.tags), path


def test_every_piece_of_the_works_stands_in_the_list_on_its_page_and_in_its_township(
    public: Public, files: Files
) -> None:
    listed = page(files["sites/index.html"])

    assert len(public.sites) > 20
    for site in public.sites:
        name, town = str(site.feature.values["name"]), site.feature.values["township"]
        own = page(files[f"sites/{site.key}.html"])
        assert name in listed
        assert name in own
        assert ZH.day(site.feature.values["planned_on"]) in own
        assert name in page(files[f"townships/{town}.html"])
        assert (texts()["public.overdue_mark"]["zh"] in own) == site.overdue


def test_the_first_page_counts_the_works_and_tells_announced_and_measured_apart(public: Public, files: Files) -> None:
    home = page(files["index.html"])

    mines = [site for site in public.sites if site.kind == "mines"]
    done = [s for s in mines if s.feature.values["stage"] in ("accepted", "tended", "reviewed", "closed")]
    newest = max((s for s in public.announced if s.subject == "forest-coverage"), key=lambda s: s.year)
    assert f"{len(done)} / {len(mines)}" in home
    assert f"森林覆盖率 {newest.value} % {newest.year}年公布" in home
    assert f"量算参考 {public.rates.measured['forest-coverage'].county.percent} % (虚构)" in home


def test_every_target_of_the_plan_stands_on_its_page_with_its_state(public: Public, files: Files) -> None:
    chinese, english = page(files["plan.html"]), page(files["en/plan.html"])

    for row in public.plan.all_targets:
        assert ZH.of(row.target) in chinese
        why = FOR_READERS.get(row.judged.why, row.judged.why)
        assert f"{texts()[f'state.{row.judged.state}']['zh']} · {texts()[why]['zh']}" in chinese
        assert f"{texts()[f'state.{row.judged.state}']['en']} · {texts()[why]['en']}" in english
    assert len([a for a in chinese.of("span") if "sign" in (a.get("class") or "")]) >= len(public.plan.all_targets)


def test_the_areas_of_the_townships_add_up_to_the_county_as_they_are_printed(public: Public, files: Files) -> None:
    read = page(files["forest.html"])

    areas = printed(public.rates.measured["forest-coverage"])

    parts = [pair for code, pair in areas.items() if len(code) == 9]
    county = areas["360732"]
    assert (sum(a for a, _ in parts), sum(b for _, b in parts)) == county
    assert all(f"{size:,}" in read for pair in areas.values() for size in pair)
    assert all(-size.as_tuple().exponent == 1 for size in county)  # no more decimals than an area may be told with


def test_no_area_is_told_more_exactly_than_it_may_be(public: Public) -> None:
    mine = next(site for site in public.sites if site.kind == "mines")

    own = page(pages(changed(public, mine.key, damaged_hm2=1.2351))[f"sites/{mine.key}.html"])

    assert "1.2 公顷" in own
    assert "1.23" not in own


def test_a_village_names_what_is_near_it_and_its_forest_in_whole_hectares(public: Public, files: Files) -> None:
    village = next(v for v in public.villages if v.near and v.forest_hm2)

    read = page(files[f"villages/{village.code}.html"])

    for key, km in village.near:
        assert f"{public.site[key].feature.values['name']} " in read
        assert f"约 {km} 公里" in read
    assert all(f"{hm2:,}" in read for hm2 in village.forest_hm2.values())


def test_a_village_without_plots_says_that_its_place_is_not_known(public: Public, files: Files) -> None:
    village = next(v for v in public.villages if not v.near and not v.forest_hm2)

    assert texts()["public.no_place"]["zh"] in page(files[f"villages/{village.code}.html"])


def steps_of(stages: tuple[str | None, ...], stage: str) -> list[str]:
    """What a mine's page says of its eight stages."""
    values = dict.fromkeys(("name", "township", "planned_on", "done_on"))
    feature = Released("k", "mines", {**values, "stage": stage, "made_up": False}, None, None)
    quarters = [Quarter(f"2025Q{n}", TODAY) for n in range(1, len(stages) + 1)]
    return [step.seen for step in steps(Site("mines", feature, stages, accepted=False, overdue=False), quarters, ZH)]


def test_a_stage_is_told_by_the_quarter_that_first_saw_it() -> None:
    seen = steps_of(("planned", "planned", "works", "works"), "accepted")

    assert seen[:2] == ["2025年第1季度或更早"] * 2
    assert seen[2] == "不晚于2025年第3季度"  # approved in between: no quarter ended with it
    assert seen[3] == "2025年第3季度起"
    assert seen[4] == "本季度起"
    assert seen[5:] == ["", "", ""]


def test_a_rate_whose_layers_are_not_loaded_is_not_checked(public: Public) -> None:
    without = replace(public, rates=replace(public.rates, measured={}), announced=[])

    made = pages(without)

    assert "未核对" in page(made["forest.html"])
    assert "尚未录入公布值" in page(made["water.html"])


def test_a_page_of_another_room_is_drawn_in_the_same_frame() -> None:
    frame = Frame(Moment(7, TODAY, made_up=False))

    drawn = page(render("404.html", frame, "en", "maps/index.html"))

    assert "change 7" in drawn
    assert [a["href"] for a in drawn.of("a") if a.get("aria-current")] == ["../../en/maps/index.html"]
    assert "../../assets/site" in str(drawn.of("link"))


def test_pictures_go_out_without_what_their_files_tell_of_the_place(public: Public, pictured: str) -> None:
    exif = Image.Exif()
    exif[0x8825] = {1: "N", 2: (26.0, 20.0, 1.0)}  # GPS
    exif[0x0112] = 6  # lies on its side

    made = pages(public, pictures={pictured: pair(jpeg("red", (3000, 1500), exif=exif, comment=b"115.4"))})

    before, after = (made[path] for path in sorted(made, reverse=True) if path.startswith("pictures/"))
    assert (b"Exif" in before, b"115.4" in before) == (False, False)
    assert 'width="640" height="1280"' in made[f"sites/{pictured}.html"].decode()
    assert before != after


@pytest.mark.parametrize("content", [b"", b"<script>", jpeg("red")[:200]])
def test_a_picture_that_cannot_be_read_is_refused_with_its_site(public: Public, pictured: str, content: bytes) -> None:
    broken = replace(pair(), before=replace(pair().before, jpeg=content))

    with pytest.raises(PictureRefusal) as refusal:
        pages(public, pictures={pictured: broken})

    assert refusal.value.id == "public.picture_unreadable"
    assert (refusal.value.values["key"], refusal.value.values["which"]) == (pictured, "before")


def test_what_is_not_entered_is_a_dash_or_said_so_and_leads_nowhere(public: Public) -> None:
    bare = dict.fromkeys(("name", "township", "stage", "planned_on", "done_on"))
    site = next(site for site in public.sites if site.kind == "projects")
    sites = [replace(_changed(s, bare), stages=(None,) * len(s.stages)) if s is site else s for s in public.sites]

    made = pages(replace(public, sites=sites))

    own = page(made[f"sites/{site.key}.html"])
    assert f"生态工程 {site.key[:4]}" in own
    assert "未填阶段" in own
    assert "最初登记时与现在" not in own
    assert "乡镇—" in own
    assert "townships/None.html" not in made


def test_numbers_are_rounded_half_up() -> None:
    assert [ZH.hm2(Decimal(n)) for n in ("0.05", "1.25", "1234.449")] == ["0.1", "1.3", "1,234.4"]
    assert [ZH.number(n) for n in (12.0, 92.5, Decimal("75.30"), 1234)] == ["12", "92.5", "75.30", "1,234"]


def test_a_column_is_named_without_its_details_and_with_all_that_it_holds() -> None:
    english = Words("en")

    named = [english.column("mines", name) for name in ("green_added_hm2", "programme", "survey_area_m2", "township")]

    assert named == ["Forest, grass and wetland gained", "Programme it belongs to", "Area of record", "Township code"]
