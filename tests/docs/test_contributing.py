"""The worked examples of CONTRIBUTING.md: which files each touches, and that a reader is told so.

What an example adds is held against PyTorch in test_contributing_torch.py, which carries the examples out.
"""

import pytest
import worked
from pages import blocks

# The files of each example that somebody writes by hand.
BY_HAND = {
    "Add an operation": ["autodiff/api/with_out_mathematics.py", "autodiff/ops/exponential.py", "tests/rows/mathematics.py"],
    "Add a layer": ["autodiff/nn/__init__.py", "autodiff/nn/modules/lowrank.py", "tests/nn/test_lowrank_torch.py"],
    "Add an optimiser": ["autodiff/optim/__init__.py", "autodiff/optim/lion.py", "tests/optim/test_lion_torch.py"],
}


def changes(title):
    return [edit for block in blocks(worked.section(title)) if (edit := worked.change(block.info, block.body))]


@pytest.mark.parametrize("title", BY_HAND)
def test_three_files_are_written_by_hand(title):
    assert sorted({edit.path for edit in changes(title)}) == BY_HAND[title]


@pytest.mark.parametrize("title", [*BY_HAND, "Add a kernel"])
def test_the_text_says_where_each_change_goes(title):
    """What stands behind the fence is not shown to a reader."""
    text = worked.section(title)
    for block in blocks(text):
        edit = worked.change(block.info, block.body)
        if edit is not None:
            assert f"`{edit.path}`" in "\n".join(text.splitlines()[: block.line - 1])


@pytest.mark.parametrize("title", BY_HAND)
def test_an_example_ends_with_its_checks(title):
    assert blocks(worked.section(title))[-1].info == "sh"
    assert {words[0] for words in worked.commands(title)} == {"python", "pytest"}
