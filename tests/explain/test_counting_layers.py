"""`summary`: every number of its table, counted by hand; and how the table is written."""

import pytest

import autodiff as torch
from autodiff import nn
from autodiff.explain import summary as told
from autodiff.explain.summary import Layer, Summary
from autodiff.nn import functional as F


def net(compute, *parts):
    """A model of its own forward."""

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            for i, part in enumerate(parts):
                setattr(self, f"part{i}", part)

        def forward(self, *xs, **named):
            return compute(self, *xs, **named)

    return Net()


def ones(*shape):
    return torch.ones(*shape)


A, B = ones(2, 3).requires_grad_(), ones(3, 4)
MULTIPLIED = {
    "mm": (lambda s, x: A @ B, 2 * 3 * 4),
    "matmul of many": (lambda s, x: ones(5, 2, 3).requires_grad_() @ ones(5, 3, 4), 5 * 2 * 3 * 4),
    "bmm": (lambda s, x: torch.bmm(ones(5, 2, 3).requires_grad_(), ones(5, 3, 4)), 5 * 2 * 3 * 4),
    "matrix and vector": (lambda s, x: ones(2, 3).requires_grad_() @ ones(3), 2 * 3),
    "two vectors": (lambda s, x: ones(3).requires_grad_() @ ones(3), 3),
    "a row and a matrix": (lambda s, x: ones(2) @ A, 2 * 3),
    "addmm": (lambda s, x: torch.addmm(ones(4), A, B), 2 * 3 * 4),
    "addmm of a matrix": (lambda s, x: torch.addmm(ones(2, 4), A, B, beta=0.5, alpha=2), 2 * 3 * 4),
    "addmv": (lambda s, x: torch.addmv(ones(2), A, ones(3)), 2 * 3),
    "baddbmm": (lambda s, x: torch.baddbmm(ones(5, 2, 4), A.expand(5, 2, 3), ones(5, 3, 4)), 5 * 2 * 3 * 4),
    "addbmm": (lambda s, x: torch.addbmm(ones(2, 4), A.expand(5, 2, 3), ones(5, 3, 4)), 5 * 2 * 3 * 4),
    "einsum": (lambda s, x: torch.einsum("ij,jk->ik", A, B), 2 * 3 * 4),
    "tensordot": (lambda s, x: torch.tensordot(A, B, 1), 2 * 3 * 4),
    "linear": (lambda s, x: F.linear(ones(7, 3), ones(5, 3).requires_grad_(), ones(5)), 7 * 3 * 5),
    "linear without bias": (lambda s, x: F.linear(ones(7, 3), ones(5, 3).requires_grad_()), 7 * 3 * 5),
    "each by itself": (lambda s, x: (A * A).exp() + A, 0),
    "conv1d": (lambda s, x: F.conv1d(ones(2, 3, 8), ones(4, 3, 3).requires_grad_()), 2 * 4 * 6 * 3 * 3),
    "conv1d, strides": (lambda s, x: F.conv1d(ones(2, 3, 9), ones(4, 3, 3).requires_grad_(), stride=2), 2 * 4 * 4 * 3 * 3),
    "conv2d": (lambda s, x: F.conv2d(ones(1, 3, 5, 5), ones(4, 3, 3, 2).requires_grad_()), 4 * 3 * 4 * 3 * 3 * 2),
    "conv2d, groups": (lambda s, x: F.conv2d(ones(1, 4, 5, 5), ones(4, 1, 3, 3).requires_grad_(), groups=4), 4 * 9 * 9),
    "conv_transpose2d": (
        lambda s, x: F.conv_transpose2d(ones(1, 3, 5, 5), ones(3, 2, 3, 3).requires_grad_()), 3 * 25 * 2 * 9
    ),
    "softmax of a product": (lambda s, x: (A @ B).softmax(1), 2 * 3 * 4),
}  # fmt: skip


@pytest.mark.parametrize("name", MULTIPLIED)
def test_the_multiplications_of_a_product_or_a_convolution(name):
    compute, count = MULTIPLIED[name]
    found = torch.summary(net(compute, nn.Linear(1, 1)), ones(1))
    assert found.error == ""
    assert found.multiplications == count == found.layers[0].multiplications


def test_a_name_that_begins_like_a_product_is_none():
    for name in ("mul", "convolution_weight", "linear_", "mmm", ""):
        assert told._multiplied(name, [(2, 3), (2, 3)], (2, 3)) == 0


def test_what_is_kept_is_counted_once_and_what_exists_anyhow_not_at_all():
    x = ones(4, 3)

    def compute(self, x):
        h = self.part0(x)  # keeps its input, which exists anyhow, and its weight
        y = h.exp()  # keeps y
        return (y * y).sum() + y.sin().sum()  # keep y again

    assert torch.summary(net(compute, nn.Linear(3, 5)), x).kept == 4 * 5 * 4
    assert torch.summary(net(lambda s, x: s.part0(x), nn.Linear(3, 5)), x).kept == 0
    double = torch.summary(net(lambda s, x: s.part0(x).tanh(), nn.Linear(3, 5).double()), x.double())
    assert double.kept == 4 * 5 * 8
    both = torch.summary(net(lambda s, x: s.part0(x).exp().sum() + s.part0(x).exp().sum(), nn.Linear(3, 5)), x)
    assert both.kept == 2 * 4 * 5 * 4


def test_what_several_arrays_are_kept_in_is_counted_too():
    """A recurrent layer keeps lists of them."""
    found = torch.summary(nn.LSTM(3, 2), ones(5, 4, 3))
    assert found.layers[0].kept == found.kept > 5 * 4 * 2 * 4 * 4


def test_shared_parameters_are_counted_once_where_they_come_first():
    one = nn.Linear(3, 3)
    model = nn.Sequential(one, nn.ReLU(), one)
    found = torch.summary(model, ones(2, 3))
    assert (found.parameters, found.trained) == (12, 12)
    assert [layer.parameters for layer in found.layers] == [0, 12, 0, 0]
    assert [layer.path for layer in found.layers] == ["", "0", "1", "0"]
    tied = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3))
    tied[1].weight = tied[0].weight
    found = torch.summary(tied, ones(2, 3))
    assert [layer.parameters for layer in found.layers] == [0, 9, 3]
    assert found.parameters == 12
    assert "bias" in dict(nn.Linear(3, 3, bias=False)._parameters)  # None, which has no numbers


def test_depth_inputs_and_outputs():
    def compute(self, x, *, scale):
        first, (second, third) = self.part0(x), self.part1(x, scale=scale)
        return {"sum": first + second + third}

    pair = net(lambda s, x, scale: (x * scale, x + 1), nn.Linear(1, 1))
    model = net(compute, nn.Sequential(nn.Linear(3, 3)), pair)
    found = torch.summary(net(lambda s, x: s.part0(x, scale=ones(2, 1)), model), ones(2, 3))
    assert [(layer.path, layer.depth, layer.inputs, layer.outputs) for layer in found.layers] == [
        ("", 0, [(2, 3)], []), ("part0", 1, [(2, 3), (2, 1)], []), ("part0.part0", 2, [(2, 3)], [(2, 3)]),
        ("part0.part0.0", 3, [(2, 3)], [(2, 3)]), ("part0.part1", 2, [(2, 3), (2, 1)], [(2, 3), (2, 3)]),
    ]  # fmt: skip
    assert not any(layer.failed for layer in found.layers)


def test_it_is_counted_under_no_grad_too_and_in_no_other_run():
    model = nn.Sequential(nn.Linear(3, 2), nn.Tanh())
    with torch.no_grad():
        found = torch.summary(model, ones(4, 3))
        assert not torch.is_grad_enabled()
    assert (found.multiplications, found.kept) == (4 * 3 * 2, 4 * 2 * 4)
    assert all(p.grad is None for p in model.parameters())


def test_the_table():
    model = nn.Sequential(nn.Linear(784, 128), nn.Sequential(nn.ReLU(), nn.Linear(128, 10)))
    assert str(torch.summary(model, ones(2, 784))) == repr(torch.summary(model, ones(2, 784)))
    assert str(torch.summary(model, ones(2, 784))).splitlines() == [
        "layer            output    parameters  multiplications     kept",
        "---------------------------------------------------------------",
        "Sequential       (2, 10)",
        "  0: Linear      (2, 128)     100,480          200,704",
        "  1: Sequential  (2, 10)",
        "    0: ReLU      (2, 128)                               1.02 KB",
        "    1: Linear    (2, 10)        1,290            2,560",
        "---------------------------------------------------------------",
        "101,770 parameters; 203,264 multiplications; 1.02 KB kept for backward",
    ]


def test_the_table_of_a_model_that_fails():
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(3, 4))
    model[0].weight.requires_grad_(False)
    lines = str(torch.summary(model, ones(2, 3))).splitlines()
    assert [" ".join(line.split()) for line in lines[2:5]] == [
        "Sequential failed on (2, 3)", "0: Linear (2, 4) 16 24", "1: Linear failed on (2, 4) 16",
    ]
    assert lines[-2] == "32 parameters, 12 of them fixed; 24 multiplications; 0 B kept for backward"
    assert lines[-1].startswith("1 failed: RuntimeError: mat1 and mat2 shapes cannot be multiplied")


def test_an_error_in_the_models_own_forward_and_one_without_words():
    def fails(self, x):
        raise KeyError

    found = torch.summary(net(fails, nn.Linear(1, 1)), ones(1))
    assert (found.error, str(found).splitlines()[-1]) == ("KeyError: ", "Net failed: KeyError: ")

    def says_much(self, x):
        raise ValueError("first line\nsecond line")

    assert torch.summary(net(says_much, nn.Linear(1, 1)), ones(1)).error == "ValueError: first line"
    assert str(Summary([], 0, 0, "TypeError: no layer")).splitlines()[-1] == "failed: TypeError: no layer"
    assert str(Summary([Layer("", "Net", 0, [])], 1, 1)).splitlines()[-1].startswith("1 parameter; 0 multiplications; 0 B kept")


@pytest.mark.parametrize(
    ("n", "text"),
    [
        (0, "0 B"), (999, "999 B"), (1000, "1 KB"), (1234, "1.23 KB"), (999_000, "999 KB"), (1_500_000, "1.5 MB"),
        (2_000_000_000, "2 GB"), (1.5e12, "1.5e+03 GB"),
    ],
)  # fmt: skip
def test_bytes_as_people_read_them(n, text):
    assert told._bytes(n) == text
