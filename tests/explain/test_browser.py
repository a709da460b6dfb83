"""The page in a real browser, opened from disk: every key and control does what it says, nothing is asked of a network."""

import os
from pathlib import Path

import pytest
from in_browser import Opened, axe_finds_nothing, step

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain.exploring import Exploration
from autodiff.nn import functional as F


def mlp():
    torch.manual_seed(3)
    x = torch.tensor([[1.0, 0.5], [-0.6, 1.2], [-1.0, -0.8], [0.7, -1.1]])
    y = torch.tensor([0, 1, 2, 0])
    W1 = torch.randn(2, 5, requires_grad=True)
    b1 = torch.zeros(5, requires_grad=True)
    W2 = torch.randn(5, 3, requires_grad=True)
    opt = optim.SGD([W1, b1, W2], lr=0.1, momentum=0.9)
    with torch.watch() as run:
        h = torch.relu(x @ W1 + b1)
        logits = h @ W2
        loss = F.cross_entropy(logits, y)
        loss.backward()
        opt.step()
        opt.zero_grad()
    return run


def scalar():
    a = torch.tensor(-4.0, requires_grad=True)
    b = torch.tensor(2.0, requires_grad=True)
    with torch.watch() as run:
        c = a + b
        d = a * b + b**3
        c += c + 1
        d += d * 2 + (b + a).relu()
        e = c - d
        g = e**2 / 2.0
        g.backward()
    return run


def wide():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(64, 128), nn.ReLU(), nn.Linear(128, 10))
    optimizer = optim.Adam(model.parameters())
    x, y = torch.randn(32, 64), torch.randint(0, 10, (32,))
    with torch.watch() as run:
        optimizer.zero_grad()
        F.cross_entropy(model(x), y).backward()
        optimizer.step()
    return run


def failing():
    w = torch.ones(2, 3, requires_grad=True)
    watching = torch.watch()
    with pytest.raises(RuntimeError), watching:
        _ = (w * 2).detach() @ torch.ones(2, 2)
    return watching.run


RUNS = {"mlp": mlp, "scalar": scalar, "wide": wide, "failing": failing}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    return {name: make().save(folder / f"{name}.html") for name, make in RUNS.items()}


def count(page):
    return page.locator(".m").count()


@pytest.mark.parametrize("name", RUNS)
def test_every_moment_by_the_arrow_key(browser, files, name):
    with Opened(browser, files[name]) as page:
        total = count(page)
        assert total >= 3
        for k in range(1, total + 1):
            assert step(page) == k
            assert page.locator(".m.now").count() == 1
            assert page.locator(".m.now").get_attribute("id") == f"m{k}"
            assert k == 1 or page.evaluate("location.hash") == f"#step={k}"
            page.keyboard.press("ArrowRight")
        assert step(page) == total
        page.keyboard.press("ArrowLeft")
        assert step(page) == total - 1
        page.keyboard.press("Home")
        assert step(page) == 1
        page.keyboard.press("End")
        assert step(page) == total


def test_phases_by_key_by_button_and_by_slider(browser, files):
    with Opened(browser, files["mlp"]) as page:
        for key, phase in (("b", "backward"), ("s", "step"), ("z", "zero_grad"), ("f", "forward")):
            page.keyboard.press(key)
            assert phase in page.locator(".m.now").get_attribute("class")
        buttons = page.locator(".ph")
        assert buttons.count() == 5
        for i in range(buttons.count()):
            buttons.nth(i).click()
            assert step(page) == int(buttons.nth(i).get_attribute("data-go")) + 1
        page.locator("#r").focus()
        page.keyboard.press("Home")
        page.keyboard.press("ArrowRight")
        assert step(page) == 2
        assert page.get_attribute("#r", "aria-valuetext").startswith(f"step 2 of {count(page)}, ")


def test_a_link_to_a_moment(browser, files):
    with Opened(browser, files["mlp"], "#step=9") as page:
        assert step(page) == 9
        page.evaluate("location.hash = '#step=4'")
        page.wait_for_function("document.getElementById('num').textContent.startsWith('4')")


def test_going_back_gives_the_same_picture(browser, files):
    with Opened(browser, files["scalar"], reduced_motion="reduce") as page:
        seen = []
        picture = "[...document.querySelectorAll('.n')].map(n => n.textContent + n.classList.contains('off')).join('|')"
        for _ in range(count(page)):
            seen.append(page.evaluate(picture))
            page.keyboard.press("ArrowRight")
        for k in range(count(page) - 1, 0, -1):
            page.keyboard.press("ArrowLeft")
            assert page.evaluate(picture) == seen[k - 1]


def test_guess_first_covers_what_comes_out(browser, files):
    with Opened(browser, files["mlp"]) as page:
        page.keyboard.press("p")
        assert page.get_attribute("#guess", "aria-pressed") == "true"
        page.keyboard.press("b")
        at = step(page)
        assert page.locator("#next").inner_text() == "Reveal"
        assert page.locator(".m.now .res > *").first.is_hidden()
        page.keyboard.press("ArrowRight")
        assert step(page) == at
        assert page.locator(".m.now .res > *").first.is_visible()
        page.keyboard.press("ArrowRight")
        assert step(page) == at + 1


def test_play_and_pause(browser, files):
    with Opened(browser, files["mlp"]) as page:
        page.click("#play")
        assert page.get_attribute("#play", "aria-label") == "Pause"
        page.wait_for_function("document.getElementById('num').textContent.startsWith('2')", timeout=5000)
        page.click("#play")
        assert page.get_attribute("#play", "aria-label") == "Play"


def test_light_and_dark_and_help(browser, files):
    with Opened(browser, files["mlp"]) as page:
        before = page.evaluate("getComputedStyle(document.body).backgroundColor")
        page.click("#theme")
        assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
        assert not page.locator("#help").is_visible()
        page.keyboard.press("?")
        assert page.locator("#help").is_visible()
        assert page.get_attribute("#keys", "aria-expanded") == "true"


def test_walking_in_the_picture(browser, files):
    with Opened(browser, files["mlp"]) as page:
        assert page.locator(".n[tabindex='0']").count() == 1
        page.locator(".n[tabindex='0']").focus()
        first = page.evaluate("document.activeElement.id")
        page.keyboard.press("ArrowDown")
        assert page.evaluate("document.activeElement.id") != first
        page.keyboard.press("Enter")
        assert page.locator("#card").is_visible()
        page.locator("#card button").first.click()
        assert page.locator("#card button").count() >= 1
        page.keyboard.press("ArrowRight")


def test_the_lens_shows_which_numbers_made_one(browser, files):
    with Opened(browser, files["mlp"]) as page:
        page.keyboard.press("b")
        while page.locator(".m.now .eq[data-lens=mm]").count() == 0:
            page.keyboard.press("ArrowRight")
        out = page.locator(".m.now .eq[data-lens=mm]").first.locator(".cells").last
        out.locator("span").nth(1).hover()
        text = page.inner_text("#tip")
        assert " · " in text
        assert " = " in text
        left, right = text.split(" = ")
        terms = [t.replace("−", "-").replace("(", "").replace(")", "").split(" · ") for t in left.split(" + ")]
        total = sum(float(a) * float(b) for a, b in terms)
        assert total == pytest.approx(float(right.replace("−", "-")), abs=2e-3)
        assert page.locator(".m.now .hot").count() == 2 * len(terms) + 1


def test_the_columns_beside_the_code_fill_on_the_way(browser, files):
    with Opened(browser, files["mlp"]) as page:
        assert page.locator(".l .a.v svg, .l .a.v:not(:empty)").count() >= 1
        page.keyboard.press("End")
        page.keyboard.press("ArrowLeft")
        assert page.locator(".l .a.g:not(:empty)").count() >= 2
        assert page.locator(".l.cur").count() == 1


@pytest.mark.parametrize("name", RUNS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 360])
def test_axe_finds_nothing(browser, files, name, scheme, width):
    size = {"width": width, "height": 900}
    with Opened(browser, files[name], color_scheme=scheme, viewport=size, reduced_motion="reduce") as page:
        for k in dict.fromkeys([1, count(page) // 2, count(page) - 1, count(page)]):
            page.evaluate(f"location.hash = '#step={max(k, 1)}'")
            page.wait_for_function(f"document.getElementById('num').textContent.startsWith('{max(k, 1)} ')")
            axe_finds_nothing(page)


@pytest.mark.parametrize("name", RUNS)
def test_nothing_scrolls_sideways_on_a_small_phone(browser, files, name):
    with Opened(browser, files[name], viewport={"width": 320, "height": 640}) as page:
        for _ in range(count(page)):
            assert page.evaluate("document.documentElement.scrollWidth") <= 320
            page.keyboard.press("ArrowRight")


@pytest.mark.parametrize("name", RUNS)
def test_it_reads_without_the_script(browser, files, name):
    with Opened(browser, files[name], java_script_enabled=False) as page:
        visible = page.locator(".m:visible").count()
        assert visible == count(page)
        assert not page.locator("#time").is_visible()
        assert page.locator("svg .n").count() >= 2
        assert page.locator(".m h2").first.is_visible()


def test_print_shows_every_moment(browser, files):
    with Opened(browser, files["mlp"]) as page:
        page.emulate_media(media="print")
        assert page.locator(".m:visible").count() == count(page)


@pytest.mark.parametrize("name", ["mlp", "failing"])
@pytest.mark.parametrize("width", [1000, 360])
def test_inside_a_notebooks_cell(browser, tmp_path, name, width):
    """In a sandbox the page has no address and no storage of its own, and reaches nothing of the notebook."""
    run = RUNS[name]()
    cell = Exploration(run.html(), "a watched run")._repr_html_()
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>n</title><body><script>kept = 1</script>{cell}", encoding="utf-8")
    with Opened(browser, path, viewport={"width": width, "height": 900}) as page:
        box = page.locator("iframe")
        assert box.get_attribute("title") == "a watched run"
        assert round(box.bounding_box()["height"]) in (720, 722)  # with its border
        inside = page.frames[1]
        total = inside.locator(".m").count()
        inside.click("h1")  # the keys are the page's once it is clicked
        page.keyboard.press("ArrowRight")
        for k in range(2, total):
            assert step(inside) == k
            inside.click("#next")
        assert step(inside) == total
        for tool in ("guess", "theme", "keys") if width == 1000 else ():
            inside.click(f"#{tool}")
        page.keyboard.press("Home")
        assert step(inside) == 1
        assert page.url == inside.parent_frame.url == f"file://{path}"
        assert inside.evaluate("document.documentElement.scrollWidth <= innerWidth")
        reached = "() => { try { return parent.kept } catch (e) { return e.name } }"
        assert inside.evaluate(reached) == "SecurityError"
        if name == "failing":
            page.keyboard.press("End")
            assert "stopped" in inside.locator(".m.now").get_attribute("class")


def test_sizes(files):
    size = {name: os.path.getsize(path) for name, path in files.items()}
    moments = {name: Path(path).read_text(encoding="utf-8").count('<li id="m') for name, path in files.items()}
    assert size["mlp"] <= 40_000 + 1_700 * moments["mlp"]
    assert size["scalar"] <= 40_000 + 1_700 * moments["scalar"]
    assert size["wide"] <= 105_000
