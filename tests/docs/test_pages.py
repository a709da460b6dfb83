"""Every code block of the README and of docs/ is executed or compared: what a reader sees is what the test saw."""

import re
import runpy
import tomllib

import pytest
from pages import ROOT, blocks, left_out, pages, quotes_rightly, run, source_of
from programs import named
from worked import change

PAGES = {page.relative_to(ROOT).as_posix(): page for page in pages()}
READ_ONLY = {"sh", "text", "powershell"}


@pytest.mark.parametrize("name", PAGES)
def test_the_sessions_print_what_the_page_says(name):
    if reason := left_out(PAGES[name]):
        pytest.skip(reason)
    report = run(PAGES[name])
    assert not report, report


@pytest.mark.parametrize("name", PAGES)
def test_every_block_has_a_kind_that_is_checked(name):
    for block in blocks(PAGES[name].read_text(encoding="utf-8")):
        known = block.info in READ_ONLY | {"python", "ipython"} or source_of(block.info)
        known = known or named(block.info, "program") or named(block.info, "output") or change(block.info, block.body)
        assert known, f"{name}:{block.line}: ```{block.info} is checked by no test; say python, ipython, sh or text"


@pytest.mark.parametrize("name", PAGES)
def test_quotations_equal_the_source(name):
    for block in blocks(PAGES[name].read_text(encoding="utf-8")):
        if source_of(block.info) is not None:
            assert quotes_rightly(block.info, block.body), (
                f"{name}:{block.line} no longer equals {source_of(block.info)}: "
                "run `python docs/pages.py` and read the text around it again"
            )


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name):
    """Links inside the project: the file exists, and so does the heading that is named."""
    page = PAGES[name]
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name} links to {target}, which is not there"
        if anchor:
            headings = re.findall(r"^#+ +(.*)$", there.read_text(encoding="utf-8"), re.M)
            slugs = [re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings]
            assert anchor in slugs, f"{name} links to {target}, but there is no such heading"


@pytest.fixture(scope="module")
def readme_line():
    return runpy.run_path(str(ROOT / "docs" / "readme_line.py"))


def test_the_readme_s_commands_set_up_everything_themselves(readme_line):
    """Each is one line that makes the environment, installs from the clone and then does its work."""
    train, tests = readme_line["line"]("train").split(" && "), readme_line["line"]("tests").split(" && ")
    assert train == [
        "python3 -m venv .venv",
        ".venv/bin/pip install -q .",
        ".venv/bin/autodiff train",
    ]
    assert tests == [
        "python3 -m venv .venv",
        '.venv/bin/pip install -q ".[test]"',
        ".venv/bin/pytest -q -n 2",
    ]


def test_ci_runs_the_readme_s_commands(readme_line):
    """Every ```sh block of the README is one of the two that continuous integration takes from it."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert sorted(readme_line["shell_blocks"](text)) == sorted(map(readme_line["line"], readme_line["ENDS"]))
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for name in readme_line["ENDS"]:
        assert f'docs/readme_line.py" {name})' in ci


def test_the_extras_that_the_readme_names_are_there():
    named = re.findall(r'"\.\[(\w+)\]"', (ROOT / "README.md").read_text(encoding="utf-8"))
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert {"plot", "test", "docs"} <= set(named) <= set(project["optional-dependencies"])
