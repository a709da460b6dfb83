"""Corners of nn.utils, against PyTorch: limits of clipping, pruning and packing, each dimension, and the words of refusals."""

import copy
import itertools
import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import autodiff
from autodiff.nn.utils._norms import as_matrix, norm_except_dim

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])
REFUSALS = (AssertionError, AttributeError, IndexError, KeyError, RuntimeError, TypeError, ValueError)
INF, NAN = float("inf"), float("nan")


def numbers(value):
    """A result as plain Python: tensors as (dtype, shape, numbers)."""
    if isinstance(value, (list, tuple)):
        return [numbers(each) for each in value]
    if isinstance(value, dict):
        return {key: numbers(each) for key, each in value.items()}
    if hasattr(value, "detach"):
        return str(value.dtype), tuple(value.shape), value.detach().numpy().tolist()
    return value


def close(a, b, rtol=1e-5):
    if isinstance(b, dict):
        assert a.keys() == b.keys()
        a, b = list(a.values()), list(b.values())
    if isinstance(b, (list, tuple)):
        assert len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            close(x, y, rtol)
    elif isinstance(b, float):
        np.testing.assert_allclose(a, b, rtol=rtol, atol=rtol)
    else:
        assert a == b


def words(T, program):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(REFUSALS) as caught:
            program(T)
    return type(caught.value), str(caught.value)


def refused_in_pytorchs_words(program, all_of_them=True):
    """Both refuse with one class of error, and our text begins with all of PyTorch's."""
    (kind, ours), (theirs_kind, theirs) = (words(T, program) for T in (autodiff, torch))
    assert kind is theirs_kind, (ours, theirs)
    if all_of_them:
        assert theirs.rstrip(".") in ours, (ours, theirs)


# ---- gradients ----


def with_gradients(T, *grads, dtype="float32"):
    params = []
    for g in grads:
        p = T.zeros(len(g) if g is not None else 2, dtype=getattr(T, dtype), requires_grad=True)
        p.grad = None if g is None else T.tensor(g, dtype=getattr(T, dtype))
        params.append(p)
    return params


GRADS = [[3.0, 4.0], None, [0.0, -12.0, 5.0], [0.5]]


@pytest.mark.parametrize("norm_type", [2.0, 1.0, INF, 3, 0.5, "2"])
@pytest.mark.parametrize("limit", [0.0, 1.0, 14.0, 50.0, INF, "1.5"])
def test_a_common_norm(limit, norm_type):
    found = []
    for T in (autodiff, torch):
        params = with_gradients(T, *GRADS)
        total = T.nn.utils.clip_grad_norm_(params, limit, norm_type)
        found.append(numbers([total, [p.grad for p in params if p.grad is not None]]))
    close(*found)


@pytest.mark.parametrize("bad", [INF, NAN, -INF])
def test_a_norm_that_is_not_finite(bad):
    for norm_type in (2.0, INF):
        found = []
        for T in (autodiff, torch):
            params = with_gradients(T, [1.0, bad], [2.0])
            with pytest.raises(RuntimeError, match=f"The total norm of order {norm_type} for gradients from `parameters` is"):
                T.nn.utils.clip_grad_norm_(params, 1.0, norm_type, error_if_nonfinite=True)
            assert params[1].grad.tolist() == [2.0]
            total = T.nn.utils.clip_grad_norm_(params, 1.0, norm_type)
            found.append(numbers([total, [p.grad for p in params]]))
        np.testing.assert_equal(*found)


@BOTH
def test_a_norm_that_is_finite_may_be_asked_to_be(T):
    params = with_gradients(T, [3.0, 4.0])
    assert T.nn.utils.clip_grad_norm_(params, 10.0, error_if_nonfinite=True).item() == 5.0
    assert T.nn.utils.get_total_norm([p.grad for p in params], error_if_nonfinite=True).item() == 5.0


def test_norms_of_one_tensor_and_of_none_and_of_two_dtypes():
    found = []
    for T in (autodiff, torch):
        utils, (p,) = T.nn.utils, with_gradients(T, [3.0, 4.0], dtype="float64")
        some = [utils.get_total_norm(p.grad), utils.get_total_norm([]), utils.get_total_norm([T.ones(2), T.ones(3)], 1)]
        some.append(utils.get_total_norm([T.ones(3, 3, dtype=T.float64)], INF))
        utils.clip_grads_with_norm_(p, 2.0, T.tensor(5.0))
        some.append(p.grad.clone())
        utils.clip_grads_with_norm_(p, 2.0, T.tensor(2.0))
        some.append(p.grad.clone())
        utils.clip_grads_with_norm_([p], 2.0, T.tensor(NAN))
        some.append(str(p.grad.tolist()))
        found.append(numbers(some))
    close(*found)


@pytest.mark.parametrize("limit", [0.0, 1.0, 4.5, "2"])
def test_each_number_by_itself(limit):
    found = []
    for T in (autodiff, torch):
        params = with_gradients(T, *GRADS)
        assert T.nn.utils.clip_grad_value_(params, limit) is None
        T.nn.utils.clip_grad_value_(params[0], 0.25)
        found.append(numbers([p.grad for p in params if p.grad is not None]))
    close(*found)


@pytest.mark.parametrize("call", ["clip_grad_norm_(p, 'a')", "clip_grad_norm_(p, 1.0, 'a')", "clip_grad_norm_(p, [1])",
                                  "clip_grad_value_(p, 'a')", "clip_grad_value_(p, None)"])  # fmt: skip
def test_limits_that_are_none(call):
    def program(T):
        eval(f"utils.{call}", {"utils": T.nn.utils, "p": with_gradients(T, [3.0])})

    refused_in_pytorchs_words(program, all_of_them=False)
    name = "norm_type" if ", 1.0" in call else "max_norm" if "norm" in call else "clip_value"
    assert words(autodiff, program)[1].startswith(f"{name} must be a number, not ")


# ---- vectors, memory formats, fusion ----


@BOTH
def test_a_vector_cut_into_parameters(T):
    a, b = T.zeros(2, 2, requires_grad=True), T.zeros(1)
    T.nn.utils.vector_to_parameters(T.arange(7.0), [a, b])
    assert (a.tolist(), b.tolist()) == ([[0, 1], [2, 3]], [4])
    assert a.requires_grad
    vector = T.nn.utils.parameters_to_vector(iter([a, b]))
    assert vector.tolist() == [0, 1, 2, 3, 4]
    assert vector.requires_grad
    with pytest.raises(TypeError, match=r"^expected torch.Tensor, but got: list$|^expected torch.Tensor, but got: <class"):
        T.nn.utils.vector_to_parameters([1.0], [a])
    with pytest.raises(RuntimeError):
        T.nn.utils.vector_to_parameters(T.arange(4.0), [a, b])
    assert a.tolist() == [[0, 1], [2, 3]]


def test_a_vector_that_is_too_short_says_by_how_much():
    with pytest.raises(RuntimeError, match=r"^the vector has 4 elements, the parameters 5$"):
        autodiff.nn.utils.vector_to_parameters(autodiff.arange(4.0), [autodiff.zeros(2, 2), autodiff.zeros(1)])


@pytest.mark.parametrize("n", [2, 3])
def test_memory_formats_of_weights(n):
    found = []
    for T in (autodiff, torch):
        model = T.nn.Sequential(
            getattr(T.nn, f"Conv{n}d")(2, 3, 2), getattr(T.nn, f"ConvTranspose{n}d")(3, 4, 2), T.nn.Conv1d(2, 3, 2),
            getattr(T.nn, f"Conv{5 - n}d")(2, 3, 2),
        )
        before = [layer.weight.tolist() for layer in model]
        weights = [layer.weight for layer in model]
        form = T.channels_last if n == 2 else T.channels_last_3d
        assert getattr(T.nn.utils, f"convert_conv{n}d_weight_memory_format")(model, form) is model
        assert [layer.weight.tolist() for layer in model] == before
        assert all(layer.weight is weight and weight.requires_grad for layer, weight in zip(model, weights, strict=True))
        found.append([layer.weight.stride() for layer in model])
    assert found[0] == found[1]


def normed(T, features, affine=True, bias=True):
    bn = T.nn.BatchNorm1d(features, affine=affine, eps=0.5)
    bn.running_mean.copy_(T.arange(float(features)))
    bn.running_var.copy_(T.arange(1.0, features + 1))
    if affine:
        bn.weight.data.copy_(T.arange(2.0, features + 2))
        bn.bias.data.copy_(T.arange(features, 0.0, -1))
    return bn.eval()


@pytest.mark.parametrize("what", ["weight", "bias", "neither", "both"])
@pytest.mark.parametrize("kind", ["linear", "conv", "transposed", "one feature"])
def test_a_fused_layer_learns_what_the_layer_has_learned(kind, what):
    found = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        layer = {"conv": lambda T: T.nn.Conv1d(3, 4, 2), "transposed": lambda T: T.nn.ConvTranspose1d(3, 4, 2)}.get(
            kind, lambda T: T.nn.Linear(3, 4)
        )(T)
        layer = layer.half().eval() if what == "both" else layer.eval()
        layer.weight.requires_grad_(what in ("weight", "both"))
        layer.bias.requires_grad_(what in ("bias", "both"))
        bn, utils = normed(T, 1 if kind == "one feature" else 4), T.nn.utils
        if "linear" in kind or "one" in kind:
            both = utils.fuse_linear_bn_eval(layer, bn)
        else:
            both = utils.fuse_conv_bn_eval(layer, bn, kind == "transposed")
        found.append(numbers([both.weight, both.bias, both.weight.requires_grad, both.bias.requires_grad]))
        assert isinstance(both.weight, T.nn.Parameter)
        assert both is not layer
    close(*found, rtol=1e-3)


@BOTH
@pytest.mark.parametrize("missing", ["layer's bias", "bn's weight", "bn's bias"])
def test_what_is_missing_counts_as_nothing(T, missing):
    w, b = T.ones(2, 3, 1), None if missing == "layer's bias" else T.tensor([1.0, 2.0])
    mean, var = T.tensor([0.5, 1.0]), T.tensor([3.0, 8.0])
    gain, shift = (None if missing == f"bn's {word}" else T.tensor([2.0, 4.0]) for word in ("weight", "bias"))
    found = T.nn.utils.fuse_conv_bn_weights(w, b, mean, var, 1.0, gain, shift)
    scale = np.array([1 / 2, 1 / 3]) * (1 if gain is None else np.array([2, 4]))
    start, end = (0 if t is None else t.numpy() for t in (b, shift))
    expected = (start - np.array([0.5, 1])) * scale + end
    np.testing.assert_allclose(found[1].detach().numpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(found[0].detach().numpy()[:, 0, 0], scale, rtol=1e-6)


@pytest.mark.parametrize("which", ["running_mean", "running_var"])
def test_a_norm_without_statistics_is_not_fused(which):
    def program(T):
        bn = normed(T, 4)
        setattr(bn, which, None)
        T.nn.utils.fuse_conv_bn_eval(T.nn.Conv1d(3, 4, 2).eval(), bn)

    assert words(autodiff, program) == (AssertionError, "bn.running_mean and bn.running_var must not be None")
    for train in (0, 1):
        parts = [autodiff.nn.Linear(3, 4).eval(), normed(autodiff, 4)]
        parts[train].train()
        assert words(autodiff, lambda T, parts=parts: T.nn.utils.fuse_linear_bn_eval(*parts))[1] == "Fusion only for eval!"


def test_a_norm_of_another_number_of_features_is_not_fused():
    refused_in_pytorchs_words(lambda T: T.nn.utils.fuse_linear_bn_eval(T.nn.Linear(3, 4).eval(), normed(T, 3)), False)
    told = words(autodiff, lambda T: T.nn.utils.fuse_linear_bn_eval(T.nn.Linear(3, 4).eval(), normed(T, 3)))[1]
    assert told.endswith("got linear.out_features=4 and bn.num_features=3")


# ---- norms of weights ----


@pytest.mark.parametrize("shape", [(3,), (3, 2), (2, 3, 4), (2, 1, 3, 2)], ids=str)
def test_norms_over_all_dimensions_but_one(shape):
    rng = np.random.default_rng(0)
    x = rng.normal(size=shape)
    for dim in range(-1, len(shape)):
        for p in (2, 1, 3):
            expected = torch.norm_except_dim(torch.from_numpy(x), p, dim)
            found = norm_except_dim(autodiff.from_numpy(x), p, dim)
            assert tuple(found.shape) == tuple(expected.shape)
            np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-12)


@pytest.mark.parametrize("shape", [(3, 2), (2, 3, 4), (2, 1, 3, 2)], ids=str)
def test_a_weight_as_a_matrix(shape):
    x = np.arange(float(np.prod(shape))).reshape(shape)
    for dim in range(len(shape)):
        expected = np.moveaxis(x, dim, 0).reshape(shape[dim], -1)
        assert as_matrix(autodiff.from_numpy(x), dim).tolist() == expected.tolist()


NORMS = [(norm, dim) for norm in ("weight_norm", "spectral_norm") for dim in (0, 1, 2, -1, None)]


@pytest.mark.parametrize("new", [True, False], ids=["parametrization", "hook"])
@pytest.mark.parametrize(("norm", "dim"), NORMS)
def test_norms_of_a_convolution_along_each_dimension(norm, dim, new):
    if norm == "spectral_norm" and dim == -1 and not new:
        return  # the older one has dimensions from the front
    found = []
    for T in (autodiff, torch):
        T.manual_seed(1)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            made = getattr(T.nn.utils.parametrizations if new else T.nn.utils, norm)
            layer = made(T.nn.Conv1d(2, 3, 4).double(), dim=dim)
        x = T.rand(2, 2, 5, dtype=T.float64)
        run = [layer(x), layer(x)]
        layer.eval()
        run += [layer(x), layer(x), dict(layer.state_dict())]
        run[2].sum().backward()
        found.append(numbers([*run, [p.grad for p in layer.parameters()]]))
    close(*found, rtol=1e-7)


WRONG_NORMS = {
    "no steps": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 3), n_power_iterations=0),
    "steps back": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 3), n_power_iterations=-1),
    "a third dimension": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 3), dim=2),
    "a dimension before the first": lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 3), dim=-3),
    "no steps of a hook": lambda T: T.nn.utils.spectral_norm(T.nn.Linear(2, 3), n_power_iterations=0),
    "no such weight of a hook": lambda T: T.nn.utils.spectral_norm(T.nn.Linear(2, 3), "w"),
    "no such weight": lambda T: T.nn.utils.weight_norm(T.nn.Linear(2, 3), "w"),
    "no bias": lambda T: T.nn.utils.spectral_norm(T.nn.Linear(2, 3, bias=False), "bias"),
}


@pytest.mark.parametrize("what", WRONG_NORMS)
def test_norms_that_there_are_not(what):
    refused_in_pytorchs_words(WRONG_NORMS[what], all_of_them=what not in ("no such weight", "a dimension before the first"))


def test_one_step_is_enough_and_the_last_dimension_counts_from_the_end():
    for T in (autodiff, torch):
        for name in ("parametrizations", None):
            utils = getattr(T.nn.utils, name) if name else T.nn.utils
            utils.spectral_norm(T.nn.Linear(2, 3), n_power_iterations=1)
        layer = T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(2, 3), dim=-2)
        assert layer.parametrizations.weight[0].dim == 0


@pytest.mark.parametrize("how", ["matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(2, 3, 3), (2, 4, 3), (3, 2, 4), (2, 2, 3, 3)], ids=str)
def test_a_batch_of_orthogonal_matrices_is_assigned(how, shape):
    rng = np.random.default_rng(0)
    few = min(shape[-2:])
    q = np.linalg.qr(rng.normal(size=(*shape[:-2], max(shape[-2:]), few)))[0]
    q = q if shape[-2] >= shape[-1] else q.swapaxes(-1, -2)
    for T in (autodiff, torch):
        module = T.nn.Module()
        module.w = T.nn.Parameter(T.from_numpy(rng.normal(size=shape)))
        T.nn.utils.parametrizations.orthogonal(module, "w", how)
        assert tuple(module.parametrizations.w.original.shape) == shape
        module.w = T.from_numpy(q)
        np.testing.assert_allclose(module.w.detach().numpy(), q, atol=1e-10)
        assert module.w.dtype == T.float64


# ---- pruning ----


METHODS = {
    "L1Unstructured": {"amount": 4}, "RandomUnstructured": {"amount": 0.3}, "Identity": {}, "RandomStructured": {"amount": 1},
    "LnStructured": {"amount": 1, "n": 2}, "a share": {"amount": 0.5, "n": 1},
}  # fmt: skip
KINDS = {"a share": "LnStructured"}


@pytest.mark.parametrize("first", METHODS)
@pytest.mark.parametrize("dim", [0, 1, 2, -1, -2, -3])
def test_one_pruning_after_another(first, dim):
    """Structured along each dimension, on top of what another method left, against PyTorch's masks."""
    found = []
    for T in (autodiff, torch):
        prune = T.nn.utils.prune
        T.manual_seed(0)
        layer = T.nn.Conv1d(3, 4, 5)
        options = dict(METHODS[first])
        if "Structured" in KINDS.get(first, first) or first == "a share":
            options["dim"] = dim
        getattr(prune, KINDS.get(first, first)).apply(layer, "weight", **options)
        prune.ln_structured(layer, "weight", 1, 1, dim)
        prune.l1_unstructured(layer, "weight", 0.2)
        found.append(numbers([layer.weight_mask, layer.weight, next(iter(layer._forward_pre_hooks.values()))._tensor_name]))
    close(*found)


@pytest.mark.parametrize("amount", [0, 1, 3, 0.0, 0.1, 0.5, 0.51, 1.0])
def test_how_many_are_pruned(amount):
    found = []
    for T in (autodiff, torch):
        prune = T.nn.utils.prune
        T.manual_seed(0)
        layer = T.nn.Linear(3, 4)
        prune.l1_unstructured(layer, "bias", amount)
        prune.random_structured(layer, "weight", amount, 1)
        found.append(numbers([layer.bias_mask, layer.weight_mask]))
    close(*found)


def own(T, kind, mask=None, dim=None):
    """A method of one's own of some kind, which prunes the first that it sees."""

    class Own(T.nn.utils.prune.BasePruningMethod):
        PRUNING_TYPE = kind

        def compute_mask(self, t, default_mask):
            new = default_mask.clone()
            new.reshape(-1)[0] = 0
            return new

    method = Own()
    method._tensor_name = "weight"
    if dim is not None:
        method.dim = dim
    return method


def contained(T, method):
    mask = T.ones(3, 4)
    mask[0, :] = 0
    mask[:, 1] = 0
    return T.nn.utils.prune.PruningContainer(method).compute_mask(T.arange(12.0).reshape(3, 4), mask)


def test_a_mask_of_whole_numbers_becomes_one_of_the_tensors_dtype():
    for T in (autodiff, torch):
        container = T.nn.utils.prune.PruningContainer(own(T, "global"))
        mask = container.compute_mask(T.ones(2, 2, dtype=T.float64), T.ones(2, 2, dtype=T.int64))
        assert mask.dtype == T.float64
        assert mask.tolist() == [[0, 1], [1, 1]]


@pytest.mark.parametrize(("kind", "dim"), [("unstructured", None), ("structured", 0), ("structured", 1), ("structured", -1),
                                           ("structured", -2), ("global", None)])  # fmt: skip
def test_what_a_method_sees_in_a_container(kind, dim):
    close(*(numbers(contained(T, own(T, kind, dim=dim))) for T in (autodiff, torch)))


WRONG_PRUNINGS = {
    "a kind that there is not": lambda T, p, layer: contained(T, own(T, "fine")),
    "no dimension": lambda T, p, layer: contained(T, own(T, "structured")),
    "a third dimension": lambda T, p, layer: contained(T, own(T, "structured", dim=2)),
    "a dimension before the first": lambda T, p, layer: contained(T, own(T, "structured", dim=-3)),
    "a share above one": lambda T, p, layer: p.random_unstructured(layer, "weight", 1.5),
    "a negative number": lambda T, p, layer: p.random_unstructured(layer, "weight", -1),
    "a negative share": lambda T, p, layer: p.random_structured(layer, "weight", -0.1, 0),
    "text": lambda T, p, layer: p.random_unstructured(layer, "weight", "a"),
    "more than there are": lambda T, p, layer: p.l1_unstructured(layer, "weight", 100),
    "more channels than there are": lambda T, p, layer: p.ln_structured(layer, "weight", 5, 2, 0),
    "channels of a vector": lambda T, p, layer: p.ln_structured(layer, "bias", 1, 2, 0),
    "channels along a third dimension": lambda T, p, layer: p.ln_structured(layer, "weight", 1, 2, 2),
    "a mask of another shape": lambda T, p, layer: p.custom_from_mask(layer, "weight", T.ones(3)),
    "scores of another shape": lambda T, p, layer: p.l1_unstructured(layer, "weight", 1, T.ones(3)),
    "scores for no module": lambda T, p, layer: p.L1Unstructured(1).prune(T.ones(3), importance_scores=T.ones(2)),
    "what was not pruned": lambda T, p, layer: p.remove(layer, "weight"),
    "no method": lambda T, p, layer: p.PruningContainer(3),
    "structured and global": lambda T, p, layer: p.global_unstructured([(layer, "weight")], p.RandomStructured, amount=1),
    "no pairs": lambda T, p, layer: p.global_unstructured(3, p.L1Unstructured, amount=1),
    "scores in a list": lambda T, p, layer: p.global_unstructured([(layer, "weight")], p.L1Unstructured, [3], amount=1),
}


@pytest.mark.parametrize("what", WRONG_PRUNINGS)
def test_prunings_that_are_refused(what):
    def program(T):
        WRONG_PRUNINGS[what](T, T.nn.utils.prune, T.nn.Linear(3, 4))

    refused_in_pytorchs_words(program, all_of_them=False)
    ours, theirs = (words(T, program)[1] for T in (autodiff, torch))
    if "dimension" not in what:  # PyTorch's list says no more than that an index is out of range
        assert ours.split()[:4] == theirs.split()[:4], (ours, theirs)


def test_an_error_in_a_second_pruning_keeps_the_first():
    """In PyTorch the hook is lost."""
    T, prune = autodiff, autodiff.nn.utils.prune
    layer = T.nn.Linear(3, 4)
    prune.l1_unstructured(layer, "weight", 3)
    with pytest.raises(ValueError):
        prune.l1_unstructured(layer, "weight", 100)
    layer.weight_orig.data.fill_(2.0)
    assert layer(T.ones(3)).shape == (4,)
    assert int((layer.weight == 0).sum()) == 3  # the hook is there again
    assert prune.is_pruned(layer)


@BOTH
def test_a_tensor_without_a_module_is_pruned(T):
    method = T.nn.utils.prune.L1Unstructured(2)
    x = T.tensor([1.0, -3.0, 2.0, 0.5])
    assert method.prune(x).tolist() == [0, -3, 2, 0]
    assert method.prune(x, importance_scores=-x * x + 20).tolist() == [1, 0, 0, 0.5]
    # A mask that is there is kept: the smallest numbers are taken out on top of it.
    assert method.prune(x, default_mask=T.tensor([1.0, 0.0, 1.0, 1.0])).tolist() == [0, 0, 2, 0]


@BOTH
def test_a_hook_that_was_there_before_stays_when_pruning_is_removed(T):
    seen, prune = [], T.nn.utils.prune
    layer = T.nn.Linear(3, 4)
    layer.register_forward_pre_hook(lambda *args: seen.append(1))
    prune.l1_unstructured(layer, "weight", 3)
    prune.l1_unstructured(layer, "bias", 1)
    prune.remove(layer, "weight")
    assert prune.is_pruned(layer)
    prune.remove(layer, "bias")
    assert not prune.is_pruned(layer)
    layer(T.ones(3))
    assert seen == [1]
    assert list(layer.state_dict()) == (["weight", "bias"])
    assert all(isinstance(p, T.nn.Parameter) and p.requires_grad for p in (layer.weight, layer.bias))


@BOTH
@pytest.mark.filterwarnings("ignore:.*is deprecated in favor of:FutureWarning")
@pytest.mark.parametrize("norm", ["weight_norm", "spectral_norm"])
def test_hooks_of_ones_own_stay_when_a_norm_is_removed(T, norm):
    """Of all kinds, those before the norm's and those behind; a second norm on another weight stays too."""
    seen = []
    layer = T.nn.Bilinear(2, 2, 3)
    registers = ["register_forward_pre_hook", "register_state_dict_post_hook", "register_load_state_dict_pre_hook"]
    for register in registers:
        getattr(layer, register)(lambda *args, name=register: seen.append(name))
    getattr(T.nn.utils, norm)(layer)
    if norm == "weight_norm":
        T.nn.utils.weight_norm(layer, "bias")
    for register in registers:
        getattr(layer, register)(lambda *args, name=register: seen.append(name))
    assert getattr(T.nn.utils, f"remove_{norm}")(layer) is layer
    layer(T.ones(2), T.ones(2))
    state = layer.state_dict()
    if T is torch and norm == "spectral_norm":
        seen += registers[2:] * 2  # there a hook that loads stays
    else:
        layer.load_state_dict(state)
    assert seen == [name for name in registers for _ in range(2)]
    assert sorted(state) == (["bias_g", "bias_v", "weight"] if norm == "weight_norm" else ["bias", "weight"])
    assert isinstance(layer.weight, T.nn.Parameter)
    with pytest.raises(ValueError, match=f"{norm} of 'weight' not found in Bilinear"):
        getattr(T.nn.utils, f"remove_{norm}")(layer)


# ---- packing ----


@pytest.mark.parametrize("kind", ["int32", "uint8", "int8", "float32", "a list", "an array"])
def test_lengths_of_each_kind(kind):
    found = []
    for T in (autodiff, torch):
        lengths = [1, 3, 2]
        if kind == "an array":
            lengths = np.array(lengths)
        elif kind != "a list":
            lengths = T.tensor(lengths, dtype=getattr(T, kind))
        try:
            packed = T.nn.utils.rnn.pack_padded_sequence(T.arange(12.0).reshape(4, 3), lengths, enforce_sorted=False)
            found.append(numbers(list(packed)))
        except RuntimeError:
            assert kind in ("int32", "uint8", "int8", "float32")  # PyTorch takes tensors of int64 alone
            found.append(None)
    if found[1] is not None:
        close(*found)
    else:
        assert found[0][1][2] == [3, 2, 1]


LENGTHS = st.lists(st.integers(1, 4), min_size=1, max_size=4)


@given(lengths=LENGTHS, extra=st.integers(0, 2), first=st.booleans(), ordered=st.booleans(), value=st.sampled_from([0.0, -1.5]))
def test_padded_packed_and_back(lengths, extra, first, ordered, value):
    lengths = sorted(lengths, reverse=True) if ordered else lengths
    found = []
    for T in (autodiff, torch):
        rnn = T.nn.utils.rnn
        x = T.arange(float((max(lengths) + extra) * len(lengths) * 2)).reshape(max(lengths) + extra, len(lengths), 2)
        x = (x.transpose(0, 1) if first else x).clone().requires_grad_()
        packed = rnn.pack_padded_sequence(x, lengths if extra else T.tensor(lengths), first, ordered)
        packed.data.sum().backward()
        back = rnn.pad_packed_sequence(packed, first, value, max(lengths) + extra if extra else None)
        parts = rnn.unpack_sequence(packed)
        again = rnn.pad_sequence(parts, first, value)
        left = rnn.pad_sequence(parts, first, value, padding_side="left")
        found.append(numbers([*packed, x.grad, *back, parts, again, left, rnn.pack_sequence(parts, ordered).data]))
    close(*found)


WRONG_PACKS = {
    "nothing": lambda T, r: r.pack_padded_sequence(T.ones(0, 2), [1, 1]),
    "unsorted": lambda T, r: r.pack_padded_sequence(T.ones(3, 2), [1, 2]),
    "a length of none": lambda T, r: r.pack_padded_sequence(T.ones(3, 2), [1, 0]),
    "a negative length": lambda T, r: r.pack_padded_sequence(T.ones(3, 2), [1, -1], enforce_sorted=False),
    "a length too few": lambda T, r: r.pack_padded_sequence(T.ones(3, 2), [1]),
    "a length too many": lambda T, r: r.pack_padded_sequence(T.ones(3, 2), [2, 1, 1]),
    "lengths in a matrix": lambda T, r: r.pack_padded_sequence(T.ones(3, 2), T.tensor([[2, 1]])),
    "a total too short": lambda T, r: r.pad_packed_sequence(r.pack_padded_sequence(T.ones(3, 2), [3, 2]), total_length=2),
    "no sequences": lambda T, r: r.pad_sequence([]),
    "a number": lambda T, r: r.pad_sequence(3),
    "a side": lambda T, r: r.pad_sequence([T.ones(2)], padding_side="top"),
    "a list of three": lambda T, r: r.PackedSequence([T.ones(2), T.ones(2), T.ones(2)]),
}


@pytest.mark.parametrize("what", WRONG_PACKS)
def test_sequences_that_are_not_packed(what):
    in_words = what not in ("a number", "no sequences")
    refused_in_pytorchs_words(lambda T: WRONG_PACKS[what](T, T.nn.utils.rnn), in_words)


def test_lengths_beyond_the_padding_and_sizes_that_differ():
    rnn = autodiff.nn.utils.rnn
    for program, text in (
        (lambda: rnn.pack_padded_sequence(autodiff.ones(3, 2), [4, 1]),
         "a length is 4, but the padded sequences have 3 elements"),
        (lambda: rnn.pad_sequence([autodiff.ones(2, 3), autodiff.ones(1, 3), autodiff.ones(1, 2)]),
         "pad_sequence: all sizes but the first must be equal, but one sequence has [2, 3], another [1, 2]"),
        (lambda: rnn.pad_packed_sequence(rnn.PackedSequence(autodiff.ones(3), autodiff.tensor([1, 2]))),
         "the batch sizes of a packed sequence never grow, got [1, 2]"),
    ):  # fmt: skip
        with pytest.raises(RuntimeError) as caught:
            program()
        assert str(caught.value) == text
    assert rnn.pack_padded_sequence(autodiff.ones(3, 2), [3, 3]).batch_sizes.tolist() == [2, 2, 2]


@BOTH
def test_a_packed_sequence_in_another_dtype(T):
    packed = T.nn.utils.rnn.pack_sequence([T.ones(2), T.ones(3)], enforce_sorted=False)
    assert packed.float() is packed
    assert packed.to(T.float32) is packed
    assert packed.cpu() is packed
    assert T is torch or packed.pin_memory() is packed
    assert not packed.is_cuda
    assert T is torch or not packed.is_pinned()
    kinds = {"double": "float64", "half": "float16", "long": "int64", "int": "int32", "short": "int16", "char": "int8"}
    for way, dtype in (*kinds.items(), ("byte", "uint8")):
        other = getattr(packed, way)()
        assert str(other.data.dtype) == f"torch.{dtype}"
        assert type(other) is type(packed)
        assert other.batch_sizes.tolist() == [2, 2, 1]
        assert other.sorted_indices.tolist() == other.unsorted_indices.tolist() == [1, 0]
    assert packed.to(dtype=T.float64).data.dtype == T.float64
    with pytest.raises((RuntimeError, AssertionError)):
        packed.cuda()
    made = T.nn.utils.rnn.PackedSequence(T.ones(3), T.tensor([2, 1]), T.tensor([1, 2, 0]))
    assert made.unsorted_indices.tolist() == [2, 0, 1]
    assert T.nn.utils.rnn.invert_permutation(None) is None
    assert T.nn.utils.rnn.PackedSequence((T.ones(3), T.tensor([2, 1]))).batch_sizes.tolist() == [2, 1]


# ---- parametrizations ----


class Kept:
    """What a class of one library needs of the other: parametrizations of one's own, made of functions."""

    @staticmethod
    def of(T, forward, right_inverse=None):
        module = type("Kept", (T.nn.Module,), {"forward": lambda self, *x: forward(T, *x)})()
        if right_inverse is not None:
            module.right_inverse = lambda x: right_inverse(T, x)
        return module


ASSIGNED = {
    "a number": lambda T, x: 3, "another dtype": lambda T, x: x.double(), "two for one": lambda T, x: (x, x),
    "one of two": (lambda T, x: (x,), 2), "three of two": (lambda T, x: (x, x, x), 2), "one for two": (lambda T, x: x, 2),
    "numbers for two": (lambda T, x: (x, 3), 2), "dtypes of two": (lambda T, x: (x, x.double()), 2),
}  # fmt: skip


@pytest.mark.parametrize("what", ASSIGNED)
def test_an_assignment_that_the_right_inverse_spoils(what):
    """What is trained stays as it was; in PyTorch a part of it may be changed."""
    given = ASSIGNED[what]
    spoiled, parts = given if isinstance(given, tuple) else (given, 1)
    texts = []
    for T in (autodiff, torch):
        layer, good = T.nn.Linear(2, 2), [True]

        def inverse(T, x, good=good):
            if good:
                return x if parts == 1 else (x, x)
            return spoiled(T, x)

        T.nn.utils.parametrize.register_parametrization(layer, "weight", Kept.of(T, lambda T, *x: sum(x) / len(x), inverse))
        good.clear()
        before = [p.tolist() for p in layer.parameters()]
        with pytest.raises(ValueError) as caught:
            layer.weight = T.ones(2, 2)
        assert T is torch or [p.tolist() for p in layer.parameters()] == before
        texts.append(str(caught.value).split("\n")[0])
    if "dtype" in what or what == "numbers for two":  # the same fact in other words
        assert "returned by `right_inverse` has " in texts[0]
    else:
        assert texts[0].split("Got")[0][:40] == texts[1].split("Got")[0][:40], texts


@BOTH
def test_all_parametrizations_are_transferred(T):
    parametrize = T.nn.utils.parametrize
    source = T.nn.Bilinear(2, 2, 2)
    for name in ("weight", "bias"):
        parametrize.register_parametrization(source, name, Kept.of(T, lambda T, x: 2 * x, lambda T, x: x / 2))
    parametrize.register_parametrization(source, "weight", Kept.of(T, lambda T, x: x + 1, lambda T, x: x - 1))
    one = parametrize.transfer_parametrizations_and_params(source, T.nn.Bilinear(2, 2, 2), "bias")
    assert parametrize.is_parametrized(one, "bias")
    assert not parametrize.is_parametrized(one, "weight")
    every = parametrize.transfer_parametrizations_and_params(source, T.nn.Module())
    assert T.equal(every.bias, source.bias)
    assert T.equal(every.weight, source.weight)
    assert len(every.parametrizations.weight) == 2
    plain = T.nn.Linear(2, 2)
    assert parametrize.transfer_parametrizations_and_params(T.nn.Linear(2, 2), plain) is plain
    assert type(plain) is T.nn.Linear
    two = T.nn.utils.parametrizations.weight_norm(T.nn.Linear(2, 2))
    other = parametrize.transfer_parametrizations_and_params(two, T.nn.Linear(2, 2))
    assert other.parametrizations.weight.original0 is two.parametrizations.weight.original0
    assert other.parametrizations.weight.original1 is two.parametrizations.weight.original1


@BOTH
def test_a_parametrization_takes_its_modules_mode_and_keeps_what_is_fixed(T):
    parametrize = T.nn.utils.parametrize
    layer = T.nn.Linear(2, 2).eval()
    layer.weight.requires_grad_(False)
    part = Kept.of(T, lambda T, *x: x[0] * x[1], lambda T, x: (x, T.ones_like(x)))
    parametrize.register_parametrization(layer, "weight", part)
    assert not part.training
    assert [p.requires_grad for p in layer.parameters()] == [True, False, False]
    assert not layer.weight.requires_grad
    parametrize.remove_parametrizations(layer, "weight")
    assert isinstance(layer.weight, T.nn.Parameter) == (T is torch and isinstance(layer.weight, T.nn.Parameter))
    with pytest.raises(ValueError, match="requires one or more modules"):
        parametrize.ParametrizationList([], T.ones(1))
    with pytest.raises(ValueError, match="does not have a parametrization on weight"):
        parametrize.remove_parametrizations(layer, "weight")


@BOTH
def test_what_is_cached_is_forgotten_behind_the_outer_block(T):
    parametrize, calls = T.nn.utils.parametrize, []
    layer = T.nn.Linear(2, 2)
    for name in ("weight", "bias"):
        parametrize.register_parametrization(layer, name, Kept.of(T, lambda T, x: calls.append(1) or 2 * x))
    calls.clear()
    with parametrize.cached():
        with parametrize.cached():
            layer(T.ones(2))
            layer(T.ones(2))
        layer(T.ones(2))
        assert len(calls) == 2
    layer(T.ones(2))
    assert len(calls) == 4
    with pytest.raises(ZeroDivisionError), parametrize.cached():
        raise ZeroDivisionError
    layer(T.ones(2))
    assert len(calls) == 6


@BOTH
def test_a_copy_of_several_parametrized_modules_shares_what_they_share(T):
    layer = T.nn.utils.parametrizations.weight_norm(T.nn.Linear(2, 2))
    twins = copy.deepcopy([layer, layer, T.nn.Sequential(layer)])
    assert twins[0] is twins[1] is twins[2][0]
    assert twins[0] is not layer
    assert T.equal(twins[0].weight, layer.weight)


@BOTH
def test_a_parametrized_module_is_copied_by_its_own_way_of_copying(T):
    class Counted(T.nn.Linear):
        copies = 0

        def __deepcopy__(self, memo):
            Counted.copies += 1
            twin = memo[id(self)] = self.__new__(self.__class__)
            twin.__dict__ = copy.deepcopy(self.__dict__, memo)
            return twin

    layer = T.nn.utils.parametrizations.weight_norm(Counted(2, 2))
    copy.deepcopy(layer)
    assert Counted.copies == 1


# ---- calls with other parameters, prefixes ----


@BOTH
@pytest.mark.parametrize("tied", [True, False])
def test_what_was_there_comes_back_after_an_error(T, tied):
    model = T.nn.Sequential(T.nn.Linear(2, 2), T.nn.BatchNorm1d(2))
    before = dict(itertools.chain(model.named_parameters(), model.named_buffers()))
    others = {name: T.ones(5) for name in before}
    with pytest.raises((RuntimeError, ValueError)):
        T.func.functional_call(model, others, T.ones(3, 2), tie_weights=tied)
    after = dict(itertools.chain(model.named_parameters(), model.named_buffers()))
    assert list(after) == list(before)
    assert all(after[name] is before[name] for name in before)


@BOTH
def test_arguments_of_a_call_with_other_parameters(T):
    class Added(T.nn.Module):
        def __init__(self):
            super().__init__()
            self.w = T.nn.Parameter(T.ones(1))

        def forward(self, *args, **kwargs):
            return self.w * sum(args) + sum(kwargs.values())

    call, given = T.func.functional_call, {"w": T.tensor([10.0])}
    assert call(Added(), given, (T.ones(1), T.ones(1))).item() == 20
    assert call(Added(), given, T.ones(1), {"more": 5}).item() == 15
    assert call(Added(), given, None, {"more": 5}).item() == 5
    assert call(Added(), given, ()).item() == 0
    assert call(Added(), [given, {}], T.ones(1)).item() == 10


@BOTH
def test_the_older_name_takes_all_that_the_newer_one_takes(T):
    layer, call = T.nn.Linear(2, 1), T.nn.utils.stateless.functional_call
    other = {"weight": T.ones(1, 2), "bias": T.zeros(1)}
    with pytest.warns(FutureWarning, match=r"stateless.functional_call` is deprecated"):
        assert call(layer, other, (T.ones(2),), strict=True).item() == 2
    with pytest.warns(FutureWarning), pytest.raises(RuntimeError, match=r"Missing key\(s\): 'bias'"):
        call(layer, {"weight": T.ones(1, 2)}, T.ones(2), strict=True)
    with pytest.warns(FutureWarning):
        assert call(layer, other, kwargs={"input": 2 * T.ones(2)}).item() == 4
    tied = T.nn.Sequential(T.nn.Linear(1, 1, bias=False), T.nn.Linear(1, 1, bias=False))
    tied[1].weight = tied[0].weight
    given = {"0.weight": 3 * T.ones(1, 1)}
    with pytest.warns(FutureWarning):
        assert call(tied, given, T.ones(1)).item() == 9
    with pytest.warns(FutureWarning):
        assert call(tied, {**given, "1.weight": T.ones(1, 1)}, T.ones(1), tie_weights=False).item() == 3


@pytest.mark.parametrize("prefix", ["module.", "m.", "."])
def test_a_prefix_is_taken_off(prefix):
    found = []
    for T in (autodiff, torch):
        state = T.nn.Sequential(T.nn.Module()).state_dict()
        state.update({f"{prefix}a.b": 1, "c": 2, f"x{prefix}d": 3, f"{prefix}e": 4})
        state._metadata.clear()
        state._metadata.update({"": {"version": 1}, prefix.strip("."): {"version": 2}, f"{prefix}a": {"version": 3}, "c": 5})
        T.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, prefix)
        plain = {f"{prefix}a": 1, "b": 2}
        T.nn.modules.utils.consume_prefix_in_state_dict_if_present(plain, prefix)
        found.append((dict(state), dict(state._metadata), plain))
    assert found[0] == found[1]
