"""How the documents are read and run: which blocks a page has, and what each kind of block promises.

A block that starts with ```python is a session: it is executed, the whole page in one namespace, and what it prints
is compared. A block with source=FILE#NAME behind its language quotes the package and must equal it; source=FILE alone quotes
lines that stand together there. One with file=FILE is a step of a worked example (worked.py), which a test carries out.
Blocks of ```ipython are the cells of a notebook (tests/explain/test_notebook.py).
A whole program, and what it prints, are blocks with program=FILE and output=FILE (programs.py).

    python docs/pages.py        write the present source into the quotations
"""

import ast
import doctest
import importlib.util
import re
import textwrap
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```[ \t]*$", re.M | re.S)


class Block(NamedTuple):
    """One fenced block: its line in the page, what stands behind the fence, and its text."""

    line: int
    info: str
    body: str


def pages():
    """The README, CONTRIBUTING and every page of docs/, the generated reference apart: its examples are the docstrings'."""
    found = sorted((ROOT / "docs").rglob("*.md"))
    written = [page for page in found if "reference" not in page.relative_to(ROOT).parts]
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *written]


def needs(page):
    """The packages beside autodiff that a page's code takes its data from, or draws with; the extra `docs` has them."""
    text = page.read_text(encoding="utf-8")
    found = re.findall(r"^(?:>>> |\.\.\. )?(?:from|import) (sklearn|statsmodels|matplotlib)\b", text, re.M)
    return sorted(set(found))


def left_out(page):
    """Why a page can't be run here: what it needs and is not installed; '' where it can be."""
    missing = [name for name in needs(page) if importlib.util.find_spec(name) is None]
    return f"{page.name} needs {', '.join(missing)}: pip install '.[docs]'" if missing else ""


def blocks(text):
    """All fenced blocks of a page, in order; a fence without an end is an error."""
    if len(re.findall(r"^```", text, re.M)) % 2:
        raise ValueError("a ``` has no partner")
    return [
        Block(text.count("\n", 0, m.start()) + 1, m.group(1).strip(), m.group(2)) for m in FENCE.finditer(text)
    ]


def run(page, change=lambda text: text):
    """Execute the sessions of a page in one namespace and return the failures' report, '' where all is well.

    `change` may rewrite the page's text first, without moving its lines.
    """
    name = page.relative_to(ROOT).as_posix()
    examples = []
    for block in blocks(change(page.read_text(encoding="utf-8"))):
        if block.info != "python":
            continue
        found = doctest.DocTestParser().get_examples(block.body, name)
        if not found:
            raise ValueError(f"{name}:{block.line}: a python block without >>> would not be executed")
        for example in found:
            example.lineno += block.line
        examples += found
    if not examples:
        return ""
    test = doctest.DocTest(examples, {"__name__": "__main__"}, name, str(page), 0, None)
    report = []
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    runner.run(test, out=report.append)
    return "".join(report)


def quotation(source):
    """The text that `autodiff/_core/walk.py#name` stands for: one function, class or method, comments and all."""
    path, _, name = source.partition("#")
    text = (ROOT / path).read_text(encoding="utf-8")
    lines = text.splitlines()
    if not path.endswith(".py"):
        return cython_function(lines, name)
    node = ast.parse(text)
    for part in name.split("."):
        inner = [n for n in ast.iter_child_nodes(node) if getattr(n, "name", None) == part]
        if not inner:
            raise LookupError(f"{path} has no {name}")
        node = inner[-1]
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    return textwrap.dedent("\n".join(map(to_a_reader, lines[first - 1 : node.end_lineno]))) + "\n"


def to_a_reader(line):
    """A line of source without what is said to the type checker, since that tells a reader nothing."""
    return re.sub(r"  # type: ignore\[[\w, -]+\]", "", line)


def cython_function(lines, name):
    """A function of a .pyx or .pxi file: from its `cdef` to the last line that is indented."""
    starts = [at for at, line in enumerate(lines) if re.match(rf"c?p?def [\w ]*\b{name}\(", line)]
    if not starts:
        raise LookupError(f"no function {name}")
    end = starts[-1] + 1
    while end < len(lines) and (not lines[end].strip() or lines[end][0] in " \t)"):
        end += 1
    return "\n".join(lines[starts[-1] : end]).rstrip() + "\n"


def source_of(info):
    """What a quoting block quotes: the FILE#NAME behind `source=`; None for other blocks."""
    _, found, source = info.partition(" source=")
    return source if found else None


def quotes_rightly(info, body):
    """Whether a quoting block equals its source: a whole definition, or lines that stand together in a file."""
    source = source_of(info)
    if "#" in source:
        return body == quotation(source)
    lines = [to_a_reader(line).strip() for line in (ROOT / source).read_text(encoding="utf-8").splitlines()]
    wanted = [line.strip() for line in body.splitlines()]
    return any(lines[at : at + len(wanted)] == wanted for at in range(len(lines)))


def refresh(page):
    """Write the present source into a page's quotations of whole definitions."""

    def again(match):
        source = source_of(match.group(1).strip())
        if source is not None and "#" in source:
            return f"```{match.group(1)}\n{quotation(source)}```"
        return match.group(0)

    page.write_text(FENCE.sub(again, page.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    for each in pages():
        refresh(each)
