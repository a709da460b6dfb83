"""What a notebook shows of a tensor and of a layer; everywhere else both are what they were."""

import copy
import pickle
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import autodiff as torch
from autodiff import nn


def text_of(html):
    """The text in a <pre>, which a reader sees."""
    return "".join(ET.fromstring(html if html.startswith("<div>") else f"<div>{html}</div>").find("pre").itertext())


def caption_of(html):
    return ET.fromstring(html).findall("div")[-1].text


DTYPES = st.sampled_from([np.float16, np.float32, np.float64, np.uint8, np.int64, np.bool_])
ARRAYS = hnp.arrays(DTYPES, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0))


@given(ARRAYS)
def test_any_tensor_is_its_text_and_well_formed(array):
    x = torch.from_numpy(array)
    html = x._repr_html_()
    assert text_of(html) == repr(x)
    assert html == x._repr_html_()
    assert ("<svg" in html) == (array.ndim == 2 and array.size > 1)
    assert caption_of(html).startswith(f"{tuple(array.shape)} · {array.dtype}")


def test_where_it_was_made_and_what_learns():
    w = torch.ones(2, 3, requires_grad=True)
    assert "a leaf that learns" in caption_of(w._repr_html_())
    assert re.search(r"made by mul at test_html\.py:\d+ · from 2 to 2$", caption_of((w * 2)._repr_html_()))
    assert "made by" not in caption_of(w.detach()._repr_html_())
    assert "1 not finite" in caption_of(torch.tensor([[1.0, float("nan")]])._repr_html_())
    assert text_of(nn.Parameter(torch.ones(2))._repr_html_()).startswith("Parameter containing:\n")


def test_a_large_one_has_no_picture():
    html = torch.zeros(1100, 1000)._repr_html_()
    assert "<svg" not in html
    assert len(html) < 1000
    assert len(torch.randn(1000, 1000)._repr_html_()) < 12_000


def test_what_prints_itself_in_its_own_way_is_left_to_that():
    class Money(torch.Tensor):
        def __repr__(self):
            return "money"

    class Layer(nn.Module):
        def __repr__(self):
            return "<b>layer</b>"

    assert torch.ones(2, 2).as_subclass(Money)._repr_html_() is None
    assert nn.ModuleList([nn.Linear(1, 1)])._repr_html_() is None
    assert Layer()._repr_html_() is None
    assert text_of(nn.Sequential(Layer())._repr_html_()) == "Sequential(\n  (0): <b>layer</b>\n)"


class Shared(nn.Module):
    def __init__(self):
        super().__init__()
        self.one = nn.Linear(2, 3)
        self.same = self.one
        self.blocks = nn.ModuleList([nn.Linear(3, 3) for _ in range(3)])
        self.nothing = None
        self.register_module("none", None)
        self.scale = nn.Parameter(torch.ones(1))

    def extra_repr(self):
        return "a=1 < 2"


@pytest.mark.parametrize("make", [
    Shared, lambda: nn.Linear(2, 3), nn.ReLU, lambda: nn.Sequential(nn.Linear(2, 3), nn.Sequential(nn.Tanh(), nn.Dropout())),
    lambda: nn.TransformerEncoderLayer(4, 2, 8), lambda: nn.LSTM(2, 3, 2), nn.Sequential,
])
def test_a_layer_is_its_text_with_the_numbers_it_learns(make):
    model = make()
    lines = text_of(model._repr_html_()).split("\n")
    wide = max(len(line) for line in repr(model).split("\n"))
    assert [line[:wide].rstrip() for line in lines] == repr(model).split("\n")
    total = sum(p.numel() for p in model.parameters())
    assert (f"{total:,} parameter" in lines[0]) == (total > 0)


def test_counts_of_layers():
    model = nn.Sequential(nn.Linear(2, 3), nn.LazyLinear(2))
    assert text_of(model._repr_html_()).count("parameters not known yet") == 2
    model(torch.ones(1, 2))
    model[0].bias.requires_grad_(False)
    model[1].requires_grad_(False)
    counts = [line.split("   ")[-1].strip() for line in text_of(model._repr_html_()).split("\n")[:3]]
    assert counts == ["17 parameters, 11 fixed", "9 parameters, 3 fixed", "8 parameters, all fixed"]
    shared = nn.Linear(3, 3)
    assert "13 parameters\n" in text_of(nn.Sequential(shared, nn.Linear(1, 1, bias=False), shared)._repr_html_())


def test_nothing_else_notices():
    x, layer = torch.ones(2, 2), nn.Linear(2, 2)
    for thing in (x, layer):
        assert "_repr_html_" not in vars(thing)
        for other in (copy.copy(thing), copy.deepcopy(thing), pickle.loads(pickle.dumps(thing))):
            assert repr(other) == repr(thing)
    with torch.watch() as run:
        (x.requires_grad_() * 2)._repr_html_()
    assert len(run.events) == 1
    assert not hasattr(x, "_repr_mimebundle_")
    assert not hasattr(layer, "_ipython_canary_method_should_not_exist_")


def test_ipython_shows_the_text_in_a_terminal_and_both_in_a_notebook():
    formatters = pytest.importorskip("IPython.core.formatters", reason="IPython is not installed")
    shown = formatters.DisplayFormatter()
    for thing in (torch.ones(2, 2), nn.Linear(2, 2)):
        shown.active_types = ["text/plain"]  # as the terminal's shell sets it
        assert shown.format(thing)[0] == {"text/plain": repr(thing)}
        shown.active_types = shown.format_types
        assert shown.format(thing)[0] == {"text/plain": repr(thing), "text/html": thing._repr_html_()}
