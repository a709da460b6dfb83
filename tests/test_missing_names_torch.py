"""The names that autodiff calls PyTorch's are those of the PyTorch that is installed."""

import importlib

import make_pytorch_names

from autodiff._core.missing import pytorch_names


def test_the_file_is_what_the_script_writes(torch):
    if torch.__version__.partition("+")[0] == "2.13.0":  # the oracle's version: another has other names
        found = make_pytorch_names.text()
        assert make_pytorch_names.FILE.read_text(encoding="utf-8") == found, "run `python docs/make_pytorch_names.py`"


def test_every_name_is_one(torch):
    """Nearly all: what a later PyTorch drops or adds is no fault."""
    looked_at, wrong = 0, []
    for place in (*make_pytorch_names.MODULES, *make_pytorch_names.CLASSES):
        thing = torch.Tensor if place == "torch.Tensor" else torch.nn.Module if place == "torch.nn.Module" else None
        thing = thing or importlib.import_module(place)
        names = pytorch_names(place)
        assert names
        looked_at += len(names)
        wrong += [f"{place}.{name}" for name in names if not hasattr(thing, name) and not _is_module(f"{place}.{name}")]
    assert looked_at > 2500
    assert len(wrong) < looked_at / 20, wrong


def _is_module(name):
    return importlib.util.find_spec(name) is not None
