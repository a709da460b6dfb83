"""Parameter groups, state and hooks of an optimiser: the same on autodiff and on PyTorch."""

import copy
import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff import optim


@pytest.fixture(params=["autodiff", "torch"])
def torch(request):
    if request.param == "torch":
        return pytest.importorskip("torch")
    return importlib.import_module("autodiff")


def leaf(torch, *values, dtype=None):
    return torch.tensor(list(values) or [1.0, 2.0], requires_grad=True, dtype=dtype)


def stepped(torch, optimizer, *params, grad=1.0):
    for p in params:
        p.grad = torch.full_like(p, grad)
    optimizer.step()
    return [p.tolist() for p in params]


# ---- groups ----


class Model:
    def __init__(self, torch):
        self.w, self.b = leaf(torch), leaf(torch, 3.0)

    def parameters(self):
        yield self.w
        yield self.b

    def named_parameters(self):
        yield "w", self.w
        yield "b", self.b


FORMS = {
    "a list": lambda m: [m.w, m.b],
    "a tuple": lambda m: (m.w, m.b),
    "a generator": lambda m: m.parameters(),
    "names": lambda m: m.named_parameters(),
    "a group": lambda m: [{"params": [m.w, m.b]}],
    "a generator in a group": lambda m: [{"params": m.parameters()}],
    "names in a group": lambda m: [{"params": m.named_parameters()}],
    "one tensor in a group": lambda m: [{"params": m.w}, {"params": m.b}],
    "generators in two groups": lambda m: [{"params": (p for p in [m.w])}, {"params": iter([m.b])}],
    "an iterator of groups": lambda m: iter([{"params": [m.w]}, {"params": [m.b]}]),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_parameters_trains_at_every_step(torch, form):
    m = Model(torch)
    optimizer = torch.optim.SGD(FORMS[form](m), lr=0.5)
    for k in range(1, 4):
        assert stepped(torch, optimizer, m.w, m.b) == [[1 - k / 2, 2 - k / 2], [3 - k / 2]]
    assert [id(p) for g in optimizer.param_groups for p in g["params"]] == [id(m.w), id(m.b)]
    assert all(isinstance(g["params"], list) for g in optimizer.param_groups)
    optimizer.zero_grad()
    assert m.w.grad is m.b.grad is None
    saved = optimizer.state_dict()
    assert [n for g in saved["param_groups"] for n in g["params"]] == [0, 1]
    names = [g.get("param_names") for g in saved["param_groups"]]
    assert names == ([["w", "b"]] if "names" in form else [None] * len(names))


def test_options_of_groups_and_their_defaults(torch):
    a, b, c = leaf(torch), leaf(torch), leaf(torch)
    optimizer = torch.optim.SGD(
        [{"params": [a], "lr": 1.0}, {"params": [b], "momentum": 0.5, "note": "kept"}, {"params": [c], "maximize": True}],
        lr=0.5,
        weight_decay=0.25,
    )
    assert stepped(torch, optimizer, a, b, c) == [[-0.25, 0.5], [0.375, 1.25], [1.375, 2.25]]
    assert stepped(torch, optimizer, b) == [[0.375 - 0.5 * (1.09375 + 0.625), 1.25 - 0.5 * (1.3125 + 0.75)]]
    assert [g["lr"] for g in optimizer.param_groups] == [1.0, 0.5, 0.5]
    assert optimizer.param_groups[1]["note"] == optimizer.state_dict()["param_groups"][1]["note"] == "kept"
    assert list(optimizer.state_dict()["state"]) == [1]
    assert optimizer.defaults["weight_decay"] == 0.25


def test_a_group_that_comes_later(torch):
    a, b = leaf(torch), leaf(torch)
    optimizer = torch.optim.SGD([a], lr=0.5)
    optimizer.add_param_group({"params": iter([b]), "lr": 1.0})
    assert stepped(torch, optimizer, a, b) == [[0.5, 1.5], [0, 1]]
    with pytest.raises(ValueError, match="more than one parameter group"):
        optimizer.add_param_group({"params": [b]})
    for wrong, error in (
        ([b], TypeError),
        ({"params": {b}}, TypeError),
        ({"params": [3]}, TypeError),
        ({"params": [a * 2]}, ValueError),
    ):
        with pytest.raises(error):
            optimizer.add_param_group(wrong)
    with pytest.raises(ValueError, match="with/without names"):
        optimizer.add_param_group({"params": [("c", leaf(torch))]})
    assert len(optimizer.param_groups) == 2


def test_a_tensor_that_retains_its_gradient_counts_as_a_leaf(torch):
    y = leaf(torch) * 2
    with pytest.raises(ValueError, match="non-leaf"):
        torch.optim.SGD([y], lr=0.5)
    y.retain_grad()
    assert torch.optim.SGD([y], lr=0.5).param_groups[0]["params"][0] is y


def own(torch, defaults):
    class Own(torch.optim.Optimizer):
        def __init__(self, params):
            super().__init__(params, defaults)

        def step(self, closure=None):
            for group in self.param_groups:
                for p in group["params"]:
                    self.state[p]["step"] = self.state[p].get("step", 0) + 1
                    with torch.no_grad():
                        p -= group["rate"]

    return Own


def required(torch):
    return importlib.import_module(f"{torch.__name__}.optim.optimizer").required


def test_an_option_that_every_group_must_name(torch):
    a, b = leaf(torch), leaf(torch)
    kind = own(torch, {"rate": required(torch)})
    with pytest.raises(ValueError, match="didn't specify a value of required optimization parameter rate"):
        kind([a])
    with pytest.raises(ValueError, match="required"):
        kind([{"params": [a], "rate": 1.0}, {"params": [b]}])
    optimizer = kind([{"params": [a], "rate": 1.0}])
    optimizer.step()
    assert a.tolist() == [0, 1]
    assert repr(required(torch)) == "<required parameter>"


# ---- state ----


def test_state_that_belongs_to_no_parameter_is_kept(torch):
    a = leaf(torch)
    optimizer = own(torch, {"rate": 0.5})([a])
    optimizer.step()
    optimizer.state["calls"] = 3
    optimizer.state[7] = {"x": 1}
    saved = optimizer.state_dict()
    assert saved["state"] == {0: {"step": 1}, "calls": 3, 7: {"x": 1}}
    b = leaf(torch)
    other = own(torch, {"rate": 1.0})([b])
    other.load_state_dict(copy.deepcopy(saved))
    assert other.state["calls"] == 3
    assert other.state[7] == {"x": 1}
    assert other.state[b] == {"step": 1}
    assert other.param_groups[0]["rate"] == 0.5
    assert other.param_groups[0]["params"][0] is b
    other.step()
    assert other.state_dict()["state"][0] == {"step": 2}


@pytest.mark.parametrize("kind", [list, tuple, dict])
def test_tensors_inside_state_take_the_parameters_dtype(torch, kind):
    a = leaf(torch)
    optimizer = own(torch, {"rate": 0.5})([a])
    inner = {"p": torch.ones(2), "q": 5} if kind is dict else kind([torch.ones(2), 5])
    optimizer.state[a] = {"moments": inner, "step": torch.tensor(3.0), "count": torch.tensor([1, 2]), "whole": 4}
    b = leaf(torch, dtype=torch.float64)
    other = own(torch, {"rate": 0.5})([b])
    other.load_state_dict(optimizer.state_dict())
    state = other.state[b]
    moments = state["moments"]
    assert type(moments) is kind
    values = list(moments.values()) if kind is dict else list(moments)
    assert values[0].dtype == torch.float64
    assert values[0].tolist() == [1, 1]
    assert values[1] == 5
    assert state["step"].dtype == torch.float32
    assert state["count"].tolist() == [1, 2]
    assert state["whole"] == 4
    assert optimizer.state[a]["step"].dtype == torch.float32


def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(torch):
    a, b, c = leaf(torch), leaf(torch), leaf(torch)
    two = torch.optim.SGD([{"params": [a]}, {"params": [b]}], lr=0.1)
    one = torch.optim.SGD([c], lr=0.2)
    pair = torch.optim.SGD([a, b], lr=0.3)
    for target, saved, message in ((one, two, "different number of parameter groups"), (one, pair, "doesn't match the size")):
        before = repr(target)
        with pytest.raises(ValueError, match=message):
            target.load_state_dict(saved.state_dict())
        assert repr(target) == before


@given(st.data())
def test_a_state_goes_round(data):
    """Saved, deep-copied and loaded into an optimiser of other options, a run goes on as if nothing had happened."""
    sizes = data.draw(st.lists(st.lists(st.integers(1, 3), min_size=1, max_size=2), min_size=1, max_size=3))
    momenta = [data.draw(st.sampled_from([0, 0.5, 0.9])) for _ in sizes]
    named = data.draw(st.booleans())
    skipped = data.draw(st.sets(st.integers(0, 5), max_size=2))
    dtype = data.draw(st.sampled_from([autodiff.float32, autodiff.float64]))

    def made(lr, momentum):
        params = [[autodiff.ones(n, requires_grad=True, dtype=dtype) for n in group] for group in sizes]
        groups = [
            {"params": ((f"p{i}.{k}", p) for k, p in enumerate(ps)) if named else iter(ps), "lr": lr * (i + 1), "momentum": m}
            for i, (ps, m) in enumerate(zip(params, momentum))
        ]
        return [p for ps in params for p in ps], optim.SGD(groups, lr=9.0)

    def run(params, optimizer, steps):
        for k in steps:
            for i, p in enumerate(params):
                p.grad = None if k == 0 and i in skipped else autodiff.full_like(p, k + i + 1.0)
            optimizer.step()

    params, optimizer = made(0.1, momenta)
    run(params, optimizer, [0, 1])
    others, other = made(0.7, [0.3] * len(sizes))
    other.load_state_dict(copy.deepcopy(optimizer.state_dict()))
    for p, o in zip(params, others, strict=True):
        o.data = p.data.clone()
    saved = other.state_dict()
    assert saved["param_groups"] == optimizer.state_dict()["param_groups"]
    assert saved["state"].keys() == optimizer.state_dict()["state"].keys()
    for each in (params, optimizer), (others, other):
        run(*each, [2, 3])
    assert [p.tolist() for p in params] == [p.tolist() for p in others]


def test_a_model_converted_between_two_steps(torch):
    a, b = leaf(torch), leaf(torch)
    optimizer = torch.optim.SGD([a, b], lr=0.5, momentum=0.5)
    stepped(torch, optimizer, a)  # b has no buffer yet
    for p in (a, b):
        p.grad = None
        p.data = p.data.double()
        p.grad = torch.ones(2, dtype=torch.float64)
    if torch is not autodiff:
        optimizer.load_state_dict(optimizer.state_dict())
    optimizer.step()
    assert a.tolist() == [1 - 0.5 - 0.75, 2 - 0.5 - 0.75]
    assert b.tolist() == [0.5, 1.5]
    assert [optimizer.state[p]["momentum_buffer"].dtype for p in (a, b)] == [torch.float64] * 2


# ---- gradients, hooks, refusals ----


def test_zero_grad_leaves_zeros_outside_the_graph(torch):
    a, b = leaf(torch), leaf(torch)
    optimizer = torch.optim.SGD([a, b], lr=0.5)
    a.grad = (leaf(torch) * 2).exp()
    b.grad = torch.ones(2, requires_grad=True)
    optimizer.zero_grad(set_to_none=False)
    for p in (a, b):
        assert p.grad.tolist() == [0, 0]
        assert not p.grad.requires_grad
    c = leaf(torch)
    torch.optim.SGD([c]).zero_grad(set_to_none=False)
    assert c.grad is None


def test_step_hooks_see_and_change_the_call(torch):
    seen = []
    a = leaf(torch)
    optimizer = torch.optim.SGD([a], lr=0.5)
    a.grad = torch.ones(2)

    def swap(opt, args, kwargs):
        seen.append(("pre", opt is optimizer, len(args), sorted(kwargs)))
        return args, {"closure": lambda: torch.tensor(5.0)}

    optimizer.register_step_pre_hook(swap)
    optimizer.register_step_pre_hook(lambda opt, args, kwargs: seen.append(("second", sorted(kwargs))))
    optimizer.register_step_post_hook(lambda opt, args, kwargs: seen.append(("post", sorted(kwargs), a.tolist())))
    assert float(optimizer.step()) == 5
    assert seen == [("pre", True, 1, []), ("second", ["closure"]), ("post", ["closure"], [0.5, 1.5])]
    optimizer.register_step_pre_hook(lambda *given: 3)
    with pytest.raises(RuntimeError, match="must return None or a tuple"):
        optimizer.step()


@pytest.mark.parametrize("kind", ["register_step_pre_hook", "register_step_post_hook"])
def test_one_hook_alone(torch, kind):
    seen, a = [], leaf(torch)
    optimizer = torch.optim.SGD([a], lr=0.5)
    handle = getattr(optimizer, kind)(lambda *given: seen.append(a.tolist()))
    stepped(torch, optimizer, a)
    handle.remove()
    stepped(torch, optimizer, a)
    assert seen == [[1, 2] if "pre" in kind else [0.5, 1.5]]


def test_hooks_of_all_optimizers(torch):
    seen = []
    module = importlib.import_module(f"{torch.__name__}.optim.optimizer")
    a, b = leaf(torch), leaf(torch)
    one, two = torch.optim.SGD([a], lr=0.5), torch.optim.Adam([b], lr=0.5)
    handles = [
        module.register_optimizer_step_pre_hook(lambda opt, args, kwargs: seen.append(("before all", opt is one))),
        module.register_optimizer_step_post_hook(lambda opt, args, kwargs: seen.append(("after all", opt is one))),
        one.register_step_pre_hook(lambda opt, args, kwargs: seen.append("before")),
        one.register_step_post_hook(lambda opt, args, kwargs: seen.append("after")),
    ]
    try:
        stepped(torch, one, a)
        stepped(torch, two, b)
    finally:
        for handle in handles:
            handle.remove()
    stepped(torch, one, a)
    assert seen == [("before all", True), "before", "after", ("after all", True), ("before all", False), ("after all", False)]


def test_hooks_of_saving_and_loading(torch):
    seen = []
    a = leaf(torch)
    optimizer = torch.optim.SGD([a], lr=0.5)
    optimizer.register_state_dict_pre_hook(lambda opt: seen.append("save 2"))
    first = optimizer.register_state_dict_pre_hook(lambda opt: seen.append("save 1"), prepend=True)
    optimizer.register_state_dict_post_hook(lambda opt, saved: seen.append("saved") or {**saved, "note": 1})
    optimizer.register_state_dict_post_hook(lambda opt, saved: seen.append(("saved first", "note" in saved)), prepend=True)
    optimizer.register_load_state_dict_pre_hook(lambda opt, saved: seen.append(("load", sorted(saved))))
    optimizer.register_load_state_dict_pre_hook(lambda opt, saved: {**saved, "more": 2}, prepend=True)
    optimizer.register_load_state_dict_post_hook(lambda opt: seen.append(("loaded", opt is optimizer)))
    optimizer.register_load_state_dict_post_hook(lambda opt: seen.append("loaded first"), prepend=True)
    saved = optimizer.state_dict()
    assert saved["note"] == 1
    optimizer.load_state_dict(saved)
    assert seen == [
        "save 1", "save 2", ("saved first", False), "saved",
        ("load", ["more", "note", "param_groups", "state"]), "loaded first", ("loaded", True),
    ]  # fmt: skip
    assert "more" not in saved
    first.remove()
    optimizer.state_dict()
    assert seen[7] == "save 2"


def test_a_step_is_named_where_the_graph_finds_it_changed():
    for momentum in (0, 0.9):
        w = leaf(autodiff)
        loss = (w * w).sum()
        w.grad = autodiff.ones(2)
        optimizer = optim.SGD([w], lr=0.1, momentum=momentum)
        optimizer.step()  # this line
        with pytest.raises(RuntimeError, match=rf"It was changed at test_groups_torch.py:{_line_of('# this line')}\."):
            loss.backward()


def test_a_momentum_buffer_that_was_kept_is_noticed_too():
    w = leaf(autodiff)
    optimizer = optim.SGD([w], lr=0.1, momentum=0.9)
    stepped(autodiff, optimizer, w)
    x = leaf(autodiff)
    loss = (x * optimizer.state[w]["momentum_buffer"]).sum()
    stepped(autodiff, optimizer, w)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def _line_of(mark):
    with open(__file__, encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if line.rstrip().endswith(mark))


def test_a_parameter_made_in_inference_mode_is_stepped():
    with autodiff.inference_mode():
        w = autodiff.ones(2)
        w.requires_grad_()
        w.grad = autodiff.ones(2)
        optim.SGD([w], lr=0.5).step()
        assert w.tolist() == [0.5, 0.5]


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"fused": True, "differentiable": True}, RuntimeError, "`fused` does not support `differentiable`"),
        ({"fused": True, "foreach": True}, RuntimeError, "`fused` and `foreach` cannot be `True` together"),
        ({"lr": -0.1}, ValueError, "Invalid learning rate: -0.1"),
        ({"momentum": -0.1}, ValueError, "Invalid momentum value: -0.1"),
        ({"weight_decay": -0.1}, ValueError, "Invalid weight_decay value: -0.1"),
        ({"nesterov": True, "momentum": 0.5, "dampening": 0.1}, ValueError, "Nesterov momentum requires"),
        ({"nesterov": True, "momentum": 0}, ValueError, "Nesterov momentum requires"),
    ],
)
def test_options_that_are_refused(torch, options, error, words):
    with pytest.raises(error, match=words):
        torch.optim.SGD([leaf(torch)], **options)


def test_what_pytorch_takes_for_a_rate(torch):
    a = leaf(torch)
    optimizer = torch.optim.SGD([a], lr=torch.tensor(0.5))
    assert stepped(torch, optimizer, a) == [[0.5, 1.5]]
    with pytest.raises(ValueError, match="1-element"):
        torch.optim.SGD([a], lr=torch.ones(2))
    assert torch.optim.SGD([a]).param_groups[0]["lr"] == 1e-3
    assert np.isclose(stepped(torch, torch.optim.SGD([a], 0.25, 0.5, 0, 0.0, True), a)[0][0], 0.5 - 0.25 * 1.5)


def test_a_rate_that_is_no_number_is_refused():
    with pytest.raises(TypeError, match="lr is a number"):
        optim.SGD([leaf(autodiff)], lr="0.1")
    with pytest.raises(ValueError, match="learning rate: nan"):
        optim.SGD([leaf(autodiff)], lr=float("nan"))


def test_an_old_pickle_gets_the_options_that_came_later(torch):
    optimizer = torch.optim.SGD([leaf(torch)], lr=0.5)
    state = optimizer.__getstate__()
    for group in state["param_groups"]:
        for name in ("nesterov", "maximize", "foreach", "differentiable", "fused"):
            del group[name]
    other = torch.optim.SGD([leaf(torch)], lr=0.1)
    other.__setstate__(state)
    (group,) = other.param_groups
    assert {name: group[name] for name in ("nesterov", "maximize", "foreach", "differentiable", "fused")} == {
        "nesterov": False, "maximize": False, "foreach": None, "differentiable": False, "fused": False,
    }  # fmt: skip


def test_the_base_class_has_no_step(torch):
    with pytest.raises(NotImplementedError):
        torch.optim.Optimizer([leaf(torch)], {}).step()


def test_a_step_with_hooks_keeps_its_name():
    assert optim.SGD.step.__name__ == "step"
    assert optim.SGD.step.__qualname__ == "Optimizer.step"
    assert "closure" in optim.SGD.step.__doc__
