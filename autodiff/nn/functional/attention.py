"""Attention with several heads as a function: projections, masks, heads, and the way back to one vector per query.

After this module a reader knows that heads are nothing but slices of the projected vectors, each of which attends on its own.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import Tensor
from autodiff.api.activation import softmax
from autodiff.api.attention import scaled_dot_product_attention
from autodiff.api.filled import zeros
from autodiff.api.join import cat
from autodiff.api.matmul import matmul
from autodiff.api.with_out import linear
from autodiff.nn.functional.dropout import dropout

__all__ = ["additive_mask", "multi_head_attention_forward"]


def multi_head_attention_forward(
    query: Tensor, key: Tensor, value: Tensor, embed_dim_to_check: int, num_heads: int, in_proj_weight: Tensor | None,
    in_proj_bias: Tensor | None, bias_k: Tensor | None, bias_v: Tensor | None, add_zero_attn: bool, dropout_p: float,
    out_proj_weight: Tensor, out_proj_bias: Tensor | None, training: bool = True, key_padding_mask: Tensor | None = None,
    need_weights: bool = True, attn_mask: Tensor | None = None, use_separate_proj_weight: bool = False,
    q_proj_weight: Tensor | None = None, k_proj_weight: Tensor | None = None, v_proj_weight: Tensor | None = None,
    static_k: Tensor | None = None, static_v: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
) -> tuple[Tensor, Tensor | None]:
    """(attention of `num_heads` heads, its shares): what nn.MultiheadAttention computes, the steps in front of the batch.

    query is (queries, batch, embed_dim), key and value (keys, batch, ...), or all without batch. A mask of bools is True
    where a key is not seen; one of numbers is added to the scores. `attn_mask` is (queries, keys) or (batch * heads, queries,
    keys), `key_padding_mask` (batch, keys). The shares are (batch, queries, keys), or of each head, (batch, heads, queries,
    keys), without `average_attn_weights`; None unless `need_weights`.
    AssertionError or RuntimeError for sizes that do not fit.

    >>> import autodiff as torch
    >>> x, w = torch.ones(3, 1, 2), torch.ones(6, 2)
    >>> y, shares = torch.nn.functional.multi_head_attention_forward(
    ...     x, x, x, 2, 1, w, None, None, None, False, 0.0, torch.eye(2), None)
    >>> y[0], shares[0, 0]
    (tensor([[2., 2.]]), tensor([0.3333, 0.3333, 0.3333]))
    """
    batched = _check_shapes(query, key, value, key_padding_mask, attn_mask, num_heads)
    if not batched:
        alike = query is key, key is value  # seen by those that project
        query = query.unsqueeze(1)
        key = query if alike[0] else key.unsqueeze(1)
        value = key if alike[1] else value.unsqueeze(1)
        key_padding_mask = None if key_padding_mask is None else key_padding_mask.unsqueeze(0)
    key_padding_mask = additive_mask(key_padding_mask, "key_padding_mask", query, attn_mask, "attn_mask")
    if is_causal and attn_mask is None:
        raise RuntimeError(
            "Need attn_mask if specifying the is_causal hint. You may use the Transformer module method "
            "`generate_square_subsequent_mask` to create this mask."
        )
    is_causal = is_causal and key_padding_mask is None and not need_weights
    attn_mask = None if is_causal else additive_mask(attn_mask, "attn_mask", query)
    _check_widths(query, key, value, embed_dim_to_check, num_heads, use_separate_proj_weight)
    weights = [q_proj_weight, k_proj_weight, v_proj_weight] if use_separate_proj_weight else in_proj_weight
    q, k, v = _projected(query, key, value, weights, in_proj_bias)
    batch = query.shape[1]
    if attn_mask is not None:
        attn_mask = _shaped(attn_mask, batch, num_heads, query.shape[0], key.shape[0])
    if bias_k is not None or bias_v is not None:
        k, v = _with_biases(k, v, bias_k, bias_v, static_k, static_v)
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    q = _heads(q, num_heads)
    k = _heads(k, num_heads) if static_k is None else _static(static_k, q, "static_k")
    v = _heads(v, num_heads) if static_v is None else _static(static_v, q, "static_v")
    if add_zero_attn:
        nothing = zeros(batch, num_heads, 1, q.shape[-1], dtype=q.dtype)
        k, v = cat([k, nothing], 2), cat([v, nothing], 2)
        attn_mask, key_padding_mask = _one_more(attn_mask), _one_more(key_padding_mask)
    if key_padding_mask is not None:
        expected = (batch, k.shape[2])
        if key_padding_mask.shape != expected:
            raise AssertionError(f"expecting key_padding_mask shape of {expected}, but got {tuple(key_padding_mask.shape)}")
        padding = key_padding_mask.reshape(batch, 1, 1, -1)
        attn_mask = padding if attn_mask is None else attn_mask + padding
    y, shares = _attended(q, k, v, attn_mask, dropout_p if training else 0.0, need_weights, is_causal)
    y = y.permute(2, 0, 1, 3).reshape(query.shape[0], batch, num_heads * v.shape[-1])
    y = linear(y, out_proj_weight, out_proj_bias)
    if shares is not None and average_attn_weights:
        shares = shares.mean(1)
    if not batched:
        y, shares = y.squeeze(1), None if shares is None else shares.squeeze(0)
    return y, shares


def additive_mask(mask: Any, name: str, like: Tensor, other: Any = None, other_name: str = "") -> Any:
    """The mask as numbers that are added to the scores: minus infinity where a mask of bools is True."""
    if mask is None:
        return None
    kind = mask._array.dtype.kind
    if kind not in "bf":
        raise AssertionError(f"only bool and floating types of {name} are supported")
    if other is not None and other.dtype != mask.dtype:
        warnings.warn(
            f"Support for mismatched {name} and {other_name} is deprecated. Use same type for both instead.",
            UserWarning,
            stacklevel=stacklevel(),
        )
    return mask if kind == "f" else zeros(mask.shape, dtype=like.dtype).masked_fill(mask, -math.inf)


def _attended(
    q: Tensor, k: Tensor, v: Tensor, mask: Tensor | None, dropout_p: float, need_weights: bool, is_causal: bool
) -> tuple[Tensor, Tensor | None]:
    """(the heads' results, their shares where these are asked for)."""
    if not need_weights:
        return scaled_dot_product_attention(q, k, v, mask, dropout_p, is_causal), None
    scores = matmul(q * math.sqrt(1.0 / q.shape[-1]), k.mT)
    shares = softmax(scores if mask is None else scores + mask, -1)
    if dropout_p > 0.0:
        shares = dropout(shares, dropout_p)
    return matmul(shares, v), shares


def _projected(query: Tensor, key: Tensor, value: Tensor, weights: Any, bias: Tensor | None) -> Sequence[Tensor]:
    """Queries, keys and values: what is the same tensor is projected by one product."""
    width = query.shape[-1]
    if isinstance(weights, list):
        for name, x, w in zip(("query", "key", "value"), (query, key, value), weights):
            if w.shape != (width, x.shape[-1]):
                expected = (width, x.shape[-1])
                raise AssertionError(f"expecting {name} weights shape of {expected}, but got {w.shape}")
    elif query is key and key is value:
        return linear(query, weights, bias).chunk(3, -1)
    elif key is value:
        both = linear(key, weights[width:], None if bias is None else bias[width:])
        return linear(query, weights[:width], None if bias is None else bias[:width]), *both.chunk(2, -1)
    else:
        weights = weights.chunk(3)
    biases = [None] * 3 if bias is None else bias.chunk(3)
    return [linear(x, w, b) for x, w, b in zip((query, key, value), weights, biases)]


def _heads(x: Tensor, num_heads: int) -> Tensor:
    """(steps, batch, width) as (batch, heads, steps, width of a head)."""
    steps, batch, width = x.shape
    return x.reshape(steps, batch, num_heads, width // num_heads).permute(1, 2, 0, 3)


def _static(x: Tensor, q: Tensor, name: str) -> Tensor:
    """Keys or values that were given as they are, (batch * heads, keys, width of a head)."""
    batch, heads, _, width = q.shape
    if x.shape[0] != batch * heads:
        raise AssertionError(f"expecting {name}.size(0) of {batch * heads}, but got {x.shape[0]}")
    if x.shape[2] != width:
        raise AssertionError(f"expecting {name}.size(2) of {width}, but got {x.shape[2]}")
    return x.reshape(batch, heads, x.shape[1], width)


def _with_biases(k: Tensor, v: Tensor, bias_k: Any, bias_v: Any, static_k: Any, static_v: Any) -> tuple[Tensor, Tensor]:
    """Keys and values with one more, learnt, at the end."""
    if bias_k is None or bias_v is None:
        given, missing = ("bias_v", "bias_k") if bias_k is None else ("bias_k", "bias_v")
        raise AssertionError(f"{given} is set but {missing} is None")
    for name, static in (("key", static_k), ("value", static_v)):
        if static is not None:
            raise AssertionError(f"bias cannot be added to static {name}.")
    batch = k.shape[1]
    return cat([k, bias_k.repeat(1, batch, 1)]), cat([v, bias_v.repeat(1, batch, 1)])


def _one_more(mask: Tensor | None) -> Tensor | None:
    """The mask with a key at the end that all may see."""
    return None if mask is None else cat([mask, mask.new_zeros(*mask.shape[:-1], 1)], -1)


def _shaped(mask: Tensor, batch: int, heads: int, queries: int, keys: int) -> Tensor:
    """The mask as (batch or 1, heads or 1, queries, keys)."""
    ndim = mask.dim()
    expected = (queries, keys) if ndim == 2 else (batch * heads, queries, keys)
    if mask.shape != expected:
        raise RuntimeError(f"The shape of the {ndim}D attn_mask is {mask.shape}, but should be {expected}.")
    return mask.reshape(1, 1, queries, keys) if ndim == 2 else mask.reshape(batch, heads, queries, keys)


def _check_widths(query: Tensor, key: Tensor, value: Tensor, embed_dim: int, num_heads: int, separate: bool) -> None:
    width = query.shape[-1]
    if width != embed_dim:
        raise AssertionError(f"was expecting embedding dimension of {embed_dim}, but got {width}")
    if width % num_heads:
        raise AssertionError(f"embed_dim {width} not divisible by num_heads {num_heads}")
    if separate and key.shape[:2] != value.shape[:2]:
        raise AssertionError(f"key's sequence and batch dims {key.shape[:2]} do not match value's {value.shape[:2]}")
    if not separate and key.shape != value.shape:
        raise AssertionError(f"key shape {key.shape} does not match value shape {value.shape}")


def _check_shapes(query: Tensor, key: Tensor, value: Tensor, padding: Any, mask: Any, num_heads: int) -> bool:
    """Whether there is a batch; AssertionError for numbers of dimensions that do not fit one another."""
    ndim = query.dim()
    if ndim not in (2, 3):
        raise AssertionError(f"query should be unbatched 2D or batched 3D tensor but received {ndim}-D query tensor")
    kind = f"For {'batched' if ndim == 3 else 'unbatched'} ({ndim}-D) `query`, expected"
    if key.dim() != ndim or value.dim() != ndim:
        raise AssertionError(
            f"{kind} `key` and `value` to be {ndim}-D but found {key.dim()}-D and {value.dim()}-D tensors respectively"
        )
    if padding is not None and padding.dim() != ndim - 1:
        raise AssertionError(
            f"{kind} `key_padding_mask` to be `None` or {ndim - 1}-D but found {padding.dim()}-D tensor instead"
        )
    if mask is not None and mask.dim() not in (2, 3):
        raise AssertionError(f"{kind} `attn_mask` to be `None`, 2-D or 3-D but found {mask.dim()}-D tensor instead")
    if ndim == 2 and mask is not None and mask.dim() == 3 and mask.shape != (num_heads, query.shape[0], key.shape[0]):
        expected = (num_heads, query.shape[0], key.shape[0])
        raise AssertionError(f"Expected `attn_mask` shape to be {expected} but got {mask.shape}")
    return ndim == 3
