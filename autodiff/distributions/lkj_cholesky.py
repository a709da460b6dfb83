"""The LKJ distribution: random correlation matrices, as their Cholesky factors."""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.modes import no_grad
from autodiff._core.types import Size
from autodiff.api.join import cat
from autodiff.api.ranges import arange
from autodiff.api.sampling import randn
from autodiff.distributions import constraints
from autodiff.distributions._elementwise import tiny_of
from autodiff.distributions._shared import broadcast_all
from autodiff.distributions.beta import Beta
from autodiff.distributions.distribution import Distribution
from autodiff.special import multigammaln

__all__ = ["LKJCholesky"]


class LKJCholesky(Distribution):
    """The factor L of a correlation matrix M = L L^T whose density is proportional to det(M)**(concentration - 1).

    With concentration 1 all correlation matrices of that dim are equally likely; ValueError for a dim below 2. Source:
    Lewandowski, Kurowicka and Joe 2009.

    >>> import autodiff as torch
    >>> torch.distributions.LKJCholesky(2, 1.0).log_prob(torch.eye(2))
    tensor(-0.6931)
    """

    arg_constraints = {"concentration": constraints.positive}
    support = constraints.corr_cholesky

    def __init__(self, dim: int, concentration: Any = 1.0, validate_args: bool | None = None) -> None:
        if dim < 2:
            raise ValueError(f"Expected dim to be an integer greater than or equal to 2. Found dim={dim}.")
        self.dim = dim
        (self.concentration,) = broadcast_all(concentration)
        steps = arange(dim - 1, dtype=self.concentration.dtype)
        rows = cat([steps.new_zeros(1), steps])
        # The share of a row's length that is not on the diagonal: the first has none, so that its law does not matter.
        self._beta = Beta(rows + 0.5, (self.concentration + 0.5 * (dim - 2)).unsqueeze(-1) - 0.5 * rows)
        super().__init__(self.concentration.size(), Size((dim, dim)), validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        new = self._get_checked_instance(LKJCholesky, _instance)
        batch_shape = Size(batch_shape)
        new.dim, new.concentration = self.dim, self.concentration.expand(batch_shape)
        new._beta = self._beta.expand(batch_shape + (self.dim,))
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    def sample(self, sample_shape: Any = ()) -> Any:
        """The onion method: each row is a random direction, with a random share of its unit length."""
        with no_grad():
            share = self._beta.sample(sample_shape).unsqueeze(-1)
            row = randn(self._extended_shape(sample_shape), dtype=share.dtype).tril(-1)
            row = share.sqrt() * (row / row.norm(dim=-1, keepdim=True))
            row[..., 0, :] = 0.0
            return row + (1 - row.pow(2).sum(-1)).clamp(min=tiny_of(row)).sqrt().diag_embed()

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        diagonal = value.diagonal(dim1=-1, dim2=-2)[..., 1:]
        # det(M) is the product of the squared diagonal; the step from L to M stretches by the product of L_ii**(dim - i).
        order = 2 * (self.concentration - 1).unsqueeze(-1) + self.dim - arange(2, self.dim + 1)
        n = self.dim - 1
        half = self.concentration + 0.5 * n
        constant = 0.5 * n * math.log(math.pi) + multigammaln(half - 0.5, n) - n * half.lgamma()
        return (order * diagonal.log()).sum(-1) - constant
