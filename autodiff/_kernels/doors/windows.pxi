# What the doors to the loops over windows share: after reading it you know how a window is read from Python, what is asked of
# the arrays, and who computes.

cdef struct Held:
    # The arrays of one call, in the order of the loop's pointers.
    void* a[4]
    int size    # bytes of an element; 0 before the first array


cdef bint read_windows(Windows* v, windows, Py_ssize_t groups) except -1:
    """Whether the loops can go over such windows, of one to three dimensions, with possible sizes; then they are in v."""
    cdef Py_ssize_t* fields[6]
    cdef int d, k, dims
    if type(windows) is not reference.Windows:
        return False
    fields[0] = v.inside
    fields[1] = v.size
    fields[2] = v.kernel
    fields[3] = v.stride
    fields[4] = v.padding
    fields[5] = v.dilation
    dims = len(windows[0])
    if not 1 <= dims <= DIMS or groups < 1:
        return False
    for k in range(6):
        if len(windows[k]) != dims:
            return False
        for d in range(DIMS):
            # Dimensions in front that are not there: of size 1, without padding.
            fields[k][d] = windows[k][d - DIMS + dims] if d >= DIMS - dims else 0 if k == 4 else 1
            if fields[k][d] < (0 if k == 4 else 1) or fields[k][d] > 1 << 40:
                return False
    v.groups = groups
    return True


cdef bint fits_in_memory(const Windows* v) noexcept:
    """Whether the elements of a phase image can be counted: a wide dilation or padding may make them more than any memory."""
    cdef double elements = v.c
    cdef int d
    for d in range(DIMS):
        elements *= <double>v.inside[d] + v.padding[d] + v.stride[d] * (v.size[d] + <double>v.kernel[d] * v.dilation[d])
    return elements < 1e14


cdef bint hold(Held* held, int at, array, int ndim, const Py_ssize_t* shape) noexcept:
    """Whether the array is of this shape, in C order, of the dtype of those before; then it is the loop's array number `at`."""
    cdef Layout v
    cdef int d, size
    if not seen(&v, array):
        return False
    size = kind(&v)
    if size == 0 or (held.size and size != held.size) or v.ndim != ndim or not in_order(&v):
        return False
    for d in range(ndim):
        if v.shape[d] != shape[d]:
            return False
    held.size = size
    held.a[at] = v.buf
    return True


cdef void hold_none(Held* held) noexcept:
    cdef int k
    for k in range(4):
        held.a[k] = NULL
    held.size = 0


cdef const Py_ssize_t* of_input(const Windows* v, int dims, Py_ssize_t* shape) noexcept:
    """(n, channels, *inside), in as many dimensions of space as there are."""
    cdef int d
    shape[0], shape[1] = v.n, v.groups * v.c
    for d in range(dims):
        shape[2 + d] = v.inside[DIMS - dims + d]
    return shape


cdef const Py_ssize_t* of_output(const Windows* v, int dims, Py_ssize_t* shape) noexcept:
    """(n, channels, *size)."""
    cdef int d
    shape[0], shape[1] = v.n, v.groups * v.o
    for d in range(dims):
        shape[2 + d] = v.size[DIMS - dims + d]
    return shape


cdef const Py_ssize_t* of_weight(const Windows* v, int dims, Py_ssize_t* shape) noexcept:
    """(outputs, inputs of a group, *kernel)."""
    cdef int d
    shape[0], shape[1] = v.groups * v.o, v.c
    for d in range(dims):
        shape[2 + d] = v.kernel[DIMS - dims + d]
    return shape


cdef bint all_finite(int size, void* x, Py_ssize_t n) noexcept:
    """Whether no element is infinite or nan."""
    cdef float zero32 = 0
    cdef double zero64 = 0
    cdef void* a[2]
    cdef Job job
    job.n = n
    a[0], a[1] = x, <void*>&zero32 if size == 4 else <void*>&zero64
    run(FINITE, size, a, &job)
    return zero32 == 0 and zero64 == 0


cdef int over(int loop, Held* held, Windows* v, double work, Py_ssize_t length, int parts) except -2:
    """Run the loop: at once, without the GIL, or cut over the threads; -1 where there was no memory."""
    cdef int status, members
    if work < RELEASE:
        return slide(loop, held.size, v, held.a)
    members = min(<int>threads.get_num_threads(), <int>SEATS + 1) if work >= SPLIT and length > 1 else 1
    if members > 1:
        status = share_windows(loop, held.size, v, held.a, length, parts * members, members)
        if status != -3:
            return status
    with nogil:
        status = slide(loop, held.size, v, held.a)
    return status


cdef object made_like(Held* held, int at, int dims, const Py_ssize_t* shape):
    """A new array that the loop writes to."""
    array = new(dims, shape, held.size)
    held.a[at] = cnp.PyArray_DATA(<cnp.ndarray>array)
    return array
