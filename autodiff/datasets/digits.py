"""The UCI handwritten digits: 1,797 real 8x8 images, written by 13 people.

After this module a reader knows what the first data set of the course looks like. Source and licence (CC BY 4.0) are in
README.md beside the data.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from autodiff._core.tensor import Tensor, wrap

__all__ = ["Digits", "load_digits"]


class Digits(NamedTuple):
    """Images and the digits they show; `TensorDataset(*load_digits())` makes a dataset of them."""

    images: Tensor
    targets: Tensor


def load_digits(*, flat: bool = False, scale: bool = True) -> Digits:
    """The 1,797 handwritten digits, (images, targets): images (1797, 8, 8) float32 in 0 to 1, targets (1797,) int64.

    `flat=True` gives images of shape (1797, 64); `scale=False` leaves the pixels as stored, whole numbers from 0 to 16 (still
    float32). The order is the file's; hold some out with `utils.data.random_split`, which shuffles:
    `train, test = random_split(TensorDataset(*load_digits()), [0.8, 0.2])`. Source: E. Alpaydin and C. Kaynak, UCI Machine
    Learning Repository, https://doi.org/10.24432/C50P49, CC BY 4.0.

    >>> from autodiff.datasets import load_digits
    >>> images, targets = load_digits()
    >>> images.shape, images.dtype, targets[:5]
    (torch.Size([1797, 8, 8]), torch.float32, tensor([0, 1, 2, 3, 4]))
    """
    from importlib.resources import files  # imported here: only those who load data pay for it

    with (files(__package__) / "digits.csv").open("r", encoding="ascii") as file:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
    images = table[:, :64].astype(np.float32)
    if scale:
        images /= 16
    return Digits(wrap(images if flat else images.reshape(-1, 8, 8)), wrap(table[:, 64].astype(np.int64)))
