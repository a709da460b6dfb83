# The doors to the convolutions: after reading it you know when the loops leave a convolution to NumPy: where zeros would be
# multiplied by an infinity, and where a compiler knows no vectors.

def convolution(x, w, b, windows, groups):
    """y[p] = b + the sum of w[t] @ x[p * stride + t * dilation - padding] over the taps t."""
    y = convolved(CONVOLUTION, x, w, b, windows, groups, 0)
    return reference.convolution(x, w, b, windows, groups) if y is None else y


def transposed_convolution(g, w, b, windows, groups):
    """x[p * stride + t * dilation - padding] = b + the sum of w[t].T @ g[p]: the gradient of a convolution's input."""
    x = convolved(TRANSPOSED_CONVOLUTION, g, w, b, windows, groups, 0)
    return reference.transposed_convolution(g, w, b, windows, groups) if x is None else x


def convolution_weight(g, x, windows, groups):
    """w[t] = the sum of g[p] @ x[p * stride + t * dilation - padding].T over the positions p and the examples."""
    w = convolved(CONVOLUTION_WEIGHT, g, x, None, windows, groups, 0)
    return reference.convolution_weight(g, x, windows, groups) if w is None else w


cdef object convolved(int loop, first, second, b, windows, groups, int copied):
    """What the loop makes of two arrays and perhaps a bias; None: ask the twin."""
    cdef Windows v
    cdef Held held
    cdef Py_ssize_t shape[2 + DIMS]
    cdef Py_ssize_t bias[1]
    cdef int dims
    cdef bint fits
    cdef double work
    if not core.vectors or type(groups) is not int or not read_windows(&v, windows, groups):
        return None
    dims = len(windows[0])
    if type(first) is not ndarray or type(second) is not ndarray or first.ndim != 2 + dims or second.ndim != 2 + dims:
        return None
    hold_none(&held)
    if not read_channels(loop, &v, first, second):
        return None
    if loop == CONVOLUTION:
        fits = hold(&held, 0, first, 2 + dims, of_input(&v, dims, shape))
    else:
        fits = hold(&held, 0, first, 2 + dims, of_output(&v, dims, shape))
    if loop == CONVOLUTION_WEIGHT:
        fits = fits and hold(&held, 1, second, 2 + dims, of_input(&v, dims, shape))
    else:
        fits = fits and hold(&held, 1, second, 2 + dims, of_weight(&v, dims, shape))
    bias[0] = v.groups * (v.o if loop == CONVOLUTION else v.c)
    fits = fits and (b is None or hold(&held, 2, b, 1, bias))
    if not fits:
        return None if copied else convolved(loop, plain(first), plain(second), plain(b), windows, groups, 1)
    if loop == CONVOLUTION:
        y = made_like(&held, 3, 2 + dims, of_output(&v, dims, shape))
    elif loop == TRANSPOSED_CONVOLUTION:
        y = made_like(&held, 3, 2 + dims, of_input(&v, dims, shape))
    else:
        y = made_like(&held, 2, 2 + dims, of_weight(&v, dims, shape))
    work = 2.0 * v.n * v.groups * v.o * v.c * v.taps * v.positions
    if loop == CONVOLUTION_WEIGHT:
        if over(loop, &held, &v, work, v.groups * v.c, 1):
            raise MemoryError("no memory for the working space of a convolution")
        # Padding and gaps are zeros, which make a nan of what is not finite, in a place that has nothing to do with it.
        return y if all_finite(held.size, held.a[2], v.groups * v.o * v.c * v.taps) else None
    if (loop == TRANSPOSED_CONVOLUTION or stands_out(&v)) and not all_finite(
            held.size, held.a[1], v.groups * v.o * v.c * v.taps):
        return None
    if over(loop, &held, &v, work, v.n, PARTS):
        raise MemoryError("no memory for the working space of a convolution")
    return y


cdef bint read_channels(int loop, Windows* v, first, second) except -1:
    """Whether there is something to compute; then the numbers of examples and channels are in v, and what follows from them."""
    cdef Py_ssize_t channels
    if loop == CONVOLUTION:
        v.n, channels = first.shape[0], second.shape[0]
        v.c = second.shape[1]
    elif loop == TRANSPOSED_CONVOLUTION:
        v.n, channels = first.shape[0], first.shape[1]
        v.c = second.shape[1]
    else:
        v.n, channels = first.shape[0], first.shape[1]
        v.c = second.shape[1] // v.groups
        if v.c * v.groups != second.shape[1]:
            return False
    v.o = channels // v.groups
    measure(v)
    if loop == CONVOLUTION_WEIGHT:
        v.end = v.groups * v.c
    return v.n > 0 and v.c > 0 and v.o > 0 and v.o * v.groups == channels and fits_in_memory(v)
