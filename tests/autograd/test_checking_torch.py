"""gradcheck, functional, detect_anomaly, saved_tensors_hooks and checkpoint, on autodiff and on PyTorch alike."""

import importlib
import warnings

import numpy as np
import pytest


@pytest.fixture(params=["autodiff", "torch"])
def torch(request):
    if request.param == "torch":
        pytest.importorskip("torch")
    importlib.import_module(request.param + ".utils.checkpoint")
    return importlib.import_module(request.param)


def close(a, b):
    np.testing.assert_allclose(np.asarray(a.tolist()), np.asarray(b), rtol=1e-5, atol=1e-6)


def double(torch, *values):
    return torch.tensor(list(values), dtype=torch.float64, requires_grad=True)


def made(torch, forward, backward):
    return type("Made", (torch.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)})


# ---- gradcheck ----


def test_gradcheck_of_right_gradients(torch):
    x, w = double(torch, 1, 2), torch.ones(2, 3, dtype=torch.float64, requires_grad=True)
    check, again = torch.autograd.gradcheck, torch.autograd.gradgradcheck
    assert check(lambda x: (x * x).sin(), x)
    assert check(lambda x, w: (x @ w, (x * 2).sum()), (x, w))
    assert check(lambda x, k: x**k, (x, 3))
    assert check(lambda x: x.argmax(), x)
    assert again(lambda x, w: (x @ w).tanh(), (x, w))
    assert again(lambda x: x * 2, x)


def test_gradcheck_of_a_wrong_gradient(torch):
    f, x = made(torch, lambda ctx, x: x * 2, lambda ctx, g: g * 3).apply, double(torch, 1, 2)
    with pytest.raises(RuntimeError, match="Jacobian mismatch for output 0 with respect to input 0") as caught:
        torch.autograd.gradcheck(f, x)
    assert "numerical:" in str(caught.value)
    assert "analytical:" in str(caught.value)
    assert torch.autograd.gradcheck(f, x, raise_exception=False) is False


def test_gradgradcheck_of_a_wrong_second_gradient(torch):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    f = made(torch, forward, lambda ctx, g: 2 * g * ctx.saved_tensors[0].detach()).apply
    x = double(torch, 1, 2)
    assert torch.autograd.gradcheck(f, x)
    assert torch.autograd.gradgradcheck(f, x, raise_exception=False) is False


def test_gradcheck_names_the_worst_element():
    import autodiff as torch

    f = made(torch, lambda ctx, x: x * 2, lambda ctx, g: g * torch.tensor([2.0, 7.0], dtype=torch.float64))
    worst = r"d\(output\[1\]\)/d\(input\[1\]\).*measured 2, .* 7, difference 5"
    with pytest.raises(torch.autograd.GradcheckError, match=worst):
        torch.autograd.gradcheck(f.apply, double(torch, 1, 2))


def test_gradcheck_looks_at_its_inputs(torch):
    with pytest.raises(ValueError, match="expects at least one input tensor to require gradient"):
        torch.autograd.gradcheck(lambda x: x * 2, torch.ones(2, dtype=torch.float64))
    with pytest.warns(UserWarning, match="not a double precision"):
        torch.autograd.gradcheck(lambda x: x * 2, torch.ones(2, requires_grad=True), raise_exception=False)


# ---- functional ----


def test_jacobian(torch):
    f, v = torch.autograd.functional, torch.tensor([1.0, 2.0])
    close(f.jacobian(lambda x: x.sum() * x, v), [[4, 1], [2, 5]])
    rows = f.jacobian(lambda x, y: (x * y, (x + y).sum()), (v, v))
    close(rows[0][1], [[1, 0], [0, 2]])
    close(rows[1][0], [1, 1])
    assert f.jacobian(lambda x: x**2, v.clone().requires_grad_(), create_graph=True).requires_grad
    close(f.jacobian(lambda x: torch.ones(2), v), [[0, 0], [0, 0]])
    assert v.grad is None


def test_hessian(torch):
    f, v = torch.autograd.functional, torch.tensor([1.0, 2.0])
    close(f.hessian(lambda x: (x**3).prod(), v), [[48, 36], [36, 12]])
    close(f.hessian(lambda x, y: (x * y * y).sum(), (v, v))[1][0], [[2, 0], [0, 4]])
    close(f.hessian(lambda x: x.sum(), v), [[0, 0], [0, 0]])
    with pytest.raises(RuntimeError, match="should contain a single element"):
        f.hessian(lambda x: x * 2, v)


def test_products_with_a_vector(torch):
    f, v = torch.autograd.functional, torch.tensor([1.0, 2.0])
    for product in (f.vjp, f.jvp):
        y, p = product(lambda x: x.sum() * x, v, torch.tensor([1.0, 10.0]))
        close(y, [3, 6])
        close(p, [24, 51] if product is f.vjp else [14, 52])
    for product in (f.vhp, f.hvp):
        y, p = product(lambda x: (x**3).prod(), v, torch.tensor([1.0, 10.0]))
        close(y, 8)
        close(p, [408, 156])
    close(f.jvp(lambda x: x * 3, v, v)[1], [3, 6])
    close(f.vjp(lambda x: (x**2).sum(), v)[1], [2, 4])
    assert f.vjp(lambda x: x * x, v.clone().requires_grad_(), v, create_graph=True)[1].requires_grad


@pytest.mark.parametrize("name", ["jvp", "vjp", "hvp", "vhp"])
def test_products_refuse_a_vector_that_does_not_fit(torch, name):
    product = getattr(torch.autograd.functional, name)
    f = (lambda x: x * 2) if name in ("jvp", "vjp") else (lambda x: (x * x).sum())
    with pytest.raises(RuntimeError, match="v has invalid size"):
        product(f, torch.ones(2), torch.ones(3))
    with pytest.raises(RuntimeError, match="can only be None"):
        product(f, torch.ones(2))


def test_functional_refuses_what_is_no_tensor(torch):
    with pytest.raises(TypeError):
        torch.autograd.functional.jacobian(lambda x: 3, torch.ones(2))
    with pytest.raises(TypeError):
        torch.autograd.functional.jacobian(lambda x: x, 3)


def test_strict(torch):
    with pytest.raises(RuntimeError, match="strict mode"):
        torch.autograd.functional.jacobian(lambda x: torch.ones(2), torch.ones(2), strict=True)


# ---- detect_anomaly ----


def test_anomaly_names_the_function_that_made_a_nan(torch):
    x = torch.zeros(1, requires_grad=True)
    with torch.autograd.set_detect_anomaly(True), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        y = (x.sqrt() * 0).sum()
        with pytest.raises(RuntimeError, match="Function 'SqrtBackward0' returned nan values") as caught:
            y.backward()
    if torch.__name__ == "autodiff":
        assert "its slope at 0 is infinite" in str(caught.value)
        assert str(caught.value).endswith("(AD033)")
    assert x.grad is None
    with torch.autograd.set_detect_anomaly(True, check_nan=False):
        (x.sqrt() * 0).sum().backward()
    assert x.grad.isnan().all()
    x.grad = None
    (x.sqrt() * 0).sum().backward()
    assert x.grad.isnan().all()


@pytest.mark.filterwarnings("ignore:Anomaly Detection", "ignore:Error detected")
def test_anomaly_finds_memory_changed_from_outside():
    import autodiff as torch

    data = np.array([1.0, 2.0], np.float32)
    x = torch.from_numpy(data)
    w = torch.ones(2, requires_grad=True)

    def forward(ctx, w, x):
        ctx.save_for_backward(x)
        return w * x

    own = made(torch, forward, lambda ctx, g: (g * ctx.saved_tensors[0], None))
    for f in (lambda w, x: w * x, own.apply):
        with torch.autograd.detect_anomaly():
            f(w, x).sum().backward()
            y = f(w, x).sum()
            data += 1
            with pytest.raises(RuntimeError, match=r"changed from outside autodiff .*numpy\(\)"):
                y.backward()


@pytest.mark.filterwarnings("ignore:Anomaly Detection", "ignore:Error detected")
def test_anomaly_leaves_the_observer_that_was_there():
    import autodiff as torch

    class Names:
        def __init__(self):
            self.seen = []

        def made(self, node, inputs, params, outputs):
            self.seen.append("made")

        def walked(self, node, gradient, results):
            self.seen.append("walked")

    names = Names()
    before = torch.set_observer(names)
    try:
        with torch.autograd.detect_anomaly():
            torch.ones(1, requires_grad=True).exp().backward()
        torch.ones(1, requires_grad=True).exp()
    finally:
        assert torch.set_observer(before) is names
    assert names.seen == ["made", "walked", "made"]


# ---- saved_tensors_hooks ----


def test_saved_tensors_hooks_see_and_replace(torch):
    x, seen = torch.tensor([1.0, 2.0], requires_grad=True), []

    def pack(t):
        seen.append(t.tolist())
        return t.tolist()

    with torch.autograd.graph.saved_tensors_hooks(pack, torch.tensor):
        y = (x * x).exp() + 1
    assert len(seen) == 3
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    close(g, [2 * np.exp(1), 4 * np.exp(4)])
    close(torch.autograd.grad(g.sum(), x)[0], [6 * np.exp(1), 18 * np.exp(4)])


def test_saved_tensors_hooks_of_a_function(torch):
    f = made(torch, lambda ctx, x: (ctx.save_for_backward(x), x * 1)[1], lambda ctx, g: g * ctx.saved_tensors[0])
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t, lambda t: t * 2):
        y = f.apply(x)
    z = f.apply(x)
    y.sum().backward()
    close(x.grad, [2, 4])
    z.sum().backward()
    close(x.grad, [3, 6])


def test_saved_tensors_hooks_that_misbehave(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    with torch.autograd.graph.saved_tensors_hooks(lambda t: t.tolist(), lambda kept: kept):
        y = x.exp()
    with pytest.raises(TypeError, match="unpack_hook expected to be a Tensor but got result of type list"):
        y.sum().backward()
    hooks = torch.autograd.graph.saved_tensors_hooks(lambda t: t.mul_(2), lambda t: t)
    with hooks, pytest.raises(RuntimeError, match="pack hook is modifying its input in place"):
        x.exp()


# ---- checkpoint ----


def run(torch, f, *args, **kwargs):
    return torch.utils.checkpoint.checkpoint(f, *args, use_reentrant=False, **kwargs)


def test_checkpoint_runs_twice_and_gives_the_same(torch):
    runs = []
    w, x = torch.ones(2, requires_grad=True), torch.tensor([1.0, 2.0], requires_grad=True)

    def f(x, scale=1):
        runs.append(1)
        return (x * w * scale).exp()

    y = run(torch, f, x, scale=2).sum()
    assert len(runs) == 1
    y.backward()
    assert len(runs) == 2
    close(x.grad, 2 * np.exp([2, 4]))
    close(w.grad, [2 * np.exp(2), 4 * np.exp(4)])


def test_checkpoint_of_data_that_needs_no_gradient(torch):
    w = torch.ones(2, requires_grad=True)
    run(torch, lambda x: (x * w).exp(), torch.tensor([1.0, 2.0])).sum().backward()
    close(w.grad, [np.exp(1), 2 * np.exp(2)])


def test_checkpoint_under_grad_twice_and_nested(torch):
    x, w = torch.tensor([1.0, 2.0], requires_grad=True), torch.tensor([0.5, 0.25], requires_grad=True)

    def f(x):
        return run(torch, lambda u: (u * w).exp(), x * x).sin()

    results = []
    for g in (f, lambda x: run(torch, f, x)):
        (dx,) = torch.autograd.grad(g(x).sum(), x, create_graph=True)
        results.append((dx, *torch.autograd.grad(dx.sum(), (x, w))))
    for a, b in zip(*results, strict=True):
        close(a, b.tolist())
    plain = (x * x * w).exp().sin()
    close(results[0][0], torch.autograd.grad(plain.sum(), x)[0].tolist())
    assert w.grad is None


def test_checkpoint_drops_the_same_elements(torch):
    torch.manual_seed(0)
    x = torch.ones(64, requires_grad=True)
    y = run(torch, lambda x: torch.nn.functional.dropout(x, 0.5), x)
    y.sum().backward()
    assert torch.equal(y.detach(), x.grad)


def test_checkpoint_keeps_no_intermediate_values():
    import autodiff as torch
    from autodiff.autograd.graph import Packed

    x = torch.ones(4, requires_grad=True)
    y = run(torch, lambda x: x.exp().sin().tanh(), x)
    node = y.grad_fn
    while hasattr(node, "kept"):
        assert all(isinstance(k, Packed) and isinstance(k.packed, int) for k in node.kept)
        node = node.next_functions[0][0]


def test_checkpoint_refuses_a_second_run_on_other_values():
    import autodiff as torch

    x, w = torch.ones(2, requires_grad=True), torch.ones(2, requires_grad=True)
    y = run(torch, lambda x: (x + w).exp(), x).sum()
    with torch.no_grad():
        w.add_(1)
    with pytest.raises(RuntimeError, match=r"modified by an inplace operation: .* changed at test_checking_torch.py:\d+"):
        y.backward()
    runs = []

    def f(x):
        runs.append(1)
        return x.exp().sin() if len(runs) > 1 else x.exp()

    with (
        torch.utils.checkpoint.set_checkpoint_early_stop(False),
        pytest.raises(torch.utils.checkpoint.CheckpointError, match="A different number of tensors was saved"),
    ):
        run(torch, f, x).sum().backward()
