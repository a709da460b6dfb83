"""Nothing that computes outside the operations warns either: making tensors, filling, converting them, layers, steps, clipping.

The laws over all operations are in test_extremes_torch.py. What is run here is run with NumPy's RuntimeWarnings as errors.
"""

import warnings

import numpy as np
import pytest

import autodiff
from autodiff import nn, optim

BIG = [float("inf"), -float("inf"), float("nan"), 3e38, -3e38, 1e-45, 0.0]
X = autodiff.tensor(BIG)
D = autodiff.tensor([*BIG, 1e308], dtype=autodiff.float64)


@pytest.fixture(autouse=True)
def warnings_are_errors():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        warnings.simplefilter("error", RuntimeWarning)
        yield


CALLS = {
    "arange": lambda T: T.arange(0, 3e38, 1e38),
    "linspace": lambda T: T.linspace(-3e38, 3e38, 5),
    "linspace to infinity": lambda T: T.linspace(0, float("inf"), 5),
    "logspace": lambda T: T.logspace(0, 400, 5),
    "full": lambda T: T.full((2,), 3.4e38),
    "full of float16": lambda T: T.full((2,), 1e9, dtype=T.float16),
    "full_like": lambda T: T.full_like(X, 3.4e38),
    "new_full": lambda T: X.new_full((2,), 3.4e38),
    "fill_": lambda T: T.zeros(2).fill_(3.4e38),
    "fill_ of ints": lambda T: T.zeros(2, dtype=T.uint8).fill_(-3),
    "int": lambda T: X.int(),
    "long": lambda T: D.long(),
    "half": lambda T: D.half(),
    "bool": lambda T: X.bool(),
    "to": lambda T: D.to(T.uint8),
    "copy_": lambda T: T.zeros(8, dtype=T.int16).copy_(D),
    "tensor": lambda T: T.tensor([1e300]),
    "tensor of an array": lambda T: T.tensor(np.array([1e300]), dtype=T.float32),
    "tensor of an array as ints": lambda T: T.tensor(np.array(BIG), dtype=T.int32),
    "as_tensor": lambda T: T.as_tensor(np.array([1e300]), dtype=T.float32),
    "setitem": lambda T: X.clone().__setitem__(0, 3e38),
    "setitem of a tensor": lambda T: T.zeros(8).__setitem__(slice(None), D),
    "masked_fill": lambda T: X.masked_fill(X > 0, 3e38),
    "uniform_": lambda T: T.zeros(9).uniform_(-1.6e38, 1.6e38),
    "normal_": lambda T: T.zeros(99).normal_(1e38, 3e38),
    "log_normal_": lambda T: T.zeros(99).log_normal_(1000, 3),
    "exponential_": lambda T: T.zeros(99).exponential_(1e-45),
    "normal": lambda T: T.normal(X, 3e38),
    "isclose": lambda T: T.isclose(X, X * 2),
    "allclose": lambda T: T.allclose(D, D),
    "printing": lambda T: f"{X} {D} {X.half()} {D.sum()} {X[0]:.2f} {X.tolist()}",
    "bincount": lambda T: T.bincount(T.tensor([1, 1]), T.tensor([3e38, 3e38])),
    "histc": lambda T: T.histc(T.tensor([3e38, -3e38]), 4),
    "normal of a large std": lambda T: T.normal(X, 1e300),
    "lu": lambda T: T.linalg.lu(T.tensor([[float("inf"), 1.0], [1.0, 2.0]])),
    "inv_ex": lambda T: T.linalg.inv_ex(T.tensor([[float("inf"), 3e38], [3e38, float("nan")]])),
    "geqrf": lambda T: T.geqrf(T.full((2, 2), 3e38)),
    "svdvals": lambda T: T.linalg.svdvals(T.full((2, 2), 3e38)),
    "matrix_rank": lambda T: T.linalg.matrix_rank(T.full((2, 2), 3e38)),
    "a polynomial": lambda T: T.special.laguerre_polynomial_l(D, 5),
    "a polynomial of a degree without end": lambda T: T.special.hermite_polynomial_h(1.0, X[:3]),
    "unique": lambda T: T.unique(D),
    "a number on the left": lambda T: 1e300 - X,
    "a number on the right": lambda T: X * 1e300,
    "a power": lambda T: 2.0**X,
    "by zero": lambda T: (X // 0.0, X % 0.0, T.tensor([1, 2]) / 0),
    "a comparison": lambda T: X < 1e300,
    "dropout": lambda T: nn.functional.dropout(T.full((9,), 6e4, dtype=T.float16), 0.9),
    "jacobian": lambda T: T.autograd.functional.jacobian(lambda v: (v**3).exp(), X),
    "hessian": lambda T: T.autograd.functional.hessian(lambda v: (v**3).sum(), X),
    "init.uniform_": lambda T: nn.init.uniform_(T.empty(4, 4), -1.6e38, 1.6e38),
    "init.normal_": lambda T: nn.init.normal_(T.empty(4, 4), 0, 3e38),
    "init.xavier_normal_": lambda T: nn.init.xavier_normal_(T.empty(4, 4), 3e38),
    "clip_grad_norm_": lambda T: nn.utils.clip_grad_norm_([with_gradient(X), with_gradient(X)], 1.0),
    "clip_grad_norm_ 1": lambda T: nn.utils.clip_grad_norm_([with_gradient(T.full((3,), 3e38))], 1.0, 1),
    "clip_grad_value_": lambda T: nn.utils.clip_grad_value_([with_gradient(X)], 1.0),
}


def with_gradient(g):
    p = nn.Parameter(autodiff.zeros_like(g))
    p.grad = g.clone()
    return p


@pytest.mark.parametrize("name", CALLS)
def test_a_call_is_silent(name):
    CALLS[name](autodiff)


OPTIONS = [{}, {"weight_decay": 0.1}, {"maximize": True}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True}]
OPTIMIZERS = [cls for cls in vars(optim).values() if isinstance(cls, type) and issubclass(cls, optim.Optimizer)]


@pytest.mark.parametrize(
    "g", [X, D, X.half(), autodiff.full((3,), 3e38), autodiff.full((3,), 1e-45)], ids=lambda g: str(g.dtype)
)
def test_steps_are_silent(g):
    ran = 0
    for cls in OPTIMIZERS:
        for options in OPTIONS:
            if cls in (optim.LBFGS, optim.SparseAdam):
                continue  # the one computes the loss itself, the other refuses such gradients
            try:
                optimizer = cls([with_gradient(g)], lr=0.1, **options)
            except (TypeError, ValueError):  # it has no such option, is the base class, or takes matrices only
                continue
            for _ in range(3):
                optimizer.step()
            ran += 1
    assert ran >= 20


LAYERS = [
    nn.ReLU,
    nn.Sigmoid,
    nn.Tanh,
    nn.GELU,
    nn.SiLU,
    nn.ELU,
    nn.Softplus,
    nn.LogSigmoid,
    nn.Hardswish,
    nn.Mish,
    nn.PReLU,
    nn.Softsign,
]
LOSSES = [nn.MSELoss, nn.L1Loss, nn.HuberLoss, nn.SmoothL1Loss, nn.BCEWithLogitsLoss, nn.KLDivLoss, nn.CrossEntropyLoss]


@pytest.mark.parametrize("value", [*BIG, 1.0])
def test_layers_and_losses_are_silent(value):
    for cls in LAYERS + LOSSES:
        x = autodiff.full((4, 7), value, requires_grad=True)
        layer = nn.Sequential(nn.Linear(7, 7), cls()) if cls in LAYERS else cls()
        y = layer(x) if cls in LAYERS else layer(x, autodiff.full((4, 7), 0.5))
        y.sum().backward()
