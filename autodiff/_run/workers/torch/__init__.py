"""What a worker process finds as torch: autodiff. (multiprocessing hands `sys.path` to its workers, this folder in it.)"""

import sys

import autodiff

del sys.modules["torch"]  # this module, which stands for it
sys.path.remove(__file__.removesuffix("/torch/__init__.py").removesuffix("\\torch\\__init__.py"))
autodiff.as_torch()
