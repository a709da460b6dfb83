"""A name that is not here: one message, however a program asks for it, that says whether PyTorch has it."""

import importlib
import importlib.util
import pkgutil
import re
import subprocess
import sys
import traceback
from pathlib import Path

import pytest

import autodiff
from autodiff import nn
from autodiff._core.missing import NEAR, pytorch_names

MODULES = [
    "autodiff", "autodiff.accelerator", "autodiff.autograd", "autodiff.autograd.function", "autodiff.autograd.functional",
    "autodiff.autograd.graph",
    "autodiff.backends", "autodiff.backends.cuda",
    "autodiff.cuda", "autodiff.nn", "autodiff.nn.functional", "autodiff.nn.init", "autodiff.nn.modules",
    "autodiff.nn.parameter", "autodiff.nn.utils",
    "autodiff.optim", "autodiff.random", "autodiff.serialization", "autodiff.special", "autodiff.utils",
    "autodiff.utils.checkpoint", "autodiff.utils.data",
]
# Modules that have all of PyTorch\'s names.
WHOLE = ["autodiff.nn.init", "autodiff.nn.parameter", "autodiff.nn.utils", "autodiff.optim", "autodiff.special"]
DOCS = Path(__file__).resolve().parents[1] / "docs"


def missing_from(name):
    """PyTorch's names that one of our modules has not."""
    module = importlib.import_module(name)
    names = [each for each in pytorch_names("torch" + name.removeprefix("autodiff")) if not hasattr(module, each)]
    package = hasattr(module, "__path__")  # whose modules are there before anybody has imported them
    return [each for each in names if not (package and importlib.util.find_spec(f"{name}.{each}"))]


def says(program):
    """What a user reads: the last line of the traceback, Python's own guesses included."""
    with pytest.raises((AttributeError, ImportError)) as caught:
        exec(program, {"torch": autodiff, "nn": nn, "t": autodiff.ones(2, 2)})
    lines = traceback.format_exception_only(caught.value)
    assert len(lines) == 1
    return lines[0].strip()


def page_named(text):
    found = re.search(r"docs/([\w./-]+\.md) lists", text)
    assert found, text
    return DOCS / found[1]


@pytest.mark.parametrize("name", MODULES)
def test_every_name_of_pytorchs(name):
    module, missing = importlib.import_module(name), missing_from(name)
    assert bool(missing) == (name not in WHOLE)
    for each in missing:
        with pytest.raises(AttributeError) as by_attribute:
            getattr(module, each)
        with pytest.raises(ImportError) as by_import:
            exec(f"from {name} import {each}")
        sentence = str(by_attribute.value).removeprefix(f"module {name!r} has no attribute {each!r}: ")
        assert sentence.startswith("PyTorch has it, autodiff doesn't")
        assert str(by_import.value) == f"cannot import name {each!r} from {name!r}: {sentence}"
        assert page_named(sentence).is_file()
        for error in (by_attribute.value, by_import.value):
            assert "Did you mean" not in "".join(traceback.format_exception_only(error))


def test_what_is_missing_is_known():
    """What is left out on purpose is among the names that the tests here go through, and nothing that a program needs is."""
    missing = set(missing_from("autodiff"))
    assert {"fft", "stft", "polar", "quantize_per_tensor", "vmap", "nested", "ScriptModule"} <= missing
    assert len(missing) > 300
    kernels = {name for name in missing if name.startswith(("cudnn_", "miopen_", "mkldnn_", "fbgemm_", "quantized_"))}
    assert len(kernels) > 30
    lower = {name for name in missing if name.islower() and not name.startswith("sym_")} - kernels
    assert len(lower) < 215, "a function of PyTorch's is gone that was here"
    assert sum(len(missing_from(name)) for name in MODULES) > 550


def test_every_member_of_pytorchs_tensor():
    t = autodiff.ones(2, 2)
    missing = [name for name in pytorch_names("torch.Tensor") if not hasattr(t, name)]
    assert len(missing) > 40
    for name in missing:
        with pytest.raises(AttributeError) as caught:
            getattr(t, name)
        text = traceback.format_exception_only(caught.value)[0]
        assert f"'Tensor' object has no attribute {name!r}: PyTorch has it, autodiff doesn't" in text
        assert "Did you mean" not in text


def test_a_member_that_neither_has_gets_pythons_own_words():
    t = autodiff.ones(2)
    with pytest.raises(AttributeError, match=r"^'Tensor' object has no attribute 'shpae'$"):
        _ = t.shpae
    assert all(hasattr(autodiff.ones(2, 2), name) for name in dir(t) if name != "__torch_function__")
    absent = set(dir(autodiff.Tensor)) - set(dir(t))
    assert absent == {name for name in pytorch_names("torch.Tensor") if not hasattr(autodiff.Tensor, name)}
    t.names = ["rows"]  # a note of the user's, which the class does not stand in the way of
    assert t.names == ["rows"]


MEMBERS = [each for each in pytorch_names("torch.nn.Module") if not hasattr(nn.Linear(1, 1), each)]


def test_members_of_module():
    layer = nn.Linear(1, 1)
    assert MEMBERS
    for name in MEMBERS:
        with pytest.raises(AttributeError, match="PyTorch has it, autodiff doesn't"):
            getattr(layer, name)
    with pytest.raises(AttributeError, match=r"^'Linear' object has no attribute 'wieght'$"):
        _ = layer.wieght


MODULES_OF_PYTORCHS = [
    "import autodiff.fft",
    "import autodiff.fft as FFT",
    "from autodiff.fft import ifft",
    "import autodiff.fft.anything",
    "from autodiff.utils.mobile_optimizer import optimize_for_mobile",
    "from autodiff.nn.qat import Conv2d",
    "import autodiff.cuda.nccl",
    "from autodiff.cuda.graphs import CUDAGraph",
]


@pytest.mark.parametrize("program", MODULES_OF_PYTORCHS)
def test_a_module_of_pytorchs(program):
    text = says(program)
    assert re.match(r"ModuleNotFoundError: No module named 'autodiff\.[\w.]+': PyTorch has it, autodiff doesn't", text)


def test_asking_for_a_module_is_no_error():
    assert importlib.util.find_spec("autodiff.fft") is None
    assert importlib.util.find_spec("autodiff.nowhere") is None
    assert importlib.util.find_spec("autodiff.nn") is not None


@pytest.mark.parametrize(
    ("program", "spelt"),
    [
        ("torch.tnesor", "tensor"),
        ("torch.zeroes", "zeros"),
        ("from autodiff import tnesor", "tensor"),
        ("nn.Lineer", "Linear"),
        ("from autodiff.nn.functional import sofmax", "softmax"),
        ("torch.optm", "optim"),
    ],
)
def test_a_name_that_is_spelt_wrongly(program, spelt):
    assert says(program).endswith(f". Did you mean: '{spelt}'?")


@pytest.mark.parametrize(
    ("program", "there"),
    [
        ("torch.Linear", "nn.Linear"),
        ("nn.relu", "autodiff.relu"),
        ("from autodiff import DataLoader", "utils.data.DataLoader"),
        ("torch.SGD", "optim.SGD"),
        ("torch.backward", "autograd.backward"),
        ("torch.view", "the method, tensor.view"),
        ("from autodiff.nn import kaiming_normal_", "nn.init.kaiming_normal_"),
    ],
)
def test_a_name_that_is_in_another_place(program, there):
    assert says(program).endswith(f". There is {there}")


@pytest.mark.parametrize("program", ["torch.frobnicate", "from autodiff.nn import Missing", "from autodiff.nn.init import foo"])
def test_a_name_that_neither_has(program):
    text = says(program)
    assert "nor has PyTorch: " in text
    assert page_named(text).is_file()


def test_the_nearest_thing_is_named():
    assert "the nearest thing here is autograd.functional." in says("torch.func.vmap")
    assert "PyTorch has it, autodiff doesn't. docs/reference/autodiff.nn.md" in says("nn.Linear(1, 1).mtia")
    assert "the nearest thing here is nn.functional.kl_div." in says("torch.kl_div")
    assert says("from autodiff.nn.modules import functional").endswith(". There is nn.functional")


@pytest.mark.parametrize("key", NEAR)
def test_the_table_of_near_things_is_true(key):
    """What is listed as missing is missing (delete the line where it is there now), and what is called near is here."""
    place, _, name = key.rpartition(".")
    assert name in pytorch_names(f"torch.{place}".rstrip("."))
    module = f"autodiff.{place}".rstrip(".")
    assert importlib.util.find_spec(module) is None or not hasattr(importlib.import_module(module), name)
    for word in re.findall(r"[\w.]+", NEAR[key]):
        root, *rest = word.split(".")
        if root in pytorch_names("torch"):
            thing = getattr(autodiff, root)
            for part in rest:
                thing = getattr(thing, part)


@pytest.mark.parametrize("name", ["grouped_mm", "scaled_mm"])
def test_a_name_that_pytorch_has_in_another_place(name):
    text = says(f"nn.{name}")
    assert f": PyTorch has torch.nn.functional.{name}, autodiff doesn't" in text
    assert page_named(text).is_file()


@pytest.mark.parametrize("name", ["MNIST", "CIFAR10", "load_iris"])
def test_data_that_is_not_here(name):
    text = says(f"from autodiff.datasets import {name}")
    assert "ships with the package: Digits, load_digits." in text
    assert text.removeprefix("ImportError: cannot import name").endswith("docs/reference/autodiff.datasets.md lists it")


@pytest.mark.parametrize("name", ["vision", "audio", "text"])
def test_no_guess_is_made_that_is_far_off(name):
    assert "Did you mean" not in says(f"from autodiff import {name}")


def test_statements_that_import_what_is_here_work():
    program = """
from autodiff import cli, nn, optim, utils
from autodiff.nn import functional, init, modules, parameter
from autodiff.utils import checkpoint, data
from autodiff.nn.functional import *
from autodiff import *
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)


def test_each_module_says_which_name_it_has_not():
    """Without an error a name would be None, which a program goes on with."""
    asked = []
    for found in pkgutil.walk_packages(autodiff.__path__, "autodiff."):
        if {"__main__", "_run", "_cli", "cli", "explain"} & set(found.name.split(".")):
            continue
        module = importlib.import_module(found.name)
        if "__getattr__" in vars(module):
            own = found.name if found.name != "autodiff.multiprocessing" else "multiprocessing"  # Python's answers for it
            with pytest.raises(AttributeError, match=f"^module '{own}' has no attribute 'wholly_unknown'"):
                print(module.wholly_unknown)
            asked.append(found.name)
    assert len(asked) > 40


PACKAGE = Path(autodiff.__file__).parent
ASKED = sorted(
    str(path.relative_to(PACKAGE.parent).with_suffix("")).replace("/", ".").removesuffix(".__init__")
    for path in PACKAGE.rglob("*.py")
    if "raise missing_name(__name__, name)" in path.read_text(encoding="utf-8")
)


@pytest.mark.parametrize("name", ASKED)
def test_every_module_says_that_it_has_no_such_name(name):
    """Its own name and the one that was asked for; by an attribute, and by an import."""
    module = importlib.import_module(name)
    with pytest.raises(AttributeError, match=f"^module '{re.escape(name)}' has no attribute 'no_such_name'") as caught:
        module.no_such_name  # noqa: B018
    assert caught.value.name == "no_such_name"
    with pytest.raises(ImportError, match=f"^cannot import name 'no_such_name' from '{re.escape(name)}'"):
        exec(f"from {name} import no_such_name", {})
    assert len(ASKED) > 50
