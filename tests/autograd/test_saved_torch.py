"""What nodes keep, exchanged and watched: checkpoints, hooks of saved tensors, anomaly detection, operations of one's own."""

import gc
import importlib
import weakref

import numpy as np
import pytest

import autodiff


@pytest.fixture(params=["autodiff", "torch"])
def torch(request):
    if request.param == "torch":
        return pytest.importorskip("torch")
    return importlib.import_module("autodiff")


def close(a, b):
    np.testing.assert_allclose(np.asarray(a.tolist()), np.asarray(b), rtol=1e-5, atol=1e-6)


def leaf(torch, *values):
    return torch.tensor(list(values) or [1.0, 2.0], requires_grad=True)


def saving(torch):
    """x * w, with both saved by a Function of the user's, and the output too."""

    def forward(ctx, x, w):
        y = x * w
        ctx.save_for_backward(x, w, None, y)
        return y

    def backward(ctx, g):
        x, w, nothing, y = ctx.saved_tensors
        assert nothing is None
        return g * w + 0 * y, g * x

    body = {"forward": staticmethod(forward), "backward": staticmethod(backward)}
    return type("Saving", (torch.autograd.Function,), body).apply


def run(torch, f, *args, **kwargs):
    return torch.utils.checkpoint.checkpoint(f, *args, use_reentrant=False, **kwargs)


@pytest.mark.parametrize("create", [False, True])
def test_a_checkpoint_around_a_function_that_saves(torch, create):
    f, x, w = saving(torch), leaf(torch), leaf(torch, 3.0, 4.0)
    y = run(torch, lambda x: f(x.exp(), w).sin(), x)
    gx, gw = torch.autograd.grad(y.sum(), [x, w], create_graph=create)
    e, v = np.exp([1.0, 2.0]), np.array([3.0, 4.0])
    close(gx, np.cos(e * v) * v * e)
    close(gw, np.cos(e * v) * e)


def test_a_checkpointed_function_that_changes_an_intermediate_value(torch):
    x, w = leaf(torch), leaf(torch, 3.0, 4.0)

    def f(x):
        y = x * w
        early = y + 1
        y.mul_(2)
        z = torch.zeros(2)
        z.add_(y)
        return (z * z).sin() + early

    y = run(torch, f, x).sum()
    y.backward()
    z = np.array([6.0, 16.0])
    close(x.grad, np.cos(z * z) * 2 * z * [6, 8] + [3, 4])
    close(w.grad, np.cos(z * z) * 2 * z * [2, 4] + [1, 2])


def test_a_checkpoint_gives_the_random_stream_back(torch):
    x = leaf(torch)
    for preserved in (True, False):
        torch.manual_seed(3)
        y = run(torch, lambda x: (x * torch.rand(2)).exp(), x, preserve_rng_state=preserved)
        before = torch.get_rng_state().tolist()
        y.sum().backward()
        assert (torch.get_rng_state().tolist() == before) == preserved


def test_a_checkpoint_without_gradients_runs_once(torch):
    runs = []

    def f(x, k=1):
        runs.append(k)
        return x * k

    with torch.no_grad():
        assert not run(torch, f, leaf(torch), k=3).requires_grad
    assert run(torch, f, torch.ones(2), k=4).tolist() == [4, 4]
    assert runs == [3, 4]


def test_a_checkpoint_takes_what_is_no_tensor(torch):
    x = leaf(torch)
    y = run(torch, lambda x, k, name, rows: (x * k).exp() * len(name) + rows, x, 2, "abc", rows=torch.tensor([1, 2]))
    y.sum().backward()
    close(x.grad, 6 * np.exp([2.0, 4.0]))


def test_a_checkpoint_walked_twice(torch):
    x, runs = leaf(torch), []
    y = run(torch, lambda x: (runs.append(1), x.exp().sin())[1], x).sum()
    y.backward(retain_graph=True)
    y.backward()
    close(x.grad, 2 * np.cos(np.exp([1.0, 2.0])) * np.exp([1.0, 2.0]))
    with pytest.raises(RuntimeError):
        y.backward()


@pytest.mark.parametrize("what", ["argument", "keyword", "parameter"])
def test_what_a_checkpoint_read_must_not_change(what):
    x, k, w = (autodiff.ones(2, requires_grad=True) for _ in range(3))
    y = run(autodiff, lambda x, k: (x * k * w).exp(), x, k=k).sum()
    with autodiff.no_grad():
        {"argument": x, "keyword": k, "parameter": w}[what].mul_(2)
    with pytest.raises(
        RuntimeError, match=r"an input or a parameter of a checkpointed function was changed at test_saved_torch\.py"
    ):
        y.backward()
    assert x.grad is None


# ---- hooks of saved tensors ----


class Boxed:
    """Something packed that is no tensor."""

    def __init__(self, t):
        self.numbers, self.dtype = t.tolist(), t.dtype


def test_hooks_of_a_function_pack_what_it_saved(torch):
    f, x, w, packed = saving(torch), leaf(torch), leaf(torch, 3.0, 4.0), []

    def pack(t):
        packed.append(t.tolist())
        return Boxed(t)

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda box: torch.tensor(box.numbers, dtype=box.dtype)):
        y = f(x, w)
    assert packed == [[1, 2], [3, 4], [3, 8]]
    with torch.no_grad():
        x.mul_(5)  # what was packed is a copy of the numbers
    y.sum().backward(retain_graph=True)
    close(x.grad, [3, 4])
    close(w.grad, [1, 2])
    if torch is autodiff:
        assert [None if s is None else s.tolist() for s in y.grad_fn.saved_tensors] == [[1, 2], [3, 4], None, [3, 8]]
    y.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        y.sum().backward()


def test_a_change_of_what_the_pack_hook_returned_itself_is_noticed():
    torch = autodiff  # PyTorch looks no longer
    x = leaf(torch)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t):
        y = x * 2
        z = y * y
    with torch.no_grad():
        y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_a_change_of_what_was_packed_as_a_copy_is_harmless(torch):
    x = leaf(torch)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.clone(), lambda t: t):
        y = x * 2
        z = y * y
        many = torch.stack([y, y]).prod(0)
    with torch.no_grad():
        y.add_(1)
    (z.sum() + many.sum()).backward()
    close(x.grad, [16, 32])


def test_a_walk_inside_the_block_of_hooks(torch):
    x = leaf(torch)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), torch.tensor):
        (x * x).exp().sum().backward()
        (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
        g.sum().backward()
    close(x.grad, 2 * np.array([1.0, 2.0]) * np.exp([1.0, 4.0]) + [6, 12])


def test_what_unpacks_to_another_shape_or_dtype_is_refused():
    x = leaf(autodiff)
    for wrong in (lambda t: t[:1], lambda t: t.double()):
        with autodiff.autograd.graph.saved_tensors_hooks(lambda t: t.detach(), wrong):
            y = x.exp()
        with pytest.raises(RuntimeError, match="a saved tensor unpack hook returned"):
            y.sum().backward()
    assert x.grad is None


def test_the_innermost_hooks_count_and_the_outer_ones_come_back(torch):
    log, x = [], leaf(torch)

    def hooks(name):
        return torch.autograd.graph.saved_tensors_hooks(lambda t: (log.append(name), t)[1], lambda t: t)

    with hooks("a"):
        x.exp()
        with hooks("b"):
            x.exp()
        x.exp()
    y = x.exp()
    y.sum().backward()
    assert log == ["a", "b", "a"]


def test_what_a_pack_hook_computes_is_not_packed(torch):
    calls, x = [], leaf(torch)

    def pack(t):
        calls.append(1)
        return (t.detach().requires_grad_() * 1).detach()

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda t: t):
        y = x.exp()
    assert calls == [1]
    y.sum().backward()
    close(x.grad, np.exp([1.0, 2.0]))


# ---- anomaly detection ----


@pytest.mark.filterwarnings("ignore:Anomaly Detection", "ignore:Error detected")
def test_detection_that_begins_after_the_forward_pass(torch):
    x = leaf(torch)
    y = (x * x).exp().sum()
    with torch.autograd.set_detect_anomaly(True):
        assert torch.is_anomaly_enabled()
        y.backward()
    assert not torch.is_anomaly_enabled()
    close(x.grad, 2 * np.array([1.0, 2.0]) * np.exp([1.0, 4.0]))


@pytest.mark.filterwarnings("ignore:Anomaly Detection", "ignore:Error detected")
def test_detection_inside_detection(torch):
    with torch.autograd.detect_anomaly():
        with torch.autograd.set_detect_anomaly(False):
            assert not torch.is_anomaly_enabled()
        assert torch.is_anomaly_enabled()
        with torch.autograd.detect_anomaly(check_nan=False):
            (leaf(torch, 0.0).sqrt() * 0).sum().backward()
        with pytest.raises(RuntimeError, match="returned nan values in its 0th output"):
            (leaf(torch, 0.0).sqrt() * 0).sum().backward()
    assert not torch.is_anomaly_enabled()
    (leaf(torch, 0.0).sqrt() * 0).sum().backward()
    torch.autograd.set_detect_anomaly(True)
    assert torch.is_anomaly_enabled()
    torch.autograd.set_detect_anomaly(False)
    assert not torch.is_anomaly_enabled()


@pytest.mark.filterwarnings("ignore:Anomaly Detection", "ignore:Error detected")
def test_detection_under_create_graph_and_through_a_function():
    f, x, w = saving(autodiff), leaf(autodiff), leaf(autodiff, 3.0, 4.0)
    with autodiff.autograd.detect_anomaly():
        (g,) = autodiff.autograd.grad(f(x, w).exp().sum(), x, create_graph=True)
        autodiff.autograd.grad(g.sum(), w)
        many = autodiff.cat([x, w]).exp().prod()
        many.backward()
    assert x.grad is not None


# ---- operations of one's own ----


def test_a_rule_begins_with_the_gradient():
    from autodiff._core.graph import primitive

    with pytest.raises(TypeError, match=r"twice: the first argument of a partial is g, not x"):

        @primitive(lambda x, g: g * 2)
        def twice(x):
            return x * 2

    with pytest.raises(TypeError, match=r"thrice: the first argument of a partial is g, not nothing"):

        @primitive(lambda: 3)
        def thrice(x):
            return x * 3

    with pytest.raises(TypeError, match=r"g and y mean the gradient and the output; rename the argument"):

        @primitive(lambda g: g)
        def same(y):
            return y


def test_an_operation_of_ones_own():
    from autodiff._core.graph import primitive

    @primitive(lambda g, x, k: g * k * x ** (k - 1.0), name="Own")
    def power(x, *, k=3.0):
        return x**k

    x = leaf(autodiff)
    assert power(x).grad_fn.name() == "OwnBackward0"
    power(x, k=4.0).sum().backward()
    close(x.grad, [4, 32])
    power(x).sum().backward()
    close(x.grad, [4 + 3, 32 + 12])
    for wrong, words in (
        (lambda: power(x, 3), "takes 1 positional arguments but 2 were given"),
        (lambda: power(), "missing 1 required positional arguments"),
        (lambda: power(x, j=3), "unexpected keyword argument 'j'"),
        (lambda: power(x, x=x), "multiple values for argument 'x'"),
    ):
        with pytest.raises(TypeError, match=words):
            wrong()


@pytest.mark.filterwarnings("ignore:Anomaly Detection", "ignore:Error detected")
@pytest.mark.parametrize("create", [False, True])
def test_an_operation_of_ones_own_that_keeps_all_its_inputs(create):
    from autodiff._core.graph import primitive

    @primitive(lambda g, xs, xs_shape, i: g * (2.0 * xs[i]) + 0.0 * len(xs_shape), variadic=True)
    def squares(*xs):
        return sum(x * x for x in xs)

    xs = [leaf(autodiff, k + 1.0, k + 2.0) for k in range(3)]
    y = squares(*(x * 1 for x in xs))
    grads = autodiff.autograd.grad(y.sum(), xs, create_graph=create)
    for k, g in enumerate(grads):
        close(g, [2 * (k + 1), 2 * (k + 2)])
    if create:
        close(autodiff.autograd.grad(grads[1].sum(), xs[1])[0], [2, 2])
    with autodiff.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), autodiff.tensor):
        packed = squares(*(x * 1 for x in xs)).sum()
    close(autodiff.autograd.grad(packed, xs)[2], [6, 8])
    data = np.array([1.0, 2.0], np.float32)
    with autodiff.autograd.detect_anomaly():
        outside = squares(xs[0], autodiff.from_numpy(data)).sum()
        data += 1
        with pytest.raises(RuntimeError, match="changed from outside autodiff"):
            outside.backward()
    inner = [x * 1 for x in xs]
    z = squares(*inner)
    with autodiff.no_grad():
        inner[2].add_(1)
    with pytest.raises(RuntimeError, match="kept as 'xs' by SquaresBackward0"):
        z.sum().backward()


def test_an_observer_around_hooks_sees_every_node():
    seen = []

    class Watching:
        def made(self, node, inputs, params, outputs):
            seen.append(("made", node.name(), len(inputs), len(outputs)))

        def walked(self, node, gradient, results):
            seen.append(("walked", node.name(), np.asarray(gradient).tolist(), len(results)))

    x = leaf(autodiff)
    before = autodiff.set_observer(Watching())
    try:
        with autodiff.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), autodiff.tensor):
            (x * x).sum().backward()
    finally:
        autodiff.set_observer(before)
    assert seen == [
        ("made", "MulBackward0", 2, 1), ("made", "SumBackward0", 1, 1),
        ("walked", "SumBackward0", 1, 1), ("walked", "MulBackward0", [1, 1], 2),
    ]  # fmt: skip
    close(x.grad, [2, 4])


def test_an_observer_sees_the_walk_of_gradients_and_results():
    seen = []

    class Watching:
        def made(self, node, inputs, params, outputs):
            seen.append(("made", node.name(), [i is x for i in inputs], len(outputs)))

        def walked(self, node, gradient, results):
            seen.append(("walked", node.name(), np.asarray(gradient).tolist(), [np.asarray(r).tolist() for _, r, _ in results]))

    x = leaf(autodiff)
    before = autodiff.set_observer(Watching())
    try:
        y = x.exp()
        y.backward(autodiff.tensor([1.0, 0.0]))
    finally:
        autodiff.set_observer(before)
    made, walked = seen
    assert made == ("made", "ExpBackward0", [True], 1)
    assert walked[:3] == ("walked", "ExpBackward0", [1, 0])
    np.testing.assert_allclose(walked[3], [[np.e, 0]], rtol=1e-6)
    x.exp()
    assert len(seen) == 2


@pytest.mark.parametrize("pin_memory", [False, True])
def test_saving_on_the_cpu(torch, pin_memory):
    x, w = leaf(torch), leaf(torch, 3.0, 4.0)
    with torch.autograd.graph.save_on_cpu(pin_memory=pin_memory):
        y = (x * w).exp().sum()
    gx, gw = torch.autograd.grad(y, [x, w], create_graph=True)
    close(gx, np.exp([3.0, 8.0]) * [3.0, 4.0])
    (gx * gw).sum().backward()
    v = np.array([3.0, 8.0])
    close(x.grad, np.exp(2 * v) * [3.0, 4.0] * (1 + 2 * v))
    with torch.autograd.graph.save_on_cpu(pin_memory):
        z = x.detach().requires_grad_() * w.detach()
    assert z.requires_grad


def test_a_change_of_what_is_saved_on_the_cpu():
    """It reaches no copy; a tensor that was only kept tells of it, where PyTorch computes with the new numbers."""
    x = leaf(autodiff)
    for pin_memory in (True, False):
        y = x * 1
        with autodiff.autograd.graph.save_on_cpu(pin_memory=pin_memory):
            z = (y * y).sum()
        with autodiff.no_grad():
            y.mul_(10)
        if pin_memory:
            close(autodiff.autograd.grad(z, x)[0], [2.0, 4.0])
        else:
            with pytest.raises(RuntimeError, match="modified by an inplace operation"):
                z.backward()


SHOWN = {
    "two inputs": lambda T, a, b, w: b * w,
    "an input twice": lambda T, a, b, w: b * b,
    "a leaf": lambda T, a, b, w: a**2,
    "a number beside it": lambda T, a, b, w: a.pow(3),
    "an input without a gradient": lambda T, a, b, w: a * T.ones(2),
    "a parameter beside a constant": lambda T, a, b, w: b.detach() * w,
    "views": lambda T, a, b, w: b[None] @ w[:, None],
    "a layer": lambda T, a, b, w: T.nn.functional.linear(b[None], w[None]),
}


@pytest.mark.parametrize("name", SHOWN)
def test_a_pack_hook_sees_the_input_itself_and_records_nothing(name):
    """The type, the graph and the identity of each input, in PyTorch's order; what is made of it has no graph."""
    told = []
    for T in (autodiff, pytest.importorskip("torch")):
        a = T.ones(2, requires_grad=True)
        b, w = a * 2, T.nn.Parameter(T.ones(2))
        seen = []

        def pack(x, T=T, seen=seen, known=(a, b, w)):
            of = x.grad_fn.name() if x.grad_fn else None
            same = [x is each for each in known]
            seen.append((type(x).__name__, x.requires_grad, x.is_leaf, of, same, T.is_grad_enabled(), (x * 2).requires_grad))
            return x

        with T.autograd.graph.saved_tensors_hooks(pack, lambda x, seen=seen: (seen.append(x.requires_grad), x)[1]):
            y = SHOWN[name](T, a, b, w)
        y.sum().backward()
        told.append((seen, a.grad if a.grad is None else a.grad.tolist(), w.grad if w.grad is None else w.grad.tolist()))
    assert told[0] == told[1]


def test_a_pack_hook_that_keeps_the_input_makes_no_cycle():
    a = autodiff.ones(2, requires_grad=True)
    b = a * 2
    with autodiff.autograd.graph.saved_tensors_hooks(lambda x: x, lambda x: x):
        y = b * b
    gone = weakref.ref(b)
    gc.collect()
    gc.disable()
    try:
        del b
        assert gone() is not None
        del y
        assert gone() is None
    finally:
        gc.enable()
