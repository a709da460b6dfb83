"""What each kind of layer says of an input that does not fit, word for word; and that it says nothing of one that does."""

import re

import pytest

import autodiff
from autodiff import nn
from autodiff.nn.modules._wanted import what_is_wrong

SPACE = {1: "length", 2: "height, width", 3: "depth, height, width"}
TRAIN = (
    "one number per feature has no variance. Train with more than one example, as by drop_last=True in the DataLoader; to "
    "predict, call model.eval() first"
)
SMALL = "it is smaller than the kernel, {}. Give padding=, or shrink it less before"
FLAT = "Flatten it first: x.flatten(1), or nn.Flatten() before the layer"
BEHIND = "of the state must be the batch"

# How the layer is made, the shapes of what it is called with (or the values), and the sentence. {} is "got an input of shape
# (the first one)".
SAID = [
    ("Linear(3, 2)", [(4, 5)], "Linear(in_features=3) {}: the last axis must be 3. Or make the layer nn.Linear(5, 2)"),
    ("Linear(3, 2)", [()], "Linear(in_features=3) {}: the last axis must be 3"),
    ("Linear(12, 2)", [(4, 3, 2, 2)], f"Linear(in_features=12) {{}}: the last axis must be 12. {FLAT}"),
    ("Linear(6, 2)", [(4, 3, 2)], f"Linear(in_features=6) {{}}: the last axis must be 6. {FLAT}"),
    ("Linear(4, 2)", [(4, 1)], "Linear(in_features=4) {}: the last axis must be 4. Or make the layer nn.Linear(1, 2)"),
    ("Linear(3, 2)", [(3, 2)], "Linear(in_features=3) {}: the last axis must be 3. Or make the layer nn.Linear(2, 2)"),
    ("Bilinear(2, 3, 4)", [(5, 2), (5, 2)], "Bilinear(in2_features=3) {}: the last axis must be 3"),
    ("Bilinear(2, 3, 4)", [(5, 3), (5, 3)], "Bilinear(in1_features=2) {}: the last axis must be 2"),
    ("LayerNorm(3)", [(2, 4)], "LayerNorm(normalized_shape=(3,)) {}: the last axis must be 3"),
    ("LayerNorm((2, 3))", [(3,)], "LayerNorm(normalized_shape=(2, 3)) {}: the last axes must be (2, 3)"),
    ("RMSNorm((2, 3))", [(2, 3, 4)], "RMSNorm(normalized_shape=(2, 3)) {}: the last axes must be (2, 3)"),
    ("MultiheadAttention(4, 2)", [(2, 3, 5)] * 3,
     "MultiheadAttention(embed_dim=4) got a query of shape (2, 3, 5): the last axis must be 4"),
    ("MultiheadAttention(4, 2)", [(2, 3, 4), (2, 3, 5), (2, 3, 5)],
     "MultiheadAttention(embed_dim=4) got a key of shape (2, 3, 5): the last axis must be 4"),
    ("MultiheadAttention(4, 2, kdim=3, vdim=5)", [(2, 3, 4), (2, 3, 3), (2, 3, 3)],
     "MultiheadAttention(embed_dim=4) got a value of shape (2, 3, 3): the last axis must be 5"),
    ("Transformer(4, 2, 1, 1, 8)", [(2, 1, 5)] * 2, "Transformer(d_model=4) {}: the last axis must be 4"),
    ("Transformer(4, 2, 1, 1, 8)", [(2, 1, 4), (2, 1, 5)],
     "Transformer(d_model=4) got an input of shape (2, 1, 5): the last axis must be 4"),
    ("Conv1d(3, 4, 3)", [(2, 4, 8)],
     "Conv1d(in_channels=3) {}: axis 1, that of the channels, must be 3. Or make the layer nn.Conv1d(4, 4, ...)"),
    ("Conv2d(3, 4, 3)", [(1, 8, 8)],
     "Conv2d(in_channels=3) {}: axis 0, that of the channels, must be 3. Or make the layer nn.Conv2d(1, 4, ...)"),
    ("Conv1d(3, 4, 3)", [(2, 8, 3)],
     "Conv1d(in_channels=3) {}: axis 1, that of the channels, must be 3. Here the channels come last: x.movedim(-1, 1)"),
    ("Conv2d(3, 4, 3)", [(8, 8, 3)],
     "Conv2d(in_channels=3) {}: axis 0, that of the channels, must be 3. Here the channels come last: x.movedim(-1, 0)"),
    ("Conv2d(1, 4, 3)", [(9, 8, 8)], "Conv2d(in_channels=1) {}: axis 0, that of the channels, must be 1. For images without "
     "channels add the axis: x.unsqueeze(1)"),
    ("Conv2d(1, 4, 3)", [(9, 8, 8, 8)],
     "Conv2d(in_channels=1) {}: axis 1, that of the channels, must be 1. Or make the layer nn.Conv2d(8, 4, ...)"),
    ("Conv2d(3, 4, 3)", [(3, 3, 2, 2)], f"Conv2d(in_channels=3) {{}}: {SMALL.format('(3, 3)')}"),
    ("Conv2d(3, 4, (3, 2))", [(2, 3, 2, 2)], f"Conv2d(in_channels=3) {{}}: {SMALL.format('(3, 2)')}"),
    ("Conv2d(3, 4, (2, 3))", [(3, 2, 2)], f"Conv2d(in_channels=3) {{}}: {SMALL.format('(2, 3)')}"),
    ("Conv2d(3, 4, (2, 3), dilation=(3, 1))", [(2, 3, 3, 3)], f"Conv2d(in_channels=3) {{}}: {SMALL.format('(2, 3)')}"),
    ("Conv2d(3, 4, 5, padding=(1, 0))", [(2, 3, 3, 4)], f"Conv2d(in_channels=3) {{}}: {SMALL.format('(5, 5)')}"),
    ("Conv1d(3, 4, 5, padding='valid')", [(2, 3, 4)], f"Conv1d(in_channels=3) {{}}: {SMALL.format('(5,)')}"),
    ("ConvTranspose2d(3, 4, 3)", [(2, 1, 8, 8)],
     "ConvTranspose2d(in_channels=3) {}: axis 1, that of the channels, must be 3. Or "
     "make the layer nn.ConvTranspose2d(1, 4, ...)"),
    ("MaxUnpool2d(2)", [(3, 3), (3, 3)], "MaxUnpool2d {}, and wants (batch, channels, height, width)"),
    ("BatchNorm1d(3)", [(2, 4)], "BatchNorm1d(num_features=3) {}: axis 1, that of the features, must be 3"),
    ("BatchNorm1d(3)", [(2, 4, 3)], "BatchNorm1d(num_features=3) {}: axis 1, that of the features, must be 3"),
    ("BatchNorm1d(3)", [(3,)], "BatchNorm1d(num_features=3) {}, and wants (batch, 3) or (batch, 3, length)"),
    ("BatchNorm1d(3)", [(1, 3)], f"BatchNorm1d(num_features=3) {{}}: {TRAIN}"),
    ("BatchNorm2d(3)", [(1, 3, 1, 1)], f"BatchNorm2d(num_features=3) {{}}: {TRAIN}"),
    ("BatchNorm2d(3)", [(2, 4, 4, 4)], "BatchNorm2d(num_features=3) {}: axis 1, that of the features, must be 3"),
    ("InstanceNorm1d(3)", [(3,)], "InstanceNorm1d(num_features=3) {}, and wants (batch, 3, length)"),
    ("InstanceNorm1d(3, affine=True)", [(4, 5)], "InstanceNorm1d(num_features=3) {}: axis 0, that of the features, must be 3"),
    ("InstanceNorm1d(3, affine=True)", [(2, 4, 5)],
     "InstanceNorm1d(num_features=3) {}: axis 1, that of the features, must be 3"),
    ("InstanceNorm2d(3, affine=True)", [(4, 5, 5)],
     "InstanceNorm2d(num_features=3) {}: axis 0, that of the features, must be 3"),
    ("GroupNorm(2, 4)", [(2, 6)],
     "GroupNorm(num_groups=2, num_channels=4) {}: axis 1, that of the channels, must be 4"),
    ("GroupNorm(2, 4)", [(4,)], "GroupNorm(num_groups=2, num_channels=4) {}: axis 1, that of the channels, must be 4"),
    ("Embedding(3, 2)", [[1, 3]], "Embedding(num_embeddings=3) has the rows 0 to 2, and the input asks for row 3: make it "
     "nn.Embedding(4, 2), or look at how the input counts"),
    ("Embedding(3, 2)", [[0, 9]], "Embedding(num_embeddings=3) has the rows 0 to 2, and the input asks for row 9: make it "
     "nn.Embedding(10, 2), or look at how the input counts"),
    ("Embedding(3, 2)", [[1, -3]],
     "Embedding(num_embeddings=3) has the rows 0 to 2, and the input asks for row -3: look at how "
     "the input counts"),
    ("Embedding(3, 2)", [[-1, 5]],
     "Embedding(num_embeddings=3) has the rows 0 to 2, and the input asks for row -1: look at how "
     "the input counts"),
    ("Embedding(3, 2)", [[1.0]], "Embedding(num_embeddings=3) is indexed by whole numbers: write x.long()"),
    ("RNN(3, 4)", [(5, 2, 4)], "RNN(input_size=3, batch_first=False) {}: the last axis must be 3"),
    ("RNN(3, 4)", [(3,)], "RNN(input_size=3, batch_first=False) {}, and wants (steps, batch, 3), or (steps, 3)"),
    ("LSTM(3, 4, batch_first=True)", [(2, 5, 3, 1)],
     "LSTM(input_size=3, batch_first=True) {}, and wants (batch, steps, 3), or (steps, 3)"),
    ("GRU(3, 4)", [(2, 5, 3), (1, 2, 4)],
     f"GRU(input_size=3, batch_first=False) {{}}, that is (steps, batch, ...), and a state "
     f"of shape (1, 2, 4): axis 1 {BEHIND}, 5. Or is it (batch, steps, ...)? Then batch_first=True"),
    ("GRU(3, 4)", [(2, 5, 3), (1, 3, 4)],
     f"GRU(input_size=3, batch_first=False) {{}}, that is (steps, batch, ...), and a state "
     f"of shape (1, 3, 4): axis 1 {BEHIND}, 5"),
    ("GRU(3, 4, batch_first=True)", [(2, 5, 3), (1, 5, 4)],
     "GRU(input_size=3, batch_first=True) {}, that is (batch, steps, ...), "
     f"and a state of shape (1, 5, 4): axis 1 {BEHIND}, 2. Or is it (steps, batch, ...)? Then batch_first=False"),
    ("LSTM(3, 4)", [(2, 5, 3), ((1, 2, 4), (1, 2, 4))],
     "LSTM(input_size=3, batch_first=False) {}, that is (steps, batch, ...), "
     f"and a state of shape (1, 2, 4): axis 1 {BEHIND}, 5. Or is it (batch, steps, ...)? Then batch_first=True"),
    ("GRUCell(3, 4)", [(2, 4)], "GRUCell(input_size=3) {}: the last axis must be 3"),
    ("RNNCell(3, 4)", [(2, 3), (2, 5)], "RNNCell(hidden_size=4) got a state of shape (2, 5): the last axis must be 4"),
    ("LSTMCell(3, 4)", [(2, 3), ((2, 5), (2, 4))],
     "LSTMCell(hidden_size=4) got a state of shape (2, 5): the last axis must be 4"),
    ("GRUCell(3, 4)", [(3,), (5,)], "GRUCell(hidden_size=4) got a state of shape (5,): the last axis must be 4"),
]  # fmt: skip
for n, space in SPACE.items():  # the layers that there are for one, two and three dimensions
    below, above = (2,) * n, (2,) * (n + 3)
    SAID += [(f"{pool}{n}d({given})", [shape], f"{pool}{n}d {{}}, and wants (batch, channels, {space})")
             for pool, given in {"MaxPool": 2, "AvgPool": 2, "LPPool": "2, 2", "AdaptiveMaxPool": 2}.items()
             for shape in (below, above)]  # fmt: skip
    SAID += [(f"{conv}{n}d(1, 4, 3)", [shape],
              f"{conv}{n}d(in_channels=1) {{}}, and wants (batch, 1, {space}), or the same without batch")
             for conv in ("Conv", "ConvTranspose") for shape in (below, above)]  # fmt: skip
    SAID += [(f"InstanceNorm{n}d(2)", [shape], f"InstanceNorm{n}d(num_features=2) {{}}, and wants (batch, 2, {space})")
             for shape in (below, above)]  # fmt: skip
    SAID += [(f"BatchNorm{n}d(2)", [(2,) * (n + 3)], f"BatchNorm{n}d(num_features=2) {{}}, and wants "
              f"{'(batch, 2) or ' if n == 1 else ''}(batch, 2, {space})")]  # fmt: skip


def given_to(given):
    """Tensors of the shapes, tuples of them for tuples of shapes, and of the values in a list."""
    if isinstance(given, tuple) and given and isinstance(given[0], tuple):
        return tuple(autodiff.ones(shape) for shape in given)
    return autodiff.tensor(given) if isinstance(given, list) else autodiff.ones(given)


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("make", "given", "sentence"), SAID)
def test_what_is_said_of_an_input_that_does_not_fit(make, given, sentence):
    layer, args = eval(f"nn.{make}", {"nn": nn}), [given_to(each) for each in given]
    with pytest.raises(Exception) as caught:
        layer(*args)
    sentence = sentence.replace("{}", f"got an input of shape {given[0]}") + " (AD029)"
    text, notes = str(caught.value), getattr(caught.value, "__notes__", [])
    assert text.endswith(f". {sentence}") or sentence in notes, (text, notes)


FITTING = [
    ("Linear(3, 2)", [(3,)]), ("Linear(3, 2)", [(4, 5, 3)]), ("Bilinear(2, 3, 4)", [(5, 2), (5, 3)]),
    ("LayerNorm((2, 3))", [(2, 3)]),
    ("RMSNorm(3)", [(4, 3)]), ("MultiheadAttention(4, 2, kdim=3, vdim=5)", [(2, 3, 4), (2, 3, 3), (2, 3, 5)]),
    ("Transformer(4, 2, 1, 1, 8)", [(2, 1, 4), (3, 1, 4)]), ("Conv2d(3, 4, (2, 3))", [(3, 2, 3)]),
    ("Conv2d(3, 4, 3, padding=1)", [(2, 3, 1, 1)]), ("Conv1d(3, 4, 3, padding='same')", [(2, 3, 4)]),
    ("Conv1d(3, 4, 2, dilation=3)", [(3, 4)]), ("ConvTranspose1d(3, 4, 3)", [(2, 3, 1)]), ("MaxPool2d(2)", [(3, 2, 2)]),
    ("BatchNorm1d(3)", [(2, 3)]), ("BatchNorm1d(3)", [(1, 3, 2)]), ("BatchNorm2d(3)", [(1, 3, 2, 1)]),
    ("SyncBatchNorm(3)", [(2, 3)]),
    ("InstanceNorm2d(3, affine=True)", [(3, 4, 5)]), ("GroupNorm(2, 4)", [(2, 4, 3)]), ("Embedding(3, 2)", [[0, 2]]),
    ("RNN(3, 4)", [(5, 2, 3), (1, 2, 4)]), ("GRU(3, 4, batch_first=True)", [(5, 2, 3), (1, 5, 4)]), ("RNN(3, 4)", [(5, 3),
    (1, 4)]),
    ("LSTM(3, 4)", [(5, 2, 3), ((1, 2, 4), (1, 2, 4))]), ("GRUCell(3, 4)", [(3,), (4,)]), ("LSTMCell(3, 4)", [(2, 3)]),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize(("make", "given"), FITTING)
def test_nothing_is_said_of_an_input_that_fits(make, given):
    layer, args = eval(f"nn.{make}", {"nn": nn}), tuple(given_to(each) for each in given)
    layer(*args)
    assert what_is_wrong(layer, args) == ""


def test_one_example_is_no_mistake_in_evaluation():
    assert what_is_wrong(nn.BatchNorm1d(3).eval(), (autodiff.ones(1, 3),)) == ""


def test_where_nobody_knows_what_is_wanted():
    class Mine(nn.Linear):
        """A layer of the user's own may want anything."""

    x = autodiff.ones(4, 5)
    assert what_is_wrong(Mine(3, 2), (x,)) == what_is_wrong(nn.Linear(3, 2), ()) == what_is_wrong(nn.ReLU(), (x,)) == ""
    assert what_is_wrong(nn.Linear(3, 2), ([1.0, 2.0],)) == ""
    written = "It is a NumPy array: write autodiff.from_numpy(x) (AD030)"
    assert what_is_wrong(nn.Linear(3, 2), (x.numpy(),)) == written


@pytest.mark.parametrize("make", ["RNN(3, 4)", "GRUCell(3, 4)", "MultiheadAttention(4, 2)"])
def test_a_dtype_is_said_before_a_shape_where_pytorchs_words_stand(make):
    layer = eval(f"nn.{make}", {"nn": nn})
    wrong = what_is_wrong(layer, (autodiff.ones(2, 1, 9, dtype=autodiff.float64),) * 3)
    assert re.match(r"[A-Z].*float64", wrong), wrong
    assert "AD029" not in wrong
    assert "AD029" in what_is_wrong(layer, (autodiff.ones(2, 1, 9),) * 3)


def test_the_text_before_it_loses_its_full_stop_and_keeps_the_rest():
    class Told(nn.Linear):
        """An own forward, of a class that counts as the package's."""

        def forward(self, input):
            raise self.error

    Told._of_package = True
    layer = Told(3, 2)
    told = "Told(in_features=3) got an input of shape (4, 5): the last axis must be 3. Or make the layer nn.Told(5, 2) (AD029)"
    for error, args in {
        ValueError("no..."): (f"no. {told}",), RuntimeError("no", 2): (f"no. {told}", 2), KeyError("no"): ("no",),
        RuntimeError("no (AD001)"): ("no (AD001)",), RuntimeError(3): (3,), RuntimeError(): (),
    }.items():  # fmt: skip
        layer.error = error
        with pytest.raises(type(error)) as caught:
            layer(autodiff.ones(4, 5))
        assert caught.value.args == args
