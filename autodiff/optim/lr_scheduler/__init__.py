"""Schedules: learning rates that change from epoch to epoch.

After this package a reader knows that a scheduler only writes numbers into the optimiser's groups. Some are made of others.

- `scheduler`: the base class: counting, writing, saving. Begin here.
- `factors`: each rate from the one before, times a factor.
- `cosine`: down along a cosine, once or again and again.
- `cycles`: up and down, with momentum the other way.
- `plateau`: less when nothing gets better.
- `several`: schedules at once, or one after the other.
"""

from typing import TYPE_CHECKING, Any

# isort: off
from autodiff._core.missing import missing_name
from autodiff.optim.lr_scheduler.cosine import CosineAnnealingLR, CosineAnnealingWarmRestarts
from autodiff.optim.lr_scheduler.cycles import CyclicLR, OneCycleLR
from autodiff.optim.lr_scheduler.factors import (
    ConstantLR, ExponentialLR, LambdaLR, LinearLR, MultiplicativeLR, MultiStepLR, PolynomialLR, StepLR,
)
from autodiff.optim.lr_scheduler.plateau import ReduceLROnPlateau
from autodiff.optim.lr_scheduler.scheduler import EPOCH_DEPRECATION_WARNING as EPOCH_DEPRECATION_WARNING
from autodiff.optim.lr_scheduler.scheduler import LRScheduler, _LRScheduler as _LRScheduler
from autodiff.optim.lr_scheduler.several import ChainedScheduler, SequentialLR

# isort: on

__all__ = [
    "ChainedScheduler", "ConstantLR", "CosineAnnealingLR", "CosineAnnealingWarmRestarts", "CyclicLR", "ExponentialLR",
    "LRScheduler", "LambdaLR", "LinearLR", "MultiStepLR", "MultiplicativeLR", "OneCycleLR", "PolynomialLR",
    "ReduceLROnPlateau", "SequentialLR", "StepLR",
]


if not TYPE_CHECKING:  # it would take every name

    def __getattr__(name: str) -> Any:
        raise missing_name(__name__, name)
