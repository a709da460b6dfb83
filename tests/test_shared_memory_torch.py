"""Memory that several processes see: what is moved there together, and that a forked or a spawned process writes into it."""

import copy
import gc
import io
import os
import pickle
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff

torch = pytest.importorskip("torch")
pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="processes are not forked there"),
    pytest.mark.filterwarnings("ignore:TypedStorage is deprecated"),
]
CUTS = {
    "whole": lambda x: x,
    "a row": lambda x: x[1:2],
    "every other": lambda x: x[:, ::2],
    "turned": lambda x: x.t(),
    "wide": lambda x: x[0].expand(3, -1),
    "flat": lambda x: x.view(-1)[3:],
    "bytes": lambda x: x.view(torch.int32 if isinstance(x, torch.Tensor) else autodiff.int32),
}


@given(dtype=st.sampled_from(["float32", "float64", "int64", "bool"]), requires=st.booleans())
@pytest.mark.parametrize("cut", CUTS)
def test_all_that_looks_at_the_memory_is_moved(cut, dtype, requires):
    told = []
    for T in (autodiff, torch):
        base = T.arange(12).reshape(3, 4).to(getattr(T, dtype))
        if cut == "bytes" and dtype == "bool":
            return
        if requires and base.is_floating_point():
            base = T.nn.Parameter(base)
        view, copied = CUTS[cut](base.detach()), base.detach().clone()
        memory, numbers = base.detach().untyped_storage(), base.detach().storage()
        before = [base.stride(), view.stride(), view.tolist(), view.storage_offset(), base.is_leaf]
        assert view.share_memory_() is view
        assert before == [base.stride(), view.stride(), view.tolist(), view.storage_offset(), base.is_leaf]
        view.zero_()
        assert base.detach().untyped_storage().data_ptr() == memory.data_ptr() == view.untyped_storage().data_ptr()
        told.append((
            [x.is_shared() for x in (base, view, copied, memory, numbers, base[1:], base.clone(), copy.deepcopy(base))],
            base.tolist(), numbers.tolist(), copied.tolist(),
        ))
    assert told[0] == told[1]


@pytest.mark.parametrize("share", ["of the bytes", "of the elements"])
def test_a_storage_that_is_shared(share):
    for T in (autodiff, torch):
        x = T.arange(4.0)
        memory = x.untyped_storage() if share == "of the bytes" else x.storage()
        assert memory.share_memory_() is memory
        assert (memory.is_shared(), x.is_shared()) == (True, True)
        x += 1
        assert x.storage().tolist() == [1, 2, 3, 4]


def test_a_model_with_its_buffers_and_gradients_is_moved_whole():
    for T in (autodiff, torch):
        net = T.nn.Sequential(T.nn.Linear(2, 3), T.nn.BatchNorm1d(3), T.nn.Linear(3, 2, bias=False))
        state = net.state_dict()
        net(T.ones(4, 2)).sum().backward()
        assert net.share_memory() is net
        every = [*net.parameters(), *net.buffers(), *(p.grad for p in net.parameters()), *state.values()]
        assert all(t.is_shared() for t in every)
        T.optim.SGD(net.parameters(), 0.5).step()
        assert all((a == b).all() for a, b in zip(state.values(), net.state_dict().values(), strict=True))


def test_what_is_shared_is_saved_and_copied_as_any_other_tensor():
    layer = autodiff.nn.Linear(2, 3).share_memory()
    twin = copy.deepcopy(layer)
    assert (twin.weight.is_shared(), twin.weight.tolist()) == (False, layer.weight.tolist())
    assert pickle.loads(pickle.dumps(layer)).weight.tolist() == layer.weight.tolist()
    file = io.BytesIO()
    autodiff.save(layer.state_dict(), file)
    file.seek(0)
    assert torch.load(file)["weight"].tolist() == layer.weight.tolist()


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="descriptors are counted there")
def test_descriptors_are_closed_with_the_tensors():
    def count():
        gc.collect()
        return len(os.listdir("/proc/self/fd"))

    autodiff.ones(3).share_memory_()
    before = count()
    kept = [autodiff.nn.Linear(9, 9).share_memory() for _ in range(5)]
    assert count() > before
    del kept
    assert count() == before
    assert autodiff.ones(0).share_memory_().tolist() == []


def learn(net, wanted):
    """What a worker does: steps on the one model."""
    T = sys.modules[type(net[0]).__module__.partition(".")[0]]
    optimizer = T.optim.SGD(net.parameters(), lr=0.02)
    for _ in range(150):
        optimizer.zero_grad()
        ((net(T.ones(4, 2)) - wanted) ** 2).mean().backward()
        optimizer.step()


def test_processes_train_one_model():
    T = autodiff
    T.manual_seed(0)
    net = T.nn.Sequential(T.nn.Linear(2, 1)).share_memory()
    context = T.multiprocessing.get_context("fork")
    processes = [context.Process(target=learn, args=(net, 3.0)) for _ in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
        assert process.exitcode == 0
    assert net(T.ones(1, 2)).item() == pytest.approx(3, abs=0.05)


def test_a_process_that_is_sent_a_model_writes_into_it(monkeypatch):
    monkeypatch.setattr(sys.modules["__main__"], "__spec__", None, raising=False)  # it has none where tests are shared out
    layer = autodiff.nn.Linear(2, 3).share_memory()
    context = autodiff.multiprocessing.get_context("spawn")  # it begins anew, and gets what is pickled
    process = context.Process(target=autodiff.nn.init.constant_, args=(layer.weight, 3.0))
    process.start()
    process.join()
    assert (process.exitcode, layer.weight.tolist()) == (0, [[3.0, 3.0]] * 3)
    assert layer.bias.is_shared()


def answer(queue, back):
    shared, plain = queue.get()
    shared += 1
    plain += 1
    back.put((type(shared).__name__, shared.is_shared(), shared.requires_grad, plain.is_shared(), plain.tolist()))


def test_a_queue_hands_on_what_is_shared_and_copies_the_rest():
    context = autodiff.multiprocessing.get_context("fork")
    queue, back = context.Queue(), context.Queue()
    shared, plain = autodiff.nn.Buffer(autodiff.zeros(2, 3)).share_memory_(), autodiff.zeros(2)
    process = context.Process(target=answer, args=(queue, back))
    process.start()
    queue.put((shared[1:], plain))
    assert back.get(timeout=20) == ("Tensor", True, False, False, [1, 1])
    process.join()
    assert (shared.tolist(), plain.tolist()) == ([[0, 0, 0], [1, 1, 1]], [0, 0])


@pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])
def test_what_is_frozen_is_shared_with_its_views(T):
    x = T.zeros(3)
    gc.freeze()  # as before a fork
    before = gc.get_freeze_count()
    v = x[1:]
    v.share_memory_()
    v += 1
    assert (x.tolist(), x.is_shared()) == ([0, 1, 1], True)
    assert gc.get_freeze_count() >= before - 100
