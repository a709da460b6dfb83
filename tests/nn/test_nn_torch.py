"""Modules as PyTorch's: the same numbers from the same seed, the same names, texts and errors."""

import copy
import itertools
import pickle

import numpy as np
import pytest
from alike import bowl

import autodiff


@pytest.fixture(params=["autodiff", "torch"])
def T(request):
    """The tests that take T hold for both libraries."""
    return autodiff if request.param == "autodiff" else pytest.importorskip("torch")


def net(T):
    nn = T.nn
    return nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 3))


def test_a_seeded_training_gives_pytorchs_losses(torch):
    def losses(T):
        T.manual_seed(0)
        model = net(T)
        opt = T.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4, nesterov=True)
        data = T.utils.data.TensorDataset(T.randn(50, 4), T.randint(0, 3, (50,)))
        loader = T.utils.data.DataLoader(data, batch_size=16, shuffle=True)
        found = []
        for _ in range(3):
            for x, t in loader:
                opt.zero_grad()
                loss = T.nn.CrossEntropyLoss()(model(x), t)
                loss.backward()
                opt.step()
                found.append(loss.item())
        return found

    np.testing.assert_allclose(losses(autodiff), losses(torch), rtol=2e-5)


MODULES = [
    "Linear(3, 2)", "Linear(3, 2, bias=False)", "ReLU()", "ReLU(inplace=True)", "LeakyReLU(0.2)", "ELU()", "SELU()", "CELU()",
    "GELU()", "GELU(approximate='tanh')", "SiLU()", "Mish()", "Sigmoid()", "Tanh()", "Softplus()", "Softsign()", "LogSigmoid()",
    "Hardtanh()", "ReLU6()", "Hardsigmoid()", "Hardswish()", "Softmax(dim=1)", "LogSoftmax(dim=1)", "Softmin(dim=1)",
    "Threshold(0.1, 20.0)", "PReLU()", "Identity()", "Flatten()", "Unflatten(1, (3, 1))", "Dropout(0.3)",
    "CrossEntropyLoss()", "NLLLoss()", "MSELoss()", "L1Loss()", "BCELoss()", "BCEWithLogitsLoss()", "SmoothL1Loss()",
    "HuberLoss()", "KLDivLoss()", "Sequential(nn.Linear(3, 3), nn.Sequential(nn.ReLU(), nn.Linear(3, 1)))",
    "ModuleList([nn.Linear(1, 1), nn.ReLU()])", "ModuleDict({'a': nn.Linear(1, 1)})", "Sequential()",
]  # fmt: skip


@pytest.mark.parametrize("text", MODULES)
def test_printed_modules(text, torch):
    assert repr(eval("nn." + text, {"nn": autodiff.nn})) == repr(eval("nn." + text, {"nn": torch.nn}))


FUNCTIONS = [m for m in MODULES if not m.endswith(("Loss()",)) and not m.startswith(("Module", "Sequential()", "Dropout"))]


@pytest.mark.parametrize("text", FUNCTIONS)
def test_values_and_gradients_of_modules(text, torch):
    array = np.random.default_rng(0).normal(size=(4, 3)).astype(np.float32)

    def run(T):
        T.manual_seed(0)
        module = eval("nn." + text, {"nn": T.nn})
        x = T.tensor(array, requires_grad=True)
        y = module(x * 1)
        bowl(y).backward()
        return [y, x.grad, *(p.grad for p in module.parameters())]

    for a, b in zip(run(autodiff), run(torch), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=2e-5, atol=2e-6)


@pytest.mark.parametrize("reduction", ["mean", "sum", "none"])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("ignore", [-100, 1])
@pytest.mark.parametrize("shape", [(5, 3), (3,), (2, 3, 4)])
def test_cross_entropy(torch, reduction, weighted, smoothing, ignore, shape):
    rng = np.random.default_rng(0)
    scores = rng.normal(size=shape)
    classes = rng.integers(0, 3, () if len(shape) == 1 else (shape[0], *shape[2:]))
    if len(shape) == 1 and ignore == 1:
        classes = np.array(2)

    def run(T):
        x = T.tensor(scores, requires_grad=True)
        weight = T.tensor([0.5, 1.0, 2.0], dtype=T.float64) if weighted else None
        criterion = T.nn.CrossEntropyLoss(weight, reduction=reduction, label_smoothing=smoothing, ignore_index=ignore)
        loss = criterion(x, T.tensor(classes))
        (g,) = T.autograd.grad((loss * loss).sum(), x, create_graph=True)
        (h,) = T.autograd.grad((g * g).sum(), x)
        return loss, g, h

    for a, b in zip(run(autodiff), run(torch), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weighted", [False, True])
def test_cross_entropy_of_probabilities(torch, smoothing, weighted):
    def run(T):
        x = T.tensor([[0.1, 0.2, 0.7], [1.0, -1.0, 0.0]], dtype=T.float64, requires_grad=True)
        t = T.tensor([[1.0, 2.0, 3.0], [0.0, 0.5, 0.5]], dtype=T.float64)
        weight = T.tensor([0.5, 1.0, 2.0], dtype=T.float64) if weighted else None
        loss = T.nn.functional.cross_entropy(x, t, weight, label_smoothing=smoothing)
        loss.backward()
        return loss, x.grad

    for a, b in zip(run(autodiff), run(torch), strict=True):
        np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol=1e-12)


def test_the_page_that_the_project_came_from(T):
    T.manual_seed(0)
    nn, F, optim = T.nn, T.nn.functional, T.optim
    model = nn.Linear(5, 2)
    data, target = T.ones(5), T.tensor([1.0, 2.0])
    criterion = nn.CrossEntropyLoss()
    assert [p.grad for p in model.parameters()] == [None, None]
    criterion(model(data), target).backward()
    first = [p.grad.clone() for p in model.parameters()]
    criterion(model(data), target).backward()
    for p, g in zip(model.parameters(), first, strict=True):
        assert T.allclose(p.grad, 2 * g)
    optimizer = optim.SGD(model.parameters(), lr=1e-3)
    optimizer.zero_grad()
    assert [p.grad for p in model.parameters()] == [None, None]
    criterion(model(data), target).backward()
    for p in model.parameters():
        p.grad.zero_()
        assert not p.grad.any()
    network = nn.Sequential(nn.Linear(5, 2), nn.LogSoftmax(dim=1))
    optimizer = optim.SGD(network.parameters(), lr=0.5)
    x, t = T.randn(8, 5), T.randint(0, 2, (8,))
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        output = network(x)
        loss = F.nll_loss(output, t)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert losses[-1] < losses[0]


def test_registration(T):
    nn = T.nn

    class Model(nn.Module):
        def __init__(self):
            super().__init__()
            self.fc = nn.Linear(2, 2)
            self.scale = nn.Parameter(T.ones(1))
            self.register_buffer("mean", T.zeros(2))
            self.register_buffer("hidden", T.zeros(2), persistent=False)
            self.parts = nn.ModuleList([nn.Linear(2, 1), nn.ReLU()])
            self.shared = self.fc

        def forward(self, x):
            return self.fc(x) * self.scale

    m = Model()
    assert [n for n, _ in m.named_parameters()] == ["scale", "fc.weight", "fc.bias", "parts.0.weight", "parts.0.bias"]
    assert [n for n, _ in m.named_modules()] == ["", "fc", "parts", "parts.0", "parts.1"]
    assert [n for n, _ in m.named_children()] == ["fc", "parts"]
    assert [n for n, _ in m.named_buffers()] == ["mean", "hidden"]
    assert "hidden" not in m.state_dict()
    assert "shared.weight" in m.state_dict()
    assert m.get_submodule("parts.0") is m.parts[0]
    assert m.get_parameter("fc.weight") is m.fc.weight
    assert m.get_buffer("mean") is m.mean
    with pytest.raises(AttributeError, match="has no attribute"):
        m.nothing  # noqa: B018
    with pytest.raises(TypeError, match="cannot assign"):
        m.scale = T.ones(1)
    with pytest.raises(TypeError, match="cannot assign"):
        m.fc = 3
    with pytest.raises(KeyError, match=r"\."):
        m.add_module("a.b", nn.ReLU())
    with pytest.raises(KeyError, match="already exists"):
        m.register_buffer("forward", T.ones(1))
    del m.scale
    assert "scale" not in dict(m.named_parameters())
    m.eval()
    assert not m.parts[0].training
    assert m.train().training
    names = []
    m.apply(lambda module: names.append(type(module).__name__))
    assert names[-1] == "Model"
    m.requires_grad_(False)
    assert not any(p.requires_grad for p in m.parameters())
    assert m.double().fc.weight.dtype == T.float64


def test_assignment_before_init(T):
    class Broken(T.nn.Module):
        def __init__(self):
            self.fc = T.nn.Linear(1, 1)

    with pytest.raises(AttributeError, match=r"before Module.__init__\(\) call"):
        Broken()


def test_loading(T):
    a, b = net(T), net(T)
    assert str(a.load_state_dict(b.state_dict())) == "<All keys matched successfully>"
    for p, q in zip(a.parameters(), b.parameters(), strict=True):
        assert T.equal(p, q)
        assert p is not q
    state = b.state_dict()
    wrong = {**state, "0.weight": T.zeros(2, 2), "extra": T.zeros(1)}
    del wrong["3.bias"]
    before = {k: v.clone() for k, v in a.state_dict().items()}
    with pytest.raises(RuntimeError) as error:
        a.load_state_dict(wrong)
    for words in ('Unexpected key(s) in state_dict: "extra"', 'Missing key(s) in state_dict: "3.bias"',
                  "size mismatch for 0.weight: copying a param with shape torch.Size([2, 2]) from checkpoint, the shape in "
                  "current model is torch.Size([8, 4])"):  # fmt: skip
        assert words in str(error.value)
    if T is autodiff:  # PyTorch has loaded the rest by then
        for k, v in a.state_dict().items():
            assert T.equal(v, before[k])
    result = a.load_state_dict({"0.bias": T.ones(8), "other": T.ones(1)}, strict=False)
    assert result.missing_keys == ["0.weight", "3.weight", "3.bias"]
    assert result.unexpected_keys == ["other"]
    assert T.equal(a[0].bias, T.ones(8))


def test_states_move_between_the_libraries(torch):
    ours, theirs = net(autodiff), net(torch)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict({k: autodiff.from_numpy(v.numpy()) for k, v in theirs.state_dict().items()})
    x = np.ones((2, 4), np.float32)
    np.testing.assert_allclose(
        ours.eval()(autodiff.from_numpy(x)).detach().numpy(), theirs.eval()(torch.from_numpy(x)).detach().numpy(), rtol=1e-5
    )


def test_copies(T):
    model = net(T).eval()
    x = T.ones(2, 4)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert T.equal(other(x), model(x))
        assert other[0].weight is not model[0].weight
        assert isinstance(other[0].weight, T.nn.Parameter)
    shared = T.nn.Sequential(model[0], model[0])
    twin = copy.deepcopy(shared)
    assert twin[0] is twin[1]


def test_forward_hooks(T):
    layer = T.nn.Linear(2, 2)
    seen = []
    a = layer.register_forward_pre_hook(lambda m, args: (args[0] * 0,))
    b = layer.register_forward_hook(lambda m, args, out: seen.append(args[0].sum().item()) or out + 1)
    y = layer(T.ones(1, 2))
    assert T.allclose(y, layer.bias + 1)
    assert seen == [0]
    a.remove()
    b.remove()
    assert not T.allclose(layer(T.ones(1, 2)), layer.bias + 1)


def test_backward_hooks(T):
    layer = T.nn.Linear(2, 1, bias=False)
    seen = []
    layer.register_full_backward_hook(lambda m, gi, go: seen.append((gi[0].tolist(), go[0].tolist())))
    x = T.ones(1, 2, requires_grad=True)
    (layer(x) * 3).sum().backward()
    (grad_input, grad_output) = seen[0]
    assert grad_output == [[3]]
    np.testing.assert_allclose(grad_input, (3 * layer.weight).detach().numpy(), rtol=1e-6)
    layer.register_full_backward_pre_hook(lambda m, go: (go[0] * 10,))
    x.grad = None
    (layer(x) * 3).sum().backward()
    np.testing.assert_allclose(x.grad.numpy(), (30 * layer.weight).detach().numpy(), rtol=1e-6)


INITS = [
    "uniform_(w)", "normal_(w)", "constant_(w, 0.3)", "ones_(w)", "zeros_(w)", "eye_(w)", "xavier_uniform_(w)",
    "xavier_normal_(w, gain=2.0)", "kaiming_uniform_(w)", "kaiming_normal_(w, mode='fan_out', nonlinearity='relu')",
]  # fmt: skip


@pytest.mark.parametrize("text", INITS)
def test_initialisations(text, torch):
    def run(T):
        T.manual_seed(0)
        return eval("init." + text, {"init": T.nn.init, "w": T.empty(5, 4)})

    np.testing.assert_allclose(run(autodiff).numpy(), run(torch).numpy(), rtol=5e-7, atol=1e-7)


def test_default_initialisation_is_bit_for_bit(torch):
    autodiff.manual_seed(0)
    torch.manual_seed(0)
    for a, b in zip(net(autodiff).parameters(), net(torch).parameters(), strict=True):
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())


def test_clipping(T):
    p = T.zeros(2, requires_grad=True)
    p.grad = T.tensor([3.0, 4.0])
    assert T.nn.utils.clip_grad_norm_([p], 1.0).item() == pytest.approx(5)
    np.testing.assert_allclose(p.grad.numpy(), [0.6, 0.8], rtol=1e-5)
    T.nn.utils.clip_grad_value_([p], 0.7)
    np.testing.assert_allclose(p.grad.numpy(), [0.6, 0.7], rtol=1e-5)
    vector = T.nn.utils.parameters_to_vector([p])
    T.nn.utils.vector_to_parameters(vector + 1, [p])
    assert p.tolist() == [1, 1]


BAD = [
    (lambda T: T.nn.functional.cross_entropy(T.zeros(2, 3), T.tensor([0, 3])), IndexError, "Target 3 is out of bounds"),
    (lambda T: T.nn.functional.cross_entropy(T.zeros(2, 3), T.tensor([0, -1])), IndexError, "Target -1 is out of bounds"),
    (lambda T: T.nn.functional.nll_loss(T.zeros(2, 3), T.tensor([0, 3])), IndexError, "Target 3 is out of bounds"),
    (lambda T: T.nn.functional.cross_entropy(T.zeros(2, 3), T.tensor([0, 1, 2])), ValueError, "Expected input batch_size"),
    (lambda T: T.nn.functional.cross_entropy(T.zeros(2, 3), T.tensor([0, 1]), reduction="x"), ValueError, "not a valid value"),
    (lambda T: T.nn.functional.dropout(T.zeros(2), 2.0), ValueError, "between 0 and 1"),
    (lambda T: T.nn.Dropout(-1), ValueError, "between 0 and 1"),
    (lambda T: T.nn.Linear(3, 2)(T.zeros(4, 5)), RuntimeError, "shapes cannot be multiplied"),
    (lambda T: T.nn.Linear(3, 2)(T.zeros(4, 3, dtype=T.float64)), RuntimeError, "same dtype"),
    (lambda T: T.nn.functional.binary_cross_entropy(T.tensor([2.0]), T.tensor([1.0])), RuntimeError, "between 0 and 1"),
    (lambda T: T.nn.functional.one_hot(T.tensor([3]), 3), RuntimeError, "smaller than num_classes"),
    (lambda T: T.nn.init.xavier_uniform_(T.zeros(3)), ValueError, "fewer than 2 dimensions"),
    (lambda T: T.nn.init.calculate_gain("soft"), ValueError, "Unsupported nonlinearity"),
    (lambda T: T.nn.Module()(1), NotImplementedError, "forward"),
    (lambda T: T.nn.Parameter(T.tensor([1])), RuntimeError, "floating point"),
]  # fmt: skip


@pytest.mark.parametrize("k", range(len(BAD)))
def test_bad_calls(T, k):
    call, kind, message = BAD[k]
    with pytest.raises(kind, match=message):
        call(T)


def test_mse_loss_warns_of_broadcasting(T):
    with pytest.warns(UserWarning, match="different to the input size"):
        T.nn.functional.mse_loss(T.zeros(3, 1), T.zeros(3))


@pytest.mark.parametrize(("input", "weight", "bias"), list(itertools.product(["float32", "float64"], repeat=3)))
@pytest.mark.parametrize("shape", [(3,), (2, 3), (2, 2, 3)])
def test_a_linear_layer_says_which_two_dtypes_differ(input, weight, bias, shape, torch):
    said = []
    for T in (autodiff, torch):
        x, w, b = (T.ones(s, dtype=getattr(T, d)) for s, d in ((shape, input), ((4, 3), weight), ((4,), bias)))
        try:
            said.append(str(T.nn.functional.linear(x, w, b).dtype))
        except RuntimeError as error:
            said.append(str(error).partition(";")[0].partition("mat2")[2])
    assert said[0] == said[1]
