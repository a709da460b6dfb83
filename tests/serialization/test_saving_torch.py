"""save and load against PyTorch's: what one writes the other reads, bit for bit, in both formats and both directions."""

import collections
import io
import pickle
import warnings
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff.serialization import archive

torch = pytest.importorskip("torch")

DTYPES = ["float32", "float64", "float16", "int8", "int16", "int32", "int64", "uint8", "bool"]
DIRECTIONS = {"ours to theirs": (autodiff, torch), "theirs to ours": (torch, autodiff), "ours to ours": (autodiff, autodiff)}
both_ways = pytest.mark.parametrize(("T", "R"), DIRECTIONS.values(), ids=DIRECTIONS)
both_formats = pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])


def written(T, obj, new=True, **options):
    file = io.BytesIO()
    T.save(obj, file, _use_new_zipfile_serialization=new, **options)
    file.seek(0)
    return file


def through(T, R, obj, new=True, **options):
    return R.load(written(T, obj, new), **{"weights_only": True, **options})


def facts(x):
    """All that a user can see of a structure; tensors by their bits, and by the place of their memory among all."""
    places, result = {}, []

    def walk(x):
        if hasattr(x, "untyped_storage"):
            storage = x.untyped_storage()
            place = places.setdefault(storage.data_ptr(), len(places)) if storage.nbytes() else None
            notes = {k: walk(v) for k, v in sorted(vars(x).items())}
            flat = x.detach().contiguous().numpy().tobytes()
            return (
                type(x).__name__, str(x.dtype), tuple(x.shape), x.stride(), x.requires_grad, x.is_leaf, flat,
                place, x.storage_offset() if storage.nbytes() else 0, notes,
            )  # fmt: skip
        if isinstance(x, dict):
            return (type(x).__name__, [(walk(k), walk(v)) for k, v in x.items()], walk(getattr(x, "_metadata", None)))
        if isinstance(x, (list, tuple)):
            return (type(x).__name__, [walk(v) for v in x])
        if isinstance(x, (set, frozenset)):
            return (type(x).__name__, sorted(map(repr, x)))
        return (type(x).__name__, repr(x))

    result.append(walk(x))
    return result


# ---- drawn structures ----

NUMBERS = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(allow_nan=False), st.text(max_size=5),
    st.binary(max_size=5),
)  # fmt: skip
KEYS = st.one_of(st.text(max_size=4), st.integers(-300, 300), st.tuples(st.integers(0, 3), st.text(max_size=2)))
CUTS = [lambda x: x, lambda x: x[1:], lambda x: x[::2], lambda x: x.t(), lambda x: x[0], lambda x: x[:, 1:], lambda x: x[0, 0],
        lambda x: x[:0], lambda x: x[:1].expand(3, -1), lambda x: x.t()[1:, ::2]]  # fmt: skip
TENSORS = st.tuples(st.integers(0, 3), st.integers(0, len(CUTS) - 1), st.booleans(), st.sampled_from(["", "parameter", "note"]))
OTHERS = st.sampled_from([("dtype",), ("size",), ("device",)])
LEAVES = st.one_of(NUMBERS, TENSORS.map(lambda t: ("tensor", t)), OTHERS)
STRUCTURES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4).map(lambda x: ("list", x)),
        st.lists(inner, max_size=4).map(lambda x: ("tuple", x)),
        st.lists(st.tuples(KEYS, inner), max_size=4).map(lambda x: ("dict", x)),
        st.lists(st.tuples(KEYS, inner), max_size=4).map(lambda x: ("ordered", x)),
        st.lists(st.integers(0, 9)).map(lambda x: ("set", x)),
    ),
    max_leaves=12,
)


def built(T, plan, bases):
    """The structure of a plan, with T's tensors: views of four tensors that all of the structure shares."""
    if not isinstance(plan, tuple):
        return plan
    kind = plan[0]
    if kind == "tensor":
        which, cut, grad, extra = plan[1]
        x = CUTS[cut](bases[which])
        grad = grad and x.dtype.is_floating_point
        if extra == "parameter":
            return T.nn.Parameter(x, requires_grad=grad)
        x = x.detach().requires_grad_(grad)
        if extra == "note":
            x.label = "noted"
        return x
    if kind in ("list", "tuple"):
        items = [built(T, p, bases) for p in plan[1]]
        return items if kind == "list" else tuple(items)
    if kind in ("dict", "ordered"):
        pairs = [(k, built(T, p, bases)) for k, p in plan[1]]
        return dict(pairs) if kind == "dict" else collections.OrderedDict(pairs)
    others = {"set": set, "dtype": lambda: T.int16, "size": lambda: T.Size([2, 0]), "device": lambda: T.device("cpu")}
    return others[kind](*plan[1:])


def bases(T, dtypes):
    return [T.arange(12).view(3, 4).to(getattr(T, d)) for d in dtypes]


@both_ways
@both_formats
@given(plan=STRUCTURES, dtypes=st.lists(st.sampled_from(DTYPES), min_size=4, max_size=4))
def test_what_is_written_is_read(T, R, new, plan, dtypes):
    obj = built(T, plan, bases(T, dtypes))
    assert facts(through(T, R, obj, new)) == facts(built(R, plan, bases(R, dtypes)))


@given(plan=STRUCTURES, dtypes=st.lists(st.sampled_from(DTYPES), min_size=4, max_size=4), protocol=st.integers(2, 5))
@settings(max_examples=15)
def test_every_protocol(plan, dtypes, protocol):
    obj = built(autodiff, plan, bases(autodiff, dtypes))
    assert facts(autodiff.load(written(autodiff, obj, pickle_protocol=protocol))) == facts(obj)
    again = written(torch, built(torch, plan, bases(torch, dtypes)), pickle_protocol=protocol)
    assert facts(autodiff.load(again)) == facts(obj)


@both_ways
def test_a_training_goes_on_where_it_was(T, R, tmp_path):
    """A checkpoint of model and optimiser, written after three steps: the next three are the same."""

    def parts(T, seed):
        T.manual_seed(seed)
        model = T.nn.Sequential(T.nn.Linear(3, 4), T.nn.ReLU(), T.nn.Linear(4, 2))
        model[2].weight = T.nn.Parameter(model[0].weight.detach()[:2].new_ones(2, 4))
        return model, T.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)

    def train(T, model, optimizer):
        x = T.linspace(-1, 1, 12).view(4, 3)
        for _ in range(3):
            optimizer.zero_grad()
            loss = (model(x) ** 2).sum()
            loss.backward()
            optimizer.step()
        return loss.item()

    model, optimizer = parts(T, 0)
    train(T, model, optimizer)
    T.save({"epoch": 3, "model": model.state_dict(), "optimizer": optimizer.state_dict()}, tmp_path / "c.pt")
    checkpoint = R.load(tmp_path / "c.pt", weights_only=True)
    other, its = parts(R, 1)
    assert str(other.load_state_dict(checkpoint["model"])) == "<All keys matched successfully>"
    its.load_state_dict(checkpoint["optimizer"])
    assert train(R, other, its) == pytest.approx(train(T, model, optimizer), rel=1e-6)


@both_ways
@both_formats
def test_shared_memory_is_written_once_and_shared_again(T, R, new):
    x = T.zeros(1000)
    file = written(T, {"x": x, "half": x[500:], "again": x}, new)
    assert len(file.getvalue()) < 6000
    found = R.load(file)
    assert found["again"] is found["x"]
    found["x"][500] = 7
    assert found["half"][0] == 7


@both_ways
@both_formats
def test_storages_are_saved_too(T, R, new):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        x = T.tensor([1.5, 2.5])
        typed, untyped = through(T, R, [x.storage(), x.clone().untyped_storage()], new)
        assert typed.tolist() == [1.5, 2.5]
        assert list(untyped) == list(x.untyped_storage())


def test_one_memory_of_two_dtypes_is_refused():
    for T in (autodiff, torch):
        x = T.zeros(4, dtype=T.int32)
        a = x.numpy()
        with pytest.raises(RuntimeError, match="view the same data as different types"):
            T.save([x, T.from_numpy(a.view(np.float32))], io.BytesIO())
    # PyTorch tells storages apart by object, so the same numbers twice are no fault there or here.
    assert len(autodiff.load(written(autodiff, [x_ := autodiff.zeros(0), x_.to(autodiff.int8)]))) == 2


def test_several_objects_in_one_file_of_the_old_format():
    for T, R in DIRECTIONS.values():
        file = io.BytesIO(b"before")
        file.seek(6)
        for n in range(3):
            T.save(T.full((2,), n), file, _use_new_zipfile_serialization=False)
        file.seek(6)
        assert [R.load(file).tolist() for _ in range(3)] == [[0, 0], [1, 1], [2, 2]]


def test_a_file_is_an_ordinary_archive(tmp_path):
    autodiff.save({"x": autodiff.ones(3)}, tmp_path / "model.tar.pt")
    torch.save({"x": torch.ones(3)}, tmp_path / "theirs.pt")
    ours, theirs = (zipfile.ZipFile(tmp_path / name) for name in ("model.tar.pt", "theirs.pt"))
    assert ours.testzip() is None
    assert {n.partition("/")[0] for n in ours.namelist()} == {"model.tar"}
    names = [{n.partition("/")[2] for n in z.namelist()} for z in (ours, theirs)]
    assert names[0] <= names[1]
    raw = (tmp_path / "model.tar.pt").read_bytes()
    data = [raw.index(ours.read(n)) for n in ours.namelist() if n.endswith("data/0")]
    assert [place % archive.ALIGNMENT for place in data] == [0]


def test_sizes_and_places_that_four_bytes_cannot_say(monkeypatch):
    monkeypatch.setattr(archive, "LIMIT", 300)
    obj = {"a": autodiff.arange(100), "b": autodiff.ones(3), "c": autodiff.arange(50.0)}
    file = written(autodiff, obj)
    for R in (autodiff, torch):
        file.seek(0)
        assert facts(R.load(file)) == facts(obj)
    assert zipfile.ZipFile(file).testzip() is None


def test_more_records_than_two_bytes_can_count(monkeypatch):
    file = io.BytesIO()
    writer = archive.Writer(file.write, "archive")
    for n in range(70_000):
        writer.write_record(str(n), b"")
    writer.write_end_of_file()
    assert len(zipfile.ZipFile(file).namelist()) == 70_000


def test_a_file_without_checksums_is_read():
    torch.serialization.set_crc32_options(False)
    try:
        assert through(torch, autodiff, torch.arange(5)).tolist() == [0, 1, 2, 3, 4]
    finally:
        torch.serialization.set_crc32_options(True)


def test_the_other_byte_order():
    def swapped(file):
        result = io.BytesIO()
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(result, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                if name.endswith("byteorder"):
                    data = b"big"
                elif "/data/" in name:
                    data = np.frombuffer(data, "<i4").astype(">i4").tobytes()
                new.writestr(name, data)
        result.seek(0)
        return result

    for R in (torch, autodiff):
        assert R.load(swapped(written(autodiff, autodiff.arange(3, dtype=autodiff.int32)))).tolist() == [0, 1, 2]


class OnlyWrites:
    def __init__(self):
        self.pieces = []

    def write(self, data):
        self.pieces.append(bytes(data))


class OnlyReads:
    """A file object that has no readinto."""

    def __init__(self, data):
        file = io.BytesIO(data)
        self.read, self.seek, self.tell, self.readline = file.read, file.seek, file.tell, file.readline


def test_file_objects_that_can_little():
    sink = OnlyWrites()
    autodiff.save({"x": autodiff.ones(3)}, sink)
    assert autodiff.load(OnlyReads(b"".join(sink.pieces)))["x"].tolist() == [1, 1, 1]
    for T in (autodiff, torch):
        with pytest.raises(AttributeError, match="'write' attribute"):
            T.save(1, object())
        with pytest.raises(AttributeError, match="seek"):
            T.load(object())


# ---- what a file may name ----


class Point:
    def __init__(self, x):
        self.x = x

    def __eq__(self, other):
        return self.x == other.x

    __hash__ = None


@both_formats
def test_classes_are_refused_unless_allowed(new):
    for T in (autodiff, torch):
        with pytest.raises(pickle.UnpicklingError, match="was not an allowed global by default"):
            T.load(written(T, {"p": Point(3)}, new))
        with T.serialization.safe_globals([Point]):
            assert T.load(written(T, {"p": Point(3)}, new)) == {"p": Point(3)}
            assert Point in T.serialization.get_safe_globals()
        assert Point not in T.serialization.get_safe_globals()
        T.serialization.add_safe_globals([(Point, f"{Point.__module__}.Point")])
        assert T.load(written(T, Point(3), new)) == Point(3)
        T.serialization.clear_safe_globals()
        assert T.serialization.get_safe_globals() == []
        with pytest.raises(pickle.UnpicklingError):
            T.load(written(T, Point(3), new))
        assert T.load(written(T, Point(3), new), weights_only=False) == Point(3)


def test_the_names_that_would_be_refused():
    for T in (autodiff, torch):
        obj = {"p": Point(3), "n": np.float64(2), "t": T.ones(1)}
        names = T.serialization.get_unsafe_globals_in_checkpoint(written(T, obj))
        assert set(names) >= {f"{Point.__module__}.Point", "numpy.dtype"}
        with pytest.raises(ValueError, match="Expected input to be a checkpoint"):
            T.serialization.get_unsafe_globals_in_checkpoint(written(T, obj, False))


def test_numpys_scalars_when_allowed():
    for T in (autodiff, torch):
        scalar = np._core.multiarray.scalar
        with T.serialization.safe_globals([(scalar, "numpy._core.multiarray.scalar"), (scalar, "numpy.core.multiarray.scalar"),
                                           np.dtype, type(np.dtype("f8"))]):  # fmt: skip
            assert T.load(written(T, np.float64(2.5))) == 2.5


# ---- options of load ----


def test_map_location(monkeypatch):
    file = written(torch, {"x": torch.ones(2), "y": torch.zeros(2)})
    seen = []

    def note(storage, location):
        seen.append((location, storage.nbytes()))
        return storage

    for place in (None, "cpu", autodiff.device("cpu"), {"cuda:0": "cpu"}, {}, note, lambda storage, location: None, b"cpu"):
        file.seek(0)
        assert autodiff.load(file, map_location=place)["x"].tolist() == [1, 1]
    assert seen == [("cpu", 8), ("cpu", 8)]
    for place, word in (("cuda", "CUDA device"), ({"cpu": "cuda:1"}, "CUDA device"), ("meta", "meta")):
        file.seek(0)
        with pytest.raises(RuntimeError, match=word):
            autodiff.load(file, place)


def tagged(location, new=True):
    """A file as PyTorch writes it on a machine with another device."""
    file = written(torch, {"x": torch.ones(2)}, new)
    raw = file.getvalue().replace(b"X\x03\0\0\0cpu", b"X" + len(location).to_bytes(4, "little") + location.encode())
    return raw


def test_a_tensor_of_a_gpu_needs_a_map():
    raw = tagged("cuda:0", new=False)
    for T in (autodiff, torch):
        with pytest.raises(RuntimeError, match="Attempting to deserialize object on a CUDA device"):
            T.load(io.BytesIO(raw))
        for place in ("cpu", {"cuda:0": "cpu"}, T.device("cpu"), lambda storage, location: storage):
            assert T.load(io.BytesIO(raw), map_location=place)["x"].tolist() == [1, 1]


def test_mmap(tmp_path):
    for T, R in DIRECTIONS.values():
        path = str(tmp_path / "x.pt")
        T.save({"x": T.arange(1000), "e": T.zeros(0)}, path)
        found = R.load(path, mmap=True)
        found["x"][0] = 5  # the file stays as it is
        assert R.load(path)["x"][0] == 0
        assert found["x"][1:].tolist() == list(range(1, 1000))
        with pytest.raises(ValueError, match="f must be a file path in order to use the mmap argument"):
            R.load(io.BytesIO(Path(path).read_bytes()), mmap=True)
        T.save({"x": T.arange(1000)}, path, _use_new_zipfile_serialization=False)
        with pytest.raises(RuntimeError, match="mmap can only be used with files saved with"):
            R.load(path, mmap=True)


def test_pickle_module_and_the_options_that_exclude_one_another(monkeypatch):
    for T in (autodiff, torch):
        file = written(T, Point(1))
        with pytest.raises(RuntimeError, match="Can not safely load weights when explicit pickle_module is specified"):
            T.load(file, pickle_module=pickle, weights_only=True)
        assert T.load(file, pickle_module=pickle) == Point(1)
        file.seek(0)
        monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
        with pytest.warns(UserWarning, match="forcing weights_only=False"):
            assert T.load(file) == Point(1)
        monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
        with pytest.raises(RuntimeError, match="Only one of"):
            T.load(file)
        monkeypatch.undo()


class Twice:
    """Stands for dill and the like: a pickler written in Python that can write what pickle can't."""

    __name__ = "twice"
    Unpickler = pickle.Unpickler

    class Pickler(pickle._Pickler):
        def save_function(self, obj):
            self.save_reduce(len, ("lambda",)) if obj.__name__ == "<lambda>" else self.save_global(obj)

        dispatch = {**pickle._Pickler.dispatch, type(lambda: 0): save_function}  # noqa: RUF012


def test_a_pickle_module_of_the_users():
    obj = {"x": torch.ones(2), "f": lambda: 0}
    for T, R in DIRECTIONS.values():
        file = written(T, {**obj, "x": T.ones(2)}, pickle_module=Twice())
        found = R.load(file, pickle_module=Twice())
        assert (found["x"].tolist(), found["f"]) == ([1, 1], 6)

    class InC:
        __name__ = "in C"

        class Pickler(pickle.Pickler):
            pass

    with pytest.raises(TypeError, match="use pickle"):
        autodiff.save(1, io.BytesIO(), pickle_module=InC())


def test_tensors_that_are_not_here():
    assert through(torch, autodiff, {"dtype": torch.bfloat16})["dtype"] is autodiff.bfloat16
    assert through(autodiff, torch, {"dtype": autodiff.complex64})["dtype"] is torch.complex64
    for dtype in (torch.bfloat16, torch.complex64, torch.complex128, torch.uint16):
        x = torch.ones(2, dtype=dtype)
        for new in (True, False):
            with pytest.raises(RuntimeError, match=r"convert it in PyTorch"):
                through(torch, autodiff, {"x": x}, new)
    with pytest.raises(pickle.UnpicklingError, match="sparse"):
        through(torch, autodiff, torch.eye(2).to_sparse())


def test_torchscript_is_not_read(tmp_path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.jit.script(torch.nn.Linear(1, 1)).save(str(tmp_path / "s.pt"))
    for only in (True, False):
        with pytest.raises(RuntimeError, match="TorchScript"):
            autodiff.load(tmp_path / "s.pt", weights_only=only)


# ---- what older programs wrote ----


def old(body, keys=b"]X\x01\0\0\x000a", numbers=b""):
    """A file of the old format: magic number, version, facts about the machine; the pickle; the storages."""
    head = pickle.dumps(0x1950A86A20F9469CFC6C, 2) + pickle.dumps(1001, 2) + pickle.dumps({"little_endian": True}, 2)
    return io.BytesIO(head + b"\x80\x02" + body + b".\x80\x02" + keys + b"." + numbers)


@pytest.mark.parametrize("only", [True, False])
def test_a_file_of_python_2(only):
    """Its strings are bytes that may be text; the user says which."""
    storage = b"(U\x07storagectorch\nFloatStorage\nU\x010U\x03cpuK\x01NtQ"
    body = b"]U\x02\xc3\xa9actorch._utils\n_rebuild_tensor\n(" + storage + b"K\x00K\x01\x85K\x01\x85tRa"
    for encoding, text in (("utf-8", "é"), ("bytes", "é".encode()), ("latin1", "Ã©")):
        for T in (autodiff, torch):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                found = T.load(old(body, b"]U\x010a", b"\1" + bytes(7) + b"\0\0\x80?"), weights_only=only, encoding=encoding)
            assert (found[0], found[1].tolist()) == (text, [1.0])


def test_parts_of_storages():
    """Before version 0.4 a slice of a storage was written as a view of it."""
    whole = b"X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x02"
    views = ((b"a", b"K\0"), (b"b", b"K\1"))
    body = b"".join(b"(" + whole + b"X\x01\0\0\0" + key + place + b"K\x01\x87tQ" for key, place in views)
    numbers = b"\2" + bytes(7) + np.array([1.5, 2.5], "f4").tobytes()
    for T in (autodiff, torch):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            one, two = T.load(old(body + b"\x86", numbers=numbers), weights_only=False)
            assert (one[0], two[0], one.data_ptr() + 4 == two.data_ptr()) == (1.5, 2.5, True)
    with pytest.raises(RuntimeError, match="would end behind it"):
        autodiff.load(old(body.replace(b"K\1K\x01\x87", b"K\2K\x01\x87") + b"\x86", numbers=numbers))


class OldTensor:
    """A tensor as version 0.1 wrote it."""

    def __init__(self, x):
        self.x = x

    def __reduce__(self):
        x = self.x
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return type(x), (), (x.storage(), x.storage_offset(), tuple(x.shape), x.stride())


@both_ways
@both_formats
@pytest.mark.parametrize("only", [True, False])
def test_tensors_of_the_first_version(T, R, new, only):
    x = T.arange(12.0).view(3, 4)[1:, ::2]
    found = R.load(written(T, {"x": OldTensor(x)}, new), weights_only=only)["x"]
    assert (found.tolist(), found.stride(), found.storage_offset()) == (x.tolist(), (4, 2), 4)


@both_ways
@both_formats
def test_an_object_behind_something_else(T, R, new):
    file = io.BytesIO()
    pickle.dump(41, file)
    T.save(T.arange(3), file, _use_new_zipfile_serialization=new)
    file.seek(0)
    assert pickle.load(file) == 41
    assert R.load(file).tolist() == [0, 1, 2]


def test_files_that_do_not_say_their_byte_order():
    for T in (autodiff, torch):
        order, x = T.serialization.LoadEndianness, T.arange(3, dtype=T.int32)
        assert T.serialization.get_default_load_endianness() is None
        for chosen, first in ((None, 1), (order.NATIVE, 1), (order.LITTLE, 1), (order.BIG, 1 << 24)):
            T.serialization.set_default_load_endianness(chosen)
            try:
                if T is autodiff or chosen is not order.BIG:  # which PyTorch 2.13 on a little-endian machine ignores
                    assert T.load(written(T, x, _disable_byteorder_record=True))[1] == first
                assert T.load(written(T, x))[1] == 1
            finally:
                T.serialization.set_default_load_endianness(None)
        with pytest.raises(TypeError, match="set_default_load_endianness"):
            T.serialization.set_default_load_endianness("little")


NET = "from {T} import nn\nclass Net(nn.Module):\n    def forward(self, x):\n        return x{change}\n"


def test_a_class_whose_source_has_changed(tmp_path, monkeypatch):
    import importlib

    monkeypatch.syspath_prepend(tmp_path)
    for T in (autodiff, torch):
        name = f"net_of_{T.__name__}"
        (tmp_path / f"{name}.py").write_text(NET.format(T=T.__name__, change=""))
        importlib.invalidate_caches()
        raw = written(T, importlib.import_module(name).Net(), False).getvalue()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            T.load(io.BytesIO(raw), weights_only=False)
        (tmp_path / f"{name}.py").write_text(NET.format(T=T.__name__, change=" + 1  # changed"))
        importlib.invalidate_caches()
        importlib.reload(importlib.import_module(name))
        import linecache

        linecache.checkcache()
        with pytest.warns(T.serialization.SourceChangeWarning, match="source code of class"):
            T.load(io.BytesIO(raw), weights_only=False)


# ---- pickle ----


@given(cuts=st.lists(st.integers(0, len(CUTS) - 1), max_size=4), protocol=st.integers(0, 5))
def test_pickled_tensors_keep_strides_and_share_memory(cuts, protocol):
    x = autodiff.arange(12.0).view(3, 4)
    views = [x, *(CUTS[i](x) for i in cuts)]
    found = pickle.loads(pickle.dumps(views, protocol))
    assert [(t.stride(), t.tolist()) for t in found] == [(t.stride(), t.tolist()) for t in views]
    if protocol >= 2:
        with autodiff.no_grad():
            x += 1
            found[0] += 1
        assert [t.tolist() for t in found] == [t.tolist() for t in views]
