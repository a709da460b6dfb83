"""`why`: each sentence where it holds, and not where it doesn't; the shortest way; whose name a tensor has."""

import re
import sys

import pytest

import autodiff as torch
from autodiff import nn
from autodiff.explain import ways
from autodiff.explain.names import in_variables
from autodiff.explain.why import Answer


def leaf(*numbers):
    return torch.tensor([*map(float, numbers)], requires_grad=True)


def plain(answer):
    """Without the numbers of lines."""
    return re.sub(r"(test_\w+\.py):\d+", "HERE", answer)


# ---- what it is ----


def test_an_answer_prints_as_it_is():
    assert repr(Answer("two\nlines")) == str(Answer("two\nlines")) == "two\nlines"


def test_the_first_line_says_what_a_tensor_is():
    w, x = leaf(1, 2), torch.tensor([1, 2])
    h = w * 2
    told = [torch.why(w), torch.why(x), torch.why(h)]
    assert [plain(each).splitlines()[0] for each in told] == [
        "w: (2,) float32, a leaf: no recorded operation made it", "x: (2,) int64, a leaf: no recorded operation made it",
        "h: (2,) float32, the result of mul at HERE",
    ]  # fmt: skip
    assert torch.why(torch.ones(2, 3)).startswith("this tensor: (2, 3) float32, a leaf")
    out = Doubled.apply(w)
    assert plain(torch.why(out)).startswith("out: (2,) float32, the result of DoubledBackward at HERE")


class Doubled(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return x * 2

    @staticmethod
    def backward(ctx, g):
        return g * 2


# ---- without a gradient ----


def test_a_constant():
    n = torch.tensor([1.0])
    assert torch.why(n).splitlines()[1:] == [
        "requires_grad is False, so no gradient will come to it.",
        "Nothing that it was made of required one, or it was computed under no_grad(). If it is to learn: n.requires_grad_() "
        "before it is used.",
    ]  # fmt: skip
    assert torch.why(torch.tensor([1.0])).endswith("If it is to learn: x.requires_grad_() before it is used.")
    held = {"n": n}
    del n
    assert "x.requires_grad_()" in torch.why(held["n"])


def test_whole_numbers():
    k = torch.tensor([1, 2])
    assert torch.why(k).splitlines()[1:] == [
        "requires_grad is False, so no gradient will come to it.",
        "Only floating point numbers can have one, and these are int64.",
    ]  # fmt: skip
    with torch.no_grad():
        order = leaf(1, 2).argsort()
    assert "no_grad() block" not in torch.why(k)
    assert not torch.why(order).endswith("(AD021)")


def test_what_was_cut_off():
    w = leaf(1, 2)
    d = (w * 2).detach()
    assert [plain(line) for line in torch.why(d).splitlines()[1:]] == [
        "requires_grad is False, so no gradient will come to it.",
        "The graph was cut here: detach at HERE made it of something that requires a gradient. (AD021)",
    ]
    k = (w * 2).argmax()
    assert torch.why(k).splitlines()[1:2] == ["requires_grad is False, so no gradient will come to it."]
    assert "(AD021)" not in torch.why(k)


def test_under_no_grad():
    w = leaf(1, 2)
    with torch.no_grad():
        h = w * 2
    told = plain(torch.why(h)).splitlines()
    assert told[2].startswith("Nothing that it was made of required one, or it was computed in the no_grad() block at HERE,")
    assert told[2].endswith("it only changes what layers such as dropout compute. (AD021)")
    assert len(told) == 3


def test_in_inference_mode():
    w = leaf(1, 2)
    with torch.inference_mode():
        h = w * 2
    assert torch.why(h).splitlines()[2:] == ["It was made inside inference_mode(), where nothing is recorded. (AD021)"]


# ---- a leaf ----


def test_a_leaf_that_has_one_or_has_only_zeros():
    w = leaf(1, 2)
    (w * 3).sum().backward()
    assert torch.why(w).splitlines()[1:] == ["Its .grad is [3 3]."]
    v = leaf(-1, -2)
    torch.relu(v).sum().backward()
    assert torch.why(v).splitlines()[1:] == [
        "Its .grad is all zeros: backward() came by, and every path to it was flat there (a relu that is off, a saturated "
        "function, a factor 0), or zero_grad(set_to_none=False) wrote them."
    ]


@pytest.mark.parametrize("name", ["round", "sign", "floor"])
def test_a_slope_that_is_0_everywhere_is_named(name):
    w = leaf(1.2, 2.7)
    loss = (getattr(w * 2, name)() * 3).sum()
    loss.backward()
    expected = f"Its .grad is all zeros. On the way lies {name} at HERE, whose slope is 0 everywhere: a small move changes"
    assert expected in plain(torch.why(w))
    assert torch.why(w).endswith("(AD013)")
    assert expected in plain(torch.why(w, loss))


def test_of_flat_operations_only_those_on_the_way_are_named():
    w, v = leaf(1.2, 2.7), leaf(1.5)
    loss = (w.round() * v.floor()).sum() + (w * 0).sum()
    loss.backward()
    assert "On the way lies round at" in torch.why(w)
    assert "floor" not in torch.why(w)
    assert "On the way lies floor at" in torch.why(v)
    both = (w.round() + w.ceil()).sum()
    assert [text.split(" at ")[0] for text in ways.flat_on(w, [both])] in (["round", "ceil"], ["ceil", "round"])
    assert ways.flat_on(w, []) == ways.flat_on(w, [torch.ones(1), leaf(1)]) == ways.flat_on(w, [(v * 2).sum()]) == []


def test_a_leaf_that_nothing_has_reached_yet():
    w = leaf(1, 2)
    assert torch.why(w).splitlines()[1:] == [
        "It requires a gradient, and .grad is None: no backward() has reached it yet, or zero_grad() has cleared it since. "
        "Ask why(w, loss) whether it is on a way to the loss. (AD020)"
    ]
    assert "Ask why(tensor, loss) whether" in torch.why(leaf(1))
    loss = (w * 2).sum()
    told = torch.why(w, loss).splitlines()
    assert told[1].endswith("or zero_grad() has cleared it since.")
    assert told[2].startswith("The way back: loss ← SumBackward0 (")


# ---- a result ----


def test_a_result_that_keeps_its_gradient_and_one_that_does_not():
    w = leaf(1, 2)
    h = w * 2
    h.retain_grad()
    assert torch.why(h).splitlines()[1:] == ["It keeps its gradient (retain_grad()), and no backward() has come by yet."]
    (h * h).sum().backward()
    assert torch.why(h).splitlines()[1:] == [
        "Its .grad is [4 8].", "backward() has been through: what its operation kept is let go, so it can't be walked again.",
    ]  # fmt: skip
    assert "To have it: x.retain_grad() before backward(), or look at it in watch()." in torch.why(w * 2)


# ---- the way ----


def test_the_way_back_is_the_shortest():
    w = leaf(1, 2)
    loss = ((w * 2).exp().sin() + w.tanh()).sum()
    assert plain(torch.why(w, loss)).splitlines()[-1] == (
        "The way back: loss ← SumBackward0 (HERE) ← AddBackward0 (HERE) ← TanhBackward0 (HERE) ← w (AD020)"
    )
    assert plain(torch.why(w, (w * 3).sum())).splitlines()[-1].startswith("The way back: the loss ← SumBackward0")
    h = w * 2
    told = plain(torch.why(h, (h + 1).sum())).splitlines()
    assert told[-1] == "The way back: the loss ← SumBackward0 (HERE) ← AddBackward0 (HERE) ← h"
    assert torch.why(w, w).splitlines()[-1] == "The way back: w ← w (AD020)"


def test_of_several_results_of_one_operation_each_has_its_own_way():
    w = leaf(3, 1, 2)
    a, b, c = w.unbind()
    loss = b * 2
    assert "The way back: loss ← MulBackward0" in torch.why(b, loss)
    assert torch.why(a, loss).splitlines()[-1] == (
        "a is on no way to loss: loss was not computed from it, or a detach() or no_grad() lies between."
    )
    assert "The way back: c ← c" in torch.why(c, c)


def test_that_there_is_no_way():
    w, v, x = leaf(1, 2), leaf(3), torch.ones(2)
    loss = (w * x).sum()
    cut = loss.detach()
    constant = torch.tensor(1.0)
    assert torch.why(v, loss).splitlines()[-1].startswith("v is on no way to loss: loss was not computed from it, or")
    assert torch.why(x, loss).splitlines()[-1] == "There is no way from loss to x: it does not require a gradient."
    told = plain(torch.why(w, cut)).splitlines()[-1]
    assert told == "cut has no graph: it was cut by detach at HERE. No gradient can come from it. (AD020)"
    assert torch.why(w, constant).splitlines()[-1] == "constant has no graph. No gradient can come from it. (AD020)"
    other = leaf(1, 2)  # the same numbers are not the same tensor
    assert torch.why(w, other).splitlines()[-1].startswith("w is on no way to other: other was not computed from it, or")
    assert torch.why(w, leaf(1)).splitlines()[-1].startswith("w is on no way to the loss")


# ---- losses and optimisers of the caller ----


def test_the_losses_that_a_function_holds():
    w, v = leaf(1, 2), leaf(3)
    with_it, without, several = (w * 2).sum(), (v * 2).sum(), w * 2
    told = plain(torch.why(w)).splitlines()[2:]
    assert told == [
        "It is on a way to with_it, made at HERE: with_it.backward() would give it a gradient.",
        "without, made at HERE, was computed without it, or a detach() or no_grad() lies between. (AD020)",
    ]
    assert with_it.shape + without.shape + several.shape == (2,)


def test_the_last_three_losses_are_told_of():
    w = leaf(1, 2)
    a, b, c, d = (w * 1).sum(), (w * 2).sum(), (w * 3).sum(), (w * 4).sum()
    told = re.findall(r"on a way to (\w), made", torch.why(w))
    assert told == ["b", "c", "d"]
    e = d
    assert re.findall(r"on a way to (\w), made", torch.why(w)) == ["b", "c", "d"]  # d and e are one
    assert a.shape == b.shape == c.shape == e.shape


def test_a_gradient_that_was_there():
    w, v = leaf(1, 2), leaf(3)
    optimizer = torch.optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward()
    w.grad = None
    told = plain(torch.why(w)).splitlines()
    assert told[2:] == [
        "It is on a way to loss, and backward() has come by: its .grad was cleared since.",
        "None says that nothing has arrived since; zero_grad(set_to_none=False) writes zeros instead.",
        "In an optimizer: yes, optimizer. (AD018)",
    ]
    assert plain(torch.why(v)).splitlines()[2:] == [
        "loss, made at HERE, was computed without it, or a detach() or no_grad() lies between.",
        "In an optimizer: no, so no step() will change it. (AD020)",
    ]
    assert optimizer.param_groups[0]["params"] == [w]


def test_the_lines_that_clear_are_named():
    w = leaf(1, 2)
    optimizer = torch.optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    if loss.item() < 0:
        optimizer.zero_grad()
    line = plain(torch.why(w)).splitlines()[2]
    assert line.endswith("and backward() has come by: its .grad was cleared since, by zero_grad() at HERE or HERE.")


def test_a_gradient_that_was_cleared_before_a_step_had_used_it():
    w = leaf(1, 2)
    optimizer = torch.optim.SGD([w], lr=0.1)
    (w * w).sum().backward()
    optimizer.zero_grad()
    told = plain(torch.why(w)).splitlines()
    assert told[2] == "Its gradient was cleared by zero_grad() at HERE, before a step had used it."
    assert told[-1].endswith("In an optimizer: yes, optimizer. (AD018)")


def test_the_optimizer_that_has_it_is_named():
    w, v = leaf(1, 2), leaf(3)
    first, second = torch.optim.SGD([w], lr=0.1), torch.optim.Adam([{"params": [w]}, {"params": [v]}])
    assert "In an optimizer: yes, second." in torch.why(v)
    assert "In an optimizer: yes, first." in torch.why(w)
    assert second.param_groups[1]["params"] == [v] != first


# ---- a name that was given anew ----


def test_a_parameter_that_was_rebound():
    w = leaf(1, 2)
    (w * 2).sum().backward()
    w = w - 0.1 * w.grad
    told = plain(torch.why(w))
    assert "This `w` is a NEW tensor, made at HERE" in told
    assert "your parameter is the old one, and keeps its numbers." in told
    assert told.endswith("(AD009)")
    v = leaf(1, 2)
    (v * 2).sum().backward()
    with torch.no_grad():
        v = v - 0.1 * v.grad
    told = plain(torch.why(v))
    assert "under no_grad(), so it requires no gradient;" in told
    assert told.endswith("(AD010)")


# ---- names ----


def names_here(short=False):
    """What the caller's own variables call tensors."""
    frame = sys._getframe(1)
    held = [*frame.f_locals.values()]
    modules = [module for module in held if isinstance(module, nn.Module)]
    mine = {id(x) for x in (*held, *(x for module in modules for x in (*module.parameters(), *module.buffers())))}
    return [name for name, x in in_variables(frame, short) if id(x) in mine]


def test_what_variables_call_tensors():
    _, _hidden, w = torch.ones(1), torch.ones(1), torch.ones(1)
    model = nn.Sequential(nn.Linear(1, 1), nn.BatchNorm1d(1))
    paths = ["0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean", "1.running_var", "1.num_batches_tracked"]
    assert names_here() == ["_hidden", "w", *(f"model.{path}" for path in paths)]
    assert names_here(short=True) == ["_hidden", "w", *paths]
    other = nn.Sequential(nn.Linear(1, 1))
    whole = ["_hidden", "w", *(f"model.{path}" for path in paths), "other.0.weight", "other.0.bias"]
    assert names_here() == names_here(short=True) == whole
    assert len({id(x) for x in (_, _hidden, w, model[0].weight, other[0].weight)}) == 5


def test_one_model_of_two_names_has_one_path():
    model = again = nn.Sequential(nn.Linear(1, 1))
    assert names_here(short=True) == ["0.weight", "0.bias", "0.weight", "0.bias"]
    assert names_here() == ["model.0.weight", "model.0.bias", "again.0.weight", "again.0.bias"]
    assert model is again
