"""A tensor that an operation takes twice gets two gradients from it: the first arrives, the second is added."""

import re

import pytest

import autodiff

LINE = re.compile(r"^\s+(?:\d+\s+\d+\s+)?(\S+)\s+(<-|\+=)\s+(.*?)\s+\[([-−0-9. ]+)\]$")


def arrivals(run):
    """(who, sign, number) of each line that tells of a gradient of numbers."""
    found = [LINE.match(line) for line in str(run).splitlines()]
    return [(each[1], each[2], each[4]) for each in found if each]


def test_each_line_shows_the_sum_so_far():
    w = autodiff.tensor([1.0, 2.0], requires_grad=True)
    with autodiff.watch() as run:
        s = w * w
        (s * s + 3 * s).sum().backward()
    told = [each for each in arrivals(run) if each[0] in ("s", "w")]
    assert told == [
        ("s", "<-", "3 3"), ("s", "+=", "4 7"), ("s", "+=", "5 11"),
        ("w", "<-", "5 22"), ("w", "+=", "10 44"),
    ]
    assert w.grad.tolist() == [10, 44]


@pytest.mark.parametrize("times", [2, 3, 4])
def test_of_any_number_the_first_arrives_and_the_last_is_the_gradient(times):
    w = autodiff.tensor([1.0, 2.0], requires_grad=True)
    with autodiff.watch() as run:
        autodiff.cat([w] * times).sum().backward()
    told = [each for each in arrivals(run) if each[0] == "w"]
    assert [sign for _, sign, _ in told] == ["<-"] + ["+="] * (times - 1)
    assert [numbers for *_, numbers in told] == [f"{i} {i}" for i in range(1, times + 1)]
    assert w.grad.tolist() == [times, times]
