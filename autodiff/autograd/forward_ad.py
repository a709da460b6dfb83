"""The names of forward differentiation, which is not done here: a product with a Jacobian is `autograd.functional.jvp`.

>>> import autodiff as torch
>>> x, direction = torch.tensor([1.0, 2.0]), torch.tensor([1.0, 0.0])
>>> torch.autograd.functional.jvp(lambda x: x * x, x, direction)
(tensor([1., 4.]), tensor([2., 0.]))
"""

from typing import Any, NamedTuple, NoReturn

from autodiff._core.missing import missing_name

__all__ = ["UnpackedDualTensor", "dual_level", "enter_dual_level", "exit_dual_level", "make_dual", "unpack_dual"]


class UnpackedDualTensor(NamedTuple):
    """A value and its tangent, as `unpack_dual` returns them in PyTorch."""

    primal: Any
    tangent: Any


def _refused(name: str) -> NoReturn:
    raise NotImplementedError(
        f"{name}(): derivatives are taken backward here; write autograd.functional.jvp(f, x, v)"
    )


def make_dual(tensor: Any, tangent: Any, *, level: Any = None) -> NoReturn:
    """NotImplementedError: there are no dual numbers here; `autograd.functional.jvp` gives the same product.

    >>> import autodiff as torch
    >>> torch.autograd.forward_ad.make_dual(torch.ones(1), torch.ones(1))
    Traceback (most recent call last):
    ...
    NotImplementedError: make_dual(): derivatives are taken backward here; write autograd.functional.jvp(f, x, v)
    """
    _refused("make_dual")


def unpack_dual(tensor: Any, *, level: Any = None) -> NoReturn:
    """NotImplementedError, as `make_dual`.

    >>> import autodiff as torch
    >>> torch.autograd.forward_ad.unpack_dual(torch.ones(1))
    Traceback (most recent call last):
    ...
    NotImplementedError: unpack_dual(): derivatives are taken backward here; write autograd.functional.jvp(f, x, v)
    """
    _refused("unpack_dual")


def enter_dual_level() -> NoReturn:
    """NotImplementedError, as `make_dual`.

    >>> import autodiff as torch
    >>> torch.autograd.forward_ad.enter_dual_level()
    Traceback (most recent call last):
    ...
    NotImplementedError: enter_dual_level(): derivatives are taken backward here; write autograd.functional.jvp(f, x, v)
    """
    _refused("enter_dual_level")


def exit_dual_level(*, level: Any = None) -> NoReturn:
    """NotImplementedError, as `make_dual`.

    >>> import autodiff as torch
    >>> torch.autograd.forward_ad.exit_dual_level()
    Traceback (most recent call last):
    ...
    NotImplementedError: exit_dual_level(): derivatives are taken backward here; write autograd.functional.jvp(f, x, v)
    """
    _refused("exit_dual_level")


class dual_level:
    """NotImplementedError, as `make_dual`.

    >>> import autodiff as torch
    >>> torch.autograd.forward_ad.dual_level()
    Traceback (most recent call last):
    ...
    NotImplementedError: dual_level(): derivatives are taken backward here; write autograd.functional.jvp(f, x, v)
    """

    def __init__(self) -> None:
        _refused("dual_level")


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
