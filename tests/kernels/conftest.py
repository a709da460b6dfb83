"""What the kernel tests share is imported by its plain name, also where tests/sanitize.sh runs them without the rest."""

import sys
from pathlib import Path

import hypothesis

sys.path.append(str(Path(__file__).resolve().parent))

# A sanitizer makes everything ten times slower: no time limit for an example.
hypothesis.settings.register_profile("sanitizers", max_examples=60, deadline=None)
