"""What is wrong with a file is said in one sentence: of archives, record by record; of the older form, part by part."""

import io
import pickle
import re
import struct
import sys
import types
import warnings
import zipfile

import numpy as np
import pytest

import autodiff
from autodiff.api.typed_storage import typed
from autodiff.serialization.archive import Reader, Writer
from autodiff.serialization.files import reading, writing
from autodiff.serialization.sources import SourceChangeWarning, check_source, source_of

DAMAGED = "the file is damaged, or was not written by save: "


def archive(records=(("data.pkl", b"pickle"), ("data/0", bytes(range(100)))), **options):
    file = io.BytesIO()
    writer = Writer(file.write, "folder", **options)
    for name, data in records:
        writer.write_record(name, data)
    writer.write_end_of_file()
    return file.getvalue()


def changed(raw, at, new):
    return raw[:at] + new + raw[at + len(new) :]


GOOD = archive()
DIRECTORY = GOOD.index(b"PK\1\2")  # the entry of data.pkl in it
SECOND = GOOD.index(b"PK\1\2", DIRECTORY + 1)


@pytest.mark.parametrize(
    ("raw", "name", "words"),
    [
        (b"", "data/0", "its directory cannot be read (File is not a zip file)"),
        (GOOD[:-30], "data/0", "its directory cannot be read (File is not a zip file)"),
        (GOOD, "data/7", "it has no record 'data/7'"),
        (changed(GOOD, DIRECTORY + 8, b"\x09"), "data.pkl", "its record 'data.pkl' is encrypted"),
        (changed(GOOD, DIRECTORY + 10, b"\x08"), "data.pkl", "its record 'data.pkl' is compressed, which save never does"),
        (changed(GOOD, DIRECTORY + 20, b"\x05"), "data.pkl", "its record 'data.pkl' is compressed, which save never does"),
        (changed(GOOD, 0, b"XX"), "data.pkl", "its record 'data.pkl' is not where the directory says"),
        (changed(GOOD, SECOND + 20, struct.pack("<2L", 9999, 9999)), "data/0", "its record 'data/0' would end behind the end"),
        (changed(GOOD, GOOD.index(b"pickle"), b"P"), "data.pkl", "the checksum of its record 'data.pkl' is wrong"),
        (changed(GOOD, DIRECTORY + 42, struct.pack("<L", len(GOOD) - 4)), "data.pkl", "its record 'data.pkl' is not where the"),
        (changed(GOOD, DIRECTORY + 42, struct.pack("<L", len(GOOD))), "data.pkl", "a record is outside of the file"),
    ],
)
def test_an_archive(raw, name, words):
    with pytest.raises(RuntimeError, match="^" + re.escape(DAMAGED + words)):
        Reader(io.BytesIO(raw)).get_record(name)


def test_a_good_archive():
    reader = Reader(io.BytesIO(GOOD))
    assert reader.get_all_records() == ["data.pkl", "data/0"]
    assert (reader.has_record("data/0"), reader.has_record("data/1")) == (True, False)
    assert (reader.get_record("data.pkl"), reader.get_record("data/0")) == (b"pickle", bytes(range(100)))
    for name, size in (("data.pkl", 6), ("data/0", 100)):
        start = reader.get_record_offset(name)
        assert start % 64 == 0
        assert reader.place(name) == (start, size)
        assert GOOD[start : start + size] in (b"pickle", bytes(range(100)))
    with zipfile.ZipFile(io.BytesIO(GOOD)) as same:
        assert same.testzip() is None
        assert same.read("folder/data/0") == bytes(range(100))


def test_no_record_is_read_twice_beyond_the_length_of_the_file():
    reader = Reader(io.BytesIO(GOOD))
    times = len(GOOD) // 100
    for _ in range(times):
        reader.get_record("data/0")
    with pytest.raises(RuntimeError, match=DAMAGED + "its records overlap: together they are longer than the file"):
        reader.get_record("data/0")


def test_a_file_that_gives_less_than_it_has():
    class InPieces(io.BytesIO):
        def readinto(self, memory):
            return super().readinto(memory[:7])

    assert Reader(InPieces(GOOD)).get_record("data/0") == bytes(range(100))

    class Ends(io.BytesIO):
        def readinto(self, memory):
            return 0

    with pytest.raises(RuntimeError, match=DAMAGED + "its record 'data/0' ends too early"):
        Reader(Ends(GOOD)).get_record("data/0")


@pytest.mark.parametrize("alignment", [1, 2, 64, 100, 4096, 0xFFFE])
def test_records_begin_where_they_should(alignment):
    raw = archive([("a", b"1"), ("bb", b""), ("ccc", "text é"), ("d", np.arange(5, dtype=np.uint8))], alignment=alignment)
    reader = Reader(io.BytesIO(raw))
    assert [reader.get_record_offset(name) % alignment for name in ("a", "bb", "ccc", "d")] == [0] * 4
    assert [reader.get_record(name) for name in ("a", "bb", "ccc", "d")] == [b"1", b"", "text é".encode(), bytes(range(5))]
    assert zipfile.ZipFile(io.BytesIO(raw)).testzip() is None


@pytest.mark.parametrize("alignment", [0, -1, 0xFFFF])
def test_alignments_that_no_file_can_have(alignment):
    with pytest.raises(ValueError, match=f"^storage_alignment must be positive and less than 65535, but is {alignment}$"):
        Writer(print, "folder", alignment)


def test_parts_of_records_and_records_without_checksums():
    file = io.BytesIO()
    writer = Writer(file.write, "f")
    writer.write_record("a", b"12345", 3)
    writer.write_record_metadata("b", 4)
    writer.write_end_of_file()
    reader = Reader(file)
    assert (reader.get_record("a"), reader.get_record("b")) == (b"123", bytes(4))
    assert [info.CRC == 0 for info in zipfile.ZipFile(file).infolist()] == [False, True]
    plain = archive(checksums=False)
    assert {info.CRC for info in zipfile.ZipFile(io.BytesIO(plain)).infolist()} == {0}
    assert Reader(io.BytesIO(changed(plain, plain.index(b"pickle"), b"P"))).get_record("data.pkl") == b"Pickle"


# ---- the older form ----

MAGIC, FACTS = 0x1950A86A20F9469CFC6C, {"protocol_version": 1001, "little_endian": True}
STORAGE = b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x02NtQ"
TENSOR = b"ctorch._utils\n_rebuild_tensor_v2\n(" + STORAGE + b"K\x00K\x02\x85K\x01\x85\x89ccollections\nOrderedDict\n)RtR."
NUMBERS = (2).to_bytes(8, "little") + np.array([1.5, 2.5], "<f4").tobytes()


def older(magic=MAGIC, version=1001, body=b"\x80\x02" + TENSOR, keys=("0",), numbers=NUMBERS):
    return b"".join([*(pickle.dumps(x, 2) for x in (magic, version, FACTS)), body, pickle.dumps(list(keys), 2), numbers])


@pytest.mark.parametrize("only", [True, False])
@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (older(magic=3), "Invalid magic number; corrupt file?"),
        (older(version=1000), "Invalid protocol version: 1000"),
        (older(keys=()), DAMAGED + "its storages are not those that its pickle names"),
        (older(keys=("0", "1")), DAMAGED + "its storages are not those that its pickle names"),
        (older(numbers=NUMBERS[:-1]), DAMAGED + "its storage 0 ends too early, or has another size than its pickle says"),
        (older(numbers=b"\1" + NUMBERS[1:]), DAMAGED + "its storage 0 ends too early, or has another size than its pickle"),
        (older(body=b"\x80\x02" + TENSOR.replace(b"K\x02NtQ", b"J\xff\xff\xff\x0fNtQ")),
         DAMAGED + "its storages would be longer than the file"),
        (bytes(257) + b"ustar" + bytes(300), "this is a file in the .tar format that PyTorch had before its version 0.1.10"),
    ],
)  # fmt: skip
def test_a_file_of_the_older_form(raw, words, only):
    with pytest.raises(RuntimeError, match="^" + re.escape(words)):
        autodiff.load(io.BytesIO(raw), weights_only=only)


@pytest.mark.parametrize("only", [True, False])
def test_a_good_file_of_the_older_form(only):
    file = io.BytesIO(b"before" + older() + b"behind")
    file.seek(6)
    assert autodiff.load(file, weights_only=only).tolist() == [1.5, 2.5]
    assert file.read() == b"behind"
    with autodiff.serialization.skip_data():
        assert autodiff.load(io.BytesIO(older()), weights_only=only).tolist() == [0, 0]
    assert autodiff.load(io.BytesIO(older()), weights_only=only).tolist() == [1.5, 2.5]


# ---- what load says around it ----


def saved(obj):
    file = io.BytesIO()
    autodiff.save(obj, file)
    return file.getvalue()


def with_pickle(data):
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved(autodiff.ones(2)))) as old, zipfile.ZipFile(result, "w") as new:
        for name in old.namelist():
            new.writestr(name, data if name.endswith("data.pkl") else old.read(name))
    return result.getvalue()


def test_what_a_refused_file_is_told():
    raw = with_pickle(b"\x80\x02cfractions\nFraction\n)R.")
    with pytest.raises(pickle.UnpicklingError) as caught:
        autodiff.load(io.BytesIO(raw))
    text = str(caught.value)
    assert text.startswith("Weights only load failed. Unsupported global: GLOBAL fractions.Fraction was not an allowed global")
    assert text.endswith(
        "\nIf you trust the source of the file, load it with weights_only=False: that reads whatever Python can pickle, and "
        "runs what the file says. Or allow the classes that it names, by autodiff.serialization.add_safe_globals."
    )
    assert autodiff.load(io.BytesIO(raw), weights_only=False) == 0
    with pytest.raises(pickle.UnpicklingError) as caught:
        autodiff.load(io.BytesIO(with_pickle(b"\x80\x02K\x05Q.")), weights_only=False)
    assert str(caught.value) == "persistent id 5 names no storage"


def test_archives_with_programs():
    raw = archive([("constants.pkl", b"x"), ("data.pkl", b"N.")])
    for options, refused in (({}, "Cannot use ``weights_only=True`` with TorchScript archives passed to ``torch.load``: "),
                             ({"weights_only": False}, "")):
        with pytest.raises(RuntimeError, match="^" + re.escape(refused + "this is a TorchScript archive: it holds a program")):
            autodiff.load(io.BytesIO(raw), **options)


PERSISTENT = [
    (b"K\x05Q.", "persistent id 5 names no storage"),
    (b")Q.", "persistent id a tuple names no storage"),
    (STORAGE.replace(b"ctorch\nFloatStorage\n", b"K\x05") + b".", "persistent id '0' names no storage"),
    (STORAGE.replace(b"X\x01\x00\x00\x000", b"K\x05") + b".", "persistent id 5 names no storage"),
    (STORAGE.replace(b"K\x02N", b"J\xff\xff\xff\xffN") + b".", "persistent id '0' names no storage"),
    (STORAGE.replace(b"K\x02N", b"NN") + b".", "persistent id '0' names no storage"),
    (STORAGE.replace(b"X\x03\x00\x00\x00cpu", b"K\x05") + b".", "the place of a storage is 5"),
    (STORAGE.replace(b"storage", b"storagE", 1) + b".", "persistent id a tuple names no storage"),
    (STORAGE.replace(b"NtQ", b"K\x05tQ") + b".", "5 is not a part of a storage"),
    (STORAGE.replace(b"NtQ", b"K\x00K\x00K\x00K\x00(ttQ") + b".", "persistent id a tuple names no storage"),
]


@pytest.mark.parametrize(("data", "words"), PERSISTENT)
def test_storages_that_are_none(data, words):
    with pytest.raises(pickle.UnpicklingError, match=re.escape(words)):
        autodiff.load(io.BytesIO(with_pickle(b"\x80\x02" + data)))


def test_a_map_gives_a_storage_or_none():
    raw = saved(autodiff.arange(3.0))
    other = autodiff.zeros(3).untyped_storage()
    for answer, numbers in (
        (lambda storage, place: None, [0, 1, 2]), (lambda storage, place: storage, [0, 1, 2]),
        (lambda storage, place: other, [0, 0, 0]), (lambda storage, place: typed(other, autodiff.float32), [0, 0, 0]),
    ):
        assert autodiff.load(io.BytesIO(raw), map_location=answer).tolist() == numbers
    for only in (True, False):
        with pytest.raises(TypeError, match="map_location should return a storage or None, not int"):
            autodiff.load(io.BytesIO(raw), map_location=lambda storage, place: 3, weights_only=only)
    with pytest.raises(TypeError, match=r"map_location should be a device, .* not int$"):
        autodiff.load(io.BytesIO(raw), map_location=3)


def test_what_gives_an_object_its_state():
    """An OrderedDict has attributes; a class that is allowed has them, and slots; nothing else has any."""

    def attempt(data):
        return autodiff.load(io.BytesIO(with_pickle(b"\x80\x02" + data)))

    found = attempt(b"ccollections\nOrderedDict\n)R}X\x01\x00\x00\x00aK\x05sb.")
    assert vars(found) == {"a": 5}
    for data, kind in ((b"ccollections\nOrderedDict\n)R]b.", "OrderedDict"), (b"]}b.", "list"), (b"}}b.", "dict")):
        with pytest.raises(pickle.UnpicklingError, match=f"Can only build OrderedDict or classes allowed .*{kind}"):
            attempt(data)
    with autodiff.serialization.safe_globals([Slots]):
        name = b"c" + __name__.encode() + b"\nSlots\n"
        found = attempt(name + b")\x81}X\x01\x00\x00\x00aK\x05s}X\x01\x00\x00\x00bK\x06s\x86b.")
        assert (found.a, found.b) == (5, 6)
        assert attempt(name + b")\x81}X\x01\x00\x00\x00aK\x05sb.").a == 5
        assert attempt(name + b")\x81N}X\x01\x00\x00\x00bK\x06s\x86b.").b == 6


class Slots:
    __slots__ = ("__dict__", "b")


# ---- where files are ----


def test_files_that_cannot_be_read_or_written(tmp_path):
    class NoSeek:
        def read(self, size=-1):
            return b""

    for wrong in (NoSeek(), object(), 3):
        with pytest.raises(AttributeError, match=r"You can only torch\.load from a file that is seek"), reading(wrong):
            pass
    with pytest.raises(AttributeError, match="expected 'f' to be string, path, or a file-like object with"), writing(3):
        pass
    with pytest.raises(RuntimeError, match=f"^Parent directory {tmp_path / 'no'} does not exist.$"):
        autodiff.save(1, tmp_path / "no" / "x.pt")
    assert list(tmp_path.iterdir()) == []


def test_a_file_object_is_flushed_where_it_can_be():
    class Noted(io.BytesIO):
        flushed = 0

        def flush(self):
            self.flushed += 1

    file = Noted()
    autodiff.save(1, file)
    assert file.flushed == 1


def test_the_name_of_an_archives_folder(tmp_path):
    for name, folder in (("model.pt", "model"), ("a.b.pt", "a.b"), ("é.pt", "archive"), ("xé.pt", "x"), ("plain", "plain")):
        autodiff.save(1, tmp_path / name)
        assert {each.partition("/")[0] for each in zipfile.ZipFile(tmp_path / name).namelist()} == {folder}


def test_the_records_of_a_file(tmp_path):
    autodiff.save([autodiff.ones(2), autodiff.ones(3)], tmp_path / "x.pt")
    with zipfile.ZipFile(tmp_path / "x.pt") as found:
        records = {name.partition("/")[2]: found.read(name) for name in found.namelist()}
    assert list(records) == ["data.pkl", ".format_version", ".storage_alignment", "byteorder", "data/0", "data/1", "version"]
    assert [records[name] for name in (".format_version", ".storage_alignment", "byteorder", "version")] == [
        b"1", b"64", sys.byteorder.encode(), b"3\n",
    ]  # fmt: skip


# ---- sources of classes ----


def test_sources():
    file, text = source_of(Slots)
    assert file == __file__
    assert text.startswith("class Slots:")
    made = type("Made", (), {"__module__": "nowhere"})
    with pytest.warns(UserWarning, match="Couldn't retrieve source code for container of type Made. It won't be checked"):
        assert source_of(made) is None
    with pytest.warns(UserWarning, match="type Made"):
        check_source(made, "file", "class Made")
    with pytest.warns(SourceChangeWarning, match=rf"source code of class '{__name__}\.Slots' has changed since the file was"):
        check_source(Slots, "file", "class Slots: pass")
    for cls, known in ((Slots, text), (Slots, None), (Slots, ""), (autodiff.nn.Linear, "class Linear"), (3, "class")):
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            check_source(cls, "file", known)


def test_modules_of_the_user_are_asked_for_their_names():
    module = types.SimpleNamespace(Unpickler=pickle.Unpickler, Pickler=pickle.Pickler, __name__="mine")
    file = io.BytesIO()
    autodiff.save({"x": autodiff.ones(2)}, file, pickle_module=module)
    for options in ({"pickle_module": module}, {"pickle_module": module, "weights_only": False}):
        file.seek(0)
        assert autodiff.load(file, **options)["x"].tolist() == [1, 1]
    file.seek(0)
    with pytest.raises(RuntimeError, match="Can not safely load weights when explicit pickle_module is specified"):
        autodiff.load(file, pickle_module=module, weights_only=True)


def test_blocks_that_skip_data_stand_in_one_another():
    skip = autodiff.serialization.skip_data
    assert (skip().materialize_fake_tensors, skip(True).materialize_fake_tensors) == (False, True)
    raw = saved(autodiff.ones(2))

    def found():
        return autodiff.load(io.BytesIO(raw)).tolist()

    with skip():
        with skip():
            assert found() == [0, 0]
        assert found() == [0, 0]
    assert found() == [1, 1]
