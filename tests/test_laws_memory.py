"""Laws of memory that hold for every operation: any layout is taken, nothing is shared, changed, or kept for nothing."""

import pickle

import numpy as np
import pytest
from laws import agree, arrays_for, every_sloped_row, gradients, incoming, leaf_of, leaves_of, number
from samples import LAYOUTS, ROWS

import autodiff
from autodiff._core.modes import mode
from autodiff._core.observer import set_observer
from autodiff._core.operation import INPUT, OUTPUT
from autodiff._core.views import edge_of


@pytest.mark.parametrize("layout", LAYOUTS)
def test_most_rows_take_every_layout(layout):
    assert sum(layout in r.layouts for r in ROWS) >= 340


@pytest.mark.parametrize(
    ("row", "layout"), [pytest.param(r, name, id=f"{r.id}-{name}") for r in ROWS if not r.no_slope for name in r.layouts]
)
def test_every_memory_layout(row, layout):
    arrays = arrays_for(row)
    _, y, gs = gradients(autodiff, row, arrays)
    leaves = [leaf_of(LAYOUTS[layout](a)) for a in arrays]
    y2 = row.call(autodiff, *leaves)
    agree(number(y2), number(y), 1e-12, 1e-13)
    gs2 = autodiff.autograd.grad(y2, leaves, autodiff.tensor(incoming(y2.shape)).to(y2.dtype), allow_unused=True)
    for g, g2 in zip(gs, gs2, strict=True):
        agree(number(g2), number(g), 1e-12, 1e-13)


class Unpickled:
    """autodiff, with tensors whose dtypes are equal to NumPy's and are not the same objects, as unpickled ones are."""

    def __getattr__(self, name):
        return getattr(autodiff, name)

    def tensor(self, data, requires_grad=False, **options):
        array = number(autodiff.tensor(data, **options))
        foreign = pickle.loads(pickle.dumps(array)) if array.ndim else array  # without dimensions NumPy takes its own
        return leaf_of(foreign) if requires_grad else autodiff.from_numpy(foreign)


@every_sloped_row
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_dtype_that_is_equal_and_another_object(row, dtype):
    arrays = arrays_for(row, dtype)
    (_, y, gs), (leaves, y2, gs2) = (gradients(module, row, arrays) for module in (autodiff, Unpickled()))
    assert any(number(x).dtype is not np.dtype(dtype) for x in leaves if x.ndim) or not any(x.ndim for x in leaves)
    assert y2.dtype == y.dtype
    for a, b in zip((y, *gs), (y2, *gs2), strict=True):
        agree(number(b), number(a), 1e-5 if dtype is np.float32 else 1e-12)


@every_sloped_row
def test_no_input_is_mutated(row):
    arrays = arrays_for(row)
    before = [a.copy() for a in arrays]
    y = row.call(autodiff, *[leaf_of(a) for a in arrays])
    seed = autodiff.tensor(incoming(y.shape)).to(y.dtype)
    kept = number(seed).copy()
    autodiff.autograd.backward(y, seed)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(number(seed), kept)


@every_sloped_row
def test_gradients_share_no_memory(row):
    leaves = leaves_of(autodiff, arrays_for(row))
    y = row.call(autodiff, *leaves)
    seed = autodiff.tensor(incoming(y.shape)).to(y.dtype)
    autodiff.autograd.backward(y, seed)
    arrays = [number(x.grad) for x in leaves if x.grad is not None] + [number(seed), number(y)]
    assert len(arrays) > 2
    arrays += [number(x) for x in leaves if not np.shares_memory(number(x), number(y))]
    for i, a in enumerate(arrays):
        for b in arrays[:i]:
            assert not np.shares_memory(a, b)


def test_a_rule_reads_what_it_names():
    """A rule that names x, or y, but needs its shape alone, keeps memory for nothing: some row must show that it reads it."""
    read, kept = set(), set()
    shapes = {}

    class Shapes:
        def made(self, node, inputs, params, outputs):
            shapes[node] = [o.shape for o in outputs]

        def walked(self, node, gradient, results):
            pass

    before = set_observer(Shapes())
    try:
        for row in ROWS:
            if not row.no_slope:
                y = row.call(autodiff, *leaves_of(autodiff, arrays_for(row)))
                for node in nodes_behind(y):
                    if node.operation.composed is not None:
                        continue  # its definition reads every input, under create_graph
                    for k, name in values_kept(node):
                        kept.add(name)
                        if is_read(node, k, shapes[node]):
                            read.add(name)
    finally:
        set_observer(before)
    assert len(kept) > 130
    assert not kept - read, "kept, and read by no rule: " + ", ".join(sorted(kept - read))


def nodes_behind(y):
    """Every node of the package's own operations from which y was computed."""
    seen, stack = set(), [edge_of(y)[0]]
    while stack:
        node = stack.pop()
        if node not in seen and node.operation is not None:
            seen.add(node)
            stack += [e[0] for e in node.edges if e is not None and e[1] >= 0]
    return seen


def values_kept(node):
    """(place, "operation keeps name") of every array that the node keeps of its inputs and outputs."""
    return [
        (k, f"{node.operation.forward.__module__}.{node.operation.forward.__name__} keeps {node.plan.names[k]}")
        for k, (source, _) in enumerate(node.plan.keep)
        if source in (INPUT, OUTPUT) and isinstance(node.kept[k], np.ndarray) and node.kept[k].size
    ]


def is_read(node, k, shapes):
    """Whether the node sends other gradients, or none at all, when its kept value k is another."""
    kept = node.kept[k]
    others = [np.full_like(kept, np.nan)] if kept.dtype.kind == "f" else [np.zeros_like(kept), np.ones_like(kept)]
    before = pulled(node, shapes)
    for other in others:
        node.kept = (*node.kept[:k], other, *node.kept[k + 1 :])
        try:
            after = pulled(node, shapes)
        except (IndexError, ValueError, RuntimeError):  # read, and found to be impossible
            return True
        finally:
            node.kept = (*node.kept[:k], kept, *node.kept[k + 1 :])
        if not all(np.array_equal(a, b, equal_nan=True) for a, b in zip(before, after, strict=True)):
            return True
    return False


def pulled(node, shapes):
    """The gradients that a node sends in a first order walk."""
    gs = []
    ones = [np.ones(s) for s in shapes]
    mode.arrays = True
    try:
        with np.errstate(all="ignore"):
            node.pull(ones if node.outputs is not None else ones[0], lambda edge, gx: gs.append(np.asarray(gx)), False)
    finally:
        mode.arrays = False
    return gs


@pytest.mark.parametrize("row", [pytest.param(r, id=r.id) for r in ROWS])
def test_a_result_in_an_inputs_memory_is_a_view_of_it(row):
    """Else a change of the result would change the input unnoticed: its count of changes would stand still."""
    inputs = [autodiff.tensor(a) for a in arrays_for(row)]
    results = row.call(autodiff, *inputs)
    for y in results if isinstance(results, (tuple, list)) else (results,):
        sharing = [x for x in inputs if np.shares_memory(number(x), number(y))]
        before = [x._version for x in sharing]
        if sharing:
            y.fill_(3)
        assert all(x._version > count for x, count in zip(sharing, before, strict=True))
