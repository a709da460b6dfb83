"""Print one of the README's two commands, so that continuous integration runs what the reader pastes.

    python docs/readme_line.py train        installs the package and trains
    python docs/readme_line.py tests        installs what the tests need and runs them
"""

import re
import sys
from pathlib import Path

README = Path(__file__).resolve().parent.parent / "README.md"
ENDS = {"train": "autodiff train", "tests": "pytest -q -n 2"}


def shell_blocks(text):
    """The contents of all ```sh blocks."""
    return [block.strip("\n") for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S)]


def line(name):
    """The one block of the README that ends in that command; it is one line."""
    found = [block for block in shell_blocks(README.read_text(encoding="utf-8")) if block.endswith(ENDS[name])]
    if len(found) != 1 or "\n" in found[0]:
        raise SystemExit(f"README.md should hold one ```sh block of one line that ends in {ENDS[name]!r}")
    return found[0]


if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in ENDS:
        raise SystemExit(f"usage: python docs/readme_line.py {'|'.join(ENDS)}")
    print(line(sys.argv[1]))
