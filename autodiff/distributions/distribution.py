"""What a distribution is: shapes, samples, log probabilities, and the checks of its parameters.

After this module a reader knows the two shapes: `batch_shape` counts distributions that are drawn beside each other,
`event_shape` is that of one outcome; a sample has the shape sample_shape + batch_shape + event_shape.
"""

from __future__ import annotations

import warnings
from typing import Any

from autodiff._core.modes import no_grad
from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor
from autodiff._core.types import Size
from autodiff.distributions import constraints
from autodiff.distributions._shared import lazy

__all__ = ["Distribution"]


class Distribution:
    """The base of all distributions.

    >>> import autodiff as torch
    >>> d = torch.distributions.Normal(torch.zeros(3), 1.0)
    >>> d.batch_shape, d.event_shape, d.sample((2,)).shape
    (torch.Size([3]), torch.Size([]), torch.Size([2, 3]))
    """

    has_rsample = False
    has_enumerate_support = False
    _validate_args = __debug__
    arg_constraints: Any

    @staticmethod
    def set_default_validate_args(value: bool) -> None:
        """Turn the checks of parameters and values on or off, for distributions that are made from now on."""
        if value not in (True, False):
            raise ValueError("set_default_validate_args() takes True or False")
        Distribution._validate_args = value

    @at_the_door
    def __init__(self, batch_shape: Any = (), event_shape: Any = (), validate_args: bool | None = None) -> None:
        self._batch_shape, self._event_shape = Size(batch_shape), Size(event_shape)
        if validate_args is not None:
            self._validate_args = validate_args
        if self._validate_args:
            self._check_parameters()

    def _check_parameters(self) -> None:
        try:
            arg_constraints = self.arg_constraints
        except (AttributeError, NotImplementedError):
            warnings.warn(f"{self.__class__} does not define `arg_constraints`. " + _SILENCED, stacklevel=stacklevel())
            return
        for param, constraint in arg_constraints.items():
            if constraints.is_dependent(constraint) or (
                param not in self.__dict__ and isinstance(getattr(type(self), param), lazy)
            ):
                continue
            value = getattr(self, param)
            if not constraint.check(value).all():
                raise ValueError(
                    f"Expected parameter {param} ({type(value).__name__} of shape {tuple(value.shape)}) of distribution "
                    f"{self!r} to satisfy the constraint {constraint!r}, but found invalid values:\n{value}"
                )

    def expand(self, batch_shape: Any, _instance: Any = None) -> Any:
        """The same distribution with a larger batch shape, whose parameters are views."""
        raise NotImplementedError

    @at_the_door
    def _expanded(self, kind: type, batch_shape: Any, _instance: Any, *names: str, event: bool = False) -> Any:
        """A new instance whose parameters of these names are expanded; with `event` each keeps its event dimensions."""
        new = self._get_checked_instance(kind, _instance)
        batch_shape = Size(batch_shape)
        for name in names:
            if name in self.__dict__:
                setattr(new, name, getattr(self, name).expand(batch_shape + (self.event_shape if event else Size(()))))
        Distribution.__init__(new, batch_shape, self.event_shape, validate_args=False)
        new._validate_args = self._validate_args
        return new

    @property
    def batch_shape(self) -> Size:
        """The shape of the distributions that stand beside each other."""
        return self._batch_shape

    @property
    def event_shape(self) -> Size:
        """The shape of one outcome."""
        return self._event_shape

    @property
    def support(self) -> Any:
        """The constraint that every sample satisfies."""
        raise NotImplementedError

    @property
    def mean(self) -> Any:
        """The mean."""
        raise NotImplementedError

    @property
    def mode(self) -> Any:
        """The likeliest value."""
        raise NotImplementedError(f"{self.__class__} does not implement mode")

    @property
    def variance(self) -> Any:
        """The variance."""
        raise NotImplementedError

    @property
    def stddev(self) -> Any:
        """The standard deviation, the root of the variance."""
        return self.variance.sqrt()

    def sample(self, sample_shape: Any = ()) -> Any:
        """A sample of shape sample_shape + batch_shape + event_shape, outside the graph."""
        with no_grad():
            return self.rsample(sample_shape)

    def rsample(self, sample_shape: Any = ()) -> Any:
        """A sample through which gradients reach the parameters, where the distribution has such."""
        raise NotImplementedError

    def sample_n(self, n: int) -> Any:
        """`sample((n,))`, in its older spelling."""
        warnings.warn("sample_n(n) will be deprecated. Use .sample((n,)) instead.", UserWarning, stacklevel=stacklevel())
        return self.sample(Size((n,)))

    def log_prob(self, value: Any) -> Any:
        """The logarithm of the density, or of the probability, at a value."""
        raise NotImplementedError

    def cdf(self, value: Any) -> Any:
        """The probability of at most this value."""
        raise NotImplementedError

    def icdf(self, value: Any) -> Any:
        """The value that is not exceeded with this probability."""
        raise NotImplementedError

    def enumerate_support(self, expand: bool = True) -> Any:
        """All outcomes of a discrete distribution, along the first dimension."""
        raise NotImplementedError

    def entropy(self) -> Any:
        """-E[log p]: the expected surprise."""
        raise NotImplementedError

    def perplexity(self) -> Any:
        """exp(entropy)."""
        return self.entropy().exp()

    def _extended_shape(self, sample_shape: Any = ()) -> Size:
        return Size(sample_shape) + self._batch_shape + self._event_shape

    def _validate_sample(self, value: Any) -> None:
        if not self._validate_args:
            return
        if not isinstance(value, Tensor):
            raise ValueError("The value argument to log_prob must be a Tensor")
        start = value.dim() - len(self._event_shape)
        if value.size()[start:] != self._event_shape:
            raise ValueError(
                "The right-most size of value must match event_shape: "
                f"{value.size()} vs {self._event_shape}."
            )
        actual, expected = value.size(), self._batch_shape + self._event_shape
        for i, j in zip(reversed(actual), reversed(expected), strict=False):
            if i != 1 and j != 1 and i != j:
                raise ValueError(f"Value is not broadcastable with batch_shape+event_shape: {actual} vs {expected}.")
        try:
            support = self.support
        except NotImplementedError:
            warnings.warn(f"{self.__class__} does not define `support` to enable sample validation. " + _SILENCED,
                          stacklevel=stacklevel())
            return
        if not support.check(value).all():
            raise ValueError(
                f"Expected value argument ({type(value).__name__} of shape {tuple(value.shape)}) to be within the support "
                f"({support!r}) of the distribution {self!r}, but found invalid values:\n{value}"
            )

    def _get_checked_instance(self, cls: type, _instance: Any = None) -> Any:
        if _instance is None and vars(type(self)).get("__init__", vars(cls).get("__init__")) is not vars(cls).get("__init__"):
            raise NotImplementedError(
                f"Subclass {self.__class__.__name__} of {cls.__name__} that defines a custom __init__ method must also define "
                "a custom .expand() method."
            )
        return type(self).__new__(type(self)) if _instance is None else _instance

    def __repr__(self) -> str:
        shown = [name for name in self.arg_constraints if name in self.__dict__]
        parts = [(name, self.__dict__[name]) for name in shown]
        return (
            self.__class__.__name__ + "("
            + ", ".join(f"{name}: {v if v.numel() == 1 else v.size()}" for name, v in parts) + ")"
        )


_SILENCED = (
    "Please set `arg_constraints = {}` or initialize the distribution with `validate_args=False` to turn off validation."
)
