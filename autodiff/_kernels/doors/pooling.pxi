# The doors to the max pool: after reading it you know that an image's channels are pooled one by one, as planes.

def max_pool(x, windows):
    """(the largest element of each window, the number of its tap): the first of equal ones, the last nan where there is one."""
    both = pooled(MAX_POOL, x, None, windows, 0)
    return reference.max_pool(x, windows) if both is None else both


def max_pool_grad(g, taps, windows):
    """g added in zeros where the largest elements stood."""
    x = pooled(MAX_POOL_GRAD, g, taps, windows, 0)
    return reference.max_pool_grad(g, taps, windows) if x is None else x


cdef object pooled(int loop, x, taps, windows, int copied):
    """What the loop makes of an array; None: ask the twin."""
    cdef Windows v
    cdef Held held
    cdef Py_ssize_t shape[2 + DIMS]
    cdef Py_ssize_t planes
    cdef int dims
    if type(x) is not ndarray or not read_windows(&v, windows, 1) or x.ndim != 2 + len(windows[0]):
        return None
    dims = x.ndim - 2
    v.n, v.c, v.o = x.shape[0], 1, 1
    v.groups = x.shape[1]
    measure(&v)
    planes = v.n * v.groups
    v.end = planes
    if planes == 0 or v.taps > TAPS or not fits_in_memory(&v):
        return None
    hold_none(&held)
    if not hold(&held, 0, x, 2 + dims, of_input(&v, dims, shape) if loop == MAX_POOL else of_output(&v, dims, shape)):
        return None if copied else pooled(loop, plain(x), taps, windows, 1)
    if loop == MAX_POOL:
        y = made_like(&held, 1, 2 + dims, of_output(&v, dims, shape))
        taps = empty((<object>y).shape, np.uint8)
    elif type(taps) is not ndarray or taps.dtype != np.uint8 or taps.shape != x.shape:
        return None
    else:
        y = made_like(&held, 2, 2 + dims, of_input(&v, dims, shape))
        taps = np.ascontiguousarray(taps)
    held.a[2 if loop == MAX_POOL else 1] = cnp.PyArray_DATA(<cnp.ndarray>taps)
    if over(loop, &held, &v, 4.0 * planes * v.taps * v.positions, planes, PARTS):
        raise MemoryError("no memory for the working space of a max pool")
    return (y, taps) if loop == MAX_POOL else y
