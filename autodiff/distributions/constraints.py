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

from autodiff.api.join import cat as _joined
from autodiff.api.join import stack as _stacked
from autodiff.distributions import _matrix_constraints as _matrices
from autodiff.distributions._constraint import (
    Constraint,
    Dependent,
    Independent,
    MixtureSameFamilyConstraint,
    dependent_property,
    is_dependent,
)
from autodiff.distributions._matrix_constraints import (
    corr_cholesky,
    lower_cholesky,
    lower_triangular,
    positive_definite,
    positive_semidefinite,
    square,
    symmetric,
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

    @property
    def event_dim(self) -> Any:
        """The largest of the parts', and 1 where the dimension is counted from the end and stands before theirs."""
        largest = super().event_dim
        return largest + 1 if self.dim + largest < 0 else largest


# The classes that PyTorch names with an underscore, and programs ask an instance for.
_Dependent, _DependentProperty, _IndependentConstraint = Dependent, dependent_property, Independent
_Square, _Symmetric, _LowerTriangular = _matrices._Square, _matrices._Symmetric, _matrices._LowerTriangular
_LowerCholesky, _CorrCholesky = _matrices._LowerCholesky, _matrices._CorrCholesky
_PositiveDefinite, _PositiveSemidefinite = _matrices._PositiveDefinite, _matrices._PositiveSemidefinite

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
cat: Callable[..., Constraint] = _Cat
stack: Callable[..., Constraint] = _Stack
