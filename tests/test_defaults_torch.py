"""The defaults of options are PyTorch's: read off its signatures, or off the first line of its documentation."""

import ast
import inspect
import re

import pytest

import autodiff

torch = pytest.importorskip("torch")

HEAD = re.compile(r"^\s*(?:torch\.)?(\w+)\((.*?)\)\s*->", re.MULTILINE | re.DOTALL)


def documented(function):
    """The default of every option in the first line of a docstring: f(input, dim=-1, *, out=None) -> Tensor."""
    found = {}
    for _, arguments in HEAD.findall(function.__doc__ or ""):
        for name, default in re.findall(r"(\w+)\s*=\s*([^,()]+|\([^()]*\))", arguments):
            try:
                found.setdefault(name, ast.literal_eval(default))
            except (ValueError, SyntaxError):
                continue
    return found


def defaults_of(function):
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return documented(function)
    return {p.name: p.default for p in parameters if p.default is not p.empty}


# Said in another word, with one meaning: the last dimension, all dimensions.
DIFFERENT = {
    *((name, "dim") for name in ("amax", "amin", "max", "median", "min", "nanmedian", "prod", "squeeze", "squeeze_", "topk")),
    *((name, "dim") for name in ("kthvalue", "mode")),  # None stands for the last dimension in PyTorch
    *((f"{kind}_pool{n}d{more}", "stride") for kind in ("avg", "max") for n in (1, 2, 3) for more in ("", "_with_indices")),
}
PLAIN = (bool, int, float, str, type(None))


def pairs():
    for name in autodiff.__all__:
        if callable(getattr(autodiff, name)) and hasattr(torch, name):
            yield f"torch.{name}", getattr(autodiff, name), getattr(torch, name)
    for name in dir(autodiff.ones(1)):
        if not name.startswith("_") and callable(getattr(autodiff.Tensor, name)) and hasattr(torch.Tensor, name):
            yield f"Tensor.{name}", getattr(autodiff.Tensor, name), getattr(torch.Tensor, name)
    for module in ("nn", "nn.functional", "nn.init", "nn.utils", "optim", "utils.data", "autograd", "autograd.functional"):
        ours, theirs = autodiff, torch
        for part in module.split("."):
            ours, theirs = getattr(ours, part), getattr(theirs, part)
        for name in ours.__all__:
            if hasattr(theirs, name) and callable(getattr(ours, name)):
                yield f"{module}.{name}", getattr(ours, name), getattr(theirs, name)


PAIRS = {name: both for name, *both in pairs()}


@pytest.mark.parametrize("name", PAIRS)
def test_defaults(name):
    ours, theirs = (defaults_of(f) for f in PAIRS[name])
    different = {
        option: (ours[option], theirs[option])
        for option in ours.keys() & theirs.keys()
        if (name.rpartition(".")[2], option) not in DIFFERENT
        # None here stands for what the function works out.
        and not (ours[option] is None or isinstance(theirs[option], str))
        and isinstance(theirs[option], PLAIN)
        and (ours[option] != theirs[option] or isinstance(ours[option], bool) != isinstance(theirs[option], bool))
    }
    assert not different


def test_every_function_that_is_a_method_in_pytorch_is_one_here():
    functions = {n for n in autodiff.__all__ if callable(getattr(torch, n, None)) and callable(getattr(torch.Tensor, n, None))}
    assert not [n for n in functions if not hasattr(autodiff.Tensor, n)]
