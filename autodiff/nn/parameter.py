"""A tensor that a Module counts among its parameters, and one that it merely carries along.

After this module a reader knows that both share the memory of the tensor they were made from: their class alone says what a
Module does with them. One whose size is not known yet, an uninitialised one, has no numbers at all: whoever reads them is
refused, and what gives it a size changes its class.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self, TypeGuard, cast

import numpy as np

from autodiff._core import types
from autodiff._core.dtypes import as_numpy_dtype, get_default_dtype
from autodiff._core.missing import missing_name
from autodiff._core.tensor import LEAF, Tensor, adopt, wrap

__all__ = ["Buffer", "Parameter", "UninitializedBuffer", "UninitializedParameter", "UninitializedTensorMixin", "is_lazy"]


class _Marked(type):
    """The class of Parameter and Buffer, which count as theirs what is marked so: an instance of a user's own class."""

    mark: str

    def __instancecheck__(cls, instance: Any) -> bool:
        if super().__instancecheck__(instance):
            return True
        return isinstance(instance, Tensor) and "mark" in cls.__dict__ and cls.mark in instance.__dict__


def _of_its_own_class(data: Any, cls: _Marked, requires_grad: bool) -> Any:
    """The data again, seen as an instance of the user's class that it has, and marked; None for a plain tensor."""
    if data is None or type(data) in (Tensor, Parameter, Buffer) or not isinstance(data, Tensor):
        return None
    t = data.detach().requires_grad_(requires_grad)
    if type(t) is not type(data):
        raise RuntimeError(
            f"Creating a Parameter from an instance of type {type(data).__name__} requires that detach() returns an instance "
            f"of the same type, but return type {type(t).__name__} was found instead."
        )
    t.__dict__[cls.mark] = True
    return t


class Parameter(Tensor, metaclass=_Marked):
    """A leaf that requires a gradient by default, and that a Module registers when it is assigned as an attribute.

    It shares the memory of `data`. An instance of a subclass of Tensor stays one, and counts as a Parameter all the same.
    RuntimeError for integers that are to require a gradient.

    >>> import autodiff as torch
    >>> torch.nn.Parameter(torch.ones(2))
    Parameter containing:
    tensor([1., 1.], requires_grad=True)
    """

    _results_are_plain = True  # what is computed from a parameter is a tensor
    mark = "_is_param"

    def __new__(cls, data: Tensor | None = None, requires_grad: bool = True) -> Self:
        found = _of_its_own_class(data, cls, requires_grad)
        return super().__new__(cls) if found is None else cast(Self, found)

    def __init__(self, data: Tensor | None = None, requires_grad: bool = True) -> None:
        if data is None:
            super().__init__()
        elif not isinstance(data, Tensor):
            raise TypeError(f"a Parameter is made of a Tensor, not {type(data).__name__}; use autodiff.tensor(...)")
        else:
            adopt(self, data)
        if requires_grad:
            if self._array.dtype.kind != "f":
                raise RuntimeError("Only Tensors of floating point and complex dtype can require gradients")
            self._edge = LEAF

    def __repr__(self, *, tensor_contents: str | None = None) -> str:  # type: ignore[override]
        return "Parameter containing:\n" + Tensor.__repr__(self)


class Buffer(Tensor, metaclass=_Marked):
    """A tensor that a Module registers as a buffer when it is assigned as an attribute.

    >>> import autodiff as torch
    >>> m = torch.nn.Module()
    >>> m.mean = torch.nn.Buffer(torch.zeros(1))
    >>> list(m.state_dict())
    ['mean']
    """

    _results_are_plain = True
    mark = "_is_buffer"

    def __new__(cls, data: Tensor | None = None, *, persistent: bool = True) -> Self:
        found = _of_its_own_class(data, cls, data is not None and data.requires_grad)
        if found is None:
            return super().__new__(cls)
        found.persistent = persistent
        return cast(Self, found)

    def __init__(self, data: Tensor | None = None, *, persistent: bool = True) -> None:
        if data is None:
            super().__init__()
        else:
            adopt(self, data)
        self.persistent = persistent


# ---- whose size is not known yet ----

_NUMBERS: Any = Tensor.__dict__["_array"]  # the slot that holds a tensor's numbers


class UninitializedTensorMixin:
    """A parameter or buffer of which the dtype is known, and the size is not: `materialize` gives it one.

    ValueError for every use of its numbers, RuntimeError for its shape.
    """

    cls_to_become: ClassVar[type[Tensor]]
    _edge: Any
    is_leaf = True
    grad_fn = None
    ndim = 1  # as in PyTorch, where there is an empty vector behind it
    nbytes = 0

    @property
    def data(self) -> Tensor:
        """The empty vector that holds the dtype."""
        return wrap(_NUMBERS.__get__(self))

    @data.setter
    def data(self, new: Tensor) -> None:
        self._array = new._array

    @property
    def dtype(self) -> Any:
        """The dtype that it will have."""
        return self.data.dtype

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self.data.itemsize

    @property
    def requires_grad(self) -> bool:
        """Whether a gradient will be computed for it."""
        return self._edge is not None

    @requires_grad.setter
    def requires_grad(self, on: bool) -> None:
        self._edge = LEAF if on else None

    def _empty(self, device: Any, dtype: Any) -> Tensor:
        if device is not None:
            types.on_cpu(device)
        return wrap(np.empty(0, as_numpy_dtype(dtype) or get_default_dtype().np))

    @property
    def _array(self) -> Any:
        name = type(self).__name__
        raise ValueError(
            "Attempted to use an uninitialized parameter. This error happens when you are using a `LazyModule` or explicitly "
            f"manipulating `torch.nn.parameter.{name}` objects. When using LazyModules Call `forward` with a dummy batch to "
            "initialize the parameters before calling torch functions"
        )

    @_array.setter
    def _array(self, numbers: Any) -> None:
        _NUMBERS.__set__(self, numbers)

    @property
    def shape(self) -> Any:
        """RuntimeError: it is not known."""
        raise RuntimeError(
            "Can't access the shape of an uninitialized parameter or buffer. This error usually happens in `load_state_dict` "
            "when trying to load an uninitialized parameter into an initialized one. Call `forward` to initialize the "
            "parameters before accessing their attributes."
        )

    def size(self, dim: int | None = None) -> Any:
        """That of the empty vector that holds the dtype."""
        return self.data.size(dim)

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating type."""
        return bool(self.data.is_floating_point())

    def share_memory_(self) -> Any:
        """RuntimeError: there is no memory yet."""
        raise RuntimeError(
            "Can't share memory on an uninitialized parameter or buffer. Call `forward` to initialize the parameters before "
            "calling `module.share_memory()`."
        )

    def materialize(self, shape: Any, device: Any = None, dtype: Any = None) -> None:
        """Become a parameter, or a buffer, of that shape, with numbers that are still to be drawn."""
        if device is not None:
            types.on_cpu(device)
        size = tuple(shape) if isinstance(shape, (tuple, list)) else (shape,)
        self._array = np.empty(size, as_numpy_dtype(dtype) or self.dtype.np)
        self.__class__ = self.cls_to_become  # type: ignore[assignment]  # the layout is the same

    def _as(self, of: Tensor) -> Self:
        return type(self)(self.requires_grad, dtype=of.dtype)  # type: ignore[call-arg]

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """An uninitialised one of another dtype."""
        return self._as(self.data.to(*args, **kwargs))

    def half(self) -> Self:
        """An uninitialised one of dtype float16."""
        return self._as(self.data.half())

    def float(self) -> Self:
        """An uninitialised one of dtype float32."""
        return self._as(self.data.float())

    def double(self) -> Self:
        """An uninitialised one of dtype float64."""
        return self._as(self.data.double())

    def cpu(self) -> Self:
        """The same: there is no other device."""
        return self

    def __repr__(self, *, tensor_contents: str | None = None) -> str:
        return f"<{type(self).__name__}>"

    def __deepcopy__(self, memo: dict[int, Any]) -> Self:
        return memo.setdefault(id(self), self._as(self.data))  # type: ignore[no-any-return]

    def __reduce_ex__(self, protocol: Any) -> Any:
        return type(self), (self.requires_grad, None, self.dtype)


class UninitializedParameter(UninitializedTensorMixin, Parameter):  # type: ignore[misc]
    """A parameter of a size that is not known yet, as a lazy layer has before its first call; `materialize` gives it one.

    >>> import autodiff as torch
    >>> p = torch.nn.UninitializedParameter()
    >>> p.materialize((2, 3))
    >>> type(p).__name__, p.shape
    ('Parameter', torch.Size([2, 3]))
    """

    cls_to_become = Parameter

    def __new__(cls, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> Self:
        return super().__new__(cls)

    def __init__(self, requires_grad: bool = True, device: Any = None, dtype: Any = None) -> None:
        Parameter.__init__(self, self._empty(device, dtype), False)
        self._edge = LEAF if requires_grad else None


class UninitializedBuffer(UninitializedTensorMixin, Buffer):  # type: ignore[misc]
    """A buffer of a size that is not known yet; `materialize` gives it one, and makes it a plain tensor.

    >>> import autodiff as torch
    >>> b = torch.nn.UninitializedBuffer()
    >>> b.materialize(2)
    >>> type(b).__name__, b.shape
    ('Tensor', torch.Size([2]))
    """

    cls_to_become = Tensor

    def __new__(cls, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True) -> Self:
        return super().__new__(cls)

    def __init__(self, requires_grad: bool = False, device: Any = None, dtype: Any = None, persistent: bool = True) -> None:
        Buffer.__init__(self, self._empty(device, dtype), persistent=persistent)
        self._edge = LEAF if requires_grad else None


def is_lazy(param: Any) -> TypeGuard[UninitializedTensorMixin]:
    """Whether this is a parameter or buffer that is not initialised yet."""
    return isinstance(param, UninitializedTensorMixin)


def empty_parameter(*size: int, device: Any = None, dtype: Any = None) -> Parameter:
    """A parameter of the size given whose numbers are still to be drawn.

    RuntimeError for a negative size, and for another device than the CPU.
    """
    if device is not None:
        types.on_cpu(device)
    found = as_numpy_dtype(dtype) or get_default_dtype().np
    if min(size, default=0) < 0:
        raise RuntimeError(f"Trying to create tensor with negative dimension {min(size)}: {list(size)}")
    return Parameter(wrap(np.empty(size, found)))


def __getattr__(name: str) -> Any:
    raise missing_name(__name__, name)
