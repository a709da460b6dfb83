"""PyTorch's database of operators, one argument changed at a time: the same result, or an error of the same kind.

A call of the database is right as it stands. Here each of its arguments is replaced, by a tensor of another dtype, of a
dimension more or less, longer or empty, by a number below or beyond, by None or by text. So it is asked of every argument of
every operator what it takes, and where it draws the line.
"""

import inspect
import re

import numpy as np
import pytest

import autodiff
from conformance.judge import Carried, Elsewhere, apart, assert_all_same, parts, quietly, torch
from conformance.test_operators import DTYPES, HERE, is_random, offered, run, title

# With places that are nowhere PyTorch reads memory that is not its own, and the process ends.
ENDS_THE_PROCESS = {"lu_unpack", "nn.functional.embedding", "nn.functional.embedding_bag"}


def of_a_tensor(t):
    yield "ints", t.long()
    yield "bools", t.bool()
    yield "half", t.half()
    yield "wider", t.double() if t.dtype != torch.float64 else t.float()
    yield "deeper", t.unsqueeze(0)
    if t.ndim and len(t):
        yield "flatter", t.select(0, 0)
    if t.ndim and t.shape[-1]:
        yield "longer", torch.cat([t, t.narrow(-1, 0, 1)], -1)
    if t.ndim:
        yield "empty", t.narrow(0, 0, 0)
    yield "None", None


def in_place_of(value):
    """(a word, a value) for each that takes the place of the value."""
    if isinstance(value, torch.Tensor):
        yield from of_a_tensor(value.detach())
    elif isinstance(value, bool):
        yield "not", not value
    elif isinstance(value, int):
        yield from (("below", -1 if value != -1 else -2), ("more", value + 1), ("far", 33), ("zero", 0))
        yield from (("half", value + 0.5), ("text", "a"))
    elif isinstance(value, float):
        yield from (("below", -value - 1), ("zero", 0.0), ("nan", float("nan")), ("text", "a"))
    elif isinstance(value, str):
        yield "text", "nothing"
    elif isinstance(value, (tuple, list)) and value and all(type(n) is int for n in value):
        first, last = tuple(value[:-1]), tuple(value[1:])
        yield from (("fewer", last), ("more", (*value, value[-1])), ("below", (-1, *last)), ("far", (*first, 33)))
        yield "text", (*first, "a")
    elif isinstance(value, (tuple, list)) and value and all(isinstance(t, torch.Tensor) for t in value):
        yield from ((word, (*value[:-1], t)) for word, t in of_a_tensor(value[-1].detach()))


def varied(value, args, named):
    """(which argument is what, the arguments) for each change of one of them."""
    for word, other in in_place_of(value):
        yield f"0 {word}", (other, args, named)
    for i, each in enumerate(args):
        for word, other in in_place_of(each):
            yield f"{i + 1} {word}", (value, (*args[:i], other, *args[i + 1 :]), named)
    for name, each in named.items():
        for word, other in in_place_of(each):
            yield f"{name} {word}", (value, args, {**named, name: other})


def outcome(call, given):
    """The result, or the error; that None has no attribute is said of an argument that should be a tensor."""
    try:
        return run(call, given)
    except AttributeError as error:
        return TypeError(error)
    except Exception as error:
        return error


def assert_agree(theirs, ours, only_shapes):
    """The same result, of arrays; or an error of a related class."""
    if isinstance(theirs, Exception):
        assert isinstance(ours, Exception), f"taken; PyTorch: {type(theirs).__name__}"
        related = isinstance(ours, type(theirs)) or isinstance(theirs, type(ours))
        assert related, f"{type(ours).__name__} for {type(theirs).__name__}"
        return
    if any(part.is_complex() or part.dtype == torch.bfloat16 for part in parts(theirs) if isinstance(part, torch.Tensor)):
        raise Elsewhere
    assert not isinstance(ours, Exception), f"refused: {ours}"
    assert all(type(part._array) is np.ndarray for part in parts(ours) if isinstance(part, autodiff.Tensor)), "holds no array"
    rough = any(part.dtype == torch.float16 for part in parts(theirs) if isinstance(part, torch.Tensor))
    assert_all_same(ours, theirs, "", only_shapes, rtol=0.02 if rough else 1e-4)


def richest(samples):
    """The sample with the most to change, of the first ones that are small."""
    found = []
    for sample, _ in zip(samples, range(12)):
        changes = list(varied(sample.input, sample.args, sample.kwargs))
        size = sum(part.numel() for part in parts((sample.input, sample.args)) if isinstance(part, torch.Tensor))
        found.append((size <= 2000, len(changes), changes, sample))
    return max(found, key=lambda each: each[:2])[2:] if found else ([], None)


def random_numbers(op, call, given):
    """Whether nobody knows the numbers of the result: they are drawn, or what was in memory."""
    try:
        return op.name.startswith(("empty", "resize")) or is_random(call, given)
    except (RuntimeError, TypeError):  # what PyTorch itself refuses
        return False


def differences(op):
    """{what is changed: how the two differ}, and how many changes were compared."""
    dtype = next(each for each in DTYPES if each in op.supported_dtypes("cpu"))
    _, theirs, ours = offered(op)[0]
    found, count = {}, 0
    with quietly():
        changes, sample = richest(op.sample_inputs("cpu", dtype))
        only_shapes = sample is not None and random_numbers(op, theirs, (sample.input, sample.args, sample.kwargs))
        for what, given in changes:
            try:
                given = apart(given, {})
                carried = Carried()(given)
                assert_agree(outcome(theirs, given), outcome(ours, carried), only_shapes)
                count += 1
            except Elsewhere:
                pass
            except AssertionError as difference:
                found[what] = str(difference).strip().split("\n")[0]
    return found, count


# What a sample holds cannot be carried over: a function, a dtype of its own.
NOTHING_TO_CHANGE = {
    "nn.functional.linear_cross_entropy/chunked",
    "nn.functional.linear_cross_entropy/chunked_none",
    "nn.functional.triplet_margin_with_distance_loss",
    "to",
}
OPS = [
    op
    for op in HERE
    if title(op) not in ENDS_THE_PROCESS | NOTHING_TO_CHANGE and any(op.supported_dtypes("cpu") & {each} for each in DTYPES)
]

# What differs, and is known: which argument is what.
KNOWN = {
    "diff": "2 more, 2 far",
    "gradient": "0 half, 0 longer, spacing flatter, spacing longer, spacing empty, edge_order half, edge_order text",
    "ldexp": "1 bools, 1 half",
    "lu_solve": "1 deeper, 2 deeper, 2 flatter",
    "nn.functional.cosine_similarity": "0 half, 1 half",
    "nn.functional.adaptive_max_pool2d": "1 fewer, 1 more",
    "nn.functional.conv_transpose3d": "padding more",
    "nn.functional.group_norm": "1 zero",
    "nn.functional.instance_norm": "0 empty, running_var ints, running_var bools, running_var half, running_var wider",
    "nn.functional.rms_norm": "1 more",
    "nn.functional.interpolate/area": "scale_factor nan, scale_factor text",
    "nn.functional.fractional_max_pool2d": "1 below, 1 zero",
    "nn.functional.fractional_max_pool3d": "1 below, 1 more, 1 zero, output_size more",
    "nn.functional.max_unpool2d/grad": "kernel_size half, stride half, padding half",
    "nn.functional.max_unpool3d": "0 longer, kernel_size half",
    "nn.functional.max_unpool3d/grad": "0 longer, kernel_size fewer, kernel_size more",
    "nn.functional.linear": "1 flatter, 2 deeper",
    "nn.functional.bilinear": "2 deeper, 2 flatter, 3 flatter",
    "nn.functional.scaled_dot_product_attention": "2 empty",
    "nn.functional.threshold": "0 bools",
    "topk": "0 ints, 4 not",
    "narrow_copy": "1 far",
    "empty_permuted": "0 below",
    "normal": "1 None",
    "histogram": "0 deeper, weight ints, weight bools, weight half, weight wider, weight deeper",
    "histogramdd": "weight ints, weight bools, weight half, weight wider",
    "bincount": "0 empty, minlength half",
    "tensordot": "dims half, dims text",
    "nn.functional.multi_head_attention_forward": (
        "5 deeper, 5 flatter, 5 None, 6 deeper, 11 flatter, use_separate_proj_weight not, use_separate_proj_weight text"
    ),
    "nn.functional.pdist": "0 half",
    "nn.functional.poisson_nll_loss": "eps text",
    "nn.functional.pairwise_distance": "p text",
    "linalg.vecdot": "0 longer, 0 empty, 1 longer, 1 empty, dim more, dim far",
    "linalg.eigh": "0 wider, 0 deeper",
    "linalg.vander": "0 bools, 0 half",
    "linalg.lu_solve": "0 deeper, 1 deeper, 1 flatter",
    "linalg.solve_triangular": "0 wider, 1 ints, 1 bools, 1 half, 1 wider",
    "linalg.pinv/singular": "0 longer, 1 None",
    "special.ndtr": "0 ints, 0 half, 0 wider",
    **dict.fromkeys(["addbmm", "baddbmm", "linalg.ldl_solve"], "2 flatter"),
    **dict.fromkeys(
        ["cholesky", "index_fill", "index_copy", "linalg.matrix_rank/hermitian", "linalg.pinv/hermitian"], "0 empty"
    ),
    **dict.fromkeys(
        ["kthvalue", "round/decimals_0", "round/decimals_3", "round/decimals_neg_3", "nn.functional.hinge_embedding_loss"],
        "0 ints",
    ),
    **dict.fromkeys(["linspace/tensor_overload", "logspace/tensor_overload"], "0 deeper, 1 deeper"),
    **dict.fromkeys(
        [
            "matrix_exp",
            "nn.functional.avg_pool3d",
            "nn.functional.interpolate/linear",
            "nn.functional.interpolate/trilinear",
            "nn.functional.soft_margin_loss",
            "nn.functional.multilabel_margin_loss",
            "nn.functional.multilabel_soft_margin_loss",
            "nn.functional.rrelu",
            "sinc",
            "svd",
            "norm/nuc",
            "nn.functional.ctc_loss",
            "linalg.svd",
            "special.ndtri",
            "special.log_ndtr",
            "special.erfcx",
            "special.airy_ai",
            "special.bessel_j0",
            "special.bessel_j1",
            "special.bessel_y0",
            "special.bessel_y1",
            "special.modified_bessel_i0",
            "special.modified_bessel_i1",
            "special.modified_bessel_k0",
            "special.modified_bessel_k1",
            "special.scaled_modified_bessel_k0",
            "special.scaled_modified_bessel_k1",
            "special.spherical_bessel_j0",
        ],
        "0 half",
    ),
    **dict.fromkeys(
        ["nn.functional.adaptive_avg_pool3d", "triangular_solve", "linalg.lstsq", "linalg.lstsq/grad_oriented"], "0 deeper"
    ),
    **dict.fromkeys(["nn.functional.conv_transpose1d", "nn.functional.conv_transpose2d"], "2 ints, 2 bools, 2 half, 2 wider"),
    **dict.fromkeys(["nn.functional.local_response_norm", "nn.functional.hardtanh", "nn.functional.relu6", "trace"], "0 bools"),
    **dict.fromkeys(
        ["nn.functional.max_unpool1d", "nn.functional.max_unpool1d/grad", "nn.functional.max_unpool2d"],
        "0 longer, kernel_size half, stride half, padding half",
    ),
    **dict.fromkeys(
        [
            "scatter",
            "scatter_add",
            "scatter_reduce/sum",
            "scatter_reduce/prod",
            "scatter_reduce/mean",
            "scatter_reduce/amin",
            "scatter_reduce/amax",
        ],
        "3 flatter",
    ),
    **dict.fromkeys(["trapz", "trapezoid", "cumulative_trapezoid"], "1 deeper, 1 None"),
    **dict.fromkeys(
        [
            "nn.functional.dropout",
            "nn.functional.alpha_dropout",
            "nn.functional.feature_alpha_dropout/with_train",
            "nn.functional.feature_alpha_dropout/without_train",
        ],
        "0 None, p nan",
    ),
    **dict.fromkeys(["nn.functional.dropout2d", "nn.functional.dropout3d"], "p nan"),
}


@pytest.mark.parametrize("op", OPS, ids=title)
def test_an_operator_agrees_where_one_argument_is_another(op):
    found, count = differences(op)
    print(f"{title(op)}: {count} changes agree")
    assert count
    assert {what: found[what] for what in found if what not in KNOWN.get(title(op), "").split(", ")} == {}


# Those whose words are others, of which PyTorch has some, and those that call another function with what they were given.
OTHER_WORDS = (
    "index_add", "nn.functional.gaussian_nll_loss", "nn.functional.interpolate", "nn.functional.local_response_norm",
    "nn.functional.multi_head", "nn.functional.upsample", "linalg.matrix_rank", "pca_lowrank", "round", "svd_lowrank",
    "unravel_index",
)  # fmt: skip
NAMED = re.compile(r"(?:([\w.]+)\(\): )?argument '(\w+)'")


def wrong_words(op):
    """What our TypeErrors say of text and fractions, where they do not name the argument, or call the function by its name."""
    dtype = next(each for each in DTYPES if each in op.supported_dtypes("cpu"))
    form, _, ours = offered(op)[0]
    names = [*inspect.signature(ours).parameters, "dim"] if form == "function" else []
    with quietly():
        changes, _ = richest(op.sample_inputs("cpu", dtype))
        for what, given in changes if names else ():
            if not what.endswith((" text", " half")):
                continue
            try:
                error = outcome(ours, Carried()(apart(given, {})))
            except Elsewhere:
                continue
            said = NAMED.match(str(error))
            if isinstance(error, TypeError) and (
                not said or said[2] not in names or (said[1] in names and said[1] not in op.name)
            ):
                yield what, str(error)


def test_a_text_or_a_fraction_for_a_number_is_told_by_the_name_of_its_argument():
    asked = [op for op in OPS if not op.name.startswith(OTHER_WORDS)]
    assert len(asked) > 500
    assert {title(op): wrong for op in asked if (wrong := list(wrong_words(op)))} == {}


def test_most_operators_are_asked():
    assert len(OPS) >= 550
    assert set(KNOWN) <= {title(op) for op in OPS}
