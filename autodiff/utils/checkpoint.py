"""Trading time for memory: run a part of the model again in backward instead of keeping its intermediate values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from autodiff._engine import backward
from autodiff._graph import edge_of
from autodiff._modes import enable_grad
from autodiff._tensor import Tensor
from autodiff.autograd.function import Function
from autodiff.random import default_generator

__all__ = ["checkpoint"]


class _Rerun(Function):
    """Forward without recording; backward runs the function again, recorded, and walks it."""

    @staticmethod
    def forward(ctx: Any, function: Any, kwargs: Any, state: Any, *args: Any) -> Any:
        """function(*args)."""
        ctx.function, ctx.kwargs, ctx.state = function, kwargs, state
        ctx.args = [None if isinstance(a, Tensor) else a for a in args]
        ctx.places = [i for i, a in enumerate(args) if isinstance(a, Tensor)]
        ctx.save_for_backward(*(args[i] for i in ctx.places))
        return function(*args, **kwargs)

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> Any:
        """Run the function again on detached inputs and walk its graph."""
        args = list(ctx.args)
        for i, t in zip(ctx.places, ctx.saved_tensors, strict=True):
            args[i] = t.detach().requires_grad_(ctx.needs_input_grad[3 + i])
        now = default_generator.get_state()
        if ctx.state is not None:
            default_generator.set_state(ctx.state)
        try:
            with enable_grad():
                outputs = ctx.function(*args, **ctx.kwargs)
        finally:
            default_generator.set_state(now)
        outputs = outputs if isinstance(outputs, tuple) else (outputs,)
        pairs = [(o, g) for o, g in zip(outputs, grads, strict=True) if isinstance(o, Tensor) and edge_of(o) is not None]
        backward([o for o, _ in pairs], [g for _, g in pairs])
        return (None, None, None, *(a.grad if isinstance(a, Tensor) else None for a in args))


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool = False,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args) without keeping what backward needs: backward runs the function a second time.

    The random stream is put back for the second run, so that dropout drops the same elements.

    >>> import autodiff as torch
    >>> from autodiff.utils.checkpoint import checkpoint
    >>> x = torch.ones(2, requires_grad=True)
    >>> checkpoint(torch.exp, x, use_reentrant=False).sum().backward()
    >>> x.grad
    tensor([2.7183, 2.7183])
    """
    state = default_generator.get_state() if preserve_rng_state else None
    return _Rerun.apply(function, kwargs, state, *args)
