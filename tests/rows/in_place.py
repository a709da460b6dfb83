"""The in-place operations as functions of torch: each on a tensor that is its own."""

import numpy as np

from rows.plain import WHOLE, Plain

X = np.array([[0.25, 0.75], [0.5, 0.125]])
SIGNED = np.array([[3.5, -0.5, 2.0], [-1.0, 0.0, -2.5]])
COUNTS = np.array([[12, 20, 6], [1, 5, 2]])
NAMES = """abs_ acos_ arccos_ arcsin_ arcsinh_ arctan_ arctanh_ asin_ asinh_ atan_ atanh_ ceil_ cos_ cosh_
    deg2rad_ detach_ erf_ erfc_ exp2_ exp_ expm1_ fix_ floor_ frac_ i0_ log10_ log1p_ log2_ log_ logit_ nan_to_num_ neg_
    negative_ rad2deg_ reciprocal_ round_ rsqrt_ sigmoid_ sin_ sinc_ sinh_ sqrt_ square_ tan_ tanh_ trunc_ zero_""".split()  # noqa: SIM905


def own(name, values=X, *arguments, dtypes=("float32", "float64"), note=""):
    """A row that hands the function a copy, and other arguments: a function makes them of the library.

    Such rows are compared to the last bit, which exp and others do not promise: four digits are looked at here.
    """

    def call(T, x):
        y = getattr(T, name)(x.clone(), *(made(T) for made in arguments))
        return str(y.dtype), T.round(y.double(), decimals=4)

    return Plain(name, call, (values,), dtypes, note)


IN_PLACE = [
    *[own(name) for name in (*NAMES, "conj_physical_")],  # (the last is left out of NAMES since it leaves real numbers as they are)
    *[own(name, SIGNED, note="signs") for name in ("abs_", "neg_", "square_", "round_", "trunc_", "frac_")],
    *[own(name, X + 1) for name in ("acosh_", "arccosh_")],
    *[own(name, COUNTS, lambda T: 4, dtypes=WHOLE) for name in ("fill_",)],
    *[own(name, COUNTS, lambda T: T.tensor([8, 15, 4], dtype=T.uint8), dtypes=WHOLE) for name in ("gcd_", "lcm_")],
    *[own(name, SIGNED, lambda T: -0.75, lambda T: 1.5) for name in ("clamp_", "clip_")],
    *[own(name, SIGNED, lambda T: 0.5) for name in ("clamp_min_", "clamp_max_", "xlogy_")],
    own("ldexp_", X, lambda T: T.tensor([1, 2])),
    own("addmv_", X[0], lambda T: T.eye(2).double(), lambda T: T.ones(2).double(), dtypes=("float64",)),
    own("as_strided_", X, lambda T: (2,), lambda T: (1,)),
    own("index_put_", X, lambda T: [T.tensor([1])], lambda T: T.ones(2).double(), dtypes=("float64",)),
    own("resize_as_", X, lambda T: T.zeros(3)),
]
