"""Folded boxes in a real browser: they open by mouse and by key, and close again, in the page of a run and in a picture."""

import re
from itertools import pairwise

import pytest
from in_browser import Opened, axe_finds_nothing
from pictured import gpt, residual

MOMENTS = 237


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder, run, loop = tmp_path_factory.mktemp("folded"), gpt(2, 4, 3, 2), residual(11)
    return {
        "page": run.save(folder / "page.html"), "loop": loop.save(folder / "loop.html"),
        "picture": run.graph().save(folder / "picture.html"),
    }


def told(page):
    """The moments that the present one stands for."""
    first, _, last = page.inner_text("#num").split(" /")[0].partition("–")
    return int(first), int(last or first)


def shown(page):
    """The one picture that is seen."""
    figures = page.locator("#view figure:visible")
    assert figures.count() == 1
    return figures.first.get_attribute("aria-label")


def group(page, name):
    """A folded box, in the picture that is shown."""
    return page.locator(f"#view figure.shown .n.group[aria-label^='{name},']")


def at(page, fragment):
    page.evaluate(f"location.hash = '#step={fragment}'")
    page.wait_for_function(f"document.getElementById('num').textContent.startsWith('{fragment.replace('-', '–')} ')")


def walk(page):
    """All stops from the first to the last: the moments that each stands for; the arrows go to the first and the last few."""
    stops = [(first, last) for first, last in page.evaluate("stops.map(s => [s.first + 1, s.last + 1])")]
    for key, back, some in (("Home", "ArrowRight", stops[:8]), ("End", "ArrowLeft", stops[:-4:-1])):
        page.keyboard.press(key)
        for stop in some:
            assert told(page) == stop
            page.keyboard.press(back)
    return stops


def check_stops(stops):
    """They follow each other, and leave none out."""
    assert stops[0][0] == 1
    assert stops[-1][1] == MOMENTS
    assert all(a[1] + 1 == b[0] for a, b in pairwise(stops))


def test_one_moment_a_box(browser, files):
    with Opened(browser, files["page"]) as page:
        folded = walk(page)
        check_stops(folded)
        assert len(folded) < 65
        assert page.get_attribute("#r", "max") == str(len(folded))
        assert shown(page) == "The whole graph"
        at(page, "6")
        assert shown(page) == "Inside blocks.0.attn.qkv"
        inner = walk(page)
        check_stops(inner)
        assert len(folded) < len(inner) < MOMENTS
        assert (6, 6) in inner


@pytest.mark.parametrize("way", ["click", "Enter", " "])
def test_a_box_opens_and_closes(browser, files, way):
    with Opened(browser, files["page"]) as page:
        at(page, "6-40")
        assert "blocks.0.attn: Attention" in page.inner_text(".m.now h2")
        box = group(page, "blocks.0.attn")
        assert "cur" in box.get_attribute("class")
        if way == "click":
            box.click()
        else:
            box.focus()
            page.keyboard.press(way)
        assert shown(page) == "Inside blocks.0.attn"
        assert told(page)[0] == 6
        assert told(page)[1] < 20
        assert page.evaluate("document.activeElement.textContent") == "Close"
        group(page, "blocks.0.attn.qkv").click()
        assert shown(page) == "Inside blocks.0.attn.qkv"
        if way == "click":
            page.locator("figure.shown .close").click()
            assert shown(page) == "Inside blocks.0.attn"
            page.locator("figure.shown figcaption a").first.click()
        else:
            page.keyboard.press("Escape")
            assert shown(page) == "Inside blocks.0.attn"
            page.keyboard.press("Escape")
        assert shown(page) == "The whole graph"
        assert told(page) == (6, 40)
        assert page.evaluate("document.activeElement.getAttribute('aria-label')").startswith("blocks.0.attn, ")


def test_a_moment_opens_by_its_button_and_the_picture_follows(browser, files):
    with Opened(browser, files["page"], "#step=122-156") as page:
        page.locator(".m.now .unfold").click()
        assert told(page)[0] == 122
        assert shown(page) == "Inside blocks.1.attn"
        page.keyboard.press("ArrowLeft")
        assert (told(page), shown(page)) == ((121, 121), "The whole graph")
        page.keyboard.press("ArrowRight")
        assert shown(page) == "Inside blocks.1.attn"
        page.locator("figure.shown .out").first.click()
        assert shown(page) == "The whole graph"


def test_arrows_walk_among_the_boxes_of_the_picture_that_is_shown(browser, files):
    with Opened(browser, files["page"], "#step=6-40") as page:
        group(page, "blocks.0.attn").focus()
        page.keyboard.press("ArrowDown")
        assert "inputs: x, blocks.0.attn;" in page.evaluate("document.activeElement.getAttribute('aria-label')")
        group(page, "blocks.0.attn").focus()
        page.keyboard.press("Enter")
        assert shown(page) == "Inside blocks.0.attn"
        page.locator("figure.shown .n").first.focus()
        for _ in range(page.locator("figure.shown .n").count()):
            page.keyboard.press("ArrowRight")
            assert page.evaluate("document.activeElement.closest('figure').classList.contains('shown')")


def test_the_norm_of_a_box_comes_with_grad_and_goes_with_zero_grad(browser, files):
    with Opened(browser, files["page"]) as page:
        for fragment, there in (("206", False), ("207", True), ("236", True), ("237", False)):
            at(page, fragment)
            text = group(page, "blocks.1.attn").locator(".norm").text_content()
            assert bool(re.fullmatch(r"‖g‖ [\d.e−]+", text)) == there
            assert there or text == ""


def test_a_box_is_pale_until_something_in_it_is_computed(browser, files):
    with Opened(browser, files["page"], "#step=6-40") as page:
        assert "off" not in group(page, "blocks.0.attn").get_attribute("class").split()
        assert "off" in group(page, "blocks.1.attn").get_attribute("class").split()


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_axe_finds_nothing_on_a_folded_page(browser, files, scheme, width):
    size = {"width": width, "height": 900}
    with Opened(browser, files["loop"], color_scheme=scheme, viewport=size, reduced_motion="reduce") as page:
        fold = page.locator(".fold").first.get_attribute("id")[1:]
        for fragment in (fold, fold.split("-")[0]):
            at(page, fragment)
            axe_finds_nothing(page)


def test_nothing_scrolls_sideways_on_a_small_phone(browser, files):
    with Opened(browser, files["page"], viewport={"width": 320, "height": 640}) as page:
        for fragment in ("1", "6-40", "20", "122-156", "130", "214-217", "237"):
            at(page, fragment)
            assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_without_the_script_all_is_there(browser, files):
    with Opened(browser, files["page"], java_script_enabled=False) as page:
        assert page.locator("#view figure:visible").count() == page.locator("#view figure").count() > 10
        assert page.locator(".m:visible").count() == page.locator(".m").count() > MOMENTS
        assert page.locator(".unfold:visible").count() == 0


# ---- a picture alone ----


def figure(page):
    seen = page.locator("figure:visible")
    assert seen.count() == 1
    return seen.first.get_attribute("id")


@pytest.mark.parametrize("way", ["click", "Enter", " "])
def test_a_box_of_a_picture_opens_and_closes(browser, files, way):
    with Opened(browser, files["picture"]) as page:
        assert figure(page) == "f0"
        box = page.locator("figure:visible svg a[aria-label^='blocks.0.attn,']")
        goal = box.get_attribute("href")[1:]
        if way == "click":
            box.click()
        else:
            box.focus()
            page.keyboard.press(way)
        page.wait_for_function(f"document.querySelector('figure.open').id == '{goal}'")  # the address changes before it opens
        assert figure(page) == goal
        assert page.evaluate("document.activeElement.textContent") == "Close"
        if way == "click":
            page.locator("figure:visible .close").click()
        else:
            page.keyboard.press("Escape")
        page.wait_for_function("document.querySelector('figure.open').id == 'f0'")
        assert page.evaluate("location.hash") == "#f0"
        assert figure(page) == "f0"
        assert page.evaluate("document.activeElement.getAttribute('href')") == f"#{goal}"


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 320)])
def test_axe_finds_nothing_on_a_picture(browser, files, scheme, width):
    size = {"width": width, "height": 800}
    with Opened(browser, files["picture"], color_scheme=scheme, viewport=size, reduced_motion="reduce") as page:
        for fragment in ("f0", "f2"):
            page.evaluate(f"location.hash = '#{fragment}'")
            page.wait_for_function(f"document.querySelector('figure.open').id == '{fragment}'")
            axe_finds_nothing(page)
            assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_picture_reads_without_the_script(browser, files):
    with Opened(browser, files["picture"], java_script_enabled=False) as page:
        assert page.locator("figure:visible").count() == page.locator("figure").count() > 10
        box = page.locator("#f0 svg a[aria-label^='blocks.1.attn,']")
        box.click()
        assert page.url.endswith(box.get_attribute("href"))
