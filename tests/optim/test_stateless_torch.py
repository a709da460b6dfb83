"""Parameters and state handed to an optimiser for a while, against PyTorch."""

import copy

import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])


def trained(T, name="AdamW", named=False, stepped=True):
    """A model, its optimiser after a step, other parameters, and a copy of the state."""
    T.manual_seed(0)
    model = T.nn.Sequential(T.nn.Linear(2, 2), T.nn.Linear(2, 1))
    params = list(model.named_parameters() if named else model.parameters())
    optimizer = getattr(T.optim, name)([{"params": params[:2], "lr": 0.1}, {"params": params[2:]}], lr=0.01)
    if stepped:
        model(T.randn(4, 2)).sum().backward()
        optimizer.step()
        optimizer.zero_grad()
    others = {key: T.randn_like(p).requires_grad_() for key, p in model.named_parameters()}
    return model, optimizer, others, copy.deepcopy(optimizer.state_dict())


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("name", ["AdamW", "RMSprop", "Adagrad", "NAdam", "Rprop"])
def test_steps_change_what_is_handed_in_and_nothing_else(name, named):
    outcomes = []
    for T in (autodiff, torch):
        model, optimizer, others, state = trained(T, name, named)
        before = copy.deepcopy(optimizer.state_dict())
        own, groups, lists = optimizer.state, optimizer.param_groups, [group["params"] for group in optimizer.param_groups]
        weights = [p.tolist() for p in model.parameters()]
        state["param_groups"][0]["lr"] = 0.5
        with T.optim.swap_in_optimizer_params_and_state(optimizer, others, state):
            assert optimizer.param_groups is groups
            assert optimizer.state is not own
            assert groups[0]["lr"] == 0.5
            assert [id(p) for group in groups for p in group["params"]] == [id(p) for p in others.values()]
            for _ in range(3):
                for p in others.values():
                    p.grad = T.ones_like(p)
                optimizer.step()
            groups[0]["lr"] = 9.0
            optimizer.state[groups[0]["params"][0]]["note"] = 1
        assert optimizer.state is own
        assert all(group["params"] is params for group, params in zip(optimizer.param_groups, lists, strict=True))
        assert "note" not in state["state"][0]
        after = optimizer.state_dict()
        assert [group["lr"] for group in after["param_groups"]] == [0.1, 0.01]
        assert str(after) == str(before)
        assert [p.tolist() for p in model.parameters()] == weights
        outcomes.append([p.detach().numpy() for p in others.values()])
    for ours, theirs in zip(*outcomes, strict=True):
        assert ours == pytest.approx(theirs, rel=1e-5)


@BOTH
def test_all_is_put_back_after_an_error(T):
    _, optimizer, others, state = trained(T)
    own, before = optimizer.state, str(optimizer.state_dict())

    def fails():
        p = optimizer.param_groups[0]["params"][0]
        optimizer.state[p]["step"] = T.tensor(123.0)
        optimizer.state[p]["exp_avg"].add_(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), T.optim.swap_in_optimizer_params_and_state(optimizer, others, state):
        fails()
    assert optimizer.state is own
    assert str(optimizer.state_dict()) == before
    assert state["state"][0]["step"].item() == 1  # another tensor in its place is forgotten
    assert state["state"][0]["exp_avg"].tolist() != optimizer.state_dict()["state"][0]["exp_avg"].tolist()


@BOTH
def test_parameters_without_a_state(T):
    _, optimizer, others, state = trained(T)
    del state["state"][0]
    with T.optim.swap_in_optimizer_params_and_state(optimizer, others, state):
        optimizer.state[optimizer.param_groups[0]["params"][0]]["step"] = T.tensor(7.0)
    assert 0 not in state["state"]


def changed(state, change):
    change(state)
    return state


WRONG = {
    "no state": lambda others, state: (others, changed(state, lambda s: s.pop("state"))),
    "a list of states": lambda others, state: (others, {"state": [], "param_groups": []}),
    "a dict of groups": lambda others, state: (others, {"state": {}, "param_groups": {}}),
    "no dict": lambda others, state: (others, 3),
    "too few parameters": lambda others, state: (dict(list(others.items())[:3]), state),
    "a group too few": lambda others, state: (others, changed(state, lambda s: s["param_groups"].pop())),
    "a group that is a number": lambda others, state: (others, changed(state, lambda s: s["param_groups"].__setitem__(0, 3))),
    "a smaller group": lambda others, state: (others, changed(state, lambda s: s["param_groups"][0]["params"].pop())),
    "names": lambda others, state: (others, changed(state, lambda s: s["param_groups"][0].update(params=["a", "b"]))),
    "no parameters": lambda others, state: (others, changed(state, lambda s: s["param_groups"][0].pop("params"))),
    "a state that is a number": lambda others, state: (others, changed(state, lambda s: s["state"].update({0: 1}))),
    "a state of nothing": lambda others, state: (others, changed(state, lambda s: s["state"].update(global_step=42))),
    "an option less": lambda others, state: (others, changed(state, lambda s: s["param_groups"][0].pop("betas"))),
    "an option more": lambda others, state: (others, changed(state, lambda s: s["param_groups"][1].update(some=1))),
}


@pytest.mark.parametrize("what", WRONG)
def test_what_is_refused(what):
    texts = []
    for T in (autodiff, torch):
        _, optimizer, others, state = trained(T)
        with pytest.raises(RuntimeError) as caught, T.optim.swap_in_optimizer_params_and_state(
            optimizer, *WRONG[what](others, state)
        ):
            pass
        texts.append(str(caught.value))
    assert texts[0] == texts[1]


@BOTH
def test_an_optimizer_without_a_state(T):
    _, optimizer, others, state = trained(T, stepped=False)
    with pytest.raises(RuntimeError, match="requires initialized optimizer state"), (
        T.optim.swap_in_optimizer_params_and_state(optimizer, others, state)
    ):
        pass
