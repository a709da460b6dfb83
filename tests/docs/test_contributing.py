"""The steps of CONTRIBUTING.md: what each kind does to a file, and which files an example touches.

What an example adds is held against PyTorch in test_contributing_torch.py, which carries the examples out.
"""

import pytest
import worked
from pages import Block
from worked import Command, Edit, apply, edit_of, section, steps

# The files of each example that somebody writes by hand.
BY_HAND = {
    "Add an operation": ["autodiff/__init__.py", "autodiff/ops/exponential.py", "tests/rows/elementwise.py"],
    "Add a layer": ["autodiff/nn/__init__.py", "autodiff/nn/modules/linear.py", "tests/nn/test_bilinear_torch.py"],
    "Add an optimiser": ["autodiff/optim/__init__.py", "autodiff/optim/rmsprop.py", "tests/optim/test_rmsprop_torch.py"],
}


@pytest.mark.parametrize("title", BY_HAND)
def test_three_files_are_written_by_hand(title):
    touched = {step.path for step in steps(title) if isinstance(step, Edit)}
    assert sorted(touched) == BY_HAND[title]


@pytest.mark.parametrize("title", BY_HAND)
def test_the_text_says_where_each_step_is_written(title):
    """What stands behind the fence is not shown to a reader."""
    lines = section(title).splitlines()
    for step in steps(title):
        if isinstance(step, Edit):
            assert f"`{step.path}`" in "\n".join(lines[: step.line - 1])


@pytest.mark.parametrize("title", BY_HAND)
def test_an_example_ends_with_its_checks(title):
    *_, last = (i for i, step in enumerate(steps(title)) if isinstance(step, Edit))
    commands = steps(title)[last + 1 :]
    assert all(isinstance(step, Command) for step in commands)
    assert any(step.words[0] == "pytest" for step in commands)


FILE = """\
@decorated
def f(
    x,
) -> None:
    if x:

        return 1


names = [
    "f",
    "g",
]
"""


@pytest.mark.parametrize(
    ("info", "body", "old", "new"),
    [
        ('python file=a.py after="def f("', "def g():\n    pass\n", "return 1\n", "return 1\n\n\ndef g():\n    pass\n"),
        ("python file=a.py after='\"f\",'", '"e",\n', '"f",\n', '"f",\n    "e",\n'),
        ("python file=a.py before='\"f\",'", '"e",\n', '    "f",\n', '    "e",\n    "f",\n'),
        ('python file=a.py before="@decorated"', "import a\n", "@decorated\n", "import a\n@decorated\n"),
        ("python file=a.py behind='\"f\",'", '"e",\n', '"f",\n', '"f", "e",\n'),
        ("diff file=a.py", ' names = [\n-    "f",\n+    "e",\n', '"f",', '"e",'),
        ("diff file=a.py", "     if x:\n \n+        y = x\n         return 1\n", "        ret", "        y = x\n        ret"),
    ],
)
def test_what_a_step_does(tmp_path, info, body, old, new):
    (tmp_path / "a.py").write_text(FILE)
    apply(edit_of(Block(1, info, body)), tmp_path)
    assert FILE.count(old) == 1
    assert (tmp_path / "a.py").read_text() == FILE.replace(old, new)


def test_a_new_file(tmp_path):
    edit = edit_of(Block(1, "python file=b.py", "x = 1\n"))
    apply(edit, tmp_path)
    assert (tmp_path / "b.py").read_text() == "x = 1\n"
    with pytest.raises(LookupError, match=r":1: b\.py is there already"):
        apply(edit, tmp_path)


@pytest.mark.parametrize(
    ("info", "body"),
    [
        ('python file=a.py after="def h("', "x\n"),
        ('python file=a.py after="return"', "x\n"),
        ('python file=a.py before="names"', "x\n"),
        ("python file=a.py behind='return'", "x\n"),
        ("python file=a.py behind='\"h\",'", "x\n"),
        ("diff file=a.py", '-    "h",\n'),
        ("diff file=a.py", "+x\n"),
    ],
)
def test_a_step_that_does_not_fit_is_an_error(tmp_path, info, body):
    (tmp_path / "a.py").write_text(FILE + "\n    return 2\nnames = []\n")
    with pytest.raises(LookupError, match=r"CONTRIBUTING\.md:7: a\.py has what the step looks for not at all, or twice"):
        apply(edit_of(Block(7, info, body)), tmp_path)


@pytest.mark.parametrize("info", ["python", "sh", "text", 'python source="a.py"'])
def test_other_blocks_are_no_edits(info):
    assert edit_of(Block(1, info, "")) is None


@pytest.mark.parametrize(
    "info", ["python file=a.py afterr=x", "python file=a.py after=x before=y", "python file=a.py end", "diff file=a.py after=x"]
)
def test_a_misspelt_step_is_an_error(info):
    with pytest.raises(ValueError, match="says nothing that a step can do"):
        edit_of(Block(1, info, ""))


def test_a_section_that_is_not_there_is_an_error():
    with pytest.raises(LookupError, match="no section 'Add a bug'"):
        worked.section("Add a bug")
