"""The doors to the compiled loops: after reading it you know which loops run, and where each kernel's door is.

With Cython's bounds checks off, what passes a door is memory corruption if it is wrong; so dtypes, shapes, layouts,
alignment and every target are checked before anything is written. `doors/arrays.pxi` says what is asked of one array, and
`doors/door.pxi` how a pattern of letters says what is asked of all arrays of a kernel; then come the doors themselves.
"""

cimport numpy as cnp
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.object cimport PyObject
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.math cimport sqrt
from libc.string cimport memcpy

import os

import numpy as np

from autodiff._kernels import reference, threads

include "table.pxi"

cdef extern from *:
    """
    /* The widest instruction set of this machine that the operating system saves on a thread switch: 4, 3, or 0. */
    static int ad_level(void) {
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
        __builtin_cpu_init();
        if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")))
            return 0;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl"))
            return 4;
        return 3;
    #else
        return 0;
    #endif
    }
    """
    int ad_level() nogil

cdef Table core

# In floating point operations.
cdef enum:
    RELEASE = 4000000  # below this a kernel keeps the GIL: letting go may cost far more than the work
    SPLIT = 30000000   # from this on a product is shared by several threads

INFO = {"implementation": "compiled", "isa": None, "isas": []}


def choose(wanted):
    """Use the widest instruction set that was built and that this machine has, or the one that is `wanted`."""
    global core
    names = ["baseline"] + ["v3"] * (ad_level() >= 3) + ["v4"] * (ad_level() >= 4)
    modules = {}
    for name in names:
        try:
            modules[name] = __import__(f"autodiff._kernels._cores_{name}", fromlist=["TABLE"])
        except ModuleNotFoundError:
            continue
    if wanted and wanted not in modules:
        raise ImportError(
            f"AUTODIFF_ISA={wanted!r} can't be used: this build on this machine has {', '.join(modules)}."
        )
    chosen = wanted or max(modules, key=names.index)
    core = (<Table*>PyCapsule_GetPointer(modules[chosen].TABLE, "autodiff.kernels"))[0]
    INFO["isa"] = chosen
    INFO["isas"] = list(modules)


include "doors/arrays.pxi"
include "doors/door.pxi"
include "doors/elements.pxi"
include "doors/rows.pxi"
include "doors/norms.pxi"
include "doors/entropy.pxi"
include "doors/order.pxi"
include "doors/elimination.pxi"
include "doors/step.pxi"
include "doors/crew.pxi"
include "doors/matmul.pxi"
include "doors/windows.pxi"
include "doors/convolution.pxi"
include "doors/pooling.pxi"
include "doors/recurrent.pxi"
include "doors/attention.pxi"

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_crew)
