"""Every public function called with arguments that do not fit: PyTorch's class of error, and the arguments as they were."""

import re
import warnings

import pytest

import autodiff

torch = pytest.importorskip("torch")

# What changes a state of the library, is a class, or takes no tensor.
OTHERS = {
    "enable_grad",
    "tensor",
    "get_num_threads",
    "set_num_threads",
    "set_rng_state",
    "is_grad_enabled",
    "device",
    "is_anomaly_check_nan_enabled",
    "is_anomaly_enabled",
    "finfo",
    "from_numpy",
    "set_default_dtype",
    "Generator",
    "set_observer",
    "initial_seed",
    "iinfo",
    "is_inference_mode_enabled",
    "get_default_dtype",
    "seed",
    "manual_seed",
    "as_tensor",
    "as_torch",
    "load",
    "set_default_tensor_type",
    "Size",
    "asarray",
    "set_printoptions",
    "set_grad_enabled",
    "Tensor",
    "get_rng_state",
    "inference_mode",
    "dtype",
    "set_provenance",
    "no_grad",
}
MODULES = {
    "accelerator", "amp", "autograd", "backends", "compiler", "cuda", "datasets", "distributed",
    "distributions", "hub", "jit", "linalg", "mps",
    "multiprocessing", "nn", "onnx", "optim", "profiler", "random", "special", "testing", "utils", "version", "xpu",
}
NAMES = [
    name
    for name in autodiff.__all__
    if name not in OTHERS
    and name not in MODULES
    and not name.endswith(("Tensor", "Storage", "_dlpack"))
    and not re.match(r"(adaptive_)?(avg|max)_pool|conv(_transpose)?\dd|conv_tbc|convolution", name)
    and callable(getattr(autodiff, name))
    and not isinstance(getattr(autodiff, name), autodiff.dtype)
]
POOL = {
    "matrix": lambda m: m.arange(6.0).reshape(2, 3) + 1,
    "number": lambda m: m.tensor(2.5),
    "empty": lambda m: m.ones(0),
    "list": lambda m: [1.0, 2.0],
    "text": lambda m: "a",
    "-9": lambda m: -9,
    "None": lambda m: None,
}
CALLS = [*((a,) for a in POOL), *(("matrix", a) for a in ("empty", "list", "text", "-9", "None")), ("text", "-9")]

# Where autodiff takes what PyTorch refuses, or refuses it with another class. A word of the value is an argument.
KNOWN = {
    # a number for a tensor
    **dict.fromkeys(["hypot", "logaddexp"], "-9"),
    # ints one by one, as the method takes them
    **dict.fromkeys(["broadcast_to", "flip", "permute", "reshape", "tile"], "-9"),
    # None as if the argument were left out
    **dict.fromkeys(["bernoulli", "cumulative_trapezoid", "frobenius_norm", "normal"], "None"),
    **dict.fromkeys(["nuclear_norm", "trapezoid", "trapz", "where"], "None"),
    # TypeError for PyTorch's AttributeError, RuntimeError or NotImplementedError
    "norm": "list text -9 None",
    "tensordot": "list text -9 None",
    "randint_like": "empty",
    "repeat_interleave": "matrix number empty",
    "unravel_index": "-9",
    # a tensor for a bool: TypeError for PyTorch's RuntimeError
    "unique_consecutive": "empty",
}


def outcome(m, name, call):
    arguments = [POOL[a](m) for a in call]
    before = [repr(a) for a in arguments]
    try:
        getattr(m, name)(*arguments)
    except Exception as error:
        raised = type(error)
    else:
        raised = None
    if raised is not None or not name.endswith("_"):  # torch.selu_ and its like change what they are given
        assert [repr(a) for a in arguments] == before, (name, call)
    return raised


def related(ours, theirs):
    return ours is not None and (issubclass(ours, theirs) or issubclass(theirs, ours))


@pytest.mark.parametrize("call", CALLS, ids="-".join)
def test_arguments_that_do_not_fit(call):
    wrong = []
    for name in NAMES:
        if call[-1] in KNOWN.get(name, "").split():
            outcome(autodiff, name, call)
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            theirs, ours = outcome(torch, name, call), outcome(autodiff, name, call)
        if theirs is not None and not related(ours, theirs):
            wrong.append((name, ours, theirs))
    assert not wrong


@pytest.mark.parametrize("name", KNOWN)
def test_what_is_known_is_still_so(name):
    """A word that no call of the name needs any more goes."""
    for word in KNOWN[name].split():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            calls = [call for call in CALLS if call[-1] == word]
            found = [(outcome(torch, name, call), outcome(autodiff, name, call)) for call in calls]
        assert any(theirs is not None and not related(ours, theirs) for theirs, ours in found), word


@pytest.mark.parametrize("name", [n for n in NAMES if hasattr(autodiff.Tensor, n)])
def test_a_keyword_that_nothing_has(name):
    for function in (getattr(autodiff, name), getattr(autodiff.Tensor, name)):
        with pytest.raises(TypeError):
            function(autodiff.ones(2, 2), nothing=3)
