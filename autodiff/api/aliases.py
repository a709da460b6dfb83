"""Other names of operations, which PyTorch has too.

After this module a reader knows that `concat` is `cat`: an alias is the function itself, under a second name.
"""

from autodiff._core.inplace import method
from autodiff.api.join import cat
from autodiff.api.shape import movedim, transpose

concat = concatenate = cat
moveaxis = method(name="moveaxis")(movedim)
swapaxes = method(name="swapaxes")(transpose)
swapdims = method(name="swapdims")(transpose)
