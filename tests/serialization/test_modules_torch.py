"""Whole modules in a file, under PyTorch's names: PyTorch reads what is written here, and the other way round."""

import contextlib
import inspect
import io
import warnings

import pytest

import autodiff

torch = pytest.importorskip("torch")

DIRECTIONS = {"ours to theirs": (autodiff, torch), "theirs to ours": (torch, autodiff), "ours to ours": (autodiff, autodiff)}
both_ways = pytest.mark.parametrize(("T", "R"), DIRECTIONS.values(), ids=DIRECTIONS)
LAYERS = [
    name for name in autodiff.nn.__all__
    if inspect.isclass(getattr(autodiff.nn, name)) and issubclass(getattr(autodiff.nn, name), autodiff.nn.Module)
]  # fmt: skip


SMALL = {"Transformer": (4, 2, 1, 1, 8), "TransformerEncoderLayer": (4, 2, 8), "TransformerDecoderLayer": (4, 2, 8)}


def through(T, R, obj, new=True):
    file = io.BytesIO()
    T.save(obj, file, _use_new_zipfile_serialization=new)
    file.seek(0)
    return R.load(file, weights_only=False)


def made(T, name):
    """A layer, of the first of these arguments that it takes."""
    small = SMALL.get(name)
    for args in ((), (3,), (3, 2), (3, 2, 1), ([3],), (4, 2)) if small is None else (small,):
        with contextlib.suppress(TypeError, ValueError, AssertionError), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return getattr(T.nn, name)(*args)
    return None


@pytest.mark.filterwarnings("ignore:.*deprecated:FutureWarning")
@pytest.mark.parametrize("name", LAYERS)
def test_every_layer_is_written_and_read(name):
    for T, R in DIRECTIONS.values():
        T.manual_seed(0)
        layer = made(T, name)
        if layer is None:
            continue
        if T is not R and name.startswith("Lazy"):
            continue  # it holds hooks of its own, which are written otherwise in either package
        found = through(T, R, layer)
        assert type(found) is getattr(R.nn, name)
        assert repr(found) == repr(layer)
        if not name.startswith("Lazy"):
            before, after = layer.state_dict(), found.state_dict()
            assert [(k, v.tolist()) for k, v in before.items()] == [(k, v.tolist()) for k, v in after.items()]
            found.requires_grad_(True)
        assert repr(found.eval().train()) == repr(layer)


@both_ways
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
def test_a_model_computes_the_same(T, R, new):
    T.manual_seed(0)
    nn = T.nn
    model = nn.Sequential(
        nn.Linear(3, 4), nn.ReLU(), nn.Dropout(0.5), nn.ELU(0.5), nn.Linear(4, 2, bias=False), nn.Softmax(dim=1)
    ).eval()
    model[4].weight.requires_grad_(False)
    model.register_buffer("scale", T.ones(1), persistent=False)
    found = through(T, R, model, new)
    assert repr(found) == repr(model)
    assert not found.training
    assert [p.requires_grad for p in found.parameters()] == [p.requires_grad for p in model.parameters()]
    assert list(found.state_dict()) == list(model.state_dict())
    x, y = model(T.ones(1, 3)).tolist(), found(R.ones(1, 3)).tolist()
    assert x[0] == pytest.approx(y[0], rel=1e-6)


def hook(module, args, output):
    return output * 2


def pre_hook(module, args, kwargs):
    return (args[0] + 1,), kwargs


@both_ways
def test_hooks_stay(T, R):
    model = T.nn.Linear(2, 1)
    model.register_forward_hook(hook)
    model.register_forward_pre_hook(pre_hook, with_kwargs=True)
    found = through(T, R, model)
    assert found(R.ones(1, 2)).item() == pytest.approx(model(T.ones(1, 2)).item(), rel=1e-6)


@both_ways
def test_the_state_dict_of_a_module_read_whole_fits(T, R):
    model = T.nn.Sequential(T.nn.Linear(2, 2), T.nn.BatchNorm1d(2) if hasattr(T.nn, "BatchNorm1d") else T.nn.Tanh())
    fresh = R.nn.Sequential(R.nn.Linear(2, 2), R.nn.BatchNorm1d(2) if hasattr(R.nn, "BatchNorm1d") else R.nn.Tanh())
    if repr(fresh) == repr(model):
        fresh.load_state_dict(through(T, R, model).state_dict())
        assert fresh.state_dict().keys() == model.state_dict().keys()
