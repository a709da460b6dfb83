"""Trading time for memory: run a part of the model again in backward instead of keeping its intermediate values.

After this module a reader knows that the graph of the part is made as always, but its nodes keep only numbers: the first
of them that is walked runs the part again, and hands every node what it would have kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from autodiff._core.modes import enable_grad, mode
from autodiff._core.provenance import line_of
from autodiff._core.tensor import LEAF, Tensor, wrap
from autodiff.autograd.graph import saved_tensors_hooks
from autodiff.random import default_generator

__all__ = ["CheckpointError", "checkpoint"]


class CheckpointError(RuntimeError):
    """The second run was not the first run again."""


class _Recording(saved_tensors_hooks):
    """Counts what is kept; during the second run, collects it."""

    keeps_versions = True  # the second run reads today's parameters: they must not have changed

    def __init__(self, run: Callable[[], Any] | None) -> None:
        super().__init__(self._number, self._fetch)
        self.run = run  # None in the second run
        self.count = 0
        self.values: dict[int, Any] = {}
        self.leaves: list[tuple[Any, int]] = []  # (cell, count then) of every leaf that the run read

    def made(self, node: Any, inputs: Any, outputs: Any) -> None:
        """Note which leaves were read."""
        if self.run is not None:
            self.leaves += _counts(x for x in inputs if isinstance(x, Tensor) and x._edge is LEAF)
        super().made(node, inputs, outputs)

    def _number(self, t: Tensor) -> int:
        if self.run is None:
            self.values[self.count] = t._array
        self.count += 1
        return self.count - 1

    def _fetch(self, number: int) -> Tensor:
        if number not in self.values:
            self._again()
        return wrap(self.values.pop(number))

    def _again(self) -> None:
        assert self.run is not None
        for cell, count in self.leaves:
            if cell[0] != count:
                raise RuntimeError(
                    "one of the variables needed for gradient computation has been modified by an inplace operation: an input "
                    f"or a parameter of a checkpointed function was changed at {line_of(cell[1])}, before backward ran the "
                    "function again. Call backward first."
                )
        second = _Recording(None)
        with enable_grad(), second:
            self.run()
        if second.count != self.count:
            raise CheckpointError(
                "A different number of tensors was saved during the original forward and recomputation "
                f"({self.count} and {second.count}): the function must do the same both times."
            )
        self.values = second.values


def checkpoint(
    function: Callable[..., Any],
    *args: Any,
    use_reentrant: bool = False,
    preserve_rng_state: bool = True,
    **kwargs: Any,
) -> Any:
    """function(*args) without keeping what backward needs: backward runs the function a second time.

    The random numbers are put back for the second run, so that dropout drops the same elements. `use_reentrant` is accepted,
    and what is done is always PyTorch's use_reentrant=False. CheckpointError when the second run keeps something else than the
    first, RuntimeError when an input or parameter was changed in between.

    >>> import autodiff as torch
    >>> from autodiff.utils.checkpoint import checkpoint
    >>> x = torch.ones(2, requires_grad=True)
    >>> checkpoint(torch.exp, x, use_reentrant=False).sum().backward()
    >>> x.grad
    tensor([2.7183, 2.7183])
    """
    if not mode.grad:
        return function(*args, **kwargs)
    state = default_generator.get_state() if preserve_rng_state else None

    def run() -> None:
        now = default_generator.get_state()
        if state is not None:
            default_generator.set_state(state)
        try:
            # Detached: the second run must not reach into the graph that led to the inputs.
            function(*map(_cut, args), **{k: _cut(v) for k, v in kwargs.items()})
        finally:
            if state is not None:
                default_generator.set_state(now)

    recording = _Recording(run)
    recording.leaves = _counts(a for a in (*args, *kwargs.values()) if isinstance(a, Tensor))
    with recording:
        return function(*args, **kwargs)


def _counts(tensors: Iterable[Tensor]) -> list[tuple[Any, int]]:
    """The version cells of tensors, each with its count now; tensors of inference mode have none."""
    return [(t._cell, t._cell[0]) for t in tensors if t._cell is not None]


def _cut(a: Any) -> Any:
    return a.detach().requires_grad_(a.requires_grad) if isinstance(a, Tensor) and a.is_floating_point() else a
