"""What programs say around a model - annotations, compilers, streams, timers - is spelt as in PyTorch, line by line."""

import importlib
import itertools
import statistics

import pytest
from alike import outcome

import autodiff

torch = pytest.importorskip("torch")

LINES = [
    "t('utils.hooks').RemovableHandle.__name__",
    "t('functional').einsum is T.einsum, t('functional').meshgrid is T.meshgrid, t('functional').split(T.arange(3), 2)",
    "issubclass(t('storage').UntypedStorage, type(T.ones(1).untyped_storage()))",
    "t('nn.modules.module')._addindent('a\\nb\\nc', 2)", "t('nn.modules.module')._addindent('a', 2)",
    "isinstance(T.ones(1, requires_grad=True).register_hook(print), t('utils.hooks').RemovableHandle)",
    "isinstance(3, t('types').Number), isinstance(3, t('types')._int), t('types')._Number",
    "isinstance(T.device('cpu'), t('types').Device), isinstance((1, 2), t('types').FileLike)",
    "t('types')._dtype is T.dtype, t('types')._device is T.device, t('types')._layout is T.layout",
    "issubclass(T.OutOfMemoryError, RuntimeError), T.cuda.OutOfMemoryError is T.OutOfMemoryError",
    "issubclass(T.AcceleratorError, RuntimeError)",
    "T.is_autocast_enabled(), T.is_autocast_enabled('cpu'), T.clear_autocast_cache()",
    "T.cuda.Event(enable_timing=True)", "T.cuda.Stream()", "T.cuda.current_stream()", "T.cuda.get_rng_state_all()",
    "T.cuda.stream(None).__enter__()",
    "T.jit.annotate(int, 3), T.jit.Attribute(1.5, float), issubclass(T.jit.ScriptModule, T.nn.Module)",
    "t('nn.modules.transformer')._get_clones(T.nn.Linear(2, 1), 3)",
    "[t('nn.modules.transformer')._get_activation_fn(name) is getattr(T.nn.functional, name) for name in ('relu', 'gelu')]",
    "t('nn.modules.transformer')._get_activation_fn('tanh')",
    "t('_dynamo').reset(), t('_dynamo').is_compiling(), t('_dynamo').config.suppress_errors",
    "t('autograd.grad_mode').no_grad is T.no_grad, t('autograd.anomaly_mode').detect_anomaly is T.autograd.detect_anomaly",
    "t('sparse').mm(T.eye(2), T.ones(2, 3)), t('sparse').addmm(T.ones(1, 1), T.ones(1, 2), T.ones(2, 1), beta=0.5)",
]  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_line(line):
    def program(T):
        return eval(line, {"T": T, "t": lambda path: importlib.import_module(f"{T.__name__}.{path}")})

    def told(T):
        found = outcome(T, program)
        return "RuntimeError" if isinstance(found, type) and issubclass(found, RuntimeError) else found

    assert str(told(autodiff)).replace("autodiff.", "torch.") == str(told(torch))


def test_what_is_refused_here():
    for refused in (autodiff.sparse.softmax, autodiff.sparse.sum):
        with pytest.raises(NotImplementedError, match=r"there are no sparse tensors"):
            refused(autodiff.ones(2), 0)
    with pytest.raises(RuntimeError, match="fetches no files"):
        importlib.import_module("autodiff.utils.model_zoo").load_url("https://example.org/x")


@pytest.mark.parametrize("T", [autodiff, torch])
def test_a_timer_measures(T):
    ran = []
    Timer = importlib.import_module(f"{T.__name__}.utils.benchmark").Timer
    timer = Timer("ran.append(x)", setup="x = 3", globals={"ran": ran}, label="one", sub_label="two")
    measured = timer.timeit(200)
    assert measured.number_per_run == 200
    assert set(ran) == {3}
    assert 200 <= len(ran) < 230
    assert 0 < measured.mean == measured.median
    assert "one: two" in repr(measured)
    many = timer.blocked_autorange(min_run_time=0.01)
    assert many.mean == pytest.approx(statistics.fmean(many.times))
    assert many.median == pytest.approx(statistics.median(many.times))
    assert sum(many.raw_times) >= 0.009


LIMITS = ["3", "T.tensor(3)", "T.tensor(4.5)", "T.tensor([3.0, 4.0, 5.0])", "T.tensor([7.0])", "None", "2.5", "True",
          "T.tensor(3.0, requires_grad=True)"]  # fmt: skip


@pytest.mark.parametrize("call", ["T.clamp(x, {}, {})", "x.clip(min={}, max={})", "x.detach().clone().clamp_({}, {})"])
@pytest.mark.parametrize("x", ["T.tensor([1.0, 5.0, 9.0], requires_grad=True)", "T.tensor([1, 5, 9])"])
def test_limits_may_be_numbers_and_tensors_without_dimensions(call, x):
    for low, high in itertools.product(LIMITS, LIMITS):
        def limited(T, low=low, high=high):
            y = eval(call.format(low, high), {"T": T, "x": eval(x, {"T": T})})
            return y.detach(), y.requires_grad

        ours, theirs = outcome(autodiff, limited), outcome(torch, limited)
        assert (isinstance(ours, type) and ours is theirs) or ours == theirs, (low, high)
