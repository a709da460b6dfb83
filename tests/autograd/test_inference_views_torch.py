"""Views made in inference mode of tensors that were not: what they require, and what happens when their memory changes."""

import itertools

import pytest
from alike import told

import autodiff

BASES = {
    "leaf": lambda T: T.ones(2, 3, requires_grad=True),
    "result": lambda T: T.ones(2, 3, requires_grad=True).clone(),
    "constant": lambda T: T.ones(2, 3),
    "of inference mode": lambda T: T.inference_mode()(T.ones)(2, 3),
}
VIEWS = {
    "view": lambda t: t.view(-1),
    "row": lambda t: t[0],
    "one of several": lambda t: t.chunk(2)[1],
    "view of a view": lambda t: t.t()[1:],
    "detached": lambda t: t.detach(),
    "no view": lambda t: t * 1,
    "expanded": lambda t: t.unsqueeze(0).expand(2, 2, 3)[0],
}
WEIGHT = {"a number": lambda T: 2.0, "a tensor": lambda T: T.full((1,), 3.0, requires_grad=True)}
CHANGES = {
    "nothing": lambda T, t, v, w: None,
    "the base": lambda T, t, v, w: t.mul_(w),
    "the view": lambda T, t, v, w: v.mul_(w),
    "the base, quietly": lambda T, t, v, w: T.no_grad()(t.add_)(1.0),
    "the view, quietly": lambda T, t, v, w: T.no_grad()(v.add_)(1.0),
    "the view, in inference mode": lambda T, t, v, w: T.inference_mode()(v.add_)(1.0),
    "the base, in inference mode": lambda T, t, v, w: T.inference_mode()(t.add_)(1.0),
    "the view required": lambda T, t, v, w: v.requires_grad_(),
}


def state(t):
    return t.requires_grad, t.is_leaf, t.is_inference()


@pytest.mark.parametrize("weight", WEIGHT)
@pytest.mark.parametrize(("base", "view", "change"), list(itertools.product(BASES, VIEWS, CHANGES)))
def test_a_view_made_in_inference_mode(base, view, change, weight, torch):
    def program(T, say):
        t, w = BASES[base](T), WEIGHT[weight](T)
        with T.inference_mode():
            v = VIEWS[view](t)
        say(state(v))
        CHANGES[change](T, t, v, w)
        say(state(v), state(t), v.detach() * 1, t.detach() * 1)
        if not v.is_inference():
            say(v._version, t._version if not t.is_inference() else None)
        y = (v * w).sum()
        say(state(y), y.detach() * 1)
        if y.requires_grad:  # a gradient that goes to such a view is lost in PyTorch; here it is found in v.grad
            y.backward()
            say(t.grad if t.is_leaf else None, getattr(w, "grad", None))
        say(v.grad_fn is None)

    assert told(autodiff, program) == told(torch, program)
