"""How a program that says `import torch` runs on autodiff: the import hook, the program, and the names it misses.

- `hook`: whoever imports torch, or anything below it, gets autodiff's module of that name.
- `program`: a file run as Python runs it: its own arguments, its own tracebacks, its own exit code.
- `asked`: which names it asked for that are not here.
- `workers/torch`: where processes that a program starts find torch.
"""
