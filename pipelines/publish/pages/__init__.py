"""The pages of a publication but its maps: values that passed the allow-list become HTML, in Chinese and in English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.publish.folder import Files
from pipelines.publish.pages import fronts, places, protection, telling, works
from pipelines.publish.pages.naming import township, township_page, village, village_page
from pipelines.publish.pages.pictures import Pair, Pictures, prepared
from pipelines.publish.pages.rendering import LANGS, Frame, assets, place, render
from pipelines.publish.pages.telling import Download
from pipelines.publish.pages.wording import Words
from pipelines.publish.public import NEAR_KM, Printed, Public, Site, printed

__all__ = ["Download", "Frame", "Pictures", "pages", "render"]

Page = tuple[str, str, dict[str, Any]]
"""Its path in its tree, its template, and the values of that."""
_NO_PICTURES: Mapping[str, Pictures] = {}


def pages(
    public: Public,
    frame: Frame | None = None,
    *,
    downloads: Sequence[Download] = (),
    pictures: Mapping[str, Pictures] = _NO_PICTURES,
) -> Files:
    """Every page by its path in the folder, with the styles, scripts and pictures they need; the same from the same.

    downloads: what the page of open data lists. pictures: by the key of a site. Raises PictureRefusal.
    """
    frame = frame or Frame(public.moment)
    pairs = prepared(pictures)
    files = {**assets(), **{of.path: of.content for pair in pairs.values() for of in pair}}
    for lang in LANGS:
        for path, template, values in _pages(public, Words(lang), downloads, pairs):
            files[place(lang, path)] = render(template, frame, lang, path, **values)
    return files


def _pages(public: Public, t: Words, downloads: Sequence[Download], pictures: Mapping[str, Pair]) -> Iterator[Page]:
    areas = {rate: printed(of) for rate, of in public.rates.measured.items()}
    yield "index.html", "index.html", fronts.home(public, t)
    yield "plan.html", "plan.html", fronts.plan(public, t)
    for subject, rates in protection.SUBJECTS.items():
        told = [protection.told(rate, public, areas, t) for rate in rates]
        yield f"{subject}.html", "protection.html", {"told": told, **fronts.protection(subject, public, t)}
    yield "data.html", "data.html", {"files": telling.downloads(downloads, t), "limits": telling.exactness(t)}
    yield "about.html", "about.html", {"sources": telling.sources(t), "unshown": telling.unshown(t)}
    yield "404.html", "404.html", {}
    yield from _sites(public, t, pictures)
    yield from _townships(public, t, areas)
    yield from _villages(public, t)


def _sites(public: Public, t: Words, pictures: Mapping[str, Pair]) -> Iterator[Page]:
    near, beside = works.nearest(public.villages), works.neighbours(public.sites)
    listed = {kind: works.listing(kind, of, t) for kind, of in works.by_kind(public.sites).items()}
    yield "sites/index.html", "sites/index.html", {"listed": listed}
    for site in public.sites:
        around = {
            "near": works.near_cells(near.get(site.key, ()), t),
            "beside": [works.called(of, t) if of else None for of in beside[site.key]],
        }
        yield works.page_of(site), "sites/site.html", {**_site(site, public, t, pictures), **around}


def _site(site: Site, public: Public, t: Words, pictures: Mapping[str, Pair]) -> dict[str, Any]:
    return {
        "site": site,
        "name": works.called(site, t),
        "kind": works.kind_named(site.kind, t),
        "stage": works.stage_cell(site, t),
        "township": township(site.feature.values["township"], t),
        "steps": works.steps(site, public.quarters, t),
        "pictures": pictures.get(site.key, ()),
        "before": works.before_and_now(site, public, t),
        "particulars": works.particulars(site, t),
        "provider": works.provider(site, t),
    }


def _townships(public: Public, t: Words, areas: Mapping[str, Printed]) -> Iterator[Page]:
    table, villages = places.listed(public, t), places.villages_by_township(public)
    yield "townships/index.html", "places/townships.html", {"table": table, "villages": len(public.villages)}
    for code in places.codes(public):
        sections = protection.sections(public, t, within=code)
        yield (
            township_page(code),
            "places/township.html",
            {
                "name": places.named(code, public, t),
                "doing": places.doing(public, code, t),
                "works": places.works_here(public.in_township(code), t),
                "sections": sections if sections.rows else None,
                "rates": places.rates_of(code, public, areas, t),
                "rates_made_up": public.rates.made_up,
                "villages": [village(of) for of in villages.get(code, ())],
            },
        )


def _villages(public: Public, t: Words) -> Iterator[Page]:
    yield "villages/index.html", "places/villages.html", {"table": places.all_villages(public, t)}
    for of in places.villages_by_township(public).values():
        for before, this, after in zip([None, *of], of, [*of[1:], None], strict=False):
            yield (
                village_page(this.code),
                "places/village.html",
                {
                    "village": this,
                    "township": township(this.township, t),
                    "works": places.works_near(this, public, t),
                    "forest": places.forest_of(this, t),
                    "near_km": NEAR_KM,
                    "beside": [village(other) if other else None for other in (before, after)],
                },
            )
