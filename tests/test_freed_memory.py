"""What a training step frees is there for the next one: the system is not asked for the same pages again."""

import platform
import subprocess
import sys

import pytest

STEPS = """
import resource
import {imports}
import numpy as np

def step():
    return len([np.ones(600_000, np.float32) for _ in range(10)])

for _ in range(3):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(imports):
    """How many pages the system brings in five steps that free all their 24 megabytes."""
    done = subprocess.run([sys.executable, "-c", STEPS.format(imports=imports)], check=True, capture_output=True, text=True)
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="other C libraries have rules of their own")
def test_a_step_finds_the_memory_that_the_last_one_freed():
    assert faults("autodiff") < 200
