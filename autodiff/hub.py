"""Models from the internet, which are programs for PyTorch itself: `load` says so, and what to do."""

from typing import Any, NoReturn

from autodiff._core.missing import missing_name

__all__ = ["load", "load_state_dict_from_url"]


def load(repo_or_dir: str, model: str, *args: Any, **kwargs: Any) -> NoReturn:
    """RuntimeError: what it would fetch is a program for PyTorch itself.

    >>> import autodiff as torch
    >>> try:
    ...     torch.hub.load("pytorch/vision", "resnet18")
    ... except RuntimeError:
    ...     print("not here")
    not here
    """
    raise RuntimeError(
        "torch.hub.load() fetches a program written for PyTorch itself, which can't run here: write the model with nn, and "
        "load its weights with torch.load"
    )


def load_state_dict_from_url(url: str, *args: Any, **kwargs: Any) -> NoReturn:
    """RuntimeError: nothing is fetched from here; a file that is there is read by `torch.load`.

    >>> import autodiff as torch
    >>> try:
    ...     torch.hub.load_state_dict_from_url("https://example.org/model.pth")
    ... except RuntimeError:
    ...     print("not here")
    not here
    """
    raise RuntimeError(f"autodiff fetches no files: download {url} by other means, and read the file with torch.load")


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
