"""What a message tells a learner to write: each mistake of a first course, and the words of the way out."""

import inspect
import warnings

import pytest

import autodiff as torch
from autodiff import nn
from autodiff.nn import functional as F


def leaf(*shape):
    return torch.ones(*shape, requires_grad=True)


def twice():
    loss = leaf(2).exp().sum()
    loss.backward()
    loss.backward()


def after_a_step():
    w = leaf(2)
    optimizer = torch.optim.SGD([w], lr=0.1)
    loss = (w * w).sum()
    loss.backward(retain_graph=True)
    optimizer.step()
    loss.backward()


class Listed(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = [nn.Linear(1, 1)]


class Unmade(nn.Module):
    def __init__(self):
        self.layer = nn.Linear(1, 1)


class NoReturn(nn.Module):
    def forward(self, x):
        x * 2


class Square(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, k):
        return x * k

    @staticmethod
    def backward(ctx, g):
        return g


LAYER = nn.Linear(3, 2)
SCORES = torch.ones(2, 3)
MISTAKES = {
    "backward twice": (twice, r"compute the loss anew for each backward, and detach\(\) what is carried over"),
    "backward after a step": (after_a_step, r"after an optimizer's step, compute the loss again"),
    "a loss of positions": (lambda: leaf(3).argmax().backward(), r"no slope, such as argmax or a comparison"),
    "an accuracy as the loss": (lambda: (leaf(3) > 0).float().mean().backward(), r"no slope, such as argmax or a comparison"),
    "layers in a list": (lambda: torch.optim.SGD(Listed().parameters(), lr=0.1), r"put them into an nn.ModuleList"),
    "no super().__init__()": (Unmade, r"call super\(\).__init__\(\) first"),
    "classes in a column": (lambda: F.cross_entropy(SCORES, torch.tensor([[0], [1]])), r"as in target.squeeze\(1\)"),
    "classes as a table": (lambda: F.cross_entropy(SCORES, torch.tensor([[0, 1, 0], [1, 0, 0]])), r"target.argmax\(1\)"),
    "one class as a table": (lambda: F.cross_entropy(SCORES[0], torch.tensor([0, 1, 0])), r"target.argmax\(0\)"),
    "a drawing of what requires a gradient": (lambda: leaf(2).numpy(), r"Use tensor.detach\(\).numpy\(\) instead"),
    "a Function called": (lambda: Square(leaf(2), 3), r"Square\.apply\(\.\.\.\)"),
    "too few gradients": (lambda: Square.apply(leaf(2), 3).sum().backward(), r"each input of forward: x, k; None for those"),
    "parameters not called": (lambda: torch.optim.SGD(LAYER.parameters, lr=0.1), r"SGD\(model\.parameters\(\)\)"),
    "a function in Sequential": (lambda: nn.Sequential(LAYER, F.relu), r"its layer is nn\.ReLU\(\)"),
    "a method in Sequential": (lambda: nn.Sequential(LAYER, torch.log_softmax), r"its layer is nn\.LogSoftmax\(\)"),
    "a lambda in Sequential": (lambda: nn.Sequential(LAYER, lambda x: x), r"a function is called in forward\(\)"),
    "a layer for a tensor": (lambda: LAYER(nn.ReLU()), r"must be Tensor, not ReLU; .*: nn\.ReLU\(\)\(x\)"),
    "a layer for a target": (lambda: F.mse_loss(SCORES, nn.ReLU()), r"nn\.ReLU\(\)\(x\)"),
    "the user's layer for a tensor": (lambda: torch.exp(NoReturn()), r"then: NoReturn\(\)\(x\)"),
    "no return": (lambda: LAYER(NoReturn()(SCORES)), r"not NoneType; is a return missing, in forward\(\)"),
    "no return before a loss": (lambda: F.cross_entropy(NoReturn()(SCORES), torch.tensor([0, 1])), r"is a return missing"),
    "no return before a function": (lambda: torch.matmul(SCORES, None), r"is a return missing"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_the_message_says_what_to_write(name):
    program, words = MISTAKES[name]
    with pytest.raises((RuntimeError, ValueError, AttributeError, TypeError), match=words):
        program()


LOSSES = [name for name in nn.__all__ if name.endswith("Loss")]
WITHOUT_LOSSES = (nn.ReLU.__base__, nn.Dropout, nn.Flatten, nn.Linear)
LAYERS = [
    name for name in nn.__all__ if inspect.isclass(getattr(nn, name)) and issubclass(getattr(nn, name), WITHOUT_LOSSES)
]


@pytest.mark.parametrize("name", LOSSES)
def test_a_loss_that_is_called_at_once(name):
    with pytest.raises(RuntimeError, match=rf"criterion = nn\.{name}\(\);.*Boolean value of Tensor"):
        getattr(nn, name)(SCORES, SCORES)


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_that_is_called_at_once(name):
    with pytest.raises(TypeError, match=rf"a layer is made first and called then: nn\.{name}\([\w, ]*\)\(x\)"):
        getattr(nn, name)(SCORES)


def test_a_tensor_that_is_an_option_is_taken():
    weight = torch.tensor([1.0, 2.0, 3.0])
    assert nn.CrossEntropyLoss(weight).weight is weight
    assert nn.BCELoss(weight).weight is weight
    assert nn.LeakyReLU(torch.tensor(0.5))(torch.tensor([-2.0])).item() == -1.0


@pytest.mark.parametrize("name", ["Softmax", "LogSoftmax", "Softmin"])
def test_a_warning_of_a_layer_names_the_users_line(name):
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        getattr(nn, name)()(SCORES)
        nn.Sequential(getattr(nn, name)())(SCORES)
        getattr(F, name.lower().replace("logs", "log_s"))(SCORES)
    assert [each.filename for each in caught] == [__file__] * 3


def test_the_warning_of_a_full_backward_hook_names_the_users_line():
    layer = nn.Linear(3, 2)
    layer.register_full_backward_hook(lambda *_: None)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        layer(SCORES).sum().backward()
    assert [each.filename for each in caught] == [__file__]


SCIPYS = [name for name in torch.special.__all__ if name.startswith(("bessel", "modified", "scaled"))]


@pytest.mark.parametrize("name", SCIPYS)
def test_a_function_of_scipys_is_called_by_its_own_name(name):
    with pytest.raises(TypeError, match=rf"^{name}\(\): argument '(input|x)' \(position 1\) must be Tensor, not float"):
        getattr(torch.special, name)(1.0)


FUNCTIONS = {
    2: "heaviside hypot logaddexp logaddexp2 atan2 fmax fmin maximum minimum nextafter gcd lcm copysign ldexp fmod remainder "
    "xlogy bitwise_and dot mv mm outer cross matmul kron inner vdot logical_and logical_or eq ge ne add mul sub div",
    3: "addcmul addcdiv",
}  # fmt: skip


@pytest.mark.parametrize(("count", "name"), [(count, name) for count, names in FUNCTIONS.items() for name in names.split()])
def test_the_argument_that_is_wrong_is_named_with_its_place(count, name):
    for at in range(count):
        for wrong in ("x", None, object()):
            args = [torch.ones(2)] * count
            args[at] = wrong
            kind = type(wrong).__name__
            text = rf"^{name}\(\): argument '\w+' \(position {at + 1}\) must be Tensor( or a number)?, not {kind}"
            with pytest.raises(TypeError, match=text):
                getattr(torch, name)(*args)


@pytest.mark.parametrize("place", ["cuda", "cuda:1", "mps", "xpu", "meta"])
def test_a_device_that_is_not_here_is_named(place):
    """PyTorch's own words for NVIDIA's, which programs look for."""
    for make in (lambda: torch.ones(1, device=place), lambda: torch.ones(1).to(place), lambda: nn.Linear(1, 1, device=place)):
        with pytest.raises((AssertionError, NotImplementedError)) as caught:
            make()
        words = "Torch not compiled with CUDA enabled: " if place.startswith("cuda") else ""
        assert str(caught.value).startswith(f"{words}device '{place}' is not available: autodiff computes on the CPU only")


def test_which_of_two_dtypes_is_to_be_converted():
    """Never what learns; whole numbers before others; else float64, or the first of the two."""
    from autodiff._core.unlike import unlike

    half, single, double = torch.ones(2).half(), torch.ones(2), torch.ones(2).double()
    whole, byte, w = torch.ones(2).long(), torch.ones(2).byte(), torch.ones(2, dtype=torch.float64, requires_grad=True)
    for a, b, text in (
        (half, single, "`half` is float16: write half.float()"), (single, half, "`single` is float32: write single.half()"),
        (single, double, "`double` is float64, NumPy's default: write double.float()"),
        (double, single, "`double` is float64, NumPy's default: write double.float()"),
        (half, double, "`double` is float64, NumPy's default: write double.half()"),
        (whole, single, "`whole` is int64: write whole.float()"), (single, whole, "`whole` is int64: write whole.float()"),
        (w, single, "`single` is float32: write single.double()"), (single, w, "`single` is float32: write single.double()"),
        (whole, byte, "`whole` is int64: write whole.to(torch.uint8)"),
        (byte, whole, "`byte` is uint8: write byte.to(torch.int64)"), (whole, w, "`whole` is int64: write whole.double()"),
    ):  # fmt: skip
        assert unlike(a, b) == f"; {text} (AD030)"
