"""The generated reference says what the docstrings say."""

import make_reference
import pytest


def test_no_page_is_stale():
    assert len(make_reference.paths()) >= 14
    names = [path.name for path in make_reference.stale()]
    assert not names, f"{', '.join(names)}: run `python docs/make_reference.py`"


def test_no_page_is_left_over():
    there = set(make_reference.FOLDER.glob("*.md"))
    assert there == set(make_reference.paths())


@pytest.mark.parametrize(
    ("docstring", "expected"),
    [
        ("One sentence.", "One sentence."),
        ("One.\n\n>>> 1\n1", "One.\n\n```pycon\n>>> 1\n1\n```"),
        ("One.\n>>> 1\n1\n\nTwo.", "One.\n\n```pycon\n>>> 1\n1\n```\n\nTwo."),
        (">>> 1\n1\n\n>>> 2\n2", "```pycon\n>>> 1\n1\n```\n\n```pycon\n>>> 2\n2\n```"),
    ],
)
def test_examples_are_fenced(docstring, expected):
    assert make_reference.shown(docstring) == expected
