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

from autodiff._core import errors
from autodiff._core.fields import detach
from autodiff._core.memory import changed
from autodiff._core.missing import missing_name
from autodiff._core.modes import mode, no_grad
from autodiff._core.provenance import stacklevel
from autodiff._core.tensor import LEAF, Tensor
from autodiff._core.views import alias, edge_of, lost
from autodiff.autograd._user_node import FunctionCtx, attach

__all__ = ["Function", "FunctionCtx", "InplaceFunction", "once_differentiable"]


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

    @staticmethod
    def jvp(ctx: Any, *grad_inputs: Any) -> Any:
        """The derivative of the outputs along that of the inputs: may be defined, and nothing calls it."""
        raise NotImplementedError(
            "You must implement the jvp function for custom autograd.Function to use it with forward mode AD."
        )

    generate_vmap_rule = False  # may be set, and changes nothing: there is no vmap

    @classmethod
    def _differentiated_by(cls) -> Callable[..., Any]:
        """The author's `backward`, or `vjp`, which is another name for it."""
        if cls.vjp is Function.vjp:
            return cls.backward
        if cls.backward is not Function.backward:
            raise RuntimeError(
                "Implementing both 'backward' and 'vjp' for a custom Function is not allowed. You should only implement one of "
                f"them: two names for one thing. ({cls.__name__})"
            )
        return cls.vjp

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if args or kwargs:
            name, given = type(self).__name__, 1 + len(args) + len(kwargs)
            raise TypeError(
                f"{name}.__init__() takes 1 positional argument but {given} were given: an autograd Function is called as "
                f"{name}.apply(...)"
            )
        warnings.warn(
            f"{type(self)} should not be instantiated. Methods on autograd functions are all static, so you should invoke "
            f"them on the class itself: {type(self).__name__}.apply(...)",
            DeprecationWarning,
            stacklevel=2,
        )

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """RuntimeError: a Function is called by its class, with apply."""
        raise RuntimeError(
            "Legacy autograd function with non-static forward method is deprecated. Please use new-style autograd function "
            f"with static forward method, which is called as {type(self).__name__}.apply(...)"
        )

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
        _check_dirty(cls, ctx, args, outputs, recording)
        outputs = tuple(_fresh(cls, o, args, ctx, recording) for o in outputs)
        if recording:
            attach(cls, ctx, args, kwargs, edges, outputs, single)
        else:
            if single:
                ctx._to_save = ()
            _name_views(cls, outputs)
        return outputs[0] if single else outputs


class InplaceFunction(Function):
    """A Function that PyTorch has for those which change an input in place; any Function may, with `ctx.mark_dirty`.

    >>> import autodiff as torch
    >>> issubclass(torch.autograd.function.InplaceFunction, torch.autograd.Function)
    True
    """

    def __init__(self, inplace: bool = False) -> None:
        super().__init__()
        self.inplace = inplace


def _check_dirty(cls: Any, ctx: FunctionCtx, args: tuple[Any, ...], outputs: tuple[Any, ...], recording: bool) -> None:
    """Refuse what must not be changed in place, and count the changes of the rest."""
    for x in ctx._dirty:
        view = x._view
        if recording and x._edge is LEAF:
            raise errors.leaf_in_place(f"{cls.__name__}.apply", view=False)
        if not any(o is x for o in outputs):
            raise RuntimeError(
                "Some elements marked as dirty during the forward method were not returned as output. The inputs that are "
                f"modified inplace must all be outputs of the Function. ({cls.__name__})"
            )
        given = any(x is a for a in args)
        if recording and view is not None and not given:
            raise RuntimeError(f"ctx.mark_dirty() received a tensor that was not an input. ({cls.__name__})")
        if recording and view is not None:
            if view.kind:
                raise lost(x, f"is being modified inplace ({cls.__name__}.apply)")
            if view.base._edge is LEAF:
                raise errors.leaf_in_place(f"{cls.__name__}.apply", view=True)
            if len(outputs) > 1:
                raise RuntimeError(
                    f"If your Function ({cls.__name__}) modifies inplace an input that is a view of another Tensor, your "
                    "Function cannot return more than one Tensor. Either make sure the input is not a view (using .clone() for "
                    "example) or split your Function into two: one that changes in place and returns a single Tensor, and one "
                    "for the rest."
                )
        if not given:
            warnings.warn(
                "ctx.mark_dirty() received a tensor that was not an input. Only input Tensors that have been mutated should be "
                f"passed to ctx.mark_dirty(). ({cls.__name__})",
                stacklevel=stacklevel(),
            )
        changed(x)  # forward may have written through numpy(), which counts nothing


def _name_views(cls: Any, outputs: tuple[Any, ...]) -> None:
    """Views made in forward are the Function's, though nothing is recorded: no_grad() is not the user's word there."""
    for o in outputs:
        if mode.grad and isinstance(o, Tensor) and o._view is not None and o._view.kind == "no_grad":
            o._view.kind = cls.__name__


def _fresh(cls: Any, output: Any, args: tuple[Any, ...], ctx: FunctionCtx, recording: bool) -> Any:
    """An input that is returned, or a tensor with a history, becomes another tensor, unless it was changed in place.

    So it has hooks of its own, and what the tensor was before it still is for those who hold it.
    """
    if not isinstance(output, Tensor):
        return output
    given = any(output is a for a in args)
    if any(output is d for d in ctx._dirty):
        if not (recording and any(output is f for f in ctx._flat)):
            return output
        t = detach(output)  # changed in place, and without a gradient: the tensor itself keeps the history that it had
    elif given or (recording and output._edge is not None):
        t = alias(output, cls.__name__ if recording else "" if mode.grad else "no_grad")
    else:
        return output
    ctx._flat = tuple(t if f is output else f for f in ctx._flat)
    if not given:
        ctx._to_save = tuple(t if s is output else s for s in ctx._to_save)
    return t


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
