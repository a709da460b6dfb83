"""Which numbers are pruned: at random, the smallest, whole channels, or those of a mask that is given.

After this module a reader knows that a method is its `compute_mask`: scores go in, 0s and 1s come out.
"""

from __future__ import annotations

import numbers
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.api.likes import rand_like
from autodiff.api.sampling import rand
from autodiff.nn.utils._pruning import BasePruningMethod

__all__ = [
    "CustomFromMask", "Identity", "L1Unstructured", "LnStructured", "RandomStructured", "RandomUnstructured",
]


def _validate_pruning_amount_init(amount: Any) -> None:
    """TypeError for what is not a number, ValueError for a share outside [0, 1] and for a negative number."""
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    share = not isinstance(amount, numbers.Integral)
    if float(amount) < 0 or (share and float(amount) > 1):
        raise ValueError(f"amount={amount} should either be a float in the range [0, 1] or a non-negative integer")


def _validate_pruning_amount(amount: Any, tensor_size: int) -> None:
    """ValueError for more than there are."""
    if isinstance(amount, numbers.Integral) and int(amount) > tensor_size:
        raise ValueError(f"amount={amount} should be smaller than the number of parameters to prune={tensor_size}")


def _compute_nparams_toprune(amount: Any, tensor_size: int) -> int:
    """How many: an int, or a share of them."""
    return int(amount) if isinstance(amount, numbers.Integral) else round(amount * tensor_size)


def _count(amount: Any, size: int) -> int:
    n = _compute_nparams_toprune(amount, size)
    _validate_pruning_amount(n, size)
    return n


class Identity(BasePruningMethod):
    """Prunes nothing: the mask is all ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The mask that is there."""
        return default_mask


class _Unstructured(BasePruningMethod):
    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: Any) -> None:
        _validate_pruning_amount_init(amount)
        self.amount = amount

    def _without(self, mask: Tensor, scores: Tensor, largest: bool) -> Tensor:
        """The mask with zeros at so many of the largest or smallest scores."""
        n = _count(self.amount, scores.numel())
        mask = mask.clone()
        if n:
            mask.view(-1)[scores.reshape(-1).topk(n, largest=largest).indices] = 0
        return mask


class RandomUnstructured(_Unstructured):
    """Prunes numbers at random: so many, or that share of them."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros at the largest of as many random numbers."""
        if not _count(self.amount, t.numel()):
            return default_mask.clone()
        return self._without(default_mask, rand_like(t), largest=True)


class L1Unstructured(_Unstructured):
    """Prunes the smallest numbers: so many, or that share of them."""

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros at the smallest |t|."""
        return self._without(default_mask, t.abs(), largest=False)


class _Structured(BasePruningMethod):
    PRUNING_TYPE = "structured"

    def __init__(self, amount: Any, dim: int) -> None:
        _validate_pruning_amount_init(amount)
        self.amount, self.dim = amount, dim

    def _check(self, t: Tensor) -> tuple[int, int]:
        """How many channels there are, and how many are to be pruned."""
        if t.ndim <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor of shape "
                f"{t.shape} with {t.ndim} dims"
            )
        if self.dim >= t.ndim:
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        n = t.shape[self.dim]
        return n, _count(self.amount, n)

    def _only(self, mask: Tensor, channels: Tensor) -> Tensor:
        """The mask, with zeros in all other channels."""
        kept = mask.new_zeros(mask.shape)
        kept[(*[slice(None)] * (self.dim % mask.ndim), channels)] = 1
        return kept * mask


class RandomStructured(_Structured):
    """Prunes channels along `dim` at random: so many, or that share of them."""

    def __init__(self, amount: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros in the channels with the smallest of as many random numbers."""
        channels, n = self._check(t)
        if not n:
            return default_mask
        chance = rand(channels)
        return self._only(default_mask.to(t.dtype), chance > chance.sort().values[n - 1])


class LnStructured(_Structured):
    """Prunes the channels along `dim` whose n-norm is smallest: so many, or that share of them."""

    def __init__(self, amount: Any, n: Any, dim: int = -1) -> None:
        super().__init__(amount, dim)
        self.n = n

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Zeros in the channels that are smallest."""
        channels, n = self._check(t)
        others = [d for d in range(t.ndim) if d != self.dim % t.ndim]
        return self._only(default_mask.to(t.dtype), t.norm(self.n, others).topk(channels - n).indices)


class CustomFromMask(BasePruningMethod):
    """Prunes by a mask that is given."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """The two masks multiplied."""
        if default_mask.shape != self.mask.shape:
            raise AssertionError(f"default_mask shape {default_mask.shape} must match self.mask shape {self.mask.shape}")
        return default_mask * self.mask.to(dtype=default_mask.dtype)
