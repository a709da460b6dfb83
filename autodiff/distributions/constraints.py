"""Which values a parameter or a sample may have: a constraint is an object that checks a tensor, element by element.

After this module a reader knows what `validate_args` looks at: `arg_constraints` for the parameters, `support` for values.

>>> import autodiff as torch
>>> from autodiff.distributions import constraints
>>> constraints.positive.check(torch.tensor([1.0, -1.0]))
tensor([ True, False])
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from autodiff._core.tensor import Tensor
from autodiff.api.comparison import isclose
from autodiff.api.creation import ones
from autodiff.api.join import cat as _joined
from autodiff.api.join import stack as _stacked
from autodiff.distributions._constraint import (
    Constraint,
    Dependent,
    Independent,
    MixtureSameFamilyConstraint,
    dependent_property,
    is_dependent,
)

__all__ = [
    "Constraint", "MixtureSameFamilyConstraint", "boolean", "cat", "corr_cholesky", "dependent", "dependent_property",
    "greater_than", "greater_than_eq", "half_open_interval", "independent", "integer_interval", "interval", "is_dependent",
    "less_than", "lower_cholesky", "lower_triangular", "multinomial", "nonnegative", "nonnegative_integer", "one_hot",
    "positive", "positive_definite", "positive_integer", "positive_semidefinite", "real", "real_vector", "simplex",
    "square", "stack", "symmetric", "unit_interval",
]


class _Whole(Constraint):
    _is_discrete = True


class _Boolean(_Whole):
    def check(self, value: Any) -> Any:
        return (value == 0) | (value == 1)


class _OneHot(_Whole):
    _event_dim = 1

    def check(self, value: Any) -> Any:
        return ((value == 0) | (value == 1)).all(-1) & value.sum(-1).eq(1)


class _IntegerInterval(_Whole):
    """Whole numbers from lower_bound to upper_bound.

    >>> import autodiff as torch
    >>> from autodiff.distributions import constraints
    >>> constraints.integer_interval(0, 2).check(torch.tensor([1.0, 3.0]))
    tensor([ True, False])
    """

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (self.lower_bound <= value) & (value <= self.upper_bound)

    def __repr__(self) -> str:
        return f"IntegerInterval(lower_bound={self.lower_bound}, upper_bound={self.upper_bound})"


class _IntegerGreaterThan(_Whole):
    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Any) -> Any:
        return (value % 1 == 0) & (value >= self.lower_bound)

    def __repr__(self) -> str:
        return f"IntegerGreaterThan(lower_bound={self.lower_bound})"


class _Real(Constraint):
    def check(self, value: Any) -> Any:
        return value == value  # false for nan


class _GreaterThan(Constraint):
    """Numbers above lower_bound.

    >>> import autodiff as torch
    >>> from autodiff.distributions import constraints
    >>> constraints.greater_than(1.0).check(torch.tensor([1.0, 3.0]))
    tensor([False,  True])
    """

    def __init__(self, lower_bound: Any) -> None:
        self.lower_bound = lower_bound

    def check(self, value: Any) -> Any:
        return self.lower_bound < value

    def __repr__(self) -> str:
        return f"{self.__class__.__name__[1:]}(lower_bound={self.lower_bound})"


class _GreaterThanEq(_GreaterThan):
    """Numbers of at least lower_bound.

    >>> import autodiff as torch
    >>> from autodiff.distributions import constraints
    >>> constraints.greater_than_eq(1.0).check(torch.tensor([1.0, 3.0]))
    tensor([True, True])
    """

    def check(self, value: Any) -> Any:
        return self.lower_bound <= value


class _LessThan(Constraint):
    """Numbers below upper_bound.

    >>> import autodiff as torch
    >>> from autodiff.distributions import constraints
    >>> constraints.less_than(1.0).check(torch.tensor([1.0, 0.5]))
    tensor([False,  True])
    """

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, value: Any) -> Any:
        return value < self.upper_bound

    def __repr__(self) -> str:
        return f"LessThan(upper_bound={self.upper_bound})"


class _Interval(Constraint):
    """Numbers from lower_bound to upper_bound.

    >>> import autodiff as torch
    >>> from autodiff.distributions import constraints
    >>> constraints.interval(0.0, 1.0).check(torch.tensor([1.0, 3.0]))
    tensor([ True, False])
    """

    def __init__(self, lower_bound: Any, upper_bound: Any) -> None:
        self.lower_bound, self.upper_bound = lower_bound, upper_bound

    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value <= self.upper_bound)

    def __repr__(self) -> str:
        return f"{self.__class__.__name__[1:]}(lower_bound={self.lower_bound}, upper_bound={self.upper_bound})"


class _HalfOpenInterval(_Interval):
    """Numbers from lower_bound up to, and without, upper_bound.

    >>> import autodiff as torch
    >>> from autodiff.distributions import constraints
    >>> constraints.half_open_interval(0.0, 1.0).check(torch.tensor([0.0, 1.0]))
    tensor([ True, False])
    """

    def check(self, value: Any) -> Any:
        return (self.lower_bound <= value) & (value < self.upper_bound)


class _Simplex(Constraint):
    _event_dim = 1

    def check(self, value: Any) -> Any:
        return (value >= 0).all(-1) & ((value.sum(-1) - 1).abs() < 1e-6)


class _Multinomial(_Whole):
    """Vectors of counts that sum to upper_bound at most.

    >>> import autodiff as torch
    >>> from autodiff.distributions import constraints
    >>> constraints.multinomial(3).check(torch.tensor([1.0, 2.0]))
    tensor(True)
    """

    _event_dim = 1

    def __init__(self, upper_bound: Any) -> None:
        self.upper_bound = upper_bound

    def check(self, x: Any) -> Any:
        return (x >= 0).all(dim=-1) & (x.sum(dim=-1) <= self.upper_bound)


class _Square(Constraint):
    _event_dim = 2

    def check(self, value: Any) -> Any:
        return ones(value.shape[:-2], dtype=(value == value).dtype) * (value.shape[-2] == value.shape[-1])


class _LowerTriangular(Constraint):
    _event_dim = 2

    def check(self, value: Any) -> Any:
        return (value.tril() == value).reshape(value.shape[:-2] + (-1,)).all(-1)


class _LowerCholesky(_LowerTriangular):
    def check(self, value: Any) -> Any:
        return super().check(value) & (value.diagonal(dim1=-2, dim2=-1) > 0).all(-1)


class _CorrCholesky(_LowerCholesky):
    def check(self, value: Any) -> Any:
        tolerance = 10 * value.size(-1) * 1.2e-7  # 10 times the rounding of float32, for each term
        rows_are_units = (value.detach().pow(2).sum(-1).sqrt() - 1).abs().le(tolerance).all(-1)
        return super().check(value) & rows_are_units


class _Symmetric(_Square):
    def check(self, value: Any) -> Any:
        square = super().check(value)
        return square if not square.all() else isclose(value, value.mT, atol=1e-6).all(-2).all(-1)


class _PositiveSemidefinite(_Symmetric):
    lowest = -1e-30

    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        return symmetric if not symmetric.all() else _eigenvalues(value).ge(0).all(-1)


class _PositiveDefinite(_Symmetric):
    def check(self, value: Any) -> Any:
        symmetric = super().check(value)
        return symmetric if not symmetric.all() else _eigenvalues(value).gt(0).all(-1)


def _eigenvalues(value: Tensor) -> Any:
    import numpy as np

    from autodiff.api.creation import from_numpy

    return from_numpy(np.linalg.eigvalsh(value.detach().numpy()))


class _Parts(Constraint):
    """Constraints for parts of a tensor along a dimension."""

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0) -> None:
        self.cseq, self.dim = list(cseq), dim

    @property
    def is_discrete(self) -> bool:
        """Whether one of the parts' is."""
        return any(c.is_discrete for c in self.cseq)

    @property
    def event_dim(self) -> Any:
        """The largest of the parts'."""
        return max(c.event_dim for c in self.cseq)


class _Cat(_Parts):
    """A constraint for each stretch of a dimension, of the lengths given.

    >>> import autodiff as torch
    >>> from autodiff.distributions import constraints
    >>> constraints.cat([constraints.positive, constraints.real], 0, [1, 1]).check(torch.tensor([-1.0, -1.0]))
    tensor([False,  True])
    """

    def __init__(self, cseq: Sequence[Constraint], dim: int = 0, lengths: Sequence[int] | None = None) -> None:
        super().__init__(cseq, dim)
        self.lengths = list(lengths) if lengths is not None else [1] * len(self.cseq)

    def check(self, value: Any) -> Any:
        checks, start = [], 0
        for part, length in zip(self.cseq, self.lengths, strict=True):
            checks.append(part.check(value.narrow(self.dim, start, length)))
            start += length
        return _joined(checks, self.dim)


class _Stack(_Parts):
    """A constraint for each index of a dimension.

    >>> import autodiff as torch
    >>> from autodiff.distributions import constraints
    >>> constraints.stack([constraints.positive, constraints.real]).check(torch.tensor([-1.0, -1.0]))
    tensor([False,  True])
    """

    def check(self, value: Any) -> Any:
        return _stacked([c.check(v) for v, c in zip(value.unbind(self.dim), self.cseq, strict=True)], self.dim)


dependent = Dependent()
independent = Independent
boolean = _Boolean()
one_hot = _OneHot()
nonnegative_integer = _IntegerGreaterThan(0)
positive_integer = _IntegerGreaterThan(1)
integer_interval = _IntegerInterval
real = _Real()
real_vector = Independent(real, 1)
positive = _GreaterThan(0.0)
nonnegative = _GreaterThanEq(0.0)
greater_than = _GreaterThan
greater_than_eq = _GreaterThanEq
less_than = _LessThan
multinomial = _Multinomial
unit_interval = _Interval(0.0, 1.0)
interval = _Interval
half_open_interval = _HalfOpenInterval
simplex = _Simplex()
lower_triangular = _LowerTriangular()
lower_cholesky = _LowerCholesky()
corr_cholesky = _CorrCholesky()
square = _Square()
symmetric = _Symmetric()
positive_semidefinite = _PositiveSemidefinite()
positive_definite = _PositiveDefinite()
cat: Callable[..., Constraint] = _Cat
stack: Callable[..., Constraint] = _Stack
