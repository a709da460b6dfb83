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
    "AD002": Mistake(
        "A sum keeps nothing for backward, so there is nothing to free, and a second walk is not an error. It adds the same "
        "gradients once more.",
        """\
w = torch.ones(3, requires_grad=True)
loss = (w + 1).sum()  # told
loss.backward()
loss.backward()  # here
""",
        "Compute the loss anew and clear the gradients before each backward",
        """\
w = torch.ones(3, requires_grad=True)
for _ in range(2):
    w.grad = None
    loss = (w + 1).sum()
    loss.backward()
""",
        see="03-why-gradients-add-up.md#a-number-that-is-used-twice",
    ),
    "AD003": Mistake(
        "Two losses that come from one result share the way back from there. The first backward frees it. `retain_graph=True` "
        "would keep it; adding the losses is shorter, and walks it once.",
        """\
trunk, one, two = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 1)
h = trunk(x).tanh()  # told
loss1 = F.cross_entropy(one(h), classes)  # told
loss2 = F.mse_loss(two(h).squeeze(1), y)
loss1.backward()
loss2.backward()  # here
""",
        "Both losses share `h`. Add them and walk once: (loss1 + loss2).backward()",
        """\
trunk, one, two = nn.Linear(3, 3), nn.Linear(3, 3), nn.Linear(3, 1)
h = trunk(x).tanh()
loss1 = F.cross_entropy(one(h), classes)
loss2 = F.mse_loss(two(h).squeeze(1), y)
(loss1 + loss2).backward()
""",
        see="03-why-gradients-add-up.md#a-number-that-is-used-twice",
    ),
    "AD004": Mistake(
        "`retain_graph=True` keeps the graph, but `step()` changes the parameters in place, and the slopes that were kept are "
        "those of the old ones.",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
optimizer = optim.SGD(model.parameters(), lr=0.1)
loss = F.cross_entropy(model(x), classes)  # told
for _ in range(2):
    optimizer.zero_grad()
    loss.backward(retain_graph=True)  # here
    optimizer.step()  # told
""",
        "after an optimizer's step, compute the loss again, and then call backward()",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Tanh(), nn.Linear(3, 3))
optimizer = optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    loss = F.cross_entropy(model(x), classes)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
""",
        see="03-why-gradients-add-up.md#the-three-lines-of-every-training-loop",
    ),
    "AD005": Mistake(
        "A state that goes from one round of a loop to the next brings its graph along, and `backward()` would walk through "
        "all the rounds before. `detach()` keeps the numbers and cuts the graph.",
        """\
cell, h = nn.RNNCell(3, 3), torch.zeros(4, 3)
for _ in range(2):
    h = cell(x, h)  # told
    loss = F.cross_entropy(h, classes)  # told
    loss.backward()  # here
""",
        "Cut it off before the next round: h = h.detach()",
        """\
cell, h = nn.RNNCell(3, 3), torch.zeros(4, 3)
for _ in range(2):
    h = cell(x, h.detach())
    loss = F.cross_entropy(h, classes)
    loss.backward()
""",
        see="06-who-gets-a-gradient.md#cut-it",
    ),
    "AD006": Mistake(
        "`exp` keeps its result for backward, since that is its slope. Changing this result in place destroys it. Other "
        "changes in place are fine (AD007): a product keeps its factors and not its result.",
        """\
w = torch.ones(3, requires_grad=True)
h = w.exp()  # told
_ = h.add_(1)  # told
h.sum().backward()  # here
""",
        "Write `h = h + 1`",
        """\
w = torch.ones(3, requires_grad=True)
h = w.exp()
h = h + 1
h.sum().backward()
h = w * 2
_ = h.add_(1)
h.sum().backward()
""",
        see="02-watch-backward.md#what-is-kept",
    ),
    "AD007": Mistake(
        "Some write `clone()` everywhere, having heard that nothing may be changed in place. What matters is whether backward "
        "still needs the numbers: `saved` says what an operation keeps, and [a page](../reference/kept.md) has them all.",
        """\
w = torch.ones(3, requires_grad=True)
h = w * 2  # told
print(torch.saved(h))
""",
        "its inputs and its result may be changed in place",
        """\
w = torch.ones(3, requires_grad=True)
h = w * 2
_ = h.add_(1)
h.sum().backward()
print(w.grad)
""",
        see="02-watch-backward.md#what-is-kept",
    ),
    "AD014": Mistake(
        "A gradient belongs to one number. If you have several, you say how to make one of them: by their sum, their mean, or "
        "a weight for each.",
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
