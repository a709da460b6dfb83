"""Folders that are read like a book have a table of contents: every module of the folder, each once, each with a line."""

import importlib
import pkgutil
import re

import pytest
from pages import ROOT

import autodiff

FOLDERS = {"autodiff._core": 15, "autodiff.ops": 20, "autodiff.api": 25, "autodiff.explain": 3}


@pytest.mark.parametrize("name", FOLDERS)
def test_every_module_stands_in_the_table_of_contents(name):
    package = importlib.import_module(name)
    modules = sorted(module.name for module in pkgutil.iter_modules(package.__path__))
    listed = re.findall(r"^- `(\w+)`: \S.*\.$", package.__doc__, re.M)
    assert len(modules) >= FOLDERS[name]
    assert sorted(listed) == modules
    assert len(listed) == package.__doc__.count("\n- "), "a line of the table names no module, or does not end in a full stop"


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "docs/engine.md"])
def test_every_folder_stands_on_the_map_of_the_house(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    table = text.partition("## The map of the house")[2].partition("\n## ")[0]
    folders = [module.name for module in pkgutil.iter_modules(autodiff.__path__) if module.ispkg]
    assert len(folders) >= 9
    assert [name for name in folders if not re.search(rf"^\|.*`{name}/?`.*\|.*\|", table, re.M)] == []
