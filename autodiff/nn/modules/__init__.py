"""The layers, a file for each kind, named as PyTorch's files are.

Reading order: `_calling` (what happens when a module is called), `_registers` (how `self.fc = Linear(...)` registers a layer),
`_tree` (a module and all that it is made of), `module` (the three together, with saving, converting and printing); then
`container` and the layers themselves, each a few lines on top of it.
"""

import sys
from typing import Any

from autodiff._core.missing import missing_name


def __getattr__(name: str) -> Any:
    # nn.modules has the names of all layers, as nn has; they are not imported here, since each layer imports this package.
    nn = sys.modules["autodiff.nn"]
    if name in getattr(nn, "__all__", ()) and isinstance(getattr(nn, name), type):
        return getattr(nn, name)
    raise missing_name(__name__, name)
