"""Compile the kernels for systems that are not here: Linux on ARM, and Windows by a compiler that knows vectors.

    python .ci/other_systems.py SOURCES FOLDER       the clone; where the objects go

Nothing is run, only compiled, by zig's C compiler with every warning an error. It brings the headers of every system but
Python's and NumPy's. Those of this Python serve: they differ by system in what one file each says of sizes, which is written
here for Windows.
"""

import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import numpy as np

SOURCES, FOLDER = Path(sys.argv[1]).resolve(), Path(sys.argv[2])
MODULES = ("_doors", "_cores_baseline")
FLAGS = ["-O3", "-fno-math-errno", "-fno-trapping-math", "-Werror", "-Wno-unused-command-line-argument"]
FLAGS.append("-DNPY_NO_DEPRECATED_API=NPY_2_0_API_VERSION")
INLINE = "-DCYTHON_INLINE=inline __attribute__((always_inline))"

# What Python's own pyconfig.h for Windows says: a long has four bytes there.
WINDOWS = """
#define MS_WIN64
#define NT_THREADS 1
#define SIZEOF_SHORT 2
#define SIZEOF_INT 4
#define SIZEOF_LONG 4
#define SIZEOF_LONG_LONG 8
#define SIZEOF_FLOAT 4
#define SIZEOF_DOUBLE 8
#define SIZEOF_VOID_P 8
#define SIZEOF_SIZE_T 8
#define SIZEOF_TIME_T 8
#define SIZEOF_OFF_T 4
#define SIZEOF_FPOS_T 8
#define SIZEOF_PID_T 8
#define SIZEOF_WCHAR_T 2
#define SIZEOF_UINTPTR_T 8
#define HAVE_PY_SSIZE_T 1
#define PY_SSIZE_T_MAX 9223372036854775807LL
typedef long long Py_ssize_t;
"""


def translated(module: str) -> Path:
    """The C source of one extension, in the build's own directives."""
    to = FOLDER / f"{module}.c"
    words = "cdivision=True,wraparound=False,boundscheck=False,initializedcheck=False,nonecheck=False"
    source = SOURCES / "autodiff" / "_kernels" / f"{module}.pyx"
    subprocess.run([sys.executable, "-m", "cython", "-3", "-X", words, source, "-o", to], check=True)
    return to


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    here, windows = Path(sysconfig.get_paths()["include"]), FOLDER / "windows"
    shutil.copytree(here, windows, dirs_exist_ok=True)
    (windows / "pyconfig.h").write_text(WINDOWS)
    numpys = Path(np.get_include())
    shutil.copytree(numpys / "numpy", windows / "numpy")
    sizes = windows / "numpy" / "_numpyconfig.h"
    told = sizes.read_text()
    for ours, theirs in (("#define NPY_HAVE_ENDIAN_H 1", ""), ("NPY_SIZEOF_LONG 8", "NPY_SIZEOF_LONG 4")):
        assert ours in told
        told = told.replace(ours, theirs)
    sizes.write_text(told)
    done = 0
    for module in MODULES:
        source = translated(module)
        for target, headers in (("aarch64-linux-gnu", [here, numpys]), ("x86_64-windows-gnu", [windows])):
            to = FOLDER / f"{module}.{target}.o"
            compiler = [sys.executable, "-m", "ziglang", "cc", "-target", target, "-c", *FLAGS]
            found = [f"-I{folder}" for folder in headers]
            subprocess.run([*compiler, *([INLINE] if "cores" in module else []), *found, source, "-o", to], check=True)
            done += to.stat().st_size > 50_000
    assert done == 4, done
    print(f"{done} objects compiled")


main()
