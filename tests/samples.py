"""One row per operation: how to call it, on what, and what NumPy says it is. The laws in test_laws*.py hold for all rows.

`call` gets the module first, so that the very same call runs on autodiff and on PyTorch. `reference` is NumPy, on
arrays; where it is `analytic` it also takes complex numbers, and the derivative is checked to 1e-8 by the
complex step f'(x) = Im f(x + ih) / h. A new operation's row goes into the file of its kind, in `rows/`.
"""

from rows.chance import CHANCE
from rows.cut import CUT
from rows.elementwise import AT_KINKS, ELEMENTWISE, TWO
from rows.extremes import said
from rows.gathered import GATHERED, WRITTEN
from rows.images import IMAGES
from rows.layers import NN
from rows.linear import EQUATIONS, FACTORS, OF_MATRICES
from rows.losses import LOSSES
from rows.mathematics import PARTS, VECTORS
from rows.norms import NORMS
from rows.places import IN_PLACE, INDEXING
from rows.products import PRODUCTS
from rows.ranked import RANKED
from rows.reductions import AT_TIES, REDUCTIONS
from rows.row import LAYOUTS, Row
from rows.sequences import SEQUENCES
from rows.shapes import SHAPES
from rows.special import SPECIAL
from rows.statistics import STATISTICS
from rows.strided import STRIDED
from rows.windows import WINDOWS

__all__ = ["LAYOUTS", "ROWS", "Row"]

_ROWS = [
    *ELEMENTWISE,
    *TWO,
    *REDUCTIONS,
    *SHAPES,
    *INDEXING,
    *PRODUCTS,
    *NN,
    *WINDOWS,
    *NORMS,
    *CHANCE,
    *IMAGES,
    *LOSSES,
    *SEQUENCES,
    *IN_PLACE,
    *CUT,
    *GATHERED,
    *WRITTEN,
    *STRIDED,
    *RANKED,
    *AT_KINKS,
    *AT_TIES,
    *PARTS,
    *VECTORS,
    *STATISTICS,
    *SPECIAL,
    *EQUATIONS,
    *FACTORS,
    *OF_MATRICES,
]
ROWS = [said(row) for row in _ROWS]
