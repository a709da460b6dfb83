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
from autodiff.api.causal_bias import CausalBias, CausalVariant, causal_lower_right, causal_upper_left

__all__ = ["CausalBias", "CausalVariant", "causal_lower_right", "causal_upper_left"]


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
