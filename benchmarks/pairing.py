"""How two programs are compared: in interleaved blocks of one run, by the medians of their times per call.

On a machine that is shared, a time alone means nothing. Two times that were taken side by side still have a ratio. All
libraries are held to one thread before they are imported, unless a comparison says otherwise.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Sequence

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
BLOCKS = {False: 15, True: 3}
SECONDS = {False: 0.03, True: 0.002}
QUICK = {False: (9, 0.002), True: (1, 0.0)}  # blocks and seconds where there are hundreds of lines

Program = Callable[[], object]


def one_thread() -> None:
    """Hold the libraries that read a variable when they are imported to one thread."""
    for name in THREADS:
        os.environ[name] = "1"


def seconds(programs: Sequence[Program], short: bool = False, quick: bool = False) -> list[float]:
    """The median seconds per call of each program, all timed in turns; `quick`, for hundreds, the best of short blocks."""
    blocks, length = QUICK[short] if quick else (BLOCKS[short], SECONDS[short])
    counts = []
    for program in programs:
        program()
        begin = time.perf_counter()
        program()
        counts.append(max(1, int(length / max(time.perf_counter() - begin, 1e-9))))
    times: list[list[float]] = [[] for _ in programs]
    for _ in range(blocks):
        for program, count, found in zip(programs, counts, times, strict=True):
            begin = time.perf_counter()
            for _ in range(count):
                program()
            found.append((time.perf_counter() - begin) / count)
    return [min(found) if quick else statistics.median(found) for found in times]
