"""Causal masks for queries and keys of different numbers, under PyTorch's path.

>>> import autodiff as torch
>>> from autodiff.nn.attention.bias import causal_lower_right
>>> q, k, v = torch.zeros(2, 4), torch.zeros(3, 4), torch.tensor([[1.0], [2.0], [3.0]])
>>> torch.nn.functional.scaled_dot_product_attention(q, k, v, causal_lower_right(2, 3))
tensor([[1.5000],
        [2.0000]])
"""

from typing import Any

from autodiff._core.missing import missing_name
from autodiff.api.causal_bias import CausalBias, CausalVariant

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


def causal_upper_left(*size: int) -> CausalBias:
    """The mask of `is_causal=True`: query i sees keys 0 to i. `size` is (queries, keys); AssertionError for another number.

    >>> from autodiff.nn.attention.bias import causal_upper_left
    >>> causal_upper_left(2, 3)
    tensor([[ True, False, False],
            [ True,  True, False]])
    """
    return CausalBias(CausalVariant.UPPER_LEFT, *_pair(size))


def causal_lower_right(*size: int) -> CausalBias:
    """The mask whose last query sees all keys, and each one before it a key less. `size` is (queries, keys).

    >>> from autodiff.nn.attention.bias import causal_lower_right
    >>> causal_lower_right(2, 3)
    tensor([[ True,  True, False],
            [ True,  True,  True]])
    """
    return CausalBias(CausalVariant.LOWER_RIGHT, *_pair(size))


def _pair(size: tuple[int, ...]) -> tuple[int, int]:
    if len(size) != 2:
        raise AssertionError(f"a causal bias has 2 sizes, (queries, keys), not {len(size)}")
    return size


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
