"""A worker process: it takes the numbers of batches, makes the batches, and sends them.

After this module a reader knows why a worker has three threads (who receives must never wait for who computes, nor who computes
for who sends: so neither process ever waits for the other to read), and how its random numbers are seeded.
"""

from __future__ import annotations

import io
import pickle
import queue
import random
import sys
import threading
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, NamedTuple, NoReturn

import numpy as np

from autodiff._core.fields import get_requires_grad, is_leaf
from autodiff._core.tensor import Tensor
from autodiff._kernels import set_num_threads
from autodiff.api.copies import rebuild_tensor
from autodiff.random import manual_seed
from autodiff.utils.data.dataset import IterableDataset
from autodiff.utils.data.fetch import Fetch, fetcher

__all__ = ["END", "ExceptionWrapper", "Task", "WorkerInfo", "get_worker_info", "numpy_seed", "opened", "receive", "work"]


@dataclass(frozen=True)
class WorkerInfo:
    """What `get_worker_info()` gives inside of a worker: its `id`, `num_workers`, its `seed`, and its copy of the `dataset`."""

    id: int
    num_workers: int
    seed: int
    dataset: Any


class _Here:
    info: WorkerInfo | None = None


def get_worker_info() -> WorkerInfo | None:
    """In a worker of a DataLoader what tells the workers apart: `id`, `num_workers`, `seed`, `dataset`. None elsewhere.

    >>> from autodiff.utils.data import get_worker_info
    >>> get_worker_info() is None
    True
    """
    return _Here.info


class Task(NamedTuple):
    """One batch to be made, the number `number` of the pass number `turn`."""

    turn: int
    number: int
    index: Any


END = "end of the stream"  # what a worker sends instead of a batch when its copy of an IterableDataset is exhausted


class ExceptionWrapper:
    """An error of a worker, on its way to the process that reads the batches; `exc_info` is what sys.exc_info() gave."""

    def __init__(self, exc_info: Any = None, where: str = "in background") -> None:
        exc_info = exc_info or sys.exc_info()
        kind, error, place = exc_info
        self.exc_type, self.name, self.where = kind, kind.__name__, where
        self.exc_msg = "".join(traceback.format_exception(kind, error, place))
        try:
            pickle.dumps(kind)
        except Exception:  # a class of a function's own
            self.exc_type = RuntimeError

    def reraise(self) -> NoReturn:
        """Raise the error: of the same class, with the worker's traceback as its message."""
        raise self.error()

    def error(self) -> BaseException:
        """The error to raise."""
        text = f"Caught {self.name} {self.where}.\nOriginal {self.exc_msg}"
        if self.exc_type is KeyError:
            return KeyError(_Readable(text))
        try:
            kind: Any = self.exc_type
            found: BaseException = kind(message=text) if getattr(kind, "message", None) else kind(text)
            return found
        except Exception:  # it wants other arguments
            return RuntimeError(text)


def _caught(error: BaseException, where: str) -> ExceptionWrapper:
    return ExceptionWrapper((type(error), error, error.__traceback__), where)


class _Readable(str):
    """A text that KeyError, which shows the repr of its argument, shows as it is."""

    def __repr__(self) -> str:
        return str(self)


# ---- sending -----------------------------------------------------------------------------------------------------


class _Compact(pickle.Pickler):
    """Pickles a tensor without the rest of the memory that it looks at."""

    def reducer_override(self, obj: Any) -> Any:
        """How a tensor is sent: as a leaf."""
        if not isinstance(obj, Tensor):
            return NotImplemented
        if get_requires_grad(obj) and not is_leaf(obj):
            raise RuntimeError(
                "Cowardly refusing to serialize non-leaf tensor which requires_grad, since autograd does not support crossing "
                "process boundaries.  If you just want to transfer the data, call detach() on the tensor before serializing."
            )
        array = np.array(obj._array, order="K")
        return rebuild_tensor, (type(obj), array, get_requires_grad(obj), dict(obj.__dict__))


def send(connection: Connection, message: Any) -> None:
    """Send a message; the memory of arrays goes beside its pickle, uncopied."""
    buffers: list[pickle.PickleBuffer] = []
    file = io.BytesIO()
    _Compact(file, 5, buffer_callback=buffers.append).dump(message)
    raws = [buffer.raw() for buffer in buffers]
    connection.send_bytes(pickle.dumps((file.getvalue(), [raw.nbytes for raw in raws])))
    for raw in raws:
        if raw.nbytes:
            connection.send_bytes(raw)


def receive(connection: Connection) -> tuple[bytes, list[Any]]:
    """The next message, unopened: its pickle, and the memory of its arrays."""
    content, sizes = pickle.loads(connection.recv_bytes())
    buffers = [np.empty(size, np.uint8) for size in sizes]
    for buffer in buffers:
        if buffer.size:
            connection.recv_bytes_into(buffer.data)
    return content, buffers


def opened(content: bytes, buffers: list[Any]) -> Any:
    """What a message says."""
    return pickle.loads(content, buffers=buffers)


# ---- the process -------------------------------------------------------------------------------------------------


def numpy_seed(base_seed: int, worker: int) -> list[int]:
    """The seed of NumPy's global generator in a worker."""
    entropy = [worker, base_seed & 0xFFFFFFFF, base_seed >> 32, 0]
    return [int(word) for word in np.random.SeedSequence(entropy).generate_state(4)]


class Plan(NamedTuple):
    """What a worker needs to know of its loader."""

    dataset: Any
    collate: Callable[[Any], Any]
    size: int | None
    drop_last: bool
    batched: bool
    init: Callable[[int], None] | None
    base_seed: int
    workers: int


def work(plan: Plan, worker: int, tasks: Connection, results: Connection, ends: list[Connection]) -> None:
    """What a worker does until it is told to end, or nobody reads any more. It must not hold `ends`, which are the others'."""
    for end in ends:
        end.close()
    try:
        _Worker(plan, worker, tasks, results).run()
    except KeyboardInterrupt:
        pass  # the main process is interrupted too, and says so
    finally:
        sys.stdout.flush()


class _Worker:
    def __init__(self, plan: Plan, worker: int, tasks: Connection, results: Connection) -> None:
        self.plan, self.worker, self.tasks, self.results = plan, worker, tasks, results
        self.todo: queue.SimpleQueue[Task | None] = queue.SimpleQueue()
        self.done: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.over = False
        self.where = f"in DataLoader worker process {worker}"

    def run(self) -> None:
        """Make batches."""
        plan, worker = self.plan, self.worker
        set_num_threads(1)
        seed = plan.base_seed + worker
        random.seed(seed)
        manual_seed(seed)
        np.random.seed(numpy_seed(plan.base_seed, worker))
        _Here.info = WorkerInfo(worker, plan.workers, seed, plan.dataset)
        for thread in (self._receiving, self._sending):
            threading.Thread(target=thread, daemon=True).start()
        failure, fetch, turn = None, None, -1
        try:
            if plan.init is not None:
                plan.init(worker)
        except Exception as error:
            failure = _caught(error, self.where)
        while (task := self.todo.get()) is not None and not self.over:
            if task.turn != turn:
                fetch, turn = None, task.turn
            result = failure
            if failure is None:
                fetch, result = self._made(fetch, task)
            self.done.put((task.turn, task.number, result))
        self.done.put(None)

    def _made(self, fetch: Fetch | None, task: Task) -> tuple[Fetch | None, Any]:
        """The function that makes batches, which a pass begins with, and the batch, or what to send in its place."""
        plan = self.plan
        try:
            fetch = fetch or fetcher(plan.dataset, plan.collate, plan.size, plan.drop_last, plan.batched)
            return fetch, fetch(task.index)
        except Exception as error:
            over = isinstance(error, StopIteration) and isinstance(plan.dataset, IterableDataset)
            return fetch, END if over else _caught(error, self.where)

    def _receiving(self) -> None:
        """Take tasks as they come: the main process never waits."""
        try:
            while (task := self.tasks.recv()) is not None:
                self.todo.put(task)
        except (EOFError, OSError):
            pass  # the main process is gone
        self.over = True
        self.todo.put(None)

    def _sending(self) -> None:
        """Send what is made: the next batch is computed meanwhile."""
        try:
            while (message := self.done.get()) is not None:
                try:
                    send(self.results, message)
                except OSError:
                    raise
                except Exception as error:
                    send(self.results, (*message[:2], _caught(error, self.where)))
        except OSError:
            self.over = True  # nobody reads any more
            self.todo.put(None)
