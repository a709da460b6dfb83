"""Write docs/conformance.md: how much of PyTorch's own databases is here, and why the rest is not.

    python docs/make_conformance.py

It needs PyTorch and expecttest. The entries are those of the tests in tests/conformance/; each that is not offered must have a
reason below.
"""

import re
import sys
import textwrap
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "conformance.md"

# (which entries, what they are, why they are not here), the first that fits counts.
REASONS = [
    (r"fft\.|stft|istft|view_as_|complex$|polar|cdouble|cfloat|chalf|lu_unpack\b.*complex",
     "Complex numbers and Fourier transforms", "There are no complex numbers: a tensor of them is refused when it is made."),
    (r"sparse\.|to_sparse", "Sparse tensors", "Memory is dense; what makes a sparse tensor says so."),
    (r"masked\.", "`torch.masked`", "A prototype in PyTorch. Write `x.masked_fill(~mask, 0)`, or choose by `x[mask]`."),
    (r"signal\.windows", "Windows for signals", "They multiply a signal before its Fourier transform, which is not here."),
    (r"bfloat16", "bfloat16", "The dtype exists as an object; NumPy cannot hold its numbers."),
    (r".*_copy$", "Copies of views",
     "PyTorch's compiler needs a form of each view that copies; write the view and `.clone()`."),
    (r"_|torch\.|jiterator|native_|max_pool2d_with_indices_backward|grid_sampler_|hash_tensor|slice$|unsafe_",
     "What PyTorch keeps to itself", "Names that PyTorch's own functions call, or kernels for a GPU: no program needs them."),
    (r"optim\.SparseAdam", "SparseAdam", "It takes sparse gradients alone; its constructor says so."),
]  # fmt: skip

HEAD = """# What PyTorch's own tests say

PyTorch ships the inputs of its own tests: a database of operators, one of modules, and one of optimisers. The tests in
`tests/conformance/` run them against autodiff, with PyTorch as the judge. Whatever exists here has to agree in value, shape,
dtype and gradients, as a function, as a method and in place, and has to refuse what PyTorch refuses.

| database | entries | offered |
|---|---|---|
"""

DIFFERS = """
What is offered agrees, with one exception. `as_strided_scatter` has another gradient of its first input: PyTorch's is that of
the numbers that were overwritten, and fails PyTorch's own `gradcheck`.

This page is written by `python docs/make_conformance.py`; a test says when it is out of date.

## What is not offered
"""


def databases():
    """{database: (how many entries, the names of those that are not offered)}"""
    sys.path.insert(0, str(ROOT / "tests"))
    from conformance import test_layers, test_operators, test_optimisers

    operators, modules, optimisers = test_operators.op_db, test_layers.module_db, test_optimisers.optim_db
    return {
        "operators": (len(operators), [test_operators.title(op) for op in operators if op not in test_operators.HERE]),
        "modules": (len(modules), [info.name for info in modules if info not in test_layers.HERE]),
        "optimisers": (
            len(optimisers),
            [test_optimisers.path_of(info) for info in optimisers if info not in test_optimisers.HERE],
        ),
    }


def text():
    """The page; ValueError for an entry without a reason."""
    found, lines = databases(), []
    missing = [name for _, names in found.values() for name in names]
    rows = [f"| {database} | {count} | {count - len(names)} |" for database, (count, names) in found.items()]
    for pattern, title, reason in REASONS:
        names = [name for name in missing if re.match(pattern, name)]
        missing = [name for name in missing if name not in names]
        if not names:  # all of it is here by now
            continue
        listed = textwrap.fill(", ".join(f"`{name}`" for name in sorted(names)) + ".", 128, break_on_hyphens=False)
        lines += ["", f"**{title}.** {reason}", "", listed]
    if missing:
        raise ValueError(f"no reason is given for {', '.join(missing)}")
    return HEAD + "\n".join(rows) + "\n" + DIFFERS + "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(text(), encoding="utf-8")
