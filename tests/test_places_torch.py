"""Numbers gathered at places and written over others, on drawn shapes, places and dtypes: value, gradients, form, error."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

SHAPES = st.lists(st.integers(0, 3), max_size=3).map(tuple)
DTYPES = st.sampled_from(["float64", "float64", "float32", "int64", "uint8", "bool"])
WRONG = st.sampled_from([0, 0, 0, 1])  # how far a place may lie beyond the end
REDUCTIONS = st.sampled_from(["sum", "prod", "mean", "amax", "amin"])


def numbers(rng, shape, dtype):
    """Few different ones, so that there are ties and zeros."""
    return rng.integers(0, 2 if dtype == "bool" else 4, shape).astype(dtype)


def outcome(T, name, arrays, args, in_place):
    """The value and gradients of a call, or the class of its error; `args` puts the tensors into their places."""
    tensors = [T.tensor(a, requires_grad=a.dtype.kind == "f") for a in arrays]
    try:
        positional, named = args(T, *tensors)
        if in_place:
            changed = positional[0].clone()
            y = getattr(changed, name + "_")(*positional[1:], **named)
            assert y is changed
        else:
            y = getattr(T, name)(*positional, **named)
    except (IndexError, NotImplementedError, RuntimeError) as error:
        return type(error)
    found = [str(y.dtype), y.tolist()]
    if y.requires_grad and y.numel():
        (y * T.arange(1.0, y.numel() + 1, dtype=y.dtype).reshape(y.shape)).sum().backward()
        found += [None if t.grad is None else t.grad.tolist() for t in tensors]
    return found


def same(ours, theirs):
    if isinstance(ours, type) or isinstance(theirs, type):
        return ours is theirs
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return ours[0] == theirs[0] and all(
            np.allclose(a, 0.0 if b is None else b, rtol=1e-5, equal_nan=True)
            for a, b in zip(ours[1:], theirs[1:], strict=True)
            if a is not None
        )


def agrees(name, arrays, args, in_place):
    ours, theirs = (outcome(T, name, arrays, args, in_place) for T in (autodiff, torch))
    assert same(ours, theirs), f"{ours} for {theirs}"


@given(
    shape=SHAPES, less=st.integers(0, 1), wrong=WRONG, dtype=DTYPES, reduce=REDUCTIONS, include=st.booleans(),
    in_place=st.booleans(), seed=st.integers(0, 99), axis=st.integers(0, 2),
)  # fmt: skip
def test_scatter_reduce(shape, less, wrong, dtype, reduce, include, in_place, seed, axis):
    rng, dim = np.random.default_rng(seed), axis % max(len(shape), 1)
    smaller = tuple(max(n - less, 0) for n in shape)
    n = shape[dim] if shape else 1
    wrong = 0 if dtype == "bool" and reduce == "mean" else wrong  # one reason to refuse it is enough
    where = rng.integers(0, max(n + wrong, 1), smaller)
    arrays = [numbers(rng, shape, dtype), numbers(rng, shape, dtype)]
    if n and not (reduce == "prod" and dtype.startswith("float") and not arrays[1].all()):

        def args(T, x, v):
            v = v.detach() if less else v  # PyTorch's gradient of a source that is larger than the index has the wrong shape
            x = x.detach() if less and reduce in ("amax", "amin", "prod") else x  # and these then have none of the input either
            return (x, dim, T.tensor(where), v, reduce), {"include_self": include}

        agrees("scatter_reduce", arrays, args, in_place)


@given(
    shape=SHAPES, count=st.integers(0, 4), wrong=WRONG, dtype=DTYPES, in_place=st.booleans(),
    seed=st.integers(0, 99), axis=st.integers(-3, 2), include=st.booleans(),
    name=st.sampled_from(["index_copy", "index_fill", "index_fill tensor", "index_add", "prod", "mean", "amax", "amin"]),
)  # fmt: skip
def test_index_functions(shape, count, wrong, dtype, in_place, seed, axis, include, name):
    rng, dim = np.random.default_rng(seed), axis % max(len(shape), 1)
    n = shape[dim] if shape else 1
    if not n or (not shape and count != 1) or dtype == "bool":
        return
    source = (*shape[:dim], count, *shape[dim + 1 :]) if shape else ()
    if np.prod(shape) < 2 or (name == "index_add" and n == 1):
        wrong = 0  # of none PyTorch looks at no place, of a single one it says so by another class
    low = -n if name.startswith("index_fill") else 0
    where = rng.integers(low, n + wrong, count)
    if name == "index_copy":  # which of several wins is not said
        where = np.array([*dict.fromkeys(where.tolist())], np.int64)
        source = (*shape[:dim], len(where), *shape[dim + 1 :]) if shape else ()
    if name == "index_fill tensor":
        where = np.unique(where % (n + wrong))
    arrays = [numbers(rng, shape, dtype), numbers(rng, () if name == "index_fill tensor" else source, dtype)]

    def args(T, x, v):
        if name == "index_fill":
            return (x, dim, T.tensor(where), 3), {}
        if name in ("prod", "mean", "amax", "amin"):
            return (x, dim, T.tensor(where), v, name), {"include_self": include}
        return (x, dim, T.tensor(where), v), {}

    function = name.partition(" ")[0] if name.startswith("index") else "index_reduce"
    if not (name == "prod" and dtype.startswith("float")):
        agrees(function, arrays, args, in_place)


@given(
    shape=SHAPES, chosen=st.integers(0, 4), dtype=DTYPES, accumulate=st.booleans(), in_place=st.booleans(),
    seed=st.integers(0, 99), wrong=WRONG, spread=st.booleans(),
)  # fmt: skip
def test_put_and_masked_scatter(shape, chosen, dtype, accumulate, in_place, seed, wrong, spread):
    rng, size = np.random.default_rng(seed), int(np.prod(shape))
    x = numbers(rng, shape, dtype)
    if size:
        where = rng.integers(-size, size + wrong, chosen)
        where = where if accumulate else np.array([*dict.fromkeys((where % (size + wrong)).tolist())], np.int64)
        source = numbers(rng, where.shape, dtype)
        agrees("put", [x, source], lambda T, x, v: ((x, T.tensor(where), v, accumulate), {}), in_place)
    mask = rng.integers(0, 2, shape[1:] if spread else shape).astype(bool)
    source = numbers(rng, (max(size - wrong, 0),), dtype)
    agrees("masked_scatter", [x, source], lambda T, x, v: ((x, T.tensor(mask), v), {}), in_place)


@given(
    shape=SHAPES, axis=st.integers(-3, 3), place=st.integers(-4, 4), end=st.integers(-4, 5), step=st.integers(0, 3),
    seed=st.integers(0, 99), offset=st.integers(-3, 3), dtype=DTYPES, other=st.sampled_from(["float64", "float32", "int64"]),
)  # fmt: skip
def test_scatters_over_views(shape, axis, place, end, step, seed, offset, dtype, other):
    rng = np.random.default_rng(seed)
    x = numbers(rng, shape, dtype)

    def part(t):
        return t.narrow(axis, 0, len(range(*slice(place, end, step).indices(t.shape[axis]))))

    for name, view, args in (
        ("select_scatter", lambda t: t.select(axis, place), (axis, place)),
        ("slice_scatter", part, (axis, place, end, step)),
        ("diagonal_scatter", lambda t: t.diagonal(offset, 0, axis), (offset, 0, axis)),
    ):
        try:
            source = numbers(rng, tuple(view(torch.tensor(x)).shape), other)
        except (IndexError, RuntimeError, ValueError):
            source = numbers(rng, (2,), other)
        if x.dtype.kind == "f" or source.dtype.kind != "f":  # there PyTorch fails where the result has no gradient
            agrees(name, [x, source], lambda T, x, v, args=args: ((x, v, *args), {}), False)


def test_a_product_of_zeros_has_the_slopes_of_a_product():
    """PyTorch's own, at one zero and at several; it has no second derivative of several, nor have we."""
    x, v = np.array([2.0, 3.0, 0.0, 1.0]), np.array([0.0, 5.0, 0.0, 0.0, 7.0, 2.0])
    where = np.array([0, 0, 1, 1, 2, 2])
    for include in (True, False):

        def args(T, x, v, include=include):
            return (x, 0, T.tensor(where), v, "prod"), {"include_self": include}

        agrees("scatter_reduce", [x, v], args, False)
        leaf = autodiff.tensor(v, requires_grad=True)
        y = autodiff.scatter_reduce(autodiff.tensor(x), 0, autodiff.tensor(where), leaf, "prod", include_self=include)
        (g,) = autodiff.autograd.grad(y.sum(), leaf, create_graph=True)
        with pytest.raises(RuntimeError, match="Double backward is unsupported"):
            g.sum().backward()


@pytest.mark.parametrize(
    "call",
    [
        lambda T, x: x.scatter_reduce(0, T.tensor([0]), x, "median"),
        lambda T, x: x.scatter_reduce(0, T.tensor([0]), 2.0, "sum"),
        lambda T, x: x.scatter_reduce(0, T.tensor([0.0]), x, "sum"),
        lambda T, x: x.scatter_reduce(0, T.tensor([0]), x.long(), "sum"),
        lambda T, x: x.bool().scatter_reduce(0, T.tensor([0]), x.bool(), "mean"),
        lambda T, x: x.index_reduce(0, T.tensor([0]), x[:1], "sum"),
        lambda T, x: x.index_reduce(0, T.tensor([[0]]), x[:1], "mean"),
        lambda T, x: x.index_reduce(0, T.tensor([0, 1]), x[:1], "mean"),
        lambda T, x: x.index_fill(0, T.tensor([0]), x),
        lambda T, x: x.index_fill(0, T.tensor([0.0]), 1),
        lambda T, x: x.index_fill(0, T.tensor([0]), "a"),
        lambda T, x: x.index_copy(0, T.tensor([[0]]), x[:1]),
        lambda T, x: x.index_copy(0, T.tensor([0]), x[:2]),
        lambda T, x: x.index_copy(0, T.tensor([0]), x[:1].long()),
        lambda T, x: x.put(T.tensor([0]), x[:2]),
        lambda T, x: x.put(T.tensor([0]), x[:1].long()),
        lambda T, x: T.zeros(0).put(T.tensor([0]), x[:1]),
        lambda T, x: x.masked_scatter(x, x),
        lambda T, x: x.masked_scatter(x > 0, x.long()),
        lambda T, x: T.fill(x, x),
    ],
)
def test_errors_have_pytorchs_class(call):
    kinds = []
    for T in (autodiff, torch):
        with pytest.raises((IndexError, RuntimeError, TypeError)) as caught:
            call(T, T.arange(1.0, 4.0))
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]
