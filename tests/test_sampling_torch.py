"""Every random function with its options, drawn: PyTorch's numbers, and PyTorch's place in the stream afterwards."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

SHAPES = st.sampled_from([(), (1,), (3,), (15,), (16,), (17,), (2, 9), (3, 0), (4, 5)])
FLOATS = st.sampled_from(["float32", "float64"])
NUMBERS = st.sampled_from([-3.0, 0.0, 0.5, 2.0, 10.0])
POSITIVE = st.sampled_from([0.25, 1.0, 2.0, 10.0])
SEEDS = st.integers(0, 2**40)
FEW = settings(max_examples=10)  # each example draws from a dozen functions


def outcome(m, seed, program):
    m.manual_seed(seed)
    try:
        found = program(m)
    except Exception as error:
        return type(error), m.rand(2).tolist()
    return (str(found.dtype), tuple(found.shape), found.requires_grad, np.array(found.detach().tolist())), m.rand(2).tolist()


def same(seed, program):
    ours, place = outcome(autodiff, seed, program)
    theirs, their_place = outcome(torch, seed, program)
    if isinstance(theirs, type):
        assert ours is theirs
        return
    assert ours[:3] == theirs[:3]
    tolerance = {"torch.float32": 3e-6, "torch.float64": 1e-12}.get(ours[0], 0)
    if tolerance:
        np.testing.assert_allclose(ours[3], theirs[3], rtol=tolerance, atol=tolerance)
    else:
        np.testing.assert_array_equal(ours[3], theirs[3])
    assert place == their_place


def empty(m, shape, dtype, transposed=False):
    x = m.zeros(shape, dtype=getattr(m, dtype))
    return x.t() if transposed and len(shape) == 2 else x


@FEW
@given(SEEDS, SHAPES, FLOATS, NUMBERS, POSITIVE, st.booleans())
def test_normal_numbers(seed, shape, dtype, mean, std, transposed):
    same(seed, lambda m: empty(m, shape, dtype, transposed).normal_(mean, std))
    same(seed, lambda m: empty(m, shape, dtype).normal_())
    same(seed, lambda m: m.normal(mean, std, shape, dtype=getattr(m, dtype)))
    same(seed, lambda m: m.normal(mean, std, size=shape))
    same(seed, lambda m: m.randn(shape, dtype=getattr(m, dtype)))
    same(seed, lambda m: m.randn_like(empty(m, shape, dtype, transposed)))


@FEW
@given(SEEDS, st.sampled_from([(3,), (16,), (2, 9), (1,)]), FLOATS, NUMBERS, POSITIVE)
def test_normal_numbers_around_tensors(seed, shape, dtype, mean, std):
    def full(m, number):
        return m.arange(int(np.prod(shape)), dtype=getattr(m, dtype)).reshape(shape) * 0.5 + number

    same(seed, lambda m: m.normal(full(m, mean), full(m, std)))
    same(seed, lambda m: m.normal(full(m, mean), std))
    same(seed, lambda m: m.normal(mean, full(m, std)))
    same(seed, lambda m: m.normal(full(m, mean)))
    same(seed, lambda m: m.normal(full(m, mean), -full(m, std)))


@FEW
@given(SEEDS, SHAPES, FLOATS, NUMBERS, POSITIVE, st.booleans())
def test_uniform_numbers(seed, shape, dtype, low, width, transposed):
    same(seed, lambda m: empty(m, shape, dtype, transposed).uniform_(low, low + width))
    same(seed, lambda m: empty(m, shape, dtype).uniform_())
    same(seed, lambda m: m.rand(shape, dtype=getattr(m, dtype)))
    same(seed, lambda m: m.rand_like(empty(m, shape, dtype, transposed)))
    same(seed, lambda m: m.rand_like(empty(m, shape, dtype), requires_grad=True))
    same(seed, lambda m: m.randn_like(empty(m, shape, "int64"), dtype=m.float64, requires_grad=True))


@FEW
@given(SEEDS, SHAPES, FLOATS, NUMBERS, POSITIVE)
def test_other_distributions(seed, shape, dtype, mean, std):
    same(seed, lambda m: empty(m, shape, dtype).exponential_(std))
    same(seed, lambda m: empty(m, shape, dtype).exponential_())
    for arguments in ((0.5, std / 4), (mean / 4,), ()):
        relative = outcome(autodiff, seed, lambda m: empty(m, shape, dtype).log_normal_(*arguments).log())  # noqa: B023
        theirs = outcome(torch, seed, lambda m: empty(m, shape, dtype).log_normal_(*arguments).log())  # noqa: B023
        np.testing.assert_allclose(relative[0][3], theirs[0][3], rtol=1e-4, atol=1e-4)
        assert relative[1] == theirs[1]


@FEW
@given(SEEDS, SHAPES, st.sampled_from([0.0, 0.3, 0.5, 1.0]), st.sampled_from(["float32", "float64", "int64", "uint8", "bool"]))
def test_zeros_and_ones(seed, shape, p, dtype):
    same(seed, lambda m: empty(m, shape, dtype).bernoulli_())
    same(seed, lambda m: empty(m, shape, dtype).bernoulli_(p))
    same(seed, lambda m: empty(m, shape, dtype).bernoulli_(m.full(shape, p)))
    same(seed, lambda m: m.bernoulli(m.full(shape, p)))
    same(seed, lambda m: m.bernoulli(m.zeros(shape), p))
    same(seed, lambda m: m.full(shape, p, dtype=m.float64).bernoulli())


@given(
    SEEDS,
    SHAPES,
    st.sampled_from(["int64", "int32", "uint8", "int8", "float32", "float64", "bool", "int16"]),
    st.integers(1, 100),
)
def test_whole_numbers(seed, shape, dtype, n):
    if dtype in ("float32", "float64", "bool"):
        same(seed, lambda m: empty(m, shape, dtype).random_())
    if dtype != "bool":
        same(seed, lambda m: empty(m, shape, dtype).random_(n))
        same(seed, lambda m: empty(m, shape, dtype).random_(n, n + 5))
        same(seed, lambda m: m.randint_like(empty(m, shape, dtype), n))
        same(seed, lambda m: m.randint_like(empty(m, shape, dtype), n, n + 3))
        same(seed, lambda m: m.randint(n, shape, dtype=getattr(m, dtype)))
    same(seed, lambda m: m.randint(-n, n, shape))
    same(seed, lambda m: m.randint(high=n, size=shape))
    same(seed, lambda m: m.randint(2**28 - 1 + n % 2, shape))
    same(seed, lambda m: m.randint(-(2**40), 2**40, shape))
    same(seed, lambda m: m.randperm(n))
    same(seed, lambda m: m.randperm(n, dtype=m.int32))


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64"])
def test_whole_numbers_of_all_the_dtypes_range(dtype):
    same(0, lambda m: empty(m, (5,), dtype).random_())


def test_whole_numbers_of_all_the_dtypes_range_stay_in_it():
    for dtype in ("uint8", "int8", "int16", "int32", "int64"):
        x = empty(autodiff, (500,), dtype).random_()
        largest = autodiff.iinfo(x.dtype).max
        assert 0 <= x.min().item() < largest // 10
        assert largest - largest // 10 < x.max().item() <= largest


@FEW
@given(SEEDS, st.lists(st.sampled_from([0.0, 0.5, 1.0, 3.0]), min_size=1, max_size=6), st.integers(1, 8), st.booleans(), FLOATS)
def test_draws_in_proportion(seed, weights, count, replacement, dtype):
    if not replacement:  # those of weight 0 are all as unlikely: which of them comes next is nobody's promise
        count = min(count, max(1, sum(w > 0 for w in weights)))
    same(seed, lambda m: m.multinomial(m.tensor(weights, dtype=getattr(m, dtype)), count, replacement))
    same(seed, lambda m: m.tensor([weights, weights[::-1]], dtype=getattr(m, dtype)).multinomial(count, replacement))


REFUSED = {
    "a negative deviation": lambda m: m.ones(2).normal_(0, -1),
    "a negative deviation of a size": lambda m: m.normal(0.0, -1.0, (2,)),
    "a deviation of 0": lambda m: m.ones(2).log_normal_(0, 0),
    "a rate of 0": lambda m: m.ones(2).exponential_(0),
    "a negative rate": lambda m: m.ones(2).exponential_(-1),
    "a range turned round": lambda m: m.ones(2).uniform_(2, 1),
    "whole numbers turned round": lambda m: m.ones(2).random_(3, 3),
    "whole numbers below 0": lambda m: m.ones(2).random_(0),
    "a probability above 1": lambda m: m.ones(2).bernoulli_(1.5),
    "a probability below 0": lambda m: m.ones(2).bernoulli_(-0.5),
    "probabilities above 1": lambda m: m.bernoulli(m.ones(2) * 1.5),
    "probabilities of ints": lambda m: m.ones(2).bernoulli_(m.ones(2).long()),
    "probabilities of another shape": lambda m: m.ones(2).bernoulli_(m.ones(3)),
    "normal ints": lambda m: m.ones(2).long().normal_(),
    "uniform ints": lambda m: m.ones(2).long().uniform_(),
    "exponential ints": lambda m: m.ones(2).long().exponential_(),
    "log-normal ints": lambda m: m.ones(2).long().log_normal_(),
    "randn of ints": lambda m: m.randn(2, dtype=m.int64),
    "rand_like of ints": lambda m: m.rand_like(m.ones(2).long()),
    "no range": lambda m: m.randint(3, 3, (2,)),
    "too small a dtype": lambda m: m.randint(0, 300, (2,), dtype=m.uint8),
    "too small a dtype below": lambda m: m.randint(-200, 3, (2,), dtype=m.int8),
    "a negative permutation": lambda m: m.randperm(-1),
    "a broken permutation": lambda m: m.randperm(2.5),
    "no size": lambda m: m.randint(3),
    "a size that is a number": lambda m: m.randint(0, 3, 2),
    "a normal without a size": lambda m: m.normal(0.0, 1.0),
    "weights of three dimensions": lambda m: m.multinomial(m.ones(1, 1, 1), 1),
    "weights of none": lambda m: m.multinomial(m.tensor(1.0), 1),
    "weights of ints": lambda m: m.multinomial(m.ones(2).long(), 1),
    "no samples": lambda m: m.multinomial(m.ones(2), 0),
    "too many samples": lambda m: m.multinomial(m.ones(2), 3),
    "a negative weight": lambda m: m.multinomial(m.tensor([1.0, -1.0]), 1),
    "an infinite weight": lambda m: m.multinomial(m.tensor([1.0, float("inf")]), 1),
    "a nan": lambda m: m.multinomial(m.tensor([1.0, float("nan")]), 1),
    "a row of zeros": lambda m: m.multinomial(m.tensor([[1.0, 0.0], [0.0, 0.0]]), 1),
    "a seed too large": lambda m: m.manual_seed(2**64),
    "a seed too small": lambda m: m.manual_seed(-(2**63) - 1),
    "a state of floats": lambda m: m.set_rng_state(m.ones(5056)),
    "a state that is too short": lambda m: m.set_rng_state(m.ones(3, dtype=m.uint8)),
    "an expanded tensor": lambda m: m.ones(1).expand(2).normal_(),
    "a leaf": lambda m: m.ones(2, requires_grad=True).normal_(),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    """With PyTorch's class of error, and without a number drawn."""
    ours, theirs = (outcome(m, 3, REFUSED[name]) for m in (autodiff, torch))
    assert isinstance(ours[0], type)
    # NotImplementedError, of PyTorch's kernels, is a RuntimeError.
    assert ours[0] in (*theirs[0].__mro__[:-2], *([ValueError] if "seed" in name else []))
    autodiff.manual_seed(3)
    assert ours[1] == autodiff.rand(2).tolist()


@pytest.mark.parametrize("seed", [0, -1, -(2**63), 2**63, 2**64 - 1, 2**32, 2**32 + 1])
def test_seeds_of_every_size(seed):
    rows = []
    for m in (autodiff, torch):
        m.manual_seed(seed)
        g = m.Generator().manual_seed(seed)
        rows.append((m.initial_seed(), g.initial_seed(), m.rand(3).tolist(), m.rand(3, generator=g).tolist(), repr(g.device)))
    assert rows[0] == rows[1]


def test_generators():
    for m in (autodiff, torch):
        g, h = m.Generator(), m.Generator(device="cpu")
        assert g.initial_seed() == h.initial_seed() == 67280421310721
        assert m.rand(2, generator=g).tolist() == m.rand(2, generator=h).tolist() == m.rand(2, generator=m.Generator()).tolist()
        state = g.get_state()
        first = m.randn(3, generator=g)
        assert g.set_state(state) is g
        twin = g.clone_state()
        assert m.randn(3, generator=g).tolist() == first.tolist() == m.randn(3, generator=twin).tolist()
        assert g.seed() == g.initial_seed() != h.initial_seed()
        assert m.seed() == m.initial_seed()
        before = m.get_rng_state()
        m.rand(2, generator=g)
        assert before.tolist() == m.get_rng_state().tolist()
    with pytest.raises(RuntimeError, match="CPU only"):
        autodiff.Generator("cuda")
    assert autodiff.Generator().manual_seed(autodiff.tensor(5)).initial_seed() == 5


def test_a_state_remembers_the_seed_and_half_a_pair():
    g = autodiff.Generator().manual_seed(77)
    autodiff.randn(1, generator=g)
    state = g.get_state()
    second = autodiff.randn(1, generator=g).item()
    h = autodiff.Generator().manual_seed(1).set_state(state)
    assert h.initial_seed() == 77
    assert autodiff.randn(1, generator=h).item() == second
    h.manual_seed(77)  # a new start forgets the half
    autodiff.randn(1, generator=h)
    assert autodiff.randn(1, generator=h).item() == second


def test_a_state_without_half_a_pair():
    g = autodiff.Generator().manual_seed(5)
    state = g.get_state()
    first = autodiff.randn(3, generator=g).tolist()
    autodiff.randn(2, generator=g)
    assert autodiff.randn(3, generator=g.set_state(state)).tolist() == first


def test_seeds_that_nobody_can_foresee_differ():
    seeds = {autodiff.seed() for _ in range(20)} | {autodiff.Generator().seed() for _ in range(20)}
    assert len(seeds) == 40
    assert all(0 <= seed < 2**53 for seed in seeds)


def test_a_draw_inside_a_graph_is_a_constant():
    for m in (autodiff, torch):
        x = m.ones(3, requires_grad=True)
        (x * m.bernoulli(x.detach() * 0.5) + m.rand_like(x) * x).sum().backward()
        drawn = m.bernoulli(x * 0.5)
        assert drawn.grad_fn.name() == "BernoulliBackward0"
        assert m.autograd.grad(drawn.sum(), x)[0].tolist() == [0, 0, 0]
        y = x * 2
        y.normal_()
        (y * y).sum().backward()
        assert x.grad.shape == (3,)
