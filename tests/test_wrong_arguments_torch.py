"""Every public function called with arguments that do not fit: PyTorch's class of error, and the arguments as they were."""

import warnings

import pytest

import autodiff

torch = pytest.importorskip("torch")

# What changes a state of the library, is a class, or takes no tensor; and what PyTorch has not.
OTHERS = {
    "backward_steps",
    "doctor",
    "graph",
    "saved",
    "summary",
    "watch",
    "why",
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
    "TeachingWarning",
    "accumulate",
    "lenient",
    "strict",
    "initial_seed",
    "iinfo",
    "is_inference_mode_enabled",
    "get_default_dtype",
    "seed",
    "manual_seed",
    "as_tensor",
    "as_torch",
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
    "multiprocessing", "nn", "onnx", "optim", "profiler", "random", "sparse", "special",
    "storage", "testing", "types", "utils", "version", "xpu",
}
NAMES = [
    name
    for name in autodiff.__all__
    if name not in OTHERS
    and name not in MODULES
    and not name.endswith("Tensor")
    and not name.startswith("sparse_")  # refused with every argument
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
    # TypeError for the RuntimeError of PyTorch's capsules and memory, and for AttributeError of a place to load to
    "UntypedStorage": "matrix number empty list text None",
    "from_dlpack": "list text -9 None",
    "load": "empty list -9",
    # TypeError for PyTorch's AttributeError, where it has them written in Python; a vector for a matrix is an IndexError there
    "svd_lowrank": "list text -9 None",
    "pca_lowrank": "empty list text -9 None",
    "lobpcg": "number empty list text -9 None",
    # a tensor for a bool: TypeError for PyTorch's RuntimeError
    "unique_consecutive": "empty",
}


@pytest.fixture(autouse=True)
def in_a_folder_of_its_own(tmp_path, monkeypatch):
    """save(matrix, "a") writes a file."""
    monkeypatch.chdir(tmp_path)


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


def test_enough_names_are_asked():
    assert len(NAMES) >= 525


# ---- windows ----

IMAGE, KERNEL = [(1, 2, 9), (1, 2, 9, 9), (1, 2, 9, 9, 9)], [(4, 2, 3), (4, 2, 3, 3), (4, 2, 3, 3, 3)]
OPTIONS = {
    "conv": ["stride", "padding", "dilation", "groups"],
    "conv_transpose": ["stride", "padding", "output_padding", "groups", "dilation"],
    "max_pool": ["kernel_size", "stride", "padding", "dilation"],
    "avg_pool": ["kernel_size", "stride", "padding"],
    "adaptive_avg_pool": ["output_size"],
    "adaptive_max_pool": ["output_size"],
}
WRONG = {
    "text": "a", "None": None, "minus": -1, "zero": 0, "half": 2.5, "nothing": [], "many": [1, 1, 1, 1, 1], "of text": ["a"],
    "of halves": [1.5, 1.5], "of minus": [-1], "a dict": {}, "true": True, "large": 12,
}  # fmt: skip


def windows_outcome(m, kind, n, option, wrong):
    function = getattr(m.nn.functional, f"{kind}{n}d")
    arguments = [m.ones(IMAGE[n - 1])]
    if kind.startswith("conv"):
        kernel = KERNEL[n - 1] if kind == "conv" else (2, 4, *KERNEL[n - 1][2:])
        arguments.append(m.ones(kernel))
    keywords = {OPTIONS[kind][0]: 2} if "pool" in kind else {}
    try:
        y = function(*arguments, **{**keywords, option: WRONG[wrong]})
    except Exception as error:
        return type(error)
    return y.shape


# (kind and dimensions, option, what is wrong): RuntimeError for ValueError or TypeError, or the other way round.
WINDOWS_KNOWN = {
    (f"adaptive_{how}_pool{n}", "output_size", wrong)
    for how in ("avg", "max")
    for n, kinds in ((2, ["nothing", "a dict"]), (3, ["many", "of halves", "a dict"]))
    for wrong in kinds
}


@pytest.mark.parametrize("n", [1, 2, 3])
@pytest.mark.parametrize("kind", OPTIONS)
def test_windows_of_arguments_that_do_not_fit(kind, n):
    """The same class of error, or the same shape."""
    wrong = []
    for option in OPTIONS[kind]:
        for name in WRONG:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                theirs, ours = (windows_outcome(m, kind, n, option, name) for m in (torch, autodiff))
            same = related(ours, theirs) if isinstance(theirs, type) and isinstance(ours, type) else ours == theirs
            if bool(same) == ((f"{kind}{n}", option, name) in WINDOWS_KNOWN):  # or what is known is so no more
                wrong.append((option, name, ours, theirs))
    assert not wrong
