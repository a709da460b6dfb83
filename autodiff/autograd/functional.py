"""Functions of functions: Jacobians, Hessians, and their products with vectors.

After this module a reader knows that a Jacobian is backward run once per output, and that a product with a vector from the
right is the derivative of the product from the left (the double-backward trick).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from autodiff._core.missing import missing_name
from autodiff._core.modes import enable_grad
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.api.join import stack
from autodiff.api.likes import zeros_like
from autodiff.autograd.gradients import grad

__all__ = ["hessian", "hvp", "jacobian", "jvp", "vhp", "vjp"]


def _inputs(inputs: Any, create_graph: bool) -> tuple[bool, tuple[Tensor, ...]]:
    single = isinstance(inputs, Tensor)
    if not isinstance(inputs, (Tensor, tuple)):
        raise TypeError(f"The inputs given must be either a Tensor or a tuple of Tensors, not {type(inputs)}.")
    xs = (inputs,) if single else tuple(inputs)
    for i, x in enumerate(xs):
        if not isinstance(x, Tensor):
            raise TypeError(
                f"The inputs given must be either a Tensor or a tuple of Tensors but the value at index {i} has type {type(x)}."
            )
    fresh = tuple(x.view_as(x) if create_graph and x.requires_grad else x.detach().requires_grad_() for x in xs)
    return single, fresh


def _outputs(outputs: Any, strict: bool) -> tuple[bool, tuple[Tensor, ...]]:
    single = isinstance(outputs, Tensor)
    ys = (outputs,) if single else outputs
    if not isinstance(ys, tuple):
        raise TypeError(f"The user-provided function must return a Tensor or a tuple of Tensors, not {type(outputs)}.")
    for i, y in enumerate(ys):
        if not isinstance(y, Tensor):
            raise TypeError(f"The outputs of the user-provided function must be Tensors, not {type(y)}.")
        if strict and edge_of(y) is None:
            raise RuntimeError(
                f"Output {i} of the user-provided function does not require gradients: it is independent of the inputs. "
                "This is not allowed in strict mode."
            )
    return single, ys


def _vectors(v: Any, like: tuple[Tensor, ...], what: str) -> tuple[Tensor, ...]:
    if v is None:
        if len(like) == 1 and like[0]._array.size == 1:
            return (wrap(np.ones_like(like[0]._array)),)
        raise RuntimeError(
            f"The vector v can only be None if the user-provided function {what} a single Tensor with one element."
        )
    vs = (v,) if isinstance(v, Tensor) else tuple(v)
    if len(vs) != len(like) or any(a._array.shape != b._array.shape for a, b in zip(vs, like, strict=False)):
        raise RuntimeError(
            f"v has invalid sizes: {[list(a.shape) for a in vs]} where the function {what} {[list(b.shape) for b in like]}"
        )
    return vs


def _linked(ys: Any, xs: Any, vs: Any, create_graph: bool) -> Any:
    """The gradients by way of those ys that have a graph; None for every x where none has."""
    linked = [(y, v) for y, v in zip(ys, vs, strict=True) if edge_of(y) is not None]
    if not linked:
        return (None,) * len(xs)
    return grad([y for y, _ in linked], xs, [v for _, v in linked], create_graph=create_graph, allow_unused=True)


def _filled(gs: Any, xs: Any, strict: bool) -> tuple[Tensor, ...]:
    if strict and any(g is None for g in gs):
        raise RuntimeError(
            "Output of the user-provided function is independent of an input. This is not allowed in strict mode."
        )
    return tuple(zeros_like(x) if g is None else g for g, x in zip(gs, xs, strict=True))


def _shape(values: tuple[Any, ...], single: bool) -> Any:
    return values[0] if single else values


def _released(values: tuple[Any, ...], create_graph: bool) -> tuple[Any, ...]:
    return values if create_graph else tuple(v.detach() for v in values)


def vjp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """(func(inputs), v @ Jacobian): one backward.

    >>> import autodiff as torch
    >>> torch.autograd.functional.vjp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        single, xs = _inputs(inputs, create_graph)
        one, ys = _outputs(func(*xs), strict)
        gs = _linked(ys, xs, _vectors(v, ys, "returns"), create_graph)
        found = _filled(gs, xs, strict)
    return _shape(_released(ys, create_graph), one), _shape(_released(found, create_graph), single)


def jvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """(func(inputs), Jacobian @ v): the derivative of u @ Jacobian with respect to u, times v.

    >>> import autodiff as torch
    >>> torch.autograd.functional.jvp(lambda x: x**2, torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
    (tensor([1., 4.]), tensor([ 2., 40.]))
    """
    with enable_grad():
        _, xs = _inputs(inputs, create_graph)
        vs = _vectors(v, xs, "takes")
        one, ys = _outputs(func(*xs), strict)
        us = tuple(zeros_like(y).requires_grad_() for y in ys)
        gs = _filled(_linked(ys, xs, us, True), xs, strict)
        products = _filled(_linked(gs, us, vs, create_graph), ys, strict)
    return _shape(_released(ys, create_graph), one), _shape(_released(products, create_graph), one)


def jacobian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    strategy: str = "reverse-mode",
) -> Any:
    """All derivatives d output / d input, of shape output shape + input shape; tuples where func has several of either.

    With `strict` an output that does not depend on an input is a RuntimeError instead of zeros. The rows are computed one after
    the other in backward, whatever `vectorize` and `strategy` are.

    >>> import autodiff as torch
    >>> torch.autograd.functional.jacobian(lambda x: x**2, torch.tensor([1.0, 2.0]))
    tensor([[2., 0.],
            [0., 4.]])
    """
    if strategy not in ("forward-mode", "reverse-mode"):
        raise AssertionError('Expected strategy to be either "forward-mode" or "reverse-mode".')
    if strict and (vectorize or strategy == "forward-mode"):
        other = "vectorize=True" if vectorize else 'strategy="forward-mode"'
        raise RuntimeError(f"jacobian: `strict=True` and `{other}` are not supported together. Please leave one of them out.")
    if strategy == "forward-mode" and not vectorize:
        raise NotImplementedError("forward-mode is only implemented for `vectorize=True`, where it gives the same numbers")
    with enable_grad():
        single, xs = _inputs(inputs, create_graph)
        one, ys = _outputs(func(*xs), strict)
        rows = []
        for y in ys:
            parts: list[list[Tensor]] = [[] for _ in xs]
            for k in range(y._array.size):
                seed = np.zeros(y._array.size, y._array.dtype)
                seed[k] = 1
                gs: Any = (None,) * len(xs)
                if edge_of(y) is not None:
                    into = wrap(seed.reshape(y._array.shape))
                    gs = grad(y, xs, into, retain_graph=True, create_graph=create_graph, allow_unused=True)
                for part, g in zip(parts, _filled(gs, xs, strict), strict=True):
                    part.append(g)
            row = tuple(
                (stack(part) if part else zeros_like(x).reshape(-1)[:0]).reshape((*y.shape, *x.shape))
                for part, x in zip(parts, xs, strict=True)
            )
            rows.append(_shape(_released(row, create_graph), single))
    return _shape(tuple(rows), one)


def hessian(
    func: Callable[..., Any],
    inputs: Any,
    create_graph: bool = False,
    strict: bool = False,
    vectorize: bool = False,
    outer_jacobian_strategy: str = "reverse-mode",
) -> Any:
    """All second derivatives of a function with one number as its output, of shape input shape + input shape.

    >>> import autodiff as torch
    >>> torch.autograd.functional.hessian(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]))
    tensor([[ 6.,  0.],
            [ 0., 12.]])
    """
    single = isinstance(inputs, Tensor)

    def first(*xs: Tensor) -> Any:
        ys = _scalar(func(*xs), strict)
        if edge_of(ys) is None:
            return tuple(zeros_like(x) for x in xs)
        return _filled(grad(ys, xs, create_graph=True, allow_unused=True), xs, strict)

    found = jacobian(
        first, inputs if not single else (inputs,), create_graph, strict=strict, vectorize=vectorize,
        strategy=outer_jacobian_strategy,
    )
    return found[0][0] if single else found


def _scalar(outputs: Any, strict: bool) -> Tensor:
    single, ys = _outputs(outputs, strict)
    if not single:
        raise RuntimeError(f"The function should return a single Tensor, not a tuple of {len(ys)}")
    if ys[0]._array.size != 1:
        raise RuntimeError("The Tensor returned by the function should contain a single element")
    return ys[0].reshape(())


def vhp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """(func(inputs), v @ Hessian).

    >>> import autodiff as torch
    >>> torch.autograd.functional.vhp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    with enable_grad():
        single, xs = _inputs(inputs, create_graph)
        vs = _vectors(v, xs, "takes")
        y = _scalar(func(*xs), strict)
        first = _filled(_linked((y,), xs, (None,), True), xs, strict)
        found = _filled(_linked(first, xs, vs, create_graph), xs, strict)
    return _released((y,), create_graph)[0], _shape(_released(found, create_graph), single)


def hvp(func: Callable[..., Any], inputs: Any, v: Any = None, create_graph: bool = False, strict: bool = False) -> Any:
    """(func(inputs), Hessian @ v): the same as vhp, since a Hessian is symmetric.

    >>> import autodiff as torch
    >>> torch.autograd.functional.hvp(lambda x: (x**3).sum(), torch.tensor([1.0, 2.0]), torch.ones(2))
    (tensor(9.), tensor([ 6., 12.]))
    """
    return vhp(func, inputs, v, create_graph, strict)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
