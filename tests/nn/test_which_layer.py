"""An error inside a model says which layer it comes from: the path from the outermost module, as a note."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff import nn


def notes_of(model, *args):
    with pytest.raises(Exception) as caught:
        model(*args)
    return str(caught.value), [str(note) for note in getattr(caught.value, "__notes__", [])]


class Net(nn.Module):
    """A module of the user's around others; `call` says how it calls them."""

    def __init__(self, children, call):
        super().__init__()
        self.parts = nn.ModuleList(children)
        self.call = call

    def forward(self, x):
        for part in self.parts:
            x = part(x) if self.call else part.forward(x)
        return x


def around(kind, inner, before):
    """A container with the module inside, and the name under which it is there."""
    if kind == "sequential":
        return nn.Sequential(*[nn.Identity()] * before, inner, nn.Linear(1, 1)), str(before)
    if kind == "named":
        return Named(inner), "inner"
    return Net([nn.Identity()] * before + [inner], True), f"parts.{before}"


class Named(nn.Module):
    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x)


FAULTY = {
    "Linear(in_features=3, out_features=2, bias=True)": lambda: nn.Linear(3, 2),
    "Unflatten(dim=1, unflattened_size=(7,))": lambda: nn.Unflatten(1, (7,)),
    "GLU(dim=9)": lambda: nn.GLU(9),
}


@given(
    path=st.lists(st.tuples(st.sampled_from(["sequential", "named", "net"]), st.integers(0, 2)), min_size=1, max_size=4),
    layer=st.sampled_from(sorted(FAULTY)),
    hooked=st.booleans(),
)
def test_the_path_is_that_from_the_outermost_module(path, layer, hooked):
    model, names = FAULTY[layer](), []
    expected, _ = notes_of(model, autodiff.ones(4, 5))
    if hooked:
        model.register_forward_hook(lambda *args: None)
    for kind, before in path:
        model, name = around(kind, model, before)
        names.insert(0, name)
    message, notes = notes_of(model, autodiff.ones(4, 5))
    assert message == expected
    assert notes == [f"In {'.'.join(names)} of {type(model).__name__}: {layer}, called with a Tensor of shape [4, 5]."]


def test_a_layer_alone_names_itself():
    _, notes = notes_of(nn.Linear(3, 2), autodiff.ones(4, 5))
    assert notes == ["In Linear(in_features=3, out_features=2, bias=True), called with a Tensor of shape [4, 5]."]
    _, notes = notes_of(nn.CrossEntropyLoss(), autodiff.ones(4, 5), [1])
    assert notes == ["In CrossEntropyLoss(), called with a Tensor of shape [4, 5], list."]


def test_the_users_own_errors_are_told_too():
    class Failing(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(1, 1)

        def forward(self):
            raise KeyError("mine")

    message, notes = notes_of(Failing())
    assert (message, notes) == ("'mine'", ["In Failing(...), called with nothing."])


def test_a_layer_that_is_nobodys_child_keeps_its_own_name():
    hidden = [nn.Linear(3, 2)]

    class Hiding(nn.Module):
        def forward(self, x):
            return hidden[0](x)

    _, notes = notes_of(nn.Sequential(Hiding()), autodiff.ones(4, 5))
    assert notes == ["In Linear(in_features=3, out_features=2, bias=True), called with a Tensor of shape [4, 5]."]


def test_an_error_that_was_caught_leaves_nothing_behind():
    class Forgiving(nn.Module):
        def __init__(self):
            super().__init__()
            self.bad, self.good = nn.Linear(3, 2), nn.Linear(5, 1)

        def forward(self, x):
            try:
                return self.bad(x)
            except RuntimeError:
                return self.good(x)

    assert nn.Sequential(Forgiving())(autodiff.ones(4, 5)).shape == (4, 1)
    _, notes = notes_of(nn.Sequential(Forgiving(), nn.Linear(2, 2)), autodiff.ones(4, 5))
    layer = "Linear(in_features=2, out_features=2, bias=True)"
    assert notes == [f"In 1 of Sequential: {layer}, called with a Tensor of shape [4, 1]."]


def test_the_error_is_pickled_without_the_model():
    model = nn.Sequential(nn.Linear(3, 2))
    model[0].register_forward_hook(lambda *args: None)  # which no pickle takes
    with pytest.raises(RuntimeError) as caught:
        model(autodiff.ones(4, 5))
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.__notes__ == [str(caught.value.__notes__[0])]
    assert [type(note) for note in again.__notes__] == [str]


def test_no_child_at_all():
    model = nn.Sequential(nn.Linear(5, 2), nn.ReLU())
    model[1] = None
    with pytest.raises((AttributeError, TypeError)):
        model(autodiff.ones(4, 5))
