"""What an assignment to a module's attribute registers, replaces and refuses: every kind of value over every kind of place."""

import pickle
import warnings

import pytest

import autodiff

torch = pytest.importorskip("torch")

VALUES = {
    "a buffer": lambda T: T.nn.Buffer(T.ones(2)),
    "a buffer that is not saved": lambda T: T.nn.Buffer(T.ones(2), persistent=False),
    "a parameter": lambda T: T.nn.Parameter(T.ones(2)),
    "a module": lambda T: T.nn.ReLU(),
    "a tensor": lambda T: T.ones(2),
    "None": lambda T: None,
    "a number": lambda T: 3,
}
PLACES = {
    "nothing": lambda T, m: None,
    "a number": lambda T, m: setattr(m, "x", 5),
    "None": lambda T, m: setattr(m, "x", None),
    "a parameter": lambda T, m: setattr(m, "x", T.nn.Parameter(T.ones(3))),
    "the place of a parameter": lambda T, m: m.register_parameter("x", None),
    "a buffer": lambda T, m: setattr(m, "x", T.nn.Buffer(T.ones(3))),
    "a buffer that is not saved": lambda T, m: m.register_buffer("x", T.ones(3), persistent=False),
    "the place of a buffer": lambda T, m: m.register_buffer("x", None),
    "a module": lambda T, m: setattr(m, "x", T.nn.Tanh()),
    "the place of a module": lambda T, m: m.add_module("x", None),
}
REGISTERS = ("_parameters", "_buffers", "_modules")


def own_register_buffer(T):
    class Own(T.nn.Linear):
        def register_buffer(self, name, value):  # as it was before buffers could be left out of the state
            super().register_buffer(name, value)

    return Own


def with_a_word_for_all(T):
    class Own(T.nn.Linear):
        def register_buffer(self, name, tensor, persistent=True):
            super().register_buffer(f"{name}_", tensor, persistent=persistent)

    return Own


MODULES = {"Linear": lambda T: T.nn.Linear, "the old": own_register_buffer, "renaming": with_a_word_for_all}


def tell_all(T, told):
    """Hooks that note what any module registers."""

    def telling(kind):
        def hook(module, name, value):
            told.append((kind, name, value is None))

        return getattr(T.nn.modules.module, f"register_module_{kind}_registration_hook")(hook)

    return [telling(kind) for kind in ("parameter", "buffer", "module")]


@pytest.mark.parametrize("module", MODULES)
@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("value", VALUES)
def test_what_an_assignment_registers(module, place, value):
    if module != "Linear" and place == "a buffer that is not saved" and module == "the old":
        return  # it cannot be made
    found = []
    for T in (autodiff, torch):
        m, told = MODULES[module](T)(2, 2), []
        PLACES[place](T, m)
        hooks = tell_all(T, told)
        try:
            m.x = VALUES[value](T)
            error = None
        except (TypeError, KeyError, RuntimeError) as caught:
            error = type(caught)
        for hook in hooks:
            hook.remove()
        rows = [
            (r, name, None if v is None else getattr(v, "shape", type(v).__name__))
            for r in REGISTERS for name, v in getattr(m, r).items()
        ]
        found.append((error, told, rows, sorted(m._non_persistent_buffers_set), "x" in m.__dict__, list(m.state_dict())))
    assert found[0] == found[1]


@pytest.mark.parametrize("container", [
    lambda T: T.nn.ParameterList([T.ones(2), T.zeros(1)]), lambda T: T.nn.ParameterDict({"a": T.ones(2)}),
    lambda T: T.nn.Sequential(T.nn.Linear(2, 2)),
])
def test_a_module_without_its_dictionaries_of_hooks_is_pickled(container):
    for T in (autodiff, torch):
        m = container(T)
        if T is autodiff:  # PyTorch looks into the dictionary of a forward hook that was counted
            m.register_forward_pre_hook(print)
            m.register_state_dict_post_hook(print)
        del m._forward_pre_hooks, m._state_dict_hooks, m._load_state_dict_pre_hooks, m._non_persistent_buffers_set
        assert not getattr(m, "_hooks", None)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            copied = pickle.loads(pickle.dumps(m))
        assert [p.tolist() for p in copied.parameters()] == [p.tolist() for p in m.parameters()]


def test_a_module_of_a_time_without_unsaved_buffers_can_be_used():
    m = autodiff.nn.BatchNorm1d(2)
    del m._non_persistent_buffers_set
    m = pickle.loads(pickle.dumps(m))
    m.more = autodiff.nn.Buffer(autodiff.ones(1), persistent=False)
    assert "more" not in m.state_dict()
