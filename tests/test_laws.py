"""Laws that hold for every operation: each test runs over all rows of samples.py."""

import importlib
import pkgutil
import zlib

import numpy as np
import pytest
import samples
from samples import ROWS, Row

import autodiff
from autodiff._core.observer import set_observer
from autodiff._core.operation import INPUT, Operation
from autodiff._core.tensor import Tensor
from autodiff._core.views import edge_of

every_row = pytest.mark.parametrize("row", ROWS, ids=[r.id for r in ROWS])
analytic_row = pytest.mark.parametrize("row", [r for r in ROWS if r.analytic], ids=[r.id for r in ROWS if r.analytic])
broadcasting_row = pytest.mark.parametrize(
    "row", [r for r in ROWS if r.broadcasts], ids=[r.id for r in ROWS if r.broadcasts]
)


def arrays_for(row: Row, dtype=np.float64, shapes=None) -> list[np.ndarray]:
    """Inputs from the row's domain, away from its kinks, the same in every run."""
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


def leaves_of(module, arrays):
    return [module.tensor(a, requires_grad=True) for a in arrays]


def seed_for(y) -> np.ndarray:
    return np.random.default_rng(7).uniform(0.5, 1.5, tuple(y.shape))


def gradients(module, row, arrays, create_graph=False):
    leaves = leaves_of(module, arrays)
    y = row.call(module, *leaves)
    seed = module.tensor(seed_for(y)).to(y.dtype)
    return leaves, y, module.autograd.grad(y, leaves, seed, create_graph=create_graph, allow_unused=True)


def second_gradients(module, row, arrays, create_graph=False):
    leaves, _, first = gradients(module, row, arrays, create_graph=True)
    scalar = sum(
        (g * module.tensor(np.cos(np.arange(g.numel()).reshape(tuple(g.shape)))).to(g.dtype)).sum()
        for g in first
        if g is not None and g.requires_grad
    )
    if not isinstance(scalar, (Tensor, getattr(module, "Tensor", Tensor))):
        return None
    return module.autograd.grad(scalar, leaves, allow_unused=True, create_graph=create_graph)


def number(t):
    return None if t is None else np.asarray(t.numpy(force=True))


def agree(ours, theirs, rtol, atol=1e-12):
    if ours is None or theirs is None:
        # an unused input is None for one and zeros for the other
        for g in (ours, theirs):
            assert g is None or not np.any(g)
    else:
        np.testing.assert_allclose(ours, theirs, rtol=rtol, atol=atol)


@every_row
def test_value_against_numpy(row):
    if row.reference is None:
        assert row.id in {"erf", "erfc", "gelu", "cross_entropy-options"}  # PyTorch is their only oracle
        return
    arrays = arrays_for(row)
    ours = number(row.call(autodiff, *leaves_of(autodiff, arrays)))
    np.testing.assert_allclose(ours, row.reference(*arrays), rtol=1e-12, atol=1e-13)


@every_row
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_value_and_gradients_against_torch(row, dtype, torch):
    arrays = arrays_for(row, dtype)
    _, y, gs = gradients(autodiff, row, arrays)
    _, yt, gts = gradients(torch, row, arrays)
    assert str(y.dtype) == str(yt.dtype)
    assert tuple(y.shape) == tuple(yt.shape)
    rtol = 2e-5 if dtype is np.float32 else 1e-10
    agree(number(y), number(yt), rtol, rtol)
    for g, gt in zip(gs, gts, strict=True):
        agree(number(g), number(gt), rtol, rtol)


@every_row
def test_second_gradients_against_torch(row, torch):
    if row.name == "cdist":
        return  # it has none there
    arrays = arrays_for(row)
    ours, theirs = second_gradients(autodiff, row, arrays), second_gradients(torch, row, arrays)
    for g, gt in zip(ours or [None] * len(arrays), theirs or [None] * len(arrays), strict=True):
        agree(number(g), number(gt), 1e-8, 1e-9)


@every_row
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_gradients_have_the_shape_and_dtype_of_their_inputs(row, dtype):
    arrays = arrays_for(row, dtype)
    for a, g in zip(arrays, gradients(autodiff, row, arrays)[2], strict=True):
        assert g is None or (tuple(g.shape) == a.shape and g.dtype.np == a.dtype)


@analytic_row
def test_first_derivative_by_the_complex_step(row):
    arrays = arrays_for(row)
    _, y, gs = gradients(autodiff, row, arrays)
    seed = seed_for(y)
    rng = np.random.default_rng(3)
    for k, g in enumerate(gs):
        direction = rng.uniform(-1, 1, arrays[k].shape)
        stepped = [a + 1e-30j * direction if i == k else a for i, a in enumerate(arrays)]
        expected = (seed * (np.asarray(row.reference(*stepped)).imag / 1e-30)).sum()
        found = 0.0 if g is None else (number(g) * direction).sum()
        np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-10)


@every_row
def test_first_derivative_by_finite_differences(row):
    arrays = arrays_for(row)
    _, y, gs = gradients(autodiff, row, arrays)
    seed = seed_for(y)
    rng = np.random.default_rng(4)
    h = 1e-6

    def f(xs):
        return (seed * number(row.call(autodiff, *[autodiff.tensor(x) for x in xs]))).sum()

    for k, g in enumerate(gs):
        if g is None:
            continue
        direction = rng.uniform(-1, 1, arrays[k].shape)
        up = f([a + h * direction if i == k else a for i, a in enumerate(arrays)])
        down = f([a - h * direction if i == k else a for i, a in enumerate(arrays)])
        np.testing.assert_allclose((number(g) * direction).sum(), (up - down) / (2 * h), rtol=1e-6, atol=1e-7)


@every_row
def test_second_derivative_by_finite_differences(row):
    if not row.second:
        return
    arrays = arrays_for(row)
    second = second_gradients(autodiff, row, arrays)
    if second is None:  # linear: the first gradient does not depend on the inputs
        return
    h = 1e-5
    rng = np.random.default_rng(5)

    def slope(xs):
        total = 0.0
        for g in gradients(autodiff, row, xs)[2]:
            if g is not None:
                total += (number(g) * np.cos(np.arange(g.numel()).reshape(tuple(g.shape)))).sum()
        return total

    for k, s in enumerate(second):
        direction = rng.uniform(-1, 1, arrays[k].shape)
        up = slope([a + h * direction if i == k else a for i, a in enumerate(arrays)])
        down = slope([a - h * direction if i == k else a for i, a in enumerate(arrays)])
        found = 0.0 if s is None else (number(s) * direction).sum()
        np.testing.assert_allclose(found, (up - down) / (2 * h), rtol=2e-5, atol=2e-6)


@every_row
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_both_worlds_agree(row, dtype):
    arrays = arrays_for(row, dtype)
    first = gradients(autodiff, row, arrays)[2]
    recorded = gradients(autodiff, row, arrays, create_graph=True)[2]
    for a, b in zip(first, recorded, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            assert a.dtype == b.dtype
            agree(number(a), number(b), 1e-6 if dtype is np.float32 else 1e-14)


LAYOUTS = {
    "fortran": lambda a: np.asarray(a, order="F"),
    "every second": lambda a: np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a,
    "offset": lambda a: np.concatenate([a.reshape(-1)[:1], a.reshape(-1)])[1:].reshape(a.shape) if a.size else a,
    "reversed": lambda a: np.ascontiguousarray(a[::-1])[::-1] if a.ndim else a,
    "misaligned": lambda a: np.frombuffer(b"\0" + a.tobytes(), np.uint8)[1:].view(a.dtype).reshape(a.shape),
}


@every_row
@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_memory_layout(row, layout):
    arrays = arrays_for(row)
    _, y, gs = gradients(autodiff, row, arrays)
    leaves = []
    for a in arrays:
        leaf = autodiff._core.tensor.wrap(LAYOUTS[layout](a))
        leaves.append(leaf.requires_grad_())
    if row.name == "view" and layout != "offset" and layout != "misaligned":
        return  # needs contiguous memory, and says so (test_behaviours)
    y2 = row.call(autodiff, *leaves)
    agree(number(y2), number(y), 1e-12, 1e-13)
    gs2 = autodiff.autograd.grad(y2, leaves, autodiff.tensor(seed_for(y2)).to(y2.dtype), allow_unused=True)
    for g, g2 in zip(gs, gs2, strict=True):
        agree(number(g2), number(g), 1e-12, 1e-13)


@every_row
def test_no_input_is_mutated(row):
    arrays = arrays_for(row)
    before = [a.copy() for a in arrays]
    leaves = [autodiff._core.tensor.wrap(a).requires_grad_() for a in arrays]
    y = row.call(autodiff, *leaves)
    seed = autodiff.tensor(seed_for(y)).to(y.dtype)
    kept = number(seed).copy()
    autodiff.autograd.backward(y, seed)
    for a, b in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(number(seed), kept)


@every_row
def test_gradients_share_no_memory(row):
    leaves = leaves_of(autodiff, arrays_for(row))
    y = row.call(autodiff, *leaves)
    seed = autodiff.tensor(seed_for(y)).to(y.dtype)
    autodiff.autograd.backward(y, seed)
    arrays = [x.grad._array for x in leaves if x.grad is not None] + [seed._array, y._array]
    arrays += [x._array for x in leaves if not np.shares_memory(x._array, y._array)]
    for i, a in enumerate(arrays):
        for b in arrays[:i]:
            assert not np.shares_memory(a, b)


BROADCASTS = [((), (3,)), ((1,), (2, 3)), ((0,), (1,)), ((0, 3), (3,)), ((2, 1), (1, 3)), ((), ()), ((3, 1, 4), (2, 1))]


@broadcasting_row
@pytest.mark.parametrize("shapes", BROADCASTS, ids=str)
@pytest.mark.parametrize("swap", [False, True])
def test_broadcasting(row, shapes, swap):
    shapes = shapes[::-1] if swap else shapes
    arrays = arrays_for(row, shapes=shapes)
    leaves, y, gs = gradients(autodiff, row, arrays)
    np.testing.assert_allclose(number(y), row.reference(*arrays), rtol=1e-12)
    full = np.broadcast_shapes(*shapes)
    _, _, whole = gradients(autodiff, row, [np.broadcast_to(a, full) for a in arrays])
    for x, g, w in zip(leaves, gs, whole, strict=True):
        assert g.shape == x.shape
        lead = len(full) - x.ndim
        axes = tuple(range(lead)) + tuple(i + lead for i, n in enumerate(x.shape) if n == 1 and full[i + lead] != 1)
        np.testing.assert_allclose(number(g), number(w).sum(axes).reshape(tuple(x.shape)), rtol=1e-10, atol=1e-12)


@every_row
def test_a_rule_reads_what_it_names(row):
    """A rule that names x, but needs its shape alone, keeps memory for nothing."""
    arrays = arrays_for(row)
    y = row.call(autodiff, *leaves_of(autodiff, arrays))
    seen, stack = set(), [edge_of(y)[0]]
    while stack:
        node = stack.pop()
        if node in seen or node.operation is None:
            continue
        seen.add(node)
        stack += [e[0] for e in node.edges if e is not None and e[1] >= 0]
        for k, (source, _) in enumerate(node.plan.keep):
            kept = node.kept[k]
            if source != INPUT or not isinstance(kept, np.ndarray) or kept.dtype.kind != "f" or not kept.size:
                continue
            shapes = [(y.shape, y._array.dtype)] if node.outputs is None else node.outputs
            ones = [np.ones(node_shape(node) if node.outputs is None else s) for s, _ in shapes]
            autodiff._core.modes.mode.walks += 1
            try:
                with np.errstate(all="ignore"):
                    before = pulled(node, ones[0] if node.outputs is None else ones)
                    node.kept = (*node.kept[:k], np.full_like(kept, np.nan), *node.kept[k + 1 :])
                    after = pulled(node, ones[0] if node.outputs is None else ones)
            finally:
                autodiff._core.modes.mode.walks -= 1
                node.kept = (*node.kept[:k], kept, *node.kept[k + 1 :])
            if node.name() in ("PowBackward1", "PowBackward2") and node.plan.names[k] == "other":
                continue  # read to tell 0**p apart, which the row's inputs are not
            same = [np.array_equal(a[1], b[1]) for a, b in zip(before, after, strict=True)]
            assert not all(same), f"{node.name()} keeps '{node.plan.names[k]}' but does not read it"


def pulled(node, g):
    """The (edge, gradient) pairs that a node sends in a first order walk."""
    pairs = []
    node.pull(g, lambda edge, gx: pairs.append((edge, gx)), False)
    return pairs


def node_shape(node):
    """The shape of a node's one output, found by what the rows' observers noted when it was made."""
    return SHAPES_MADE[node]


SHAPES_MADE = {}


class _Shapes:
    def made(self, node, inputs, outputs):
        SHAPES_MADE[node] = outputs[0]._array.shape
        OPERATIONS.add(node.operation)

    def walked(self, node, gradient, results):
        pass


OPERATIONS: set = set()


@pytest.fixture(autouse=True)
def watched():
    before = set_observer(_Shapes())
    yield
    set_observer(before)
    SHAPES_MADE.clear()


def primitives():
    """Every primitive of the package, by module."""
    found = {}
    for info in pkgutil.walk_packages(autodiff.__path__, "autodiff."):
        if info.name.startswith(("autodiff.ops.", "autodiff._core.")):
            module = importlib.import_module(info.name)
            for name, value in vars(module).items():
                if isinstance(getattr(value, "operation", None), Operation) and value.__module__ == info.name:
                    found[f"{info.name}.{name}"] = value.operation
    return found


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_the_grad_fn_has_pytorchs_name(row):
    torch = pytest.importorskip("torch")
    if row.id == "cross_entropy-options" or row.name in ("cdist", "pairwise_distance"):
        return  # label smoothing is one kernel here, and a sum of two losses there; distances are one operation there
    names = []
    for library in (autodiff, torch):
        result = row.call(library, *leaves_of(library, arrays_for(row)))
        names.append(None if result.grad_fn is None else result.grad_fn.name().removeprefix("torch::autograd::"))
    assert names[0] == names[1]


def test_every_primitive_with_a_partial_is_covered_by_a_row():
    OPERATIONS.clear()
    for row in ROWS:
        for dtype in (np.float32, np.float64):
            second_gradients(autodiff, row, arrays_for(row, dtype), create_graph=True)
    covered = {op.node_class for op in OPERATIONS}
    # Recorded in a third derivative only: see test_third_derivative_through_a_write.
    covered.add(autodiff._core.inplace.unread.operation.node_class)
    missing = [name for name, op in primitives().items() if any(op.partials) and op.node_class not in covered]
    assert not missing, f"no row of samples.py records {missing}"


def test_third_derivative_through_a_write(torch):
    def third(module):
        x = module.tensor([[0.5, 1.5], [2.0, 1.0]], dtype=module.float64, requires_grad=True)
        y = x * 1
        y[0].mul_(x[1] * x[0])
        value = (y**3).sum()
        for _ in range(3):
            (g,) = module.autograd.grad(value, x, create_graph=True)
            value = (g**2).sum()
        return number(g)

    OPERATIONS.clear()
    np.testing.assert_allclose(third(autodiff), third(torch), rtol=1e-9)
    assert autodiff._core.inplace.unread.operation.node_class in {op.node_class for op in OPERATIONS}


# Functions with no gradient and makers of tensors have tests of their own.
ELSEWHERE = {
    "autodiff.api.creation": "tests/test_arguments_torch.py",
    "autodiff.api.reading": "tests/test_refusals_torch.py",
    "autodiff.api.ranges": "tests/test_details_torch.py",
    "autodiff.api.sampling": "tests/test_random*",
    "autodiff.api.typed": "tests/test_refusals_torch.py",
}
WITHOUT_GRADIENT = """all allclose any argmax argmin argsort argwhere bincount bitwise_and bitwise_left_shift bitwise_not
    bitwise_or bitwise_right_shift bitwise_xor count_nonzero eq equal floor_divide ge greater
    greater_equal gt isclose isfinite isin isinf isnan le less less_equal logical_and logical_not logical_or logical_xor lt ne
    nonzero not_equal tril_indices triu_indices unique""".split()  # noqa: SIM905
OTHER_NAMES = {
    "absolute": "abs",
    "clip": "clamp",
    "divide": "div",
    "multiply": "mul",
    "negative": "neg",
    "subtract": "sub",
    "true_divide": "div",
}


@pytest.mark.parametrize("row", ROWS, ids=lambda r: r.id)
def test_a_list_for_a_tensor_is_a_clear_error(row):
    """Or Python's own, where the row calls a method or an operator of what it is given."""
    python = r"unsupported operand|list indices|'list' object|multiply sequence|sort.. takes|must be an integer|to an index"
    for i, shape in enumerate(row.shapes):
        if (row.name, row.note) == ("getitem", "int") and i == 0:
            continue  # a list has items too
        args = [autodiff.ones(s, dtype=autodiff.float64) for s in row.shapes]
        args[i] = args[i].tolist() if shape else [1.0]
        with pytest.raises((TypeError, AttributeError), match=rf"[tT]ensor|Number|{python}") as caught:
            row.call(autodiff, *args)
        assert not (isinstance(caught.value, AttributeError) and caught.value.name.startswith("_")), caught.value


def test_every_public_operation_has_a_row():
    rows = {r.name for r in ROWS} | set(WITHOUT_GRADIENT)
    missing = []
    for name in autodiff.__all__:
        value = getattr(autodiff, name)
        module = getattr(value, "__module__", None) or ""
        operation = callable(value) and module.startswith(("autodiff.ops.", "autodiff.api.")) and module not in ELSEWHERE
        if operation and OTHER_NAMES.get(name, name) not in rows:
            missing.append(name)
    assert not missing, f"samples.py has no row for {missing}"


def test_rows_have_distinct_names():
    ids = [r.id for r in ROWS]
    assert len(set(ids)) == len(ids)
    assert samples.__doc__
