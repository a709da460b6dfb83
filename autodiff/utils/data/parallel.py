"""A pass whose batches are made by worker processes.

After this module a reader knows how the batches come in the sampler's order although the workers finish in any (each has a
number), why a worker that is killed is noticed at once (its end is waited for like a result), and how no process is left.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import time
import warnings
import weakref
from collections.abc import Iterator
from itertools import cycle
from multiprocessing.connection import Connection, wait
from typing import Any, NoReturn, Self

from autodiff.utils.data._utils import MP_STATUS_CHECK_INTERVAL
from autodiff.utils.data.dataset import IterableDataset
from autodiff.utils.data.sampler import draw_seed
from autodiff.utils.data.worker import END, ExceptionWrapper, Plan, Task, opened, receive, work

__all__ = ["ParallelPass"]



class _Crew:
    """The worker processes of a loader, with a pipe to each and one from each."""

    def __init__(self, loader: Any, plan: Plan) -> None:
        context: Any = loader.multiprocessing_context or multiprocessing
        if isinstance(context, str):
            context = multiprocessing.get_context(context)
        forked = context.get_start_method() == "fork"
        self.processes: list[Any] = []
        self.tasks: list[Connection] = []
        self.results: list[Connection] = []
        # At the end of the program, and when nobody holds the crew any more.
        self.end = weakref.finalize(self, _dismiss, os.getpid(), self.processes, self.tasks, self.results)
        try:
            for worker in range(plan.workers):
                reads_tasks, tasks = context.Pipe(duplex=False)
                results, writes_results = context.Pipe(duplex=False)
                self.tasks.append(tasks)
                self.results.append(results)
                # A forked process has all that was open. Who holds the other ends of pipes can't see that they are closed.
                ends = [*self.tasks, *self.results] if forked else []
                process = context.Process(target=work, args=(plan, worker, reads_tasks, writes_results, ends), daemon=True)
                with warnings.catch_warnings():
                    # Python 3.12 warns of forking where there are threads. A worker waits for none of theirs.
                    warnings.filterwarnings("ignore", ".*fork", DeprecationWarning)
                    process.start()
                self.processes.append(process)
                reads_tasks.close()
                writes_results.close()
        except BaseException:
            self.end()
            raise

    def give(self, worker: int, task: Task) -> None:
        """Give a worker a task."""
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # it has ended: noticed where results are waited for
            self.tasks[worker].send(task)

    def take(self, timeout: float) -> Any:
        """The next message of any worker. RuntimeError when there is none in time, and when a worker has ended."""
        if not self.end.alive:
            raise RuntimeError("the DataLoader's workers have ended: begin a new pass")
        ready = wait([*self.results, *(process.sentinel for process in self.processes)], timeout or None)
        if not ready:
            raise RuntimeError(f"DataLoader timed out after {timeout} seconds")
        for process, results in zip(self.processes, self.results, strict=True):
            if results not in ready:
                continue
            try:
                parts = receive(results)
            except (EOFError, OSError):  # it ended while it was sending
                process.join(1.0)
            except BaseException:  # half of a message is read: the next could not be told from its rest
                self.end()
                raise
            else:
                return opened(*parts)
        for process in self.processes:
            if process.sentinel in ready:
                process.join(1.0)
        dead = [process for process in self.processes if process.exitcode is not None]
        self.end()
        pids = ", ".join(str(process.pid) for process in dead)
        how = ", ".join(_how(process.exitcode) for process in dead)
        raise RuntimeError(f"DataLoader worker (pid(s) {pids}) exited unexpectedly: {how}")


def _how(code: int | None) -> str:
    if code is not None and code < 0:
        return f"killed by signal {-code}" + (", perhaps since memory ran out" if code == -9 else "")
    return f"with exit code {code}"


def _dismiss(owner: int, processes: list[Any], tasks: list[Connection], results: list[Connection]) -> None:
    """Let the workers end: those that don't are ended."""
    if os.getpid() != owner:
        return  # a worker of another loader, which has been forked with all that there was
    for connection in tasks:
        with contextlib.suppress(OSError):  # the worker has ended before
            connection.send(None)
        connection.close()
    for connection in results:
        connection.close()  # who is sending sees that nobody reads
    until = time.monotonic() + MP_STATUS_CHECK_INTERVAL
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
    for process in processes:
        if process.is_alive():
            process.terminate()
            process.join(1.0)
        if process.is_alive():
            process.kill()
            process.join()


class ParallelPass(Iterator[Any]):
    """One pass over a loader's data set after another, by the same workers."""

    def __init__(self, loader: Any) -> None:
        # Not the loader: where workers stay, it holds this pass, and in a circle both would outlive the program's last use.
        self._dataset, self._workers_stay, self._timeout = loader.dataset, loader.persistent_workers, loader.timeout
        self._number, self._prefetch, self._in_order = loader.num_workers, loader.prefetch_factor, loader.in_order
        self._order = loader._index_sampler
        iter(self._order)  # PyTorch begins it here, and again below: samplers that draw numbers then draw twice
        self._stream = isinstance(loader.dataset, IterableDataset)
        plan = Plan(
            loader.dataset, loader.collate_fn, loader.batch_size, loader.drop_last, loader._auto_collation,
            loader.worker_init_fn, draw_seed(loader.generator), loader.num_workers,
        )
        self._crew = _Crew(loader, plan)
        self._turn = -1
        self.begin(loader._said)

    @property
    def _workers(self) -> list[Any]:
        """The processes, under PyTorch's name."""
        return self._crew.processes

    @property
    def alive(self) -> bool:
        """Whether the workers can make another pass."""
        return self._crew.end.alive

    def begin(self, said: int | None) -> None:
        """Begin a pass; what is left of one before is forgotten. `said` is the length of a stream, if somebody has asked."""
        self._said = said
        self._indices = iter(self._order)
        self._turn += 1
        self._sent = self._next = self._yielded = 0
        self._worker: dict[int, int] = {}  # who makes the batch of that number, until it is given away
        self._made: dict[int, Any] = {}  # batches that came before their turn
        self._busy = [0] * self._number
        self._going = [True] * self._number
        self._cycle = cycle(range(self._number))
        for _ in range(self._prefetch * self._number):
            self._order_one()

    def _order_one(self) -> None:
        """Let the next worker in turn make the next batch; nothing when there are no more."""
        try:
            index = next(self._indices)
        except StopIteration:
            return
        for _ in self._going:
            worker = next(self._cycle)
            free = self._in_order or self._busy[worker] < self._prefetch
            if self._going[worker] and free:
                break
        else:
            return
        self._worker[self._sent] = worker
        self._busy[worker] += 1
        self._crew.give(worker, Task(self._turn, self._sent, index))
        self._sent += 1

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> Any:
        batch = self._batch()
        if isinstance(batch, ExceptionWrapper):
            batch.reraise()
        self._yielded += 1
        if self._stream and self._said is not None and self._yielded > self._said:
            warnings.warn(
                f"Length of IterableDataset {self._dataset} was reported to be {self._said}(when accessing len(dataloader)), "
                f"but {self._yielded} samples have been fetched. For multiprocessing data-loading, this could be caused by not "
                "properly configuring the IterableDataset replica at each worker: each worker has its own copy, and "
                "get_worker_info() tells it which part to give.",
                stacklevel=2,
            )
        return batch

    def _batch(self) -> Any:
        """The next batch, or the error in its place."""
        while True:
            number = self._due()
            if number in self._made:
                self._busy[self._worker.pop(number)] -= 1
                batch = self._made.pop(number)
                self._order_one()
                return batch
            if not self._worker:
                break
            self._take()
        if not self._workers_stay:
            self._crew.end()
        raise StopIteration

    def _due(self) -> int:
        """The number of the batch that is to be given away next."""
        if not self._in_order:
            return next(iter(self._made), -1)
        while self._next < self._sent and self._next not in self._worker:
            self._next += 1
        return self._next

    def _take(self) -> None:
        """Wait for a message of a worker."""
        turn, number, batch = self._crew.take(self._timeout)
        if turn != self._turn:
            return  # of a pass that was broken off
        if batch == END and isinstance(batch, str):
            self._going[self._worker.pop(number)] = False
            self._order_one()
        else:
            self._made[number] = batch

    def __len__(self) -> int:
        return len(self._order)

    def __getstate__(self) -> NoReturn:
        raise NotImplementedError(f"{type(self).__name__} cannot be pickled; pickle the DataLoader")
