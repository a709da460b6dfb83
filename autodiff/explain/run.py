"""`watch`: record what a block of training code does, and look at it as text, as a picture, as a page, as data, as a program.

After this module a reader knows that one recorder stands behind all of them, and that each is made when it is asked for.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from types import TracebackType
from typing import Any

from autodiff._core.observer import observing
from autodiff._core.places import span_of
from autodiff._core.provenance import is_ours
from autodiff.explain.data import as_json
from autodiff.explain.events import Event, Thing
from autodiff.explain.exploring import Exploration, in_notebook
from autodiff.explain.graph import of_run
from autodiff.explain.moments import Story
from autodiff.explain.numbers import counted
from autodiff.explain.page.writing import page_of
from autodiff.explain.picture import Picture
from autodiff.explain.program import Program
from autodiff.explain.recorder import Recorder
from autodiff.explain.story import story_of
from autodiff.explain.text import as_ascii, as_text

__all__ = ["Run", "Watching", "check_ending", "stopped"]


_SHOWN = 100  # lines of the story, where a cell or a prompt ends with a run


class Run:
    """What happened while a block of code was watched: the events, and the things (tensors at one moment) in them."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._told: tuple[int, Story] | None = None

    @property
    def events(self) -> list[Event]:
        """Everything that happened, in its order."""
        return self._recorder.events

    @property
    def things(self) -> list[Thing]:
        """The tensors that took part, in the order in which they came in."""
        return self._recorder.things

    @property
    def story(self) -> Story:
        """The events as moments, each with a sentence and its equations."""
        if self._told is None or self._told[0] != len(self.events):
            self._told = len(self.events), story_of(self)
        return self._told[1]

    def html(self) -> str:
        """The page: the story, the code and the picture in one file, which needs nothing else."""
        return page_of(self)

    def save(self, path: str | os.PathLike[str]) -> str:
        """Write the page to a path that ends in .html, or the text to one that ends in .txt; returns the path."""
        check_ending(path)
        target = Path(path)
        text = self.html() if target.suffix.lower() == ".html" else as_text(self.story) + "\n"
        target.write_text(text, encoding="utf-8")
        return str(target)

    def explore(self) -> Exploration:
        """The page, inside a notebook's cell; elsewhere it opens in the browser."""
        page = Exploration(self.html(), "a watched run")
        if not in_notebook():
            page.open()
        return page

    def to_json(self, indent: int | None = None) -> str:
        """The run as JSON, in the form that `autodiff.explain.data.SCHEMA` describes; its version changes with its meaning."""
        return as_json(self, indent)

    def _repr_mimebundle_(self, **options: Any) -> dict[str, str]:
        lines = str(self).splitlines()
        if len(lines) > _SHOWN:
            rest = counted(len(lines) - _SHOWN, "more line")
            lines = [*lines[:_SHOWN], "", f"... and {rest}: print(run), run.explore() or run.save('run.html')"]
        return {"text/plain": "\n".join(lines), "image/svg+xml": self.graph().svg()}

    def graph(self, depth: int | None = None) -> Picture:
        """The picture of what was computed, with every value and gradient: `_repr_svg_` in a notebook, `.save("g.svg")`.

        What a module computed is one box: with `depth=0` each model, with 1 each of its layers, and so on; a depth beyond the
        innermost module draws every node. Without it up to 60 nodes are drawn as they are; of more the deepest level that can
        be read, then the turns of loops as one box. TypeError or ValueError for a depth that does not count levels.
        """
        return Picture(of_run(self.events, self.things), depth)

    def source(self) -> str:
        """The program that ran, as Python without loops: forward, every rule of backward with its operands' names, the updates.

        `exec(run.source(), dict(run.inputs))` computes it again, bit for bit; the gradient of w is `w_grad` there.
        """
        return Program(self.events).text()

    @property
    def inputs(self) -> dict[str, Any]:
        """What that program starts from, by name: fresh tensors, which it may change."""
        return Program(self.events).inputs

    def __reduce__(self) -> Any:
        raise TypeError("a run holds the graph of your program, and can't be pickled or copied: use run.save() or to_json()")

    def __str__(self) -> str:
        """The story as text, 80 columns wide; with a keyboard's characters where standard output has no others."""
        text = as_text(self.story)
        try:
            text.encode(sys.stdout.encoding or "utf-8")
        except UnicodeEncodeError:
            return as_ascii(text)
        return text

    def __repr__(self) -> str:
        return f"<Run of {counted(len(self.events), 'event')}: print(run), run.save('run.html'), run.graph()>"


class Watching:
    """What `autodiff.watch()` gives: a block of code that is recorded."""

    def __init__(self) -> None:
        self.recorder = Recorder()
        self.looking = observing(self.recorder)
        self.run = Run(self.recorder)

    def __enter__(self) -> Run:
        home = sys._getframe(1)
        if home.f_code.co_name != "<module>" and not is_ours(home.f_code):
            self.recorder.names.home = home
        self.looking.__enter__()
        return self.run

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.looking.__exit__(None, None, None)
        self.recorder.names.home = None
        frame = sys._getframe(1)
        if not is_ours(frame.f_code):
            self.recorder.finish(frame)
        if error is not None:
            stopped(self.recorder, error, trace)


def check_ending(path: str | os.PathLike[str]) -> None:
    """ValueError for a path that a run is not written to."""
    ending = Path(path).suffix
    if ending.lower() not in (".html", ".txt"):
        got = f"not {ending!r}" if ending else "and this path has no ending"
        raise ValueError(f"save: a run is written to .html or .txt, {got}")


def stopped(recorder: Recorder, error: BaseException, trace: TracebackType | None) -> None:
    """The program ended with an error, in its last frame that is not the package's: what its variables were called then."""
    place = None
    while trace is not None:
        if not is_ours(trace.tb_frame.f_code):
            recorder.finish(trace.tb_frame)
            place = trace.tb_frame.f_code, trace.tb_lasti
        trace = trace.tb_next
    if isinstance(error, Exception):  # not where it asked to be ended
        recorder.stopped(error, span_of(place))
