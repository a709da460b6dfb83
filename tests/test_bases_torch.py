"""Which tensors are views, and of whom: `_is_view()` and `_base`, as in PyTorch, over the ways of seeing memory."""

import pytest

import autodiff

torch = pytest.importorskip("torch")

SEEN = [
    "x.view(6)", "x.T", "x[0]", "x[:, 1:]", "x[x > 0]", "x[[0]]", "x.detach()", "x.data", "x.clone()", "x.view(6)[2:]",
    "x.expand(4, 2, 3)", "x.reshape(6)", "x.T.reshape(6)", "x.contiguous()", "x.flatten()", "x.unbind()[0]", "x.split(1)[0]",
    "x.chunk(2)[0]", "x.as_strided((2,), (1,))", "x.diagonal()", "x.unfold(1, 2, 1)", "x.view_as(x)", "x.unsqueeze(0)",
    "x.to(T.float32)", "x + 1", "x[...]", "x.detach().view(6)", "x.narrow(0, 0, 1)", "x.select(0, 0)", "x.permute(1, 0)",
    "x.real", "x.clone().view(6).add_(1)", "T.from_numpy(x.detach().numpy())", "x.detach().view(T.int32)", "x.squeeze()",
    "x.swapaxes(0, 1)", "x.movedim(0, 1)", "x.unflatten(1, (3, 1))", "x.mT", "x.tensor_split(2)[1]", "x[:, None]",
]  # fmt: skip


@pytest.mark.parametrize("grad", [False, True])
@pytest.mark.parametrize("recorded", [False, True])
@pytest.mark.parametrize("text", SEEN)
def test_views(text, recorded, grad):
    found = []
    for T in (autodiff, torch):
        x = T.ones(2, 3, requires_grad=grad)
        with T.set_grad_enabled(recorded):
            y = eval(text, {"T": T, "x": x})
        found.append((y._is_view(), y._base is None, y._base is x))
    assert found[0] == found[1]
