"""What a file may name and call: which names are known and what they are in PyTorch; each call checks what it is given."""

import collections
import fractions
import io
import re

import pytest

import autodiff
from autodiff.api.typed_storage import typed
from autodiff.serialization import rebuild
from autodiff.serialization.machine import Refused
from autodiff.serialization.names import SafeGlobals, allowed, find_safe, ours, theirs


class Point(tuple):
    __slots__ = ()


class Plain:
    pass


@pytest.mark.parametrize(
    ("module", "name"),
    [("numpy", "FloatStorage"), ("torch.nn", "FloatStorage"), ("builtins", "float32"), ("torch.nn", "float32"), ("torch", "nn"),
     ("torch", "dtype"), ("torch", "__all__"), ("builtins", "eval"), ("torch", "Linear"), ("x.torch", "Size")],
)
def test_names_that_no_file_may_use(module, name):
    full = f"{module}.{name}".removeprefix("builtins.")
    with pytest.raises(Refused) as caught:
        find_safe(module, name)
    assert str(caught.value) == (
        f"Unsupported global: GLOBAL {full} was not an allowed global by default. Please use "
        f"`torch.serialization.add_safe_globals([{full}])` or the `torch.serialization.safe_globals([{full}])` context manager "
        "to allowlist this global if you trust this class/function."
    )


@pytest.mark.parametrize("module", ["sys", "os", "posix", "nt", "os.path"])
def test_modules_that_stay_blocked(module):
    """Also where the user has allowed something of them."""
    words = f"GLOBAL {module}.len whose module {module} is blocked"
    with autodiff.serialization.safe_globals([(len, f"{module}.len")]), pytest.raises(Refused, match=words):
        find_safe(module, "len")


def test_names_that_every_file_may_use():
    for module in ("torch", "torch.cuda", "torch.storage"):
        assert find_safe(module, "FloatStorage").dtype is autodiff.float32
    assert find_safe("torch", "int64") is autodiff.int64
    assert find_safe("torch", "Tensor") is autodiff.Tensor
    assert find_safe("torch.nn.parameter", "Parameter") is autodiff.nn.Parameter
    assert find_safe("__builtin__", "set") is find_safe("builtins", "set") is rebuild.set_of
    assert find_safe("collections", "OrderedDict") is rebuild.ordered


THEIRS = {
    "torch float32": lambda: autodiff.float32, "torch.storage UntypedStorage": lambda: rebuild.STORAGES["UntypedStorage"],
    "torch LongStorage": lambda: rebuild.STORAGES["LongStorage"], "torch Tensor": lambda: autodiff.Tensor,
    "torch._utils _rebuild_tensor_v2": lambda: rebuild.tensor_v2,
    "torch.nn.modules.linear Linear": lambda: autodiff.nn.Linear, "torch.nn.modules.module Module": lambda: autodiff.nn.Module,
    "torch.nn.functional gelu": lambda: autodiff.nn.functional.gelu, "torch.optim.sgd SGD": lambda: autodiff.optim.SGD,
    "torch.utils.data.dataset TensorDataset": lambda: autodiff.utils.data.TensorDataset,
}


@pytest.mark.parametrize("name", THEIRS)
def test_pytorchs_name_for_what_is_the_packages(name):
    thing = THEIRS[name]()
    assert theirs(thing) == name
    assert ours(*name.split()) is thing


def test_what_is_not_the_packages_keeps_its_name():
    assert [theirs(x) for x in (Point, len, 3, fractions.Fraction, collections.OrderedDict)] == [None] * 5
    assert ours("fractions", "Fraction") is None
    assert ours("torchvision.models", "ResNet") is None
    with pytest.raises(AttributeError, match=r"the file names torch\.nn\.Nothing, which is not here"):
        ours("torch.nn", "Nothing")
    assert ours("torch.nn.modules.sparse", "Linear") is autodiff.nn.Linear  # where a class has moved


def test_what_is_allowed():
    added = SafeGlobals()
    added.add([Point, (Plain, "other.Name")])
    assert added.named == {f"{__name__}.Point": Point, "other.Name": Plain}
    assert added.given == [Point, (Plain, "other.Name")]
    added.add([Point])
    assert added.given == [Point, (Plain, "other.Name")]
    added.add([autodiff.nn.Linear])
    assert {"autodiff.nn.modules.linear.Linear", "torch.nn.modules.linear.Linear"} <= set(added.named)
    added.replace([Plain])
    assert (list(added.named.values()), added.given) == ([Plain], [Plain])
    for wrong, kind, words in (
        ((1, 2, 3), ValueError, "Expected tuple of length 2 .* but got tuple of length: 3"),
        ((Point, 3), TypeError, "Expected second item in tuple to be str of callable full path, but got: <class 'int'>"),
    ):
        with pytest.raises(kind, match=words):
            added.add([wrong])


def test_what_may_be_called():
    assert allowed(autodiff.Tensor, ()) is True
    assert allowed(autodiff.Tensor, (1,)) is allowed(autodiff.Tensor, None) is False
    assert allowed(rebuild.tensor_v2, (1,)) is True
    assert allowed(Point, ()) is False
    with autodiff.serialization.safe_globals([Point, fractions.Fraction.from_float]):
        assert allowed(Point, ()) is allowed(Point, None) is allowed(fractions.Fraction.from_float, ()) is True
        assert allowed(Plain, ()) is False
        assert autodiff.serialization.get_safe_globals() == [Point, fractions.Fraction.from_float]
    assert autodiff.serialization.get_safe_globals() == []


# ---- what a file may call ----

STORAGE = typed(autodiff.arange(6.0).untyped_storage(), autodiff.float32)
WHOLE = typed(autodiff.arange(6).untyped_storage(), autodiff.int64)
HOOKS = collections.OrderedDict()
V2, OF_TYPE = "torch._utils._rebuild_tensor_v2", "torch._tensor._rebuild_from_type_v2"
NOTED = "torch._utils._rebuild_parameter_with_state"
CALLS = [
    (V2, (STORAGE, "0", (2,), (1,), False, HOOKS), "the place of a tensor in its storage is '0'"),
    (V2, (STORAGE, 0, [2], (1,), False, HOOKS), "the size of a tensor is a list"),
    (V2, (STORAGE, 0, (2.0,), (1,), False, HOOKS), "the size of a tensor is a tuple"),
    (V2, (STORAGE, 0, (2,), (True,), False, HOOKS), "the stride of a tensor is a tuple"),
    (V2, (STORAGE, 0, (2,), (1,), 1, HOOKS), "requires_grad of a tensor is 1"),
    (V2, (3, 0, (2,), (1,), False, HOOKS), "a tensor is rebuilt from int, not from a storage"),
    ("torch._utils._rebuild_tensor", (3, 0, (2,), (1,)), "a tensor is rebuilt from int, not from a storage"),
    (V2, (WHOLE, 0, (2,), (1,), True, HOOKS),
     "only a tensor of a floating dtype can require a gradient"),
    ("torch._utils._rebuild_tensor_v3", (3, 0, (2,), (1,), False, HOOKS, autodiff.float32), "without a storage or a dtype"),
    ("torch._utils._rebuild_tensor_v3", (STORAGE, 0, (2,), (1,), False, HOOKS, "float32"), "without a storage or a dtype"),
    ("torch._utils._rebuild_parameter", (3, True, HOOKS), "a parameter is rebuilt without a tensor"),
    ("torch._utils._rebuild_parameter", (autodiff.ones(1), 1, HOOKS), "requires_grad of a tensor is 1"),
    (OF_TYPE, (len, autodiff.Tensor, (), {}), "a tensor is not rebuilt from its parts"),
    (OF_TYPE, (rebuild.tensor_v2, int, (), {}), "a tensor is not rebuilt from its parts"),
    (OF_TYPE, (rebuild.tensor_v2, 3, (), {}), "a tensor is not rebuilt from its parts"),
    (OF_TYPE, (rebuild.tensor_v2, autodiff.Tensor, [], {}), "a tensor is not rebuilt from its parts"),
    (NOTED, (autodiff.ones(1), True, HOOKS, {3: 4}), "what is noted on a tensor has no names"),
    (NOTED, (autodiff.ones(1), True, HOOKS, [3]), "what is noted on a tensor has no names"),
    (NOTED, (autodiff.ones(1), True, HOOKS, ({}, {"x": 4})), "a Parameter has no slots ['x']"),
    ("torch.serialization._get_layout", ("torch.sparse_coo",), "tensors of layout 'torch.sparse_coo' are not supported"),
    ("torch.serialization._get_layout", (3,), "tensors of layout 3 are not supported"),
    ("_codecs.encode", (b"a",), "only bytes are encoded"),
    ("_codecs.encode", ("a", "utf-8"), "only bytes are encoded"),
    ("builtins.bytearray", (5,), "a bytearray is made of something else than bytes"),
    ("builtins.bytearray", ("a", "utf-8"), "a bytearray is made of something else than bytes"),
    ("builtins.set", ("abc",), "a container is made of 'abc'"),
    ("builtins.frozenset", ([[]],), "a key cannot be a list"),
    ("collections.Counter", ([1],), "a Counter is made of a list"),
    ("torch.Size", ((1, "2"),), "the size of a tensor is a tuple"),
    ("torch._utils._rebuild_sparse_tensor", (1,), "the file holds a sparse tensor, and there are none here"),
    ("torch._utils._rebuild_qtensor", (), "the file holds a quantized tensor, and there are none here"),
]


@pytest.mark.parametrize(("name", "args", "words"), CALLS)
def test_calls_that_are_refused(name, args, words):
    with pytest.raises(Refused, match="^.{0,20}" + re.escape(words)):
        rebuild.REBUILDS[name](*args)


def test_calls_that_are_not():
    found = {name.rpartition(".")[2]: function for name, function in rebuild.REBUILDS.items()}
    x = found["_rebuild_tensor"](STORAGE, 1, (2, 2), (2, 1))
    assert (x.tolist(), x.requires_grad) == ([[1, 2], [3, 4]], False)
    y = found["_rebuild_tensor_v2"](STORAGE, 0, (2,), (3,), True, HOOKS)
    assert (y.tolist(), y.requires_grad) == ([0, 3], True)
    for storage in (STORAGE, STORAGE.untyped()):
        z = found["_rebuild_tensor_v3"](storage, 1, (2,), (1,), False, HOOKS, autodiff.int32)
        assert (z.dtype, z.shape, z[1].item()) == (autodiff.int32, (2,), 0x40000000)
    noted = found["_rebuild_parameter_with_state"](x, False, HOOKS, {"note": 3})
    assert (type(noted), noted.requires_grad, noted.note) == (autodiff.nn.Parameter, False, 3)
    assert found["encode"]("é") == found["encode"]("é", "latin-1") == b"\xe9"
    assert (found["bytes"](), found["bytearray"](), found["bytearray"](b"a")) == (b"", bytearray(), bytearray(b"a"))
    assert found["bytearray"]("é", "latin-1") == found["bytearray"]("é", "latin1") == bytearray(b"\xe9")
    assert found["complex"](1, 2.0) == 1 + 2j
    assert found["set"]([1, 2]) == {1, 2}
    assert found["set"]() == set()
    assert found["frozenset"]((1,)) == {1}
    assert (found["Size"]((1, 2)), found["Size"]()) == (autodiff.Size([1, 2]), autodiff.Size([]))
    assert list(found["OrderedDict"]([("b", 1), ("a", 2)]).items()) == [("b", 1), ("a", 2)]
    assert found["Counter"]({"a": 3})["a"] == 3
    assert found["Counter"]() == {}
    assert found["_get_layout"]("torch.strided") == "torch.strided"


def test_a_file_tells_what_it_would_need():
    file = io.BytesIO()
    autodiff.save({"f": fractions.Fraction(1, 2), "g": fractions.Fraction(1, 3), "x": autodiff.ones(1), "p": Plain()}, file)
    assert autodiff.serialization.get_unsafe_globals_in_checkpoint(file) == ["fractions.Fraction", f"{__name__}.Plain"]
    with autodiff.serialization.safe_globals([fractions.Fraction]):
        assert autodiff.serialization.get_unsafe_globals_in_checkpoint(file) == [f"{__name__}.Plain"]
    file = io.BytesIO()
    autodiff.save(1, file, _use_new_zipfile_serialization=False)
    with pytest.raises(ValueError, match=r"Expected input to be a checkpoint returned by torch\.save"):
        autodiff.serialization.get_unsafe_globals_in_checkpoint(file)
