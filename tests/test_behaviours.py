"""What an eager autograd engine owes its users, one behaviour a test, held by autodiff and by PyTorch alike.

Every test runs twice: on autodiff, and on PyTorch where that is installed, so that no test can ask for
something that PyTorch does not do.
"""

import contextlib
import copy
import gc
import importlib
import pickle
import threading
import weakref

import numpy as np
import pytest


@pytest.fixture(params=["autodiff", "torch"])
def torch(request):
    if request.param == "torch":
        return pytest.importorskip("torch")
    return importlib.import_module("autodiff")


def close(a, b):
    np.testing.assert_allclose(np.asarray(a.tolist()), np.asarray(b), rtol=1e-5, atol=1e-6)


# ---- backward ----


def test_backward_of_a_chain(torch):
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    y = torch.tensor([5.0, 7.0], requires_grad=True)
    z = (x + y) * y / x + x**3
    z.backward(torch.tensor([1.0, 2.0]))
    close(x.grad, [-25 / 4 + 12, 2 * (-49 / 9 + 27)])
    close(y.grad, [(2 + 10) / 2, 2 * (3 + 14) / 3])


def test_backward_on_a_leaf(torch):
    x = torch.ones(2, requires_grad=True)
    x.backward(torch.tensor([3.0, 4.0]))
    close(x.grad, [3, 4])


def test_gradients_accumulate_in_place(torch):
    x = torch.ones(2, requires_grad=True)
    (2 * x).sum().backward()
    first = x.grad
    (2 * x).sum().backward()
    assert x.grad is first
    close(x.grad, [4, 4])


@pytest.mark.parametrize("shape", [(), (1,), (2, 2)])
def test_a_sum_of_gradients_can_be_written_to(torch, shape):
    x = torch.full(shape, 2.0, requires_grad=True)
    (x * x + x).sum().backward()
    close(x.grad, np.full(shape, 5.0))
    x.grad.mul_(2)
    (x * x + x).sum().backward()
    close(x.grad, np.full(shape, 15.0))
    x.grad.zero_()
    close(x.grad, np.zeros(shape))
    y = x * 1
    y.retain_grad()
    (y * y + y).sum().backward()
    y.grad.zero_()
    (g,) = torch.autograd.grad((x * x + x).sum(), x)
    g += 1
    close(g, np.full(shape, 6.0))


@pytest.mark.filterwarnings("ignore:Using backward")
def test_accumulation_out_of_place_with_create_graph(torch):
    x = torch.ones(2, requires_grad=True)
    (x * x).sum().backward(create_graph=True)
    first = x.grad
    (x * x).sum().backward(create_graph=True)
    assert x.grad is not first
    close(first, [2, 2])
    x.grad = None


def test_backward_without_graph(torch):
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.ones(1).backward()


def test_backward_of_a_non_scalar(torch):
    with pytest.raises(RuntimeError, match="scalar"):
        (torch.ones(2, requires_grad=True) * 2).backward()


def test_gradient_of_a_wrong_shape(torch):
    y = torch.ones(2, requires_grad=True) * 2
    with pytest.raises(RuntimeError, match="Mismatch in shape"):
        y.backward(torch.ones(3))


def test_backward_twice(torch):
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        y.backward()
    close(x.grad, [2, 2])


def test_backward_twice_retained(torch):
    x = torch.ones(2, requires_grad=True)
    y = (x * x).sum()
    y.backward(retain_graph=True)
    y.backward()
    close(x.grad, [4, 4])


def test_backward_twice_where_nothing_was_saved(torch):
    x = torch.ones((), requires_grad=True)
    y = x + 1
    y.backward()
    with getattr(torch, "lenient", contextlib.nullcontext)():
        y.backward()
    close(x.grad, 2)


def test_several_roots(torch):
    x = torch.tensor([2.0], requires_grad=True)
    s = x * x
    torch.autograd.backward([s * 3, s * 5], [torch.tensor([1.0]), torch.tensor([10.0])])
    close(x.grad, [4 * 53])


def test_a_root_given_twice_counts_twice(torch):
    x = torch.tensor([2.0], requires_grad=True)
    y = x * x
    torch.autograd.backward([y, y], [torch.ones(1), torch.ones(1)])
    close(x.grad, [8])


def test_a_root_that_is_an_ancestor(torch):
    x = torch.tensor([2.0], requires_grad=True)
    a = x * x
    b = a * 3
    torch.autograd.backward([a, b], [torch.ones(1), torch.ones(1)])
    close(x.grad, [16])


def test_several_roots_one_without_graph(torch):
    x = torch.ones(1, requires_grad=True)
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.autograd.backward([x * 2, torch.ones(1)])
    assert x.grad is None


def test_backward_inputs(torch):
    x = torch.tensor([2.0], requires_grad=True)
    y = torch.tensor([3.0], requires_grad=True)
    (x * y).backward(inputs=[x], retain_graph=True)
    close(x.grad, [3])
    assert y.grad is None
    z = x * y
    with pytest.raises(RuntimeError, match="cannot be empty"):
        z.backward(inputs=[])


def test_buffered_gradients_are_not_shared(torch):
    x = torch.tensor(3.0, requires_grad=True)
    (x * x + x * x * x + x).backward()
    close(x.grad, 34)
    y = torch.tensor([3.0, 3.0], requires_grad=True)
    a = y + 0
    b = a + a
    (b + a).sum().backward()
    close(y.grad, [3, 3])


@pytest.mark.parametrize("how", ["chunk", "split", "unbind"])
def test_unused_outputs_contribute_zeros(torch, how):
    x = torch.arange(4.0).requires_grad_()
    parts = {"chunk": lambda: x.chunk(2), "split": lambda: x.split(2), "unbind": lambda: x.unbind()}[how]()
    (parts[1] * 3).sum().backward()
    close(x.grad, [0, 0, 3, 3] if how != "unbind" else [0, 3, 0, 0])


def test_given_gradients_are_not_modified(torch):
    x = torch.ones(2, requires_grad=True)
    g1, g2 = torch.ones(2), torch.ones(2)
    torch.autograd.backward([x * 1, x * 1], [g1, g2])
    x.grad.add_(5)
    close(g1, [1, 1])
    close(g2, [1, 1])


def test_broadcast_with_an_empty_dimension(torch):
    x = torch.ones(1, requires_grad=True)
    y = torch.ones(0, 3, requires_grad=True)
    (x + y).sum().backward()
    assert x.grad.shape == (1,)
    assert y.grad.shape == (0, 3)
    close(x.grad, [0])


def test_slope_of_the_power_zero(torch):
    x = torch.tensor([0.0, 2.0], requires_grad=True)
    (x**0).sum().backward()
    close(x.grad, [0, 0])


def test_slope_through_a_conversion(torch):
    x = torch.ones(2, requires_grad=True)
    (x.double() * 2).sum().backward()
    assert x.grad.dtype == torch.float32


def test_requires_grad_of_results(torch):
    x, c = torch.ones(1, requires_grad=True), torch.ones(1)
    assert (x + c).requires_grad
    assert not (c + c).requires_grad
    assert x.grad_fn is None
    assert x.is_leaf
    assert not (x + c).is_leaf
    assert c.requires_grad_() is c
    with pytest.raises(RuntimeError, match="leaf"):
        (x + c).requires_grad_(False)


def test_integers_cannot_require_grad(torch):
    with pytest.raises(RuntimeError, match="floating point"):
        torch.tensor([1], requires_grad=True)
    with pytest.raises(RuntimeError, match="floating point"):
        torch.ones(1, dtype=torch.int64).requires_grad_()


def test_assigning_and_deleting_grad(torch):
    x = torch.ones(2, requires_grad=True)
    x.sum().backward()
    del x.grad
    assert x.grad is None
    with pytest.raises(RuntimeError, match="size"):
        x.grad = torch.ones(3)


# ---- autograd.grad ----


def test_grad_leaves_grad_alone(torch):
    x = torch.tensor([2.0, 3.0], requires_grad=True)
    (g,) = torch.autograd.grad((x**3).sum(), x, create_graph=True)
    close(g.detach(), [12, 27])
    (h,) = torch.autograd.grad(g.sum(), x)
    close(h, [12, 18])
    assert x.grad is None


@pytest.mark.filterwarnings("ignore:Using backward")
def test_hessian_vector_product(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = torch.tensor([3.0, 4.0], requires_grad=True)
    (x**2 * y).sum().backward(create_graph=True)
    gx = x.grad.clone()
    x.grad = y.grad = None
    (gx * torch.tensor([1.0, 10.0])).sum().backward()
    close(x.grad, [6, 80])
    close(y.grad, [2, 40])


def test_third_derivative(torch):
    x = torch.tensor(2.0, requires_grad=True)
    g = x**4
    for _ in range(3):
        (g,) = torch.autograd.grad(g, x, create_graph=True)
    close(g.detach(), 48)


def test_grad_with_respect_to_a_non_leaf(torch):
    x = torch.tensor([2.0], requires_grad=True)
    y = x * 3
    (g,) = torch.autograd.grad(y * y, y)
    close(g, [12])
    assert x.grad is None
    a, b = (torch.arange(4.0).requires_grad_() * 1).chunk(2)
    ga, gb = torch.autograd.grad((a * b).sum(), [a, b])
    close(ga, b.detach().tolist())
    close(gb, a.detach().tolist())


def test_grad_of_an_unused_input(torch):
    x, y = torch.ones(1, requires_grad=True), torch.ones(2, requires_grad=True)
    z = x * 2
    with pytest.raises(RuntimeError, match="allow_unused"):
        torch.autograd.grad(z, [x, y])
    z = x * 2
    assert torch.autograd.grad(z, [x, y], allow_unused=True)[1] is None
    z = x * 2
    close(torch.autograd.grad(z, [x, y], materialize_grads=True)[1], [0, 0])
    with pytest.raises(ValueError, match="allow_unused"):
        torch.autograd.grad(x * 2, [x, y], materialize_grads=True, allow_unused=False)


def test_grad_bad_calls(torch):
    x, c = torch.ones(1, requires_grad=True), torch.ones(1)
    with pytest.raises(RuntimeError, match="does not require grad"):
        torch.autograd.grad(c, x)
    with pytest.raises(RuntimeError, match="not require grad"):
        torch.autograd.grad(x * c, c)
    with pytest.raises((ValueError, RuntimeError), match="empty"):
        torch.autograd.grad(x * c, [])


def test_gradients_fed_back_in_groups(torch):
    x = torch.tensor([2.0], requires_grad=True)
    parts = [x * k for k in (1.0, 2.0, 3.0)]
    loss = sum(p * p for p in parts)
    gs = torch.autograd.grad(loss, parts)
    torch.autograd.backward(parts, gs)
    close(x.grad, [2 * 2 * (1 + 4 + 9)])


def test_backward_with_create_graph_warns():
    torch = importlib.import_module("autodiff")  # PyTorch warns once per process
    x = torch.ones(1, requires_grad=True)
    with pytest.warns(UserWarning, match="reference cycle"):
        (x * x).backward(create_graph=True)
    x.grad = None
    torch.autograd.grad(x * x, x, create_graph=True)


def test_repeated_grad_of_grad(torch):
    x = torch.tensor([2.0], requires_grad=True)
    y = x**3
    for _ in range(2):
        (g,) = torch.autograd.grad(y, x, create_graph=True)
        (h,) = torch.autograd.grad(g, x, create_graph=True)
        close(g.detach(), [12])
        close(h.detach(), [12])


# ---- the graph ----


def test_deep_chain(torch):
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(20_000):
        y = y + 1
    y.backward()
    close(x.grad, [1])


def test_a_deep_graph_is_freed(torch):
    class Token:
        """What the first node alone keeps alive."""

    def forward(ctx, x):
        ctx.token = Token()
        tokens.append(weakref.ref(ctx.token))
        return x * 1

    tokens = []
    body = {"forward": staticmethod(forward), "backward": staticmethod(lambda ctx, g: g)}
    first = type("First", (torch.autograd.Function,), body)
    y = first.apply(torch.ones(1, requires_grad=True))
    for _ in range(100_000):
        y = y + 1
    assert tokens[0]() is not None
    del y
    gc.collect()
    assert tokens[0]() is None


def test_the_type_of_a_tensor_is_told_as_users_write_it(torch):
    assert str(type(torch.ones(1))) == f"<class '{torch.__name__}.Tensor'>"
    assert pickle.loads(pickle.dumps(torch.Tensor)) is torch.Tensor


def test_next_functions_and_names(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    z = y + x
    assert type(z.grad_fn).__name__ == z.grad_fn.name() == "AddBackward0"
    (a, i), (b, j) = z.grad_fn.next_functions
    assert a is y.grad_fn
    assert (i, j) == (0, 0)
    assert b.variable is x
    assert b.name().endswith("AccumulateGrad")
    assert y.grad_fn.next_functions[1] == (None, 0)


def test_repr(torch):
    x = torch.ones(1, requires_grad=True)
    assert repr(x) == "tensor([1.], requires_grad=True)"
    assert repr(x.clone()) == "tensor([1.], grad_fn=<CloneBackward0>)"
    assert repr(torch.ones(1, dtype=torch.float64)) == "tensor([1.], dtype=torch.float64)"


def test_intermediates_die_with_the_collector_off(torch):
    gc.collect()
    gc.disable()
    try:
        x = torch.ones(2, requires_grad=True)
        y = x.exp()
        y.retain_grad()
        loss = (y * y).sum()
        reference = weakref.ref(y)
        node = weakref.ref(loss.grad_fn) if torch.__name__ == "autodiff" else None
        loss.backward()
        del y, loss
        assert reference() is None
        assert node is None or node() is None
    finally:
        gc.enable()


def test_copies_of_leaves(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    for y in (pickle.loads(pickle.dumps(x)), copy.deepcopy(x)):
        close(y.detach(), [1, 2])
        assert y.requires_grad
        assert y is not x
    with pytest.raises(RuntimeError, match="graph leaves"):
        copy.deepcopy(x * 2)


def test_two_threads(torch):
    results = {}

    def work(k):
        for _ in range(20):
            x = torch.full((3,), float(k), requires_grad=True)
            (x**2).sum().backward()
            results[k] = x.grad

    threads = [threading.Thread(target=work, args=(k,)) for k in (2, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    close(results[2], [4] * 3)
    close(results[5], [10] * 3)


# ---- modes ----


def test_no_grad(torch):
    x = torch.ones(1, requires_grad=True)

    @torch.no_grad
    def bare():
        return x * 2

    @torch.no_grad()
    def called():
        return x * 2

    with torch.no_grad():
        y = x * 2
        assert not torch.is_grad_enabled()
    for t in (y, bare(), called()):
        assert not t.requires_grad
        assert t.grad_fn is None
    assert torch.is_grad_enabled()


def test_set_grad_enabled(torch):
    with torch.set_grad_enabled(False):
        assert not torch.is_grad_enabled()
    assert torch.is_grad_enabled()
    torch.set_grad_enabled(False)
    assert not torch.is_grad_enabled()
    torch.set_grad_enabled(True)

    @torch.set_grad_enabled(False)
    def f():
        return torch.is_grad_enabled()

    assert torch.is_grad_enabled()
    assert not f()


def test_enable_grad_inside_no_grad(torch):
    x = torch.ones(1, requires_grad=True)

    @torch.enable_grad
    def f():
        return x * 2

    with torch.no_grad():
        assert f().requires_grad
        with torch.enable_grad():
            assert (x * 2).requires_grad
        assert not (x * 2).requires_grad


def test_mode_is_restored_after_an_error(torch):
    with pytest.raises(ZeroDivisionError), torch.no_grad():
        raise ZeroDivisionError
    assert torch.is_grad_enabled()


def test_mode_of_a_decorated_generator(torch):
    @torch.no_grad()
    def f():
        for _ in range(3):
            yield torch.is_grad_enabled()

    seen = []
    for inside in f():
        assert not inside
        assert torch.is_grad_enabled()
        seen.append(inside)
    assert seen == [False] * 3


def test_mode_is_per_thread(torch):
    seen = []
    with torch.no_grad():
        thread = threading.Thread(target=lambda: seen.append(torch.is_grad_enabled()))
        thread.start()
        thread.join()
    assert seen == [True]


def test_assignment_under_no_grad_leaves_a_leaf(torch):
    x = torch.zeros(2, requires_grad=True)
    with torch.no_grad():
        x[0] = 5.0
    assert x.is_leaf
    assert x.requires_grad
    close(x.detach(), [5, 0])


def test_inference_mode(torch):
    x = torch.ones(2, requires_grad=True)
    with torch.inference_mode():
        y = x * 2
    assert y.is_inference()
    assert not y.requires_grad
    with pytest.raises(RuntimeError, match="Inference tensors cannot be saved"):
        x * y


def test_detach(torch):
    x = torch.ones(2, requires_grad=True)
    d = x.detach()
    assert not d.requires_grad
    d[0] = 7
    close(x.detach(), [7, 1])
    y = x * 2
    y.detach_()
    assert y.is_leaf
    assert not y.requires_grad


def test_numpy_of_a_tensor_that_requires_grad(torch):
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="detach"):
        x.numpy()
    assert x.detach().numpy().tolist() == [1, 1]


def test_data(torch):
    p = torch.ones(2, requires_grad=True)
    p.data.add_(1)
    close(p.detach(), [2, 2])
    p.sum().backward()
    p.data = torch.tensor([5.0, 6.0])
    close(p.detach(), [5, 6])
    close(p.grad, [1, 1])
    assert p.requires_grad


# ---- in-place ----


def test_in_place_on_a_leaf(torch):
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError, match="leaf"):
        x.add_(1)
    with pytest.raises(RuntimeError, match="leaf"):
        x[0] = 1.0
    with pytest.raises(RuntimeError, match="leaf"):
        x.view(2).mul_(2)
    close(x.detach(), [1, 1])


def test_a_saved_input_changed_in_place(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    z = (y * y).sum()
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.backward()
    assert x.grad is None


def test_a_change_after_add_is_harmless(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 1
    q = y + 1
    y.mul_(5)
    q.sum().backward()
    close(x.grad, [1, 1])


@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh", "sqrt", "relu"])
def test_a_saved_output_changed_in_place(torch, name):
    x = torch.tensor([0.5, 2.0], requires_grad=True)
    y = getattr(x, name)()
    y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh", "sqrt", "relu"])
def test_in_place_operations_differentiate(torch, name):
    x = torch.tensor([0.5, 2.0], requires_grad=True)
    getattr(x, name)().sum().backward()
    expected, x.grad = x.grad, None
    getattr(x * 1, name + "_")().sum().backward()
    close(x.grad, expected.tolist())


def test_iadd_makes_a_plain_tensor_part_of_the_graph(torch):
    a, b = torch.zeros(2), torch.ones(2, requires_grad=True)
    a += b
    assert a.requires_grad
    a.sum().backward()
    close(b.grad, [1, 1])


def test_assignment_makes_a_plain_tensor_part_of_the_graph(torch):
    x = torch.zeros(2, 2)
    y, z = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    x[0] = y
    x[1] = 2 * z
    assert x.requires_grad
    (x * torch.tensor([[1.0, 2.0], [3.0, 4.0]])).sum().backward()
    close(y.grad, [1, 2])
    close(z.grad, [6, 8])


INDICES = [
    1,
    -1,
    slice(0, 2),
    slice(None, None, 2),
    [0, 2],
    ([0, 2], [1, 0]),
    Ellipsis,
    None,
    (Ellipsis, 0),
    (slice(None), None, 1),
    (slice(0, 2), [1, 0]),
    ([True, False, True],),
]


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_assignment_of_a_number(torch, index):
    x = torch.arange(6.0).reshape(3, 2).requires_grad_()
    y = x.clone()
    y[index] = 2
    y.sum().backward()
    expected = np.ones((3, 2))
    expected[index] = 0
    close(x.grad, expected)


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_assignment_of_a_tensor(torch, index):
    v = torch.tensor(3.0, requires_grad=True)
    y = torch.zeros(3, 2)
    y[index] = v
    y.sum().backward()
    close(v.grad, np.zeros((3, 2))[index].size)


@pytest.mark.parametrize("index", INDICES, ids=str)
def test_indexing(torch, index):
    x = torch.arange(6.0).reshape(3, 2).requires_grad_()
    y = x[index]
    close(y.detach(), np.arange(6.0).reshape(3, 2)[index])
    (y * y).sum().backward()
    expected = np.zeros((3, 2))
    np.add.at(expected, index, 2 * np.arange(6.0).reshape(3, 2)[index])
    close(x.grad, expected)


def test_repeated_indices_accumulate(torch):
    x = torch.arange(4.0).requires_grad_()
    x[[1, 1, 3, 2, 1]].sum().backward()
    close(x.grad, [0, 3, 1, 1])


def test_indexing_does_not_save_the_tensor(torch):
    x = torch.tensor([1.0, -1.0], requires_grad=True)
    y = x * 1
    mask = y > 0
    y[mask] = y[mask] * 2
    y.sum().backward()
    close(x.grad, [2, 1])


def test_version_counter(torch):
    x = torch.ones(2)
    v = x[0]
    d = x.detach()
    assert x._version == 0
    x.add_(1)
    v.mul_(2)
    assert (x._version, v._version, d._version) == (2, 2, 2)


def test_a_change_under_no_grad_is_caught(torch):
    w = torch.ones(2, requires_grad=True)
    x = torch.ones(2, requires_grad=True)
    loss = (w * x).sum()
    with torch.no_grad():
        w.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_a_change_through_detach_is_caught(torch):
    x = torch.ones(2, requires_grad=True)
    y = x.exp()
    y.detach().zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_a_reused_constant_buffer_is_no_problem(torch):
    x = torch.ones(2, requires_grad=True)
    total = 0
    y = x * 1
    for k in range(3):
        total = total + (y * float(k)).sum()
        y.add_(1)
    total.backward()
    close(x.grad, [3, 3])


def test_in_place_on_a_view_changes_the_base(torch):
    x = torch.ones(2, 2, requires_grad=True)
    y = x.clone()
    y[0].mul_(2)
    close(y.detach(), [[2, 2], [1, 1]])
    y.sum().backward()
    close(x.grad, [[2, 2], [1, 1]])


def test_in_place_on_the_base_is_seen_by_a_view(torch):
    x = torch.ones(2, 2, requires_grad=True)
    y = x.clone()
    v = y[0]
    y.mul_(3)
    close(v.detach(), [3, 3])
    v.sum().backward()
    close(x.grad, [[3, 3], [0, 0]])


PARTS = {
    "a slice": lambda x: x[1:3],
    "a part of split": lambda x: x.split(2)[1],
    "a part of unbind": lambda x: x.unbind()[1],
    "an element of the iteration": lambda x: list(x)[1],
    "a part of a part": lambda x: x.chunk(2)[1][0:1],
}


@pytest.mark.parametrize("leaf", [False, True])
@pytest.mark.parametrize("part", PARTS)
def test_a_view_made_without_gradients_is_not_changed_with_them(torch, part, leaf):
    w = torch.ones(4, requires_grad=True)
    x = w if leaf else w * 1
    with torch.no_grad():
        v = PARTS[part](x)
    with pytest.raises(RuntimeError, match="view"):
        v.mul_(5)
    close(x, [1, 1, 1, 1])
    plain = torch.ones(4)
    with torch.no_grad():
        v = PARTS[part](plain)
    v.mul_(5)
    assert plain.max() == 5
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode"):
        v.mul_(torch.ones((), requires_grad=True))
    with torch.no_grad():
        v = PARTS[part](x)
        v.mul_(5)
    assert x.max() == 5


@pytest.mark.parametrize("part", [name for name in PARTS if name != "a slice"])
def test_one_of_several_views_cannot_follow_a_change(torch, part):
    for change in (lambda x, v: x.mul_(3), lambda x, v: x[0:1].mul_(3)):
        x = torch.ones(4, requires_grad=True) * 1
        v = PARTS[part](x)
        change(x, v)
        assert v.requires_grad
        assert "Invalid" in repr(v)
        with pytest.raises(RuntimeError, match="its base or another view of its base has been modified inplace"):
            v * 2
    for change in (lambda x, v: x.mul_(3), lambda x, v: v.mul_(3)):
        x = torch.ones(4, requires_grad=True)
        v = PARTS[part](x)
        with torch.no_grad():
            change(x, v)
            close(v * 2, v.detach() + v.detach())
        assert v.requires_grad
        assert "Invalid" in repr(v)
        with pytest.raises(RuntimeError, match="its base or another view of its base has been modified inplace"):
            v * 2
    x = torch.ones(4)
    v = PARTS[part](x)
    v.mul_(3)
    assert not v.requires_grad
    assert x.max() == 3
    with pytest.raises(RuntimeError, match="inplace"):
        v.mul_(torch.ones((), requires_grad=True))


def test_a_view_made_without_gradients_does_not_follow_a_recorded_change(torch):
    x = torch.ones(4)
    with torch.no_grad():
        v = x[0:2]
    x.mul_(torch.ones(4, requires_grad=True))
    assert v.requires_grad
    with pytest.raises(RuntimeError, match="A view was created in no_grad mode and its base"):
        v * 2


def test_views_share_memory(torch):
    x = torch.zeros(2, 3)
    for v in (x.view(3, 2), x.t(), x[0], x.unsqueeze(0), x.expand(2, 2, 3), x.reshape(6), x.flatten()):
        assert v.data_ptr() == x.data_ptr()
    assert x.clone().data_ptr() != x.data_ptr()
    assert x.t().contiguous().data_ptr() != x.data_ptr()
    with pytest.raises(RuntimeError, match="reshape"):
        x.t().view(6)
    assert x.t().reshape(6).data_ptr() != x.data_ptr()


# ---- hooks ----


def test_hooks_see_and_replace(torch):
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    seen = []
    handle = y.register_hook(lambda g: seen.append(g.tolist()))
    y.register_hook(lambda g: g * 10)
    y.register_hook(lambda g: seen.append(g.tolist()))
    y.sum().backward(retain_graph=True)
    assert seen == [[1, 1], [10, 10]]
    close(x.grad, [20, 20])
    handle.remove()
    y.sum().backward()
    assert len(seen) == 3


def test_a_hook_on_a_leaf_runs_once_on_the_total(torch):
    x = torch.ones(1, requires_grad=True)
    seen = []
    x.register_hook(lambda g: seen.append(g.item()))
    (x * 2 + x * 3).backward()
    assert seen == [5]


@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_retain_grad(torch):
    x = torch.ones(1, requires_grad=True)
    y = x * 2
    y.retain_grad()
    y.retain_grad()
    x.retain_grad()
    y.register_hook(lambda g: g * 7)
    z = y * 3
    z.backward(retain_graph=True)
    close(y.grad, [21])
    z.backward()
    close(y.grad, [42])
    assert z.grad is None


@pytest.mark.parametrize("how", ["base", "base under no_grad", "self", "self under no_grad"])
def test_retain_grad_of_a_view_whose_memory_changes(torch, how):
    x = torch.ones(2, 3, requires_grad=True) * 1
    v = x.t()
    v.retain_grad()
    y = v * 2
    with torch.set_grad_enabled("no_grad" not in how):
        (x if "base" in how else v).mul_(2)
    (y + v * 3).sum().backward()
    assert v.retains_grad
    close(v.grad, np.full((3, 2), 3.0))


def test_hooks_and_in_place(torch):
    x = torch.ones(1, requires_grad=True)
    y = x * 1
    seen = []
    y.register_hook(lambda g: seen.append(("before", g.item())))
    y.mul_(5)
    y.register_hook(lambda g: seen.append(("after", g.item())))
    y.sum().backward()
    assert seen == [("after", 1.0), ("before", 5.0)]


def test_retain_grad_moves_on_with_an_in_place_change(torch):
    x = torch.ones(1, requires_grad=True)
    y = x * 1
    y.retain_grad()
    y.mul_(5)
    (y * 3).sum().backward()
    close(y.grad, [3])


def test_post_accumulate_grad_hook(torch):
    x = torch.ones(1, requires_grad=True)
    seen = []
    x.register_post_accumulate_grad_hook(lambda p: seen.append(p.grad.item()))
    (x * 4).backward()
    assert seen == [4]
    with pytest.raises(RuntimeError, match="non-leaf"):
        (x * 2).register_post_accumulate_grad_hook(print)


def test_node_hooks(torch):
    x = torch.ones(1, requires_grad=True)
    y = x * 2
    seen = []
    y.grad_fn.register_prehook(lambda outputs: (outputs[0] * 5,))
    y.grad_fn.register_hook(lambda inputs, outputs: seen.append((inputs[0].item(), outputs[0].item())))
    y.backward()
    assert seen == [(10, 5)]
    close(x.grad, [10])


def test_an_error_in_a_hook_reaches_the_caller(torch):
    x = torch.ones(1, requires_grad=True)
    y = x * 2

    def hook(g):
        raise KeyError("mine")

    y.register_hook(hook)
    with pytest.raises(KeyError, match="mine"):
        y.backward()
    assert x.grad is None


def test_a_handle_removed_twice_takes_away_its_own_hook_only(torch):
    x = torch.ones(1, requires_grad=True)
    handle = x.register_hook(lambda g: g * 10)
    x.register_hook(lambda g: g + 1)
    (x * 2).sum().backward()
    close(x.grad, [21])
    handle.remove()
    handle.remove()
    x.grad = None
    (x * 2).sum().backward()
    close(x.grad, [3])
