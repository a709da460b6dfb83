"""A text read as an expression of Python.

After this module a reader knows why a layer's name is not always read as one: `0.inner`, the layer inner of the first one of a
Sequential, would be the question whether `0.` is in `ner`.
"""

from __future__ import annotations

import ast
import warnings

__all__ = ["expression"]


def expression(text: str) -> ast.expr:
    """The expression that it is; SyntaxError where it is none, and where Python would warn of a number at a word."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", SyntaxWarning)
        return ast.parse(text, mode="eval").body
