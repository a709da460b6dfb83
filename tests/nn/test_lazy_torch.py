"""Lazy layers and uninitialised parameters against PyTorch's: the first call, state, text, copies, conversion and refusals."""

import copy
import pickle

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch])


def shown(T, seed, shape, bias, dtype):
    """A seeded lazy layer before and after its first call."""
    T.manual_seed(seed)
    layer = T.nn.LazyLinear(3, bias, dtype=getattr(T, dtype))
    before = repr(layer), [repr(t) for t in layer.state_dict().values()], [str(p.dtype)[-7:] for p in layer.parameters()]
    y = layer(T.ones(*shape, dtype=getattr(T, dtype)))
    y.sum().backward()
    state = {name: t.numpy() for name, t in layer.state_dict().items()}
    return before, repr(layer), type(layer) is T.nn.Linear, y.detach().numpy(), state


@pytest.mark.parametrize("shape", [(4,), (2, 4), (0, 4)])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_first_call_makes_a_linear_layer(shape, bias, dtype):
    ours, theirs = (shown(T, 0, shape, bias, dtype) for T in (autodiff, torch))
    assert ours[:3] == theirs[:3]
    np.testing.assert_allclose(ours[3], theirs[3], rtol=1e-5)
    assert list(ours[4]) == list(theirs[4])
    for name, value in ours[4].items():
        np.testing.assert_allclose(value, theirs[4][name], rtol=2e-15)


def of(T, kind):
    return getattr(T.nn.parameter, kind)()


def outcome(function):
    """What a call gives, or the class of its error."""
    try:
        found = function()
    except Exception as error:
        return type(error)
    return str(found).removeprefix("torch.").replace("autodiff.", "")


KINDS = pytest.mark.parametrize("kind", ["UninitializedParameter", "UninitializedBuffer"])
FIELDS = [
    "dtype", "device", "ndim", "requires_grad", "is_leaf", "grad", "grad_fn", "shape", "nbytes", "itemsize", "is_cuda",
]  # fmt: skip
METHODS = [
    "numel", "size", "detach", "clone", "__len__", "stride", "zero_", "tolist", "share_memory_", "__bool__", "__neg__",
    "is_floating_point", "sum", "exp", "numpy",
]  # fmt: skip
CALLS = [
    lambda T, p: T.empty_like(p),
    lambda T, p: T.add(p, p),
    lambda T, p: p + p,
    lambda T, p: p * 2,
    lambda T, p: 2 - p,
    lambda T, p: p @ p,
    lambda T, p: p[0],
    lambda T, p: T.nn.init.uniform_(p),
    lambda T, p: T.nn.functional.linear(T.ones(2, 2), p),
    lambda T, p: T.cat([p, p]),
]


@KINDS
@pytest.mark.parametrize("name", FIELDS)
def test_a_field_of_what_has_no_size(kind, name):
    ours, theirs = (outcome(lambda T=T: getattr(of(T, kind), name)) for T in (autodiff, torch))
    assert ours == theirs


@KINDS
@pytest.mark.parametrize("name", METHODS)
def test_a_method_of_what_has_no_size(kind, name):
    ours, theirs = (outcome(lambda T=T: getattr(of(T, kind), name)()) for T in (autodiff, torch))
    assert ours == theirs


@BOTH
@KINDS
@pytest.mark.parametrize("call", CALLS)
def test_what_has_no_size_is_not_computed_with(T, kind, call):
    p = of(T, kind)
    with pytest.raises(ValueError, match="uninitialized parameter"):
        call(T, p)


@BOTH
@KINDS
@pytest.mark.parametrize("dtype", [None, "float64"])
@pytest.mark.parametrize("shape", [3, (2, 3), ()])
def test_materialize_changes_the_class(T, kind, dtype, shape):
    p = of(T, kind)
    p.materialize(shape, dtype=getattr(T, dtype) if dtype else None)
    assert type(p) is (T.nn.Parameter if kind == "UninitializedParameter" else T.Tensor)
    assert tuple(p.shape) == (shape if isinstance(shape, tuple) else (shape,))
    assert p.dtype == (T.float64 if dtype else T.float32)
    assert p.requires_grad == (kind == "UninitializedParameter")


def test_copies_and_pickles_stay_lazy():
    for twin in (copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))):
        layer = twin(autodiff.nn.LazyLinear(3).double())
        assert autodiff.nn.parameter.is_lazy(layer.weight)
        assert layer.weight.dtype == autodiff.float64
        other = twin(layer)
        other(autodiff.ones(2, 4, dtype=autodiff.float64))
        assert type(other) is autodiff.nn.Linear
        assert other.weight.shape == (3, 4)
        assert autodiff.nn.parameter.is_lazy(layer.weight)
        assert not other._hooks
        assert type(twin(other)) is autodiff.nn.Linear


@BOTH
def test_states_go_both_ways(T):
    layer = T.nn.LazyLinear(3)
    layer.load_state_dict(T.nn.Linear(4, 3).state_dict())
    assert tuple(layer.weight.shape) == (3, 4)
    with pytest.raises(AssertionError, match="inferred from input: 5 is not equal to in_features from self"):
        layer(T.ones(2, 5))
    assert layer(T.ones(2, 4)).shape == (2, 3)
    assert layer.in_features == 4
    lazy = T.nn.LazyLinear(3)
    with pytest.raises(RuntimeError, match="shape of an uninitialized"):
        T.nn.Linear(4, 3).load_state_dict(lazy.state_dict())
    lazy.load_state_dict(T.nn.LazyLinear(3).state_dict())
    assert lazy.has_uninitialized_params()


@pytest.mark.parametrize("assign", [False, True])
def test_a_load_that_fails_leaves_what_was_lazy_lazy(assign):
    model = autodiff.nn.Sequential(autodiff.nn.LazyLinear(3), autodiff.nn.Linear(3, 2))
    state = autodiff.nn.Sequential(autodiff.nn.Linear(4, 3), autodiff.nn.Linear(3, 5)).state_dict()
    with pytest.raises(RuntimeError, match="size mismatch for 1"):
        model.load_state_dict(state, assign=assign)
    assert isinstance(model[0].weight, autodiff.nn.UninitializedParameter)
    assert model(autodiff.ones(2, 7)).shape == (2, 2)


@BOTH
def test_a_lazy_layer_of_ones_own(T):
    class Scale(T.nn.modules.lazy.LazyModuleMixin, T.nn.Module):
        def __init__(self):
            super().__init__()
            self.factor = T.nn.UninitializedParameter()
            self.shift = T.nn.UninitializedBuffer()

        def initialize_parameters(self, input, *, also=True):
            self.factor.materialize(input.shape[-1:])
            T.nn.init.ones_(self.factor)
            if also:
                self.shift.materialize(input.shape[-1:])
                self.shift.zero_()

        def forward(self, input, also=True):
            return input * self.factor + self.shift

    layer = Scale().half()
    assert layer.has_uninitialized_params()
    assert list(layer.state_dict()) == ["factor", "shift"]
    with pytest.raises(RuntimeError, match="share memory on an uninitialized"):
        layer.share_memory()
    with pytest.raises(RuntimeError, match="module Scale has not been fully initialized"):
        Scale()(T.ones(2, 3), also=False)
    assert layer(input=T.ones(2, 3).half()).dtype == T.float16
    assert type(layer) is Scale
    assert not layer.has_uninitialized_params()
    assert layer(T.ones(5, 3)).shape == (5, 3)
    bare = type("Bare", (T.nn.modules.lazy.LazyModuleMixin, T.nn.Module), {})()
    with pytest.raises(NotImplementedError, match="initialize_parameters is not implemented for Bare"):
        bare(T.ones(1))


@pytest.mark.parametrize(
    ("name", "shape", "text"),
    [
        ("LazyLinear", (), "the last dimension"), ("LazyBatchNorm1d", (3,), "dimension 1"),
        ("LazyInstanceNorm1d", (3,), "dimension 1"),
    ],
)  # fmt: skip
def test_an_input_without_the_dimension_that_is_asked_for(name, shape, text):
    options = (2,) if name == "LazyLinear" else ()
    with pytest.raises(IndexError):
        getattr(torch.nn, name)(*options)(torch.ones(shape))
    with pytest.raises(IndexError, match=f"{name} learns its size from {text} of its input, and an input of shape "):
        getattr(autodiff.nn, name)(*options)(autodiff.ones(shape))


@BOTH
def test_an_optimizer_keeps_what_gets_its_size_later(T):
    T.manual_seed(0)
    model = T.nn.Sequential(T.nn.LazyLinear(4), T.nn.ReLU(), T.nn.LazyLinear(1))
    optimizer = T.optim.SGD(model.parameters(), lr=0.1)
    model(T.ones(2, 3)).sum().backward()
    before = model[2].weight.detach().clone()
    optimizer.step()
    assert not T.equal(before, model[2].weight)


LAZY = [name for name in autodiff.nn.__all__ if name.startswith("Lazy")]


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
@pytest.mark.parametrize("name", LAZY)
def test_a_lazy_layer_has_the_dtype_that_was_asked_for(name, dtype):
    """Each of its parameters and buffers, before the first call and after it."""
    assert len(LAZY) >= 13
    n = int(name[-2]) if name[-1] == "d" else 1
    shape = (2, 4, *[5] * n) if name[-1] == "d" else (2, 4)
    arguments = (3, 2) if "Conv" in name else (3,) if name == "LazyLinear" else ()
    found = []
    for T in (autodiff, torch):
        layer = getattr(T.nn, name)(*arguments, dtype=getattr(T, dtype))
        before = {k: str(t.dtype) for k, t in layer.state_dict().items()}
        with torch.no_grad(), autodiff.no_grad():
            layer(T.ones(*shape, dtype=getattr(T, dtype)))
        found.append((before, {k: (str(t.dtype), tuple(t.shape)) for k, t in layer.state_dict().items()}))
    ours, theirs = ([{k: str(v).replace("autodiff", "torch") for k, v in part.items()} for part in each] for each in found)
    assert ours == theirs


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")
@pytest.mark.parametrize("nested", [False, True])
def test_what_has_no_size_is_not_compiled(nested, torch):
    for T in (autodiff, torch):
        for layer in (T.nn.LazyLinear(2), T.nn.LazyBatchNorm1d(affine=False)):
            model = T.nn.Sequential(layer) if nested else layer
            with pytest.raises(RuntimeError, match="run a forward pass"):
                T.jit.script(model)
    model = autodiff.nn.LazyLinear(2)
    model(autodiff.ones(2, 3))
    assert autodiff.jit.script(model) is model
