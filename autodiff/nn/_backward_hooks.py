"""Module.register_full_backward_hook: how a module sees the gradients that enter and leave it.

After this module a reader knows the trick: an operation that does nothing, put in front of the module and behind it, is a
node whose hooks see all inputs', or all outputs', gradients at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from autodiff._core.graph import primitive
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of

__all__ = ["watch_backward"]


@primitive(lambda g, i: g[i] * 1.0, variadic=True, name="BackwardHookFunctionBackward")
def passed(*xs: Any) -> Any:
    """The inputs as they are, as outputs of one node."""
    return tuple(x.copy() for x in xs)


def watch_backward(
    module: Any, args: tuple[Any, ...], hooks: Any, pre_hooks: Any
) -> tuple[tuple[Any, ...], Callable[[Any], Any]]:
    """The arguments behind a watching node, and a function that puts another behind the result."""
    state: dict[str, Any] = {"grad_output": None}
    at = [i for i, x in enumerate(args) if isinstance(x, Tensor) and x._array.dtype.kind == "f"]
    tracked = any(edge_of(args[i]) is not None for i in at)
    if tracked:
        seen = passed(*(args[i] for i in at))
        node = next(edge_of(x)[0] for x in seen if edge_of(x) is not None)  # type: ignore[index]
        args = tuple(seen[at.index(i)] if i in at else x for i, x in enumerate(args))

        def entered(grad_inputs: tuple[Any, ...], grad_outputs: tuple[Any, ...]) -> Any:
            whole: list[Any] = [None] * len(args)
            for i, g in zip(at, grad_inputs, strict=True):
                whole[i] = g
            found = _run(module, hooks, tuple(whole), state["grad_output"])
            return tuple(found[i] for i in at)

        if hooks:
            node.register_hook(entered)

    def finish(result: Any) -> Any:
        single = isinstance(result, Tensor)
        outputs = (result,) if single else tuple(result) if isinstance(result, (tuple, list)) else None
        if outputs is None or not any(isinstance(x, Tensor) and edge_of(x) is not None for x in outputs):
            return result
        places = [i for i, x in enumerate(outputs) if isinstance(x, Tensor) and x._array.dtype.kind == "f"]
        seen = passed(*(outputs[i] for i in places))
        node = next(edge_of(x)[0] for x in seen if edge_of(x) is not None)  # type: ignore[index]

        def left(grads: tuple[Any, ...]) -> Any:
            whole: list[Any] = [None] * len(outputs)
            for i, g in zip(places, grads, strict=True):
                whole[i] = g
            found = tuple(whole)
            for hook in list((pre_hooks or {}).values()):
                reply = hook(module, found)
                if reply is not None:
                    found = _checked(reply, found, "Backward pre hook returned an invalid number of grad_output")
            state["grad_output"] = found
            if hooks and not tracked:
                warnings.warn(
                    "Full backward hook is firing when gradients are computed with respect to module outputs since no inputs "
                    "require gradients.",
                    stacklevel=2,
                )
                _run(module, hooks, (None,) * len(args), found)
            return tuple(found[i] for i in places)

        node.register_prehook(left)
        renewed = [seen[places.index(i)] if i in places else x for i, x in enumerate(outputs)]
        return renewed[0] if single else type(result)(renewed)

    return args, finish


def _run(module: Any, hooks: Any, grad_input: tuple[Any, ...], grad_output: Any) -> tuple[Any, ...]:
    for hook in list((hooks or {}).values()):
        reply = hook(module, grad_input, grad_output)
        if reply is not None:
            grad_input = _checked(reply, grad_input, "Backward hook returned an invalid number of grad_input")
    return grad_input


def _checked(reply: Any, before: tuple[Any, ...], message: str) -> tuple[Any, ...]:
    found = reply if isinstance(reply, tuple) else (reply,)
    if len(found) != len(before):
        raise RuntimeError(f"{message}, got {len(found)}, but expected {len(before)}")
    return found
