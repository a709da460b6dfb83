"""Convolutions and pools beside PyTorch: forward and backward together, a training step of two networks, their memory.

One network is what most courses begin with: two convolutions, a pool, two linear layers, on images of 28 by 28. The other is a
block of a ResNet, whose input gets a gradient as in the middle of a network.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pairing import seconds

import autodiff

Line = tuple[str, str, float, float]  # work, peer, ratio, target
HERE = str(Path(__file__).resolve().parent)

# (name, shape of the input, shape of the weight, options, does the input get a gradient?, target)
CONVOLUTIONS: list[tuple[str, tuple[int, ...], tuple[int, ...], dict[str, int], bool, float]] = [
    ("(32,32,26,26) * 64 of 3x3", (32, 32, 26, 26), (64, 32, 3, 3), {}, True, 1.05),
    ("(8,64,32,32) * 64 of 3x3, padded", (8, 64, 32, 32), (64, 64, 3, 3), {"padding": 1}, True, 1.05),
    ("(32,64,16,16) * 64 of 3x3, padded", (32, 64, 16, 16), (64, 64, 3, 3), {"padding": 1}, True, 1.05),
    ("(8,64,32,32) * 128 of 3x3, every second", (8, 64, 32, 32), (128, 64, 3, 3), {"padding": 1, "stride": 2}, True, 1.05),
    ("(32,64,100) * 64 of 3", (32, 64, 100), (64, 64, 3), {}, True, 1.05),
    ("first layer (32,1,28,28) * 32 of 3x3", (32, 1, 28, 28), (32, 1, 3, 3), {}, False, 0.85),
    ("first layer (8,3,32,32) * 64 of 7x7", (8, 3, 32, 32), (64, 3, 7, 7), {"padding": 3, "stride": 2}, False, 0.85),
    ("(32,64,24,24) * 64 of 1x1", (32, 64, 24, 24), (64, 64, 1, 1), {}, True, 0.90),
    ("depthwise (32,64,24,24) of 3x3, padded", (32, 64, 24, 24), (64, 1, 3, 3), {"padding": 1, "groups": 64}, True, 1.00),
    ("small (32,128,8,8) * 128 of 3x3, padded", (32, 128, 8, 8), (128, 128, 3, 3), {"padding": 1}, True, 1.40),
    ("small (32,256,4,4) * 256 of 3x3, padded", (32, 256, 4, 4), (256, 256, 3, 3), {"padding": 1}, True, 1.40),
]


def numbers(*shape: int) -> Any:
    """Normal numbers, the same in every run."""
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def convolved(library: Any, x: Any, w: Any, options: dict[str, int], to_input: bool) -> Any:
    """Forward, and the gradients of input, weight and bias."""
    function = getattr(library, f"conv{x.ndim - 2}d")
    given = library.tensor(x, requires_grad=to_input)
    weight, bias = (library.tensor(a, requires_grad=True) for a in (w, w[:, 0].reshape(len(w), -1)[:, 0].copy()))
    wanted = [given, weight, bias] if to_input else [weight, bias]
    g = library.tensor(numbers(*function(given, weight, bias, **options).shape))
    return lambda: library.autograd.grad(function(given, weight, bias, **options), wanted, g)


def pooled(library: Any, name: str, x: Any, *options: int) -> Any:
    """Forward, and the gradient of the input."""
    function, given = getattr(library.nn.functional, name), library.tensor(x, requires_grad=True)
    g = library.tensor(numbers(*function(given, *options).shape))
    return lambda: library.autograd.grad(function(given, *options), [given], g)


def step_of(library: Any, batch: int = 32) -> Any:
    """zero_grad, forward, cross entropy, backward, SGD: of the network for images of 28 by 28."""
    library.manual_seed(0)
    nn = library.nn
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3), nn.ReLU(), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Linear(9216, 128), nn.ReLU(), nn.Linear(128, 10),
    )  # fmt: skip
    optimizer, criterion = library.optim.SGD(model.parameters(), lr=0.0), nn.CrossEntropyLoss()
    x, t = library.randn(batch, 1, 28, 28), library.randint(0, 10, (batch,))

    def step() -> None:
        optimizer.zero_grad()
        criterion(model(x), t).backward()
        optimizer.step()

    return step


def block_of(library: Any) -> Any:
    """zero_grad, forward, mean square, backward, SGD: of two convolutions with batch norm, and what goes past them."""
    library.manual_seed(0)
    nn = library.nn
    model = nn.Sequential(
        nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1, bias=False), nn.BatchNorm2d(64),
    )  # fmt: skip
    optimizer = library.optim.SGD(model.parameters(), lr=0.0, momentum=0.9)
    x = library.randn(32, 64, 16, 16, requires_grad=True)

    def step() -> None:
        optimizer.zero_grad()
        x.grad = None
        nn.functional.relu(model(x) + x).square().mean().backward()
        optimizer.step()

    return step


# The name of each network, what makes its step, and the target.
NETWORKS = [("a network with two convolutions, batch 32", step_of, 0.80), ("a ResNet block (32,64,16,16), SGD", block_of, 1.10)]

MEMORY = """
import sys
sys.path.insert(0, {folder!r})
from pairing import one_thread
one_thread()
import {library} as library, {library}.nn, {library}.optim
from pathlib import Path
from windows import {maker}
Path("/proc/self/clear_refs").write_text("5")
def peak():
    return int(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
before = peak()
step = {maker}(library)
for _ in range(10):
    step()
print(peak() - before)
"""


def grown(library: str, maker: str) -> int:
    """How much the peak memory of a process grows while a network is trained, in kilobytes."""
    code = MEMORY.format(library=library, maker=maker, folder=HERE)
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=HERE).stdout)


TWO_THREADS = """
import sys
sys.path.insert(0, {folder!r})
import autodiff
from pairing import seconds
from windows import step_of
step = step_of(autodiff)
def on_threads(count):
    def run():
        autodiff.set_num_threads(count)
        step()
    return run
one, two = seconds([on_threads(1), on_threads(2)], {short})
print(two / one)
"""


def two_for_one(short: bool) -> float:
    """A step on two threads for one on one, in a process of its own: PyTorch's idle threads would be on the second core."""
    code = TWO_THREADS.format(folder=HERE, short=short)
    return float(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=HERE).stdout)


def windows(short: bool, torch: Any) -> Iterator[Line]:
    """All of it."""
    if torch is not None:
        for name, shape, weight, options, to_input, target in CONVOLUTIONS[:1] if short else CONVOLUTIONS:
            x, w = numbers(*shape), numbers(*weight)
            ours, theirs = seconds([convolved(library, x, w, options, to_input) for library in (autodiff, torch)], short)
            yield f"convolution {name}, both ways", "PyTorch", ours / theirs, target
        for name, function, target in (("max", "max_pool2d", 1.00), ("average", "avg_pool2d", 0.90)):
            for options in [(2,)] if short else [(2,), (3, 2, 1)]:
                x = numbers(32, 64, 24, 24)
                ours, theirs = seconds([pooled(library, function, x, *options) for library in (autodiff, torch)], short)
                yield f"{name} pool (32,64,24,24) {options}, both ways", "PyTorch", ours / theirs, target
        for name, maker, target in NETWORKS:
            ours, theirs = seconds([maker(library) for library in (autodiff, torch)], short)
            yield f"step of {name}", "PyTorch", ours / theirs, target
            if sys.platform.startswith("linux") and not short:
                ratio = grown("autodiff", maker.__name__) / grown("torch", maker.__name__)
                yield f"memory of {name}", "PyTorch", ratio, 1.00
    yield "step of a network with two convolutions on two threads", "one thread", two_for_one(short), 0.65
