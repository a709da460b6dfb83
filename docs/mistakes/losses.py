"""Mistakes that give a loss what it does not expect."""

from mistakes.mistake import Mistake

LOSSES = {
    "AD025": Mistake(
        "`cross_entropy` computes the softmax itself. If the model has applied one already, it takes a second one, of numbers "
        "between 0 and 1: even a perfect answer has a loss far from 0, and the gradient is small everywhere. `nll_loss` wants "
        "the logarithms of probabilities.",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Softmax(dim=1))
loss = F.cross_entropy(model(x), classes)  # here
""",
        "give it the scores, without softmax",
        """\
model = nn.Sequential(nn.Linear(3, 3))
loss = F.cross_entropy(model(x), classes)
loss = F.nll_loss(F.log_softmax(model(x), dim=1), classes)
""",
        see="05-logits-in-loss-out.md#softmax-twice",
    ),
    "AD027": Mistake(
        "A layer with one output gives a column, (N, 1), and the targets are often a row, (N,). Broadcasting makes a table of "
        "both, (N, N), in which each prediction is compared with each target. The model then learns the mean of the targets.",
        """\
model = nn.Linear(3, 1)
loss = F.mse_loss(model(x), y)  # here
""",
        "write input.squeeze(-1)",
        """\
model = nn.Linear(3, 1)
loss = F.mse_loss(model(x).squeeze(-1), y)
""",
        see="01-a-gradient-is-a-slope.md#a-loss",
    ),
}
