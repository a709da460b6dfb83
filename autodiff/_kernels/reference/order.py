"""Twin of `doors/order.pxi`: after reading it you know how a list is shuffled."""

from __future__ import annotations

import numpy as np

from autodiff._kernels.reference.checks import Array


def exchanged(partners: Array, n: int) -> Array:
    """The numbers 0 to n - 1 after number i was exchanged with number partners[i], for one i after the other, as int64."""
    if not isinstance(partners, np.ndarray) or partners.ndim != 1 or partners.dtype.kind != "i" or len(partners) > n:
        raise TypeError(f"exchanged needs an array of at most {n} integers")
    if ((partners < 0) | (partners >= n)).any():
        raise IndexError(f"exchanged: a partner is not between 0 and {n - 1}")
    order = list(range(n))
    for i, j in enumerate(partners.tolist()):
        order[i], order[j] = order[j], order[i]
    return np.array(order, np.int64)
