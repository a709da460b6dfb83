"""How the gradients that `autograd.grad` gives lie in memory: as their inputs do, so that a program may flatten them."""

import numpy as np
import pytest

import autodiff

# (what is computed of a and b, their shapes). In each a gradient is computed in another order than its input's.
PROGRAMS = {
    "a linear layer of sequences": (lambda T, a, b: T.nn.functional.linear(a, b), (2, 5, 4), (3, 4)),
    "a product with a transpose": (lambda T, a, b: a @ b.t(), (5, 4), (3, 4)),
    "a transpose that is copied": (lambda T, a, b: a.t().contiguous() * b, (3, 4), (4, 3)),
    "a sum over a transpose": (lambda T, a, b: (a.t() * b).sum(1), (3, 4), (4, 3)),
    "an einsum": (lambda T, a, b: T.einsum("ij,jk->ki", a, b), (3, 4), (4, 5)),
    "a permutation": (lambda T, a, b: a.permute(2, 0, 1) * b, (2, 3, 4), (4, 2, 3)),
    "a batched product": (lambda T, a, b: a @ b.mT, (2, 5, 4), (2, 3, 4)),
    "an inverse": (lambda T, a, b: T.linalg.solve(a + 9 * T.eye(3, dtype=a.dtype), b), (3, 3), (3, 2)),
}


def gradients(T, name, dtype, create_graph):
    f, *shapes = PROGRAMS[name]
    rng = np.random.default_rng(0)
    inputs = [T.tensor(rng.normal(size=shape)).to(getattr(T, dtype)).requires_grad_() for shape in shapes]
    y = f(T, *inputs)
    return T.autograd.grad((y * y).sum(), inputs, create_graph=create_graph)


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", PROGRAMS)
def test_gradients_can_be_flattened(name, dtype, create_graph, torch):
    ours, theirs = (gradients(T, name, dtype, create_graph) for T in (autodiff, torch))
    for g, expected in zip(ours, theirs, strict=True):
        assert g.is_contiguous()
        assert g.requires_grad is create_graph
        np.testing.assert_allclose(
            g.view(-1).detach().numpy(), expected.reshape(-1).detach().numpy(), rtol=1e-4 if dtype == "float32" else 1e-10
        )


@pytest.mark.parametrize("layer", ["Linear", "LSTM", "GRU", "RNN", "TransformerEncoderLayer"])
@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("shape", [(5, 4), (2, 5, 4)])
def test_the_gradient_of_a_whole_layer_as_one_vector(layer, bias, shape):
    sizes = (4, 2, 8) if layer == "TransformerEncoderLayer" else (4, 3)
    model = getattr(autodiff.nn, layer)(*sizes, bias=bias)
    y = model(autodiff.ones(*shape, requires_grad=True))
    y = y if isinstance(y, autodiff.Tensor) else y[0]
    found = autodiff.autograd.grad(y.exp().sum(), list(model.parameters()))
    flat = autodiff.cat([g.view(-1) for g in found])
    assert flat.shape == (sum(p.numel() for p in model.parameters()),)


@pytest.mark.parametrize("leaf", [False, True])
def test_the_gradient_of_an_image_with_its_channels_last(leaf):
    x = autodiff.rand(2, 3, 4, 5).to(memory_format=autodiff.channels_last).requires_grad_()
    given = x if leaf else x * 1
    (g,) = autodiff.autograd.grad((autodiff.nn.functional.avg_pool2d(given, 2) ** 2).sum(), given)
    assert g.is_contiguous(memory_format=autodiff.channels_last)
