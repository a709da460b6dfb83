"""Programs that nobody wrote, and what tests ask of a run of one."""

import numpy as np
from hypothesis import strategies as st

import autodiff as torch


def of(run, kind):
    """The events of a kind."""
    return [event for event in run.events if isinstance(event, kind)]


def same(a, b):
    """Whether two arrays are the same to the last bit."""
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


UNARY = ["exp", "tanh", "relu", "sigmoid", "sin", "neg", "square", "t_sum"]
BINARY = ["add", "mul", "sub", "maximum", "matmul"]


@st.composite
def programs(draw):
    """Instructions: (operation, operand, operand), by number among all that is there."""
    leaves = draw(st.integers(1, 3))
    one = st.tuples(st.sampled_from(UNARY + BINARY), st.integers(0, 50), st.integers(0, 50))
    steps = draw(st.lists(one, min_size=1, max_size=12))
    return leaves, steps, draw(st.integers(0, 10**6)), draw(st.booleans())


def run_program(program, watched):
    count, steps, seed, twice = program
    rng = np.random.default_rng(seed)
    shapes = [(3, 3), (3,), ()]
    leaves = [torch.tensor(rng.normal(size=shapes[k % 3]).astype("float32"), requires_grad=True) for k in range(count)]
    values = [*leaves, torch.tensor(rng.normal(size=(3, 3)).astype("float32"))]
    for name, a, b in steps:
        x, y = values[a % len(values)], values[b % len(values)]
        if name == "matmul":
            x, y = (v if v.ndim == 2 else v.expand(3, 3) for v in (x, y))
            values.append(torch.tanh(x @ y))
        elif name == "t_sum":
            values.append(x.sum() * 0.1)
        elif name in BINARY:
            values.append(getattr(torch, name)(x, y))
        else:
            values.append(getattr(torch, name)(torch.clamp(x, -2, 2)))
    loss = sum((v.sum() for v in values if v.requires_grad), torch.zeros(()))
    loss.backward(retain_graph=twice)
    if twice:
        loss.backward()
    return leaves
