"""The law of what makes a tensor: it takes each keyword that PyTorch's stubs name, and answers it as PyTorch does.

`names` is no keyword that PyTorch itself takes, nor is `pin_memory` one of `range`. A tensor of a sparse layout is refused
here.
"""

import ast
import inspect
from pathlib import Path

import pytest

import autodiff

torch = pytest.importorskip("torch")

ARGUMENTS = {
    "arange": "3", "as_tensor": "x", "asarray": "[1.0]", "bartlett_window": "3", "blackman_window": "3", "empty": "2",
    "empty_like": "x", "empty_permuted": "(2, 3), (1, 0)", "empty_strided": "(2,), (1,)", "eye": "2",
    "frombuffer": "bytearray(8), dtype=T.float32", "full": "(2,), 1.5", "full_like": "x, 1.5", "hamming_window": "3",
    "hann_window": "3", "kaiser_window": "3", "linspace": "0, 1, 3", "logspace": "0, 1, 3", "new_empty": "(2,)",
    "new_empty_strided": "(2,), (1,)", "new_full": "(2,), 1.5", "new_ones": "(2,)", "new_tensor": "[1.0]",
    "new_zeros": "(2,)", "normal": "0.0, 1.0, (2,)", "ones": "2", "ones_like": "x", "rand": "2", "rand_like": "x",
    "randint": "3, (2,)", "randint_like": "x, 3", "randn": "2", "randn_like": "x", "randperm": "3", "range": "0, 3",
    "scalar_tensor": "3", "tensor": "[1.0]", "tril_indices": "2, 2", "triu_indices": "2, 2", "zeros": "2", "zeros_like": "x",
}  # fmt: skip
VALUES = {
    "layout": ["T.strided", "'rows'", "2"],
    "pin_memory": ["False", "True", "1", "'yes'"],
    "device": ["'cpu'", "T.device('cpu')", "None", "'nowhere'", "2.5"],
    "requires_grad": ["False", "True", "1"],
    "dtype": ["T.float64", "None", "T.int64", "'float'"],
    "generator": ["None", "T.Generator().manual_seed(3)", "3"],
    "memory_format": ["T.contiguous_format", "'rows'"],
    "out": ["None"],
    "range, pin_memory": [],
    "frombuffer, dtype": [],
}


def keywords(stub):
    """{function that makes a tensor: its keywords}, of a stub of PyTorch's."""
    found = {}
    for node in ast.walk(ast.parse((Path(torch.__file__).parent / "_C" / stub).read_text())):
        if isinstance(node, ast.FunctionDef):
            names = {a.arg for a in node.args.kwonlyargs}
            if names & {"layout", "pin_memory", "requires_grad"} and not node.name.startswith(("_", "sparse_")):
                found.setdefault(node.name, set()).update(names - {"names", "size"})
    return found


FUNCTIONS, METHODS = keywords("_VariableFunctions.pyi"), keywords("__init__.pyi")
TAKEN = {n: words for n, words in FUNCTIONS.items() if hasattr(autodiff, n)}
TAKEN |= {n: words for n, words in METHODS.items() if n.startswith("new_")}


def test_every_function_that_makes_a_tensor_is_called():
    assert len(TAKEN) > 28
    assert sorted(TAKEN.keys() - ARGUMENTS) == []


@pytest.mark.parametrize("name", sorted(TAKEN))
def test_it_has_the_keywords_of_the_stub(name):
    ours = getattr(autodiff if name in FUNCTIONS else autodiff.Tensor, name)
    assert sorted(TAKEN[name] - set(inspect.signature(ours).parameters)) == []


def answer(T, name, keyword, value):
    """What the call makes: dtype, shape, layout, whether it requires a gradient; or the class of error."""
    T.manual_seed(0)
    x = T.ones(2, dtype=T.float64)
    call = f"{'x' if name.startswith('new_') else 'T'}.{name}({ARGUMENTS[name]}, {keyword}={value})"
    try:
        made = eval(call, {"T": T, "x": x})
    except Exception as error:
        return f"{call}: {'TypeError' if isinstance(error, TypeError) else 'RuntimeError'}"
    numbers = None if "empty" in name else made.float().double().round(decimals=5).tolist()
    return call, str(made.dtype).split(".")[-1], tuple(made.shape), str(made.layout), made.requires_grad, numbers


@pytest.mark.parametrize("name", sorted(ARGUMENTS))
@pytest.mark.filterwarnings("ignore:Failed to initialize NumPy")
def test_each_keyword_is_answered_as_pytorch_answers_it(name):
    for keyword in sorted(TAKEN.get(name, {"dtype", "device"} if name == "as_tensor" else VALUES.keys() - {"generator"})):
        for value in VALUES.get(f"{name}, {keyword}", VALUES.get(keyword, [])):
            assert answer(autodiff, name, keyword, value) == answer(torch, name, keyword, value)


@pytest.mark.parametrize("name", sorted(n for n, words in TAKEN.items() if "layout" in words))
def test_a_sparse_layout_is_refused(name):
    call = f"{'x' if name.startswith('new_') else 'T'}.{name}({ARGUMENTS[name]}, layout=T.sparse_coo)"
    with pytest.raises(NotImplementedError, match=rf"{name}\(\): a layout of torch.sparse_coo is not supported"):
        eval(call, {"T": autodiff, "x": autodiff.ones(2)})


def test_nothing_is_drawn_where_the_call_is_refused():
    autodiff.manual_seed(0)
    expected = autodiff.rand(2).tolist()
    autodiff.manual_seed(0)
    for name in ("rand", "randn", "randint", "randperm", "normal"):
        with pytest.raises(RuntimeError, match="pin_memory=True requires a CUDA"):
            eval(f"autodiff.{name}({ARGUMENTS[name]}, pin_memory=True)")
    assert autodiff.rand(2).tolist() == expected
