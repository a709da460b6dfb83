"""What a constraint is, and the constraints that are made of others.

After this module a reader knows how a constraint is known before its parameters are: as a property of the class it is a
dependent one, which only says whether its values are whole and how many dimensions make one.
"""

from __future__ import annotations

from typing import Any

__all__ = ["Constraint", "Dependent", "Independent", "MixtureSameFamilyConstraint", "dependent_property", "is_dependent"]


class Constraint:
    """A set of allowed values; `event_dim` is how many dimensions at the end make one value.

    >>> from autodiff.distributions import constraints
    >>> constraints.real.is_discrete, constraints.simplex.event_dim
    (False, 1)
    """

    _is_discrete: Any = False
    _event_dim: Any = 0

    @property
    def is_discrete(self) -> Any:
        """Whether the values are whole; NotImplementedError where that is not known."""
        return self._is_discrete

    @property
    def event_dim(self) -> Any:
        """How many dimensions at the end make one value; NotImplementedError where that is not known."""
        return self._event_dim

    def check(self, value: Any) -> Any:
        """Whether each value is allowed, as a bool tensor without the event's dimensions."""
        raise NotImplementedError

    def __repr__(self) -> str:
        return self.__class__.__name__.removeprefix("_") + "()"


class Dependent(Constraint):
    """A set that depends on other parameters: it can't be checked alone."""

    def __init__(self, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> None:
        self._is_discrete, self._event_dim = is_discrete, event_dim

    @property
    def is_discrete(self) -> Any:
        """Whether its values are whole; NotImplementedError where that is not known."""
        if self._is_discrete is NotImplemented:
            raise NotImplementedError(".is_discrete cannot be determined statically")
        return self._is_discrete

    @property
    def event_dim(self) -> Any:
        """How many dimensions make one value; NotImplementedError where that is not known."""
        if self._event_dim is NotImplemented:
            raise NotImplementedError(".event_dim cannot be determined statically")
        return self._event_dim

    def __call__(self, fn: Any = None, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> Any:
        return Dependent(
            is_discrete=self._is_discrete if is_discrete is NotImplemented else is_discrete,
            event_dim=self._event_dim if event_dim is NotImplemented else event_dim,
        )

    def check(self, x: Any) -> Any:
        raise ValueError("Cannot determine validity of dependent constraint")


def is_dependent(constraint: Any) -> bool:
    """Whether it depends on other parameters, so that it can't be checked alone.

    >>> from autodiff.distributions import constraints
    >>> constraints.is_dependent(constraints.dependent)
    True
    """
    return isinstance(constraint, Dependent)


class dependent_property(property, Dependent):
    """A property whose value is a constraint: of an instance it is that one, of its class a dependent constraint.

    >>> from autodiff.distributions import Uniform, constraints
    >>> constraints.is_dependent(Uniform.support), Uniform(0.0, 1.0).support
    (True, Interval(lower_bound=0.0, upper_bound=1.0))
    """

    def __init__(self, fn: Any = None, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> None:
        property.__init__(self, fn)
        Dependent.__init__(self, is_discrete=is_discrete, event_dim=event_dim)

    def __call__(self, fn: Any = None, *, is_discrete: Any = NotImplemented, event_dim: Any = NotImplemented) -> Any:
        return dependent_property(fn, is_discrete=self._is_discrete, event_dim=self._event_dim)


class Independent(Constraint):
    """A constraint whose last batch dimensions become event dimensions: all must hold."""

    def __init__(self, base_constraint: Constraint, reinterpreted_batch_ndims: int) -> None:
        self.base_constraint, self.reinterpreted_batch_ndims = base_constraint, reinterpreted_batch_ndims

    @property
    def is_discrete(self) -> Any:
        """The base constraint's."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:
        """The base constraint's, and the dimensions that were added."""
        return self.base_constraint.event_dim + self.reinterpreted_batch_ndims

    def check(self, value: Any) -> Any:
        result = self.base_constraint.check(value)
        n = self.reinterpreted_batch_ndims
        if result.dim() < n:
            expected = self.base_constraint.event_dim + n
            raise ValueError(f"Expected value.dim() >= {expected} but got {value.dim()}")
        return result.reshape(result.shape[: result.dim() - n] + (-1,)).all(-1)

    def __repr__(self) -> str:
        return f"IndependentConstraint({self.base_constraint!r}, {self.reinterpreted_batch_ndims})"


class MixtureSameFamilyConstraint(Constraint):
    """The support of a mixture: of its components, all at once.

    >>> from autodiff.distributions import constraints
    >>> constraints.MixtureSameFamilyConstraint(constraints.positive).event_dim
    0
    """

    def __init__(self, base_constraint: Constraint) -> None:
        self.base_constraint = base_constraint

    @property
    def is_discrete(self) -> Any:
        """The base constraint's."""
        return self.base_constraint.is_discrete

    @property
    def event_dim(self) -> Any:
        """The base constraint's."""
        return self.base_constraint.event_dim

    def check(self, value: Any) -> Any:
        """Whether a value is allowed for every component."""
        unsqueezed = value.unsqueeze(-1 - self.event_dim)
        result = self.base_constraint.check(unsqueezed)
        n = value.dim() - self.event_dim
        return result.reshape(result.shape[:n] + (-1,)).all(-1) if result.dim() > n else result

    def __repr__(self) -> str:
        return f"MixtureSameFamilyConstraint({self.base_constraint!r})"
