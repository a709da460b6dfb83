"""Write the pages of the messages: docs/messages/AD015.md and its like, one a code, and docs/messages.md, which lists them.

Each page has the mistake, what is said about it, and the program without it, all from the package `mistakes`.

    python docs/make_messages.py           write the pages
    python docs/make_messages.py --check   say which are out of date, and write nothing
"""

import ast
import contextlib
import io
import linecache
import re
import sys
import warnings
from pathlib import Path

from mistakes import BEFORE, MISTAKES

import autodiff
from autodiff._core.teaching import CODES

NAMES = {autodiff.TeachingWarning: "autodiff.TeachingWarning"}
HERE = Path(__file__).resolve().parent
INDEX, PAGES = HERE / "messages.md", HERE / "messages"

HEAD = """\
# Messages

Each mistake below has a code, which stands at the end of its message, and a page: what happens, a program that makes the
mistake, what you are told, and the program without it.

Of a mistake that PyTorch silently accepts, a `TeachingWarning` tells you once; an error has PyTorch's class, and PyTorch's
sentence comes first. `autodiff.strict()` turns the warnings into errors, as on these pages, and looks for more: `pred - y` of
(N, 1) and (N,), gradients that are nan or infinite, those of a Function that had to be summed to its input's shape. It is a
switch as a plain call, and a block with `with`. `autodiff.lenient()` silences the warnings; `autodiff.accumulate(n)` says that
gradients are summed on purpose. Where nothing is wrong until you wonder, `autodiff.why(tensor)` answers.

| Code | The mistake | It is told by |
|---|---|---|
"""


def session(program, strictly=False):
    """A program as it is typed into Python; `strictly` puts the statement that is named into a block with strict()."""
    lines, typed = program.splitlines(), []
    for node in ast.parse(program).body:
        part = lines[min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) - 1 : node.end_lineno]
        if strictly and any(line.endswith("# here") for line in part):
            part = ["with torch.strict():", *(f"    {line}" for line in part)]
        typed += [("... " if i else ">>> ") + re.sub("  # (here|told)$", "", line) for i, line in enumerate(part)]
    return "\n".join(line.rstrip() for line in typed)


def run(program, setting):
    """The error that a program ends with, or None, and what it printed."""
    here, printed = {}, io.StringIO()
    exec(BEFORE, here)
    linecache.cache["<program>"] = len(program), None, program.splitlines(keepends=True), "<program>"  # messages quote it
    with setting(), contextlib.redirect_stdout(printed), warnings.catch_warnings():
        warnings.simplefilter("error", autodiff.TeachingWarning)
        try:
            exec(compile(program, "<program>", "exec"), here)
        except Exception as error:
            return error, printed.getvalue()
    return None, printed.getvalue()


def told_by(program):
    """How a mistake is told, for the list."""
    for setting, by in (contextlib.nullcontext, "a warning"), (autodiff.strict, "a warning of `strict()`"):
        error, _ = run(program, setting)
        if error is not None:
            return by if isinstance(error, autodiff.TeachingWarning) else f"{type(error).__name__}"
    return f"`{re.findall(r'torch.([a-z]+)[(]', program)[-1]}`"


def without_places(text):
    """A message without the places of this run."""
    return re.sub(r"<program>, line \d+", "...", text.rstrip()).replace("\n\n", "\n<BLANKLINE>\n")


def said(program):
    """What Python shows at the end of a program, and whether strict() made an error of it."""
    error, printed = run(program, autodiff.strict)
    if error is None:
        if not printed:
            raise AssertionError(f"nothing is said about\n{program}")
        return without_places(printed), False
    text = without_places("\n".join([str(error), *getattr(error, "__notes__", ())]))
    name = NAMES.get(type(error), type(error).__name__)
    return f"Traceback (most recent call last):\n    ...\n{name}: {text}", isinstance(error, autodiff.TeachingWarning)


def title(page):
    """The heading of a page of the documents."""
    return (HERE / page).read_text(encoding="utf-8").partition("\n")[0].removeprefix("# ")


def page(code):
    """The page about one code."""
    mistake = MISTAKES[code]
    message, strictly = said(mistake.wrong)
    answer = without_places(run(mistake.right, autodiff.strict)[1])
    rightly = "\n".join(filter(None, [session(mistake.right), answer]))
    return (
        f"# {code}: {CODES[code]}\n\n{mistake.why}\n\n```python\n{session(BEFORE)}\n```\n\n## The mistake\n\n"
        f"```python\n{session(mistake.wrong, strictly)}\n{message}\n```\n\n"
        f"## Without it\n\n```python\n{rightly}\n```\n\n"
        f"See also: [{title(mistake.see.partition('#')[0])}](../{mistake.see}), and [all messages](../messages.md).\n"
    )


def index():
    """The list of them all."""
    return HEAD + "".join(
        f"| [{code}](messages/{code}.md) | {CODES[code]} | {told_by(mistake.wrong)} |\n"
        for code, mistake in MISTAKES.items()
    )


def pages():
    """What each page is to hold, by its path."""
    return {INDEX: index()} | {PAGES / f"{code}.md": page(code) for code in MISTAKES}


def out_of_date(wanted):
    """The pages that are not what they should be, and those of codes that are no more."""
    there = {path: path.read_text(encoding="utf-8") for path in [INDEX, *PAGES.glob("*.md")] if path.exists()}
    return sorted(path for path in there.keys() | wanted.keys() if there.get(path) != wanted.get(path))


if __name__ == "__main__":
    wanted = pages()
    old = out_of_date(wanted)
    if sys.argv[1:] == ["--check"]:
        sys.exit(", ".join(path.name for path in old) + " out of date" if old else "")
    PAGES.mkdir(exist_ok=True)
    for path in old:
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
