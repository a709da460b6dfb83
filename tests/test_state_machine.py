"""Accumulation over a long life: a Hypothesis state machine against a graph of forty naive lines."""

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

import autodiff as torch


class Naive:
    """A scalar with its history, differentiated by plain recursion: slow, and easy to believe."""

    def __init__(self, value, parents=(), leaf=False):
        self.value, self.parents, self.leaf, self.grad = value, parents, leaf, None

    def needs(self):
        return self.leaf or any(p.needs() for p, _ in self.parents)

    def walk(self, g):
        if self.leaf:
            self.grad = g if self.grad is None else self.grad + g
        for parent, slope in self.parents:
            if parent.needs():
                parent.walk(g * slope)


def naive_add(a, b):
    return Naive(a.value + b.value, ((a, 1.0), (b, 1.0)))


def naive_mul(a, b):
    return Naive(a.value * b.value, ((a, b.value), (b, a.value)))


def naive_tanh(a):
    y = np.tanh(a.value)
    return Naive(y, ((a, 1 - y * y),))


class Life(RuleBasedStateMachine):
    """Leaves and results come, are combined, walked once and again, zeroed, changed in place and dropped."""

    pairs = Bundle("pairs")

    def __init__(self):
        super().__init__()
        self.leaves = []

    @rule(target=pairs, value=st.floats(-1, 1))
    def new_leaf(self, value):
        t = torch.tensor(value, dtype=torch.float64, requires_grad=True)
        n = Naive(value, leaf=True)
        self.leaves.append((t, n))
        return t, n

    @rule(target=pairs, value=st.floats(-1, 1))
    def constant(self, value):
        return torch.tensor(value, dtype=torch.float64), Naive(value)

    @rule(target=pairs, a=pairs, b=pairs)
    def add(self, a, b):
        return a[0] + b[0], naive_add(a[1], b[1])

    @rule(target=pairs, a=pairs, b=pairs)
    def mul(self, a, b):
        return a[0] * b[0], naive_mul(a[1], b[1])

    @rule(target=pairs, a=pairs)
    def tanh(self, a):
        return a[0].tanh(), naive_tanh(a[1])

    @rule(target=pairs, a=pairs)
    def without_recording(self, a):
        with torch.no_grad():
            return a[0] * 2, Naive(a[1].value * 2)

    @rule(target=pairs, a=pairs, b=pairs)
    def in_place_on_a_fresh_result(self, a, b):
        t = a[0] * 1
        t.mul_(b[0])
        return t, naive_mul(a[1], b[1])

    @rule(a=pairs, times=st.integers(1, 3))
    def backward(self, a, times):
        for _ in range(times):
            if a[1].needs():
                a[0].backward(retain_graph=True)
                a[1].walk(1.0)

    @rule()
    def zero_grad(self):
        for t, n in self.leaves:
            t.grad = n.grad = None

    @rule(a=pairs)
    def drop(self, a):
        del a

    @invariant()
    def gradients_agree(self):
        for t, n in self.leaves:
            assert (t.grad is None) == (n.grad is None)
            if n.grad is not None:
                np.testing.assert_allclose(t.grad.item(), n.grad, rtol=1e-9, atol=1e-12)


TestLife = Life.TestCase
TestLife.settings = settings(max_examples=40, stateful_step_count=14, deadline=None)
