"""What an optimiser tells of a training loop that does not learn as it seems to: when, in which words, and when nothing."""

import gc
import warnings

import pytest

import autodiff
from autodiff import nn, optim
from autodiff.optim import _lessons


def told(program):
    """The codes that the program is told, with the first words."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        program()
    return [(w.message.code, str(w.message)) for w in caught if isinstance(w.message, autodiff.TeachingWarning)]


def codes(program):
    return [code for code, _ in told(program)]


def a_model():
    w = autodiff.ones(2, requires_grad=True)
    return w, optim.SGD([w], lr=0.1)


def backward(*params):
    sum((p * p).sum() for p in params).backward()


# ---- gradients that are not cleared ----


def steps(w, optimizer, kind):
    """Some loops of three steps each."""
    for _ in range(3):
        if kind == "cleared before":
            optimizer.zero_grad()
        backward(w)
        if kind == "two passes":
            backward(w)
        optimizer.step()
        if kind == "cleared behind":
            optimizer.zero_grad()
        if kind == "to zeros":
            optimizer.zero_grad(set_to_none=False)
        if kind in ("by hand", "two passes"):
            w.grad = None
        if kind == "zeros by hand":
            w.grad.zero_()
        if kind == "through NumPy":
            w.grad.numpy()[...] = 0


CLEARED = ["cleared before", "cleared behind", "to zeros", "by hand", "zeros by hand", "through NumPy", "two passes"]


@pytest.mark.parametrize("kind", CLEARED)
def test_nothing_is_told_where_gradients_are_cleared(kind):
    assert codes(lambda: steps(*a_model(), kind)) == []


def test_gradients_that_were_not_cleared_are_told_of_once():
    (found,) = told(lambda: steps(*a_model(), "never"))
    code, text = found
    assert code == "AD015"
    assert text.startswith("step(): the gradients that the step at test_lessons.py:")
    assert "were not cleared, and backward() at test_lessons.py:" in text
    assert "added to them: .grad is the sum of 2 batches. Call optimizer.zero_grad() before backward(); if the sum" in text


def test_a_sum_that_is_meant_is_said_to_be():
    def loop(n):
        w, optimizer = a_model()
        with autodiff.accumulate(n):
            steps(w, optimizer, "never")

    assert codes(lambda: loop(3)) == []
    assert [text.split("the sum of ")[1][0] for _, text in told(lambda: loop(2))] == ["3"]
    assert [text.split("the sum of ")[1][0] for _, text in told(lambda: loop(1))] == ["2"]


def test_each_step_is_told_of_where_it_is_an_error():
    w, optimizer = a_model()
    backward(w)
    optimizer.step()
    for _ in range(2):
        backward(w)
        with autodiff.strict(), pytest.raises(autodiff.TeachingWarning, match="were not cleared"):
            optimizer.step()


def test_each_lesson_is_told_once_also_between_others():
    w, optimizer = a_model()

    def computed_and_stepped():
        (w * w).sum()
        optimizer.step()

    def summed():
        for _ in range(2):
            backward(w)
            optimizer.step()
        w.grad = None

    def without():
        for _ in range(2):
            computed_and_stepped()

    assert [codes(program) for program in (without, summed, without, summed)] == [["AD017"], ["AD015"], [], []]


# ---- no gradients at all ----


def test_a_loss_that_was_never_walked_back():
    def loop(computed, steps=2):
        w, optimizer = a_model()
        for _ in range(steps):
            if computed:
                (w * w).sum()
            optimizer.step()

    ((code, text),) = told(lambda: loop(True))
    assert code == "AD017"
    assert text.startswith("step(): no parameter has a gradient, so this step changes nothing. Call loss.backward() before it")
    assert codes(lambda: loop(False)) == []  # as where a program only moves a schedule on


def test_a_step_between_two_others_is_told_of_in_its_turn():
    """After a step that had gradients one without is forgiven; the next one is not."""

    def loop():
        w, optimizer = a_model()
        backward(w)
        optimizer.step()
        w.grad = None
        seen.append([codes(lambda: ((w * w).sum(), optimizer.step())) for _ in range(2)])

    seen = []
    loop()
    assert seen == [[[], ["AD017"]]]


def test_gradients_that_are_cleared_too_early():
    def loop(early):
        w, optimizer = a_model()
        for _ in range(2):
            if not early:
                optimizer.zero_grad()
            backward(w)
            if early:
                optimizer.zero_grad()
            optimizer.step()

    ((code, text),) = told(lambda: loop(True))
    assert code == "AD016"
    assert text.startswith("step(): every .grad is None since zero_grad() at test_lessons.py:")
    assert "before a step had used them: this step changes nothing. The order is zero_grad(), backward(), step()." in text
    assert codes(lambda: loop(False)) == []


def test_what_another_optimizer_cleared_is_no_matter_of_this_one():
    (v, first), (w, second) = a_model(), a_model()
    backward(v, w)
    w.grad = None
    first.zero_grad()
    assert codes(second.step) == ["AD017"]  # its own gradients were taken away, and nobody's zero_grad() was it
    assert codes(first.step) == ["AD016"]


def test_parameters_that_need_no_gradient_are_not_told_of():
    w = autodiff.ones(2)
    optimizer = optim.SGD([w], lr=0.1)
    x = autodiff.ones(2, requires_grad=True)
    for _ in range(2):
        (x * x).sum()
        assert codes(optimizer.step) == []


def test_how_many_operations_were_recorded():
    """Asking counts as nothing, and what is forgotten neither."""
    x = autodiff.ones(2, requires_grad=True)
    before = _lessons.recorded()
    assert _lessons.recorded() == before
    y = x * 2
    assert _lessons.recorded() == before + 1
    (y + 1) * 3
    assert _lessons.recorded() == before + 3
    _lessons.forget(before)
    assert _lessons.recorded() == before
    with autodiff.no_grad():
        x * 2
    assert _lessons.recorded() == before
    x * 2
    assert _lessons.recorded() == before + 1


# ---- parameters that are in no model any more ----


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(1, 1), nn.Linear(1, 1)
        self.scale = nn.Parameter(autodiff.ones(1))

    def forward(self, x):
        return self.scale * self.two(self.one(x))


def trained(change, again=None):
    """The codes of two steps of an optimizer that was made before the model was changed."""
    model = Net()
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    change(model)
    if again is not None:
        again(model, optimizer)

    def loop():
        for _ in range(2):
            optimizer.zero_grad()
            model(autodiff.ones(1, 1)).sum().backward()
            optimizer.step()

    return told(loop)


def test_a_layer_that_was_replaced():
    ((code, text),) = trained(lambda model: setattr(model, "two", nn.Linear(1, 1)))
    assert code == "AD032"
    assert "this optimizer has the parameters of Net.two as it was before it was replaced at test_lessons.py:" in text
    assert "optimizer.add_param_group({'params': ...}) with the new ones." in text


def test_a_parameter_that_was_replaced():
    ((code, text),) = trained(lambda model: setattr(model, "scale", nn.Parameter(autodiff.ones(1))))
    assert (code, "Net.scale" in text) == ("AD032", True)


def frozen(model):
    model.two = nn.Linear(1, 1).requires_grad_(False)


def the_same(model):
    model.two = model.two
    model.scale = model.scale


def none(model):
    model.two = nn.Identity()
    model.scale = nn.Parameter(autodiff.ones(1), requires_grad=False)


@pytest.mark.parametrize("change", [frozen, the_same, none, lambda model: None])
def test_replacements_that_lose_nothing(change):
    assert trained(change) == []


def test_new_parameters_that_the_optimizer_has():
    def added(model, optimizer):
        optimizer.add_param_group({"params": model.two.parameters()})

    assert trained(lambda model: setattr(model, "two", nn.Linear(1, 1)), added) == []


def test_what_replaced_it_is_gone_too():
    model = Net()
    optimizer = optim.SGD(model.two.parameters(), lr=0.1)
    model.two = nn.Linear(1, 1)
    model.two = None
    gc.collect()
    assert [code for code in codes(optimizer.step) if code == "AD032"] == []


# ---- lists of layers ----


def holding(value):
    model = nn.Module()
    model.own, model.layers = nn.Linear(1, 1), value
    return model


def linears(n=2):
    return [nn.Linear(1, 1) for _ in range(n)]


@pytest.mark.parametrize(
    ("value", "kind", "instead"),
    [
        (lambda: linears(), "list", "ModuleList"), (lambda: tuple(linears(3)), "tuple", "ModuleList"),
        (lambda: dict(zip("ab", linears(), strict=True)), "dict", "ModuleDict"),
        (lambda: [1, *linears()], "list", "ModuleList"),
    ],
)  # fmt: skip
def test_a_plain_list_of_layers(value, kind, instead):
    model = nn.Sequential(holding(value()))
    ((code, text),) = told(lambda: optim.SGD(model.parameters(), lr=0.1))
    assert code == "AD031"
    assert text.startswith(
        f"Sequential.0.layers is a plain {kind} of modules, whose parameters parameters() doesn't give, so they will not "
        f"learn: put them into an nn.{instead}."
    )


@pytest.mark.parametrize(
    "value",
    [
        lambda: linears(1), lambda: [nn.Linear, nn.Linear], lambda: [1, 2], lambda: nn.ModuleList(linears()),
        lambda: [nn.ReLU(), nn.ReLU()], lambda: [layer.requires_grad_(False) for layer in linears()], lambda: "layers",
    ],
)  # fmt: skip
def test_lists_that_lose_nothing(value):
    assert codes(lambda: optim.SGD(holding(value()).parameters(), lr=0.1)) == []


def test_lists_of_layers_that_are_registered_elsewhere():
    model = holding(linears())
    model.again = nn.ModuleList(model.layers)
    assert codes(lambda: optim.SGD(model.parameters(), lr=0.1)) == []
    model = holding([])
    model._hidden = linears()
    assert codes(lambda: optim.SGD(model.parameters(), lr=0.1)) == []
    layers = linears()
    assert codes(lambda: optim.SGD([p for layer in layers for p in layer.parameters()], lr=0.1)) == []


def without_parameters(**attributes):
    model = nn.Module()
    for name, value in attributes.items():
        setattr(model, name, value)
    return model


WHY = {
    "a list": (lambda: {"layers": linears()}, "Module.layers is a plain list of modules: put them into an nn.ModuleList"),
    "a tuple": (lambda: {"layers": (nn.ReLU(),)}, "Module.layers is a plain tuple of modules: put them into an nn.ModuleList"),
    "a set": (lambda: {"layers": {nn.ReLU()}}, "Module.layers is a plain set of modules: put them into an nn.ModuleList"),
    "a dict": (lambda: {"layers": {"a": nn.ReLU()}},
               "Module.layers is a plain dict of modules: put them into an nn.ModuleDict"),
    "parameters": (lambda: {"w": [autodiff.ones(1, requires_grad=True)]},
                   "Module.w is a plain list of parameters: put them into an nn.ParameterList"),
    "a dict of parameters": (lambda: {"w": {"a": autodiff.ones(1, requires_grad=True)}},
                             "Module.w is a plain dict of parameters: put them into an nn.ParameterDict"),
    "a tensor": (lambda: {"w": autodiff.ones(1, requires_grad=True)}, "Module.w is a plain Tensor: make it an nn.Parameter"),
    "two of them": (lambda: {"a": [nn.ReLU()], "b": autodiff.ones(1, requires_grad=True)},
                    "Module.a is a plain list of modules: put them into an nn.ModuleList; Module.b is a plain Tensor: make it "
                    "an nn.Parameter"),
    "one inside": (lambda: {"inner": without_parameters(w=autodiff.ones(1, requires_grad=True))},
                   "Module.inner.w is a plain Tensor: make it an nn.Parameter"),
    "nothing": (dict, "the model has no parameters, or this iterator of them was already used up; write model.parameters() "
                "here. (Layers in a plain list are not registered: put them into an nn.ModuleList)"),
    "tensors that need no gradient": (lambda: {"w": autodiff.ones(1), "v": [autodiff.ones(1)], "_u": [nn.ReLU()]},
                                      "the model has no parameters, or this iterator of them was already used up; write "
                                      "model.parameters() here. (Layers in a plain list are not registered: put them into an "
                                      "nn.ModuleList)"),
}  # fmt: skip


@pytest.mark.parametrize("what", WHY)
def test_why_there_are_no_parameters(what):
    make, why = WHY[what]
    model = without_parameters(**make())
    with pytest.raises(ValueError) as caught:
        optim.SGD(model.parameters())
    assert str(caught.value) == f"optimizer got an empty parameter list: {why}"


def test_parameters_that_were_used_up():
    used = nn.Linear(1, 1).parameters()
    list(used)
    for empty in (used, [], iter([])):
        with pytest.raises(ValueError, match=r"this iterator of them was already used up; write model.parameters\(\) here"):
            optim.SGD(empty)


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (lambda: nn.Linear(1, 1).parameters, "'method' object is not iterable: call it, as in SGD(model.parameters())"),
        (lambda: nn.Linear(1, 1).named_parameters,
         "'method' object is not iterable: call it, as in SGD(model.named_parameters())"),
        (lambda: nn.Linear(1, 1), "'Linear' object is not iterable: give its parameters, as in SGD(model.parameters())"),
        (lambda: autodiff.ones(1), "params argument given to the optimizer should be an iterable of Tensors or dicts, but got "
         "Tensor; write [param] for a single one"),
        (lambda: [{"params": [3]}], "optimizer can only optimize Tensors, but one of the params is int"),
        (lambda: [autodiff.ones(1), 3.0], "optimizer can only optimize Tensors, but one of the params is float"),
        (lambda: [{"params": [autodiff.ones(1)]}, 3], "param_group must be a dict, but got <class 'int'>"),
    ],
)  # fmt: skip
def test_what_is_given_instead_of_parameters(given, words):
    with pytest.raises(TypeError) as caught:
        optim.SGD(given())
    assert str(caught.value) == words
