"""Small things that must be right or refused: the same result, or the same class of error, from autodiff and PyTorch."""

import copy
import importlib
import itertools
import operator

import numpy as np
import pytest
from alike import outcome

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
    "no accelerator": lambda torch: (
        torch.accelerator.is_available(), torch.accelerator.device_count(), torch.accelerator.current_accelerator()
    ),
    "no backends": lambda torch: (
        torch.backends.mps.is_available(), torch.backends.mps.is_built(), torch.backends.cudnn.is_available(),
        torch.backends.cudnn.version(), torch.backends.cudnn.enabled, torch.backends.cudnn.benchmark,
        torch.backends.cudnn.allow_tf32, torch.backends.cuda.is_built(),
    ),
    "flags of a GPU": lambda torch: [
        setattr(torch.backends.cudnn, "deterministic", True), torch.backends.cudnn.deterministic,
        setattr(torch.backends.cudnn, "deterministic", False), torch.backends.cudnn.deterministic,
    ],
    "the default device": lambda torch: [
        torch.set_default_device("cpu"), str(torch.get_default_device()), str(torch.ones(1).device),
        torch.set_default_device(None), str(torch.get_default_device()),
    ],
    "a device that is nowhere": lambda torch: torch.set_default_device("nope"),
    "determinism": lambda torch: [
        torch.use_deterministic_algorithms(True), torch.are_deterministic_algorithms_enabled(),
        torch.use_deterministic_algorithms(False, warn_only=True), torch.are_deterministic_algorithms_enabled(),
        torch.use_deterministic_algorithms(False),
    ],
    "determinism by a number": lambda torch: torch.use_deterministic_algorithms(1),
    "NumPy's words": lambda torch: torch.ones(2, 3).sum(axis=1, keepdims=True),
    "NumPy's word for dim": lambda torch: torch.softmax(torch.ones(2, 3), axis=0),
    "both words": lambda torch: torch.ones(2, 3).sum(dim=0, axis=1),
    "the sign of nan": lambda torch: torch.sign(torch.tensor([NAN, -0.0, -3.0, 2.0])),
    "the largest of nothing": lambda torch: torch.ones(0).argmax(),
    "the smallest of nothing": lambda torch: torch.ones(0).argmin(),
    "the place of the largest bool": lambda torch: torch.ones(2, dtype=torch.bool).argmax(),
    "the place of the smallest bool": lambda torch: torch.ones(2, dtype=torch.bool).argmin(0),
    "logaddexp of ints": lambda torch: torch.logaddexp(torch.tensor([1]), torch.tensor([2])),
    "floats counted": lambda torch: torch.bincount(torch.ones(2)),
    "bools counted": lambda torch: torch.bincount(torch.ones(2, dtype=torch.bool)),
    "the bits of floats": lambda torch: torch.bitwise_not(torch.ones(2)),
    "the bits of floats, by an operator": lambda torch: ~torch.ones(2),
    "no sizes": lambda torch: torch.ones(()).reshape(),
    "keepdim without a dim": lambda torch: torch.ones(2, 2).sum(keepdim=True),
    "an arange without an end": lambda torch: torch.arange(start=3),
    "an arange of a step without a start": lambda torch: torch.arange(5, step=2),
    "an arange of two starts": lambda torch: torch.arange(5, start=2),
    "a randint without a high end": lambda torch: torch.randint(low=3, size=(2,)),
    "a randint_like without a high end": lambda torch: torch.randint_like(torch.ones(2), low=3),
    "a normal without a deviation": lambda torch: torch.normal(2.0, size=(2,)),
    "a scatter of nothing": lambda torch: torch.scatter(torch.ones(2), 0, torch.tensor([0])),
    "squeezing two": lambda torch: torch.ones(1, 2, 1).squeeze(0, 2),
    "squeezing a tuple": lambda torch: torch.ones(1, 2, 1).squeeze((0, -1)),
    "NumPy's sine": lambda torch: np.sin(torch.tensor([1.0, 2.0])),
    "NumPy's sine of ints": lambda torch: np.sin(torch.tensor([1, 2])),
    "NumPy's sine of a number": lambda torch: np.sin(torch.tensor(1.0)),
    "NumPy's cube root of what requires a gradient": lambda torch: np.cbrt(torch.ones(2, requires_grad=True)),
    "NumPy's function with two results": lambda torch: np.divmod(torch.tensor([5.0, 7.0]), torch.tensor(2.0)),
    "NumPy's larger": lambda torch: np.maximum(np.ones(2, np.float32), torch.tensor([0.0, 2.0])),
    "NumPy's sum": lambda torch: np.add.reduce(torch.tensor([1.0, 2.0])),
    "NumPy's sum into an array": lambda torch: np.add(torch.ones(2), torch.ones(2), out=np.zeros(2)),
    "NumPy's sum into a tensor": lambda torch: np.sin(np.ones(2, np.float32), out=torch.zeros(2)),
    "NumPy's number times a tensor": lambda torch: np.float64(2.5) * torch.ones(2, requires_grad=True),
    "NumPy's number by a tensor": lambda torch: np.float32(2.5) / torch.ones(2),
    "an array over a tensor in place": lambda torch: operator.itruediv(np.ones(2), torch.tensor([2.0, 4.0])).tolist(),
    "numbers in a text": lambda torch: f"{torch.tensor(0.5)} {torch.tensor(True)} {torch.tensor(7):>3} {torch.ones(1)}",
    "a number with a gradient in a text": lambda torch: f"{torch.tensor(0.5, requires_grad=True)}",
    "a computed number in a text": lambda torch: f"{torch.tensor(0.5, requires_grad=True) * 2}",
    "a parameter in a text": lambda torch: f"{torch.nn.Parameter(torch.tensor(0.5))}",
    "two numbers as a float": lambda torch: float(torch.ones(2)),
    "no number as an int": lambda torch: int(torch.ones(0)),
    "two numbers as an item": lambda torch: torch.ones(2).item(),
    "a clamp without limits": lambda torch: torch.clamp(torch.ones(2)),
    "joining nothing": lambda torch: torch.cat([]),
    "stacking nothing": lambda torch: torch.stack([]),
    "a layer with less than nothing": lambda torch: torch.nn.Linear(2, -1),
    "a copy of a parameter": lambda torch: copy.deepcopy(with_grad(torch.nn.Parameter(torch.ones(2)), torch)).grad,
    "a copy of a leaf": lambda torch: copy.deepcopy(with_grad(torch.ones(2, requires_grad=True), torch)).grad,
    "a target above 1": lambda torch: torch.nn.functional.binary_cross_entropy(torch.ones(1), torch.ones(1) + 0.5),
    "a target below 0": lambda torch: torch.nn.functional.binary_cross_entropy(torch.ones(1), torch.ones(1) - 1.5),
    "a target that is nan": lambda torch: torch.nn.functional.binary_cross_entropy(torch.ones(1), torch.ones(1) * NAN),
    "writing to an expanded tensor without repetition": lambda torch: torch.ones(3).expand(1, 3).add_(1),
    "writing to a row of an expanded tensor": lambda torch: torch.ones(3).expand(2, 3)[0].mul_(2),
    "writing to an expanded tensor": lambda torch: torch.ones(3).expand(2, 3).add_(1),
    "a step of an expanded parameter": lambda torch: step(torch.nn.Parameter(torch.ones(1).expand(3)), torch),
    "two groups in print": lambda torch: torch.optim.SGD([{"params": [torch.ones(1)]}, {"params": [torch.ones(1)]}], lr=0.1),
    "a Function with a keyword": lambda torch: power_function(torch).apply(torch.tensor(3.0, requires_grad=True), n=2),
    "a bool as a factor": lambda torch: torch.add(torch.ones(2), torch.ones(2), alpha=True),
    "a bool as a factor of bools": lambda torch: torch.add(torch.tensor([True]), torch.tensor([True]), alpha=False),
    "a float as a factor of ints": lambda torch: torch.sub(torch.tensor([1]), torch.tensor([1]), alpha=1.0),
    "a text as a factor": lambda torch: torch.add(torch.ones(2), torch.ones(2), alpha="2"),
    "bools from ints with a factor": lambda torch: torch.sub(torch.tensor([1]), torch.tensor([True]), alpha=2),
    "too large a power": lambda torch: torch.tensor([2], dtype=torch.uint8) ** 300,
    "too large a choice": lambda torch: torch.where(torch.tensor([True]), torch.tensor([2], dtype=torch.uint8), 300),
    "the sign of a zero remainder": lambda torch: torch.tensor([4.0, -4.0, 0.0, -0.0, 5.0]) % torch.tensor([[2.0], [-2.0]]),
    **{
        f"{name} over {dim}": lambda torch, name=name, dim=dim: getattr(torch, name)(torch.ones(2, 3), dim=dim)
        for name in ("sum", "mean", "amax", "amin", "all", "any", "var", "std", "nansum", "count_nonzero")
        for dim in ([], (), [0], (0, 1), [-1])
    },
}


def with_grad(x, torch):
    x.grad = torch.ones(2)
    return x


def step(p, torch):
    p.grad = torch.ones(3)
    torch.optim.SGD([p], lr=0.1, momentum=0.9).step()
    return p


def power_function(torch):
    class Power(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, n=1):
            ctx.save_for_backward(x)
            ctx.n = n
            return x**n

        @staticmethod
        def backward(ctx, g):
            (x,) = ctx.saved_tensors
            return g * ctx.n * x ** (ctx.n - 1)

    return Power


@pytest.mark.filterwarnings("ignore:__array_wrap__:DeprecationWarning")  # PyTorch's own
@pytest.mark.parametrize("name", SAME)
def test_the_same_result_or_error(name):
    torch = pytest.importorskip("torch")
    assert outcome(importlib.import_module("autodiff"), SAME[name]) == outcome(torch, SAME[name])


OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.floordiv, operator.mod, operator.pow,
             operator.and_, operator.lt, operator.isub, operator.iadd, operator.ifloordiv]  # fmt: skip
OPERANDS = {
    "bools": lambda torch: torch.tensor([True, False]),
    "one bool": lambda torch: torch.tensor(True),
    "ints": lambda torch: torch.tensor([3, 2]),
    "bytes": lambda torch: torch.tensor([3, 2], dtype=torch.uint8),
    "floats": lambda torch: torch.tensor([1.5, 2.0]),
    "True": lambda torch: True,
    "2": lambda torch: 2,
    "300": lambda torch: 300,
    "-1": lambda torch: -1,
    "2.5": lambda torch: 2.5,
}


@pytest.mark.parametrize("apply", OPERATORS, ids=lambda f: f.__name__)
def test_arithmetic_of_every_kind_of_number(apply):
    torch = pytest.importorskip("torch")
    autodiff = importlib.import_module("autodiff")
    for a, b in itertools.product(OPERANDS, OPERANDS):
        if "int" in (type(OPERANDS[x](torch)).__name__ for x in (a, b)) and apply is operator.pow and "bytes" in (a, b):
            continue  # where one of them does not fit into a byte, PyTorch's answer depends on the way it is called
        if all(isinstance(OPERANDS[x](torch), (int, float)) for x in (a, b)):
            continue
        program = lambda lib, a=a, b=b: apply(OPERANDS[a](lib), OPERANDS[b](lib))  # noqa: E731
        ours, theirs = outcome(autodiff, program), outcome(torch, program)
        if isinstance(ours, type) and isinstance(theirs, type) and apply.__name__.startswith("i"):
            continue  # two things are wrong at once, and either may be named
        assert ours == theirs, (a, b)


@pytest.mark.parametrize("values", [(1.0, 2.0, 2.0, 3.0), (1.0, NAN, 2.0, NAN), (2.0, 2.0), (3.0, 1.0, 2.0, 1.0), (NAN, NAN)])
@pytest.mark.parametrize("name", ["median", "max", "min", "amax"])
def test_gradients_of_ties_and_of_nan(name, values):
    def results(torch):
        x = torch.tensor(values, requires_grad=True)
        y = getattr(x, name)()
        y.backward()
        yield y, x.grad
        if name == "amax":
            return
        for dim in (0, 1):
            x = torch.tensor([values, values[::-1]], requires_grad=True)
            y = getattr(x, name)(dim)
            y.values.sum().backward()
            yield y, x.grad

    torch = pytest.importorskip("torch")
    assert repr(list(results(importlib.import_module("autodiff")))) == repr(list(results(torch)))


def test_arrays_and_tensors_mix_in_operators():
    torch = importlib.import_module("autodiff")
    array = np.array([3.0, 5.0], np.float32)
    for apply, slope in ((operator.add, 1), (operator.sub, -1), (operator.mul, 4), (operator.truediv, -2)):
        x = torch.tensor([1.0, 2.0], requires_grad=True)
        y = apply(array, x)
        assert y.tolist() == apply(array, x.detach().numpy()).tolist()
        y.sum().backward()
        assert x.grad.sum().item() == pytest.approx(slope * (2 if abs(slope) == 1 else 2.125 if slope < 0 else 2))
    with pytest.raises(RuntimeError, match=r"detach\(\).numpy\(\)"):
        array += torch.ones(2, requires_grad=True)
    assert array.tolist() == [3, 5]


@pytest.mark.parametrize("library", ["autodiff", "torch"])
def test_what_warns(library):
    torch = pytest.importorskip(library)
    x = torch.ones(2, requires_grad=True)
    y = x * 2
    with pytest.warns(UserWarning, match="not a leaf Tensor is being accessed"):
        assert y.grad is None
    with pytest.warns(UserWarning, match="To copy construct from a tensor"):
        torch.tensor(x)
    with pytest.warns(DeprecationWarning, match="should not be instantiated"):
        function = power_function(torch)()
    with pytest.raises(RuntimeError, match="static"):
        function(x)
    for name in ("std", "var"):
        with pytest.warns(UserWarning, match=rf"{name}\(\): degrees of freedom is <= 0"):
            getattr(torch.ones(1), name)()
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
        torch.stft  # noqa: B018


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
