"""Hooks by PyTorch's tables, `_forward_hooks` and its sisters: read, emptied, replaced and deleted as there."""

from collections import OrderedDict

import pytest
from alike import told

import autodiff
from autodiff.nn._everywhere import EVERYWHERE

# How a hook is registered, and in which table it stands.
TABLES = {
    "register_forward_pre_hook": "_forward_pre_hooks",
    "register_forward_hook": "_forward_hooks",
    "register_full_backward_hook": "_backward_hooks",
    "register_backward_hook": "_backward_hooks",
    "register_full_backward_pre_hook": "_backward_pre_hooks",
    "register_state_dict_pre_hook": "_state_dict_pre_hooks",
    "register_state_dict_post_hook": "_state_dict_hooks",
    "register_load_state_dict_pre_hook": "_load_state_dict_pre_hooks",
    "register_load_state_dict_post_hook": "_load_state_dict_post_hooks",
}
EVERY = {
    "register_module_forward_pre_hook": "_global_forward_pre_hooks",
    "register_module_forward_hook": "_global_forward_hooks",
    "register_module_full_backward_hook": "_global_backward_hooks",
    "register_module_full_backward_pre_hook": "_global_backward_pre_hooks",
    "register_module_parameter_registration_hook": "_global_parameter_registration_hooks",
    "register_module_buffer_registration_hook": "_global_buffer_registration_hooks",
    "register_module_module_registration_hook": "_global_module_registration_hooks",
}


def emptied(owner, name, way):
    table = getattr(owner, name)
    if way == "clear":
        table.clear()
    elif way == "each":
        for number in list(table):
            del table[number]
    elif way == "popitem":
        table.popitem()
    else:
        setattr(owner, name, OrderedDict())


def used(T, layer):
    """Everything that calls hooks of a module."""
    layer.load_state_dict(layer.state_dict())
    x = T.ones(1, 2, requires_grad=True)
    (layer(x * 1) * 1).sum().backward()
    layer.register_buffer("b", T.ones(1))
    layer.p, layer.m = T.nn.Parameter(T.ones(1)), T.nn.Module()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("way", ["clear", "each", "popitem", "another"])
@pytest.mark.parametrize("register", TABLES)
def test_a_hook_that_is_taken_out_of_its_table_is_not_called(register, way, torch):
    def program(T, say):
        layer = T.nn.Linear(2, 1)
        handle = getattr(layer, register)(lambda *args: say("called"))
        used(T, layer)
        table = getattr(layer, TABLES[register])
        say(len(table), list(table) == [handle.id], handle.id in table)
        emptied(layer, TABLES[register], way)
        used(T, layer)
        handle.remove()
        say(len(getattr(layer, TABLES[register])))
        getattr(layer, register)(lambda *args: say("another"))
        used(T, layer)

    found = told(autodiff, program)
    assert found == told(torch, program)
    assert "called" in str(found)


@pytest.mark.parametrize("way", ["clear", "each", "popitem", "another"])
@pytest.mark.parametrize("register", EVERY)
def test_a_hook_on_every_module_that_is_taken_out_of_its_table_is_not_called(register, way, torch):
    def program(T, say):
        everywhere = T.nn.modules.module
        layer = T.nn.Linear(2, 1)
        handle = getattr(everywhere, register)(lambda *args: say("called"))
        try:
            used(T, layer)
            say(list(getattr(everywhere, EVERY[register])) == [handle.id])
            emptied(everywhere, EVERY[register], way)
            used(T, layer)
        finally:
            handle.remove()
        say(len(getattr(everywhere, EVERY[register])))

    found = told(autodiff, program)
    assert found == told(torch, program)
    assert "called" in str(found)
    assert not EVERYWHERE


@pytest.mark.parametrize("name", ["_forward_hooks", "_forward_pre_hooks", "_backward_pre_hooks"])
def test_a_hook_that_is_put_into_a_table_is_called(name, torch):
    def program(T, say):
        layer = T.nn.Linear(2, 1)
        getattr(layer, name)[7] = lambda *args: say("called")
        used(T, layer)
        setattr(layer, name, OrderedDict([(3, lambda *args: say("the other"))]))
        used(T, layer)
        say(list(getattr(layer, name)))

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize("name", ["_state_dict_pre_hooks", "_load_state_dict_post_hooks"])
def test_a_module_without_a_table_has_an_empty_one(name, torch, tmp_path):
    """As one that an older version has saved."""

    def program(T, say):
        layer = T.nn.Softmax(0)
        getattr(layer, "register" + name[:-1])(lambda *args: say("called"))
        delattr(layer, name)
        T.save(layer, tmp_path / "model.pt")
        layer = T.load(tmp_path / "model.pt", weights_only=False)
        layer.load_state_dict(layer.state_dict())
        getattr(layer, "register" + name[:-1])(lambda *args: say("called again"))
        layer.load_state_dict(layer.state_dict())

    found = told(autodiff, program)
    assert found == told(torch, program)
    assert "again" in str(found)


def test_the_switches_of_hooks_on_every_module():
    module = autodiff.nn.modules.module
    handle = module.register_module_forward_hook(lambda *args: None, with_kwargs=True, always_call=True)
    assert handle.id in module._global_forward_hooks_with_kwargs
    assert handle.id in module._global_forward_hooks_always_called
    handle.remove()
    assert not module._global_forward_hooks_with_kwargs
    assert not module._global_forward_hooks_always_called


@pytest.mark.parametrize("where", ["pre-hook", "forward", "hook"])
def test_hooks_that_are_always_called(where, torch):
    def program(T, say):
        def fails(*args):
            raise ValueError(where)

        class Model(T.nn.Module):
            def forward(self, x):
                return fails() if where == "forward" else x

        model = Model()
        model.register_forward_pre_hook(lambda *args: say("before"))
        if where == "pre-hook":
            model.register_forward_pre_hook(fails)
        model.register_forward_hook(lambda m, args, out: say("first", out is None), always_call=True)
        if where == "hook":
            model.register_forward_hook(fails)
        model.register_forward_hook(lambda *args: say("never"))
        model.register_forward_hook(lambda m, args, out: say("last", out is None), always_call=True)
        with pytest.raises(ValueError, match=where):
            model(T.ones(1))

    found = told(autodiff, program)
    assert found == told(torch, program)
    assert "last" in str(found)


@pytest.mark.filterwarnings("ignore:Full backward hook is firing")
@pytest.mark.parametrize("reply", ["None", "the same", "a gradient"])
def test_there_is_nothing_to_replace_where_no_input_requires_a_gradient(reply, torch):
    def program(T, say):
        layer = T.nn.Linear(2, 1)
        replies = {"None": None, "the same": (None,), "a gradient": (T.ones(1, 2),)}
        layer.register_full_backward_hook(lambda *args: replies[reply])
        if reply == "a gradient":
            with pytest.raises(RuntimeError, match="where no input requires gradient"):
                layer(T.ones(1, 2)).sum().backward()
        else:
            layer(T.ones(1, 2)).sum().backward()
        say(layer.weight.grad is None)

    assert told(autodiff, program) == told(torch, program)


FORWARDS = {
    "does not take as input a single Tensor or a tuple of Tensors": (lambda m, xs: (xs[0] * 2, xs[1] * 2), ["both"]),
    "does not return a single Tensor or a tuple of Tensors": (lambda m, a, b: [a * 2, b * 2], ["a", "b"]),
    "outputs are generated by different autograd Nodes": (lambda m, a, b: (a * 2, b * 2), ["a", "b"]),
    "the forward contains multiple autograd Nodes": (lambda m, a: a.exp().exp(), ["a"]),
}


@pytest.mark.parametrize("what", FORWARDS)
def test_an_old_hook_says_why_it_does_not_see_all(what, torch):
    forward, inputs = FORWARDS[what]
    for T in (autodiff, torch):
        a, b = (T.ones(2, requires_grad=True) for _ in range(2))
        given = {"a": a, "b": b, "both": [a, b]}
        model = type("Model", (T.nn.Module,), {"forward": forward})()
        model.register_backward_hook(lambda *args: None)
        with pytest.warns(FutureWarning, match=what):
            model(*(given[name] for name in inputs))


def test_one_function_is_not_registered_both_ways(torch):
    for T in (autodiff, torch):
        layer = T.nn.Linear(1, 1)

        def hook(*args):
            return None

        layer.register_state_dict_post_hook(hook)
        with pytest.raises(RuntimeError, match="previously registered via register_state_dict_post_hook"):
            layer._register_state_dict_hook(hook)


@pytest.mark.parametrize("register", ["register_full_backward_hook", "register_full_backward_pre_hook"])
@pytest.mark.parametrize("watched", [True, False])
def test_the_output_of_a_watched_module_is_not_changed_in_place(register, watched, torch):
    for T in (autodiff, torch):
        layer = T.nn.Linear(2, 2)
        handle = getattr(layer, register)(lambda *args: None)
        if not watched:
            handle.remove()
        y = layer(T.ones(1, 2, requires_grad=True))
        if watched:
            with pytest.raises(RuntimeError, match="Output 0 of BackwardHookFunction is a view and is being modified inplace"):
                y += 1
        else:
            y += 1


@pytest.mark.parametrize("kind", ["forward", "forward_pre"])
def test_a_table_that_is_put_aside_and_put_back_has_its_hooks(kind, torch):
    def outcome(T):
        calls, layer, x = [], T.nn.Linear(1, 1), T.ones(1, 1)
        handle = getattr(layer, f"register_{kind}_hook")(lambda *given: calls.append(len(given)))
        getattr(layer, f"register_{kind}_hook")(lambda *given: calls.append(-len(given)), with_kwargs=True)
        aside = getattr(layer, f"_{kind}_hooks")
        setattr(layer, f"_{kind}_hooks", OrderedDict())
        layer(x)
        setattr(layer, f"_{kind}_hooks", aside)
        layer(x)
        handle.remove()
        layer(x)
        setattr(layer, f"_{kind}_hooks", OrderedDict(getattr(layer, f"_{kind}_hooks")))  # a copy keeps the switches
        layer(x)
        getattr(layer, f"_{kind}_hooks").popitem(last=False)
        layer(x)
        return calls

    ours = outcome(autodiff)
    assert ours == outcome(torch)
    assert len(ours) == 4
