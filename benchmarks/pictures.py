"""How cost grows, drawn: time per step against width, batch and depth; memory against depth; backward, pictures against nodes.

    python benchmarks/pictures.py            about five minutes; writes docs/pictures/*.svg
    python benchmarks/pictures.py --short    few and small sizes, into a folder of its own: for breakage

Needs matplotlib, and PyTorch where it is to be beside. One thread each; every point is a median over interleaved blocks.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pairing import one_thread, seconds

one_thread()

import matplotlib  # noqa: E402  (the libraries read the number of threads when they are imported)

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402
from networks import by_hand, step_of  # noqa: E402
from tables import grown, torch  # noqa: E402

import autodiff  # noqa: E402

LIBRARIES = {"autodiff": "C0", "PyTorch": "C1", "NumPy by hand": "C2"}


def programs(widths: list[int], batch: int) -> list[Any]:
    """The training steps that are compared, in the order of LIBRARIES."""
    steps = [step_of(autodiff, widths, batch), by_hand(widths, batch)]
    return [steps[0], step_of(torch, widths, batch), steps[1]] if torch is not None else [steps[0], None, steps[1]]


def curve(sizes: Sequence[int], network: Callable[[int], tuple[list[int], int]], short: bool) -> dict[str, list[float]]:
    """Microseconds per step of each library, over the sizes."""
    found: dict[str, list[float]] = {}
    for size in sizes:
        steps = dict(zip(LIBRARIES, programs(*network(size)), strict=True))
        steps = {name: step for name, step in steps.items() if step is not None}
        for name, value in zip(steps, seconds(list(steps.values()), short), strict=True):
            found.setdefault(name, []).append(value * 1e6)
    return found


def draw_steps(folder: Path, short: bool) -> None:
    """Time per training step against width, batch and depth."""
    most = 3 if short else 8
    panels: list[tuple[str, Sequence[int], Callable[[int], tuple[list[int], int]]]] = [
        ("width (2 layers, batch 32)", [2 ** (i + 3) for i in range(most)], lambda n: ([n, n, 10], 32)),
        ("batch (64-128-10)", [4**i for i in range(most - 1)], lambda n: ([64, 128, 10], n)),
        ("layers (64 wide, batch 32)", [2**i for i in range(most - 1)], lambda n: ([64] * n + [10], 32)),
    ]
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.4), sharey=True, layout="constrained")
    for axis, (title, sizes, network) in zip(axes, panels, strict=True):
        for name, values in curve(sizes, network, short).items():
            axis.loglog(sizes, values, "o-", color=LIBRARIES[name], label=name, markersize=3)
        axis.set_xlabel(title)
        axis.grid(True, which="major", alpha=0.3)
    axes[0].set_ylabel("µs per training step")
    axes[0].legend()
    save(figure, folder / "step.svg")


def draw_memory(folder: Path, short: bool) -> None:
    """Memory of training against depth."""
    depths = [2, 4] if short else [1, 2, 4, 8, 16, 32, 64]
    figure, axis = plt.subplots(figsize=(4.5, 3.4), layout="constrained")
    for name, library in (("autodiff", "autodiff"), ("PyTorch", "torch")):
        if library == "autodiff" or torch is not None:
            values = [grown(library, [256] * depth + [10], 1024) / 1024 for depth in depths]
            axis.loglog(depths, values, "o-", color=LIBRARIES[name], label=name, markersize=3)
    axis.set_xlabel("layers (256 wide, batch 1024)")
    axis.set_ylabel("MB over the import")
    axis.grid(True, which="major", alpha=0.3)
    axis.legend()
    save(figure, folder / "memory.svg")


def backward_seconds(library: Any, nodes: int) -> float:
    """One backward through a chain of operations on a 0-d tensor."""
    x, w = library.tensor(1.0, requires_grad=True), library.tensor(1.0)
    y = x
    for _ in range(nodes):
        y = y * w
    begin = time.perf_counter()
    y.backward()
    return time.perf_counter() - begin


def draw_backward(folder: Path, short: bool) -> None:
    """Time of one backward against the number of nodes."""
    counts = [10**i for i in range(2, 4 if short else 7)]
    figure, axis = plt.subplots(figsize=(4.5, 3.4), layout="constrained")
    for name, library in (("autodiff", autodiff), ("PyTorch", torch)):
        if library is not None:
            values = [min(backward_seconds(library, n) for _ in range(3)) for n in counts]
            axis.loglog(counts, values, "o-", color=LIBRARIES[name], label=name, markersize=3)
    axis.set_xlabel("nodes in a chain")
    axis.set_ylabel("seconds of one backward")
    axis.grid(True, which="major", alpha=0.3)
    axis.legend()
    save(figure, folder / "backward.svg")


def picture_seconds(nodes: int) -> float:
    """The picture of a chain, folded, as SVG."""
    y = autodiff.tensor(1.0, requires_grad=True)
    for _ in range(nodes):
        y = y * 1.5
    begin = time.perf_counter()
    autodiff.graph(y).svg()
    return time.perf_counter() - begin


def draw_pictures(folder: Path, short: bool) -> None:
    """Time of one folded picture against the number of nodes."""
    counts = [10**i for i in range(2, 4 if short else 6)]
    figure, axis = plt.subplots(figsize=(4.5, 3.4), layout="constrained")
    values = [min(picture_seconds(n) for _ in range(3)) for n in counts]
    axis.loglog(counts, values, "o-", color="C0", label="autodiff.graph(y).svg()", markersize=3)
    axis.set_xlabel("nodes in a chain")
    axis.set_ylabel("seconds of one picture")
    axis.grid(True, which="major", alpha=0.3)
    axis.legend()
    save(figure, folder / "graph.svg")


def save(figure: Any, path: Path) -> None:
    """Write a figure as SVG, the same bytes for the same figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, metadata={"Date": None})
    plt.close(figure)
    print(path)


def main() -> None:
    """Draw all pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--short", action="store_true", help="few and small sizes")
    parser.add_argument("--folder", type=Path, help="where to write (default: docs/pictures; with --short: here/pictures)")
    options = parser.parse_args()
    plt.rcParams["svg.hashsalt"] = "autodiff"
    autodiff.set_num_threads(1)
    if torch is not None:
        torch.set_num_threads(1)
    here = Path(__file__).resolve().parent
    folder = options.folder or (here / "pictures" if options.short else here.parent / "docs" / "pictures")
    draw_steps(folder, options.short)
    draw_memory(folder, options.short)
    draw_backward(folder, options.short)
    draw_pictures(folder, options.short)


if __name__ == "__main__":
    main()
