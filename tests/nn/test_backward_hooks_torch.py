"""Backward hooks of modules whose inputs and outputs are of every kind: what requires a gradient, and what a hook is shown."""

import itertools

import pytest
from alike import near, told

import autodiff

KINDS = ["leaf", "result", "constant", "ints", "number"]


def given(T, kind):
    x = T.tensor([1.0, -2.0, 3.0])
    return {
        "leaf": lambda: x.requires_grad_(),
        "result": lambda: x.requires_grad_() * 2,
        "constant": lambda: x,
        "ints": lambda: x.long(),
        "number": lambda: 2,
    }[kind]()


def module(T, forward):
    return type("Module", (T.nn.Module,), {"forward": lambda self, *inputs: forward(*inputs)})()


@pytest.mark.parametrize("kinds", list(itertools.product(KINDS, KINDS)), ids=":".join)
def test_a_hook_changes_no_requirement_and_sees_every_tensor(kinds, torch):
    def program(T, say):
        def forward(a, b):
            say([getattr(x, "requires_grad", None) for x in (a, b)])
            return a * 2.0 + b, T.ones(2), a, 3

        layer = module(T, forward)
        layer.register_full_backward_hook(lambda m, inputs, outputs: say(inputs, outputs))
        results = layer(*(given(T, kind) for kind in kinds))
        say([getattr(x, "requires_grad", None) for x in results])
        if getattr(results[0], "requires_grad", False):
            results[0].sum().backward()

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize("mode", ["recorded", "under no_grad", "of constants"])
@pytest.mark.parametrize("register", ["register_full_backward_hook", "register_full_backward_pre_hook"])
@pytest.mark.parametrize("kind", ["dict", "list", "number", "tuple of a dict", "tuple of a list and a number", "None"])
def test_hooks_see_a_tensor_or_a_tuple(kind, register, mode, torch):
    def program(T, say):
        results = {
            "dict": lambda x: {"y": x * 2},
            "list": lambda x: [x * 2, x],
            "number": lambda x: 3,
            "tuple of a dict": lambda x: (x * 2, {"y": x}),
            "tuple of a list and a number": lambda x: ([x], 3),
            "None": lambda x: None,
        }
        layer = module(T, results[kind])
        getattr(layer, register)(lambda *given: say("called"))
        x = T.ones(2).requires_grad_(mode != "of constants")
        with T.set_grad_enabled(mode != "under no_grad"):
            result = layer(x)
        say(type(result).__name__)
        first = next(iter(result.values() if isinstance(result, dict) else result)) if kind in ("dict", "list") else None
        if first is not None and first.requires_grad:
            first.sum().backward()

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize("kind", ["leaf", "result", "a view", "constant"])
@pytest.mark.parametrize("change", ["in place", "in place, quietly", "of a copy", "none"])
def test_a_forward_that_changes_its_input(change, kind, torch):
    def program(T, say):
        def forward(x):
            if change == "in place":
                x.mul_(2)
            elif change == "in place, quietly":
                with T.no_grad():
                    x.mul_(2)
            elif change == "of a copy":
                x = x.clone().mul_(2)
            return x * 3

        layer = module(T, forward)
        layer.register_full_backward_hook(lambda m, inputs, outputs: say(inputs, outputs))
        x = (given(T, "result") * 1)[1:] if kind == "a view" else given(T, kind)
        y = layer(x)
        say(x.detach() * 1, y.requires_grad)
        if y.requires_grad:
            y.sum().backward()

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize("pre", [False, True])
@pytest.mark.parametrize("how", ["twice through the graph", "a gradient of the gradient", "a module within itself"])
def test_how_often_hooks_are_called(how, pre, torch):
    """A gradient that reaches the input by another way than through the output is not the module's to show."""

    def program(T, say):
        layer = T.nn.Sigmoid()
        if pre:
            layer.register_full_backward_pre_hook(lambda m, outputs: say("before", outputs[0].detach()))
        layer.register_full_backward_hook(lambda m, inputs, outputs: say(inputs[0].detach(), outputs[0].detach()))
        x = T.tensor([0.5, -1.0], dtype=T.float64, requires_grad=True)
        y = layer(layer(x)) if how == "a module within itself" else layer(x)
        if how == "a gradient of the gradient":
            (g,) = T.autograd.grad(y.sum(), x, create_graph=True)
            say(g.detach())
            (g**2).sum().backward()
        else:
            y.sum().backward(retain_graph=True)
            if how == "twice through the graph":
                (3 * y).sum().backward()
        say(x.grad)

    (ours, *_), (theirs, *_) = told(autodiff, program), told(torch, program)
    assert len(ours) == len(theirs)
    assert near(ours, theirs)
