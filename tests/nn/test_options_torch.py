"""Every option of every layer, loss, function and initialisation counts: values, gradients and texts are PyTorch's.

The gradients that come in are numbers of their own: (y * y).sum() would send 0 wherever an activation gives 0.
"""

import warnings

import numpy as np
import pytest

import autodiff

POINTS = np.array([[-3.0, -1.0, -0.5, 0.0], [0.5, 1.0, 3.0, 6.0], [0.2, -2.5, 4.0, -7.0], [-0.3, 0.7, 2.0, 30.0]])
SEEDS = np.array([[1.5, -2.0, 0.7, 1.1], [0.9, 1.3, -0.6, 2.0], [1.2, 0.8, 1.4, -1.0], [0.6, 1.7, 1.9, 0.5]])
SHARES = np.exp(POINTS / 9) / np.exp(POINTS / 9).sum(1, keepdims=True)

LAYERS = [
    "CELU()", "CELU(0.5)", "CELU(2.0, True)", "ELU()", "ELU(0.5)", "ELU(2.0, True)", "SELU(True)", "GELU()",
    "GELU('tanh')", "GLU()", "GLU(0)", "GLU(1)", "Hardshrink()", "Hardshrink(1.5)", "Softshrink()", "Softshrink(1.5)",
    "Hardsigmoid()", "Hardsigmoid(True)", "Hardswish()", "Hardswish(True)", "Hardtanh()", "Hardtanh(-0.5, 2.5)",
    "Hardtanh(-2, 0.1, True)", "LeakyReLU()", "LeakyReLU(0.3)", "LeakyReLU(0.3, True)", "LogSigmoid()", "LogSoftmax(0)",
    "LogSoftmax(dim=-1)", "Softmax(0)", "Softmax(dim=-1)", "Softmin(0)", "Mish()", "Mish(True)", "PReLU()", "PReLU(4)",
    "PReLU(4, 0.6)", "PReLU(init=0.1)", "ReLU()", "ReLU(True)", "ReLU6()", "ReLU6(True)", "SiLU()", "SiLU(True)",
    "Sigmoid()", "Softplus()", "Softplus(2.0)", "Softplus(0.5, 1.5)", "Softsign()", "Tanh()", "Tanhshrink()",
    "Threshold(0.6, 7.0)", "Threshold(-1.0, 2.0, True)", "Identity()", "Identity(3, a=4)", "Flatten()", "Flatten(0)",
    "Flatten(0, 1)", "Unflatten(1, (2, 2))", "Unflatten(-1, (2, -1))", "Unflatten(0, [2, 2])", "Linear(4, 3)",
    "Linear(4, 3, False)", "Linear(4, 3, dtype=T.float64)", "Dropout()", "Dropout(0.25)", "Dropout(0.9, True)",
    "Dropout(0.0)", "Dropout(1.0)", "Sequential(nn.Linear(4, 2), nn.ReLU6(True))",
]  # fmt: skip


def layer_of(T, text):
    T.manual_seed(3)
    layer = eval("nn." + text, {"nn": T.nn, "T": T})
    return layer.double() if "dtype" not in text else layer


@pytest.mark.parametrize("text", LAYERS)
def test_options_of_layers(text, torch):
    def run(T):
        layer = layer_of(T, text)
        x = T.tensor(POINTS, requires_grad=True)
        with T.no_grad():
            shape = layer(T.tensor(POINTS)).shape
        y = layer(x * 1)
        y.backward(T.tensor(SEEDS).reshape(-1)[: y.numel()].reshape(shape))
        layer.eval()
        parts = [y, x.grad, layer(T.tensor(POINTS)), *(p.grad for p in layer.parameters()), *layer.parameters()]
        facts = {
            k: v for k, v in vars(layer).items() if isinstance(v, (bool, int, float, str, tuple)) and not k.startswith("_")
        }
        return repr(layer), facts, [str(p.dtype) for p in parts], [p.detach().numpy() for p in parts]

    (text_, facts, dtypes, ours), (their_text, their_facts, their_dtypes, theirs) = run(autodiff), run(torch)
    assert text_ == their_text
    assert {k: their_facts[k] for k in facts if k in their_facts} == {k: v for k, v in facts.items() if k in their_facts}
    assert dtypes == their_dtypes
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-6, atol=1e-9)


LOSSES = {
    "BCELoss": ("SHARES", "SHARES[::-1].copy()", ["weight=T.tensor(SEEDS ** 2)"]),
    "BCEWithLogitsLoss": ("POINTS", "SHARES", ["weight=T.tensor(SEEDS ** 2)", "pos_weight=T.tensor(SEEDS[0] ** 2)"]),
    "CrossEntropyLoss": (
        "POINTS",
        "np.array([0, 3, 1, 1])",
        [
            "weight=T.tensor(SEEDS[0] ** 2)",
            "ignore_index=1",
            "label_smoothing=0.2",
            "weight=T.tensor(SEEDS[0] ** 2), ignore_index=3, label_smoothing=0.1",
        ],
    ),
    "NLLLoss": ("POINTS", "np.array([0, 3, 1, 1])", ["weight=T.tensor(SEEDS[0] ** 2)", "ignore_index=1"]),
    "HuberLoss": ("POINTS", "SEEDS", ["delta=0.5", "delta=2.5"]),
    "SmoothL1Loss": ("POINTS", "SEEDS", ["beta=0.5", "beta=2.5", "beta=0.0"]),
    "KLDivLoss": ("np.log(SHARES)", "SHARES[::-1].copy()", ["log_target=True", "reduction='batchmean'"]),
    "L1Loss": ("POINTS", "SEEDS", []),
    "MSELoss": ("POINTS", "SEEDS", []),
}


@pytest.mark.filterwarnings("ignore:reduction. 'mean' divides")
@pytest.mark.parametrize("reduction", ["", "reduction='sum'", "reduction='none'", "reduction='mean'"])
@pytest.mark.parametrize("name", LOSSES)
def test_options_of_losses(name, reduction, torch):
    x_text, t_text, options = LOSSES[name]
    names = {"POINTS": POINTS, "SEEDS": SEEDS, "SHARES": SHARES, "np": np}
    for option in ["", *options]:
        if "reduction" in option and reduction:
            continue

        def run(T, option=option):
            loss = eval(f"T.nn.{name}({', '.join(filter(None, (option, reduction)))})", {**names, "T": T})
            x = T.tensor(eval(x_text, names), requires_grad=True)
            y = loss(x, T.tensor(eval(t_text, names)))
            y.backward(T.tensor(SEEDS).reshape(-1)[: y.numel()].reshape(y.shape))
            return repr(loss), y.detach().numpy(), x.grad.numpy(), str(y.dtype), [k for k, _ in loss.named_buffers()]

        ours, theirs = run(autodiff), run(torch)
        assert (ours[0], *ours[3:]) == (theirs[0], *theirs[3:])
        for a, b in zip(ours[1:3], theirs[1:3], strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12)


FUNCTIONS = [
    "normalize(x)", "normalize(x, 1.0)", "normalize(x, 2.0, 0)", "normalize(x, dim=0, eps=5.0)",
    "pairwise_distance(x, s)", "pairwise_distance(x, s, 1.0)", "pairwise_distance(x, s, 2.0, 0.5, True)",
    "cosine_similarity(x, s)", "cosine_similarity(x, s, 0)", "cosine_similarity(x, s, eps=30.0).detach()", "glu(x, 0)",
    "softplus(x, 2.0, 1.5)", "threshold(x, 0.6, 7.0)", "threshold(x, 0.6, 7.0, True)", "hardtanh(x, -0.5, 2.5)",
    "leaky_relu(x, 0.3)", "elu(x, 0.5)", "celu(x, 0.5)", "hardshrink(x, 1.5)", "softshrink(x, 1.5)",
    "softmax(x, 0, dtype=T.float32)", "log_softmax(x, 0, dtype=T.float32)", "softmin(x, 0, dtype=T.float32)",
    "gelu(x, approximate='tanh')", "dropout(x, 0.4)", "dropout(x, 0.4, False)", "dropout(x, 0.4, True, True)",
    "prelu(x, s[0])", "linear(x, s, s[0])", "one_hot(T.tensor([[0, 2], [1, 0]]))", "one_hot(T.tensor([0, 1]), 5)",
    "one_hot(T.tensor([], dtype=T.int64), 3)", "one_hot(T.tensor(2))", "one_hot(T.tensor([3]), 3)",
    "one_hot(T.tensor([-1]))", "one_hot(T.tensor([], dtype=T.int64))", "one_hot(T.tensor([0.5]))",
    "one_hot(T.tensor([0]), 0)", "one_hot(T.tensor([0]), -1)",
]  # fmt: skip


@pytest.mark.parametrize("text", FUNCTIONS)
def test_options_of_functions(text, torch):
    def run(T):
        T.manual_seed(3)
        x, s = T.tensor(POINTS, requires_grad=True), T.tensor(SEEDS, requires_grad=True)
        try:
            y = eval("F." + text, {"F": T.nn.functional, "T": T, "x": x * 1, "s": s})
        except Exception as error:
            return type(error)
        if y.requires_grad:
            y.backward(T.tensor(SEEDS, dtype=y.dtype).reshape(-1)[: y.numel()].reshape(y.shape))
        return [p.detach().numpy() for p in (y, x.grad, s.grad) if p is not None]

    ours, theirs = run(autodiff), run(torch)
    if isinstance(theirs, type):
        assert ours is theirs
        return
    for a, b in zip(ours, theirs, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-4 if "float32" in text else 1e-9, atol=1e-9)


STARTS = [
    "uniform_(w)", "uniform_(w, -2.0, 3.0)", "normal_(w)", "normal_(w, 1.0, 3.0)", "constant_(w, 3.0)", "ones_(w)",
    "zeros_(w)", "eye_(w)", "xavier_uniform_(w)", "xavier_uniform_(w, 2.0)", "xavier_normal_(w)",
    "xavier_normal_(w, 2.0)", "kaiming_uniform_(w)", "kaiming_uniform_(w, 0.5)", "kaiming_uniform_(w, 0.5, 'fan_out')",
    "kaiming_uniform_(w, 0, 'fan_in', 'relu')", "kaiming_normal_(w, 0.5, 'fan_out', 'leaky_relu')",
    "kaiming_normal_(w, nonlinearity='tanh')", "trunc_normal_(w)", "trunc_normal_(w, 1.0, 2.0)",
    "trunc_normal_(w, 0.0, 1.0, -0.5, 0.25)", "trunc_normal_(w, 0.0, 1.0, 1.5, 1.75)",
    "trunc_normal_(w, 3.0, 1.0, 0.0, 1.0)",
    "trunc_normal_(w, 3.0, 2.0, 0.0, 1.0)", "trunc_normal_(w, -3.0, 1.0, 0.0, 1.0)", "orthogonal_(w)",
    "orthogonal_(w, 2.0)", "sparse_(w, 0.5)", "sparse_(w, 0.3, 2.0)",
]  # fmt: skip


@pytest.mark.parametrize("text", STARTS)
@pytest.mark.parametrize("own", [False, True])
def test_options_of_initialisations(text, own, torch):
    """The numbers, the warnings and the place in the stream: of the default generator, or of one's own."""

    def run(T):
        T.manual_seed(3)
        g = T.Generator().manual_seed(5)
        takes = own and not text.startswith(("constant", "ones", "zeros", "eye"))
        call = text[:-1] + ", generator=g)" if takes else text
        w = T.zeros(5, 7, dtype=T.float64)
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert eval("init." + call, {"init": T.nn.init, "w": w, "g": g}) is w
        return w.numpy(), [str(c.message)[:20] for c in caught], T.rand(2).tolist(), T.rand(2, generator=g).tolist()

    ours, theirs = run(autodiff), run(torch)
    assert ours[1:] == theirs[1:]
    np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("name", ["kaiming_normal_", "kaiming_uniform_", "sparse_", "orthogonal_", "xavier_normal_"])
@pytest.mark.parametrize("shape", [(0, 3), (3, 0), (3,)])
def test_initialisations_of_nothing(name, shape, torch):
    def run(T):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            try:
                found = getattr(T.nn.init, name)(T.zeros(shape), *([0.5] if name == "sparse_" else [])).shape
            except Exception as error:
                found = type(error)
        return found, [str(c.message)[:20] for c in caught]

    assert run(autodiff) == run(torch)


@pytest.mark.parametrize("places", [(0,), (-1,), (2,), (-3,), (3,), (-4,), (slice(1, None),), (slice(None, None, -1),)])
def test_places_in_containers(places, torch):
    def run(T):
        found = []
        for make in (
            lambda: T.nn.ParameterList([T.ones(k + 1) for k in range(3)]),
            lambda: T.nn.ModuleList([T.nn.Linear(1, k + 1) for k in range(3)]),
            lambda: T.nn.Sequential(*[T.nn.Linear(1, k + 1) for k in range(3)]),
        ):
            c = make()
            try:
                found.append(repr(c[places[0]]))
                if isinstance(places[0], int):
                    c[places[0]] = c[0]
                    found.append(repr(c))
                    if not isinstance(c, T.nn.ParameterList):
                        del c[places[0]]
                        found.append(repr(c))
            except IndexError:
                found.append("IndexError")
            found.append(len(c))
        return found

    assert run(autodiff) == run(torch)
