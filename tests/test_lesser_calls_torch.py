"""Options of the less usual functions, each in a call that PyTorch answers too: the same numbers, dtypes and shapes."""

import copy
import importlib
import pickle

import numpy as np
import pytest
from alike import outcome

import autodiff


def evaluated(library, expression):
    """The expression's value. `a` and `b` are regular, `flat` is singular; the names of shapes are those of images."""
    F, L = library.nn.functional, library.linalg
    names = {
        "torch": library, "F": F, "L": L, "one": library.tensor(3), "x": library.tensor([1.0, -2.0, 3.0]),
        "i": library.tensor([2, -3, 0, 1]), "m": library.arange(6.0).reshape(2, 3),
        "cube": library.arange(24.0).reshape(2, 3, 4),
        "a": library.tensor([[2.0, 1.0, 0.5], [1.0, 3.0, 1.0], [-1.0, 1.0, 4.0]]).double(),
        "b": library.tensor([[1.0, 2.0], [0.0, -1.0], [2.0, 1.0]]).double(),
        "flat": library.tensor([[1.0, 2.0, 3.0], [2.0, 4.0, 6.0], [1.0, 0.0, 1.0]]).double(),
        "volume": library.linspace(-1, 1, 24).double().reshape(1, 1, 2, 3, 4),
        "image": library.linspace(-1, 1, 20).double().reshape(1, 1, 4, 5),
        "at3": library.linspace(-1.3, 1.2, 18).double().reshape(1, 2, 3, 1, 3),
        "at2": library.linspace(-1.3, 1.2, 12).double().reshape(1, 2, 3, 2),
    }  # fmt: skip
    return eval(expression, names)


SAMPLED = [
    f"F.grid_sample({what}, {at}, {mode!r}, {padding!r}, {aligned})"
    for what, at in (("volume", "at3"), ("image", "at2"))
    for mode in ("bilinear", "nearest")
    for padding in ("zeros", "border", "reflection")
    for aligned in (True, False)
]
POWERS = [f"torch.pow({base}, torch.tensor({p}))" for base in ("x", "x.double()", "i") for p in (0, 1, 2, 3, 4)]
POWERS += [f"torch.pow({base}, torch.tensor({p}))" for base in ("x", "x.abs()") for p in (0.5, 2.0, 3.0, -1.0, -2.0)]
UNPACKED = [
    f"tuple(torch.lu_unpack(*torch.linalg.lu_factor({which}), {data}, {pivots}))"
    for which in ("a", "a.expand(2, 3, 3)")
    for data in (True, False)
    for pivots in (True, False)
]
SAME = [
    *SAMPLED, *POWERS, *UNPACKED,
    # the range of a histogram
    "torch.histc(x[:0], 4)", "torch.histc(x[:0], 4, 2, 2)", "torch.histc(x[:1], 4)", "torch.histc(x, 4, 1, 1)",
    "torch.histc(x, 3, -2, 1)",
    # numbers of no dimension, and of many
    "torch.tensordot(m, cube, torch.tensor(0)).shape", "torch.tensordot(m, m.T, torch.tensor(1))",
 "one.scatter(0, torch.tensor([0]), torch.tensor([7]))",
    "one.scatter(0, torch.tensor(0), torch.tensor([7, 8]))",
    "torch.tensor([1, 2]).scatter(0, torch.tensor(1), torch.tensor([7]))",
    "torch.combinations(x, 0)", "torch.combinations(x, 4)", "torch.trapezoid(cube, cube[0])",
    "torch.trapezoid(cube, torch.arange(4.0) ** 2)", "torch.cumulative_trapezoid(cube, torch.arange(3.0) ** 2, dim=1)",
    "torch.cumulative_trapezoid(cube, cube[0] ** 2)", "torch.special.polygamma(0, x.abs())", "torch.polygamma(0, x.abs())",
    "torch.convolution(image, image[..., :2, :2], None, [1, 1], [0, 0], [1, 1], True, [0, 0], 1)",
    "torch.convolution(image, image[..., :2, :2], None, [1, 2], [1, 0], [1, 1], False, [0, 0], 1)",
    "torch.conv_tbc(cube, torch.ones(2, 4, 1), torch.ones(1), 1)",
    "torch.set_warn_always(True), torch.is_warn_always_enabled(), "
    "torch.set_warn_always(False), torch.is_warn_always_enabled()",
    "torch.is_tensor(x.type(torch.Tensor)), x.type(torch.Tensor)",
    "torch.pow(2.0, x), torch.float_power(2, x), torch.float_power(i, 2), torch.float_power(x, i[:3])",
    "torch.bincount(i.abs(), i.float())", "torch.full((2, 2), 1.5, dtype=torch.int32)", "torch.eye(2, 3, dtype=torch.int64)",
    "torch.vander(x, 0)", "torch.vander(x, 1)", "torch.vander(x, 3, True)", "torch.vander(x, 3)", "torch.vander(i)",
    "torch.zeros(0, 2).split(0)", "torch.zeros(0, 2).split(3)", "torch.zeros(0, 2).split([])", "torch.zeros(0, 2).chunk(3)",
    *(f"torch.ones(3).to(torch.{dtype}).scatter_reduce(0, torch.tensor([1, 1]), torch.tensor([2, 3]).to(torch.{dtype}), "
      f"'{how}', include_self={own})" for dtype in ("int32", "uint8", "bool", "float64", "float16")
      for how in ("amin", "amax", "prod", "sum") for own in (True, False)),
    "L.lstsq(a, b[:, 0]).solution", "L.lstsq(a, b).solution", "L.lstsq(a, b[:, :1]).solution",
    # the threshold of whole numbers is whole, and no difference is taken of no order
    *(f"F.threshold(torch.arange(-4, 4), {at}, 9)" for at in (-1.5, -0.5, 0.5, 1.5, 2)),
    "torch.diff(m, 0)", "torch.diff(m, 0, prepend=m, append=m)", "torch.diff(m, 1, 0, prepend=m)", "torch.diff(m, 2, append=m)",
    # a second ellipsis, where the first has taken all that was left
    "cube[..., 0, ...]", "cube[0, ..., 0, ...]", "cube[..., 0, ..., 0, 0]", "x[..., ..., 0]", "x[..., ...]",
    # one matrix of several is singular
    "tuple(L.inv_ex(torch.stack([a, flat])))[1]", "L.inv_ex(torch.stack([a, flat])).inverse[0]",
    "L.solve_ex(torch.stack([a, flat]), torch.stack([b, b])).result[0]", "L.solve_ex(torch.stack([a, flat]), b).info",
    "L.solve_ex(torch.stack([flat, a]), b).result[1]", "L.solve_ex(a, b, left=True).result", "L.solve(a, b.T, left=False)",
    "L.solve(a, b[:, 0])", "L.lu_solve(*L.lu_factor(torch.stack([a, a.T])), b)", "L.lu_solve(*L.lu_factor(a), b, adjoint=True)",
    "L.lu_solve(*L.lu_factor(a), b.T, left=False)", "L.lu_solve(*L.lu_factor(a), b.T, left=False, adjoint=True)",
    "torch.pixel_unshuffle(torch.arange(24).reshape(1, 4, 6), 2)", "torch.channel_shuffle(cube.reshape(1, 6, 4), 3)",
    "L.solve(a.expand(2, 3, 3), b.T)",
]  # fmt: skip


@pytest.mark.parametrize("expression", SAME)
def test_it_is_the_same_in_pytorch(torch, expression):
    ours = outcome(importlib.import_module("autodiff"), lambda library: evaluated(library, expression))
    assert not isinstance(ours, type), ours
    assert ours == outcome(torch, lambda library: evaluated(library, expression))


DROPPED = ["feature_dropout", "feature_alpha_dropout"]


@pytest.mark.parametrize("name", DROPPED)
@pytest.mark.parametrize("shape", [(4, 3), (3, 2, 5)])
def test_whole_features_are_dropped_from_two_dimensions_on(torch, name, shape):
    results = []
    for library in (torch, autodiff):
        library.manual_seed(3)
        results.append(getattr(library, name)(library.ones(shape), 0.5, True).flatten().tolist())
    assert results[0] == pytest.approx(results[1])
    for library in (torch, autodiff):
        with pytest.raises(RuntimeError, match="at least 2 dimensions"):
            getattr(library, name)(library.ones(4), 0.5, True)


def test_a_single_ratio_is_that_of_each_dimension():
    image, at = autodiff.arange(70.0).reshape(1, 1, 7, 10), autodiff.full((1, 1, 2), 0.3)
    pooled = [
        autodiff.nn.functional.fractional_max_pool2d(image, 2, output_ratio=ratio, _random_samples=at).tolist()
        for ratio in (0.5, (0.5, 0.5), [0.5, 0.5])
    ]
    assert pooled[0] == pooled[1] == pooled[2]


POLYNOMIALS = [
    *(f"{kind}chebyshev_polynomial_{letter}" for kind in ("", "shifted_") for letter in "tuvw"),
    "hermite_polynomial_h", "hermite_polynomial_he", "laguerre_polynomial_l", "legendre_polynomial_p",
]  # fmt: skip


@pytest.mark.parametrize("name", POLYNOMIALS)
def test_a_polynomial_of_numbers_alone_is_refused(name):
    with pytest.raises(TypeError, match=rf"{name}\(\): argument 'x' \(position 1\) must be Tensor, not float"):
        getattr(autodiff.special, name)(2.0, 3)


@pytest.mark.parametrize("library", ["autodiff", "torch"])
def test_normal_numbers_are_not_written_over_a_part_of_their_own_mean(library):
    T = pytest.importorskip(library)
    r = T.zeros(4)
    with pytest.raises(RuntimeError, match="refer to a single memory location"):
        T.normal(r[:3], T.ones(3), out=r[1:])


OF_SPARSE = [
    "ccol_indices", "col_indices", "crow_indices", "indices", "row_indices", "values", "coalesce", "is_coalesced",
    "to_sparse", "to_sparse_bsc", "to_sparse_bsr", "to_sparse_coo", "to_sparse_csc", "to_sparse_csr",
]  # fmt: skip


@pytest.mark.parametrize("name", OF_SPARSE)
def test_a_method_of_sparse_tensors_says_its_name(name):
    method = getattr(autodiff.Tensor, name)
    assert method.__name__ == method.__qualname__ == name
    assert "sparse" in method.__doc__ or "dense" in method.__doc__
    with pytest.raises((NotImplementedError, RuntimeError), match=f"{name}.*there are no sparse tensors here"):
        method(autodiff.ones(2))


SLOPES = {  # of x, in double, with a gradient that is none of its own symmetry
    "an embedding of few rows, each named often": lambda T, x: T.nn.functional.embedding(T.arange(600).reshape(20, 30) % 2, x),
    "rows named often, one of them padding": lambda T, x: T.nn.functional.embedding(T.arange(600) % 3 % 2, x, padding_idx=1),
    "shares of one number": lambda T, x: x.reshape(-1)[0].logcumsumexp(0),
    "a determinant of nothing": lambda T, x: T.linalg.det(x[:0, :0]) * x,
    "steps that show a number twice": lambda T, x: x.as_strided((3, 2), (1, 2)),
    "steps over a number shown twice": lambda T, x: x[:, :1].expand(2, 3).as_strided((2, 2), (3, 0)),
    "a product that overflows": lambda T, x: (x.abs() * 1e200).prod(),
    "products that overflow": lambda T, x: (x.abs() * T.tensor([1e300, 1.0, 1e200])).prod(1),
    "products of an infinity": lambda T, x: (x * T.tensor([[1.0, 1.0, float("inf")], [1.0, 1.0, 1.0]])).prod(1),
    "attention whose bias learns": lambda T, x: T.nn.functional.scaled_dot_product_attention(x, x + 1, x * x, x @ x.mT),
    "attention with one bias for all keys":
        lambda T, x: T.nn.functional.scaled_dot_product_attention(x, x + 1, x * x, x[:, :1]),
    "attention whose heads share": lambda T, x: T.nn.functional.scaled_dot_product_attention(
        x.expand(4, 2, 3), x.expand(2, 2, 3) + 1, x.expand(1, 2, 3) * x, enable_gqa=True),
}  # fmt: skip


@pytest.mark.parametrize("name", SLOPES)
def test_a_slope_is_the_same_in_pytorch(torch, name):
    found = []
    for T in (autodiff, torch):
        x = T.tensor([[0.5, -1.25, 2.0], [1.5, 0.75, -0.5]], dtype=T.float64, requires_grad=True)
        y = SLOPES[name](T, x)
        weights = T.linspace(-1.0, 2.0, y.numel(), dtype=T.float64).reshape(y.shape)
        (g,) = T.autograd.grad((y * weights).sum(), x, create_graph=True)
        further = g.requires_grad and bool(g.isfinite().all())
        second = T.autograd.grad((g * g).sum(), x, allow_unused=True)[0] if further else None
        found.append([y.tolist(), g.tolist(), [[0.0] * 3] * 2 if second is None else second.tolist()])
    for ours, theirs in zip(*found, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-12)


QUESTIONS = ["eq", "ne", "lt", "le", "gt", "ge", "logical_and", "logical_or", "logical_xor", "logical_not"]


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_in_place_is_called_after_the_question(name):
    method = getattr(autodiff.Tensor, f"{name}_")
    assert method.__name__ == method.__qualname__ == f"{name}_"
    assert method.__doc__.startswith(f"`{name}`, written into")


@pytest.mark.parametrize(("name", "count"), [("softmax", 2), ("log_softmax", 2), ("sampled_addmm", 3), ("spdiags", 3)])
def test_a_function_of_sparse_tensors_says_its_name_and_what_to_write(name, count):
    with pytest.raises(NotImplementedError, match=rf"sparse\.{name}\(\): there are no sparse tensors here; .*write "):
        getattr(autodiff.sparse, name)(*[autodiff.ones(2, 2)] * count)


def test_complex_numbers_are_refused():
    for data in (1j, [1.0, 1j], [[1j]]):
        with pytest.raises(TypeError, match="complex numbers are not supported"):
            autodiff.tensor(data)


@pytest.mark.parametrize(
    ("function", "instead"),
    [(np.heaviside, "autodiff.heaviside"), (np.copysign, "autodiff.copysign"), (np.cbrt, "autodiff's own functions"),
     (np.spacing, "autodiff's own functions")],
)  # fmt: skip
def test_a_function_of_numpys_that_would_lose_the_slope_names_what_keeps_it(function, instead):
    x = autodiff.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match=rf"np\.{function.__name__} computes outside the graph; {instead} would be recorded"):
        function(*[x] * function.nin)


@pytest.mark.parametrize("learns", ["count", "prob"])
def test_a_binomial_draw_passes_a_slope_of_zero_to_what_it_was_drawn_from(learns):
    given = {"count": autodiff.full((2, 1), 5.0), "prob": autodiff.full((3,), 0.5)}
    given[learns].requires_grad_()
    drawn = autodiff.binomial(**given)
    assert drawn.shape == (2, 3)
    assert drawn.requires_grad
    drawn.sum().backward()
    assert given[learns].grad.tolist() == autodiff.zeros_like(given[learns]).tolist()


def test_what_lu_returns_is_a_plain_tuple():
    a = autodiff.eye(2)
    assert type(autodiff.Tensor.lu(a)) is type(autodiff.Tensor.lu(a, get_infos=True)) is tuple
    assert [len(autodiff.Tensor.lu(a, get_infos=infos)) for infos in (False, True)] == [2, 3]


def test_a_rank_of_one_matrix_can_be_written_to():
    assert autodiff.linalg.matrix_rank(autodiff.eye(2)).fill_(7).item() == 7


@pytest.mark.parametrize("name", ["symeig", "eig", "lstsq", "solve", "matrix_rank"])
def test_a_function_that_pytorch_removed_says_its_name_and_what_to_write(name):
    with pytest.raises(RuntimeError, match=rf"^torch\.{name}: .* linalg\.\w+"):
        getattr(autodiff, name)(*[autodiff.eye(2)] * (2 if name in ("lstsq", "solve") else 1))


def test_a_list_that_holds_tensors_is_not_blamed_for_what_comes_after_it():
    x, h = autodiff.ones(1, 2), autodiff.ones(1, 2)
    with pytest.raises(TypeError, match=r"lstm_cell\(\): argument 'w_ih' \(position 3\) must be Tensor, not int"):
        autodiff.lstm_cell(x, (h, h), 2, autodiff.ones(8, 2))


@pytest.mark.parametrize("parts", [1, 2, 3])
def test_numpy_splits_nothing_into_parts_of_nothing(parts):
    ours, theirs = np.split(autodiff.ones(0, 2), parts), np.split(np.ones((0, 2)), parts)
    assert [tuple(part.shape) for part in ours] == [part.shape for part in theirs] == [(0, 2)] * parts
    with pytest.raises(ValueError, match="does not result in an equal division"):
        np.split(autodiff.ones(4), 3)


def test_an_old_pickle_tells_a_tensor_its_storage_and_how_it_looks_at_it():
    t = autodiff.Tensor()
    t.__setstate__((autodiff.LongStorage([5, 6, 7, 8, 9]), 1, [2, 2], [2, 1]))
    assert t.tolist() == [[6, 7], [8, 9]]
    assert t.dtype is autodiff.int64


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_the_second_slope_of_a_cross_entropy_of_one_class(torch, reduction):
    found = []
    for T in (autodiff, torch):
        x = T.tensor([[0.5], [1.5], [-1.0]], dtype=T.float64, requires_grad=True)
        loss = T.nn.functional.cross_entropy(x, T.tensor([0, -100, 0]), reduction=reduction)
        (g,) = T.autograd.grad(loss, x, create_graph=True)
        found.append([loss.item(), g.tolist(), T.autograd.grad((g + x).pow(2).sum(), x)[0].tolist()])
    assert found[0] == found[1]


class Marked(autodiff.Tensor):
    """A tensor with a note in a slot beside those in its dictionary."""

    __slots__ = ("slot",)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda t: pickle.loads(pickle.dumps(t))])
def test_a_copy_of_a_subclass_keeps_its_slots_and_its_notes(again):
    t = autodiff.ones(2).as_subclass(Marked)
    bare = again(t)
    assert type(bare) is Marked
    assert not hasattr(bare, "slot")
    t.slot, t.note = [1], [2]
    found = again(t)
    assert (type(found), found.tolist(), found.slot, found.note) == (Marked, [1.0, 1.0], [1], [2])
    assert (found.slot is t.slot) is (again is copy.copy)


def test_a_tensor_that_is_set_to_nothing_counts_as_changed():
    x = autodiff.ones(3)
    before = x._version
    assert x.set_().shape == (0,)
    assert x._version == before + 1


def test_what_a_function_of_chance_is_given_in_words_is_told_by_its_name():
    first = {"bernoulli_": "p", "exponential_": "lambd", "geometric_": "p", "cauchy_": "median", "normal_": "mean"}
    for name, word in first.items():
        with pytest.raises(TypeError, match=rf"{name}\(\): argument '{word}' must be Number"):
            getattr(autodiff.ones(2), name)("a")


def test_the_name_of_a_type_has_its_module(torch):
    for thing in (3, "a", object, len, np.float32(1), np.ndarray, pytest.approx, autodiff.ones, {}.keys()):
        assert autodiff.typename(thing) == (torch.typename(thing) if thing is not autodiff.ones else "autodiff.api.filled.ones")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_another_dtype_in_the_format_that_there_is(torch, dtype):
    found = []
    for T in (autodiff, torch):
        x = T.ones(1, 2, 3, 4)
        told = []
        for y in (x, x.transpose(1, 3), x.contiguous(memory_format=T.channels_last)):
            for wanted in (T.preserve_format, T.contiguous_format, T.channels_last):
                z = y.to(getattr(T, dtype), memory_format=wanted)
                told.append(([step for step, n in zip(z.stride(), z.shape, strict=True) if n > 1], z is y))
        found.append(told)
    assert found[0] == found[1]
