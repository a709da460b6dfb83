"""x[index] and x[index] = value for drawn indices in every mixture: numbers, shape, gradient, and the class of error."""

import warnings

import pytest
from alike import outcome
from hypothesis import assume, given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

PLACES = st.integers(-3, 2)
ENDS = st.one_of(st.none(), st.integers(-4, 4))
SLICES = st.tuples(st.just("slice"), ENDS, ENDS, st.one_of(st.none(), st.integers(1, 2)))
MASKS = st.lists(st.lists(st.booleans(), min_size=3, max_size=3), min_size=2, max_size=2)
TENSORS = st.one_of(
    st.tuples(st.just("tensor"), st.sampled_from(["int64", "int32"]), st.lists(PLACES, max_size=3)),
    st.tuples(st.just("tensor"), st.just("int64"), PLACES),
    st.tuples(st.just("tensor"), st.just("int64"), st.lists(st.lists(PLACES, min_size=2, max_size=2), min_size=1, max_size=2)),
    st.tuples(st.just("tensor"), st.sampled_from(["bool", "uint8"]), st.lists(st.booleans(), min_size=2, max_size=3)),
    st.tuples(st.just("tensor"), st.just("bool"), MASKS),
)
PARTS = st.one_of(
    PLACES, SLICES, TENSORS, st.lists(PLACES, min_size=1, max_size=3), st.lists(st.booleans(), min_size=2, max_size=3),
    st.sampled_from([None, Ellipsis, True, False]), st.tuples(st.just("range"), st.integers(0, 3)),
)  # fmt: skip
INDICES = st.one_of(PARTS, st.lists(PARTS, max_size=4).map(lambda parts: ("tuple", *parts)))


def made(T, part):
    """The part of an index that a drawn description stands for, in this library."""
    if isinstance(part, tuple):
        kind, *rest = part
        if kind == "slice":
            return slice(*rest)
        if kind == "range":
            return range(*rest)
        if kind == "tuple":
            return tuple(made(T, each) for each in rest)
        return T.tensor(rest[1], dtype=getattr(T, rest[0]))
    return part


def agree(program):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours, theirs = outcome(autodiff, program), outcome(torch, program)
    both = isinstance(ours, type) and isinstance(theirs, type)
    related = both and (issubclass(ours, theirs) or issubclass(theirs, ours))
    assert ours == theirs or related, f"{ours} for {theirs}"


@given(index=INDICES, turned=st.booleans())
def test_what_is_read(index, turned):
    def program(T):
        x = T.arange(1.0, 25.0, dtype=T.float64).reshape(2, 3, 4).clone().requires_grad_()
        y = (x.transpose(0, 2) if turned else x)[made(T, index)]
        (y * T.arange(1.0, y.numel() + 1, dtype=T.float64).reshape(y.shape)).sum().backward()
        return y.detach(), y.is_contiguous(), x.grad

    agree(program)


@given(index=INDICES, value=st.sampled_from(["number", "0-d", "one", "fitting", "row", "int"]), seed=st.integers(0, 9))
def test_what_is_written(index, value, seed):
    assume("uint8" not in repr(index))  # PyTorch reads by a mask of that dtype, and refuses to write a number by it

    def program(T):
        x = T.arange(1.0, 25.0, dtype=T.float64).reshape(2, 3, 4).clone().requires_grad_()
        y, at = x * 1, made(T, index)
        shape = x.detach()[at].shape
        v = {
            "number": lambda: 7.5, "0-d": lambda: T.tensor(7.5, dtype=T.float64),
            "one": lambda: T.ones(1, dtype=T.float64) * seed,
            "fitting": lambda: T.full(tuple(shape), 3.0, dtype=T.float64), "row": lambda: T.arange(4.0, dtype=T.float64),
            "int": lambda: seed,
        }[value]()  # fmt: skip
        if value in ("0-d", "fitting", "row"):
            v = v.requires_grad_()
        y[at] = v
        (y * y).sum().backward()
        return y.detach(), x.grad, v.grad if hasattr(v, "grad") else None

    agree(program)
