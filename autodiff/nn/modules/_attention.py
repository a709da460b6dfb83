"""Attention with several heads as a layer.

After this module a reader knows which projections it learns, and how they are first drawn.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.nn import functional as F
from autodiff.nn import init
from autodiff.nn.modules.linear import NonDynamicallyQuantizableLinear
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, empty_parameter

__all__ = ["MultiheadAttention"]


class MultiheadAttention(Module):
    """softmax(q @ k.T / sqrt(d)) @ v for each of `num_heads` slices of the projected queries, keys and values, projected again.

    in_proj_weight is (3 * embed_dim, embed_dim), for queries, keys and values; with another `kdim` or `vdim` there are
    q_proj_weight, k_proj_weight and v_proj_weight instead. All are first drawn by Xavier's rule; the biases start at 0.
    `add_bias_kv` adds a learnt key and value, `add_zero_attn` one of zeros. Source: Vaswani et al. 2017.
    ValueError for sizes that are not positive, AssertionError for an embed_dim that the heads cannot share.

    >>> import autodiff as torch
    >>> attention, x = torch.nn.MultiheadAttention(4, 2, batch_first=True), torch.ones(1, 3, 4)
    >>> y, shares = attention(x, x, x)
    >>> y.shape, shares.shape
    (torch.Size([1, 3, 4]), torch.Size([1, 3, 3]))
    """

    in_proj_weight: Parameter | None
    in_proj_bias: Parameter | None
    q_proj_weight: Parameter | None
    k_proj_weight: Parameter | None
    v_proj_weight: Parameter | None
    bias_k: Parameter | None
    bias_v: Parameter | None

    def __init__(
        self, embed_dim: int, num_heads: int, dropout: float = 0.0, bias: bool = True, add_bias_kv: bool = False,
        add_zero_attn: bool = False, kdim: int | None = None, vdim: int | None = None, batch_first: bool = False,
        device: Any = None, dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                f"embed_dim and num_heads must be greater than 0, got embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim, self.num_heads, self.dropout, self.batch_first = embed_dim, num_heads, dropout, batch_first
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim == self.vdim
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError("embed_dim must be divisible by num_heads")
        self._register_projections(device, dtype)
        self._made("in_proj_bias", bias, (3 * embed_dim,), device, dtype)
        self.out_proj = NonDynamicallyQuantizableLinear(embed_dim, embed_dim, bias=bias, device=device, dtype=dtype)
        for name in ("bias_k", "bias_v"):
            if add_bias_kv:
                self._made(name, True, (1, 1, embed_dim), device, dtype)
            else:
                setattr(self, name, None)
        self.add_zero_attn = add_zero_attn
        self._reset_parameters()

    def _register_projections(self, device: Any, dtype: Any) -> None:
        width, same = self.embed_dim, self._qkv_same_embed_dim
        if same:
            self._made("in_proj_weight", True, (3 * width, width), device, dtype)
        for name, features in (("q_proj_weight", width), ("k_proj_weight", self.kdim), ("v_proj_weight", self.vdim)):
            self._made(name, not same, (width, features), device, dtype)
        if not same:
            self.register_parameter("in_proj_weight", None)

    def _made(self, name: str, wanted: bool, shape: tuple[int, ...], device: Any, dtype: Any) -> None:
        self.register_parameter(name, empty_parameter(*shape, device=device, dtype=dtype) if wanted else None)

    def _reset_parameters(self) -> None:
        for weight in (self.in_proj_weight, self.q_proj_weight, self.k_proj_weight, self.v_proj_weight):
            if weight is not None:
                init.xavier_uniform_(weight)
        for bias in (self.in_proj_bias, self.out_proj.bias):
            if bias is not None:
                init.constant_(bias, 0.0)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, key_padding_mask: Tensor | None = None, need_weights: bool = True,
        attn_mask: Tensor | None = None, average_attn_weights: bool = True, is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        """(attention, its shares, or None without `need_weights`): F.multi_head_attention_forward says which shapes there are.

        With `batch_first` query, key and value are (batch, steps, features), and so is the first result.
        """
        turned = self.batch_first and query.dim() == 3
        if turned:
            alike = query is key, key is value  # what is the same tensor stays it, and is projected by one product
            query = query.transpose(1, 0)
            key = query if alike[0] else key.transpose(1, 0)
            value = key if alike[1] else value.transpose(1, 0)
        y, shares = F.multi_head_attention_forward(
            query, key, value, self.embed_dim, self.num_heads, self.in_proj_weight, self.in_proj_bias, self.bias_k, self.bias_v,
            self.add_zero_attn, self.dropout, self.out_proj.weight, self.out_proj.bias, training=self.training,
            key_padding_mask=key_padding_mask, need_weights=need_weights, attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim, q_proj_weight=self.q_proj_weight,
            k_proj_weight=self.k_proj_weight, v_proj_weight=self.v_proj_weight, average_attn_weights=average_attn_weights,
            is_causal=is_causal,
        )
        return y.transpose(1, 0) if turned else y, shares
