"""The worked examples of CONTRIBUTING.md name places that are there; what a block may say is checked."""

import re
import shutil

import pytest
import worked
from pages import ROOT, blocks

TITLES = re.findall(r"^## (Add .*)$", worked.PAGE.read_text(encoding="utf-8"), re.M)


@pytest.mark.parametrize("title", TITLES)
def test_every_section_can_be_carried_out(title, tmp_path):
    found = [block for block in blocks(worked.section(title)) if block.info not in ("sh", "text")]
    assert len(found) > 1
    for path in {worked.change(block.info, block.body).path for block in found}:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        if (ROOT / path).exists():
            shutil.copy(ROOT / path, tmp_path / path)
    edits = worked.carry_out(title, tmp_path)
    assert len(edits) == len(found), "every block changes a file, but for sh and text"
    for edit in edits:
        assert edit.text.strip() in (tmp_path / edit.path).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("info", "result"),
    [
        ("python file=f end", "a\n  b\nc\n\n\nnew\n"),
        ('python file=f after="b"', "a\n  b\nnew\nc\n"),
        ("python file=f before='b'", "a\nnew\n  b\nc\n"),
        ('python file=f instead="b"', "a\nnew\nc\n"),
        ('python file=f behind="b"', "a\n  b new\nc\n"),
    ],
)
def test_where_a_block_goes(info, result):
    assert worked.changed("a\n  b\nc\n", worked.change(info, "new\n")) == result


@pytest.mark.parametrize(
    ("old", "result"),
    [
        ("def f(\n    x,\n) -> int:\n    if x:\n\n        return 1\n\n\ny\n", "return 1\n\n\nnew\n\n\ny\n"),
        ("class A:\n    def f(\n        x\n    ):\n        return 1\n\n    y = 1\n", "return 1\n\nnew\n\n    y = 1\n"),
        ("def f(\n    x):\n    return 1\n", "return 1\n\n\nnew\n"),
    ],
)
def test_below_a_definition(old, result):
    assert worked.changed(old, worked.change('python file=f after="def f("', "new\n")).endswith(result)


def test_a_new_file():
    edit = worked.change("python file=f", "new\n")
    assert worked.changed(None, edit) == "new\n"
    with pytest.raises(ValueError, match="already"):
        worked.changed("old\n", edit)


@pytest.mark.parametrize("info", ["python file=f end after=b", "python file=f under=b", "python file=f start"])
def test_a_place_that_is_not_known(info):
    with pytest.raises(ValueError, match="after file=PATH comes"):
        worked.change(info, "new\n")


def test_a_line_that_is_not_there_once():
    edit = worked.change("python file=f after=b", "new\n")
    for old, count in (("a\n", 0), ("b\nb\n", 2)):
        with pytest.raises(ValueError, match=f"{count} lines read 'b'"):
            worked.changed(old, edit)
    edit = worked.change("python file=f behind=b", "new\n")
    for old, count in (("a\n", 0), ("bb\n", 2)):
        with pytest.raises(ValueError, match=f"'b' stands there {count} times"):
            worked.changed(old, edit)
    with pytest.raises(ValueError, match="no such file"):
        worked.changed(None, edit)


def test_other_blocks_change_nothing():
    assert worked.change("sh", "ls\n") is None
    assert worked.change("", "text\n") is None


def test_a_section_that_is_not_there():
    with pytest.raises(LookupError, match="no section 'Add a mistake'"):
        worked.section("Add a mistake")
