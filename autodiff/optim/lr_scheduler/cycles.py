"""Schedules that go up and down, in one cycle or many, with momentum the other way.

After this module a reader knows why momentum falls while the rate rises: together they say how far a gradient carries.
"""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from functools import partial
from typing import Any, Literal

from autodiff.optim.lr_scheduler.scheduler import LRScheduler, assign, check_optimizer, for_each
from autodiff.optim.optimizer import Optimizer

__all__ = ["CyclicLR", "OneCycleLR"]


def _check_momentum(optimizer: Optimizer) -> bool:
    """Whether momentum is the first of the betas; ValueError for an optimizer that has neither."""
    if "momentum" not in optimizer.defaults and "betas" not in optimizer.defaults:
        raise ValueError("optimizer must support momentum or beta1 with `cycle_momentum` option enabled")
    return "betas" in optimizer.defaults


def _set_momentum(group: dict[str, Any], value: Any, use_beta1: bool) -> None:
    if use_beta1:
        group["betas"] = (value, *group["betas"][1:])
    else:
        group["momentum"] = value


def _begin_momentum(optimizer: Optimizer, highest: list[Any], lowest: list[Any], use_beta1: bool) -> None:
    """Momentum starts where it is highest; the groups know both ends."""
    for high, low, group in zip(highest, lowest, optimizer.param_groups, strict=True):
        _set_momentum(group, high, use_beta1)
        group["max_momentum"], group["base_momentum"] = high, low


_HEIGHTS: dict[str, Callable[[float], float]] = {
    "triangular": lambda x: 1.0,
    "triangular2": lambda x: 1 / (2.0 ** (x - 1)),
}


class CyclicLR(LRScheduler):
    """From `base_lr` up to `max_lr` in `step_size_up` steps, down in `step_size_down`, and again; momentum the other way.

    The height of a cycle is whole ("triangular"), half of the one before ("triangular2"), times gamma ** step ("exp_range"), or
    times `scale_fn` of the cycle's or the step's number. ValueError for an unknown mode, and for `cycle_momentum` with an
    optimizer without momentum or betas. Source: Smith, Cyclical learning rates for training neural networks, 2017.

    >>> from autodiff import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0, momentum=0.9)
    >>> scheduler = optim.lr_scheduler.CyclicLR(optimizer, base_lr=0.0, max_lr=1.0, step_size_up=2)
    >>> for step in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    ...     print(step, scheduler.get_last_lr())
    0 [0.5]
    1 [1.0]
    2 [0.5]
    """

    def __init__(
        self, optimizer: Optimizer, base_lr: float | list[float], max_lr: float | list[float], step_size_up: int = 2000,
        step_size_down: int | None = None, mode: Literal["triangular", "triangular2", "exp_range"] = "triangular",
        gamma: float = 1.0, scale_fn: Callable[[float], float] | None = None,
        scale_mode: Literal["cycle", "iterations"] = "cycle", cycle_momentum: bool = True, base_momentum: float = 0.8,
        max_momentum: float = 0.9, last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        base_lrs = for_each("base_lr", optimizer, base_lr)
        if last_epoch == -1:
            for lr, group in zip(base_lrs, optimizer.param_groups, strict=True):
                assign(group, "lr", lr)
        self.max_lrs = for_each("max_lr", optimizer, max_lr)
        up = float(step_size_up)
        self.total_size = up + (up if step_size_down is None else float(step_size_down))
        self.step_ratio = up / self.total_size
        if mode not in ("triangular", "triangular2", "exp_range") and scale_fn is None:
            raise ValueError(f"mode is invalid and scale_fn is None: {mode!r} is not triangular, triangular2 or exp_range")
        self.mode, self.gamma, self.scale_mode = mode, gamma, scale_mode
        self._scale_fn_custom = scale_fn
        if scale_fn is None:
            self.scale_mode = "iterations" if mode == "exp_range" else "cycle"
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _check_momentum(optimizer)
            self.base_momentums = for_each("base_momentum", optimizer, base_momentum)
            self.max_momentums = for_each("max_momentum", optimizer, max_momentum)
            if last_epoch == -1:
                _begin_momentum(optimizer, self.max_momentums, self.base_momentums, self.use_beta1)
        super().__init__(optimizer, last_epoch)
        self.base_lrs = base_lrs

    def scale_fn(self, x: float) -> float:
        """How high the cycle (or step) of number `x` goes, as a share of the first."""
        return self._scale_fn_ref(x) if self._scale_fn_custom is None else self._scale_fn_custom(x)

    @property
    def _scale_fn_ref(self) -> Callable[[float], float]:
        return partial(pow, self.gamma) if self.mode == "exp_range" else _HEIGHTS[self.mode]

    def get_lr(self) -> list[Any]:
        """The rates of this step, and the momenta, which are written; to read them, use `get_last_lr`."""
        self._warn_outside_of_step()
        cycle = math.floor(1 + self.last_epoch / self.total_size)
        x = 1.0 + self.last_epoch / self.total_size - cycle
        part = x / self.step_ratio if x <= self.step_ratio else (x - 1) / (self.step_ratio - 1)
        number = cycle if self.scale_mode == "cycle" else self.last_epoch
        if self.cycle_momentum:
            ends = zip(self.optimizer.param_groups, self.base_momentums, self.max_momentums, strict=True)
            for group, low, high in ends:
                _set_momentum(group, high - (high - low) * part * self.scale_fn(number), self.use_beta1)
        rates = zip(self.base_lrs, self.max_lrs, strict=True)
        return [low + (high - low) * part * self.scale_fn(number) for low, high in rates]

    def state_dict(self) -> dict[str, Any]:
        """All but the optimizer and a plain function, which a program has anyway; of a callable object its attributes."""
        state, fn = super().state_dict(), self._scale_fn_custom
        plain = fn is None or isinstance(fn, types.FunctionType)
        return {**state, "_scale_fn_custom": None if plain else fn.__dict__.copy()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state that `state_dict` gave."""
        super().load_state_dict({key: value for key, value in state_dict.items() if key != "_scale_fn_custom"})
        if state_dict["_scale_fn_custom"] is not None:
            self._scale_fn_custom.__dict__.update(state_dict["_scale_fn_custom"])


def _along_cosine(start: Any, end: Any, part: float) -> Any:
    return end + (start - end) / 2.0 * (math.cos(math.pi * part) + 1)


def _along_line(start: Any, end: Any, part: float) -> Any:
    return (end - start) * part + start


_ALONG = {"cos": _along_cosine, "linear": _along_line}


def _phase(end_step: float, *ends: str) -> dict[str, Any]:
    return {"end_step": end_step, **dict(zip(("start_lr", "end_lr", "start_momentum", "end_momentum"), ends))}


class OneCycleLR(LRScheduler):
    """Once from max_lr / div_factor up to `max_lr`, and down to max_lr / div_factor / final_div_factor; momentum the other way.

    It is stepped after every batch, `total_steps` (or epochs * steps_per_epoch) times; the share `pct_start` of them goes up.
    With `three_phase` it comes down as it went up, before it goes to the end. ValueError for a number of steps that is not a
    positive int, a `pct_start` that is not a float in [0, 1], a strategy that is not "cos" or "linear", a step too many, and
    for `cycle_momentum` with an optimizer without momentum or betas. Source: Smith and Topin, Super-convergence: very fast
    training of neural networks using large learning rates, 2018.

    >>> from autodiff import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1, momentum=0.9)
    >>> scheduler = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=1.0, total_steps=10, anneal_strategy="linear")
    >>> for step in range(2):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [1.0]
    """

    def __init__(
        self, optimizer: Optimizer, max_lr: float | list[float], total_steps: int | None = None, epochs: int | None = None,
        steps_per_epoch: int | None = None, pct_start: float = 0.3, anneal_strategy: Literal["cos", "linear"] = "cos",
        cycle_momentum: bool = True, base_momentum: float | list[float] = 0.85, max_momentum: float | list[float] = 0.95,
        div_factor: float = 25.0, final_div_factor: float = 1e4, three_phase: bool = False, last_epoch: int = -1,
    ) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        self.total_steps = _number_of_steps(total_steps, epochs, steps_per_epoch)
        up = ("initial_lr", "max_lr", "max_momentum", "base_momentum")
        last, end = self.total_steps - 1, float(pct_start * self.total_steps) - 1
        if three_phase:
            self._schedule_phases = [
                _phase(end, *up),
                _phase(float(2 * pct_start * self.total_steps) - 2, "max_lr", "initial_lr", "base_momentum", "max_momentum"),
                _phase(last, "initial_lr", "min_lr", "max_momentum", "max_momentum"),
            ]
        else:
            self._schedule_phases = [_phase(end, *up), _phase(last, "max_lr", "min_lr", "base_momentum", "max_momentum")]
        if pct_start < 0 or pct_start > 1 or not isinstance(pct_start, float):
            raise ValueError(f"Expected float between 0 and 1 pct_start, but got {pct_start}")
        if anneal_strategy not in _ALONG:
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_func_type = anneal_strategy
        if last_epoch == -1:
            for group, high in zip(optimizer.param_groups, for_each("max_lr", optimizer, max_lr), strict=True):
                group["initial_lr"], group["max_lr"] = high / div_factor, high
                group["min_lr"] = group["initial_lr"] / final_div_factor
        self.cycle_momentum = cycle_momentum
        if cycle_momentum:
            self.use_beta1 = _check_momentum(optimizer)
            highest = for_each("max_momentum", optimizer, max_momentum)
            lowest = for_each("base_momentum", optimizer, base_momentum)
            if last_epoch == -1:
                _begin_momentum(optimizer, highest, lowest, self.use_beta1)
        super().__init__(optimizer, last_epoch)

    # PyTorch's names, which old checkpoints have.
    _annealing_cos = staticmethod(_along_cosine)
    _annealing_linear = staticmethod(_along_line)

    def get_lr(self) -> list[Any]:
        """The rates of this step, and the momenta, which are written; to read them, use `get_last_lr`."""
        self._warn_outside_of_step()
        step = self.last_epoch
        if step > self.total_steps:
            raise ValueError(f"Tried to step {step} times. The specified number of total steps is {self.total_steps}")
        start, phase = 0.0, self._schedule_phases[0]
        for following in self._schedule_phases[1:]:
            if step <= phase["end_step"]:
                break
            start, phase = phase["end_step"], following
        part = (step - start) / (phase["end_step"] - start)
        kind = vars(self).get("_anneal_func_type")  # an old state of PyTorch's has the formula itself
        along = vars(self)["anneal_func"] if kind is None else _ALONG[kind]
        for group in self.optimizer.param_groups:
            if self.cycle_momentum:
                momentum = along(group[phase["start_momentum"]], group[phase["end_momentum"]], part)
                _set_momentum(group, momentum, self.use_beta1)
        return [along(group[phase["start_lr"]], group[phase["end_lr"]], part) for group in self.optimizer.param_groups]


def _number_of_steps(total_steps: Any, epochs: Any, steps_per_epoch: Any) -> int:
    if total_steps is not None:
        given = {"total_steps": total_steps}
    elif epochs is not None and steps_per_epoch is not None:
        given = {"epochs": epochs, "steps_per_epoch": steps_per_epoch}
    else:
        raise ValueError("You must define either total_steps OR (epochs AND steps_per_epoch)")
    for name, number in given.items():
        if number <= 0 or not isinstance(number, int):
            raise ValueError(f"Expected positive integer {name}, but got {number}")
    return math.prod(given.values())
