"""The page where it is asked for: inside a notebook's cell, or in the browser."""

from __future__ import annotations

import builtins
import tempfile
import webbrowser
from html import escape
from pathlib import Path

__all__ = ["Exploration", "in_notebook"]

_HIGH = 720  # pixels: the time bar stays in sight


class Exploration:
    """A page inside a cell: it can run its own script, and reach nothing of the notebook."""

    def __init__(self, html: str, title: str) -> None:
        self.html, self.title = html, title

    def _repr_html_(self) -> str:
        return (
            f'<iframe sandbox="allow-scripts" title="{escape(self.title)}" width="100%" height="{_HIGH}" '
            f'style="border:1px solid #8888;border-radius:8px" srcdoc="{escape(self.html)}"></iframe>'
        )

    def __repr__(self) -> str:
        return f"<the page of {self.title}: show it in a notebook, or run.save('run.html')>"

    def open(self) -> str:
        """Write the page to a temporary file and open it in the browser; returns the path."""
        with tempfile.NamedTemporaryFile("w", suffix=".html", prefix="autodiff-", delete=False, encoding="utf-8") as file:
            file.write(self.html)
        webbrowser.open(Path(file.name).as_uri())
        return file.name


def in_notebook() -> bool:
    """Whether a notebook's shell runs, which shows what a cell returns."""
    shell = getattr(builtins, "get_ipython", lambda: None)()
    return hasattr(shell, "kernel")
