"""Embeddings: layers that look up a vector for each number.

After this module a reader knows that the vectors of words are the rows of one matrix, drawn from a normal distribution and
learned like any other weight.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.api._calls import size_of
from autodiff.nn import functional as F
from autodiff.nn import init
from autodiff.nn.functional.sparse import padding_of
from autodiff.nn.modules.module import Module
from autodiff.nn.parameter import Parameter, empty_parameter

__all__ = ["Embedding", "EmbeddingBag"]


class _Lookup(Module):
    """A matrix with a row for each number, and how its rows are kept short and learned."""

    weight: Parameter

    def _begin(
        self,
        sizes: tuple[int, int],
        padding_idx: int | None,
        limits: tuple[Any, ...],
        weight: Tensor | None,
        device: Any,
        dtype: Any,
        freeze: bool = False,
    ) -> None:
        size_of(sizes)
        self.num_embeddings, self.embedding_dim = sizes
        self.padding_idx = padding_idx
        self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse = limits
        if self.sparse:
            raise NotImplementedError(
                f"{type(self).__name__}: sparse=True gives a gradient that is a sparse tensor, and there are none here; leave "
                "it out: the gradient is the same in a dense tensor"
            )
        if weight is None:
            self.weight = empty_parameter(*sizes, device=device, dtype=dtype)
            self.reset_parameters()
        elif tuple(weight.shape) != sizes:
            raise AssertionError("Shape of weight does not match num_embeddings and embedding_dim")
        else:
            self.weight = Parameter(weight, requires_grad=not freeze)

    def reset_parameters(self) -> None:
        """Draw the weight anew; the row of the padding is zero."""
        init.normal_(self.weight)
        self._fill_padding_idx_with_zero()

    def _fill_padding_idx_with_zero(self) -> None:
        if self.padding_idx is not None:
            self.weight._array[self.padding_idx] = 0

    def _limits_told(self, how: Any = str) -> list[str]:
        """The options that are not PyTorch's defaults, as they are printed."""
        norm = [f"norm_type={how(self.norm_type)}"] if self.norm_type != 2 else []
        frequency = [f"scale_grad_by_freq={how(self.scale_grad_by_freq)}"] if self.scale_grad_by_freq is not False else []
        return [*([f"max_norm={how(self.max_norm)}"] if self.max_norm is not None else []), *norm, *frequency]


class Embedding(_Lookup):
    """weight[input]: for each index in the input a row of the weight, which is learned.

    weight is (num_embeddings, embedding_dim), drawn from a normal distribution. The input holds integers, the output has its
    shape and embedding_dim columns more. The row `padding_idx` is zero at first and gets no gradient; with `max_norm` rows
    that are read and have a larger `norm_type`-norm are brought to that norm; with `scale_grad_by_freq` a row's gradient is
    divided by how often it is read. AssertionError for a padding_idx that no row has, NotImplementedError for `sparse`.

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.Embedding(10, 3)
    >>> layer(torch.tensor([[1, 2, 1]])).shape
    torch.Size([1, 3, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
        _weight: Tensor | None = None,
        _freeze: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        padding_idx = padding_of(padding_idx, num_embeddings)
        limits = (max_norm, norm_type, scale_grad_by_freq, sparse)
        self._begin((num_embeddings, embedding_dim), padding_idx, limits, _weight, device, dtype, _freeze)

    def forward(self, input: Tensor) -> Tensor:
        """F.embedding(input, weight), with the layer's options."""
        limits = (self.max_norm, self.norm_type, self.scale_grad_by_freq, self.sparse)
        return F.embedding(input, self.weight, self.padding_idx, *limits)

    def extra_repr(self) -> str:
        padding = [f"padding_idx={self.padding_idx}"] if self.padding_idx is not None else []
        return ", ".join([f"{self.num_embeddings}, {self.embedding_dim}", *padding, *self._limits_told()])

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        padding_idx: int | None = None,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        sparse: bool = False,
    ) -> Embedding:
        """A layer whose weight is the given matrix, in its memory; with `freeze` it is not learned.

        >>> import autodiff as torch
        >>> layer = torch.nn.Embedding.from_pretrained(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        >>> layer(torch.tensor([1]))
        tensor([[3., 4.]])
        """
        if embeddings.ndim != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, columns = embeddings.shape
        limits = (padding_idx, max_norm, norm_type, scale_grad_by_freq, sparse)
        return cls(rows, columns, *limits, _weight=embeddings, _freeze=freeze)


class EmbeddingBag(_Lookup):
    """The sum, mean or maximum of the rows of the weight that each bag of indices names.

    weight is (num_embeddings, embedding_dim), drawn from a normal distribution. A bag is a row of a matrix of indices, or, in a
    vector of them, what lies between an offset and the next one; the output is (bags, embedding_dim). The row `padding_idx` is
    left out. The other options are those of `Embedding`, and `mode` is "sum", "mean" or "max".

    >>> import autodiff as torch
    >>> _ = torch.manual_seed(0)
    >>> layer = torch.nn.EmbeddingBag(10, 3, mode="sum")
    >>> layer(torch.tensor([1, 2, 4, 5]), torch.tensor([0, 3])).shape
    torch.Size([2, 3])
    """

    def __init__(
        self,
        num_embeddings: int,
        embedding_dim: int,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        _weight: Tensor | None = None,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        padding_idx = padding_of(padding_idx, num_embeddings, "padding_idx")
        limits = (max_norm, norm_type, scale_grad_by_freq, sparse)
        self._begin((num_embeddings, embedding_dim), padding_idx, limits, _weight, device, dtype)
        self.mode, self.include_last_offset = mode, include_last_offset

    def forward(self, input: Tensor, offsets: Tensor | None = None, per_sample_weights: Tensor | None = None) -> Tensor:
        """F.embedding_bag(input, weight, offsets), with the layer's options."""
        limits = (self.max_norm, self.norm_type, self.scale_grad_by_freq, self.mode, self.sparse)
        last = (per_sample_weights, self.include_last_offset, self.padding_idx)
        return F.embedding_bag(input, self.weight, offsets, *limits, *last)

    def extra_repr(self) -> str:
        padding = [f"padding_idx={self.padding_idx}"] if self.padding_idx is not None else []
        sizes = f"{self.num_embeddings}, {self.embedding_dim}"
        return ", ".join([sizes, *self._limits_told(repr), f"mode={self.mode!r}", *padding])

    @classmethod
    def from_pretrained(
        cls,
        embeddings: Tensor,
        freeze: bool = True,
        max_norm: float | None = None,
        norm_type: float = 2.0,
        scale_grad_by_freq: bool = False,
        mode: str = "mean",
        sparse: bool = False,
        include_last_offset: bool = False,
        padding_idx: int | None = None,
    ) -> EmbeddingBag:
        """A layer whose weight is the given matrix, in its memory; with `freeze` it is not learned.

        >>> import autodiff as torch
        >>> layer = torch.nn.EmbeddingBag.from_pretrained(torch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        >>> layer(torch.tensor([[0, 1]]))
        tensor([[2., 3.]])
        """
        if embeddings.ndim != 2:
            raise AssertionError("Embeddings parameter is expected to be 2-dimensional")
        rows, columns = embeddings.shape
        limits = (max_norm, norm_type, scale_grad_by_freq, mode, sparse)
        more: dict[str, Any] = {"include_last_offset": include_last_offset, "padding_idx": padding_idx}
        layer = cls(rows, columns, *limits, _weight=embeddings, **more)
        layer.weight.requires_grad = not freeze
        return layer
