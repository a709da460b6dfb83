"""The worked examples of CONTRIBUTING.md: after reading it you know how its blocks become changes of the source.

A block with file=PATH behind its language is a change of that file, carried out in the order of the page:

    file=PATH                   a new file
    file=PATH end               two blank lines below the file's present end
    file=PATH after="LINE"      below the only line that reads so, whatever its indentation; where it begins a function or a
                                class, below all of that
    file=PATH before="LINE"     above it
    file=PATH instead="LINE"    in its place
    file=PATH behind="TEXT"     in a line, behind that text, which stands in the file once: an entry of a list that is wrapped

What stands behind the language is not shown to a reader, so the text has to name the file, too.

    python docs/worked.py "Add a kernel" FOLDER        carry one section out, in a copy of the tree that is made for it
"""

import re
import shlex
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

from pages import ROOT, blocks

PAGE = ROOT / "CONTRIBUTING.md"
PLACES = ("after", "before", "instead", "behind")


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
    if edit.place == "behind":
        if old.count(edit.line) != 1:
            raise ValueError(f"{edit.path}: {edit.line!r} stands there {old.count(edit.line)} times, and it must be once")
        return old.replace(edit.line, f"{edit.line} {edit.text.strip()}")
    lines = old.splitlines(keepends=True)
    at = [k for k, line in enumerate(lines) if line.strip() == edit.line.strip()]
    if len(at) != 1:
        raise ValueError(f"{edit.path}: {len(at)} lines read {edit.line!r}, and there must be one")
    start, text = at[0], edit.text
    if edit.place == "after" and re.match(r" *(class|def) ", lines[start]):
        text = ("\n" if lines[start].startswith(" ") else "\n\n") + text
        start = end_of_definition(lines, start)
    elif edit.place == "after":
        start += 1
    lines[start : start + (edit.place == "instead")] = [text]
    return "".join(lines)


def end_of_definition(lines, at):
    """The number of the line behind the function or class that begins at line `at`."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines):
        text = lines[end].strip()
        if text and len(lines[end]) - len(lines[end].lstrip()) <= indent and not text.startswith(")"):
            break
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    return end


def carry_out(title, folder):
    """Make the changes of one section in a copy of the tree, and return them."""
    edits = [found for block in blocks(section(title)) if (found := change(block.info, block.body))]
    for edit in edits:
        path = Path(folder) / edit.path
        text = changed(path.read_text(encoding="utf-8") if path.exists() else None, edit)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return edits


def commands(title):
    """The commands of a section, each as a list of words."""
    found = [block.body.replace("\\\n", " ").splitlines() for block in blocks(section(title)) if block.info == "sh"]
    return [shlex.split(line) for lines in found for line in lines]


def copy(tree):
    """The installed package with its compiled kernels, the tests and the documents, at `tree`: nothing has to be built."""
    import autodiff

    skip = shutil.ignore_patterns("*.pyc.*")  # what another process is writing
    shutil.copytree(Path(autodiff.__file__).parent, tree / "autodiff", ignore=skip)
    for name in ("tests", "docs"):
        shutil.copytree(ROOT / name, tree / name, ignore=skip)
    for name in ("pyproject.toml", "setup.py", "MANIFEST.in", "LICENSE", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy2(ROOT / name, tree / name)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python docs/worked.py TITLE FOLDER")
    copy(Path(sys.argv[2]))
    for each in carry_out(*sys.argv[1:]):
        print(each.path)
