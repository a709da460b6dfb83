"""`run.to_json()`, and the run in a notebook."""

import json
from pathlib import Path

import numpy as np
import pytest
from drawn_programs import programs, run_program
from hypothesis import given, settings

import autodiff as torch
from autodiff.explain.data import SCHEMA, VERSION

jsonschema = pytest.importorskip("jsonschema")


@settings(max_examples=40)
@given(programs())
def test_drawn_programs_have_the_form_of_the_schema(program):
    with torch.watch() as run:
        run_program(program, True)
    told = json.loads(run.to_json())
    jsonschema.validate(told, SCHEMA)
    assert told["version"] == VERSION
    assert len(told["events"]) == len(run.events)
    assert len(told["moments"]) == len(run.story.moments)
    for thing, known in zip(told["things"], run.things, strict=True):
        assert thing["number"] == known.number
        if known.value is not None and known.value.array is not None:
            assert np.array_equal(np.array(thing["value"]["numbers"], known.dtype), known.value.array, equal_nan=True)


def test_what_is_not_finite_and_what_is_large():
    w = torch.tensor([np.inf, 1.0], requires_grad=True)
    big = torch.ones(40, 40, requires_grad=True)
    with torch.watch() as run:
        (w * 2).sum().backward()
        big * 3
    told = json.loads(run.to_json(indent=1))
    jsonschema.validate(told, SCHEMA)
    values = {thing["name"]: thing["value"] for thing in told["things"]}
    assert values["w"]["numbers"] == ["inf", 1.0]
    assert values["big"] == {"shape": [40, 40], "dtype": "float32", "low": 1.0, "high": 1.0, "norm": 40.0, "not_finite": 0}


def test_a_notebook_shows_the_picture_and_the_text():
    w = torch.tensor(2.0, requires_grad=True)
    with torch.watch() as run:
        (w * w).backward()
    bundle = run._repr_mimebundle_()
    assert bundle["image/svg+xml"].startswith("<svg")
    assert "g · w" in bundle["text/plain"]


def test_explore_in_a_notebook_and_elsewhere(monkeypatch, tmp_path):
    import builtins
    import webbrowser
    from types import SimpleNamespace
    from urllib.parse import urlparse

    w = torch.tensor(2.0, requires_grad=True)
    with torch.watch() as run:
        (w * w).backward()
    opened = []
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    monkeypatch.setattr(webbrowser, "open", opened.append)
    page = run.explore()
    assert Path(urlparse(opened[0]).path).read_text(encoding="utf-8") == run.html()
    monkeypatch.setattr(builtins, "get_ipython", lambda: SimpleNamespace(kernel=1), raising=False)
    shown = run.explore()._repr_html_()
    assert len(opened) == 1
    assert shown.startswith('<iframe sandbox="allow-scripts" title=')
    assert "srcdoc=" in shown
    assert "run.save" in repr(page)


def test_a_run_is_saved_by_its_ending(tmp_path):
    w = torch.tensor(2.0, requires_grad=True)
    with torch.watch() as run:
        (w * w).backward()
    assert Path(run.save(tmp_path / "a.txt")).read_text(encoding="utf-8").rstrip("\n") == str(run)
    with pytest.raises(ValueError, match=r"written to \.html or \.txt"):
        run.save(tmp_path / "a.pdf")
