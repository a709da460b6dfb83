"""What a program says to PyTorch's profiler. Nothing is measured here: Python's own cProfile sees every call.

The program itself runs as with PyTorch: its schedule is followed, and at the end of a cycle its handler is called.

>>> import autodiff as torch
>>> with torch.profiler.profile() as prof:
...     _ = torch.ones(2) + 1
>>> prof.key_averages().table()
'nothing was measured: autodiff runs as Python, so that cProfile shows where the time goes'
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from contextlib import ContextDecorator
from enum import Enum
from typing import Any

from autodiff._core.missing import missing_name
from autodiff._core.provenance import stacklevel

__all__ = [
    "ProfilerAction", "ProfilerActivity", "profile", "record_function", "schedule", "supported_activities",
    "tensorboard_trace_handler",
]


class ProfilerActivity(Enum):
    """What could be measured.

    >>> import autodiff as torch
    >>> torch.profiler.ProfilerActivity.CPU.name
    'CPU'
    """

    CPU = 0
    XPU = 1
    CUDA = 2
    MTIA = 3
    HPU = 4
    PrivateUse1 = 5


class ProfilerAction(Enum):
    """What is done in a step, as a schedule says.

    >>> import autodiff as torch
    >>> torch.profiler.schedule(wait=1, warmup=1, active=1)(0)
    <ProfilerAction.NONE: 0>
    """

    NONE = 0
    WARMUP = 1
    RECORD = 2
    RECORD_AND_SAVE = 3


def supported_activities() -> set[ProfilerActivity]:
    """What PyTorch could measure on a machine without a GPU.

    >>> import autodiff as torch
    >>> torch.profiler.supported_activities()
    {<ProfilerActivity.CPU: 0>}
    """
    return {ProfilerActivity.CPU}


class _Averages(list[Any]):
    def table(self, *args: Any, **kwargs: Any) -> str:
        """One sentence, where PyTorch has a table."""
        return "nothing was measured: autodiff runs as Python, so that cProfile shows where the time goes"

    def total_average(self) -> _Averages:
        """Itself: there is nothing to add up."""
        return self


class profile:
    """A block that runs as it would without it; `on_trace_ready(prof)` is called at the end of each cycle of the schedule.

    Without a schedule the block is one cycle. `step_num` counts the calls of `step`.

    >>> import autodiff as torch
    >>> plan = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> with torch.profiler.profile(schedule=plan, on_trace_ready=lambda prof: print("after step", prof.step_num)) as prof:
    ...     for _ in range(6):
    ...         prof.step()
    after step 4
    """

    def __init__(
        self, *args: Any, schedule: Callable[[int], ProfilerAction] | None = None,
        on_trace_ready: Callable[[Any], Any] | None = None, **kwargs: Any,
    ) -> None:
        self.schedule = schedule or _always
        self.on_trace_ready = on_trace_ready
        self.step_num = 0

    def __enter__(self) -> profile:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def start(self) -> None:
        """Nothing."""

    def stop(self) -> None:
        """Ends the cycle that the program is in, if its steps would be measured."""
        if self.schedule(self.step_num) in (ProfilerAction.RECORD, ProfilerAction.RECORD_AND_SAVE):
            self._ready()

    def step(self) -> None:
        """The next step begins; ends the cycle whose last step was the one before."""
        last = self.schedule(self.step_num)
        self.step_num += 1
        if last is ProfilerAction.RECORD_AND_SAVE:
            self._ready()

    def _ready(self) -> None:
        if self.on_trace_ready is not None:
            self.on_trace_ready(self)

    def events(self) -> _Averages:
        """Empty; its `table()` says why."""
        return _Averages()

    def key_averages(self, *args: Any, **kwargs: Any) -> _Averages:
        """Empty; its `table()` says why."""
        return _Averages()

    def table(self, *args: Any, **kwargs: Any) -> str:
        """One sentence, where PyTorch has a table."""
        return self.key_averages().table()

    def add_metadata(self, key: str, value: str) -> None:
        """Nothing."""

    def add_metadata_json(self, key: str, value: str) -> None:
        """Nothing."""

    def export_chrome_trace(self, path: str) -> None:
        """UserWarning: nothing was measured that could be written; no file is made."""
        _not_written(path)

    def export_stacks(self, path: str, metric: str = "self_cpu_time_total") -> None:
        """UserWarning: nothing was measured that could be written; no file is made."""
        _not_written(path)

    def export_memory_timeline(self, path: str, device: str | None = None) -> None:
        """UserWarning: nothing was measured that could be written; no file is made."""
        _not_written(path)


def _always(step: int) -> ProfilerAction:
    return ProfilerAction.RECORD


def _not_written(path: str) -> None:
    warnings.warn(
        f"{path} is not written: autodiff measures nothing itself; run the program with python -m cProfile",
        stacklevel=stacklevel(),
    )


class record_function(ContextDecorator):
    """A block, or a function, with a name, which nobody asks for.

    >>> import autodiff as torch
    >>> with torch.profiler.record_function("forward"):
    ...     _ = torch.ones(2) + 1
    """

    def __init__(self, name: str, args: str | None = None) -> None:
        self.name = name

    def __enter__(self) -> record_function:
        return self

    def __exit__(self, *error: object) -> None:
        pass


def schedule(
    *, wait: int, warmup: int, active: int, repeat: int = 0, skip_first: int = 0, skip_first_wait: int = 0
) -> Callable[[int], ProfilerAction]:
    """What is done in step k: after `skip_first` steps come cycles of `wait`, then `warmup`, then `active` steps.

    `repeat` cycles, or, if 0, without end; `skip_first_wait` other than 0 leaves out the wait of the first cycle.
    AssertionError for a negative number and for active=0, UserWarning for warmup=0.

    >>> import autodiff as torch
    >>> plan = torch.profiler.schedule(wait=1, warmup=1, active=2, repeat=1)
    >>> [plan(step).name for step in range(5)]
    ['NONE', 'WARMUP', 'RECORD', 'RECORD_AND_SAVE', 'NONE']
    """
    if min(wait, warmup, repeat, skip_first) < 0 or active <= 0:
        raise AssertionError(
            f"schedule() takes active above 0 and no negative number; got wait={wait}, warmup={warmup}, active={active}, "
            f"repeat={repeat}, skip_first={skip_first}"
        )
    if warmup == 0:
        warnings.warn("Profiler won't be using warmup, this can skew profiler results", stacklevel=stacklevel())
    length = wait + warmup + active

    def action(step: int) -> ProfilerAction:
        """What is done in one step."""
        if step < 0:
            raise AssertionError(f"Step must be non-negative. Got {step}.")
        since = step - skip_first + (wait if skip_first_wait else 0)
        if step < skip_first or (repeat and since >= repeat * length) or since % length < wait:
            return ProfilerAction.NONE
        if since % length < wait + warmup:
            return ProfilerAction.WARMUP
        return ProfilerAction.RECORD_AND_SAVE if since % length == length - 1 else ProfilerAction.RECORD

    return action


def tensorboard_trace_handler(
    dir_name: str, worker_name: str | None = None, use_gzip: bool = False, with_memory: bool = False
) -> Callable[[Any], None]:
    """What would write the measurements, for `on_trace_ready`; called, it warns that nothing was measured.

    >>> import autodiff as torch
    >>> import warnings
    >>> with warnings.catch_warnings():
    ...     warnings.simplefilter("ignore")
    ...     with torch.profiler.profile(on_trace_ready=torch.profiler.tensorboard_trace_handler("runs")):
    ...         _ = torch.ones(2) + 1
    """
    return lambda prof: _not_written(f"a trace in {dir_name}")


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
