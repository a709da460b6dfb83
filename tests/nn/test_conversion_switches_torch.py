"""Which object a parameter is after a conversion or a load, by PyTorch's two switches in `__future__`."""

import itertools

import pytest
from alike import told

import autodiff

SWITCHES = list(itertools.product([False, True], repeat=2))
CONVERSIONS = {
    "double": lambda T, m: m.double(),
    "float": lambda T, m: m.float(),
    "to a tensor's": lambda T, m: m.to(T.ones(1, dtype=T.float64)),
    "to_empty": lambda T, m: m.to_empty(device="cpu"),
    "of one module alone": lambda T, m: m._apply(lambda t: t.double(), recurse=False),
}


@pytest.fixture
def switched(torch):
    def switch(swap, overwrite):
        for T in (autodiff, torch):
            T.__future__.set_swap_module_params_on_conversion(swap)
            T.__future__.set_overwrite_module_params_on_conversion(overwrite)
            assert T.__future__.get_swap_module_params_on_conversion() is swap
            assert T.__future__.get_overwrite_module_params_on_conversion() is overwrite

    yield switch
    switch(False, False)


def model(T):
    T.manual_seed(0)
    m = T.nn.Sequential(T.nn.Linear(2, 3), T.nn.BatchNorm1d(3))
    m[0].bias.requires_grad_(False)
    m.own = T.nn.Parameter(T.ones(1))
    m(T.ones(2, 2) + m.own).sum().backward()
    return m


def described(t):
    return str(t.dtype), tuple(t.shape), t.requires_grad, None if t.grad is None else str(t.grad.dtype), type(t).__name__


@pytest.mark.parametrize(("swap", "overwrite"), SWITCHES)
@pytest.mark.parametrize("conversion", CONVERSIONS)
def test_conversions(conversion, swap, overwrite, switched, torch):
    def program(T, say):
        m = model(T)
        before = dict(m.named_parameters())
        CONVERSIONS[conversion](T, m)
        for name, p in m.named_parameters():
            say(name, described(p), p is before[name])
        for name, b in m.named_buffers():
            say(name, str(b.dtype))

    switched(swap, overwrite)
    found, expected = told(autodiff, program), told(torch, program)
    assert found == expected


@pytest.mark.parametrize("swap", [False, True])
@pytest.mark.parametrize("assign", [False, True])
@pytest.mark.parametrize("kept", ["parameters", "tensors"])
def test_loads(assign, swap, kept, switched, torch):
    def program(T, say):
        m, other = model(T), model(T)
        given = other.state_dict(keep_vars=kept == "parameters")
        before = dict(m.named_parameters())
        buffers = dict(m.named_buffers())
        m.load_state_dict(given, assign=assign)
        with T.no_grad():
            other[0].bias.fill_(7.0)
        for name, p in m.named_parameters():
            say(name, p is before[name], p is given[name], p.requires_grad, p.detach())
        for name, b in m.named_buffers():
            say(name, b is buffers[name], b is given[name])

    switched(swap, False)
    assert told(autodiff, program) == told(torch, program)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_shared_parameter_stays_shared(overwrite, switched):
    m = autodiff.nn.Sequential(autodiff.nn.Linear(2, 2), autodiff.nn.Linear(2, 2))
    m[1].weight = m[0].weight
    before = m[0].weight
    switched(False, overwrite)
    m.double()
    assert m[1].weight is m[0].weight
    assert (m[0].weight is before) is not overwrite
