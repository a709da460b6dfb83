"""Random programs, run on autodiff and on PyTorch: the same values and gradients, or an error in both.

A program is a list of small steps over a pool of tensors: operations, in-place operations, views, detach, no_grad, hooks, and
several backwards. Hypothesis draws it, and shrinks it when the two disagree.
"""

import warnings

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

import autodiff

SHAPES = [(), (3,), (2, 3)]

VIEWS = st.sampled_from(["t", "row", "slice", "reshape", "unsqueeze", "expand", "part", "split", "element", "diagonal"])
index = st.integers(0, 30)
steps = st.one_of(
    st.tuples(st.just("leaf"), st.sampled_from(SHAPES), st.booleans()),
    st.tuples(st.just("unary"), st.sampled_from(["exp", "tanh", "sin", "sigmoid", "relu", "neg", "square", "clone"]), index),
    st.tuples(st.just("binary"), st.sampled_from(["add", "sub", "mul", "maximum"]), index, index),
    st.tuples(st.just("number"), st.sampled_from(["add", "mul", "pow"]), index),
    st.tuples(st.just("view"), VIEWS, index),
    st.tuples(st.just("quiet view"), VIEWS, index),
    st.tuples(st.just("reduce"), st.sampled_from(["sum", "mean", "sum0"]), index),
    st.tuples(st.just("inplace"), st.sampled_from(["mul_", "add_", "tanh_", "zero_", "relu_", "exp_"]), index),
    st.tuples(st.just("inplace2"), st.sampled_from(["mul_", "add_", "copy_", "sub_"]), index, index),
    st.tuples(st.just("setitem"), index, index),
    st.tuples(st.just("detach"), index),
    st.tuples(st.just("nograd"), st.sampled_from(["mul", "mul_"]), index),
    st.tuples(st.just("hook"), index),
    st.tuples(st.just("retain"), index),
    st.tuples(st.just("backward"), index, st.booleans()),
    st.tuples(st.just("zero_grad"), index),
)  # fmt: skip


class Refused(Exception):
    """The step raised; both libraries must agree on that."""


def run(module, program):
    """What each step came to: ("ok", values) or ("error",), and the gradients at the end."""
    rng = np.random.default_rng(0)
    pool = [module.tensor(rng.uniform(0.2, 1.0, (2, 3)), requires_grad=True)]
    log = []
    quiet = set()  # the numbers of the views that were made under no_grad, of which the two say different things
    for step in program:
        try:
            if seen(pool, step, quiet):
                log.append(("skipped", None, ""))
                continue
            made = perform(module, pool, step, rng)
        except (RuntimeError, IndexError, TypeError) as error:
            log.append(("error", None, str(error)))
            if step[0] == "leaf":
                raise
            if step[0] in ("backward",):
                # what a failed walk has freed before it failed is not promised: the program ends here
                break
            continue
        if made is not None:
            if step[0] == "quiet view":
                quiet.add(len(pool))
            pool.append(made)
            log.append(("ok", np.array(made.detach().numpy()), ""))
        else:
            log.append(("done", None, ""))
    gradients = []
    for t in pool:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            g = t.grad
        gradients.append(None if g is None else np.array(g.detach().numpy()))
    values = [np.array(t.detach().numpy()) for t in pool]
    return log, values, gradients, [i in quiet or t.requires_grad for i, t in enumerate(pool)]


def seen(pool, step, quiet):
    """Whether a step asks a view that was made under no_grad for its gradient: PyTorch says that it has one, and loses it."""
    operands = [i % len(pool) for i in step[1:] if isinstance(i, int) and not isinstance(i, bool)]
    if step[0] in ("inplace2", "setitem"):
        return operands[-1] in quiet
    return step[0] not in ("inplace", "nograd", "detach", "quiet view") and any(i in quiet for i in operands)


def apart(a, b):
    """Whether two tensors have memory of their own: PyTorch refuses some overlaps that are right here (test_engine)."""
    return b.numel() > 0 and not np.shares_memory(a.detach().numpy(), b.detach().numpy())


def view(name, x):
    if name == "t":
        return x.t() if x.ndim <= 2 else None
    if name == "row":
        return x[0]
    if name == "slice":
        return x[..., 1:] if x.ndim else None
    if name == "reshape":
        return x.reshape(-1)
    if name == "unsqueeze":
        return x.unsqueeze(0) if x.ndim < 3 else None
    if name == "part":
        return x.unbind()[-1]
    if name == "split":
        return x.split(1)[0] if x.ndim else None
    if name == "element":
        return next(iter(x))
    if name == "diagonal":
        return x.diagonal() if x.ndim == 2 else None
    return x.expand(2, *x.shape) if x.ndim < 3 else None


def perform(module, pool, step, rng):
    kind, *rest = step
    at = lambda i: pool[i % len(pool)]  # noqa: E731
    if kind == "leaf":
        shape, needs = rest
        return module.tensor(rng.uniform(0.2, 1.0, shape), requires_grad=needs)
    if kind == "unary":
        return getattr(module, rest[0])(at(rest[1]))
    if kind == "binary":
        return getattr(module, rest[0])(at(rest[1]), at(rest[2]))
    if kind == "number":
        return getattr(module, rest[0])(at(rest[1]), 2)
    if kind == "view":
        return view(rest[0], at(rest[1]))
    if kind == "quiet view":
        with module.no_grad():
            return view(rest[0], at(rest[1]))
    if kind == "reduce":
        x = at(rest[1])
        return x.sum() if rest[0] == "sum" else x.mean() if rest[0] == "mean" else x.sum(0)
    if kind == "inplace":
        x = at(rest[1])
        getattr(x, rest[0])(*([0.5] if rest[0] in ("mul_", "add_") else []))
        return None
    if kind == "inplace2":
        if apart(at(rest[1]), at(rest[2])):
            getattr(at(rest[1]), rest[0])(at(rest[2]))
        return None
    if kind == "setitem":
        if apart(at(rest[0]), at(rest[1])):
            at(rest[0])[0] = at(rest[1])
        return None
    if kind == "detach":
        return at(rest[0]).detach()
    if kind == "nograd":
        with module.no_grad():
            x = at(rest[1])
            if rest[0] == "mul_":
                x.mul_(0.5)
                return None
            return x * 3
    if kind == "hook":
        x = at(rest[0])
        _ = x.grad_fn  # PyTorch crashes when a hook is the first thing to ask for the history of a view that was changed
        x.register_hook(lambda g: g * 2)
        return None
    if kind == "retain":
        at(rest[0]).retain_grad()
        return None
    if kind == "backward":
        at(rest[0]).sum().backward(retain_graph=rest[1])
        return None
    x = at(rest[0])
    if x.is_leaf:
        x.grad = None
    return None


@given(program=st.lists(steps, min_size=3, max_size=14))
def test_random_programs(program):
    import pytest

    torch = pytest.importorskip("torch")
    ours, theirs = run(autodiff, program), run(torch, program)
    assert len(ours[0]) == len(theirs[0])
    for step, a, b in zip(program, ours[0], theirs[0], strict=False):
        assert a[0] == b[0], (step, a, b)
        if a[1] is not None:
            np.testing.assert_allclose(a[1], b[1], rtol=1e-9, atol=1e-12)
    assert ours[3] == theirs[3]
    for a, b in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)
    if ours[0] and ours[0][-1][0] == "error" and program[len(ours[0]) - 1][0] == "backward":
        return  # a failed walk changes no .grad here (test_engine); PyTorch has filled some by then
    for a, b in zip(ours[2], theirs[2], strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


smooth = st.lists(
    st.one_of(
        st.tuples(st.just("unary"), st.sampled_from(["exp", "tanh", "sin", "sigmoid", "square"]), index),
        st.tuples(st.just("binary"), st.sampled_from(["add", "sub", "mul"]), index, index),
        st.tuples(st.just("view"), st.sampled_from(["row", "slice", "reshape", "expand"]), index),
        st.tuples(st.just("inplace"), st.sampled_from(["mul_", "tanh_"]), index),
        st.tuples(st.just("inplace2"), st.sampled_from(["mul_", "add_"]), index, index),
        st.tuples(st.just("setitem"), index, index),
    ),
    min_size=2,
    max_size=8,
)


def second(module, program):
    rng = np.random.default_rng(1)
    x = module.tensor(rng.uniform(0.2, 1.0, (2, 3)), requires_grad=True)
    pool = [x * 1]
    for step in program:
        try:
            made = perform(module, pool, step, rng)
        except (RuntimeError, IndexError):
            continue
        if made is not None:
            pool.append(made)
    total = sum((t * t).mean() for t in pool)
    try:
        (g,) = module.autograd.grad(total, x, create_graph=True)
        (h,) = module.autograd.grad((g * g).sum(), x)
    except RuntimeError:
        return None
    return np.array(g.detach().numpy()), np.array(h.numpy())


@given(program=smooth)
def test_second_gradients_of_random_programs(program):
    import pytest

    torch = pytest.importorskip("torch")
    with np.errstate(all="ignore"):
        ours, theirs = second(autodiff, program), second(torch, program)
    assert (ours is None) == (theirs is None)
    if ours is not None:
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)
