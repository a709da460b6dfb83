"""The switches of saving and loading, against PyTorch: where numbers stand in a file, checksums, and pages that are shared."""

import contextlib
import importlib
import io
import mmap
import os
import sys
import zipfile

import pytest

import autodiff

torch = pytest.importorskip("torch")
BOTH = pytest.mark.parametrize("T", [autodiff, torch], ids=["autodiff", "torch"])
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="there are no such flags")
CONFIGS = {T: importlib.import_module(f"{T.__name__}.utils.serialization").config for T in (autodiff, torch)}


@contextlib.contextmanager
def switched(part, name, value):
    """pytest's monkeypatch would take PyTorch's for a class, and delete what it should put back."""
    before = getattr(part, name)
    setattr(part, name, value)
    try:
        yield
    finally:
        setattr(part, name, before)


def written(T, state):
    file = io.BytesIO()
    T.save(state, file)
    return file


@pytest.mark.parametrize("alignment", [64, 1, 3, 256, 4096])
@pytest.mark.parametrize("sizes", [(3,), (10, 100), (1, 5, 16)])
def test_records_stand_where_pytorch_puts_them(alignment, sizes):
    places, numbers = [], {f"name{n}": [k + 0.5 for k in range(n)] for n in sizes}
    for T in (autodiff, torch):
        with switched(CONFIGS[T].save, "storage_alignment", alignment):
            file = written(T, {name: T.tensor(values, dtype=T.float64) for name, values in numbers.items()})
        archive = zipfile.ZipFile(file)
        places.append([(each.filename, each.header_offset, each.file_size) for each in archive.infolist()])
        assert archive.read("archive/.storage_alignment") == str(alignment).encode()
        for R in (autodiff, torch):
            file.seek(0)
            assert {name: x.tolist() for name, x in R.load(file).items()} == numbers
    ours, theirs = places
    assert ours == [place for place in theirs if not place[0].endswith("serialization_id")]


@pytest.mark.parametrize("alignment", [0, -1, 2**16])
def test_an_alignment_that_no_file_can_have(alignment):
    save = CONFIGS[autodiff].save
    with switched(save, "storage_alignment", alignment), pytest.raises(ValueError, match="storage_alignment"):
        written(autodiff, autodiff.ones(2))


@BOTH
@pytest.mark.parametrize("checksums", [True, False])
def test_checksums(T, checksums):
    assert T.serialization.get_crc32_options() is True
    T.serialization.set_crc32_options(checksums)
    try:
        assert CONFIGS[T].save.compute_crc32 is T.serialization.get_crc32_options() is checksums
        file = written(T, {"w": T.ones(3)})
    finally:
        T.serialization.set_crc32_options(True)
    for R in (autodiff, torch):
        file.seek(0)
        assert R.load(file)["w"].tolist() == [1, 1, 1]
    archive = zipfile.ZipFile(file)
    if checksums:
        assert archive.testzip() is None
    else:
        with pytest.raises(zipfile.BadZipFile, match="Bad CRC-32"):
            archive.read("archive/data/0")


@POSIX
@BOTH
def test_pages_of_ones_own_and_pages_that_everybody_sees(T, tmp_path):
    path = os.fspath(tmp_path / "weights.pt")
    T.save({"w": T.ones(4), "b": T.zeros(2)}, path)
    options = T.serialization
    assert options.get_default_mmap_options() == mmap.MAP_PRIVATE
    T.load(path, mmap=True)["w"][0] = 7
    assert T.load(path)["w"].tolist() == [1, 1, 1, 1]
    with options.set_default_mmap_options(mmap.MAP_SHARED):
        assert CONFIGS[T].load.mmap_flags == mmap.MAP_SHARED
        T.load(path, mmap=True)["w"][0] = 7
        assert T.load(path, mmap=True)["w"].tolist() == [7, 1, 1, 1]
    assert options.get_default_mmap_options() == mmap.MAP_PRIVATE
    assert T.load(path, mmap=True)["w"].tolist() == [7, 1, 1, 1]
    with pytest.raises(ValueError, match=r"expected mmap.MAP_PRIVATE or mmap.MAP_SHARED, but got 99"):
        options.set_default_mmap_options(99)


@POSIX
@pytest.mark.parametrize("checksums", [True, False])
def test_a_file_that_was_changed_in_its_place_has_another_checksum(checksums, tmp_path):
    path = os.fspath(tmp_path / "weights.pt")
    with switched(CONFIGS[autodiff].save, "compute_crc32", checksums):
        autodiff.save(autodiff.ones(4), path)
    with autodiff.serialization.set_default_mmap_options(mmap.MAP_SHARED):
        autodiff.load(path, mmap=True)[0] = 7
    if checksums:
        with pytest.raises(RuntimeError, match="checksum"):
            autodiff.load(path)
    else:
        assert autodiff.load(path).tolist() == [7, 1, 1, 1]


@BOTH
def test_mmap_by_default(T, tmp_path):
    path = os.fspath(tmp_path / "weights.pt")
    T.save(T.ones(4), path)
    file = written(T, T.ones(2))
    with switched(CONFIGS[T].load, "mmap", True):
        assert T.load(path).tolist() == [1, 1, 1, 1]
        file.seek(0)
        with pytest.raises(ValueError, match="f must be a "):
            T.load(file)
    file.seek(0)
    assert T.load(file).tolist() == [1, 1]


@BOTH
def test_all_switches_are_there_and_no_others(T):
    config = CONFIGS[T]
    assert config.save.use_pinned_memory_for_d2h is config.load.calculate_storage_offsets is config.load.mmap is False
    T.serialization.set_default_load_endianness(T.serialization.LoadEndianness.BIG)
    assert config.load.endianness is T.serialization.LoadEndianness.BIG
    T.serialization.set_default_load_endianness(None)
    for part in (config.save, config.load):
        with pytest.raises(AttributeError):
            part.something_else = 1


def test_a_mapped_record_that_has_to_be_copied_is_counted(tmp_path):
    """Many entries of a directory may be one record; a copy of each would take far more memory than the file."""
    from autodiff.serialization.archive import Writer

    def storage(k):
        words = [b"X" + len(w).to_bytes(4, "little") + w for w in (b"storage", b"%03d" % k, b"cpu")]
        return b"(" + words[0] + b"ctorch\nFloatStorage\n" + words[1] + words[2] + b"M\x00\x10tQ"

    with open(tmp_path / "a.pt", "wb") as file:
        writer = Writer(file.write, "archive")
        writer.write_record("data.pkl", b"\x80\x02](" + b"".join(map(storage, range(40))) + b"e.")
        writer.write_record("byteorder", b"big")  # so that each is copied
        writer.write_record("data/000", bytes(4 * 4096))
        *_, last = writer._directory
        writer._directory += [last.replace(b"data/000", b"data/%03d" % k) for k in range(1, 40)]
        writer.write_record("version", b"3\n")
        writer.write_end_of_file()
    with pytest.raises(RuntimeError, match="its records overlap"):
        autodiff.load(tmp_path / "a.pt", mmap=True)


def test_buffers_in_a_file_are_pytorchs(tmp_path):
    for one, other in ((autodiff, torch), (torch, autodiff), (autodiff, autodiff)):
        layer = one.nn.Module()
        layer.b, layer.c = one.nn.Buffer(one.ones(2)), one.nn.Buffer(one.zeros(1), persistent=False)
        one.save(dict(layer.named_buffers()), tmp_path / "b.pt")
        found = other.load(tmp_path / "b.pt")
        assert {name: (b.tolist(), isinstance(b, other.nn.Buffer), b.persistent) for name, b in found.items()} == {
            "b": ([1, 1], True, True), "c": ([0], True, False),
        }  # fmt: skip
