"""Mistakes in the slopes themselves: one that is not finite, one of another shape."""

from mistakes.mistake import Mistake

SLOPES = {
    "AD022": Mistake(
        "`.data` gives the same numbers outside the graph, and in the same memory. Writing to it also changes what an "
        "operation has kept for backward, and the gradient would be that of other numbers. In PyTorch it is, silently. It is "
        "safe to update a parameter by hand through `.data` if a forward pass comes before the next backward.",
        """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
loss = (w * w).sum()
w.data[0] = 10  # told
loss.backward()  # here
""",
        "compute the loss again, and then call backward(). A change through .data counts like any other",
        """\
w = torch.tensor([1.0, 2.0], requires_grad=True)
for _ in range(2):
    loss = (w * w).sum()
    w.grad = None
    loss.backward()
    w.data -= 0.1 * w.grad
""",
        see="engine.md#when-you-change-what-was-kept",
    ),
    "AD033": Mistake(
        "The slope of a square root at 0 is infinite, and a gradient of 0 times infinity is nan. From there on every sum that "
        "it enters is nan, and after a step the parameters are. The loss may look healthy until then. `where()` does not help: "
        "it computes both of its branches, and 0 times infinity is still nan.",
        """\
w = torch.zeros(3, requires_grad=True)
length = (w * w).sum().sqrt()  # told
length.backward()  # here
""",
        "Keep what goes into it above 0, as by clamp(min=1e-12)",
        """\
w = torch.zeros(3, requires_grad=True)
length = (w * w).sum().clamp(min=1e-12).sqrt()
length.backward()
""",
        see="seeing.md#why-is-there-no-gradient",
    ),
    "AD034": Mistake(
        "The `backward` of a Function of your own gives each input a gradient of that input's shape. One with more dimensions "
        "is summed, as if the input had been broadcast; only `strict()` tells you so. What can't be summed is an error.",
        """\
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x
    @staticmethod
    def backward(ctx, g):
        return 2 * g.sum()

w = torch.ones(3, requires_grad=True)
twice = Double.apply(w)  # told
twice.sum().backward()  # here
""",
        "Double.backward returns for each input of forward a gradient of its shape",
        """\
class Double(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        return 2 * x
    @staticmethod
    def backward(ctx, g):
        return 2 * g

w = torch.ones(3, requires_grad=True)
twice = Double.apply(w)
twice.sum().backward()
""",
        see="engine.md#try",
    ),
}
