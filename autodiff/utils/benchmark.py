"""How long a statement takes: Python's `timeit`, with PyTorch's names.

>>> import autodiff as torch
>>> timer = torch.utils.benchmark.Timer("x @ x", globals={"x": torch.ones(4, 4)})
>>> timer.timeit(10).number_per_run
10
"""

from __future__ import annotations

import statistics
import timeit
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from autodiff._core.missing import missing_name

__all__ = ["Compare", "Measurement", "Timer"]

timer = timeit.default_timer

_UNITS = ((1.0, "s"), (1e-3, "ms"), (1e-6, "us"), (1e-9, "ns"))


def _with_unit(seconds: float) -> str:
    size, unit = next((each for each in _UNITS if seconds >= each[0]), _UNITS[-1])
    return f"{seconds / size:.2f} {unit}"


@dataclass(repr=False)
class Measurement:
    """What was measured: `times` in seconds per run, of `raw_times`, each of `number_per_run` runs.

    `mean`, `median` and `iqr` (the range of the middle half) are of `times`.

    >>> import autodiff as torch
    >>> torch.utils.benchmark.Measurement(10, [5.0, 10.0]).mean
    0.75
    """

    number_per_run: int
    raw_times: list[float]
    title: str = ""

    @property
    def times(self) -> list[float]:
        """The seconds of one run, for each measurement."""
        return [t / self.number_per_run for t in self.raw_times]

    @property
    def mean(self) -> float:
        """The mean of the times."""
        return statistics.fmean(self.times)

    @property
    def median(self) -> float:
        """The median of the times."""
        return statistics.median(self.times)

    @property
    def iqr(self) -> float:
        """The third quartile of the times less the first."""
        if len(self.times) < 2:
            return 0.0
        first, _, third = statistics.quantiles(self.times, method="inclusive")
        return third - first

    def __repr__(self) -> str:
        middle = f"  Median: {_with_unit(self.median)}" if len(self.times) > 1 else f"  {_with_unit(self.median)}"
        count = f"{len(self.times)} measurement{'s' * (len(self.times) > 1)}, {self.number_per_run} runs per measurement"
        return f"<{__name__}.Measurement>\n{self.title}\n{middle}\n  {count}"


class Timer:
    """The statement `stmt`, to be measured after `setup`, with the names of `globals`; `label` and the like are for its title.

    `num_threads` and `language` change nothing. ValueError for another language than Python.

    >>> import autodiff as torch
    >>> timer = torch.utils.benchmark.Timer("sum(range(n))", setup="n = 10", label="a sum")
    >>> timer.timeit(100).mean > 0
    True
    """

    def __init__(
        self, stmt: str = "pass", setup: str = "pass", global_setup: str = "", timer: Callable[[], float] = timer,
        globals: dict[str, Any] | None = None, label: str | None = None, sub_label: str | None = None,
        description: str | None = None, env: str | None = None, num_threads: int = 1, language: Any = "python",
    ) -> None:
        if str(getattr(language, "value", language)).lower() not in ("python", "py", "0"):
            raise ValueError(f"only statements of Python are measured here, not of {language}")
        self._timer = timeit.Timer(stmt, setup, timer, globals)
        self.title = ": ".join(each for each in (label or stmt, sub_label, description) if each)

    def timeit(self, number: int = 1_000_000) -> Measurement:
        """`number` runs, measured once, after a hundredth of them to warm up."""
        self._timer.timeit(max(number // 100, 2))
        return Measurement(number, [self._timer.timeit(number)], self.title)

    def blocked_autorange(self, callback: Any = None, min_run_time: float = 0.2) -> Measurement:
        """Measurements, each of so many runs that reading the clock does not count, until `min_run_time` seconds are over."""
        number = 1
        while (first := self._timer.timeit(number)) < min_run_time / 1000:
            number *= 10
        times = [first]
        while sum(times) < min_run_time:
            times.append(self._timer.timeit(number))
            if callback is not None:
                callback(number, times[-1])
        return Measurement(number, times, self.title)

    def adaptive_autorange(
        self, threshold: float = 0.1, *, min_run_time: float = 0.01, max_run_time: float = 10.0, callback: Any = None
    ) -> Measurement:
        """The same for longer and longer, until the middle half of the times lies within `threshold` of the median."""
        while True:
            found = self.blocked_autorange(callback, min_run_time)
            if found.iqr <= threshold * found.median or min_run_time * 3 > max_run_time:
                return found
            min_run_time *= 3


class Compare:
    """A table of measurements, one a line.

    >>> import autodiff as torch
    >>> torch.utils.benchmark.Compare([torch.utils.benchmark.Measurement(1, [0.5], "one"), ]).print()
    one    500.00 ms
    """

    def __init__(self, results: list[Measurement]) -> None:
        self.results = list(results)

    def __str__(self) -> str:
        width = max((len(each.title) for each in self.results), default=0)
        return "\n".join(f"{each.title:{width}}    {_with_unit(each.median)}" for each in self.results)

    def extend_results(self, results: list[Measurement]) -> None:
        """More lines."""
        self.results += results

    def trim_significant_figures(self) -> None:
        """Nothing: three are shown."""

    def colorize(self, rowwise: bool = False) -> None:
        """Nothing: the table has no colours."""

    def print(self) -> None:
        """Print the table."""
        print(self)


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
