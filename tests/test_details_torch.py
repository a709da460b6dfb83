"""Small programs whose numbers were once wrong without a word: each gives the same on autodiff and PyTorch."""

import importlib
import itertools
import warnings

import numpy as np
import pytest
from alike import outcome

INF, NAN = float("inf"), float("nan")


# ---- leaves that are views of a constant ----

LEAVES = {
    "view": lambda torch: torch.zeros(6).view(2, 3),
    "transpose": lambda torch: torch.zeros(2, 3).T,
    "column": lambda torch: torch.linspace(0, 1, 4).unsqueeze(1),
    "chunk": lambda torch: torch.zeros(6).chunk(2)[0],
    "row": lambda torch: torch.zeros(3, 2)[0],
    "detached": lambda torch: torch.zeros(3, 2, requires_grad=True).detach().view(-1),
    "from an array": lambda torch: torch.from_numpy(np.zeros((2, 3), np.float32)).t(),
}


def trained(torch, make, by_hand):
    w = make(torch).requires_grad_()
    optimizer = torch.optim.SGD([w], lr=0.1)
    seen = []
    for _ in range(3):
        optimizer.zero_grad()
        ((w - 1) ** 2).sum().backward()
        if by_hand:
            with torch.no_grad():
                w -= 0.1 * w.grad
        else:
            optimizer.step()
        seen.append((w.requires_grad, w.is_leaf, np.round(w.tolist(), 5)))
    return seen


def base_written(torch):
    base = torch.zeros(4)
    w = base.view(2, 2).requires_grad_()
    base.fill_(3.0)
    torch.nn.init.ones_(w)
    (w * 2).sum().backward()
    return w.grad, w.requires_grad


# ---- hooks ----


class Difference:
    """A module of two inputs, which may be one tensor."""

    def __new__(cls, torch):
        class Module(torch.nn.Module):
            def forward(self, a, b):
                return a - 2 * b

        return Module()


def node_hook(torch, f):
    x = torch.tensor([[1.0, 2.0], [3.0, 5.0]], requires_grad=True)
    z = f(x * 1)
    seen = []

    def hook(inputs, outputs):
        seen.append([None if g is None else g.tolist() for g in inputs])
        return inputs

    z.grad_fn.register_hook(hook)
    z.sum().backward()
    return x.grad, seen


def module_hook(torch):
    x = torch.ones(2, requires_grad=True)
    h = x * 1
    module = Difference(torch)
    module.register_full_backward_hook(lambda m, inputs, outputs: inputs)
    module(h, h).sum().backward()
    return x.grad


def hook_in_place(torch, leaf, change):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x if leaf else x * 1

    def hook(g):
        change(g)

    y.register_hook(hook)
    (y * y).sum().backward()
    return x.grad


def prehook_in_place(torch):
    x = torch.tensor([1.0, 2.0], requires_grad=True)
    y = x * x
    y.grad_fn.register_prehook(lambda gs: [g.mul_(3) for g in gs] and None)
    (y * torch.ones(2)).sum().backward()
    return x.grad


def retained(torch, write, part=None):
    x = torch.ones(3, requires_grad=True)
    y = x * 2
    y.retain_grad()
    v = y if part is None else part(y)
    if v is not y:
        v.retain_grad()
    write(v)
    (y * y).sum().backward()
    return y.grad, x.grad, v.grad


def set_first(y):
    y[0] = 5.0


def another_dtype(torch):
    x = torch.ones(1, requires_grad=True)
    x.register_hook(lambda g: g.double())
    (x * 2).sum().backward()


def a_number_in_a_hook(torch):
    x = torch.ones(1, requires_grad=True)
    x.register_hook(lambda g: g * torch.exp(1.0))
    (x * 2).sum().backward()


# ---- functions, steps ----


def returned_input(torch):
    class Second(torch.autograd.Function):
        @staticmethod
        def forward(ctx, a, x):
            ctx.save_for_backward(x)
            return x

        @staticmethod
        def backward(ctx, g):
            return g * 2, g * 3

    a, b = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)
    Second.apply(a, b).sum().backward()
    return a.grad, b.grad


def converted_between_steps(torch):
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(model.weight)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    for dtype in (torch.float32, torch.float64, torch.float64):
        model.to(dtype)
        optimizer.zero_grad()
        model(torch.ones(1, 1, dtype=dtype)).sum().backward()
        optimizer.step()
    return model.weight


def step_hooks(torch):
    w = torch.ones(1, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1)
    seen = []
    optimizer.register_step_pre_hook(lambda o, args, kwargs: seen.append((args[0] is o, len(args), kwargs)))
    optimizer.register_step_post_hook(lambda o, args, kwargs: seen.append((args[0] is o, len(args), kwargs)))
    w.grad = torch.ones(1)
    optimizer.step()
    return seen, w


def another_shape_of_buffer(torch):
    w = torch.ones(2, requires_grad=True)
    optimizer = torch.optim.SGD([w], lr=0.1, momentum=0.9)
    w.grad = torch.ones(2)
    optimizer.step()
    optimizer.state[w]["momentum_buffer"] = torch.ones(3)
    optimizer.step()


# ---- slopes where a formula says nan ----


def slopes(torch, f, *values):
    leaves = [torch.tensor(v, requires_grad=True) for v in values]
    f(*leaves).sum().backward()
    return [leaf.grad for leaf in leaves]


def std_of_equal_numbers(torch):
    h, k = torch.ones(3, 2, requires_grad=True), torch.ones(3, requires_grad=True)
    h.std(0).sum().backward()
    k.std().backward()
    return h.grad, k.grad


def batch_norm_by_hand(torch):
    h = torch.tensor([[1.0, 0.0], [2.0, 0.0], [4.0, 0.0]], requires_grad=True)
    (((h - h.mean(0)) / (h.std(0) + 1e-5)) ** 3).sum().backward()
    return h.grad


# ---- random fills of memory in another order ----


def drawn(draw):
    def program(torch):
        torch.manual_seed(3)
        return draw(torch), torch.rand(2)

    return program


F = "torch.nn.functional"
PROGRAMS = {
    **{f"a leaf that is a view: {name}, {hand=}": lambda torch, make=make, hand=hand: trained(torch, make, hand)
       for name, make in LEAVES.items() for hand in (False, True)},
    "a leaf whose base is written to": base_written,
    "a hook on h - h": lambda torch: node_hook(torch, lambda h: h - h),
    "a hook on h / h": lambda torch: node_hook(torch, lambda h: h / h),
    "a hook on cat([h, h])": lambda torch: node_hook(torch, lambda h: torch.cat([h, h])),
    "a hook on h @ h": lambda torch: node_hook(torch, lambda h: h @ h),
    "a hook on h times a constant": lambda torch: node_hook(torch, lambda h: h * torch.ones(2)),
    "a module's hook on one tensor given twice": module_hook,
    "a hook clamps in place": lambda torch: hook_in_place(torch, True, lambda g: g.clamp_(-1, 1)),
    "a hook doubles in place": lambda torch: hook_in_place(torch, False, lambda g: g.mul_(2)),
    "a node's hook triples in place": prehook_in_place,
    "a hook returns another dtype": another_dtype,
    "a number for a tensor inside a hook": a_number_in_a_hook,
    "retain_grad, then a write through a view": lambda torch: retained(torch, lambda v: v.mul_(3), lambda y: y[:2]),
    "retain_grad, then one element set": lambda torch: retained(torch, set_first),
    "retain_grad, then a change in place": lambda torch: retained(torch, lambda y: y.mul_(3)),
    "an input that is not the first is returned": returned_input,
    "double() between two steps": converted_between_steps,
    "what step hooks get": step_hooks,
    "a buffer of another shape": another_shape_of_buffer,
    "std of equal numbers": std_of_equal_numbers,
    "batch norm of a dead unit": batch_norm_by_hand,
    "the 3-norm of zeros": lambda torch: slopes(torch, lambda x: x.norm(3), [0.0, 0.0]),
    "the half-norm with a zero": lambda torch: slopes(torch, lambda x: x.norm(0.5), [0.0, 2.0]),
    "the 1.5-norm of rows": lambda torch: slopes(torch, lambda x: x.norm(1.5, dim=1), [[0.0, 0.0], [1.0, -2.0]]),
    "atan2 at the origin": lambda torch: slopes(torch, torch.atan2, [0.0, 1.0], [0.0, 2.0]),
    "maximum of nan": lambda torch: slopes(torch, torch.maximum, [NAN, 0.0, 1.0], [0.0, NAN, 1.0]),
    "minimum of nan": lambda torch: slopes(torch, torch.minimum, [NAN, 0.0, 1.0], [0.0, NAN, 1.0]),
    **{f"{name} at the ends and at nan": lambda torch, name=name: slopes(
        torch, getattr(torch.nn.functional, name), [NAN, INF, -INF, 0.0, 1.0, -1.0, 3.0, -3.0, 6.0]
    ) for name in ("elu", "selu", "celu", "relu", "relu6", "hardtanh", "hardswish", "hardsigmoid", "leaky_relu")},
    "hardswish of a large float16": lambda torch: torch.nn.functional.hardswish(torch.tensor([60000.0]).half()),
    "relu of a float16 nan": lambda torch: slopes(torch, lambda x: torch.relu(x.half()), [NAN, 1.0, -1.0]),
    "dropout of ints": lambda torch: torch.nn.Dropout(0.5)(torch.arange(6)),
    "dropout of bools": lambda torch: torch.nn.Dropout(0.5)(torch.ones(2) > 0),
    "dropout of ints with p = 0": lambda torch: torch.nn.Dropout(0.0)(torch.arange(6)),
    "dropout of ints in evaluation": lambda torch: torch.nn.Dropout(0.5).eval()(torch.arange(6)),
    "logsumexp of nothing": lambda torch: torch.zeros(3, 0).logsumexp(1),
    "where of one truth": lambda torch: torch.where(torch.tensor(True)),
    "nonzero of one number": lambda torch: (torch.tensor(3).nonzero(), torch.tensor(0).nonzero(as_tuple=True)),
    "flip of one number": lambda torch: torch.tensor(3.0).flip(0),
    "the mean of large float16": lambda torch: torch.full((4,), 6e4).half().mean(),
    "the mean of rows of large float16": lambda torch: torch.full((4, 2), 6e4).half().mean(0),
    "the norm of float16": lambda torch: torch.full((10,), 300.0).half().norm(),
    "float16 counted up": lambda torch: torch.ones(5000).half().cumsum(0)[-1],
    "chunks of nothing": lambda torch: torch.chunk(torch.zeros(0, 3), 2),
    "any of bytes": lambda torch: (torch.tensor([1], dtype=torch.uint8).any(), torch.tensor([1], dtype=torch.uint8).all()),
    "a list of inputs": lambda torch: torch.autograd.functional.jacobian(lambda x: x * 2, [torch.ones(1)]),
    "strides are kept": lambda torch: [
        f(torch.ones(2, 3).t()).stride() for f in (torch.zeros_like, torch.ones_like, torch.empty_like, torch.rand_like)
    ],
    "rand of float16": drawn(lambda torch: torch.rand(4, dtype=torch.float16)),
    "normal_ of a few transposed": drawn(lambda torch: torch.empty(3, 5).t().normal_()),
    "normal_ of many transposed": drawn(lambda torch: torch.empty(5, 5).t().normal_()),
    "normal_ of every second column": drawn(lambda torch: torch.empty(4, 6)[:, ::2].normal_()),
    "uniform_ transposed": drawn(lambda torch: torch.empty(3, 5).t().uniform_()),
    "bernoulli_ transposed": drawn(lambda torch: torch.empty(8, 5).t().bernoulli_(0.5)),
    "bernoulli transposed": drawn(lambda torch: torch.bernoulli(torch.rand(3, 2).t())),
    "exponential_ permuted": drawn(lambda torch: torch.empty(2, 3, 4).permute(2, 0, 1).exponential_()),
    "xavier of a transposed weight": drawn(lambda torch: torch.nn.init.xavier_uniform_(torch.empty(8, 5).t())),
    "rand_like transposed": drawn(lambda torch: torch.rand_like(torch.ones(2, 3).t())),
    "randn_like transposed": drawn(lambda torch: torch.randn_like(torch.ones(4, 5).t())),
    "randint_like transposed": drawn(lambda torch: torch.randint_like(torch.ones(2, 3).t(), 10)),
}  # fmt: skip


REFUSED = {
    "a hook returns another dtype", "a number for a tensor inside a hook", "a buffer of another shape", "dropout of ints",
    "dropout of bools", "a list of inputs",
}  # fmt: skip


@pytest.mark.parametrize("name", PROGRAMS)
def test_the_same_numbers(name):
    pytest.importorskip("torch")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        ours, theirs = (outcome(importlib.import_module(library), PROGRAMS[name]) for library in ("autodiff", "torch"))
    assert isinstance(theirs, type) == (name in REFUSED), f"the program itself is wrong: {theirs}"
    assert ours == theirs


ROWS = {
    "rows": lambda x: x.sum(0),
    "rows, transposed": lambda x: x.t().sum(1),
    "rows, kept": lambda x: x.sum(0, keepdim=True),
    "mean of rows": lambda x: x.mean(0) * len(x),
    "some columns": lambda x: x[:, :4].sum(0),
    "the middle": lambda x: x.view(2, -1, 8).sum(1) * 2,
    "both sides": lambda x: x.view(100, 600, 8).sum((0, 2)) * 75,
    "no nan": lambda x: x.nansum(0),
    "1-norm": lambda x: x.norm(1, 0),
    "running": lambda x: x[:, 0].cumsum(0)[-1],
    "everything": lambda x: x.t().sum() / 8,
    "a part of everything": lambda x: x[:, :4].sum() / 4,
    "squared 2-norm": lambda x: (x * 10).norm(2, 0) ** 2 / 10,
}


@pytest.mark.parametrize("name", ROWS)
def test_sums_of_many_rows_do_not_add_up_rounding_errors(name):
    """60,000 times 0.1, one after the other in float32, are 6003.5."""
    autodiff = importlib.import_module("autodiff")
    np.testing.assert_allclose(ROWS[name](autodiff.full((60_000, 8), 0.1)).numpy(), 6000.0, rtol=2e-6)


def test_a_view_of_a_frozen_parameter_says_so_after_a_change():
    autodiff = importlib.import_module("autodiff")
    layer = autodiff.nn.Linear(2, 2)
    row = layer.weight[0]
    layer.requires_grad_(False)
    layer.weight.fill_(1.0)
    with pytest.raises(RuntimeError, match=r"requires_grad_\(False\), and changed since. Take the view again"):
        row * 2
    assert layer.weight[0].tolist() == [1.0, 1.0]


@pytest.mark.parametrize("layout", [(0, 1, 2), (2, 1, 0), (1, 0, 2)])
@pytest.mark.parametrize("shape", [(2, 3, 4), (7, 30, 9)])
def test_sums_over_every_choice_and_order_of_dimensions(shape, layout):
    autodiff = importlib.import_module("autodiff")
    values = np.random.default_rng(0).random(shape)
    for dtype in (np.float16, np.float32, np.float64):
        array = np.ascontiguousarray(values.astype(dtype)).transpose(layout)
        x = autodiff.from_numpy(array)
        for count in (1, 2, 3):
            for axes in itertools.permutations(range(3), count):
                expected = array.astype(np.float64).sum(axes)
                tolerance = {2: 2e-3, 4: 2e-6, 8: 1e-13}[array.itemsize]
                np.testing.assert_allclose(x.sum(axes).numpy(), expected, rtol=tolerance)
                mean = x.mean([d - 3 for d in axes], keepdim=True).numpy()
                np.testing.assert_allclose(mean.reshape(expected.shape), expected * expected.size / array.size, rtol=tolerance)


def test_nor_do_gradients_of_what_was_broadcast():
    autodiff = importlib.import_module("autodiff")
    x, w = autodiff.full((60_000, 8), 0.1), autodiff.zeros(8, requires_grad=True)
    (x * w).sum().backward()
    np.testing.assert_allclose(w.grad.numpy(), 6000.0, rtol=2e-6)
    assert float(x.var(0).max()) < 1e-12


def test_a_view_of_a_base_that_was_detached_says_so():
    """PyTorch computes the history anew; here it is an error, not a tensor that silently requires no gradient."""
    autodiff = importlib.import_module("autodiff")
    x = autodiff.ones(3, requires_grad=True)
    y = x * 1
    v = y[1:]
    y.detach_()
    y.mul_(2)
    assert v.requires_grad
    assert "grad_fn=<Invalid>" in repr(v)
    with pytest.raises(RuntimeError, match="detached in place"):
        (v * 2).sum().backward()
    with autodiff.no_grad():
        assert (v * 2).tolist() == [4.0, 4.0]


# ---- powers and choices ----


@pytest.mark.parametrize("exponent", [-1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
def test_a_power_by_a_constant_tensor_is_differentiated_twice(torch, exponent):
    """It once refused create_graph, as its rule asked for the exponent as a number."""

    def slopes(module):
        x = module.tensor([0.5, 1.0, 4.0], dtype=module.float64, requires_grad=True)
        (g,) = module.autograd.grad((x ** module.tensor(exponent, dtype=module.float64)).sum(), x, create_graph=True)
        return g.detach().numpy(), module.autograd.grad(g.sum(), x)[0].numpy()

    for ours, theirs in zip(slopes(importlib.import_module("autodiff")), slopes(torch), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, 2.5])
def test_the_slopes_of_a_power_at_zero(torch, exponent):
    def slopes(module):
        x = module.tensor([0.0, 2.0], dtype=module.float64, requires_grad=True)
        (g,) = module.autograd.grad((x**exponent).sum(), x, create_graph=True)
        return g.detach().numpy(), module.autograd.grad((g + 0 * x).sum(), x)[0].numpy()

    for ours, theirs in zip(slopes(importlib.import_module("autodiff")), slopes(torch), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-14)


def test_where_says_which_of_its_arguments_is_wrong():
    autodiff = importlib.import_module("autodiff")
    x = autodiff.ones(3)
    with pytest.raises(TypeError, match=r"argument 'other' \(position 3\) must be Tensor or a number, not str"):
        autodiff.where(x > 0, x, "a")
    with pytest.raises(RuntimeError, match=r"The size of tensor a \(3\) must match the size of tensor b \(2\)"):
        autodiff.where(x > 0, x, autodiff.ones(2))


def test_where_brings_two_dtypes_together_and_leaves_its_condition():
    autodiff = importlib.import_module("autodiff")
    whole, x = autodiff.arange(3), autodiff.ones(3, requires_grad=True)
    y = autodiff.where(whole > 0, whole, x)
    assert y.dtype is autodiff.float32
    y.sum().backward()
    assert x.grad.tolist() == [1.0, 0.0, 0.0]
    assert autodiff.where(whole > 0, 1, 2.5).dtype is autodiff.float32
