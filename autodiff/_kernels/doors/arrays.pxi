# One array at a door: after reading it you know what the loops ask of its memory, and how it gets there.
#
# The loops take aligned native float32 or float64 (and int64, for class numbers). All but the matrix product ask for C
# order. An input that is laid out otherwise is copied; an array that is written to never is.

from cpython.exc cimport PyErr_Clear

cdef extern from "Python.h":
    # A refusal is an answer here, not an error.
    int get_buffer "PyObject_GetBuffer"(object array, Py_buffer* view, int flags) noexcept

cdef object empty = np.empty
cdef object ndarray = np.ndarray
cdef object float32 = np.dtype(np.float32)
cdef object float64 = np.dtype(np.float64)
cdef object int64 = np.dtype(np.int64)


cdef inline int kind(const Py_buffer* v) noexcept nogil:
    """4 for aligned native float32, 8 for float64, 0 for what the loops don't take."""
    cdef Py_ssize_t size = v.itemsize
    # NULL stands for unsigned bytes.
    if v.format == NULL or v.format[0] == 0 or v.format[1] != 0:
        return 0
    if not ((v.format[0] == c"f" and size == 4) or (v.format[0] == c"d" and size == 8)):
        return 0
    return 0 if <size_t>v.buf & <size_t>(size - 1) else size


cdef inline bint in_whole_steps(const Py_buffer* v) noexcept nogil:
    """Whether all elements are aligned as the first one is; those in order are."""
    cdef Py_ssize_t i
    for i in range(v.ndim):
        if v.strides[i] & (v.itemsize - 1):
            return False
    return True


cdef inline bint is_int64(const Py_buffer* v) noexcept nogil:
    """Whether these are aligned native 64-bit integers."""
    return (
        v.itemsize == 8 and v.format != NULL and v.format[0] in (c"l", c"q") and v.format[1] == 0
        and <size_t>v.buf % 8 == 0
    )


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
    """How many elements there are; the size is a constant each time, since a division takes as long as twenty additions."""
    return v.len // 4 if v.itemsize == 4 else v.len // 8


cdef object like(const Py_buffer* v):
    """A new array of the same shape and dtype."""
    dtype = float32 if v.itemsize == 4 else float64
    if v.ndim == 2:
        return empty((v.shape[0], v.shape[1]), dtype)
    return empty(tuple([v.shape[i] for i in range(v.ndim)]), dtype)


cdef object plain(array):
    """An aligned, native copy in C order of a float32, float64 or int64 array; anything else as it is."""
    if not isinstance(array, ndarray) or not (array.dtype.char in "fd" or array.dtype == int64):
        return array
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=True, subok=False)
