"""Distributions of the form exp(<t(x), theta> - A(theta) + k(x)): their entropy follows from A alone.

After this module a reader knows why: the gradient of A, the log-normaliser, is the mean of t(x), and autograd gives it.
"""

from __future__ import annotations

from typing import Any

from autodiff.autograd.gradients import grad
from autodiff.distributions.distribution import Distribution

__all__ = ["ExponentialFamily"]


class ExponentialFamily(Distribution):
    """The base of distributions with natural parameters.

    >>> import autodiff as torch
    >>> isinstance(torch.distributions.Normal(0.0, 1.0), torch.distributions.ExponentialFamily)
    True
    """

    @property
    def _mean_carrier_measure(self) -> Any:
        raise NotImplementedError

    @property
    def _natural_params(self) -> Any:
        raise NotImplementedError

    def _log_normalizer(self, *natural_params: Any) -> Any:
        raise NotImplementedError

    def entropy(self) -> Any:
        """A(theta) - <theta, dA/dtheta> - E[k]."""
        nparams = [p.detach().requires_grad_() for p in self._natural_params]
        lg_normal = self._log_normalizer(*nparams)
        gradients = grad(lg_normal.sum(), nparams, create_graph=True)
        result = -self._mean_carrier_measure + lg_normal
        for p, g in zip(nparams, gradients, strict=True):
            result = result - (p * g).reshape(self._batch_shape + (-1,)).sum(-1)
        return result
