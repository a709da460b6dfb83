"""What is asked of modules beyond a course: hooks on all of them, the older hooks, empty memory, wrappers, importable paths."""

import copy
import importlib
import itertools
import pickle
import warnings

import numpy as np
import pytest

import autodiff
from autodiff.nn._everywhere import EVERYWHERE

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch])


@pytest.fixture(autouse=True)
def nothing_left():
    yield
    assert not any(EVERYWHERE.values())
    EVERYWHERE.clear()
    torch.nn.modules.module._global_is_full_backward_hook = None  # which PyTorch remembers


def model_of(T):
    T.manual_seed(0)
    return T.nn.Sequential(T.nn.Linear(3, 2), T.nn.Sequential(T.nn.Tanh(), T.nn.Linear(2, 1)))


def ran(T, register):
    """What happens, in order, where a model with hooks on all modules runs and goes back."""
    noted, handles = [], []
    model = model_of(T)
    name_of = {module: name for name, module in model.named_modules()}
    register(T.nn.modules.module, lambda *what: noted.append((what[0], name_of[what[1]], *what[2:])), handles)
    model[1].register_forward_pre_hook(lambda module, args: noted.append(("own", "1")))
    x = T.ones(4, 3, requires_grad=True)
    y = model(x)
    y.sum().backward()
    for handle in handles:
        handle.remove()
    model(x)
    return noted, y.detach().numpy(), x.grad.numpy()


def shapes(grads):
    return [None if g is None else tuple(g.shape) for g in grads]


def forward_hooks(m, note, handles):
    handles.append(m.register_module_forward_pre_hook(lambda module, args: note("before", module, len(args))))
    handles.append(m.register_module_forward_hook(lambda module, args, y: note("after", module, tuple(y.shape))))
    handles.append(m.register_module_forward_hook(lambda module, args, kwargs, y: note("kw", module, kwargs), with_kwargs=True))


def changing_hooks(m, note, handles):
    handles.append(m.register_module_forward_pre_hook(lambda module, args: (args[0] * 2,)))
    handles.append(m.register_module_forward_hook(lambda module, args, y: y + 1))


def backward_hooks(m, note, handles):
    handles.append(m.register_module_full_backward_pre_hook(lambda module, go: note("back", module, shapes(go))))
    handles.append(m.register_module_full_backward_hook(lambda module, gi, go: note("full", module, shapes(gi), shapes(go))))


@pytest.mark.parametrize("register", [forward_hooks, changing_hooks, backward_hooks])
def test_hooks_on_every_module(register):
    ours, theirs = (ran(T, register) for T in (autodiff, torch))
    assert ours[0] == theirs[0]
    for a, b in zip(ours[1:], theirs[1:], strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


@BOTH
def test_an_error_reaches_the_hooks_that_are_always_called(T):
    noted = []
    handle = T.nn.modules.module.register_module_forward_hook(lambda module, args, y: noted.append(y), always_call=True)
    with pytest.raises(RuntimeError):
        T.nn.Linear(2, 2)(T.ones(3))
    handle.remove()
    assert noted == [None]


@BOTH
def test_registrations_are_seen_and_changed(T):
    noted, m = [], T.nn.modules.module
    handles = [
        m.register_module_parameter_registration_hook(lambda module, name, p: noted.append(("p", name))),
        m.register_module_buffer_registration_hook(lambda module, name, b: noted.append(("b", name))),
        m.register_module_module_registration_hook(lambda module, name, sub: T.nn.Tanh() if name == "act" else None),
    ]
    model = T.nn.Module()
    model.linear, model.act = T.nn.Linear(1, 1), T.nn.ReLU()
    model.register_buffer("mean", T.ones(1))
    model.add_module("act2", T.nn.ReLU())
    for handle in handles:
        handle.remove()
    assert noted == [("p", "weight"), ("p", "bias"), ("b", "mean")]
    assert type(model.act) is T.nn.Tanh
    assert type(model.act2) is T.nn.ReLU


def old_hooks(T, module, x, each=None):
    noted = []
    hook = lambda module, gi, go: noted.append((shapes(gi), shapes(go)))  # noqa: E731
    handle = module.register_backward_hook(hook) if each is None else each(T).register_module_backward_hook(hook)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        module(x).sum().backward()
    handle.remove()
    return noted, [w.category for w in caught]


@pytest.mark.parametrize("each", [None, lambda T: T.nn.modules.module])
def test_the_older_backward_hook_sees_the_last_operation(each):
    for make in (lambda T: T.nn.Tanh(), lambda T: T.nn.Sequential(T.nn.Tanh(), T.nn.Sigmoid())):
        ours, theirs = (old_hooks(T, make(T), T.ones(4, 3, requires_grad=True) * 1, each) for T in (autodiff, torch))
        assert ours == theirs


@BOTH
def test_the_two_kinds_of_backward_hooks_do_not_mix(T):
    hook = lambda module, gi, go: None  # noqa: E731
    for first, second in itertools.permutations(("register_backward_hook", "register_full_backward_hook")):
        module = T.nn.Tanh()
        getattr(module, first)(hook)
        with pytest.raises(RuntimeError, match="Cannot use both regular backward hooks and full backward hooks"):
            getattr(module, second)(hook)


@BOTH
def test_hooks_of_states_by_their_private_names(T):
    model, noted = T.nn.Linear(1, 1), []
    model._register_state_dict_hook(lambda module, state, prefix, metadata: {**state, "more": 1})
    model._register_load_state_dict_pre_hook(lambda state, prefix, *rest: state.pop("more"))
    model._register_load_state_dict_pre_hook(lambda module, state, prefix, *rest: noted.append(module), with_module=True)
    state = model.state_dict()
    assert list(state) == ["weight", "bias", "more"]
    model.load_state_dict(state)
    assert noted[0] is model
    assert len(model._load_state_dict_pre_hooks) == 2
    assert len(model._state_dict_hooks) == 1


@BOTH
def test_hooks_can_be_counted(T):
    model = T.nn.Linear(1, 1)
    kinds = [f"_{kind}_hooks" for kind in ("forward", "forward_pre", "backward", "backward_pre")]
    assert [len(getattr(model, kind)) for kind in kinds] == [0] * 4
    hook = lambda *args: None  # noqa: E731
    model.register_forward_hook(hook)
    model.register_forward_pre_hook(hook)
    model.register_full_backward_hook(hook)
    model.register_full_backward_pre_hook(hook)
    assert [list(getattr(model, kind).values()) for kind in kinds] == [[hook]] * 4
    handle = model.register_forward_hook(hook, with_kwargs=True, always_call=True)
    assert list(model._forward_hooks_with_kwargs) == list(model._forward_hooks_always_called) == [handle.id]
    assert not model._forward_pre_hooks_with_kwargs
    model.register_load_state_dict_post_hook(hook)
    model.register_state_dict_pre_hook(hook)
    assert len(model._load_state_dict_post_hooks) == len(model._state_dict_pre_hooks) == 1


@BOTH
def test_hooks_are_pickled_and_copied_with_their_module(T):
    model = T.nn.Linear(1, 1)
    handle = model.register_forward_hook(print)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert list(twin._forward_hooks.values()) == [print]
    other = pickle.loads(pickle.dumps(handle))
    assert other.id == handle.id
    other.remove()
    assert model.register_forward_hook(print).id > handle.id


@BOTH
def test_empty_memory(T):
    model = model_of(T)
    parameters = list(model.parameters())
    assert model.to_empty(device="cpu") is model
    assert all(a is b for a, b in zip(parameters, model.parameters(), strict=True))
    assert [tuple(p.shape) for p in parameters] == [(2, 3), (2,), (1, 2), (1,)]


@BOTH
def test_a_container_warns(T):
    with pytest.warns(FutureWarning, match=r"`nn\.Container` is deprecated"):
        container = T.nn.Container(a=T.nn.ReLU())
    assert list(container._modules) == ["a"]


@BOTH
def test_data_parallel(T):
    T.manual_seed(0)
    inner = T.nn.Linear(3, 2)
    model = T.nn.DataParallel(inner)
    assert model.module is inner
    assert list(model.state_dict()) == ["module.weight", "module.bias"]
    assert T.equal(model(T.ones(4, 3)), inner(T.ones(4, 3)))
    assert repr(model) == "DataParallel(\n  (module): Linear(in_features=3, out_features=2, bias=True)\n)"
    state = model.state_dict()
    T.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
    inner.load_state_dict(state)
    assert list(state._metadata) == list(inner.state_dict()._metadata)
    with pytest.raises(ValueError, match="Default process group has not been initialized"):
        T.nn.parallel.DistributedDataParallel(inner)


@BOTH
def test_tuples_of_sizes(T):
    u = T.nn.modules.utils
    assert (u._single(2), u._pair(2), u._triple([1, 2, 3]), u._quadruple(1)) == ((2,), (2, 2), (1, 2, 3), (1, 1, 1, 1))
    assert u._reverse_repeat_tuple((1, 2), 2) == (2, 2, 1, 1)


PATHS = {
    "activation": "ReLU", "adaptive": "AdaptiveLogSoftmaxWithLoss", "batchnorm": "BatchNorm1d",
    "channelshuffle": "ChannelShuffle",
    "container": "Container", "conv": "Conv2d", "distance": "CosineSimilarity", "dropout": "Dropout", "flatten": "Flatten",
    "fold": "Fold", "instancenorm": "InstanceNorm1d", "lazy": "LazyModuleMixin", "linear": "NonDynamicallyQuantizableLinear",
    "loss": "CTCLoss", "module": "Module", "normalization": "LayerNorm", "padding": "ZeroPad2d", "pixelshuffle": "PixelShuffle",
    "pooling": "MaxPool2d", "rnn": "LSTM", "sparse": "Embedding", "upsampling": "Upsample",
}  # fmt: skip


@BOTH
@pytest.mark.parametrize("path", PATHS)
def test_importable_paths(T, path):
    module = importlib.import_module(f"{T.__name__}.nn.modules.{path}")
    if path != "lazy" or T is autodiff:
        assert issubclass(getattr(module, PATHS[path]), T.nn.Module)


def test_data_parallel_as_a_function():
    inner = autodiff.nn.Linear(3, 2)
    inner.compile()
    for inputs in (autodiff.ones(4, 3), (autodiff.ones(4, 3),)):
        assert autodiff.equal(autodiff.nn.parallel.data_parallel(inner, inputs), inner(autodiff.ones(4, 3)))


def test_layers_are_found_in_modules_too():
    from autodiff.nn.modules import Linear, ZeroPad2d

    assert Linear is autodiff.nn.Linear
    assert ZeroPad2d is autodiff.nn.modules.padding.ZeroPad2d
    assert not hasattr(autodiff.nn.modules, "functional")


@BOTH
def test_a_hook_that_fails_after_an_error_is_told_of_and_no_more(T):
    layer = T.nn.Linear(2, 2)
    noted = []
    layer.register_forward_hook(lambda module, args, y: 1 / 0, always_call=True)
    layer.register_forward_hook(lambda module, args, y: noted.append(y), always_call=True)
    with pytest.warns(UserWarning, match="raised an exception that was silenced"), pytest.raises(RuntimeError):
        layer(T.ones(3))
    assert noted == [None]


def test_types_of_sizes():
    ours, theirs = (vars(importlib.import_module(f"{name}.nn.common_types")) for name in ("autodiff", "torch"))
    assert {name for name in theirs if name.startswith(("_size", "_ratio", "_scalar"))} <= set(ours)
