"""The same pages with `import torch`: what they print is PyTorch's, or the names would promise too much."""

import re
import sys
import types

import pytest
from pages import ROOT, run

import autodiff.datasets

# Tutorial 2 and the pages on the source show what PyTorch doesn't have.
PAGES = [
    "README.md", "docs/01-a-gradient-is-a-slope.md", "docs/03-why-gradients-add-up.md",
    "docs/07-when-the-output-is-a-vector.md",
]


def in_torch(text):
    """A page with PyTorch's imports in place of ours."""
    text = text.replace("import autodiff as torch", "import torch")
    text = text.replace("with torch.lenient():", "if True:")  # PyTorch has no such warnings to silence
    text = re.sub(r"^>>> from autodiff import", ">>> from torch import", text, flags=re.M)
    text = text.replace("import autodiff.nn.functional", "import torch.nn.functional")
    return text.replace("from autodiff.datasets import", "from digits_for_torch import")


def test_what_is_said_to_be_the_same_is(torch):
    page = ROOT / "docs" / "coming-from-pytorch.md"
    same = in_torch(page.read_text(encoding="utf-8")).partition("## What differs")[0]
    assert same.count(">>>") > 25
    report = run(page, lambda text: same)
    assert not report, report


@pytest.mark.parametrize("name", PAGES)
def test_pytorch_prints_the_same(name, torch, monkeypatch):
    data = types.ModuleType("digits_for_torch")
    data.load_digits = lambda **how: [torch.from_numpy(x.numpy()) for x in autodiff.datasets.load_digits(**how)]
    monkeypatch.setitem(sys.modules, "digits_for_torch", data)
    page = ROOT / name
    changed = in_torch(page.read_text(encoding="utf-8"))
    assert not re.search(r"^(>>>|\.\.\.).*\bautodiff\b", changed, re.M), "an import that this test does not translate"
    report = run(page, in_torch)
    assert not report, report
