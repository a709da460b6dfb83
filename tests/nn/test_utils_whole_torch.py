"""nn.utils against PyTorch's: parametrizations, the older norms, pruning, fusion, calls with other parameters."""

import copy
import pickle
import warnings

import numpy as np
import pytest

import autodiff

torch = pytest.importorskip("torch")
pytest.importorskip("torch.nn.utils.prune")  # which PyTorch does not import by itself
BOTH = pytest.mark.parametrize("T", [autodiff, torch])


def shown(T, make, steps=3, shape=(5, 3)):
    """What a seeded layer shows of itself: its state before and after some steps of training, and in evaluation."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        T.manual_seed(0)
        layer = make(T)
        start = {name: t.clone() for name, t in layer.state_dict().items()}
        optimizer = T.optim.SGD(layer.parameters(), lr=0.1)
        x = T.rand(*shape)
        for _ in range(steps):
            optimizer.zero_grad()
            (layer(x) ** 2).sum().backward()
            optimizer.step()
        layer.eval()
        y = layer(x)
    found = {**start, **{f"end {name}": t for name, t in layer.state_dict().items()}, "y": y, "weight now": layer.weight}
    return repr(layer), {name: t.detach().numpy() for name, t in found.items()}, T.rand(1).item()


def alike(make, **more):
    ours, theirs = (shown(T, make, **more) for T in (autodiff, torch))
    assert ours[0] == theirs[0]
    assert list(ours[1]) == list(theirs[1])
    for name, value in ours[1].items():
        np.testing.assert_allclose(value, theirs[1][name], rtol=2e-4, atol=2e-5, err_msg=name)
    assert ours[2] == theirs[2]


PRUNED = [
    lambda T, p: p.identity(T.nn.Linear(3, 4), "weight"),
    lambda T, p: p.random_unstructured(T.nn.Linear(3, 4), "weight", 5),
    lambda T, p: p.random_unstructured(T.nn.Linear(3, 4), "bias", 0.5),
    lambda T, p: p.l1_unstructured(T.nn.Linear(3, 4), "weight", 0.3),
    lambda T, p: p.l1_unstructured(T.nn.Linear(3, 4), "weight", 4, importance_scores=T.arange(12.0).reshape(4, 3)),
    lambda T, p: p.random_structured(T.nn.Linear(3, 4), "weight", 2, 0),
    lambda T, p: p.ln_structured(T.nn.Linear(3, 4), "weight", 0.5, n=2, dim=0),
    lambda T, p: p.ln_structured(T.nn.Linear(3, 4), "weight", 1, n=float("inf"), dim=-1),
    lambda T, p: p.custom_from_mask(T.nn.Linear(3, 4), "bias", T.tensor([0, 1, 1, 0])),
    lambda T, p: p.l1_unstructured(p.random_unstructured(T.nn.Linear(3, 4), "weight", 3), "weight", 3),
    lambda T, p: p.random_structured(p.ln_structured(T.nn.Linear(3, 4), "weight", 1, n=1, dim=0), "weight", 1, dim=0),
    lambda T, p: p.custom_from_mask(p.l1_unstructured(T.nn.Linear(3, 4), "weight", 3), "weight", T.ones(4, 3)),
    lambda T, p: p.remove(p.l1_unstructured(T.nn.Linear(3, 4), "weight", 0.3), "weight"),
    lambda T, p: p.l1_unstructured(T.nn.Linear(3, 4), "weight", 0),
]


@pytest.mark.parametrize("make", PRUNED)
def test_pruning(make):
    alike(lambda T: make(T, T.nn.utils.prune))


@BOTH
def test_pruning_several_tensors_as_one(T):
    T.manual_seed(0)
    model = T.nn.Sequential(T.nn.Linear(3, 4), T.nn.Linear(4, 2))
    prune = T.nn.utils.prune
    pairs = [(model[0], "weight"), (model[1], "weight")]
    scores = {pairs[1]: T.zeros(2, 4)}
    prune.global_unstructured(pairs, prune.L1Unstructured, amount=0.25)
    assert sum(int((m.weight_mask == 0).sum()) for m in model) == 5
    prune.global_unstructured(pairs, prune.L1Unstructured, importance_scores=scores, amount=2)
    assert sum(int((m.weight_mask == 0).sum()) for m in model) == 7
    assert prune.is_pruned(model)
    prune.remove(model[0], "weight")
    prune.remove(model[1], "weight")
    assert not prune.is_pruned(model)
    assert sorted(model.state_dict()) == ["0.bias", "0.weight", "1.bias", "1.weight"]


@BOTH
def test_how_many_numbers_are_pruned(T):
    prune = T.nn.utils.prune
    amounts = [(0, 15), (10, 15), (1, 15), (1.0, 15), (0.4, 17)]
    assert [prune._compute_nparams_toprune(*each) for each in amounts] == [0, 10, 1, 15, 7]
    prune._validate_pruning_amount(0.3, 0)
    with pytest.raises(ValueError, match="amount=20 should be smaller than"):
        prune._validate_pruning_amount(20, 19)
    with pytest.raises(ValueError, match=r"amount=20\.0 should either be a float"):
        prune._validate_pruning_amount_init(20.0)


@BOTH
def test_a_pruned_layer_of_an_lstm(T):
    T.manual_seed(0)
    layer, x = T.nn.LSTM(4, 4), T.rand(3, 1, 4)
    before = layer(x)[0]
    T.nn.utils.prune.l1_unstructured(layer, "weight_ih_l0", 0.5)
    pruned = layer(x)[0]
    assert not T.allclose(before, pruned)
    pruned.sum().backward()
    assert not (layer.weight_ih_l0_orig.grad * (1 - layer.weight_ih_l0_mask)).any()
    twin = pickle.loads(pickle.dumps(layer))
    assert T.equal(twin(x)[0], pruned)
    T.nn.utils.prune.remove(layer, "weight_ih_l0")
    assert T.allclose(layer(x)[0], pruned)


@BOTH
def test_a_method_of_ones_own(T):
    class EverySecond(T.nn.utils.prune.BasePruningMethod):
        PRUNING_TYPE = "unstructured"

        def compute_mask(self, t, default_mask):
            mask = default_mask.clone()
            mask.view(-1)[::2] = 0
            return mask

    layer = T.nn.Linear(4, 1)
    EverySecond.apply(layer, "weight")
    assert layer.weight_mask.tolist() == [[0, 1, 0, 1]]
    method = EverySecond()
    assert method.prune(T.ones(4)).tolist() == [0, 1, 0, 1]
    container = T.nn.utils.prune.PruningContainer(next(iter(layer._forward_pre_hooks.values())))
    assert len(container) == 1
    with pytest.raises(TypeError, match="is not a BasePruningMethod subclass"):
        container.add_pruning_method(3)
    method._tensor_name = "bias"
    with pytest.raises(ValueError, match="Can only add pruning methods acting on the parameter named 'weight'"):
        container.add_pruning_method(method)


@BOTH
@pytest.mark.parametrize(
    ("error", "call"),
    [
        (ValueError, lambda p, layer: p.random_unstructured(layer, "weight", 1.5)),
        (ValueError, lambda p, layer: p.random_unstructured(layer, "weight", -1)),
        (TypeError, lambda p, layer: p.random_unstructured(layer, "weight", "a")),
        (ValueError, lambda p, layer: p.l1_unstructured(layer, "weight", 100)),
        (ValueError, lambda p, layer: p.ln_structured(layer, "bias", 1, 2, 0)),
        (IndexError, lambda p, layer: p.ln_structured(layer, "weight", 1, 2, 2)),
        (AssertionError, lambda p, layer: p.custom_from_mask(layer, "weight", layer.bias)),
        (AttributeError, lambda p, layer: p.identity(layer, "nothing")),
        (ValueError, lambda p, layer: p.remove(layer, "weight")),
        (TypeError, lambda p, layer: p.global_unstructured([(layer, "weight")], p.LnStructured, amount=1, n=2, dim=0)),
        (TypeError, lambda p, layer: p.global_unstructured(3, p.L1Unstructured, amount=1)),
        (TypeError, lambda p, layer: p.global_unstructured([(layer, "weight")], p.L1Unstructured, 3, amount=1)),
    ],
)
def test_prunings_that_are_refused_leave_the_module_as_it_was(T, error, call):
    layer = T.nn.Linear(3, 4)
    with pytest.raises(error):
        call(T.nn.utils.prune, layer)
    assert sorted(layer.state_dict()) == ["bias", "weight"]
    assert not layer._forward_pre_hooks


NORMS = [
    lambda T: T.nn.utils.weight_norm(T.nn.Linear(3, 4)),
    lambda T: T.nn.utils.weight_norm(T.nn.Linear(3, 4), dim=1),
    lambda T: T.nn.utils.weight_norm(T.nn.Linear(3, 4), dim=None),
    lambda T: T.nn.utils.weight_norm(T.nn.Linear(3, 4), "bias"),
    lambda T: T.nn.utils.remove_weight_norm(T.nn.utils.weight_norm(T.nn.Linear(3, 4))),
    lambda T: T.nn.utils.spectral_norm(T.nn.Linear(3, 4)),
    lambda T: T.nn.utils.spectral_norm(T.nn.Linear(3, 4), n_power_iterations=3, dim=1, eps=1e-6),
    lambda T: T.nn.utils.remove_spectral_norm(T.nn.utils.spectral_norm(T.nn.Linear(3, 4))),
    lambda T: T.nn.utils.parametrizations.weight_norm(T.nn.Linear(3, 4)),
    lambda T: T.nn.utils.parametrizations.weight_norm(T.nn.Linear(3, 4), dim=None),
    lambda T: T.nn.utils.parametrizations.weight_norm(T.nn.Linear(3, 4), "bias"),
    lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(3, 4)),
    lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(3, 4), n_power_iterations=2, dim=1),
    lambda T: T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(3, 4), "bias"),
    lambda T: T.nn.utils.parametrize.remove_parametrizations(
        T.nn.utils.parametrizations.weight_norm(T.nn.Linear(3, 4)), "weight"
    ),
    lambda T: T.nn.utils.parametrizations.weight_norm(T.nn.utils.parametrizations.weight_norm(T.nn.Linear(3, 4)), "bias"),
]


@pytest.mark.parametrize("make", NORMS)
def test_norms_of_weights(make):
    alike(make)


CONVOLUTIONS = [
    (lambda T: T.nn.Conv1d(2, 3, 3), (1, 2, 6)),
    (lambda T: T.nn.ConvTranspose1d(2, 3, 3), (1, 2, 6)),
]


@pytest.mark.parametrize(("make", "shape"), CONVOLUTIONS)
def test_norms_of_convolutions(make, shape):
    alike(lambda T: T.nn.utils.parametrizations.weight_norm(make(T)), shape=shape)
    alike(lambda T: T.nn.utils.parametrizations.spectral_norm(make(T)), shape=shape)
    alike(lambda T: T.nn.utils.spectral_norm(make(T)), shape=shape)


def test_states_of_the_older_norms_go_into_the_newer():
    for T in (autodiff, torch):
        with pytest.warns(FutureWarning, match=r"weight_norm` is deprecated in favor of"):
            old = T.nn.utils.weight_norm(T.nn.Linear(3, 4))
        new = T.nn.utils.parametrizations.weight_norm(T.nn.Linear(3, 4))
        new.load_state_dict(old.state_dict())
        assert T.allclose(new.weight, old.weight)
        assert "spectral_norm" in T.nn.utils.spectral_norm(T.nn.Linear(3, 4)).state_dict()._metadata[""]


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("lost", [(), ("weight",), ("weight_orig",), ("weight_u",), ("weight_v",), ("weight_orig", "weight_u")])
@pytest.mark.parametrize("layer", [lambda T: T.nn.Linear(3, 4), lambda T: T.nn.ConvTranspose2d(3, 2, 2)])
def test_the_states_of_the_first_spectral_norm(layer, lost, steps):
    # They have the weight and not v, and say no version.
    found = []
    for T in (autodiff, torch):
        T.manual_seed(2)
        net = T.nn.Sequential(T.nn.utils.spectral_norm(layer(T)))
        x = T.randn(*((2, 3) if isinstance(net[0], T.nn.Linear) else (2, 3, 4, 4)))
        for _ in range(steps):
            net(x)
        state = copy.deepcopy(net.state_dict())
        del state._metadata["0"]["spectral_norm"]
        state["0.weight"] = net[0].weight.detach().clone()
        del state["0.weight_v"]
        for name in lost:
            state.pop(f"0.{name}", None)
        other = T.nn.Sequential(T.nn.utils.spectral_norm(layer(T)))
        try:
            other.load_state_dict(state)
        except RuntimeError as error:
            found.append(str(error).splitlines()[1:])
            keys = other.load_state_dict(state, strict=False)
            found[-1].append((list(keys.missing_keys), list(keys.unexpected_keys)))
            continue
        with T.no_grad():
            outputs = [other.train(mode)(x).numpy() for mode in (False, True, True, False)]
        found.append((*outputs, other[0].weight_v.numpy(), other[0].weight_u.numpy()))
    if isinstance(found[1], list):
        assert found[0] == found[1]
    else:
        for ours, theirs in zip(*found, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=2e-3)  # a pseudoinverse of what has rank 3 of 4


def test_a_state_that_lost_its_metadata_alone():
    for T in (autodiff, torch):
        layer = T.nn.utils.spectral_norm(T.nn.Linear(3, 4))
        assert str(layer.load_state_dict(dict(layer.state_dict()))) == "<All keys matched successfully>"


@BOTH
@pytest.mark.parametrize("name", ["weight_norm", "spectral_norm"])
@pytest.mark.filterwarnings("ignore:.*is deprecated in favor of:FutureWarning")
def test_older_norms_that_are_refused(T, name):
    norm = getattr(T.nn.utils, name)
    with pytest.raises(RuntimeError, match=f"Cannot register two {name} hooks on the same parameter weight"):
        norm(norm(T.nn.Linear(3, 4)))
    with pytest.raises(ValueError, match="have uninitialized parameters"):
        norm(T.nn.LazyLinear(3))
    with pytest.raises(ValueError, match=f"{name} of 'weight' not found in"):
        getattr(T.nn.utils, f"remove_{name}")(T.nn.Linear(3, 4))


@pytest.mark.parametrize("how", [None, "matrix_exp", "cayley", "householder"])
@pytest.mark.parametrize("shape", [(3, 3), (5, 3), (3, 5)])
@pytest.mark.parametrize("base", [True, False])
def test_orthogonal_weights(how, shape, base):
    found = []
    for T in (autodiff, torch):
        T.manual_seed(0)
        layer = T.nn.Linear(shape[1], shape[0]).double()
        T.nn.utils.parametrizations.orthogonal(layer, "weight", how, use_trivialization=base)
        start, optimizer = layer.weight.detach().clone(), T.optim.SGD(layer.parameters(), lr=0.1)
        x = T.rand(7, shape[1], dtype=T.float64)
        for _ in range(3):
            optimizer.zero_grad()
            (layer(x) * T.arange(float(shape[0]), dtype=T.float64)).sum().backward()
            optimizer.step()
        trained = layer.weight.detach().clone()
        if base:
            layer.weight = T.eye(*shape, dtype=T.float64)
            assert T.allclose(layer.weight, T.eye(*shape, dtype=T.float64))
        elif how != "householder" and (how or shape[0] == shape[1]):
            with pytest.raises(NotImplementedError):
                layer.weight = T.eye(*shape, dtype=T.float64)
        found.append((sorted(layer.state_dict()), start.numpy(), trained.numpy(), T.rand(1).item()))
    ours, theirs = found
    assert (ours[0], ours[3]) == (theirs[0], theirs[3])
    for a, b in zip(ours[1:3], theirs[1:3], strict=True):
        np.testing.assert_allclose(a, b, atol=1e-12)
    few = ours[2] if shape[0] <= shape[1] else ours[2].T
    np.testing.assert_allclose(few @ few.T, np.eye(3), atol=1e-12)


@BOTH
def test_orthogonal_weights_of_a_batch_and_refusals(T):
    orthogonal = T.nn.utils.parametrizations.orthogonal
    module = T.nn.Module()
    module.w = T.nn.Parameter(T.randn(2, 4, 3))
    orthogonal(module, "w")
    assert T.allclose(module.w.mT @ module.w, T.eye(3).expand(2, 3, 3), atol=1e-5)
    with pytest.raises(ValueError, match="Expected a matrix or batch of matrices"):
        orthogonal(T.nn.Linear(2, 2), "bias")
    with pytest.raises(ValueError, match="orthogonal_map has to be one of"):
        orthogonal(T.nn.Linear(2, 2), orthogonal_map="qr")
    with pytest.raises(ValueError, match="has no parameter or buffer with name 'foo'"):
        orthogonal(T.nn.Linear(2, 2), "foo")
    with pytest.raises(ValueError, match="Expected a matrix or batch of matrices of shape"):
        module.w = T.ones(2, 2)


# ---- parametrizations of one's own ----


def symmetric(T):
    class Symmetric(T.nn.Module):
        def forward(self, x):
            return x.triu() + x.triu(1).mT

        def right_inverse(self, a):
            return a.triu()

    return Symmetric()


def scaled(T):
    class Scaled(T.nn.Module):
        def forward(self, x):
            return 2 * x

        def right_inverse(self, y):
            return y / 2

    return Scaled()


def test_a_parametrization_of_ones_own():
    def make(T):
        layer = T.nn.Linear(3, 3)
        T.nn.utils.parametrize.register_parametrization(layer, "weight", symmetric(T))
        T.nn.utils.parametrize.register_parametrization(layer, "weight", scaled(T))
        return layer

    alike(make)


@BOTH
def test_what_a_parametrized_module_is(T):
    parametrize = T.nn.utils.parametrize
    layer = T.nn.Linear(3, 3)
    weight = layer.weight
    before = weight.detach().clone()
    parametrize.register_parametrization(layer, "weight", symmetric(T))
    assert type(layer).__name__ == "ParametrizedLinear"
    assert isinstance(layer, T.nn.Linear)
    assert layer.parametrizations.weight.original is weight
    assert parametrize.is_parametrized(layer)
    assert parametrize.is_parametrized(layer, "weight")
    assert not parametrize.is_parametrized(layer, "bias")
    assert parametrize.type_before_parametrizations(layer) is T.nn.Linear
    assert T.equal(layer.weight, before.triu() + before.triu(1).T)
    layer.weight = T.eye(3)
    assert T.equal(layer.weight, T.eye(3))
    with parametrize.cached():
        assert layer.weight is layer.weight
    twin = copy.deepcopy(layer)
    assert twin.parametrizations.weight.original is not weight
    assert T.equal(twin.weight, layer.weight)
    with pytest.raises(RuntimeError, match=r"Serialization of parametrized modules is only supported through state_dict"):
        pickle.dumps(layer)
    other = parametrize.transfer_parametrizations_and_params(layer, T.nn.Linear(3, 3))
    assert T.equal(other.weight, layer.weight)
    parametrize.remove_parametrizations(layer, "weight")
    assert type(layer) is T.nn.Linear
    assert layer.weight is weight
    parametrize.remove_parametrizations(other, "weight", leave_parametrized=False)
    assert not T.equal(other.weight, T.zeros(3, 3))
    assert T.nn.Linear(3, 3).weight.shape == (3, 3)  # the class itself is as it was


@BOTH
def test_what_is_trained_is_parametrized_itself(T):
    parametrize = T.nn.utils.parametrize
    layer = T.nn.Linear(3, 3)
    weight = layer.weight
    parametrize.register_parametrization(layer, "weight", symmetric(T))
    inner = layer.parametrizations.weight
    before = layer.weight.detach().clone()
    parametrize.register_parametrization(inner, "original", Odd.of(T, lambda T, x: 2 * x))
    assert T.allclose(layer.weight, 2 * before)
    assert list(layer.state_dict()) == ["bias", "parametrizations.weight.parametrizations.original.original"]
    parametrize.remove_parametrizations(inner, "original", leave_parametrized=False)
    assert type(inner) is parametrize.ParametrizationList
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert layer.weight is weight


@BOTH
def test_a_parametrization_of_another_shape(T):
    parametrize = T.nn.utils.parametrize
    layer = T.nn.Linear(3, 3)
    before = layer.weight.detach().clone()
    parametrize.register_parametrization(layer, "weight", Odd.of(T, lambda T, x: x[[0]]), unsafe=True)
    parametrize.register_parametrization(layer, "weight", Odd.of(T, lambda T, x: x * 1), unsafe=False)
    assert layer.weight.shape == (1, 3)
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=False)
    assert T.equal(layer.weight, before)
    parametrize.register_parametrization(layer, "weight", Odd.of(T, lambda T, x: x.double()), unsafe=True)
    assert layer.weight.dtype == T.float64


@BOTH
def test_a_buffer_is_parametrized(T):
    module = T.nn.Module()
    module.register_buffer("mean", T.ones(2))
    T.nn.utils.parametrize.register_parametrization(module, "mean", scaled(T))
    assert T.equal(module.mean, T.ones(2))
    assert list(module.state_dict()) == ["parametrizations.mean.original"]
    assert not list(module.parameters())


class Odd:
    """Parametrizations that are not what they should be."""

    @staticmethod
    def of(T, forward, right_inverse=None):
        module = type("Odd", (T.nn.Module,), {"forward": lambda self, *x: forward(T, *x)})()
        if right_inverse is not None:
            module.right_inverse = lambda x: right_inverse(T, x)
        return module


@BOTH
@pytest.mark.parametrize(
    "how",
    [
        (lambda T, x: x.double(),),
        (lambda T, x: x[:1],),
        (lambda T, x: 3,),
        (lambda T, x: x, lambda T, x: x.double()),
        (lambda T, x: x, lambda T, x: 3),
        (lambda T, x: x, lambda T, x: [3]),
    ],
)
def test_parametrizations_that_are_refused(T, how):
    layer = T.nn.Linear(3, 3)
    with pytest.raises(ValueError):
        T.nn.utils.parametrize.register_parametrization(layer, "weight", Odd.of(T, *how))
    with pytest.raises(ValueError, match="does not have a parameter, a buffer, or a parametrized element with name 'foo'"):
        T.nn.utils.parametrize.register_parametrization(layer, "foo", scaled(T))
    assert type(layer) is T.nn.Linear
    T.nn.utils.parametrize.register_parametrization(layer, "weight", scaled(T))
    with pytest.raises((ValueError, TypeError)):
        T.nn.utils.parametrize.register_parametrization(layer, "weight", Odd.of(T, *how))


@BOTH
@pytest.mark.parametrize(
    ("what", "right_inverse"),
    [
        ("right_inverse must return a tensor", lambda T, x: (x, x)),
        ("right_inverse must return a tensor", lambda T, x: None),
        ("right_inverse must have the same dtype", lambda T, x: x.bool()),
        ("right_inverse must have the same shape", lambda T, x: x[:-1]),
    ],
)
def test_a_second_parametrization_whose_right_inverse_is_refused(T, what, right_inverse):
    layer = T.nn.utils.parametrize.register_parametrization(T.nn.Linear(3, 3), "weight", scaled(T))
    with pytest.raises(ValueError, match=what):
        T.nn.utils.parametrize.register_parametrization(layer, "weight", Odd.of(T, lambda T, x: x, right_inverse))
    assert len(layer.parametrizations.weight) == 1


@BOTH
def test_a_copy_by_the_class_own_deepcopy(T):
    class Copied(T.nn.Linear):
        def __deepcopy__(self, memo):
            twin = memo[id(self)] = self.__new__(self.__class__)
            twin.__dict__ = copy.deepcopy(self.__dict__, memo)
            return twin

    layer = T.nn.utils.parametrize.register_parametrization(Copied(3, 3), "weight", scaled(T))
    twin = copy.deepcopy(layer)
    assert T.equal(twin.weight, layer.weight)
    assert twin.parametrizations.weight.original is not layer.parametrizations.weight.original


@BOTH
def test_refusals_of_parametrized_modules(T):
    parametrize = T.nn.utils.parametrize
    layer = parametrize.register_parametrization(T.nn.Linear(3, 3), "weight", Odd.of(T, lambda T, x: x * 2))
    with pytest.raises(RuntimeError, match="parametrization Odd does not implement right_inverse"):
        layer.weight = T.ones(3, 3)
    with pytest.raises(ValueError, match="does not have a parametrization on bias"):
        parametrize.remove_parametrizations(layer, "bias")
    two = T.nn.utils.parametrizations.weight_norm(T.nn.Linear(3, 3))
    with pytest.raises(ValueError, match="Cannot leave unparametrized"):
        parametrize.remove_parametrizations(two, "weight", leave_parametrized=False)
    with pytest.raises(ValueError, match="has no parameter or buffer with name 'foo'"):
        T.nn.utils.parametrizations.spectral_norm(T.nn.Linear(3, 3), "foo")


# ---- fusion, empty layers, calls with other parameters ----


def fused(T, make, bn, fuse, shape):
    T.manual_seed(0)
    layer, norm = make(T), bn(T)
    x = T.randn(*shape)
    norm(layer(x))  # running numbers that say something
    layer.eval(), norm.eval()
    both = fuse(T)(layer, norm)
    assert type(both) is type(layer)
    assert T.allclose(both(x), norm(layer(x)), atol=1e-5)
    with pytest.raises(AssertionError, match="Fusion only for eval!"):
        fuse(T)(layer.train(), norm)
    return [t.detach().numpy() for t in (both.weight, both.bias)]


FUSIONS = [
    (lambda T: T.nn.Linear(3, 4), lambda T: T.nn.BatchNorm1d(4), lambda T: T.nn.utils.fuse_linear_bn_eval, (6, 3)),
    (
        lambda T: T.nn.Conv1d(2, 4, 3, bias=False), lambda T: T.nn.BatchNorm1d(4),
        lambda T: T.nn.utils.fuse_conv_bn_eval, (6, 2, 5),
    ),
    (
        lambda T: T.nn.Conv2d(2, 4, 2), lambda T: T.nn.BatchNorm2d(4, affine=False),
        lambda T: T.nn.utils.fuse_conv_bn_eval, (2, 2, 5, 4),
    ),
    (
        lambda T: T.nn.ConvTranspose1d(2, 4, 3), lambda T: T.nn.BatchNorm1d(4),
        lambda T: lambda conv, bn: T.nn.utils.fuse_conv_bn_eval(conv, bn, True), (6, 2, 5),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("make", "bn", "fuse", "shape"), FUSIONS)
def test_fusion(make, bn, fuse, shape):
    ours, theirs = (fused(T, make, bn, fuse, shape) for T in (autodiff, torch))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-4, atol=1e-5)


@BOTH
def test_a_layer_that_draws_nothing(T):
    T.manual_seed(0)
    layer = T.nn.utils.skip_init(T.nn.Linear, 3, 2, bias=False)
    assert repr(layer) == "Linear(in_features=3, out_features=2, bias=False)"
    drawn = T.rand(1).item()
    T.manual_seed(0)
    assert drawn == T.rand(1).item()
    with pytest.raises(RuntimeError, match="Expected a Module"):
        T.nn.utils.skip_init(int)
    with pytest.raises(RuntimeError, match="Module must support a 'device' arg"):
        T.nn.utils.skip_init(T.nn.ReLU)


def tied(T):
    model = T.nn.Sequential(T.nn.Linear(2, 2, bias=False), T.nn.Linear(2, 2, bias=False))
    model[1].weight = model[0].weight
    return model


@BOTH
def test_a_call_with_other_parameters(T):
    call = T.func.functional_call
    model = T.nn.Sequential(T.nn.Linear(2, 3), T.nn.BatchNorm1d(3))
    own = [p.detach().clone() for p in model.parameters()]
    weight = T.ones(3, 2, requires_grad=True)
    x = T.tensor([[1.0, 2.0], [3.0, 5.0]])
    y = call(model, {"0.weight": weight, "0.bias": T.zeros(3)}, (x,))
    (y * T.arange(6.0).reshape(2, 3)).sum().backward()
    assert weight.grad is not None
    assert model[0].weight.grad is None
    assert all(T.equal(a, b) for a, b in zip(own, model.parameters(), strict=True))
    buffers = {"1.num_batches_tracked": T.tensor(7), "1.running_mean": T.zeros(3)}
    call(model, ({"0.weight": weight}, buffers), x, strict=False)
    assert int(buffers["1.num_batches_tracked"]) == 8
    assert int(model[1].num_batches_tracked) == 1
    both = call(tied(T), {"0.weight": 2 * T.eye(2)}, T.ones(2))
    assert both.tolist() == [4.0, 4.0]
    assert call(tied(T), {"0.weight": T.eye(2), "1.weight": 3 * T.eye(2)}, T.ones(2), tie_weights=False).tolist() == [3.0, 3.0]
    assert call(T.nn.Linear(2, 1), {}, kwargs={"input": T.ones(2)}).shape == (1,)
    plain = T.nn.Linear(2, 1)
    assert T.equal(call(plain, {"bias": None, "more": T.ones(1)}, T.ones(2)), plain.weight.sum(1))
    assert plain.bias is not None
    assert not hasattr(plain, "more")
    with pytest.warns(FutureWarning, match="functional_call` is deprecated"):
        T.nn.utils.stateless.functional_call(model, {"0.weight": weight}, x)


@BOTH
def test_what_a_call_assigns_is_the_callers(T):
    class Counting(T.nn.Module):
        def __init__(self):
            super().__init__()
            self.register_buffer("count", T.zeros(1))
            self.register_buffer("sum", T.zeros(1))

        def forward(self, x):
            self.count = self.count + 1
            self.sum.add_(x)
            return self.more * x

    given = {"count": T.tensor([2.0]), "sum": T.tensor([5.0]), "more": T.tensor(3.0)}
    own = given["sum"]
    model = Counting()
    assert T.func.functional_call(model, given, T.ones(1)).item() == 3.0
    assert (given["count"].item(), given["sum"].item()) == (3.0, 6.0)
    assert given["sum"] is own
    assert (model.count.item(), model.sum.item()) == (0.0, 0.0)
    with pytest.raises(RuntimeError, match=r"Unexpected key\(s\): 'more'"):
        T.func.functional_call(model, given, T.ones(1), strict=True)


@BOTH
def test_calls_with_other_parameters_that_are_refused(T):
    call, model = T.func.functional_call, T.nn.Linear(2, 1)
    with pytest.raises(ValueError, match="got multiple values for keys"):
        call(tied(T), {"0.weight": T.eye(2), "1.weight": 3 * T.eye(2)}, T.ones(2))
    with pytest.raises(RuntimeError, match=r"(?s)Unexpected key\(s\): 'foo'.*Missing key\(s\): 'bias'"):
        call(model, {"weight": T.ones(1, 2), "foo": T.ones(1)}, T.ones(2), strict=True)
    with pytest.raises(AttributeError):
        call(model, {"a.b": T.ones(1)}, T.ones(2))
    with pytest.raises(ValueError, match="appeared in multiple dictionaries"):
        call(model, ({"weight": T.ones(1, 2)}, {"weight": T.ones(1, 2)}), T.ones(2))
    with pytest.raises(ValueError, match="Expected all elements of parameter_and_buffer_dicts"):
        call(model, (3,), T.ones(2))
    with pytest.raises(ValueError, match="to be a dict, or a list/tuple of dicts"):
        call(model, 3, T.ones(2))
    with pytest.raises(RuntimeError, match=r"can't be used with nn\.DataParallel"):
        call(T.nn.DataParallel(model), {}, T.ones(2))
    before, model.rate = model.weight, 0.5
    with pytest.raises(TypeError, match=r"attribute `rate`: 0\.5 is not an instance of torch\.Tensor"):
        call(model, {"weight": T.ones(1, 2), "rate": T.ones(1)}, T.ones(2))
    with pytest.raises(TypeError, match=r"a is not an instance of torch\.Tensor"):
        call(model, {"weight": "a"}, T.ones(2))
    with pytest.raises(RuntimeError):
        call(model, {"weight": T.ones(1, 3)}, T.ones(2))
    assert model.weight is before


@BOTH
def test_states_of_several_models(T):
    stacked = T.func.stack_module_state
    params, buffers = stacked([T.nn.BatchNorm1d(3) for _ in range(4)])
    assert {name: tuple(p.shape) for name, p in params.items()} == {"weight": (4, 3), "bias": (4, 3)}
    assert all(p.requires_grad and p.is_leaf for p in params.values())
    assert sorted(buffers) == ["num_batches_tracked", "running_mean", "running_var"]
    with pytest.raises(RuntimeError, match="at least one model"):
        stacked([])
    with pytest.raises(RuntimeError, match="same class"):
        stacked([T.nn.Linear(1, 1), T.nn.ReLU()])
    with pytest.raises(RuntimeError, match="same training/eval mode"):
        stacked([T.nn.Linear(1, 1), T.nn.Linear(1, 1).eval()])


@BOTH
def test_older_names(T):
    p = T.nn.Parameter(T.ones(2))
    p.grad = T.tensor([3.0, 4.0])
    with pytest.warns(FutureWarning, match=r"clip_grad_norm` is now deprecated"):
        assert T.nn.utils.clip_grad_norm(p, 1.0).item() == 5.0
    walked = T.nn.Linear(1, 1).parameters()
    list(walked)
    with pytest.warns(UserWarning, match="`parameters` is an empty generator"):
        assert T.nn.utils.clip_grad_norm_(walked, 1.0).item() == 0.0
    assert T.nn.utils.clip_grad_norm_([], 1.0).item() == 0.0
    layer = T.nn.Conv2d(1, 1, 1)
    assert T.nn.utils.convert_conv2d_weight_memory_format(layer, T.channels_last) is layer


@BOTH
@pytest.mark.parametrize("extra", ["parameter", "tensor"])
def test_a_call_with_a_name_that_the_module_has_not_leaves_it_as_it_was(T, extra):
    module = T.nn.Sequential(T.nn.Linear(1, 1))
    given = T.nn.Parameter(T.ones(1)) if extra == "parameter" else T.ones(1)
    names, attributes = [name for name, _ in module.named_parameters()], sorted(vars(module[0]))
    seen = []
    module.register_forward_hook(lambda *args: seen.extend(name for name, _ in module.named_parameters()))
    T.func.functional_call(module, {"0.extra": given}, T.ones(1))
    assert seen == [*names, *(["0.extra"] if extra == "parameter" else [])]
    assert [name for name, _ in module.named_parameters()] == names
    assert sorted(vars(module[0])) == attributes
    assert not hasattr(module[0], "extra")
    T.func.functional_call(module, {}, T.ones(1), strict=False)
