"""What a Tensor is: a NumPy array, a place in the graph, and a counter of changes. No mathematics here.

After this module a reader knows what a tensor carries: `_array` (the numbers), `_edge` (where its gradient goes),
`_cell` (how often its memory was changed, and by which line), `_grad`. The operations are written in `ops/`
and put onto the class in one table, `_methods.py`.
"""

from __future__ import annotations

from typing import Any

from autodiff._core.dtypes import from_numpy_dtype
from autodiff._core.formats import axes_in, contiguous_format, strided
from autodiff._core.missing import NamesOfPyTorch
from autodiff._core.types import CPU, Size

__all__ = ["LEAF", "Tensor", "View", "adopt", "wrap"]


class _Leaf:
    __slots__ = ()

    def __repr__(self):
        return "LEAF"


# The edge of a tensor that the user made with requires_grad=True. The engine's own edge, which names the tensor,
# is built when a node is made: stored here, it would be a reference cycle.
LEAF = _Leaf()


class View:
    """How a tensor sees another one's memory (Note [Views] in inplace.py)."""

    __slots__ = ("kind", "owner", "path", "seen", "turned")

    def __init__(self, base, path, seen, kind) -> None:
        self.owner = base  # the tensor that owns the memory and the history
        self.path = path  # ((primitive, params), ...) that lead from the base to the view
        self.seen = seen  # the count of the cell when the view's edge was last right
        self.kind = kind  # "", or why writing through it is refused: "outputs", "no_grad", "inference", a Function's name
        self.turned = False  # did the tensor get another shape in place? Then it is a view of what it was before

    @property
    def base(self) -> Tensor:
        """The tensor that owns the memory and the history; what it was, where it has got another shape in place since."""
        beneath = self.owner._view
        if beneath is not None and beneath.turned:
            self.owner = beneath.owner
        return self.owner

    @base.setter
    def base(self, owner) -> None:
        self.owner = owner


class Tensor(NamesOfPyTorch):
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

    __module__ = "autodiff"  # where users find it: print(type(x))

    # Slots, since they are read faster; and a dictionary for what users note on a tensor, as in x.label = "x1".
    __slots__ = ("__dict__", "__weakref__", "_array", "_cell", "_edge", "_extra", "_grad", "_view")

    __hash__ = object.__hash__

    is_cpu = True
    is_cuda = False
    is_sparse = False
    is_quantized = False
    is_xpu = is_mps = is_meta = is_nested = is_mkldnn = is_sparse_csr = False
    layout = strided

    _results_are_plain = False  # is what is computed from an instance of the class a plain Tensor? (subclasses.py)

    @property
    def shape(self) -> Size:
        """The size of each dimension, as a `Size`."""
        return Size(self._array.shape)

    @property
    def ndim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    @property
    def dtype(self) -> dtype:
        """The type of the elements."""
        return from_numpy_dtype(self._array.dtype)

    @property
    def device(self) -> device:
        """Always the CPU."""
        return CPU

    @property
    def itemsize(self) -> int:
        """The bytes of one element."""
        return self._array.itemsize

    @property
    def nbytes(self) -> int:
        """The bytes of all elements."""
        return self._array.nbytes

    @property
    def _version(self) -> int:
        """How often the memory was changed in place."""
        if self._cell is None:
            raise RuntimeError("Inference tensors do not track version counter.")
        return self._cell[0]

    def size(self, dim=None) -> Any:
        """The shape, or the size of dimension `dim`."""
        return Size(self._array.shape) if dim is None else Size(self._array.shape)[dim]

    def dim(self) -> int:
        """The number of dimensions."""
        return self._array.ndim

    ndimension = dim

    def numel(self) -> int:
        """The number of elements."""
        return self._array.size

    nelement = numel

    def element_size(self) -> int:
        """The bytes of one element."""
        return self._array.itemsize

    def stride(self, dim=None) -> Any:
        """The steps, in elements, from one element to the next along each dimension (or along `dim`)."""
        array = self._array
        strides = tuple(s // array.itemsize for s in array.strides)
        if 0 in strides:
            strides = _pytorchs_strides(array, strides)
        return strides if dim is None else strides[dim]

    def is_contiguous(self, *, memory_format: Any = contiguous_format) -> bool:
        """Whether the elements lie in memory without gaps: in row-major order, or in that of the format."""
        if memory_format is contiguous_format:
            return self._array.flags.c_contiguous
        try:
            axes = axes_in("is_contiguous", memory_format, self._array.ndim)
        except RuntimeError:  # another rank
            return False
        return (self._array if axes is None else self._array.transpose(axes)).flags.c_contiguous

    def is_floating_point(self) -> bool:
        """Whether the dtype is a floating type."""
        return self._array.dtype.kind == "f"

    def is_complex(self) -> bool:
        """Always False: complex numbers are not supported."""
        return False

    def is_inference(self) -> bool:
        """Whether the tensor was made in inference mode."""
        return self._cell is None

    def data_ptr(self) -> int:
        """The address of the first element."""
        return self._array.ctypes.data

    def get_device(self) -> int:
        """-1, PyTorch's number for the CPU."""
        return -1

    def __len__(self) -> int:
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


def adopt(t, data):
    """Let `t`, a new tensor of a class of its own, see data's memory, without data's history."""
    t._array = data._array
    t._cell = data._cell
    t._edge = t._grad = t._view = t._extra = None


def _pytorchs_strides(array, strides):
    """The strides where no step is ever taken: NumPy writes 0 there, PyTorch what they are in a tensor in rows."""
    found = list(strides)
    for i in reversed(range(array.ndim)):
        if found[i] == 0 and (array.shape[i] == 1 or not array.size):
            found[i] = found[i + 1] * max(array.shape[i + 1], 1) if i + 1 < array.ndim else 1
    return tuple(found)


_new = Tensor.__new__
