"""Special functions: what NumPy doesn't have is SciPy's."""

import numpy as np
from scipy import special

from rows.row import Row, binary, unary

SPECIAL = [
    unary("sinc", lambda x: np.sin(np.pi * x) / (np.pi * x), kinks=(0.0,)),
    Row("sinc", ((5,),), lambda T, x: T.sinc(x), np.sinc, values=(np.array([0.0, 0.4, 0.5, 3.2, -7.7]),), note="at 0 and far out",
        torch_orders=1),
    binary("xlogy", lambda a, b: a * np.log(b), (0.3, 2.0)),
    Row("xlogy", ((4,), (4,)), lambda T, a, b: T.xlogy(a, b), special.xlogy, smooth=False, note="at 0", torch_orders=1, at_extremes="alone",
        values=(np.array([0.0, 0.0, 1.0, 2.0]), np.array([0.0, 2.0, 3.0, 0.5]))),
    Row("xlogy", ((2, 3),), lambda T, x: T.xlogy(x, 2.5) + T.xlogy(2.5, x), lambda x: x * np.log(2.5) + 2.5 * np.log(x), (0.3, 2.0),
        analytic=True, note="number", same_name=False),
    unary("lgamma", special.gammaln, (0.3, 4.0), analytic=False, at_extremes="finite"),
    unary("digamma", special.digamma, (0.3, 4.0), analytic=False, at_extremes="finite", torch_rtol=1e-9),
    Row("polygamma", ((2, 3),), lambda T, x: T.polygamma(2, x), lambda x: special.polygamma(2, x), (0.5, 4.0)),
    Row("mvlgamma", ((2, 3),), lambda T, x: T.mvlgamma(x, 3),
        np.vectorize(lambda v: special.multigammaln(v, 3)), (1.5, 4.0), same_name=False, torch_rtol=1e-9),
    unary("erfinv", special.erfinv, (-0.9, 0.9), analytic=False, at_extremes="finite"),
    unary("i0", special.i0, analytic=False, at_extremes="finite", torch_orders=2),
    Row("igamma", ((2, 3),), lambda T, x: T.igamma(T.full_like(x, 1.5), x), lambda x: special.gammainc(1.5, x), (0.3, 3.0)),
    Row("igammac", ((2, 3),), lambda T, x: T.igammac(T.full_like(x, 1.5), x), lambda x: special.gammaincc(1.5, x), (0.3, 3.0)),
    Row("igamma", ((2, 3), (2, 3)), lambda T, a, x: T.igamma(a, x), special.gammainc, (0.5, 3.0), note="both",
        no_slope="the derivative for 'igamma: input' is not implemented"),
    Row("igammac", ((2, 3), (2, 3)), lambda T, a, x: T.igammac(a, x), special.gammaincc, (0.5, 3.0), note="both",
        no_slope="the derivative for 'igammac: input' is not implemented"),
    unary("angle", np.angle, analytic=False, kinks=(0.0,)),
    unary("arccos", np.arccos, (-0.9, 0.9)),
    unary("arccosh", np.arccosh, (1.2, 3.0)),
    unary("arcsin", np.arcsin, (-0.9, 0.9)),
    unary("arcsinh", np.arcsinh),
    unary("arctan", np.arctan),
    unary("arctanh", np.arctanh, (-0.9, 0.9)),
    binary("arctan2", np.arctan2, (0.5, 2.0), analytic=False, at_extremes="finite"),
    unary("fix", np.fix, analytic=False, kinks=(-2.0, -1.0, 0.0, 1.0, 2.0)),
    Row("adjoint", ((2, 3),), lambda T, x: T.adjoint(x), np.transpose, analytic=True),
    *[
        Row(f"special.{name}", ((2, 3),), (lambda name: lambda T, x: getattr(T.special, name)(x))(name), reference, domain, half=half,
            torch_orders=orders, torch_rtol=1e-9, same_name=name != "ndtr", kinks=(0.0,))
        for name, reference, domain, orders, half in (
            ("entr", special.entr, (0.1, 2.0), 3, True),
            ("erfcx", special.erfcx, (-2.0, 2.0), 3, False),
            ("ndtr", special.ndtr, (-2.0, 2.0), 3, True),
            ("ndtri", special.ndtri, (0.1, 0.9), 3, False),
            ("log_ndtr", special.log_ndtr, (-2.0, 2.0), 3, False),
            ("i0e", special.i0e, (-2.0, 2.0), 2, True),
            ("i1", special.i1, (-2.0, 2.0), 2, True),
            ("i1e", special.i1e, (-2.0, 2.0), 2, True),
        )
    ],
    Row("special.xlog1py", ((2, 3), (3,)), lambda T, a, b: T.special.xlog1py(a, b), lambda a, b: a * np.log1p(b), (-0.5, 2.0), analytic=True,
        broadcasts=True),
    Row("special.xlog1py", ((4,), (4,)), lambda T, a, b: T.special.xlog1py(a, b), special.xlog1py, smooth=False, note="at 0", torch_orders=1,
        values=(np.array([0.0, 0.0, 1.0, 2.0]), np.array([-1.0, 2.0, 3.0, 0.5]))),
    Row("special.zeta", ((2, 3),), lambda T, q: T.special.zeta(2.5, q), lambda q: special.zeta(2.5, q), (0.5, 3.0),
        torch_rtol=1e-9, half=False, same_name=False),
    Row("special.zeta", ((2, 3), (2, 3)), lambda T, x, q: T.special.zeta(x, q), special.zeta, (1.5, 3.0), note="both", half=False,
        no_slope="the derivative for 'zeta' is not implemented"),
]  # fmt: skip
