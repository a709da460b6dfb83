"""What is written down of a mistake: a program that makes it, and the way out."""

from typing import NamedTuple


class Mistake(NamedTuple):
    """A mistake, and its way out.

    The line of `wrong` that an error or a warning is to come from ends in `# here`; a line that the message is to name, as in
    "student.py:3", ends in `# told`. A mistake that is answered by `why` has no `# here`: the program prints the answer last.
    """

    why: str  # what happens, for the page
    wrong: str
    write: str  # the words of the message that tell the way out
    right: str
    see: str  # where a tutorial explains it: the page, # and the heading


BEFORE = """\
import autodiff as torch
from autodiff import nn, optim
from autodiff.nn import functional as F
_ = torch.manual_seed(0)
x, y, classes = torch.randn(4, 3), torch.randn(4), torch.tensor([0, 1, 2, 0])
"""
