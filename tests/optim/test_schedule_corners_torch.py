"""Corners of schedules, against PyTorch: rates that are tensors, training that goes on, rates asked for, and all words."""

import copy
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff.optim import lr_scheduler

torch = pytest.importorskip("torch")

# One of each, by the library's schedules and an optimizer of two groups.
MADE = {
    "LambdaLR": lambda S, o, **more: S.LambdaLR(o, [lambda epoch: 0.9**epoch, lambda epoch: 1 / (1 + epoch)], **more),
    "MultiplicativeLR": lambda S, o, **more: S.MultiplicativeLR(o, lambda epoch: 0.5 + epoch / 20, **more),
    "StepLR": lambda S, o, **more: S.StepLR(o, 3, 0.5, **more),
    "MultiStepLR": lambda S, o, **more: S.MultiStepLR(o, [2, 5, 5, 7], 0.5, **more),
    "ConstantLR": lambda S, o, **more: S.ConstantLR(o, 0.25, 4, **more),
    "LinearLR": lambda S, o, **more: S.LinearLR(o, 0.25, 0.75, 6, **more),
    "ExponentialLR": lambda S, o, **more: S.ExponentialLR(o, 0.75, **more),
    "PolynomialLR": lambda S, o, **more: S.PolynomialLR(o, 8, 1.5, **more),
    "CosineAnnealingLR": lambda S, o, **more: S.CosineAnnealingLR(o, 5, 0.01, **more),
    "CosineAnnealingWarmRestarts": lambda S, o, **more: S.CosineAnnealingWarmRestarts(o, 3, 2, 0.01, **more),
    "CyclicLR": lambda S, o, **more: S.CyclicLR(o, 0.01, 0.5, 3, 2, mode="triangular2", **more),
    "CyclicLR, by steps": lambda S, o, **more: S.CyclicLR(o, [0.01, 0.02], [0.5, 0.4], 3, mode="exp_range", gamma=0.9, **more),
    "OneCycleLR": lambda S, o, **more: S.OneCycleLR(o, [0.5, 0.2], total_steps=12, **more),
    "OneCycleLR, three": lambda S, o, **more: S.OneCycleLR(
        o, 0.5, epochs=3, steps_per_epoch=4, three_phase=True, anneal_strategy="linear", **more
    ),
}


def an_optimizer(T, kind="SGD", tensors=False):
    params = [T.ones(2, requires_grad=True), T.ones(1, requires_grad=True)]
    rates = [T.tensor(0.3, dtype=T.float64), T.tensor([0.1], dtype=T.float64)] if tensors else [0.3, 0.1]
    options = {"momentum": 0.9} if kind == "SGD" else {"betas": (0.9, 0.99)}
    groups = [{"params": params[:1], "lr": rates[0]}, {"params": params[1:], "lr": rates[1]}]
    return getattr(T.optim, kind)(groups, lr=0.3, **options)


def plain(value):
    return value.tolist() if hasattr(value, "tolist") else value


def rates(optimizer):
    """All numbers that a schedule writes."""
    keys = ("lr", "initial_lr", "max_lr", "min_lr", "momentum", "betas", "max_momentum", "base_momentum", "swa_lr")
    return [{key: plain(group[key]) for key in keys if key in group} for group in optimizer.param_groups]


def close(a, b):
    """Equal structures, with the same numbers but for their last digits."""
    if isinstance(a, dict):
        assert a.keys() == b.keys()
        return [close(a[key], b[key]) for key in a]
    if isinstance(a, (list, tuple)):
        assert len(a) == len(b)
        return [close(x, y) for x, y in zip(a, b)]
    return np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-12) if isinstance(a, (int, float)) else None


@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", MADE)
def test_rates_that_are_tensors_stay_the_same_tensors(name, kind):
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T, kind, tensors=True)
        own = [group["lr"] for group in optimizer.param_groups]
        scheduler = MADE[name](T.optim.lr_scheduler, optimizer)
        run = [rates(optimizer)]
        for _ in range(9):
            before = [plain(lr) for lr in scheduler.get_last_lr()]
            told = scheduler.get_last_lr()
            optimizer.step()
            scheduler.step()
            run.append((before, rates(optimizer)))
            assert [plain(lr) for lr in told] == before  # what was told is not changed behind the caller's back
        assert all(group["lr"] is lr for group, lr in zip(optimizer.param_groups, own, strict=True))
        found.append(run)
    close(*found)


@pytest.mark.parametrize("last", [0, 3, 4, 5])
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@pytest.mark.parametrize("name", MADE)
def test_a_training_that_goes_on(name, kind, last):
    """A schedule made for a training at its epoch `last` leaves momenta alone, and goes on from the groups' first rates."""
    found = []
    for T in (autodiff, torch):
        first = an_optimizer(T, kind)
        MADE[name](T.optim.lr_scheduler, first)
        optimizer = an_optimizer(T, kind)
        optimizer.load_state_dict(first.state_dict())
        for group in optimizer.param_groups:
            group["lr"] *= 0.5
            if kind == "SGD":
                group["momentum"] = 0.123
        scheduler = MADE[name](T.optim.lr_scheduler, optimizer, last_epoch=last)
        run = [rates(optimizer), scheduler.last_epoch, scheduler.base_lrs]
        for _ in range(4):
            optimizer.step()
            scheduler.step()
            run.append((rates(optimizer), scheduler.get_last_lr()))
        found.append(run)
    close(*found)


@pytest.mark.parametrize("last", [-1, 0, 2, 4, 5])
@pytest.mark.parametrize("name", MADE)
def test_rates_asked_for_directly(name, last):
    """get_lr() says the next rates from the groups as they are, and warns that get_last_lr() is meant."""
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T)
        if last >= 0:
            MADE[name](T.optim.lr_scheduler, optimizer)
        scheduler = MADE[name](T.optim.lr_scheduler, optimizer, last_epoch=last)
        with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
            asked = scheduler.get_lr()
        for _ in range(5):
            optimizer.step()
            scheduler.step()
        with pytest.warns(UserWarning, match=r"please use `get_last_lr\(\)`"):
            found.append((asked, scheduler.get_lr(), scheduler.get_last_lr()))
    close(*found)


@pytest.mark.parametrize("name", MADE)
def test_a_rate_that_is_whole_stays_so_where_nothing_is_multiplied(name):
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T)
        for group in optimizer.param_groups:
            group["lr"] = 1
        scheduler = MADE[name](T.optim.lr_scheduler, optimizer)
        kinds = []
        for _ in range(3):
            kinds.append([type(lr) for lr in scheduler.get_last_lr()])
            optimizer.step()
            scheduler.step()
        found.append(kinds)
    assert found[0] == found[1]


def test_momenta_that_do_not_cycle():
    for name in ("CyclicLR", "OneCycleLR"):
        for T in (autodiff, torch):
            optimizer = an_optimizer(T, "Adam")
            scheduler = MADE[name](T.optim.lr_scheduler, optimizer, cycle_momentum=False)
            for _ in range(3):
                optimizer.step()
                scheduler.step()
            assert [group["betas"] for group in optimizer.param_groups] == [(0.9, 0.99)] * 2
            assert "max_momentum" not in optimizer.param_groups[0]


@pytest.mark.parametrize("name", ["CyclicLR", "OneCycleLR"])
@pytest.mark.parametrize("ends", [(0.6, 0.95), ([0.5, 0.6], [0.9, 0.8])])
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
def test_momenta_of_each_group(name, ends, kind):
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T, kind)
        scheduler = MADE[name](T.optim.lr_scheduler, optimizer, base_momentum=ends[0], max_momentum=ends[1])
        run = [rates(optimizer)]
        for _ in range(8):
            optimizer.step()
            scheduler.step()
            run.append(rates(optimizer))
        found.append(run)
    close(*found)


def test_a_scale_of_ones_own_needs_no_mode():
    for mode in ("round", "triangular", "exp_range"):
        found = []
        for T in (autodiff, torch):
            optimizer = an_optimizer(T)
            scheduler = T.optim.lr_scheduler.CyclicLR(
                optimizer, 0.1, 0.5, 2, mode=mode, scale_fn=lambda x: 1 / (1 + x), scale_mode="iterations"
            )
            run = []
            for _ in range(6):
                optimizer.step()
                scheduler.step()
                run.append(scheduler.get_last_lr())
            found.append((run, scheduler.scale_mode))
        assert found[0] == found[1]


@given(st.data())
def test_parts_of_epochs_and_whole_ones_in_any_order(data):
    mult, first = data.draw(st.integers(1, 4)), data.draw(st.integers(1, 5))
    part = st.sampled_from([0.25, 2.5, 2.999, 9.75])
    epochs = data.draw(st.lists(st.one_of(st.none(), st.integers(0, 40), part), max_size=8))
    found = []
    for T in (autodiff, torch):
        scheduler, run = T.optim.lr_scheduler.CosineAnnealingWarmRestarts(an_optimizer(T), first, mult, 0.05), []
        for epoch in epochs:
            scheduler.step(epoch)
            run.append((scheduler.get_last_lr(), scheduler.T_cur, scheduler.T_i, scheduler.last_epoch))
        found.append(run)
    close(*found)


REFUSED = {
    "not an optimizer": lambda S, o: S.CyclicLR(3, 0.1, 0.2),
    "not an optimizer for one cycle": lambda S, o: S.OneCycleLR([3], 0.1, total_steps=3),
    "a plateau that never falls": lambda S, o: S.ReduceLROnPlateau(o, factor=1.0),
    "a plateau that rises": lambda S, o: S.ReduceLROnPlateau(o, factor=1.5),
    "a mode of a plateau": lambda S, o: S.ReduceLROnPlateau(o, mode="least"),
    "a mode of a threshold": lambda S, o: S.ReduceLROnPlateau(o, threshold_mode="none"),
    "least rates": lambda S, o: S.ReduceLROnPlateau(o, min_lr=[0.1]),
    "functions": lambda S, o: S.LambdaLR(o, [abs]),
    "three functions": lambda S, o: S.MultiplicativeLR(o, [abs, abs, abs]),
    "a number for a function": lambda S, o: S.MultiplicativeLR(o, [abs, 3]),
    "a large constant": lambda S, o: S.ConstantLR(o, 1.5),
    "a negative constant": lambda S, o: S.ConstantLR(o, -0.5),
    "a line from nothing": lambda S, o: S.LinearLR(o, 0.0),
    "a line from above": lambda S, o: S.LinearLR(o, 1.5),
    "a line to above": lambda S, o: S.LinearLR(o, 0.5, 1.5),
    "a line to below": lambda S, o: S.LinearLR(o, 0.5, -0.5),
    "no epochs": lambda S, o: S.CosineAnnealingWarmRestarts(o, 0),
    "half an epoch": lambda S, o: S.CosineAnnealingWarmRestarts(o, 1.5),
    "half as long": lambda S, o: S.CosineAnnealingWarmRestarts(o, 1, 0.5),
    "one and a half times as long": lambda S, o: S.CosineAnnealingWarmRestarts(o, 1, 1.5),
    "a least rate that is text": lambda S, o: S.CosineAnnealingWarmRestarts(o, 1, 1, "0"),
    "an epoch before the first": lambda S, o: S.CosineAnnealingWarmRestarts(o, 1).step(-1),
    "half an epoch before the first": lambda S, o: S.CosineAnnealingWarmRestarts(o, 1).step(-0.5),
    "rates of cycles": lambda S, o: S.CyclicLR(o, [0.1], 0.2),
    "highest rates of cycles": lambda S, o: S.CyclicLR(o, 0.1, [0.2] * 3),
    "momenta of cycles": lambda S, o: S.CyclicLR(o, 0.1, 0.2, base_momentum=[0.8]),
    "highest momenta of cycles": lambda S, o: S.CyclicLR(o, 0.1, 0.2, max_momentum=[0.8] * 3),
    "no number of steps": lambda S, o: S.OneCycleLR(o, 0.1),
    "a negative number of steps": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=-3),
    "half a step": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=1.5),
    "epochs alone": lambda S, o: S.OneCycleLR(o, 0.1, epochs=3),
    "half an epoch of steps": lambda S, o: S.OneCycleLR(o, 0.1, epochs=1.5, steps_per_epoch=2),
    "steps of half an epoch": lambda S, o: S.OneCycleLR(o, 0.1, epochs=1, steps_per_epoch=0.5),
    "a share above one": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=3, pct_start=1.5),
    "a share below nothing": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=3, pct_start=-0.5),
    "a share that is whole": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=3, pct_start=1),
    "a way that there is not": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=3, anneal_strategy="cosine"),
    "rates of one cycle": lambda S, o: S.OneCycleLR(o, [0.1], total_steps=3),
    "nothing at once": lambda S, o: S.ChainedScheduler([]),
    "nothing in a row": lambda S, o: S.SequentialLR(o, [], []),
    "a plateau among others": lambda S, o: S.ChainedScheduler([S.StepLR(o, 2), S.ReduceLROnPlateau(o)]),
    "a plateau in a row": lambda S, o: S.SequentialLR(o, [S.StepLR(o, 2), S.ReduceLROnPlateau(o)], [1]),
    "a number among others": lambda S, o: S.ChainedScheduler([S.StepLR(o, 2), 3]),
    "a number in a row": lambda S, o: S.SequentialLR(o, [3, S.StepLR(o, 2)], [1]),
    "a milestone too many": lambda S, o: S.SequentialLR(o, [S.StepLR(o, 2)], [3]),
    "a milestone too few": lambda S, o: S.SequentialLR(o, [S.StepLR(o, 2), S.StepLR(o, 3)], []),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_in_pytorchs_words(case):
    told = []
    for T in (autodiff, torch):
        with pytest.raises((TypeError, ValueError, RuntimeError)) as error:
            REFUSED[case](T.optim.lr_scheduler, an_optimizer(T))
        told.append((type(error.value), str(error.value)))
    (kind, ours), (their_kind, theirs) = told
    assert kind is their_kind
    short = theirs.rstrip(".").split("!")[0].split("`")[0]
    assert len(short) > 8
    assert ours.startswith(short), (ours, theirs)


ACCEPTED = {
    "no constant": lambda S, o: S.ConstantLR(o, 0.0), "the whole": lambda S, o: S.ConstantLR(o, 1.0),
    "a line from one": lambda S, o: S.LinearLR(o, 1.0, 0.0),
    "one epoch": lambda S, o: S.CosineAnnealingWarmRestarts(o, 1, 1, 0),
    "one step": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=10, pct_start=1.0),
    "none up": lambda S, o: S.OneCycleLR(o, 0.1, total_steps=10, pct_start=0.0),
}  # fmt: skip


@pytest.mark.parametrize("case", ACCEPTED)
def test_what_is_just_not_refused(case):
    close(*(ACCEPTED[case](T.optim.lr_scheduler, an_optimizer(T)).get_last_lr() for T in (autodiff, torch)))


def test_schedulers_of_another_optimizer():
    for T in (autodiff, torch):
        S, one, other = T.optim.lr_scheduler, an_optimizer(T), an_optimizer(T)
        both = [S.StepLR(one, 2), S.StepLR(other, 2)]
        for make, args in ((S.SequentialLR, (one, both, [1])), (S.ChainedScheduler, (both, one))):
            with pytest.raises(ValueError, match=r"same optimizer, but got scheduler StepLR at index 1 has"):
                make(*args)
        with pytest.raises(ValueError, match="at index 0 has"):
            S.ChainedScheduler([S.StepLR(one, 2)], other)


@pytest.mark.parametrize("mode", ["min", "max"])
@pytest.mark.parametrize("kind", ["rel", "abs"])
def test_what_is_better_than_the_best(mode, kind):
    values = [-2.0, -1.0, -0.8, 0.0, 0.5, 0.8, 0.9, 1.0, 1.1, 1.25, 2.0, float("inf"), float("nan")]
    for threshold in (1e-4, 0.2, 0):
        a, b = (
            T.optim.lr_scheduler.ReduceLROnPlateau(an_optimizer(T), mode, threshold=threshold, threshold_mode=kind)
            for T in (autodiff, torch)
        )
        found = [a._is_better(x, y) for x in values for y in values]
        assert found == [b._is_better(x, y) for x in values for y in values]
        assert True in found


@pytest.mark.parametrize("given", [0.05, [0.05, 0.2]])
def test_a_group_that_comes_after_the_plateau_was_made(given):
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T)
        scheduler = T.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=0, factor=0.5, min_lr=given)
        scheduler.step(1.0)
        optimizer.add_param_group({"params": [T.ones(1, requires_grad=True)], "lr": 0.06})
        try:
            for _ in range(3):
                scheduler.step(1.0)
            found.append((scheduler.get_last_lr(), scheduler.min_lrs))
        except RuntimeError as error:
            found.append(str(error).split("usually")[0])
    assert found[0] == found[1]


def test_the_old_epoch_of_a_plateau():
    found = []
    for T in (autodiff, torch):
        optimizer = an_optimizer(T)
        scheduler = T.optim.lr_scheduler.ReduceLROnPlateau(optimizer, patience=1)
        with pytest.warns(UserWarning, match="The epoch parameter in `scheduler"):
            scheduler.step(1.0, 7)
        epochs = [scheduler.last_epoch]
        scheduler.step(1.0)
        other = T.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="max", threshold_mode="abs")
        other.load_state_dict(scheduler.state_dict())
        found.append((*epochs, scheduler.last_epoch, other.mode, other.mode_worse, other.threshold_mode, other.num_bad_epochs))
    assert found[0] == found[1] == (7, 8, "min", float("inf"), "rel", 1)


def test_a_schedule_in_a_schedule_in_a_schedule():
    found = []
    for T in (autodiff, torch):
        optimizer, S = an_optimizer(T), T.optim.lr_scheduler
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            inner = S.SequentialLR(optimizer, [S.ConstantLR(optimizer, 0.5, 2), S.ExponentialLR(optimizer, 0.9)], [3])
            chained = S.ChainedScheduler([inner, S.LinearLR(optimizer, 0.5, 1.0, 4)])
            whole = S.SequentialLR(optimizer, [chained, S.StepLR(optimizer, 2, 0.5)], [6])
            run = [(whole.get_last_lr(), whole.last_epoch)]
            for _ in range(10):
                optimizer.step()
                whole.step()
                run.append((whole.get_last_lr(), [group["lr"] for group in optimizer.param_groups], whole.last_epoch))
        state = copy.deepcopy(whole.state_dict())
        whole.load_state_dict(state)
        whole.step()
        found.append((run, state, whole.get_last_lr()))
    assert found[0] == found[1]


def test_a_state_of_several_brings_each_its_own():
    found = []
    for T in (autodiff, torch):
        S = T.optim.lr_scheduler
        both = []
        for gamma in (0.5, 0.9):
            optimizer = an_optimizer(T)
            both.append(S.ChainedScheduler([S.StepLR(optimizer, 2, gamma), S.ExponentialLR(optimizer, gamma)]))
            optimizer.step()
        both[0].step()
        both[1].load_state_dict(both[0].state_dict())
        assert both[1]._schedulers[0].gamma == both[1]._schedulers[1].gamma == 0.5
        assert both[1].optimizer is not both[0].optimizer
        found.append([each.last_epoch for each in both[1]._schedulers] + both[1].get_last_lr())
    assert found[0] == found[1]


def test_a_function_is_not_saved_and_an_objects_attributes_are():
    class Base:
        def __init__(self, base):
            self.base = base

        def __call__(self, epoch):
            return self.base**epoch

    for T in (autodiff, torch):
        S = T.optim.lr_scheduler
        one = S.LambdaLR(an_optimizer(T), [Base(0.5), lambda epoch: 1.0])
        state = one.state_dict()
        assert state["lr_lambdas"] == [{"base": 0.5}, None]
        assert "optimizer" not in state
        other = S.LambdaLR(an_optimizer(T), [Base(0.9), lambda epoch: 0.25])
        other.load_state_dict(state)
        assert [f(1) for f in other.lr_lambdas] == [0.5, 0.25]
        saved, one.lr_lambdas[0].base = state["lr_lambdas"], 0.2
        assert saved == [{"base": 0.5}, None]
        cyclic = S.CyclicLR(an_optimizer(T), 0.1, 0.2, scale_fn=Base(0.5))
        state = cyclic.state_dict()
        assert state["_scale_fn_custom"] == {"base": 0.5}
        one.lr_lambdas[0].base = cyclic._scale_fn_custom.base = 0.1
        assert state["_scale_fn_custom"] == one.state_dict()["lr_lambdas"][0] | {"base": 0.5}  # what was saved stays
        assert one.state_dict()["lr_lambdas"] == [{"base": 0.1}, None]
        again = S.CyclicLR(an_optimizer(T), 0.1, 0.2, scale_fn=Base(0.9))
        again.load_state_dict(state)
        assert again.scale_fn(2) == 0.25


def test_get_lr_of_a_formula_is_silent_within_a_step():
    optimizer = an_optimizer(autodiff)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scheduler = lr_scheduler.ExponentialLR(optimizer, 0.5)
        optimizer.step()
        scheduler.step()
        assert not scheduler._get_lr_called_within_step


def test_a_schedule_that_fails_when_it_is_made_leaves_no_initial_step_behind():
    class Failing(lr_scheduler.LRScheduler):
        def get_lr(self):
            if self._is_initial:
                raise ZeroDivisionError
            return [1.0, 2.0]

    scheduler = object.__new__(Failing)
    with pytest.raises(ZeroDivisionError):
        scheduler.__init__(an_optimizer(autodiff))
    assert not scheduler._is_initial
    assert not scheduler._get_lr_called_within_step
