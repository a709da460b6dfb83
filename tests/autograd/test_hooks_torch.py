"""Hooks of tensors and nodes: what they are given, in which order, what they may reply. On autodiff and PyTorch alike."""

import importlib

import numpy as np
import pytest


@pytest.fixture(params=["autodiff", "torch"])
def torch(request):
    if request.param == "torch":
        return pytest.importorskip("torch")
    return importlib.import_module("autodiff")


def close(a, b):
    np.testing.assert_allclose(np.asarray(a.tolist()), np.asarray(b), rtol=1e-5, atol=1e-6)


def leaf(torch, *values):
    return torch.tensor(list(values) or [1.0, 2.0], requires_grad=True)


def lists(grads):
    return tuple(None if g is None else g.tolist() for g in grads)


def gradient(torch, output, create, *inputs):
    return torch.autograd.grad(output, inputs, create_graph=create)


@pytest.mark.parametrize("create", [False, True])
def test_a_node_hook_is_given_none_for_a_constant(torch, create):
    seen = []
    x = leaf(torch)
    y = x * torch.tensor([3.0, 4.0])
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((lists(inputs), lists(outputs))))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append(inputs[1]))
    (g,) = gradient(torch, (y * torch.tensor([1.0, 2.0])).sum(), create, x)
    assert seen == [(([3.0, 8.0], None), ([1.0, 2.0],)), None]
    close(g, [3, 8])


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("which", [0, 1, 2])
def test_a_node_hook_takes_gradients_away(torch, create, which):
    x, w = leaf(torch), leaf(torch, 3.0, 4.0)
    y = x * w
    y.grad_fn.register_hook(lambda inputs, outputs: tuple(None if which in (i, 2) else g for i, g in enumerate(inputs)))
    found = torch.autograd.grad(y.sum(), [x, w], create_graph=create, allow_unused=True)
    assert [g is None for g in found] == [which in (0, 2), which in (1, 2)]
    if found[0] is not None:
        close(found[0], [3, 4])
    if found[1] is not None:
        close(found[1], [1, 2])


@pytest.mark.parametrize("create", [False, True])
def test_a_node_hook_that_takes_the_gradient_away_inside_the_graph(torch, create):
    x = leaf(torch)
    y = x * 2
    z = y.exp()
    z.grad_fn.register_hook(lambda inputs, outputs: (None,))
    (z.sum() + y.sum()).backward(create_graph=False, retain_graph=create)
    close(x.grad, [2, 2])


@pytest.mark.parametrize("create", [False, True])
def test_a_node_hook_replaces_what_was_there(torch, create):
    x, w = leaf(torch), leaf(torch, 3.0, 4.0)
    y = x * w
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 10, inputs[1] + outputs[0]))
    gx, gw = gradient(torch, (y * 2).sum(), create, x, w)
    close(gx, [60, 80])
    close(gw, [4, 6])
    assert gx.requires_grad == create


@pytest.mark.parametrize("create", [False, True])
def test_several_node_hooks_see_what_the_one_before_left(torch, create):
    seen = []
    x = leaf(torch)
    y = x * 2
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] * 10, None))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append(lists(inputs)))
    y.grad_fn.register_hook(lambda inputs, outputs: (inputs[0] + 1, None))
    (g,) = gradient(torch, y.sum(), create, x)
    assert seen == [([20.0, 20.0], None)]
    close(g, [21, 21])


@pytest.mark.parametrize("kind", ["node", "pre", "tensor", "leaf"])
def test_a_hook_that_removes_itself_while_another_follows(torch, kind):
    seen = []
    x = leaf(torch)
    y = x * 2
    register = {
        "node": y.grad_fn.register_hook,
        "pre": y.grad_fn.register_prehook,
        "tensor": y.register_hook,
        "leaf": x.register_hook,
    }[kind]

    def first(*given):
        seen.append(1)
        handle.remove()

    handle = register(first)
    register(lambda *given: seen.append(2))
    y.sum().backward(retain_graph=True)
    y.sum().backward()
    assert seen == [1, 2, 2]


@pytest.mark.parametrize("kind", ["node", "pre", "tensor", "leaf", "post"])
def test_a_handle_is_a_context_manager(torch, kind):
    seen = []
    x = leaf(torch)
    y = x * 2
    register = {
        "node": y.grad_fn.register_hook,
        "pre": y.grad_fn.register_prehook,
        "tensor": y.register_hook,
        "leaf": x.register_hook,
        "post": x.register_post_accumulate_grad_hook,
    }[kind]
    with register(lambda *given: seen.append(kind)) as handle:
        y.sum().backward(retain_graph=True)
    y.sum().backward(retain_graph=True)
    assert seen == [kind]
    handle.remove()
    y.sum().backward()
    assert seen == [kind]


BAD = {
    "another size": lambda torch, g: torch.ones(3),
    "another dtype": lambda torch, g: torch.ones(2, dtype=torch.float64),
    "a number": lambda torch, g: 3.0,
    "a list": lambda torch, g: [1.0, 2.0],
}


@pytest.mark.parametrize("reply", BAD)
@pytest.mark.parametrize("create", [False, True])
def test_a_reply_that_does_not_fit_is_refused(torch, create, reply):
    x = leaf(torch)
    y = x * 2
    y.register_hook(lambda g: BAD[reply](torch, g))
    with pytest.raises((RuntimeError, TypeError)):
        gradient(torch, y.sum(), create, x)
    assert x.grad is None


@pytest.mark.parametrize("reply", ["another size", "another dtype"])
@pytest.mark.parametrize("kind", ["node", "pre"])
def test_a_nodes_reply_that_does_not_fit_is_refused(reply, kind):
    torch = importlib.import_module("autodiff")
    x = leaf(torch)
    y = (x * 2).exp()
    if kind == "node":
        y.grad_fn.register_hook(lambda inputs, outputs: (BAD[reply](torch, None),))
    else:
        y.grad_fn.register_prehook(lambda outputs: (BAD[reply](torch, None),))
    with pytest.raises(RuntimeError, match="hook has changed"):
        y.sum().backward()
    assert x.grad is None


def test_a_gradient_that_a_node_hook_invents_is_not_taken_on_faith():
    """An input without a gradient (a hook took it away): what the next hook gives has its edge's shape, or is refused."""
    torch = importlib.import_module("autodiff")
    for given, fits in ((torch.tensor([5.0, 6.0]), True), (torch.ones(3), False)):
        x = leaf(torch)
        y = x.exp()
        y.grad_fn.register_hook(lambda inputs, outputs: (None,))
        y.grad_fn.register_hook(lambda inputs, outputs, given=given: (given,))
        if fits:
            y.sum().backward()
            assert x.grad.tolist() == [5, 6]
        else:
            with pytest.raises(RuntimeError):
                y.sum().backward()
            assert x.grad is None


@pytest.mark.parametrize("create", [False, True])
def test_a_prehook_replaces_the_incoming_gradient(torch, create):
    seen = []
    x = leaf(torch)
    y = x * 3
    y.grad_fn.register_prehook(lambda grads: seen.append(lists(grads)))
    y.grad_fn.register_prehook(lambda grads: (grads[0] * 10,))
    y.grad_fn.register_prehook(lambda grads: seen.append(lists(grads)))
    (g,) = gradient(torch, y.sum(), create, x)
    assert seen == [([1.0, 1.0],), ([10.0, 10.0],)]
    close(g, [30, 30])


@pytest.mark.parametrize("unused", [0, 1])
def test_hooks_of_one_output_among_several(torch, unused):
    seen = []
    x = torch.tensor([[1.0, 2.0], [3.0, 4.0]], requires_grad=True)
    parts = x.unbind(0)
    for k, part in enumerate(parts):
        # PyTorch calls the hook of an output that nobody used with None.
        part.register_hook(lambda g, k=k: None if g is None else seen.append((k, g.tolist())))
        part.retain_grad()
    (parts[1 - unused] * 5).sum().backward()
    assert seen == [(1 - unused, [5.0, 5.0])]
    assert parts[unused].grad is None
    assert parts[1 - unused].grad.tolist() == [5, 5]
    close(x.grad, [[5 * (unused == 1)] * 2, [5 * (unused == 0)] * 2])


def test_hooks_run_before_a_gradient_is_retained_and_once_per_walk(torch):
    x = leaf(torch)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    y.register_hook(lambda g: g * 10)
    (y + y * y).sum().backward(retain_graph=True)
    close(y.grad, [50, 90])
    (y.sum()).backward()
    close(y.grad, [60, 100])
    close(x.grad, [120, 200])


def test_post_accumulate_hooks_see_the_sum(torch):
    seen = []
    x = leaf(torch)
    x.register_post_accumulate_grad_hook(lambda p: seen.append((p is x, p.grad.tolist())))
    (x * 2).sum().backward()
    (x * 3 + x).sum().backward()
    torch.autograd.grad((x * 2).sum(), x)
    assert seen == [(True, [2, 2]), (True, [6, 6])]


def test_what_has_no_gradient_takes_no_hook(torch):
    plain, x = torch.ones(2), leaf(torch)
    for register in (plain.register_hook, plain.register_post_accumulate_grad_hook, (x * 2).register_post_accumulate_grad_hook):
        with pytest.raises(RuntimeError):
            register(lambda g: g)
    with pytest.raises(RuntimeError):
        plain.retain_grad()
    x.retain_grad()
    assert not x.retains_grad
    assert not plain.retains_grad


def test_a_hook_that_changes_its_gradient_in_place(torch):
    x = leaf(torch)
    y = x * 2
    y.register_hook(lambda g: (g.mul_(10), None)[1])
    y.register_hook(lambda g: (g.add_(1), None)[1])
    y.backward(torch.ones(2))
    close(x.grad, [22, 22])
