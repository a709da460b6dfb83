"""Each mistake that has a code, made as a student would make it: the code, the file, the line and the way out are told; and the
same program without the mistake is silent."""

import contextlib
import io
import linecache
import re
import sys
import traceback
import warnings
import weakref
from pathlib import Path

import pytest

import autodiff
from autodiff import nn, optim
from autodiff._core.teaching import CODES
from autodiff.nn import functional as F

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "docs"))

import make_messages
from mistakes import BEFORE, MISTAKES

X, CLASSES = autodiff.randn(4, 3), autodiff.tensor([0, 1, 2, 0])


def run(program):
    """Run a program as student.py; the warnings it gives, the error it ends with, and what it prints."""
    here, error, printed = {}, None, io.StringIO()
    exec(BEFORE, here)
    linecache.cache["student.py"] = len(program), None, program.splitlines(keepends=True), "student.py"
    with warnings.catch_warnings(record=True) as caught, contextlib.redirect_stdout(printed):
        warnings.simplefilter("always")
        try:
            exec(compile(program, "student.py", "exec"), here)
        except Exception as found:
            error = found
    return caught, error, printed.getvalue()


def lines(program, mark):
    """The numbers of the lines that end in a mark."""
    return [i for i, text in enumerate(program.splitlines(), 1) if text.endswith(f"# {mark}")]


@pytest.mark.parametrize("code", MISTAKES)
def test_a_mistake_is_told(code):
    mistake = MISTAKES[code]
    caught, error, text = run(mistake.wrong)
    if error is None and not caught and not text:  # a healthy program may look like this one
        with autodiff.strict():
            caught, error, text = run(mistake.wrong)
        assert isinstance(error, autodiff.TeachingWarning)
    if error is not None:
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename == "student.py"]
        assert not caught
        assert [frames[-1].lineno] == lines(mistake.wrong, "here")
        text = str(error)
    elif caught:
        (warning,) = caught
        assert (warning.filename, [warning.lineno]) == ("student.py", lines(mistake.wrong, "here"))
        assert warning.category is autodiff.TeachingWarning
        assert warning.message.code == code
        text = str(warning.message)
    else:
        assert lines(mistake.wrong, "told")
        assert not lines(mistake.wrong, "here")
    for line in lines(mistake.wrong, "told"):
        assert re.search(rf"student\.py:{line}\b", text)
    assert text.rstrip().endswith(f"({code})")
    assert mistake.write in text


@pytest.mark.parametrize("code", MISTAKES)
def test_without_the_mistake_it_is_silent(code):
    with autodiff.strict():
        caught, error, printed = run(MISTAKES[code].right)
    assert error is None
    assert caught == []
    assert "(AD" not in printed


@pytest.mark.parametrize("code", MISTAKES)
def test_strict_raises_and_lenient_is_silent(code):
    _, error, printed = run(MISTAKES[code].wrong)
    if error is None and not printed:
        with autodiff.strict():
            strictly, error, _ = run(MISTAKES[code].wrong)
        assert isinstance(error, autodiff.TeachingWarning)
        assert strictly == []
        with autodiff.lenient():
            leniently, error, _ = run(MISTAKES[code].wrong)
        assert error is None
        assert not any(isinstance(each.message, autodiff.TeachingWarning) for each in leniently)


def test_every_code_has_a_program_and_every_program_a_code():
    assert sorted(MISTAKES) == sorted(CODES) == list(CODES)


def test_every_code_in_the_package_is_one_of_the_table():
    package = Path(autodiff.__file__).parent
    used = {code for path in package.rglob("*.py") for code in re.findall(r"\bAD0\d\d\b", path.read_text(encoding="utf-8"))}
    assert used == set(CODES)


def test_the_pages_are_made_of_the_table():
    assert make_messages.out_of_date(make_messages.pages()) == [], "run `python docs/make_messages.py`"


def test_strict_is_a_switch_and_a_block():
    setting = autodiff.strict()
    with setting:
        assert autodiff._core.teaching.teaching.raises
    assert not autodiff._core.teaching.teaching.raises


@pytest.mark.parametrize("n", [0, -1, 1.5, "2"])
def test_accumulate_takes_a_number_of_passes(n):
    with pytest.raises(ValueError, match="a whole number above 0"):
        autodiff.accumulate(n)


# ---- forgotten zero_grad: each way of clearing counts ----


def each(change):
    def clear(model, optimizer):
        for p in model.parameters():
            if p.grad is not None:
                change(p)

    return clear


def set_(name, value):
    return lambda p: setattr(p, name, value(p))


CLEARING = {
    "optimizer.zero_grad": lambda model, optimizer: optimizer.zero_grad(),
    "to zeros": lambda model, optimizer: optimizer.zero_grad(set_to_none=False),
    "model.zero_grad": lambda model, optimizer: model.zero_grad(),
    "model.zero_grad to zeros": lambda model, optimizer: model.zero_grad(set_to_none=False),
    "None": each(set_("grad", lambda p: None)),
    "del": each(lambda p: delattr(p, "grad")),
    "zero_": each(lambda p: p.grad.zero_()),
    "data.zero_": each(lambda p: p.grad.data.zero_()),
    "fill_": each(lambda p: p.grad.fill_(0)),
    "mul_": each(lambda p: p.grad.mul_(0)),
    "an item": each(lambda p: p.grad.__setitem__(slice(None), 0)),
    "through NumPy": each(lambda p: p.grad.numpy().fill(0)),
    "new zeros": each(set_("grad", autodiff.zeros_like)),
    "new data": each(lambda p: setattr(p.grad, "data", autodiff.zeros_like(p))),
    "copy_": each(lambda p: p.grad.copy_(autodiff.zeros_like(p))),
}


def train(clear, make=optim.SGD, steps=3, backwards=1):
    model = nn.Linear(3, 3)
    optimizer = make(model.parameters(), lr=0.1)
    for _ in range(steps):
        clear(model, optimizer)
        for _ in range(backwards):
            F.cross_entropy(model(X), CLASSES).backward()
        optimizer.step()


@pytest.mark.parametrize("way", CLEARING)
@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_each_way_of_clearing_counts(way, make):
    with autodiff.strict():
        train(CLEARING[way], make)
        train(CLEARING[way], make, backwards=3)


def nothing(model, optimizer):
    pass


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.RMSprop])
def test_a_forgotten_zero_grad_is_told_at_the_second_step_and_once(make):
    train(nothing, make, steps=1)
    with pytest.warns(autodiff.TeachingWarning, match="sum of 2 batches") as caught:
        train(nothing, make, steps=5)
    assert len(caught) == 1


def test_a_new_optimizer_begins_anew():
    model = nn.Linear(3, 3)
    with autodiff.strict():
        for _ in range(3):
            optimizer = optim.SGD(model.parameters(), lr=0.1)
            F.cross_entropy(model(X), CLASSES).backward()
            optimizer.step()


def test_accumulate_says_how_many_passes_are_meant():
    with autodiff.strict():
        with autodiff.accumulate(3):
            train(nothing, steps=3)
        with autodiff.accumulate(2), pytest.raises(autodiff.TeachingWarning, match="sum of 3 batches"):
            train(nothing, steps=3)


# ---- healthy programs that look like the others ----


def test_steps_of_a_schedule_alone():
    optimizer = optim.SGD([autodiff.ones(1, requires_grad=True)], lr=0.1)
    schedule = optim.lr_scheduler.ExponentialLR(optimizer, 0.9)
    with autodiff.strict():
        for _ in range(3):
            optimizer.step()
            schedule.step()


def test_a_layer_that_is_replaced_and_known_to_the_optimizer():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model[1] = nn.Linear(3, 3)
    optimizer.add_param_group({"params": model[1].parameters()})
    with autodiff.strict():
        F.cross_entropy(model(X), CLASSES).backward()
        optimizer.step()


def test_a_layer_that_gives_way_to_one_without_parameters():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    optimizer = optim.SGD(model.parameters(), lr=0.1)
    model[1] = nn.Identity()
    with autodiff.strict():
        F.cross_entropy(model(X), CLASSES).backward()
        optimizer.step()


def test_a_list_of_layers_that_are_registered_elsewhere():
    model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 3))
    model.hidden = [model[0], model[1]]
    model.teacher = [nn.Linear(3, 3)]  # the way to keep a model out of parameters()
    with autodiff.strict():
        optim.SGD(model.parameters(), lr=0.1)


def test_an_input_that_is_detached_and_made_a_leaf():
    x = autodiff.ones(1, requires_grad=True) * 2
    with autodiff.strict():
        leaf = x.detach().requires_grad_()
        (leaf * 3).sum().backward()
    assert leaf.grad.item() == 3


def test_scores_that_look_like_probabilities():
    scores = autodiff.tensor([[0.25, 0.75], [0.5, 0.5]], requires_grad=True)
    with autodiff.strict():
        F.cross_entropy(scores, autodiff.tensor([0, 1]))
        F.cross_entropy(scores.log_softmax(1), autodiff.tensor([0, 1]))


def test_what_was_cleared_elsewhere_is_no_reason():
    other = nn.Linear(3, 3)
    F.cross_entropy(other(X), CLASSES).backward()
    other.zero_grad()
    optimizer = optim.SGD([autodiff.ones(1, requires_grad=True)], lr=0.1)
    with autodiff.strict():
        optimizer.step()


# ---- a second backward ----


def line_(w):
    return (w + 1).sum()


def twice(first=None, second=None, between=lambda w: None):
    """Two walks through one graph that keeps nothing."""
    w = autodiff.ones(3, requires_grad=True)
    loss = line_(w)
    loss.backward(**(first or {}))
    between(w)
    loss.backward(**(second or {}))


HEALTHY = {
    "kept on purpose": lambda: twice({"retain_graph": True}),
    "twice as much": lambda: twice({"gradient": autodiff.tensor(2.0)}),
    "and once more": lambda: twice(None, {"gradient": autodiff.tensor(2.0)}),
    "cleared": lambda: twice(between=lambda w: setattr(w, "grad", None)),
    "cleared to zeros": lambda: twice(between=lambda w: w.grad.zero_()),
    "for one input": lambda: by_inputs(),
    "two losses": lambda: [line_(w).backward() for w in [autodiff.ones(3, requires_grad=True)] * 2],
    "a shared part": lambda: shared_part(),
    "grad and backward": lambda: grad_and_backward(),
    "a row at a time": lambda: rows(),
}


def by_inputs():
    a, b = autodiff.ones(3, requires_grad=True), autodiff.ones(3, requires_grad=True)
    loss = line_(a + b)
    loss.backward(inputs=[a])
    loss.backward(inputs=[b])


def shared_part():
    w = autodiff.ones(3, requires_grad=True)
    h = w + 1
    h.sum().backward()
    h.mean().backward()


def grad_and_backward():
    w = autodiff.ones(3, requires_grad=True)
    loss = line_(w)
    autodiff.autograd.grad(loss, w)
    loss.backward()
    other = line_(w)
    autodiff.autograd.grad(other, w)
    autodiff.autograd.grad(other, w)


def rows():
    w = autodiff.ones(3, requires_grad=True)
    y = w + 1
    for row in autodiff.eye(3):
        y.backward(row)


@pytest.mark.parametrize("way", HEALTHY)
def test_a_second_walk_that_is_meant(way):
    with autodiff.strict():
        HEALTHY[way]()


def test_accumulate_says_that_a_second_walk_is_meant():
    with autodiff.strict(), autodiff.accumulate(2):
        twice()


def test_a_walk_holds_no_graph():
    """What a freed node holds of the walk that freed it, and what is remembered of the last one, is no node."""
    w = autodiff.ones(3, requires_grad=True)
    for build in (lambda: (w * w).sum(), lambda: line_(w)):
        loss = build()
        loss.backward()
        w.grad, ends = None, weakref.ref(loss.grad_fn)
        del loss
        assert ends() is None


CUT_OFF = {
    "a tuple": ("h = None", "y, h = lstm(x, h)", "h = tuple(each.detach() for each in h)"),
    "a tensor": ("h = torch.zeros(4, 3)", "h = torch.tanh(x + w * h)", "h = h.detach()"),
    "a first step of its own": ("h = None", "h = gru(x) if h is None else gru(x, h)", "h = h.detach()"),
    "a sum": ("h = 0", "h = h + (x * w).pow(2).mean()", "h = h.detach()"),
    "an attribute": ("state = SimpleNamespace(h=torch.zeros(4, 3))", "y = state.h = torch.tanh(x + w * state.h)", ".detach()"),
}


@pytest.mark.parametrize("kind", CUT_OFF)
def test_a_state_that_is_carried_on_is_named(kind):
    before, step, cure = CUT_OFF[kind]
    _, error, _ = run(
        "from types import SimpleNamespace\nlstm, gru, w = nn.LSTM(3, 3), nn.GRUCell(3, 3), torch.ones(3, requires_grad=True)\n"
        f"{before}\n"
        f"for _ in range(2):\n    {step}\n    {'y' if 'y' in step else 'h'}.pow(2).sum().backward()\n"
    )
    assert str(error).endswith("(AD005)")
    assert cure in str(error)
    assert "student.py:5" in str(error)
    assert "student.py:6" in str(error)


SHARED = {
    "named": ("h = (x * w).exp()", "one = h.sum()", "two = (h * h).sum()", "share `h`"),
    "a sum": ("h = (x * w) + 1", "one = h.sum()", "two = (h * h).sum()", "share `h`"),
    "without a name": ("both = [(x * w).exp()]", "one = both[0].sum()", "two = both[0].mean()", "share `both[0]`"),
    "in a loop": ("h = (x * w).exp()", "one = two = h.sum()", "two = h.mean()", "compute `h` anew in each round"),
}


@pytest.mark.parametrize("kind", SHARED)
def test_what_two_losses_share_is_named(kind):
    h, one, two, told = SHARED[kind]
    _, error, _ = run(f"w = torch.ones(3, requires_grad=True)\n{h}\n{one}\none.backward()\n{two}\ntwo.backward()\n")
    assert told in str(error)
    assert "(one + two).backward()" in str(error)
    assert str(error).endswith("(AD003)")


@pytest.mark.parametrize("between", [0, 3, 40])
def test_a_loss_that_is_walked_again_much_later(between):
    w = autodiff.ones(3, requires_grad=True)
    loss = (w * w).sum()
    loss.backward()
    for _ in range(between):
        (w * w).exp().sum().backward()
    with autodiff.lenient(), pytest.raises(RuntimeError, match=r"\(AD001\)"):
        loss.backward()


# ---- a change in place ----

INSTEAD = {
    "y.add_(1)": "Write `y = y + 1`",
    "y += 1": "Write `y = y + 1`",
    "y.mul_(w + 1)": "Write `y = y * (w + 1)`",
    "y.clamp_(min=0.5)": "Write `y = y.clamp(min=0.5)`",
    "y[0] = 1": "`y[0] = ...` has changed it since. Change a clone() of it",
    "y.data.mul_(2)": "Change a clone() of it, or use what does not change it",
    "F.relu(y, inplace=True)": "without inplace=True",
    "torch.relu_(y)": "Write `y = torch.relu(y)`",
    "y.zero_()": "`y.zero_()` has changed it since. Change a clone() of it",
}


@pytest.mark.parametrize("change", INSTEAD)
def test_a_change_in_place_is_told_with_what_to_write(change):
    _, error, _ = run(f"w = torch.ones(3, requires_grad=True)\ny = w.exp()\nz = y * 1\n{change}\nz.sum().backward()\n")
    text = str(error)
    assert "`y`" in text
    assert "changed at student.py:4" in text
    assert INSTEAD[change] in text
    assert text.endswith("(AD022)" if "data" in change else "(AD006)")


@pytest.mark.parametrize("used", ["x @ w", "x @ w.T", "F.linear(x, w)", "(w * w).sum()"])
@pytest.mark.parametrize("change", ["optimizer.step()", "w.data.sub_(w.grad)", "torch.no_grad()(lambda: w.sub_(w.grad))()"])
def test_a_parameter_that_was_changed_since(used, change):
    _, error, _ = run(
        f"w = torch.ones(3, 3, requires_grad=True)\noptimizer = optim.SGD([w], lr=0.1)\nloss = ({used} * w).sum()\n"
        f"loss.backward(retain_graph=True)\n{change}\nloss.backward()\n".replace("(x @ w *", "((x @ w)[:3] *")
        .replace("(x @ w.T *", "((x @ w.T)[:3] *").replace("(F.linear(x, w) *", "(F.linear(x, w)[:3] *")
    )
    assert "has used the parameter `w`" in str(error)
    assert "changed at student.py:5" in str(error)
    assert str(error).endswith("(AD022)" if "data" in change else "(AD004)")


def test_without_the_source_the_lines_are_told():
    program = "w = torch.ones(3, requires_grad=True)\ny = w.exp()\ny.add_(1)\ny.sum().backward()\n"
    here = {}
    exec(BEFORE, here)
    with pytest.raises(RuntimeError, match=r"nowhere.py:3\. exp keeps its result `y` for backward, and it was changed"):
        exec(compile(program, "nowhere.py", "exec"), here)


# ---- a parameter's name for a new tensor ----

LOOP_BY_HAND = """
w, b = torch.ones(3, requires_grad=True), torch.zeros(1, requires_grad=True)
for _ in range(3):
    loss = ((x @ w + b - y) ** 2).mean()
    loss.backward()
    with torch.no_grad():
        {}
    w.grad = b.grad = None
"""
RIGHT_BY_HAND = [
    "w -= 0.1 * w.grad; b -= 0.1 * b.grad",
    "w.sub_(0.1 * w.grad)",
    "w.copy_(w - 0.1 * w.grad)",
    "w.data = w - 0.1 * w.grad",
    "w = (w - 0.1 * w.grad).requires_grad_()",
    "w = w - 0.1 * w.grad; w.requires_grad = True",
    "length = w.grad.norm(); w = w",
    "moved = w - 0.1 * w.grad",
    "g = w.grad; g = g - g.mean()",
]


@pytest.mark.parametrize("update", RIGHT_BY_HAND)
def test_updates_by_hand_that_are_right(update):
    with autodiff.strict():
        caught, error, _ = run(LOOP_BY_HAND.format(update))
    assert error is None
    assert caught == []


@pytest.mark.parametrize(
    "update", ["for p in (w, b): p = p - 0.1 * p.grad", "for p in [w, b]: p = torch.sub(p, 0.1 * p.grad)"]
)
def test_a_loop_that_leaves_its_parameters_is_told_at_its_second_round(update):
    caught, error, _ = run(LOOP_BY_HAND.format(update))
    assert error is None
    assert [(each.lineno, each.message.code) for each in caught] == [(7, "AD010")] * len(caught)
    assert 1 <= len(caught) <= 2
    assert "`p` is a new tensor" in str(caught[0].message)


@pytest.mark.parametrize("where", ["{}", "def train():\n    global w\n    {}\n\ntrain()\n"])
def test_a_loss_of_what_took_the_parameters_name(where):
    program = (
        "w = torch.ones(3, requires_grad=True)\n((x @ w - y) ** 2).mean().backward()\n"
        "with torch.no_grad():\n    w = w - 0.1 * w.grad\n((x @ w - y) ** 2).mean().backward()\n"
    )
    _, error, _ = run(program)
    assert str(error).startswith("element 0 of tensors does not require grad and does not have a grad_fn")
    assert "`w` is a new tensor since student.py:4, made by `w - 0.1 * w.grad` under no_grad()" in str(error)
    assert str(error).endswith("Write w -= 0.1 * w.grad there, which changes the parameter itself (AD010)")


def test_why_knows_a_name_that_was_given_anew():
    def trained(how):
        w = autodiff.ones(3, requires_grad=True)
        (X @ w).sum().backward()
        if how == "under no_grad":
            with autodiff.no_grad():
                w = w - 0.1 * w.grad
        elif how == "recorded":
            w = w - 0.1 * w.grad
        elif how == "otherwise":
            w = w * 2
        return autodiff.why(w)

    assert trained("under no_grad").endswith("(AD010)")
    assert "under no_grad(), so it requires no gradient" in trained("under no_grad")
    assert trained("recorded").endswith("(AD009)")
    for how in ("otherwise", "not at all"):
        assert "NEW" not in trained(how)


# ---- what has no slope ----

FLAT = [
    "scores.argmax(1)[0]", "(scores.max(1)[1] == classes).float().mean()", "scores.topk(1)[1][0, 0]", "(scores > 0).sum()",
    "(scores.argmax(1) == classes).float().mean()", "scores.long().sum()", "torch.where(scores > 0, 1.0, 0.0).mean()",
    "(scores.sigmoid() >= 0.5).float().mean()", "scores.bool().any()",
]  # fmt: skip


@pytest.mark.parametrize("loss", FLAT)
def test_a_loss_that_counts(loss):
    _, error, _ = run(f"scores = nn.Linear(3, 3)(x)\nloss = {loss}\nloss.backward()\n")
    assert str(error).endswith("(AD013)")
    assert "student.py:2" in str(error)
    assert "cross_entropy" in str(error)


@pytest.mark.parametrize("name", ["round", "sign", "floor", "ceil", "trunc"])
def test_why_names_what_has_no_slope(name):
    w = autodiff.full((3,), 0.4, requires_grad=True)
    loss = (getattr(X @ w, name)() - 1).pow(2).mean()
    loss.backward()
    for told in (autodiff.why(w), autodiff.why(w, loss)):
        assert f"{name} at test_teaching.py" in told
        assert "(AD013)" in told


def test_gradients_that_are_zero_for_another_reason():
    w = autodiff.full((3,), -1.0, requires_grad=True)
    loss = w.relu().sum()
    steps = w.detach().round().sum()
    (loss * steps).backward()
    assert "a relu that is off" in autodiff.why(w)


def test_pytorchs_own_warning_is_told_in_any_case():
    """Of a mistake that PyTorch warns of too, lenient() leaves its sentence, strict() makes an error of both."""
    from autodiff._core.teaching import TeachingWarning, teach

    def warned(theirs):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            teach("AD002", "Ours.", theirs)
        return [(type(w.message), str(w.message)) for w in caught]

    assert [kind for kind, _ in warned("Theirs.")] == [TeachingWarning]
    assert "Theirs. Ours." in warned("Theirs.")[0][1]
    assert warned("")[0][1].startswith("Ours.")
    with autodiff.lenient():
        assert warned("Theirs.") == [(UserWarning, "Theirs.")]
        assert warned("") == []
    with autodiff.strict():
        for theirs in ("Theirs.", ""):
            with pytest.raises(TeachingWarning, match=f"{theirs} ?Ours"):
                warned(theirs)


def doubled(x):
    class Double(autodiff.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            return g * 2

    return Double.apply(x)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (lambda w: w, "AD004"), (lambda w: w.t(), "AD004"), (lambda w: w.view(4).view(2, 2).t(), "AD004"),
        (lambda w: w * 1, "AD006"), (lambda w: (w * 1).t(), "AD006"), (lambda w: w.t().exp(), "AD006"),
        (lambda w: doubled(w), "AD006"), (lambda w: doubled(w).t(), "AD006"),
    ],
    ids=["it", "transposed", "twice a view", "a product", "a product, turned", "exp", "a Function", "a Function, turned"],
)
def test_a_parameter_that_has_changed_is_called_one_also_by_its_views(made, code):
    w = autodiff.ones(2, 2, requires_grad=True)
    used = made(w)
    loss = (used * used).sum()
    with autodiff.no_grad():
        used.add_(1)
    with pytest.raises(RuntimeError, match=rf"\({code}\)") as caught:
        loss.backward()
    assert ("has used the parameter" in str(caught.value)) == (code == "AD004")


@pytest.mark.parametrize("clear", ["to None", "to zeros", "through NumPy", "by another gradient"])
@pytest.mark.parametrize("more", [0, 1])
def test_each_round_of_sums_is_counted_by_itself(clear, more):
    """Two passes were promised. A third one is told of in whichever round it comes, and the rounds before count for nothing."""
    w = autodiff.ones(3, requires_grad=True)
    optimizer = optim.SGD([w], lr=0.1)

    def one_round(passes):
        for _ in range(passes):
            (w * w).sum().backward()
            optimizer.step()
        if clear == "by another gradient":
            w.grad = None if w.grad is None else autodiff.zeros(3)
        elif clear == "through NumPy":
            w.grad.numpy()[...] = 0
        else:
            optimizer.zero_grad(set_to_none=clear == "to None")

    with autodiff.strict(), autodiff.accumulate(2):
        for _ in range(3):
            one_round(2)
        one_round(1)
        one_round(2)
        if more:
            with pytest.raises(UserWarning, match=r"\(AD015\)"):
                one_round(3)


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("cut", ["x > 1", "x.argmax()", "x.round().long()"])
def test_a_loss_that_is_flat_where_nothing_is_recorded(cut, inside):
    """There is a nearer reason there, and what made the loss may well have a slope."""
    x = autodiff.tensor([1.5, 2.5], requires_grad=True)
    loss = eval(cut, {"x": x}).float().sum()
    with autodiff.no_grad() if inside else contextlib.nullcontext(), pytest.raises(RuntimeError) as caught:
        loss.backward()
    code = "AD011" if inside else "AD013"
    assert f"({code})" in str(caught.value)
    assert ("Nothing is recorded right now" in str(caught.value)) == inside


@pytest.mark.parametrize(
    ("update", "anew"),
    [
        ("w = w.grad", False), ("w = torch.abs(w.grad)", False), ("w = v - 0.1 * w.grad", False),
        ("w = w - 0.1 * v.grad", False), ("w = w.detach(); w.grad", False), ("w = w + w.grad", True),
        ("w = torch.sub(w, w.grad)", True),
    ],
)  # fmt: skip
def test_a_name_is_given_anew_by_an_update_of_it_alone(update, anew):
    """What is computed from the gradient but not from the parameter, or from another one, is no update of it."""
    program = (
        "w, v = torch.ones(3, requires_grad=True), torch.ones(3, requires_grad=True)\n((w + v) ** 2).sum().backward()\n"
        f"with torch.no_grad():\n    {update}\n(w ** 2).sum().backward()\n"
    )
    _, error, _ = run(program)
    assert ("(AD010)" in str(error)) == anew
