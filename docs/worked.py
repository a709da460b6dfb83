"""Carry out a worked example of CONTRIBUTING.md: write what its section says into a copy of the tree, and run its commands.

    python docs/worked.py "Add an operation" FOLDER

A section's blocks are steps, in the order in which they stand. What stands behind the language says what a step does:

    python file=FILE                a new file
    python file=FILE after="TEXT"   below the line that begins with TEXT, and below all that is indented under it
    python file=FILE before="TEXT"  above that line
    python file=FILE behind="TEXT"  behind that text, in its line: an entry of a list that is wrapped
    diff file=FILE                  lines that stand together in the file: those marked - go, those marked + come
    sh                              commands, which run in the copy

Text is indented as the line that it stands beside. What a step looks for in a file has to stand there once, so that a step
can't go wrong in silence when the file changes.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import NamedTuple

import pages

ROOT = pages.ROOT
PAGE = ROOT / "CONTRIBUTING.md"


class Edit(NamedTuple):
    """One step: what is written, into which file, and where: "new", "after", "before" or "behind" the anchor, "diff"."""

    line: int
    path: str
    place: str
    anchor: str
    body: str


class Command(NamedTuple):
    """One step: a line that is typed."""

    line: int
    words: list[str]


def section(title, page=PAGE):
    """The text under a heading `## title`, with the lines before it made empty, so that line numbers stay."""
    text = page.read_text(encoding="utf-8")
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    if found is None:
        raise LookupError(f"{page.name} has no section {title!r}")
    return "\n" * text.count("\n", 0, found.start(1)) + found.group(1)


def edit_of(block):
    """The edit that a block describes; None for a block of another kind."""
    words = shlex.split(block.info)
    options = dict(word.split("=", 1) for word in words[1:] if "=" in word)
    if "file" not in options:
        return None
    path = options.pop("file")
    place, anchor = next(iter(options.items()), ("diff" if words[0] == "diff" else "new", ""))
    known = place in (("diff",) if words[0] == "diff" else ("new", "after", "before", "behind"))
    if not known or len(options) > 1 or len(words) != len(options) + 2:
        raise ValueError(f"{PAGE.name}:{block.line}: {block.info!r} says nothing that a step can do")
    return Edit(block.line, path, place, anchor, block.body)


def steps(title, page=PAGE):
    """The edits and the commands of a section, in their order."""
    found = []
    for block in pages.blocks(section(title, page)):
        edit = edit_of(block)
        if edit is not None:
            found.append(edit)
        elif block.info == "sh":
            lines = block.body.replace("\\\n", " ").splitlines()
            found += [Command(block.line, shlex.split(line)) for line in lines if line.strip()]
    return found


def block_end(lines, at):
    """The number of the line behind the definition or the entry that begins at line `at`."""
    indent = len(lines[at]) - len(lines[at].lstrip())
    end = at + 1
    while end < len(lines):
        text = lines[end].strip()
        deeper = len(lines[end]) - len(lines[end].lstrip()) > indent
        if text and not deeper and not text.startswith((")", "]", "}")):
            break
        end += 1
    while not lines[end - 1].strip():
        end -= 1
    return end


def beside(lines, edit):
    """The lines of a file with the text of an edit above or below its anchor."""
    (at,) = [n for n, line in enumerate(lines) if line.strip().startswith(edit.anchor)]
    indent = lines[at][: len(lines[at]) - len(lines[at].lstrip())]
    new = textwrap.indent(edit.body.rstrip("\n"), indent).splitlines()
    if edit.place == "after":
        if re.match(r"(async )?def |class ", lines[at].lstrip()):
            new = ["", *new] if indent else ["", "", *new]
        at = block_end(lines, at)
    return [*lines[:at], *new, *lines[at:]]


def behind(lines, edit):
    """The lines of a file with the text of an edit behind its anchor."""
    before, after = "\n".join(lines).split(edit.anchor)
    return f"{before}{edit.anchor} {edit.body.strip()}{after}".splitlines()


def changed(lines, edit):
    """The lines of a file after a diff."""
    diff = edit.body.splitlines()
    before = [line[1:] for line in diff if not line.startswith("+")]
    after = [line[1:] for line in diff if not line.startswith("-")]
    (at,) = [n for n in range(len(lines)) if lines[n : n + len(before)] == before]
    return [*lines[:at], *after, *lines[at + len(before) :]]


def apply(edit, tree):
    """Write one edit into the tree; LookupError where the file is not as the step expects it."""
    path, where = tree / edit.path, f"{PAGE.name}:{edit.line}: {edit.path}"
    if edit.place == "new":
        if path.exists():
            raise LookupError(f"{where} is there already: an example makes what the package has not")
        path.write_text(edit.body, encoding="utf-8")
        return
    text = path.read_text(encoding="utf-8")
    try:
        lines = {"diff": changed, "behind": behind}.get(edit.place, beside)(text.splitlines(), edit)
    except ValueError:
        raise LookupError(f"{where} has what the step looks for not at all, or twice") from None
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def copy(tree):
    """The installed package with its compiled kernels, the tests and the documents, at `tree`: nothing has to be built."""
    import autodiff

    skip = shutil.ignore_patterns("__pycache__")
    shutil.copytree(Path(autodiff.__file__).parent, tree / "autodiff", ignore=skip)
    for name in ("tests", "docs"):
        shutil.copytree(ROOT / name, tree / name, ignore=skip)
    for name in ("pyproject.toml", "README.md", "CHANGELOG.md", "CONTRIBUTING.md"):
        shutil.copy2(ROOT / name, tree / name)


def run(command, tree):
    """Run a command in the tree with this Python, on the package that stands there; its exit code and what it printed."""
    programs = {"python": [sys.executable], "pytest": [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"]}
    name, *arguments = command.words
    environment = {k: v for k, v in os.environ.items() if not k.startswith("PYTEST_")}
    environment["PYTHONPATH"] = str(tree)
    done = subprocess.run(
        [*programs[name], *arguments], cwd=tree, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    return done.returncode, done.stdout


if __name__ == "__main__":
    if len(sys.argv) != 3:
        raise SystemExit("usage: python docs/worked.py TITLE FOLDER")
    folder = Path(sys.argv[2]).resolve()
    copy(folder)
    for each in steps(sys.argv[1]):
        if isinstance(each, Edit):
            print(f"{each.place}: {each.path}")
            apply(each, folder)
        else:
            code, output = run(each, folder)
            print("$", shlex.join(each.words), output, sep="\n")
            if code:
                raise SystemExit(code)
