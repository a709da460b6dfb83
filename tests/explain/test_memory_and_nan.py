"""What a watched run says of graphs that stay alive, and of the first nan: with the name, the line and what to write."""

from collections import deque

import pytest

import autodiff as torch
from autodiff import nn, optim
from autodiff.nn import functional as F

X, CLASSES = torch.randn(4, 3), torch.tensor([0, 1, 2, 0])


def watched(keep, steps=3):
    """What is said of the memory when `keep(loss)` is called after each step."""
    model = nn.Linear(3, 3)
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    with torch.watch() as run:
        for _ in range(steps):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(X), CLASSES)
            loss.backward()
            optimizer.step()
            keep(loss)
    return [moment.words for moment in run.story.moments if moment.title == "memory"], run


losses, history, last = [], {"loss": []}, deque(maxlen=2)


def emptied():
    losses.clear()
    history["loss"].clear()
    last.clear()


def into_a_list(loss):
    losses.append(loss)


def into_a_history(loss):
    history["loss"].append(loss)


def into_a_queue(loss):
    last.append(loss)


@pytest.mark.parametrize(
    ("keep", "words"),
    [
        (into_a_list, "The graphs of 3 losses, of test_memory_and_nan.py:21, are alive, held by the list `losses`: 6 op"),
        (into_a_history, "held by the list `history['loss']`"),
        (into_a_queue, "The graphs of 2 losses, of test_memory_and_nan.py:21, are alive, held by the deque `last`: 4 op"),
    ],
)
def test_what_holds_them_is_named(keep, words):
    emptied()
    (told,), run = watched(keep)
    assert words in told
    assert told.endswith("Keep the numbers, as loss.item() gives them. (AD024)")
    assert "memory" in str(run)
    emptied()


def test_a_running_sum():
    total = 0
    model = nn.Linear(3, 3)
    with torch.watch() as run:
        for _ in range(3):
            loss = F.cross_entropy(model(X), CLASSES)
            loss.backward()
            model.zero_grad()
            total += loss
    assert "The sum `total` of 3 losses, of test_memory_and_nan.py:" in run.story.moments[-1].words


def test_losses_of_before_count_too():
    emptied()
    model = nn.Linear(3, 3)
    losses.extend(F.cross_entropy(model(X), CLASSES) for _ in range(4))
    (told,), _ = watched(into_a_list, steps=1)
    assert "The graphs of 5 losses" in told
    emptied()


def nothing(loss):
    pass


def the_number(loss):
    losses.append(loss.item())


def detached(loss):
    losses.append(loss.detach())


@pytest.mark.parametrize("keep", [nothing, the_number, detached])
def test_nothing_is_said_where_nothing_is_held(keep):
    emptied()
    assert watched(keep)[0] == []
    emptied()


def test_several_losses_of_one_step_are_no_matter():
    w = torch.ones(2, requires_grad=True)
    with torch.watch() as run:
        for _ in range(3):
            parts = [(w * k).sum() for k in range(3)]
            sum(parts).backward()
            w.grad = None
    assert "AD024" not in str(run)


# ---- the first nan ----


def marks(program):
    with torch.watch() as run:
        program()
    found = [(moment.title, moment.mark) for moment in run.story.moments if moment.mark]
    assert all(moment.mark in moment.facts for moment in run.story.moments if moment.mark)
    return found, str(run)


def test_the_slope_that_bore_it_is_marked():
    w = torch.tensor([0.0, 1.0], requires_grad=True)

    def program():
        torch.where(w > 0, w.log(), w * 0).sum().backward()

    ((title, mark),), text = marks(program)
    assert title.startswith("back through")
    assert mark.startswith("Here the first nan or infinity is born, in the slope of log: its slope at 0 is infinite.")
    assert mark.endswith("(AD033)")
    assert "! Here the first nan" in text


def test_the_result_that_bore_it_is_marked():
    w = torch.tensor([-1.0, 1.0], requires_grad=True)

    def program():
        (w.sqrt() * 2).sum().backward()

    ((_, mark),), _ = marks(program)
    assert "in the result of sqrt: Keep what goes into it above 0" in mark


def test_what_comes_to_nothing_is_not():
    scores = torch.randn(1, 3, 3).requires_grad_()

    def program():
        masked = scores.masked_fill(torch.ones(3, 3).triu(1).bool(), float("-inf"))
        masked.softmax(-1)[..., 0].sum().backward()

    assert marks(program)[0] == []
