"""Norms, gelu, embeddings and sums against PyTorch's: forward and backward together, unless a line says otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from pairing import seconds

import autodiff

RNG = np.random.default_rng(0)


def normal(*shape: int) -> Any:
    """Normal numbers."""
    return RNG.normal(size=shape).astype(np.float32)


def _both(library: Any, call: Any, arrays: Any) -> Any:
    """The call on leaves, and the gradients of all of them."""
    leaves = [library.tensor(a, requires_grad=True) for a in arrays]
    g = library.tensor(np.ones(tuple(call(library, *leaves).shape), np.float32))

    def run() -> None:
        for leaf in leaves:
            leaf.grad = None
        call(library, *leaves).backward(g)

    return run


def _backward(library: Any, places: Any, rows: int, columns: int) -> Any:
    """The gradient of an embedding alone."""
    weight = library.zeros(rows, columns, requires_grad=True)
    y = library.nn.functional.embedding(library.tensor(places), weight)
    g = library.ones(*y.shape)

    def run() -> None:
        weight.grad = None
        y.backward(g, retain_graph=True)

    return run


def normalizing(short: bool, torch: Any) -> Iterator[tuple[str, str, float, float]]:
    """A line for each claim."""
    if torch is None:
        return
    classes = RNG.integers(0, 100, 2048)

    def entropy(T: Any, x: Any) -> Any:
        return T.nn.functional.cross_entropy(x, T.tensor(classes))

    def layer_norm(T: Any, x: Any, w: Any, b: Any) -> Any:
        return T.nn.functional.layer_norm(x, w.shape, w, b)

    def batch_norm(T: Any, x: Any, w: Any, b: Any) -> Any:
        return T.nn.functional.batch_norm(x, None, None, w, b, True)

    cases: list[tuple[str, Any, list[Any], float]] = [
        ("batch norm (32, 64, 24, 24)", batch_norm, [normal(32, 64, 24, 24), normal(64), normal(64)], 0.90),
        ("batch norm (128, 256)", batch_norm, [normal(128, 256), normal(256), normal(256)], 1.50),
        ("gelu, 393216", lambda T, x: T.nn.functional.gelu(x), [normal(393216)], 1.20),
        ("cross entropy (2048, 100)", entropy, [normal(2048, 100)], 0.75),
    ]
    for c in (128, 384):
        cases.append((f"layer norm (768, {c})", layer_norm, [normal(768, c), normal(c), normal(c)], 1.10))
    for name, call, arrays, target in cases:
        ours, theirs = seconds([_both(T, call, arrays) for T in (autodiff, torch)], short)
        yield f"{name}, both ways", "PyTorch", ours / theirs, target
    for rows, columns in ((65, 128), (50257, 384)):
        places = RNG.integers(0, rows, 768)
        ours, theirs = seconds([_backward(T, places, rows, columns) for T in (autodiff, torch)], short)
        yield f"embedding ({rows}, {columns}), backward", "PyTorch", ours / theirs, 0.30
    x = normal(768, 512)
    for name, reduced in (("sum(1)", lambda x: x.sum(1)), ("mean()", lambda x: x.mean()), ("var()", lambda x: x.var())):
        programs = [lambda a=a, f=reduced: f(a) for a in (autodiff.from_numpy(x), torch.from_numpy(x))]
        ours, theirs = seconds(programs, short)
        yield f"x.{name} of (768, 512)", "PyTorch", ours / theirs, 1.10
