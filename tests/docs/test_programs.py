"""The programs that stand in the pages print what stands below them, and draw the pictures that the pages show."""

import re

import make_figures
import pytest
from pages import ROOT, left_out, pages
from programs import programs, refresh, run_all

WITH_PROGRAMS = {page.relative_to(ROOT).as_posix(): page for page in pages() if programs(page)}


@pytest.mark.parametrize("name", WITH_PROGRAMS)
def test_a_program_prints_what_the_page_says(name, tmp_path):
    if reason := left_out(WITH_PROGRAMS[name]):
        pytest.skip(reason)
    printed = run_all(WITH_PROGRAMS[name], tmp_path)
    for file, program in programs(WITH_PROGRAMS[name]).items():
        assert printed[file] == program.output, (
            f"{name}:{program.line}: {file} prints something else: "
            "run `python docs/programs.py` and read the text around it again"
        )


def test_the_pictures_are_those_that_the_programs_draw(capsys):
    """Byte by byte, and none is left over."""
    assert make_figures.main(["--check"]) == 0, capsys.readouterr().out


def test_every_picture_is_shown_with_words_for_who_does_not_see_it():
    shown = {}
    for page in pages():
        for words, target in re.findall(r"!\[([^\]]*)\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
            assert len(words) > 20, f"{page.name}: {target} needs a text in its place"
            shown[(page.parent / target).resolve()] = page
    assert {make_figures.FOLDER / name for name in make_figures.present()} <= shown.keys()


def test_no_two_programs_have_one_name():
    """A reader saves them all in one folder."""
    names = [file for page in WITH_PROGRAMS.values() for file in programs(page)]
    assert len(names) == len(set(names)) > 3


def test_a_picture_that_is_not_as_drawn_is_named(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text('```python program=a.py\nimport pathlib\npathlib.Path("a.svg").write_text("new")\n```\n', encoding="utf-8")
    monkeypatch.setattr(make_figures, "pages", lambda: [page])
    monkeypatch.setattr(make_figures, "FOLDER", tmp_path / "figures")
    (tmp_path / "figures").mkdir()
    (tmp_path / "figures" / "old.svg").write_text("old")
    assert make_figures.main(["--check"]) == 1
    assert "a.svg, old.svg" in capsys.readouterr().out
    assert make_figures.main([]) == make_figures.main(["--check"]) == 0
    assert make_figures.present() == {"a.svg": b"new"}


@pytest.mark.parametrize(
    "text",
    [
        "```text output=a.py\n1\n```\n",
        "```python program=a.py\n1\n```\n```python program=a.py\n2\n```\n",
        "```python program=a.py\n1\n```\n```text output=a.py\n2\n```\n```text output=a.py\n3\n```\n",
    ],
)
def test_a_program_and_its_output_are_a_pair(text, tmp_path):
    (tmp_path / "page.md").write_text(text, encoding="utf-8")
    with pytest.raises(ValueError, match="program"):
        programs(tmp_path / "page.md")


def test_what_a_program_prints_is_written_below_it(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("```python program=a.py\nprint(1 + 1)\n```\n\n```text output=a.py\nold\n```\n", encoding="utf-8")
    refresh(page)
    assert programs(page)["a.py"].output == "2\n"


def test_a_page_whose_data_are_not_installed_is_left_out(tmp_path, monkeypatch):
    page = tmp_path / "page.md"
    page.write_text("```python program=a.py\nfrom sklearn import datasets\n```\n![it](figures/a.svg)\n", encoding="utf-8")
    monkeypatch.setattr(make_figures, "FOLDER", tmp_path)
    (tmp_path / "a.svg").write_bytes(b"old")
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert left_out(page) == "page.md needs sklearn: pip install '.[docs]'"
    assert make_figures.drawn(page) == {"a.svg": b"old"}
    monkeypatch.setattr("importlib.util.find_spec", lambda name: name)
    assert not left_out(page)
