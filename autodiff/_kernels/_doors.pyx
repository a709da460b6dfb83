"""The doors to the compiled loops: after reading it you know what is checked before a pointer is followed.

With Cython's bounds checks off, what passes here is memory corruption if it is wrong; so dtypes, shapes,
layouts, alignment and every target are checked before anything is written. Inputs may be copied to C
order; an array that is written to never is: where the loops can't take it as it lies, NumPy's twin in
`reference` does the work in place. Each kind of kernel has its doors in a file that is included at the end.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBUF_WRITABLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from cpython.pycapsule cimport PyCapsule_GetPointer
from libc.string cimport memcpy

import os

import numpy as np

from autodiff._kernels import _threads, reference

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
cdef object empty = np.empty
cdef object ndarray = np.ndarray
cdef object float32 = np.dtype(np.float32)
cdef object float64 = np.dtype(np.float64)
# Below this many floating point operations a kernel keeps the GIL: letting go may cost far more than the work.
cdef double RELEASE = 4e6
cdef double SPLIT = 3e7

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


cdef inline int kind(const Py_buffer* v) noexcept nogil:
    """4 for aligned native float32, 8 for float64, 0 for what the loops don't take."""
    cdef Py_ssize_t i, size = v.itemsize
    cdef char letter
    # NULL stands for unsigned bytes.
    if v.format == NULL or v.format[0] == 0 or v.format[1] != 0:
        return 0
    letter = v.format[0]
    if not ((letter == c"f" and size == 4) or (letter == c"d" and size == 8)):
        return 0
    if <size_t>v.buf % <size_t>size:
        return 0
    for i in range(v.ndim):
        if v.strides[i] % size:
            return 0
    return size


cdef inline bint in_order(const Py_buffer* v) noexcept nogil:
    """Whether the elements lie in C order without gaps."""
    cdef Py_ssize_t expected = v.itemsize
    cdef Py_ssize_t i = v.ndim - 1
    while i >= 0:
        if v.shape[i] == 0:
            return True
        if v.shape[i] != 1 and v.strides[i] != expected:
            return False
        expected *= v.shape[i]
        i -= 1
    return True


cdef inline bint same_shape(const Py_buffer* a, const Py_buffer* b) noexcept nogil:
    cdef Py_ssize_t i
    if a.ndim != b.ndim:
        return False
    for i in range(a.ndim):
        if a.shape[i] != b.shape[i]:
            return False
    return True


cdef inline Py_ssize_t count(const Py_buffer* v) noexcept nogil:
    return v.len // v.itemsize


cdef bint held(array, Py_buffer* view, int access) except -1:
    """Whether the array's memory could be had as the loops need it; if so the view must be released."""
    if type(array) is not ndarray:
        return False
    try:
        PyObject_GetBuffer(array, view, PyBUF_STRIDES | PyBUF_FORMAT | access)
    except (TypeError, ValueError, BufferError):
        return False
    if kind(view) and in_order(view):
        return True
    PyBuffer_Release(view)
    return False


cdef object plain(array):
    """An aligned, native copy in C order of a float32 or float64 array; anything else as it is."""
    if not isinstance(array, ndarray) or array.dtype.char not in "fd":
        return array
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=True, subok=False)


include "door_matmul.pxi"
include "door_rows.pxi"
include "door_entropy.pxi"
include "door_sgd.pxi"

if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=forget_crew)
