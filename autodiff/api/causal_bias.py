"""A mask that lets each query see the keys up to its own place, for sequences of different lengths.

After this module a reader knows that "its own place" has two meanings where there are more keys than queries: counted from the
first key, or so that the last query sees all.
"""

from __future__ import annotations

import enum
import warnings

import numpy as np

from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor, adopt, wrap

__all__ = ["CausalBias", "CausalVariant"]


class CausalVariant(enum.IntEnum):
    """Where the triangle of a causal mask begins, in the corner of the first query and key, or ends, in that of the last."""

    UPPER_LEFT = 1
    LOWER_RIGHT = 2


class CausalBias(Tensor):
    """A (queries, keys) mask for F.scaled_dot_product_attention: True at and below a diagonal.

    It begins in the upper left corner, or ends in the lower right one. AssertionError for what is not a CausalVariant.

    >>> from autodiff.nn.attention.bias import CausalBias, CausalVariant
    >>> CausalBias(CausalVariant.LOWER_RIGHT, 2, 3)
    tensor([[ True,  True, False],
            [ True,  True,  True]])
    """

    _results_are_plain = True

    def __init__(self, variant: CausalVariant, seq_len_q: int, seq_len_kv: int) -> None:
        if not isinstance(variant, CausalVariant):
            raise AssertionError(f"variant must be a CausalVariant, got {type(variant).__name__}")
        lower = variant is CausalVariant.LOWER_RIGHT
        if lower and seq_len_q > seq_len_kv:
            warnings.warn(
                "Lower right causal bias will produce NaNs in the output when seq_len_q > seq_len_kv! Here it gives 0 for a "
                "query that sees no key.",
                stacklevel=stacklevel(),
            )
        adopt(self, wrap(np.tri(seq_len_q, seq_len_kv, seq_len_kv - seq_len_q if lower else 0, dtype=bool)))
        self.variant, self.seq_len_q, self.seq_len_kv = variant, seq_len_q, seq_len_kv
