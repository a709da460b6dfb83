"""A worker, step by step, in this process: what it is told, how it answers, and what it sends in place of a batch."""

import multiprocessing
import os
import random
import threading

import numpy as np
import pytest

import autodiff
from autodiff.utils.data import get_worker_info
from autodiff.utils.data.collate import default_collate
from autodiff.utils.data.parallel import _dismiss, _how
from autodiff.utils.data.worker import END, ExceptionWrapper, Plan, Task, _Here, opened, receive, send, work


@pytest.fixture
def answers(monkeypatch):
    """A function that lets a worker do some tasks, one after another, and gives what it sends."""
    monkeypatch.setattr(_Here, "info", None)
    before, state = np.random.get_state(), random.getstate()
    threads, stream = autodiff.get_num_threads(), autodiff.get_rng_state()

    def told(plan, tasks, worker=0, close=False):
        reads_tasks, to_worker = multiprocessing.Pipe(duplex=False)
        from_worker, writes_results = multiprocessing.Pipe(duplex=False)
        other, end = multiprocessing.Pipe(duplex=False)
        found = []

        def loader():
            for task in tasks:
                to_worker.send(task)
            for _ in tasks:
                if from_worker.poll(2):
                    found.append(opened(*receive(from_worker)))
            to_worker.close() if close else to_worker.send(None)

        thread = threading.Thread(target=loader)
        thread.start()
        work(plan, worker, reads_tasks, writes_results, [other])
        thread.join()
        assert other.closed
        for connection in (reads_tasks, to_worker, from_worker, writes_results, end):
            connection.close()
        return found

    yield told
    np.random.set_state(before)
    random.setstate(state)
    autodiff.set_num_threads(threads)
    autodiff.set_rng_state(stream)


def plan(dataset, collate=default_collate, size=2, init=None, batched=True, drop_last=False, seed=100):
    return Plan(dataset, collate, size, drop_last, batched, init, seed, 3)


def test_batches_come_under_the_numbers_of_their_tasks(answers):
    tasks = [Task(0, 0, [0, 1]), Task(0, 3, [2]), Task(1, 0, [3, 2])]
    found = answers(plan([10, 20, 30, 40]), tasks)
    assert [(turn, number, batch.tolist()) for turn, number, batch in found] == [
        (0, 0, [10, 20]), (0, 3, [30]), (1, 0, [40, 30]),
    ]


def test_single_samples(answers):
    found = answers(plan([10, 20, 30], lambda x: x + 1, None, batched=False), [Task(0, 0, 2), Task(0, 1, 0)])
    assert found == [(0, 0, 31), (0, 1, 11)]


class Counting(autodiff.utils.data.IterableDataset):
    def __iter__(self):
        return iter(range(3))


@pytest.mark.parametrize(("drop_last", "first"), [(False, [[0, 1], [2], END]), (True, [[0, 1], END, END])])
def test_a_stream_ends_and_begins_again_in_another_pass(answers, drop_last, first):
    tasks = [*(Task(0, n, None) for n in range(3)), Task(1, 0, None)]
    found = answers(plan(Counting(), drop_last=drop_last), tasks)
    assert [batch if batch == END and isinstance(batch, str) else batch.tolist() for _, _, batch in found] == [*first, [0, 1]]


def test_an_error_comes_in_the_place_of_its_batch_and_the_next_is_made(answers):
    found = answers(plan([1, 2], seed=0), [Task(0, 0, [5]), Task(0, 1, [1])], worker=2)
    assert [number for _, number, _ in found] == [0, 1]
    assert isinstance(found[0][2], ExceptionWrapper)
    with pytest.raises(IndexError, match=r"Caught IndexError in DataLoader worker process 2.\nOriginal Traceback"):
        found[0][2].reraise()
    assert found[1][2].tolist() == [2]


def test_stop_iteration_ends_a_stream_alone(answers):
    def stop(batch):
        raise StopIteration

    found = answers(plan([1, 2], stop), [Task(0, 0, [0])])
    assert found[0][2].exc_type is StopIteration


def test_an_error_of_the_first_call_comes_in_place_of_every_batch(answers):
    def init(worker):
        raise ValueError(f"no worker {worker}")

    found = answers(plan([1, 2], init=init), [Task(0, 0, [0]), Task(0, 1, [1])], worker=1)
    for _, _, batch in found:
        with pytest.raises(ValueError, match=r"(?s)in DataLoader worker process 1.*no worker 1"):
            batch.reraise()
    assert len(found) == 2


def test_what_cannot_be_sent_is_an_error_in_its_place(answers):
    found = answers(plan([1, 2], lambda batch: (lambda: 0) if batch == [1] else batch), [Task(0, 0, [0]), Task(0, 1, [1])])
    assert isinstance(found[0][2], ExceptionWrapper)
    assert "in DataLoader worker process 0" in found[0][2].where
    assert found[1][2] == [2]


def test_what_a_worker_knows_and_how_it_is_seeded(answers):
    seen = []

    def note(worker):
        info = get_worker_info()
        seen.append((worker, info.id, info.num_workers, info.seed, info.dataset, autodiff.get_num_threads()))
        seen.append((autodiff.initial_seed(), random.random(), np.random.random()))

    data = [1, 2]
    answers(plan(data, init=note, seed=2**40 + 7), [Task(0, 0, [0])], worker=2)
    seed = 2**40 + 9
    assert seen[0] == (2, 2, 3, seed, data, 1)
    torch = pytest.importorskip("torch")
    words = torch.utils.data._utils.worker._generate_state(2**40 + 7, 2)
    assert seen[1] == (seed, random.Random(seed).random(), np.random.RandomState(words).random_sample())


def test_a_worker_ends_when_nobody_gives_it_tasks_any_more(answers):
    assert len(answers(plan([1, 2]), [Task(0, 0, [0])], close=True)) == 1


KINDS = {
    "a row of a table": lambda: autodiff.arange(200.0).reshape(100, 2)[7],
    "columns": lambda: autodiff.arange(6.0).reshape(2, 3).mT,
    "nothing": lambda: autodiff.zeros(0, 3),
    "a leaf": lambda: autodiff.ones(2, requires_grad=True),
    "a parameter": lambda: autodiff.nn.Parameter(autodiff.ones(2)),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_tensor_on_its_way_is_what_it_was(name):
    """Its class, its strides, whether it requires a gradient, and what was noted on it; in memory that is as long as it is."""
    x = KINDS[name]()
    x.note = "mine"
    reads, writes = multiprocessing.Pipe(duplex=False)
    send(writes, {"x": x, "n": 3})
    content, buffers = receive(reads)
    found = opened(content, buffers)
    assert found["n"] == 3
    y = found["x"]
    assert (type(y), y.shape, y.stride(), y.requires_grad, y.note) == (type(x), x.shape, x.stride(), x.requires_grad, "mine")
    assert y.tolist() == x.tolist()
    assert sum(buffer.nbytes for buffer in buffers) == x.numel() * 4
    assert y.untyped_storage().nbytes() == x.numel() * 4
    reads.close()
    writes.close()


def test_an_error_keeps_its_class_where_that_can_be_made_again():
    class Says(Exception):
        message = ""

        def __init__(self, message):
            super().__init__("said: " + message)
            self.message = message

    class Own(Exception):
        pass

    def wrapped(error):
        try:
            raise error
        except Exception:
            return ExceptionWrapper(where="here")

    own = wrapped(Own("x"))
    assert own.exc_type is RuntimeError
    with pytest.raises(RuntimeError, match=r"^Caught Own here\.\nOriginal Traceback"):
        own.reraise()
    known = wrapped(ValueError("x"))
    known.exc_type = Says
    Says.message = "of the class"
    assert str(known.error()).startswith("said: Caught ValueError here")
    assert str(wrapped(KeyError("k")).error()).startswith("Caught KeyError here.\nOriginal Traceback")
    assert repr(wrapped(KeyError("k")).error().args[0]).startswith("Caught KeyError")


# ---- the end of workers ----


class FakeProcess:
    """A process that ends as soon as it is asked for the `stubborn`-th time, by join, terminate, and kill."""

    def __init__(self, stubborn=0):
        self.left, self.asked = stubborn, []

    def _ask(self, how):
        self.asked.append(how)
        self.left -= how != "join"

    def join(self, timeout=None):
        self.asked.append("join")

    def is_alive(self):
        return self.left > 0

    def terminate(self):
        self._ask("terminate")

    def kill(self):
        self._ask("kill")


class FakeConnection:
    def __init__(self, broken=False):
        self.sent, self.closed, self.broken = [], False, broken

    def send(self, message):
        if self.broken:
            raise BrokenPipeError
        self.sent.append(message)

    def close(self):
        self.closed = True


def test_workers_are_asked_to_end_and_those_that_do_not_are_ended():
    processes = [FakeProcess(stubborn) for stubborn in (0, 1, 2)]
    tasks, results = [FakeConnection(), FakeConnection(broken=True), FakeConnection()], [FakeConnection()]
    _dismiss(os.getpid(), processes, tasks, results)
    assert [connection.sent for connection in tasks] == [[None], [], [None]]
    assert all(connection.closed for connection in tasks + results)
    assert [process.asked for process in processes] == [
        ["join"], ["join", "terminate", "join"], ["join", "terminate", "join", "kill", "join"],
    ]
    assert not any(process.is_alive() for process in processes)


def test_a_process_that_was_forked_leaves_the_workers_of_its_parent_alone():
    process, task = FakeProcess(1), FakeConnection()
    _dismiss(os.getpid() + 1, [process], [task], [task])
    assert (process.asked, task.sent, task.closed) == ([], [], False)


def test_how_a_worker_has_ended():
    assert [_how(code) for code in (0, 3, -9, -11, None)] == [
        "with exit code 0", "with exit code 3", "killed by signal 9, perhaps since memory ran out", "killed by signal 11",
        "with exit code None",
    ]
