"""out= of every function that takes it in PyTorch: the same values in the same place, or the same class of error.

The calls are those that the rows make. Each is repeated with an `out` of every dtype, of another shape, with gaps and in
another order of memory, expanded, requiring a gradient, and lying on or across the memory of an operand.
"""

import ast
import contextlib
import functools
import inspect
import pickle
import warnings
from pathlib import Path

import numpy as np
import pytest
from keyword_calls import CALLS, NO_CALL, function_of
from torch_signatures import STUBS

import autodiff

torch = pytest.importorskip("torch")

DTYPES = "float16 float32 float64 int8 int16 int32 int64 uint8 bool".split()  # noqa: SIM905


def detached(x):
    if isinstance(x, (list, tuple)):
        return type(x)(map(detached, x)) if type(x) in (list, tuple) else x
    return x.detach().clone() if hasattr(x, "detach") else x


def listed():
    """The names of the functions that take `out` in PyTorch and exist here."""
    found = {"norm"}
    for stub in STUBS:
        for node in ast.walk(ast.parse((Path(torch.__file__).parent / "_C" / stub).read_text())):
            if isinstance(node, ast.FunctionDef) and "out" in [a.arg for a in node.args.kwonlyargs]:
                found.add(node.name)
    found = {name for name in found if hasattr(torch, name) and hasattr(autodiff, name) and name not in NO_CALL}
    for name in autodiff.nn.functional.__all__:  # whose builtin functions show no signature
        for (args, kwargs), _, _ in CALLS.get(f"nn.functional.{name}", [])[:1]:
            with contextlib.suppress(TypeError):
                getattr(torch.nn.functional, name)(*detached(list(args)), **kwargs, out=torch.empty(0, dtype=torch.float64))
                found.add(f"nn.functional.{name}")
    return sorted(found)


TAKING = listed()
# Where PyTorch takes `out` only with an argument that it otherwise doesn't need, autodiff takes it always.
WIDER = {"argsort", "bucketize", "median", "prod", "sum", "nanmedian"}
# PyTorch doesn't look at the gradients of these functions' operands, and loses them.
UNWATCHED = {
    "conj_physical", "diag", "floor_divide", "heaviside", "histc", "histogram", "inner", "log_softmax", "nanquantile",
    "norm", "normal", "quantile", "scatter", "slice_scatter",
}
UNWATCHED |= {"softmax"}
# PyTorch resizes `out` on its way to the result, with a warning or an error where `out` has the right shape.
RESIZED_ON_THE_WAY = {"matmul", "nn.functional.linear", "normal"}
# What LAPACK computes lies in columns there, where `out` had another shape.
IN_COLUMNS = {"cholesky_inverse", "inverse", "orgqr", "ormqr", "svd"}
# A comparison writes into a tensor that requires a gradient, and an expanded one is written many times: refused here.
REFUSED_HERE = {"expanded", "requires grad"}


# PyTorch does not look at the dtype and the layout of these functions' `out`, and writes past the end of its memory.
OVERRUNS = {"nn.functional.avg_pool3d": ("right", "empty", "larger", "part"), "narrow_copy": ("right", "empty")}


# PyTorch crashes where the `out` of addmv and searchsorted lies on an operand; what is drawn is looked at elsewhere.
NOT_ON_OPERANDS = {"addmv", "searchsorted", "bernoulli", "normal"}


def tensors(args):
    for x in args:
        if isinstance(x, (list, tuple)):
            yield from tensors(x)
        elif hasattr(x, "detach"):
            yield x


def of(m, like, dtype=None, shape=None):
    """A tensor of sevens that has the shape and dtype of a result, or others."""
    name = dtype or str(like.dtype).removeprefix("torch.")
    return m.full(tuple(like.shape) if shape is None else shape, 7, dtype=getattr(m, name))


def gapped(m, like):
    """With a gap behind each element, in both libraries the same one."""
    base = of(m, like, shape=(*like.shape, 2))
    return base[..., 0]


def turned(m, like):
    return of(m, like, shape=tuple(like.shape)[::-1]).permute(*range(like.ndim)[::-1]) if like.ndim else of(m, like)


def larger(m, like):
    return of(m, like, shape=(like.numel() + 3,))


def part(m, like):
    """A part of a larger tensor, which has room for the result behind it."""
    return of(m, like, shape=(2 * like.numel() + 5,))[1:3]


def expanded(m, like):
    return of(m, like, shape=()).expand(tuple(like.shape))


def requiring(m, like):
    return of(m, like, dtype="float32").requires_grad_()


MAKERS = {
    "right": of,
    "empty": functools.partial(of, shape=(0,)),
    "gapped": gapped,
    "turned": turned,
    "larger": larger,
    "part": part,
    "expanded": expanded,
    "requires grad": requiring,
    **{f"of {name}": functools.partial(of, dtype=name) for name in DTYPES},
}


def called(m, name, args, kwargs, out):
    """(what it returned or the class of what it raised, was `out` returned?, did it warn?)"""
    m.manual_seed(3)
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        try:
            result = function_of(m, name)(*args, **kwargs, out=out)
        except Exception as error:
            return error, False, False
    same = result is out if hasattr(out, "dtype") else all(r is o for r, o in zip(result, out, strict=True))
    return result, same, any("resized" in str(w.message) for w in seen)


def agree(name, what, ours, theirs):
    """Nothing, or what differs."""
    (a, same, warned), (b, their_same, their_warned) = ours, theirs
    if isinstance(b, Exception):
        if isinstance(a, Exception):
            related = issubclass(type(a), type(b)) or issubclass(type(b), type(a))
            return None if related else f"{what}: {type(a).__name__} ({a}) for {type(b).__name__} ({b})"
        return f"{what}: takes what PyTorch refuses: {b}"
    if isinstance(a, Exception):
        return f"{what}: {type(a).__name__}: {a}"
    assert their_same
    if not same:
        return f"{what}: `out` itself is not returned"
    if warned is not their_warned and name not in RESIZED_ON_THE_WAY:
        return f"{what}: warned {warned}, PyTorch {their_warned}"
    for x, y in zip(*([r] if hasattr(r, "dtype") else r for r in (a, b)), strict=True):
        if (str(x.dtype), tuple(x.shape)) != (str(y.dtype), tuple(y.shape)):
            return f"{what}: {x.dtype}{list(x.shape)} for {y.dtype}{list(y.shape)}"
        if x.numel() and x.stride() != y.stride() and name not in {"nonzero", *RESIZED_ON_THE_WAY, *IN_COLUMNS}:
            return f"{what}: strides {x.stride()} for {y.stride()}"
        loose = "float16" in str(x.dtype)
        if name != "empty" and not np.allclose(
            x.numpy(force=True), y.numpy(force=True), rtol=2e-3 if loose else 1e-5, atol=1e-3 if loose else 1e-6, equal_nan=True
        ):
            return f"{what}: {x} for {y}"
    return None


def shown(args, kwargs):
    """A call, short enough for a list of failures."""
    words = [f"{str(x.dtype)[6:]}{list(x.shape)}" if hasattr(x, "dtype") else repr(x)[:40] for x in args]
    return ", ".join([*words, *(f"{k}={v!r:.40}" for k, v in kwargs.items())])


def calls(name):
    """[(their args and kwargs, ours, the results of PyTorch)] of the calls that return tensors."""
    found, seen = [], set()
    for (args, kwargs), (our_args, our_kwargs), _ in CALLS[name]:
        args, our_args = detached(list(args)), detached(list(our_args))
        kwargs, our_kwargs = ({k: detached(v) for k, v in kw.items()} for kw in (kwargs, our_kwargs))
        key = repr((args, kwargs))
        if key in seen:
            continue
        seen.add(key)
        with contextlib.suppress(Exception), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            torch.manual_seed(3)
            result = function_of(torch, name)(*args, **kwargs)
            results = [result] if hasattr(result, "dtype") else list(result)
            if all(hasattr(r, "dtype") for r in results):
                found.append(((args, kwargs), (our_args, our_kwargs), results))
    return found


def outs(m, results, make):
    made = [make(m, r) for r in results]
    return made[0] if len(made) == 1 else tuple(made)


def forgiven(name, what, theirs):
    b, *_ = theirs
    if isinstance(b, TypeError) and (name in WIDER or "must be Tensor, not" in str(b) or "tuple" in str(b)):
        return True
    if what == "operands require grad":
        return name in UNWATCHED
    if name in RESIZED_ON_THE_WAY and "must match" in str(b):
        return True
    return what in REFUSED_HERE and not isinstance(b, Exception)


def test_enough_functions_are_looked_at():
    assert len(TAKING) >= 165
    assert [name for name in TAKING if not calls(name)] == []


@pytest.mark.parametrize("name", TAKING)
def test_every_kind_of_out(name):
    wrong = []
    for (args, kwargs), (our_args, our_kwargs), results in calls(name):
        for what, make in MAKERS.items():
            if what not in OVERRUNS.get(name, MAKERS):
                continue
            theirs = called(torch, name, detached(args), kwargs, outs(torch, results, make))
            ours = called(autodiff, name, detached(our_args), our_kwargs, outs(autodiff, results, make))
            if not forgiven(name, what, theirs) and (found := agree(name, f"{shown(args, kwargs)}, out {what}", ours, theirs)):
                wrong.append(found)
    assert not wrong, "\n".join(wrong)


def with_gradients(args):
    for x in tensors(args):
        if x.dtype.is_floating_point:
            x.requires_grad_()
    return args


@pytest.mark.parametrize("name", TAKING)
def test_operands_that_require_a_gradient(name):
    wrong = []
    for (args, kwargs), (our_args, our_kwargs), results in calls(name):
        for switch in ("enable_grad", "no_grad"):
            found = []
            for m, a, k in ((autodiff, our_args, our_kwargs), (torch, args, kwargs)):
                with getattr(m, switch)():
                    found.append(called(m, name, with_gradients(detached(a)), k, outs(m, results, of)))
            what = "operands require grad" if switch == "enable_grad" else switch
            if not forgiven(name, what, found[1]) and (differs := agree(name, f"{shown(args, kwargs)}, out {what}", *found)):
                wrong.append(differs)
    assert not wrong, "\n".join(wrong)


def on_operands(m, args, results):
    """(what, args, out): `out` is each of the operands in turn, and a tensor that begins one element before it."""
    for i, x in enumerate(tensors(args)):
        given = detached(args)
        yield f"operand {i}", given, list(tensors(given))[i]
        if str(x.dtype) == str(results[0].dtype) and x.numel() > 1 and results[0].numel() > 1:
            base = of(m, x, shape=(x.numel() + results[0].numel() + 1,))
            moved = base[1 : 1 + x.numel()].view(*x.shape)
            moved.copy_(x)
            yield f"across operand {i}", replaced(detached(args), i, moved), base[: results[0].numel()].view(*results[0].shape)


def replaced(args, i, by):
    """The arguments with tensor number i replaced."""
    count = iter(range(10**6))

    def walk(x):
        if isinstance(x, list):
            return [walk(y) for y in x]
        if hasattr(x, "detach") and next(count) == i:
            return by
        return x

    return [walk(list(x) if isinstance(x, tuple) and any(tensors(x)) else x) for x in args]


@pytest.mark.parametrize("name", TAKING)
def test_out_on_an_operand(name):
    """An error where PyTorch has one; else the result, which PyTorch doesn't always get right: it may read what it wrote."""
    wrong = []
    for (args, kwargs), (our_args, our_kwargs), results in calls(name):
        if len(results) > 1 or name in NOT_ON_OPERANDS:
            continue
        cases = zip(on_operands(torch, args, results), on_operands(autodiff, our_args, results), strict=True)
        for (what, theirs, their_out), (_, ours, out) in cases:
            expected, *_ = called(torch, name, theirs, kwargs, their_out)
            found, same, _ = called(autodiff, name, ours, our_kwargs, out)
            failed = isinstance(found, Exception)
            wider = name in {*WIDER, *RESIZED_ON_THE_WAY, "addbmm", "addr", "baddbmm", "ldexp", "quantile", "where"}
            if isinstance(expected, Exception) and (failed or wider or resized_before(expected)):
                continue
            if isinstance(expected, Exception) or failed:
                wrong.append(f"{shown(args, kwargs)}, out {what}: {found!r} for {expected!r}")
            elif not same or not np.allclose(found.numpy(), results[0].numpy(), rtol=1e-5, equal_nan=True):
                wrong.append(f"{shown(args, kwargs)}, out {what}: {found} for {results[0]}")
    assert not wrong, "\n".join(wrong)


def resized_before(error):
    """Whether PyTorch resized the operand before it read it, and then didn't find its dimensions."""
    words = ("Dimension out of range", "1D tensors", "multiple times", "equal size", "mensions", "must match", "expected, got")
    return any(each in str(error) for each in words)


@pytest.mark.parametrize("name", TAKING)
@pytest.mark.parametrize("wrong", [3, "a", 2.5, {}, [], [autodiff.ones(1)], (autodiff.ones(1),)], ids=repr)
def test_out_of_the_wrong_class(name, wrong):
    for _, (args, kwargs), _ in calls(name)[:2]:
        with pytest.raises(TypeError, match=r"'out'|expected tuple"):
            function_of(autodiff, name)(*args, **kwargs, out=wrong)


@pytest.mark.parametrize("name", TAKING)
def test_out_none_is_not_given(name):
    for _, (args, kwargs), results in calls(name):
        autodiff.manual_seed(3)
        found = function_of(autodiff, name)(*args, **kwargs, out=None)
        for x, y in zip([found] if hasattr(found, "dtype") else found, results, strict=True):
            assert name == "empty" or np.allclose(x.numpy(), y.numpy(), rtol=1e-5, atol=1e-6, equal_nan=True)


@pytest.mark.parametrize("name", [n for n in TAKING if hasattr(autodiff.Tensor, n)])
def test_methods_take_none(name):
    for _, ((first, *args), kwargs), results in calls(name):
        if isinstance(first, autodiff.Tensor):
            with pytest.raises(TypeError, match="out"):
                getattr(first, name)(*args, **kwargs, out=outs(autodiff, results, of))


def test_signatures_show_it():
    for name in TAKING:
        assert inspect.signature(function_of(autodiff, name)).parameters["out"].default is None


# ---- what is not seen in a single call ----


def test_a_kept_value_that_is_written_over_is_noticed(torch):
    for m in (autodiff, torch):
        x, kept = m.ones(2, requires_grad=True), m.ones(2)
        y = (x * kept).sum()
        with m.no_grad():
            m.add(kept, 1, out=kept)
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.backward()


WRITES = ["exp(x, out=r)", "zeros(3, out=r)", "rand(3, out=r)", "sort(x, out=(r, i))", "eye(1, 3, out=r)"]


@pytest.mark.parametrize("write", WRITES)
def test_a_change_is_counted(write, torch):
    for m in (autodiff, torch):
        r, x, i = m.ones(3), m.ones(3), m.zeros(3, dtype=m.int64)
        eval(f"m.{write}", {"m": m, "r": r, "x": x, "i": i})
        assert r._version >= 1


@pytest.mark.parametrize("shape", [(3,), (1,), (2, 2), (6,)])
def test_a_part_is_written_in_the_whole(shape, torch):
    """Also where it is resized, as long as the whole has room for it."""
    found = []
    for m in (autodiff, torch):
        whole = m.arange(8.0)
        part = whole[1:4]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            m.full(shape, -1.0, out=part)
            m.mul(m.full(shape, -1.0), 2, out=part)
        found.append((whole.tolist(), part.tolist(), part.shape == shape))
    assert found[0] == found[1]


def test_a_part_does_not_grow_beyond_the_whole():
    whole = autodiff.zeros(4)
    with pytest.warns(UserWarning, match="was resized"), pytest.raises(RuntimeError, match="too small for shape"):
        autodiff.exp(autodiff.ones(9), out=whole[:2])


def test_views_of_what_is_written_into_see_it():
    whole = autodiff.zeros(2, 3)
    turned = whole.t()
    autodiff.add(autodiff.ones(2, 3), autodiff.arange(3), out=whole)
    assert turned.tolist() == [[1, 1], [2, 2], [3, 3]]


def test_under_no_grad_a_parameter_is_written_into(torch):
    for m in (autodiff, torch):
        w = m.ones(2, requires_grad=True)
        with m.no_grad():
            assert m.sub(w, 0.5, out=w) is w
        assert w.requires_grad
        assert w.is_leaf
        assert w.tolist() == [0.5, 0.5]


def test_the_warning_names_the_users_line_and_what_to_do():
    with pytest.warns(UserWarning, match="required output shape") as seen:
        autodiff.exp(autodiff.ones(3), out=autodiff.ones(2))
    assert seen[0].filename == __file__


def test_inference_tensors(torch):
    for m in (autodiff, torch):
        with m.inference_mode():
            r = m.ones(2)
            assert m.exp(m.zeros(2), out=r) is r
        with pytest.raises(RuntimeError, match=r"[Ii]nference"):
            m.exp(m.zeros(2), out=r)


def test_an_error_is_not_shown_as_a_second_one():
    r = autodiff.ones(2)
    for function, args in ((autodiff.exp, ["a"]), (autodiff.add, [r, "a"]), (autodiff.mm, [r, r])):
        with pytest.raises((TypeError, RuntimeError)) as caught:
            function(*args, out=r)
        assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_functions_are_pickled_by_name():
    for f in (autodiff.exp, autodiff.add, autodiff.multiply, autodiff.nn.functional.gelu, autodiff.cat):
        assert pickle.loads(pickle.dumps(f)) is f


def test_operators_of_numpy_on_a_tensor_to_write_into_are_still_refused():
    with pytest.raises(TypeError, match="cannot write into a Tensor"):
        np.add(np.ones(2), np.ones(2), out=autodiff.ones(2))
