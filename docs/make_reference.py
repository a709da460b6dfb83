"""Write docs/reference/ from the docstrings of the installed package.

    python docs/make_reference.py           write the pages
    python docs/make_reference.py --check   say which page is out of date, and write nothing

A page lists what a module makes public: the signature, then the docstring as it stands.
"""

import importlib
import inspect
import pkgutil
import re
import sys
from pathlib import Path

import autodiff
from autodiff._core.operation import Operation
from autodiff.explain.saved import kept_by

FOLDER = Path(__file__).resolve().parent / "reference"

# Every module that a user imports from, with the sentence that opens its page.
MODULES = {
    "autodiff": "Tensors, the operations on them, and the switches for recording.",
    "autodiff.plots": "Pictures of a training, by matplotlib: how the loss fell, and the landscape around a model.",
    "autodiff.autograd": "Gradients by function call, custom operations, and checks of a gradient.",
    "autodiff.autograd.functional": "Jacobians, Hessians, and products with them.",
    "autodiff.autograd.forward_ad": "Forward differentiation, as it is spelt. Everything runs backward.",
    "autodiff.autograd.graph": "What stands in the graph: the saved tensors, and hooks on them.",
    "autodiff.__future__": "Which object a parameter is after a conversion or a load.",
    "autodiff.nn": "Layers and losses that hold their parameters.",
    "autodiff.nn.attention": "Ways of computing attention, which a program may name.",
    "autodiff.nn.attention.bias": "Causal masks for queries and keys of different numbers.",
    "autodiff.nn.functional": "The same operations as plain functions.",
    "autodiff.nn.grad": "The gradients of convolutions, by function call.",
    "autodiff.nn.init": "How parameters are filled at the start.",
    "autodiff.nn.utils": "Clipping gradients, and parameters as one vector.",
    "autodiff.nn.utils.parametrize": "Weights that are computed from what is trained.",
    "autodiff.nn.utils.parametrizations": "Weights with a norm of their own, or that stretch nothing.",
    "autodiff.nn.utils.prune": "Weights of which some numbers are held at zero.",
    "autodiff.nn.utils.fusion": "A layer and the normalisation behind it as one layer.",
    "autodiff.nn.utils.stateless": "A module called with other parameters, by its older name.",
    "autodiff.nn.parallel": "Wrappers for several devices, of which there is one.",
    "autodiff.func": "Modules as functions of their parameters.",
    "autodiff.nn.utils.rnn": "Sequences of different lengths in one batch, padded or packed.",
    "autodiff.linalg": "Linear algebra: equations, factors, eigenvalues, norms.",
    "autodiff.sparse": "Sparse matrices, as they are spelt. There are dense ones.",
    "autodiff.special": "Special functions, under the names of SciPy's module.",
    "autodiff.optim": "Algorithms that change parameters by their gradients.",
    "autodiff.serialization": "Save and load, and what a file may name.",
    "autodiff.optim.lr_scheduler": "Learning rates that change from epoch to epoch.",
    "autodiff.optim.swa_utils": "Averages of a model over its training.",
    "autodiff.distributions": "Probability distributions: samples, log probabilities, entropies, divergences.",
    "autodiff.distributions.constraints": "Which values a parameter or a sample may have.",
    "autodiff.utils.data": "Data sets, and loaders that make batches of them.",
    "autodiff.utils.checkpoint": "Computing again in backward what would take too much memory to keep.",
    "autodiff.amp": "Mixed precision, as it is spelt. Everything stays in float32.",
    "autodiff.testing": "Comparing results in tests.",
    "autodiff.multiprocessing": "Python's own, under the name that programs know.",
    "autodiff.jit": "Compiling, as it is spelt. Everything runs as Python.",
    "autodiff.compiler": "What a program says to a compiler. There is none.",
    "autodiff.profiler": "What a program says to a profiler. Python's own measures.",
    "autodiff.utils.benchmark": "How long a statement takes.",
    "autodiff.cuda.streams": "Queues of work for a GPU. There is none.",
    "autodiff.utils.tensorboard": "What a program says to TensorBoard. Nothing is written.",
    "autodiff.distributed": "What a program asks before it trains on several machines.",
    "autodiff.hub": "Models from the internet, which are PyTorch's own.",
    "autodiff.onnx": "The exchange format of other frameworks, which is not written.",
    "autodiff.mps": "What a program asks of Apple's GPU. It is not used.",
    "autodiff.xpu": "What a program asks of Intel's GPU. It is not used.",
    "autodiff.cuda.amp": "The older names of mixed precision on a GPU.",
    "autodiff.cuda": "What a program asks before it uses a GPU. There is none.",
    "autodiff.accelerator": "What a program asks before it uses an accelerator. There is none.",
    "autodiff.backends.cuda": "Whether NVIDIA's GPU is used. It is not.",
    "autodiff.backends.cudnn": "Flags that programs set for NVIDIA's GPU. They change nothing.",
    "autodiff.backends.mha": "Whether attention leaves padding out.",
    "autodiff.backends.mkl": "Whether Intel's library of linear algebra is used. It is not.",
    "autodiff.backends.mkldnn": "Flags that programs set for Intel's library of layers. They change nothing.",
    "autodiff.backends.mps": "Whether Apple's GPU is used. It is not.",
    "autodiff.backends.openmp": "Whether OpenMP's threads are used. They are not.",
    "autodiff.datasets": "Real data that ships with the package.",
}


def public(module):
    """The public names of a module, sorted, without the modules among them."""
    names = getattr(module, "__all__", None) or [name for name in vars(module) if not name.startswith("_")]
    return [name for name in sorted(names) if not inspect.ismodule(getattr(module, name))]


def signature(name, thing):
    """`name(arguments)` as a reader would call it; the name alone where there is nothing to call."""
    if not callable(thing):
        return name
    try:
        # A default that is a module would print where the module's file lies on this machine.
        return name + re.sub(r"<module '([\w.]+)'[^>]*>", r"\1", str(inspect.signature(thing)))
    except (TypeError, ValueError):
        return f"{name}(...)"


def shown(text):
    """A docstring as Markdown: its examples in a block of their own, the rest as it is."""
    out, in_example, blank = [], False, False
    for line in inspect.cleandoc(text).splitlines():
        starts = line.lstrip().startswith(">>>")
        if starts and not in_example:
            out += ["```pycon"] if blank or not out else ["", "```pycon"]
            in_example = True
        if in_example and not line.strip():
            out += ["```"]
            in_example = False
        out.append(line)
        blank = not line.strip()
    if in_example:
        out.append("```")
    return "\n".join(out)


def documented(thing):
    """The docstring that was written for it or for the method it overrides: not one of object, dict or a number."""
    text = inspect.getdoc(thing) if inspect.isfunction(thing) else getattr(thing, "__doc__", None)
    if not text or (not callable(thing) and text == type(thing).__doc__):
        return ""
    return text


def members(cls):
    """The public methods and properties that a class of the package brings or has from another of its classes."""
    found = {}
    for base in reversed(cls.__mro__):
        if base.__module__.partition(".")[0] == "autodiff":
            found.update({k: v for k, v in vars(base).items() if not k.startswith("_")})
    return dict(sorted(found.items()))


def own_members(cls):
    """What a reader finds on a class and nowhere else: its own members, and those of bases that have no entry themselves."""
    listed = {thing for name in MODULES for thing in vars(importlib.import_module(name)).values() if inspect.isclass(thing)}
    elsewhere = {base for parent in cls.__mro__[1:] if parent in listed for base in parent.__mro__}
    found = {}
    for base in reversed(cls.__mro__):
        if base not in elsewhere and base.__module__.partition(".")[0] == "autodiff":
            found.update({key: value for key, value in vars(base).items() if not key.startswith("_")})
    return dict(sorted(found.items()))


def entry(name, thing):
    """One public name: heading, signature, docstring, and for a class its own methods."""
    lines = [f"### {name}", ""]
    if name == "__version__":
        return [*lines, "The version that is installed, as a string.", ""]  # its value would make every page stale
    if not callable(thing):
        text = re.sub(r" at 0x[0-9a-f]+", "", repr(thing))  # an address is another one each time
        return [*lines, f"`{name} = {text}`", ""]
    lines += ["```text", signature(name, thing), "```", "", shown(documented(thing)), ""]
    if inspect.isclass(thing):
        for key, value in own_members(thing).items():
            value = value.__func__ if isinstance(value, (classmethod, staticmethod)) else value
            sentence = (documented(value) or "").strip().partition("\n")[0]
            if sentence:
                lines.append(f"- `{key}`: {sentence}")
        lines.append("")
    return lines


def page(name):
    """The text of one module's page."""
    module = importlib.import_module(name)
    lines = [f"# {name}", "", MODULES[name], "", "Generated from the docstrings by `docs/make_reference.py`.", ""]
    for each in public(module):
        lines += entry(each, getattr(module, each))
    return "\n".join(lines).rstrip() + "\n"


KEPT = """\
# What each operation keeps for backward

Generated from the operations' rules by `docs/make_reference.py`. A rule that names an input keeps that input, one that names
the result keeps the result. Only what is kept must not be changed in place before `backward()`; all other memory may be. Of
several inputs less is kept where only one requires a gradient: `x * w` needs `x` for the gradient of `w`, and `w` for that of
`x`.

`autodiff.saved(y)` says it of one result. What is not listed here is made of what is.

"""
GROUPS = {
    (False, False): ("No tensor", "The inputs and the result may be changed in place."),
    (False, True): ("The result", "`y = x.exp(); x.add_(1)` is fine, and `y.add_(1)` is an error in backward."),
    (True, False): ("Inputs", "`y = x.sin(); y.add_(1)` is fine, and `x.add_(1)` is an error in backward."),
    (True, True): ("Inputs and the result", "Neither may be changed."),
}


def operations():
    """The operations that users call, by their public names; several may share one."""
    homes = [autodiff, autodiff.Tensor, *map(importlib.import_module, MODULES)]
    found = {}
    for info in pkgutil.walk_packages(autodiff.ops.__path__, "autodiff.ops."):
        for value in vars(importlib.import_module(info.name)).values():
            operation = getattr(value, "operation", None)
            sloped = isinstance(operation, Operation) and (any(operation.partials) or operation.together is not None)
            if sloped and any(hasattr(home, operation.public) for home in homes):
                found.setdefault(operation.public, {})[id(operation)] = operation
    return {name: [*several.values()] for name, several in sorted(found.items())}


def kept():
    """The page with what each operation keeps."""
    rows = {group: [] for group in GROUPS}
    for name, several in operations().items():
        each = [kept_by(operation) for operation in several]
        inputs = list(dict.fromkeys(n for one in each for n in one.inputs))
        rows[bool(inputs), any(one.result for one in each)].append(f"`{name}`" + (f" ({', '.join(inputs)})" if inputs else ""))
    lines = [f"## {title}\n\n{sentence}\n\n{', '.join(rows[group])}.\n" for group, (title, sentence) in GROUPS.items()]
    return KEPT + "\n".join(lines)


def paths():
    """Every page's path and the text that it should have."""
    index = ["# Reference", "", "What each module makes public, generated from the docstrings.", ""]
    index += [f"- [{name}]({name}.md): {sentence}" for name, sentence in MODULES.items()]
    index += ["", "And [what each operation keeps for backward](kept.md), generated from its rules."]
    pages = {FOLDER / f"{name}.md": page(name) for name in MODULES} | {FOLDER / "kept.md": kept()}
    return {FOLDER / "index.md": "\n".join(index) + "\n", **pages}


def stale():
    """The pages that don't say what the docstrings say."""
    return [path for path, text in paths().items() if not path.exists() or path.read_text(encoding="utf-8") != text]


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        for path in stale():
            print(f"{path.name} is out of date")
        sys.exit(bool(stale()))
    FOLDER.mkdir(exist_ok=True)
    for path, text in paths().items():
        path.write_text(text, encoding="utf-8")
