"""`watch`: what is recorded is what happened, bit for bit, whatever the program does."""

import pytest
from drawn_programs import of, programs, run_program, same
from hypothesis import given, settings

import autodiff as torch
from autodiff import nn, optim
from autodiff.explain.events import Arrival, Began, Changed, Cleared, Cut, Delivered, Ended, Failed, Made, Stepped, Walked
from autodiff.nn import functional as F


@settings(max_examples=200)
@given(programs())
def test_watching_changes_nothing_and_the_sums_are_those_of_grad(program):
    plain = run_program(program, False)
    with torch.watch() as run:
        watched = run_program(program, True)
    for a, b in zip(plain, watched, strict=True):
        assert (a.grad is None) == (b.grad is None)
        assert a.grad is None or same(a.grad.numpy(), b.grad.numpy())
    last = {}
    for event in of(run, Delivered):
        last[event.to] = event
        assert event.before is None or same(event.before.array + event.arrived.array, event.after.array)
    totals = {}
    for event in of(run, Walked):
        for sent in event.sent:
            assert isinstance(sent, Arrival)
            totals[event.walk, sent.to] = sent.total
    for event in of(run, Delivered):
        assert same(totals[event.walk, event.to].array, event.arrived.array)
    delivered = {t.number: e.after.array for t, e in last.items()}
    expected = [leaf.grad.numpy() for leaf in watched if leaf.grad is not None]
    assert len(delivered) == len(expected)
    assert all(any(same(array, g) for g in expected) for array in delivered.values())


# ---- a training step ----


def step(model, optimizer, x, y):
    optimizer.zero_grad()
    loss = F.cross_entropy(model(x), y)
    loss.backward()
    optimizer.step()
    return loss


@pytest.fixture
def trained():
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 3))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    x, y = torch.randn(6, 4), torch.randint(0, 3, (6,))
    step(model, optimizer, x, y)
    with torch.watch() as run:
        step(model, optimizer, x, y)
    return run, model


def test_the_events_of_a_training_step(trained):
    run, model = trained
    assert [type(event) for event in run.events] == [
        Cleared, Made, Made, Made, Made, Began, Walked, Walked, Walked, Walked, Delivered, Delivered, Delivered, Delivered,
        Ended, Stepped,
    ]
    assert [event.module for event in of(run, Made)] == ["0", "1", "2", ""]
    names = {event.to.name for event in of(run, Delivered)}
    assert names == {name for name, _ in model.named_parameters()}


def test_a_step_is_told_with_what_was_and_what_is(trained):
    run, model = trained
    (stepped,) = of(run, Stepped)
    assert stepped.optimizer == "Adam"
    assert [move.thing.name for move in stepped.moves] == [name for name, _ in model.named_parameters()]
    for move, p in zip(stepped.moves, model.parameters(), strict=True):
        assert same(move.after.array, p.detach().numpy())
        assert not same(move.before.array, move.after.array)
        assert set(move.state_after) >= {"step", "exp_avg", "exp_avg_sq"}
        assert move.state_before["step"].number + 1 == move.state_after["step"].number
        assert same(move.grad.array, p.grad.numpy())


def test_names_are_the_users_also_where_one_is_bound_again():
    w = torch.tensor(0.5, requires_grad=True)
    with torch.watch() as run:
        h = torch.tensor(1.0)
        for _ in range(3):
            h = torch.tanh(h * w)
        total = h + w
        total.backward()
    names = [event.outputs[0].name for event in of(run, Made)]
    assert names == ["h * w", "h₂", "h * w", "h₃", "h * w", "h₄", "total"]
    assert of(run, Began)[0].roots[0][0].name == "total"


def test_names_of_two_models_are_told_apart_once_both_take_part():
    generator = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 2))
    critic, other = nn.Sequential(nn.Linear(2, 1)), nn.Sequential(nn.Linear(1, 1))
    with torch.watch() as run:
        fake = generator(torch.ones(4, 2))
        critic(fake).mean().backward()
    assert other is not critic
    learn = [thing.name for thing in run.things if thing.kind == "parameter"]
    assert learn == [
        "generator.0.weight", "generator.0.bias", "generator.2.weight", "generator.2.bias", "critic.0.weight", "critic.0.bias",
    ]
    assert [event.module for event in of(run, Made)] == ["generator.0", "generator.1", "generator.2", "critic.0", ""]
    assert [event.outputs[0].name for event in of(run, Made)[:2]] == ["generator.0.linear", "generator.1.tanh"]
    picture = torch.graph(critic(generator(torch.ones(4, 2))).mean())
    assert set(learn) <= {box.name for box in picture.graph.boxes}
    with torch.watch() as run:
        critic(torch.ones(4, 2)).mean().backward()
    assert [thing.name for thing in run.things if thing.kind == "parameter"] == ["0.weight", "0.bias"]


def test_models_without_a_variable_and_one_variable_for_several():
    models = [nn.Linear(2, 1) for _ in range(2)]
    with torch.watch() as run:
        sum(model(torch.ones(1, 2)).sum() for model in models).backward()
    assert [thing.name for thing in run.things if thing.kind == "parameter"] == [
        "model.weight", "model.bias", "model₂.weight", "model₂.bias",
    ]
    with torch.watch() as run:
        layer = nn.Linear(2, 1)
        layer(torch.ones(1, 2)).sum().backward()
        layer = nn.Linear(2, 1)
        layer(torch.ones(1, 2)).sum().backward()
    assert [thing.name for thing in run.things if thing.kind == "parameter"] == [
        "layer.weight", "layer.bias", "layer₂.weight", "layer₂.bias",
    ]


def parametrized(layer):
    nn.utils.parametrizations.weight_norm(layer)
    return ["parametrizations.weight.original1", "parametrizations.weight.original0", "bias"]


def spectral(layer):
    nn.utils.parametrizations.spectral_norm(layer)
    return ["weight", "bias"]  # the same parameter as before, by another path


def replaced(layer):
    layer.weight = nn.Parameter(torch.ones(3, 2))
    return ["weight", "bias"]


@pytest.mark.parametrize("change", [parametrized, spectral, replaced])
@pytest.mark.parametrize("called_before", [True, False])
def test_what_a_layer_gets_while_it_is_watched_has_its_name(change, called_before):
    layer, x = nn.Linear(2, 3), torch.ones(4, 2)
    with torch.watch() as run:
        if called_before:
            layer(x)
        expected = change(layer)
        layer(x).sum().backward()
    assert {event.to.name for event in of(run, Delivered)} == set(expected)


@pytest.mark.parametrize("make", [
    lambda: nn.Linear(2, 3), lambda: nn.LazyLinear(3), lambda: nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)),
    lambda: nn.LSTM(2, 3), lambda: nn.utils.parametrizations.orthogonal(nn.Linear(2, 3)),
])
def test_a_model_that_is_made_while_it_is_watched(make):
    with torch.watch() as run:
        model = make()
        out = model(torch.ones(4, 2))
        (out[0] if isinstance(out, tuple) else out).sum().backward()
    by_parametrize = "parametrizations" in dict(model.named_children())  # it puts its own numbers in the place of the layer's
    changed = {event.thing.kind for event in of(run, Changed)}
    assert by_parametrize or "parameter" not in changed  # a layer fills what nobody has used yet
    known = dict(model.named_parameters())
    for box in run.graph().graph.boxes:
        if box.kind == "parameter":
            assert same(box.value.array, known[box.name].detach().numpy())
    assert {event.to.name for event in of(run, Delivered)} == set(known)


def test_the_line_and_the_expression():
    w = torch.tensor(0.5, requires_grad=True)
    with torch.watch() as run:
        y = (w * 2).exp() + 1
    spans = [event.span for event in of(run, Made)]
    assert len({span.line for span in spans}) == 1
    assert [event.outputs[0].name for event in of(run, Made)] == ["w * 2", "(w * 2).exp()", "y"]
    assert spans[0].told.startswith("test_watch.py:")
    assert y.requires_grad


def test_values_are_those_of_the_moment():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.watch() as run:
        loss = (w * w).sum()
        loss.backward()
        with torch.no_grad():
            w -= w.grad
        w.grad = None
    made = of(run, Made)
    assert made[0].inputs[0].value.array.tolist() == [1, 2]
    (changed,) = of(run, Changed)
    assert (changed.before.array.tolist(), changed.after.array.tolist()) == ([1, 2], [-1, -2])
    assert changed.thing is made[0].inputs[0]
    assert of(run, Cleared)[0].things[0][1].array.tolist() == [2, 4]


def test_an_in_place_operation_is_recorded_as_the_new_tensor():
    w = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.watch() as run:
        y = w * 2
        y += 1
        y.sum().backward()
    first, second = of(run, Made)[:2]
    assert second.in_place == "add_"
    assert second.inputs[0] is first.outputs[0]
    assert (first.outputs[0].name, second.outputs[0].name) in [("y", "y₂"), ("y", "y += 1")]
    assert first.outputs[0].value.array.tolist() == [2, 4]


def test_cuts_and_failures():
    w = torch.ones(2, 3, requires_grad=True)

    def program():
        y = w * 2
        y.detach()
        with torch.no_grad():
            w * 2
        y @ torch.ones(2, 2)

    watching = torch.watch()
    with pytest.raises(RuntimeError), watching:
        program()
    run = watching.run
    assert [event.by for event in of(run, Cut)] == ["detach", "no_grad"]
    (failed,) = of(run, Failed)
    assert failed.kind == "RuntimeError"
    assert [x.shape for x in failed.inputs] == [(2, 3), (2, 2)]
    assert "test_watch.py" in failed.span.told


def test_several_walks_and_gradients_of_gradients():
    w = torch.tensor(3.0, requires_grad=True)
    with torch.watch() as run:
        y = w**3
        (g,) = torch.autograd.grad(y, w, create_graph=True)
        (g * g).backward()
    assert [event.kind for event in of(run, Began)] == ["grad", "backward"]
    inner = [event for event in of(run, Made) if event.depth]
    assert inner
    assert of(run, Ended)[0].found[0][1].number == 27
    assert w.grad.item() == 2 * 27 * 18
    assert of(run, Delivered)[0].after.number == 2 * 27 * 18


def test_a_watched_program_may_be_watched_from_within():
    w = torch.tensor(3.0, requires_grad=True)
    with torch.watch() as outer:
        w * 2
        with torch.watch() as inner:
            w * 3
    assert [len(of(run, Made)) for run in (outer, inner)] == [2, 1]


def test_large_tensors_are_kept_as_a_summary():
    w = torch.ones(100, 100, requires_grad=True)
    with torch.watch() as run:
        y = w * 2
    value = of(run, Made)[0].outputs[0].value
    assert value.array is None
    assert value.picture.shape == (15, 15)
    assert (value.low, value.high, value.norm) == (2, 2, 200)
    assert y.shape == (100, 100)


# ---- the text ----


def test_the_text_of_a_neuron_is_the_whole_story():
    x = torch.tensor(2.0)
    w = torch.tensor(-3.0, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)
    with torch.watch() as run:
        o = x * w
        o.backward()
        optimizer.step()
        optimizer.zero_grad()
    text = str(run)
    assert max(map(len, text.splitlines())) <= 80
    for part in ["One tensor learns (w)", "x * w", "g · x", "w.grad  None, becomes", "−3 − 0.1 · 2", "−3.2", "zero_grad()"]:
        assert part in text, text


def test_a_long_story_is_shortened_where_it_is_only_shown():
    w = torch.tensor(1.0, requires_grad=True)
    with torch.watch() as run:
        y = w
        for _ in range(120):
            y = y * w
    whole, shown = str(run).splitlines(), run._repr_mimebundle_()["text/plain"].splitlines()
    assert shown[:100] == whole[:100]
    assert shown[100:] == ["", f"... and {len(whole) - 100} more lines: print(run), run.explore() or run.save('run.html')"]


@settings(max_examples=30)
@given(programs())
def test_the_text_fits_80_columns(program):
    with torch.watch() as run:
        run_program(program, True)
    text = str(run)
    assert all(len(line) <= 80 for line in text.splitlines()), text
    assert text.count("\n") > 3


@pytest.mark.parametrize("by", ["optimizer", "model"])
def test_gradients_that_become_zeros_are_no_none(by):
    model = nn.Linear(2, 1, bias=False)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    before = model.weight.detach().clone()
    with torch.watch() as run:
        for _ in range(2):
            model(torch.ones(1, 2)).sum().backward()
            optimizer.step()
            {"optimizer": optimizer, "model": model}[by].zero_grad(set_to_none=False)
    story = str(run)
    assert of(run, Cleared)[0].how == "zero_grad(set_to_none=False)"
    assert "becomes zeros" in " ".join(story.split())
    assert "goes back to None" not in " ".join(story.split())
    assert len(of(run, Cleared)) == 2
    names = dict(run.inputs)
    exec(run.source(), names)
    assert names["weight_grad"].tolist() == model.weight.grad.tolist() == [[0, 0]]
    assert before.tolist() != model.weight.tolist()
