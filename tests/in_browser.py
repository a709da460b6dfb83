"""A page in a real browser, opened from disk: nothing is asked of a network, and the console stays clean."""

import os
import shutil

import pytest

sync_api = pytest.importorskip("playwright.sync_api")
axe = pytest.importorskip("axe_playwright_python.sync_playwright")
AXE = axe.Axe()

CHROMIUM = os.environ.get("AUTODIFF_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
if CHROMIUM is None:
    pytest.skip("needs Chromium (Debian: apt-get install chromium), or its path in AUTODIFF_CHROMIUM", allow_module_level=True)

OPTIONS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync",
]


class Opened:
    """A page, and what it said and asked for."""

    def __init__(self, browser, path, fragment="", **options):
        self.context = browser.new_context(viewport=options.pop("viewport", {"width": 1280, "height": 900}), **options)
        self.context.set_default_timeout(5000)
        self.page = self.context.new_page()
        self.said, self.asked = [], []
        self.page.on("console", lambda message: self.said.append(message.text))
        self.page.on("pageerror", lambda error: self.said.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.goto(f"file://{path}{fragment}")

    def __enter__(self):
        return self.page

    def __exit__(self, kind, *error):
        self.context.close()
        if kind is None:
            assert self.said == []
            assert [url for url in self.asked if not url.startswith("file:")] == []


def axe_finds_nothing(page):
    """Nothing keeps anybody from reading the page as it is shown now."""
    if not page.evaluate("'axe' in window"):  # half a megabyte, which stays
        page.evaluate(AXE.axe_script)
    found = axe.AxeResults(page.evaluate("axe.run({resultTypes: ['violations']})"))
    assert found.violations_count == 0, found.generate_report()


def step(page):
    return int(page.inner_text("#num").split("/")[0])
