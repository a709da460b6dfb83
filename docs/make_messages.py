"""Write docs/messages.md: a heading for each code, with the mistake, what is said about it, and the program without it.

    python docs/make_messages.py           write the page
    python docs/make_messages.py --check   say whether it is out of date, and write nothing
"""

import ast
import re
import sys
from pathlib import Path

from mistakes import BEFORE, MISTAKES

import autodiff
from autodiff._core.teaching import CODES

NAMES = {autodiff.TeachingWarning: "autodiff.TeachingWarning"}
PAGE = Path(__file__).resolve().parent / "messages.md"

HEAD = """\
# Messages

Each mistake below has a code, with which its message ends. Those that PyTorch passes over in silence are told by a
`TeachingWarning`, once; the others are errors, of PyTorch's class, with PyTorch's sentence first. `autodiff.strict()` makes
errors of the warnings, as on this page; `autodiff.lenient()` silences them.

"""


def session(program, strictly=False):
    """A program as it is typed into Python; `strictly` puts the statement that is named into a block with strict()."""
    lines, typed = program.splitlines(), []
    for node in ast.parse(program).body:
        part = lines[min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", []))]) - 1 : node.end_lineno]
        if strictly and any(line.endswith("# here") for line in part):
            part = ["with torch.strict():", *(f"    {line}" for line in part)]
        typed += [("... " if i else ">>> ") + line.replace("  # here", "") for i, line in enumerate(part)]
    return "\n".join(line.rstrip() for line in typed)


def said(program):
    """The error that a program ends with, without the places of this run, and whether strict() made it one."""
    here = {}
    exec(BEFORE, here)
    with autodiff.strict():
        try:
            exec(compile(program, "<program>", "exec"), here)
        except Exception as error:
            text = re.sub(r"<program>, line \d+", "...", "\n".join([str(error), *getattr(error, "__notes__", ())]))
            return f"{NAMES.get(type(error), type(error).__name__)}: {text}", isinstance(error, autodiff.TeachingWarning)
    raise AssertionError(f"no error from\n{program}")


def section(code):
    """The part of the page about one code."""
    mistake, title = MISTAKES[code], CODES[code]
    error, strictly = said(mistake.wrong)
    return (
        f"## {code}\n\n**{title[0].upper()}{title[1:]}.** {mistake.why}\n\n"
        f"```python\n{session(mistake.wrong, strictly)}\nTraceback (most recent call last):\n    ...\n{error}\n```\n\n"
        f"Without the mistake:\n\n```python\n{session(mistake.right)}\n```\n"
    )


def page():
    """The whole page."""
    return HEAD + f"```python\n{session(BEFORE)}\n```\n\n" + "\n".join(section(code) for code in sorted(MISTAKES))


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        sys.exit("" if PAGE.read_text(encoding="utf-8") == page() else f"{PAGE.name} is out of date")
    PAGE.write_text(page(), encoding="utf-8")
