"""Paths that end in .safetensors: the files of that library, both ways."""

import sys

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

import autodiff


def test_both_ways(tmp_path):
    path = tmp_path / "m.safetensors"
    state = {"a": autodiff.arange(6.0).view(2, 3).t(), "n": autodiff.tensor(3), "b": autodiff.tensor([True, False])}
    state |= {"h": autodiff.ones(2, dtype=autodiff.float16), "e": autodiff.zeros(0, 2)}
    state["p"] = autodiff.nn.Parameter(autodiff.ones(2))
    autodiff.save(state, path)
    found = load_file(path)
    assert {k: v.tolist() for k, v in found.items()} == {k: v.tolist() for k, v in state.items()}
    again = autodiff.load(path)
    assert {k: (v.dtype, v.tolist()) for k, v in again.items()} == {k: (v.dtype, v.tolist()) for k, v in state.items()}
    save_file({"x": np.arange(3, dtype=np.int16)}, path)
    assert autodiff.load(str(path), map_location="cpu")["x"].dtype is autodiff.int16
    again["a"][0, 0] = 7  # its memory is its own


def test_pytorchs_files(tmp_path):
    torch = pytest.importorskip("torch")
    from safetensors.torch import save_file as theirs

    theirs(torch.nn.Linear(2, 3).state_dict(), tmp_path / "m.safetensors")
    autodiff.nn.Linear(2, 3).load_state_dict(autodiff.load(tmp_path / "m.safetensors"))
    theirs({"x": torch.ones(2, dtype=torch.bfloat16)}, tmp_path / "m.safetensors")
    with pytest.raises(RuntimeError, match=r"bfloat16|BF16"):
        autodiff.load(tmp_path / "m.safetensors")


def test_what_such_a_file_cannot_say(tmp_path):
    path = tmp_path / "m.safetensors"
    for obj in (autodiff.ones(2), {"a": 1}, {1: autodiff.ones(1)}, [autodiff.ones(1)]):
        with pytest.raises(TypeError, match="a dict of tensors under names"):
            autodiff.save(obj, path)
    x = autodiff.ones(4)
    with pytest.raises(RuntimeError, match="share memory"):
        autodiff.save({"a": x, "b": x[2:]}, path)
    autodiff.save({"a": x[:2], "b": x[2:]}, path)
    for place in ({"cuda": "cpu"}, lambda s, l: s):
        with pytest.raises(RuntimeError, match="map_location is not supported"):
            autodiff.load(path, map_location=place)
    with pytest.raises(RuntimeError):
        autodiff.load(path, map_location="cuda")
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(RuntimeError, match="damaged"):
        autodiff.load(path)
    with pytest.raises(FileNotFoundError):
        autodiff.load(tmp_path / "none.safetensors")


def test_without_the_library(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "safetensors", None)
    for call in (lambda p: autodiff.save({}, p), autodiff.load):
        with pytest.raises(RuntimeError, match="not installed"):
            call(tmp_path / "m.safetensors")
