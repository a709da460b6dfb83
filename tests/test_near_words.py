"""Mistakes in making models and optimisers: PyTorch's class and text, and then the word, or the line, that was meant."""

import copy
import inspect
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff import nn, optim
from autodiff.utils.data import DataLoader

torch = pytest.importorskip("torch")
PARAMS = [autodiff.ones(1, requires_grad=True)]
MADE = {
    "SGD": lambda **kw: optim.SGD(PARAMS, **kw),
    "Linear": lambda **kw: nn.Linear(2, 3, **kw),
    "Dropout": lambda **kw: nn.Dropout(**kw),
    "Softmax": lambda **kw: nn.Softmax(**kw),
    "LeakyReLU": lambda **kw: nn.LeakyReLU(**kw),
    "CrossEntropyLoss": lambda **kw: nn.CrossEntropyLoss(**kw),
    "DataLoader": lambda **kw: DataLoader([1], **kw),
}


@pytest.mark.parametrize(
    ("make", "word", "meant"),
    [
        ("SGD", "learning_rate", "lr"),
        ("SGD", "momentun", "momentum"),
        ("SGD", "weight_dcay", "weight_decay"),
        ("SGD", "decay", "weight_decay"),
        ("Dropout", "prob", "p"),
        ("Dropout", "rate", "p"),
        ("Softmax", "axis", "dim"),
        ("LeakyReLU", "slope", "negative_slope"),
        ("CrossEntropyLoss", "smoothing", "label_smoothing"),
        ("CrossEntropyLoss", "reducton", "reduction"),
        ("Linear", "use_bias", "bias"),
        ("DataLoader", "batchsize", "batch_size"),
        ("DataLoader", "suffle", "shuffle"),
        ("DataLoader", "workers", "num_workers"),
    ],
)
def test_the_word_that_was_meant(make, word, meant):
    text = rf"{make}\.__init__\(\) got an unexpected keyword argument '{word}'; did you mean '{meant}'\?"
    with pytest.raises(TypeError, match=text):
        MADE[make](**{word: 1})


@given(data=st.data(), name=st.sampled_from(sorted(set(nn.__all__) - {"functional", "init", "utils"})))
def test_a_letter_too_few_or_too_many(data, name):
    layer = getattr(nn, name)
    if not isinstance(layer, type):
        return
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    words = [p.name for p in inspect.signature(layer).parameters.values() if p.kind in kinds and len(p.name) > 4]
    if not words or not issubclass(layer, nn.Module):
        return
    word = data.draw(st.sampled_from(words))
    at = data.draw(st.integers(1, len(word) - 1))
    wrong = data.draw(st.sampled_from([word[:at] + word[at + 1 :], word[:at] + "e" + word[at:]]))
    if wrong in inspect.signature(layer).parameters:
        return
    with pytest.raises(TypeError, match=f"unexpected keyword argument '{wrong}'; did you mean '"):
        layer(**{wrong: 1})


def test_features_are_counted_in_other_words():
    for a, b in (("input_size", "output_size"), ("in_dim", "units"), ("in_feature", "out_features")):
        with pytest.raises(TypeError, match=f"'{a}'; did you mean 'in_features'"):
            nn.Linear(**{a: 2, b: 3})
    with pytest.raises(TypeError, match="'units'; did you mean 'out_features'"):
        nn.Linear(2, units=3)


def test_a_word_that_is_given_already_is_not_meant():
    with pytest.raises(TypeError, match="'input_size'; it takes in_features, out_features, bias, device, dtype"):
        nn.Linear(in_features=2, out_features=1, input_size=2)
    with pytest.raises(TypeError, match="'in_feature'; did you mean 'out_features'"):
        nn.Linear(in_features=2, in_feature=1)


def test_no_word_is_near():
    with pytest.raises(TypeError, match="'zzz'; it takes p, inplace"):
        nn.Dropout(zzz=1)
    with pytest.raises(TypeError, match="'p'; it takes nothing"):
        nn.Tanh(p=1)


def test_classes_of_the_users():
    class Net(nn.Module):
        def __init__(self, hidden, *, depth=1):
            super().__init__()

    class Free(nn.Module):
        def __init__(self, **options):
            super().__init__()
            self.options = options

    class Made(optim.Optimizer):
        def __init__(self, params, lr=0.1):
            super().__init__(params, {"lr": lr})

    assert Free(anything=1).options == {"anything": 1}
    with pytest.raises(TypeError, match=r"Net.__init__\(\) got an unexpected keyword argument 'dept'; did you mean 'depth'"):
        Net(3, dept=2)
    with pytest.raises(TypeError, match=r"Made.__init__\(\) got an unexpected keyword argument 'learning_rate'; did you mean"):
        Made(PARAMS, learning_rate=2)
    with pytest.raises(TypeError, match=r"missing 1 required positional argument: 'hidden'"):
        Net()
    for module in (Net(hidden=3, depth=2), Free(a=1)):
        assert type(copy.deepcopy(module)) is type(module)
    assert pickle.loads(pickle.dumps(nn.Linear(2, 3))).in_features == 2


def test_signatures_stay():
    for name in ("Linear", "Dropout", "Sequential"):
        assert (
            list(inspect.signature(getattr(nn, name)).parameters)[:2]
            == list(inspect.signature(getattr(torch.nn, name)).parameters)[:2]
        )
    assert list(inspect.signature(optim.SGD).parameters) == list(inspect.signature(torch.optim.SGD).parameters)
    assert list(inspect.signature(optim.Optimizer).parameters) == ["params", "defaults"]
    assert list(inspect.signature(DataLoader).parameters) == list(inspect.signature(torch.utils.data.DataLoader).parameters)


# ---- super().__init__() ----


@pytest.mark.parametrize(
    "first",
    [
        lambda T, self: setattr(self, "fc", T.nn.Linear(1, 1)),
        lambda T, self: setattr(self, "w", T.nn.Parameter(T.ones(1))),
        lambda T, self: setattr(self, "b", T.nn.Buffer(T.ones(1))),
        lambda T, self: self.register_buffer("b", T.ones(1)),
        lambda T, self: self.register_parameter("b", None),
        lambda T, self: self.parameters().__next__(),
        lambda T, self: self(T.ones(1)),
        lambda T, self: self.fc,
        lambda T, self: self.train(),
        lambda T, self: self.state_dict(),
    ],
)
def test_super_init_was_forgotten(first):
    for T in (autodiff, torch):

        class Net(T.nn.Module):
            def __init__(self):
                first(T, self)  # noqa: B023

            def forward(self, x):
                return x

        with pytest.raises(AttributeError) as caught:
            Net()
        if T is autodiff:
            assert "call super().__init__() first, in Net.__init__" in str(caught.value)
            ours = str(caught.value)
        elif "before Module.__init__() call" in str(caught.value):
            assert ours.startswith(str(caught.value))


# ---- no parameters ----


def holding(**attributes):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            for name, value in attributes.items():
                setattr(self, name, value)

    return Net()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ([nn.Linear(1, 1)], "Net.held is a plain list of modules: put them into an nn.ModuleList"),
        ((nn.Linear(1, 1),), "Net.held is a plain tuple of modules: put them into an nn.ModuleList"),
        ({"a": nn.Linear(1, 1)}, "Net.held is a plain dict of modules: put them into an nn.ModuleDict"),
        ([nn.Parameter(autodiff.ones(1))], "Net.held is a plain list of parameters: put them into an nn.ParameterList"),
        ({"a": nn.Parameter(autodiff.ones(1))}, "Net.held is a plain dict of parameters: put them into an nn.ParameterDict"),
        (autodiff.ones(1, requires_grad=True), "Net.held is a plain Tensor: make it an nn.Parameter"),
    ],
)
def test_what_holds_the_parameters(value, text):
    for read in (lambda m: m.parameters(), lambda m: m.named_parameters()):
        with pytest.raises(ValueError) as caught:
            optim.SGD(read(holding(held=value)), lr=0.1)
        assert str(caught.value) == f"optimizer got an empty parameter list: {text}"
        with pytest.raises(ValueError, match=r"Sequential\.0\.held is a plain"):
            optim.SGD(read(nn.Sequential(holding(held=value))), lr=0.1)


def test_nothing_holds_parameters():
    used_up = nn.Linear(1, 1).parameters()
    list(used_up)
    for params in ([], iter([]), used_up, holding(a=[1], b="x").parameters(), list(holding(held=[nn.ReLU()]).parameters())):
        with pytest.raises(ValueError, match=r"empty parameter list: .*write model.parameters\(\) here.*an nn.ModuleList"):
            optim.SGD(params, lr=0.1)


@pytest.mark.parametrize(
    ("cls", "given", "missing"),
    [
        (autodiff.nn.Conv2d, (3, 4), "1 required positional argument: 'kernel_size'"),
        (autodiff.nn.ConvTranspose3d, (3,), "2 required positional arguments: 'out_channels' and 'kernel_size'"),
        (autodiff.nn.LazyConv1d, (3,), "1 required positional argument: 'kernel_size'"),
        (autodiff.nn.Bilinear, (3,), "2 required positional arguments: 'in2_features' and 'out_features'"),
        (autodiff.nn.GroupNorm, (3,), "1 required positional argument: 'num_channels'"),
    ],
)
def test_what_a_constructor_misses_is_said_of_the_class_that_was_called(cls, given, missing, torch):
    for made in (cls, getattr(torch.nn, cls.__name__)):
        with pytest.raises(TypeError, match=rf"^{cls.__name__}\.__init__\(\) missing {missing}$"):
            made(*given)
