"""The sentence that a learner keeps of a derivative: every operation has one, and all are of one kind."""

import re

import pytest
from laws import operations
from pages import ROOT, run

import autodiff

SLOPED = {name: op for name, op in operations().items() if any(op.partials)}
TUTORIALS = ["01-a-gradient-is-a-slope.md", "02-watch-backward.md", "03-why-gradients-add-up.md"]


class Used:
    """An observer that collects the operations of all that is recorded."""

    def __init__(self):
        self.operations = set()

    def made(self, node, inputs, params, outputs):
        self.operations.add(node.operation)

    def walked(self, node, gradient, results):
        pass


@pytest.mark.parametrize("name", TUTORIALS)
def test_what_a_tutorial_uses_has_a_sentence(name):
    used = Used()
    before = autodiff.set_observer(used)
    try:
        assert not run(ROOT / "docs" / name)
    finally:
        autodiff.set_observer(before)
    assert len(used.operations) >= 3
    assert not [operation.public for operation in used.operations if not operation.says]


def test_every_operation_with_a_derivative_has_a_sentence():
    assert len(SLOPED) > 190
    assert not [name for name, operation in SLOPED.items() if not operation.says]


@pytest.mark.parametrize("name", SLOPED)
def test_a_sentence_is_short_plain_and_in_the_present(name):
    says = SLOPED[name].says
    assert says.endswith(".")
    assert says == " ".join(says.split())
    assert says[0].isupper() or says[0] in "−(" or re.match(r"g\b", says), "g alone may begin a sentence in lower case"
    assert len(says.split()) <= 25
    assert not re.search(r"\b(jacobian|adjoint|node)s?\b", says, re.I), "words of the engine, not of the learner"
    assert not re.search(r"\b(will|would|shall|should|did|had|has been)\b", says), "the present tense"
    assert not re.search(r"[*`]|--|(?<=\s)-(?=\S)", says), "signs of mathematics: · and −"


@pytest.mark.parametrize("name", SLOPED)
def test_a_sentence_is_a_whole_one_in_the_order_of_english(name):
    says = SLOPED[name].says
    assert not re.search(r"\bthe (\w+er), the\b(?! \w+er)", says), "faster the closer"
    assert not re.search(r"\bthat are given\b|\bbut for the\b|\bhas no part\b|\bto the \w+ g goes\b|\bwho gave\b", says)


def test_sentences_that_hold_for_one_operation_alone_stand_at_it_alone():
    """A sentence about a border is false of what enlarges an image, though both repeat numbers."""
    words = {"border": "pad", "class": "loss entropy", "window": "pool conv fold strided window spread", "padding": "embedding"}
    for word, homes in words.items():
        for name, operation in SLOPED.items():
            if re.search(rf"\b{word}s?\b", operation.says):
                assert any(home in f"{name} {operation.public}" for home in homes.split()), (word, name, operation.says)
