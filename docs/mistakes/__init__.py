"""The mistakes that have a code: a program that makes each, what its message tells to write, and the program without it.

The pages in docs/messages are made from these (make_messages.py), and tests/test_teaching.py runs them.

mistake   what is written down of a mistake, and the lines that all the programs begin with
walking   backward()
cutting   a graph that ends too early
updating  the training loop
losses    what a loss expects
building  how a model is put together
fitting   what a layer or a loss is given
looking   looking at what was computed
slopes    a gradient that is nan, or of another shape
"""

from mistakes.building import BUILDING
from mistakes.cutting import CUTTING
from mistakes.fitting import FITTING
from mistakes.looking import LOOKING
from mistakes.losses import LOSSES
from mistakes.mistake import BEFORE, Mistake
from mistakes.slopes import SLOPES
from mistakes.updating import UPDATING
from mistakes.walking import WALKING

__all__ = ["BEFORE", "MISTAKES", "Mistake"]

MISTAKES = dict(sorted((WALKING | CUTTING | UPDATING | LOSSES | BUILDING | FITTING | LOOKING | SLOPES).items()))
