"""Mistakes around `backward()`: a graph that is walked twice, and what is to be walked."""

from mistakes.mistake import Mistake

WALKING = {
    "AD001": Mistake(
        "Backward frees what the operations kept, as soon as it has passed them. A second walk finds nothing there: "
        "compute the loss again.",
        """\
model = nn.Linear(3, 3)
loss = F.cross_entropy(model(x), classes)
loss.backward()
loss.backward()  # here
""",
        "compute the loss anew for each backward",
        """\
model = nn.Linear(3, 3)
for _ in range(2):
    loss = F.cross_entropy(model(x), classes)
    loss.backward()
""",
        see="02-watch-backward.md#what-is-kept",
    ),
    "AD014": Mistake(
        "A gradient is that of one number. Of several, you say how they are to be one: by their sum, their mean, "
        "or a weight for each.",
        """\
w = torch.ones(3, requires_grad=True)
(x @ w).backward()  # here
""",
        "reduce it first, as in loss.sum().backward()",
        """\
w = torch.ones(3, requires_grad=True)
(x @ w).sum().backward()
(x @ w).backward(gradient=torch.ones(4))
""",
        see="01-a-gradient-is-a-slope.md#let-backward-compute-it",
    ),
}
