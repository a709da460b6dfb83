"""The error function of whole arrays, which NumPy does not have.

After this module a reader knows how such a function is computed at all. Where it is nearly a line, below 1, it is x times a
polynomial in x**2. Beyond, 1 - erf(x) falls like e**-x**2 / x, and what is left of it when that is divided away is so smooth
that a polynomial gives it to the last digits, in a variable that brings all of [1, inf) into [-1, 1].

The coefficients are those of interpolation at Chebyshev's points, computed with 60 digits: erf is right to one unit in the last
place of a double, erfc to four.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from autodiff._core.broadcast import widened

# In w = 2 x**2 - 1, and in w = ((x - 3) / (x + 3) - 1/4) / (3/4): the highest power first.
_NEAR = (
    -3.8078824063194953e-13,
    9.211251258104202e-12,
    -2.035228405815769e-10,
    4.115751497589256e-09,
    -7.511569286591727e-08,
    1.2233827638116992e-06,
    -1.7537169441124866e-05,
    0.00021751715603563404,
    -0.0022854855611441132,
    0.019852496688984218,
    -0.1405360890227171,
    0.9654687386698673,
)
_FAR = (
    -1.4379184996850243e-12,
    -7.631163677145652e-11,
    1.109069204133936e-12,
    1.0047292610071426e-09,
    3.4139198992982304e-11,
    -9.104701575672306e-09,
    1.868299612434209e-09,
    7.964595432731861e-08,
    -7.119427217819072e-08,
    -6.960833244543864e-07,
    1.6380135350522116e-06,
    4.724578147084095e-06,
    -2.968253511998753e-05,
    2.5338909403520804e-05,
    0.00032022234852121774,
    -0.0019275631204810416,
    0.006499181794323636,
    -0.015785901749452633,
    0.029186202095380333,
    -0.03995258281752435,
    0.032325511271496604,
    0.5535231886653431,
)

# The same for numbers in single precision, which need half as many.
_NEAR_SINGLE = (
    1.230605479e-06,
    -1.766906803e-05,
    0.0002175135417,
    -0.002285419545,
    0.01985249714,
    -0.1405360973,
    0.9654687387,
)
_FAR_SINGLE = (
    -2.586628755e-05,
    3.470459342e-05,
    0.0003169594776,
    -0.001935122817,
    0.006500335001,
    -0.01578329979,
    0.02918605863,
    -0.03995290262,
    0.03232551414,
    0.553523195,
)


def _polynomial(coefficients: tuple[float, ...], w: Any) -> Any:
    y = np.full_like(w, coefficients[0])
    for c in coefficients[1:]:
        y *= w
        y += c
    return y


def _near(x: Any, size: Any) -> Any:
    """erf(x) where |x| <= 1."""
    inside = np.minimum(size, 1.0)
    return x * _polynomial(_NEAR if x.dtype.char == "d" else _NEAR_SINGLE, 2.0 * inside * inside - 1.0)


def _far(size: Any, exact: bool) -> Any:
    """erfc(|x|) where |x| >= 1. `exact`: e**-x**2 without the rounding error of x**2, which matters where that is large."""
    x = np.clip(size, 1.0, 30.0)  # beyond 27.3 it is 0 in double
    if exact:
        head = x.astype(np.float32).astype(np.float64)  # its square is exact
        power = np.exp(-head * head) * np.exp((head - x) * (head + x))
    else:
        power = np.exp(-x * x)
    return _polynomial(_FAR if size.dtype.char == "d" else _FAR_SINGLE, ((x - 3.0) / (x + 3.0) - 0.25) / 0.75) / x * power


def erf(x: Any) -> Any:
    """The error function, in x's dtype."""
    wide = widened(x)
    size = np.abs(wide)
    return np.where(size <= 1, _near(wide, size), np.copysign(1.0 - _far(size, exact=False), wide)).astype(x.dtype, copy=False)


def erfc(x: Any) -> Any:
    """1 - erf(x), computed in double, in x's dtype: exact also where it is tiny."""
    wide = x.astype(np.float64, copy=False)
    size = np.abs(wide)
    far = _far(size, exact=x.dtype.char == "d")  # a float32 is too small long before that matters
    return np.where(size <= 1, 1.0 - _near(wide, size), np.where(wide < 0, 2.0 - far, far)).astype(x.dtype, copy=False)
