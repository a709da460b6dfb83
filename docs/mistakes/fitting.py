"""Mistakes in what is given to a layer or a loss: its shape, its dtype, its class numbers."""

from mistakes.mistake import Mistake

FITTING = {
    "AD026": Mistake(
        "A classification loss wants one class number per row, a whole number (int64) that counts from 0. Data sets often "
        "count from 1, or give a column, or a table of 0 and 1. The message says which of these it found.",
        """\
model = nn.Linear(3, 3)
labels = torch.tensor([1, 2, 3, 1])
loss = F.cross_entropy(model(x), labels)  # here
""",
        "do your labels start at 1? Then write target - 1",
        """\
model = nn.Linear(3, 3)
labels = torch.tensor([1, 2, 3, 1])
loss = F.cross_entropy(model(x), labels - 1)
""",
        see="05-logits-in-loss-out.md#what-the-loss-is",
    ),
    "AD029": Mistake(
        "Each layer fixes one size of its input, most often that of the last axis: what the layer before it gives must be what "
        "it takes. The last line names the layer that failed by its place in the model.",
        """\
model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(4, 1))
prediction = model(x)  # here
""",
        "Linear(in_features=4) got an input of shape (4, 5): the last axis must be 4",
        """\
model = nn.Sequential(nn.Linear(3, 5), nn.ReLU(), nn.Linear(5, 1))
prediction = model(x)
""",
        see="seeing.md#what-does-a-model-do-to-an-input",
    ),
    "AD030": Mistake(
        "NumPy's numbers are float64, those of a layer are float32, and the two don't multiply. Convert data once, where it is "
        "read.",
        """\
import numpy as np
data = torch.from_numpy(np.linspace(0, 1, 12).reshape(4, 3))  # told
model = nn.Linear(3, 1)
prediction = model(data)  # here
""",
        "write data.float()",
        """\
import numpy as np
data = torch.from_numpy(np.linspace(0, 1, 12).reshape(4, 3)).float()
model = nn.Linear(3, 1)
prediction = model(data)
""",
        see="05-logits-in-loss-out.md#three-kinds-of-iris",
    ),
}
