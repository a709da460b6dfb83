"""The functions of optimisers, `optim.adam.adam(params, grads, ...)`, against PyTorch's: what they change in three steps."""

import importlib
import inspect

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")

# The lists of states of each (a number begins them; () is an empty list), and its options.
FUNCTIONS = {
    "sgd": ({"momentum_buffer_list": None},
            {"weight_decay": 0.1, "momentum": 0.9, "lr": 0.1, "dampening": 0.0, "nesterov": False}),
    "adam": ({"exp_avgs": 0, "exp_avg_sqs": 0, "max_exp_avg_sqs": 0},
             {"amsgrad": True, "beta1": 0.9, "beta2": 0.99, "lr": 0.1, "weight_decay": 0.1, "eps": 1e-8}),
    "adamw": ({"exp_avgs": 0, "exp_avg_sqs": 0, "max_exp_avg_sqs": ()},
              {"amsgrad": False, "beta1": 0.9, "beta2": 0.99, "lr": 0.1, "weight_decay": 0.1, "eps": 1e-8}),
    "adagrad": ({"state_sums": 0}, {"lr": 0.1, "weight_decay": 0.1, "lr_decay": 0.1, "eps": 1e-8}),
    "adadelta": ({"square_avgs": 0, "acc_deltas": 0}, {"lr": 0.1, "rho": 0.9, "eps": 1e-6, "weight_decay": 0.1}),
    "adamax": ({"exp_avgs": 0, "exp_infs": 0}, {"lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1}),
    "asgd": ({"axs": 0, "mus": "one", "etas": "one"}, {"lambd": 0.1, "lr": 0.1, "t0": 2.0, "alpha": 0.75, "weight_decay": 0.1}),
    "nadam": ({"exp_avgs": 0, "exp_avg_sqs": 0, "mu_products": "one"},
              {"lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1, "momentum_decay": 0.01}),
    "radam": ({"exp_avgs": 0, "exp_avg_sqs": 0}, {"lr": 0.1, "beta1": 0.9, "beta2": 0.99, "eps": 1e-8, "weight_decay": 0.1}),
    "rmsprop": ({"square_avgs": 0, "grad_avgs": 0, "momentum_buffer_list": 0},
                {"lr": 0.1, "alpha": 0.9, "eps": 1e-8, "weight_decay": 0.1, "momentum": 0.9, "centered": True}),
    "rprop": ({"prevs": 0, "step_sizes": 0.1}, {"step_size_min": 1e-6, "step_size_max": 50.0, "etaminus": 0.5, "etaplus": 1.2}),
    "_adafactor": ({"row_vars": "rows", "col_vars": "columns", "variances": "vector"},
                   {"lr": 0.1, "beta2_decay": -0.8, "eps1": 1e-7, "eps2": 1e-3, "d": 1.0, "weight_decay": 0.1}),
    "_muon": ({"muon_momentum_bufs": 0},
              {"lr": 0.1, "weight_decay": 0.1, "momentum": 0.9, "nesterov": True, "ns_coefficients": (3.4445, -4.775, 2.0315),
               "ns_steps": 5, "eps": 1e-7, "adjust_lr_fn": None, "has_complex": False}),
}  # fmt: skip


def begun(T, start, p):
    if start is None or (start in ("rows", "columns", "vector") and (p.ndim == 1) != (start == "vector")):
        return None
    if start in ("rows", "columns"):
        return T.zeros_like(p[:, :1] if start == "rows" else p[:1])
    start = 0 if start == "vector" else start
    return T.ones(()) if start == "one" else T.full_like(p, start)


def prepared(T, name, maximize=False):
    """The function, and its arguments by name."""
    starts, options = FUNCTIONS[name]
    params = [T.tensor([[1.0, -2.0], [0.5, 3.0]]), T.tensor([[0.25]] if name == "_muon" else [0.25])]
    states = {key: [] if start == () else [begun(T, start, p) for p in params] for key, start in starts.items()}
    function = getattr(importlib.import_module(f"{T.__name__}.optim.{name}"), name.strip("_"))
    if "state_steps" in inspect.signature(function).parameters:
        states["state_steps"] = [T.tensor(0.0) for _ in params]
    return function, params, states, options if name == "_muon" else {**options, "maximize": maximize}


def grads_of(T, step, params):
    rng = np.random.default_rng(step)
    return [T.from_numpy(rng.normal(size=tuple(p.shape)).astype(np.float32)) for p in params]


@pytest.mark.parametrize("maximize", [False, True])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_three_steps(name, maximize):
    results = []
    for T in (autodiff, torch):
        function, params, states, options = prepared(T, name, maximize)
        for step in range(3):
            assert function(params, grads_of(T, step, params), *states.values(), **options) is None
        results.append([*params, *(t for column in states.values() for t in column if t is not None)])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_signatures_are_pytorchs(name):
    ours, theirs = (inspect.signature(prepared(T, name)[0]).parameters.values() for T in (autodiff, torch))
    assert [(p.name, p.kind, p.default) for p in ours] == [(p.name, p.kind, p.default) for p in theirs]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_step_counts_as_a_change_and_leaves_are_refused(name):
    for T in (autodiff, torch):
        function, params, states, options = prepared(T, name)
        before = params[0]._version
        function(params, grads_of(T, 0, params), *states.values(), **options)
        assert params[0]._version > before
        params[1].requires_grad_()
        with pytest.raises(RuntimeError, match="leaf" if T is autodiff else "requires grad"):
            function(params, grads_of(T, 0, params), *states.values(), **options)
        with T.no_grad():
            function(params, grads_of(T, 0, params), *states.values(), **options)


def test_what_is_refused():
    function, params, states, options = prepared(autodiff, "adam")
    grads = grads_of(autodiff, 0, params)
    with pytest.raises(NotImplementedError, match="differentiable=True"):
        function(params, grads, *states.values(), differentiable=True, **options)
    with pytest.raises(AssertionError, match="grad_scale"):
        function(params, grads, *states.values(), grad_scale=autodiff.ones(1), **options)
    with pytest.raises(RuntimeError, match="one length, found params: 2, grads: 1"):
        function(params, grads[:1], *states.values(), **options)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_decay_leaves_what_is_infinite_alone(name):
    """0 * inf would be nan: without weight decay the parameter is no part of its own gradient."""
    results = []
    for T in (autodiff, torch):
        function, params, states, options = prepared(T, name)
        options = {**options, **{key: 0.0 for key in ("weight_decay", "lambd") if key in options}}
        params[0][0, 1] = float("inf")
        for step in range(2):
            function(params, grads_of(T, step, params), *states.values(), **options)
        results.append(params)
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.numpy(), rtol=1e-5, atol=1e-6)
