"""What a Tensor is: a NumPy array, a place in the graph, and a counter of changes. No mathematics here.

After this module a reader knows what a tensor carries: `_array` (the numbers), `_edge` (where its gradient goes),
`_cell` (how often its memory was changed, and by which line), `_grad`. The operations are written in `ops/`
and put onto the class in one table, `_methods.py`.
"""

from __future__ import annotations

import math

import numpy as np

from autodiff._dtypes import from_numpy_dtype, get_default_dtype

__all__ = ["LEAF", "Size", "Tensor", "View", "device", "wrap"]


class Size(tuple):
    """A shape: a tuple of ints that prints as PyTorch's.

    >>> import autodiff as torch
    >>> torch.zeros(2, 3).shape, torch.zeros(2, 3).shape.numel()
    (torch.Size([2, 3]), 6)
    """

    __slots__ = ()

    def numel(self):
        """The number of elements of a tensor of this shape."""
        return math.prod(self)

    def __repr__(self):
        return f"torch.Size([{', '.join(map(str, self))}])"

    def __add__(self, other):
        return Size(tuple.__add__(self, tuple(other)))

    def __mul__(self, times):
        return Size(tuple.__mul__(self, times))

    def __getitem__(self, index):
        item = tuple.__getitem__(self, index)
        return Size(item) if isinstance(index, slice) else item


class device:
    """Where a tensor lives. There is one device, the CPU; anything else is a RuntimeError.

    >>> import autodiff as torch
    >>> torch.device("cpu"), torch.ones(2).device == torch.device("cpu")
    (device(type='cpu'), True)
    """

    __slots__ = ("index", "type")

    def __init__(self, type="cpu", index=None):
        name = type.type if isinstance(type, device) else type
        if not isinstance(name, str):
            raise TypeError(f"device must be a name such as 'cpu', not {name!r}")
        if name in ("float32", "float64", "float16", "float", "double", "half", "int64", "int32", "long", "int", "bool"):
            raise RuntimeError(f"{name!r} is no device; a dtype is written without quotes, as in x.to(torch.{name})")
        if name.partition(":")[0] != "cpu":
            raise RuntimeError(f"device {name!r} is not available: autodiff computes on the CPU only; use 'cpu'")
        self.type = "cpu"
        self.index = int(name.partition(":")[2]) if ":" in name else index

    def __repr__(self):
        return "device(type='cpu')" if self.index is None else f"device(type='cpu', index={self.index})"

    def __str__(self):
        return "cpu" if self.index is None else f"cpu:{self.index}"

    def __eq__(self, other):
        return isinstance(other, device) and other.index == self.index

    def __hash__(self):
        return hash((self.type, self.index))


CPU = device("cpu")


class _Leaf:
    __slots__ = ()

    def __repr__(self):
        return "LEAF"


# The edge of a tensor that the user made with requires_grad=True. The engine's own edge, which names the tensor,
# is built when a node is made: stored here, it would be a reference cycle.
LEAF = _Leaf()


class View:
    """How a tensor sees another one's memory (Note [Views] in _views.py)."""

    __slots__ = ("base", "kind", "path", "seen")

    def __init__(self, base, path, seen, kind):
        self.base = base  # the tensor that owns the memory and the history
        self.path = path  # ((primitive, params), ...) that lead from the base to the view
        self.seen = seen  # the count of the cell when the view's edge was last right
        self.kind = kind  # "", or why writing through it is refused: "outputs", "no_grad"


class Tensor:
    """A multi-dimensional array of numbers that remembers how it was made, so that it can be differentiated.

    Make one with `tensor`, `zeros`, `randn`, ...; `Tensor(data)` itself makes a tensor of the default dtype from
    nested lists, and `Tensor(2, 3)` an uninitialised one of that shape, as in PyTorch.

    >>> import autodiff as torch
    >>> x = torch.tensor([1.0, 2.0], requires_grad=True)
    >>> y = (x * x).sum()
    >>> y.backward()
    >>> y, x.grad
    (tensor(5., grad_fn=<SumBackward0>), tensor([2., 4.]))
    """

    __slots__ = ("__weakref__", "_array", "_cell", "_edge", "_extra", "_grad", "_view")

    __hash__ = object.__hash__

    is_cpu = True
    is_cuda = False
    is_sparse = False
    is_quantized = False
    layout = "torch.strided"

    def __init__(self, *data):
        dtype = get_default_dtype().np
        if len(data) == 1 and not isinstance(data[0], int):
            source = data[0]._array if isinstance(data[0], Tensor) else data[0]
            array = np.zeros(source, dtype) if isinstance(source, Size) else np.array(source, dtype)
        else:
            array = np.zeros(data if data else (0,), dtype)
        self._array = array
        self._cell = [0, None]
        self._edge = self._grad = self._view = self._extra = None

    @property
    def shape(self):
        """The size of each dimension, as a `Size`."""
        return Size(self._array.shape)

    @property
    def ndim(self):
        """The number of dimensions."""
        return self._array.ndim

    @property
    def dtype(self):
        """The type of the elements."""
        return from_numpy_dtype(self._array.dtype)

    @property
    def device(self):
        """Always the CPU."""
        return CPU

    @property
    def itemsize(self):
        """The bytes of one element."""
        return self._array.itemsize

    @property
    def nbytes(self):
        """The bytes of all elements."""
        return self._array.nbytes

    @property
    def _version(self):
        """How often the memory was changed in place."""
        if self._cell is None:
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._cell[0]

    def size(self, dim=None):
        """The shape, or the size of dimension `dim`."""
        return Size(self._array.shape) if dim is None else Size(self._array.shape)[dim]

    def dim(self):
        """The number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self):
        """The number of elements."""
        return self._array.size

    nelement = numel

    def element_size(self):
        """The bytes of one element."""
        return self._array.itemsize

    def stride(self, dim=None):
        """The steps, in elements, from one element to the next along each dimension (or along `dim`)."""
        strides = tuple(s // self._array.itemsize for s in self._array.strides)
        return strides if dim is None else strides[dim]

    def is_contiguous(self):
        """Whether the elements lie in memory in row-major order without gaps."""
        return self._array.flags.c_contiguous

    def is_floating_point(self):
        """Whether the dtype is a floating type."""
        return self._array.dtype.kind == "f"

    def is_complex(self):
        """Always False: complex numbers are not supported."""
        return False

    def is_inference(self):
        """Whether the tensor was made in inference mode."""
        return self._cell is None

    def data_ptr(self):
        """The address of the first element."""
        return self._array.ctypes.data

    def get_device(self):
        """-1, PyTorch's number for the CPU."""
        return -1

    def __len__(self):
        if self._array.ndim == 0:
            raise TypeError("len() of a 0-d tensor")
        return len(self._array)


def wrap(array):
    """A plain tensor around that very array: no gradient, a fresh count of changes."""
    t = _new(Tensor)
    t._array = array
    t._cell = [0, None]
    t._edge = t._grad = t._view = t._extra = None
    return t


_new = Tensor.__new__
