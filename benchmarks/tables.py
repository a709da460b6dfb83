"""What is claimed about speed, measured: a line for each claim, with the ratio to the peer and the target.

    python benchmarks/tables.py            everything, some minutes
    python benchmarks/tables.py --short    every program once or twice: for breakage, the figures mean little
    python benchmarks/tables.py steps optimizers  some sections

Needs an installed autodiff. PyTorch is a peer where it is installed. Every figure is a ratio, ours over theirs, of
medians over interleaved blocks (pairing.py): below 1 autodiff is faster. One thread each, unless a line says two.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

from pairing import one_thread, seconds

one_thread()

import normalizing as of_norms  # noqa: E402
import numpy as np  # noqa: E402  (the libraries read the number of threads when they are imported)
import operations as of_rows  # noqa: E402
import sequences as of_sequences  # noqa: E402
import windows as of_windows  # noqa: E402
from networks import by_hand, step_of  # noqa: E402

import autodiff  # noqa: E402
from autodiff import _kernels  # noqa: E402

try:
    import torch
except ModuleNotFoundError:
    torch = None

if not _kernels.BUILT:
    raise SystemExit("this source tree has not been built, and what is timed must be: python -m pip install -e .")

Line = tuple[str, str, float, float]  # work, peer, ratio, target
RNG = np.random.default_rng(0)
HERE = os.path.dirname(os.path.abspath(__file__))  # where Python starts: in a clone's root it would import the bare source


def normal(*shape: int, dtype: Any = np.float32) -> Any:
    """Normal numbers."""
    return RNG.normal(size=shape).astype(dtype)


def laid(array: Any, transposed: bool) -> Any:
    """The array, or the same numbers as a transpose's view."""
    return np.ascontiguousarray(array.T).T if transposed else array


def matmul(short: bool) -> Iterator[Line]:
    """The matrix product kernel, arrays in and an array out, against the faster of NumPy and PyTorch."""
    cubes = [64, 256] if short else [64, 97, 128, 255, 256, 512, 1024]
    ratios: list[float] = []
    for dtype in (np.float32, np.float64):
        cases: list[tuple[str, Any, Any]] = []
        for n in cubes:
            for name, ta, tb in (("A@B", False, False), ("A.T@B", True, False), ("A@B.T", False, True)):
                cases.append((f"{n}^3 {name}", laid(normal(n, n, dtype=dtype), ta), laid(normal(n, n, dtype=dtype), tb)))
        for n in cubes[:1] if short else (64, 256):
            cases.append((f"16 times {n}^3", normal(16, n, n, dtype=dtype), normal(16, n, n, dtype=dtype)))
            strided = [normal(2 * n, 2 * n, dtype=dtype)[::2, ::2] for _ in range(2)]
            cases.append((f"{n}^3, steps of 2", *strided))
        for name, a, b in cases:
            programs: list[Any] = [lambda a=a, b=b: _kernels.matmul(a, b), lambda a=a, b=b: np.matmul(a, b)]
            if torch is not None:
                x, y = torch.from_numpy(a), torch.from_numpy(b)
                programs.append(lambda x=x, y=y: torch.matmul(x, y))
            ours, *theirs = seconds(programs, short)
            ratios.append(ours / min(theirs))
            yield f"matmul kernel {np.dtype(dtype).name} {name}", "NumPy, PyTorch", ratios[-1], 1.10
    yield "matmul kernel, geometric mean", "NumPy, PyTorch", math.exp(np.mean(np.log(ratios))), 1.00


def products(short: bool) -> Iterator[Line]:
    """Small products and vectors against NumPy, and products of Tensors against PyTorch's."""
    for m, k, n in [(1, 8, 8), (8, 8, 8), (16, 16, 16), (32, 64, 10), (100, 16, 2), (1, 512, 512), (512, 512, 1)]:
        a, b = normal(m, k), normal(k, n)
        ours, theirs = seconds([lambda a=a, b=b: _kernels.matmul(a, b), lambda a=a, b=b: np.matmul(a, b)], short)
        yield f"matmul kernel {m}x{k}x{n}", "NumPy", ours / theirs, 0.90
    if torch is None:
        return
    for n in (8, 32, 64, 128, 256):
        a = normal(n, n)
        u, v = autodiff.from_numpy(a), torch.from_numpy(a)
        ours, theirs = seconds([lambda u=u: autodiff.matmul(u, u), lambda v=v: torch.matmul(v, v)], short)
        yield f"matmul of Tensors {n}^3", "PyTorch", ours / theirs, 0.80 if n <= 64 else 1.00


def entropy(short: bool) -> Iterator[Line]:
    """Softmax cross-entropy, forward and backward."""
    if torch is None:
        return
    sizes = [(32, 10), (128, 10), (128, 100), (1024, 1000), (4096, 1000), (256, 32000)]
    for n, c in sizes[:3] if short else sizes:
        data, target = normal(n, c), RNG.integers(0, c, n)

        def both(library: Any, data: Any = data, target: Any = target) -> Any:
            x, t = library.tensor(data, requires_grad=True), library.tensor(target)

            def run() -> None:
                x.grad = None
                library.nn.functional.cross_entropy(x, t).backward()

            return run

        ours, theirs = seconds([both(autodiff), both(torch)], short)
        yield f"cross entropy {n}x{c}, both ways", "PyTorch", ours / theirs, 0.50 if n * c <= 12800 else 0.70


def optimizers(short: bool) -> Iterator[Line]:
    """The update of one large tensor, of an MLP's, and of many small ones."""
    if torch is None:
        return
    large, small = [(10**7 if not short else 10**5,)], [(128, 64), (128,), (64, 128), (64,), (10, 64), (10,)]
    mlp = [(512, 784), (512,), (256, 512), (256,), (10, 256), (10,)] if not short else small
    plain, momentum = {"lr": 0.0}, {"lr": 0.0, "momentum": 0.9}
    nesterov = {**momentum, "nesterov": True, "weight_decay": 0.01}
    cases: list[tuple[str, str, list[tuple[int, ...]], dict[str, Any], float]] = [
        ("SGD", "one of 10M, plain", large, plain, 1.00),
        ("SGD", "one of 10M, momentum", large, momentum, 0.75),
        ("SGD", "one of 10M, nesterov and decay", large, nesterov, 0.20),
        ("SGD", "6 of an MLP, momentum", small, momentum, 0.25),
        ("SGD", "100 of 100, momentum", [(100,)] * 100, momentum, 0.25),
        ("SGD", "6 of 784-512-256-10, plain", mlp, plain, 0.60),
        ("SGD", "6 of 784-512-256-10, momentum", mlp, momentum, 0.40),
        ("Adam", "6 of 784-512-256-10", mlp, {}, 0.30),
        ("Adam", "100 of 100", [(100,)] * 100, {}, 0.10),
        ("AdamW", "6 of 784-512-256-10", mlp, {}, 0.30),
        ("AdamW", "100 of 100", [(100,)] * 100, {}, 0.10),
    ]
    for kind, name, shapes, options, target in cases:
        values = [(normal(*shape), normal(*shape)) for shape in shapes]

        def update(library: Any, kind: str = kind, values: Any = values, options: Any = options) -> Any:
            params = [library.tensor(p, requires_grad=True) for p, _ in values]
            for p, (_, g) in zip(params, values, strict=True):
                p.grad = library.tensor(g)
            return getattr(library.optim, kind)(params, **options).step

        ours, theirs = seconds([update(autodiff), update(torch)], short)
        yield f"{kind}, {name}", "PyTorch", ours / theirs, target


def steps(short: bool) -> Iterator[Line]:
    """A whole training step."""
    cases = [([64, 128, 10], 32, 0.22, 0.90), ([2, 16, 16, 2], 100, 0.22, 0.90), ([784, 128, 10], 64, 0.70, 0.95)]
    if not short:
        cases += [([784, 512, 256, 10], 128, 0.87, 0.95), ([1024, 1024, 1024, 1024, 10], 256, 0.95, 0.95)]
    for widths, batch, target, by_hand_target in cases:
        programs = [step_of(autodiff, widths, batch), by_hand(widths, batch)]
        if torch is not None:
            programs.append(step_of(torch, widths, batch))
        ours, hand, *theirs = seconds(programs, short)
        name = f"step {'-'.join(map(str, widths))}, batch {batch} ({ours * 1e6:.0f} us)"
        if theirs:
            yield name, "PyTorch", ours / theirs[0], target
        yield name, "NumPy by hand", ours / hand, by_hand_target


def chain(short: bool) -> Iterator[Line]:
    """1,000 operations on a 0-d tensor in a chain, forward and backward."""
    if torch is None:
        return

    def walk(library: Any) -> Any:
        x, w = library.tensor(1.0, requires_grad=True), library.tensor(0.999)

        def run() -> None:
            y = x
            for _ in range(1000):
                y = y * w
            y.backward()

        return run

    ours, theirs = seconds([walk(autodiff), walk(torch)], short)
    yield f"an operation on a 0-d tensor ({ours * 1e3:.1f} us)", "PyTorch", ours / theirs, 0.60


def scalars(short: bool) -> Iterator[Line]:
    """micrograd's kind of program: `x = x * w + w` 500 times, with one 0-d leaf w, and with what the collector has to walk."""
    if torch is None:
        return

    def record(library: Any, backward: bool) -> Any:
        w = library.tensor(0.9, requires_grad=True)

        def run() -> None:
            x = w
            for _ in range(500):
                x = x * w + w
            if backward:
                x.backward()

        return run

    for alive in (0, 300_000):
        kept = [[n] for n in range(alive)]
        for backward, target in ((False, 1.40), (True, 1.00)):
            ours, theirs = seconds([record(autodiff, backward), record(torch, backward)], short)
            what = "recorded, with backward" if backward else "recorded"
            name = f"x * w + w {what}, {len(kept)} more alive ({ours * 1e3:.1f} us)"
            yield name, "PyTorch", ours / theirs, target


def imports(short: bool) -> Iterator[Line]:
    """Starting Python and importing."""

    # A package that pip installed has its bytecode beside it; this run must not keep Python from writing it.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}

    def start(code: str) -> Any:
        return lambda: subprocess.run([sys.executable, "-c", code], check=True, env=environment, cwd=HERE)

    ours, theirs, nothing = seconds([start("import autodiff"), start("import numpy"), start("pass")], short)
    yield "import autodiff, less Python's start", "NumPy", (ours - nothing) / (theirs - nothing), 1.5


MEMORY = """
import sys
sys.path.insert(0, {folder!r})
from pairing import one_thread
one_thread()
import {library} as library, {library}.nn, {library}.optim
from networks import step_of
from pathlib import Path
# The peak of the import is forgotten: it may be larger than what stays, and hide what training takes.
Path("/proc/self/clear_refs").write_text("5")
def peak():
    return int(next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM")).split()[1])
before = peak()
step = step_of(library, {widths}, {batch})
for _ in range(10):
    step()
print(peak() - before)
"""


def grown(library: str, widths: list[int], batch: int) -> int:
    """How much the peak memory of a process grows while a network is trained, in kilobytes."""
    code = MEMORY.format(library=library, widths=widths, batch=batch, folder=HERE)
    return int(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, cwd=HERE).stdout)


def memory(short: bool) -> Iterator[Line]:
    """The peak memory of training, over what the import took."""
    if torch is None or not sys.platform.startswith("linux"):
        return
    cases = [([784, 512, 256, 10], 128)] if short else [([784, 512, 256, 10], 128), ([256] * 21, 1024)]
    for widths, batch in cases:
        name = "784-512-256-10" if len(widths) == 4 else "20 layers of 256"
        yield f"memory of training {name}", "PyTorch", grown("autodiff", widths, batch) / grown("torch", widths, batch), 1.05


def threads(short: bool) -> Iterator[Line]:
    """Two threads against one of ours, and against two of PyTorch's."""
    for n in (512,) if short else (512, 1024, 2048):
        a = normal(n, n)

        def ours(count: int, a: Any = a) -> Any:
            def run() -> None:
                autodiff.set_num_threads(count)
                _kernels.matmul(a, a)

            return run

        # After one thread comes two: the threads of another library look out for work for a while, on the second core.
        programs = [ours(1), ours(2)]
        if torch is not None:
            x = torch.from_numpy(a)
            torch.set_num_threads(2)
            programs.append(lambda x=x: torch.matmul(x, x))
        one, two, *theirs = seconds(programs, short)
        autodiff.set_num_threads(1)
        yield f"two threads, {n}^3", "one thread", two / one, 0.60
        if theirs:
            torch.set_num_threads(1)
            yield f"two threads, {n}^3", "PyTorch, two", two / theirs[0], 1.00


def windows(short: bool) -> Iterator[Line]:
    """Convolutions, pools, and a network of them."""
    return of_windows.windows(short, torch)


def operations(short: bool) -> Iterator[Line]:
    """Every operation that has a row in the tests, at 20,000 elements."""
    return of_rows.operations(short, torch)


def norms(short: bool) -> Iterator[Line]:
    """Norms, gelu, embeddings and sums."""
    return of_norms.normalizing(short, torch)


def sequences(short: bool) -> Iterator[Line]:
    """Models that read sequences: recurrent ones, and a GPT."""
    return of_sequences.models(short, autodiff, torch)


SECTIONS: dict[str, Callable[[bool], Iterator[Line]]] = {
    "matmul": matmul,
    "products": products,
    "entropy": entropy,
    "optimizers": optimizers,
    "steps": steps,
    "chain": chain,
    "scalars": scalars,
    "imports": imports,
    "memory": memory,
    "threads": threads,
    "norms": norms,
    "sequences": sequences,
    "windows": windows,
    "operations": operations,
}


def main() -> None:
    """Print the machine, the peers that are missing, and a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", nargs="*", metavar="section", help=f"of {', '.join(SECTIONS)}; all by default")
    parser.add_argument("--short", action="store_true", help="every program once or twice")
    options = parser.parse_args()
    for name in options.sections:
        if name not in SECTIONS:
            parser.error(f"there is no section {name!r}; there are {', '.join(SECTIONS)}")
    autodiff.set_num_threads(1)
    versions = f"Python {platform.python_version()}, NumPy {np.__version__}, autodiff {autodiff.__version__}"
    if torch is not None:
        torch.set_num_threads(1)
        versions += f", PyTorch {torch.__version__}"
    print(f"{platform.machine()}, {platform.system()}; {versions}; kernels {_kernels.INFO['isa'] or 'NumPy'}")
    if torch is None:
        print("PyTorch is not installed: the lines that compare with it are missing.")
    print(f"\n{'work':<64}{'against':<16}{'ratio':>7}{'target':>8}")
    for name in options.sections or SECTIONS:
        for work, peer, ratio, target in SECTIONS[name](options.short):
            print(f"{work:<64}{peer:<16}{ratio:>7.2f}{target:>8.2f}{'' if ratio <= target else '  missed'}", flush=True)


if __name__ == "__main__":
    main()
