"""Embeddings against PyTorch's: drawn indices and options, first numbers, states, texts and errors."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

ROWS, COLUMNS = 5, 3
FLOATS = st.sampled_from(["float64", "float32"])


def matrix(T, dtype, seed):
    return T.tensor(np.random.default_rng(seed).normal(size=(ROWS, COLUMNS)).astype(dtype), requires_grad=True)


def agree(ours, theirs, rtol):
    for a, b in zip(ours, theirs, strict=True):
        a, b = a.numpy(force=True), b.numpy(force=True)
        assert (a.shape, a.dtype) == (b.shape, b.dtype)
        np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=rtol, atol=rtol)


def backward(T, y, seed):
    y.backward(T.tensor(np.random.default_rng(seed).normal(size=tuple(y.shape))).to(y.dtype))


@given(
    shape=st.lists(st.integers(0, 4), max_size=3), dtype=FLOATS, kind=st.sampled_from(["int64", "int32"]),
    options=st.fixed_dictionaries({}, optional={
        "padding_idx": st.integers(-ROWS, ROWS - 1), "max_norm": st.sampled_from([0.7, 2.0]),
        "norm_type": st.sampled_from([1.0, 2.0, 3.0]), "scale_grad_by_freq": st.booleans(),
    }), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_embedding(shape, dtype, kind, options, seed):
    places = np.random.default_rng(seed).integers(0, ROWS, shape).astype(kind)

    def run(T):
        w = matrix(T, dtype, seed)
        y = T.nn.functional.embedding(T.tensor(places), w, **options)
        backward(T, y, seed)
        return y, w.grad, w

    agree(run(autodiff), run(torch), 1e-10 if dtype == "float64" else 1e-5)


@given(
    bags=st.lists(st.integers(0, 3), min_size=1, max_size=4), mode=st.sampled_from(["sum", "mean", "max"]), last=st.booleans(),
    weighted=st.booleans(), flat=st.booleans(), dtype=FLOATS,
    options=st.fixed_dictionaries({}, optional={
        "padding_idx": st.integers(-ROWS, ROWS - 1), "max_norm": st.just(0.7),
    }), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_embedding_bag(bags, mode, last, weighted, flat, dtype, options, seed):
    rng = np.random.default_rng(seed)
    total = sum(bags)
    places = rng.integers(0, ROWS, total)
    starts = np.cumsum([0, *bags])[: None if last else -1]
    weighted = weighted and mode == "sum"
    if not flat and min(bags) > 0:
        bags = [bags[0]] * len(bags)
        places = rng.integers(0, ROWS, (len(bags), bags[0]))

    def run(T):
        w = matrix(T, dtype, seed)
        shares = T.tensor(rng.normal(size=places.shape).astype(dtype), requires_grad=True) if weighted else None
        begins = T.tensor(starts) if places.ndim == 1 else None
        how = {"mode": mode, "include_last_offset": last and places.ndim == 1, "per_sample_weights": shares}
        y = T.nn.functional.embedding_bag(T.tensor(places), w, begins, **how, **options)
        backward(T, y, seed)
        return y, w.grad, w, *([shares.grad] if weighted else [])

    rng_state = rng.bit_generator.state
    ours = run(autodiff)
    rng.bit_generator.state = rng_state
    agree(ours, run(torch), 1e-10 if dtype == "float64" else 1e-5)


def test_a_bags_gradient_is_divided_by_how_often_a_row_is_named():
    # PyTorch looks the frequencies up in another order than it counted them in: here each row gets its own.
    w = autodiff.ones(3, 1, requires_grad=True)
    places, begins = autodiff.tensor([2, 0, 2, 2]), autodiff.tensor([0, 2])
    autodiff.nn.functional.embedding_bag(places, w, begins, mode="sum", scale_grad_by_freq=True).sum().backward()
    assert w.grad.flatten().tolist() == [1.0, 0.0, 1.0]


LAYERS = {
    "Embedding": [
        ((ROWS, COLUMNS), {}), ((ROWS, COLUMNS, 2), {}), ((ROWS, COLUMNS), {"padding_idx": -1, "max_norm": 1.0}),
        ((ROWS, COLUMNS), {"norm_type": 1.0, "scale_grad_by_freq": True}),
    ],
    "EmbeddingBag": [
        ((ROWS, COLUMNS), {}), ((ROWS, COLUMNS), {"mode": "sum", "padding_idx": 1}),
        ((ROWS, COLUMNS), {"mode": "max", "max_norm": 1.0, "norm_type": 1.0, "include_last_offset": True}),
    ],
}  # fmt: skip


@pytest.mark.parametrize(("name", "args", "kwargs"), [(n, *each) for n, several in LAYERS.items() for each in several])
def test_layers_start_alike(name, args, kwargs):
    layers = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        layers.append(getattr(T.nn, name)(*args, **kwargs))
    assert repr(layers[0]) == repr(layers[1])
    assert list(layers[0].state_dict()) == list(layers[1].state_dict())
    pairs = zip((autodiff, torch), layers, strict=True)
    agree(*([layer.weight, layer(T.tensor([[0, 1], [4, 4]]))] for T, layer in pairs), 1e-6)


def test_a_large_layer_starts_alike():
    weights = []
    for T in (autodiff, torch):
        T.manual_seed(3)
        weights.append([T.nn.Embedding(50, 7).weight])
    agree(*weights, 1e-6)


@pytest.mark.parametrize("name", ["Embedding", "EmbeddingBag"])
@pytest.mark.parametrize("freeze", [True, False])
def test_from_pretrained_shares_the_memory(name, freeze):
    for T in (autodiff, torch):
        w = T.ones(3, 2)
        layer = getattr(T.nn, name).from_pretrained(w, freeze=freeze)
        w[0, 0] = 5
        assert layer.weight[0, 0].item() == 5
        assert layer.weight.requires_grad is not freeze
        with pytest.raises(AssertionError):
            getattr(T.nn, name).from_pretrained(T.ones(3))


def refused(T, call, kinds):
    with pytest.raises(kinds) as caught:
        call(T, T.nn.functional, matrix(T, "float32", 0), T.tensor([0, 2, 4, 4]), T.tensor([0, 2]))
    return caught.type


@pytest.mark.parametrize(
    "call",
    [
        lambda T, F, w, i, o: F.embedding(i.float(), w),
        lambda T, F, w, i, o: F.embedding(i.bool(), w),
        lambda T, F, w, i, o: F.embedding(i + 1, w),
        lambda T, F, w, i, o: F.embedding(i - 1, w),
        lambda T, F, w, i, o: F.embedding(i, w[0]),
        lambda T, F, w, i, o: F.embedding(i, w, padding_idx=5),
        lambda T, F, w, i, o: F.embedding(i, w, padding_idx=-6),
        lambda T, F, w, i, o: F.embedding([1], w),
        lambda T, F, w, i, o: T.embedding_renorm_(w, i, 1.0, 2.0),
        lambda T, F, w, i, o: F.embedding_bag(i, w),
        lambda T, F, w, i, o: F.embedding_bag(i.reshape(2, 2), w, o),
        lambda T, F, w, i, o: F.embedding_bag(i.reshape(1, 2, 2), w),
        lambda T, F, w, i, o: F.embedding_bag(i, w, o.reshape(1, 2)),
        lambda T, F, w, i, o: F.embedding_bag(i, w, o + 1),
        lambda T, F, w, i, o: F.embedding_bag(i, w, o * 9),
        lambda T, F, w, i, o: F.embedding_bag(i.float(), w, o),
        lambda T, F, w, i, o: F.embedding_bag(i + 5, w, o),
        lambda T, F, w, i, o: F.embedding_bag(i, w, o, padding_idx=7),
        lambda T, F, w, i, o: F.embedding_bag(i, w, o, mode="least"),
        lambda T, F, w, i, o: F.embedding_bag(i, w, o, mode="max", scale_grad_by_freq=True),
        lambda T, F, w, i, o: F.embedding_bag(i, w, o, mode="mean", per_sample_weights=T.ones(4)),
        lambda T, F, w, i, o: F.embedding_bag(i, w, o, mode="sum", per_sample_weights=T.ones(3)),
        lambda T, F, w, i, o: F.embedding_bag(i, w, o, mode="sum", per_sample_weights=T.ones(4).double()),
        lambda T, F, w, i, o: F.embedding_bag(i, w[0], o),
        lambda T, F, w, i, o: T.nn.Embedding(3, 2, padding_idx=3),
        lambda T, F, w, i, o: T.nn.EmbeddingBag(3, 2, padding_idx=-4),
        lambda T, F, w, i, o: T.nn.Embedding(3, 2, _weight=w),
        lambda T, F, w, i, o: T.nn.Embedding(-1, 2),
    ],
)
def test_what_is_refused(call):
    kinds = (RuntimeError, IndexError, ValueError, TypeError, AssertionError)
    assert refused(autodiff, call, kinds) is refused(torch, call, kinds)


def test_sparse_gradients_are_refused():
    for call in (
        lambda: autodiff.nn.Embedding(3, 2, sparse=True),
        lambda: autodiff.nn.EmbeddingBag(3, 2, sparse=True),
        lambda: autodiff.nn.functional.embedding(autodiff.tensor([0]), autodiff.ones(1, 1), sparse=True),
    ):
        with pytest.raises(NotImplementedError, match="the gradient is the same"):
            call()


def test_a_row_that_is_kept_short_is_changed_where_it_is():
    weight = autodiff.tensor([[3.0, 4.0], [3.0, 4.0]], requires_grad=True)
    y = autodiff.nn.functional.embedding(autodiff.tensor([0]), weight, max_norm=1.0)
    assert weight[0].norm().item() == pytest.approx(1.0)
    assert weight[1].norm().item() == 5.0
    y.sum().backward()


@pytest.mark.parametrize("place", [-1, 2, 3])
def test_renorm_of_a_row_that_is_not_there(place):
    table = autodiff.ones(2, 3)
    with pytest.raises(IndexError, match="index out of range in self: there are 2 embeddings"):
        autodiff.embedding_renorm_(table, autodiff.tensor([0, place]), 1.0, 2.0)
    assert table.tolist() == [[1, 1, 1]] * 2


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_the_dtype_of_a_table(dtype):
    for name, options in (("Embedding", {}), ("Embedding", {"padding_idx": 1}), ("EmbeddingBag", {})):
        tables = [getattr(T.nn, name)(4, 2, dtype=getattr(T, dtype), **options) for T in (autodiff, torch)]
        assert [str(table.weight.dtype) for table in tables] == [f"torch.{dtype}"] * 2


@pytest.mark.parametrize("dtype", ["uint8", "int8", "int16", "int32", "int64", "bool", "float32", "float64"])
def test_a_matrix_of_any_dtype_is_looked_up_if_it_is_not_learned(dtype):
    for T in (autodiff, torch):
        given = T.tensor([[1, 2, 3], [4, 5, 6]], dtype=getattr(T, dtype))
        layer = T.nn.Embedding.from_pretrained(given)
        assert layer.weight.dtype == given.dtype
        assert layer(T.tensor([1, 0, 1])).tolist() == given[[1, 0, 1]].tolist()
        assert not layer.weight.requires_grad
        if not dtype.startswith("float"):
            with pytest.raises(RuntimeError, match="floating point"):
                T.nn.Embedding.from_pretrained(given, freeze=False)
            with pytest.raises(RuntimeError, match=r"floating point|scalar types"):
                T.nn.functional.embedding_bag(T.tensor([[0, 1]]), given)


@given(dtype=FLOATS, padding=st.integers(0, ROWS - 1), often=st.booleans(), spoiled=st.sampled_from([np.nan, np.inf]))
def test_what_comes_back_to_the_padding_counts_nothing_even_if_it_is_nan(dtype, padding, often, spoiled):
    def run(T):
        w = matrix(T, dtype, padding)
        places = T.tensor([[0, 1, 2], [3, 4, padding], [padding, padding, 1]])
        y = T.nn.functional.embedding(places, w, padding_idx=padding, scale_grad_by_freq=often)
        g = T.where((places == padding).unsqueeze(-1), spoiled, T.ones(3, 3, COLUMNS, dtype=w.dtype)).requires_grad_()
        (first,) = T.autograd.grad(y, w, g, create_graph=True)
        second = T.autograd.grad(first, g, T.ones_like(w)) if not often else (first,)  # PyTorch has none where it is
        return first, *second

    agree(run(autodiff), run(torch), 1e-6)


@given(
    bags=st.lists(st.integers(0, 4), min_size=1, max_size=5), mode=st.sampled_from(["sum", "mean", "max"]),
    seed=st.integers(0, 999), padding=st.sampled_from([None, 1]), surplus=st.integers(0, 3),
)  # fmt: skip
def test_the_last_offset_is_the_end_whatever_it_says(bags, mode, seed, padding, surplus):
    # In PyTorch it is, but for sums and means of single precision without a padding, where what lies behind it is left out
    # of some results and counted in others.
    places = np.random.default_rng(seed).integers(0, ROWS, sum(bags) + surplus)
    begins = np.cumsum([0, *bags])
    dtype = "float64" if padding is None else "float32"

    def run(T):
        w = matrix(T, dtype, seed)
        how = {"mode": mode, "include_last_offset": True, "padding_idx": padding}
        y = T.nn.functional.embedding_bag(T.tensor(places), w, T.tensor(begins), **how)
        backward(T, y, seed)
        return y, w.grad

    if mode == "mean" and surplus and padding is None:  # there PyTorch's gradient is that of another mean
        return
    agree(run(autodiff), run(torch), 1e-5)


REFUSED_BAGS = [
    ((3, 2), (2, 2, 2), (2,), 0), ((3, 2), (), (2,), 0), ((3, 2), (2,), (2, 2), 0), ((3,), (2,), (2,), 0),
    ((3, 2, 2), (2,), (2,), 0), ((3, 2), (2,), (2,), 3), ((3, 2), (2,), (2,), -1),
]  # fmt: skip


@pytest.mark.parametrize(("weight", "indices", "offsets", "index"), REFUSED_BAGS)
@pytest.mark.parametrize("integers", ["int32", "int64"])
def test_embedding_bag_of_torch_refuses(weight, indices, offsets, index, integers):
    for T in (autodiff, torch):
        kind = getattr(T, integers)
        places, begins = T.full(indices, index, dtype=kind), T.zeros(offsets, dtype=kind)
        with pytest.raises(RuntimeError, match=r"has to be a [12]D|1D or 2D|idx|valid range|out of bounds"):
            T.embedding_bag(T.ones(weight), places, begins)


@pytest.mark.parametrize("offsets", ["bool", "uint8", "int8", "int16", "int32", "int64", "float32"])
@pytest.mark.parametrize("indices", ["bool", "uint8", "int8", "int16", "int32", "int64", "float32"])
def test_indices_and_offsets_of_two_dtypes_are_taken_as_their_common_one(indices, offsets):
    def answer(T, call):
        places, begins = T.tensor([0, 1, 1], dtype=getattr(T, indices)), T.tensor([0, 1], dtype=getattr(T, offsets))
        try:
            return call(T, T.arange(12.0).reshape(6, 2), places, begins).tolist()
        except RuntimeError:
            return None

    for call in (lambda T, w, i, o: T.nn.functional.embedding_bag(i, w, o), lambda T, w, i, o: T.embedding_bag(w, i, o)[0]):
        assert answer(autodiff, call) == answer(torch, call)
