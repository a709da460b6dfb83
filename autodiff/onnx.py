"""The exchange format of other frameworks, which is not written here; `import torch.onnx` does not stop a program."""

from typing import Any, NoReturn

from autodiff._core.missing import missing_name

__all__ = ["export", "is_in_onnx_export"]


def export(model: Any, args: Any = (), f: Any = None, *more: Any, **kwargs: Any) -> NoReturn:
    """RuntimeError: save the weights, and export them from PyTorch.

    >>> import autodiff as torch
    >>> try:
    ...     torch.onnx.export(torch.nn.Linear(1, 1), torch.ones(1, 1), "model.onnx")
    ... except RuntimeError:
    ...     print("not here")
    not here
    """
    raise RuntimeError(
        "autodiff writes no ONNX files: save the weights with torch.save(model.state_dict(), path), load them in PyTorch, and "
        "export there"
    )


def is_in_onnx_export() -> bool:
    """Always False.

    >>> import autodiff as torch
    >>> torch.onnx.is_in_onnx_export()
    False
    """
    return False


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
