"""`python _watched.py PROGRAM.py`: the program's first training step, watched, and all that must hold of it.

The program runs up to its second loss, twice: plain, in a fork of this process, and watched. What it prints must be the same.
"""

import os
import sys
import warnings
from xml.etree import ElementTree

import numpy as np

from autodiff._run.program import run
from autodiff.explain.events import Cleared, Delivered, Ended, Made, Stepped
from autodiff.explain.first_step import FirstStep
from autodiff.explain.program import Program
from autodiff.explain.values import same, value_of

MOST_DRAWN = 1_000  # events: a picture of more takes many seconds, and is that of a loop, hundreds of times


class Printed:
    """Standard output, until the second loss."""

    def __init__(self, enough):
        self.text, self.enough = "", enough

    def write(self, text):
        self.text += text
        losses = sum(line.startswith("loss ") for line in self.text.splitlines())
        if losses >= 2 and self.text.endswith("\n") and self.enough():
            raise SystemExit(0)

    def flush(self):
        pass


def printed(path, beside, enough):
    """What the program prints."""
    before, sys.stdout = sys.stdout, Printed(enough)
    try:
        run(path, [], beside=beside)
    except SystemExit:
        pass
    finally:
        text, sys.stdout = sys.stdout.text, before
    return text


def plain(path):
    """What it prints when nobody looks on."""
    read, write = os.pipe()
    if os.fork() == 0:
        os.write(write, printed(path, None, lambda: True).encode())
        os._exit(0)
    os.close(write)
    return b"".join(iter(lambda: os.read(read, 1 << 16), b"")).decode()


def expected_gradients(run):
    """Each .grad that was written, as it was last: by a walk, or by what the program did with it before the step."""
    grads = {}
    for event in run.events:
        if isinstance(event, Delivered):
            grads[event.to] = event.after
        elif isinstance(event, Stepped) and not event.whole_step:
            grads.update({move.thing: move.grad for move in event.moves})
    return grads


def check_views(run):
    """Text, picture and page."""
    text = str(run)
    assert all(len(line) <= 80 for line in text.splitlines()), [line for line in text.splitlines() if len(line) > 80]
    assert ElementTree.fromstring(run.graph().svg()).tag.endswith("svg")
    page = run.html()
    assert page.startswith("<!doctype html>")
    assert page.rstrip().endswith("</html>")


def check_source(run, learns):
    """Run again, the program gives every .grad and every parameter bit for bit; `learns` are the program's own tensors."""
    program = Program(run.events)
    scope = dict(run.inputs)
    exec(run.source(), scope)
    cleared = {thing for event in run.events if isinstance(event, Cleared) for thing, _ in event.things}
    for thing, value in expected_gradients(run).items():
        found = scope[f"{program.names[thing]}_grad"]
        if found is None:
            assert thing in cleared
            continue
        assert same(value_of(found), value), f"{thing}.grad: {gap(found, value)}"
    found_by_grad = {thing for event in run.events if isinstance(event, Ended) for thing, _ in event.found}
    learned = {*expected_gradients(run), *found_by_grad}
    for thing, p in learns:
        if thing in learned:
            assert same(value_of(scope[program.names[thing]]), value_of(p)), f"{thing}: {gap(scope[program.names[thing]], p)}"


def gap(found, value):
    """How far two tensors are from each other."""
    array = getattr(value, "array", None) if not hasattr(value, "detach") else value.detach().numpy()
    return "not kept" if array is None else float(np.abs(found.detach().numpy() - array).max())


def main(path):
    """All that must hold."""
    without = plain(path)
    told = []

    def seen(run, end):
        told.append((run, end))
        recorder = run._recorder
        learns = [p for _, several in recorder.memory.values() for p in several]
        told.append([(recorder.by_id[id(p)], p.detach().clone()) for p in learns])

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        text = printed(path, FirstStep(seen), lambda: bool(told))
    assert not [w for w in caught if "observer" in str(w.message)], [str(w.message) for w in caught]
    assert without
    assert text.startswith(without), (without, text[:200])
    (watched, end), learns = told
    assert end == "step"
    assert any(isinstance(event, Made) for event in watched.events)
    assert any(isinstance(event, (Delivered, Ended)) for event in watched.events)
    assert any(thing.kind == "parameter" for thing, _ in learns)
    if len(watched.events) <= MOST_DRAWN:
        check_views(watched)
    check_source(watched, learns)


if __name__ == "__main__":
    main(sys.argv[1])
