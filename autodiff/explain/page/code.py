"""The user's own lines beside values and gradients: those that the story speaks of, and those where its names are made."""

from __future__ import annotations

import ast
import io
import keyword
import linecache
import re
import tokenize
from html import escape

from autodiff.explain.graph import Graph
from autodiff.explain.moments import Story

__all__ = ["file_of", "lines_of", "told"]


def file_of(story: Story) -> str:
    """The file that most moments are in; empty where no line is known."""
    counts: dict[str, int] = {}
    for moment in story.moments:
        if moment.span is not None:
            counts[moment.span.file] = counts.get(moment.span.file, 0) + 1
    return max(counts, key=lambda file: counts[file], default="")


def told(story: Story, file: str) -> str:
    """What the page calls the file: its name, or that of a notebook's cell."""
    place = next((m.span.told for m in story.moments if m.span is not None and m.span.file == file), "a program")
    return re.sub(r"(, line |:)\d+$", "", place)


def lines_of(story: Story, graph: Graph, file: str) -> str:
    """The code as HTML: a line each, marked with the box whose numbers stand beside it."""
    source = linecache.getlines(file)
    used = sorted({m.span.line for m in story.moments if m.span is not None and m.span.file == file})
    if not source or not used:
        return ""
    shown = _around(source, used)
    marks = _marks(graph, story, file)
    first = shown[0]
    made = _assigned("".join(source), first)
    for i, box in enumerate(graph.boxes):
        line = made.get(box.name)
        if box.kind in ("parameter", "data") and line is not None:
            marks.setdefault(line, i)
            shown = sorted({*shown, line})
    out, last = [], 0
    for n in shown:
        if last and n != last + 1:
            out.append('<div class="gap" aria-hidden="true">⋮</div>')
        last = n
        mark = f' data-n="{marks[n]}"' if n in marks else ""
        out.append(
            f'<div class="l" id="l{n}"{mark}><span class="no">{n}</span><code>{_inked(source[n - 1].rstrip())}</code>'
            '<span class="a v"></span><span class="a g"></span></div>'
        )
    return "".join(out)


def _around(source: list[str], used: list[int]) -> list[int]:
    """The lines that are shown: the function around those that are used, or the block of a with, else just the stretch."""
    try:
        tree = ast.parse("".join(source))
    except SyntaxError:
        return [n for n in range(used[0], used[-1] + 1) if n <= len(source)]
    first, last = used[0], used[-1]
    best: tuple[int, int] | None = None
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.With)) and node.lineno <= first and (node.end_lineno or 0) >= last:
            span = (node.lineno, node.end_lineno or last)
            if isinstance(node, ast.With):
                span = (node.body[0].lineno, span[1])
            if span[0] <= first and (best is None or span[0] >= best[0]):
                best = span
    low, high = best or (first, last)
    if high - low > 120:  # a long function: what is used, with the lines around it
        return sorted({n for u in used for n in range(max(1, u - 1), min(len(source), u + 1) + 1)})
    return [*range(low, min(high, len(source)) + 1)]


def _marks(graph: Graph, story: Story, file: str) -> dict[int, int]:
    """The box whose numbers stand beside a line: the last result of it that has the user's name."""
    boxes = {box.thing: i for i, box in enumerate(graph.boxes) if box.thing is not None}
    marks: dict[int, int] = {}
    for made in story.made:
        if made.span is None or made.span.file != file or made.depth:
            continue
        for out in made.outputs:
            if out in boxes and (out.named or made.span.end_line not in marks):
                marks[made.span.end_line] = boxes[out]
    return marks


def _assigned(source: str, before: int) -> dict[str, int]:
    """The last line before another one in which a name is assigned."""
    found: dict[str, int] = {}
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return found
    for node in sorted((n for n in ast.walk(tree) if isinstance(n, ast.Assign)), key=lambda n: n.lineno):
        if node.lineno < before:
            for target in node.targets:
                for each in target.elts if isinstance(target, ast.Tuple) else [target]:
                    if isinstance(each, ast.Name):
                        found[each.id] = node.lineno
    return found


def _inked(text: str) -> str:
    """Python in quiet inks: keywords, numbers and comments."""
    out, at = "", 0
    lead = len(text) - len(text.lstrip())
    try:
        for token in tokenize.generate_tokens(io.StringIO(text.strip() + "\n").readline):
            kind = "k" if keyword.iskeyword(token.string) else "d" if token.type == tokenize.NUMBER else ""
            kind = "c" if token.type == tokenize.COMMENT else kind
            if kind and token.start[0] == 1:
                start, end = token.start[1] + lead, token.end[1] + lead
                out += escape(text[at:start]) + f'<span class="{kind}">{escape(token.string)}</span>'
                at = end
    except (tokenize.TokenError, IndentationError):
        pass
    return out + escape(text[at:])
