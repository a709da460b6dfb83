"""Mistakes in looking at what a program has computed."""

from mistakes.mistake import Mistake

LOOKING = {
    "AD019": Mistake(
        "Backward needs the gradient of every result on its way, and keeps only those of leaves, which are what learns: the "
        "others would take as much memory as the values. Ask before `backward()` for one that you want to see.",
        """\
w = torch.ones(3, requires_grad=True)
h = x @ w  # told
h.sum().backward()
h.grad  # here
""",
        "Call h.retain_grad() before backward()",
        """\
w = torch.ones(3, requires_grad=True)
h = x @ w
h.retain_grad()
h.sum().backward()
_ = h.grad
""",
        see="06-who-gets-a-gradient.md#two-layers-and-everything-learns",
    ),
    "AD020": Mistake(
        "A parameter gets a gradient if the loss was computed from it, and `backward()` was called on that loss. `why` says "
        "which of the two is missing, and whether an optimizer would use the gradient.",
        """\
body, head = nn.Linear(3, 3), nn.Linear(3, 3)
optimizer = optim.SGD(body.parameters(), lr=0.1)
loss = F.cross_entropy(body(x), classes)  # told
loss.backward()
print(torch.why(head.weight))
""",
        "was computed without it",
        """\
_ = torch.manual_seed(0)
body, head = nn.Linear(3, 3), nn.Linear(3, 3)
optimizer = optim.SGD([*body.parameters(), *head.parameters()], lr=0.1)
loss = F.cross_entropy(head(body(x)), classes)
loss.backward()
print(torch.why(head.weight))
""",
        see="seeing.md#why-is-there-no-gradient",
    ),
    "AD021": Mistake(
        "`detach()` cuts one tensor off its graph. Inside `no_grad()` nothing is recorded at all. `eval()` does neither: it "
        "only tells layers such as dropout to compute as they do when the model is used.",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5))
with torch.no_grad():  # told
    scores = model(x)

print(torch.why(scores))
""",
        "no_grad() records nothing at all; detach() cuts one tensor off; eval() does neither",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Dropout(0.5)).eval()
scores = model(x)
print(torch.why(scores))
""",
        see="06-who-gets-a-gradient.md#record-nothing",
    ),
    "AD023": Mistake(
        "NumPy computes outside the graph, so a gradient could not come back through it. Where none is wanted, in a plot or a "
        "printed number, say so: `detach()` gives the numbers without the graph.",
        """\
w = torch.ones(3, requires_grad=True)
curve = x @ w
points = curve.numpy()  # here
""",
        "write curve.detach().numpy(), for one number curve.item()",
        """\
w = torch.ones(3, requires_grad=True)
curve = x @ w
points = curve.detach().numpy()
""",
        see="06-who-gets-a-gradient.md#cut-it",
    ),
    "AD024": Mistake(
        "A loss leads to the whole graph that it was computed by. A list of losses, or a running sum of them, keeps all of "
        "these graphs alive, and memory grows with every step. Keep the numbers.",
        """\
model = nn.Linear(3, 3)
losses = []
with torch.watch() as run:
    for _ in range(3):
        loss = F.cross_entropy(model(x), classes)  # told
        loss.backward()
        losses.append(loss)
        model.zero_grad()

print(run.story.moments[-1].words)
""",
        "held by the list `losses`: 6 operations that nobody needs. Keep the numbers, as loss.item() gives them",
        """\
model = nn.Linear(3, 3)
losses = []
with torch.watch() as run:
    for _ in range(3):
        loss = F.cross_entropy(model(x), classes)
        loss.backward()
        losses.append(loss.item())
        model.zero_grad()

print(run.story.moments[-1].words)
""",
        see="02-watch-backward.md#what-is-kept",
    ),
}
