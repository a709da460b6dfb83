"""What a program says to PyTorch's compiler. There is none here, and everything runs as Python.

>>> import autodiff as torch
>>> @torch.compiler.disable
... def double(x):
...     return x + x
>>> double(torch.ones(1))
tensor([2.])
"""

from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["compile", "disable", "is_compiling", "reset"]


def compile(
    model: Any = None, *, fullgraph: bool = False, dynamic: bool | None = None, backend: Any = None,
    mode: str | None = None, options: Any = None, disable: bool = False,
) -> Any:
    """The function or module itself; called without one, a decorator that gives it back. RuntimeError for `mode` and `options`
    at once, as in PyTorch.

    >>> import autodiff as torch
    >>> model = torch.nn.Linear(2, 1)
    >>> torch.compile(model) is model
    True
    >>> @torch.compile(mode="reduce-overhead")
    ... def double(x):
    ...     return x + x
    >>> double(torch.ones(1))
    tensor([2.])
    """
    if mode is not None and options is not None:
        raise RuntimeError("Either mode or options can be specified, but both can't be specified at the same time.")
    if model is not None and not callable(model):
        raise AssertionError(f"A callable function is expected, but {type(model)} is provided.")
    return model if model is not None else _same


def disable(fn: Any = None, recursive: bool = True, *, reason: str | None = None) -> Any:
    """The function itself, or a decorator that gives it back.

    >>> import autodiff as torch
    >>> torch.compiler.disable(len) is len
    True
    """
    return fn if fn is not None else _same


def is_compiling() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.compiler.is_compiling()
    False
    """
    return False


def reset() -> None:
    """Nothing: nothing was compiled.

    >>> import autodiff as torch
    >>> torch.compiler.reset()
    """


def _same(fn: Any) -> Any:
    return fn


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
