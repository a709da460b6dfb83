"""What PyTorch has around save and load: the container by itself, places of storages, versions of modules."""

import contextlib
import io
import types

import numpy as np
import pytest

import autodiff
from autodiff.serialization import locations

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])
RECORDS = {"a": b"12039810948234589", "b": b"", "c/d": b"94589480984058"}


@BOTH
@pytest.mark.parametrize("R", [autodiff, torch], ids=["by autodiff", "by torch"])
@pytest.mark.parametrize("where", ["a path", "a file object"])
def test_records_by_themselves(T, R, where, tmp_path):
    place = str(tmp_path / "some.zip") if where == "a path" else io.BytesIO()
    with T.serialization._open_zipfile_writer(place) as file:
        for name, data in RECORDS.items():
            file.write_record(name, data, len(data))
        file.write_record("text", "little", 6)
        file.write_record("part", b"123456", 3)
    if where != "a path":
        place.seek(0)
        assert R.serialization._is_zipfile(place)
    with R.serialization._open_zipfile_reader(place) as file:
        assert {name: file.get_record(name) for name in RECORDS} == RECORDS
        assert (file.get_record("text"), file.get_record("part")) == (b"little", b"123")
        assert file.has_record("a")
        assert not file.has_record("e")
        assert {*RECORDS, "text", "part"} <= set(file.get_all_records())
        places = [file.get_record_offset(name) for name in RECORDS]
    assert [at % 64 for at in places] == [0, 0, 0]


@BOTH
def test_the_records_of_a_saved_file(T):
    file = io.BytesIO()
    T.save(T.ones(3), file)
    file.seek(0)
    with T.serialization._open_file_like(file, "rb") as opened, T.serialization._open_zipfile_reader(opened) as records:
        assert records.get_record(".format_version") == b"1"
        assert records.get_record("byteorder") in (b"little", b"big")
    with pytest.raises(RuntimeError, match="Expected 'r' or 'w' in mode but got x"):
        T.serialization._open_file_like(file, "x")


@BOTH
def test_the_numbers_of_others_are_filled_in(T):
    file = io.BytesIO()
    with T.serialization._open_zipfile_writer(file) as writer:
        writer.write_record("first", b"12", 2)
        if T is autodiff:  # PyTorch leaves a hole, which a file object in memory can't have
            writer.write_record_metadata("later", 5)
    if T is autodiff:
        file.seek(0)
        with T.serialization._open_zipfile_reader(file) as records:
            assert records.get_record("later") == bytes(5)


@BOTH
@pytest.mark.parametrize("R", [autodiff, torch], ids=["by autodiff", "by torch"])
@pytest.mark.parametrize("where", ["a path", "a file object"])
def test_numbers_are_written_into_a_file_without_any(T, R, where, tmp_path):
    place = str(tmp_path / "weights.pt") if where == "a path" else io.BytesIO()
    with T.serialization.skip_data():
        T.save({"w": T.ones(4), "b": T.ones(3)}, place)
    if where != "a path":
        place.seek(0)
    with T.serialization._open_zipfile_reader(place) as records:
        at = records.get_record_offset("data/0")
    numbers = np.array([1, 2, 3, 4], np.float32).tobytes()
    with open(place, "r+b") if where == "a path" else contextlib.nullcontext(place) as file:
        file.seek(at)
        file.write(numbers)
        file.seek(0)
    found = R.load(place)
    assert (found["w"].tolist(), found["b"].tolist()) == ([1, 2, 3, 4], [0, 0, 0])


@BOTH
def test_where_a_storage_goes(T):
    storage = T.ones(2).untyped_storage()
    assert T.serialization.location_tag(storage) == "cpu"
    assert T.serialization.default_restore_location(storage, "cpu") is storage
    for place, text in (("cuda:0", "Attempting to deserialize object on a CUDA"), ("nowhere", "don't know how to restore")):
        with pytest.raises(RuntimeError, match=text):
            T.serialization.default_restore_location(storage, place)


def test_storages_of_another_place(monkeypatch):
    """What is registered here is asked by `save`, if it comes before the CPU, and by `load`."""
    monkeypatch.setattr(locations, "_PACKAGES", list(locations._PACKAGES))
    seen = []

    def restored(storage, location):
        seen.append(location)
        return storage if location.startswith("npu") else None

    autodiff.serialization.register_package(5, lambda storage: "npu:1" if storage.nbytes() == 8 else None, restored)
    for new in (True, False):
        file = io.BytesIO()
        autodiff.save([autodiff.ones(2), autodiff.ones(3)], file, _use_new_zipfile_serialization=new)
        file.seek(0)
        assert [x.tolist() for x in autodiff.load(file)] == [[1, 1], [1, 1, 1]]
        assert seen == ["npu:1", "cpu"]
        seen.clear()
        monkeypatch.setattr(locations, "_PACKAGES", locations._PACKAGES[1:])
        file.seek(0)
        with pytest.raises(RuntimeError, match="tagged with npu:1"):
            autodiff.load(file)
        file.seek(0)
        assert autodiff.load(file, map_location="cpu")[0].tolist() == [1, 1]
        autodiff.serialization.register_package(5, lambda storage: "npu:1" if storage.nbytes() == 8 else None, restored)
        seen.clear()


@BOTH
@pytest.mark.parametrize(
    ("version", "least", "outcome"),
    [
        ("1.2.3", (1, 2, 3), True), ("1.2.3", (1, 2), True), ("1.10", (1, 9), True), ("0.3.0", (0, 3, 1), False),
        ("1.2", (1, 2, 3), RuntimeError), ("a.b", (1,), RuntimeError), ("1.2.dev", (1, 2, "dev"), True),
    ],
)
def test_versions(T, version, least, outcome):
    module = types.SimpleNamespace(__name__="some", __version__=version)
    check = T.serialization.check_module_version_greater_or_equal
    if outcome is RuntimeError:
        with pytest.raises(RuntimeError, match="version string is malformed"):
            check(module, least)
        with pytest.warns(UserWarning, match="continuing assuming that requirement is met"):
            assert check(module, least, error_if_malformed=False)
    else:
        assert check(module, least) is outcome


@BOTH
def test_a_dill_that_is_too_old(T):
    import pickle

    dill = types.ModuleType("dill")
    dill.__version__, dill.Pickler, dill.Unpickler = "0.3.0", pickle._Pickler, pickle.Unpickler
    file = io.BytesIO()
    with pytest.raises(ValueError, match=r"supports dill >= 0\.3\.1, but you have dill 0\.3\.0"):
        T.save([], file, pickle_module=dill)
    T.save([], file)
    file.seek(0)
    with pytest.raises(ValueError, match=r"supports dill >= 0\.3\.1, but you have dill 0\.3\.0"):
        T.load(file, pickle_module=dill, weights_only=False)


class Fails:
    """What a user allows, and what then goes wrong in it."""

    def __init__(self, how):
        self.how = how

    def __reduce__(self):
        return (failing, (self.how,)) if self.how == "called" else (Silent, (), {"state": self.how})


class Silent:
    def __setstate__(self, state):
        raise KeyError("of the user")


def failing(how):
    raise IndexError("of the user")


@BOTH
@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize(("how", "kind"), [("called", IndexError), ("built", KeyError)])
def test_an_error_of_the_users_own_code_comes_as_it_is(T, new, only, how, kind):
    file = io.BytesIO()
    T.save(Fails(how), file, _use_new_zipfile_serialization=new)
    file.seek(0)
    with T.serialization.safe_globals([failing, Silent]), pytest.raises(kind, match="of the user"):
        T.load(file, weights_only=only)


@BOTH
@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize("error", [KeyError, ValueError, TypeError, AttributeError, ZeroDivisionError])
def test_so_does_one_of_a_map(T, only, error):
    def fails(storage, location):
        raise error("of the user")

    file = io.BytesIO()
    T.save(T.ones(2), file)
    file.seek(0)
    with pytest.raises(error, match="of the user"):
        T.load(file, map_location=fails, weights_only=only)
    file.seek(0)
    with pytest.raises(TypeError):
        T.load(file, map_location=lambda storage, location: 3, weights_only=only)


@BOTH
@pytest.mark.filterwarnings("ignore:pickle_load_args only works")
def test_words_that_load_does_not_know(T):
    file = io.BytesIO()
    T.save([1], file)
    for only in (True, False):
        file.seek(0)
        with pytest.raises(TypeError, match="some_word"):
            T.load(file, weights_only=only, some_word=3)
