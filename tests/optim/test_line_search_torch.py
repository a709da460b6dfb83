"""The line search by itself, against PyTorch's: the same points are looked at in the same order, and the same one is taken."""

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import autodiff
from autodiff.optim._line_search import Point, _inside, cubic_minimum, strong_wolfe

torch = pytest.importorskip("torch")
theirs = pytest.importorskip("torch.optim.lbfgs")


def along(lean, bend, wave, pace, phase):
    """A function of how far, and its slope: a line, a bowl and a wave, 5 at 0, where it falls, as each wave does."""

    def f(t):
        return 5.0 - lean * t + bend * t * t + wave * (math.sin(pace * t + phase) - math.sin(phase))

    def slope(t):
        return -lean + 2 * bend * t + wave * pace * math.cos(pace * t + phase)

    return f, slope


LINES = st.tuples(
    st.sampled_from([0.01, 1.0, 3.0]), st.sampled_from([0.0, 1e-4, 0.5, 20.0]), st.sampled_from([0.0, 0.3, 2.0]),
    st.sampled_from([0.2, 1.0, 7.0]), st.sampled_from([2.0, 3.0, 4.0]),
)  # fmt: skip


def searched(T, line, first, scale, options):
    """The places looked at, what is taken, and how often the loss was asked for; the direction's elements are scale and 1/2."""
    f, slope = along(*line)
    looked = []
    whole = 0.25 + scale * scale  # the direction's square: each gradient is the slope's share of it

    def gradient(t):
        return T.tensor([scale, 0.5], dtype=T.float64) * (slope(float(t)) / whole)

    def at(t):
        looked.append(float(t))
        return f(float(t)), gradient(t)

    d = T.tensor([scale, 0.5], dtype=T.float64)
    if T is torch:
        value, g, t, calls = theirs._strong_wolfe(lambda x, t, d: at(t), None, first, d, 5.0, gradient(0), gradient(0).dot(d),
                                                  **options)  # fmt: skip
        return looked, float(t), float(value), g.tolist(), calls

    def point(t):
        value, g = at(t)
        return Point(t, value, g, g.dot(d))

    most = {"most" if key == "max_ls" else key: value for key, value in options.items()}
    start = Point(0, 5.0, gradient(0), gradient(0).dot(d))
    found, calls = strong_wolfe(point, start, first, d.abs().max(), **most)
    return looked, float(found.t), float(found.f), found.g.tolist(), calls


OPTIONS = st.fixed_dictionaries({}, optional={
    "c1": st.sampled_from([1e-4, 0.3]), "c2": st.sampled_from([0.9, 0.1, 0.001]),
    "tolerance_change": st.sampled_from([1e-9, 1e-2, 0.5]), "max_ls": st.integers(1, 25),
})  # fmt: skip


FIRST = st.sampled_from([1e-3, 0.1, 1.0, 8.0, 300.0])


@given(line=LINES, first=FIRST, scale=st.sampled_from([1.0, 0.01, 40.0]), options=OPTIONS)
# Each of these tells another small change of the search from the search itself.
@example((1.0, 0.0001, 0.3, 0.2, 2.0), 8.0, 1.0, {"c1": 0.3, "c2": 0.001})
@example((0.01, 0.0, 2.0, 1.0, 4.0), 300.0, 1.0, {"c1": 0.3, "c2": 0.001})
@example((3.0, 20.0, 2.0, 7.0, 4.0), 300.0, 0.01, {"c1": 0.3, "c2": 0.001})
@example((0.01, 0.0, 0.0, 1.0, 3.0), 0.001, 1.0, {"c1": 0.3, "c2": 0.001})
@example((1.0, 0.0001, 0.3, 7.0, 3.0), 1.0, 0.01, {"c1": 0.3, "c2": 0.001})
@example((1.0, 0.5, 0.0, 1.0, 2.0), 0.001, 0.01, {"tolerance_change": 0.5})
@example((0.01, 0.0, 2.0, 1.0, 2.0), 1.0, 0.01, {"max_ls": 3, "c2": 0.001})
@example((1.0, 0.0001, 0.3, 7.0, 3.0), 300.0, 0.01, {"max_ls": 3, "c2": 0.001})
@example((1.0, 0.0, 0.0, 7.0, 4.0), 8.0, 0.01, {"tolerance_change": 0.5})
@example((3.0, 0.0001, 2.0, 7.0, 3.0), 0.001, 0.01, {"c2": 0.1})
@example((0.01, 20.0, 0.0, 0.2, 2.0), 1.0, 0.01, {"tolerance_change": 0.5})
@example((0.01, 0.0, 0.0, 1.0, 3.0), 8.0, 1.0, {"tolerance_change": 0.5})
@example((1.0, 0.0001, 0.3, 7.0, 2.0), 1.0, 1.0, {"c2": 0.1})
@example((1.0, 0.0, 0.0, 1.0, 0.0), 1.0, 1.0, {"c2": 1.0})  # just flat enough
def test_the_points_that_are_looked_at(line, first, scale, options):
    ours, expected = (searched(T, line, first, scale, options) for T in (autodiff, torch))
    assert len(ours[0]) == ours[-1] == expected[-1]
    for a, b in zip(ours[:-1], expected[:-1], strict=True):
        assert a == pytest.approx(b, rel=1e-6, abs=1e-9)


INSIDE = {  # t, slow: the place that is taken between 2 and 12 (or 12 and 2), whose margin is 1, and whether it is near an end
    (7.0, False): (7.0, False), (7.0, True): (7.0, False), (3.0, True): (3.0, False), (11.0, True): (11.0, False),
    (2.5, False): (2.5, True), (11.5, False): (11.5, True), (2.5, True): (3.0, False), (11.5, True): (11.0, False),
    (2.0, False): (3.0, False), (12.0, False): (11.0, False), (1.0, False): (3.0, False), (13.0, False): (11.0, False),
}  # fmt: skip


@pytest.mark.parametrize("ends", [(2.0, 12.0), (12.0, 2.0)], ids=str)
@pytest.mark.parametrize("given", INSIDE, ids=str)
def test_a_place_too_near_to_an_end(given, ends):
    assert _inside(given[0], *ends, given[1]) == INSIDE[given]


ENDS = st.tuples(*[st.sampled_from([-3.0, -1.0, -0.5, 0.0, 0.25, 1.0, 2.0, 5.0])] * 4)


@given(ends=ENDS, at=st.sampled_from([(0.0, 1.0), (1.0, 0.0), (0.5, 3.0), (3.0, 0.5), (2.0, 1.5)]), room=st.booleans())
def test_the_least_point_of_a_cubic(ends, at, room):
    (f1, f2, g1, g2), (x1, x2) = ends, at
    limits = (min(at) - 0.1, max(at) * 10) if room else tuple(sorted(at))

    def tensor(T, x):
        return T.tensor(x, dtype=T.float64)

    expected = theirs._cubic_interpolate(
        x1, f1, tensor(torch, g1), x2, f2, tensor(torch, g2), bounds=limits if room else None
    )
    a, b = (Point(x, f, None, tensor(autodiff, g)) for x, f, g in ((x1, f1, g1), (x2, f2, g2)))
    assert float(cubic_minimum(a, b, *limits)) == pytest.approx(float(expected), rel=1e-12, nan_ok=True)
