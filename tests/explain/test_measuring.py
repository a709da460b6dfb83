"""When a slope that was measured is believed, and when it is told: each limit, from both sides."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import autodiff as torch
from autodiff._core.graph import primitive
from autodiff.explain import measured
from autodiff.explain.events import Delivered, Made, Thing
from autodiff.explain.measured import Measured, Measuring
from autodiff.explain.values import value_of


def slopes(f, move, middle=0.0):
    return measured._slopes(lambda d: middle + f(d), middle, move)


# ---- from four points to a slope, or two, or none ----


@pytest.mark.parametrize("middle", [0.0, 5.0, -7.0])
def test_a_straight_line_has_one_slope_and_a_corner_two(middle):
    up, down = slopes(lambda d: 3 * d, 1e-3, middle)
    assert up == down == pytest.approx(3)
    assert slopes(lambda d: max(2 * d, -d), 1e-3, middle) == pytest.approx((2, -1))
    assert slopes(lambda d: min(2 * d, 5 * d), 1e-3, middle) == pytest.approx((2, 5))


def test_what_is_left_of_the_curve_is_taken_off():
    """exp(d) has slope 1 at 0; the differences of 0.02 and 0.01 are off by 7e-5 and 2e-5."""
    up, down = slopes(math.expm1, 0.02, 1.0)
    assert up == down == pytest.approx(1, abs=1e-8)


def test_what_is_curved_too_much_has_none():
    assert slopes(lambda d: math.exp(d) - 1, 0.04, 1.0) is None
    assert slopes(lambda d: 10 * d + d**3, 0.03) is not None
    assert slopes(lambda d: 10 * d + d**3, 0.05) is None
    assert slopes(lambda d: -10 * d - d**3, 0.05) is None
    assert slopes(lambda d: float(d > 7e-4), 1e-3) is None


@pytest.mark.parametrize("at", [1e-3, -1e-3, 5e-4, -5e-4])
@pytest.mark.parametrize("strange", [math.inf, math.nan])
def test_where_one_of_the_points_is_not_finite_there_is_none(at, strange):
    assert slopes(lambda d: strange if d == at else d, 1e-3) is None


@pytest.mark.parametrize(
    ("power", "what"),
    [(2.0, "smooth"), (1.45, "smooth"), (1.35, None), (1.2, None), (1.02, None), (1.01, "corner"), (1.0, "corner")]
)
def test_a_corner_keeps_its_bend_where_a_curve_has_half_of_it(power, what):
    found = slopes(lambda d: abs(d) ** power, 1e-2)
    assert (found is None) == (what is None)
    if found is not None:
        assert (found[0] > found[1]) == (what == "corner")


@pytest.mark.parametrize(
    ("bend", "middle", "what"),
    [(1e-9, 0.0, "smooth"), (25e-9, 0.0, None), (100e-9, 0.0, "corner"), (100e-9, 9.0, "smooth"), (100e-9, -9.0, "smooth")],
)
def test_a_bend_that_is_no_larger_than_rounding_is_no_corner(bend, middle, what):
    """At 0 a loss is off by 1e-13, at 9 by 1e-12: with a move of 1e-4 a slope by 1e-9 and 1e-8."""
    found = slopes(lambda d: bend * abs(d), 1e-4, middle)
    assert (found is None) == (what is None)
    if found is not None:
        assert (found[0] != found[1]) == (what == "corner")


def test_a_slope_next_to_nothing_may_be_off_by_rounding():
    assert slopes(lambda d: 3e-13 if d == 1e-4 else 0.0, 1e-4) is not None
    assert slopes(lambda d: 3e-12 if d == 1e-4 else 0.0, 1e-4) is None


# ---- whether to tell it ----


def slope(up, backward, down=None):
    w = Thing(0, "parameter", (), "float32", None, name="w")
    return Measured(w, (), 1e-4, up, up if down is None else down, backward, "loss")


def operation(home):
    return SimpleNamespace(operation=SimpleNamespace(forward=SimpleNamespace(__module__=home)))


OURS, USERS, CODE = operation("autodiff.ops.power"), operation("train"), SimpleNamespace(operation=None)


@pytest.mark.parametrize(
    ("up", "backward", "down", "concerned", "value", "told"),
    [
        (2.0, 2.0, None, [OURS], 1.0, True), (2.0015, 2.0, None, [OURS], 1.0, True), (2.003, 2.0, None, [OURS], 1.0, False),
        (-2.0015, -2.0, None, [OURS], 1.0, True), (-2.003, -2.0, None, [OURS], 1.0, False),
        (1.0, 0.0, None, [OURS], 1.0, False),
        (1.0, 0.0, -1.0, [OURS], 1.0, True), (2.003, 2.0, None, [USERS], 1.0, True),
        (2.003, 2.0, None, [OURS, USERS], 1.0, True),
        (2.003, 2.0, None, [OURS, CODE], 1.0, False), (0.0, 0.0, None, [OURS], 1.0, True),
        # of a user's rule what is more than rounding: of a loss near 0 more than 1e-6, of one of 1000 more than 1e-3
        (5e-7, 0.0, None, [USERS], 0.0, False), (1.5e-6, 0.0, None, [USERS], 0.0, True),
        (-1.5e-6, 0.0, None, [USERS], 0.0, True),
        (5e-4, 0.0, None, [USERS], 1000.0, False), (1.5e-3, 0.0, None, [USERS], 1000.0, True),
        (5e-4, 0.0, None, [USERS], -1000.0, False),
    ],
)  # fmt: skip
def test_where_the_two_differ_only_what_is_worth_knowing_is_told(up, backward, down, concerned, value, told):
    assert measured._told(slope(up, backward, down), concerned, value) is told


def test_the_words_of_a_slope():
    w = Thing(0, "parameter", (3, 2), "float32", None, name="w")
    one = Measured(w, (2, 0), 1e-6, 2.0, 2.0, 2.5, "loss")
    assert (one.label, one.corner) == ("w[2, 0]", False)
    assert one.words == "w[2, 0] up and down by 1e−6 moves loss with slope 2; backward says 2.5."
    corner = Measured(w, (2, 0), 1e-6, 2.0, -1.0, 2.5, "loss", fixed=True)
    assert corner.corner
    assert corner.words == (
        "w[2, 0] up and down by 1e−6, all that was cut off held fixed, meets a corner of loss: the slope is 2 up, −1 down; "
        "backward says 2.5."
    )


# ---- in double precision, the same again ----


def test_floating_numbers_and_dtypes_are_doubled_and_nothing_else():
    single, whole = np.ones(2, np.float32), np.arange(2)
    assert measured._doubled(single).dtype == measured._doubled(value_of(single)).dtype == np.float64
    assert measured._doubled(whole) is whole
    assert measured._doubled(np.dtype("float32")) == measured._doubled(np.float16) == np.dtype("float64")
    assert isinstance(measured._doubled(np.float32), np.dtype)
    assert (measured._doubled(np.int64), measured._doubled(np.dtype("bool"))) == (np.int64, np.dtype("bool"))
    assert [measured._doubled(x) for x in (3, 0.5, None, "sum", (1, 2), int)] == [3, 0.5, None, "sum", (1, 2), int]
    with pytest.raises(measured._Unlike):
        measured._doubled(value_of(np.ones(5000)))


def test_how_large_the_numbers_of_an_input_are():
    given = [np.array([1.0, -3.0]), np.array([[-0.5]], np.float32), np.array([]), np.array([7]), 7.0, None]
    assert [measured._size(x) for x in given] == [3.0, 0.5, 0.0, 0.0, 0.0, 0.0]


def fits(found, known, size=0.0):
    try:
        measured._compare(found, known, size)
    except measured._Unlike:
        return False
    return True


@pytest.mark.parametrize(("dtype", "tolerance"), [("float32", 1e-4), ("float64", 1e-4), ("float16", 64 * 2.0**-10)])
def test_what_comes_out_again_may_differ_by_rounding(dtype, tolerance):
    """Of the largest number that went in or came out."""
    for least, much in ((0.0, 1.0), (0.0, -8.0), (100.0, 1.0)):
        known, size = value_of(np.array([much, 0.0], dtype)), max(least, abs(much))
        for sign in (1, -1):
            near, far = (np.array([much, sign * part * tolerance * size]) for part in (0.9, 1.2))
            assert fits(near, known, least)
            assert not fits(far, known, least)
            assert fits(near[::-1], value_of(np.array([0.0, much], dtype)), least)


def test_of_a_large_result_the_norm_may_differ_by_rounding():
    known = value_of(np.ones(10_000, np.float32))  # its norm is 100
    for off, size, fit in [(0.9, 0.0, True), (1.2, 0.0, False), (-0.9, 0.0, True), (-1.2, 0.0, False), (1.2, 200.0, True)]:
        assert fits(np.full(10_000, 1 + off * 1e-4), known, size) == fit


def test_what_is_of_another_kind_is_not_the_same_again():
    two = value_of(np.ones(2, np.float32))
    assert fits(np.ones(2), two)
    assert not fits(np.ones(2), None)
    assert not fits(np.ones((2, 1)), two)
    assert not fits(np.ones(2, np.float32), two)  # nothing smaller than its rounding can be seen in it
    assert not fits(np.array([1.0, math.nan]), value_of(np.array([1.0, math.nan])))
    assert not fits(np.array([1.0, math.inf]), value_of(np.array([1.0, math.inf])))
    assert fits(np.array([1, 2]), value_of(np.array([3, 4])))  # whole numbers are no question of precision


# ---- what a story may compute again ----


def looked_at(run):
    """The events, as what can be computed again, and the deliveries."""
    measuring = Measuring()
    for event in run.events:
        measuring.add(event)
    return measuring, [event for event in run.events if isinstance(event, Delivered)]


def two_leaves():
    w, b = torch.tensor([1.0, 2.0, 4.0], requires_grad=True), torch.tensor(3.0, requires_grad=True)
    with torch.watch() as run:
        ((w * 2).sum() * b).backward()
    return run


def test_each_operation_that_is_computed_again_is_counted_with_its_numbers():
    """Once all of it, 3 operations with 3 + 1 + 1 numbers, then four times what a leaf has a part in."""
    measuring, (b, w) = looked_at(two_leaves())
    assert (b.to.name, w.to.name) == ("b", "w")
    start = measuring.calls, measuring.numbers
    assert measuring.of(b).up == pytest.approx(14)
    assert (start[0] - measuring.calls, start[1] - measuring.numbers) == (3 + 4 * 1, 5 + 4 * 1)
    assert measuring.of(w).up == pytest.approx(6)
    assert (start[0] - measuring.calls, start[1] - measuring.numbers) == (3 + 4 * 1 + 4 * 3, 5 + 4 * 1 + 4 * 5)


@pytest.mark.parametrize(
    ("calls", "numbers", "found"), [(15, 25, True), (14, 25, False), (15, 24, False), (2, 25, False), (15, 4, False)]
)
def test_what_would_be_more_is_not_measured(calls, numbers, found):
    """All of it, and four times what w has a part in: 3 + 4 · 3 operations, 5 + 4 · 5 numbers."""
    measuring, (_, w) = looked_at(two_leaves())
    measuring.calls, measuring.numbers = calls, numbers
    assert (measuring.of(w) is not None) == found
    assert not found or (measuring.calls, measuring.numbers) == (0, 0)


def found_in(run):
    return [slope for moment in run.story.moments for slope in moment.measured]


def test_what_a_slope_is_of_is_named():
    w = torch.tensor(2.0, requires_grad=True)
    with torch.watch() as run:
        y = w * 3
        y.backward(torch.tensor(1.0))
        (w * 1).backward(torch.tensor(3.0))
        a, b = w * 2, w * w
        torch.autograd.backward([a, b])
    assert [(each.of, round(each.up, 6)) for each in found_in(run)] == [
        ("y", 3), ("the sum of w * 1 · g", 3), ("the sum of a · g, and so on,", 6),
    ]  # fmt: skip


def test_a_gradient_without_a_largest_number_is_not_measured():
    empty, large = torch.zeros(0, requires_grad=True), torch.ones(5000, requires_grad=True)
    strange = torch.tensor([1.0, 0.0], requires_grad=True)
    with torch.watch() as run:
        ((empty * 2).sum() + (large * 2).sum() + strange.sqrt().sum()).backward()
    assert len(looked_at(run)[1]) == 3
    assert found_in(run) == []


def test_an_operation_that_refuses_other_numbers_is_no_error():
    @primitive(lambda g, x: g * 2)
    def particular(x):
        if not np.isin(x, (3.0, 5.0)).all():
            raise ValueError("3 or 5")
        return x * 2

    w = torch.tensor([3.0, 5.0], requires_grad=True)
    with torch.watch() as run:
        particular(w).sum().backward()
    assert w.grad.tolist() == [2, 2]
    assert found_in(run) == []


def test_an_operation_in_single_precision_only_is_not_measured():
    @primitive(lambda g, x: g * 2)
    def single(x):
        return (x * 2).astype(np.float32)

    w = torch.tensor(3.0, requires_grad=True)
    with torch.watch() as run:
        single(w).backward()
    assert found_in(run) == []


def test_what_is_in_no_way_to_the_loss_is_not_computed_again():
    w = torch.tensor(2.0, requires_grad=True)
    with torch.watch() as run:
        other = (w * 5).exp()
        loss = w * w
        loss.backward()
    measuring, (event,) = looked_at(run)
    assert other.requires_grad
    assert [made.name for made in measuring.forward(event.walk).order] == ["mul"]
    assert len([event for event in run.events if isinstance(event, Made)]) == 3


def test_each_use_of_a_leaf_is_moved_and_a_leaf_beside_it_is_not():
    a, b = torch.tensor([1.0, -3.5], requires_grad=True), torch.tensor([2.0, 2.0], requires_grad=True)
    with torch.watch() as run:
        (a * b + a * a).sum().backward()
    assert {each.label: round(each.up, 5) for each in found_in(run)} == {"a[1]": -5.0, "b[1]": -3.5}


def test_a_gradient_that_a_hook_replaced_in_another_walk_is_no_matter():
    w = torch.tensor(2.0, requires_grad=True)
    handle = w.register_hook(lambda g: g * 3)
    with torch.watch() as run:
        (w * 2).backward()
        handle.remove()
        w.grad = None
        (w * 3).backward()
    assert [(each.of, round(each.up, 6)) for each in found_in(run)] == [("w * 3", 3)]


def test_a_leaf_among_what_is_walked_back_from_is_no_reason_to_measure_nothing():
    w, v = torch.tensor(2.0, requires_grad=True), torch.tensor(5.0, requires_grad=True)
    with torch.watch() as run:
        torch.autograd.backward([w * 3, v])
    assert (w.grad.item(), v.grad.item()) == (3, 1)
    assert [(each.label, round(each.up, 6)) for each in found_in(run)] == [("w", 3)]


def test_numbers_that_a_step_has_left_are_those_of_the_next_slope():
    w = torch.tensor(2.0, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.25)
    with torch.watch() as run:
        for _ in range(3):
            (w * w).backward()
            optimizer.step()
            optimizer.zero_grad()
    assert [(round(each.up, 6), each.backward) for each in found_in(run)] == [(4, 4), (2, 2), (1, 1)]


def test_numbers_that_were_written_over_under_no_grad_are_the_new_ones():
    w, x = torch.tensor(2.0, requires_grad=True), torch.tensor([1.0, 2.0])
    with torch.watch() as run:
        (w * x).sum().backward()
        with torch.no_grad():
            x.mul_(10)
            w.sub_(w.grad)
        w.grad = None
        (w * w * x).sum().backward()
    assert [round(each.up, 4) for each in found_in(run)] == [3, -60]
    assert w.grad.item() == -60
