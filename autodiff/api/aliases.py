"""Second names: what PyTorch, for NumPy's sake or for old programs, calls by more than one.

After this module a reader knows that `torch.multiply` is `torch.mul` itself. A method by such a name stands here too.
"""

from autodiff._core.tensor import Tensor as T
from autodiff.api.arithmetic import div, sub
from autodiff.api.comparison import clamp
from autodiff.api.join import cat
from autodiff.api.shape import movedim, transpose
from autodiff.ops.arithmetic import abs, mul, neg
from autodiff.ops.comparison import ge, gt, le, lt, ne

absolute = T.absolute = abs
negative = T.negative = neg
multiply = T.multiply = mul
subtract = T.subtract = sub
divide = T.divide = div
true_divide = T.true_divide = div
clip, T.clip, T.clip_ = clamp, clamp, T.clamp_
not_equal = T.not_equal = ne
less = T.less = lt
less_equal = T.less_equal = le
greater = T.greater = gt
greater_equal = T.greater_equal = ge
concat = concatenate = cat
moveaxis = T.moveaxis = movedim
swapdims = T.swapdims = transpose
