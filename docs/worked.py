"""The worked examples of CONTRIBUTING.md: after reading it you know how its blocks become changes of the source.

A block with file=PATH behind its language is a change of that file, carried out in the order of the page:

    file=PATH                   a new file
    file=PATH end               two blank lines below the file's present end
    file=PATH after="LINE"      behind the only line that reads so, whatever its indentation
    file=PATH before="LINE"     before it
    file=PATH instead="LINE"    in its place

    python docs/worked.py "Add a kernel" FOLDER        carry one section out, in a copy of the tree
"""

import re
import shlex
import sys
from pathlib import Path
from typing import NamedTuple

from pages import ROOT, blocks

PAGE = ROOT / "CONTRIBUTING.md"
PLACES = ("after", "before", "instead")


class Change(NamedTuple):
    """What one block does: to which file, where in it, and the text."""

    path: str
    place: str  # "new", "end", or one of PLACES
    line: str
    text: str


def section(title, page=PAGE):
    """The text under one heading of the second level, up to the next."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", page.read_text(encoding="utf-8"), re.M | re.S)
    if not found:
        raise LookupError(f"{page.name} has no section {title!r}")
    return found.group(1)


def change(info, body):
    """The change that a block stands for; None for a block that names no file."""
    _, *words = shlex.split(info) or [""]
    named = dict(word.split("=", 1) for word in words if "=" in word)
    path, bare = named.pop("file", None), [word for word in words if "=" not in word]
    if path is None:
        return None
    if bare == ["end"] and not named:
        return Change(path, "end", "", body)
    if not bare and not named:
        return Change(path, "new", "", body)
    if bare or len(named) != 1 or not named.keys() <= set(PLACES):
        raise ValueError(f"```{info}: after file=PATH comes nothing, end, or one of {', '.join(PLACES)}")
    [(place, line)] = named.items()
    return Change(path, place, line, body)


def changed(old, edit):
    """The text of a file after a change of it; `old` is None where there is no such file."""
    if (old is None) != (edit.place == "new"):
        raise ValueError(f"{edit.path}: there is {'already' if old is not None else 'no'} such file")
    if edit.place == "new":
        return edit.text
    if edit.place == "end":
        return old.rstrip("\n") + "\n\n\n" + edit.text
    lines = old.splitlines(keepends=True)
    at = [k for k, line in enumerate(lines) if line.strip() == edit.line.strip()]
    if len(at) != 1:
        raise ValueError(f"{edit.path}: {len(at)} lines read {edit.line!r}, and there must be one")
    start = at[0] + (edit.place == "after")
    lines[start : start + (edit.place == "instead")] = [edit.text]
    return "".join(lines)


def carry_out(title, folder):
    """Make the changes of one section in a copy of the tree, and return them."""
    edits = [found for block in blocks(section(title)) if (found := change(block.info, block.body))]
    for edit in edits:
        path = Path(folder) / edit.path
        text = changed(path.read_text(encoding="utf-8") if path.exists() else None, edit)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return edits


if __name__ == "__main__":
    for each in carry_out(*sys.argv[1:]):
        print(each.path)
