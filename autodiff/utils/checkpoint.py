"""Trading time for memory: run a part of the model again in backward instead of keeping its intermediate values.

After this module a reader knows that the graph of the part is made as always, but its nodes keep only numbers: the first
of them that is walked runs the part again, and hands every node what it would have kept.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext, suppress
from itertools import pairwise
from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.modes import enable_grad, mode, no_grad
from autodiff._core.provenance import line_of, stacklevel
from autodiff._core.tensor import LEAF, Tensor, wrap
from autodiff.autograd.graph import saved_tensors_hooks
from autodiff.random import default_generator

__all__ = ["CheckpointError", "checkpoint", "checkpoint_sequential", "noop_context_fn", "set_checkpoint_early_stop"]


Contexts = Callable[[], tuple[AbstractContextManager[Any], AbstractContextManager[Any]]]


def noop_context_fn() -> tuple[AbstractContextManager[Any], AbstractContextManager[Any]]:
    """Two contexts that do nothing: `context_fn`, unless it is given.

    >>> from autodiff.utils.checkpoint import noop_context_fn
    >>> len(noop_context_fn())
    2
    """
    return nullcontext(), nullcontext()


class CheckpointError(RuntimeError):
    """The second run was not the first run again."""


class _Stop(Exception):
    """Ends the second run where nothing more is needed."""


class _EarlyStop:
    wanted = True


class set_checkpoint_early_stop:
    """Whether checkpoints made inside stop their second run as soon as all that backward needs is there (the default) or run
    on to the end.

    >>> import autodiff as torch
    >>> from autodiff.utils.checkpoint import checkpoint, set_checkpoint_early_stop
    >>> def f(x):
    ...     y = x.sin()
    ...     print("the sine is there")
    ...     return y
    >>> with set_checkpoint_early_stop(False):
    ...     y = checkpoint(f, torch.ones(1, requires_grad=True), use_reentrant=False)
    the sine is there
    >>> y.backward()
    the sine is there
    """

    def __init__(self, enable: bool) -> None:
        self.enable = enable

    def __enter__(self) -> None:
        self.before, _EarlyStop.wanted = _EarlyStop.wanted, self.enable

    def __exit__(self, *error: object) -> None:
        _EarlyStop.wanted = self.before


class _Run(saved_tensors_hooks):
    """One run of the function: it sees every value that is kept, and numbers them."""

    keeps_versions = True  # the second run reads today's parameters: they must not have changed

    def __init__(self) -> None:  # its hooks are methods: were they attributes, what it holds would stay until the next gc
        self.kept: list[Any] = []  # (shape, dtype) of each value; in the second run the array

    def pack_hook(self, t: Tensor) -> int:
        raise NotImplementedError

    def unpack_hook(self, number: int) -> Tensor:
        raise NotImplementedError


class _First(_Run):
    """Keeps numbers instead of values, and, asked for the first of them, makes the second run."""

    def __init__(self, run: Callable[[], Any], early_stop: bool, compare: bool) -> None:
        super().__init__()
        self.run, self.early_stop, self.compare = run, early_stop, compare
        self.values: dict[int, Any] = {}
        self.leaves: list[tuple[Any, int]] = []  # (cell, count then) of every leaf that the run read

    def made(self, node: Any, inputs: Any, params: Any, outputs: Any) -> None:
        """Note which leaves were read."""
        self.leaves += _counts(x for x in inputs if isinstance(x, Tensor) and x._edge is LEAF)
        super().made(node, inputs, params, outputs)

    def pack_hook(self, t: Tensor) -> int:
        self.kept.append((t._array.shape, t._array.dtype))
        return len(self.kept) - 1

    def unpack_hook(self, number: int) -> Tensor:
        if number not in self.values:
            self._again()
        return wrap(self.values.pop(number))

    def _again(self) -> None:
        for cell, count in self.leaves:
            if cell[0] != count:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: an input "
                    f"or a parameter of a checkpointed function was changed at {line_of(cell[1])}, before backward ran the "
                    "function again. Call backward first."
                )
        second = _Second(len(self.kept) if self.early_stop else -1)
        with suppress(_Stop), enable_grad(), second:
            self.run()
        again = [(array.shape, array.dtype) for array in second.kept]
        if len(again) != len(self.kept):
            raise CheckpointError(
                "A different number of tensors was saved during the original forward and recomputation "
                f"({len(self.kept)} and {len(again)}): the function must do the same both times."
            )
        for k, (then, now) in enumerate(zip(self.kept, again, strict=True)):
            if self.compare and then != now:
                raise CheckpointError(
                    "Recomputed values for the following tensors have different metadata than during the forward pass: tensor "
                    f"{k} was [{then[1]} {list(then[0])}], and is now [{now[1]} {list(now[0])}]. The function must do the same "
                    "both times."
                )
        self.values = dict(enumerate(second.kept))


class _Second(_Run):
    """Collects the values, and stops when there are `enough`."""

    def __init__(self, enough: int) -> None:
        super().__init__()
        self.enough = enough

    def pack_hook(self, t: Tensor) -> int:
        self.kept.append(t._array)
        if len(self.kept) == self.enough:
            raise _Stop
        return len(self.kept) - 1

    def unpack_hook(self, number: int) -> Tensor:
        return wrap(self.kept[number])  # the function itself may run a backward


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool | None = None,
    preserve_rng_state: bool = True,
    context_fn: Contexts | None = None,
    determinism_check: str = "default",
    debug: bool = False,
    early_stop: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args) without keeping what backward needs: backward runs the function a second time.

    The second run ends as soon as all values are there, unless early_stop is False. The random numbers are put back for it, so
    that dropout drops the same elements; context_fn returns two contexts, for the first and for the second run. CheckpointError
    when the second run keeps something else than the first (with determinism_check="none" only their number is compared),
    RuntimeError when an input or parameter was changed in between.

    Say use_reentrant=False: without it there is a warning, and it is True, as in PyTorch. Then the function gets no gradient
    where none of the arguments requires one, though its parameters do; ValueError for keyword arguments and for context_fn.
    For the rest the two are one here. `debug` is accepted.

    >>> import autodiff as torch
    >>> from autodiff.utils.checkpoint import checkpoint
    >>> x = torch.ones(2, requires_grad=True)
    >>> checkpoint(torch.exp, x, use_reentrant=False).sum().backward()
    >>> x.grad
    tensor([2.7183, 2.7183])
    """
    if use_reentrant is None:
        _say_which("")
    if use_reentrant is not False:
        if kwargs:
            raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
        if context_fn not in (None, noop_context_fn) or debug is not False:
            raise ValueError("Passing `context_fn` or `debug` is only supported when use_reentrant=False.")
        if not _requires_grad(args):
            with no_grad():
                return function(*args)
    if determinism_check not in ("default", "none"):
        raise ValueError(f"determinism_check should be one of ['default', 'none'], but got {determinism_check}")
    if not mode.grad:
        return function(*args, **kwargs)
    contexts = context_fn or noop_context_fn
    return _twice(function, args, kwargs, preserve_rng_state, contexts, early_stop, determinism_check == "default")


def _say_which(function: str) -> None:
    warnings.warn(
        f"torch.utils.checkpoint{function}: the use_reentrant parameter should be passed explicitly. use_reentrant=False is "
        "recommended, but if you need to preserve the current default behavior, you can pass use_reentrant=True.",
        UserWarning,
        stacklevel=stacklevel(),
    )


def _requires_grad(inputs: Iterable[Any]) -> bool:
    """Whether one of the inputs requires a gradient; if none does, that is said."""
    if any(isinstance(x, Tensor) and x.requires_grad for x in inputs):
        return True
    warnings.warn("None of the inputs have requires_grad=True. Gradients will be None", UserWarning, stacklevel=stacklevel())
    return False


def _twice(
    function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any], preserve_rng_state: bool, context_fn: Contexts,
    early_stop: bool, compare: bool,
) -> Any:
    """Run the function now, and again when backward asks for what it would have kept."""
    state = default_generator.get_state() if preserve_rng_state else None
    first_context, second_context = context_fn()

    def run() -> None:
        now = default_generator.get_state()
        if state is not None:
            default_generator.set_state(state)
        try:
            with second_context:
                # Detached: the second run must not reach into the graph that led to the inputs.
                function(*map(_cut, args), **{k: _cut(v) for k, v in kwargs.items()})
        finally:
            if state is not None:
                default_generator.set_state(now)

    first = _First(run, early_stop and _EarlyStop.wanted, compare)
    first.leaves = _counts(a for a in (*args, *kwargs.values()) if isinstance(a, Tensor))
    with first_context, first:
        return function(*args, **kwargs)


def checkpoint_sequential(functions: Any, segments: int, input: Any, use_reentrant: bool | None = None, **kwargs: Any) -> Any:
    """The functions one after another, cut into `segments` of which all but the last are checkpoints.

    Such a chain keeps the inputs of its segments and the values of one segment: with about sqrt(n) segments of n functions the
    memory is least. `functions` is a Sequential, or a list of functions of one argument; preserve_rng_state is the only other
    option. ValueError for another one, and for fewer functions than segments. Source: Chen, Xu, Zhang and Guestrin, Training
    Deep Nets with Sublinear Memory Cost, 2016.

    >>> import autodiff as torch
    >>> from autodiff.utils.checkpoint import checkpoint_sequential
    >>> x = torch.ones(2, requires_grad=True)
    >>> checkpoint_sequential([torch.sin, torch.exp, torch.square], 2, x, use_reentrant=False).sum().backward()
    >>> x.grad
    tensor([5.8151, 5.8151])
    """
    if use_reentrant is None:
        _say_which(".checkpoint_sequential")
    preserve = kwargs.pop("preserve_rng_state", True)
    if kwargs:
        raise ValueError("Unexpected keyword arguments: " + ",".join(kwargs))
    steps = list(functions)
    size = len(steps) // segments
    if not size:
        raise ValueError(f"checkpoint_sequential: {len(steps)} functions can't be cut into {segments} segments")
    cuts = [*range(0, size * (segments - 1), size), size * (segments - 1)]
    for start, end in pairwise(cuts):
        part = _chain(steps[start:end])
        input = checkpoint(part, input, use_reentrant=use_reentrant is not False, preserve_rng_state=preserve)
    return _chain(steps[cuts[-1] :])(input)


def _chain(functions: list[Callable[[Any], Any]]) -> Callable[[Any], Any]:
    def run(input: Any) -> Any:
        for function in functions:
            input = function(input)
        return input

    return run


def _counts(tensors: Iterable[Tensor]) -> list[tuple[Any, int]]:
    """The version cells of tensors, each with its count now; tensors of inference mode have none."""
    return [(t._cell, t._cell[0]) for t in tensors if t._cell is not None]


def _cut(a: Any) -> Any:
    return a.detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) and a.is_floating_point() else a


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
