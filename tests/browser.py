"""Chromium as a reader has it: offline, counting what the page asks for and what it complains about.

`python -m tests.browser PAGE…` takes a picture of each page at a desk's and a phone's width into out/screens.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

CHROMIUM = "/usr/bin/chromium"
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
DESK, PHONE = (1440, 900), (390, 844)


@dataclass
class Reading:
    """A page being read, with everything it asked for beyond itself and everything it complained about."""

    page: Page
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def open(self, path: Path) -> Page:
        """Open a file and wait until it is drawn."""
        self.page.goto(path.resolve().as_uri(), wait_until="load")
        self.page.evaluate("document.fonts.ready.then(() => new Promise(requestAnimationFrame))")
        return self.page

    def beyond(self, root: str) -> list[str]:
        """Requests that leave a folder or a server."""
        return [url for url in self.requests if not url.startswith(("data:", "blob:", root))]

    @property
    def foreign(self) -> list[str]:
        """Requests that leave the file itself."""
        return [url for url in self.requests if not url.startswith(("data:", "blob:")) and url != self.page.url]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def reading(
    browser: Browser, size: tuple[int, int] = DESK, *, offline: bool = True, script: bool = True
) -> Iterator[Reading]:
    """A window, without network unless it is asked for; a width below 600 is a phone with touch."""
    phone = size[0] < 600
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        offline=offline, java_script_enabled=script,
        has_touch=phone, is_mobile=phone, device_scale_factor=2 if phone else 1,
    )  # fmt: skip
    found = Reading(context.new_page())
    found.page.on("request", lambda request: found.requests.append(request.url))
    found.page.on("console", lambda said: said.type in {"error", "warning"} and found.complaints.append(said.text))
    found.page.on("pageerror", lambda error: found.complaints.append(str(error)))
    yield found
    context.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture
def window(browser: Browser) -> Callable[..., AbstractContextManager[Reading]]:
    """Opens a window as `reading` does, for tests that want one of their own."""
    return partial(reading, browser)


@pytest.fixture
def online(browser: Browser) -> Iterator[Reading]:
    """A desk's window with a network, for pages that a test serves itself."""
    with reading(browser, DESK, offline=False) as found:
        yield found


@pytest.fixture
def desk(browser: Browser) -> Iterator[Reading]:
    with reading(browser, DESK) as found:
        yield found


@pytest.fixture
def phone(browser: Browser) -> Iterator[Reading]:
    with reading(browser, PHONE) as found:
        yield found


def screens(pages: Sequence[Path], folder: Path) -> list[Path]:
    """A picture of each page at both widths: the first window of the desk's, the whole page of the phone's."""
    folder.mkdir(parents=True, exist_ok=True)
    taken = []
    with chromium() as browser:
        for path in pages:
            for name, size in (("desk", DESK), ("phone", PHONE)):
                taken.append(folder / f"{path.stem}-{name}.png")
                with reading(browser, size) as found:
                    found.open(path).screenshot(path=taken[-1], full_page=name == "phone")
    return taken


if __name__ == "__main__":
    for picture in screens([Path(name) for name in sys.argv[1:]], Path("out/screens")):
        sys.stdout.write(f"{picture}\n")
