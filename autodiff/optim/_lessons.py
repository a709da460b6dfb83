"""What an optimizer tells of a training loop that runs and doesn't learn as it seems to; each once.

After this module a reader knows the three lines of a training loop by what happens without them: gradients that were not
cleared, or cleared too early, a backward() that is missing, and parameters that are in no model any more.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.graph import next_index
from autodiff._core.provenance import line_of
from autodiff._core.stepped import Used, cleared
from autodiff._core.teaching import teach, teaching
from autodiff._core.tensor import LEAF, Tensor

__all__ = ["forget", "no_gradients", "recorded", "replaced", "summed"]


class _Asked:
    """How often the number of operations was asked for, which takes a number itself."""

    times = 0


def recorded() -> int:
    """How many operations have been recorded so far."""
    _Asked.times += 1
    return next_index() - _Asked.times


def forget(n: int) -> None:
    """Count on from `n`, as if nothing had been recorded since: what was tried on a copy is no part of the program."""
    since = recorded() - n  # by itself, since asking counts too
    _Asked.times += since


def _tell(optimizer: Any, code: str, text: str) -> None:
    if code not in optimizer._told or teaching.raises:
        optimizer._told = optimizer._told | {code}
        teach(code, text)


def summed(optimizer: Any, used: Used, p: Tensor) -> None:
    """The gradients of an earlier step are still in the sum."""
    if used.passes > teaching.summed:
        _tell(
            optimizer, "AD015",
            f"step(): the gradients that the step at {line_of(p._cell[1])} used were not cleared, and backward() at "
            f"{line_of(used.added)} added to them: .grad is the sum of {used.passes} batches. Call optimizer.zero_grad() "
            "before backward(); if the sum is meant, say so by autodiff.accumulate(n).",
        )


def no_gradients(optimizer: Any) -> None:
    """A step that changes nothing. In a program that has computed nothing since, it only moves a schedule on."""
    now, before = recorded(), optimizer._recorded_before
    optimizer._recorded_before = now
    params = [p for group in optimizer.param_groups for p in group["params"]]
    if not any(p._edge is LEAF for p in params):
        return
    place = cleared(params)
    if place is not None:
        _tell(
            optimizer, "AD016",
            f"step(): every .grad is None since zero_grad() at {line_of(place)}, before a step had used them: this step "
            "changes nothing. The order is zero_grad(), backward(), step().",
        )
    elif before is not None and now > before and optimizer._used is None:
        _tell(
            optimizer, "AD017",
            "step(): no parameter has a gradient, so this step changes nothing. Call loss.backward() before it, on a loss that "
            "is computed from these parameters; autodiff.why(parameter, loss) shows whether it is.",
        )
    optimizer._used = None  # from here on one without gradients is told of, if something is computed meanwhile


def replaced(optimizer: Any, p: Tensor) -> None:
    """A parameter without a gradient that has lost its place in its model to another, which this optimizer doesn't have."""
    new, place, what = p._extra["replaced"]
    new = new()
    if new is None or p._edge is not LEAF:
        return
    known = {id(each) for group in optimizer.param_groups for each in group["params"]}
    learning = [each for each in ([new] if isinstance(new, Tensor) else new.parameters()) if each._edge is LEAF]
    if learning and not any(id(each) in known for each in learning):
        _tell(
            optimizer, "AD032",
            f"step(): this optimizer has the parameters of {what} as it was before it was replaced at {line_of(place)}, and "
            "not the new ones, which it will not change. Make the optimizer after the model is complete, or call "
            "optimizer.add_param_group({'params': ...}) with the new ones.",
        )
