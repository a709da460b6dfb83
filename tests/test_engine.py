"""The engine's own promises: memory, depth, determinism, messages that name the user's line, no silent wrong gradient."""

import gc
import os
import pickle
import subprocess
import sys
import tracemalloc
import weakref

import numpy as np
import pytest

import autodiff as torch
from autodiff import nn, optim
from autodiff._core import operators, sums
from autodiff._core.provenance import line_of
from autodiff.ops import arithmetic


def line_with(text):
    """The number of the line of this file that contains `text` (and not this call)."""
    with open(__file__) as f:
        return next(n for n, line in enumerate(f, 1) if text in line and "line_with" not in line)


def test_a_million_operations():
    x = torch.ones((), requires_grad=True)
    y = x
    for _ in range(1_000_000):
        y = y + 1
    y.backward()
    assert x.grad.item() == 1
    del y


def test_many_operations_with_saved_values_are_freed():
    x = torch.ones((), requires_grad=True)
    y = first = x.exp()
    node = weakref.ref(first.grad_fn)
    value = weakref.ref(first.grad_fn.kept[0])
    del first
    for _ in range(200_000):  # far more than the stack holds, if one were to free the next
        y = -y
    assert node() is not None
    del y
    gc.collect()
    assert node() is value() is None


def test_a_diamond_doubled_64_times_is_linear():
    x = torch.ones((), dtype=torch.float64, requires_grad=True)
    y = x
    for _ in range(64):
        y = y + y
    y.backward()
    assert x.grad.item() == 2.0**64


def test_nothing_of_the_graph_lives_after_the_loss():
    gc.collect()
    gc.disable()
    try:
        x = torch.ones(3, requires_grad=True)
        h = (x * 2).exp() + 0
        v = h[:2]
        v.mul_(3)
        loss = (h.sum() + v.tanh().sum()) * 1
        alive = [weakref.ref(o) for o in (h, v, loss)]
        nodes = [loss.grad_fn]
        for node in nodes:
            nodes += [n for n, _ in node.next_functions if n is not None and n.name() != "AccumulateGrad"]
        alive += [weakref.ref(n) for n in nodes]
        assert len(nodes) > 6
        loss.backward(retain_graph=True)
        del h, v, loss, nodes, node
        assert [r() for r in alive] == [None] * len(alive)
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_ten_thousand_steps_leave_memory_flat():
    w = torch.ones(4, 3, requires_grad=True)
    b = torch.zeros(4, requires_grad=True)
    x, t = torch.ones(8, 3), torch.zeros(8, dtype=torch.int64)
    opt = optim.SGD([w, b], lr=0.01, momentum=0.9)

    def steps(n):
        for _ in range(n):
            opt.zero_grad()
            torch.nn.functional.cross_entropy(torch.nn.functional.linear(x, w, b), t).backward()
            opt.step()

    steps(200)
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        steps(10_000)
        after = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert after - before < 20_000


PROGRAM = """
import hashlib, autodiff as torch
from autodiff import nn, optim
torch.manual_seed(1)
model = nn.Sequential(nn.Linear(5, 7), nn.Tanh(), nn.Linear(7, 3))
opt = optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
x, t = torch.randn(20, 5), torch.randint(0, 3, (20,))
for _ in range(50):
    opt.zero_grad()
    nn.CrossEntropyLoss()(model(x), t).backward()
    opt.step()
print(hashlib.sha256(b"".join(p.detach().numpy().tobytes() for p in model.parameters())).hexdigest())
"""


def test_five_processes_give_identical_bytes(tmp_path):
    digests = set()
    for seed in range(5):
        environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
        run = subprocess.run(
            [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, cwd=tmp_path, check=False
        )
        assert run.returncode == 0, run.stderr
        digests.add(run.stdout)
    assert len(digests) == 1


def test_a_stale_save_names_both_lines():
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    z = y * y  # saved here
    y.add_(1)  # changed here
    with pytest.raises(RuntimeError) as error:
        z.sum().backward()
    assert f"MulBackward0 at test_engine.py:{line_with('# saved here')}" in str(error.value)
    assert f"changed at test_engine.py:{line_with('# changed here')}" in str(error.value)


def test_a_second_backward_names_the_line():
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()  # freed here
    y.backward()
    with pytest.raises(RuntimeError, match=rf"MulBackward0, made at test_engine.py:{line_with('# freed here')}"):
        y.backward()


def test_a_broadcasting_error_names_shapes_and_lines():
    a = torch.ones(2, 3, requires_grad=True) * 2  # first operand
    with pytest.raises(RuntimeError, match=r"size of tensor a \(3\) must match the size of tensor b \(4\)") as error:
        a + torch.ones(4)
    assert f"test_engine.py:{line_with('# first operand')}" in str(error.value)


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = nn.Linear(2, 3)
        self.rest = nn.Sequential(nn.Linear(3, 3), nn.ReLU())

    def forward(self, x):
        x = self.first(x)  # the first layer
        x = self.rest(x)  # the rest
        return torch.tanh(x)  # the operation


@pytest.mark.parametrize("inside", [False, True], ids=["alone", "in a Sequential"])
@pytest.mark.parametrize("hook", [False, True], ids=["plain", "with a hook"])
def test_operations_carry_the_line_of_the_users_own_forward(inside, hook):
    net = Net()
    model = nn.Sequential(net, nn.Linear(3, 1)) if inside else net
    if hook:
        net.rest.register_forward_hook(lambda module, args, result: result * 2)  # the hook
    node = model(torch.ones(1, 2)).grad_fn  # the call
    lines = []
    while node is not None and hasattr(node, "place"):
        lines.append(line_of(node.place))
        node = node.next_functions[0][0]
    wanted = ["# the call"] * inside + ["# the operation"] + ["# the hook"] * hook
    wanted += ["# the rest", "# the rest", "# the first layer"]
    assert lines == [f"test_engine.py:{line_with(text)}" for text in wanted]


def test_a_stale_place_does_not_outlive_a_forward_that_raises():
    model = nn.Sequential(nn.Linear(2, 3))
    with pytest.raises(RuntimeError):
        model(torch.ones(1, 5))
    y = torch.ones(1, requires_grad=True) * 2  # after the failure
    assert line_of(y.grad_fn.place) == f"test_engine.py:{line_with('# after the failure')}"


def test_provenance_can_be_turned_off():
    torch.set_provenance(False)
    try:
        y = torch.ones(2, requires_grad=True) * 2
        with pytest.raises(RuntimeError, match="an unknown line"):
            y.backward()
    finally:
        torch.set_provenance(True)


@pytest.mark.parametrize(
    "change",
    [
        lambda w: w.data.mul_(2),
        lambda w: w.data.__setitem__(0, 5.0),
        lambda w: w.detach().add_(1),
        lambda w: optim.SGD([w], lr=1.0).step(),
        lambda w: torch.nn.init.zeros_(w),
    ],
)
def test_every_door_counts_as_a_change(change):
    w = torch.ones(2, requires_grad=True)
    w.grad = torch.ones(2)
    x = torch.ones(2, requires_grad=True)
    loss = (w * x).sum()
    change(w)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()
    assert x.grad is None


def test_load_state_dict_counts_as_a_change():
    layer = torch.nn.Linear(2, 2)
    x = torch.ones(1, 2, requires_grad=True)
    loss = layer(x).sum()
    layer.load_state_dict({"weight": torch.zeros(2, 2), "bias": torch.zeros(2)})
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_rebinding_data_leaves_the_gradient_right():
    w = torch.tensor([2.0], requires_grad=True)
    x = torch.tensor([3.0], requires_grad=True)
    loss = w * x
    w.data = torch.tensor([100.0])
    loss.backward()
    assert x.grad.item() == 2
    assert w.grad.item() == 3


def test_an_error_in_a_rule_changes_no_grad():
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    c = a * 1
    loss = (c * c).sum() + (b * 2).sum()
    c.add_(1)
    with pytest.raises(RuntimeError):
        loss.backward()
    assert a.grad is None
    assert b.grad is None


def test_interrupting_a_walk_changes_no_grad():
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)

    def interrupt(g):
        raise KeyboardInterrupt

    c = a * 1
    c.register_hook(interrupt)
    loss = (b * 2).sum() + c.sum()
    with pytest.raises(KeyboardInterrupt):
        loss.backward()
    assert a.grad is None
    assert b.grad is None
    assert torch.is_grad_enabled()


def test_gradients_do_not_share_memory():
    a, b, seed = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True), torch.ones(3)
    (a + b).backward(seed)
    a.grad.mul_(7)
    assert b.grad.tolist() == [1, 1, 1]
    assert seed.tolist() == [1, 1, 1]
    ga, gb = torch.autograd.grad(a + b, [a, b], torch.ones(3))
    ga.mul_(7)
    assert gb.tolist() == [1, 1, 1]


def test_hooks_cannot_change_another_gradient():
    a, b = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    a1, b1 = a * 1, b * 1
    a1.register_hook(lambda g: g.mul_(100) and None if False else (g.mul_(100), None)[1])
    (a1 + b1).sum().backward()
    assert b.grad.tolist() == [1, 1]


def test_a_tensor_multiplied_in_place_by_itself():
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    y = x * 1
    y.mul_(y)
    y.sum().backward()
    assert x.grad.tolist() == [4, 6]


def test_writing_into_an_expanded_tensor_is_refused_where_elements_share_a_place():
    x = torch.ones(3)
    with pytest.raises(RuntimeError, match="single memory location"):
        x.expand(2, 3).add_(1)
    with pytest.raises(RuntimeError, match="single memory location"):
        x.expand(2, 3)[:, 0] = 5
    assert x.tolist() == [1, 1, 1]
    x.expand(2, 3)[0] = 5
    assert x.tolist() == [5, 5, 5]
    x.expand(2, 3).fill_(7)
    assert x.tolist() == [7, 7, 7]
    y = torch.ones(3, requires_grad=True) * 2
    y.expand(2, 3).zero_()
    (y * 3).sum().backward()
    assert y.tolist() == [0, 0, 0]
    with pytest.raises(RuntimeError, match="single memory location"):
        x.expand(2, 3).fill_(torch.tensor(1.0, requires_grad=True))


def test_the_gradient_of_a_change_through_an_expanded_tensor():
    x = torch.ones(3, 1, requires_grad=True)
    y = x * 1
    y.expand(3, 2)[:, 0].mul_(torch.tensor([2.0, 3.0, 4.0]))
    (y * y).sum().backward()
    assert x.grad.tolist() == [[8], [18], [32]]


@pytest.mark.parametrize(
    "call",
    [
        lambda x: x * 2.0,
        lambda x: torch.mul(x, 2.0),
        lambda x: torch.mul(x, 2),
        lambda x: torch.mul(2.0, x),
        lambda x: torch.where(x > 0, x, 2.0),
        lambda x: torch.where(x > 0, 2.0, x),
    ],
)
def test_the_observer_is_shown_numbers_as_tensors(call):
    class Watching:
        inputs = ()

        def made(self, node, inputs, params, outputs):
            self.inputs = inputs

    watching = Watching()
    before = torch.set_observer(watching)
    try:
        call(torch.ones(2, requires_grad=True))
    finally:
        torch.set_observer(before)
    assert len(watching.inputs) > 1
    assert all(isinstance(x, torch.Tensor) for x in watching.inputs)
    assert any(x.shape == () and x.dtype == torch.float32 and x.item() == 2 for x in watching.inputs)


def test_the_observer_sees_what_ran():
    class Log:
        def __init__(self):
            self.made_names, self.walked_names = [], []

        def made(self, node, inputs, params, outputs):
            self.made_names.append(node.name())

        def walked(self, node, gradient, results):
            self.walked_names.append(node.name())

    log = Log()
    before = torch.set_observer(log)
    try:
        x = torch.ones(2, requires_grad=True)
        (x.exp() * 2).sum().backward()
    finally:
        assert torch.set_observer(before) is log
    assert log.made_names == ["ExpBackward0", "MulBackward0", "SumBackward0"]
    assert log.walked_names == log.made_names[::-1]


def test_deep_reentrant_backward():
    depth = [0]

    class Inner(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x.clone()

        @staticmethod
        def backward(ctx, g):
            depth[0] += 1
            if depth[0] < 300:
                with torch.enable_grad():
                    y = Inner.apply(torch.ones(1, requires_grad=True))
                y.backward()
            return g

    x = torch.ones(1, requires_grad=True)
    Inner.apply(x).backward()
    assert depth[0] == 300
    assert x.grad.item() == 1


def test_an_all_array_call_is_a_type_error():
    with pytest.raises(TypeError, match="must be Tensor, not ndarray"):
        torch.exp(np.ones(2))


def test_complex_is_refused():
    with pytest.raises(TypeError, match="complex"):
        torch.tensor(1j)


def test_another_device_is_refused():
    with pytest.raises(RuntimeError, match="CPU only"):
        torch.ones(1).to("cuda")


def test_operands_may_be_numpy_arrays():
    x = torch.ones(2, requires_grad=True)
    y = np.array([2.0, 3.0], np.float32) * x + np.float32(1)
    y.sum().backward()
    assert x.grad.tolist() == [2, 3]


def test_a_boolean_of_many_values():
    with pytest.raises(RuntimeError, match="more than one value is ambiguous"):
        bool(torch.ones(2) > 0)


def test_no_floating_point_warnings():
    # warnings are errors in the tests: these would raise
    x = torch.tensor([0.0, 1.0, -1.0, 3e38], requires_grad=True)
    y = (1 / x) + x.log() + x.sqrt() + x * 1e38 + x**0.5 + x.exp()
    y.sum().backward()
    assert not torch.isfinite(x.grad).all()


OPERATORS = {
    "+": (lambda a, b: a + b, arithmetic.add),
    "-": (lambda a, b: a - b, arithmetic.sub),
    "*": (lambda a, b: a * b, arithmetic.mul),
    "/": (lambda a, b: a / b, arithmetic.div),
}


def outcome(call, a, b):
    """What a call of two tensors comes to: its output, the node and the gradients, to the bit; or its error."""
    try:
        y = call(a, b)
    except RuntimeError as error:
        return str(error)
    node = y.grad_fn and (type(y.grad_fn).__name__, [np.asarray(k).tobytes() for k in y.grad_fn.kept], y._edge[1:])
    assert type(y._array) is np.ndarray
    found = [y.dtype, y.shape, y._array.flags.writeable, y.numpy(force=True).tobytes(), node]
    if y.requires_grad:
        leaves = [x for x in (a, b) if x.requires_grad]
        torch.autograd.backward([(y * y + y).sum(), *(x.sum() for x in leaves)])  # two gradients meet at y, and at each leaf
        assert all(type(x.grad._array) is np.ndarray for x in leaves)
        found += [(x.grad.dtype, x.grad.shape, x.grad.numpy().tobytes()) for x in leaves]
        a.grad = b.grad = None
    return found


@pytest.mark.parametrize("numpy", ["makes an array", "makes a scalar, as before 2.3"])
@pytest.mark.parametrize("sign", OPERATORS)
def test_an_operator_is_its_operation(sign, numpy, monkeypatch):
    if numpy != "makes an array":
        monkeypatch.setattr(operators, "AN_ARRAY", None)
        monkeypatch.setattr(sums, "AN_ARRAY", None)
    operator, operation = OPERATORS[sign]
    shapes = [((), ()), ((1,), ()), ((), (2, 3)), ((2, 3), (3,)), ((2, 1), (1, 3)), ((0,), ()), ((2,), (3,))]
    dtypes = [torch.float16, torch.float32, torch.float64, torch.uint8, torch.int64, torch.bool]
    for dtype in dtypes:
        for first, second in shapes:
            for requires in range(4 if dtype.is_floating_point else 1):
                a, b = (np.arange(2, 2 + np.prod(s, dtype=int)).reshape(s) * step for s, step in ((first, 1), (second, -3)))
                x, y = torch.tensor(a).to(dtype), torch.tensor(b).to(dtype)
                x.requires_grad_(bool(requires & 1))
                y.requires_grad_(bool(requires & 2))
                assert outcome(operator, x, y) == outcome(operation, x, y), (dtype, first, second, requires)


def test_equal_dtypes_that_are_two_objects():
    # An unpickled array brings a dtype of its own.
    a = torch.from_numpy(pickle.loads(pickle.dumps(np.ones(3, np.float32)))).requires_grad_()
    assert a._array.dtype is not np.dtype(np.float32)
    y = torch.lerp(a + torch.ones(3), a * torch.ones(3), 0.5) @ torch.ones(3)
    y.backward()
    assert y.item() == 4.5
    assert a.grad.tolist() == [1.0, 1.0, 1.0]
    loss = torch.nn.functional.cross_entropy(a[None].T @ torch.ones(1, 2), torch.tensor([0, 1, 1]))
    assert loss.item() == pytest.approx(np.log(2))


@pytest.mark.parametrize("join", [torch.cat, torch.stack])
def test_the_inputs_of_a_joint_share_their_rule(join):
    """Making one for each takes seconds for the ten thousand parts of a loop's results."""
    parts = [torch.ones(1, requires_grad=True) for _ in range(100)]
    pulls = join(parts).grad_fn.plan.pulls
    assert [pull[0] for pull in pulls] == list(range(100))
    assert len({pull[2] for pull in pulls}) == 1
