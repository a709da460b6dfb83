"""Transforms from all numbers onto a constrained set: how a parameter that must be positive is optimised freely.

>>> import autodiff as torch
>>> from autodiff.distributions import constraints, transform_to
>>> transform_to(constraints.positive)(torch.tensor([0.0]))
tensor([1.])
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff.distributions import constraints, transforms

__all__ = ["ConstraintRegistry", "biject_to", "transform_to"]


class ConstraintRegistry:
    """Finds the transform for a constraint, by the constraint's type.

    >>> from autodiff.distributions import biject_to, constraints
    >>> biject_to(constraints.unit_interval)
    SigmoidTransform()
    """

    def __init__(self) -> None:
        self._registry: dict[type, Callable[[Any], Any]] = {}

    def register(self, constraint: Any, factory: Any = None) -> Any:
        """Say what makes the transform for constraints of this type; without a factory, as a decorator."""
        if factory is None:
            return lambda factory: self.register(constraint, factory)
        kind = type(constraint) if isinstance(constraint, constraints.Constraint) else constraint
        if not (isinstance(kind, type) and issubclass(kind, constraints.Constraint)):
            raise TypeError(f"Expected constraint to be either a Constraint subclass or instance, but got {constraint}")
        self._registry[kind] = factory
        return factory

    def __call__(self, constraint: Any) -> Any:
        try:
            factory = self._registry[type(constraint)]
        except KeyError:
            raise NotImplementedError(f"Cannot transform {type(constraint).__name__} constraints") from None
        return factory(constraint)


biject_to = ConstraintRegistry()
transform_to = ConstraintRegistry()


Factory = Callable[[Any], Any]


def _for(*kinds: Any, registries: tuple[ConstraintRegistry, ...] = (biject_to, transform_to)) -> Callable[[Factory], Factory]:
    """Say of a function that it makes the transforms for these constraints."""

    def register(factory: Factory) -> Factory:
        for kind in kinds:
            for registry in registries:
                registry.register(kind, factory)
        return factory

    return register


@_for(constraints.real)
def _to_real(constraint: Any) -> Any:
    return transforms.identity_transform


@_for(constraints.independent, registries=(biject_to,))
def _biject_independent(constraint: Any) -> Any:
    base = biject_to(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@_for(constraints.independent, registries=(transform_to,))
def _transform_independent(constraint: Any) -> Any:
    base = transform_to(constraint.base_constraint)
    return transforms.IndependentTransform(base, constraint.reinterpreted_batch_ndims)


@_for(constraints.positive, constraints.nonnegative)
def _to_positive(constraint: Any) -> Any:
    return transforms.ExpTransform()


@_for(constraints.greater_than, constraints.greater_than_eq)
def _to_greater_than(constraint: Any) -> Any:
    return transforms.ComposeTransform([transforms.ExpTransform(), transforms.AffineTransform(constraint.lower_bound, 1)])


@_for(constraints.less_than)
def _to_less_than(constraint: Any) -> Any:
    return transforms.ComposeTransform([transforms.ExpTransform(), transforms.AffineTransform(constraint.upper_bound, -1)])


@_for(constraints.interval, constraints.half_open_interval)
def _to_interval(constraint: Any) -> Any:
    low, high = constraint.lower_bound, constraint.upper_bound
    if isinstance(low, (int, float)) and isinstance(high, (int, float)) and low == 0 and high == 1:
        return transforms.SigmoidTransform()
    return transforms.ComposeTransform([transforms.SigmoidTransform(), transforms.AffineTransform(low, high - low)])


@_for(constraints.simplex, registries=(biject_to,))
def _biject_to_simplex(constraint: Any) -> Any:
    return transforms.StickBreakingTransform()


@_for(constraints.simplex, registries=(transform_to,))
def _transform_to_simplex(constraint: Any) -> Any:
    return transforms.SoftmaxTransform()


@_for(constraints.lower_cholesky, registries=(transform_to,))
def _transform_to_lower_cholesky(constraint: Any) -> Any:
    return transforms.LowerCholeskyTransform()


@_for(constraints.positive_definite, constraints.positive_semidefinite, registries=(transform_to,))
def _transform_to_positive_definite(constraint: Any) -> Any:
    return transforms.PositiveDefiniteTransform()


@_for(constraints.corr_cholesky)
def _to_corr_cholesky(constraint: Any) -> Any:
    return transforms.CorrCholeskyTransform()
