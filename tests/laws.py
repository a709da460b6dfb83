"""What the laws share: the inputs of a row, its derivatives of three orders, and how two results are compared.

An order is taken as `gradgradcheck` takes it: with respect to the inputs and to the incoming gradients of the orders before,
so that the rules of rules run also where an operation is linear in its inputs. No incoming gradient has a zero in it.
"""

import functools
import importlib
import pkgutil
import zlib

import numpy as np
import pytest
from samples import ROWS, Row

import autodiff
from autodiff._core.operation import Operation
from autodiff._core.tensor import wrap

SLOPED = [r for r in ROWS if not r.no_slope]
MODULES = sorted(
    info.name
    for info in pkgutil.walk_packages(autodiff.__path__, "autodiff.")
    if not info.name.endswith(".__main__") and "._cores_" not in info.name
)


def over(rows, at_least):
    """Run the test for each of the rows; an error where there are fewer of them than there were."""
    assert len(rows) >= at_least, f"only {len(rows)} rows have the property"
    return pytest.mark.parametrize("row", rows, ids=[r.id for r in rows])


every_row = over(ROWS, 860)
every_sloped_row = over(SLOPED, 850)


def operations() -> dict[str, Operation]:
    """Every operation of the package, by the module that defines it and the name it has there."""
    found = {}
    for name in MODULES:
        if name.startswith("autodiff.api.with_out"):  # where operations are made once more, to take out=
            continue
        module = importlib.import_module(name)
        for key, value in vars(module).items():
            if isinstance(getattr(value, "operation", None), Operation) and value.__module__ == name:
                found[f"{name}.{key}"] = value.operation
    return found


def arrays_for(row: Row, dtype=np.float64, shapes=None) -> list[np.ndarray]:
    """Inputs from the row's domain, away from its kinks, the same in every run."""
    if row.values:
        return [a.astype(dtype) for a in row.values]
    rng = np.random.default_rng(zlib.crc32(row.id.encode()))
    low, high = row.domain
    arrays = []
    for shape in shapes or row.shapes:
        if row.distinct:  # a fine grid, shuffled: no two values are closer than the steps of a finite difference
            n = int(np.prod(shape))
            grid = np.linspace(low, high, n + 2)[1:-1] + 0.013 * len(arrays)
            a = rng.permutation(grid).reshape(shape)
        else:
            a = rng.uniform(low, high, shape)
        for kink in row.kinks:
            a = np.where(np.abs(a - kink) < 0.05, kink + 0.05, a)
        arrays.append(np.asarray(a).astype(dtype))
    return arrays


def leaf_of(array, requires_grad=True):
    """A leaf of autodiff on the very memory of the array, whatever its layout."""
    return wrap(array).requires_grad_(requires_grad)


def leaves_of(module, arrays):
    return [module.tensor(a, requires_grad=True) for a in arrays]


def incoming(shape, order=1) -> np.ndarray:
    """An incoming gradient for a result of that order of differentiation: of both signs beyond the first, nowhere near 0."""
    return _incoming(tuple(shape), order)


@functools.cache
def _incoming(shape, order):
    rng = np.random.default_rng(7 * order)
    sizes = rng.uniform(0.5, 1.5, shape)
    found = np.asarray(sizes if order == 1 else sizes * rng.choice([-1.0, 1.0], shape))
    found.flags.writeable = False
    return found


def gradients(module, row, arrays, create_graph=False):
    """The leaves, the result, and the gradients of its sum weighted by `incoming`."""
    leaves = leaves_of(module, arrays)
    y = row.call(module, *leaves)
    seed = module.tensor(incoming(y.shape)).to(y.dtype)
    return leaves, y, module.autograd.grad(y, leaves, seed, create_graph=create_graph, allow_unused=True)


def derivatives(module, row, arrays, order, seeds=(), create_graph=False):
    """The gradients of that order, with respect to the inputs and to the incoming gradients of the orders before.

    `seeds` are those incoming gradients, a list of arrays for each order; they are drawn where they are not given. The result
    is (the gradients, what they were taken for): a None says that nothing depends on it.
    """
    wanted = leaves_of(module, arrays)
    results = likes = [row.call(module, *wanted)]
    for n in range(1, order + 1):
        last = n == order
        given = seeds[n - 1] if len(seeds) >= n else [incoming(like.shape, n) for like in likes]
        taken = [module.tensor(a, requires_grad=not last).to(x.dtype) for a, x in zip(given, likes, strict=True)]
        live = [(r, t) for r, t in zip(results, taken, strict=True) if r is not None and r.requires_grad]
        grads = [None] * len(wanted)
        if live:
            into, weights = zip(*live, strict=True)
            grads = module.autograd.grad(into, wanted, weights, create_graph=create_graph or not last, allow_unused=True)
        results, likes = list(grads), wanted
        wanted = wanted if last else wanted + taken
    return results, wanted


def number(t):
    return None if t is None else np.asarray(t.numpy(force=True))


def agree(ours, theirs, rtol, atol=1e-12):
    if ours is None or theirs is None:
        # an unused input is None for one and zeros for the other
        for g in (ours, theirs):
            assert g is None or not np.any(g)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)
