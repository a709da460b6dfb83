"""The worked examples of CONTRIBUTING.md, carried out: each in a copy of the tree, with the commands that its section gives.

The checks inside compare with PyTorch, and so they need it. An operation takes about 10 seconds, the others 5 each.
"""

import re

import pytest
from warm import Warm
from worked import carry_out, commands, copy

pytest.importorskip("torch")

# How many tests look at what each example adds, at least: commands that select none would pass otherwise.
LOOKED_AT = {"Add an operation": 60, "Add a layer": 100, "Add an optimiser": 25}


def run(warm, tree, words):
    """Run a command of a section in the tree; its exit code and what it printed."""
    programs = {"python": [], "pytest": ["-m", "pytest", "-p", "no:cacheprovider"]}
    done = warm.run(tree, *programs[words[0]], *words[1:])
    return done.returncode, done.stdout + done.stderr


def with_imports(tree):
    """A process that has imported the package of the tree, and what its tests need."""
    return Warm("pytest", "torch", "autodiff", path=tree)  # not the plugins, whose asserts pytest rewrites


@pytest.mark.parametrize("title", LOOKED_AT)
def test_the_example_works(title, tmp_path):
    copy(tmp_path)
    assert carry_out(title, tmp_path)
    passed = 0
    with with_imports(tmp_path) as warm:
        for words in commands(title):
            code, output = run(warm, tmp_path, words)
            assert code == 0, f"{' '.join(words)}\n{output}"
            passed += sum(map(int, re.findall(r"(\d+) passed", output)))
    assert passed >= LOOKED_AT[title]


def test_a_law_says_that_the_row_is_missing(tmp_path):
    """The step that is forgotten most easily."""
    copy(tmp_path)
    rows = {path: path.read_text() for path in (tmp_path / "tests" / "rows").glob("*.py")}
    carry_out("Add an operation", tmp_path)
    for path, text in rows.items():
        path.write_text(text)
    law = "test_every_operation_with_a_partial_is_recorded_by_a_row"
    with with_imports(tmp_path) as warm:
        code, output = run(warm, tmp_path, ["pytest", "-q", "tests/test_laws_rows.py", "-k", law])
    assert code == 1
    assert "no row of samples.py records ['autodiff.ops.exponential.logaddexp10']" in output
