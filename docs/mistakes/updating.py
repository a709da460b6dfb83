"""Mistakes of the training loop: an update by hand, and the order of zero_grad, backward and step."""

from mistakes.mistake import Mistake

LOOP = """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    optimizer.zero_grad()
    F.cross_entropy(model(x), classes).backward()
    optimizer.step()
"""

UPDATING = {
    "AD008": Mistake(
        "The update of a parameter is not part of the model, so it must not be recorded. `no_grad()` says so; "
        "`optimizer.step()` takes care of it itself.",
        """\
w = torch.ones(3, requires_grad=True)
(x @ w).sum().backward()
w -= 0.1 * w.grad  # here
""",
        "to update a parameter by hand, do it under autodiff.no_grad()",
        """\
w = torch.ones(3, requires_grad=True)
(x @ w).sum().backward()
with torch.no_grad():
    w -= 0.1 * w.grad
""",
        see="06-who-gets-a-gradient.md#record-nothing",
    ),
    "AD009": Mistake(
        "`w = w - 0.1 * w.grad` computes a new tensor and gives it the name `w`. The parameter is the old one, and keeps its "
        "numbers; the new one is a result, and gets no `.grad`. `w -= ...` changes the parameter itself.",
        """\
w = torch.ones(3, requires_grad=True)
((x @ w - y) ** 2).mean().backward()
w = w - 0.1 * w.grad  # told
print(torch.why(w))
""",
        "write w -= 0.1 * w.grad",
        """\
w = torch.ones(3, requires_grad=True)
((x @ w - y) ** 2).mean().backward()
with torch.no_grad():
    w -= 0.1 * w.grad
""",
        see="01-a-gradient-is-a-slope.md#use-it",
    ),
    "AD010": Mistake(
        "Under `no_grad()` the new tensor does not even require a gradient. In a loop over parameters nothing fails: each name "
        "is given to a new tensor that nobody uses, and the model never changes. `p -= ...` changes the parameter itself.",
        """\
model = nn.Linear(3, 1)
for _ in range(2):
    model.zero_grad()
    F.mse_loss(model(x).squeeze(1), y).backward()
    with torch.no_grad():
        for p in model.parameters():
            p = p - 0.1 * p.grad  # here
""",
        "Write p -= 0.1 * p.grad",
        """\
model = nn.Linear(3, 1)
for _ in range(2):
    model.zero_grad()
    F.mse_loss(model(x).squeeze(1), y).backward()
    with torch.no_grad():
        for p in model.parameters():
            p -= 0.1 * p.grad
""",
        see="01-a-gradient-is-a-slope.md#use-it",
    ),
    "AD015": Mistake(
        "`backward()` adds to `.grad`, since a number that is used twice gets two gradients. It doesn't know where a new "
        "batch begins: you say so with `zero_grad()`.",
        """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
for _ in range(2):
    F.cross_entropy(model(x), classes).backward()
    optimizer.step()  # here
""",
        "Call optimizer.zero_grad() before backward(); if the sum is meant, say so by autodiff.accumulate(n)",
        LOOP,
        see="03-why-gradients-add-up.md#the-loop-that-seems-to-work",
    ),
    "AD016": Mistake(
        "`zero_grad()` between `backward()` and `step()` throws away what the step is about to use.",
        """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
F.cross_entropy(model(x), classes).backward()
optimizer.zero_grad()
optimizer.step()  # here
""",
        "The order is zero_grad(), backward(), step()",
        LOOP,
        see="03-why-gradients-add-up.md#the-three-lines-of-every-training-loop",
    ),
    "AD017": Mistake(
        "A step uses the gradients that are there. Without `backward()` there are none, and every parameter stays as it is.",
        """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
loss = F.cross_entropy(model(x), classes)
optimizer.step()  # here
""",
        "Call loss.backward() before it",
        LOOP,
        see="03-why-gradients-add-up.md#the-three-lines-of-every-training-loop",
    ),
    "AD018": Mistake(
        "`zero_grad()` takes the gradients away: `.grad` is None until the next `backward()`. None says that nothing has "
        "arrived; zeros would say that nothing matters. It also saves memory. If you want zeros, ask for them.",
        """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
def step():
    loss = F.cross_entropy(model(x), classes)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()  # told
    return torch.why(model.bias)

print(step())
""",
        "zero_grad(set_to_none=False) writes zeros instead",
        """\
model = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
loss = F.cross_entropy(model(x), classes)
loss.backward()
optimizer.step()
optimizer.zero_grad(set_to_none=False)
print(model.bias.grad)
""",
        see="03-why-gradients-add-up.md#two-ways-to-empty-it",
    ),
    "AD032": Mistake(
        "An optimizer holds the parameters that it was given. A layer that you put into the model later has other ones, and "
        "keeps its random start.",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 9))
optimizer = optim.SGD(model.parameters(), lr=0.1)
model[1] = nn.Linear(3, 3)
F.cross_entropy(model(x), classes).backward()
optimizer.step()  # here
""",
        "Make the optimizer after the model is complete",
        """\
model = nn.Sequential(nn.Linear(3, 3), nn.Linear(3, 9))
model[1] = nn.Linear(3, 3)
optimizer = optim.SGD(model.parameters(), lr=0.1)
F.cross_entropy(model(x), classes).backward()
optimizer.step()
""",
        see="04-step-is-not-magic.md#by-hand",
    ),
}
