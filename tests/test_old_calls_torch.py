"""Calls of old programs and of NumPy's: numbers before tensors, and the names x1 and x2; dimensions that are None or a bool."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff.api.deprecated import FORMS

torch = pytest.importorskip("torch")

SHAPES = {"mat1": (2, 2), "mat2": (2, 2), "batch1": (1, 2, 2), "batch2": (1, 2, 2), "mat": (2, 2)}
SHAPES |= dict.fromkeys(("vec", "vec1", "vec2"), (2,))
NUMBERS = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, -1.5]))
EVERY_FORM = [(function, names) for function, forms in FORMS.items() for names in forms]


def arguments(m, names, numbers, shape):
    rng = np.random.default_rng(5)
    return [
        numbers[name] if name in numbers else m.tensor(rng.normal(size=SHAPES.get(name, shape)).round(2)) for name in names
    ]


def shape_of(function):
    return {"addbmm": (2, 2), "addmm": (2, 2), "addmv": (2,), "addr": (2, 2), "baddbmm": (1, 2, 2)}.get(function, (3,))


def outcome(m, run):
    """The values and whether there was a warning, or the class of the error."""
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            found = run(m)
        except (TypeError, RuntimeError) as error:
            return type(error).__name__
    # PyTorch warns once for a form, whoever calls it.
    return found.numpy(force=True), any("deprecated" in str(w.message) for w in seen) or m is torch


@pytest.mark.parametrize(("function", "names"), EVERY_FORM, ids=lambda x: "-".join(x) if isinstance(x, tuple) else x)
@given(alpha=NUMBERS, beta=NUMBERS, value=NUMBERS, as_method=st.booleans(), in_place=st.booleans())
def test_numbers_before_tensors(function, names, alpha, beta, value, as_method, in_place):
    numbers = {k: v for k, v in {"alpha": alpha, "beta": beta, "value": value}.items() if k in names}
    as_method = as_method and names[0] == "input"

    def run(m):
        first, *others = arguments(m, names, numbers, shape_of(function))
        if as_method:
            return getattr(first, function + "_" * (in_place and function != "baddbmm"))(*others)
        return getattr(m, function)(first, *others)

    ours, theirs = outcome(autodiff, run), outcome(torch, run)
    if names[:2] == ("input", "beta") and not as_method:  # a method's form: PyTorch's function refuses it
        assert theirs == "TypeError"
        return
    assert ours[1] is theirs[1] is True
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6, atol=1e-9)


REFUSED = """m.add(a, b, 2)
m.add(a, b, b)
m.sub(a, [1.0], b)
m.addcmul(a, b, b, 2)
m.addcmul(a, "2", b, b)
m.addmm(M, M, M, 2)
m.addmm(2, M, M, M, M)
m.add(a, 2, b, b)
m.mul(a, 2, b)
m.add(a, 2, b, alpha=3)
a.add(b, 2)""".splitlines()


@pytest.mark.parametrize("call", REFUSED)
def test_what_is_no_old_form(call):
    for m in (autodiff, torch):
        with pytest.raises(TypeError):
            eval(call, {"m": m, "a": m.ones(2), "b": m.ones(2), "M": m.ones(2, 2)})


def test_a_number_may_be_a_tensor_without_dimensions():
    for m in (autodiff, torch):
        t = m.tensor(True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            assert m.add(t, t, True).item() is True


def test_the_warning_says_what_to_write():
    a = autodiff.ones(2)
    with pytest.warns(UserWarning, match=r"Write add\(input, other, alpha=\.\.\.\) instead") as seen:
        assert autodiff.add(a, 2, a).tolist() == [3, 3]
    assert seen[0].filename == __file__


def test_the_gradient_of_an_old_form():
    found = []
    for m in (autodiff, torch):
        a, b = (m.tensor([1.0, 2.0], requires_grad=True) for _ in range(2))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            m.add(a, 3, b).sum().backward()
        found.append((a.grad.tolist(), b.grad.tolist()))
    assert found[0] == found[1]


BINARY = """add sub mul div pow atan2 maximum minimum fmod remainder eq ne lt le gt ge logical_and logical_or hypot logaddexp
    floor_divide bitwise_and bitwise_or bitwise_xor""".split()  # noqa: SIM905


@pytest.mark.parametrize("name", BINARY)
def test_numpys_x1_and_x2(name):
    whole = "bitwise" in name
    found = []
    for m in (autodiff, torch):
        a, b = (m.tensor(v, dtype=m.int64 if whole else m.float32) for v in ([1, 2, 5], [3, 2, 1]))
        second = {"exponent" if name == "pow" else "x2": b}
        found.append([getattr(m, name)(x1=a, **second).tolist(), getattr(m, name)(a, **second).tolist()])
    np.testing.assert_allclose(found[0], found[1], rtol=1e-6)


INNER = [((2, 0), (3, 0)), ((0, 2), (3, 2)), ((0,), (0,)), ((2, 3), (0, 3)), ((2, 0, 3), (4, 3)), ((), (3,)), ((2, 1, 0), (0,))]


@pytest.mark.parametrize(("a", "b"), INNER)
def test_inner_of_nothing(a, b):
    ours, theirs = (m.inner(m.ones(a), m.ones(b)) for m in (autodiff, torch))
    assert (tuple(ours.shape), ours.tolist()) == (tuple(theirs.shape), theirs.tolist())
    x = autodiff.ones(a, requires_grad=True)
    autodiff.inner(x, autodiff.ones(b)).sum().backward()
    assert x.grad.shape == x.shape


DIMS = "max min prod median logsumexp squeeze sum mean amax amin argmax argmin all any std var nansum nanmean norm".split()  # noqa: SIM905


@pytest.mark.parametrize("name", DIMS)
@pytest.mark.parametrize("dim", [None, True, False, (), (0, 1), 0, -1, 1.0, "0", [0]], ids=repr)
def test_what_stands_for_a_dimension(name, dim):
    results = []
    for m in (autodiff, torch):
        x = m.tensor([[1.0, 3.0], [2.0, 0.5]])
        if name == "norm":
            results.append(outcome(m, lambda m, x=x: m.norm(x, 2, dim)))
        else:
            results.append(outcome(m, lambda m, x=x: first(getattr(m, name)(x, dim))))
    ours, theirs = results
    if name == "logsumexp" and dim == ():  # over all dimensions; PyTorch's own result does not fit its memory
        assert theirs == "RuntimeError"
    elif isinstance(theirs, str) or isinstance(ours, str):
        assert ours == theirs
    else:
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)


def first(result):
    return result[0] if isinstance(result, tuple) else result


@pytest.mark.parametrize("name", ["amax", "amin", "aminmax", "max", "min", "argmax"])
def test_the_largest_of_nothing(name):
    for m in (autodiff, torch):
        for shape in ((0,), (2, 0)):
            with pytest.raises((RuntimeError, IndexError)) as caught:
                getattr(m, name)(m.ones(shape))
            assert caught.type is (RuntimeError if name != "argmax" else IndexError)


@pytest.mark.parametrize(("elements", "among"), [([1, 2, 3], 2), (1, [1, 2]), (7, [1, 2]), ([0.5, 1.0], 1), ([[1, 2]], 2.0)])
@pytest.mark.parametrize("invert", [False, True])
def test_isin_with_a_number(elements, among, invert):
    found = []
    for m in (autodiff, torch):
        given = [m.tensor(v) if isinstance(v, list) else v for v in (elements, among)]
        found.append(m.isin(*given, invert=invert).tolist())
    assert found[0] == found[1]
    with pytest.raises(TypeError):
        autodiff.isin(1, 2)


CORNERS = """m.logit(m.tensor([0.3, 0.5, 0.7, float("nan")]), eps=0.6)
m.logit(m.tensor([0.3, 0.5, 0.7]), eps=0.4)
m.float_power(2, m.tensor([2, -1]))
m.float_power(m.tensor([2, -1]), 2)
m.float_power("a", m.tensor([2]))
m.float_power(2, 2)
m.topk(m.tensor(3), 2)
m.topk(m.tensor(3), 1).values
m.norm(m.ones(0), float("inf"))
m.norm(m.ones(2, 0), float("inf"), 0)
m.norm(m.ones(2, 0), -float("inf"), 1)
m.lerp(m.tensor([1]), m.tensor([2]), 0.5)
m.addcmul(m.ones(2), m.ones(2), m.ones(2), value=m.tensor(2.0))
m.addcmul(m.ones(2), m.ones(2), m.ones(2), value=m.tensor(2.0, requires_grad=True))
m.addcdiv(m.ones(2), m.ones(2), m.ones(2), value=m.tensor(2.0, requires_grad=True))
m.add(m.ones(2), m.ones(2), alpha=m.tensor(2.0, requires_grad=True))
m.sub(m.ones(2), m.ones(2), alpha=m.ones(2))
m.dot(m.ones(1), m.ones(3, dtype=m.float64))
m.dot(m.ones(1, 1), m.ones(3, dtype=m.float64))
m.dot(m.ones(9), m.ones(3))
m.bernoulli(m.ones(2) / 2, m.ones(2))
m.normal(m.ones(2), -1.0)
m.normal(m.ones(2), "a")
m.normal(m.ones(2), m.ones(3))
m.unique(m.ones(2), 1)
m.bincount(m.tensor([1]), [1.0])
m.bincount(m.tensor([1]), None, -1)
m.where(m.ones(2) > 0, m.ones(2))
m.clamp_max(m.ones(2), None)
m.zeros(m.ones(2))
m.zeros(m.tensor(2))
m.rand(2, m.tensor(1.0))
m.dstack(m.ones(2))
m.hstack(m.ones(2, 2))
m.vstack((1, 2))
m.std(m.ones(3), False, False)""".splitlines()


@pytest.mark.parametrize("call", CORNERS)
def test_corners(call):
    ours, theirs = (outcome(m, lambda m: eval(call, {"m": m})) for m in (autodiff, torch))
    if isinstance(ours, str) or isinstance(theirs, str):
        assert ours == theirs
    else:
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)


@pytest.mark.parametrize(("shapes", "dtype", "words"), [
    (((1,), (3,)), "float64", "dot : expected both vectors to have same dtype"),
    (((1, 1), (3,)), "float64", "1D tensors expected"),
    (((9,), (3,)), "float32", "inconsistent tensor size"),
])  # fmt: skip
def test_dot_says_what_is_wrong_in_pytorchs_words(shapes, dtype, words):
    for m in (autodiff, torch):
        with pytest.raises(RuntimeError, match=words):
            m.dot(m.ones(shapes[0]), m.ones(shapes[1], dtype=getattr(m, dtype)))
