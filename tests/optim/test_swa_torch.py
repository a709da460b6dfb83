"""Averaged models, and the schedule that goes with them, against PyTorch."""

import copy
import inspect
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff.optim import swa_utils

torch = pytest.importorskip("torch")


def a_model(T, dtype="float64"):
    T.manual_seed(0)
    model = T.nn.Sequential(T.nn.Linear(3, 4), T.nn.BatchNorm1d(4), T.nn.Linear(4, 2))
    return model.to(getattr(T, dtype))


MEANS = {
    "all alike": lambda S: {},
    "one by one": lambda S: {"avg_fn": S.get_swa_avg_fn()},
    "in lists": lambda S: {"multi_avg_fn": S.get_swa_multi_avg_fn()},
    "later ones more": lambda S: {"avg_fn": S.get_ema_avg_fn(0.7)},
    "later ones more, in lists": lambda S: {"multi_avg_fn": S.get_ema_multi_avg_fn(0.3)},
    "a function of one's own": lambda S: {"avg_fn": lambda mean, new, count: mean * 0.5 + new * 0.5 / (count + 1)},
}


def averaged(T, kind, use_buffers, dtype):
    model, rng = a_model(T, dtype), np.random.default_rng(0)
    if use_buffers:  # a count of batches has no mean in PyTorch
        model[1] = T.nn.Identity()
        model[0].register_buffer("seen", T.ones(3, dtype=getattr(T, dtype)))
    mean = T.optim.swa_utils.AveragedModel(model, use_buffers=use_buffers, **MEANS[kind](T.optim.swa_utils))
    for _ in range(4):
        with T.no_grad():
            for t in (*model.parameters(), *model.buffers()):
                if t.is_floating_point():
                    t.copy_(T.from_numpy(rng.normal(size=tuple(t.shape))))
        mean.update_parameters(model)
    state = mean.state_dict()
    mean.eval()
    y = mean(T.from_numpy(rng.normal(size=(5, 3))).to(getattr(T, dtype)))
    return list(state), [v.numpy() for v in state.values()], y.detach().numpy()


@pytest.mark.parametrize("kind", MEANS)
@pytest.mark.parametrize("use_buffers", [False, True])
@pytest.mark.parametrize(("dtype", "rtol"), [("float64", 1e-12), ("float32", 1e-5)])
def test_means_are_pytorchs(kind, use_buffers, dtype, rtol):
    (names, found, y), (their_names, expected, their_y) = (averaged(T, kind, use_buffers, dtype) for T in (autodiff, torch))
    assert names == their_names
    for a, b in zip([*found, y], [*expected, their_y], strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)


def test_a_mean_of_counts_of_batches():
    found = []
    for T in (autodiff, torch):
        model = a_model(T)
        S = T.optim.swa_utils
        means = [S.AveragedModel(model, use_buffers=True, multi_avg_fn=S.get_ema_multi_avg_fn(0.5)),
                 S.AveragedModel(model, use_buffers=True, avg_fn=S.get_ema_avg_fn(0.5))]  # fmt: skip
        for k in (2, 6, 11):
            model[1].num_batches_tracked.fill_(k)
            for mean in means:
                mean.update_parameters(model)
        found.append([mean.module[1].num_batches_tracked.item() for mean in means])
    assert found[0] == found[1]


@pytest.mark.parametrize("name", ["get_swa_avg_fn", "get_ema_avg_fn", "get_swa_multi_avg_fn", "get_ema_multi_avg_fn"])
def test_means_of_whole_numbers_and_of_fractions(name):
    """One by one as a value, in lists in place; counts so far and decays at their limits."""
    whole = [] if name == "get_swa_multi_avg_fn" else [("int64", [4, -8, 7], [8, 0, -2])]  # PyTorch has no such mean
    numbers = [("float32", [0.5, -2.0], [1.5, 8.0]), ("float64", [1.0], [3.0]), *whole]
    decays = [(0.0,), (0.25,), (1.0,)] if "ema" in name else [()]
    for options, count, (dtype, old, new) in itertools.product(decays, (0, 1, 3), numbers):
        found = []
        for T in (autodiff, torch):
            function = getattr(T.optim.swa_utils, name)(*options)
            mean, more = (T.tensor(values, dtype=getattr(T, dtype)) for values in (old, new))
            if "multi" in name:
                assert function([mean], [more], T.tensor(count)) is None
            else:
                mean = function(mean, more.requires_grad_(dtype == "float64"), count)
                assert not mean.requires_grad
            found.append((str(mean.dtype), mean.tolist()))
        assert found[0] == found[1]


def test_a_mean_of_whole_numbers_in_lists():
    means = [autodiff.tensor([4, -8, 7]), autodiff.tensor([0])]
    swa_utils.get_swa_multi_avg_fn()(means, [autodiff.tensor([8, 0, -2]), autodiff.tensor([9])], 3)
    assert [mean.tolist() for mean in means] == [[5, -6, 4], [2]]  # 4.75 and 2.25, as whole numbers


def test_where_an_averaged_model_is_put():
    for T in (autodiff, torch):
        S, model = T.optim.swa_utils, a_model(T)
        mean = S.AveragedModel(model, device="cpu")
        assert mean.n_averaged.item() == 0
        assert mean(T.ones(2, 3, dtype=T.float64)).shape == (2, 2)
        batches = [T.ones(4, 3, dtype=T.float64) * k for k in range(3)]
        S.update_bn(batches, mean, device="cpu")
        assert mean.module[1].num_batches_tracked.item() == 3
        assert mean.module[1].momentum == 0.1
        assert mean.training
        with pytest.raises((RuntimeError, AssertionError)):
            S.AveragedModel(model, device="cuda")


def test_a_mean_is_pickled():
    mean = swa_utils.AveragedModel(a_model(autodiff))
    again = pickle.loads(pickle.dumps(mean))
    assert [p.tolist() for p in again.parameters()] == [p.tolist() for p in mean.parameters()]


def test_the_copy_is_not_the_model():
    model = a_model(autodiff)
    mean = swa_utils.AveragedModel(model)
    before = [p.tolist() for p in mean.parameters()]
    with autodiff.no_grad():
        for p in model.parameters():
            p.add_(1)
    assert [p.tolist() for p in mean.parameters()] == before
    mean.update_parameters(model)
    assert [p.tolist() for p in mean.parameters()] == [p.tolist() for p in model.parameters()]
    again = swa_utils.AveragedModel(a_model(autodiff))
    again.load_state_dict(copy.deepcopy(mean.state_dict()))
    assert again.n_averaged.item() == 1


def test_statistics_are_computed_anew():
    found = []
    for T in (autodiff, torch):
        model, rng = a_model(T), np.random.default_rng(1)
        model.eval()
        batches = [T.from_numpy(rng.normal(3, 2, size=(6, 3))) for _ in range(3)]
        T.optim.swa_utils.update_bn([batches[0], [batches[1], "label"], (batches[2],)], model)
        norm = model[1]
        assert not model.training
        assert norm.momentum == 0.1
        found.append([norm.running_mean.numpy(), norm.running_var.numpy(), norm.num_batches_tracked.item()])
        T.optim.swa_utils.update_bn([], T.nn.Linear(2, 2))
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9)


@given(
    strategy=st.sampled_from(["cos", "linear"]), epochs=st.integers(0, 9), swa_lr=st.sampled_from([0.05, 0.7, [0.1, 0.01]]),
    chained=st.booleans(),
)  # fmt: skip
def test_rates_are_pytorchs(strategy, epochs, swa_lr, chained):
    found = []
    for T in (autodiff, torch):
        groups = [{"params": [T.ones(1)]}, {"params": [T.ones(1)], "lr": 0.1}]
        optimizer = T.optim.SGD(groups, lr=0.3)
        first = T.optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
        scheduler = T.optim.swa_utils.SWALR(optimizer, swa_lr, anneal_epochs=epochs, anneal_strategy=strategy)
        run = [scheduler.get_last_lr()]
        for k in range(15):
            optimizer.step()
            (first if chained and k < 4 else scheduler).step()
            run.append([group["lr"] for group in optimizer.param_groups])
        state = scheduler.state_dict()
        other = T.optim.swa_utils.SWALR(optimizer, swa_lr)
        other.load_state_dict(state)
        other.step()
        found.append((run, state, other.get_last_lr()))
    assert found[0] == found[1]


REFUSED = {
    "decay": lambda T, o: T.optim.swa_utils.get_ema_avg_fn(1.5),
    "decay of lists": lambda T, o: T.optim.swa_utils.get_ema_multi_avg_fn(-0.1),
    "two functions": lambda T, o: T.optim.swa_utils.AveragedModel(T.nn.Linear(1, 1), avg_fn=max, multi_avg_fn=max),
    "strategy": lambda T, o: T.optim.swa_utils.SWALR(o, 0.1, anneal_strategy="cosine"),
    "epochs": lambda T, o: T.optim.swa_utils.SWALR(o, 0.1, anneal_epochs=-1),
    "half an epoch": lambda T, o: T.optim.swa_utils.SWALR(o, 0.1, anneal_epochs=1.5),
    "rates": lambda T, o: T.optim.swa_utils.SWALR(o, [0.1, 0.2]),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    told = []
    for T in (autodiff, torch):
        with pytest.raises((ValueError, AssertionError)) as error:
            REFUSED[case](T, T.optim.SGD([T.ones(1)], lr=0.1))
        told.append((type(error.value), str(error.value)))
    assert told[0] == told[1]


@pytest.mark.parametrize("name", swa_utils.__all__)
def test_signatures_are_pytorchs(name):
    def named(S):
        return [(p.name, p.kind, p.default) for p in inspect.signature(getattr(S, name)).parameters.values()]

    assert named(swa_utils) == named(torch.optim.swa_utils)
    assert name in torch.optim.swa_utils.__all__
