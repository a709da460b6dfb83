"""utils.benchmark by a clock that goes as fast as we say: how often a statement runs, what is measured, and how it is told."""

import itertools

import pytest

from autodiff.utils.benchmark import Compare, Measurement, Timer


class Clock:
    """Each run of the statement lets it go on by the next of `steps` seconds, the last one for ever."""

    def __init__(self, *steps):
        self.now, self.runs = 0.0, 0
        self.steps = itertools.chain(steps, itertools.repeat(steps[-1]))

    def __call__(self):
        return self.now

    def run(self):
        self.runs += 1
        self.now += next(self.steps)

    def timer(self, **options):
        return Timer("clock.run()", timer=self, globals={"clock": self}, **options)


@pytest.mark.parametrize(("number", "warm"), [(1, 2), (100, 2), (200, 2), (300, 3), (1000, 10)])
def test_a_measurement_warms_up_first(number, warm):
    clock = Clock(0.5)
    found = clock.timer().timeit(number)
    assert clock.runs == warm + number
    assert (found.number_per_run, found.raw_times, found.times) == (number, [0.5 * number], [0.5])
    assert found.iqr == 0


@pytest.mark.parametrize(("step", "number"), [(1.0, 1), (0.01, 1), (0.002, 1), (0.001, 1), (0.0001, 10), (0.00001, 100)])
def test_blocks_are_long_enough_for_the_clock(step, number):
    """A block takes a thousandth of the time that is measured at least; with the blocks that time is over."""
    clock, called = Clock(step), []
    found = clock.timer().blocked_autorange(lambda *given: called.append(given), min_run_time=1.0)
    assert found.number_per_run == number
    assert sum(found.raw_times) == pytest.approx(max(1.0, step), abs=number * step * 1.1)
    assert sum(found.raw_times[:-1]) < 1.0
    assert found.median == pytest.approx(step)
    assert [each for each, _ in called] == [number] * (len(found.raw_times) - 1)
    assert [seconds for _, seconds in called] == found.raw_times[1:]


def test_the_time_is_prolonged_until_the_numbers_agree():
    calm = Clock(0.01).timer().adaptive_autorange(min_run_time=0.02)
    assert len(calm.raw_times) in (2, 3)
    wild = Clock(*(0.01 * (1 + i % 2) for i in range(20)), 0.01)
    found = wild.timer().adaptive_autorange(0.1, min_run_time=0.05, max_run_time=10.0)
    assert found.iqr <= 0.1 * found.median
    assert wild.runs > 20
    never = Clock(*(0.01 * (1 + 3 * (i % 2)) for i in range(9999)))
    assert never.timer().adaptive_autorange(0.1, min_run_time=0.05, max_run_time=0.5).iqr > 0.01
    assert 0.05 * (1 + 3) * 0.9 < never.now < 0.05 * (1 + 3 + 9) * 1.5


def test_what_is_measured_of_the_times():
    found = Measurement(2, [2.0, 4.0, 6.0, 8.0, 20.0])
    assert found.times == [1, 2, 3, 4, 10]
    assert (found.mean, found.median, found.iqr) == (4, 3, 2)
    assert (Measurement(1, [1.0, 3.0]).iqr, Measurement(1, [1.0]).iqr) == (1, 0)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.5, "2.50 s"), (1.0, "1.00 s"), (0.25, "250.00 ms"), (1e-3, "1.00 ms"), (2e-6, "2.00 us"), (3e-8, "30.00 ns"),
     (1e-10, "0.10 ns")],
)
def test_how_times_are_told(seconds, text):
    name = "autodiff.utils.benchmark.Measurement"
    one, three = Measurement(7, [7 * seconds], "sum"), Measurement(7, [7 * seconds] * 3, "sum")
    assert repr(one) == f"<{name}>\nsum\n  {text}\n  1 measurement, 7 runs per measurement"
    assert repr(three) == f"<{name}>\nsum\n  Median: {text}\n  3 measurements, 7 runs per measurement"


def test_titles():
    assert Timer("x = 3").timeit(1).title == "x = 3"
    assert Timer("x = 3", label="a", description="c").timeit(1).title == "a: c"
    assert Timer("x = 3", label="a", sub_label="b", description="c").blocked_autorange(min_run_time=1e-9).title == "a: b: c"
    for language in ("python", "Py", "PYTHON", 0):
        Timer("x = 3", language=language)
    for language in ("c++", 1):
        with pytest.raises(ValueError, match="only statements of Python are measured here"):
            Timer("x = 3", language=language)


def test_a_table(capsys):
    table = Compare([Measurement(1, [0.5], "one")])
    table.extend_results([Measurement(2, [0.5, 1.5, 1.0], "three times")])
    table.trim_significant_figures()
    table.colorize(rowwise=True)
    table.print()
    assert capsys.readouterr().out == "one            500.00 ms\nthree times    500.00 ms\n"
    assert str(Compare([])) == ""
