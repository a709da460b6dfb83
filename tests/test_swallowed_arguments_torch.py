"""Arguments of the wrong kind that would have no effect: PyTorch's class of error for each, or its result where it has one."""

import warnings

import pytest

import autodiff

torch = pytest.importorskip("torch")

KEYWORD_ONLY = ["float", "double", "half", "int", "long", "short", "bool", "byte", "char", "cpu", "contiguous", "clone"]
KEEPDIM = [
    "sum",
    "mean",
    "nansum",
    "nanmean",
    "prod",
    "var",
    "std",
    "logsumexp",
    "max",
    "min",
    "amax",
    "amin",
    "argmax",
    "argmin",
    "all",
    "any",
    "median",
]
NO_BOOLS = ("1", "0", "2", "None", "'a'", "1.0", "t.tensor(True)", "t.tensor(1)")
FIRST = ("t.int8", "'cpu'", "x", "None", "t.device('cpu')", "float", "[]")
THEN = ("t.int16", "'cpu'", "x", "None", "True", "False")
LAST = ("", ", True", ", True, False", ", True, True, True", ", copy=True", ", copy=1", ", non_blocking='a'", ", dtype=t.int16")


def keyword_only():
    for name in KEYWORD_ONLY:
        for value in ("5", "'a'", "True", "None", "3, 4", "memory_format=5", "memory_format='a'"):
            yield f"x.{name}({value})"


def keepdims():
    for name in KEEPDIM:
        for value in (*NO_BOOLS, "True", "False"):
            yield f"t.{name}(x, 0, keepdim={value})"
            yield f"x.{name}(dim=0, keepdim={value})"
            if name not in ("var", "std"):  # their second place after `dim` is `unbiased`
                yield f"x.{name}(0, {value})"
                yield f"t.{name}(x, 1, {value})"


def other_flags():
    for value in (*NO_BOOLS, "True", "False"):
        yield f"x.aminmax(dim=0, keepdim={value})"
        yield f"x.norm(2, 0, {value})"
        yield f"t.norm(x, 1, 0, keepdim={value})"
        yield f"t.nn.functional.pairwise_distance(x, x, 2.0, 1e-6, {value})"
        for name in ("var", "std"):
            yield f"x.{name}(0, {value})"
            yield f"t.{name}(x, 0, True, {value})"
        for name in ("sort", "argsort"):
            yield f"x.{name}(0, {value})"
            yield f"t.{name}(x, 0, descending={value})"
            yield f"t.{name}(x, dim=0, descending=True, stable={value})"
            yield f"x.{name}(0, True, {value})"
        yield f"x.topk(1, 0, {value})"
        yield f"x.topk(1, 0, True, {value})"
        yield f"x.clone().copy_(2.0, {value})"
        yield f"x.clone().copy_(x, non_blocking={value})"


def conversions():
    for first in FIRST:
        for last in LAST:
            yield f"x.to({first}{last})"
            for then in THEN:
                yield f"x.to({first}, {then}{last})"


def answer(t, call):
    """The class of the error, or the numbers, the dtype and whether it is the tensor itself."""
    x = t.tensor([[1.0, 2.0], [3.0, 5.0]])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            y = eval(call, {"t": t, "x": x})
        except Exception as error:
            return type(error)
    return [(z.double().tolist(), str(z.dtype).rpartition(".")[2], z is x) for z in (y if isinstance(y, tuple) else (y,))]


def different(ours, theirs):
    if isinstance(ours, type) or isinstance(theirs, type):
        return ours is not theirs
    return len(ours) != len(theirs) or any(
        a[1:] != b[1:] or autodiff.tensor(a[0]).shape != autodiff.tensor(b[0]).shape or a[0] != pytest.approx(b[0])
        if not isinstance(a[0], list)
        else a[1:] != b[1:] or not autodiff.allclose(autodiff.tensor(a[0]), autodiff.tensor(b[0]))
        for a, b in zip(ours, theirs)
    )


@pytest.mark.parametrize(("calls", "least"), [(keyword_only, 80), (keepdims, 600), (other_flags, 200), (conversions, 300)])
def test_an_argument_is_used_or_refused_as_in_pytorch(calls, least):
    calls = list(calls())
    answers = {call: (answer(autodiff, call), answer(torch, call)) for call in calls}
    assert len(calls) >= least
    assert sum(theirs is TypeError for _, theirs in answers.values()) >= least // 2
    assert {call: pair for call, pair in answers.items() if different(*pair)} == {}


REPLIES = (
    "None", "g", "g * 3", "g[0]", "g.sum()", "(g,)", "(g * 2,)", "[g * 2]", "(g * 2, None)", "(g, g)", "()", "[]", "{}", "5",
    "False", "'a'", "'ab'", "(5,)", "('a',)", "t.ones(2, 2)", "t.ones(1, 2)", "(t.ones(2, 2),)",
    "(g.double(),)",
)  # fmt: skip


def hooked(t, kind, reply):
    """The gradient of the input, or the class of the error, where a hook of this kind returns `reply`."""
    layer, x, g = t.nn.Linear(2, 2), t.ones(3, 2, requires_grad=True), t.ones(3, 2)
    with t.no_grad():
        layer.weight.copy_(t.tensor([[1.0, 2.0], [3.0, 4.0]]))
    reply = eval(reply, {"t": t, "g": g if kind != "parameter" else t.ones(2, 2)})
    if kind == "parameter":
        layer.weight.register_post_accumulate_grad_hook(lambda p: reply)
    elif kind == "before":
        layer.register_full_backward_pre_hook(lambda m, go: reply)
    else:
        layer.register_full_backward_hook(lambda m, gi, go: reply)
    try:
        layer(x).sum().backward()
    except Exception as error:
        return type(error)
    return x.grad.tolist()


@pytest.mark.parametrize("kind", ["parameter", "before", "after"])
def test_a_hook_that_returns_what_it_may_not_is_refused_as_in_pytorch(kind):
    answers = {reply: (hooked(autodiff, kind, reply), hooked(torch, kind, reply)) for reply in REPLIES}
    assert sum(theirs is RuntimeError for _, theirs in answers.values()) >= 5
    assert {reply: pair for reply, pair in answers.items() if pair[0] != pair[1]} == {}


def test_what_is_said():
    x = autodiff.ones(2, 2, requires_grad=True)
    x.register_post_accumulate_grad_hook(lambda p: p.grad)
    with pytest.raises(RuntimeError, match=r"^Tensor post accumulate grad hooks should return None\."):
        x.sum().backward()
    with pytest.raises(TypeError, match=r"^amax\(\): argument 'keepdim' must be bool, not int \(1\)"):
        x.amax(0, 1)
    layer = autodiff.nn.Linear(2, 2)
    layer.register_full_backward_pre_hook(lambda m, g: g[0] * 3)
    with pytest.raises(RuntimeError, match=r"invalid number of grad_output, got 2, but expected 1: .* return a tuple, \(g,\)"):
        layer(x.detach()).sum().backward()
