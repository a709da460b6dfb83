"""Training steps of models that read sequences: a character LSTM, a GRU, and a small GPT, against PyTorch's."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pairing import seconds

RATE = 0.0  # so that every step does the same work
CHARACTERS = 65


def trained(library: Any, model: Any, optimizer: Any, shape: tuple[int, int]) -> Any:
    """A step on random characters: zero_grad, forward, cross entropy, backward, the optimiser."""
    x, t = (library.randint(0, CHARACTERS, shape) for _ in range(2))

    def step() -> Any:
        optimizer.zero_grad()
        loss = library.nn.functional.cross_entropy(model(x).view(-1, CHARACTERS), t.view(-1))
        loss.backward()
        optimizer.step()
        return loss

    return step


def recurrent(library: Any, kind: str, hidden: int = 128, steps: int = 50, batch: int = 32) -> Any:
    """A character model of one recurrent layer, by Adam."""
    nn = library.nn
    library.manual_seed(0)

    class Model(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.embedding = nn.Embedding(CHARACTERS, hidden)
            self.network = getattr(nn, kind)(hidden, hidden, batch_first=True)
            self.out = nn.Linear(hidden, CHARACTERS)

        def forward(self, x: Any) -> Any:
            y, _ = self.network(self.embedding(x))
            return self.out(y)

    model = Model()
    return trained(library, model, library.optim.Adam(model.parameters(), lr=RATE), (batch, steps))


def gpt(
    library: Any, by_hand: bool, layers: int = 4, width: int = 128, heads: int = 4, context: int = 64, batch: int = 12
) -> Any:
    """A small GPT by AdamW, whose attention is written out or one call."""
    nn, F = library.nn, library.nn.functional
    library.manual_seed(0)

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.norms = nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)])
            self.projections, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
            self.network = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
            self.register_buffer("seen", library.tril(library.ones(context, context)))

        def attention(self, x: Any) -> Any:
            n, steps, _ = x.shape
            parts = self.projections(x).split(width, 2)
            q, k, v = (part.view(n, steps, heads, width // heads).transpose(1, 2) for part in parts)
            if by_hand:
                scores = q @ k.transpose(-2, -1) * (1 / math.sqrt(width // heads))
                y = F.softmax(scores.masked_fill(self.seen[:steps, :steps] == 0, -math.inf), dim=-1) @ v
            else:
                y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            return self.out(y.transpose(1, 2).contiguous().view(n, steps, width))

        def forward(self, x: Any) -> Any:
            x = x + self.attention(self.norms[0](x))
            return x + self.network(self.norms[1](x))

    class Model(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.characters, self.places = nn.Embedding(CHARACTERS, width), nn.Embedding(context, width)
            self.blocks = nn.Sequential(*(Block() for _ in range(layers)))
            self.norm, self.out = nn.LayerNorm(width), nn.Linear(width, CHARACTERS)

        def forward(self, x: Any) -> Any:
            return self.out(self.norm(self.blocks(self.characters(x) + self.places.weight)))

    model = Model()
    return trained(library, model, library.optim.AdamW(model.parameters(), lr=RATE), (batch, context))


# The name of each model, its maker's, what that is told, and the target of its step.
MODELS = [
    ("a character LSTM(128), 50 steps, batch 32, Adam", "recurrent", ("LSTM",), 1.00),
    ("a character GRU(128), 50 steps, batch 32, Adam", "recurrent", ("GRU",), 1.00),
    ("a GPT 4x128, attention by hand, AdamW", "gpt", (True,), 0.90),
    ("the same with scaled_dot_product_attention", "gpt", (False,), 0.90),
]
MAKERS = {"recurrent": recurrent, "gpt": gpt}

MEMORY = """
import sys
sys.path.insert(0, {folder!r})
from pairing import one_thread
one_thread()
import {library} as library, {library}.nn, {library}.optim
from sequences import {maker}
from pathlib import Path
# The peak of the import is forgotten: it may be larger than what stays, and hide what training takes.
Path("/proc/self/clear_refs").write_text("5")
def peak():
    return int(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
before = peak()
step = {maker}(library, *{arguments})
for _ in range(10):
    step()
print(peak() - before)
"""


def grown(library: str, maker: str, arguments: tuple[Any, ...]) -> int:
    """How much the peak memory of a process grows while a model is trained, in kilobytes."""
    folder = str(Path(__file__).resolve().parent)
    code = MEMORY.format(library=library, maker=maker, arguments=arguments, folder=folder)
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=folder).stdout)


def models(short: bool, autodiff: Any, torch: Any) -> Iterator[tuple[str, str, float, float]]:
    """A step of each model, and the peak memory of training it, over what the import took."""
    if torch is None:
        return
    for name, maker, arguments, target in MODELS:
        ours, theirs = seconds([MAKERS[maker](library, *arguments) for library in (autodiff, torch)], short)
        yield f"step of {name}", "PyTorch", ours / theirs, target
        if sys.platform.startswith("linux") and not short:
            ratio = grown("autodiff", maker, arguments) / grown("torch", maker, arguments)
            yield f"memory of {name}", "PyTorch", ratio, 1.00
