"""Batches made by worker processes: PyTorch's batches, in PyTorch's order, from the same random numbers."""

import contextlib
import gc
import os
import pickle
import random
import signal
import subprocess
import sys
import time
import warnings

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff.utils.data import worker

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="these data sets are not there in a process that is spawned"),
    pytest.mark.filterwarnings("ignore:This DataLoader will create", "ignore:.*fork.*:DeprecationWarning"),
]


def plain(x):
    """Batches as lists."""
    if hasattr(x, "tolist"):
        return (str(x.dtype), x.tolist())
    if isinstance(x, dict):
        return {k: plain(v) for k, v in x.items()}
    return [plain(v) for v in x] if isinstance(x, (list, tuple)) else x


class Noisy:
    """Samples that show all that a worker draws, and who it is."""

    def __init__(self, T, n):
        self.T, self.n = T, n

    def __len__(self):
        return self.n

    def __getitem__(self, i):
        info = self.T.utils.data.get_worker_info()
        return i, self.T.rand(()), random.random(), float(np.random.rand()), info.id, info.seed, info.num_workers


def told(T, passes, options, n=7):
    """All batches of some passes, and a random number drawn after each."""
    T.manual_seed(5)
    loader = T.utils.data.DataLoader(Noisy(T, n), **options)
    found = [([plain(batch) for batch in loader], T.rand(()).item()) for _ in range(passes)]
    dismissed(loader)
    return found


def dismissed(loader):
    """End the workers of PyTorch's that stay: otherwise that takes it five seconds each, when they are collected."""
    staying = getattr(loader, "_iterator", None)
    if staying is not None and hasattr(staying, "_worker_pids_set"):
        torch._C._remove_worker_pids(id(staying))
        staying._worker_pids_set, staying._shutdown = False, True
        for process in staying._workers:
            process.kill()
            process.join()


@given(
    options=st.fixed_dictionaries(
        {"num_workers": st.integers(1, 3), "batch_size": st.sampled_from([None, 1, 3]), "shuffle": st.booleans()},
        optional={"prefetch_factor": st.integers(1, 3), "persistent_workers": st.booleans(), "drop_last": st.booleans()},
    )
)
@settings(max_examples=6)
def test_the_same_batches_in_the_same_order(options):
    if options["batch_size"] is None:
        options.pop("drop_last", None)
    assert told(autodiff, 2, options) == told(torch, 2, options)


@pytest.mark.parametrize("base", [0, 1, 2**32 - 1, 2**32, 2**63 - 1, 123456789012])
def test_the_seed_of_numpy(base):
    from torch.utils.data._utils.worker import _generate_state

    for number in range(4):
        assert worker.numpy_seed(base, number) == _generate_state(base, number)


def stream(T, lengths):
    class Stream(T.utils.data.IterableDataset):
        def __iter__(self):
            info = T.utils.data.get_worker_info()
            return iter(range(info.id * 100, info.id * 100 + lengths[info.id]))

        def __len__(self):
            return 4

    return Stream()


@pytest.mark.parametrize("lengths", [(3, 7, 1), (0, 0, 2), (0, 0, 0), (4, 4, 4)])
@pytest.mark.parametrize("options", [{"batch_size": None}, {"batch_size": 2, "persistent_workers": True, "drop_last": True}])
def test_streams(lengths, options):
    passes = []
    for T in (autodiff, torch):
        loader = T.utils.data.DataLoader(stream(T, lengths), num_workers=3, **options)
        passes.append([[plain(batch) for batch in loader] for _ in range(2)])
        dismissed(loader)
    assert passes[0] == passes[1]


@BOTH
def test_a_stream_that_is_longer_than_it_said(T):
    loader = T.utils.data.DataLoader(stream(T, (3, 2)), num_workers=2)
    assert len(loader) == 4
    with pytest.warns(UserWarning, match="but 5 samples have been fetched. For multiprocessing data-loading"):
        list(loader)


@BOTH
def test_in_any_order(T):
    loader = T.utils.data.DataLoader(Slow(), num_workers=2, in_order=False)
    found = [batch.item() for batch in loader]
    assert sorted(found) == list(range(6))
    assert found[0] == 1


class Slow:
    def __len__(self):
        return 6

    def __getitem__(self, i):
        time.sleep(0.3 if i == 0 else 0)
        return i


@BOTH
def test_what_a_worker_knows_of_itself(T):
    def told(batch):
        info = T.utils.data.get_worker_info()
        with pytest.raises(AttributeError, match="cannot assign to field 'id'"):
            info.id = 3
        return info.id, info.num_workers, len(info.dataset), repr(info).startswith("WorkerInfo(id="), T.get_num_threads(), marks

    marks = []
    loader = T.utils.data.DataLoader(range(4), num_workers=2, collate_fn=told, worker_init_fn=marks.append)
    assert list(loader) == [(n % 2, 2, 4, True, 1, [n % 2]) for n in range(4)]
    assert T.utils.data.get_worker_info() is None


@BOTH
def test_batches_of_every_kind(T):
    big = T.arange(50_000.0)
    samples = [
        {"image": big + i, "name": f"n{i}", "sizes": (i, float(i)), "part": T.arange(12).view(3, 4)[:, i]} for i in range(4)
    ]
    loader = T.utils.data.DataLoader(samples, batch_size=2, num_workers=2)
    alone = T.utils.data.DataLoader(samples, batch_size=2)
    assert [plain(batch) for batch in loader] == [plain(batch) for batch in alone]
    leaves = list(T.utils.data.DataLoader([T.ones(2, requires_grad=True)], batch_size=None, num_workers=1))
    assert (leaves[0].requires_grad, leaves[0].is_leaf) == (True, True)
    for batch in loader:
        batch["image"] += 1  # the memory is the receiver's own


def test_a_row_is_sent_without_the_rest_of_its_table():
    import io

    file = io.BytesIO()
    worker._Compact(file, 5).dump(autodiff.zeros(1000, 1000)[3])
    assert len(file.getvalue()) < 10_000


def test_what_belongs_to_a_graph_is_not_sent():
    for T in (autodiff, torch):
        w = T.ones(2, requires_grad=True)
        if T is torch:
            continue  # there the error is printed by a thread, and nothing comes
        with pytest.raises(RuntimeError, match="Cowardly refusing to serialize non-leaf tensor"):
            list(T.utils.data.DataLoader([w * 2], batch_size=None, num_workers=1))


# ---- errors ----


class Wanting(Exception):
    def __init__(self, a, b):
        super().__init__(a)


class Faulty:
    def __init__(self, how):
        self.how = how

    def __len__(self):
        return 6

    def __getitem__(self, i):
        if i == 3:
            self.how()
        return i


def raising(error):
    def fail():
        raise error

    return fail


@BOTH
@pytest.mark.parametrize(
    ("error", "kind"),
    [(KeyError("k"), KeyError), (ValueError("v"), ValueError), (Wanting(1, 2), RuntimeError), (IndexError(), IndexError)],
)
def test_an_error_comes_with_the_workers_traceback(T, error, kind):
    batches = iter(T.utils.data.DataLoader(Faulty(raising(error)), num_workers=2))
    assert [next(batches).item() for _ in range(3)] == [0, 1, 2]
    with pytest.raises(kind) as caught:
        next(batches)
    text = str(caught.value)
    assert text.startswith(f"Caught {type(error).__name__} in DataLoader worker process 1.\nOriginal Traceback (most recent")
    assert "raise error" in text
    assert [batch.item() for batch in batches] == [4, 5]


@BOTH
def test_an_error_of_worker_init_fn(T):
    with pytest.raises(ValueError, match=r"^Caught ValueError in DataLoader worker process 0"):
        next(iter(T.utils.data.DataLoader(range(3), num_workers=1, worker_init_fn=lambda n: raising(ValueError("no"))())))


def test_errors_and_batches_that_cannot_be_sent():
    class Own(Exception):
        pass

    batches = iter(autodiff.utils.data.DataLoader(Faulty(raising(Own("x"))), num_workers=1))
    with pytest.raises(RuntimeError, match=r"^Caught Own in DataLoader worker process 0"):
        list(batches)
    batches = iter(autodiff.utils.data.DataLoader(range(2), num_workers=1, collate_fn=lambda batch: lambda: 0))
    with pytest.raises((AttributeError, TypeError, RuntimeError), match="in DataLoader worker process 0"):
        next(batches)


@pytest.mark.parametrize(
    ("how", "words"), [(lambda: os.kill(os.getpid(), 9), "killed by signal 9"), (lambda: os._exit(3), "with exit code 3")]
)
def test_a_worker_that_is_gone_is_noticed_at_once(how, words):
    batches = iter(autodiff.utils.data.DataLoader(Faulty(how), num_workers=2))
    start = time.monotonic()
    with pytest.raises(RuntimeError, match=rf"DataLoader worker \(pid\(s\) \d+\) exited unexpectedly: {words}"):
        list(batches)
    assert time.monotonic() - start < 3
    with pytest.raises(RuntimeError, match="begin a new pass"):
        next(batches)
    assert not any(process.is_alive() for process in batches._workers)


def test_workers_that_stay_are_replaced_when_one_is_gone():
    loader = autodiff.utils.data.DataLoader(Faulty(lambda: os._exit(3)), num_workers=1, persistent_workers=True)
    for _ in range(2):
        batches = iter(loader)
        assert next(batches).item() == 0
        with pytest.raises(RuntimeError, match="exited unexpectedly"):
            list(batches)


@BOTH
def test_workers_end_in_good_order(T):
    batches = iter(T.utils.data.DataLoader(range(4), num_workers=2))
    workers = batches._workers
    assert [batch.item() for batch in batches] == [0, 1, 2, 3]
    del batches
    for process in workers:
        process.join(5)
        assert process.exitcode == 0


@BOTH
@pytest.mark.parametrize("options", [{}, {"persistent_workers": True}], ids=str)
@pytest.mark.parametrize("taken", [0, 3, 8])
def test_workers_end_with_the_last_name_of_their_pass(T, options, taken):
    """At once, without a collector of garbage: nothing of a loader stands in a circle."""
    gc.disable()
    try:
        batches = iter(T.utils.data.DataLoader(range(8), num_workers=2, **options))
        workers = batches._workers
        for _ in range(taken):
            next(batches)
        del batches
        for process in workers:
            process.join(10)
            assert process.exitcode == 0
    finally:
        gc.enable()


@BOTH
def test_an_error_on_its_way(T):
    try:
        {}["missing"]
    except KeyError:
        found = [T._utils.ExceptionWrapper(sys.exc_info()), T._utils.ExceptionWrapper(where="in a worker")]
    for wrapper, where in zip(found, ("in background", "in a worker"), strict=True):
        wrapper = pickle.loads(pickle.dumps(wrapper))
        assert wrapper.exc_type is KeyError
        assert "missing" in wrapper.exc_msg
        with pytest.raises(KeyError, match=f"(?s)Caught KeyError {where}.*Original Traceback.*KeyError: 'missing'"):
            wrapper.reraise()


@BOTH
def test_where_pytorch_keeps_the_parts(T):
    parts = T.utils.data._utils
    assert parts.collate.default_collate([1, 2]).tolist() == [1, 2]
    assert parts.worker.get_worker_info() is None
    assert tuple(parts.worker._generate_state(13434589827475259383, 4)) == (2884386318, 1088094898, 3523808998, 3860348662)
    for options, batched in (({}, True), ({"batch_size": None}, False), ({"batch_sampler": [[0, 1]]}, True)):
        loader = T.utils.data.DataLoader(range(3), **options)
        assert loader._auto_collation is batched
        assert loader._index_sampler is (loader.batch_sampler if batched else loader.sampler)


@BOTH
def test_timeout(T):
    batches = iter(T.utils.data.DataLoader(Faulty(lambda: time.sleep(1)), num_workers=1, timeout=0.2))
    with pytest.raises(RuntimeError, match=r"DataLoader timed out after 0.2 seconds"):
        list(batches)


# ---- what is left behind ----


def children(pid=None):
    """The processes that a process has started, and that are still there."""
    path = f"/proc/{pid or os.getpid()}/task"
    found = []
    for thread in os.listdir(path) if os.path.exists(path) else ():
        with contextlib.suppress(OSError), open(f"{path}/{thread}/children") as file:
            found += [int(each) for each in file.read().split()]
    return found


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition, seconds=5.0):
    end = time.monotonic() + seconds
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="processes are listed in /proc")
def test_a_pass_that_is_broken_off_leaves_nothing():
    before = set(children())  # of other tests
    for options in ({}, {"persistent_workers": True}):
        loader = autodiff.utils.data.DataLoader(range(1000), num_workers=2, **options)
        for _ in loader:
            break
        assert len({*children()} - before) == (2 if options else 0)
        if options:
            assert [batch.item() for batch in loader] == list(range(1000))
        del loader
        gc.collect()
        assert not {*children()} - before


PROGRAM = """
import signal, sys, time
import autodiff as torch
signal.signal(signal.SIGINT, signal.default_int_handler)  # a program in the background ignores it
class Data(torch.utils.data.Dataset):
    def __len__(self):
        return 10_000
    def __getitem__(self, i):
        time.sleep(0.002)
        return torch.zeros(20_000)
loader = torch.utils.data.DataLoader(Data(), batch_size=4, num_workers=2)
for n, batch in enumerate(loader):
    if n == 2:
        print("going", flush=True)
        HOW
"""


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="processes are listed in /proc")
@pytest.mark.parametrize("how", ["interrupted", "killed", "ended", "failed"])
def test_a_program_that_ends_leaves_no_worker(how):
    line = {"ended": "sys.exit()", "failed": "1 / 0"}.get(how, "pass")
    code = PROGRAM.replace("HOW", line if how in ("interrupted", "killed") else f"sys.stdin.readline(); {line}")
    process = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    process.stdout.readline()
    workers = children(process.pid)
    assert len(workers) == 2
    if how == "interrupted":
        os.killpg(process.pid, signal.SIGINT)
    elif how == "killed":
        process.kill()
    _, errors = process.communicate(b"\n", timeout=20)
    assert until(lambda: not any(map(alive, workers)))
    if how == "interrupted":
        assert errors.count(b"KeyboardInterrupt") == 1, errors.decode()
    elif how == "killed":
        assert b"Traceback" not in errors, errors.decode()


def test_two_loaders_at_once():
    loaders = [autodiff.utils.data.DataLoader(range(n, n + 4), num_workers=1) for n in (0, 10)]
    assert [[a.item(), b.item()] for a, b in zip(*loaders, strict=True)] == [[n, n + 10] for n in range(4)]


def test_a_process_that_is_spawned():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loader = autodiff.utils.data.DataLoader(
            autodiff.utils.data.TensorDataset(autodiff.arange(4)), batch_size=2, num_workers=1, multiprocessing_context="spawn"
        )
        assert [batch[0].tolist() for batch in loader] == [[0, 1], [2, 3]]


def test_more_workers_than_cores():
    many = len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1
    for T in (autodiff, torch):
        with pytest.warns(UserWarning, match=f"This DataLoader will create {many} worker processes in total"):
            T.utils.data.DataLoader(range(3), num_workers=many)
