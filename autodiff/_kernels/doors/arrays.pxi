# One array at a door: after reading it you know what the loops ask of its memory, and how it gets there.
#
# The loops take aligned native float32 or float64 (and int64, for class numbers). All but the matrix product ask for C
# order. An input that is laid out otherwise is copied; an array that is written to never is.

cnp.import_array()

cdef struct Layout:
    # Where the elements of an array are. It holds nothing: whoever calls a kernel keeps its arrays alive. Sizes and steps are
    # the array's own, and another thread might give it others, so none of them is read once the GIL was let go.
    void* buf
    int ndim
    Py_ssize_t* shape
    Py_ssize_t* strides      # in bytes
    Py_ssize_t itemsize
    int type                 # NumPy's number of the dtype; -1 for bytes that are not in this machine's order


cdef inline bint seen(Layout* v, array, bint written=False) noexcept:
    """Whether it is an array, and one that may be written to if it will be; then v says how it lies."""
    if not cnp.PyArray_CheckExact(array) or (written and not cnp.PyArray_ISWRITEABLE(<cnp.ndarray>array)):
        return False
    look(v, <cnp.ndarray>array)
    return True


cdef inline void look(Layout* v, cnp.ndarray array) noexcept:
    v.buf = cnp.PyArray_DATA(array)
    v.ndim = cnp.PyArray_NDIM(array)
    v.shape, v.strides = <Py_ssize_t*>cnp.PyArray_DIMS(array), <Py_ssize_t*>cnp.PyArray_STRIDES(array)
    v.itemsize = cnp.PyArray_ITEMSIZE(array)
    v.type = cnp.PyArray_TYPE(array) if cnp.PyArray_ISNOTSWAPPED(array) else -1


cdef inline object new(int ndim, const Py_ssize_t* shape, int size):
    """A new array in C order, of float32 or float64, whose elements are to be written."""
    return cnp.PyArray_EMPTY(ndim, <cnp.npy_intp*>shape, cnp.NPY_FLOAT if size == 4 else cnp.NPY_DOUBLE, 0)


cdef object empty = np.empty
cdef object ndarray = np.ndarray
cdef object float32 = np.dtype(np.float32)
cdef object float64 = np.dtype(np.float64)
cdef object int64 = np.dtype(np.int64)


cdef inline int kind(const Layout* v) noexcept nogil:
    """4 for aligned native float32, 8 for float64, 0 for what the loops don't take."""
    cdef int size = 4 if v.type == cnp.NPY_FLOAT else 8 if v.type == cnp.NPY_DOUBLE else 0
    return 0 if size and <size_t>v.buf & <size_t>(size - 1) else size


cdef inline bint in_whole_steps(const Layout* v) noexcept nogil:
    """Whether all elements are aligned as the first one is; those in order are."""
    cdef Py_ssize_t i
    for i in range(v.ndim):
        if v.strides[i] & (v.itemsize - 1):
            return False
    return True


cdef inline bint is_int64(const Layout* v) noexcept nogil:
    """Whether these are aligned native 64-bit integers."""
    return v.type in (cnp.NPY_LONG, cnp.NPY_LONGLONG) and v.itemsize == 8 and <size_t>v.buf % 8 == 0


cdef inline bint in_order(const Layout* v) noexcept nogil:
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


cdef inline bint same_shape(const Layout* a, const Layout* b) noexcept nogil:
    cdef Py_ssize_t i
    if a.ndim != b.ndim:
        return False
    for i in range(a.ndim):
        if a.shape[i] != b.shape[i]:
            return False
    return True


cdef inline Py_ssize_t count(const Layout* v) noexcept nogil:
    """How many elements there are."""
    cdef Py_ssize_t n = 1
    cdef int i
    for i in range(v.ndim):
        n *= v.shape[i]
    return n


cdef object plain(array):
    """An aligned, native copy in C order of a float32, float64 or int64 array; anything else as it is."""
    if not isinstance(array, ndarray) or not (array.dtype.char in "fd" or array.dtype == int64):
        return array
    return np.array(array, dtype=array.dtype.newbyteorder("="), order="C", copy=True, subok=False)
