"""Functions without a gradient give PyTorch's values and dtypes, or refuse what it refuses: over all rows of rows/plain.py."""

import numpy as np
import pytest
from rows.plain import EVERY
from rows.without import PLAIN

import autodiff

CALLS = [pytest.param(row, dtype, id=f"{row.id}-{dtype}") for row in PLAIN for dtype in row.dtypes]


def test_the_rows_are_there():
    ids = [row.id for row in PLAIN]
    assert len(set(ids)) == len(ids) >= 168
    assert len(CALLS) > 1000


@pytest.mark.parametrize(("row", "dtype"), CALLS)
def test_value_and_dtype(row, dtype, torch):
    results = [outcome(row, module, dtype) for module in (autodiff, torch)]
    assert results[0] == results[1]


def outcome(row, module, dtype):
    """The result in plain Python, dtypes included; "refused" for an error, whose classes test_refusals_torch.py compares."""
    values = [module.tensor(v.tolist(), dtype=module.float64).to(getattr(module, dtype)) for v in row.values]
    try:
        return plain(row.call(module, *values))
    except (RuntimeError, TypeError, ValueError, IndexError):
        return "refused"


def plain(result):
    """A result as something that == compares in full precision: (dtype, shape, the bytes' own numbers)."""
    if isinstance(result, (tuple, list)):
        return [plain(part) for part in result]
    if not hasattr(result, "dtype"):
        return result
    return str(result.dtype), tuple(result.shape), repr(np.asarray(result.detach().numpy()).tolist())


NUMBERS = (True, 1, 1.5)
TWO = ("add", "mul", "div", "pow", "remainder", "maximum", "eq")


@pytest.mark.parametrize("name", TWO)
@pytest.mark.parametrize("dims", [(0, 0), (0, 1), (1, 1)], ids=str)
def test_the_dtype_of_two_tensors(name, dims, torch):
    seen = {}
    for a in EVERY:
        for b in EVERY:
            seen[a, b] = [dtype_of(m, name, made(m, a, dims[0]), made(m, b, dims[1])) for m in (autodiff, torch)]
    wrong = {key: pair for key, pair in seen.items() if pair[0] != pair[1]}
    assert not wrong
    assert len(seen) == 81


@pytest.mark.parametrize("name", [n for n in TWO if n != "maximum"])
@pytest.mark.parametrize("dim", [0, 1])
def test_the_dtype_of_a_tensor_and_a_number(name, dim, torch):
    wrong = {}
    for a in EVERY:
        for number in NUMBERS:
            ours, theirs = (dtype_of(m, name, made(m, a, dim), number) for m in (autodiff, torch))
            if ours != theirs:
                wrong[a, number] = ours, theirs
    assert not wrong


def made(module, dtype, ndim):
    return module.ones((2,) * ndim, dtype=getattr(module, dtype))


def dtype_of(module, name, *args):
    try:
        return str(getattr(module, name)(*args).dtype)
    except (RuntimeError, TypeError):
        return "refused"
