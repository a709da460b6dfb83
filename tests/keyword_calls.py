"""The calls of public functions that the rows make, in both libraries, and how each can be written with names."""

import contextlib
import functools
import inspect
import types
import warnings
from collections import defaultdict

import numpy as np
import pytest
from laws import arrays_for
from rows.without import PLAIN
from samples import ROWS
from torch_signatures import overloads

import autodiff

torch = pytest.importorskip("torch")

PUBLIC = [n for n in autodiff.__all__ if inspect.isroutine(getattr(autodiff, n)) and hasattr(torch, n)]
PUBLIC += [
    f"nn.functional.{n}"
    for n in autodiff.nn.functional.__all__
    if hasattr(torch.nn.functional, n)
    and inspect.unwrap(getattr(autodiff, n, id)) is not inspect.unwrap(getattr(autodiff.nn.functional, n))
]
# Switches, and what has no argument.
NO_CALL = """embedding_renorm_ are_deterministic_algorithms_enabled chain_matmul get_default_device get_default_dtype
    cholesky eig frobenius_norm geqrf lstsq lu lu_solve matrix_rank nuclear_norm qr solve symeig triangular_solve
    get_num_threads imag get_rng_state initial_seed is_anomaly_check_nan_enabled is_anomaly_enabled is_grad_enabled
    is_inference_mode_enabled manual_seed seed set_default_device set_default_dtype set_num_threads set_printoptions
    set_rng_state use_deterministic_algorithms compile get_float32_matmul_precision get_num_interop_threads
    is_deterministic_algorithms_warn_only_enabled is_warn_always_enabled set_default_tensor_type set_deterministic_debug_mode
    set_float32_matmul_precision set_flush_denormal set_num_interop_threads set_warn_always typename is_storage from_dlpack load
    save to_dlpack frombuffer get_deterministic_debug_mode lobpcg dsmm spmm sparse_bsc_tensor sparse_bsr_tensor
    sparse_compressed_tensor
    sparse_coo_tensor sparse_csc_tensor sparse_csr_tensor clear_autocast_cache is_autocast_enabled""".split()  # noqa: SIM905


class Listening:
    """A module whose public functions note how they are called."""

    def __init__(self, module, calls, path=""):
        self.module, self.calls, self.path = module, calls, path

    def __getattr__(self, name):
        value = getattr(self.module, name)
        path = f"{self.path}{name}"
        if isinstance(value, types.ModuleType):
            return Listening(value, self.calls, path + ".")
        if path not in PUBLIC:  # one function under two names
            path = path.removeprefix("nn.functional.")
        if path not in PUBLIC:
            return value

        def noted(*args, **kwargs):
            self.calls.append((path, args, kwargs))
            return value(*args, **kwargs)

        return noted


def function_of(module, path):
    for name in path.split("."):
        module = getattr(module, name)
    return module


def calls_of(module, run):
    calls = []
    with contextlib.suppress(RuntimeError, TypeError, ValueError):  # one library refuses it: other tests compare that
        run(Listening(module, calls))
    return calls


def inputs(row, module):
    return [module.tensor(a, requires_grad=True) for a in arrays_for(row)]


def plain_inputs(row, module):
    dtype = "int64" if "int64" in row.dtypes else row.dtypes[-1] or "float32"
    return [module.tensor(v.tolist()).to(getattr(module, dtype)) for v in row.values]


def collected():
    """{function: [(PyTorch's call, ours, the leaves it was computed from)]}, a call being (args, kwargs)."""
    found = defaultdict(list)
    runs = [(row.call, functools.partial(inputs, row)) for row in ROWS]
    runs += [(row.call, functools.partial(plain_inputs, row)) for row in PLAIN]
    for call, leaves_of in runs:
        leaves = leaves_of(autodiff)
        theirs = calls_of(torch, lambda m, call=call, leaves_of=leaves_of: call(m, *leaves_of(torch)))
        ours = calls_of(autodiff, lambda m, call=call, leaves=leaves: call(m, *leaves))
        for (name, *their), (also, *our) in zip(theirs, ours, strict=False):
            assert name == also
            found[name].append((their, our, leaves))
    return found


CALLS = collected()


def spellings(name, args, kwargs):
    """The ways to write the call with its last arguments by name: (how many by position, the names of the others)."""
    for names in overloads(name.rpartition(".")[2], function_of(torch, name)):
        names = ["input" if n == "self" else n for n in names]
        if len(args) <= len(names):
            for k in range(len(args)):
                if not set(names[k : len(args)]) & set(kwargs):
                    yield k, tuple(names[k : len(args)])


def written(spelling, args, kwargs, rename=None):
    k, names = spelling
    named = dict(zip(names, args[k:], strict=True))
    return args[:k], {(rename or {}).get(n, n): v for n, v in {**named, **kwargs}.items()}


def taken(function, args, kwargs):
    """The result of the call, in a tuple; None where it is refused."""
    try:
        return run(function, args, kwargs)
    except (TypeError, RuntimeError, ValueError, IndexError):
        return None


def run(function, args, kwargs):
    torch.manual_seed(0)
    autodiff.manual_seed(0)
    if function.__name__.endswith("_"):  # it changes what it is given
        args = [copied(a) for a in args]
        kwargs = {name: copied(a) for name, a in kwargs.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return (function(*args, **kwargs),)


def copied(a):
    return a.clone() if hasattr(a, "clone") else a


def same(a, b, leaves):
    """Whether two results are equal: values, dtypes, and gradients."""
    if isinstance(a, (tuple, list)):
        return len(a) == len(b) and all(same(p, q, leaves) for p, q in zip(a, b, strict=True))
    if not isinstance(a, autodiff.Tensor):
        return a == b
    if a.dtype != b.dtype or a.requires_grad != b.requires_grad or not equal(a, b):
        return False
    if not a.requires_grad:
        return True
    return all(equal(g, h) for g, h in zip(slopes(a, leaves), slopes(b, leaves), strict=True))


def equal(a, b):
    if a is None or b is None:
        return a is b
    return np.array_equal(a.numpy(force=True), b.numpy(force=True), equal_nan=a.dtype.is_floating_point)


def slopes(y, leaves):
    """The gradients; none for an operation whose backward is refused."""
    try:
        return autodiff.autograd.grad(y.sum(), leaves, retain_graph=True, allow_unused=True)
    except RuntimeError as error:
        if "not implemented" not in str(error):
            raise
        return []


def misses(function, args, kwargs):
    try:
        run(function, args, kwargs)
    except TypeError:
        return True
    except (RuntimeError, ValueError, IndexError):
        return False
    return False
