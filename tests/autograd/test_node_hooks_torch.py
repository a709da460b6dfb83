"""Hooks of nodes, those of leaves among them, with every kind of reply; and what the user's code in a walk may call."""

import numpy as np
import pytest
from alike import told

import autodiff

REPLIES = {
    "nothing": lambda T, g: None,
    "the same": lambda T, g: g,
    "doubled": lambda T, g: tuple(None if x is None else x * 2 for x in g),
    "one too few": lambda T, g: g[:-1],
    "one too many": lambda T, g: (*g, g[0]),
    "no tuple": lambda T, g: g[0],
    "a list": lambda T, g: list(g),
    "a number": lambda T, g: 3,
    "all None": lambda T, g: (None,) * len(g),
    "no None": lambda T, g: tuple(T.ones(2) for _ in g),
    "another shape": lambda T, g: tuple(T.ones(3) for _ in g),
    "another dtype": lambda T, g: tuple(T.ones(2, dtype=T.float64) for _ in g),
    "an empty tuple": lambda T, g: (),
}


def doubled(T):
    class Doubled(T.autograd.Function):
        @staticmethod
        def forward(ctx, a, b):
            return a * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2, None

    return Doubled


NODES = {
    "one input": lambda T, x: x**2,
    "two inputs": lambda T, x: x * (x + 1),
    "a constant": lambda T, x: x * T.ones(2),
    "a Function": lambda T, x: doubled(T).apply(x, T.ones(2)),
    "a leaf": lambda T, x: x * 3,
}


@pytest.mark.parametrize("register", ["register_hook", "register_prehook"])
@pytest.mark.parametrize("kind", NODES)
@pytest.mark.parametrize("reply", REPLIES)
def test_every_reply_of_a_nodes_hook(reply, kind, register, torch):
    def program(T, say):
        x = T.tensor([1.0, 2.0], requires_grad=True)
        y = NODES[kind](T, x)
        node = x.expand_as(x).grad_fn.next_functions[0][0] if kind == "a leaf" else y.grad_fn

        def hook(*gradients):
            say([[g if g is None else g.clone() for g in each] for each in gradients], x.grad is None)
            return REPLIES[reply](T, gradients[0]) if gradients[0] else None

        getattr(node, register)(hook)
        y.sum().backward()
        say(x.grad)

    assert told(autodiff, program) == told(torch, program)


def test_hooks_of_a_leaf_and_of_its_node_in_their_order(torch):
    def program(T, say):
        x = T.tensor([1.0, 2.0], requires_grad=True)
        node = x.expand_as(x).grad_fn.next_functions[0][0]
        say(node.variable is x, node == (x * 2).grad_fn.next_functions[0][0], node.metadata)
        node.metadata["mine"] = 1
        say((x * 2).grad_fn.next_functions[0][0].metadata)
        after = node.register_hook(lambda inputs, outputs: say("node", inputs, outputs, x.grad.clone()))
        before = node.register_prehook(lambda outputs: (say("before", outputs, x.grad), (outputs[0] * 2,))[1])
        x.register_hook(lambda g: say("tensor", g))
        x.register_post_accumulate_grad_hook(lambda t: say("leaf", t.grad.clone()))
        (x * 3).sum().backward()
        say(T.autograd.grad((x * 3).sum(), x), x.grad.clone())
        (x * 3).sum().backward(inputs=[x])
        after.remove()
        before.remove()
        (x * 3).sum().backward()
        say(x.grad)

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize("create", [False, True])
@pytest.mark.parametrize("place", ["tensor", "leaf", "post", "node", "pre", "leaf's node", "leaf's pre", "Function", "unpack"])
def test_the_users_code_in_a_walk_computes_with_tensors(place, create, torch):
    """An array is refused there as everywhere: it would be taken for a constant."""

    def program(T, say):
        x = T.tensor([1.0, 2.0], requires_grad=True)

        def hook(*given):
            for name in ("exp", "sum", "relu"):
                try:
                    getattr(T, name)(np.ones(2))
                    say("taken")
                except TypeError:
                    say("refused")

        def unpacked(kept):
            hook()
            return kept

        class Same(T.autograd.Function):
            @staticmethod
            def forward(ctx, a):
                return a * 1

            @staticmethod
            def backward(ctx, g):
                if place == "Function":
                    hook(g)
                return g

        with T.autograd.graph.saved_tensors_hooks(lambda t: t, unpacked if place == "unpack" else lambda kept: kept):
            y = Same.apply(x) ** 2
        node = x.expand_as(x).grad_fn.next_functions[0][0]
        {
            "tensor": y.register_hook,
            "leaf": x.register_hook,
            "post": x.register_post_accumulate_grad_hook,
            "node": y.grad_fn.register_hook,
            "pre": y.grad_fn.register_prehook,
            "leaf's node": node.register_hook,
            "leaf's pre": node.register_prehook,
        }.get(place, lambda hook: None)(hook)
        y.sum().backward(create_graph=create)
        say(x.grad.detach().clone())
        x.grad = None
        hook()

    assert told(autodiff, program)[0] == told(torch, program)[0]


@pytest.mark.parametrize("kind", NODES)
@pytest.mark.parametrize("register", ["register_hook", "register_prehook"])
def test_numbers_are_no_gradients(register, kind):
    """PyTorch drops some of them without a word."""
    x = autodiff.tensor([1.0, 2.0], requires_grad=True)
    y = NODES[kind](autodiff, x)
    node = x.expand_as(x).grad_fn.next_functions[0][0] if kind == "a leaf" else y.grad_fn
    getattr(node, register)(lambda *gradients: tuple(3 for _ in gradients[0]) or (3,))
    words = r"expected Variable, but hook returned 'int'|got 1, but expected 0|None"
    with pytest.raises((TypeError, RuntimeError), match=words):
        y.sum().backward()
    assert x.grad is None or (kind == "a leaf" and register == "register_hook")


SEVERAL = {
    "unbind": lambda T, x: x.unbind(0), "chunk": lambda T, x: x.chunk(3, 1), "split": lambda T, x: x.split([1, 2], 1),
    "one": lambda T, x: (x * 3,),
}  # fmt: skip


@pytest.mark.parametrize("register", ["register_hook", "register_prehook"])
@pytest.mark.parametrize("used", ["all", "the first", "the last"])
@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("make", SEVERAL)
def test_a_hook_sees_a_gradient_for_each_output(make, create_graph, used, register, torch):
    """None for one that nobody used; what it changes in its own copy counts for nobody else."""

    def program(T, say):
        x = T.arange(6.0).reshape(2, 3).requires_grad_()
        parts = SEVERAL[make](T, x)

        def hook(*given):
            say(len(given))
            for gs in given:
                say(*(None if g is None else g.detach().clone() for g in gs))

        getattr(parts[0].grad_fn, register)(hook)
        chosen = {"all": parts, "the first": parts[:1], "the last": parts[-1:]}[used]
        loss = sum((part * (k + 2)).sum() for k, part in enumerate(chosen))
        (g,) = T.autograd.grad(loss, x, create_graph=create_graph)
        say(g.detach())

    assert told(autodiff, program) == told(torch, program)
