"""Result dtypes against PyTorch: every dtype, with and without dimensions, with every kind of number."""

import itertools
import operator

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")

NAMES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
NUMBERS = [True, 2, 2.5]
SHAPES = [(), (1,), (2,)]
ARITHMETIC = [operator.add, operator.mul, operator.truediv, operator.pow, operator.lt, max]
OPERANDS = [(name, shape) for name in NAMES for shape in SHAPES]


def made(m, operand):
    if isinstance(operand, tuple):
        name, shape = operand
        return m.ones(shape, dtype=getattr(m, name))
    return operand


def outcome(call):
    try:
        found = call()
    except Exception as error:
        return type(error)
    return str(getattr(found, "dtype", found))


@pytest.mark.parametrize("default", ["float32", "float64"])
def test_the_common_type_of_every_pair(default):
    """A sum has the dtype that PyTorch's result_type names, whichever stands first."""
    try:
        for m in (autodiff, torch):
            m.set_default_dtype(getattr(m, default))
        for a, b in itertools.product(OPERANDS, [*OPERANDS, *NUMBERS]):
            expected = str(torch.result_type(made(torch, a), made(torch, b)))
            x, y = made(autodiff, a), made(autodiff, b)
            assert str((x + y).dtype) == str((y + x).dtype) == expected, (a, b)
    finally:
        for m in (autodiff, torch):
            m.set_default_dtype(m.float32)


@pytest.mark.parametrize("op", ARITHMETIC, ids=lambda op: op.__name__)
def test_the_result_of_every_pair_has_the_common_type(op):
    def run(m, pair):
        a, b = (made(m, x) for x in pair)
        if op is not max:
            return op(a, b)
        tensors = [x if isinstance(x, m.Tensor) else m.tensor(x) for x in (a, b)]
        return m.maximum(*tensors)

    for a, b in itertools.product(
        [o for o in OPERANDS if o[1] != (1,)], [*((n, s) for n in NAMES for s in ((), (2,))), *NUMBERS]
    ):
        for pair in ((a, b), (b, a)):
            ours, theirs = (outcome(lambda m=m: run(m, pair)) for m in (autodiff, torch))  # noqa: B023
            assert ours == theirs, pair


@pytest.mark.parametrize("name", NAMES)
def test_a_dtype_and_its_limits(name):
    ours, theirs = getattr(autodiff, name), getattr(torch, name)
    for fact in ("itemsize", "is_floating_point", "is_signed", "is_complex"):
        assert getattr(ours, fact) == getattr(theirs, fact), fact
    assert repr(ours) == repr(theirs)
    for other in NAMES:
        assert str(autodiff.promote_types(ours, getattr(autodiff, other))) == str(
            torch.promote_types(theirs, getattr(torch, other))
        )


def limits_of(m, name):
    dtype = getattr(m, name)
    return m.finfo(dtype) if dtype.is_floating_point else m.iinfo(dtype)


@pytest.mark.parametrize("name", NAMES[1:])
def test_limits(name):
    ours, theirs = limits_of(autodiff, name), limits_of(torch, name)
    for fact in ("bits", "min", "max", "dtype", *(("eps", "tiny", "smallest_normal") if "float" in name else ())):
        assert getattr(ours, fact) == getattr(theirs, fact), fact
        assert type(getattr(ours, fact)) is type(getattr(theirs, fact)), fact


@pytest.mark.parametrize("name", NAMES[-3:])
def test_the_resolution_is_a_power_of_ten(name):
    assert limits_of(autodiff, name).resolution == limits_of(torch, name).resolution


@pytest.mark.parametrize("name", NAMES[1:])
def test_limits_in_print(name):
    assert repr(limits_of(autodiff, name)) == repr(limits_of(torch, name))


def test_finfo_is_of_the_default_dtype():
    assert autodiff.finfo().dtype == torch.finfo().dtype == "float32"
    assert autodiff.finfo().eps == torch.finfo().eps


@pytest.mark.parametrize(
    "program",
    [
        lambda m: m.promote_types(m.float32, "int64"),
        lambda m: m.promote_types(1.0, m.float32),
        lambda m: m.set_default_dtype(m.int64),
        lambda m: m.iinfo(m.float32),
        lambda m: m.finfo(m.int64),
        lambda m: m.ones(1).to(dtype="float32"),
        lambda m: m.ones(1, dtype=3),
        lambda m: m.tensor([1], dtype=np.float32),
    ],
)
def test_refused(program):
    for m in (autodiff, torch):
        with pytest.raises(TypeError):
            program(m)


def test_pythons_types_are_taken_as_dtypes():
    for kind in (bool, int, float):
        assert str(autodiff.ones(2, dtype=kind).dtype) == str(torch.ones(2, dtype=kind).dtype)
        assert str(autodiff.ones(2).to(kind).dtype) == str(torch.ones(2).to(kind).dtype)


def test_operands_of_one_dtype_are_not_converted():
    for m in (autodiff, torch):
        a, b = (m.ones(2, requires_grad=True) * 2 for _ in range(2))
        for y in (a + b, a * b, a / b, a * 3, 3 - a, a.exp()):
            assert {f.name() for f, _ in y.grad_fn.next_functions if f is not None} == {"MulBackward0"}
        assert "ToCopyBackward0" in {f.name() for f, _ in (a * b.double()).grad_fn.next_functions}


def test_only_the_operand_of_another_dtype_is_converted():
    a, b = autodiff.ones(2, requires_grad=True) * 2, autodiff.ones(2, dtype=autodiff.float64, requires_grad=True) * 2
    for y, names in ((a * b, ["ToCopyBackward0", "MulBackward0"]), (b + a, ["MulBackward0", "ToCopyBackward0"])):
        assert [f.name() for f, _ in y.grad_fn.next_functions] == names


def test_a_negative_number_wraps_around_in_a_byte():
    for m in (autodiff, torch):
        assert (m.tensor([3], dtype=m.uint8) + -1).tolist() == [2]
        assert (m.tensor([3], dtype=m.uint8) * -1).tolist() == [253]


@pytest.mark.parametrize("wide", NAMES[-3:])
@pytest.mark.parametrize("narrow", NAMES[-3:])
def test_gradients_have_their_inputs_dtype(narrow, wide):
    for m in (autodiff, torch):
        a = m.ones(2, dtype=getattr(m, narrow), requires_grad=True)
        b = m.full((), 3.0, dtype=getattr(m, wide), requires_grad=True)
        (a * b).sum().backward()
        assert a.grad.dtype == a.dtype
        assert b.grad.dtype == b.dtype
        assert a.grad.tolist() == [3, 3]
        assert b.grad.item() == 2


ABSENT = {
    "bfloat16": "float32", "uint16": "int64", "uint32": "int64", "uint64": "int64",
    **dict.fromkeys(("complex32", "chalf", "complex64", "cfloat", "complex128", "cdouble"), "two tensors, for the real"),
}  # fmt: skip


@pytest.mark.parametrize("name", ABSENT)
def test_a_dtype_that_no_tensor_has_can_be_named_and_asked(name):
    ours, theirs = getattr(autodiff, name), getattr(torch, name)
    for fact in ("itemsize", "is_floating_point", "is_signed", "is_complex"):
        assert getattr(ours, fact) == getattr(theirs, fact), fact
    assert repr(ours) == repr(theirs)
    assert ours is getattr(autodiff, str(ours).removeprefix("torch."))
    assert ours not in (autodiff.float32, autodiff.int64, None)
    with pytest.raises(AttributeError, match="'dtype' object has no attribute 'nothing'"):
        print(ours.nothing)


@pytest.mark.parametrize("name", ABSENT)
def test_a_tensor_of_a_dtype_that_is_not_here_is_refused_with_one_that_is(name):
    dtype = getattr(autodiff, name)
    text = rf"^there are no tensors of dtype {dtype} in autodiff: use {ABSENT[name]}"
    for make in (
        lambda: autodiff.zeros(2, dtype=dtype), lambda: autodiff.tensor(1, dtype=dtype), lambda: autodiff.ones(2).to(dtype),
        lambda: autodiff.promote_types(dtype, autodiff.float32), lambda: autodiff.nn.Linear(1, 1, dtype=dtype),
    ):  # fmt: skip
        with pytest.raises(TypeError, match=text):
            make()
    if name not in ("bfloat16",):
        with pytest.raises(TypeError):
            autodiff.set_default_dtype(dtype)


@pytest.mark.parametrize("name", ["bfloat16", "complex32", "complex64", "complex128"])
def test_limits_of_what_is_not_here(name):
    ours, theirs = autodiff.finfo(getattr(autodiff, name)), torch.finfo(getattr(torch, name))
    for fact in ("bits", "min", "max", "dtype", "eps", "tiny", "smallest_normal", "resolution"):
        assert getattr(ours, fact) == getattr(theirs, fact), fact
