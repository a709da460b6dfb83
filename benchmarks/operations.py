"""Every operation that has a row in tests/rows, at 20,000 elements beside PyTorch: forward, and forward with backward.

The rows say how an operation is called. Their inputs of a few elements are made larger: each size that occurs in a row becomes
another one everywhere in the row, so that shapes which fit still do. Where that is not possible (an index of three numbers, a
size in the call) the row has a call of its own for large inputs, in its field `large`, or says that another row of its name
stands for it.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from pairing import seconds

import autodiff

ELEMENTS = 20_000
# For a first shape with so many dimensions: what its sizes become, in the order in which they occur.
SIZES = {0: (), 1: (ELEMENTS,), 2: (100, 200), 3: (50, 8, 50), 4: (8, 8, 20, 16)}
SQUARE = {1: ELEMENTS, 2: 141, 3: 27}  # what a size becomes that all the dimensions share which are not of size 1


def larger(shapes: tuple[tuple[int, ...], ...]) -> tuple[tuple[int, ...], ...]:
    """The shapes with each size replaced by a larger one, equal ones by equal ones; 1 stays."""
    first = max(shapes, key=len)
    own = list(dict.fromkeys(n for n in first if n != 1))
    became = dict(zip(own, SIZES[len(first)], strict=False)) if len(own) > 1 else {n: SQUARE[first.count(n)] for n in own}
    return tuple(tuple(n if n == 1 else became.get(n, 100) for n in shape) for shape in shapes)


def measured(row: Any, torch: Any, arrays_for: Any, short: bool) -> tuple[float, str]:
    """(the larger of the two ratios, which it is): of one row."""
    shapes, call = row.large or (larger(row.shapes), row.call)
    arrays = arrays_for(row, np.float32, shapes)
    ratios = {}
    for way in ("forward",) if row.no_slope or row.torch_orders < 1 else ("forward", "both ways"):
        programs = []
        for library in (autodiff, torch):
            leaves = [library.tensor(a, requires_grad=True) for a in arrays]
            result = call(library, *leaves)
            assert max(result.numel(), *(a.size for a in arrays)) <= 50 * ELEMENTS, f"{row.id} is too large to be compared"
            seed = library.ones(tuple(result.shape), dtype=result.dtype)

            def forward(library: Any = library, leaves: Any = leaves) -> Any:
                return call(library, *leaves)

            def both(library: Any = library, leaves: Any = leaves, seed: Any = seed) -> Any:
                return library.autograd.grad(call(library, *leaves), leaves, seed, allow_unused=True)

            programs.append(forward if way == "forward" else both)
        ours, theirs = seconds(programs, short, quick=True)
        ratios[f"{way}, {ours * 1e6:.0f} us"] = ours / theirs
    worst = max(ratios, key=lambda way: ratios[way])
    return ratios[worst], worst


def operations(short: bool, torch: Any) -> Iterator[tuple[str, str, float, float]]:
    """Every operation at 20,000 elements, worst first; a first line says how many of them there are."""
    if torch is None:
        return
    sys.path.append(str(Path(__file__).resolve().parent.parent / "tests"))
    from laws import arrays_for
    from samples import ROWS

    rows = [row for row in ROWS if row.large is not None and not row.values]
    names = {row.name for row in rows}
    # Windows, sequences and losses have sections of their own, at sizes that suit them.
    elsewhere = {row.name for row in ROWS} - names
    assert len(names) > 4 * len(elsewhere), f"too few rows can be measured: none of {elsewhere}"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found, fixed = [], []
        for row in rows:
            try:
                found.append((*measured(row, torch, arrays_for, short), row.id))
            except (ArithmeticError, AssertionError, AttributeError, LookupError, RuntimeError, TypeError, ValueError):
                fixed.append(row.id)  # its call names the sizes of the row
    assert len(found) > len(fixed), f"too few rows can be measured: none of {fixed}"
    found.sort(reverse=True)
    ratios = [ratio for ratio, _, _ in found]
    middle = f"{len(names)} operations in {len(rows)} rows: the median of their ratios"
    yield middle, "PyTorch", float(np.median(ratios)), 3.00
    for ratio, way, name in found:
        yield f"{name} ({way})", "PyTorch", ratio, 15.00
