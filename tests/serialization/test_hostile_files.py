"""Files that are damaged, or made to do harm: each is a clear error, quickly, and none runs code or asks for much memory."""

import io
import os
import pickle
import random
import struct
import tracemalloc
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import autodiff
from autodiff.serialization.machine import hashable

CLEAR = (RuntimeError, pickle.UnpicklingError, EOFError)


def checkpoint():
    model = autodiff.nn.Sequential(autodiff.nn.Linear(3, 4), autodiff.nn.ReLU(), autodiff.nn.Linear(4, 2))
    optimizer = autodiff.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    states = {"model": model.state_dict(), "optimizer": optimizer.state_dict()}
    return {**states, "epoch": 3, "name": "x", "list": [1.5, None, (True,)]}


def written(obj, new=True):
    file = io.BytesIO()
    autodiff.save(obj, file, _use_new_zipfile_serialization=new)
    return file.getvalue()


GOOD = {new: written(checkpoint(), new) for new in (True, False)}


def attempt(raw, **options):
    """What loading asks for, in bytes; the file is read, or refused by one of the clear errors."""
    tracemalloc.start()
    try:
        autodiff.load(io.BytesIO(raw), **options)
    except CLEAR:
        pass
    finally:
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return most


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@given(seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_flipped_bytes(new, seed):
    rng, raw = random.Random(seed), bytearray(GOOD[new])
    for _ in range(rng.choice([1, 1, 2, 8, 50])):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    assert attempt(bytes(raw)) < 2_000_000


@pytest.mark.parametrize("new", [True, False], ids=["zip", "legacy"])
@given(seed=st.integers(0, 2**32))
def test_files_that_end_too_early_or_too_late(new, seed):
    raw, rng = GOOD[new], random.Random(seed)
    with pytest.raises(CLEAR):
        autodiff.load(io.BytesIO(raw[: rng.randrange(len(raw))]))
    cut = rng.randrange(len(raw))
    assert attempt(raw[:cut] + raw[cut + rng.randrange(1, 9) :]) < 2_000_000
    assert attempt(raw[:cut] + rng.randbytes(rng.randrange(1, 9)) + raw[cut:]) < 2_000_000


def repacked(changes, compress=zipfile.ZIP_STORED):
    """A good archive with other records: the checksums are right, the contents are not."""
    result = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(GOOD[True])) as old, zipfile.ZipFile(result, "w", compress) as new:
        for name in old.namelist():
            short, data = name.partition("/")[2], old.read(name)
            data = changes.get(short, data)
            if data is not None:
                new.writestr(name, data)
    return result.getvalue()


@given(seed=st.integers(0, 2**32))
@settings(max_examples=60)
def test_a_damaged_pickle_in_a_whole_archive(seed):
    rng = random.Random(seed)
    raw = bytearray(zipfile.ZipFile(io.BytesIO(GOOD[True])).read("archive/data.pkl"))
    for _ in range(rng.choice([1, 1, 3, 10])):
        raw[rng.randrange(len(raw))] = rng.randrange(256)
    assert attempt(repacked({"data.pkl": bytes(raw)})) < 2_000_000


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"data/0": None}, "no record 'data/0'"),
        ({"data.pkl": None}, "no record 'data.pkl'"),
        ({"data/0": b"1234"}, "4 bytes, and should have 48"),
        ({"data/0": bytes(52)}, "52 bytes, and should have 48"),
        ({"byteorder": b"middle"}, "byte order"),
    ],
)
def test_records_that_are_missing_or_wrong(changes, word):
    with pytest.raises(RuntimeError, match=word):
        autodiff.load(io.BytesIO(repacked(changes)))


def test_a_compressed_archive_is_refused():
    bomb = repacked({"data/0": bytes(10**7)}, zipfile.ZIP_DEFLATED)
    assert len(bomb) < 20_000
    assert attempt(bomb) < 2_000_000
    with pytest.raises(RuntimeError, match="compressed"):
        autodiff.load(io.BytesIO(bomb))


def test_records_that_overlap_are_read_no_more_than_the_file_is_long():
    """A hundred names in the directory for one place in the file."""
    size = 100_000
    file = io.BytesIO()
    autodiff.save([autodiff.zeros(size // 4) for _ in range(100)], file)
    raw = file.getvalue()
    with zipfile.ZipFile(io.BytesIO(raw)) as whole:
        infos = {i.filename.partition("/")[2]: i for i in whole.infolist()}
        structure = whole.read("archive/data.pkl")
    short = io.BytesIO()
    with zipfile.ZipFile(short, "w") as new:
        new.writestr("archive/data.pkl", structure)
        new.writestr("archive/data/0", bytes(size))
        first = new.filelist[-1]
        for n in range(1, 100):
            again = zipfile.ZipInfo(f"archive/data/{n}")
            for field in ("header_offset", "CRC", "compress_size", "file_size", "create_system"):
                setattr(again, field, getattr(first, field))
            new.filelist.append(again)
            new.NameToInfo[again.filename] = again
    assert len(infos) > 100
    with pytest.raises(RuntimeError, match="overlap"):
        autodiff.load(io.BytesIO(short.getvalue()))
    assert attempt(short.getvalue()) < 5 * len(short.getvalue())


# ---- pickles that are programs ----


def program(code):
    return repacked({"data.pkl": b"\x80\x02" + code + b"."})


class Harm:
    def __init__(self, function, *args):
        self.how = (function, args)

    def __reduce__(self):
        return self.how


@pytest.mark.parametrize("protocol", [2, 4])
def test_nothing_of_a_file_is_run(protocol, tmp_path):
    touched = tmp_path / "touched"
    for harm in (
        Harm(os.system, f"touch {touched}"), Harm(eval, f"open({str(touched)!r}, 'w')"), Harm(exec, "raise SystemExit"),
        Harm(open, str(touched), "w"), Harm(getattr, [], "append"), Harm(autodiff.save, 1, str(touched)),
        Harm(bytearray, 10**12), Harm(__import__, "this"),
    ):  # fmt: skip
        raw = repacked({"data.pkl": pickle.dumps({"x": harm}, protocol)})
        with pytest.raises(pickle.UnpicklingError):
            autodiff.load(io.BytesIO(raw))
    assert not touched.exists()


@pytest.mark.parametrize(
    "code",
    [
        b"cposix\nsystem\n(X\x02\0\0\0lsR",
        b"ctorch.nn.modules.linear\nLinear\n(K\x01K\x01tR",
        b"ctorch\nload\n(X\x01\0\0\0xtR",
        b"ctorch._utils\n_rebuild_tensor_v2\n}X\x08\0\0\0__name__K\x01sb",  # state for a function
        b"ctorch\nTensor\n)\x81}X\x06\0\0\0_arrayK\x01sb",  # a tensor without memory
        b"ctorch\nTensor\n}X\x03\0\0\0addK\x01sb",  # state for a class
        b"ccollections\nOrderedDict\n]R",  # called without a tuple
        b"K\x01K\x02\x86\x86",
        b"X\xff\xff\xff\xffab",  # a string of four thousand million characters
        b"\x8e\xff\xff\xff\xff\xff\xff\xff\x7fab",
        b"\x8b\xff\xff\xff\x7fab",
        b"]r\xff\xff\xff\x7f0j\xff\xff\xff\x7e",
        b"\x82\x01",
        b"I" + b"9" * 10_000 + b"\n",
        b"K\x01Q",
        b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpu\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x0ftQ",
        b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x05\0\0\0../..X\x03\0\0\0cpuK\x0ctQ",
    ],
)
def test_programs_that_are_refused(code):
    with pytest.raises(CLEAR):
        autodiff.load(io.BytesIO(program(code)))
    assert attempt(program(code)) < 2_000_000


def rebuilt(offset, size, stride, grad=b"\x89"):
    """The program for a tensor of the storage 0, which has twelve elements."""

    def number(n):
        return b"\x8a\x08" + struct.pack("<q", n)

    def row(ns):
        return b"(" + b"".join(map(number, ns)) + b"t"

    storage = b"(X\x07\0\0\0storagectorch\nFloatStorage\nX\x01\0\0\x000X\x03\0\0\0cpuK\x0ctQ"
    parts = storage + number(offset) + row(size) + row(stride) + grad + b"ccollections\nOrderedDict\n)R"
    return program(b"ctorch._utils\n_rebuild_tensor_v2\n(" + parts + b"tR")


@given(
    offset=st.integers(-2, 14), size=st.lists(st.one_of(st.integers(-1, 5), st.just(2**40)), max_size=3),
    stride=st.lists(st.one_of(st.integers(-1, 6), st.just(2**61)), max_size=3),
)  # fmt: skip
def test_a_tensor_looks_at_its_storage_and_nowhere_else(offset, size, stride):
    inside = len(size) == len(stride) and offset >= 0 and min(size, default=0) >= 0 and min(stride, default=0) >= 0
    if inside and 0 not in size:
        inside = offset + sum((n - 1) * s for n, s in zip(size, stride, strict=True)) < 12
    try:
        found = autodiff.load(io.BytesIO(rebuilt(offset, size, stride)))
    except CLEAR:
        assert not inside or max(size, default=0) > 5
    else:
        assert inside
        assert tuple(found.shape) == tuple(size)


def test_a_key_that_would_take_forever_to_hash():
    code = b")"
    for _ in range(60):
        code += b"2\x86"  # the tuple twice, in a tuple
    with pytest.raises(pickle.UnpicklingError, match="nested too deeply"):
        autodiff.load(io.BytesIO(program(b"}" + code + b"K\x01s")))
    assert hashable((1, ("a", frozenset([2])))) == (1, ("a", frozenset([2])))


@pytest.mark.parametrize("raw", [b"", b"PK\3\4", b"hello", b"\x80\x02K\x01.", bytes(300), b"PK\5\6" + bytes(18)])
def test_files_of_something_else(raw, tmp_path):
    for options in ({}, {"weights_only": False}):
        with pytest.raises(CLEAR):
            autodiff.load(io.BytesIO(raw), **options)
    (tmp_path / "x.pt").write_bytes(raw)
    with pytest.raises(CLEAR):
        autodiff.load(tmp_path / "x.pt")


def test_a_load_that_fails_leaves_the_model_whole():
    model = autodiff.nn.Sequential(autodiff.nn.Linear(3, 4), autodiff.nn.ReLU(), autodiff.nn.Linear(4, 2))
    before = {name: t.tolist() for name, t in model.state_dict().items()}
    with pytest.raises(RuntimeError):
        model.load_state_dict(autodiff.load(io.BytesIO(repacked({"data/3": None})))["model"])
    state = autodiff.load(io.BytesIO(GOOD[True]))["model"]
    state["2.bias"] = autodiff.ones(3)
    with pytest.raises(RuntimeError, match="size mismatch"):
        model.load_state_dict(state)
    assert {name: t.tolist() for name, t in model.state_dict().items()} == before


def doubled(times):
    """A tuple of two, which are one tuple of two, and so on: short to write; its text has 2 ** times words."""
    return b")" + b"2\x86" * times


@pytest.mark.parametrize(
    "pickled",
    [
        doubled(60) + b"Q.",  # a persistent id
        b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000" + doubled(60) + b"K\x01tQ.",  # a location
        b"ctorch\ndevice\n" + doubled(60) + b"\x85R.",
        doubled(60) + b")R.",  # called
        b"cbuiltins\nset\n" + doubled(60) + b"\x85\x85R.",
        b"ctorch\nSize\n" + doubled(60) + b"\x85\x85R.",
    ],
)
def test_no_message_writes_out_what_doubles(pickled):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + pickled)
        for name, content in (("version", b"3\n"), ("byteorder", b"little"), ("data/0", bytes(4))):
            archive.writestr("archive/" + name, content)
    with pytest.raises((*CLEAR, TypeError)) as caught:
        autodiff.load(io.BytesIO(file.getvalue()))
    assert len(str(caught.value)) < 1000


@pytest.mark.parametrize("kind", ["builtins\nset", "builtins\nfrozenset", "collections\nOrderedDict", "torch\nSize"])
def test_a_container_is_not_made_of_a_tensor(kind):
    """One number in memory can be a tensor of any size."""
    raw = written(autodiff.zeros(1).expand(10**9))
    with zipfile.ZipFile(io.BytesIO(raw)) as archive:
        records = {name: archive.read(name) for name in archive.namelist()}
    (name,) = [name for name in records if name.endswith("data.pkl")]
    head, body = records[name][:2], records[name][2:-1]
    records[name] = head + b"c" + kind.encode() + b"\n" + body + b"\x85R."
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for each, content in records.items():
            archive.writestr(each, content)
    with pytest.raises(CLEAR, match="container is made of"):
        autodiff.load(io.BytesIO(file.getvalue()))
