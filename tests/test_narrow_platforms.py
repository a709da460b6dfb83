"""On a platform of 32 bits NumPy's own integers are int32: in WebAssembly, so in every browser. Positions stay int64.

Such a platform is acted: in a process of its own NumPy's functions are made to return int32 before autodiff is imported.
"""

import subprocess
import sys
from pathlib import Path

import autodiff

ROOT = Path(autodiff.__file__).resolve().parent.parent

# What the two processes run. Each line gives a tensor or several.
PROGRAMS = """
torch.tensor([0, 7])
torch.tensor(7)
torch.tensor([[1], [2]])
torch.tensor([True, 2])
torch.tensor([torch.tensor(True), 2])
torch.as_tensor([1, 2])
torch.asarray(5)
torch.full((2,), 3)
torch.arange(3)
torch.arange(0, 5, 2)
torch.arange(2.5, dtype=torch.int64)
torch.LongTensor([1, 2])
torch.IntTensor([1, 2])
torch.ones(2).new_tensor([1, 2], dtype=torch.int64)
torch.argmax(x)
torch.argmax(x, 0)
torch.argmin(x, 1, keepdim=True)
torch.max(x, 0)
torch.min(x, 1)
torch.sort(x)
torch.sort(x, descending=True)
torch.argsort(x)
torch.topk(x, 2)
torch.median(x, 0)
torch.median(torch.tensor([[1.0, float("nan")]]), 1)
torch.nonzero(x)
torch.nonzero(x, as_tuple=True)
torch.argwhere(x)
torch.where(x > 1)
torch.nonzero(torch.tensor(3))
torch.bincount(torch.tensor([0, 2, 2]))
torch.unique(x, return_inverse=True, return_counts=True)
torch.unique(x, dim=0, return_inverse=True, return_counts=True)
torch.count_nonzero(x)
torch.count_nonzero(x, 0)
torch.tril_indices(2, 2)
torch.triu_indices(2, 2)
torch.randint(0, 5, (3,))
torch.randperm(4)
torch.multinomial(torch.tensor([1.0, 2.0]), 1)
torch.multinomial(torch.tensor([1.0, 2.0]), 3, replacement=True)
torch.tensor([1, 2]).sum()
torch.tensor([True, True]).sum()
torch.tensor([1, 2]).prod()
torch.tensor([1, 2]).cumsum(0)
torch.tensor([1, 2]).cumprod(0)
torch.tensor(3, dtype=torch.uint8).cumsum(0)
torch.tensor([1, 2]) + 1
torch.tensor([1, 2]) * True
torch.tensor([1, 2]) // 2
torch.tensor([1, 2]) ** 2
torch.tensor([True]) + 1
torch.tensor([True]) * 2
torch.where(torch.tensor([True]), 1, 2)
torch.nn.functional.one_hot(torch.tensor([0, 2]))
torch.repeat_interleave(torch.tensor([1, 2]), torch.tensor([1, 2]))
torch.gather(torch.arange(4), 0, torch.tensor([1, 2]))
torch.tensor([1, 2]).clamp(0, 1)
torch.tensor([1, 2]).roll(1)
torch.diff(torch.tensor([1, 4]))
torch.cat([torch.tensor([1]), torch.tensor([True])])
torch.meshgrid(torch.arange(2), torch.arange(2), indexing="ij")
torch.utils.data.default_collate([1, 2])
torch.utils.data.default_collate([(1, 2.5), (3, 4.5)])
torch.trunc(torch.tensor([1.5])).long()
"""

RUN = """
import warnings
import autodiff as torch
warnings.simplefilter("ignore")
x = torch.tensor([[3.0, 1.0, 2.0], [0.0, 5.0, 4.0]])

def dtypes(found):
    return str(found.dtype) if isinstance(found, torch.Tensor) else ", ".join(dtypes(each) for each in found)

for line in PROGRAMS.strip().splitlines():
    print(line, "->", dtypes(eval(line)))
"""

# NumPy's functions that return positions, counts, or integers of no dtype in particular.
NARROW = """
import numpy as np

def narrow(found):
    if isinstance(found, np.ndarray) and found.dtype == np.int64:
        return found.astype(np.int32)
    if isinstance(found, np.int64):
        return np.int32(found)
    if isinstance(found, tuple):
        parts = [narrow(each) for each in found]
        return type(found)(*parts) if hasattr(found, "_fields") else tuple(parts)
    return narrow(np.asarray(found)) if type(found) is int else found

def acted(function, unless=lambda args, kwargs: False):
    def act(*args, **kwargs):
        found = function(*args, **kwargs)
        return found if unless(args, kwargs) else narrow(found)
    act.__name__ = function.__name__
    return act

for name in ("argmax", "argmin", "argsort", "nonzero", "flatnonzero", "argwhere", "bincount", "searchsorted", "count_nonzero",
             "tril_indices", "triu_indices", "unravel_index", "lexsort", "digitize"):
    setattr(np, name, acted(getattr(np, name)))

whole_unique = np.unique
def unique(array, *args, **kwargs):
    found = whole_unique(array, *args, **kwargs)
    return (found[0], *(narrow(each) for each in found[1:])) if isinstance(found, tuple) else found
np.unique = unique

given = lambda at: lambda args, kwargs: kwargs.get("dtype") is not None or len(args) > at
np.arange = acted(np.arange, given(3))
np.indices = acted(np.indices, given(1))
plain = lambda args: bool(args) and all(type(n) in (int, bool) for n in flat(args[0]))

def flat(data):
    if isinstance(data, (list, tuple)):
        return [n for each in data for n in flat(each)]
    return [data]

for name in ("array", "asarray"):
    whole = getattr(np, name)
    setattr(np, name, acted(whole, lambda args, kwargs: kwargs.get("dtype") is not None or len(args) > 1 or not plain(args)))

for name in ("sum", "prod", "cumsum", "cumprod"):
    setattr(np, name, acted(getattr(np, name), lambda args, kwargs: kwargs.get("dtype") is not None
                            or getattr(args[0], "dtype", None) == np.int64))
assert np.argmax([1, 2]).dtype == np.array([1, 2]).dtype == np.arange(3).dtype == np.nonzero([1])[0].dtype == np.int32
assert np.array(7).dtype == np.asarray([1, 2]).dtype == np.sum(np.ones(2, bool)).dtype == np.int32
"""


def run(*parts):
    code = "\n".join(("PROGRAMS = " + repr(PROGRAMS), *parts))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=False)
    assert not done.returncode, done.stderr
    return done.stdout.splitlines()


def test_positions_are_int64_where_numpys_are_not():
    here, there = run(RUN), run(NARROW, RUN)
    assert len(here) == len(PROGRAMS.strip().splitlines())
    assert here == there
    assert "torch.argmax(x) -> torch.int64" in here
