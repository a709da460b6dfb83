"""The doors to what is seen: what each function refuses, the two pictures of a training, a schedule of a profiler."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff as torch
from autodiff import nn, plots, profiler, seeing
from autodiff.explain.surface import Surface
from autodiff.profiler import ProfilerAction

# ---- what is refused ----

W = torch.ones(2, requires_grad=True)
LAYER, LOSS = nn.Linear(2, 2), nn.MSELoss()
SGD, BATCH = torch.optim.SGD(LAYER.parameters(), lr=0.1), (torch.ones(1, 2), torch.ones(1, 2))

REFUSED = [
    (lambda: seeing.graph(W, 3), "graph(): argument 2 must be a Tensor, not int"),
    (lambda: seeing.graph(None), "graph(): argument 1 must be a Tensor, not NoneType"),
    (seeing.graph, "graph() takes the tensors whose graph is drawn: graph(loss)"),
    (lambda: seeing.backward_steps(2.0), "backward_steps(): argument 'loss' must be a Tensor, not float"),
    (lambda: seeing.saved("w"), "saved(): argument 'tensor' must be a Tensor, not str"),
    (lambda: seeing.why(1), "why(): argument 'tensor' must be a Tensor, not int"),
    (lambda: seeing.why(None), "why(): argument 'tensor' must be a Tensor, not NoneType"),
    (lambda: seeing.why(W, 2), "why(): argument 'loss' must be a Tensor, not int"),
    (lambda: seeing.doctor(3, LOSS, SGD, BATCH), "doctor(): argument 'model' must be a Module, not int"),
    (lambda: seeing.doctor(LAYER, 3, SGD, BATCH), "doctor(): argument 'loss_fn' must be a function or a Module, not int"),
    (lambda: seeing.doctor(LAYER, LOSS, LAYER, BATCH), "doctor(): argument 'optimizer' must be an Optimizer, not Linear"),
    (lambda: seeing.doctor(LAYER, LOSS, SGD, W), "doctor(): argument 'batch' must be a pair (input, target), not Tensor"),
    (lambda: seeing.doctor(LAYER, LOSS, SGD, (W,)), "doctor(): argument 'batch' must be a pair (input, target), not tuple"),
    (lambda: seeing.doctor(LAYER, LOSS, SGD, [W, W, W]), "doctor(): argument 'batch' must be a pair (input, target), not list"),
]


@pytest.mark.parametrize(("call", "said"), REFUSED)
def test_what_is_no_tensor_or_no_model_is_refused_by_its_name(call, said):
    with pytest.raises(TypeError) as told:
        call()
    assert str(told.value) == said


def test_names_are_those_of_the_caller():
    def inner():
        first = torch.ones(2, requires_grad=True)
        second = first.exp()
        return {
            "graph": sorted(box.name for box in seeing.graph(second).graph.boxes),
            "saved": str(seeing.saved(first * second)),
            "why": str(seeing.why(first)).splitlines()[0],
        }

    told = inner()
    assert told["graph"] == ["first", "second"]
    assert "second" in told["saved"]
    assert "first" in told["saved"]
    assert told["why"].startswith("first: (2,) float32, a leaf")


def test_what_comes_from_each_door():
    loss = (W * 2).sum()
    assert [step.name for step in seeing.backward_steps(loss)] == ["SumBackward0", "MulBackward0"]
    assert "no loss" not in str(seeing.why(W, None))
    assert str(seeing.why(W, loss)) != str(seeing.why(W))
    assert seeing.summary(LAYER, torch.ones(3, 2)).multiplications == 12
    assert seeing.doctor(LAYER, LOSS, SGD, [*BATCH]).measured["input"].startswith("(1, 2) float32")
    with seeing.watch() as run:
        W * 2
    assert len(run.events) == 1


# ---- a curve ----


@pytest.fixture
def axes():
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    return Figure().subplots()


def texts(axes):
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_the_inks_of_a_curve(axes):
    plots.learning_curve([4.0, 2.0, 1.0], [3.0], axes=axes)
    trained, tested = axes.lines
    assert (trained.get_color(), trained.get_linewidth(), trained.get_marker(), trained.get_label()) == (
        "#0072b2",
        1.8,
        "None",
        "training",
    )
    assert (tested.get_color(), tested.get_linestyle(), tested.get_marker(), tested.get_markersize()) == (
        "#d55e00",
        "--",
        "o",
        4,
    )
    assert tested.get_xydata().tolist() == [[3, 3]]
    assert texts(axes) == ["training", "validation"]
    assert not axes.get_legend().get_frame_on()
    assert (axes.get_yscale(), axes.get_xlabel(), axes.get_ylabel()) == ("linear", "step", "loss")
    assert {side: spine.get_visible() for side, spine in axes.spines.items()} == {
        "left": True,
        "bottom": True,
        "right": False,
        "top": False,
    }


def test_a_single_loss_is_a_point(axes):
    plots.learning_curve([torch.tensor([[2.0]])], axes=axes)
    assert axes.lines[0].get_marker() == "."
    assert axes.get_legend() is None


@pytest.mark.parametrize(("n", "wide"), [(60, None), (61, 3), (200, 10), (219, 10)])
def test_of_more_than_60_losses_the_running_mean_is_drawn_too(axes, n, wide):
    losses = np.arange(float(n)) ** 2
    plots.learning_curve(losses, axes=axes)
    every = axes.lines[0]
    assert every.get_xydata().tolist() == [[k + 1, k**2] for k in range(n)]
    if wide is None:
        assert len(axes.lines) == 1
        assert axes.get_legend() is None
        return
    mean = axes.lines[1]
    assert (every.get_alpha(), every.get_linewidth(), mean.get_linewidth(), every.get_color(), mean.get_color()) == (
        0.3, 0.8, 1.8, "#0072b2", "#0072b2"
    )  # fmt: skip
    assert texts(axes) == [f"training, mean of {wide} steps"]
    expected = [[k + 1, losses[k + 1 - wide : k + 1].mean()] for k in range(wide - 1, n)]
    np.testing.assert_allclose(mean.get_xydata(), expected)


def test_what_is_no_number_is_refused_by_its_name():
    for name, args in (("losses", ([torch.ones(2)],)), ("validation", ([1.0], [torch.ones(0)]))):
        with pytest.raises(
            ValueError, match=rf"^learning_curve\(\): '{name}' holds numbers, or tensors of one number: loss.item\(\)$"
        ):
            plots.learning_curve(*args)
    with pytest.raises(ValueError, match=r"^learning_curve\(\) takes the losses of a training, at least one$"):
        plots.learning_curve(iter([]))


def test_a_picture_of_its_own_has_its_own_size():
    pytest.importorskip("matplotlib").use("Agg")
    from matplotlib import pyplot

    made = plots.learning_curve([1.0], log=True)
    assert made.figure.get_size_inches().tolist() == [6, 4.5]
    assert made.figure.get_layout_engine().__class__.__name__ == "ConstrainedLayoutEngine"
    assert made.get_yscale() == "log"
    pyplot.close("all")


def test_the_heights_of_a_surface_and_what_stands_on_it(axes, monkeypatch):
    across, up = np.array([0.0, 1.0, 2.0]), np.array([5.0, 6.0])
    losses = np.array([[1.0, 2.0, np.nan], [4.0, np.inf, 8.0]])
    asked = {}

    def values(model, loss_fn, batch, **options):
        asked.update(options, all=(model, loss_fn, batch))
        return Surface(("w", "b"), across, up, losses, (1.0, 5.5), np.array([[0.0, 5.0], [0.5, 5.25]]))

    monkeypatch.setattr(plots, "loss_values", values)
    options = {"directions": ("w", "b"), "path": [W], "span": 2.0, "points": 7, "seed": 3}
    assert plots.loss_surface("model", "loss", "batch", **options, axes=axes) is axes
    assert asked == {**options, "all": ("model", "loss", "batch")}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("w", "b")
    way, start, now = axes.lines
    assert way.get_xydata().tolist() == [[0, 5], [0.5, 5.25], [1, 5.5]]
    assert (start.get_xydata().tolist(), start.get_marker()) == ([[0, 5]], "o")
    assert (now.get_xydata().tolist(), now.get_marker(), now.get_markersize()) == ([[1, 5.5]], "*", 15)
    assert texts(axes) == ["training", "its start", "the model now"]
    assert {line.get_color() for line in axes.lines} == {"white"}
    bar = axes.figure.axes[1]
    assert bar.get_ylabel() == "loss"
    filled, drawn = axes.collections[:2]
    assert filled.get_cmap().name == "viridis"
    assert filled.levels.tolist() == drawn.levels.tolist() == plots._levels(np.ma.masked_invalid(losses)).tolist()
    assert (drawn.get_linewidths()[0], drawn.get_alpha()) == (0.5, 0.6)


def test_a_surface_without_a_way_has_the_model_alone(axes, monkeypatch):
    grid = np.array([0.0, 1.0])
    surface = Surface(("w", "b"), grid, grid, np.array([[1.0, 2.0], [3.0, 4.0]]), (0.5, 0.5), np.zeros((0, 2)))
    monkeypatch.setattr(plots, "loss_values", lambda *args, **options: surface)
    plots.loss_surface(None, None, None, axes=axes)
    assert texts(axes) == ["the model now"]


def test_between_two_heights_there_are_as_many_points():
    losses = np.ma.masked_invalid(np.array([*range(15), np.nan]).reshape(4, 4))
    assert plots._levels(losses) == pytest.approx(range(15))
    assert plots._levels(np.ma.masked_invalid(np.full((2, 2), 3.0))).tolist() == [2.5, 3.5]
    assert plots._levels(np.ma.masked_invalid(np.array([[1.0, 1.0], [1.0, 2.0]])))[[0, -1]].tolist() == [1, 2]


# ---- a schedule ----


@given(
    wait=st.integers(0, 3), warmup=st.integers(1, 2), active=st.integers(1, 3), repeat=st.integers(0, 2),
    skip=st.integers(0, 3),
    skip_wait=st.sampled_from([0, 1, 2]),
)  # fmt: skip
def test_a_schedule_is_cycles_of_waiting_warming_up_and_recording(wait, warmup, active, repeat, skip, skip_wait):
    plan = profiler.schedule(wait=wait, warmup=warmup, active=active, repeat=repeat, skip_first=skip, skip_first_wait=skip_wait)
    cycle = ["NONE"] * wait + ["WARMUP"] * warmup + ["RECORD"] * (active - 1) + ["RECORD_AND_SAVE"]
    cycles = cycle * (repeat or 20)
    expected = ["NONE"] * skip + (cycles[wait:] if skip_wait else cycles) + ["NONE"] * (20 if repeat else 0)
    assert [plan(k).name for k in range(min(20, len(expected)))] == expected[:20]


@pytest.mark.parametrize("name", ["wait", "warmup", "repeat", "skip_first", "active"])
def test_a_schedule_takes_no_negative_number(name):
    good = {"wait": 1, "warmup": 1, "active": 1, "repeat": 1, "skip_first": 1}
    with pytest.raises(AssertionError, match=rf"takes active above 0 and no negative number; got .*{name}=-1"):
        profiler.schedule(**{**good, name: -1})
    profiler.schedule(**{**good, name: 1})
    with pytest.raises(AssertionError, match="active=0"):
        profiler.schedule(**{**good, "active": 0})
    with pytest.raises(AssertionError, match=r"Step must be non-negative. Got -1\."):
        profiler.schedule(**good)(-1)
    for zero in ({"wait": 0}, {"repeat": 0}, {"skip_first": 0}):
        profiler.schedule(**{**good, **zero})
    with pytest.warns(UserWarning, match="won't be using warmup") as told:
        profiler.schedule(**{**good, "warmup": 0})
    assert told[0].filename == __file__


def test_a_profiler_calls_its_handler_when_a_cycle_ends():
    def calls(plan, steps):
        ready = []
        prof = profiler.profile(
            schedule=plan and (lambda k: plan[min(k, len(plan) - 1)]), on_trace_ready=lambda p: ready.append(p.step_num)
        )
        with prof as inside:
            assert inside is prof
            for _ in range(steps):
                prof.step()
        assert prof.step_num == steps
        return ready

    none, warm, record, save = ProfilerAction
    assert calls(None, 0) == [0]
    assert calls(None, 3) == [3]
    assert calls([none], 2) == calls([warm], 2) == []
    assert calls([record, save, none], 3) == [2]
    assert calls([record, record, save, none], 2) == [2]
    assert calls([save], 2) == [1, 2, 2]
    with profiler.profile(schedule=lambda k: save):
        pass


def test_nothing_was_measured_and_it_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    prof = profiler.profile(activities=[profiler.ProfilerActivity.CPU], record_shapes=True)
    said = "nothing was measured: autodiff runs as Python, so that cProfile shows where the time goes"
    for found in (prof.events(), prof.key_averages(group_by_stack_n=3), prof.key_averages().total_average()):
        assert (list(found), found.table(sort_by="cpu_time")) == ([], said)
    assert prof.table() == said
    written = {
        "trace.json": prof.export_chrome_trace, "stacks.txt": prof.export_stacks, "memory.html": prof.export_memory_timeline,
    }  # fmt: skip
    for path, export in written.items():
        said = f"^{path} is not written: autodiff measures nothing itself; run the program with python -m cProfile$"
        with pytest.warns(UserWarning, match=said) as told:
            export(path)
        assert told[0].filename == __file__
    with pytest.warns(UserWarning, match="^a trace in runs is not written: "):
        profiler.tensorboard_trace_handler("runs")(prof)
    assert [*tmp_path.iterdir()] == []
    assert profiler.supported_activities() == {profiler.ProfilerActivity.CPU}
    prof.add_metadata("a", "b")
    prof.add_metadata_json("a", "{}")


def test_a_named_block_is_a_block_and_a_function_a_function():
    @profiler.record_function("f")
    def double(x):
        return 2 * x

    assert double(3) == 6
    with warnings.catch_warnings(), profiler.record_function("block", "args") as block:
        assert block.name == "block"
    with pytest.raises(KeyError), profiler.record_function("block"):
        raise KeyError
    with pytest.raises(AttributeError, match="has no attribute 'nothing_like_it'"):
        profiler.nothing_like_it  # noqa: B018
