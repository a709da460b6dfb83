"""What every schedule shares: an epoch that is counted, rates that are written into the groups, a state that is saved.

After this module a reader knows why `scheduler.step()` comes after `optimizer.step()`: the first rate is written when the
scheduler is made, so that a step of it before the optimiser's would pass over that rate.
"""

from __future__ import annotations

import types
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from autodiff._core.provenance import stacklevel
from autodiff._core.refusals import at_the_door
from autodiff._core.tensor import Tensor
from autodiff.api._keywords import KnowsItsKeywords
from autodiff.optim.optimizer import Optimizer

__all__ = [
    "EPOCH_DEPRECATION_WARNING", "Formula", "LRScheduler", "assign", "check_optimizer", "for_each", "of_functions", "old_epoch",
    "read", "to_functions",
]


def read(optimizer: Optimizer, key: str) -> list[Any]:
    """An option of all groups; a tensor is copied, so that nobody changes the group's by it."""
    return [value.clone() if isinstance(value := group[key], Tensor) else value for group in optimizer.param_groups]


def assign(group: dict[str, Any], key: str, value: Any) -> None:
    """Write an option into a group, into the tensor that is there if it is one."""
    if isinstance(group[key], Tensor):
        group[key].fill_(value.squeeze() if isinstance(value, Tensor) else value)
    else:
        group[key] = value


def for_each(name: str, optimizer: Optimizer, value: Any) -> list[Any]:
    """A value for each group: the items of a list, or one for all."""
    groups = len(optimizer.param_groups)
    if isinstance(value, (list, tuple)) and len(value) != groups:
        raise ValueError(
            f"{name} must have the same length as optimizer.param_groups. {name} has {len(value)} values, "
            f"param_groups has {groups}."
        )
    values = value if isinstance(value, (list, tuple)) else [value] * groups
    return [each.clone() if isinstance(each, Tensor) else each for each in values]


def check_optimizer(optimizer: Any) -> None:
    """TypeError for what is not an optimizer."""
    if not isinstance(optimizer, Optimizer):
        raise TypeError(f"{type(optimizer).__name__} is not an Optimizer; the optimizer comes first: StepLR(optimizer, 10)")


EPOCH_DEPRECATION_WARNING = (
    "The epoch parameter in `scheduler.step()` was not necessary and is being deprecated where possible. Please use "
    "`scheduler.step()` to step the scheduler. During the deprecation, if epoch is different from None, the closed form is "
    "used instead of the new chainable form, where available."
)
_MORE = "See more details at https://pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate"


def old_epoch() -> None:
    """Warn of `step(epoch)`."""
    warnings.warn(EPOCH_DEPRECATION_WARNING, UserWarning, stacklevel=stacklevel())


def to_functions(state: dict[str, Any], functions: list[Any]) -> dict[str, Any]:
    """A state in which a callable object stands as the dict of its attributes, and a plain function as None."""
    saved = [None if isinstance(f, types.FunctionType) else f.__dict__.copy() for f in functions]
    return {**{key: value for key, value in state.items() if key != "lr_lambdas"}, "lr_lambdas": saved}


def of_functions(state: dict[str, Any], functions: list[Any]) -> dict[str, Any]:
    """Give the callable objects the attributes that `to_functions` saved; the rest of the state."""
    for f, saved in zip(functions, state["lr_lambdas"]):
        if saved is not None:
            f.__dict__.update(saved)
    return {key: value for key, value in state.items() if key != "lr_lambdas"}


class LRScheduler(KnowsItsKeywords):
    """Base class of the schedules: `step()` counts `last_epoch` up and writes what `get_lr()` says into the optimizer's groups.

    A schedule of your own defines `get_lr`, a list with a rate for each group; `self.base_lrs` are the rates at the start.
    `last_epoch` is -1 for a new training; to go on with one, the groups must have the "initial_lr" that a saved optimizer has
    (KeyError without). TypeError for what is not an optimizer.

    >>> from autodiff import nn, optim
    >>> class Halved(optim.lr_scheduler.LRScheduler):
    ...     def get_lr(self):
    ...         return [lr / 2**self.last_epoch for lr in self.base_lrs]
    >>> optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = Halved(optimizer)
    >>> for epoch in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    >>> scheduler.get_last_lr()
    [0.125]
    """

    _get_lr_called_within_step = False
    _is_initial = False
    _last_lr: list[Any]

    @at_the_door
    def __init__(self, optimizer: Optimizer, last_epoch: int = -1) -> None:
        check_optimizer(optimizer)
        self.optimizer = optimizer
        for i, group in enumerate(optimizer.param_groups):
            if last_epoch == -1:
                lr = group["lr"]
                group.setdefault("initial_lr", lr.clone() if isinstance(lr, Tensor) else lr)
            elif "initial_lr" not in group:
                raise KeyError(
                    f"param 'initial_lr' is not specified in param_groups[{i}] when resuming scheduler with last_epoch >= 0: "
                    "load the optimizer's state first, or leave last_epoch out for a new training"
                )
        self.base_lrs = read(optimizer, "initial_lr")
        self.last_epoch = last_epoch
        if "_watched" not in vars(optimizer):
            optimizer._opt_called = False
            optimizer._watched = _function(optimizer.step)
        self._initial_step()

    def _initial_step(self) -> None:
        self._step_count = 0
        self._is_initial = True
        try:
            self.step()
        finally:
            self._is_initial = False

    def state_dict(self) -> dict[str, Any]:
        """All of the scheduler but its optimizer, as a dict."""
        return {key: value for key, value in vars(self).items() if key != "optimizer"}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state that `state_dict` gave."""
        vars(self).update(state_dict)

    def get_last_lr(self) -> list[Any]:
        """The rate that was written last, for each group."""
        return self._last_lr

    def get_lr(self) -> list[Any]:
        """The rates of this epoch, from the groups as they are: what a schedule defines. To read them, use `get_last_lr`."""
        raise NotImplementedError(f"{type(self).__name__} does not define get_lr(), a list with a rate for each group")

    if TYPE_CHECKING:
        step: Callable[..., None]  # some take a result instead of an epoch, or nothing

    else:

        def step(self, epoch: int | None = None) -> None:
            """Go to the next epoch, and write its rates; with `epoch`, which is the old form, to that one."""
            if self._step_count == 1:
                self._look_at_the_optimizer()
            self._step_count += 1
            if epoch is not None:
                old_epoch()
            self._update_lr(epoch)

    def _look_at_the_optimizer(self) -> None:
        """Warn where the schedule goes on to a second rate before the first was used."""
        if getattr(self.optimizer, "_watched", None) is not _function(self.optimizer.step):
            text = (
                "Seems like `optimizer.step()` has been overridden after learning rate scheduler initialization. Please, make "
                f"sure to call `optimizer.step()` before `lr_scheduler.step()`. {_MORE}"
            )
        elif not self.optimizer._opt_called:
            text = (
                "Detected call of `lr_scheduler.step()` before `optimizer.step()`. In PyTorch 1.1.0 and later, you should "
                "call them in the opposite order: `optimizer.step()` before `lr_scheduler.step()`.  Failure to do this will "
                f"result in PyTorch skipping the first value of the learning rate schedule. {_MORE}"
            )
        else:
            return
        warnings.warn(text, UserWarning, stacklevel=stacklevel())

    def _update_lr(self, epoch: int | None = None) -> None:
        self.last_epoch = self.last_epoch + 1 if epoch is None else epoch
        closed = getattr(self, "_get_closed_form_lr", None) if epoch is not None else None
        with self._within_step():
            values = self.get_lr() if closed is None else closed()
        self._write(values)

    def _write(self, values: list[Any]) -> None:
        for group, lr in zip(self.optimizer.param_groups, values, strict=True):
            assign(group, "lr", lr)
        self._last_lr = read(self.optimizer, "lr")

    @contextmanager
    def _within_step(self) -> Iterator[None]:
        self._get_lr_called_within_step = True
        try:
            yield
        finally:
            self._get_lr_called_within_step = False

    def _warn_outside_of_step(self) -> None:
        if not self._get_lr_called_within_step:
            warnings.warn(
                "To get the last learning rate computed by the scheduler, please use `get_last_lr()`.",
                UserWarning,
                stacklevel=stacklevel(),
            )


class _LRScheduler(LRScheduler):
    """The base class under its old name."""


class Formula(LRScheduler):
    """A schedule that is a formula for one group: its next rate from the one it has and the one that it began with."""

    def _rate(self, lr: Any, base_lr: Any) -> Any:
        raise NotImplementedError

    def get_lr(self) -> list[Any]:
        """The rates of this epoch; to read them, use `get_last_lr`."""
        self._warn_outside_of_step()
        return [self._rate(lr, base) for lr, base in zip(read(self.optimizer, "lr"), self.base_lrs, strict=True)]


def _function(method: Callable[..., Any]) -> Any:
    return getattr(method, "__func__", method)
