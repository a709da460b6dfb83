# The phase image: after reading it you know how a window sees all of its positions at once, for any stride and padding.
#
# One image is copied, with its padding, into scratch memory. For a stride of s every s-th row and column lies side by side
# there: a *phase*. Then a tap of the window sees, for the output position q, the element tap + q, with one constant `tap` for
# each tap. Positions are counted along the rows of a phase, which are a little longer than those of the output: between two
# rows lie *gaps*, which belong to no position.

from libc.stdlib cimport calloc

cdef enum:
    ROOM = 64  # elements behind each piece of scratch memory, since whole vectors are read and written


cdef inline Py_ssize_t tap(const Windows* v, Py_ssize_t t) noexcept nogil:
    """Where in a channel's phase image the first position meets tap t."""
    cdef Py_ssize_t i, j, which = 0, at = 0, left = v.taps
    cdef int d
    for d in range(DIMS):
        left //= v.kernel[d]
        i = t // left % v.kernel[d] * v.dilation[d]
        which = which * v.stride[d] + i % v.stride[d]
        at = at * v.phase[d] + i // v.stride[d]
    return which * v.phase[0] * v.phase[1] * v.phase[2] + at


cdef inline Py_ssize_t place(const Windows* v, Py_ssize_t q) noexcept nogil:
    """Where the output position q lies among those of a phase."""
    cdef Py_ssize_t row = q // v.size[2]
    return (row // v.size[1] * v.phase[1] + row % v.size[1]) * v.phase[2] + q % v.size[2]


cdef inline Py_ssize_t depth_of(const Windows* v) noexcept nogil:
    """How many positions there are with the gaps between the first and the last."""
    return place(v, v.positions - 1) + 1


cdef inline bint has_gaps(const Windows* v) noexcept nogil:
    return depth_of(v) > v.positions


cdef inline void move_pairs(real* x, Py_ssize_t n, real* even, real* odd, bint back) noexcept nogil:
    """x in turns to `even` and `odd`, or back: float by whole vectors, since rows are short."""
    cdef Py_ssize_t i = 0
    if real is float:
        while 2 * i + 8 <= n:
            if back:
                ad_join32(even + i, odd + i, x + 2 * i)
            else:
                ad_split32(x + 2 * i, even + i, odd + i)
            i += 4
    while 2 * i < n:
        if back:
            x[2 * i] = even[i]
            if 2 * i + 1 < n:
                x[2 * i + 1] = odd[i]
        else:
            even[i] = x[2 * i]
            if 2 * i + 1 < n:
                odd[i] = x[2 * i + 1]
        i += 1


cdef inline void move_row(
        real* x, Py_ssize_t n, Py_ssize_t padding, Py_ssize_t stride, Py_ssize_t phase, real* row, bint back) noexcept nogil:
    """A row of the image into its phases, which lie `phase` elements apart, or back."""
    cdef Py_ssize_t b, j, q
    if stride == 1:
        if back:
            memcpy(x, row + padding, n * sizeof(real))
        else:
            memcpy(row + padding, x, n * sizeof(real))
    elif stride == 2:
        q = padding // 2
        if padding % 2:
            move_pairs(x, n, row + phase + q, row + q + 1, back)
        else:
            move_pairs(x, n, row + q, row + phase + q, back)
    else:
        for b in range(stride):
            j = (b + stride * padding - padding) % stride
            q = b * phase + (j + padding) // stride
            while j < n:
                if back:
                    x[j] = row[q]
                else:
                    row[q] = x[j]
                j += stride
                q += 1


cdef inline bint lies_ready(const Windows* v) noexcept nogil:
    """Whether an image is its own phase image: nothing stands around it, and nothing between its rows."""
    return v.plane == v.elements and v.stride[0] * v.stride[1] * v.stride[2] == 1


cdef void move_image(const Windows* v, Py_ssize_t channels, real* x, real* s, bint back) noexcept nogil:
    """Some channels of an image into their phase images (whose padding is there already), or back."""
    cdef Py_ssize_t c, i, j, a, b, row, phase = v.phase[0] * v.phase[1] * v.phase[2]
    if lies_ready(v):
        if back:
            memcpy(x, s, channels * v.plane * sizeof(real))
        else:
            memcpy(s, x, channels * v.plane * sizeof(real))
        return
    for c in range(channels):
        for i in range(v.inside[0]):
            a = i + v.padding[0]
            row = a % v.stride[0] * v.stride[1] * v.stride[2] * phase + a // v.stride[0] * v.phase[1] * v.phase[2]
            # Row b of the padded image lies in phase b % stride: counted, since a division takes as long as a short row.
            a, b = v.padding[1] % v.stride[1], v.padding[1] // v.stride[1]
            for j in range(v.inside[1]):
                move_row(x, v.inside[2], v.padding[2], v.stride[2], phase,
                         s + row + a * v.stride[2] * phase + b * v.phase[2], back)
                x += v.inside[2]
                a += 1
                if a == v.stride[1]:
                    a = 0
                    b += 1
        s += v.plane


cdef inline void rows_apart(const Windows* v, const real* g, real* to) noexcept nogil:
    """The positions of one channel of the output brought to their places; the gaps, which are zero, stay."""
    cdef Py_ssize_t i, j
    for i in range(v.size[0]):
        for j in range(v.size[1]):
            memcpy(to + (i * v.phase[1] + j) * v.phase[2], g, v.size[2] * sizeof(real))
            g += v.size[2]


cdef inline void rows_together(const Windows* v, const real* x, real* to) noexcept nogil:
    """The positions of one channel of the output from their places, without the gaps."""
    cdef Py_ssize_t i, j
    for i in range(v.size[0]):
        for j in range(v.size[1]):
            memcpy(to, x + (i * v.phase[1] + j) * v.phase[2], v.size[2] * sizeof(real))
            to += v.size[2]


cdef void finite(real** a, const Job* job) noexcept nogil:
    """y = 0 if all n elements of x are finite, else nan."""
    cdef real part[BLOCK]
    cdef const real* x = a[0]
    cdef Py_ssize_t i, j
    memset(part, 0, sizeof(part))
    for i in range(0, job.n // BLOCK * BLOCK, 32):
        for j in range(BLOCK):
            part[j] += x[i + j] * 0
    for i in range(job.n // BLOCK * BLOCK, job.n):
        part[0] += x[i] * 0
    for j in range(1, BLOCK):
        part[0] += part[j]
    a[1][0] = part[0]
