"""Whether some steps on the one batch make its loss smaller: the test that a model which can learn passes.

After this module a reader knows what the size of a step is compared with, that of the parameters, where a thousandth is usual;
and that a learning rate is judged by trying others.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from autodiff._core.tensor import Tensor
from autodiff.explain.doctor.aside import Patient
from autodiff.explain.doctor.report import Finding, several
from autodiff.explain.numbers import number
from autodiff.optim import Optimizer

__all__ = ["learned", "level", "moved"]

STEPS, SECONDS = 30, 1.5  # of one run, and half of what all of them may take
_LEAST = 0.0005  # of the loss: so much it falls in these steps at least


class Learning:
    """The losses of some steps, on a fresh copy, with learning rates times `factor`."""

    def __init__(self, patient: Patient, factor: float = 1.0) -> None:
        self.factor, self.losses = factor, list[float]()
        for group in patient.optimizer.param_groups:
            group["lr"] = (_scheduled(group) or group["lr"]) * factor
        until = time.perf_counter() + SECONDS
        while len(self.losses) < STEPS and time.perf_counter() < until:
            self.losses.append(patient.step())
            if not math.isfinite(self.losses[-1]) or 0 <= self.losses[-1] < 0.01 * self.losses[0]:
                break  # it can learn nothing any more, or has learned it

    @property
    def told(self) -> bool:
        """Whether there were enough steps to tell something."""
        return len(self.losses) >= 5 or not self.finite or self.fell > 0.9

    @property
    def finite(self) -> bool:
        """Whether every loss was."""
        return all(map(math.isfinite, self.losses))

    @property
    def fell(self) -> float:
        """By which share of itself the loss fell, at best."""
        if not self.finite or len(self.losses) < 2:
            return 0.0
        first = self.losses[0]
        return (first - min(self.losses[1:])) / max(abs(first), 1e-12)

    @property
    def grew(self) -> bool:
        """Whether it ended above its beginning."""
        if not self.finite:
            return True
        first = self.losses[0]
        return min(self.losses[-max(1, len(self.losses) // 3) :]) > first + max(0.05 * abs(first), 0.01)

    def __str__(self) -> str:
        if not self.losses:
            return "not tried"
        way = f"loss {number(self.losses[0])} → {number(self.losses[-1])}"
        return f"{way} in {len(self.losses) - 1} steps"


def _scheduled(group: dict[str, Any]) -> float | None:
    """Where a schedule starts at 0, the learning rate that it warms up to."""
    return group.get("initial_lr") if float(group["lr"]) == 0 else None


def level(named: dict[str, Tensor], loss: float) -> bool:
    """Whether the gradients are as good as zero: a thousandth of the parameters does not change a thousandth of the loss."""
    slope = _norm(p._grad._array for p in named.values() if p._grad is not None)
    return slope * _norm(p._array for p in named.values()) < 1e-4 * abs(loss)


def rates(optimizer: Optimizer) -> list[float]:
    """The learning rates of the groups; empty for an optimizer that has none."""
    return [float(group["lr"]) for group in optimizer.param_groups] if all("lr" in g for g in optimizer.param_groups) else []


def moved(before: dict[str, Any], after: dict[str, Tensor], optimizer: Optimizer) -> tuple[list[Finding], float]:
    """What one step did to parameters with a gradient: the findings, and its size against that of the parameters."""
    groups = {id(p): group for group in optimizer.param_groups for p in group["params"]}
    learning = {name: p for name, p in after.items() if id(p) in groups and p._grad is not None and p._grad._array.any()}
    if not learning:
        return [], math.nan
    size = _norm(before[name] for name in learning)
    relative = _norm(p._array - before[name] for name, p in learning.items()) / size if size else math.nan
    still = [name for name, p in learning.items() if np.array_equal(before[name], p._array)]
    stopped = [name for name in still if float(groups[id(learning[name])].get("lr", 1)) == 0]
    if stopped and all(_scheduled(groups[id(learning[name])]) for name in stopped):
        text = "The learning rate is 0 now: a schedule is to raise it. What is said below is with its full size."
        return [Finding("warming-up", "note", text)], math.nan
    slope = _norm(p._grad._array for p in learning.values() if p._grad is not None)
    if not stopped and (len(still) < len(learning) or 0.01 * slope < 1e-6 * size):
        return [], relative  # the last digits of a few, or of a gradient that is as good as 0
    names = stopped or still
    return [
        Finding(
            "unchanged",
            "error" if len(names) == len(learning) else "warning",
            f"A step leaves {len(names)} of {len(learning)} parameters as they are, although they have gradients"
            + (": the learning rate is 0." if stopped else ": it is smaller than the last digit of the numbers."),
            several(names),
            "lr=0.01, or lr=0.001 for Adam, to begin with.",
        )
    ], relative


def _norm(several: Iterable[Any]) -> float:
    with np.errstate(all="ignore"):
        return math.sqrt(sum((array.astype(np.float64) ** 2).sum() for array in several))


def learned(again: Callable[[], Patient], optimizer: Optimizer, relative: float, flat: bool) -> tuple[list[Finding], str]:
    """Steps on the one batch, and where that goes wrong with other learning rates: the findings, and a line for the report.

    `flat`: are the gradients as good as zero?
    """
    if not rates(optimizer):
        return [], ""
    run = Learning(again())
    if not run.told:
        return [], f"{run} (the time was up)"
    found = None if flat and not run.grew else _judged(run, again, optimizer, relative)
    return ([] if found is None else [found]), str(run)


def _judged(run: Learning, again: Callable[[], Patient], optimizer: Optimizer, relative: float) -> Finding | None:
    lr = ", ".join(f"{rate:g}" for rate in dict.fromkeys(rates(optimizer)))
    size = (
        f" One step moves the parameters by {number(relative)} of their size; 0.001 is usual." if relative == relative else ""
    )
    way = f"{number(run.losses[0])} → {number(run.losses[-1])} in {len(run.losses) - 1} steps"
    if not run.grew and run.fell >= _LEAST:
        if not relative > 0.5 or run.fell > 0.3:
            return None
        smaller = _first(again, 0.1, lambda other: not other.grew and other.fell > max(0.1, 3 * run.fell))
        if smaller is None:
            return None
        said = f"With lr={lr} the loss on this one batch falls less than it could: {way}.{size}"
        return Finding("lr-too-large", "warning", said, "", _cure(smaller, optimizer))
    if not run.grew:
        larger = _first(again, 10.0, lambda other: other.fell > max(0.05, 10 * run.fell) and not other.grew)
        if larger is not None:
            if any(group["lr"] < group.get("initial_lr", 0) for group in optimizer.param_groups):
                return None  # a schedule has made it so small
            return Finding(
                "lr-too-small",
                "warning",
                f"With lr={lr} the loss on this one batch hardly falls: {way}.{size}",
                "",
                _cure(larger, optimizer),
            )
    smaller = _first(again, 0.1, lambda other: not other.grew and other.fell > max(0.01, 10 * run.fell))
    if run.grew or smaller is not None:
        what = "becomes infinite" if not run.finite else "grows" if run.grew else "does not fall"
        return Finding(
            "lr-too-large",
            "warning",
            f"With lr={lr} the loss on this one batch {what}: {way}. The steps are too large.{size}",
            "",
            _cure(smaller, optimizer) or "a much smaller lr; and look at the sizes of the input and the target.",
        )
    trained = optimizer._used is not None or optimizer.state  # it may be at the bottom
    if trained or _first(again, 10.0, lambda other: not other.grew and other.fell > 10 * _LEAST):
        return None
    return Finding(
        "does-not-fall",
        "warning",
        f"The loss on this one batch does not fall, with lr={lr} or another: {way}.",
        "",
        "look whether the input says anything about the target: print some examples of both.",
    )


def _first(again: Callable[[], Patient], factor: float, good: Callable[[Learning], bool]) -> Learning | None:
    """The first run that is good, with a learning rate farther and farther away."""
    until = time.perf_counter() + SECONDS
    for power in range(1, 8):
        other = Learning(again(), factor**power)
        if other.told and good(other):
            return other
        if time.perf_counter() > until:
            break
    return None


def _cure(run: Learning | None, optimizer: Optimizer) -> str:
    if run is None:
        return ""
    lrs = ", ".join(f"lr={rate * run.factor:.3g}" for rate in dict.fromkeys(rates(optimizer)))
    return f"{lrs}, with which the {run}."
