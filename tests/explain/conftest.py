"""What the tests in a browser share."""

import pytest


@pytest.fixture(scope="module")
def browser():
    """Chromium, started once for a file of tests."""
    from in_browser import CHROMIUM, OPTIONS, sync_api

    with sync_api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=OPTIONS)
        yield chromium
        chromium.close()
