"""Leaves that are views, views that were not recorded, and changes in place of all of these: drawn programs, on both sides."""

from contextlib import nullcontext

import pytest
from alike import told
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff

STARTS = {
    "constant": lambda T: T.arange(1.0, 7.0).reshape(2, 3).clone(),
    "leaf": lambda T: T.arange(1.0, 7.0).reshape(2, 3).clone().requires_grad_(),
    "result": lambda T: T.arange(1.0, 7.0).reshape(2, 3).requires_grad_() * 1,
    "view": lambda T: T.arange(1.0, 7.0).reshape(2, 3),
}
VIEWS = {
    "x[0]": lambda x: x[0],
    "x[0:1]": lambda x: x[0:1],
    "x[...]": lambda x: x[...],
    "reshape": lambda x: x.reshape(-1),
    "view": lambda x: x.view(x.shape),
    "transpose": lambda x: x.transpose(0, -1),
    "unsqueeze": lambda x: x.unsqueeze(0),
    "expand": lambda x: x.expand(x.shape),
    "narrow": lambda x: x.narrow(0, 0, 1),
    "chunk": lambda x: x.chunk(2)[0],
    "unbind": lambda x: x.unbind(0)[0],
    "detach": lambda x: x.detach(),
}
CHANGES = {
    "add_": lambda x, w: x.add_(1),
    "mul_": lambda x, w: x.mul_(w),
    "neg_": lambda x, w: x.neg_(),
    "zero_": lambda x, w: x.zero_(),
    "copy_": lambda x, w: x.copy_(w),
    "x[0] = 5": lambda x, w: x.__setitem__(0, 5.0),
    "x[...] = w": lambda x, w: x.__setitem__(..., w),
    "x[[0]] = 3": lambda x, w: x.__setitem__([0], 3.0),
    "x += w": lambda x, w: x.__iadd__(w),
}
MODES = ["grad", "grad", "grad", "grad", "no_grad", "inference_mode"]


@st.composite
def programs(draw):
    """A tensor to start from, then views of what there is, requires_grad_(), and changes in place, each in a mode.

    What is not recorded is changed only, and what has views is not made a leaf: PyTorch says of a view without a history that
    it requires grad where its base does, and drops its gradient; here it is a constant.
    """
    steps, count, recorded = [], 1, [0]
    for kind in draw(st.lists(st.sampled_from(["view", "view", "leaf", "change"]), min_size=1, max_size=6)):
        at = draw(st.integers(0, count - 1)) if kind == "change" else draw(st.sampled_from(recorded))
        if kind == "view":
            steps.append((kind, at, draw(st.sampled_from(sorted(VIEWS))), draw(st.sampled_from(MODES))))
            if steps[-1][-1] == "grad":
                recorded.append(count)
            count += 1
        elif kind == "change":
            by = draw(st.sampled_from(["a constant", "a leaf"]))
            steps.append((kind, at, draw(st.sampled_from(sorted(CHANGES))), draw(st.sampled_from(MODES)), by))
        elif count - 1 in recorded:
            steps.append((kind, count - 1))
    return draw(st.sampled_from(sorted(STARTS))), steps


def seen(t, unrecorded=False):
    try:
        return t.grad_fn is None, t.is_leaf, unrecorded or t.requires_grad
    except RuntimeError:
        return "refused"


def run(T, start, steps):
    """What can be seen after each step; then the numbers, and the gradients of a loss of each tensor."""
    by = {"a constant": T.tensor(3.0), "a leaf": T.tensor(2.0, requires_grad=True)}
    tensors, log, unrecorded = [STARTS[start](T)], [], set()
    for kind, at, *more in steps:
        try:
            if kind == "leaf":
                tensors[at].requires_grad_()
            else:
                with nullcontext() if more[1] == "grad" else getattr(T, more[1])():
                    if kind == "view":
                        unrecorded |= {len(tensors)} if more[1] != "grad" else set()
                        tensors.append(VIEWS[more[0]](tensors[at]))
                    else:
                        CHANGES[more[0]](tensors[at], by[more[2]])
            log.append([seen(t, i in unrecorded) for i, t in enumerate(tensors)])
        except (RuntimeError, IndexError) as error:
            log.append(type(error))
            if kind == "view":
                return log
    for t in (t for i, t in enumerate(tensors) if i not in unrecorded):
        try:
            loss = (t * t * t).sum()
            log.append(loss.requires_grad)
            if loss.requires_grad:
                loss.backward(retain_graph=True)
        except RuntimeError as error:
            log.append(type(error))
    leaves = [t for t in (by["a leaf"], *tensors) if seen(t) != "refused" and t.is_leaf]
    return log, [t.detach().tolist() for t in tensors], [t.grad is not None and t.grad.tolist() for t in leaves]


def loses_a_gradient(start, steps):
    """Whether the memory of a leaf that is a view is changed without a record: its views' gradients vanish in PyTorch."""
    is_view, family = [start == "view"], set()  # the leaves that are views, and what was made of them
    for kind, at, *more in steps:
        if kind == "view":
            if at in family and more[0] != "detach" and more[1] == "grad":
                family.add(len(is_view))
            is_view.append(more[0] != "detach")
        elif kind == "leaf" and is_view[at]:
            family.add(at)
        elif kind == "change" and family and (more[1] != "grad" or at not in family):
            return True
    return False


@settings(max_examples=500)
@given(programs())
def test_views_leaves_and_changes_are_pytorchs(program):
    torch = pytest.importorskip("torch")
    if not loses_a_gradient(*program):
        assert run(autodiff, *program) == run(torch, *program)


def test_a_view_follows_a_leaf_that_is_a_view():
    """Gradient descent on such a leaf: PyTorch's gradient of the view is lost after the first step."""
    w = autodiff.arange(6.0).reshape(2, 3).requires_grad_()
    row = w[0]
    with autodiff.no_grad():
        w += 1
    (row * row).sum().backward()
    assert w.grad.tolist() == [[2, 4, 6], [0, 0, 0]]


@pytest.mark.parametrize("library", ["autodiff", "torch"])
@pytest.mark.parametrize("make", ["arange(6.).reshape(2, 3)", "zeros(3, 2).t()", "ones(4, 3)[1:3]", "ones(6).view(2, 3)"])
def test_a_step_without_no_grad_is_refused(library, make):
    T = pytest.importorskip(library)
    w = eval(f"T.{make}", {"T": T}).requires_grad_()
    (w * w).sum().backward()
    with pytest.raises(RuntimeError, match="a view of a leaf Variable that requires grad is being used in an in-place"):
        w[0] -= 0.1 * w.grad[0]
    with pytest.raises(RuntimeError, match=r"a (view of a )?leaf Variable that requires grad"):
        w -= 0.1 * w.grad
    assert w.is_leaf
    before = w.detach().clone()
    with T.no_grad():
        w[0] -= 0.1 * w.grad[0]
    assert w.is_leaf
    assert (w == before)[1].all()


@pytest.mark.parametrize("library", ["autodiff", "torch"])
def test_the_gradient_of_what_requires_none_any_more_is_dropped(library):
    T = pytest.importorskip(library)
    w, v = T.ones(2, requires_grad=True), T.ones(2, requires_grad=True)
    y = (w * v).sum()
    w.requires_grad_(False)
    y.backward()
    assert w.grad is None
    assert v.grad.tolist() == [1, 1]


@pytest.mark.parametrize("library", ["autodiff", "torch"])
def test_a_view_made_in_inference_mode_of_a_tensor_from_outside(library):
    T = pytest.importorskip(library)
    a = T.ones(1, 2, requires_grad=True).clone()
    with T.inference_mode():
        v, new = a.view(-1), a * 1
        assert new[0].is_inference()
    assert not v.is_inference()
    a.add_(2)
    with pytest.raises(RuntimeError, match="A view was created in inference mode and its base or another view of its base"):
        _ = v.grad_fn


WRITES = {
    "the base": lambda T, b, v: b.mul_(2),
    "another view": lambda T, b, v: b[1:3].mul_(5),
    "the view": lambda T, b, v: v.mul_(3),
    "the base, twice": lambda T, b, v: (b.mul_(2), b.add_(1)),
    "nothing": lambda T, b, v: None,
    "the base, under no_grad": lambda T, b, v: under_no_grad(T, b),
}


def under_no_grad(T, b):
    with T.no_grad():
        b.mul_(2)


@pytest.mark.parametrize("changed", WRITES)
@pytest.mark.parametrize("made", ["a piece", "a piece of a piece", "flat"])
@pytest.mark.parametrize("when", ["before", "after", "before and after"])
def test_a_view_keeps_its_gradient_whoever_writes_to_its_memory(changed, made, when, torch):
    def program(T, say):
        x = T.arange(4.0, requires_grad=True)
        b = x * 1
        v = {"a piece": lambda: b[0:2], "a piece of a piece": lambda: b[0:3][0:2], "flat": lambda: b.view(2, 2)}[made]()
        if "before" in when:
            v.retain_grad()
        WRITES[changed](T, b, v)
        if "after" in when:
            v.retain_grad()
        say(v.retains_grad, b.retains_grad)
        (v * 3 + v**2).sum().backward()
        say(v.grad, b.grad, x.grad)

    assert told(autodiff, program) == told(torch, program)
