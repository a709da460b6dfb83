"""What a graph keeps of its places and masks, and what autograd.grad does at its ends: PyTorch is asked the same."""

from __future__ import annotations

import warnings
from typing import Any

import pytest

import autodiff
import autodiff.nn.functional
from autodiff.autograd.function import InplaceFunction

torch = pytest.importorskip("torch")

BOTH = (torch, autodiff)


def grid(T: Any) -> Any:
    return T.tensor([[0, 1, 2], [1, 0, 2], [2, 1, 0]])


def holds(T: Any) -> Any:
    return T.tensor([[True, False, True], [False, True, True], [True, True, False]])


def written(x: Any, index: Any, value: Any) -> Any:
    y = x + 0
    y[index] = value
    return y


READING = {
    "x[[0, 1]]": lambda T, x: x[[0, 1]],
    "x[indices]": lambda T, x: x[grid(T)[0]],
    "x[mask]": lambda T, x: x[holds(T)],
    "x[1]": lambda T, x: x[1],
    "x[1:]": lambda T, x: x[1:],
    "x[[0, 1]] = 2": lambda T, x: written(x, [0, 1], 2.0),
    "x[mask] = 2": lambda T, x: written(x, holds(T), 2.0),
    "x[1] = 2": lambda T, x: written(x, 1, 2.0),
    "index_put": lambda T, x: x.index_put((grid(T)[0],), T.ones(3, 3)),
    "index_select": lambda T, x: x.index_select(0, grid(T)[0]),
    "gather": lambda T, x: x.gather(0, grid(T)),
    "take": lambda T, x: x.take(grid(T)),
    "take_along_dim": lambda T, x: T.take_along_dim(x, grid(T), 0),
    "put": lambda T, x: x.put(grid(T)[0], T.ones(3)),
    "scatter": lambda T, x: x.scatter(0, grid(T), T.ones(3, 3)),
    "scatter_add": lambda T, x: x.scatter_add(0, grid(T), T.ones(3, 3)),
    "scatter_add of x": lambda T, x: T.zeros(3, 3).scatter_add(0, grid(T), x),
    "scatter_reduce": lambda T, x: x.scatter_reduce(0, grid(T), T.ones(3, 3), "sum"),
    "index_add": lambda T, x: x.index_add(0, grid(T)[0], T.ones(3, 3)),
    "index_copy": lambda T, x: x.index_copy(0, grid(T)[0], T.ones(3, 3)),
    "index_fill": lambda T, x: x.index_fill(0, grid(T)[0], 1.0),
    "masked_fill": lambda T, x: x.masked_fill(holds(T), 1.0),
    "masked_select": lambda T, x: x.masked_select(holds(T)),
    "masked_scatter": lambda T, x: x.masked_scatter(holds(T), T.ones(3, 3)),
    "repeat_interleave": lambda T, x: x.repeat_interleave(T.tensor([1, 2, 1]), 0),
    "repeat_interleave, a number": lambda T, x: x.repeat_interleave(2, 0),
    "embedding": lambda T, x: T.nn.functional.embedding(grid(T), x),
    "embedding_bag": lambda T, x: T.nn.functional.embedding_bag(grid(T), x),
    "avg_pool": lambda T, x: T.nn.functional.avg_pool1d(x[None], 2),
    "adaptive_avg_pool": lambda T, x: T.nn.functional.adaptive_avg_pool1d(x[None], 2),
    "pad": lambda T, x: T.nn.functional.pad(x, (1, 1)),
    "pad, reflected": lambda T, x: T.nn.functional.pad(x, (1, 1), "reflect"),
    "interpolate": lambda T, x: T.nn.functional.interpolate(x[None], scale_factor=2),
    "fill_diagonal_": lambda T, x: (x + 0).fill_diagonal_(1.0),
    "sgn": lambda T, x: x.sgn(),
    "sign": lambda T, x: x.sign(),
    "flip": lambda T, x: x.flip(0),
    "tril": lambda T, x: x.tril(),
}


@pytest.mark.parametrize("call", READING.values(), ids=READING)
def test_a_graph_that_keeps_places_is_freed_by_its_first_walk(call: Any) -> None:
    said = []
    for T in BOTH:
        x = T.arange(9.0).reshape(3, 3).requires_grad_()
        y = call(T, x)
        y.backward(T.ones_like(y))
        try:
            y.backward(T.ones_like(y))
            said.append("walked twice")
        except RuntimeError as error:
            said.append("retain_graph=True" in str(error))
    assert said[0] == said[1]


@pytest.mark.parametrize("name", [name for name in READING if name != "sgn"])  # PyTorch cannot add to its zeros there
def test_a_graph_that_is_retained_is_walked_twice(name: str) -> None:
    grads = []
    for T in BOTH:
        x = T.arange(9.0).reshape(3, 3).requires_grad_()
        y = READING[name](T, x)
        for _ in range(2):
            y.backward(T.arange(float(y.numel())).reshape(y.shape), retain_graph=True)
        grads.append(x.grad.tolist())
    assert grads[0] == grads[1]


@pytest.mark.parametrize("name", ["embedding", "embedding_bag"])
def test_indices_written_over_after_an_embedding_change_no_gradient(name: str) -> None:
    """PyTorch refuses to walk; here the operation has indices of its own, and the gradient is that of the lookup."""
    grads = []
    for overwrite in (False, True):
        weight, indices = autodiff.arange(9.0).reshape(3, 3).requires_grad_(), grid(autodiff)
        y = getattr(autodiff.nn.functional, name)(indices, weight)
        if overwrite:
            indices.zero_()
        y.backward(autodiff.arange(float(y.numel())).reshape(y.shape))
        grads.append(weight.grad.tolist())
    assert grads[0] == grads[1]


def test_classes_written_over_after_a_margin_loss_change_no_gradient() -> None:
    grads = []
    for overwrite in (False, True):
        scores, classes = autodiff.arange(9.0).reshape(3, 3).requires_grad_(), autodiff.tensor([0, 1, 2])
        loss = autodiff.nn.functional.multi_margin_loss(scores, classes)
        if overwrite:
            classes.zero_()
        loss.backward()
        grads.append(scores.grad.tolist())
    assert grads[0] == grads[1]


def test_the_zeros_of_materialize_grads_can_be_differentiated_again() -> None:
    for T in BOTH:
        x, unused = T.tensor(0.5, requires_grad=True), T.ones(2, requires_grad=True)
        for create_graph in (False, True):
            (zeros,) = T.autograd.grad(x * 2, unused, create_graph=create_graph, materialize_grads=True)
            assert zeros.tolist() == [0.0, 0.0]
            assert zeros.requires_grad == create_graph
        second = T.autograd.grad(T.autograd.grad(x * 2, x, create_graph=True, materialize_grads=True)[0] + x, x)
        assert T.autograd.grad(zeros, unused, T.ones(2), materialize_grads=True)[0].tolist() == [0.0, 0.0]
        assert second[0].item() == 1.0


def test_zeros_are_not_made_for_an_edge() -> None:
    for T in BOTH:
        x, y = (T.ones(2, requires_grad=True).clone() for _ in range(2))
        edge = T.autograd.graph.get_gradient_edge(y)
        with pytest.raises(RuntimeError, match="materialize_grads cannot be used when the given input is a GradientEdge"):
            T.autograd.grad(x.sum(), (x, edge), allow_unused=True, materialize_grads=True)


@pytest.mark.parametrize("both", [False, True])
@pytest.mark.parametrize("call", ["grad", "backward"])
def test_hooks_before_a_node_run_where_the_node_does(call: str, both: bool) -> None:
    logs = []
    for T in BOTH:
        log: list[str] = []
        a = T.tensor(1.0, requires_grad=True)
        b = a * 2
        c = b * 2
        b.register_hook(lambda g, log=log: log.append("tensor"))
        b.grad_fn.register_prehook(lambda gs, log=log: log.append("before"))
        inputs = (a, b) if both else (b,)
        if call == "grad":
            T.autograd.grad(c, inputs)
        else:
            c.backward(inputs=inputs)
        logs.append(log)
    assert logs[0] == logs[1]


def test_a_batch_of_gradients_has_the_shape_of_the_result_behind_the_batch() -> None:
    for T in BOTH:
        x = T.ones(2, 2, requires_grad=True)
        for y, batch in ((x.clone(), T.ones(2, 2)), (x.sum(), T.ones(2, 1)), (x.clone(), T.tensor(1.0))):
            with pytest.raises(Exception, match=r"(If `is_grads_batched=True`, we interpret the first)|(0-dim)"):
                T.autograd.grad(y, x, (batch,), is_grads_batched=True)


def test_a_class_under_no_grad_is_warned_of() -> None:
    for T in BOTH:
        with pytest.warns(FutureWarning, match="Decorating classes is deprecated"):

            @T.no_grad()
            class Made:
                def __init__(self, T: Any = T) -> None:
                    self.recorded = T.is_grad_enabled()

        assert not Made().recorded


def test_a_function_with_methods_of_an_instance_is_refused_by_name() -> None:
    for T in BOTH:

        class Old(T.autograd.Function):
            def forward(self, x: Any) -> Any:
                return x

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(RuntimeError, match="Legacy autograd function with non-static forward method is deprecated"):
                Old()(T.ones(1))


def test_an_inplace_function_is_a_function() -> None:
    class Doubled(InplaceFunction):
        @staticmethod
        def forward(ctx: Any, x: Any) -> Any:
            ctx.mark_dirty(x)
            return x.mul_(2)

        @staticmethod
        def backward(ctx: Any, g: Any) -> Any:
            return g * 2

    x = autodiff.ones(2, requires_grad=True)
    y = x * 1
    assert Doubled.apply(y) is y
    y.sum().backward()
    assert x.grad.tolist() == [2.0, 2.0]
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        assert Doubled(True).inplace


KEPT = {
    "power": lambda T, y: y**3, "fraction": lambda T, y: y**2.5, "exp": lambda T, y: y.exp(), "log": lambda T, y: y.log(),
    "sigmoid": lambda T, y: y.sigmoid(), "tanh": lambda T, y: y.tanh(), "sqrt": lambda T, y: y.sqrt(),
    "sin": lambda T, y: y.sin(),
    "quotient": lambda T, y: 1 / y, "product": lambda T, y: y * y * y, "matrices": lambda T, y: (y.reshape(2, 1) * y) @ y,
    "softmax": lambda T, y: y.softmax(0), "normed": lambda T, y: y / y.norm(),
}  # fmt: skip


@pytest.mark.parametrize("changed", ["the input", "the result", "the leaf", "nothing"])
@pytest.mark.parametrize("function", KEPT)
def test_a_second_derivative_of_what_was_changed_since_is_refused(function, changed, torch):
    """The first gradient's own graph keeps what the first graph kept, and knows as well whether it is what it was."""

    def told(T):
        x = T.tensor([1.25, 2.5], dtype=T.float64, requires_grad=True)
        y = x if changed == "the leaf" else x * 2
        z = KEPT[function](T, y)
        (g,) = T.autograd.grad(z.sum(), x, create_graph=True)
        with T.no_grad():
            if changed != "nothing":
                (z if changed == "the result" else y).mul_(3)
        try:
            return T.autograd.grad((g * g).sum(), x)[0].tolist()
        except RuntimeError as error:
            return "refused" if "modified by an inplace operation" in str(error) else str(error)

    ours, theirs = told(autodiff), told(torch)
    if "refused" in (ours, theirs):
        assert ours == theirs
    else:
        assert ours == pytest.approx(theirs, rel=1e-9)
