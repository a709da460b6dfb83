"""Layers of a Sequential have names that begin with a number: they are names, whatever Python reads in the letters."""

import ast
import re
import warnings

import pytest

import autodiff
from autodiff import nn
from autodiff.explain.parsed import expression

# Behind the dot stands what Python takes for a word of its own: 0.inner for `0. in ner`, 0.forward_gate for `0. for ward_gate`.
NAMES = ["inner", "input_gate", "if_true", "forward_gate", "order", "is_last", "and_then", "else_part"]


@pytest.mark.parametrize("name", NAMES)
def test_a_number_that_runs_into_a_word_is_no_expression(name):
    with pytest.raises(SyntaxError):
        expression(f"0.{name}")


def test_what_is_one_is_read_as_python_reads_it():
    for text in ("h @ W2", "x[1:]", "0.5", "-w * 2"):
        assert ast.dump(expression(text)) == ast.dump(ast.parse(text, mode="eval").body)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_printed_whole_and_without_a_warning(name):
    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            setattr(self, name, nn.Sigmoid())

        def forward(self, x):
            return getattr(self, name)(x)

    model, x = nn.Sequential(Block()), autodiff.ones(3, 2, requires_grad=True)
    with autodiff.watch() as run:
        model(x).sum().backward()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")  # as an error, which it is in these tests, the warning is one that is caught
        text = str(run)
    assert not warned
    assert f"0.{name}" in text
    assert not re.search(r"\b0\. \w", text)
