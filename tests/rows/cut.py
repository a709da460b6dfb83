"""Tensors cut into several, joined in other ways, turned, and given another shape in place."""

import itertools

import numpy as np

from rows.row import Row, shaped


def in_place(name, *args):
    """The method on a tensor that is no leaf."""
    return lambda T, x: getattr(x * 1, name)(*args)


CUT = [
    Row("fill_diagonal_", ((3, 3),), lambda T, x: (x * 1).fill_diagonal_(2.5), lambda x: np.where(np.eye(3) > 0, 2.5, x), analytic=True,
        same_name=False),
    shaped("split_with_sizes", lambda T, x: T.split_with_sizes(x, [1, 3], 1)[1], lambda x: x[:, 1:], (2, 4),
        large=(((100, 200),), lambda T, x: T.split_with_sizes(x, [50, 100, 50], 1)[1])),
    shaped("tensor_split", lambda T, x: T.tensor_split(x, 3, 1)[0], lambda x: x[:, :2], (2, 4)),
    shaped("tensor_split", lambda T, x: T.tensor_split(x, (1, -1), 1)[1], lambda x: x[:, 1:3], (2, 4), "indices"),
    shaped("hsplit", lambda T, x: T.hsplit(x, 2)[1], lambda x: x[:, 2:], (2, 4)),
    shaped("hsplit", lambda T, x: T.hsplit(x, [1])[1], lambda x: x[1:], (4,), "vector"),
    shaped("vsplit", lambda T, x: T.vsplit(x, 2)[1], lambda x: x[1:], (2, 4)),
    shaped("dsplit", lambda T, x: T.dsplit(x, [1])[1], lambda x: x[..., 1:], (2, 3, 4), same_name=False),
    shaped("atleast_3d", lambda T, x: T.atleast_3d(x), lambda x: x[..., None]),
    shaped("atleast_3d", lambda T, x: T.atleast_3d(x), lambda x: x[None, :, None], (3,), "vector"),
    shaped("atleast_3d", lambda T, x: T.atleast_3d(x), lambda x: x.reshape(1, 1, 1), (), "number"),
    Row("column_stack", ((2,), (2, 3)), lambda T, a, b: T.column_stack([a, b]), lambda a, b: np.concatenate([a[:, None], b], 1),
        analytic=True, large=(((100,), (100, 200)), lambda T, a, b: T.column_stack([a, b]))),
    Row("row_stack", ((2, 3), (1, 3)), lambda T, a, b: T.row_stack([a, b]), lambda a, b: np.vstack([a, b]), analytic=True),
    Row("cartesian_prod", ((2,), (3,)), lambda T, a, b: T.cartesian_prod(a, b),
        lambda a, b: np.stack([np.repeat(a, 3), np.tile(b, 2)], 1), analytic=True,
        large=(((100,), (100,)), lambda T, a, b: T.cartesian_prod(a, b))),
    shaped("combinations", lambda T, x: T.combinations(x), lambda x: np.stack([x[[0, 0, 1]], x[[1, 2, 2]]], 1), (3,),
        large=(((141,),), lambda T, x: T.combinations(x))),
    shaped("combinations", lambda T, x: T.combinations(x, 3, True),
        lambda x: np.array([*itertools.combinations_with_replacement(x, 3)]), (3,), "with replacement",
        large=(((27,),), lambda T, x: T.combinations(x, 3, True))),
    shaped("rot90", lambda T, x: T.rot90(x), lambda x: np.rot90(x)),
    shaped("rot90", lambda T, x: T.rot90(x, -3, [2, 0]), lambda x: np.rot90(x, -3, (2, 0)), (2, 3, 4), "dims"),
    shaped("msort", lambda T, x: T.msort(x), lambda x: np.take_along_axis(x, np.argsort(x.real, 0), 0), (3, 2), distinct=True),
    shaped("sum_to_size", lambda T, x: x.sum_to_size(1, 2, 1), lambda x: x.sum((0, 2)).reshape(1, 2, 1), (4, 2, 3),
        at_extremes="alone"),
    shaped("squeeze_", in_place("squeeze_"), lambda x: x.squeeze(), (1, 3, 1), same_name=False),
    shaped("unsqueeze_", in_place("unsqueeze_", 1), lambda x: x[:, None], same_name=False),
    shaped("transpose_", in_place("transpose_", 0, -1), lambda x: x.transpose(2, 1, 0), (2, 3, 4), same_name=False),
    shaped("swapaxes_", in_place("swapaxes_", 0, 1), lambda x: x.T, same_name=False),
    shaped("swapdims_", in_place("swapdims_", 0, 1), lambda x: x.T, same_name=False),
    shaped("t_", in_place("t_"), lambda x: x.T, same_name=False),
    *[Row(name, ((2, 3),), lambda T, x, name=name: getattr(x * 1, name)(0.5) + x, lambda x, np_name=np_name: getattr(np, np_name)(x, 0.5) + x,
          kinks=(0.5,)) for name, np_name in (("lt_", "less"), ("le_", "less_equal"), ("gt_", "greater"), ("ge_", "greater_equal"))],
    *[Row(name, ((2, 3),), lambda T, x, name=name: getattr(x * 1, name)(0.5) + x, lambda x, value=value: x + value, analytic=True)
      for name, value in (("eq_", 0), ("ne_", 1))],
    *[Row(name, ((2, 3),), lambda T, x, name=name: getattr(x * 1, name)(x > 0) + x, lambda x, answer=answer: answer(x > 0) + x,
          kinks=(0.0,), torch_orders=0)
      for name, answer in (("logical_and_", lambda a: a), ("logical_or_", lambda a: a | True), ("logical_xor_", lambda a: ~a))],
    Row("logical_not_", ((2, 3),), lambda T, x: (x * 1).logical_not_() + x, lambda x: x + 0, torch_orders=0),
]  # fmt: skip
