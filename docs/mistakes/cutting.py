"""Mistakes by which a graph ends too early, or never begins."""

from mistakes.mistake import Mistake

CUTTING = {
    "AD011": Mistake(
        "Backward walks the graph from the loss to the tensors that require a gradient. Where none does, or the graph was cut "
        "on the way, there is nothing to walk. The message says where it ended last.",
        """\
model = nn.Linear(3, 1)
prediction = model(x).detach()  # told
loss = F.mse_loss(prediction.squeeze(1), y)
loss.backward()  # here
""",
        "or it was computed under no_grad(), after detach()",
        """\
model = nn.Linear(3, 1)
prediction = model(x)
loss = F.mse_loss(prediction.squeeze(1), y)
loss.backward()
""",
        see="06-who-gets-a-gradient.md#cut-it",
    ),
    "AD012": Mistake(
        "Where the graph was cut between the parameters and the loss, `backward()` says that there is nothing to walk. "
        "`requires_grad_()` takes that error away and leaves the cut: the loss becomes a leaf, and no parameter learns.",
        """\
model = nn.Linear(3, 1)
prediction = model(x).detach()
loss = F.mse_loss(prediction.squeeze(1), y)
_ = loss.requires_grad_()
loss.backward()  # here
""",
        "Take requires_grad_() away, and what cuts the graph: detach()",
        """\
model = nn.Linear(3, 1)
prediction = model(x)
loss = F.mse_loss(prediction.squeeze(1), y)
loss.backward()
""",
        see="06-who-gets-a-gradient.md#cut-it",
    ),
    "AD013": Mistake(
        "An accuracy counts: it stays the same while the scores move a little, and then it jumps. So it has no slope, and no "
        "graph. Train with a loss that has one, and print the accuracy beside it. (`round`, `sign` and `floor` have a graph, "
        "and a slope of 0 everywhere: the gradients are zeros, and `why(parameter, loss)` names the operation.)",
        """\
model = nn.Linear(3, 3)
accuracy = (model(x).argmax(1) == classes).float().mean()  # told
accuracy.backward()  # here
""",
        "Train with a loss that has a slope, such as cross_entropy of the scores",
        """\
model = nn.Linear(3, 3)
scores = model(x)
F.cross_entropy(scores, classes).backward()
accuracy = (scores.argmax(1) == classes).float().mean()
""",
        see="06-who-gets-a-gradient.md#cut-it",
    ),
    "AD028": Mistake(
        "A slope asks what happens when a number moves a little. Whole numbers can't move a little: write them with a decimal "
        "point.",
        """\
w = torch.tensor([1, 2, 3], requires_grad=True)  # here
""",
        "write 1.0 for 1, or give dtype=float32",
        """\
w = torch.tensor([1.0, 2.0, 3.0], requires_grad=True)
""",
        see="06-who-gets-a-gradient.md#freeze-it",
    ),
}
