"""Averages of a model over its training: all of its weights' values on the way, or the later ones more.

After this module a reader knows that the mean of several models may be better than each of them, if they lie in one valley,
and that a layer which keeps statistics of its inputs must see the data once more after that.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from copy import deepcopy
from itertools import chain
from typing import Any, Literal

from autodiff._core.modes import no_grad
from autodiff._core.tensor import Tensor
from autodiff.api.creation import tensor
from autodiff.nn.modules.batchnorm import _BatchNorm
from autodiff.nn.modules.module import Module
from autodiff.optim.lr_scheduler.scheduler import LRScheduler, for_each
from autodiff.optim.optimizer import Optimizer

__all__ = [
    "SWALR", "AveragedModel", "get_ema_avg_fn", "get_ema_multi_avg_fn", "get_swa_avg_fn", "get_swa_multi_avg_fn", "update_bn",
]

Tensors = Sequence[Tensor]


def _check_decay(decay: float) -> None:
    if decay < 0.0 or decay > 1.0:
        raise ValueError(f"Invalid decay value {decay} provided. Please provide a value in [0,1] range.")


def get_ema_avg_fn(decay: float = 0.999) -> Callable[[Tensor, Tensor, Any], Any]:
    """A function (mean, new, count) -> decay * mean + (1 - decay) * new: the later a value, the more it counts.

    ValueError for a decay that is not in [0, 1].

    >>> import autodiff as torch
    >>> from autodiff.optim.swa_utils import get_ema_avg_fn
    >>> get_ema_avg_fn(0.75)(torch.tensor([4.0]), torch.tensor([8.0]), 1)
    tensor([5.])
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param: Tensor, current_param: Tensor, num_averaged: Any) -> Any:
        return decay * ema_param + (1 - decay) * current_param

    return ema_update


def get_swa_avg_fn() -> Callable[[Tensor, Tensor, Any], Any]:
    """A function (mean, new, count) -> mean + (new - mean) / (count + 1): every value counts alike.

    >>> import autodiff as torch
    >>> from autodiff.optim.swa_utils import get_swa_avg_fn
    >>> get_swa_avg_fn()(torch.tensor([4.0]), torch.tensor([8.0]), 3)
    tensor([5.])
    """

    @no_grad()
    def swa_update(averaged_param: Tensor, current_param: Tensor, num_averaged: Any) -> Any:
        return averaged_param + (current_param - averaged_param) / (num_averaged + 1)

    return swa_update


def get_ema_multi_avg_fn(decay: float = 0.999) -> Callable[[Tensors, Tensors, Any], None]:
    """`get_ema_avg_fn` for lists of tensors, which changes the means in place.

    >>> import autodiff as torch
    >>> from autodiff.optim.swa_utils import get_ema_multi_avg_fn
    >>> mean = torch.tensor([4.0])
    >>> get_ema_multi_avg_fn(0.75)([mean], [torch.tensor([8.0])], 1)
    >>> mean
    tensor([5.])
    """
    _check_decay(decay)

    @no_grad()
    def ema_update(ema_param_list: Tensors, current_param_list: Tensors, num_averaged: Any) -> None:
        for mean, new in zip(ema_param_list, current_param_list, strict=True):
            if mean.is_floating_point():
                mean.lerp_(new, 1 - decay)
            else:
                mean.copy_(mean * decay + new * (1 - decay))

    return ema_update


def get_swa_multi_avg_fn() -> Callable[[Tensors, Tensors, Any], None]:
    """`get_swa_avg_fn` for lists of tensors, which changes the means in place.

    >>> import autodiff as torch
    >>> from autodiff.optim.swa_utils import get_swa_multi_avg_fn
    >>> mean = torch.tensor([4.0])
    >>> get_swa_multi_avg_fn()([mean], [torch.tensor([8.0])], 3)
    >>> mean
    tensor([5.])
    """

    @no_grad()
    def swa_update(averaged_param_list: Tensors, current_param_list: Tensors, num_averaged: Any) -> None:
        share = 1 / (num_averaged + 1)
        for mean, new in zip(averaged_param_list, current_param_list, strict=True):
            if mean.is_floating_point():
                mean.lerp_(new, float(share))
            else:
                mean.copy_(mean + (new - mean) * share)

    return swa_update


class AveragedModel(Module):
    """A copy of `model` whose parameters are means over all calls of `update_parameters(model)`.

    The mean is of all alike, or what `avg_fn(mean, new, count)` returns, or what `multi_avg_fn(means, news, count)` makes of
    the lists of them in place; not both are given (AssertionError). With `use_buffers` buffers are averaged too, else they are
    the model's. The first call copies. `n_averaged` counts the calls, `module` is the copy. Source: Izmailov et al., Averaging
    weights leads to wider optima and better generalization, 2018.

    >>> from autodiff import nn
    >>> from autodiff.optim.swa_utils import AveragedModel
    >>> model = nn.Linear(1, 1, bias=False)
    >>> mean = AveragedModel(model)
    >>> for value in (1.0, 2.0, 6.0):
    ...     _ = nn.init.constant_(model.weight, value)
    ...     mean.update_parameters(model)
    >>> mean.module.weight.item(), mean.n_averaged.item()
    (3.0, 3)
    """

    n_averaged: Tensor

    def __init__(
        self, model: Module, device: Any = None, avg_fn: Callable[[Tensor, Tensor, Any], Tensor] | None = None,
        multi_avg_fn: Callable[[Any, Any, Any], None] | None = None, use_buffers: bool = False,
    ) -> None:
        super().__init__()
        if avg_fn is not None and multi_avg_fn is not None:
            raise AssertionError("Only one of avg_fn and multi_avg_fn should be provided")
        self.module = deepcopy(model)
        if device is not None:
            self.module = self.module.to(device)
        self.register_buffer("n_averaged", tensor(0, device=device))
        self.avg_fn, self.multi_avg_fn, self.use_buffers = avg_fn, multi_avg_fn, use_buffers

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The copy's forward."""
        return self.module(*args, **kwargs)

    def update_parameters(self, model: Module) -> None:
        """Take the model's parameters, as they are now, into the means."""
        of = [chain(m.parameters(), m.buffers()) if self.use_buffers else m.parameters() for m in (self.module, model)]
        pairs = [(mean.detach(), new.detach()) for mean, new in zip(*of)]
        if self.n_averaged == 0:
            for mean, new in pairs:
                mean.copy_(new)
        elif self.multi_avg_fn is not None:
            self.multi_avg_fn([mean for mean, _ in pairs], [new for _, new in pairs], self.n_averaged)
        else:
            avg_fn = self.avg_fn or get_swa_avg_fn()
            for mean, new in pairs:
                mean.copy_(avg_fn(mean, new, self.n_averaged))
        if not self.use_buffers:
            for mean, new in zip(self.module.buffers(), model.buffers(), strict=True):
                mean.detach().copy_(new.detach())
        self.n_averaged += 1


@no_grad()
def update_bn(loader: Iterable[Any], model: Module, device: Any = None) -> None:
    """Compute the running statistics of the model's batch norms anew, as plain means over the batches of `loader`.

    A batch is the input, or a list or tuple that begins with it. The model is in training mode meanwhile.

    >>> import autodiff as torch
    >>> from autodiff import nn
    >>> from autodiff.optim.swa_utils import update_bn
    >>> layer = nn.BatchNorm1d(1)
    >>> update_bn([torch.tensor([[1.0], [3.0]]), torch.tensor([[5.0], [7.0]])], layer)
    >>> layer.running_mean
    tensor([4.])
    """
    momenta = {module: module.momentum for module in model.modules() if isinstance(module, _BatchNorm)}
    if not momenta:
        return
    was_training = model.training
    model.train()
    for module in momenta:
        module.reset_running_stats()
        module.momentum = None  # a plain mean
    for batch in loader:
        given = batch[0] if isinstance(batch, (list, tuple)) else batch
        model(given if device is None else given.to(device))
    for module, momentum in momenta.items():
        module.momentum = momentum
    model.train(was_training)


class SWALR(LRScheduler):
    """From the rate that the groups have to `swa_lr`, in `anneal_epochs` epochs along a cosine or a line; then it stays.

    `swa_lr` is one number or a list with one for each group. ValueError for a list of another length, a strategy that is not
    "cos" or "linear", and for epochs that are not an int of at least 0.

    >>> from autodiff import nn, optim
    >>> optimizer = optim.SGD(nn.Linear(1, 1).parameters(), lr=1.0)
    >>> scheduler = optim.swa_utils.SWALR(optimizer, swa_lr=0.5, anneal_epochs=2, anneal_strategy="linear")
    >>> optimizer.step()
    >>> scheduler.step()
    >>> scheduler.get_last_lr()
    [0.75]
    """

    def __init__(
        self, optimizer: Optimizer, swa_lr: float, anneal_epochs: int = 10, anneal_strategy: Literal["cos", "linear"] = "cos",
        last_epoch: int = -1,
    ) -> None:
        for lr, group in zip(for_each("swa_lr", optimizer, swa_lr), optimizer.param_groups, strict=True):
            group["swa_lr"] = lr
        if anneal_strategy not in ("cos", "linear"):
            raise ValueError(f"anneal_strategy must be one of 'cos' or 'linear', instead got {anneal_strategy}")
        self._anneal_strategy = anneal_strategy
        if not isinstance(anneal_epochs, int) or anneal_epochs < 0:
            raise ValueError(f"anneal_epochs must be equal or greater than 0, got {anneal_epochs}")
        self.anneal_epochs = anneal_epochs
        super().__init__(optimizer, last_epoch)

    def anneal_func(self, t: float) -> float:
        """How much of the way is gone at the share t of the epochs."""
        return (1 - math.cos(math.pi * t)) / 2 if self._anneal_strategy == "cos" else t

    def get_lr(self) -> list[Any]:
        """The rates of this epoch; to read them, use `get_last_lr`."""
        self._warn_outside_of_step()
        step = self._step_count - 1
        if self.anneal_epochs == 0:
            step = max(1, step)
        whole = max(1, self.anneal_epochs)
        before, now = (self.anneal_func(max(0, min(1, part))) for part in ((step - 1) / whole, step / whole))
        rates = []
        for group in self.optimizer.param_groups:
            end = group["swa_lr"]
            start = end if before == 1 else (group["lr"] - before * end) / (1 - before)  # the rate that it all began with
            rates.append(end * now + start * (1 - now))
        return rates
