"""Schedules against PyTorch: the same rates and momenta, bit for bit, the same state, warnings and refusals."""

import copy
import gc
import inspect
import pickle
import warnings
import weakref

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff.optim import lr_scheduler

torch = pytest.importorskip("torch")

SMALL = st.integers(1, 7)
GAMMA = st.sampled_from([0.1, 0.5, 0.97])


class Powers:
    """A callable object, whose attributes are saved."""

    def __init__(self, base):
        self.base = base

    def __call__(self, epoch):
        return self.base**epoch


FACTORS = st.sampled_from([lambda epoch: 0.9**epoch, lambda epoch: 1 / (1 + epoch), Powers(0.8)])
OPTIONS = {
    "LambdaLR": {"lr_lambda": st.one_of(FACTORS, st.tuples(FACTORS, FACTORS).map(list))},
    "MultiplicativeLR": {"lr_lambda": FACTORS},
    "StepLR": {"step_size": SMALL, "gamma": GAMMA},
    "MultiStepLR": {"milestones": st.lists(st.integers(0, 12), max_size=4), "gamma": GAMMA},
    "ConstantLR": {"factor": st.sampled_from([0.25, 1 / 3, 1.0]), "total_iters": SMALL},
    "LinearLR": {
        "start_factor": st.sampled_from([0.1, 1 / 3, 1.0]), "end_factor": st.sampled_from([0.0, 0.5, 1.0]),
        "total_iters": SMALL,
    },
    "ExponentialLR": {"gamma": GAMMA},
    "PolynomialLR": {"total_iters": SMALL, "power": st.sampled_from([0.5, 1.0, 2.0])},
    "CosineAnnealingLR": {"T_max": SMALL, "eta_min": st.sampled_from([0.0, 0.01])},
    "CosineAnnealingWarmRestarts": {"T_0": SMALL, "T_mult": st.integers(1, 3), "eta_min": st.sampled_from([0.0, 0.01])},
    "CyclicLR": {
        "base_lr": st.sampled_from([0.01, [0.01, 0.03]]), "max_lr": st.sampled_from([0.5, [0.5, 0.2]]), "step_size_up": SMALL,
        "step_size_down": st.one_of(st.none(), SMALL), "mode": st.sampled_from(["triangular", "triangular2", "exp_range"]),
        "gamma": GAMMA, "scale_fn": st.one_of(st.none(), FACTORS), "scale_mode": st.sampled_from(["cycle", "iterations"]),
        "cycle_momentum": st.booleans(),
    },
    "OneCycleLR": {
        "max_lr": st.sampled_from([0.5, [0.5, 0.2]]), "total_steps": st.just(40),
        "pct_start": st.sampled_from([0.1, 0.3, 0.45]),
        "anneal_strategy": st.sampled_from(["cos", "linear"]), "cycle_momentum": st.booleans(), "three_phase": st.booleans(),
        "div_factor": st.sampled_from([25.0, 4.0]), "final_div_factor": st.sampled_from([1e4, 10.0]),
    },
}  # fmt: skip
FORMULAS = sorted(OPTIONS.keys() - {"CyclicLR", "OneCycleLR"})


def options_of(name):
    needed = [
        key for key in OPTIONS[name]
        if inspect.signature(getattr(lr_scheduler, name)).parameters[key].default is inspect.Parameter.empty
    ] + ["total_steps"] * (name == "OneCycleLR")  # fmt: skip
    given = {key: OPTIONS[name][key] for key in needed}
    return st.fixed_dictionaries(given, optional={k: v for k, v in OPTIONS[name].items() if k not in given})


def an_optimizer(T, kind="SGD"):
    params = [T.ones(2, requires_grad=True), T.ones(1, requires_grad=True)]
    options = {"momentum": 0.9} if kind == "SGD" else {}
    return getattr(T.optim, kind)([{"params": params[:1]}, {"params": params[1:], "lr": 0.1}], lr=0.3, **options)


def groups(optimizer):
    return [{key: value for key, value in group.items() if key != "params"} for group in optimizer.param_groups]


def schedulers(T, optimizer, name, options):
    return getattr(T.optim.lr_scheduler, name)(optimizer, **copy.deepcopy(options))


@pytest.mark.parametrize("name", sorted(OPTIONS))
@given(data=st.data())
def test_thirty_steps_are_pytorchs(name, data):
    options, kind = data.draw(options_of(name)), data.draw(st.sampled_from(["SGD", "Adam"]))
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T, kind)
        scheduler = schedulers(T, optimizer, name, options)
        run = [(scheduler.get_last_lr(), groups(optimizer))]
        for _ in range(30):
            optimizer.step()
            scheduler.step()
            run.append((scheduler.get_last_lr(), groups(optimizer)))
        state = scheduler.state_dict()
        state.pop("_scale_fn_ref", None)
        found.append((run, state, scheduler.last_epoch))
    assert found[0] == found[1]


several = st.lists(st.sampled_from(FORMULAS).flatmap(lambda n: st.tuples(st.just(n), options_of(n))), min_size=1, max_size=3)


@given(chosen=several, kind=st.sampled_from(["ChainedScheduler", "SequentialLR", "both"]), data=st.data())
def test_several_at_once_and_after_one_another(chosen, kind, data):
    cuts = sorted(data.draw(st.sets(st.integers(1, 12), min_size=len(chosen) - 1, max_size=len(chosen) - 1)))
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T)
        made = [schedulers(T, optimizer, *each) for each in chosen]
        S = T.optim.lr_scheduler
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if kind == "both":
                made = [S.SequentialLR(optimizer, made, cuts), S.ConstantLR(optimizer, 0.5, 3)]
            whole = S.SequentialLR(optimizer, made, cuts) if kind == "SequentialLR" else S.ChainedScheduler(made)
            run = [whole.get_last_lr()]
            for _ in range(15):
                optimizer.step()
                whole.step()
                run.append((whole.get_last_lr(), [group["lr"] for group in optimizer.param_groups]))
        found.append((run, whole.state_dict()))
    assert found[0] == found[1]


@given(
    options=st.fixed_dictionaries({}, optional={
        "mode": st.sampled_from(["min", "max"]), "factor": st.sampled_from([0.5, 0.1]), "patience": st.integers(0, 3),
        "threshold": st.sampled_from([1e-4, 0.2]), "threshold_mode": st.sampled_from(["rel", "abs"]),
        "cooldown": st.integers(0, 3), "min_lr": st.sampled_from([0, 0.05, [0.01, 0.09]]), "eps": st.sampled_from([1e-8, 0.02]),
    }),
    results=st.lists(st.sampled_from([1.0, 0.9, 0.5, 2.0, -1.0, float("nan"), float("inf")]), min_size=1, max_size=30),
)
def test_a_plateau_is_pytorchs(options, results):
    found = []
    for T in (autodiff, torch):
        optimizer, run = an_optimizer(T), []
        scheduler = T.optim.lr_scheduler.ReduceLROnPlateau(optimizer, **options)
        for k, result in enumerate(results):
            scheduler.step(T.tensor(result) if k % 2 else result)
            run.append((scheduler.get_last_lr(), scheduler.in_cooldown, repr(scheduler.state_dict())))
        found.append(run)
    assert found[0] == found[1]


@pytest.mark.parametrize("name", sorted(OPTIONS))
@given(data=st.data())
def test_a_state_goes_on_here_and_in_pytorch(name, data):
    options = data.draw(options_of(name))
    if callable(options.get("scale_fn")) and isinstance(options["scale_fn"], Powers):
        del options["scale_fn"]  # PyTorch loads it into nothing where there was none
    for here, there in ((autodiff, autodiff), (autodiff, torch), (torch, autodiff)):
        first, second = an_optimizer(here), an_optimizer(there)
        one, other = schedulers(here, first, name, options), schedulers(there, second, name, options)
        for _ in range(7):
            first.step()
            one.step()
        second.load_state_dict(pickle.loads(pickle.dumps(first.state_dict())))
        other.load_state_dict(pickle.loads(pickle.dumps(one.state_dict())))
        for optimizer, scheduler in ((first, one), (second, other)):
            for _ in range(5):
                optimizer.step()
                scheduler.step()
        assert one.get_last_lr() == other.get_last_lr()
        assert groups(first) == groups(second)


@pytest.mark.parametrize("name", FORMULAS)
@given(data=st.data())
def test_the_old_epoch_argument(name, data):
    options, epochs = data.draw(options_of(name)), data.draw(st.lists(st.integers(0, 12), min_size=1, max_size=4))
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T)
        scheduler, run = schedulers(T, optimizer, name, options), []
        optimizer.step()
        for epoch in epochs:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                scheduler.step(epoch)
            run.append((scheduler.get_last_lr(), scheduler.last_epoch, [str(w.message)[:60] for w in caught]))
        found.append(run)
    assert found[0] == found[1]


def test_parts_of_an_epoch():
    for mult in (1, 2):
        found = []
        for T in (autodiff, torch):
            optimizer = an_optimizer(T)
            scheduler = T.optim.lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 3, mult)
            run = []
            for i in range(40):
                scheduler.step(i / 4)
                run.append((scheduler.get_last_lr(), scheduler.T_cur, scheduler.T_i))
            found.append(run)
        assert found[0] == found[1]


@pytest.mark.parametrize("name", FORMULAS)
def test_going_on_from_an_epoch(name):
    options = {
        "LambdaLR": {"lr_lambda": Powers(0.9)}, "MultiplicativeLR": {"lr_lambda": Powers(0.9)}, "StepLR": {"step_size": 2},
        "MultiStepLR": {"milestones": [3, 5]}, "ExponentialLR": {"gamma": 0.5}, "CosineAnnealingLR": {"T_max": 6},
        "CosineAnnealingWarmRestarts": {"T_0": 4},
    }.get(name, {})  # fmt: skip
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T)
        with pytest.raises(KeyError, match="param 'initial_lr' is not specified in param_groups\\[0\\] when resuming"):
            getattr(T.optim.lr_scheduler, name)(optimizer, last_epoch=3, **options)
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"] * 2
        scheduler = getattr(T.optim.lr_scheduler, name)(optimizer, last_epoch=3, **options)
        run = [scheduler.get_last_lr()]
        for _ in range(6):
            optimizer.step()
            scheduler.step()
            run.append(scheduler.get_last_lr())
        found.append(run)
    assert found[0] == found[1]


def heard(T, program):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        program(T)
    return [(w.category, str(w.message).split(". ")[0][:70]) for w in caught], [w.filename for w in caught]


def scheduler_first(T):
    optimizer = an_optimizer(T)
    scheduler = T.optim.lr_scheduler.StepLR(optimizer, 2)
    scheduler.step()
    optimizer.step()
    scheduler.step()


def scheduler_after_a_step(T):
    optimizer = an_optimizer(T)
    optimizer.step()
    T.optim.lr_scheduler.StepLR(optimizer, 2).step()
    optimizer.step()
    T.optim.lr_scheduler.StepLR(optimizer, 2).step()


def replaced(T):
    optimizer = an_optimizer(T)
    scheduler = T.optim.lr_scheduler.StepLR(optimizer, 2)
    old = optimizer.step
    optimizer.step = lambda *given: old(*given)
    optimizer.step()
    scheduler.step()


def asked_for_get_lr(T):
    return T.optim.lr_scheduler.StepLR(an_optimizer(T), 2).get_lr()


def in_order(T):
    optimizer = an_optimizer(T)
    two = [T.optim.lr_scheduler.StepLR(optimizer, 2), T.optim.lr_scheduler.ExponentialLR(optimizer, 0.5)]
    for _ in range(3):
        optimizer.step()
        for scheduler in two:
            scheduler.step()


@pytest.mark.parametrize("program", [scheduler_first, scheduler_after_a_step, replaced, asked_for_get_lr, in_order])
def test_warnings(program):
    ours, files = heard(autodiff, program)
    assert ours == heard(torch, program)[0]
    assert set(files) <= {__file__}


REFUSED = {
    "no optimizer": lambda S, o: S.StepLR([1], 2),
    "factor of a plateau": lambda S, o: S.ReduceLROnPlateau(o, factor=1.0),
    "mode of a plateau": lambda S, o: S.ReduceLROnPlateau(o, mode="least"),
    "threshold mode": lambda S, o: S.ReduceLROnPlateau(o, threshold_mode="none"),
    "min_lr": lambda S, o: S.ReduceLROnPlateau(o, min_lr=[0.1]),
    "plateau of no optimizer": lambda S, o: S.ReduceLROnPlateau(3),
    "lambdas": lambda S, o: S.LambdaLR(o, [abs]),
    "factors": lambda S, o: S.MultiplicativeLR(o, [abs, 3]),
    "constant": lambda S, o: S.ConstantLR(o, 1.5),
    "linear start": lambda S, o: S.LinearLR(o, 0.0),
    "linear end": lambda S, o: S.LinearLR(o, 0.5, 1.5),
    "T_0": lambda S, o: S.CosineAnnealingWarmRestarts(o, 0),
    "T_mult": lambda S, o: S.CosineAnnealingWarmRestarts(o, 1, 0.5),
    "negative epoch": lambda S, o: S.CosineAnnealingWarmRestarts(o, 1).step(-1),
    "cyclic mode": lambda S, o: S.CyclicLR(o, 0.1, 0.2, mode="round"),
    "cyclic list": lambda S, o: S.CyclicLR(o, [0.1], 0.2),
    "one cycle": lambda S, o: S.OneCycleLR(o, 0.1),
    "one cycle steps": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=-3),
    "one cycle epochs": lambda S, o: S.OneCycleLR(o, 0.1, epochs=1.5, steps_per_epoch=2),
    "one cycle start": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=3, pct_start=2.0),
    "one cycle strategy": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=3, anneal_strategy="cosine"),
    "nothing chained": lambda S, o: S.ChainedScheduler([]),
    "nothing in sequence": lambda S, o: S.SequentialLR(o, [], []),
    "chained plateau": lambda S, o: S.ChainedScheduler([S.StepLR(o, 2), S.ReduceLROnPlateau(o)]),
    "milestones": lambda S, o: S.SequentialLR(o, [S.StepLR(o, 2)], [3]),
    "no get_lr": lambda S, o: S.LRScheduler(o),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(case):
    told = []
    for T in (autodiff, torch):
        with pytest.raises(Exception) as error:
            REFUSED[case](T.optim.lr_scheduler, an_optimizer(T))
        told.append((type(error.value), str(error.value)[:23] if case != "no get_lr" else ""))
    assert told[0] == told[1]


def test_momentum_is_needed_for_cycles():
    for T in (autodiff, torch):
        optimizer = T.optim.Optimizer([T.ones(1)], {"lr": 0.1})
        for make in (lambda S, o: S.CyclicLR(o, 0.1, 0.2), lambda S, o: S.OneCycleLR(o, 0.2, total_steps=9)):
            with pytest.raises(ValueError, match="optimizer must support momentum or beta1"):
                make(T.optim.lr_scheduler, optimizer)


def test_a_step_too_many():
    for T in (autodiff, torch):
        optimizer = an_optimizer(T)
        scheduler = T.optim.lr_scheduler.OneCycleLR(optimizer, 0.2, total_steps=3)
        for _ in range(3):
            optimizer.step()
            scheduler.step()
        with pytest.raises(ValueError, match=r"Tried to step 4 times\. The specified number of total steps is 3"):
            scheduler.step()


def test_other_optimizers_scheduler():
    for T in (autodiff, torch):
        S, one = T.optim.lr_scheduler, an_optimizer(T)
        with pytest.raises(ValueError, match="expects all schedulers to belong to the same optimizer"):
            S.ChainedScheduler([S.StepLR(one, 2), S.StepLR(an_optimizer(T), 2)])


def test_a_rate_that_is_a_tensor():
    found = []
    for T in (autodiff, torch):
        p = T.ones(2, requires_grad=True)
        lr = T.tensor(0.3, dtype=T.float64)
        optimizer = T.optim.SGD([p], lr=lr)
        scheduler, run = T.optim.lr_scheduler.ExponentialLR(optimizer, 0.5), []
        for _ in range(3):
            p.grad = T.ones(2)
            optimizer.step()
            run.append((scheduler.get_last_lr()[0].item(), p.tolist()))
            scheduler.step()
        assert optimizer.param_groups[0]["lr"] is lr
        found.append(run)
    np.testing.assert_allclose([r[0] for r in found[0]], [r[0] for r in found[1]], rtol=1e-12)
    np.testing.assert_allclose([r[1] for r in found[0]], [r[1] for r in found[1]], rtol=1e-6)


@pytest.mark.parametrize("name", lr_scheduler.__all__)
def test_signatures_are_pytorchs(name):
    def named(S):
        return [(p.name, p.kind, p.default) for p in inspect.signature(getattr(S, name).__init__).parameters.values()]

    assert named(lr_scheduler) == named(torch.optim.lr_scheduler)


def test_no_cycle_keeps_a_scheduler_or_its_optimizer_alive():
    makers = {
        "LambdaLR": lambda S, o: S.LambdaLR(o, lambda epoch: 1.0),
        "CyclicLR": lambda S, o: S.CyclicLR(o, 0.1, 0.2),
        "OneCycleLR": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=9),
        "SWALR": lambda S, o: autodiff.optim.swa_utils.SWALR(o, 0.1),
    }
    gc.collect()
    gc.disable()
    try:
        for make in makers.values():
            optimizer = an_optimizer(autodiff)
            scheduler = make(lr_scheduler, optimizer)
            optimizer.step()
            scheduler.step()
            gone = weakref.ref(scheduler), weakref.ref(optimizer)
            del scheduler
            assert not gc.get_referrers(optimizer)
            del optimizer
            assert [each() for each in gone] == [None, None]
    finally:
        gc.enable()


def test_the_warnings_say_where_more_is_said():
    optimizer = an_optimizer(autodiff)
    scheduler = lr_scheduler.StepLR(optimizer, 2)
    with pytest.warns(UserWarning, match="how-to-adjust-learning-rate"):
        scheduler.step()
    with pytest.warns(UserWarning, match="epoch") as caught:
        scheduler.step(3)
    assert caught[0].message.args == (lr_scheduler.EPOCH_DEPRECATION_WARNING,)


def test_what_is_kept_of_a_scale():
    optimizer = an_optimizer(autodiff, "Adam")
    for mode in ("triangular", "triangular2", "exp_range"):
        scheduler = lr_scheduler.CyclicLR(optimizer, 1, 5, cycle_momentum=False, mode=mode, gamma=0.5)
        theirs = torch.optim.lr_scheduler.CyclicLR(an_optimizer(torch), 1, 5, cycle_momentum=False, mode=mode, gamma=0.5)
        assert [scheduler._scale_fn_ref(x) for x in range(4)] == [theirs._scale_fn_ref(x) for x in range(4)]
        state = pickle.loads(pickle.dumps(scheduler.state_dict()))
        assert "_scale_fn_ref" not in state
        other = lr_scheduler.CyclicLR(optimizer, 1, 5, cycle_momentum=False)
        other.load_state_dict(state)
        assert other.scale_fn(3) == scheduler.scale_fn(3)


@pytest.mark.parametrize("strategy", ["cos", "linear"])
def test_a_state_that_holds_the_formula_itself(strategy):
    """As PyTorch's did before it wrote the name of the formula."""
    rates = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T)
        scheduler = T.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, total_steps=9)
        state = scheduler.state_dict()
        del state["_anneal_func_type"], scheduler._anneal_func_type
        state["anneal_func"] = getattr(T.optim.lr_scheduler.OneCycleLR, f"_annealing_{strategy}")
        scheduler.load_state_dict(pickle.loads(pickle.dumps(state)))
        for _ in range(8):
            optimizer.step()
            scheduler.step()
            rates.append(groups(optimizer))
    assert rates[:8] == rates[8:]


def test_all_of_pytorchs_are_here():
    assert set(torch.optim.lr_scheduler.__all__) <= set(lr_scheduler.__all__)
    assert issubclass(lr_scheduler._LRScheduler, lr_scheduler.LRScheduler)


@pytest.mark.parametrize(
    "given",
    [
        {}, {"epochs": 3}, {"steps_per_epoch": 4}, {"epochs": 3, "steps_per_epoch": 4}, {"total_steps": 5, "epochs": 3},
        {"total_steps": 0}, {"epochs": -1, "steps_per_epoch": 2}, {"epochs": 2, "steps_per_epoch": 0},
    ],
)
def test_how_many_steps_one_cycle_has(given):
    outcomes = []
    for T in (autodiff, torch):
        optimizer = T.optim.SGD([T.ones(1, requires_grad=True)], lr=0.1)
        try:
            outcomes.append(T.optim.lr_scheduler.OneCycleLR(optimizer, 0.5, **given).total_steps)
        except ValueError as error:
            outcomes.append(str(error))
    assert outcomes[0] == outcomes[1]
