"""How far a checkpoint's second run goes, and what it finds to be another run than the first."""

import contextlib
import itertools

import pytest
from alike import told

import autodiff


def submodule(T):
    return T.utils.checkpoint if T is autodiff else __import__("torch.utils.checkpoint", fromlist=["checkpoint"])


def own(T):
    class Own(T.autograd.Function):
        @staticmethod
        def forward(ctx, a):
            ctx.save_for_backward(a)
            return a * a

        @staticmethod
        def backward(ctx, g):
            return 2 * g * ctx.saved_tensors[0]

    return Own.apply


STEPS = {
    "saves its input": lambda T, x: x.square(),
    "saves its output": lambda T, x: x.sqrt(),
    "saves nothing": lambda T, x: x + 1,
    "saves two": lambda T, x: x * (x + 1),
    "a Function": lambda T, x: own(T)(x),
    "in place": lambda T, x: x.clone().square_(),
    "in a pair": lambda T, x: x.unbind(0)[0].expand(2).square(),
}


def chain(T, names, passed):
    def run(x):
        for name in names:
            x = STEPS[name](T, x)
            passed.append(name)
        passed.append("end")
        return x

    return run


@pytest.mark.parametrize("early", ["by default", "False", "context", "argument in context"])
@pytest.mark.parametrize("names", [*itertools.permutations(STEPS, 2), *((n, n) for n in STEPS)], ids="+".join)
def test_the_second_run_ends_when_nothing_more_is_needed(names, early, torch):
    def program(T, say):
        checkpoints, passed = submodule(T), []
        x = T.tensor([1.0, 4.0], requires_grad=True)
        options = {"False": {"early_stop": False}, "argument in context": {"early_stop": True}}.get(early, {})
        context = checkpoints.set_checkpoint_early_stop(False) if "context" in early else contextlib.nullcontext()
        with context:
            y = checkpoints.checkpoint(chain(T, names, passed), x, use_reentrant=False, **options)
        for _ in range(2):
            y.sum().backward(retain_graph=True)
            say(x.grad.clone(), list(passed))

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("depth", [2, 3])
def test_checkpoints_inside_each_other(depth, early, torch):
    def program(T, say):
        checkpoints, passed = submodule(T), []
        x = T.tensor([1.0, 4.0], requires_grad=True)

        def level(n):
            def run(x):
                x = x * 2 if n == 0 else checkpoints.checkpoint(level(n - 1), x.square(), use_reentrant=False).sqrt() * 3
                passed.append(n)
                return x

            return run

        with checkpoints.set_checkpoint_early_stop(early):
            y = level(depth)(x)
        y.sum().backward()
        say(x.grad)

    assert told(autodiff, program) == told(torch, program)


def second(change):
    """A function whose second run differs from its first."""

    def make(T):
        runs = []

        def f(x):
            runs.append(1)
            return change(T, x) if len(runs) > 1 else x.square().sqrt().sum()

        return f

    return make


SECOND = {
    "the same": lambda T, x: x.square().sqrt().sum(),
    "fewer": lambda T, x: x.square().sum(),
    "more": lambda T, x: x.square().sqrt().square().sum(),
    "another shape": lambda T, x: x[:1].square().sqrt().sum(),
    "another dtype": lambda T, x: x.double().square().sqrt().sum(),
    "an error": lambda T, x: x.view(7),
}


@pytest.mark.parametrize("check", ["default", "none", "some"])
@pytest.mark.parametrize("early", [True, False])
@pytest.mark.parametrize("change", SECOND)
def test_another_second_run(change, early, check, torch):
    def program(T, say):
        checkpoints = submodule(T)
        x = T.tensor([1.0, 4.0], requires_grad=True)
        f = second(SECOND[change])(T)
        y = checkpoints.checkpoint(f, x, use_reentrant=False, early_stop=early, determinism_check=check)
        y.backward()
        say(x.grad)

    if check == "none" and change.startswith("another"):
        return  # what comes of it, is nobody's promise
    assert told(autodiff, program) == told(torch, program)


def test_contexts_of_the_two_runs(torch):
    def program(T, say):
        @contextlib.contextmanager
        def context(name):
            say("into", name)
            try:
                yield
            finally:
                say("out of", name)

        x = T.tensor([1.0, 4.0], requires_grad=True)
        y = submodule(T).checkpoint(
            lambda x: x.square() + 1, x, use_reentrant=False, context_fn=lambda: (context("first"), context("second"))
        )
        say("between")
        y.sum().backward()
        say(x.grad)

    assert told(autodiff, program) == told(torch, program)
