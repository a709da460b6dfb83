"""Where the numbers of PyTorch at infinities, nan, the largest and the smallest are no guide for ours, and why.

A row that stands neither here nor says it itself (`at_extremes`) is compared in full, at every such number.
"""

from __future__ import annotations

from dataclasses import replace

from rows.row import Row

# (how they are compared: see `at_extremes` in rows/row.py, what is left out, names). What is left out is a number, or "all" for
# inputs that are one number everywhere.
# A name is that of one row, or of all that begin with it and a hyphen.
APART: list[tuple[str, str, str]] = [
    # The gradient of PyTorch is the product over the factor, which is not exact where the factor is the smallest number.
    ("finite", "subnormal", "prod hypot"),
    ("finite alone", "subnormal", "cumprod linalg.vander"),
    ("finite alone", "subnormal", "scatter_reduce-prod scatter_reduce-prod_without scatter_reduce-one_zero index_reduce-prod"),
    ("finite alone", "subnormal", "index_reduce-prod_without"),
    # A product of three, or its slope, overflows on the way in one of the two, as it depends on which two are multiplied first.
    ("finite wider", "", "addcdiv bilinear einsum-ij,jk,kl->il cross pdist cdist-by_a_product soft_margin_loss linalg.cross"),
    ("finite", "", "multi_margin_loss-squares_mean multi_margin_loss-squares_sum multi_margin_loss-squares_none matrix_power"),
    ("finite", "", "renorm"),
    # Ours leave out what is padded or masked, so that an infinity doesn't become a nan where it isn't looked at.
    ("finite wider sums", "", "conv1d conv2d conv3d conv_tbc convolution conv_transpose1d conv_transpose2d conv_transpose3d"),
    ("finite alone", "", "scaled_dot_product_attention-mask scaled_dot_product_attention-causal"),
    # What is left where almost all cancels is the rounding of a sum; numbers that are all equal have no variance but that.
    ("finite wider sums", "all", "layer_norm batch_norm instance_norm group_norm rms_norm"),
    ("finite sums", "all", "linear_cross_entropy scaled_dot_product_attention"),
    # Behind a softmax that is almost one number, the gradients of what it was made of are such rest.
    ("value finite", "", "multi_head_attention_forward"),
    # Numbers that stand between others are weighted by a product of four numbers, of which one may be 0.
    ("finite", "", "interpolate-bicubic_4 interpolate-bicubic_corners interpolate-bicubic_antialias"),
    ("finite", "", "interpolate-lanczos_antialias"),
    # A mean is taken of what is weighted first, and a sum of the largest numbers overflows in one of the two.
    ("finite", "", "interpolate-bilinear_4 interpolate-area_uneven"),
    ("finite alone", "", "interpolate-area_4"),
    ("finite", "", "upsample_bilinear"),
    ("finite wider alone sums", "", "grid_sample-bilinear_zeros_True_4 grid_sample-bilinear_zeros_False_4"),
    ("finite wider alone sums", "", "grid_sample-bilinear_zeros_True_5"),
    ("finite wider", "", "grid_sample-nearest_zeros_False_4"),
    # PyTorch reads beyond its memory for places that are not numbers.
    ("silent", "", "grid_sample-bilinear_border_True_4 grid_sample-bilinear_border_False_4"),
    ("silent", "", "grid_sample-bilinear_reflection_True_4 grid_sample-bilinear_reflection_False_4"),
    # The slopes of the cubic in places far out are differences of what overflowed.
    ("value finite alone", "max min huge", "grid_sample-bicubic_zeros_True_4 grid_sample-bicubic_zeros_False_4"),
    ("value finite alone", "max min huge", "grid_sample-bicubic_border_True_4"),
    ("value finite alone", "max min huge", "grid_sample-bicubic_border_False_4 grid_sample-bicubic_reflection_True_4"),
    ("value finite alone", "max min huge", "grid_sample-bicubic_reflection_False_4"),
    # PyTorch loses a nan, which ours keep.
    ("alone", "nan", "embedding_bag-max mode clamp-tensors nanmedian-dim cov-aweights"),
    ("alone", "nan inf -inf", "multi_margin_loss multilabel_margin_loss"),
    # What PyTorch's slope is at nan depends on where the nan stands.
    ("alone", "nan", "relu6"),
    # Others of these names compare in full.
    ("equal", "", "mode-dim kthvalue-dim pdist-3"),
    # Of several equal numbers any may be taken, and gets the gradient.
    ("value", "", "topk kthvalue norm-nuc"),
    ("value finite", "max min huge", "norm-nuc_of_several"),
    ("alone", "max min zero", "clamp-ties"),
    # The slope of PyTorch is the exponential of a difference of numbers that are too large for it.
    ("finite alone", "max min huge small tiny 710", "logcumsumexp"),
    ("finite", "max min huge small tiny 710 twelve minus", "cross_entropy-probabilities"),
    ("finite alone", "huge small tiny 710 twelve minus", "special.erfcx"),
    # Sums of products, or steps of a recurrence, overflow in another order.
    ("finite alone sums", "", "rnn_tanh rnn_relu rnn_tanh_cell rnn_relu_cell lstm lstm-packed gru gru-both_ways gru-packed"),
    ("finite alone sums", "", "ctc_loss"),
    # Tables and series of special functions end at different places: the last numbers are 0, or nan, or infinity.
    ("finite wider", "", "sinc igamma-both polygamma special.log_ndtr special.i1 special.i1e special.zeta glu gumbel_softmax"),
    ("finite", "huge", "gradient"),
    # PyTorch's random generator overflows at rates beyond 2**63, and does not end.
    ("alone", "max min inf -inf huge small tiny", "poisson"),
    ("silent", "", "binomial"),
    # Equations: LAPACK's way through what is not finite is its own.
    ("finite wider", "", "linalg.solve linalg.solve-vector linalg.solve-right linalg.inv inverse"),
    ("silent", "", "linalg.solve_ex linalg.solve_triangular linalg.inv_ex det linalg.det linalg.slogdet slogdet logdet"),
    ("silent", "", "linalg.pinv pinverse"),
    ("silent", "", "linalg.lstsq linalg.tensorsolve linalg.tensorinv linalg.cholesky linalg.cholesky_ex cholesky_solve"),
    ("silent", "", "cholesky_inverse"),
    ("silent", "", "linalg.qr linalg.householder_product linalg.lu linalg.lu_factor linalg.lu_factor_ex linalg.lu_solve"),
    ("silent", "", "linalg.eigh"),
    ("silent", "", "linalg.eigvalsh linalg.eig linalg.eigvals linalg.svd linalg.svdvals svd lu_unpack orgqr ormqr"),
    ("silent", "", "linalg.matrix_power-negative matrix_exp linalg.matrix_exp linalg.cond linalg.matrix_norm-nuc"),
    ("silent", "", "linalg.matrix_norm-2"),
    ("silent", "", "linalg.matrix_norm--2 svd_lowrank pca_lowrank linalg.ldl_factor linalg.ldl_solve"),
    ("finite", "", "linalg.norm-2"),
]


def said(row: Row) -> Row:
    """The row with what is said of it above: of its id rather than of its name."""
    found: dict[str, Row] = {}
    for how, without, names in APART:
        for name in names.split():
            if name.replace("_", " ") == row.id.replace("_", " "):
                found["id"] = replace(row, at_extremes=how, not_at=tuple(without.split()))
            elif name == row.name:
                found["name"] = replace(row, at_extremes=how, not_at=tuple(without.split()))
    return found.get("id") or found.get("name") or row


def stale(rows: list[Row]) -> list[str]:
    """The names above that no row has."""
    known = {name.replace("_", " ") for row in rows for name in (row.id, row.name)}
    return [name for _, _, names in APART for name in names.split() if name.replace("_", " ") not in known]
