"""Compiling a model, which is not needed here: `script` and `trace` give back what they are given.

>>> import autodiff as torch
>>> @torch.jit.script
... def double(x):
...     return x + x
>>> double(torch.ones(1))
tensor([2.])
"""

import copy
from typing import Any, Final, NamedTuple

from autodiff._core.missing import missing_name
from autodiff._core.tensor import Tensor
from autodiff.nn.modules.module import Module as ScriptModule
from autodiff.nn.parameter import is_lazy

__all__ = [
    "Attribute", "Final", "ScriptModule", "annotate", "export", "freeze", "ignore", "is_scripting", "is_tracing", "load",
    "optimize_for_inference", "save", "script", "script_if_tracing", "script_method", "trace", "unused",
]


def script(obj: Any, optimize: Any = None, _frames_up: int = 0, _rcb: Any = None, example_inputs: Any = None) -> Any:
    """The function, class or module itself: it runs as Python. RuntimeError for a lazy module that has not been called yet.

    >>> import autodiff as torch
    >>> model = torch.nn.Linear(2, 1)
    >>> torch.jit.script(model) is model
    True
    """
    if isinstance(obj, ScriptModule):
        for name, of in (*obj.named_parameters(), *obj.named_buffers()):
            if is_lazy(of):
                raise RuntimeError(
                    f"'{name}' of {type(obj).__name__} has no size yet. Modules with uninitialized parameters can't be "
                    "scripted: run a forward pass first, model(x), which gives them theirs."
                )
    return obj


def trace(
    func: Any, example_inputs: Any = None, *args: Any, example_kwarg_inputs: dict[str, Any] | None = None, **kwargs: Any
) -> Any:
    """The function or module itself, after one run with the example: a tensor or dict, or a tuple or list of several.

    Nothing is recorded in that run. It is done so that an error appears here, where PyTorch would raise it, and so that what
    a run changes (the stream of random numbers, the running statistics of BatchNorm) is changed here, too: once, as with
    PyTorch's check_trace=False. Its default check runs the example several more times.

    >>> import autodiff as torch
    >>> model = torch.nn.Linear(2, 1)
    >>> torch.jit.trace(model, torch.ones(1, 2)) is model
    True
    """
    if example_kwarg_inputs is not None:
        func(**example_kwarg_inputs)
    elif example_inputs is not None:
        func(*([example_inputs] if isinstance(example_inputs, (Tensor, dict)) else example_inputs))
    return func


class Attribute(NamedTuple):
    """A value and its type, which PyTorch's compiler would read.

    >>> import autodiff as torch
    >>> torch.jit.Attribute(0.5, float).value
    0.5
    """

    value: Any
    type: Any


def annotate(the_type: Any, the_value: Any) -> Any:
    """The value itself: a type says nothing to Python.

    >>> import autodiff as torch
    >>> torch.jit.annotate(list[int], [])
    []
    """
    return the_value


def script_method(fn: Any) -> Any:
    """The method itself.

    >>> import autodiff as torch
    >>> torch.jit.script_method(len) is len
    True
    """
    return fn


def export(fn: Any) -> Any:
    """The method itself.

    >>> import autodiff as torch
    >>> torch.jit.export(len) is len
    True
    """
    return fn


def unused(fn: Any) -> Any:
    """The method itself.

    >>> import autodiff as torch
    >>> torch.jit.unused(len) is len
    True
    """
    return fn


def ignore(drop: Any = False, **kwargs: Any) -> Any:
    """The method itself, or, called with options, a decorator that gives it back.

    >>> import autodiff as torch
    >>> torch.jit.ignore(len) is len, torch.jit.ignore(drop=True)(len) is len
    (True, True)
    """
    return drop if callable(drop) else lambda fn: fn


def freeze(mod: Any, preserved_attrs: Any = None, optimize_numerics: bool = True, preserve_parameters: bool = False) -> Any:
    """A copy of the module, which stays as it is when the module is trained on. RuntimeError unless it is in evaluation mode.

    >>> import autodiff as torch
    >>> model = torch.nn.Linear(2, 1).eval()
    >>> frozen = torch.jit.freeze(model)
    >>> _ = torch.nn.init.zeros_(model.weight)
    >>> bool((frozen.weight == 0).any())
    False
    """
    if not isinstance(mod, ScriptModule):
        raise RuntimeError(f"freeze() takes a module, not {type(mod).__name__}")
    if mod.training:
        raise RuntimeError("Freezing is currently only implemented for modules in eval mode: call .eval() on your module first")
    return copy.deepcopy(mod)


def optimize_for_inference(mod: Any, other_methods: Any = None) -> Any:
    """A copy of the module in evaluation mode, to which it is switched, as in PyTorch.

    >>> import autodiff as torch
    >>> model = torch.nn.Dropout(0.5)
    >>> torch.jit.optimize_for_inference(model)(torch.ones(3)), model.training
    (tensor([1., 1., 1.]), False)
    """
    if not isinstance(mod, ScriptModule):
        raise RuntimeError(f"optimize_for_inference() takes a module, not {type(mod).__name__}")
    return freeze(mod.eval())


def script_if_tracing(fn: Any) -> Any:
    """The function itself.

    >>> import autodiff as torch
    >>> torch.jit.script_if_tracing(len) is len
    True
    """
    return fn


_NO_ARCHIVES = (
    "autodiff has no TorchScript archives: save the weights with torch.save(model.state_dict(), path), and load them with "
    "model.load_state_dict(torch.load(path)) into a model that your program makes"
)


def save(m: Any, f: Any, _extra_files: Any = None) -> None:
    """RuntimeError: a file of TorchScript holds a compiled program; save the weights.

    >>> import autodiff as torch
    >>> try:
    ...     torch.jit.save(torch.nn.Linear(2, 1), "model.pt")
    ... except RuntimeError:
    ...     print("use torch.save")
    use torch.save
    """
    raise RuntimeError(_NO_ARCHIVES)


def load(f: Any, map_location: Any = None, _extra_files: Any = None, _restore_shapes: bool = False) -> Any:
    """RuntimeError: a file of TorchScript holds a compiled program; load weights.

    >>> import autodiff as torch
    >>> try:
    ...     torch.jit.load("model.pt")
    ... except RuntimeError:
    ...     print("use torch.load")
    use torch.load
    """
    raise RuntimeError(_NO_ARCHIVES)


def is_scripting() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.jit.is_scripting()
    False
    """
    return False


def is_tracing() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.jit.is_tracing()
    False
    """
    return False


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
