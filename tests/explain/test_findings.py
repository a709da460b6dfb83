"""What each part of the doctor finds, asked alone: the report and its words, the batch, the errors, the target, the loss."""

import math
from types import SimpleNamespace

import numpy as np
import pytest

import autodiff as torch
from autodiff import nn
from autodiff.explain.doctor import data, failures, losses, targets
from autodiff.explain.doctor.report import Finding, Report, counted, several
from autodiff.explain.doctor.trial import Layer, LossCall, Spot, Trial

# ---- the report ----

LONG = "The sentence goes on and on, " + "and on, " * 12 + "to its end."


def test_a_finding_is_told_in_80_columns_with_its_place_and_what_to_do():
    found = Finding("AD001", "error", "One\nline   of words.", "a.py:3", "write\n x = 1.")
    assert str(found) == "error AD001: One line of words.\n   where: a.py:3\n   do:    write x = 1."
    assert found.lines("2. ")[0] == "2. error AD001: One line of words."
    assert Finding("word", "note", "Alone.").lines() == ["note word: Alone."]
    assert Finding("word", "note", "").lines() == ["note word:"]
    lines = Finding("word", "note", LONG, LONG, LONG).lines("1. ")
    assert [line[:10] for line in lines] == [
        "1. note wo", "   on, and", "   where: ", " " * 10, "   do:    ", " " * 10,
    ]  # fmt: skip
    assert all(line[10] != " " for line in lines[2:])
    assert 72 < max(map(len, lines)) <= 80


def test_a_report_has_errors_before_warnings_before_notes_and_one_thing_to_do():
    note, warning, error = (
        Finding(code, code, f"It is {code}.", cure=f"mend {code}.") for code in ("note", "warning", "error")
    )
    report = Report([note, warning, error], {"loss": "1.5", "one batch": "LONG " * 30})
    assert [each.severity for each in report.findings] == ["error", "warning", "note"]
    assert (report.alarms, report.healthy) == ([error, warning], False)
    assert report.next == "mend error. Then ask the doctor again."
    lines = str(report).splitlines()
    assert lines[:10] == [
        "doctor: 2 findings, the most important first", "", "1. error error: It is error.", "   do:    mend error.", "",
        "2. warning warning: It is warning.", "   do:    mend warning.", "",
        "3. note note: It is note.", "   do:    mend note.",
    ]  # fmt: skip
    assert lines[10:13] == ["", "measured on a copy", "   loss       1.5"]
    assert lines[13].startswith("   one batch  LONG LONG")
    assert lines[14].startswith(" " * 14 + "LONG")
    assert lines[-2:] == ["", "next: mend error. Then ask the doctor again."]
    assert Report([warning]).next == "mend warning."
    assert str(Report([warning])).splitlines()[0] == "doctor: 1 finding"
    assert Report([Finding("x", "error", "Only a sentence.")]).next == "Only a sentence."
    healthy = Report([note])
    assert (healthy.healthy, healthy.alarms) == (True, [])
    assert str(healthy).splitlines()[0] == "doctor: nothing is wrong, as far as one batch can tell"
    assert "measured" not in str(healthy)
    long = Report([Finding("x", "error", "s", cure=LONG)])
    assert str(long).splitlines()[-1].startswith("      ")


def test_a_report_in_a_notebook_has_the_same_words_escaped():
    found = Finding("a<b", "error", "x < y", "f<1", "g<2")
    assert Report([found, Finding("n", "note", "bare")], {"in<put": "4 < 5"})._repr_html_() == (
        "<p>doctor: 1 finding</p><ol><li><strong>error a&lt;b</strong>: x &lt; y<br>where: f&lt;1<br>do: g&lt;2</li>"
        "<li><strong>note n</strong>: bare</li></ol><table><caption>measured on a copy</caption>"
        '<tr><th scope="row">in&lt;put</th><td>4 &lt; 5</td></tr></table><p><strong>next:</strong> g&lt;2</p>'
    )


@pytest.mark.parametrize(
    ("names", "told"),
    [("", ""), ("a", "a"), ("abcd", "a, b, c, d"), ("abcde", "a, b, c and 2 more"), ("abcdefgh", "a, b, c and 5 more")],
)
def test_several_names_are_listed_and_the_last_ones_counted(names, told):
    assert several([*names]) == told


def test_what_is_counted_is_one_or_several():
    assert [counted(range(n), "layer") for n in range(3)] == ["0 layers", "1 layer", "2 layers"]
    assert several([*"abcd"], 2) == "a, b and 2 more"


# ---- the batch ----


def found_in(input, target):
    return [(each.code, each.severity, each.sentence, each.where, each.cure) for each in data.before(input, target)]


ROWS = torch.arange(24.0).reshape(8, 3)
HOLED = torch.tensor([[1.0, 2.0], [math.nan, math.inf]])

BATCHES = {
    "fine": (ROWS, torch.arange(8) % 2, []),
    "NumPy": (
        ROWS.numpy(), np.zeros(8),
        [("not-a-tensor", "error", "The input is a NumPy array, and no Tensor.", "", "torch.from_numpy(input).float()."),
         ("not-a-tensor", "error", "The target is a NumPy array, and no Tensor.", "", "torch.tensor(target).")],
    ),
    "lists": (
        [1.0, 2.0], (1, 0),
        [("not-a-tensor", "error", "The input is a list of numbers, and no Tensor.", "", "torch.tensor(input)."),
         ("not-a-tensor", "error", "The target is a tuple of numbers, and no Tensor.", "", "torch.tensor(target).")],
    ),
    "tensors in a list": ([ROWS], (ROWS,), []),
    "nothing in a list": ([], (), []),
    "holes": (
        HOLED, torch.tensor(math.nan),
        [("input-not-finite", "error", "Not finite: 2 numbers of the input, the first at [1, 0].", "input",
          "look for missing values in the data, and leave these examples out or fill them in."),
         ("target-not-finite", "error", "Not finite: 1 number of the target.", "target",
          "look for missing values in the data, and leave these examples out or fill them in.")],
    ),
    "empty": (ROWS[:0], torch.zeros(0, 1), [
        ("empty", "error", "The input is empty: its shape is (0, 3).", "input", "use a batch."),
        ("empty", "error", "The target is empty: its shape is (0, 1).", "target", "use a batch."),
    ]),
    "one number everywhere": (torch.full((8, 3), 2.5), torch.arange(8), [
        ("constant-input", "warning", "All 8 examples of the input are alike: the number 2.5 everywhere. "
         "The model can't tell them apart.", "input", "look at how the batch is made."),
    ]),
    "one example again and again": (ROWS[:1].repeat(2, 1), torch.arange(2), [
        ("constant-input", "warning", "All 2 examples of the input are alike: the same example again and again. "
         "The model can't tell them apart.", "input", "look at how the batch is made."),
    ]),
    "one example": (ROWS[:1], torch.zeros(1), []),
    "rows that are not examples": (ROWS[:1].repeat(3, 1), torch.arange(2), []),
    "examples of nothing": (torch.zeros(2, 0), torch.arange(2), [
        ("empty", "error", "The input is empty: its shape is (2, 0).", "input", "use a batch."),
    ]),
    "one label": (ROWS, torch.full((8,), 3), [
        ("constant-target", "warning", "All 8 targets are 3: on this batch a model learns to say that always.", "target",
         "mix the examples: DataLoader(..., shuffle=True). If all the data are like this, there is nothing to learn."),
    ]),
    "one number": (ROWS, torch.full((8, 1), 0.5), [
        ("constant-target", "note", "All 8 targets are 0.5: on this batch a model learns to say that always.", "target",
         "mix the examples: DataLoader(..., shuffle=True). If all the data are like this, there is nothing to learn."),
    ]),
    "few alike": (ROWS[:7], torch.zeros(7), []),
    "rows alike": (ROWS, torch.ones(8, 2), []),
    "truths alike": (ROWS, torch.ones(8).bool(), []),
    "no target": (ROWS, None, []),
    "scalars": (torch.tensor(1.0), torch.tensor(1.0), []),
}  # fmt: skip


@pytest.mark.parametrize("name", BATCHES)
def test_what_is_wrong_with_a_batch(name):
    input, target, expected = BATCHES[name]
    assert found_in(input, target) == expected


def scaled(x, *modules, path="0", inputs=None):
    trial = Trial(layers=[Layer(path, module, [x] if inputs is None else inputs) for module in modules])
    return [(each.code, each.severity, each.sentence, each.where, each.cure) for each in data.scaled(trial)]


def two_columns(mean, std):
    """Zeros, and numbers of this mean and standard deviation."""
    return torch.tensor([[0.0, mean - std], [0.0, mean + std]])


AFTER = ", with the mean and the std of the training data."


@pytest.mark.parametrize(
    ("mean", "std", "told"),
    [(0, 11, "0 and the standard deviation 11"), (12, 1, "12 and the standard deviation 1"),
     (-12, 1, "−12 and the standard deviation 1"), (0, 10, None), (10, 0, None), (10, 9, None)],
)  # fmt: skip
def test_features_far_from_0_or_wide_are_named_with_their_cure(mean, std, told):
    expected = [("not-normalised", "warning", f"The input is not normalised. Feature 1 has the mean {told}.",
                 "what '0' gets", f"x = (x - x.mean(dim=0)) / x.std(dim=0){AFTER}")]  # fmt: skip
    assert scaled(two_columns(mean, std), nn.Linear(2, 1)) == (expected if told else [])


def test_what_is_looked_at_is_what_the_first_layer_that_learns_gets():
    far = two_columns(0, 99)
    assert scaled(far, nn.ReLU(), nn.Linear(2, 1), path="")[0][3] == "input"
    assert scaled(far, nn.ReLU()) == []
    assert scaled(far, nn.BatchNorm1d(2), nn.Linear(2, 1)) == []
    assert scaled(far, nn.LayerNorm(2), nn.Linear(2, 1)) == []
    assert len(scaled(far, nn.BatchNorm1d(2, affine=False), nn.Linear(2, 1))) == 1
    assert scaled(far, nn.Linear(2, 1), inputs=[]) == []
    assert scaled(far, nn.Linear(2, 1), inputs=[[far]]) == []
    assert scaled(far.long(), nn.Linear(2, 1)) == []
    assert scaled(far[0], nn.Linear(2, 1)) == []
    assert scaled(far[:0], nn.Linear(2, 1)) == []
    assert scaled(far * math.inf, nn.Linear(2, 1)) == []
    pixels = torch.stack([torch.zeros(3, 4, 4), torch.full((3, 4, 4), 0.0)])
    pixels[:, 2] = 200.0
    assert scaled(pixels, nn.Conv2d(3, 1, 1))[0][2:] == (
        "The input is not normalised. Channel 2 has the mean 200 and the standard deviation 0.", "what '0' gets",
        f"x = (x - x.mean(dim=(0, 2, 3), keepdim=True)) / x.std(dim=(0, 2, 3), keepdim=True){AFTER}",
    )  # fmt: skip
    assert "Channel 2" in scaled(pixels[..., None], nn.Conv3d(3, 1, 1))[0][2]
    steps = torch.zeros(2, 5, 3)
    steps[..., 2] = 50.0
    assert scaled(steps, nn.Linear(3, 1))[0][2].startswith("The input is not normalised. Feature 2 has the mean 50")
    assert "x.mean(dim=(0, 1), keepdim=True)" in scaled(steps, nn.Linear(3, 1))[0][4]


@pytest.mark.parametrize(
    ("mean", "std", "tiny"), [(0, 1e-4, True), (5e-4, 1e-4, True), (0, 0, False), (0.1, 1e-4, False), (0, 1e-2, False)]
)
def test_an_input_of_tiny_numbers_is_told_of(mean, std, tiny):
    x = torch.tensor([[mean - std], [mean + std]], dtype=torch.float64)
    told = [("not-normalised", "The input is tiny: its standard deviation is 0.0001.")]
    found = scaled(x, nn.Linear(1, 1))
    assert [each[:3:2] for each in found] == (told if tiny else [])


def test_the_input_in_a_few_words():
    assert data.told(torch.tensor([[1.0, 3.0]])) == "(1, 2) float32, mean 2, std 1"
    assert data.told(torch.tensor([1, 2])) == "(2,) int64"
    assert data.told(torch.zeros(0, 3).double()) == "(0, 3) float64"
    assert data.told({"x": 1}) == "dict"
    assert data.told(torch.tensor([3e38, 3e38])) == "(2,) float32, mean 3e38, std 0"


def test_sums_of_large_numbers_are_not_infinite():
    (found,) = scaled(torch.full((4, 2), 3e38), nn.Linear(2, 1))
    assert found[2] == "The input is not normalised. Feature 0 has the mean 3e38 and the standard deviation 0."
    scores = torch.tensor(np.random.default_rng(0).normal(size=(6, 4)), dtype=torch.float32)
    target = torch.tensor([0, 1, 2, 3, 1, 1])
    mean, _ = losses._knows_nothing(LossCall(Spot("cross_entropy", None), [scores, target], "", -100, False))
    assert mean == pytest.approx(nn.functional.cross_entropy(scores.double(), target).item(), rel=1e-12)


# ---- a forward that failed ----


def cure(module, *inputs):
    return failures._cure(Layer("0", module, [*inputs]), [x for x in inputs if isinstance(x, torch.Tensor)])


LOOK = ("forward-failed", "")
CURES = [
    (nn.Linear(4, 2), [], LOOK),
    (nn.Linear(4, 2), [torch.ones(3, 4)], LOOK),
    (nn.Linear(4, 2), [torch.tensor(1.0)], LOOK),
    (nn.Linear(4, 2), [torch.ones(3, 5)], ("AD029", "nn.Linear(5, 2): the input has 5 features.")),
    (nn.Linear(4, 2), [torch.ones(3, 2, 2)], ("AD029", "put nn.Flatten() in front of it: (2, 2) are 4 numbers.")),
    (nn.Linear(4, 2), [torch.ones(3, 2, 3)], ("AD029", "nn.Linear(3, 2): the input has 3 features.")),
    (nn.Linear(4, 2), [torch.ones(1, 2)], ("AD029", "nn.Linear(2, 2): the input has 2 features.")),
    (nn.Linear(4, 2), [torch.ones(3, 4).long()], ("AD030", "input.float(): it is int64, the parameters are float32.")),
    (nn.Linear(4, 2), [torch.ones(3, 4).double()], ("AD030", "input.float(): it is float64, the parameters are float32.")),
    (nn.Linear(4, 2).double(), [torch.ones(3, 4)],
     ("AD030", "input.to(torch.float64): it is float32, the parameters are float64.")),
    (nn.Linear(4, 2).double(), [torch.ones(3, 4).long()], ("AD030", "input.float(): it is int64, the parameters are float64.")),
    (nn.Conv2d(1, 2, 3), [torch.ones(5, 6, 6)],
     ("AD029", "input.unsqueeze(1): a convolution wants (batch, channels, ...), and these have no channels.")),
    (nn.Conv1d(1, 2, 3), [torch.ones(5, 6)],
     ("AD029", "input.unsqueeze(1): a convolution wants (batch, channels, ...), and these have no channels.")),
    (nn.Conv2d(3, 2, 3), [torch.ones(5, 6, 6)], LOOK),
    (nn.Conv2d(3, 2, 3), [torch.ones(5, 6, 6, 3)],
     ("AD029", "input.movedim(-1, 1): the channels stand last, and a convolution wants them second.")),
    (nn.Conv2d(3, 2, 3), [torch.ones(5, 4, 6, 6)], ("AD029", "nn.Conv2d(4, ...): the input has 4 channels.")),
    (nn.Conv1d(3, 2, 3), [torch.ones(5, 4, 6)], ("AD029", "nn.Conv1d(4, ...): the input has 4 channels.")),
    (nn.Conv2d(3, 2, 3), [torch.ones(5, 3, 1, 1)], LOOK),
    (nn.ConvTranspose2d(3, 2, 3), [torch.ones(5, 4, 6, 6)], ("AD029", "nn.ConvTranspose2d(4, ...): the input has 4 channels.")),
    (nn.BatchNorm1d(4), [torch.ones(1, 4)],
     ("batch-of-one", "use a batch of more than one example: of a single one there is no variance.")),
    (nn.BatchNorm1d(4), [torch.ones(2, 4)], LOOK),
    (nn.BatchNorm1d(4), [torch.tensor(1.0)], LOOK),
    (nn.Embedding(5, 2), [torch.tensor([1.0])], ("input-dtype", "input.long(): an embedding wants the numbers of rows.")),
    (nn.Embedding(5, 2), [torch.tensor([0, 5])],
     ("index-range", "nn.Embedding(6, ...): it has the rows 0 to 4, and the input asks for 0 to 5.")),
    (nn.EmbeddingBag(5, 2), [torch.tensor([-1, 2])],
     ("index-range", "nn.Embedding(3, ...): it has the rows 0 to 4, and the input asks for -1 to 2.")),
    (nn.Embedding(5, 2), [torch.tensor([0, 4])], LOOK),
    (nn.Embedding(5, 2), [torch.tensor([], dtype=torch.int64)], LOOK),
    (nn.ReLU(), [torch.ones(3)], LOOK),
    (nn.ReLU(), [torch.ones(1, 3)], LOOK),
]  # fmt: skip


@pytest.mark.parametrize(("module", "inputs", "expected"), CURES)
def test_the_cure_of_a_layer_that_failed_is_told_from_its_attributes_and_its_input(module, inputs, expected):
    assert cure(module, *inputs) == expected


def raised(function):
    try:
        function()
    except Exception as error:
        return error


def test_a_forward_that_failed_names_its_layer_and_what_that_had_got():
    error = raised(lambda: nn.Linear(4, 2)(torch.ones(3, 5)))
    line = failures.users_line(error)
    assert line.startswith("test_findings.py:")
    layer = Layer("net.0", nn.Linear(4, 2), [torch.ones(3, 5), "word", torch.ones(2).long()])
    found = failures.failed(Trial(failed="forward", error=error, failed_in=layer))
    first = failures.first_line(error)
    assert found == Finding(
        "AD029", "error", f"The forward stops at 'net.0', Linear, which got (3, 5) float32, (2,) int64: {first}",
        f"'net.0', Linear, {line}", "nn.Linear(5, 2): the input has 5 features.",
    )  # fmt: skip
    found = failures.failed(Trial(failed="forward", error=ValueError(""), failed_in=Layer("", nn.ReLU(), ["word"])))
    assert found == Finding(
        "forward-failed", "error", "The forward stops at the model, ReLU, which got no tensor: ValueError", "the model, ReLU",
        "look at the shapes: print(autodiff.summary(model, input)).",
    )  # fmt: skip
    found = failures.failed(Trial(failed="forward", error=error))
    assert found == Finding("forward-failed", "error", f"The model failed: {first}", line)


def test_a_backward_or_a_step_that_failed():
    error = ValueError("  two\nlines")
    assert failures.first_line(error) == "ValueError: two"
    assert failures.first_line(ValueError("ends so: ")) == "ValueError: ends so"
    assert failures.users_line(error) == failures.users_line(None) == ""
    assert failures.failed(Trial(failed="backward", error=error)) == Finding(
        "backward-failed", "error", "loss.backward() failed: ValueError: two", "", "look at the operation that it names."
    )
    changed = Spot("exp", None, "0", "Own")
    assert failures.failed(Trial(failed="backward", error=error, changed=changed)) == Finding(
        "AD006", "error", "loss.backward() failed: ValueError: two", str(changed),
        "write x = x + 1 in place of x += 1, or change a clone(): backward needs the numbers as they were.",
    )  # fmt: skip
    assert failures.stopped(error) == Finding(
        "step-failed",
        "error",
        "optimizer.step() failed: ValueError: two",
        "",
        "look whether this optimizer is for such gradients.",
    )


def test_a_second_step_that_failed_blames_what_the_model_keeps():
    model = nn.Sequential(nn.Linear(2, 2))
    patient = SimpleNamespace(model=model)
    assert failures.again(ValueError("x"), patient) == Finding(
        "second-step-failed", "error", "The first step runs and the second fails: ValueError: x", "",
        "look for what the model keeps from one step to the next.",
    )  # fmt: skip
    model[0].leaf = torch.ones(2)
    assert failures.again(ValueError("x"), patient).code == "second-step-failed"
    model[0].kept = [torch.ones(2), model[0].weight * 2]
    assert failures.again(ValueError("x"), patient) == Finding(
        "AD005", "error", "The second step fails: the model keeps 'kept' from the step before, with its graph, through which "
        "backward() has been already.", "0.kept", "self.kept = self.kept.detach() before it is used again.",
    )  # fmt: skip


# ---- a loss that refused ----

SCORES, COLUMN, ROW = torch.zeros(8, 3), torch.zeros(8, 1), torch.zeros(8)
WHOLE = torch.arange(8) % 3
CLASSES = {"cross_entropy"}
PLACES = torch.zeros(8, 3, 2, 2)

TARGETS = [
    (SCORES, WHOLE[:, None], CLASSES, "target.squeeze(1)."),
    (SCORES, COLUMN, CLASSES, "target.squeeze(1).long(): class numbers are a row of whole numbers."),
    (SCORES, SCORES.long(), CLASSES,
     "target.argmax(dim=1): a row for each example is 1 at its class, and the loss wants the class's number."),
    (SCORES, WHOLE[:5], CLASSES, "input and target of the same examples: the output has 8 rows, the target 5."),
    (SCORES, ROW, CLASSES, "target.long(): class numbers are whole numbers."),
    (PLACES, torch.zeros(8, 2, 2), CLASSES, "target.long(): class numbers are whole numbers."),
    (SCORES, WHOLE + 1, CLASSES, "target - 1: with 3 scores the classes are 0 to 2, and these are 1 to 3."),
    (SCORES, WHOLE + 2, CLASSES, "5 scores for each example, as in nn.Linear(..., 5): the target has a class 4."),
    (SCORES, WHOLE * 2 + 1, {"nll_loss"}, "6 scores for each example, as in nn.Linear(..., 6): the target has a class 5."),
    (SCORES, WHOLE - 1, CLASSES, "classes from 0 on: the target has -1."),
    (SCORES, WHOLE, CLASSES, "loss(output, target): both are as they should be, so they are exchanged in the call."),
    (PLACES, torch.zeros(8, 2, 2).long(), CLASSES,
     "loss(output, target): both are as they should be, so they are exchanged in the call."),
    (SCORES, torch.tensor(1), CLASSES, None),
    (SCORES[:0], WHOLE[:0], CLASSES, None),
    (SCORES, torch.zeros(8, 2), CLASSES, None),
    (ROW, WHOLE, CLASSES, "target.float(): this loss compares numbers with a fraction."),
    (COLUMN, ROW, {"mse_loss"}, "output.squeeze(-1): a column of predictions and a row of targets do not belong together."),
    (COLUMN, WHOLE, {"mse_loss"},
     "output.squeeze(-1), and target.float(): a column of predictions and a row of targets do not belong together."),
    (torch.zeros(1), torch.tensor(0), CLASSES,
     "output.squeeze(-1): a column of predictions and a row of targets do not belong together."),
    (ROW, COLUMN, {"mse_loss"}, "target.squeeze(-1): a row of predictions and a column of targets do not belong together."),
    (SCORES, ROW, {"mse_loss"},
     "F.cross_entropy for class numbers, of 3 scores each; or one output, nn.Linear(..., 1), and squeeze(-1)."),
    (SCORES, SCORES.long(), {"mse_loss"}, "target.float(): this loss compares numbers with a fraction."),
    (SCORES, SCORES.double(), {"mse_loss"}, "target.to(torch.float32): it is float64, the output is float32."),
    (SCORES, SCORES, {"mse_loss"}, None),
    (SCORES, torch.zeros(4, 3), {"mse_loss"}, None),
    (torch.zeros(8, 3, 2), ROW, {"mse_loss"}, None),
]  # fmt: skip


@pytest.mark.parametrize(("output", "target", "through", "told"), TARGETS)
def test_what_to_write_in_place_of_a_target_that_a_loss_refused(output, target, through, told):
    assert targets._target(output, target, through) == told


def refused(output, target, loss_fn, model=None):
    patient = SimpleNamespace(target=target, loss_fn=loss_fn, model=model or nn.ReLU())
    return targets.refused(Trial(failed="loss", output=output, error=raised(lambda: loss_fn(output, target))), patient)


def test_an_output_that_is_no_tensor_is_told_with_what_is_in_it():
    assert refused(None, ROW, nn.functional.mse_loss) == Finding(
        "no-output", "error", "The model returns None.", "ReLU", "return the result at the end of forward."
    )
    say = "say which is meant: doctor(model, lambda out, target: loss_fn(out[{}], target), optimizer, batch)."
    for output, told, key in [
        ((SCORES, "word"), "tuple of (8, 3), str", "0"), ([ROW], "list of (8,)", "0"), ((), "tuple", "0"),
        ({"x": SCORES, "y": 1}, "dict of (8, 3), int", "'x'"), ({}, "dict", "0"), (2.5, "float", "0"),
    ]:  # fmt: skip
        found = refused(output, ROW, nn.functional.mse_loss)
        assert found.sentence == f"The model returns a {told}, and the loss takes one tensor."
        assert (found.code, found.severity, found.where, found.cure) == ("output-tuple", "error", "ReLU", say.format(key))


def own(output, target):
    raise ValueError("of mine")


def test_a_loss_that_refused_is_told_by_what_it_was_given():
    found = refused(ROW, ROW, lambda output: output.sum())
    assert (found.code, found.cure) == ("loss-arguments", "def loss_fn(output, target): the doctor calls it with these two.")
    assert found.sentence.startswith("The loss failed: TypeError: ")
    assert found.where.startswith("test_findings.py:")
    found = refused(SCORES, None, own)
    assert found == Finding(
        "loss-failed",
        "error",
        "The loss failed: ValueError: of mine",
        found.where,
        "look at the shapes of the output and the target: (8, 3).",
    )
    assert refused(SCORES, WHOLE, own).cure == "look at the shapes of the output and the target: (8, 3) and (8,)."
    found = refused(SCORES, WHOLE[:5], nn.functional.cross_entropy)
    assert (found.code, found.cure) == ("AD026", "input and target of the same examples: the output has 8 rows, the target 5.")
    for loss in (nn.functional.binary_cross_entropy, nn.BCELoss()):
        for shift in (-2.0, 2.0):
            found = refused(COLUMN + shift, COLUMN, loss)
            assert (found.code, found.severity) == ("not-probabilities", "error")
            assert found.cure == "use F.binary_cross_entropy_with_logits, which takes scores."
        assert refused(COLUMN, ROW, loss).code == "AD026"


def test_which_functions_an_error_came_through():
    assert "cross_entropy" in targets._through(raised(lambda: nn.functional.cross_entropy(SCORES, WHOLE[:5])))
    assert {"cross_entropy"} <= targets._through(raised(lambda: nn.CrossEntropyLoss()(SCORES, WHOLE[:5])))
    assert targets._through(raised(lambda: own(1, 2))) == targets._through(None) == set()
    assert targets._takes_two(own, 1, 2)
    assert not targets._takes_two(lambda a: a, 1, 2)
    assert targets._takes_two(print, 1, 2)
    assert targets._takes_two(dict.fromkeys, 1, 2)
    assert targets._takes_two(max, 1, 2), "a function whose signature nobody knows"


# ---- the loss ----

SPOT = Spot("mse_loss", None)


def of_value(loss, **known):
    return [
        (each.code, each.severity, each.sentence, each.where, each.cure) for each in losses.value(Trial(loss=loss, **known))
    ]


def test_a_loss_is_one_finite_number_with_a_graph():
    w = torch.ones(3, requires_grad=True)
    assert of_value((w * 2).sum()) == []
    assert of_value(1.5) == [
        ("no-loss", "error", "The loss is a float, and no Tensor: it has no graph to walk.", "",
         "return the tensor itself, without .item() or float()."),
    ]  # fmt: skip
    assert of_value(w * 2) == [
        ("AD014", "error", "The loss has the shape (3,): backward() needs one number.", "",
         "take its mean: loss.mean(), or reduction='mean'."),
    ]  # fmt: skip
    cuts = [(Spot("round", None), []), (SPOT, [])]
    assert of_value(torch.ones((), requires_grad=True), cuts=cuts) == [
        ("AD012", "error", "The loss is a leaf: backward() ends at it, and no parameter gets a gradient.", str(SPOT),
         "take requires_grad_() away, and what cuts the graph."),
    ]  # fmt: skip
    assert of_value(torch.ones((), requires_grad=True))[0][3] == ""
    compute = "compute the loss from the model's output, without detach(), .item(), argmax, a comparison or no_grad()."
    assert of_value(torch.ones(())) == [
        ("AD011", "error", "The loss has no graph: nothing that it is made of requires a gradient, so backward() has nothing "
         "to walk.", "", compute),
    ]  # fmt: skip
    assert of_value(torch.ones(()), cuts=[(Spot("argmax", None, "0", "Own"), [])]) == [
        ("AD011", "error", "The loss has no graph: it was cut off by argmax, so backward() has nothing to walk.",
         str(Spot("argmax", None, "0", "Own")), compute),
    ]  # fmt: skip
    cut = of_value((w * 2).sum().detach(), cuts=cuts)[0]
    assert cut[2] == "The loss has no graph: it was cut off by detach, so backward() has nothing to walk."
    assert cut[3].startswith("detach, test_findings.py:")
    looks = "look at the input for what is not finite."
    assert of_value((w * math.nan).sum()) == [("AD033", "error", "The loss is nan.", "", looks)]
    assert of_value((w * math.inf).sum(), strange=SPOT)[0][2:4] == (
        "The loss is ∞: mse_loss is the first to give such a number.",
        str(SPOT),
    )
    assert [each[0] for each in of_value(torch.tensor([math.nan, 1.0]))] == ["AD014", "AD033"]
    assert [each[0] for each in of_value(torch.tensor(3))] == ["AD011"]


@pytest.mark.parametrize(
    ("operation", "told"),
    [("softmax", "unmasked"), ("log", "min=1e-6).log()"), ("sqrt", "(x + 1e-6).sqrt()"), ("norm", "before the root"),
     ("div", "x / (y + 1e-6)"), ("exp", "more than 88"), ("pow", "keep its base above 0")],
)  # fmt: skip
def test_the_cure_of_what_makes_numbers_that_are_not_finite(operation, told):
    assert told in losses.born(Spot(operation, None))
    assert losses.born(Spot("atan", None)) == "look at what atan gets: very large numbers, or a weight that has grown."


def found_of(name, maker="", positive=False, target=None, ignored=-100):
    spot = Spot(name, None)
    found = losses._probabilities(LossCall(spot, [SCORES, ROW if target is None else target], maker, ignored, positive))
    assert found is None or (found.severity, found.where) == ("error", str(spot))
    return None if found is None else (found.code, found.sentence, found.cure)


def test_probabilities_where_scores_are_due_and_scores_where_logarithms_are():
    for maker in ("softmax", "sigmoid"):
        for name in ("cross_entropy", "binary_cross_entropy_with_logits", "binary_cross_entropy_of_weighted"):
            public = name.replace("of_weighted", "with_logits")
            assert found_of(name, maker) == (
                "AD025", f"{public} expects scores, but {maker} has already made probabilities of them, so the model hardly "
                "learns.",
                f"take {maker} out of the model; apply it only where probabilities are looked at.",
            )  # fmt: skip
        assert found_of("nll_loss", maker) == (
            "AD025", f"nll_loss takes log-probabilities, and gets what {maker} has made.",
            "use log_softmax in place of softmax; or take softmax out and use cross_entropy.",
        )  # fmt: skip
        assert found_of("binary_cross_entropy", maker) is None
        assert found_of("mse_loss", maker) is None
    assert found_of("nll_loss", "relu", True) == (
        "AD025", "nll_loss takes log-probabilities, which are never above 0, and gets scores.",
        "use cross_entropy, or end the model with nn.LogSoftmax(dim=1).",
    )  # fmt: skip
    for made in (
        ("nll_loss", "relu"),
        ("nll_loss", "log_softmax", True),
        ("nll_loss", "log", True),
        ("cross_entropy", "relu", True),
    ):
        assert found_of(*made) is None


@pytest.mark.parametrize("name", ["binary_cross_entropy_with_logits", "binary_cross_entropy_of_weighted"])
def test_targets_of_a_binary_loss_lie_between_0_and_1(name):
    said = "The targets of a binary loss are between 0 and 1, and these go from {} to {}."
    cure = "class 0 is 0.0 and class 1 is 1.0."
    assert found_of(name, target=ROW + 2) == ("target-range", said.format(2, 2), cure)
    assert found_of(name, target=torch.tensor([-1.0, 1.0])) == ("target-range", said.format("−1", 1), cure)
    assert found_of(name, target=torch.tensor([0.0, 1.0])) is None
    assert found_of(name, target=torch.zeros(0)) is None
    assert found_of("cross_entropy", target=ROW + 2) is None


def given(taught=(), **known):
    return [(each.code, each.sentence, each.where, each.cure) for each in losses.given(Trial(**known), [*taught])]


def test_what_the_loss_functions_were_given():
    double = [LossCall(Spot("cross_entropy", None), [SCORES, WHOLE], maker, -100, False) for maker in ("softmax", "sigmoid")]
    assert [each[0] for each in given(losses=double)] == ["AD025"], "once for each code"
    assert "softmax has" in given(losses=double)[0][1]
    twice = ("AD025", "A softmax is taken of a softmax: its gradient is too small to learn by.", str(SPOT),
             "take the first one away: cross_entropy wants scores.")  # fmt: skip
    assert given(twice=SPOT) == [twice]
    assert len(given(losses=double, twice=SPOT)) == 1
    assert given(across=SPOT) == [
        (
            "softmax-dim",
            "The log_softmax is taken over the examples, and not over the classes.",
            str(SPOT),
            "dim=1, in place of dim=0.",
        )
    ]
    told = SimpleNamespace(code="AD027")
    column = "Predictions and targets have different shapes{}: each prediction is compared with each target."
    out = "output.squeeze(-1), so that both have one shape."
    assert given([told], broadcast=(SPOT, (8, 1), (8,))) == [("AD027", column.format(" ((8, 1) and (8,))"), str(SPOT), out)]
    assert given(broadcast=(SPOT, (8,), (8, 1))) == [
        ("AD027", column.format(" ((8,) and (8, 1))"), str(SPOT), "bring both to one shape: target.squeeze(-1).")
    ]
    assert given([SimpleNamespace(code="AD001"), told, told], output=COLUMN) == [
        ("AD027", column.format(" (the output is (8, 1))"), "the loss", out)
    ]
    assert "(the output is ())" in given([told], output=[COLUMN])[0][1]
    assert given() == []


def at_first(output, target, fresh=True, name="cross_entropy", ignored=-100, loss=None):
    call = LossCall(Spot(name, None), [output, target], "", ignored, False)
    trial = Trial(loss=torch.tensor(2.5) if loss is None else loss, losses=[call])
    found, told = losses.at_first(trial, fresh)
    return [(each.code, each.severity, each.sentence, each.where, each.cure) for each in found], told


def test_the_first_loss_against_that_of_a_model_that_knows_nothing():
    knows = "2.5; a model that knows nothing of 3 classes has ln 3 = 1.099"
    assert at_first(SCORES, WHOLE) == ([], knows)
    sure = torch.zeros(8, 3)
    sure[:, 0] = 9.0
    wrong = torch.ones(8).long()
    expected = ("first-loss", "warning", "The model has not learned anything, and its loss is 9, where one that knows nothing "
                "has ln 3 = 1.099: it is sure, and wrong.", str(Spot("cross_entropy", None)),
                "smaller weights in the last layer, or an input of mean 0 and spread 1.")  # fmt: skip
    assert at_first(sure, wrong) == ([expected], knows)
    assert at_first(sure, wrong, name="nll_loss")[0][0][0] == "first-loss"
    assert at_first(sure, wrong, False) == ([], knows)
    for high, found in ((2.54, []), (2.57, ["first-loss"])):  # log(e**high + 2) against twice ln 3 and a half
        scores = torch.zeros(8, 3)
        scores[:, 0] = high
        assert [each[0] for each in at_first(scores, wrong)[0]] == found
    for other in [
        at_first(sure, wrong, name="mse_loss"), at_first(sure, sure), at_first(PLACES, wrong), at_first(sure, None),
        at_first(sure * math.inf, wrong), at_first(sure, wrong, ignored=1),
    ]:  # fmt: skip
        assert other == ([], "2.5")
    assert at_first(sure, wrong, loss=1.5) == at_first(sure, wrong, loss=torch.ones(2)) == ([], "")
    one = at_first(COLUMN, torch.zeros(8).long())
    assert one == ([("one-class", "error", "cross_entropy of one score is always 0: there is nothing to choose between.",
                     str(Spot("cross_entropy", None)),
                     "two scores for two classes; or one score and binary_cross_entropy_with_logits.")], "2.5")  # fmt: skip


def test_the_mean_of_a_loss_is_taken_over_the_targets_that_count():
    rng = np.random.default_rng(0)
    scores = torch.tensor(rng.normal(size=(6, 4)) * 50)
    target = torch.tensor([0, 1, 2, 3, 1, 1])
    for ignored in (-100, 1, 3):
        mean, classes = losses._knows_nothing(LossCall(Spot("cross_entropy", None), [scores, target], "", ignored, False))
        assert classes == 4
        assert mean == pytest.approx(nn.functional.cross_entropy(scores, target, ignore_index=ignored).item(), rel=1e-12)
    mean, _ = losses._knows_nothing(LossCall(Spot("nll_loss", None), [scores.log_softmax(1), target], "", -100, False))
    assert mean == pytest.approx(nn.functional.cross_entropy(scores, target).item(), rel=1e-12)
