"""The user's hooks on a module: around its forward, and around its backward.

After this module a reader knows how a module sees the gradients that enter and leave it: an operation that does nothing, put
in front of the module and behind it, is a node whose hooks see all inputs', or all outputs', gradients at once.
"""

from __future__ import annotations

import functools
import warnings
from typing import Any

import numpy as np

from autodiff._core.graph import primitive
from autodiff._core.modes import mode
from autodiff._core.observer import LOOKING, tell
from autodiff._core.provenance import Place, here, outermost, stacklevel
from autodiff._core.tensor import Tensor, wrap
from autodiff._core.views import alias, edge_of
from autodiff.nn._everywhere import EVERYWHERE

__all__ = ["between_hooks"]


def between_hooks(module: Any, noted: Place | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """module.forward with the hooks around it; `noted` is the user's line if a layer of the package noted it already."""
    outermost.place = None  # hooks are the user's own lines too
    result = None
    if LOOKING:
        tell("entered", module, args, kwargs)
    try:
        place = (noted or here(3)) if module._of_package else None
        try:
            args, kwargs = _before_forward(module, args, kwargs)
        except Exception:
            _always_called(module, _of(module, "forward"), args, kwargs, None)
            raise
        old = _of(module, "backward_old")
        if old:
            result = _seen_by_old_hooks(module, old, args, _with_hooks_after(module, place, args, kwargs))
            return result
        backward = _of(module, "backward"), _of(module, "backward_pre")
        if not any(backward):
            result = _with_hooks_after(module, place, args, kwargs)
            return result
        watch = _Watch(module, *backward)
        result = watch.behind(_with_hooks_after(module, place, watch.in_front(args), kwargs))
        return result
    finally:
        outermost.place = noted
        if LOOKING:
            tell("left", module, result)


def _of(module: Any, kind: str) -> list[Any]:
    """The hooks of a kind, those of every module first."""
    return [*EVERYWHERE.get(kind, {}).values(), *module._hooks.get(kind, {}).values()]


def _before_forward(module: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments as the pre-hooks leave them."""
    for hook, with_kwargs in _of(module, "forward_pre"):
        reply = hook(module, args, kwargs) if with_kwargs else hook(module, args)
        if with_kwargs and reply is not None:
            if not (isinstance(reply, tuple) and len(reply) == 2):
                raise RuntimeError(
                    f"forward pre-hook must return None or a tuple of (new_args, new_kwargs), but got {reply}."
                )
            args, kwargs = reply
        elif reply is not None:
            args = reply if isinstance(reply, tuple) else (reply,)
    return args, kwargs


def _with_hooks_after(module: Any, place: Place | None, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """The output as the forward hooks leave it. Those that are always called see None where forward has raised."""
    waiting, result = _of(module, "forward"), None
    try:
        outermost.place = place
        try:
            result = module.forward(*args, **kwargs)
        finally:
            outermost.place = None
        while waiting:
            hook, with_kwargs, _ = waiting.pop(0)
            reply = hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
            if reply is not None:
                result = reply
    except Exception:
        _always_called(module, waiting, args, kwargs, result)
        raise
    return result


def _always_called(module: Any, waiting: list[Any], args: tuple[Any, ...], kwargs: dict[str, Any], result: Any) -> None:
    """Where something has raised, call those of the waiting hooks that want to be called even then."""
    for hook, with_kwargs, always in waiting:
        if always:
            try:
                hook(module, args, kwargs, result) if with_kwargs else hook(module, args, result)
            except Exception as error:
                warnings.warn(
                    "module forward hook with ``always_call=True`` raised an exception that was silenced as another error "
                    f"was raised in forward: {error}",
                    stacklevel=stacklevel(),
                )


def _seen_by_old_hooks(module: Any, hooks: list[Any], args: tuple[Any, ...], result: Any) -> Any:
    """The result, whose last operation calls the hooks with its own gradients: all of PyTorch's older backward hooks."""
    found = result
    while not isinstance(found, Tensor):
        found = next(v for v in found.values() if isinstance(v, Tensor)) if isinstance(found, dict) else found[0]
    node = found.grad_fn
    if node is None:
        return result
    for hook in hooks:
        node.register_hook(functools.partial(hook, module))
    missed = _missed_by_old_hooks(node, args, result)
    if missed:
        warnings.warn(
            f"{missed} It sees the gradients of the last operation of {type(module).__name__} only. Please use "
            "register_full_backward_hook to get the documented behavior.",
            FutureWarning,
            stacklevel=stacklevel(),
        )
    return result


def _missed_by_old_hooks(node: Any, args: tuple[Any, ...], result: Any) -> str:
    """Which of the module's gradients are not those of its last operation; "" if all of them are."""
    results = (result,) if isinstance(result, Tensor) else result
    if not (isinstance(results, tuple) and all(isinstance(r, Tensor) for r in results)):
        what, where = "grad_output", "on a Module that does not return a single Tensor or a tuple of Tensors"
    elif not all(isinstance(x, Tensor) for x in args):
        what, where = "grad_input", "on a Module that does not take as input a single Tensor or a tuple of Tensors"
    elif {r.grad_fn for r in results} - {None, node}:
        what, where = "grad_output", "when outputs are generated by different autograd Nodes"
    elif {x.grad_fn for x in args} - {None} != {n for n, _ in node.next_functions}:
        what, where = "grad_input", "when the forward contains multiple autograd Nodes"
    else:
        return ""
    return f"Using a non-full backward hook {where} is deprecated: this hook will be missing some {what}."


@primitive(
    lambda g, i: g[i] * 1.0,
    variadic=True,
    name="BackwardHookFunctionBackward",
    says="Nothing is computed here: g passes unchanged, and the module's hooks see it.",
)
def passed(*xs: Any) -> Any:
    """The inputs as they are, as outputs of one node."""
    return tuple(x.copy() for x in xs)


class _Watch:
    """The two nodes through which a module's backward hooks see its gradients."""

    def __init__(self, module: Any, hooks: list[Any], pre_hooks: list[Any]) -> None:
        self.module = module
        self.hooks, self.pre_hooks = hooks, pre_hooks
        self.grad_output: Any = None
        self.tracked = False  # does an input require a gradient?

    def in_front(self, args: tuple[Any, ...]) -> tuple[Any, ...]:
        """The arguments, those that require a gradient behind a node whose hook sees their gradients."""
        self.args = [(x._array.shape, x._array.dtype) if isinstance(x, Tensor) else None for x in args]
        self.inputs = _differentiated(args)
        self.tracked = bool(self.inputs)
        if not self.tracked:
            return args
        node, seen = _behind_a_node(args, self.inputs)
        if self.hooks:
            node.register_hook(self._entered)
        # Aliases, so that a forward that changes its input in place is refused, as in PyTorch: it would change a copy.
        return tuple(_alias(x, y) if i in self.inputs else x for i, (x, y) in enumerate(zip(args, seen, strict=True)))

    def behind(self, result: Any) -> Any:
        """The result behind a node whose hook sees its gradients; a result without a graph as it is."""
        single = isinstance(result, Tensor)
        if not (single or isinstance(result, tuple)):
            warnings.warn(
                "For backward hooks to be called, module output should be a Tensor or a tuple of Tensors but received "
                f"{type(result)}: the hooks of {type(self.module).__name__} will not run",
                stacklevel=stacklevel(),
            )
            return result
        outputs = (result,) if single else result
        self.results, self.outputs = len(outputs), _differentiated(outputs)
        if not self.outputs:
            return result
        node, seen = _behind_a_node(outputs, self.outputs)
        node.register_prehook(self._left)
        outputs = tuple(_alias(x, y) if i in self.outputs else x for i, (x, y) in enumerate(zip(outputs, seen, strict=True)))
        return outputs[0] if single else getattr(type(result), "_make", tuple)(outputs)

    def _left(self, grads: tuple[Any, ...]) -> Any:
        # The gradients of the results: the first that backward has.
        found = _spread(grads, self.outputs, self.results)
        for hook in self.pre_hooks:
            reply = hook(self.module, found)
            if reply is not None:
                found = _checked(reply, found, "Backward pre hook returned an invalid number of grad_output")
        self.grad_output = found
        if self.hooks and not self.tracked:
            warnings.warn(
                "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
                "require gradients.",
                stacklevel=stacklevel(),
            )
            self._run((None,) * len(self.args), tracked=False)
        return tuple(found[i] for i in self.outputs)

    def _entered(self, grad_inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> Any:
        if self.grad_output is None:
            return None  # the gradient did not come through the output, as where a gradient is differentiated once more
        found = list(_spread(grad_inputs, self.inputs, len(self.args)))
        for i, of in enumerate(self.args):
            if of is not None and i not in self.inputs:  # the gradient of a constant is shown, as in PyTorch: zeros
                found[i] = wrap(np.zeros(*of))
        replaced = self._run(tuple(found))
        self.grad_output = None
        return tuple(replaced[i] for i in self.inputs)

    def _run(self, grad_input: tuple[Any, ...], tracked: bool = True) -> tuple[Any, ...]:
        for hook in self.hooks:
            reply = hook(self.module, grad_input, self.grad_output)
            if not tracked and reply is not None and any(g is not None for g in reply):
                raise RuntimeError(
                    "Backward hook for Modules where no input requires gradient should always return None or None for all "
                    "gradients: there is no gradient that it could replace."
                )
            if reply is not None:
                grad_input = _checked(reply, grad_input, "Backward hook returned an invalid number of grad_input")
        return grad_input


def _differentiated(xs: tuple[Any, ...]) -> list[int]:
    """The places of the tensors whose gradient is recorded; of none under no_grad."""
    return [i for i, x in enumerate(xs) if mode.grad and edge_of(x) is not None]


def _alias(x: Tensor, recorded: Tensor) -> Tensor:
    """x with the history of a copy of it."""
    t = alias(x, "BackwardHookFunction")
    t._edge = recorded._edge
    return t


def _behind_a_node(xs: tuple[Any, ...], places: list[int]) -> tuple[Any, tuple[Any, ...]]:
    seen = passed(*(xs[i] for i in places))
    return seen[0].grad_fn, tuple(seen[places.index(i)] if i in places else x for i, x in enumerate(xs))


def _spread(grads: tuple[Any, ...], places: list[int], n: int) -> tuple[Any, ...]:
    """n gradients: those given at their places, None elsewhere."""
    at = dict(zip(places, grads, strict=True))
    return tuple(at.get(i) for i in range(n))


def _checked(reply: Any, before: tuple[Any, ...], message: str) -> tuple[Any, ...]:
    """The gradients that a hook returned, in a tuple or a list; of a Tensor alone its rows are counted, as in PyTorch."""
    try:
        n = len(reply)
    except TypeError:
        found = type(reply).__name__
        raise TypeError(f"a backward hook returns None or a tuple of gradients, (g,) for one, not {found}") from None
    if n != len(before):
        hint = ": it returned a Tensor; return a tuple, (g,) for one gradient" if isinstance(reply, Tensor) else ""
        raise RuntimeError(f"{message}, got {n}, but expected {len(before)}{hint}")
    return tuple(reply)
