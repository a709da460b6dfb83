"""What the kernel tests share is imported by its plain name, also where tests/sanitize.sh runs them without the rest."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parent))
