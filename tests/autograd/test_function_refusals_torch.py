"""What a Function may not do with views and with mark_dirty, and which sentence says so: PyTorch is asked the same."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = (torch, autodiff)

MULTIPLE, INSIDE = "returns multiple views", "created inside a custom Function"
NOT_RETURNED, NOT_GIVEN, LEAF = "marked as dirty", "not an input", "view of a leaf"


def applied(T: Any, forward: Any, *args: Any) -> Any:
    class Own(T.autograd.Function):
        pass

    Own.forward = staticmethod(forward)
    Own.backward = staticmethod(lambda ctx, *gs: gs + (None,) * (len(args) - len(gs)))
    return Own.apply(*args)


def added(ctx: Any, x: Any, *rest: Any) -> Any:
    ctx.mark_dirty(x)
    return x.add_(1)


def added_and_copied(ctx: Any, x: Any, *rest: Any) -> Any:
    ctx.mark_dirty(x)
    x.add_(1)
    return x.clone(), x + 1


def a_view_of_its_own(ctx: Any, x: Any) -> Any:
    out = x.clone().view_as(x)
    ctx.mark_dirty(out)
    return out


def leaf(T: Any) -> Any:
    return T.ones(2, 2, requires_grad=True)


CASES = {
    "one view of several": (lambda T: applied(T, lambda ctx, x: (x.view(4), x + 1), leaf(T).clone())[0].add_(1), MULTIPLE),
    "a view": (lambda T: applied(T, lambda ctx, x: x.view(4), leaf(T).clone()).add_(1), INSIDE),
    "a view of a constant": (
        lambda T: applied(T, lambda ctx, x: x.view(4), T.ones(2, 2)).add_(T.ones(4).requires_grad_()), INSIDE
    ),
    "a view of a constant, copied": (
        lambda T: applied(T, lambda ctx, x: x.view(4), T.ones(2, 2)).copy_(T.ones(4).requires_grad_()), INSIDE
    ),
    "not returned": (lambda T: applied(T, added_and_copied, leaf(T).clone(), 1), NOT_RETURNED),
    "a view, not returned": (lambda T: applied(T, added_and_copied, leaf(T).clone().view(4), 1), NOT_RETURNED),
    "a view of its own": (lambda T: applied(T, a_view_of_its_own, leaf(T).clone()), NOT_GIVEN),
    "a part of a leaf": (lambda T: applied(T, added, leaf(T).split(1)[0]), MULTIPLE),
    "a view of a leaf": (lambda T: applied(T, added, leaf(T).view(4)), LEAF),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said(name: str) -> None:
    call, sentence = CASES[name]
    for T in BOTH:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(RuntimeError, match=sentence):
                call(T)


def test_a_view_of_a_constant_may_be_written_to_with_constants() -> None:
    for T in BOTH:
        x = T.ones(2, 2)
        y = applied(T, lambda ctx, x: x.view(4), x)
        with T.no_grad():
            y.add_(1)
        assert x.tolist() == [[2.0, 2.0], [2.0, 2.0]]
        assert y.mul(2).tolist() == [4.0] * 4
