"""PyTorch's common type, for every pair: tensors with and without dimensions, Python's numbers, NumPy's numbers.

Each binary operation on each pair gives PyTorch's dtype and values, or its class of error or one of that kind.
"""

import operator
import warnings

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")

DTYPES = ["bool", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
NUMPYS = ["bool_", "uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]
OPERANDS = {
    **{f"vector {d}": lambda m, d=d: m.tensor([1, 2], dtype=getattr(m, d)) for d in DTYPES},
    **{f"single {d}": lambda m, d=d: m.tensor(2, dtype=getattr(m, d)) for d in DTYPES},
    **{repr(v): lambda m, v=v: v for v in (True, 2, -1, 2.5, 300)},
    **{f"numpy {d}": lambda m, d=d: getattr(np, d)(2) for d in NUMPYS},
}
TENSORS = [name for name in OPERANDS if name.startswith(("vector", "single"))]
VECTORS = [name for name in OPERANDS if name.startswith("vector")]

OPERATORS = [
    "add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor", "lshift", "rshift", "eq", "ne", "lt", "ge"
]
IN_PLACE = ["iadd", "isub", "imul", "itruediv", "ifloordiv", "imod", "ipow", "ilshift", "iand"]
FUNCTIONS = {
    "add": lambda m, a, b: m.add(a, b),
    "add alpha": lambda m, a, b: m.add(a, b, alpha=2),
    "sub": lambda m, a, b: m.sub(a, b),
    "rsub": lambda m, a, b: m.rsub(a, b),
    "div floor": lambda m, a, b: m.div(a, b, rounding_mode="floor"),
    "div trunc": lambda m, a, b: m.div(a, b, rounding_mode="trunc"),
    "pow": lambda m, a, b: m.pow(a, b),
    "float_power": lambda m, a, b: m.float_power(a, b),
    "remainder": lambda m, a, b: m.remainder(a, b),
    "bitwise_or": lambda m, a, b: m.bitwise_or(a, b),
    "where": lambda m, a, b: m.where(m.tensor([True, False]), a, b),
    "clamp": lambda m, a, b: m.clamp(a, b),
    "clamp max": lambda m, a, b: m.clamp(a, None, b),
}
OF_TENSORS = {
    "maximum": lambda m, a, b: m.maximum(a, b),
    "minimum": lambda m, a, b: m.minimum(a, b),
    "atan2": lambda m, a, b: m.atan2(a, b),
    "hypot": lambda m, a, b: m.hypot(a, b),
    "logaddexp": lambda m, a, b: m.logaddexp(a, b),
    "fmod": lambda m, a, b: m.fmod(a, b),
    "lerp": lambda m, a, b: m.lerp(a, b, 0.5),
    "addcmul": lambda m, a, b: m.addcmul(a, b, b),
    "cat": lambda m, a, b: m.cat([a, b]),
    "stack": lambda m, a, b: m.stack([a, b]),
    "outer": lambda m, a, b: m.outer(a, b),
    "matmul": lambda m, a, b: a @ b,
    "dot": lambda m, a, b: m.dot(a, b),
    "mm": lambda m, a, b: m.mm(a.reshape(1, -1), b.reshape(-1, 1)),
    "mv": lambda m, a, b: m.mv(a.reshape(1, -1), b),
    "meshgrid": lambda m, a, b: m.stack(m.meshgrid(a, b, indexing="ij")),
    "mse_loss": lambda m, a, b: m.nn.functional.mse_loss(a, b),
    "l1_loss": lambda m, a, b: m.nn.functional.l1_loss(a, b),
    "huber_loss": lambda m, a, b: m.nn.functional.huber_loss(a, b),
    "smooth_l1_loss": lambda m, a, b: m.nn.functional.smooth_l1_loss(a, b),
    "with_logits": lambda m, a, b: m.nn.functional.binary_cross_entropy_with_logits(a, b),
    "cosine_similarity": lambda m, a, b: m.nn.functional.cosine_similarity(a, b, 0),
    "isclose": lambda m, a, b: m.isclose(a, b),
    "copy_": lambda m, a, b: a.copy_(b),
    "promote_types": lambda m, a, b: m.promote_types(a.dtype, b.dtype),
}


def operation(name):
    """An operator of Python's, as a program."""
    return lambda m, a, b: getattr(operator, name)(a, b)


def outcome(m, program, a, b):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            found = program(m, OPERANDS[a](m), OPERANDS[b](m))
        except Exception as error:
            return type(error)
    if not isinstance(found, m.Tensor):
        return repr(found)
    digits = 2 if found.dtype == m.float16 else 4
    return str(found.dtype), tuple(found.shape), np.round(np.array(found.tolist(), float), digits).tolist()


def agree(program, pairs):
    for a, b in pairs:
        ours, theirs = (outcome(m, program, a, b) for m in (autodiff, torch))
        if isinstance(ours, type) and isinstance(theirs, type):
            assert issubclass(ours, theirs) or issubclass(theirs, ours), (a, b)
        elif isinstance(ours, tuple) and isinstance(theirs, tuple):
            assert ours[:2] == theirs[:2], (a, b)
            rtol = 2e-3 if "float16" in ours[0] + a + b else 1e-4
            np.testing.assert_allclose(ours[2], theirs[2], rtol=rtol, err_msg=f"{a}, {b}")
        else:
            assert ours == theirs, (a, b)


@pytest.mark.parametrize("name", OPERATORS)
def test_operators(name):
    agree(operation(name), [(a, b) for a in OPERANDS for b in OPERANDS if a in TENSORS or b in TENSORS])


@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions(name):
    first = OPERANDS if name in ("float_power", "remainder", "pow", "bitwise_or", "where") else TENSORS
    agree(FUNCTIONS[name], [(a, b) for a in first for b in OPERANDS if a in TENSORS or b in TENSORS])


@pytest.mark.parametrize("name", OF_TENSORS)
def test_functions_of_two_tensors(name):
    agree(OF_TENSORS[name], [(a, b) for a in TENSORS for b in TENSORS])


@pytest.mark.parametrize("name", IN_PLACE)
def test_in_place(name):
    agree(operation(name), [(a, b) for a in TENSORS for b in OPERANDS])


BASES = [-2, 0, 1, 3, 300, -300, 2**40, -(2**40), 2.5, True]


@pytest.mark.parametrize("dtype", DTYPES)
def test_powers_of_numbers_wrap_around(dtype):
    """A number takes the dtype of the tensor of integers that it is raised to: 2**40 is 0 there, -2 is 254 as a byte."""
    for base in BASES:
        found = []
        for m in (autodiff, torch):
            try:
                found.append(repr((base ** m.tensor([0, 1, 2, 3], dtype=getattr(m, dtype))).tolist()))
            except Exception as error:
                found.append(type(error))
        assert found[0] == found[1], base
