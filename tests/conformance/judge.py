"""How an entry of PyTorch's databases is judged: both libraries get the same, and what comes back has to be the same.

The inputs are PyTorch's own, which ship inside its package as `torch.testing._internal`. A number, an array or a tensor is
carried over through NumPy; what cannot be carried over, a complex number or a sparse tensor, is `Elsewhere`: that sample judges
nothing.
"""

import contextlib
import importlib
import itertools
import warnings

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")
pytest.importorskip("torch.testing._internal.common_methods_invocations", exc_type=ImportError)
# What PyTorch's tests forbid in their own process, other tests of this one do: setting a flag of a backend.
torch.backends.flags_frozen.__globals__["__allow_nonbracketed_mutation_flag"] = True
# Before each sample PyTorch looks for a test of unittest's through the source of every frame, and finds none.
for module in ("common_utils", "opinfo.core"):
    importlib.import_module(f"torch.testing._internal.{module}").extract_test_fn = lambda: None


class Elsewhere(Exception):
    """A sample that speaks of something that autodiff does not have, or that PyTorch itself refuses."""


# ---- from PyTorch's world into ours ----

_OPAQUE = (torch.layout, torch.memory_format, torch.Generator, complex)


class Carried:
    """What PyTorch's values are here; the same tensor twice stays the same. `leaves` are the pairs that get a gradient.

    With `memory` also tensors that share memory share it here, and one that shows a number several times does so.
    """

    def __init__(self, memory=False):
        self.known, self.leaves, self.memories = {}, [], {} if memory else None

    def __call__(self, value):
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        if isinstance(value, torch.Size):
            return tuple(value)
        if isinstance(value, torch.dtype):
            return attribute(autodiff, str(value).removeprefix("torch."))
        if isinstance(value, torch.device):
            return str(value)
        if value is torch.strided:
            return autodiff.strided if hasattr(autodiff, "strided") else refuse("layout")
        if isinstance(value, _OPAQUE):
            return refuse(type(value).__name__)
        if isinstance(value, tuple) and hasattr(value, "_fields"):
            return type(value)(*map(self, value))
        if isinstance(value, (list, tuple)):
            return type(value)(map(self, value))
        if isinstance(value, dict):
            return {key: self(each) for key, each in value.items()}
        if isinstance(value, slice):
            return slice(*map(self, (value.start, value.stop, value.step)))
        if value is None or value is Ellipsis or isinstance(value, (bool, int, float, str, np.generic, np.ndarray)):
            return value
        return self.function(value)

    def tensor(self, t):
        if id(t) in self.known:
            return self.known[id(t)][0]
        if t.layout != torch.strided or t.is_complex() or t.is_quantized or t.dtype == torch.bfloat16:
            refuse(f"{t.layout}, {t.dtype}")
        try:
            if self.memories is not None and not t.requires_grad:
                return self.seen(t)
            ours = autodiff.tensor(t.detach().resolve_neg().numpy().copy(), requires_grad=t.requires_grad)
        except (RuntimeError, TypeError, ValueError) as error:
            refuse(str(error))
        self.known[id(t)] = ours, t  # and t, so that its id stays its own
        if t.requires_grad:
            self.leaves.append((t, ours))
        return ours

    def seen(self, t):
        storage = t.untyped_storage()
        if storage.data_ptr() not in self.memories:
            whole = torch.empty(0, dtype=t.dtype).set_(storage, 0, (storage.nbytes() // t.itemsize,))
            self.memories[storage.data_ptr()] = autodiff.tensor(whole.numpy().copy()), storage
        memory = self.memories[storage.data_ptr()][0]
        self.known[id(t)] = memory.as_strided(tuple(t.shape), t.stride(), t.storage_offset()), t
        return self.known[id(t)][0]

    def function(self, value):
        name = getattr(value, "__name__", "")
        if getattr(value, "__module__", "").startswith("torch"):
            for home in (autodiff, autodiff.nn.functional):
                if hasattr(home, name):
                    return getattr(home, name)
        return refuse(name or type(value).__name__)


def refuse(what):
    raise Elsewhere(what)


def attribute(home, path):
    """What a dotted name means; `Elsewhere` where there is no such thing."""
    for name in path.split("."):
        try:
            home = getattr(home, name)
        except AttributeError:
            refuse(path)
    return home


def has(home, path):
    with contextlib.suppress(Elsewhere):
        return callable(attribute(home, path))
    return False


def apart(value, known):
    """A copy of what a sample holds, so that a call may change it; the same tensor twice stays the same."""
    if isinstance(value, torch.Tensor):
        if id(value) not in known:
            known[id(value)] = value.detach().clone().requires_grad_(value.requires_grad), value
        return known[id(value)][0]
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(apart(each, known) for each in value))
    if isinstance(value, (list, tuple)) and not isinstance(value, torch.Size):
        return type(value)(apart(each, known) for each in value)
    if isinstance(value, dict):
        return {key: apart(each, known) for key, each in value.items()}
    return value


# ---- what has to be the same ----


def parts(result):
    """The tensors and numbers of a result, in their order."""
    if isinstance(result, dict):
        return [part for key in sorted(result) for part in parts(result[key])]
    if isinstance(result, (list, tuple)):
        return [part for each in result for part in parts(each)]
    return [result]


def array_of(t):
    return np.asarray(t.detach().numpy(force=True) if hasattr(t, "detach") else t)


def assert_same(ours, theirs, what, rtol=1e-6, dtype=True):
    """Shape, dtype and every number; a number that is no tensor may be of either kind."""
    a, b = array_of(ours), array_of(theirs)
    assert a.shape == b.shape, f"{what}: shape {a.shape}, PyTorch's {b.shape}"
    if dtype and hasattr(theirs, "dtype"):
        assert a.dtype == b.dtype, f"{what}: dtype {a.dtype}, PyTorch's {b.dtype}"
    if b.dtype.kind in "fiub":
        np.testing.assert_allclose(a, b, rtol=rtol if b.dtype.kind == "f" else 0, atol=1e-8, err_msg=what)
    else:
        assert ours == theirs, what


def assert_all_same(ours, theirs, what, only_shapes=False, **how):
    a, b = parts(ours), parts(theirs)
    assert len(a) == len(b), f"{what}: {len(a)} results, PyTorch's {len(b)}"
    for i, (x, y) in enumerate(zip(a, b, strict=True)):
        if only_shapes:
            assert tuple(getattr(x, "shape", ())) == tuple(getattr(y, "shape", ())), f"{what} {i}: another shape"
        else:
            assert_same(x, y, f"{what} {i}", **how)


def walk_back(library, result):
    """Backward from every floating part of a result, each element with a weight of its own; whether there was one."""
    total = None
    for i, part in enumerate(parts(result)):
        if getattr(part, "requires_grad", False):
            weights = np.random.default_rng(i).standard_normal(tuple(part.shape))
            term = (part * library.tensor(weights).to(part.dtype)).sum()
            total = term if total is None else total + term
    if total is not None:
        total.backward()
    return total is not None


def assert_same_gradients(leaves, what):
    for i, (theirs, ours) in enumerate(leaves):
        if theirs.grad is None:
            continue
        expected = theirs.grad.to_dense().clone()
        if ours.grad is None:
            assert not expected.any(), f"{what}: no gradient for input {i}"
        else:
            assert_same(ours.grad, expected, f"{what}: gradient {i}", rtol=1e-5, dtype=False)


def some(items, count, among=80):
    """So many of the first items, spread over them evenly: the first and the last are there."""
    items = list(itertools.islice(items, among))
    if len(items) <= count:
        return items
    return [items[round(k * (len(items) - 1) / (count - 1))] for k in range(count)]


@contextlib.contextmanager
def quietly(seed=0):
    """Warnings aside, with the random numbers of both libraries, and NumPy's, from the same seed."""
    torch.manual_seed(seed)
    autodiff.manual_seed(seed)
    np.random.seed(seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
