"""What nobody does on purpose: runs that are too long, pickled, or full of changes in place."""

import copy
import pickle
import sys
import threading
import warnings

import pytest

import autodiff as torch
from autodiff.explain import lengthy, recorder
from autodiff.explain.events import Cut


def train(steps):
    w = torch.ones(1, requires_grad=True)
    for _ in range(steps):
        (w * 2).backward()
        w.grad = None
    return w


def test_a_run_that_grows_too_long_says_so_at_the_users_line_and_goes_on(monkeypatch):
    monkeypatch.setattr(recorder, "MANY", 30)
    monkeypatch.setattr(lengthy, "MANY", 30)
    with pytest.warns(UserWarning, match="watch.. has recorded 30 events") as told, torch.watch() as run:
        train(20)
    assert [each.filename for each in told] == [__file__]
    assert len(run.events) > 60
    with warnings.catch_warnings(), torch.watch() as run:
        warnings.simplefilter("error")
        train(20)
    assert len(run.events) > 60


@pytest.mark.parametrize("way", [pickle.dumps, copy.copy, copy.deepcopy])
def test_a_run_is_not_pickled_or_copied_and_says_what_to_do(way):
    with torch.watch() as run:
        train(1)
    with pytest.raises(TypeError, match=r"run\.save\(\) or to_json\(\)"):
        way(run)


@pytest.mark.parametrize(
    ("change", "way"),
    [
        (lambda h: h[1:, 0].mul_(7), "h[1:, 0]"),
        (lambda h: h.view(2, 6)[0].add_(1), "h.reshape((2, 6))[0]"),
        (lambda h: h[0][1:].mul_(3), "h[0][1:]"),
    ],
)
def test_what_was_written_to_is_told_as_an_index_and_not_as_an_object_of_python(change, way):
    w = torch.ones(3, 4, requires_grad=True)
    with torch.watch() as run:
        h = w * 2
        change(h)
        h.sum().backward()
    text = " ".join(str(run).split())
    assert f"g with zeros where {way} leads" in text
    assert "<function" not in text
    assert "Ellipsis" not in text


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        twice = 2 * x
        return twice * g


def test_what_is_computed_in_a_backward_of_ones_own_is_told_in_backward():
    w = torch.ones(2, requires_grad=True)
    with torch.watch() as run:
        Square.apply(w).sum().backward()
    began = next(i for i, m in enumerate(run.story.moments) if m.phase == "backward")
    assert {m.phase for m in run.story.moments[began:]} == {"backward"}
    assert any(isinstance(m.event, Cut) for m in run.story.moments[began:])


def test_another_thread_that_trains_is_not_in_the_run():
    w = torch.ones(3, requires_grad=True)
    with torch.watch() as run:
        other = threading.Thread(target=train, args=(20,))
        other.start()
        loss = (w * 3).sum()
        other.join()
    assert [thing.name for thing in run.things if thing.kind != "number"] == ["w", "w * 3", "loss"]
    assert loss.item() == 9


def test_a_recursion_a_thousand_deep_has_its_program():
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(10_000)
    try:
        w = torch.ones(1, requires_grad=True)

        def deeper(x, n):
            return x if n == 0 else deeper(x * 1.001, n - 1)

        with torch.watch() as run:
            deeper(w, 1000).sum().backward()
    finally:
        sys.setrecursionlimit(before)
    names = dict(run.inputs)
    exec(run.source(), names)
    assert names["w_grad"].numpy().tobytes() == w.grad.numpy().tobytes()


@pytest.mark.parametrize(("ending", "told"), [(".pdf", "not '.pdf'"), ("", "has no ending")])
def test_a_path_that_nothing_is_written_to_is_refused_with_the_endings_that_there_are(ending, told, tmp_path):
    with torch.watch() as run:
        train(1)
    path = tmp_path / f"run{ending}"
    for save in (run.save, run.graph().save):
        with pytest.raises(ValueError, match=f"html.*{told}"):
            save(path)
    assert not path.exists()
