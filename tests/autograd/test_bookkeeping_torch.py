"""What a walk does besides the mathematics: memory that is nobody else's, counts of changes, inputs=, batches, read-only sums.

Each test runs on autodiff and on PyTorch alike, unless it is about what PyTorch does not promise.
"""

import contextlib
import importlib
import itertools
import warnings

import numpy as np
import pytest
from alike import told

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


def addresses(t):
    return t.data_ptr(), t.data_ptr() + t.numel() * t.element_size()


def apart(*tensors):
    """No two of the tensors share memory."""
    spans = sorted(addresses(t) for t in tensors)
    return all(end <= start for (_, end), (start, _) in itertools.pairwise(spans))


# ---- aliasing: what the user holds and what `.grad` is are never the same memory ----


class Keeping:
    """A Function whose backward returns a tensor that somebody keeps."""

    def __init__(self, torch, reply):
        self.kept = []

        def forward(ctx, x):
            return x * 1

        def backward(ctx, g):
            self.kept += [g, reply(g)]
            return self.kept[-1]

        self.function = type(
            "Kept", (torch.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        )

    def __call__(self, x):
        return self.function.apply(x)


GRAPHS = {
    "a leaf": lambda x: x,
    "a view": lambda x: x.view(-1),
    "a sum": lambda x: x + 1,
    "a sum with itself": lambda x: x + x,
    "a product": lambda x: x * 3,
    "two uses": lambda x: x.exp() + x.reshape(2),
    "a transposition": lambda x: x.view(2, 1).t().t().view(2),
}


@pytest.mark.parametrize("graph", GRAPHS)
@pytest.mark.parametrize("kept", ["seed", "retained", "twice", "hook", "node hook", "prehook", "grad"])
def test_no_gradient_shares_memory_with_what_the_user_holds(graph, kept):
    x = leaf(autodiff)
    y = GRAPHS[graph](x)
    seed, held = autodiff.tensor([1.0, 10.0]), []

    def reply(g):
        held.extend([g, autodiff.tensor([3.0, 4.0])])
        return held[-1]

    if kept == "retained" and not y.is_leaf:
        y.retain_grad()
    elif kept == "hook":
        y.register_hook(reply)
        x.register_hook(reply)
    elif kept == "node hook" and y.grad_fn is not None:
        y.grad_fn.register_hook(lambda inputs, outputs: (held.extend([*inputs, *outputs]), inputs)[1])
    elif kept == "prehook" and y.grad_fn is not None:
        y.grad_fn.register_prehook(lambda grads: (reply(grads[0]),))
    if kept == "grad":
        results = autodiff.autograd.grad([y], [x, y], [seed], allow_unused=True)
        held += [r for r in results if r is not None] if graph != "a leaf" else [results[0]]
    else:
        y.backward(seed, retain_graph=True)
    if kept == "twice":
        y.backward(seed)
    held = [h for h in held if h is not None]
    grads = [t.grad for t in (x, y) if t is not None and (t.is_leaf or t.retains_grad) and t.grad is not None]
    grads = grads[:1] if y is x else grads
    for g in grads:
        assert all(apart(g, h) for h in [seed, x, *held]), (graph, kept)
    assert apart(*grads)
    before = [h.tolist() for h in (seed, x, *held)]
    for g in grads:
        g.mul_(7)
    assert [h.tolist() for h in (seed, x, *held)] == before


def test_a_retained_gradient_is_not_the_seed(torch):
    x = leaf(torch)
    y = x * 2
    y.retain_grad()
    seed = torch.tensor([1.0, 10.0])
    y.backward(seed)
    assert y.grad.tolist() == [1, 10]
    y.grad.mul_(7)
    assert seed.tolist() == [1, 10]
    close(x.grad, [2, 20])


@pytest.mark.parametrize("reply", [lambda g: g, lambda g: g * 2, lambda g: g.view(-1)])
@pytest.mark.parametrize("graph", ["a leaf", "a sum", "a view"])
def test_what_a_function_returned_does_not_become_grad(reply, graph):
    f, x = Keeping(autodiff, reply), leaf(autodiff)
    f(GRAPHS[graph](x)).sum().backward()
    before = [k.tolist() for k in f.kept]
    assert all(apart(x.grad, k) for k in f.kept)
    x.grad.mul_(7)
    assert [k.tolist() for k in f.kept] == before


@pytest.mark.filterwarnings("ignore:Using backward")
@pytest.mark.parametrize("kind", ["leaf", "retained"])
def test_gradients_with_a_graph_are_added_up(torch, kind):
    x = leaf(torch)
    y = x * 1
    y.retain_grad()
    t = x if kind == "leaf" else y
    for k in range(1, 4):
        (y**3).sum().backward(create_graph=True)
        close(t.grad, [3 * k, 12 * k])
        assert t.grad.requires_grad
    (g,) = torch.autograd.grad(t.grad.sum(), x)
    close(g, [18, 36])
    x.grad = y.grad = None


def test_hook_replies_do_not_become_grad(torch):
    held = []
    x = leaf(torch)
    x.register_hook(lambda g: (held.append(torch.tensor([5.0, 6.0])), held[-1])[1])
    (x * 2).sum().backward()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [10, 12]
    assert [h.tolist() for h in held] == [[5, 6], [5, 6]]


@pytest.mark.parametrize("frozen", ["read-only", "expanded"])
def test_a_sum_is_added_to_a_gradient_that_cannot_be_written_to(frozen):
    x = leaf(autodiff)
    if frozen == "expanded":
        given = autodiff.tensor([3.0]).expand(2)
    else:
        array = np.array([3.0, 3.0], np.float32)
        array.flags.writeable = False
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            given = autodiff.from_numpy(array)
    x.grad = given
    (x * 2).sum().backward()
    assert x.grad.tolist() == [5, 5]
    assert given.tolist() == [3, 3]
    (x * 2).sum().backward()
    assert x.grad.tolist() == [7, 7]


# ---- counts of changes ----


POWERS = {
    "cube": lambda y: y**3,
    "exp": lambda y: y.exp(),
    "product": lambda y: y * y * y,
    "quotient": lambda y: 1 / y,
    "tanh": lambda y: y.tanh(),
    "softmax": lambda y: y.softmax(0).log(),
    "product of all": lambda y: y.prod(),
}


def second(torch, name, change):
    x = leaf(torch, 1.0, 2.0)
    y = x * 2
    z = POWERS[name](y)
    (g,) = torch.autograd.grad(z.sum(), x, create_graph=True)
    if change is not None:
        with torch.no_grad():
            (y if change == "input" else z).mul_(3)
    return torch.autograd.grad(g.sum(), x)[0].tolist()


@pytest.mark.parametrize("change", ["input", "output"])
@pytest.mark.parametrize("name", POWERS)
def test_a_change_after_create_graph_is_noticed_or_harmless(torch, name, change):
    """What the first walk kept for the second derivative is guarded by the same count as in the graph."""
    expected = second(torch, name, None)
    if (name, change) in [("cube", "input"), ("product", "input"), ("exp", "output"), ("tanh", "output")]:
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            second(torch, name, change)
        return
    with contextlib.suppress(RuntimeError):
        assert second(torch, name, change) == expected


@pytest.mark.parametrize("create", [False, True])
def test_a_change_of_an_output_after_create_graph_is_noticed(torch, create):
    x = leaf(torch)
    y = x.exp()
    (g,) = torch.autograd.grad(y.sum(), x, create_graph=True)
    if create:
        (g,) = torch.autograd.grad(g.sum(), x, create_graph=True)
    with torch.no_grad():
        y.mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        torch.autograd.grad(g.sum(), x)


@pytest.mark.parametrize("exponent", [[2.0, 3.0], 2.0])
@pytest.mark.parametrize("grads", [(True, True), (True, False), (False, True)])
def test_an_in_place_operation_that_keeps_both_sides(torch, exponent, grads):
    a = torch.tensor([1.5, 2.5], requires_grad=grads[0])
    w = torch.tensor(exponent, requires_grad=grads[1])
    y = a * 1 if grads[0] else torch.tensor([1.5, 2.5])
    y.pow_(w)
    (y * torch.tensor([1.0, 3.0])).sum().backward()
    v, e = np.array([1.5, 2.5]), np.array(exponent)
    s = np.array([1.0, 3.0])
    if grads[0]:
        close(a.grad, s * e * v ** (e - 1))
    if grads[1]:
        full = s * v**e * np.log(v)
        close(w.grad, full if full.shape == e.shape else full.sum())


IN_PLACE = ["pow_", "div_", "mul_", "lerp_", "addcmul_", "addcdiv_", "remainder_", "fmod_", "clamp_", "sub_", "add_"]


@pytest.mark.parametrize("name", IN_PLACE)
@pytest.mark.parametrize("after", [False, True])
def test_in_place_gradients_are_those_of_the_operation(torch, name, after):
    """x.op_(w) has the derivatives of op(x, w); a change of what it kept afterwards is refused where it matters."""
    extra = {"lerp_": 1, "addcmul_": 1, "addcdiv_": 1}.get(name, 0)
    results = []
    for in_place in (False, True):
        a, *others = (leaf(torch, 1.5, 2.5), leaf(torch, 2.0, 0.75), *(leaf(torch, 0.5, 3.0) for _ in range(extra)))
        y = a * 2
        out = getattr(y, name if in_place else name[:-1])(*others)
        if in_place:
            assert out is y
        z = out * torch.tensor([1.0, 3.0])
        if after:
            z = z.exp_() if in_place else z.exp()
        z.sum().backward()
        results.append([out.tolist(), a.grad.tolist(), *[[] if o.grad is None else o.grad.tolist() for o in others]])
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5)


# ---- inputs=, batches, leaves ----


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")
def test_backward_into_a_tensor_that_is_no_leaf(torch):
    x = leaf(torch)
    y = x * 2
    torch.autograd.backward([(y * y).sum()], inputs=[y, x], retain_graph=True)
    close(y.grad, [4, 8])
    close(x.grad, [8, 16])
    torch.autograd.backward((y * y).sum(), inputs=[y])
    close(y.grad, [8, 16])
    close(x.grad, [8, 16])
    y.grad.mul_(2)
    close(x.grad, [8, 16])


def test_backward_into_a_tensor_that_retains_its_gradient():
    y = leaf(autodiff) * 2
    y.retain_grad()
    (y * y).sum().backward(inputs=[y])
    close(y.grad, [4, 8])  # PyTorch's; here [8, 16]


def test_the_second_output_as_a_target(torch):
    x = leaf(torch, 3.0, 1.0, 2.0)
    values, places = x.sort()
    first, second = (values * 2).split([1, 2])
    gs = torch.autograd.grad((first.sum() * 5 + (second**2).sum()), [second, first, values, x])
    close(gs[0], [8, 12])
    close(gs[1], [5])
    close(gs[2], [10, 16, 24])
    close(gs[3], [24, 10, 16])
    assert not places.requires_grad


@pytest.mark.parametrize("rows", [1, 2, 4])
@pytest.mark.parametrize("create", [False, True])
def test_a_batch_of_gradients(torch, rows, create):
    x, w = leaf(torch), leaf(torch, 3.0, 4.0)
    y = x * x * w
    seeds = torch.tensor([[float(i + 1), float(i * i)] for i in range(rows)])
    gx, gw = torch.autograd.grad(y, [x, w], seeds, is_grads_batched=True, create_graph=create)
    assert gx.shape == (rows, 2)
    close(gx, np.asarray(seeds.tolist()) * [2 * 1 * 3, 2 * 2 * 4])
    close(gw, np.asarray(seeds.tolist()) * [1, 4])
    assert gx.requires_grad == create
    if create:
        (h,) = torch.autograd.grad(gx.sum(), w)
        close(h, np.asarray(seeds.tolist()).sum(0) * [2, 4])
    else:
        with pytest.raises(RuntimeError, match="second time"):
            torch.autograd.grad(y.sum(), x)


def test_a_batch_keeps_the_graph_that_is_to_be_kept(torch):
    x, unused = leaf(torch), leaf(torch)
    y = x * x
    seeds = torch.eye(2)
    gx, nothing = torch.autograd.grad([y], [x, unused], [seeds], is_grads_batched=True, retain_graph=True, allow_unused=True)
    close(gx, [[2, 0], [0, 4]])
    assert nothing is None
    y.sum().backward()
    close(x.grad, [2, 4])


def test_a_batch_without_gradients_is_refused(torch):
    y = leaf(torch).sum()
    for gradients in (None, [None]):
        with pytest.raises((RuntimeError, ValueError)):
            torch.autograd.grad(y, [y], gradients, is_grads_batched=True)


def test_materialized_zeros(torch):
    x, unused = leaf(torch), torch.ones(2, 3, requires_grad=True)
    y = (x * x).sum()
    gx, zeros = torch.autograd.grad(y, [x, unused], materialize_grads=True)
    close(gx, [2, 4])
    assert zeros.tolist() == [[0, 0, 0], [0, 0, 0]]
    gx, zeros = torch.autograd.grad(x * x, [x, unused], torch.eye(2), is_grads_batched=True, materialize_grads=True)
    close(gx, [[2, 0], [0, 4]])
    assert zeros.shape == ((2, 2, 3) if torch is autodiff else (2, 3))  # PyTorch forgets the batch
    assert not zeros.any()
    close(torch.autograd.grad((x * x).sum(), x, allow_unused=False)[0], [2, 4])
    with pytest.raises(RuntimeError, match="appears to not have been used"):
        torch.autograd.grad((x * x).sum(), [x, unused], allow_unused=False)
    with pytest.raises(ValueError, match="materialize_grads"):
        torch.autograd.grad(x.sum(), x, materialize_grads=True, allow_unused=False)


def test_an_error_sixty_walks_deep_arrives():
    def f(depth):
        def forward(ctx, x):
            ctx.save_for_backward(x)
            return x * 1

        def backward(ctx, g):
            if not depth:
                raise KeyError("deep down")
            with autodiff.enable_grad():
                inner = f(depth - 1)(ctx.saved_tensors[0].detach().requires_grad_()).sum()
            inner.backward()
            return g

        return type(
            "F", (autodiff.autograd.Function,), {"forward": staticmethod(forward), "backward": staticmethod(backward)}
        ).apply

    x = leaf(autodiff)
    with pytest.raises(KeyError, match="deep down"):
        f(70)(x).sum().backward()
    assert x.grad is None
    assert autodiff.is_grad_enabled()
    (x * 2).sum().backward()
    assert x.grad.tolist() == [2, 2]


def test_an_error_in_a_rule_names_its_node_and_line_once():
    def backward(ctx, g):
        raise ZeroDivisionError("in a rule")

    function = type(
        "Bad",
        (autodiff.autograd.Function,),
        {"forward": staticmethod(lambda ctx, x: x * 1), "backward": staticmethod(backward)},
    )
    x = leaf(autodiff)
    y = function.apply(x)  # this line
    with pytest.raises(ZeroDivisionError) as caught:
        (y * 2).sum().backward()
    (note,) = caught.value.__notes__
    assert note.startswith("(in the backward of BadBackward, which was recorded at test_bookkeeping_torch.py:")
    assert int(note.rstrip(")").rpartition(":")[2]) == _line_of("# this line")


def test_an_error_in_a_node_hook_names_the_node():
    x = leaf(autodiff)
    y = x.exp()
    y.grad_fn.register_hook(lambda *both: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        (y * 2).sum().backward()
    assert ["in the backward of ExpBackward0" in note for note in caught.value.__notes__] == [True]


def test_an_error_in_a_hook_of_a_leaf_names_no_node():
    x = leaf(autodiff)
    x.register_hook(lambda g: 1 / 0)
    with pytest.raises(ZeroDivisionError) as caught:
        (x * 2).sum().backward()
    assert not getattr(caught.value, "__notes__", [])


def _line_of(mark):
    with open(__file__, encoding="utf-8") as file:
        return next(number for number, line in enumerate(file, 1) if line.rstrip().endswith(mark))


# ---- what can be seen of a node ----


def test_what_leads_on_from_a_node(torch):
    x = leaf(torch)
    y = x * 2 + x
    (first, nr), (second, _) = y.grad_fn.next_functions
    assert nr == 0
    assert first.next_functions[0][0] == second
    assert first.next_functions[1] == (None, 0)
    assert second.variable is x
    assert second.name().endswith("AccumulateGrad")
    assert second.next_functions == ()
    assert "AccumulateGrad" in repr(second)
    assert len({second, first.next_functions[0][0]}) == 1
    assert second != leaf(torch).sum().grad_fn.next_functions[0][0]
    assert second != x


def test_output_numbers_of_a_node(torch):
    x = torch.ones(3, 2, requires_grad=True)
    parts = x.unbind(0)
    assert [p.output_nr for p in parts] == [0, 1, 2]
    assert x.output_nr == torch.ones(1).output_nr == 0
    y = parts[2] * 2
    assert y.grad_fn.next_functions[0] == (parts[0].grad_fn, 2)


def test_notes_of_the_users_own(torch):
    y = leaf(torch) * 2
    y.grad_fn.metadata["note"] = 3
    y.grad_fn.register_hook(lambda *both: None)
    assert y.grad_fn.metadata == {"note": 3}
    y.sum().backward()


@pytest.mark.parametrize("changed", [0, 1, 2])
def test_one_of_many_saved_inputs_was_changed(torch, changed):
    ts = [leaf(torch) * (k + 1) for k in range(3)]
    y = torch.stack(ts).prod(0) if changed == 2 else torch.cat(ts).exp() * torch.cat(ts)
    (ts[0] * ts[1] * y.sum()).sum().backward(retain_graph=True)
    z = ts[0] * ts[1] * ts[2]
    with torch.no_grad():
        ts[changed].mul_(2)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        z.sum().backward()


def test_a_second_walk_over_a_freed_graph_leaves_the_gradients(torch):
    x = leaf(torch)
    y = x.exp()
    y.sum().backward()
    with pytest.raises(RuntimeError, match="second time"):
        (y * 2).sum().backward()
    close(x.grad, np.exp([1.0, 2.0]))


def test_a_function_sums_a_gradient_with_more_dimensions(torch):
    def broadcasting(extra):
        return type(
            "Wide",
            (torch.autograd.Function,),
            {
                "forward": staticmethod(lambda ctx, x, w: x * 1 + w.sum()),
                "backward": staticmethod(lambda ctx, g: (g, g.expand(extra, 2) * torch.tensor([1.0, 2.0]))),
            },
        )

    x, w = leaf(torch), torch.ones(2, requires_grad=True)
    broadcasting(3).apply(x, w).sum().backward()
    close(w.grad, [3, 6])
    v = torch.ones(1, requires_grad=True)
    broadcasting(4).apply(x, v).sum().backward()
    close(v.grad, [12])


@pytest.mark.parametrize("retained", [False, True])
def test_a_change_in_place_retains_what_was_retained_and_nothing_else(retained):
    def kept(library):
        x = library.tensor([1.0, 2.0, 3.0], requires_grad=True)
        y, base = x * 2, x * 3
        if retained:
            y.retain_grad()
            base.retain_grad()
        y.mul_(3)
        base[0].mul_(5)
        (y * y * base).sum().backward()
        return [(t.retains_grad, t.grad.tolist() if t.retains_grad else None) for t in (y, base)], x.grad.tolist()

    assert kept(autodiff) == kept(pytest.importorskip("torch"))


def test_a_second_walk_with_create_graph_adds_to_the_gradient():
    def twice(library):
        x = library.tensor([1.0, 2.0], requires_grad=True)
        (x**3).sum().backward(create_graph=True)
        (x**2).sum().backward(create_graph=True)
        (second,) = library.autograd.grad(x.grad.sum(), x)
        return x.grad.tolist(), second.tolist()

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PyTorch warns of the cycle between a tensor and its gradient
        assert twice(autodiff) == twice(pytest.importorskip("torch"))


def test_a_first_gradient_lies_in_memory_as_its_leaf_does():
    def strides(library):
        x = library.ones(3, 4, requires_grad=True)
        (x * library.ones(4, 3).t() * library.ones(4, 3).t()).exp().sum().backward()
        y = library.ones(3, 4, requires_grad=True)
        (y.t().exp() * library.ones(4, 3)).sum().backward()
        return [t.grad.stride() for t in (x, y)]

    assert strides(autodiff) == strides(pytest.importorskip("torch"))


def test_a_power_where_the_base_is_zero_is_differentiated_twice_in_the_exponent():
    """Where x is 0 and p not negative, x**p does not move with p: PyTorch says so of the first derivative only."""
    x = autodiff.tensor([0.0, 0.0, 0.0, 2.0], dtype=autodiff.float64)
    p = autodiff.tensor([0.0, 2.0, 1.5, -1.0], dtype=autodiff.float64, requires_grad=True)
    (first,) = autodiff.autograd.grad((x**p).sum(), p, create_graph=True)
    (second,) = autodiff.autograd.grad(first.sum(), p)
    np.testing.assert_allclose(first.tolist(), [0, 0, 0, np.log(2) / 2], rtol=1e-12)
    np.testing.assert_allclose(second.tolist(), [0, 0, 0, np.log(2) ** 2 / 2], rtol=1e-12)


def test_a_gradient_of_another_shape_than_its_leaf_has_now_is_refused():
    x, w = autodiff.ones(3, requires_grad=True), autodiff.ones(3, requires_grad=True)
    y = (x * w).sum()
    x.data = autodiff.ones(2)
    with pytest.raises(RuntimeError, match=r"the gradient has shape \[3\], but its leaf now has shape \[2\]"):
        y.backward()
    assert x.grad is w.grad is None


@pytest.mark.parametrize("size", [4, 1, (1, 3), (3, 1), 0])
def test_a_leaf_whose_data_has_another_shape_by_now_is_refused(size):
    """Its gradient belongs to the shape of before. Nothing is added, to no other leaf either."""
    for had_one in (False, True):
        x, other = autodiff.ones(3, requires_grad=True), autodiff.ones(3, requires_grad=True)
        if had_one:
            (x * other).sum().backward()
        before = None if x.grad is None else x.grad.tolist()
        loss = (x * other * 2).sum()
        x.data = autodiff.ones(size)
        with pytest.raises(RuntimeError, match=r"gradient has shape \[3\], but its leaf now has shape .* forward pass again"):
            loss.backward()
        for leaf in (x, other):
            assert (None if leaf.grad is None else leaf.grad.tolist()) == before
        x.grad = None
        (x * 2).sum().backward()
        assert x.grad.shape == x.shape


def test_a_gradient_of_before_that_has_another_shape_is_refused(torch):
    for T in (autodiff, torch):
        x = T.ones(3, requires_grad=True)
        (x * 1).sum().backward()
        x.data = T.ones(4)
        with pytest.raises(RuntimeError):
            (x * 2).sum().backward()
        assert x.grad.tolist() == [1, 1, 1]
    with pytest.raises(RuntimeError, match=r"has shape \[4\], but the leaf's .grad, .* \[3\]; set .grad to None first"):
        autodiff.autograd.backward((x_with_old_gradient() * 2).sum())


def x_with_old_gradient():
    x = autodiff.ones(3, requires_grad=True)
    (x * 1).sum().backward()
    x.data = autodiff.ones(4)
    return x


def test_tensors_gradients_and_inputs_may_come_from_a_generator(torch):
    def program(T, say):
        a, b = T.ones(2, requires_grad=True), T.ones(2, requires_grad=True)
        T.autograd.backward([a * 2, b * 3], (T.full((2,), float(k)) for k in (1, 2)))
        say(a.grad, b.grad)
        found = T.autograd.grad((t for t in [(a * b).sum(), (a * a).sum()]), (t for t in (a, b)), (None for _ in range(2)))
        say(*found)
        (a * b).sum().backward(inputs=(t for t in [b]))
        say(a.grad, b.grad)

    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize("number", [2.0, 1, True])
def test_a_number_for_the_gradient_is_told_what_to_write(number):
    x = autodiff.ones(1, requires_grad=True)
    words = rf"must be a Tensor, not {type(number).__name__}; write autodiff\.tensor\({float(number)}\)"
    with pytest.raises(TypeError, match=words):
        (x * x).backward(number)
    assert x.grad is None
