"""`python -m autodiff` is the `autodiff` command."""

import sys

from autodiff.cli import main

if __name__ == "__main__":
    sys.exit(main())
