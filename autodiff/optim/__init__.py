"""Optimisers: they turn gradients into steps of the parameters.

After this package a reader knows that an optimiser is bookkeeping (`optimizer.py`: which parameters, which options, which
state, and the loop of a step) around one pure function for each algorithm (`sgd.py`).
"""

from typing import TYPE_CHECKING, Any

from autodiff._core.missing import missing_name
from autodiff.optim import lr_scheduler as lr_scheduler
from autodiff.optim import swa_utils as swa_utils
from autodiff.optim._adafactor import Adafactor
from autodiff.optim._muon import Muon
from autodiff.optim._stateless import swap_in_optimizer_params_and_state
from autodiff.optim.adadelta import Adadelta
from autodiff.optim.adagrad import Adagrad
from autodiff.optim.adam import Adam
from autodiff.optim.adamax import Adamax
from autodiff.optim.adamw import AdamW
from autodiff.optim.asgd import ASGD
from autodiff.optim.lbfgs import LBFGS
from autodiff.optim.nadam import NAdam
from autodiff.optim.optimizer import Optimizer
from autodiff.optim.radam import RAdam
from autodiff.optim.rmsprop import RMSprop
from autodiff.optim.rprop import Rprop
from autodiff.optim.sgd import SGD
from autodiff.optim.sparse_adam import SparseAdam

__all__ = [
    "ASGD", "LBFGS", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Muon", "NAdam", "Optimizer",
    "RAdam", "RMSprop", "Rprop", "SparseAdam", "lr_scheduler", "swa_utils", "swap_in_optimizer_params_and_state",
]


if not TYPE_CHECKING:  # it would take every name

    def __getattr__(name: str) -> Any:
        raise missing_name(__name__, name)
