"""`import torch` served by autodiff: for this process and the workers that it starts.

After this module a reader knows how Python lets a package answer for a name that is not its own: a finder that is asked before
the folders of `sys.path` are looked through.
"""

from __future__ import annotations

import importlib
import sys
from importlib.machinery import ModuleSpec, PathFinder
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["PYTORCH", "as_torch"]

# The PyTorch whose names are served; what a program that compares versions is to see.
PYTORCH = "2.13.0"

# Built on PyTorch's compiled parts, so that they can't be served; and what a program does instead.
_OTHERS = {
    "torchvision": "take images from autodiff.datasets or a file, as an array, into a TensorDataset; layers and transforms are "
    "written with nn and NumPy",
    "torchaudio": "read the sound with another library, and hand its array to torch.from_numpy",
    "torchtext": "split the text with str.split or a tokenizer of your own, and count the words with collections.Counter",
    "lightning": "write the training loop out: loss.backward(), optimizer.step(), optimizer.zero_grad()",
    "pytorch_lightning": "write the training loop out: loss.backward(), optimizer.step(), optimizer.zero_grad()",
}


class _Torch:
    """The finder and loader of torch and of what is below it: each is autodiff's module of the same name."""

    @classmethod
    def find_spec(cls, fullname: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """The module's spec; None for what is not torch's; ModuleNotFoundError for what autodiff has not."""
        top, _, rest = fullname.partition(".")
        if top in _OTHERS and _is_installed(fullname, path):
            raise ModuleNotFoundError(f"{top} needs PyTorch itself, and can't run on autodiff: {_OTHERS[top]}", name=fullname)
        if top != "torch":
            return None
        try:
            importlib.import_module(f"autodiff.{rest}")
        except ModuleNotFoundError as error:
            if not (error.name or "").startswith("autodiff."):
                raise
            text = str(error).replace(f"'autodiff.{rest}'", f"'torch.{rest}'")
            raise ModuleNotFoundError(text, name=fullname) from None
        return ModuleSpec(fullname, cls)  # type: ignore[arg-type]

    @staticmethod
    def create_module(spec: ModuleSpec) -> ModuleType:
        """Our module, as it is."""
        module = sys.modules["autodiff" + spec.name.removeprefix("torch")]
        spec.loader_state = module.__spec__
        return module

    @staticmethod
    def exec_module(module: ModuleType) -> None:
        """Nothing to execute; the import system has written its spec into the module, which keeps its own."""
        assert module.__spec__ is not None
        module.__spec__ = module.__spec__.loader_state


def _is_installed(fullname: str, path: Any) -> bool:
    """Whether a module would come from where packages are installed, or from nowhere, rather than from the program's folder."""
    import sysconfig  # only here, since it would be a part of the package's import

    spec = PathFinder.find_spec(fullname, path)
    places = [sysconfig.get_path(name) for name in ("purelib", "platlib")]
    return spec is None or spec.origin is None or any(spec.origin.startswith(place) for place in places)


def as_torch() -> None:
    """From here on `import torch` and everything below it is autodiff, in this process and in the workers that it starts.

    For the first cell of a notebook whose other cells are a PyTorch program; `autodiff run PROGRAM.py` does it for a file.
    `torch.__version__` then begins with the version of PyTorch whose names these are. RuntimeError where the real PyTorch has
    been imported before: its objects can't be exchanged any more.

    >>> import autodiff
    >>> autodiff.as_torch()  # doctest: +SKIP
    >>> import torch.nn.functional as F  # doctest: +SKIP
    """
    autodiff = sys.modules["autodiff"]
    found = sys.modules.get("torch")
    if found is autodiff:
        return
    if found is not None:
        raise RuntimeError(
            "as_torch() comes too late: the real PyTorch is imported already. Start Python anew (in a notebook: restart the "
            "kernel), and call as_torch() before anything imports torch"
        )
    sys.meta_path.insert(0, _Torch)
    sys.modules["torch"] = autodiff
    # A worker that is not forked begins with nothing but sys.path.
    sys.path.insert(1, str(Path(__file__).with_name("workers")))
    vars(autodiff)["__version__"] = f"{PYTORCH}+autodiff"
    vars(autodiff)["Tensor"].__module__ = "torch"  # what a program prints that shows the type of a tensor
