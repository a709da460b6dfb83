"""The compiled kernels against their NumPy twins: the same numbers for every layout, the same errors for bad input.

The doors keep what would corrupt memory from the loops, so half of these tests hand them what they must refuse. The file is
run on a build with sanitizers as well (tests/sanitize.sh).
"""

import inspect
import os
import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from kernel_arrays import FLOATS, close, dtypes, layouts, numbers

from autodiff import _kernels
from autodiff._kernels import reference

# Kernels of single elements, with the number of arrays that they take.
ELEMENTWISE = [
    ("relu", 1),
    ("relu_grad", 2),
]
small, many = st.integers(0, 9), st.integers(1, 70)
def called(function):
    """The names, kinds and defaults of the parameters."""
    return [(p.name, p.kind, p.default) for p in inspect.signature(function).parameters.values()]


def test_every_kernel_has_a_twin_of_the_same_signature():
    assert len(reference.__all__) >= 11
    for name in reference.__all__:
        kernel, twin = getattr(_kernels, name), getattr(reference, name)
        assert kernel.__doc__
        assert twin.__doc__
        assert called(kernel) == called(twin), name


def test_the_doors_have_the_kernels_of_the_one_list():
    if _kernels.INFO["implementation"] == "compiled":
        doors = sys.modules["autodiff._kernels._doors"]
        # What a door module defines itself; the two that are not kernels choose the loops and run the crew's threads.
        own = {name for name, thing in vars(doors).items() if getattr(thing, "__module__", "") == doors.__name__}
        assert own - {"attend", "choose", "forget_crew"} == set(reference.__all__)


# ---- the same numbers ----


@given(n=small, k=small, m=small, dtype=dtypes, a=layouts, b=layouts, bias=st.booleans())
def test_matmul(n, k, m, dtype, a, b, bias):
    x, y = numbers(0, (n, k), dtype, a), numbers(1, (k, m), dtype, b)
    z = numbers(2, (m,), dtype) if bias else None
    close(_kernels.matmul(x, y, z), reference.matmul(x, y, z), dtype, 10)


@given(
    n=st.integers(1, 130), k=st.integers(1, 600), m=st.integers(1, 130), dtype=dtypes,
    transposed=st.tuples(st.booleans(), st.booleans()),
)  # fmt: skip
def test_matmul_of_larger_matrices(n, k, m, dtype, transposed):
    x = numbers(0, (k, n), dtype).T if transposed[0] else numbers(0, (n, k), dtype)
    y = numbers(1, (m, k), dtype).T if transposed[1] else numbers(1, (k, m), dtype)
    close(_kernels.matmul(x, y), reference.matmul(x, y), dtype, 100)


@given(s=small, n=small, k=small, m=small, dtype=dtypes, a=layouts, b=layouts)
def test_matmul_of_batches(s, n, k, m, dtype, a, b):
    x, y = numbers(0, (s, n, k), dtype, a), numbers(1, (s, k, m), dtype, b)
    close(_kernels.matmul(x, y), reference.matmul(x, y), dtype, 10)


def test_matmul_does_not_depend_on_the_number_of_threads():
    x, y = numbers(0, (400, 300), np.float32), numbers(1, (300, 410), np.float32)
    before = _kernels.get_num_threads()
    results = []
    try:
        for count in (1, 2, 3):
            _kernels.set_num_threads(count)
            results.append(_kernels.matmul(x, y).tobytes())
    finally:
        _kernels.set_num_threads(before)
    assert len(set(results)) == 1


@pytest.mark.parametrize("name", ["softmax_grad", "log_softmax_grad", "relu_grad"])
@given(n=small, c=st.integers(1, 40), dtype=dtypes, a=layouts, b=layouts)
def test_gradients(name, n, c, dtype, a, b):
    g, y = numbers(0, (n, c), dtype, a), numbers(1, (n, c), dtype, b)
    close(getattr(_kernels, name)(g, y), getattr(reference, name)(g, y), dtype, 10)


@given(n=many, c=many, dtype=dtypes, layout=layouts)
def test_column_sums(n, c, dtype, layout):
    x = numbers(0, (n, c), dtype, layout)
    close(_kernels.column_sums(x), reference.column_sums(x), dtype, 10)


def test_column_sums_are_taken_in_double():
    x = np.ones((2**24 + 3, 1), np.float32)
    assert _kernels.column_sums(x)[0] == reference.column_sums(x)[0] == np.float32(2**24 + 3)


@pytest.mark.parametrize(("name", "count"), ELEMENTWISE)
@given(shape=st.lists(small, max_size=3).map(tuple), dtype=dtypes, layout=layouts)
def test_elementwise(name, count, shape, dtype, layout):
    arrays = [numbers(seed, shape, dtype, layout) for seed in range(count)]
    close(getattr(_kernels, name)(*arrays), getattr(reference, name)(*arrays), dtype)


@pytest.mark.parametrize(("name", "count"), ELEMENTWISE)
@given(
    shape=st.lists(st.integers(0, 5), min_size=2, max_size=5).map(tuple), dtype=dtypes, order=st.randoms(), first=layouts,
    given_in_order=st.booleans(),
)
def test_elementwise_in_another_order(name, count, shape, dtype, order, first, given_in_order):
    """What is made lies as the last array does, where that fills its memory: as NumPy's own functions have it."""
    axes = list(range(len(shape)))
    order.shuffle(axes)
    back = np.argsort(axes)

    def turned(seed):
        return numbers(seed, [shape[a] for a in axes], dtype).transpose(back)

    arrays = [
        turned(seed) if given_in_order or seed == count - 1 else numbers(seed, shape, dtype, first) for seed in range(count)
    ]
    made = getattr(_kernels, name)(*arrays)
    close(made, getattr(reference, name)(*arrays), dtype)
    like = np.empty_like(arrays[-1])
    assert made.flags.writeable
    assert 0 in shape or [s for s, n in zip(made.strides, shape) if n > 1] == [s for s, n in zip(like.strides, shape) if n > 1]


@pytest.mark.parametrize("dtype", FLOATS)
def test_relu_and_its_slope_where_it_bends(dtype):
    y = np.array([0.0, -0.0, np.nan, np.inf, -np.inf, 1e-40, -1e-40, 1.0] * 9, dtype)
    g = np.arange(1, y.size + 1).astype(dtype)
    np.testing.assert_array_equal(_kernels.relu_grad(g, y), reference.relu_grad(g, y))
    np.testing.assert_array_equal(_kernels.relu(y), reference.relu(y))
    assert _kernels.relu_grad(g, y)[:5].tolist() == [0, 0, 3, 4, 0]


SPECIAL = [[1e4, -1e4, 0.0], [-np.inf, 0.0, 1.0], [np.inf, 0.0, 1.0], [np.nan, 0.0, 1.0], [-np.inf] * 3, [0.0, -0.0, 1e-40]]


@pytest.mark.parametrize("row", SPECIAL, ids=str)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_special_values(row, dtype):
    with np.errstate(all="ignore"):
        x = np.array([row, [1.0, 2.0, 3.0]], dtype)
        t = np.array([0, 2])
        for name in ("softmax", "log_softmax", "relu"):
            close(getattr(_kernels, name)(x), getattr(reference, name)(x), dtype)
        close(_kernels.cross_entropy(x, t), reference.cross_entropy(x, t), dtype)
        g = np.ones((), dtype)
        close(_kernels.cross_entropy_grad(g, x, t), reference.cross_entropy_grad(g, x, t), dtype)


@given(
    shapes=st.lists(st.lists(small, max_size=2).map(tuple), min_size=1, max_size=4), dtype=dtypes, layout=layouts,
    momentum=st.sampled_from([0.0, 0.9]), dampening=st.sampled_from([0.0, 0.5]), decay=st.sampled_from([0.0, 0.1]),
    nesterov=st.booleans(), maximize=st.booleans(), fortran=st.booleans(),
)  # fmt: skip
def test_sgd(shapes, dtype, layout, momentum, dampening, decay, nesterov, maximize, fortran):
    options = {"lr": 0.1, "momentum": momentum, "dampening": dampening, "weight_decay": decay, "nesterov": nesterov,
               "maximize": maximize}  # fmt: skip

    def run(kernel):
        ps = [np.array(numbers(i, s, dtype), order="F" if fortran else "C") for i, s in enumerate(shapes)]
        buffers = [None] * len(ps)
        for step in range(3):
            gs = [numbers(100 + 10 * step + i, s, dtype, layout) for i, s in enumerate(shapes)]
            buffers = kernel(ps, gs, buffers, **options)
        return ps, buffers

    ours, theirs = run(_kernels.sgd), run(reference.sgd)
    for a, b in zip(ours[0], theirs[0], strict=True):
        close(a, b, dtype, 10)
    for a, b in zip(ours[1], theirs[1], strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            close(a, b, dtype, 10)


@given(
    shapes=st.lists(st.lists(small, max_size=2).map(tuple), min_size=1, max_size=4), dtype=dtypes, layout=layouts,
    betas=st.sampled_from([(0.9, 0.999), (0.3, 0.0)]), decay=st.sampled_from([0.0, 0.1]), decoupled=st.booleans(),
    largest=st.booleans(), maximize=st.booleans(), fortran=st.booleans(), long=st.booleans(),
)  # fmt: skip
def test_adam(shapes, dtype, layout, betas, decay, decoupled, largest, maximize, fortran, long):
    options = {"lr": 0.1, "beta1": betas[0], "beta2": betas[1], "eps": 1e-3, "weight_decay": decay, "decoupled": decoupled,
               "maximize": maximize}  # fmt: skip
    shapes = [*shapes, (1, 1100)] if long else shapes  # longer than the stretches that it is worked on in

    def run(kernel):
        ps = [np.array(numbers(i, s, dtype), order="F" if fortran else "C") for i, s in enumerate(shapes)]
        means, squares, most = ([np.zeros(s, dtype) for s in shapes] for _ in range(3))
        steps = [np.zeros((), (np.float32, np.float64)[i % 2]) for i in range(len(shapes))]
        for step in range(3):
            gs = [numbers(100 + 10 * step + i, s, dtype, layout) for i, s in enumerate(shapes)]
            assert kernel(ps, gs, means, squares, most if largest else [None] * len(ps), steps, **options) is None
        return [*ps, *means, *squares, *most, *steps]

    for a, b in zip(run(_kernels.adam), run(reference.adam), strict=True):
        close(a, b, a.dtype, 20)


def test_subnormal_numbers_survive_the_import():
    assert 1e-310 * 0.5 != 0.0
    assert np.float32(1e-40) * np.float32(0.5) != 0


# ---- bad input: an error from both, nothing written ----

X, G, T = np.ones((2, 3), np.float32), np.ones((2, 3), np.float32), np.array([0, 2])
ONE = np.ones((), np.float32)
BAD = [
    ("matmul", (None, X)),
    ("matmul", (X, None)),
    ("matmul", (X, X)),
    ("matmul", (X, X.T.astype(np.float64))),
    ("matmul", (X, X.T.astype(np.int64))),
    ("matmul", (X, np.ones(3, np.float32))),
    ("matmul", (X, X.T, np.ones(3, np.float32))),
    ("matmul", (X, X.T, np.ones(2, np.float64))),
    ("matmul", (X, [[1.0]] * 3)),
    ("matmul", (np.ones((2, 2, 3), np.float32), np.ones((3, 3, 2), np.float32))),
    ("matmul", (np.ones((1, 2, 2, 3), np.float32), np.ones((1, 2, 3, 2), np.float32))),
    ("matmul", (np.ones(3, np.float32), np.ones(3, np.float32))),
    ("matmul", (np.ones((2, 2, 3), np.float32), np.ones((3, 2), np.float32))),
    ("matmul", (np.ones((2, 2), bool), np.ones((2, 2), bool))),
    *((name, (wrong,)) for name in ("relu", "gelu", "sigmoid", "silu", "row_sums", "channel_sums") for wrong in (None, [1.0])),
    *((f"{name}_grad", (X, wrong)) for name in ("relu", "gelu", "sigmoid", "silu") for wrong in (None, [[1.0] * 3] * 2, X[:1])),
    *((f"{name}_grad", (wrong, X)) for name in ("relu", "gelu", "sigmoid", "silu") for wrong in (None, [[1.0] * 3] * 2, X[:1])),
    ("softmax", (None,)),
    ("softmax", (np.ones(3, np.float32),)),
    ("softmax", (np.ones((2, 3), np.int64),)),
    ("softmax", ("abc",)),
    ("log_softmax", (None,)),
    ("log_softmax", (np.ones((2, 2, 2), np.float32),)),
    ("softmax_grad", (G, np.ones((3, 2), np.float32))),
    ("softmax_grad", (G, np.ones((2, 3), np.float64))),
    ("softmax_grad", (None, X)),
    ("log_softmax_grad", (G, None)),
    ("column_sums", (None,)),
    ("column_sums", (np.ones(3, np.float32),)),
    ("column_sums", (np.ones((2, 3), np.int64),)),
    ("relu", (None,)),
    ("relu_grad", (G, np.ones((3, 2), np.float32))),
    ("relu_grad", (G, None)),
    ("relu_grad", (G, np.ones((2, 3), np.float64))),
    ("cross_entropy", (None, T)),
    ("cross_entropy", (X, None)),
    ("cross_entropy", (X, np.array([0, 3]))),
    ("cross_entropy", (X, np.array([0, -1]))),
    ("cross_entropy", (X, np.array([0, 2**62]))),
    ("cross_entropy", (X, np.array([0]))),
    ("cross_entropy", (X, np.array([0.0, 1.0]))),
    ("cross_entropy", (X, np.array([0, 1], np.int32))),
    ("cross_entropy", (X, T, np.ones(2, np.float32))),
    ("cross_entropy", (X, T, np.ones(3, np.float64))),
    ("cross_entropy", (X, T, None, -100, 2.0)),
    ("cross_entropy", (X, T, None, -100, 0.0, "all")),
    ("cross_entropy", (np.ones((2, 0), np.float32), T)),
    ("cross_entropy_both", (X, np.array([0, 3]))),
    ("cross_entropy_both", (X, T, np.ones(2, np.float32))),
    ("cross_entropy_both", (X.T, T)),
    ("cross_entropy_both", (None, T)),
    ("cross_entropy_grad", (ONE, X, np.array([0, 3]))),
    ("cross_entropy_grad", (None, X, T)),
    ("cross_entropy_grad", (np.ones(2, np.float32), X, T)),
    ("cross_entropy_grad", (np.ones((), np.float64), X, T)),
    ("cross_entropy_grad", (ONE, X, T, None, -100, 0.0, "none")),
]


@pytest.mark.parametrize("k", range(len(BAD)), ids=lambda k: f"{BAD[k][0]}-{k}")
def test_bad_arguments(k):
    name, arguments = BAD[k]
    with pytest.raises((TypeError, ValueError, RuntimeError, IndexError)) as expected:
        getattr(reference, name)(*arguments)
    with pytest.raises((TypeError, ValueError, RuntimeError, IndexError)) as found:
        getattr(_kernels, name)(*arguments)
    assert found.type is expected.type


def read_only():
    p = np.ones(3, np.float32)
    p.flags.writeable = False
    return p


BAD_SGD = [
    ([None], [np.ones(3, np.float32)], [None]),
    ([np.ones(3, np.float32)], [None], [None]),
    ([np.ones(3, np.float32)], [np.ones(4, np.float32)], [None]),
    ([np.ones(3, np.float32)], [np.ones(3, np.float64)], [None]),
    ([np.ones(3, np.float32)], [np.ones(3, np.float32)], [np.ones(2, np.float32)]),
    ([np.ones(3, np.float32)], [np.ones(3, np.float32)], []),
    ([np.ones(3, np.int64)], [np.ones(3, np.int64)], [None]),
    ([read_only()], [np.ones(3, np.float32)], [None]),
]


@pytest.mark.parametrize("k", range(len(BAD_SGD)))
@pytest.mark.parametrize("kernel", [_kernels.sgd, reference.sgd], ids=["chosen", "reference"])
def test_bad_updates_write_nothing(kernel, k):
    bad = BAD_SGD[k]
    good = np.ones(3, np.float32)
    ps, gs, buffers = [good, *bad[0]], [np.ones(3, np.float32), *bad[1]], [None, *bad[2]]
    with pytest.raises((TypeError, RuntimeError, ValueError)):
        kernel(ps, gs, buffers, lr=0.1, momentum=0.9)
    assert good.tolist() == [1, 1, 1]


@pytest.mark.parametrize("k", range(7))
@pytest.mark.parametrize("kernel", [_kernels.adam, reference.adam], ids=["chosen", "reference"])
def test_bad_steps_of_adam_write_nothing(kernel, k):
    def one(shape=3, dtype=np.float32):
        return np.ones(shape, dtype)

    groups = [[one(), one()] for _ in range(5)] + [[np.zeros((), np.float32) for _ in range(2)]]
    if k < 5:
        groups[k][1] = (None, one(4), one(3, np.float64), one(3, np.int64), read_only())[k]
    elif k == 5:
        groups[5][1] = np.zeros(1, np.float32)  # a count is an array without dimensions
    else:
        groups[5].pop()
    with pytest.raises((TypeError, RuntimeError, ValueError)):
        kernel(*groups, lr=0.1, beta1=0.9, beta2=0.9, eps=0.1)
    assert [a[0].tolist() for a in groups] == [[1, 1, 1]] * 5 + [0]


def test_adam_takes_what_only_numpy_can():
    whole = [np.ones((3, 4), np.float32) for _ in range(4)]
    p, g, m, v = (a[:, ::2] for a in whole)
    step = np.zeros((), np.float32)
    _kernels.adam((p,), [g], [m], [v], [None], [step], lr=0.5, beta1=0.5, beta2=0.5, eps=0.0)
    assert step == 1
    np.testing.assert_allclose(p, 1 - 0.5 * 2 / 2**0.5, rtol=1e-6)
    assert all(a[:, 1::2].tolist() == [[1, 1]] * 3 for a in whole)


def test_written_arrays_may_be_strided_or_misaligned():
    whole = np.ones((3, 4), np.float32)
    part = whole[:, ::2]
    _kernels.sgd([part], [np.ones((3, 2), np.float32)], [None], lr=0.5)
    assert whole[:, ::2].tolist() == [[0.5, 0.5]] * 3
    assert whole[:, 1::2].tolist() == [[1, 1]] * 3
    odd = np.frombuffer(bytearray(13), np.uint8)[1:].view(np.float32)
    _kernels.sgd([odd], [np.ones(3, np.float32)], [None], lr=0.5)
    assert odd.tolist() == [-0.5] * 3


def test_threads_are_checked():
    for wrong, kind in (
        (0, RuntimeError), (-1, RuntimeError), ("2", TypeError), (True, TypeError), (2**31, ValueError), (2**70, ValueError),
    ):  # fmt: skip
        with pytest.raises(kind):
            _kernels.set_num_threads(wrong)


def test_a_great_number_of_threads():
    # In a process of its own: the threads hired stay for its life.
    program = (
        "import numpy as np\n"
        "from autodiff import _kernels\n"
        "x = np.random.default_rng(0).random((500, 500), np.float32)\n"
        "_kernels.set_num_threads(1)\n"
        "wanted = _kernels.matmul(x, x).tobytes()\n"
        "for n in (129, 1000, 2**30, 2**31 - 1):\n"
        "    _kernels.set_num_threads(n)\n"
        "    assert _kernels.matmul(x, x).tobytes() == wanted, n\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True, timeout=120)


def test_arrays_that_overlap_themselves_are_not_updated():
    one = np.ones(1, np.float32)
    whole = np.broadcast_to(one, 3)
    whole.flags.writeable = True
    with pytest.raises(RuntimeError, match="one place of memory"):
        _kernels.sgd([whole], [np.ones(3, np.float32)], [None], lr=0.5)
    with pytest.raises(RuntimeError, match="one place of memory"):
        _kernels.sgd([np.ones(3, np.float32)], [np.ones(3, np.float32)], [whole], lr=0.5, momentum=0.5)
    assert one == 1
    column = np.broadcast_to(np.ones((3, 1), np.float32), (3, 1))
    column.flags.writeable = True
    _kernels.sgd([column], [np.ones((3, 1), np.float32)], [None], lr=0.5)
    assert column.tolist() == [[0.5]] * 3


def test_a_foreign_byte_order_is_named():
    with pytest.raises(RuntimeError, match=">f4 != float"):
        _kernels.matmul(np.ones((2, 2), ">f4"), np.ones((2, 2), np.float32))


@pytest.mark.skipif("not hasattr(__import__('os'), 'fork')")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_computes():
    x = numbers(0, (500, 500), np.float32)
    expected = _kernels.matmul(x, x).tobytes()
    child = os.fork()
    if child == 0:
        os._exit(0 if _kernels.matmul(x, x).tobytes() == expected else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


@given(n=st.integers(0, 40), data=st.data(), every=st.sampled_from([1, 2]))
def test_exchanges(n, data, every):
    partners = data.draw(st.lists(st.integers(0, n - 1), max_size=n)) if n else []
    laid = np.repeat(np.array(partners, np.int64), every)[::every]
    found, wanted = _kernels.exchanged(laid, n), reference.exchanged(laid, n)
    assert found.dtype == np.int64
    assert found.tolist() == wanted.tolist()
    assert sorted(found.tolist()) == list(range(n))


@pytest.mark.parametrize("partners", [[3], [-1], [0, 0, 0, 0], [2**40]])
def test_partners_that_are_not_there_are_refused(partners):
    with pytest.raises((TypeError, IndexError), match="exchanged"):
        _kernels.exchanged(np.array(partners), 3)


@pytest.mark.parametrize(
    ("said", "allowed"),
    [
        ("1", 1), (" 3 ", 3), ("1000", 1000), (str(2**31 - 1), 2**31 - 1), (str(2**31), None), ("2,1", 2), (None, None),
        ("", None), ("all", None), ("0", None), ("-1", None), ("9" * 12, None),
    ],
)
def test_the_environment_says_how_many_threads_there_are(said, allowed, monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    if said is not None:
        monkeypatch.setenv("OMP_NUM_THREADS", said)
    assert _kernels.threads._allowed() == (allowed or _kernels.threads._cores())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("which", [0, 1, 2])
def test_numbers_that_lie_no_whole_steps_apart(which, dtype):
    """A column of a table of records: the step from one number to the next is no multiple of its size."""
    arrays = [numbers(0, (5, 6), dtype), numbers(1, (6, 4), dtype), numbers(2, (4,), dtype)]
    wanted = reference.matmul(*arrays)
    given = arrays[which]
    table = np.zeros(given.shape, np.dtype([("number", dtype), ("mark", np.uint8)]))
    table["number"] = given
    assert table["number"].strides[-1] == given.itemsize + 1
    arrays[which] = table["number"]
    close(_kernels.matmul(*arrays), wanted, dtype, 10)
    if which == 0:
        close(_kernels.softmax(arrays[0]), reference.softmax(given), dtype)


@pytest.mark.parametrize("layout", ["every second", "reversed", "misaligned", "read-only"])
def test_a_bias_in_every_layout(layout):
    x, y, z = numbers(0, (5, 6), np.float32), numbers(1, (6, 40), np.float32), numbers(2, (40,), np.float32, layout)
    close(_kernels.matmul(x, y, z), reference.matmul(x, y, z), np.float32, 10)
    close(_kernels.matmul(x, y, np.broadcast_to(np.float32(3), 40)), reference.matmul(x, y) + np.float32(3), np.float32, 10)


@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (0, 0)])
@pytest.mark.parametrize("name", ["softmax", "log_softmax", "column_sums", "row_sums"])
def test_no_rows_and_no_columns(name, shape):
    """No rows have no result; what the largest of no columns is nobody can say."""
    results = []
    for module in (_kernels, reference):
        try:
            results.append(getattr(module, name)(np.zeros(shape, np.float32)).shape)
        except ValueError as error:
            results.append(str(error))
    assert results[0] == results[1]
    assert isinstance(results[0], str) == (shape[1] == 0)


@pytest.mark.parametrize("dtype", FLOATS)
def test_a_mean_over_weights_of_0_is_nan(dtype):
    """0 divided by 0, as in PyTorch: in the loss, and in the slope of every row that counts, not of one that is ignored."""
    x, w = numbers(0, (4, 3), dtype), np.array([0, 1, 2], dtype)
    target = np.array([0, -100, 0, 0])
    for c in (3, 70):
        x, w = numbers(0, (4, c), dtype), np.arange(c).astype(dtype)
        for smoothing in (0.0, 0.1):
            for module in (_kernels, reference):
                options = (x, target, w, -100, smoothing, "mean")
                assert np.isnan(module.cross_entropy(*options))
                loss, slope = module.cross_entropy_both(*options)
                assert np.isnan(loss)
                for d in (slope, module.cross_entropy_grad(np.ones((), dtype), *options)):
                    assert np.isnan(d[[0, 2, 3]]).all()
                    assert not d[1].any()
