"""autograd.Function: each test runs on autodiff and on PyTorch alike."""

import gc
import importlib
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


def leaf(torch, *values):
    return torch.tensor(list(values) or [1.0, 2.0], requires_grad=True)


def make(torch, forward, backward, **more):
    """A Function from plain functions."""
    body = {"forward": forward, "backward": backward, **more}
    return type("Made", (torch.autograd.Function,), {k: staticmethod(v) for k, v in body.items()})


def square(torch):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    def backward(ctx, g):
        (x,) = ctx.saved_tensors
        return 2 * g * x

    return make(torch, forward, backward)


def test_first_and_second_derivative(torch):
    x = leaf(torch)
    y = square(torch).apply(x)
    assert repr(y) == "tensor([1., 4.], grad_fn=<MadeBackward>)"
    (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    close(g, [4, 32])
    (h,) = torch.autograd.grad(g.sum(), x)
    close(h, [12, 48])


def test_attributes_and_an_argument_that_is_no_tensor(torch):
    def forward(ctx, x, k, nothing):
        ctx.k = k
        ctx.save_for_backward(x, None)
        return x * k

    def backward(ctx, g):
        assert ctx.saved_tensors[1] is None
        return g * ctx.k, None, None

    x = leaf(torch)
    make(torch, forward, backward).apply(x, 3, None).sum().backward()
    close(x.grad, [3, 3])


def test_grad_mode_inside(torch):
    seen = []

    def forward(ctx, x):
        seen.append(torch.is_grad_enabled())
        return x * 2

    def backward(ctx, g):
        seen.append(torch.is_grad_enabled())
        return g * 2

    f, x = make(torch, forward, backward), leaf(torch)
    f.apply(x).sum().backward()
    torch.autograd.grad(f.apply(x).sum(), x, create_graph=True)
    assert seen == [False, False, False, True]
    with torch.no_grad():
        assert not f.apply(x).requires_grad


def test_needs_input_grad(torch):
    seen = []

    def forward(ctx, a, b, k):
        seen.append(ctx.needs_input_grad)
        return a * b

    a, b = leaf(torch), torch.tensor([1.0, 2.0])
    make(torch, forward, lambda ctx, g: (g, g, None)).apply(a, b, 3).sum().backward()
    assert seen == [(True, False, False)]
    assert b.grad is None
    close(a.grad, [1, 1])


@pytest.mark.parametrize(
    ("reply", "message"),
    [
        (lambda torch, g: torch.ones(3), "got \\[3\\] but expected shape compatible with \\[2\\]"),
        (lambda torch, g: (g, g), "incorrect number of gradients \\(expected 1, got 2\\)"),
        (lambda torch, g: 3.0, "expected Variable or None \\(got float\\)"),
        (lambda torch, g: (), "incorrect number of gradients \\(expected 1, got 0\\)"),
    ],
)
def test_invalid_gradients(torch, reply, message):
    y = make(torch, lambda ctx, x: x * 2, lambda ctx, g: reply(torch, g)).apply(leaf(torch))
    with pytest.raises(RuntimeError, match=message):
        y.sum().backward()


def test_too_few_gradients_and_one_for_a_number(torch):
    x = leaf(torch)
    with pytest.raises(RuntimeError, match="expected 2, got 1"):
        make(torch, lambda ctx, x, k: x * k, lambda ctx, g: g).apply(x, 2).sum().backward()
    with pytest.raises(RuntimeError, match="at position 2, but the corresponding forward input was not a Variable"):
        make(torch, lambda ctx, x, k: x * k, lambda ctx, g: (g, g)).apply(x, 2).sum().backward()
    assert x.grad is None


def test_extra_nones_and_no_gradient_at_all(torch):
    x = leaf(torch)
    make(torch, lambda ctx, x: x * 2, lambda ctx, g: (g * 2, None, None)).apply(x).sum().backward()
    close(x.grad, [2, 2])
    x.grad = None
    make(torch, lambda ctx, x: x * 2, lambda ctx, g: None).apply(x).sum().backward()
    assert x.grad is None


def test_an_exception_in_backward(torch):
    def backward(ctx, g):
        raise ZeroDivisionError("boom")

    with pytest.raises(ZeroDivisionError, match="boom"):
        make(torch, lambda ctx, x: x * 2, backward).apply(leaf(torch)).sum().backward()


def test_the_dtype_of_a_gradient_is_its_inputs(torch):
    x = leaf(torch)
    make(torch, lambda ctx, x: x * 2, lambda ctx, g: g.double()).apply(x).sum().backward()
    assert x.grad.dtype == torch.float32


@pytest.mark.parametrize("materialize", [True, False])
def test_the_gradient_of_an_unused_output(torch, materialize):
    seen = []

    def forward(ctx, x):
        if not materialize:
            ctx.set_materialize_grads(False)
        return x * 2, x * 3

    def backward(ctx, g, unused):
        seen.append(unused if unused is None else unused.tolist())
        return g * 2

    x = leaf(torch)
    make(torch, forward, backward).apply(x)[0].sum().backward()
    assert seen == [[0, 0] if materialize else None]
    close(x.grad, [2, 2])


def test_mark_non_differentiable(torch):
    seen = []

    def forward(ctx, x):
        y, z = x * 2, x * 3
        ctx.mark_non_differentiable(z)
        return y, z, x > 1

    def backward(ctx, g, gz, gm):
        seen.append(gz.tolist())
        return g * 2

    x = leaf(torch)
    y, z, m = make(torch, forward, backward).apply(x)
    assert (y.requires_grad, z.requires_grad, m.requires_grad) == (True, False, False)
    y.sum().backward()
    assert seen == [[0, 0]]
    close(x.grad, [2, 2])


def test_setup_context(torch):
    def setup_context(ctx, inputs, output):
        ctx.save_for_backward(*inputs, output)

    def backward(ctx, g):
        x, y = ctx.saved_tensors
        return 3 * g * y / x

    x = leaf(torch)
    y = make(torch, lambda x: x**3, backward, setup_context=setup_context).apply(x)
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    close(g, [3, 12])
    close(torch.autograd.grad(g.sum(), x)[0], [6, 12])


def test_once_differentiable(torch):
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @torch.autograd.function.once_differentiable
    def backward(ctx, g):
        return 2 * g * ctx.saved_tensors[0]

    x = leaf(torch)
    y = make(torch, forward, backward).apply(x)
    (g,) = torch.autograd.grad((y * y).sum(), x, create_graph=True)
    close(g, [4, 32])
    with pytest.raises(RuntimeError, match="once_differentiable"):
        g.sum().backward()


def test_saved_tensors_are_freed_and_found_on_the_node(torch):
    x = leaf(torch)
    y = square(torch).apply(x)
    node = y.grad_fn
    assert node.saved_tensors[0] is x
    assert node.needs_input_grad == (True,)
    loss = y.sum()
    loss.backward()
    with pytest.raises(RuntimeError, match="retain_graph=True"):
        _ = node.saved_tensors
    with pytest.raises(RuntimeError, match="second time"):
        loss.backward()


def test_a_saved_input_or_output_that_was_changed(torch):
    a = leaf(torch) * 1
    y = square(torch).apply(a)
    a.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()

    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(y)
        return y

    y = make(torch, forward, lambda ctx, g: g * ctx.saved_tensors[0]).apply(leaf(torch))
    y.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_save_for_backward_takes_tensors(torch):
    with pytest.raises(TypeError, match="save_for_backward can only save variables"):
        make(torch, lambda ctx, x: ctx.save_for_backward(3), lambda ctx, g: g).apply(leaf(torch))


def test_an_input_returned_is_another_tensor(torch):
    x, seen = leaf(torch), []
    y = make(torch, lambda ctx, x: x, lambda ctx, g: g * 5).apply(x)
    assert y is not x
    y.register_hook(lambda g: seen.append("y"))
    y.sum().backward()
    close(x.grad, [5, 5])
    assert seen == ["y"]


def test_mark_dirty(torch):
    def forward(ctx, x):
        ctx.mark_dirty(x)
        return x.mul_(2)

    f, x = make(torch, forward, lambda ctx, g: g * 2), leaf(torch)
    a = x.clone()
    view, squares = a[0], a * a
    y = f.apply(a)
    assert y is a
    (y.sum() + view).backward()
    close(x.grad, [4, 2])
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        squares.sum().backward()
    with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
        f.apply(x)


def test_the_same_tensor_returned_twice(torch):
    x = leaf(torch)
    y, z = make(torch, lambda ctx, x: (x * 2,) * 2, lambda ctx, g, h: g + h).apply(x)
    (y + z).sum().backward()
    close(x.grad, [2, 2])


def test_outputs_that_are_no_tensors(torch):
    y, five, nothing = make(torch, lambda ctx, x: (x * 2, 5, None), lambda ctx, g, *rest: g * 2).apply(leaf(torch))
    assert (y.requires_grad, five, nothing) == (True, 5, None)


def test_what_backward_does_to_its_gradient_is_its_own_affair():
    import autodiff as torch

    x = leaf(torch)
    y = make(torch, lambda ctx, x: x * 2, lambda ctx, g: g.mul_(10)).apply(x)
    z = x * 3
    (y + z).sum().backward()
    close(x.grad, [13, 13])


def test_backward_inside_backward(torch):
    def backward(ctx, g):
        with torch.enable_grad():
            z = torch.tensor([3.0], requires_grad=True)
            (z * z).sum().backward()
        return g * z.grad

    x = leaf(torch)
    make(torch, lambda ctx, x: x * 1, backward).apply(x).sum().backward()
    close(x.grad, [6, 6])


def test_300_backwards_inside_each_other(torch):
    def backward(ctx, g):
        if ctx.depth:
            with torch.enable_grad():
                z = torch.ones(1, requires_grad=True)
                f.apply(z, ctx.depth - 1).sum().backward()
            return z.grad + 1, None
        return g, None

    def forward(ctx, x, depth):
        ctx.depth = depth
        return x * 1

    f, x = make(torch, forward, backward), torch.ones(1, requires_grad=True)
    f.apply(x, 300).sum().backward()
    close(x.grad, [301])


def test_a_chain_of_20000_is_walked_and_freed(torch):
    f = make(torch, lambda ctx, x: (ctx.save_for_backward(x), x * 1)[1], lambda ctx, g: g * ctx.saved_tensors[0])
    x = torch.ones(1, requires_grad=True)
    y = x
    for _ in range(20_000):
        y = f.apply(y)
    y.sum().backward(retain_graph=True)
    close(x.grad, [1])
    del y


def test_a_graph_with_a_function_dies_without_the_collector():
    import autodiff as torch

    def forward(ctx, x):
        y = x.exp()
        ctx.save_for_backward(x, y)
        return y

    f = make(torch, forward, lambda ctx, g: g * ctx.saved_tensors[1])
    gc.collect()
    gc.disable()
    try:
        x = leaf(torch)
        y = f.apply(x * 2)
        node = weakref.ref(y.grad_fn)
        loss = y.sum()
        loss.backward(retain_graph=True)
        del y, loss
        assert node() is None
    finally:
        gc.enable()
