"""The pages' own files: HTML with places to fill, style and script, which are written without comments and indentation."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["filled", "read"]

_HERE = Path(__file__).parent


def read(name: str) -> str:
    """A style or a script without comments, indentation and empty lines: those are for who reads the files in the package."""
    text = (_HERE / name).read_text(encoding="utf-8")
    lines = (line.strip() for line in re.sub(r"/\*.*?\*/", "", text, flags=re.S).split("\n"))
    return "\n".join(line for line in lines if line and not line.startswith("// "))


def filled(name: str, values: dict[str, str]) -> str:
    """A file of HTML, with values where it has {{NAME}}."""
    text = (_HERE / name).read_text(encoding="utf-8")
    return re.sub(r"\{\{(\w+)\}\}", lambda found: values[found[1]], text)
