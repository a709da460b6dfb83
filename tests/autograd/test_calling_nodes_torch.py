"""Nodes called by hand, `y.grad_fn(g)`: gradients as in PyTorch, with a graph of their own or without; and how nodes print."""

import re

import pytest
from alike import told

import autodiff

NODES = {
    "a power": lambda T, x, w: x**2,
    "a product": lambda T, x, w: x * w,
    "a product with itself": lambda T, x, w: x * x,
    "a constant": lambda T, x, w: x * T.ones(2, 3),
    "a number": lambda T, x, w: x * 3,
    "a constant first": lambda T, x, w: T.ones(2, 3) + x,
    "a sum": lambda T, x, w: x.sum(),
    "several outputs": lambda T, x, w: x.unbind(0)[1],
    "chunks": lambda T, x, w: x.chunk(2)[0],
    "a view": lambda T, x, w: x.t(),
    "a matrix product": lambda T, x, w: x @ w.t(),
    "a cast": lambda T, x, w: x.float(),
    "a result of a result": lambda T, x, w: (x * 2) * (w * 3),
}


@pytest.mark.parametrize("mode", ["recorded", "under no_grad"])
@pytest.mark.parametrize("node", NODES)
def test_one_step_by_hand(node, mode, torch):
    def program(T, say):
        x = T.arange(6.0, dtype=T.float64).reshape(2, 3).requires_grad_()
        w = T.full((2, 3), 2.0, dtype=T.float64, requires_grad=True)
        y = NODES[node](T, x, w)
        several = node in ("several outputs", "chunks")
        seeds = [T.ones(y.shape, dtype=y.dtype) * (k + 2) for k in range(2 if several else 1)]
        with T.set_grad_enabled(mode == "recorded"):
            found = y.grad_fn(*seeds)
        say(isinstance(found, tuple))
        for g in found if isinstance(found, tuple) else (found,):
            say(g if g is None else g.detach(), g is not None and g.requires_grad)
        say(y.grad_fn(*(None for _ in seeds)))
        for wrong in ((), seeds * 2, (3,) * len(seeds)):
            try:
                y.grad_fn(*wrong)
                say("taken")
            except TypeError:
                say("refused")
        say(x.grad, w.grad)

    assert told(autodiff, program) == told(torch, program)


def test_a_gradient_has_the_shape_of_its_input():
    """PyTorch's is summed only later, in the walk."""
    x, w = autodiff.ones(2, 3, requires_grad=True), autodiff.ones(3, requires_grad=True)
    node = (x * w).grad_fn
    for recorded in (True, False):
        with autodiff.set_grad_enabled(recorded):
            found = node(autodiff.ones(2, 3))
        assert [g.tolist() for g in found] == [[[1.0] * 3] * 2, [2.0] * 3]


def test_a_freed_graph_and_a_leafs_node(torch):
    def program(T, say):
        x = T.ones(2, requires_grad=True)
        say(x.expand_as(x).grad_fn.next_functions[0][0](T.full((2,), 3.0)), x.grad.detach().clone())
        linear = x.sum()
        linear.backward()
        say(linear.grad_fn(T.tensor(2.0)).detach())
        y = x.exp()
        y.sum().backward()
        y.grad_fn(T.ones(2))

    assert told(autodiff, program) == told(torch, program)


def test_a_function_of_the_users_may_be_called_too():
    """PyTorch's cannot be."""

    class Double(autodiff.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2, None

    node = Double.apply(autodiff.ones(2, requires_grad=True), 3).grad_fn
    assert node(autodiff.ones(2))[0].tolist() == [2, 2]
    assert node(autodiff.ones(2))[1] is None


def test_how_a_node_prints():
    x = autodiff.ones(2, 3, requires_grad=True)
    line = test_how_a_node_prints.__code__.co_firstlineno
    y = x * 2
    assert repr(y.grad_fn) == f"<MulBackward0 ([2, 3]) at test_calling_nodes_torch.py:{line + 3}>"
    parts = x.unbind(0)
    assert repr(parts[0].grad_fn) == f"<UnbindBackward0 ([3], [3]) at test_calling_nodes_torch.py:{line + 5}>"
    assert repr(y).endswith("grad_fn=<MulBackward0>)")
    assert re.fullmatch(r"<AccumulateGrad of \[2, 3\] at 0x[0-9a-f]+>", repr(y.grad_fn.next_functions[0][0]))
    autodiff.set_provenance(False)
    try:
        assert re.fullmatch(r"<ExpBackward0 \(\[2, 3\]\) at 0x[0-9a-f]+>", repr(x.exp().grad_fn))
    finally:
        autodiff.set_provenance(True)


@pytest.mark.parametrize("materialized", [True, False])
def test_a_function_of_the_users_called_with_nothing(materialized):
    """Its backward is asked in any case: it may make something of nothing, and it sees zeros unless it wants to see None."""
    seen = []

    class Plus(autodiff.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.set_materialize_grads(materialized)
            return a * 2

        @staticmethod
        def backward(ctx, g):
            seen.append(None if g is None else g.tolist())
            return autodiff.ones(2)

    node = Plus.apply(autodiff.ones(2, requires_grad=True)).grad_fn
    for recorded in (True, False):
        with autodiff.set_grad_enabled(recorded):
            assert node(None).tolist() == [1, 1]
    assert seen == [[0, 0] if materialized else None] * 2
