"""Function: an operation whose derivative the user writes.

After this module a reader knows what `apply` does: it runs the user's forward unrecorded, and records a node (`_user_node.py`)
for what came out.
"""

from __future__ import annotations

import functools
import inspect
import warnings
from collections.abc import Callable
from typing import Any

from autodiff._core.memory import changed
from autodiff._core.missing import missing_name
from autodiff._core.modes import mode, no_grad
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import edge_of
from autodiff.autograd._user_node import FunctionCtx, attach

__all__ = ["Function", "FunctionCtx", "once_differentiable"]


class Function:
    """Subclass it with two static methods, forward(ctx, ...) and backward(ctx, *grads), and call `apply`.

    backward returns one gradient per argument of forward, None where there is none. In the newer style forward has no
    ctx, and setup_context(ctx, inputs, output) saves what backward needs.

    >>> import autodiff as torch
    >>> class Cube(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x**3
    ...     @staticmethod
    ...     def backward(ctx, g):
    ...         (x,) = ctx.saved_tensors
    ...         return g * 3 * x**2
    >>> x = torch.tensor(2.0, requires_grad=True)
    >>> y = Cube.apply(x)
    >>> y.backward()
    >>> y, x.grad
    (tensor(8., grad_fn=<CubeBackward>), tensor(12.))
    """

    @staticmethod
    def forward(*args: Any, **kwargs: Any) -> Any:
        """Compute the output; to be defined."""
        raise NotImplementedError("You must implement the forward function for custom autograd.Function.")

    @staticmethod
    def setup_context(ctx: Any, inputs: tuple[Any, ...], output: Any) -> Any:
        """Save what backward needs, in the newer style; to be defined where forward takes no ctx."""
        raise NotImplementedError("setup_context is not implemented.")

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any, **kwargs: Any) -> Any:
        """The gradients of the inputs from those of the outputs; to be defined."""
        raise NotImplementedError(
            "You must implement either the backward or vjp method for your custom autograd.Function to use it with backward "
            "mode AD."
        )

    vjp = backward

    def __init__(self) -> None:
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should invoke "
            f"them on the class itself: {type(self).__name__}.apply(...)",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """RuntimeError: a Function is called by its class, with apply."""
        raise RuntimeError(f"an autograd Function is called as {type(self).__name__}.apply(...), its methods being static")

    @classmethod
    def apply(cls, *args: Any, **kwargs: Any) -> Tensor | Any:
        """Run forward, and record a node whose backward is the user's.

        Gradients flow to tensors given by position; where forward takes no ctx, to all that it names. TypeError for a
        tensor given by keyword that requires a gradient otherwise.
        """
        if cls.setup_context is not Function.setup_context:
            bound = inspect.signature(cls.forward).bind(*args, **kwargs)
            bound.apply_defaults()
            args, kwargs = bound.args, bound.kwargs
        for name, value in kwargs.items():
            if mode.grad and edge_of(value) is not None:
                raise TypeError(f"{cls.__name__}.apply(): no gradient flows to a keyword argument; give '{name}' by position")
        edges = tuple(edge_of(a) for a in args)
        ctx = FunctionCtx(tuple(e is not None for e in edges))
        recording = mode.grad and any(ctx.needs_input_grad)
        newer = cls.setup_context is not Function.setup_context
        with no_grad():
            output = cls.forward(*args, **kwargs) if newer else cls.forward(ctx, *args, **kwargs)
            if newer:
                cls.setup_context(ctx, args, output)
        single = not isinstance(output, tuple)
        outputs = (output,) if single else output
        for x in ctx._dirty:
            if recording and x._edge is not None and (edge_of(x) or (0, 0))[1] < 0:
                raise RuntimeError("a leaf Variable that requires grad is being used in an in-place operation.")
            if not any(o is x for o in outputs):
                raise RuntimeError("Some elements marked as dirty during the forward method were not returned as output.")
            changed(x)  # forward may have written through numpy(), which counts nothing
        outputs = tuple(_fresh(o, args, ctx) for o in outputs)
        if recording:
            attach(cls, ctx, args, edges, outputs)
        elif single:
            ctx._to_save = ()
        return outputs[0] if single else outputs


def _fresh(output: Any, args: tuple[Any, ...], ctx: FunctionCtx) -> Any:
    """A returned input becomes another tensor, with hooks of its own, unless it was changed in place."""
    if isinstance(output, Tensor) and any(output is a for a in args) and not any(output is d for d in ctx._dirty):
        t = wrap(output._array)
        t._cell = output._cell
        ctx._to_save = tuple(t if s is output and not any(s is a for a in args) else s for s in ctx._to_save)
        return t
    return output


def once_differentiable(fn: Callable[..., Any]) -> Callable[..., Any]:
    """Decorator of a backward that cannot be differentiated again: a second derivative through it is a RuntimeError.

    >>> import autodiff as torch
    >>> class Square(torch.autograd.Function):
    ...     @staticmethod
    ...     def forward(ctx, x):
    ...         ctx.save_for_backward(x)
    ...         return x * x
    ...     @staticmethod
    ...     @torch.autograd.once_differentiable
    ...     def backward(ctx, g):
    ...         return 2 * g * ctx.saved_tensors[0]
    >>> x = torch.tensor(3.0, requires_grad=True)
    >>> Square.apply(x).backward()
    >>> x.grad
    tensor(6.)
    """

    @functools.wraps(fn)
    def wrapped(ctx: Any, *args: Any) -> Any:
        recording = mode.grad and any(isinstance(a, Tensor) and edge_of(a) is not None for a in args)
        with no_grad():
            outputs = fn(ctx, *args)
        if not recording:
            return outputs
        single = not isinstance(outputs, tuple)
        sealed = tuple(_Sealed.apply(o, *args) if isinstance(o, Tensor) else o for o in ((outputs,) if single else outputs))
        return sealed[0] if single else sealed

    return wrapped


class _Sealed(Function):
    """Passes values on, and refuses to be differentiated."""

    @staticmethod
    def forward(ctx: Any, output: Any, *args: Any) -> Any:
        """The output."""
        return output.detach()

    @staticmethod
    def backward(ctx: Any, *grad_outputs: Any) -> Any:
        """RuntimeError."""
        raise RuntimeError("trying to differentiate twice a function that was marked with @once_differentiable")


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
