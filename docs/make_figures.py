"""The pictures of the documents: each is drawn by a program that stands in a page, so a reader can draw it, too.

    python docs/make_figures.py             write docs/figures/*.svg
    python docs/make_figures.py --check     compare them instead; says which differ
"""

import re
import sys
import tempfile
from pathlib import Path

from pages import ROOT, left_out, pages
from programs import programs, run_all

FOLDER = ROOT / "docs" / "figures"


def drawn(page):
    """What the programs of a page draw: the bytes of each .svg by its name. Where a page can't be run they stay as they are."""
    if left_out(page):
        named = re.findall(r"\(figures/([\w-]+\.svg)\)", page.read_text(encoding="utf-8"))
        return {name: known for name, known in present().items() if name in named}
    if not any(".svg" in program.text for program in programs(page).values()):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        run_all(page, folder)
        return {path.name: path.read_bytes() for path in sorted(Path(folder).glob("*.svg"))}


def present():
    """The pictures that lie in the folder."""
    return {path.name: path.read_bytes() for path in sorted(FOLDER.glob("*.svg"))}


def main(arguments):
    """Write or compare; returns the exit code."""
    wanted = {}
    for page in pages():
        wanted |= drawn(page)
    old = present()
    different = sorted(name for name in wanted | old if wanted.get(name) != old.get(name))
    if arguments == ["--check"]:
        if different:
            print(f"not as drawn: {', '.join(different)}; run python docs/make_figures.py and look at them")
        return bool(different)
    FOLDER.mkdir(exist_ok=True)
    for name in different:
        if name in wanted:
            (FOLDER / name).write_bytes(wanted[name])
        else:
            (FOLDER / name).unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
