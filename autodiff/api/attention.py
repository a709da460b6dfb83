"""Attention as PyTorch calls it: masks, dropout, heads that share their keys.

After this module a reader knows that every kind of mask is a number that is added to the scores: 0, or minus infinity.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from autodiff._core.dtypes import scalar_type
from autodiff._core.tensor import Tensor, wrap
from autodiff.api._calls import number, takes_tensors
from autodiff.api.causal_bias import CausalBias
from autodiff.api.dropout import dropout
from autodiff.api.rearrange import broadcast_to, repeat_interleave
from autodiff.ops import attention as ops

__all__ = ["scaled_dot_product_attention"]


@takes_tensors
def scaled_dot_product_attention(
    query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None = None, dropout_p: float = 0.0, is_causal: bool = False,
    *, scale: float | None = None, enable_gqa: bool = False,
) -> Tensor:
    """softmax(scale * query @ key.T + mask) @ value, with `scale` 1/sqrt(features) by default.

    query is (..., queries, features), key (..., keys, features), value (..., keys, features of the result). A mask of bools
    says which keys a query sees, one of numbers is added; it broadcasts to (..., queries, keys). With `is_causal` query i sees
    keys 0 to i; a query that sees none gives 0. Shares are dropped with probability `dropout_p`, always. With `enable_gqa`
    several heads of the queries, dimension -3, share one of keys and values. Source: Vaswani et al. 2017.
    RuntimeError: dtypes or sizes that do not fit, a mask together with `is_causal` (ValueError for a CausalBias).

    >>> import autodiff as torch
    >>> q, k, v = torch.zeros(2, 4), torch.zeros(3, 4), torch.tensor([[1.0], [2.0], [3.0]])
    >>> torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True)
    tensor([[1.0000],
            [1.5000]])
    """
    dtype = query._array.dtype
    _check(query, key, value, attn_mask, is_causal)
    if enable_gqa:
        key, value = _shared(query, key), _shared(query, value)
    lead = query._array.shape[:-2]
    if key._array.shape[:-2] != lead or value._array.shape[:-2] != lead:
        query, key, value = _broadcast((query, key, value))
    keys = key._array.shape[-2]
    bias, dead = attn_mask, None
    if attn_mask is not None:
        bias, dead = _bias(attn_mask, dtype, (*query._array.shape[:-1], keys))
    if scale is None:
        scale = 1 / math.sqrt(query._array.shape[-1]) if query._array.shape[-1] else 1.0
    kept = None
    if number("scaled_dot_product_attention", "dropout_p", dropout_p) > 0:
        kept = dropout(wrap(np.ones((*query._array.shape[:-1], keys), dtype)), dropout_p, True)._array
    y, _ = ops.attention(query, key, value, bias, scale=float(scale), causal=bool(is_causal), kept=kept, dead=dead)
    return y


def _check(query: Tensor, key: Tensor, value: Tensor, attn_mask: Tensor | None, is_causal: bool) -> None:
    arrays = [x._array for x in (query, key, value)]
    q, k, v = (scalar_type(a).lower() for a in arrays)
    if not q == k == v:
        raise RuntimeError(
            f"Expected query, key, and value to have the same dtype, but got query.dtype: {q} key.dtype: {k} and value.dtype: "
            f"{v} instead."
        )
    if min(a.ndim for a in arrays) < 2:
        dims = " ".join(f"{name}.dim: {a.ndim}" for name, a in zip(("query", "key", "and value"), arrays))
        raise RuntimeError(f"Expected query, key, and value to all be  at least 2 dimensional, but got {dims} instead.")
    if arrays[0].dtype.kind != "f":
        raise RuntimeError(f"expected scalar type Float but found {scalar_type(arrays[0])}")
    if attn_mask is None:
        return
    mask = attn_mask._array.dtype
    if mask.kind != "b" and mask != arrays[0].dtype and mask.name != "float32":
        raise RuntimeError(
            "Expected attn_mask dtype to be bool or float or to match query dtype, but got attn_mask.dtype: "
            f"{scalar_type(attn_mask._array).lower()} and  query.dtype: {q} instead."
        )
    if is_causal:
        if isinstance(attn_mask, CausalBias):
            raise ValueError("CausalBias should not be used with causal=True: it is a causal mask itself")
        raise RuntimeError("_scaled_dot_product_attention: Explicit attn_mask should not be set when is_causal=True")


def _shared(query: Tensor, x: Tensor) -> Tensor:
    """Keys or values with each head repeated for all heads of queries that share it."""
    heads, own = query._array.shape[-3], x._array.shape[-3]
    if heads % own:
        raise RuntimeError("Number of heads in key and value must divide the number of heads in query")
    return x if heads == own else repeat_interleave(x, heads // own, -3)


def _broadcast(xs: tuple[Tensor, ...]) -> list[Tensor]:
    """The tensors with the dimensions in front of the last two in common."""
    try:
        lead = np.broadcast_shapes(*(x._array.shape[:-2] for x in xs))
    except ValueError:
        shapes = ", ".join(str(list(x.shape)) for x in xs)
        raise RuntimeError(f"the sizes of query, key and value must match in front of the last two, got {shapes}") from None
    return [broadcast_to(x, (*lead, *x._array.shape[-2:])) for x in xs]


def _bias(attn_mask: Tensor, dtype: Any, shape: tuple[int, ...]) -> tuple[Tensor, Any]:
    """(what is added to the scores, which queries see no key at all, or None)."""
    array = attn_mask._array
    try:
        fits = np.broadcast_shapes(array.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise RuntimeError(
            f"the mask has shape {list(array.shape)}, which does not broadcast to {list(shape)}, (..., queries, keys)"
        )
    if array.dtype.kind == "b":
        dead, bias = ~array.any(-1, keepdims=True), wrap(np.where(array, dtype.type(0), dtype.type(-np.inf)))
    else:
        dead, bias = np.isneginf(array).all(-1, keepdims=True), attn_mask.to(dtype=attn_mask.dtype)
    return bias, dead if dead.any() else None
