"""The norms against PyTorch's: drawn shapes and options, running statistics over several steps, states, texts and errors."""


import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")

BATCH = ("BatchNorm1d", "BatchNorm2d", "BatchNorm3d", "InstanceNorm1d", "InstanceNorm2d", "InstanceNorm3d", "SyncBatchNorm")
RANKS = {"1": (3,), "2": (4,), "3": (5,)}


def close(found, expected, dtype="float64"):
    rtol = 1e-9 if dtype == "float64" else 2e-4 if dtype == "float32" else 4e-3
    for a, b in zip(found, expected, strict=True):
        assert (a is None) == (b is None)
        if a is not None:
            a, b = np.asarray(a), np.asarray(b)
            assert (a.shape, a.dtype) == (b.shape, b.dtype)
            np.testing.assert_allclose(a.astype(float), b.astype(float), rtol=rtol, atol=rtol)


def numbers(T, shape, seed, dtype, scale=1.0, shift=0.0):
    x = np.random.default_rng(seed).normal(size=shape) * scale + shift
    return T.tensor(x.astype(dtype), requires_grad=True)


def seen(T, layer, x, seed):
    """The output, the gradients of input and parameters, and the state that a step leaves."""
    y = layer(x)
    y.backward(T.tensor(np.random.default_rng(seed).normal(size=tuple(y.shape))).to(y.dtype))
    grads = [None if t.grad is None else t.grad.numpy() for t in (x, *layer.parameters())]
    for p in layer.parameters():
        p.grad = None
    return [y.detach().numpy(), *grads, *(t.detach().numpy().copy() for t in layer.state_dict().values())]


@given(
    name=st.sampled_from(BATCH),
    options=st.fixed_dictionaries(
        {}, optional={
            "eps": st.sampled_from([1e-3, 0.5]), "momentum": st.sampled_from([None, 0.3, 1.0]), "affine": st.booleans(),
            "track_running_stats": st.booleans(), "bias": st.booleans(),
        },
    ),
    sizes=st.lists(st.integers(1, 3), min_size=3, max_size=3),
    batch=st.integers(2, 4), channels=st.integers(1, 4), dtype=st.sampled_from(["float64", "float32"]),
    seed=st.integers(0, 10**6),
)  # fmt: skip
def test_running_statistics_of_several_steps(name, options, sizes, batch, channels, dtype, seed):
    d = 2 if name[-2] == "r" else int(name[-2])
    sizes = [2, *sizes[1:d]]
    made = [getattr(T.nn, name)(channels, dtype=getattr(T, dtype), **options) for T in (autodiff, torch)]
    assert repr(made[0]) == repr(made[1])
    assert list(made[0].state_dict()) == list(made[1].state_dict())
    for step in range(5):
        if step == 3:
            [layer.eval() for layer in made]
        shape = (batch, channels, *sizes)
        pairs = zip((autodiff, torch), made, strict=True)
        close(*(seen(T, m, numbers(T, shape, seed + step, dtype, 2.0, 0.5), seed) for T, m in pairs), dtype)


@given(
    shape=st.lists(st.integers(0, 4), min_size=1, max_size=4), last=st.integers(1, 4),
    dtype=st.sampled_from(["float64", "float32", "float16"]), eps=st.sampled_from([1e-5, 0.1]), weight=st.booleans(),
    bias=st.booleans(), kind=st.sampled_from(["layer_norm", "rms_norm"]), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_over_the_last_dimensions(shape, last, dtype, eps, weight, bias, kind, seed):
    size = shape[-last:]

    def run(T):
        x = numbers(T, shape, seed, dtype)
        given = [numbers(T, size, seed + i, dtype) if has else None for i, has in ((1, weight), (2, bias))]
        given = given[: 2 if kind == "layer_norm" else 1]
        y = getattr(T.nn.functional, kind)(x, size, *given, eps=eps)
        y.backward(T.tensor(np.random.default_rng(seed).normal(size=tuple(y.shape))).to(y.dtype))
        grads = [None if t is None or t.grad is None else t.grad.numpy() for t in (x, *given)]
        return [y.detach().numpy(), *grads]

    # In half precision PyTorch rounds on the way, so that a sum of gradients says little.
    ours, theirs = (run(T)[: 1 if dtype == "float16" else None] for T in (autodiff, torch))
    close(ours, theirs, dtype)


@given(
    groups=st.integers(1, 3), size=st.integers(1, 3), rest=st.lists(st.integers(1, 3), max_size=3), batch=st.integers(1, 3),
    weight=st.booleans(), bias=st.booleans(), dtype=st.sampled_from(["float64", "float32"]), seed=st.integers(0, 10**6),
)  # fmt: skip
def test_over_groups_of_channels(groups, size, rest, batch, weight, bias, dtype, seed):
    shape = (batch, groups * size, *rest)
    bias = bias and weight  # of a bias alone PyTorch has no gradient here

    def run(T):
        x = numbers(T, shape, seed, dtype)
        given = [numbers(T, (groups * size,), seed + i, dtype) if has else None for i, has in ((1, weight), (2, bias))]
        try:
            y = T.nn.functional.group_norm(x, groups, *given)
        except ValueError:
            return "refused"
        (y * y).sum().backward()
        return [y.detach().numpy(), *(None if t is None else t.grad.numpy() for t in (x, *given))]

    ours, theirs = run(autodiff), run(torch)
    assert (ours == "refused") == (theirs == "refused")
    if ours != "refused":
        close(ours, theirs, "float32" if dtype == "float32" else dtype)


@pytest.mark.parametrize("shift", [1e4, -3e5])
@pytest.mark.parametrize("kind", ["layer", "batch", "instance", "group"])
def test_large_means_lose_no_digits(kind, shift):
    rng = np.random.default_rng(0)
    x = np.float32(rng.integers(-64, 64, (8, 4, 16)) / 32 + shift)  # exact in float32
    g = rng.normal(size=x.shape).astype(np.float32)
    calls = {
        "layer": lambda F, x: F.layer_norm(x, (16,)),
        "batch": lambda F, x: F.batch_norm(x, None, None, training=True),
        "instance": lambda F, x: F.instance_norm(x),
        "group": lambda F, x: F.group_norm(x, 2),
    }
    results = []
    for T, dtype in ((autodiff, "float32"), (torch, "float64")):
        leaf = T.tensor(x.astype(dtype), requires_grad=True)
        y = calls[kind](T.nn.functional, leaf)
        y.backward(T.tensor(g.astype(dtype)))
        results.append([y.detach().numpy().astype(float), leaf.grad.numpy().astype(float)])
    for a, b in zip(*results, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)


def test_a_running_variance_of_large_numbers_loses_no_digits():
    layer = autodiff.nn.BatchNorm1d(1, momentum=1.0)
    layer(autodiff.tensor([[1e4], [1e4 + 1], [1e4 + 2]]))
    assert layer.running_var.item() == 1.0


LAYERS = {
    "LayerNorm": [((4,), {}), (((2, 4),), {"eps": 0.1}), ((4,), {"elementwise_affine": False}), (([4],), {"bias": False})],
    "GroupNorm": [((2, 4), {}), ((4, 4), {"affine": False}), ((1, 4), {"eps": 0.1, "bias": False})],
    "RMSNorm": [((4,), {}), (((2, 4), 0.1), {}), ((4,), {"elementwise_affine": False})],
    "LocalResponseNorm": [((2,), {}), ((3, 0.5, 0.5, 2.0), {})],
    "CrossMapLRN2d": [((3,), {}), ((2, 0.5, 0.5, 2.0), {})],
    "BatchNorm1d": [((2, 1e-3), {})],
    "SyncBatchNorm": [((2,), {"affine": False})],
}


@pytest.mark.parametrize(("name", "args", "kwargs"), [(n, *each) for n, several in LAYERS.items() for each in several])
def test_layers_and_their_states(name, args, kwargs):
    layers = [getattr(T.nn, name)(*args, **kwargs) for T in (autodiff, torch)]
    assert repr(layers[0]) == repr(layers[1])
    states = [layer.state_dict() for layer in layers]
    assert list(states[0]) == list(states[1])
    shape = (3, 4, 2, 4) if name not in ("BatchNorm1d", "SyncBatchNorm") else (3, 2)
    close(*(seen(T, layer, numbers(T, shape, 0, "float64"), 1)[:1] for T, layer in
            zip((autodiff, torch), [layer.double() for layer in layers], strict=True)))  # fmt: skip


@pytest.mark.parametrize("name", ["LazyBatchNorm1d", "LazyBatchNorm2d", "LazyBatchNorm3d", "LazyInstanceNorm2d"])
@pytest.mark.parametrize("options", [{}, {"affine": True, "track_running_stats": True}, {"affine": False}])
def test_lazy_layers(name, options):
    shape = {"1": (3, 2), "2": (3, 2, 4, 4), "3": (3, 2, 2, 2, 2)}[name[-2]]
    texts = []
    for T in (autodiff, torch):
        layer = getattr(T.nn, name)(**options)
        before = repr(layer)
        layer(numbers(T, shape, 0, "float32"))
        texts.append([before, repr(layer), list(layer.state_dict()), type(layer).__name__])
    assert texts[0] == texts[1]


def test_a_converted_model_keeps_its_parameters():
    model = autodiff.nn.Sequential(autodiff.nn.BatchNorm1d(2), autodiff.nn.Linear(2, 2))
    weight = model[0].weight
    made = autodiff.nn.SyncBatchNorm.convert_sync_batchnorm(model)
    assert isinstance(made[0], autodiff.nn.SyncBatchNorm)
    assert made[0].weight is weight


@pytest.mark.parametrize("name", ["BatchNorm2d", "InstanceNorm2d"])
def test_old_states_are_loaded(name):
    for T in (autodiff, torch):
        layer = getattr(T.nn, name)(2, track_running_stats=True)
        state = layer.state_dict()
        del state["num_batches_tracked"]
        state = dict(state)  # without its version, as of long ago
        layer.num_batches_tracked.fill_(7)
        layer.load_state_dict(state)
        assert layer.num_batches_tracked.item() == 7
    for T in (autodiff, torch):
        with pytest.raises(RuntimeError, match="running stats buffer"):
            T.nn.InstanceNorm2d(2).load_state_dict({"running_mean": T.zeros(2), "running_var": T.ones(2)})


F_ERRORS = {
    "layer_norm": [
        ((2, 3, 4), ((5,),)), ((2, 3, 4), (4,)), ((2, 3, 4), ((),)), ((2, 3, 4), ((4,), (3,))), ((2, 3, 4), ((4,), None, (3,))),
        ((2, 3, 4), ([3, 4.0],)), ((), ((1,),)),
    ],
    "rms_norm": [((2, 3, 4), ((5,),)), ((2, 3, 4), ((4,), (3,))), ((2, 3), ((),)), ((2, 3), (3,))],
    "batch_norm": [
        ((2, 3, 4), ((4,), (3,))), ((2, 3, 4), ((3,), (2,))), ((2, 3, 4), (None, None)), ((2, 3), ((3,), None)),
        ((2, 3), ((3,), None, None, None, True)), ((2, 3), ((3,), (3,), (4,))), ((2, 3), ((3,), (3,), None, (4,))),
        ((1, 3), ((3,), (3,), None, None, True)), ((1, 3, 1), ((3,), (3,), None, None, True)), ((3,), ((3,), (3,))),
        ((2, 3), ((3,), (3,), None, None, True, 0.1, 0.0)), ((2, 3), ((3,), (3,), None, None, False, 0.1, -1.0)),
    ],
    "instance_norm": [
        ((2, 3, 4), ((3,), None)), ((2, 3, 4), ((3,), (2,))), ((2, 3, 4), (None, None, None, None, False)), ((2, 3), ()),
        ((2, 3, 4), (None, None, (2,))), ((2, 3, 1), ()), ((3,), ()),
    ],
    "group_norm": [
        ((2, 3, 4), (2,)), ((2, 3, 4), (3, (2,))), ((2, 3, 4), (3, None, (2,))), ((2, 3, 4), (-1,)), ((3,), (1,)),
        ((1, 1), (1,)), ((1, 2), (2,)), ((2, 3, 4), (3, (3, 1))),
    ],
    "local_response_norm": [((2, 3), (2,)), ((2, 3, 4), (0,))],
}  # fmt: skip


@pytest.mark.parametrize(("name", "shape", "args"), [(n, *each) for n, several in F_ERRORS.items() for each in several])
def test_what_is_refused(name, shape, args):
    lists = name in ("layer_norm", "rms_norm")
    kinds = []
    for T in (autodiff, torch):
        made = [T.ones(a) if isinstance(a, tuple) and not (lists and i == 0) else a for i, a in enumerate(args)]
        with pytest.raises((RuntimeError, ValueError, TypeError)) as caught:
            getattr(T.nn.functional, name)(T.ones(shape), *made)
        kinds.append(caught.type)
    assert kinds[0] is kinds[1]


@pytest.mark.parametrize("name", ["layer_norm", "batch_norm", "group_norm", "instance_norm", "rms_norm"])
def test_wrong_dtypes_are_refused(name):
    args = {"layer_norm": ((4,),), "rms_norm": ((4,),), "batch_norm": (None, None), "group_norm": (3,)}.get(name, ())
    options = {"training": True} if name == "batch_norm" else {}
    for T in (autodiff, torch):
        function = getattr(T.nn.functional, name)
        with pytest.raises((NotImplementedError, RuntimeError)):
            function(T.ones(2, 3, 4, dtype=T.int64), *args, **options)
        if name != "rms_norm":
            weight = T.ones(4 if name == "layer_norm" else 3, dtype=T.float64)
            with pytest.raises(RuntimeError, match="mixed dtype"):
                function(T.ones(2, 3, 4), *args, weight=weight, **options)


def test_running_statistics_take_no_gradient():
    for T in (autodiff, torch):
        mean = T.zeros(3, requires_grad=True)
        with pytest.raises(RuntimeError, match="not differentiable with respect to argument 'running_mean'"):
            T.nn.functional.batch_norm(T.ones(2, 3), mean, T.ones(3), training=True)
