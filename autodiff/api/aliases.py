"""Second names: what PyTorch, for NumPy's sake or for old programs, calls by more than one.

After this module a reader knows that `torch.concat` is `torch.cat` itself. A method by such a name stands here too.
"""

from autodiff._core.tensor import Tensor as T
from autodiff.api.join import cat
from autodiff.api.shape import movedim, transpose

concat = concatenate = cat
moveaxis = T.moveaxis = movedim
swapaxes = T.swapaxes = transpose
swapdims = T.swapdims = transpose
