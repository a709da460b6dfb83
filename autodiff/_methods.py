"""THE table: which function stands behind which method, property and operator of Tensor, a line for each.

After this module a reader can find every `tensor.method` by its name; a line here is all that an operation needs to become a
method.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff import _conversions
from autodiff._core import fields as _fields
from autodiff._core import hooks as _hooks
from autodiff._core import inplace as _views
from autodiff._core.inplace import in_place
from autodiff._core.promotion import cast
from autodiff._core.tensor import Tensor, wrap
from autodiff.ops import (
    activation,
    arithmetic,
    bitwise,
    combined,
    creation,
    distance,
    elementwise,
    extremes,
    index,
    join,
    linalg,
    order,
    rearrange,
    reduce,
    sampling,
    scatter,
    shape,
    softmax,
    statistics,
    triangle,
    trigonometry,
    truth,
)

__all__ = ["setitem"]

T = Tensor

# ---- the graph ---------------------------------------------------------------------------------------------------

T.requires_grad = property(_fields.get_requires_grad, _fields.set_requires_grad)
T.grad = property(_fields.get_grad, _fields.set_grad, _fields.del_grad)
T.grad_fn = property(_fields.grad_fn)
T.output_nr = property(_fields.output_nr)
T.is_leaf = property(_fields.is_leaf)
T.data = property(_fields.get_data, _fields.set_data)
T.retains_grad = property(_hooks.retains_grad)
T.backward = _fields.backward
T.detach = _fields.detach
T.detach_ = _views.detach_
T.requires_grad_ = _views.requires_grad_
T.register_hook = _hooks.register_hook
T.register_post_accumulate_grad_hook = _hooks.register_post_accumulate_grad_hook
T.retain_grad = _hooks.retain_grad

# ---- a tensor as something else ----------------------------------------------------------------------------------

T.item = _conversions.item
T.tolist = _conversions.tolist
T.numpy = _conversions.numpy
T.__array__ = _conversions._array_protocol
T.__array_ufunc__ = _conversions._array_ufunc
T.__dlpack__ = _conversions._dlpack
T.__dlpack_device__ = lambda self: self._array.__dlpack_device__()
T.__bool__ = _conversions._bool
T.__float__ = _conversions._float
T.__int__ = _conversions._int
T.__index__ = _conversions._index
T.__iter__ = _conversions._iter
T.__contains__ = _conversions._contains
T.__repr__ = T.__str__ = _conversions._repr
T.__format__ = _conversions._format
T.__reduce_ex__ = _conversions._reduce_ex
T.__deepcopy__ = _conversions._deepcopy
T.__copy__ = _conversions._copy
T.to = _conversions.to
T.cpu = _conversions._cpu
T.cuda = _conversions._cuda
T.type = _conversions.type_
T.type_as = _conversions.type_as
T.float = _conversions._converter("float")
T.double = _conversions._converter("double")
T.half = _conversions._converter("half")
T.int = _conversions._converter("int")
T.long = _conversions._converter("long")
T.short = _conversions._converter("short")
T.bool = _conversions._converter("bool")
T.byte = _conversions._converter("uint8")
T.char = _conversions._converter("int8")

# ---- operators ---------------------------------------------------------------------------------------------------


def _reflected(operation: Any) -> Any:
    def method(self: Tensor, other: Any) -> Any:
        return operation(other, self)

    method.__doc__ = f"{operation.__name__} with the operands exchanged."
    return method


def _binary(operation: Any) -> Any:
    """An operator that leaves a foreign type to its own reflected method."""

    def method(self: Tensor, other: Any) -> Any:
        if not isinstance(other, (Tensor, int, float, np.ndarray, np.generic)):
            return NotImplemented
        return operation(self, other)

    method.__doc__ = operation.__doc__
    return method


def _where(self: Tensor, condition: Any, other: Any) -> Any:
    """This tensor where the condition holds, `other` elsewhere."""
    return arithmetic.where(condition, self, other)


def _rtruediv(self: Tensor, other: Any) -> Any:
    """other / self, as the product with the reciprocal: PyTorch's way, whose last digit can differ from a division's."""
    return arithmetic.mul(elementwise.reciprocal(self), other)


def _rpow(self: Tensor, other: Any) -> Any:
    return arithmetic.pow(other, self)


def _rmatmul(self: Tensor, other: Any) -> Any:
    return linalg.matmul(other, self)


T.__add__ = T.__radd__ = arithmetic.plus
T.__sub__ = arithmetic.minus
T.__rsub__ = _reflected(arithmetic.minus_from_number)
T.__mul__ = T.__rmul__ = arithmetic.mul
T.__truediv__ = arithmetic.quotient
T.__rtruediv__ = _rtruediv
T.__floordiv__ = arithmetic.floor_divide
T.__rfloordiv__ = _reflected(arithmetic.floor_divide)
T.__mod__ = arithmetic.remainder
T.__rmod__ = _reflected(arithmetic.remainder)
T.__pow__ = arithmetic.pow
T.__rpow__ = _rpow
T.__matmul__ = linalg.matmul
T.__rmatmul__ = _rmatmul
T.__neg__ = arithmetic.neg
T.__pos__ = lambda self: self
T.__abs__ = arithmetic.abs
T.__invert__ = bitwise.bitwise_not
T.__and__, T.__or__, T.__xor__ = bitwise.bitwise_and, bitwise.bitwise_or, bitwise.bitwise_xor
T.__rand__, T.__ror__, T.__rxor__ = bitwise.bitwise_and, bitwise.bitwise_or, bitwise.bitwise_xor
T.__lshift__, T.__rshift__ = bitwise.bitwise_left_shift, bitwise.bitwise_right_shift
T.__rlshift__, T.__rrshift__ = _reflected(bitwise.bitwise_left_shift), _reflected(bitwise.bitwise_right_shift)
T.__eq__, T.__ne__ = _binary(arithmetic.eq), _binary(arithmetic.ne)
T.__lt__, T.__le__ = _binary(arithmetic.lt), _binary(arithmetic.le)
T.__gt__, T.__ge__ = _binary(arithmetic.gt), _binary(arithmetic.ge)
T.__hash__ = object.__hash__

# ---- indexing ----------------------------------------------------------------------------------------------------

_index_put_ = in_place(index.index_put)


def setitem(self: Tensor, key: Any, value: Any) -> None:
    """self[key] = value, as `copy_` into the view for int, slice, None and Ellipsis, else as index_put.

    TypeError when the value is neither a number nor a tensor.

    >>> import autodiff as torch
    >>> x = torch.zeros(3)
    >>> x[1:] = 5
    >>> x
    tensor([0., 5., 5.])
    """
    if not isinstance(value, Tensor):
        if not isinstance(value, (int, float, np.generic)):
            raise TypeError(
                f"can't assign a {type(value).__name__} to a {_conversions.type_(self)}; make it a tensor, as in "
                "x[0] = autodiff.tensor(...)"
            )
        value = wrap(np.asarray(value, self._array.dtype))
    basic, choice = index.normalize(key, self._array.shape)
    target = self if basic is None else index.viewed(self, basic)
    if choice is None:
        view = target
        while value._array.ndim > view._array.ndim and value._array.shape[0] == 1:
            value = value.squeeze(0)
        _views.copy_(view, value)
    else:
        _index_put_(target, choice, cast(value, dtype=self._array.dtype) if value.dtype != self.dtype else value)


T.__getitem__, T.__setitem__ = index.getitem, setitem

# ---- operations under their own names ----------------------------------------------------------------------------

# arithmetic
T.abs = arithmetic.abs
T.absolute = arithmetic.absolute
T.add = arithmetic.add
T.addcdiv = combined.addcdiv
T.addcmul = combined.addcmul
T.allclose = arithmetic.allclose
T.clamp = arithmetic.clamp
T.clamp_max = arithmetic.clamp_max
T.clamp_min = arithmetic.clamp_min
T.clip = arithmetic.clip
T.div = arithmetic.div
T.divide = arithmetic.divide
T.eq = arithmetic.eq
T.equal = arithmetic.equal
T.float_power = arithmetic.float_power
T.floor_divide = arithmetic.floor_divide
T.fmod = arithmetic.fmod
T.ge = arithmetic.ge
T.greater = arithmetic.greater
T.greater_equal = arithmetic.greater_equal
T.gt = arithmetic.gt
T.isclose = arithmetic.isclose
T.le = arithmetic.le
T.less = arithmetic.less
T.less_equal = arithmetic.less_equal
T.lt = arithmetic.lt
T.maximum = arithmetic.maximum
T.minimum = arithmetic.minimum
T.mul = arithmetic.mul
T.multiply = arithmetic.multiply
T.ne = arithmetic.ne
T.neg = arithmetic.neg
T.negative = arithmetic.negative
T.not_equal = arithmetic.not_equal
T.pow = arithmetic.pow
T.remainder = arithmetic.remainder
T.sub = arithmetic.sub
T.subtract = arithmetic.subtract
T.true_divide = arithmetic.true_divide
T.where = _where

# elementwise
T.acos = trigonometry.acos
T.acosh = trigonometry.acosh
T.asin = trigonometry.asin
T.asinh = trigonometry.asinh
T.atan = trigonometry.atan
T.atan2 = trigonometry.atan2
T.atanh = trigonometry.atanh
T.ceil = elementwise.ceil
T.cos = trigonometry.cos
T.cosh = trigonometry.cosh
T.deg2rad = trigonometry.deg2rad
T.erf = elementwise.erf
T.erfc = elementwise.erfc
T.exp = elementwise.exp
T.exp2 = elementwise.exp2
T.expm1 = elementwise.expm1
T.floor = elementwise.floor
T.frac = elementwise.frac
T.hypot = elementwise.hypot
T.isfinite = elementwise.isfinite
T.isinf = elementwise.isinf
T.isnan = elementwise.isnan
T.lerp = elementwise.lerp
T.log = elementwise.log
T.log10 = elementwise.log10
T.log1p = elementwise.log1p
T.log2 = elementwise.log2
T.logaddexp = elementwise.logaddexp
T.logical_and = elementwise.logical_and
T.logical_not = elementwise.logical_not
T.logical_or = elementwise.logical_or
T.logical_xor = elementwise.logical_xor
T.logit = elementwise.logit
T.nan_to_num = elementwise.nan_to_num
T.rad2deg = trigonometry.rad2deg
T.reciprocal = elementwise.reciprocal
T.round = elementwise.round
T.rsqrt = elementwise.rsqrt
T.sigmoid = elementwise.sigmoid
T.sign = elementwise.sign
T.sin = trigonometry.sin
T.sinh = trigonometry.sinh
T.sqrt = elementwise.sqrt
T.square = elementwise.square
T.tan = trigonometry.tan
T.tanh = trigonometry.tanh
T.trunc = elementwise.trunc

# reduce
T.all = truth.all
T.amax = extremes.amax
T.amin = extremes.amin
T.any = truth.any
T.aminmax = extremes.aminmax
T.argmax = extremes.argmax
T.argmin = extremes.argmin
T.argsort = order.argsort
T.bincount = order.bincount
T.diff = distance.diff
T.count_nonzero = truth.count_nonzero
T.cumprod = reduce.cumprod
T.cumsum = reduce.cumsum
T.logsumexp = statistics.logsumexp
T.max = extremes.max
T.mean = reduce.mean
T.median = order.median
T.min = extremes.min
T.nanmean = reduce.nanmean
T.nansum = reduce.nansum
T.norm = statistics.norm
T.prod = reduce.prod
T.sort = order.sort
T.std = statistics.std
T.sum = reduce.sum
T.topk = order.topk
T.unique = order.unique
T.var = statistics.var

# shape
T.broadcast_to = shape.broadcast_to
T.chunk = join.chunk
T.clone = shape.clone
T.contiguous = shape.contiguous
T.diag = triangle.diag
T.diagonal = triangle.diagonal
T.expand = shape.expand
T.expand_as = shape.expand_as
T.flatten = shape.flatten
T.flip = rearrange.flip
T.fliplr = rearrange.fliplr
T.flipud = rearrange.flipud
T.mT = property(shape.mT)
T.moveaxis = shape.moveaxis
T.movedim = shape.movedim
T.permute = shape.permute
T.ravel = shape.ravel
T.repeat = rearrange.repeat
T.repeat_interleave = rearrange.repeat_interleave
T.reshape = shape.reshape
T.reshape_as = shape.reshape_as
T.roll = rearrange.roll
T.split = join.split
T.squeeze = shape.squeeze
T.swapaxes = shape.swapaxes
T.swapdims = shape.swapdims
T.t = shape.t
T.tile = rearrange.tile
T.trace = triangle.trace
T.transpose = shape.transpose
T.tril = triangle.tril
T.triu = triangle.triu
T.unbind = join.unbind
T.unflatten = shape.unflatten
T.unsqueeze = shape.unsqueeze
T.view = shape.view
T.view_as = shape.view_as
T.T = property(shape.T)

# index
T.argwhere = scatter.argwhere
T.gather = scatter.gather
T.index_add = scatter.index_add
T.index_put = index.index_put
T.index_select = scatter.index_select
T.masked_fill = index.masked_fill
T.masked_select = index.masked_select
T.narrow = index.narrow
T.nonzero = scatter.nonzero
T.scatter = scatter.scatter
T.scatter_add = scatter.scatter_add
T.select = index.select
T.take = scatter.take
T.take_along_dim = scatter.take_along_dim

# linalg
T.addmm = linalg.addmm
T.baddbmm = linalg.baddbmm
T.bmm = linalg.bmm
T.dot = linalg.dot
T.inner = linalg.inner
T.matmul = linalg.matmul
T.mm = linalg.mm
T.mv = linalg.mv
T.outer = linalg.outer

# creation
T.new_empty = creation.new_empty
T.new_full = creation.new_full
T.new_ones = creation.new_ones
T.new_tensor = creation.new_tensor
T.new_zeros = creation.new_zeros

# activation
T.relu = activation.relu

# softmax
T.softmax = softmax.softmax
T.log_softmax = softmax.log_softmax

# sampling
T.bernoulli = sampling.bernoulli
T.multinomial = sampling.multinomial

# bitwise
T.bitwise_and = bitwise.bitwise_and
T.bitwise_or = bitwise.bitwise_or
T.bitwise_xor = bitwise.bitwise_xor
T.bitwise_not = bitwise.bitwise_not
T.bitwise_left_shift = bitwise.bitwise_left_shift
T.bitwise_right_shift = bitwise.bitwise_right_shift

# ---- in place ----------------------------------------------------------------------------------------------------

T.copy_ = _views.copy_
T.zero_ = _views.zero_
T.fill_ = _views.fill_

# arithmetic
T.abs_ = in_place(arithmetic.abs)
T.add_ = in_place(arithmetic.add)
T.addcdiv_ = in_place(combined.addcdiv)
T.addcmul_ = in_place(combined.addcmul)
T.clamp_ = in_place(arithmetic.clamp)
T.clamp_max_ = in_place(arithmetic.clamp_max)
T.clamp_min_ = in_place(arithmetic.clamp_min)
T.clip_ = in_place(arithmetic.clip)
T.div_ = in_place(arithmetic.div)
T.floor_divide_ = in_place(arithmetic.floor_divide)
T.fmod_ = in_place(arithmetic.fmod)
T.mul_ = in_place(arithmetic.mul)
T.neg_ = in_place(arithmetic.neg)
T.pow_ = in_place(arithmetic.pow)
T.remainder_ = in_place(arithmetic.remainder)
T.sub_ = in_place(arithmetic.sub)

# elementwise
T.acos_ = in_place(trigonometry.acos)
T.asin_ = in_place(trigonometry.asin)
T.atan_ = in_place(trigonometry.atan)
T.ceil_ = in_place(elementwise.ceil)
T.cos_ = in_place(trigonometry.cos)
T.cosh_ = in_place(trigonometry.cosh)
T.erf_ = in_place(elementwise.erf)
T.exp_ = in_place(elementwise.exp)
T.expm1_ = in_place(elementwise.expm1)
T.floor_ = in_place(elementwise.floor)
T.frac_ = in_place(elementwise.frac)
T.lerp_ = in_place(elementwise.lerp)
T.log_ = in_place(elementwise.log)
T.log10_ = in_place(elementwise.log10)
T.log1p_ = in_place(elementwise.log1p)
T.log2_ = in_place(elementwise.log2)
T.logit_ = in_place(elementwise.logit)
T.nan_to_num_ = in_place(elementwise.nan_to_num)
T.reciprocal_ = in_place(elementwise.reciprocal)
T.round_ = in_place(elementwise.round)
T.rsqrt_ = in_place(elementwise.rsqrt)
T.sigmoid_ = in_place(elementwise.sigmoid)
T.sign_ = in_place(elementwise.sign)
T.sin_ = in_place(trigonometry.sin)
T.sinh_ = in_place(trigonometry.sinh)
T.sqrt_ = in_place(elementwise.sqrt)
T.square_ = in_place(elementwise.square)
T.tan_ = in_place(trigonometry.tan)
T.tanh_ = in_place(trigonometry.tanh)
T.trunc_ = in_place(elementwise.trunc)

# reduce
T.cumprod_ = in_place(reduce.cumprod)
T.cumsum_ = in_place(reduce.cumsum)

# shape
T.tril_ = in_place(triangle.tril)
T.triu_ = in_place(triangle.triu)

# index
T.index_add_ = in_place(scatter.index_add)
T.index_put_ = in_place(index.index_put)
T.masked_fill_ = in_place(index.masked_fill)
T.scatter_ = in_place(scatter.scatter)
T.scatter_add_ = in_place(scatter.scatter_add)

# linalg
T.addmm_ = in_place(linalg.addmm)

# activation
T.relu_ = in_place(activation.relu)

# sampling
T.uniform_ = sampling.uniform_
T.normal_ = sampling.normal_
T.bernoulli_ = sampling.bernoulli_
T.random_ = sampling.random_
T.exponential_ = sampling.exponential_
T.log_normal_ = sampling.log_normal_

# An augmented assignment such as x += 1 is the operation in place.
T.__iadd__ = T.add_
T.__isub__ = T.sub_
T.__imul__ = T.mul_
T.__itruediv__ = T.div_
T.__ifloordiv__ = T.floor_divide_
T.__imod__ = T.remainder_
T.__ipow__ = T.pow_
T.__ilshift__ = in_place(bitwise.bitwise_left_shift)
T.__irshift__ = in_place(bitwise.bitwise_right_shift)
T.__iand__ = in_place(bitwise.bitwise_and)
T.__ior__ = in_place(bitwise.bitwise_or)
T.__ixor__ = in_place(bitwise.bitwise_xor)
