"""Whether operations are recorded: `no_grad`, `enable_grad`, `set_grad_enabled`, `inference_mode`.

After this module a reader knows that recording is a switch of the thread, and that the contexts do no more than
turn it and turn it back, also when the block raises.
"""

from __future__ import annotations

import contextvars
import functools
import inspect
import threading
import warnings
from collections import deque
from collections.abc import Callable, Generator
from types import TracebackType
from typing import Any, Protocol, TypeVar

import numpy as np

from autodiff._core.provenance import Place, users_line

__all__ = [
    "enable_grad", "inference_mode", "is_grad_enabled", "is_inference_mode_enabled", "mode", "no_grad",
    "set_grad_enabled", "silently", "users_code",
]

F = TypeVar("F", bound=Callable[..., Any])
R = TypeVar("R")


class Quiet(Protocol):
    """What runs a function of its arguments."""

    def __call__(self, function: Callable[..., R], /, *args: Any, **kwargs: Any) -> R: ...


def _quiet_runner() -> Quiet:
    # NumPy keeps its floating point error handling in a context variable. Running a function in a context made
    # once costs 80 ns; entering np.errstate at every operation costs 800. PyTorch is silent about 1/0, so are we.
    with np.errstate(all="ignore"):
        return contextvars.copy_context().run


class Mode(threading.local):
    """The switches of one thread."""

    def __init__(self) -> None:
        self.grad = True  # are operations recorded?
        self.inference = False  # inside inference_mode?
        self.spent: deque[Any] = deque(maxlen=32)  # the last walks that freed a graph, as missed.Spent
        self.opened: Place | None = None  # where the user opened the last block of no_grad()
        self.unmet = False  # has that met nothing yet that requires a gradient?
        self.walks = 0  # how many backward walks is this thread inside?
        self.walk: Any = None  # the innermost of them
        self.arrays = False  # do rules run, which call operations on arrays?
        self.quiet = _quiet_runner()  # run a NumPy function without floating point warnings


mode = Mode()


def silently(function: Callable[..., R], *args: Any, **kwargs: Any) -> R:
    """function(...) without NumPy's floating point warnings, wherever that is called from."""
    try:
        return mode.quiet(function, *args, **kwargs)
    except RuntimeError as error:
        if not str(error).startswith("cannot enter context"):
            raise
        return function(*args, **kwargs)  # inside the quiet context already, which cannot be entered twice


class users_code:
    """Inside, in the middle of a walk, the user's code runs: a hook, a Function's backward. It calls operations on tensors."""

    def __enter__(self) -> None:
        self.before, mode.arrays = mode.arrays, False

    def __exit__(self, *error: object) -> None:
        mode.arrays = self.before


class Inference:
    """How many inference_mode blocks are open in all threads: operations ask their thread only when any is."""

    blocks = 0
    lock = threading.Lock()


class Anomaly:
    """The switch of detect_anomaly: on, every walked gradient is looked at, and what nodes keep is checksummed."""

    on = False
    check_nan = True


class _Context:
    """A context manager that is also a decorator, of functions and of generator functions."""

    def __enter__(self) -> None:
        raise NotImplementedError

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        raise NotImplementedError

    def clone(self) -> _Context:
        """A fresh context with the same setting, for each call of a decorated function."""
        return type(self)()

    def __call__(self, function: F) -> F:
        if inspect.isclass(function):
            warnings.warn(
                "Decorating classes is deprecated and will be disabled in future versions. You should only decorate functions "
                "or methods. To preserve the current behavior of class decoration, you can directly decorate the `__init__` "
                "method and nothing else.",
                FutureWarning,
                stacklevel=2,
            )
        if inspect.isgeneratorfunction(function):
            return _decorate_generator(self, function)

        @functools.wraps(function)
        def decorated(*args: Any, **kwargs: Any) -> Any:
            with self.clone():
                return function(*args, **kwargs)

        return decorated  # type: ignore[return-value]


def _decorate_generator(context: _Context, function: F) -> F:
    # The mode holds while the generator's body runs, not while its consumer does.
    @functools.wraps(function)
    def decorated(*args: Any, **kwargs: Any) -> Generator[Any, Any, Any]:
        generator = function(*args, **kwargs)
        reply: Callable[[], Any] = functools.partial(next, generator)
        try:
            while True:
                with context.clone():
                    item = reply()
                try:
                    sent = yield item
                    reply = functools.partial(generator.send, sent)
                except GeneratorExit:
                    with context.clone():
                        generator.close()
                    raise
                except BaseException as error:
                    reply = functools.partial(generator.throw, error)
        except StopIteration as stop:
            return stop.value

    return decorated  # type: ignore[return-value]


class _GradMode(_Context):
    wanted = True

    def __new__(cls, function: F | None = None) -> Any:
        context = super().__new__(cls)
        if function is None:
            return context
        if not callable(function):
            raise TypeError(f"{cls.__name__} takes no argument; as a decorator it stands above a function")
        return context(function)  # the bare decorator: @no_grad

    def __init__(self, function: None = None) -> None:
        self.before: list[bool] = []

    def __enter__(self) -> None:
        self.before.append(mode.grad)
        mode.grad = self.wanted

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        mode.grad = self.before.pop()


class no_grad(_GradMode):
    """Inside, nothing is recorded: results have no grad_fn. A context manager and a decorator.

    >>> import autodiff as torch
    >>> w = torch.ones(2, requires_grad=True)
    >>> with torch.no_grad():
    ...     w -= 0.5
    >>> w
    tensor([0.5000, 0.5000], requires_grad=True)
    """

    wanted = False
    depth = 2  # how many frames up the block stands

    def clone(self) -> no_grad:
        """A fresh one, opened by the function that it decorates."""
        fresh: no_grad = type(self)()
        fresh.depth = 3
        return fresh

    def __enter__(self) -> None:
        thread = mode.__dict__
        self.before.append(thread["grad"])
        thread["grad"] = False
        thread["opened"] = place = users_line(self.depth)
        thread["unmet"] = place is not None


class enable_grad(_GradMode):
    """Inside, operations are recorded again, also within no_grad. A context manager and a decorator.

    >>> import autodiff as torch
    >>> x = torch.ones(1, requires_grad=True)
    >>> with torch.no_grad():
    ...     with torch.enable_grad():
    ...         y = x * 2
    >>> y.requires_grad
    True
    """

    wanted = True


class set_grad_enabled(_Context):
    """Turn recording on or off: at once as a plain call, for a block as a context manager, or as a decorator.

    >>> import autodiff as torch
    >>> with torch.set_grad_enabled(False):
    ...     torch.is_grad_enabled()
    False
    """

    def __init__(self, mode: bool) -> None:
        if not isinstance(mode, bool):
            raise TypeError(f"set_grad_enabled(): argument 'enabled' (position 1) must be bool, not {type(mode).__name__}")
        self.wanted = mode
        self.before = _get_grad()
        _set_grad(self.wanted)
        _off_since(users_line())

    def __enter__(self) -> None:
        _set_grad(self.wanted)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        _set_grad(self.before)

    def clone(self) -> set_grad_enabled:
        """A fresh context with the same setting."""
        return type(self)(self.wanted)

    def __call__(self, function: F) -> F:
        _set_grad(self.before)  # a decorator changes the mode of the function only
        return super().__call__(function)


def _get_grad() -> bool:
    return mode.grad


def _set_grad(on: bool) -> None:
    mode.grad = on


def _off_since(place: Place | None) -> None:
    if not mode.grad and place is not None:
        mode.opened, mode.unmet = place, True


class inference_mode(_Context):
    """Like no_grad, and the results can never take part in a graph. A context manager and a decorator.

    >>> import autodiff as torch
    >>> with torch.inference_mode():
    ...     y = torch.ones(2) * 2
    >>> y.is_inference(), y.requires_grad
    (True, False)
    """

    def __new__(cls, mode: bool | F = True) -> Any:
        context = super().__new__(cls)
        if isinstance(mode, bool):
            return context
        context.wanted, context.before = True, []  # the bare decorator: @inference_mode
        return context(mode)

    def __init__(self, mode: bool = True) -> None:
        self.wanted = mode
        self.before: list[tuple[bool, bool]] = []

    def __enter__(self) -> None:
        self.before.append((mode.inference, mode.grad))
        self._count(int(self.wanted) - int(mode.inference))
        mode.inference = self.wanted
        mode.grad = not self.wanted

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None) -> None:
        inference, grad = self.before.pop()
        self._count(int(inference) - int(mode.inference))
        mode.inference, mode.grad = inference, grad

    @staticmethod
    def _count(change: int) -> None:
        with Inference.lock:
            Inference.blocks += change

    def clone(self) -> inference_mode:
        """A fresh context with the same setting."""
        return type(self)(self.wanted)


def is_grad_enabled() -> bool:
    """Whether operations are being recorded in this thread.

    >>> import autodiff as torch
    >>> torch.is_grad_enabled()
    True
    """
    return mode.grad


def is_inference_mode_enabled() -> bool:
    """Whether this thread is inside `inference_mode`.

    >>> import autodiff as torch
    >>> torch.is_inference_mode_enabled()
    False
    """
    return mode.inference
