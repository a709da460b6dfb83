"""Every option of every optimiser at its limits: taken or refused as PyTorch does, in its words; and switches, and tensors."""

import inspect

import numpy as np
import pytest
from optimizer_options import OPTIONS

import autodiff
from autodiff.optim._adafactor import adafactor_rule
from autodiff.optim._muon import orthogonal, rounded

torch = pytest.importorskip("torch")

NAMES = sorted({*OPTIONS, "SGD", "LBFGS", "SparseAdam"})
INF, NAN = float("inf"), float("nan")
LIMITS = [-1.0, -1e-12, 0, 1e-12, 1.0, 1.5, INF, NAN]
BETAS = [(0.0, 0.0), (1.0, 0.9), (0.9, 1.0), (-0.1, 0.9), (0.9, -1e-9), (0.999999, 0.5), (NAN, 0.9), (0.9, 1.5)]
PAIRS = {
    "eps": [(None, -1.0), (-1.0, 1e-3), (0.0, 0.0), (NAN, 1.0), (1.0, NAN)],
    "etas": [(0.0, 1.2), (0.5, 1.0), (1.0, 1.2), (0.5, 0.9), (1e-9, 1.1), (NAN, 1.2)],
}


def parameters(name):
    return inspect.signature(getattr(autodiff.optim, name)).parameters


def values_for(name, option):
    """What an option is tried with: numbers around its limits, where it is a number."""
    default = parameters(name)[option].default
    if option == "betas":
        return BETAS
    if isinstance(default, tuple):
        return PAIRS.get(option, [])
    is_number = isinstance(default, (int, float)) and not isinstance(default, bool)
    return LIMITS if is_number and option not in ("max_iter", "history_size", "ns_steps") else []


CASES = [(name, option) for name in NAMES for option in parameters(name) if values_for(name, option)]


def told(T, name, **options):
    """The refusal's class and words, or the options of the group that was made."""
    try:
        optimizer = getattr(T.optim, name)([T.ones(2, 2, requires_grad=True)], **options)
    except (TypeError, ValueError, RuntimeError) as error:
        return type(error).__name__, str(error).split(";")[0]
    return {key: repr(value).replace("torch.", "") for key, value in optimizer.param_groups[0].items() if key != "params"}


@pytest.mark.parametrize(("name", "option"), CASES)
def test_an_option_at_its_limits(name, option):
    for value in values_for(name, option):
        if name == "SGD" and value is NAN:
            continue  # PyTorch's SGD alone takes it
        assert told(autodiff, name, **{option: value}) == told(torch, name, **{option: value}), value


def test_how_many_options_there_are():
    assert len(CASES) > 60


FRACTIONS = [(name, option) for name, option in CASES if isinstance(parameters(name)[option].default, float)]


@pytest.mark.parametrize(("name", "option"), FRACTIONS)
def test_text_is_no_option(name, option):
    theirs = told(torch, name, **{option: "a"})
    if isinstance(theirs, tuple):  # some are looked at in a step alone
        assert told(autodiff, name, **{option: "a"})[0] == theirs[0] == "TypeError"


ODD = {
    "Nesterov without momentum": ("SGD", {"nesterov": True}),
    "Nesterov with dampening": ("SGD", {"nesterov": True, "momentum": 0.5, "dampening": 0.5}),
    "Nesterov": ("SGD", {"nesterov": True, "momentum": 1e-9}),
    "a rate of two": ("SGD", {"lr": "two"}), "a rate of two for Adam": ("Adam", {"lr": "two"}),
    "a rate of two for Adafactor": ("Adafactor", {"lr": "two"}), "a rate of two for Muon": ("Muon", {"lr": "two"}),
    "a rate for lists": ("Adam", {"lr": "one", "foreach": True}),
    "a rate, and no lists": ("Adam", {"lr": "one", "foreach": False}),
    "one beta": ("Adam", {"betas": ("one", 0.9)}), "the other beta": ("Adam", {"betas": (0.9, "one")}),
    "two betas": ("Adam", {"betas": ("one", "one")}),
    "betas for lists": ("Adam", {"betas": ("one", "one"), "foreach": True}),
    "a function of Muon's": ("Muon", {"adjust_lr_fn": "sqrt"}), "one of Muon's": ("Muon", {"adjust_lr_fn": "original"}),
    "both ways": ("Adam", {"fused": True, "foreach": True}), "fused": ("Adam", {"fused": True}),
    "in lists": ("Adam", {"foreach": True}), "neither": ("Adam", {"fused": False, "foreach": False}),
    "recorded and fused": ("Adagrad", {"fused": True, "differentiable": True}),
    "recorded in lists": ("RMSprop", {"foreach": True, "differentiable": True}),
}  # fmt: skip


def tensors(T, value):
    """"one" and "two" stand for tensors of so many numbers."""
    if isinstance(value, tuple):
        return tuple(tensors(T, each) for each in value)
    return {"one": T.tensor(0.5), "two": T.tensor([0.5, 0.5])}.get(value, value)


@pytest.mark.parametrize("what", ODD)
def test_options_together(what):
    name, options = ODD[what]
    ours, theirs = (told(T, name, **{key: tensors(T, value) for key, value in options.items()}) for T in (autodiff, torch))
    if isinstance(theirs, tuple):
        assert ours[0] == theirs[0]
        assert ours[1].startswith(theirs[1].rstrip("."))
    else:
        assert ours == theirs


@pytest.mark.parametrize("name", NAMES)
def test_switches(name):
    taken = parameters(name).keys() & {"foreach", "fused", "capturable", "differentiable"}
    for switch in taken:
        found = told(autodiff, name, **{switch: True})
        if switch == "capturable":
            told_ = f"{name}(capturable=True) needs a GPU, and autodiff computes on the CPU only"
            assert found == ("RuntimeError", told_)
        else:
            assert found[switch] == "True"
            assert told(autodiff, name, **{switch: False})[switch] == "False"
    assert told(autodiff, name, unknown=1)[0] == "TypeError"


def test_a_beta_is_one_number():
    with pytest.raises(ValueError, match=r"^Tensor betas\[1\] must be 1-element$"):
        autodiff.optim.Adam([autodiff.ones(1)], betas=(0.9, autodiff.tensor([0.5, 0.5])))


def test_a_switch_that_there_is_not():
    from autodiff.optim._options import switches

    with pytest.raises(TypeError, match=r"^Mine: 'fast' is none of the switches capturable, differentiable, foreach, fused$"):
        switches("Mine", fast=True)
    with pytest.raises(RuntimeError, match=r"^Mine\(differentiable=True\) is not supported: write the step as w = w - lr \* g"):
        switches("Mine", differentiable=True)
    assert switches("Mine", recorded=True, differentiable=True, fused=None) == {"differentiable": True, "fused": None}


# ---- what a saved state of long ago means ----


@pytest.mark.parametrize("name", [name for name in NAMES if name != "LBFGS"])
def test_options_that_an_old_state_lacks(name):
    """What PyTorch fills in, since it was added later, is filled in here."""
    options = [key for key in getattr(autodiff.optim, name)([autodiff.ones(2, 2)]).defaults if key != "lr"]
    filled = 0
    for option in options:
        found = []
        for T in (autodiff, torch):
            optimizer = getattr(T.optim, name)([T.ones(2, 2, requires_grad=True)])
            state = optimizer.__getstate__()
            del state["param_groups"][0][option]
            other = getattr(T.optim, name)([T.ones(2, 2, requires_grad=True)])
            other.__setstate__(state)
            found.append(other.param_groups[0].get(option, "nothing"))
        if found[1] != "nothing":
            assert found[0] == found[1], option
            filled += 1
    assert filled or name in ("Adafactor", "Muon", "SparseAdam"), "at least maximize"


@pytest.mark.parametrize("name", [name for name in sorted(OPTIONS) if name != "Muon"])
def test_a_count_that_was_a_plain_number(name):
    found = []
    for T in (autodiff, torch):
        p = T.ones(2, 2, requires_grad=True)
        optimizer = getattr(T.optim, name)([p])
        p.grad = T.ones(2, 2)
        optimizer.step()
        state = optimizer.__getstate__()
        for key, value in state["state"][p].items():
            if value.numel() == 1 and value.ndim == 0:
                state["state"][p][key] = value.item()
        optimizer.__setstate__(state)
        found.append({key: (str(v.dtype), tuple(v.shape), v.sum().item()) for key, v in optimizer.state[p].items()})
    assert found[0].keys() == found[1].keys()
    for key, (*kind, total) in found[1].items():
        assert list(found[0][key][:2]) == kind, key
        assert found[0][key][2] == pytest.approx(total, rel=1e-5), key


@pytest.mark.parametrize("name", [name for name in sorted(OPTIONS) if name != "Muon"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_count_has_the_default_dtype(name, dtype):
    found = []
    for T in (autodiff, torch):
        T.set_default_dtype(getattr(T, dtype))
        try:
            p = T.ones(2, 2, dtype=T.float32, requires_grad=True)
            optimizer = getattr(T.optim, name)([p])
            p.grad = T.ones(2, 2, dtype=T.float32)
            optimizer.step()
        finally:
            T.set_default_dtype(T.float32)
        found.append({key: str(value.dtype) for key, value in optimizer.state[p].items()})
    assert found[0] == found[1]


# ---- Muon's arithmetic, Adafactor's sizes ----


def test_bfloat16_is_pytorchs():
    bits = np.random.default_rng(0).integers(0, 2**32, 5000, dtype=np.uint64).astype(np.uint32)
    halves = (np.arange(0x3F80, 0x3F80 + 64, dtype=np.uint32) << 16)[:, None] + np.array([0x7FFF, 0x8000, 0x8001], np.uint32)
    for x in (bits.view(np.float32), halves.view(np.float32), np.float32([0, -0.0, INF, -INF, NAN, 3.4e38])):
        expected = torch.from_numpy(x.copy()).bfloat16().float().numpy()
        np.testing.assert_array_equal(rounded(x), expected)
        assert rounded(x).dtype == np.float32


@pytest.mark.parametrize("shape", [(3, 3), (2, 5), (5, 2), (1, 4), (4, 1)])
def test_a_matrix_is_made_orthogonal_as_by_pytorch(shape):
    theirs = pytest.importorskip("torch.optim._muon")._zeropower_via_newtonschulz
    g = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    for steps, eps in ((0, 1e-7), (1, 1e-7), (5, 1e-7), (1, 100.0)):
        expected = theirs(torch.from_numpy(g), (3.4445, -4.775, 2.0315), steps, eps).float().numpy()
        np.testing.assert_allclose(orthogonal(g, (3.4445, -4.775, 2.0315), steps, eps), expected, atol=0.02, rtol=0.01)


@pytest.mark.parametrize(
    "options",
    [{"ns_steps": 100}, {"ns_steps": 99, "ns_coefficients": (1.0, 2.0)}, {"ns_coefficients": (1.0, 2.0, 3.0, 4.0)}],
    ids=str,
)
def test_what_muon_finds_out_in_a_step(options):
    texts = []
    for T in (autodiff, torch):
        p = T.ones(2, 2, requires_grad=True)
        optimizer = T.optim.Muon([p], **options)
        p.grad = T.ones(2, 2)
        with pytest.raises((ValueError, RuntimeError)) as caught:
            optimizer.step()
        texts.append(str(caught.value))
        assert p.tolist() == [[1, 1], [1, 1]]
    assert texts[1] in texts[0]


def test_muon_takes_matrices():
    for shape in ((3,), (), (2, 2, 2)):
        texts = []
        for T in (autodiff, torch):
            with pytest.raises(ValueError) as caught:
                T.optim.Muon([T.ones(2, 2), T.ones(shape)])
            texts.append(str(caught.value))
        assert texts[0] == texts[1]
    with pytest.raises(RuntimeError, match="Foreach is not supported for Muon yet"):
        autodiff.optim._muon.muon(
            [], [], [], foreach=True, lr=0.1, weight_decay=0, momentum=0, nesterov=False, ns_coefficients=(1, 1, 1), ns_steps=1,
            eps=1e-7, adjust_lr_fn=None, has_complex=False,
        )


@pytest.mark.parametrize("shape", [(), (3,), (4, 3), (2, 4, 3), (2, 2, 4, 3), (1, 1)])
def test_what_adafactor_keeps(shape):
    found = []
    for T in (autodiff, torch):
        p = T.ones(shape, requires_grad=True)
        optimizer = T.optim.Adafactor([p], lr=0.1)
        for k in range(3):
            p.grad = T.arange(float(p.numel())).reshape(shape) - k
            optimizer.step()
        found.append(({key: tuple(value.shape) for key, value in optimizer.state[p].items()}, p.detach().numpy()))
    assert found[0][0] == found[1][0]
    np.testing.assert_allclose(found[0][1], found[1][1], rtol=1e-5)


def test_adafactors_least_variance_is_that_of_the_dtype():
    for dtype in (np.float32, np.float64):
        zero = np.zeros((2, 2), dtype)
        options = {"lr": 1.0, "beta2_decay": 0.0, "d": 1.0, "weight_decay": 0, "maximize": False}
        given = (np.ones((2, 2), dtype), zero + 1e-30, 0.0, zero[:, :1], zero[:1], None)
        by_default, by_name = (adafactor_rule(*given, eps=(eps, 1e-3), **options)[0] for eps in (None, np.finfo(dtype).eps))
        np.testing.assert_array_equal(by_default, by_name)


# ---- what a step finds wrong, before anything is written ----


SHARED = autodiff.zeros(1, 1)
FAULTS = {
    "of another shape": (
        RuntimeError, "rmsprop: square_avgs[1] has shape (3,) but the parameter has (2, 2)", {"square_avg": autodiff.ones(3)}),
    "expanded": (
        RuntimeError, "rmsprop: square_avgs[1]: more than one element lies in one place of memory (it was expanded), so that "
        "it can't be updated in place; make it with clone()", {"square_avg": SHARED.expand(2, 2)}),
    "a number": (RuntimeError, "the state 'square_avg' must be a tensor, not int; write torch.tensor(...)", {"square_avg": 3}),
    "missing": (
        KeyError, "'square_avg: an option that needs it was switched on after the first step; give it to the constructor'",
        {"square_avg": None}),
}  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS)
def test_a_state_that_an_update_cannot_go_through_with(fault):
    error, text, state = FAULTS[fault]
    a, b = (autodiff.ones(2, 2, requires_grad=True) for _ in range(2))
    optimizer = autodiff.optim.RMSprop([a, b], lr=0.1)
    a.grad, b.grad = autodiff.ones(2, 2), autodiff.ones(2, 2)
    optimizer.step()
    optimizer.state[b].update(state)
    before = a.tolist(), b.tolist()
    with pytest.raises(error) as caught:
        optimizer.step()
    assert str(caught.value) == text
    assert (a.tolist(), b.tolist()) == before


def test_parameters_and_gradients_that_an_update_cannot_go_through_with():
    rows = autodiff.ones(1, 2).expand(2, 2)
    whole = autodiff.ones(2, 2, dtype=autodiff.int64)
    for p, g, error, text in (
        (autodiff.ones(2, 2), autodiff.ones(2, 2, dtype=autodiff.float64), TypeError,
         "rmsprop: grads[0] is float64 but the parameter is float32"),
        (autodiff.ones(2, 2), autodiff.ones(4), RuntimeError,
         "rmsprop: grads[0] has shape (4,) but the parameter has (2, 2)"),
        (whole, whole, TypeError, "rmsprop: params[0] must be floating point, got int64"),
        (rows, autodiff.ones(2, 2), RuntimeError, "rmsprop: params[0]: more than one element lies in one place of memory (it "
         "was expanded), so that it can't be updated in place; make it with clone()"),
    ):  # fmt: skip
        optimizer = autodiff.optim.RMSprop([p], lr=0.1)
        p._grad = g
        before = p.tolist()
        with pytest.raises(error) as caught:
            optimizer.step()
        assert str(caught.value) == text
        assert p.tolist() == before
        assert not optimizer.state.get(p)
