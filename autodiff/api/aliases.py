"""Second names: what PyTorch, for NumPy's sake or for old programs, calls by more than one.

After this module a reader knows that `torch.multiply` is `torch.mul` itself. A method by such a name stands here too.
"""

from autodiff._core.tensor import Tensor as T
from autodiff.api import answers as _answers  # noqa: F401  (its methods)
from autodiff.api import with_out as functions
from autodiff.api import with_out_places as placed
from autodiff.api.pixels import channel_shuffle
from autodiff.api.shape import movedim, transpose

absolute, T.absolute, T.absolute_ = functions.abs, T.abs, T.abs_
negative, T.negative, T.negative_ = functions.neg, T.neg, T.neg_
multiply, T.multiply, T.multiply_ = functions.mul, T.mul, T.mul_
subtract, T.subtract, T.subtract_ = functions.sub, T.sub, T.sub_
divide, T.divide, T.divide_ = functions.div, T.div, T.div_
true_divide, T.true_divide, T.true_divide_ = functions.div, T.div, T.div_
clip, T.clip, T.clip_ = functions.clamp, T.clamp, T.clamp_
not_equal, T.not_equal, T.not_equal_ = functions.ne, T.ne, T.ne_
less, T.less, T.less_ = functions.lt, T.lt, T.lt_
less_equal, T.less_equal, T.less_equal_ = functions.le, T.le, T.le_
greater, T.greater, T.greater_ = functions.gt, T.gt, T.gt_
greater_equal, T.greater_equal, T.greater_equal_ = functions.ge, T.ge, T.ge_
arccos, T.arccos, T.arccos_ = functions.acos, T.acos, T.acos_
arccosh, T.arccosh, T.arccosh_ = functions.acosh, T.acosh, T.acosh_
arcsin, T.arcsin, T.arcsin_ = functions.asin, T.asin, T.asin_
arcsinh, T.arcsinh, T.arcsinh_ = functions.asinh, T.asinh, T.asinh_
arctan, T.arctan, T.arctan_ = functions.atan, T.atan, T.atan_
arctan2, T.arctan2, T.arctan2_ = functions.atan2, T.atan2, T.atan2_
arctanh, T.arctanh, T.arctanh_ = functions.atanh, T.atanh, T.atanh_
fix, T.fix, T.fix_ = functions.trunc, T.trunc, T.trunc_
concat = concatenate = placed.cat
moveaxis = T.moveaxis = movedim
native_channel_shuffle = channel_shuffle
row_stack = placed.vstack
swapdims = T.swapdims = transpose
