"""Dual numbers: a value and its tangent, the derivative along a direction, carried through a program.

After this module a reader knows how a derivative along a direction comes from backward alone. A dual number is
x + step * tangent with a step of 0: the derivative of a result y by the step is what is asked for. Backward gives the
derivative of v . y by the step, a number that is linear in v; its own derivative by v is that of y (as in `functional.jvp`).

>>> import autodiff as torch
>>> from autodiff.autograd import forward_ad
>>> with forward_ad.dual_level():
...     x = forward_ad.make_dual(torch.tensor([1.0, 2.0]), torch.tensor([1.0, 10.0]))
...     forward_ad.unpack_dual(x * x).tangent
tensor([ 2., 40.])
"""

from __future__ import annotations

from typing import Any, NamedTuple

from autodiff._core.missing import missing_name
from autodiff._core.modes import enable_grad
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of
from autodiff.api.creation import tensor as _made
from autodiff.api.likes import zeros_like
from autodiff.autograd.function import Function
from autodiff.autograd.gradients import grad

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]

_steps: list[Tensor] = []  # that of the level that was entered: one at most


class UnpackedDualTensor(NamedTuple):
    """A value and its tangent, None where nothing that it was computed from had one."""

    primal: Any
    tangent: Any


class _Moved(Function):
    """primal + step * tangent, at a step of 0."""

    @staticmethod
    def forward(ctx: Any, primal: Any, tangent: Any, step: Any) -> Any:
        ctx.save_for_backward(tangent, step)
        return primal.clone()

    @staticmethod
    def backward(ctx: Any, g: Any) -> Any:
        tangent, step = ctx.saved_tensors
        return g, g * step, (g * tangent).sum()


def _checked(level: int | None, function: str) -> None:
    if level not in (None, 0):
        raise RuntimeError(f"Invalid level given to {function}: there is one level, 0")


def make_dual(tensor: Any, tangent: Any, *, level: int | None = None) -> Any:
    """A copy of a floating tensor with a tangent of its shape. What is computed from it has a tangent, too.

    It is recorded as for backward, so it requires a gradient, and under `no_grad()` nothing comes of it. RuntimeError outside
    of `dual_level()`, for a tangent of another shape, and for a tensor that has a tangent; ValueError for whole numbers.

    >>> import autodiff as torch
    >>> from autodiff.autograd import forward_ad
    >>> with forward_ad.dual_level():
    ...     forward_ad.unpack_dual(forward_ad.make_dual(torch.ones(1), torch.ones(1)).exp())
    UnpackedDualTensor(primal=tensor([2.7183]), tangent=tensor([2.7183]))
    """
    _checked(level, "make_dual")
    if not _steps:
        raise RuntimeError(
            "Trying to create a dual Tensor for forward AD but no level exists, make sure to enter_dual_level() first."
        )
    for name, given in (("primal", tensor), ("tangent", tangent)):
        if not given.is_floating_point():
            raise ValueError(f"Expected {name} to be floating point or complex, but got: {given.dtype}")
    if tensor.shape != tangent.shape:
        raise RuntimeError(
            "Trying to set a forward gradient that has a different size than that of the original Tensor, this is not "
            f"supported. Tensor is of size {list(tensor.shape)} while the given forward gradient is of size "
            f"{list(tangent.shape)}."
        )
    if any(leaf is _steps[0] for leaf in _leaves(tensor)):
        raise RuntimeError(
            "Making a dual Tensor based on a Tensor that already has a forward gradient at the same level 0 is not supported."
        )
    with enable_grad():
        return _Moved.apply(tensor, tangent.to(tensor.dtype), _steps[0])


def unpack_dual(tensor: Any, *, level: int | None = None) -> UnpackedDualTensor:
    """The value and the tangent of a tensor, as a named tuple; the tangent is None where no dual number led to it.

    >>> import autodiff as torch
    >>> torch.autograd.forward_ad.unpack_dual(torch.ones(1))
    UnpackedDualTensor(primal=tensor([1.]), tangent=None)
    """
    _checked(level, "unpack_dual")
    if not isinstance(tensor, Tensor):
        raise TypeError(f"unpack_dual(): argument 'tensor' must be a Tensor, not {type(tensor).__name__}")
    leaves = _leaves(tensor) if _steps else []
    if not any(leaf is _steps[0] for leaf in leaves):
        return UnpackedDualTensor(tensor, None)
    alone = len(leaves) == 1
    return UnpackedDualTensor(tensor.detach() if alone else tensor, _tangent(tensor, _steps[0]))


def _tangent(y: Tensor, step: Tensor) -> Tensor:
    """dy/dstep, with its own graph where it depends on what else requires a gradient."""
    with enable_grad():
        v = zeros_like(y).requires_grad_()
        (product,) = grad(y, step, v, create_graph=True, allow_unused=True)
        if product is None or edge_of(product) is None:
            return zeros_like(y)
        (found,) = grad(product, v, create_graph=True, allow_unused=True)
    if found is None:
        return zeros_like(y)
    return found if any(leaf is not step and leaf is not v for leaf in _leaves(found)) else found.detach()


def _leaves(t: Tensor) -> list[Any]:
    """The tensors that require a gradient at the beginning of all that t was computed from."""
    if edge_of(t) is None:
        return []
    if t.grad_fn is None:
        return [t]
    found, seen, waiting = [], {}, [t.grad_fn]
    while waiting:
        node = waiting.pop()
        if node is None or id(node) in seen:
            continue
        seen[id(node)] = node
        if hasattr(node, "variable"):
            found.append(node.variable)
        waiting.extend(following for following, _ in node.next_functions)
    return found


def enter_dual_level() -> int:
    """Begin a level of dual numbers, and return its number, 0; RuntimeError inside of one.

    >>> import autodiff as torch
    >>> forward_ad = torch.autograd.forward_ad
    >>> forward_ad.enter_dual_level()
    0
    >>> forward_ad.exit_dual_level()
    """
    if _steps:
        raise RuntimeError("Nested forward mode AD is not supported at the moment")
    _steps.append(_made(0.0, requires_grad=True))
    return 0


def exit_dual_level(*, level: int | None = None) -> None:
    """End the level: no tensor has a tangent any more. RuntimeError without one.

    >>> import autodiff as torch
    >>> forward_ad = torch.autograd.forward_ad
    >>> level = forward_ad.enter_dual_level()
    >>> forward_ad.exit_dual_level(level=level)
    """
    _checked(level, "exit_dual_level")
    if not _steps:
        raise RuntimeError("exit_dual_level(): no level was entered")
    _steps.clear()


class dual_level:
    """The block in which dual numbers are made and unpacked. Operations are recorded in it, as by `enable_grad()`.

    >>> import autodiff as torch
    >>> with torch.autograd.forward_ad.dual_level() as level:
    ...     level
    0
    """

    def __enter__(self) -> int:
        level = enter_dual_level()
        self._recorded = enable_grad()
        self._recorded.__enter__()
        return level

    def __exit__(self, *exception: Any) -> None:
        self._recorded.__exit__(*exception)
        exit_dual_level()


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
