"""Second names: what PyTorch, for NumPy's sake or for old programs, calls by more than one.

After this module a reader knows that `torch.multiply` is `torch.mul` itself. A method by such a name stands here too.
"""

from autodiff._core.tensor import Tensor as T
from autodiff.api import with_out as functions
from autodiff.api.shape import movedim, transpose

absolute, T.absolute = functions.abs, T.abs
negative, T.negative = functions.neg, T.neg
multiply, T.multiply = functions.mul, T.mul
subtract, T.subtract = functions.sub, T.sub
divide, T.divide = functions.div, T.div
true_divide, T.true_divide = functions.div, T.div
clip, T.clip, T.clip_ = functions.clamp, T.clamp, T.clamp_
not_equal, T.not_equal = functions.ne, T.ne
less, T.less = functions.lt, T.lt
less_equal, T.less_equal = functions.le, T.le
greater, T.greater = functions.gt, T.gt
greater_equal, T.greater_equal = functions.ge, T.ge
concat = concatenate = functions.cat
moveaxis = T.moveaxis = movedim
swapdims = T.swapdims = transpose
