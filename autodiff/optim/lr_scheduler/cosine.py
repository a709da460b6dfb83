"""Schedules along a cosine: slowly at first, quickly, and slowly at the end.

After this module a reader knows the schedule that large models are trained with, and what a restart is.
"""

from __future__ import annotations

import math
from typing import Any

from autodiff.optim.lr_scheduler.scheduler import Formula
from autodiff.optim.optimizer import Optimizer

__all__ = ["CosineAnnealingLR", "CosineAnnealingWarmRestarts"]




class CosineAnnealingLR(Formula):
    """Down to `eta_min` in `T_max` epochs: lr = eta_min + (base_lr - eta_min) * (1 + cos(pi * epoch / T_max)) / 2.

    After `T_max` epochs it goes up again. As in PyTorch each rate is computed from the one before. Source: Loshchilov and
    Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.

    >>> from autodiff import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=2)
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.5]
    """

    def __init__(self, optimizer: Optimizer, T_max: int, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        self.T_max, self.eta_min = T_max, eta_min
        super().__init__(optimizer, last_epoch)

    def _rate(self, lr: Any, base_lr: Any) -> Any:
        low, T, epoch = self.eta_min, self.T_max, self.last_epoch
        if self._is_initial:
            return lr
        if self._step_count == 1 and epoch > 0:
            return low + (base_lr - low) * (1 + math.cos(epoch * math.pi / T)) / 2
        if (epoch - 1 - T) % (2 * T) == 0:  # the rate before is eta_min: nothing to multiply
            return lr + (base_lr - low) * (1 - math.cos(math.pi / T)) / 2
        now, before = 1 + math.cos(math.pi * epoch / T), 1 + math.cos(math.pi * (epoch - 1) / T)
        return now / before * (lr - low) + low

    def _get_closed_form_lr(self) -> list[Any]:
        low = self.eta_min
        turned = 1 + math.cos(math.pi * self.last_epoch / self.T_max)
        return [low + (base_lr - low) * turned / 2 for base_lr in self.base_lrs]


class CosineAnnealingWarmRestarts(Formula):
    """From the first rate to `eta_min` along a cosine in `T_0` epochs, then from the top again, `T_mult` times as long.

    `step(epoch)` takes parts of an epoch too, as in `step(epoch + i / batches)`. ValueError for a `T_0` or `T_mult` that is not
    a positive int. Source: Loshchilov and Hutter, SGDR: stochastic gradient descent with warm restarts, 2017.

    >>> from autodiff import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, T_0=2)
    >>> for epoch in range(3):
    ...     optimizer.step()
    ...     scheduler.step()
    ...     print(epoch, scheduler.get_last_lr())
    0 [0.5]
    1 [1.0]
    2 [0.5]
    """

    def __init__(self, optimizer: Optimizer, T_0: int, T_mult: int = 1, eta_min: float = 0.0, last_epoch: int = -1) -> None:
        if T_0 <= 0 or not isinstance(T_0, int):
            raise ValueError(f"Expected positive integer T_0, but got {T_0}")
        if T_mult < 1 or not isinstance(T_mult, int):
            raise ValueError(f"Expected integer T_mult >= 1, but got {T_mult}")
        if not isinstance(eta_min, (float, int)):
            raise ValueError(f"Expected float or int eta_min, but got {eta_min} of type {type(eta_min)}")
        self.T_0 = self.T_i = T_0
        self.T_mult, self.eta_min = T_mult, eta_min
        self.T_cur: float = last_epoch
        super().__init__(optimizer, last_epoch)

    def _rate(self, lr: Any, base_lr: Any) -> Any:
        low = self.eta_min
        return low + (base_lr - low) * (1 + math.cos(math.pi * self.T_cur / self.T_i)) / 2

    def step(self, epoch: float | None = None) -> None:
        """Go to the next epoch, or to `epoch`, which may be a fraction, and write its rates."""
        if epoch is None and self.last_epoch >= 0:
            epoch = self.last_epoch + 1
            self.T_cur += 1
            if self.T_cur >= self.T_i:
                self.T_cur %= self.T_i
                self.T_i *= self.T_mult
        else:
            epoch = 0 if epoch is None else epoch
            if epoch < 0:
                raise ValueError(f"Expected non-negative epoch, but got {epoch}")
            self._go_to(epoch)
        self.last_epoch = math.floor(epoch)
        with self._within_step():
            values = self.get_lr()
        self._write(values)

    def _go_to(self, epoch: float) -> None:
        """Which round the epoch is in, how long that is, and how far on."""
        if epoch < self.T_0:
            self.T_i, self.T_cur = self.T_0, epoch
        elif self.T_mult == 1:
            self.T_cur = epoch % self.T_0
        else:
            rounds = int(math.log(epoch / self.T_0 * (self.T_mult - 1) + 1, self.T_mult))
            self.T_cur = epoch - self.T_0 * (self.T_mult**rounds - 1) / (self.T_mult - 1)
            self.T_i = self.T_0 * self.T_mult**rounds
