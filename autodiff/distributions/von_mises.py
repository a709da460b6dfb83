"""The von Mises distribution: a bell on the circle."""

from __future__ import annotations

import math
from typing import Any

from autodiff._core.dtypes import bool as bool_
from autodiff._core.dtypes import float64
from autodiff._core.modes import no_grad
from autodiff.api.comparison import where
from autodiff.api.filled import zeros
from autodiff.api.sampling import rand
from autodiff.distributions import constraints
from autodiff.distributions._shared import broadcast_all, lazy
from autodiff.distributions.distribution import Distribution
from autodiff.special import i0e, i1e

__all__ = ["VonMises"]


def _log_bessel(x: Any) -> Any:
    """log I0(x), of a number whose I0 would overflow too."""
    return i0e(x).log() + x


class VonMises(Distribution):
    """exp(concentration * cos(x - loc)) / (2 pi I0(concentration)) for an angle x.

    Samples lie from -pi to pi. `mean` and `variance` are those of the circle: the direction, and 1 - I1 / I0. It needs SciPy,
    for the Bessel functions.

    >>> import autodiff as torch
    >>> torch.distributions.VonMises(torch.tensor([0.0]), torch.tensor([1.0])).log_prob(torch.tensor([0.0]))
    tensor([-1.0738])
    """

    arg_constraints = {"loc": constraints.real, "concentration": constraints.positive}
    support = constraints.real

    def __init__(self, loc: Any, concentration: Any, validate_args: bool | None = None) -> None:
        self.loc, self.concentration = broadcast_all(loc, concentration)
        super().__init__(self.loc.shape, validate_args=validate_args)

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        return self._expanded(VonMises, batch_shape, _instance, "loc", "concentration")

    @property
    def mean(self) -> Any:
        """The direction of the mean."""
        return self.loc

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        return self.loc

    @lazy
    def variance(self) -> Any:
        """1 less the length of the mean of all points of the circle."""
        return 1 - i1e(self.concentration) / i0e(self.concentration)

    def _wrapped_cauchy(self) -> Any:
        """The parameter of the wrapped Cauchy distribution that the candidates come from; for a flat bell its series."""
        k = self.concentration.to(float64)
        tau = 1 + (1 + 4 * k.pow(2)).sqrt()
        rho = (tau - (2 * tau).sqrt()) / (2 * k)
        return where(k < 1e-5, 1 / k + k, (1 + rho.pow(2)) / (2 * rho))

    def sample(self, sample_shape: Any = ()) -> Any:
        """Best and Fisher 1979: candidates until each place has one that is accepted, in double precision."""
        shape = self._extended_shape(sample_shape)
        with no_grad():
            k, r = self.concentration.to(float64), self._wrapped_cauchy()
            x, done = zeros(shape, dtype=float64), zeros(shape, dtype=bool_)
            while not done.all():
                u1, u2, u3 = rand((3, *shape), dtype=float64).unbind()
                z = (math.pi * u1).cos()
                f = (1 + r * z) / (r + z)
                c = k * (r - f)
                accepted = (c * (2 - c) > u2) | ((c / u2).log() + 1 - c >= 0)
                # PyTorch lets a later candidate take an earlier one's place; the same stream gives the same numbers.
                x = where(accepted, (u3 - 0.5).sign() * f.acos(), x)
                done = done | accepted
            return ((x + math.pi + self.loc.to(float64)) % (2 * math.pi) - math.pi).to(self.loc.dtype)

    def log_prob(self, value: Any) -> Any:
        self._validate_sample(value)
        k = self.concentration
        return k * (value - self.loc).cos() - math.log(2 * math.pi) - _log_bessel(k)
