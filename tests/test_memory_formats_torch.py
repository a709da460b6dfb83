"""Memory formats and layouts against PyTorch's: strides and values, questions, refusals; and the names of sparse tensors."""

import copy
import itertools
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

FORMATS = ["contiguous_format", "preserve_format", "channels_last", "channels_last_3d"]
LAYOUTS = ["strided", "sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc", "jagged"]
CALLS = {
    "contiguous": lambda T, x, f: x.contiguous(memory_format=f),
    "to": lambda T, x, f: x.to(memory_format=f),
    "to a dtype": lambda T, x, f: x.to(T.float64, memory_format=f),
    "to, by name": lambda T, x, f: x.to(device="cpu", dtype=T.float64, copy=True, memory_format=f),
    "clone": lambda T, x, f: x.clone(memory_format=f),
    "function clone": lambda T, x, f: T.clone(x, memory_format=f),
    "cpu": lambda T, x, f: x.cpu(memory_format=f),
    "double": lambda T, x, f: x.double(memory_format=f),
    "long": lambda T, x, f: x.long(memory_format=f),
    "zeros_like": lambda T, x, f: T.zeros_like(x, memory_format=f),
    "ones_like": lambda T, x, f: T.ones_like(x, dtype=T.int64, memory_format=f),
    "full_like": lambda T, x, f: T.full_like(x, 2.5, memory_format=f),
    "rand_like": lambda T, x, f: T.rand_like(x, memory_format=f),
    "randn_like": lambda T, x, f: T.randn_like(x, memory_format=f),
    "randint_like": lambda T, x, f: T.randint_like(x, 9, memory_format=f),
}


def outcome(T, call, values, order, name):
    """(strides, values, gradient) of a call on a tensor that lies in memory in that order of dimensions."""
    T.manual_seed(0)
    x = T.tensor(values).permute(order).contiguous().permute(tuple(np.argsort(order))).requires_grad_()
    try:
        y = call(T, x, getattr(T, name))
    except (RuntimeError, TypeError) as error:
        return type(error)
    slope = None
    if y.requires_grad:
        (y * y).sum().backward()
        slope = x.grad.tolist()
    strides = y.stride() if all(n > 1 for n in y.shape) else None  # of a dimension of size 1 any stride is right
    return strides, [y.is_contiguous(memory_format=getattr(T, f)) for f in FORMATS], y.detach().numpy().round(5).tolist(), slope


@pytest.mark.parametrize("name", CALLS)
@given(shape=st.lists(st.integers(1, 4), min_size=3, max_size=5), order=st.randoms(), wanted=st.sampled_from(FORMATS))
def test_strides_and_values(name, shape, order, wanted):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    dims = list(range(len(shape)))
    order.shuffle(dims)
    if wanted == "preserve_format" and dims != sorted(dims):
        return  # contiguous() refuses it in PyTorch, and another order is kept as what is computed here is laid out
    ours, theirs = (outcome(T, CALLS[name], values, tuple(dims), wanted) for T in (autodiff, torch))
    assert ours == theirs


@pytest.mark.parametrize("shape", [(1, 2, 2, 1), (2, 1, 1, 3), (1, 1, 2, 2), (2, 3, 1, 1), (1, 3, 1, 2, 1), (2, 0, 1, 3)])
def test_sizes_of_one_in_every_order(shape):
    def in_rows(library):
        for order in itertools.permutations(range(len(shape))):
            x = library.zeros([shape[i] for i in order]).permute(tuple(int(i) for i in np.argsort(order)))
            yield order, x.to(memory_format=library.contiguous_format).is_contiguous()

    assert list(in_rows(autodiff)) == list(in_rows(torch))


def test_resizing_in_a_format():
    strides = [T.zeros(100).resize_(2, 3, 4, 2, memory_format=T.channels_last).stride() for T in (autodiff, torch)]
    assert strides[0] == strides[1]


@pytest.mark.parametrize("wanted", FORMATS)
@given(shape=st.lists(st.integers(2, 3), min_size=3, max_size=5), last=st.booleans())
def test_in_the_format_of_another_tensor(wanted, shape, last):
    found = []
    for T in (autodiff, torch):
        x = T.ones(shape).transpose(1, -1).contiguous().transpose(1, -1) if last else T.ones(shape)
        try:
            found.append(T.zeros(3).resize_as_(x, memory_format=getattr(T, wanted)).stride())
        except RuntimeError as error:
            found.append(type(error))
        try:
            found.append(T.empty(shape, memory_format=getattr(T, wanted)).stride())
        except RuntimeError as error:
            found.append(type(error))
    assert found[:2] == found[2:]


@pytest.mark.parametrize("dtype", [None, "float64"])
def test_a_module_changes_what_has_as_many_dimensions_and_learns_the_same(dtype):
    losses = []
    for T in (autodiff, torch):
        for form in (T.contiguous_format, T.channels_last):
            T.manual_seed(5)
            net = T.nn.Sequential(T.nn.Conv2d(2, 3, 2), T.nn.BatchNorm2d(3), T.nn.ReLU(), T.nn.Flatten(), T.nn.Linear(27, 2))
            net(T.randn(4, 2, 4, 4)).sum().backward()
            assert net.to(dtype=getattr(T, dtype) if dtype else None, memory_format=form) is net
            assert [p.is_contiguous(memory_format=form) for p in net.parameters() if p.ndim == 4] == [True]
            assert net[0].weight.grad.is_contiguous(memory_format=form)
            optimizer = T.optim.SGD(net.parameters(), lr=0.1, momentum=0.9)
            for _ in range(4):
                x = T.randn(4, 2, 4, 4, dtype=net[0].weight.dtype).to(memory_format=form)
                loss = T.nn.functional.cross_entropy(net(x), T.tensor([0, 1, 1, 0]))
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                losses.append(loss.item())
    assert losses == pytest.approx(losses[:4] * 4, abs=1e-5)


@pytest.mark.parametrize(("layer", "ndim"), [("Conv2d", 4), ("ConvTranspose2d", 4), ("Conv3d", 5), ("ConvTranspose3d", 5)])
def test_the_weights_of_convolutions_alone(layer, ndim):
    for T in (autodiff, torch):
        net = T.nn.Sequential(getattr(T.nn, layer)(2, 3, 2), T.nn.Linear(2, 2))
        form = T.channels_last if ndim == 4 else T.channels_last_3d
        convert = getattr(T.nn.utils, f"convert_conv{ndim - 2}d_weight_memory_format")
        assert convert(net, form) is net
        assert net[0].weight.is_contiguous(memory_format=form)
        assert not net[0].weight.is_contiguous()
        with pytest.raises(TypeError, match="memory_format"):
            convert(net, "channels_last")


@pytest.mark.parametrize("call", [
    "x.to(memory_format=3)", "x.contiguous(memory_format='channels_last')", "x.clone(memory_format=3)", "T.memory_format()",
    "x.is_contiguous(memory_format=3)", "T.zeros_like(x, memory_format='a')", "x.float(memory_format=3)", "T.layout('strided')",
    "T.zeros_like(x, layout=3)", "x.to(memory_format=T.channels_last)", "x.clone(memory_format=T.channels_last_3d)",
    "T.zeros_like(x, pin_memory=3)", "x.new('a')", "x.new(2.5)", "x.new(T.ones(2).long())", "x.coalesce()", "x.indices()",
    "T.nn.Linear(2, 2).to(memory_format=3)", "T.nn.Conv3d(1, 1, 1).to(memory_format=T.channels_last)",
    "T.empty(2, memory_format=3)", "x.resize_(6, memory_format=T.preserve_format)",
    "x.values()", "x.is_coalesced()", "x.crow_indices()", "x.row_indices()", "T.spmm(x, 3)", "T.dsmm(x, x)",
])  # fmt: skip
def test_refusals_are_pytorchs(call):
    raised = []
    for T in (autodiff, torch):
        with pytest.raises(Exception) as caught:
            eval(call, {"T": T, "x": T.ones(2, 3)})
        raised.append(type(caught.value))
    assert raised[0] is raised[1]


@pytest.mark.parametrize("name", [*FORMATS, *LAYOUTS])
def test_each_is_one_object(name):
    ours, theirs = getattr(autodiff, name), getattr(torch, name)
    assert repr(ours) == repr(theirs) == f"torch.{name}"
    assert pickle.loads(pickle.dumps(ours)) is copy.deepcopy(ours) is ours
    assert isinstance(ours, autodiff.memory_format if name in FORMATS else autodiff.layout)
    assert autodiff.ones(2).layout is autodiff.strided


@pytest.mark.parametrize("text", [
    "x.new([1, 2]).tolist()", "x.new((1, 2)).dtype", "x.new(2, 3).shape", "x.new(x.shape).shape", "x.new().shape",
    "x.long().new([1.5]).tolist()", "x.new(x).tolist()", "x.to_dense() is x", "x.to_dense(T.float64).dtype", "x.sparse_dim()",
    "x.dense_dim()", "T.spmm(x, x.T).tolist()", "T.dsmm(x, x.T).tolist()", "x.is_xpu", "x.is_mps", "x.is_meta", "x.is_nested",
    "x.is_sparse_csr", "x.is_mkldnn", "T.zeros_like(x, layout=x.layout, pin_memory=False).tolist()",
])  # fmt: skip
def test_answers_are_pytorchs(text):
    ours, theirs = (eval(text, {"T": T, "x": T.ones(2, 3)}) for T in (autodiff, torch))
    assert str(ours) == str(theirs)


@pytest.mark.parametrize("text", [
    *(f"T.{name}()" for name in dir(torch) if name.startswith("sparse_") and name.endswith("_tensor")),
    *(f"T.ones(2).{name}()" for name in dir(torch.Tensor) if name.startswith("to_sparse")),
    "T.zeros_like(T.ones(2), layout=T.sparse_coo)",
])  # fmt: skip
def test_what_makes_a_sparse_tensor_says_that_there_are_none(text):
    with pytest.raises(NotImplementedError, match=r"there are no sparse tensors here; |all tensors here are torch.strided"):
        eval(text, {"T": autodiff})


IMAGES = [(2, 4, 6, 5), (2, 1, 6, 5), (2, 4, 1, 1), (1, 4, 6, 5), (1, 1, 4, 4), (2, 3, 1, 5), (2, 3, 5, 1)]


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("name", CALLS)
def test_the_steps_are_the_formats_where_sizes_of_one_leave_them_open(name, shape):
    steps = []
    for T in (autodiff, torch):
        x = T.zeros(shape)
        last = CALLS[name](T, x, T.channels_last)
        layer = T.nn.Conv2d(shape[1], shape[0], shape[2:]).to(device="cpu", dtype=T.float64, memory_format=T.channels_last)
        like = [f(last).stride() for f in (T.clone, T.zeros_like, T.empty_like, lambda t, T=T: T.randint_like(t, 3))]
        steps.append([last.stride(), last.to(memory_format=T.channels_last) is last, layer.weight.stride(), like])
    assert str(steps[0]) == str(steps[1])


def sliced(x):
    """The tensor itself, and views of it whose channels lie last in PyTorch's eyes, or do not."""
    return [x, x[:, ::2], x[:, :, 1:], x[:1], x.transpose(2, 3), x[0]]


KERNELS = {
    "conv": lambda T, x: T.conv2d(x, T.ones(3, x.shape[-3], 1, 1)),
    "weight": lambda T, x: T.conv2d(x, T.ones(3, x.shape[-3], 1, 1).to(memory_format=T.channels_last)),
    "transposed": lambda T, x: T.conv_transpose2d(x, T.ones(x.shape[-3], 3, 1, 1)),
    "max": lambda T, x: T.nn.functional.max_pool2d(x, 1),
    "indices": lambda T, x: T.nn.functional.max_pool2d(x, 1, return_indices=True)[1],
    "average": lambda T, x: T.nn.functional.avg_pool2d(x, 1) if x.ndim == 4 else x,
    "adaptive average": lambda T, x: T.nn.functional.adaptive_avg_pool2d(x, (3, 2)),
    "mean": lambda T, x: T.nn.functional.adaptive_avg_pool2d(x, 1) if x.ndim == 4 else x,
    "adaptive maximum": lambda T, x: T.nn.functional.adaptive_max_pool2d(x, (3, 2)),
    "adaptive indices": lambda T, x: T.nn.functional.adaptive_max_pool2d(x, (3, 2), return_indices=True)[1],
    "unpooled": lambda T, x: T.nn.functional.max_unpool2d(*T.nn.functional.max_pool2d(x, 1, return_indices=True), 1),
}


@pytest.mark.parametrize("shape", IMAGES)
@pytest.mark.parametrize("name", KERNELS)
def test_an_image_stays_in_its_format(name, shape):
    def steps(T, order):
        x = T.arange(float(np.prod(shape))).reshape(shape).to(memory_format=getattr(T, order))
        found = []
        for view in sliced(x):
            if 0 not in view.shape and not (view.ndim == 4 and shape[2:] == (1, 1)):
                y = KERNELS[name](T, view)
                found.append((tuple(y.shape), y.stride() if min(y.shape) > 1 else None, y.tolist()))
            else:
                found.append(None)
        return found

    for order in ("contiguous_format", "channels_last"):
        assert steps(autodiff, order) == steps(torch, order)


@pytest.mark.parametrize("indices", [True, False])
@pytest.mark.parametrize("batch", [(2,), (1,), ()])
def test_a_max_pool_of_volumes_keeps_the_channels_last(batch, indices):
    steps = []
    for T in (autodiff, torch):
        x = T.arange(2.0 * 3 * 4 * 4 * 4).reshape(2, 3, 4, 4, 4).to(memory_format=T.channels_last_3d)
        x = (x[: batch[0]] if batch else x[0].clone()).requires_grad_()
        y = T.nn.functional.max_pool3d(x, 2, return_indices=indices)
        for each in y if indices else (y,):
            steps.append((tuple(each.shape), each.stride(), each.tolist()))
        (y[0] if indices else y).sum().backward()
        steps.append((x.grad.stride(), x.grad.tolist()))
    assert steps[: len(steps) // 2] == steps[len(steps) // 2 :]


LIES = {
    "rows": lambda T, x: x,
    "channels last": lambda T, x: x.to(memory_format=T.channels_last if x.dim() == 4 else T.channels_last_3d),
    "turned": lambda T, x: x.transpose(-1, -2).contiguous().transpose(-1, -2),
}


@pytest.mark.parametrize("shape", [(2, 3, 4, 5), (1, 3, 2, 4), (2, 1, 3, 3), (2, 3, 1, 1), (2, 3, 2, 3, 4)])
@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize(
    "lies",
    [["channels last"] * 2, ["channels last"] * 3, ["rows", "channels last"], ["channels last", "turned"], ["turned"] * 2],
)
def test_tensors_joined_keep_the_channels_last_where_all_have_them(lies, axis, shape):
    found = []
    for T in (autodiff, torch):
        size = int(np.prod(shape))
        parts = [LIES[name](T, T.arange(float(size)).reshape(shape) + 100 * i).requires_grad_() for i, name in enumerate(lies)]
        y = T.cat(parts, axis)
        (y * y).sum().backward()
        found.append((y.stride(), y.tolist(), [part.grad.tolist() for part in parts]))
    assert found[0] == found[1]


ORDERED = {
    "relu": lambda T, x: x.relu(), "sigmoid": lambda T, x: x.sigmoid(), "gelu": lambda T, x: T.nn.functional.gelu(x),
    "silu": lambda T, x: T.nn.functional.silu(x), "flip": lambda T, x: x.flip(0, 2), "flip of none": lambda T, x: x.flip(()),
    "fliplr": lambda T, x: x.fliplr(), "roll": lambda T, x: x.roll((1, 2), (0, 1)), "rot90": lambda T, x: x.rot90(1, (0, 1)),
    "rot180": lambda T, x: x.rot90(2, (0, 2)), "rot270": lambda T, x: x.rot90(3, (1, 2)),
    "rot360": lambda T, x: x.rot90(4, (1, 2)), "cat": lambda T, x: T.cat([x, x], 1), "stack": lambda T, x: T.stack([x, x]),
}  # fmt: skip


@pytest.mark.parametrize("name", ORDERED)
@given(shape=st.lists(st.integers(2, 4), min_size=3, max_size=5), order=st.randoms(), cut=st.booleans(), repeated=st.booleans())
def test_what_moves_elements_or_maps_them_one_by_one_keeps_their_order(name, shape, order, cut, repeated):
    dims = list(range(len(shape)))
    order.shuffle(dims)

    def run(T):
        rows = T.arange(float(np.prod(shape))).reshape([shape[d] for d in dims]) / 50 - 1
        leaf = rows.permute(tuple(np.argsort(dims).tolist())).requires_grad_()
        x = leaf[:, :: 2 if cut else 1]
        x = x[:1].expand(2, *x.shape[1:]) if repeated else x
        y = ORDERED[name](T, x)
        (y * y).sum().backward()
        return y.detach().numpy(), leaf.grad.numpy(), [step for step, n in zip(y.stride(), y.shape, strict=True) if n > 1]

    ours, theirs = run(autodiff), run(torch)
    for a, b in zip(ours[:2], theirs[:2], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
    if not repeated and not (cut and name in ("relu", "sigmoid", "gelu", "silu")):  # a view with gaps is copied in rows here
        assert ours[2] == theirs[2]


@pytest.mark.parametrize("shape", [(2, 8, 4, 6), (2, 4, 6, 6), (1, 4, 2, 2)])
@pytest.mark.parametrize("given_as", ["channels_last", "contiguous_format"])
def test_images_that_are_joined_or_cut_into_pixels_stay_in_their_format(shape, given_as):
    def run(T):
        rows = T.arange(float(np.prod(shape))).reshape(shape)
        x = rows.to(memory_format=getattr(T, given_as))
        F = T.nn.functional
        every = [
            T.cat([x, x]), T.cat([x, x, x], 3), T.cat([x, rows], 1), T.cat([rows, x]), T.stack([x, x]), x.roll(1, 2),
            F.pixel_shuffle(x, 2), F.pixel_unshuffle(x, 2), F.pixel_shuffle(x[0], 2), F.lp_pool2d(x, 2, 2),
            T.cat([x[:, ::2], x[:, ::2]]), F.relu(F.conv2d(x, T.ones(3, shape[1], 2, 2))),
        ]  # fmt: skip
        return [(tuple(y.shape), y.stride() if min(y.shape) > 1 else None, y.round(decimals=1).tolist()) for y in every]

    assert run(autodiff) == run(torch)
