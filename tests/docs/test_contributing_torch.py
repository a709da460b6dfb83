"""The worked examples of CONTRIBUTING.md, carried out: each in a copy of the tree, with the commands that its section gives.

The checks inside compare with PyTorch, and so they need it. An operation takes about 15 seconds, the others 5 each.
"""

import re

import pytest
from worked import Command, Edit, apply, copy, run, steps

pytest.importorskip("torch")

# How many tests look at what each example adds, at least: commands that select none would pass otherwise.
LOOKED_AT = {"Add an operation": 50, "Add a layer": 100, "Add an optimiser": 25}


@pytest.mark.parametrize("title", LOOKED_AT)
def test_the_example_works(title, tmp_path):
    copy(tmp_path)
    passed = 0
    for step in steps(title):
        if isinstance(step, Edit):
            apply(step, tmp_path)
        else:
            code, output = run(step, tmp_path)
            assert code == 0, f"CONTRIBUTING.md:{step.line}: {' '.join(step.words)}\n{output}"
            passed += sum(map(int, re.findall(r"(\d+) passed", output)))
    assert passed >= LOOKED_AT[title]


def test_a_law_says_that_the_row_is_missing(tmp_path):
    """The step that is forgotten most easily."""
    copy(tmp_path)
    for step in steps("Add an operation"):
        if isinstance(step, Edit) and not step.path.startswith("tests/"):
            apply(step, tmp_path)
    law = "test_every_operation_with_a_partial_is_recorded_by_a_row"
    code, output = run(Command(0, ["pytest", "-q", "tests/test_laws_rows.py", "-k", law]), tmp_path)
    assert code == 1
    assert "no row of samples.py records ['autodiff.ops.exponential.logaddexp2']" in output
