"""Another shape in place as PyTorch's calls give it: squeeze_, unsqueeze_, transpose_ and its other names, t_.

After this module a reader knows that the numbers do not move: the same memory is seen in another shape from then on.
"""

from autodiff._core.reshaped import shape_in_place
from autodiff._core.tensor import Tensor
from autodiff.api import shape

Tensor.squeeze_ = shape_in_place(shape.squeeze)
Tensor.unsqueeze_ = shape_in_place(shape.unsqueeze)
Tensor.transpose_ = shape_in_place(shape.transpose)
Tensor.swapaxes_ = shape_in_place(shape.swapaxes)
Tensor.swapdims_ = shape_in_place(shape.transpose, "swapdims_")
Tensor.t_ = shape_in_place(shape.t)
