"""Modes against PyTorch: drawn programs of nested blocks, decorators and plain calls see the same switches at every step."""

import contextlib
import inspect
import warnings

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff._core.modes import Inference

torch = pytest.importorskip("torch")

SETTINGS = st.sampled_from(["no_grad", "enable_grad", "set_on", "set_off", "inference", "inference_on", "inference_off"])
MANAGERS = {
    "no_grad": lambda m: m.no_grad(),
    "enable_grad": lambda m: m.enable_grad(),
    "set_on": lambda m: m.set_grad_enabled(True),
    "set_off": lambda m: m.set_grad_enabled(False),
    "inference": lambda m: m.inference_mode(),
    "inference_on": lambda m: m.inference_mode(True),
    "inference_off": lambda m: m.inference_mode(False),
}
BARE = {"no_grad": lambda m: m.no_grad, "enable_grad": lambda m: m.enable_grad, "inference": lambda m: m.inference_mode}
HOWS = ["with", "call", "bare", "generator", "twice", "raises"]
HOW = st.sampled_from(HOWS)


def blocks(inner):
    return st.lists(st.one_of(st.booleans(), st.tuples(HOW, SETTINGS, inner)), min_size=1, max_size=3)


PROGRAMS = st.recursive(st.lists(st.booleans(), min_size=1, max_size=2), blocks, max_leaves=6)


class Stop(Exception):
    pass


def run(m, program):
    """What is seen at every step: a bool in the program is a plain call of set_grad_enabled."""
    x, seen = m.ones(2, requires_grad=True), []

    def look():
        y = x * 2
        seen.append(
            (
                m.is_grad_enabled(),
                m.is_inference_mode_enabled(),
                y.requires_grad,
                y.is_inference(),
                y.grad_fn is None,
                y.is_leaf,
            )
        )

    def block(steps):
        look()
        for step in steps:
            if isinstance(step, bool):
                m.set_grad_enabled(step)
            else:
                nested(*step)
            look()
        return len(steps)

    def nested(how, name, steps):
        if how == "with":
            with MANAGERS[name](m):
                block(steps)
        elif how == "twice":  # one manager, entered again after it was left
            manager = MANAGERS[name](m)
            look()
            with manager:
                block(steps)
            look()
            with manager:
                look()
        elif how == "raises":
            with contextlib.suppress(Stop), MANAGERS[name](m):
                block(steps)
                raise Stop
        elif how == "generator":
            decorator = MANAGERS[name](m)

            @decorator
            def generator():
                look()
                sent = yield 1
                seen.append(sent)
                block(steps)
                yield 2
                return 3

            def consumer():
                seen.append((yield from generator()))

            assert inspect.isgeneratorfunction(generator)
            items = consumer()
            seen.append(next(items))
            look()
            seen.append(items.send("sent"))
            look()
            seen.extend(items)
        else:
            decorator = BARE[name](m) if how == "bare" and name in BARE else MANAGERS[name](m)
            look()
            function = decorator(block)
            assert function.__name__ == "block"
            look()
            seen.append(function(steps))
            seen.append(function(steps))

    m.set_grad_enabled(True)
    try:
        block(program)
    finally:
        m.set_grad_enabled(True)
    return seen


@given(PROGRAMS)
def test_programs_of_modes(program):
    open_blocks = Inference.blocks
    assert run(autodiff, program) == run(torch, program)
    assert Inference.blocks == open_blocks
    assert not (autodiff.ones(1) * 2).is_inference()


@pytest.mark.parametrize("how", HOWS)
@pytest.mark.parametrize("outer", ["enable_grad", "no_grad", "inference"])
def test_every_mode_in_every_way(how, outer):
    for name in MANAGERS:
        for inner in ([False], [True]):
            program = [("with", outer, [(how, name, inner)]), (how, name, [("with", outer, [])])]
            assert run(autodiff, program) == run(torch, program), program


@pytest.mark.parametrize("name", MANAGERS)
@pytest.mark.parametrize("m", [autodiff, torch], ids=["autodiff", "torch"])
def test_a_generator_under_a_mode_is_thrown_into_and_closed(m, name):
    seen = []

    def generator():
        while True:
            try:
                yield m.is_grad_enabled(), m.is_inference_mode_enabled()
            except ValueError as error:
                seen.append((str(error), m.is_grad_enabled(), m.is_inference_mode_enabled()))
            finally:
                seen.append((m.is_grad_enabled(), m.is_inference_mode_enabled()))

    with MANAGERS[name](m):
        inside = m.is_grad_enabled(), m.is_inference_mode_enabled()
    items = MANAGERS[name](m)(generator)()
    assert next(items) == inside
    assert items.throw(ValueError("thrown")) == inside
    assert seen == [("thrown", *inside), inside]
    items.close()
    assert seen == [("thrown", *inside), inside, inside]
    assert m.is_grad_enabled()
    assert list(items) == []


@pytest.mark.parametrize("m", [autodiff, torch], ids=["autodiff", "torch"])
def test_an_error_that_a_generator_does_not_catch(m):
    @m.no_grad()
    def generator():
        yield 1
        yield 2

    items = generator()
    assert next(items) == 1
    with pytest.raises(KeyError):
        items.throw(KeyError("thrown"))
    assert m.is_grad_enabled()
    assert list(items) == []


def test_a_manager_entered_inside_itself():
    """PyTorch's forgets the outer mode; here each entry is undone."""
    for manager in (autodiff.no_grad(), autodiff.enable_grad(), autodiff.inference_mode(), autodiff.inference_mode(False)):
        with autodiff.set_grad_enabled(False):
            with manager, manager:
                pass
            assert not autodiff.is_grad_enabled()
            assert not autodiff.is_inference_mode_enabled()


def test_what_is_no_function_is_refused():
    for make in (lambda: autodiff.no_grad(3), lambda: autodiff.enable_grad(False)):
        with pytest.raises(TypeError, match="takes no argument"):
            make()


@pytest.mark.parametrize("call", ["x.max(0)", "x.sort(0)", "x.exp().unbind()", "x.exp().split(1)", "x.topk(1, 0)"])
def test_all_results_of_one_call_are_inference_tensors(torch, call):
    def results(library):
        x = library.tensor([[1.0, 2.0], [4.0, 3.0]], requires_grad=True)
        with library.inference_mode():
            return [(y.is_inference(), y.requires_grad) for y in eval(call, {"x": x})]

    assert results(autodiff) == results(torch)
    assert all(inference and not tracked for inference, tracked in results(autodiff))


@pytest.mark.parametrize("mode", ["no_grad", "enable_grad", "inference_mode"])
def test_the_warning_of_a_decorated_class_names_its_line(mode):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(autodiff, mode)()(type("Model", (), {}))
    (warning,) = caught
    assert (warning.category, warning.filename) == (FutureWarning, __file__)
    assert str(warning.message).startswith("Decorating classes is deprecated")
