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
}
