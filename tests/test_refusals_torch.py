"""Small things that must be right or refused: the same result, or the same class of error, from autodiff and PyTorch."""

import copy
import importlib

import pytest

INF, NAN = float("inf"), float("nan")

SAME = {
    "an int too large": lambda torch: torch.tensor(2**63),
    "an int too large in a list": lambda torch: torch.tensor([2**63]),
    "an int far too large in a list": lambda torch: torch.tensor([2**64]),
    "the largest ints": lambda torch: torch.tensor([2**63 - 1, -(2**63)]),
    "too large for a byte": lambda torch: torch.tensor([300], dtype=torch.uint8),
    "too small for a byte": lambda torch: torch.tensor([-300], dtype=torch.uint8),
    "too small for int8": lambda torch: torch.tensor([-129], dtype=torch.int8),
    "infinity as an int": lambda torch: torch.tensor([INF], dtype=torch.int64),
    "a format for a vector": lambda torch: f"{torch.ones(2):.2f}",
    "a format for one number": lambda torch: f"{torch.ones(()):.2f}",
    "bits of floats": lambda torch: torch.tensor([1, 2]) & 1.0,
    "other bits of floats": lambda torch: torch.ones(2) | torch.ones(2),
    "bits of floats once more": lambda torch: torch.tensor([1, 2]) ^ torch.ones(2),
    "not of floats": lambda torch: ~torch.ones(2),
    "a float into ints": lambda torch: torch.ones(2).long().masked_fill(torch.tensor([True, False]), 2.5),
    "infinity into ints": lambda torch: torch.ones(2).long().masked_fill(torch.tensor([True, False]), INF),
    "infinity into floats": lambda torch: torch.ones(2).masked_fill(torch.tensor([True, False]), -INF),
    "a loss given its input at once": lambda torch: torch.nn.CrossEntropyLoss(torch.ones(2, 3), torch.tensor([0, 1])),
    "a size that is text": lambda torch: torch.randn("3"),
    "a size that is a float": lambda torch: torch.zeros(2.0),
    "sizes of which one is text": lambda torch: torch.zeros([2, "3"]),
    "a learning rate that is text": lambda torch: torch.optim.SGD([torch.ones(1)], lr="0.1"),
    "a model for its parameters": lambda torch: torch.optim.SGD(torch.nn.Linear(1, 1), lr=0.1),
    "parameters that are used up": lambda torch: torch.optim.SGD(iter([]), lr=0.1),
    "a dtype that is text": lambda torch: torch.ones(1).to("float32"),
    "the sum of a list": lambda torch: torch.sum([1, 2]),
    "a list of modules": lambda torch: torch.nn.Sequential([torch.nn.ReLU()]),
    "a list for a bias": lambda torch: torch.nn.functional.linear(torch.ones(2, 3), torch.ones(2, 3), [1.0, 1.0]),
    "a list for a weight": lambda torch: torch.nn.functional.linear(torch.ones(2, 3), [[1.0], [1.0]]),
    "a bias of another dtype": lambda torch: torch.nn.functional.linear(
        torch.ones(2, 3), torch.ones(2, 3), torch.ones(2).double()
    ),
    "a bias that is too long": lambda torch: torch.nn.functional.linear(torch.ones(2, 3), torch.ones(2, 3), torch.ones(3)),
    "a product of two dtypes": lambda torch: torch.matmul(torch.ones(2, 3), torch.ones(3, 2).double()),
    "an array for a tensor": lambda torch: torch.nn.Linear(2, 1)([1.0, 2.0]),
    "no GPU": lambda torch: (torch.cuda.is_available(), torch.cuda.device_count()),
    "NumPy's words": lambda torch: torch.ones(2, 3).sum(axis=1, keepdims=True),
    "NumPy's word for dim": lambda torch: torch.softmax(torch.ones(2, 3), axis=0),
    "both words": lambda torch: torch.ones(2, 3).sum(dim=0, axis=1),
    "the sign of nan": lambda torch: torch.sign(torch.tensor([NAN, -0.0, -3.0, 2.0])),
    "the largest of nothing": lambda torch: torch.ones(0).argmax(),
    "the smallest of nothing": lambda torch: torch.ones(0).argmin(),
    "squeezing two": lambda torch: torch.ones(1, 2, 1).squeeze(0, 2),
    "squeezing a tuple": lambda torch: torch.ones(1, 2, 1).squeeze((0, -1)),
    **{
        f"{name} over {dim}": lambda torch, name=name, dim=dim: getattr(torch, name)(torch.ones(2, 3), dim=dim)
        for name in ("sum", "mean", "amax", "amin", "all", "any", "var", "std", "nansum", "count_nonzero")
        for dim in ([], (), [0], (0, 1), [-1])
    },
}


def outcome(library, program):
    try:
        return repr(program(library))
    except Exception as error:
        return type(error)


@pytest.mark.parametrize("name", SAME)
def test_the_same_result_or_error(name):
    torch = pytest.importorskip("torch")
    assert outcome(importlib.import_module("autodiff"), SAME[name]) == outcome(torch, SAME[name])


@pytest.mark.parametrize("library", ["autodiff", "torch"])
def test_what_warns(library):
    torch = pytest.importorskip(library)
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None
    with pytest.warns(UserWarning, match="To copy construct from a tensor"):
        torch.tensor(x)
    y.retain_grad()
    assert y.grad is None


def test_what_a_message_says_to_write_instead():
    torch = importlib.import_module("autodiff")
    with pytest.raises(RuntimeError, match=r"criterion = nn.CrossEntropyLoss\(\); loss = criterion\(input, target\)"):
        torch.nn.CrossEntropyLoss(torch.ones(2, 3), torch.tensor([0, 1]))
    with pytest.raises(TypeError, match=r"SGD\(model.parameters\(\)\)"):
        torch.optim.SGD(torch.nn.Linear(1, 1), lr=0.1)
    with pytest.raises(RuntimeError, match=r"x.to\(torch.float32\)"):
        torch.ones(1).to("float32")
    with pytest.raises(TypeError, match=r"nn.Sequential\(\*modules\)"):
        torch.nn.Sequential([torch.nn.ReLU()])
    with pytest.raises(AttributeError, match=r"docs/reference/index\.md"):
        torch.conv_transpose3d  # noqa: B018


@pytest.mark.parametrize("library", ["autodiff", "torch"])
def test_a_deep_copy_shares_memory_where_the_original_did(library):
    torch = pytest.importorskip(library)
    x = torch.arange(6.0).reshape(2, 3)
    y, part, turned = copy.deepcopy([x, x[0:1], x.t()])
    y[0, 0] = 7
    assert part[0, 0] == 7
    assert turned[0, 0] == 7
    assert x[0, 0] == 0
    assert turned.stride() == x.t().stride()
