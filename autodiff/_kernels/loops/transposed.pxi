# Transposed convolutions: after reading it you know how the gradient of a convolution's input is computed, in one of two ways.
#
# Either the tiles add into the phase image at each tap: (c, o) @ (o, positions). Then the gaps are multiplied, and the weight
# must be finite: that is the doors' promise. Or, for strides of 1, it is a convolution with the weight turned round.

cdef int transposed_convolution(real** a, const Windows* v) noexcept nogil:
    """dx = the gradient of the input, plus b, for the examples from begin to end; a holds g, w, b and dx."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t size = v.c * v.plane + WIDE * LANES + ROOM, depth = depth_of(v)
    cdef Py_ssize_t row = (depth + WIDE * LANES - 1) // (WIDE * LANES) * (WIDE * LANES), tiles = (v.c // MR + 2) * MR
    cdef Py_ssize_t i, group, j, p, t, k = v.c * v.taps
    cdef real* s
    cdef real* outputs
    cdef real* panel
    cdef real* packed
    cdef real* w
    if turns(v) and (v.o == 1 or not slim(v)):
        return turned(a, v)
    if slim(v):
        return depthwise_input(a, v)
    s = <real*>calloc(size + v.o * row + ROOM, sizeof(real))
    panel = <real*>malloc((KC * WIDE * LANES + v.groups * v.taps * v.o * tiles + 2 * ROOM) * sizeof(real))
    if s == NULL or panel == NULL:
        free(s)
        free(panel)
        return -1
    outputs, packed = s + size, panel + KC * WIDE * LANES + ROOM
    for group in range(v.groups):
        p = 0
        while p < v.o:
            i = block_of(v.o - p, KC)
            for t in range(v.taps):
                w = a[1] + (group * v.o + p) * k + t
                pack_rows(v.c, i, w, v.taps, k, packed + (group * v.o * v.taps + p * v.taps + t * i) * tiles)
            p += i
    for i in range(v.begin, v.end):
        for group in range(v.groups):
            for j in range(v.c):
                for p in range(v.plane):
                    s[j * v.plane + p] = a[2][group * v.c + j] if a[2] != NULL else 0
            for j in range(v.o):
                rows_apart(v, a[0] + ((i * v.groups + group) * v.o + j) * v.positions, outputs + j * row)
            image_back(v, outputs, row, depth, panel, packed + group * v.o * v.taps * tiles, tiles, s)
            move_image(v, v.c, a[3] + (i * v.groups + group) * v.c * v.elements, s, True)
    free(s)
    free(panel)
    return 0


cdef void image_back(
        const Windows* v, const real* outputs, Py_ssize_t row, Py_ssize_t depth, real* panel, const real* packed,
        Py_ssize_t tiles, real* s) noexcept nogil:
    """What one image's outputs of one group add to its phase image."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t j = 0, p, t, kc, whole
    cdef int width
    while j < depth:
        width = vectors_of(depth - j, LANES)
        whole = width * LANES
        p = 0
        while p < v.o:
            kc = block_of(v.o - p, KC)
            pack_panel(width, LANES, kc, whole, outputs + p * row + j, row, 1, panel)
            for t in range(v.taps):
                panel_product(width, LANES, v.c, kc, whole, packed + (p * v.taps + t * kc) * tiles, 1, MR, MR * kc,
                              <const real*>NULL, 0, 0, panel, True, s + tap(v, t) + j, v.plane, True, <const real*>NULL)
            p += kc
        j += whole


cdef inline Windows turned_windows(const Windows* v) noexcept nogil:
    """The windows over the gradient that comes in, whose convolution is the gradient of the input."""
    cdef Windows back = v[0]
    cdef int d
    back.c, back.o = v.o, v.c
    for d in range(DIMS):
        back.inside[d], back.size[d] = v.size[d], v.inside[d]
        back.padding[d] = v.dilation[d] * (v.kernel[d] - 1) - v.padding[d]
    measure(&back)
    back.begin, back.end = v.begin, v.end
    return back


cdef inline bint turns(const Windows* v) noexcept nogil:
    """Whether the gradient of the input is better computed as a convolution with the weight turned round.

    It is one where every stride is 1. It is better where padding is left out; else it takes fewer positions than the other way
    has gaps where the padding is half a window. A single tap that meets everything once leaves just a product.
    """
    cdef Windows back
    cdef bint pads = v.taps == 1 and lies_ready(v)
    cdef int d
    for d in range(DIMS):
        if v.stride[d] != 1 or v.padding[d] > v.dilation[d] * (v.kernel[d] - 1):
            return False
        pads = pads or 2 * v.padding[d] >= v.dilation[d] * (v.kernel[d] - 1) > 0
    back = turned_windows(v)
    return pads or fills(&back)


cdef int turned(real** a, const Windows* v) noexcept nogil:
    """The gradient of the input for strides of 1: g convolved with w, its taps in the other order and channels exchanged."""
    cdef Windows back = turned_windows(v)
    cdef real* arrays[4]
    cdef real* w
    cdef Py_ssize_t group, i, j, t
    cdef int status
    if fills(&back):
        return by_positions(a, &back, True)
    w = <real*>malloc(v.groups * v.o * v.c * v.taps * sizeof(real))
    if w == NULL:
        return -1
    for group in range(v.groups):
        for i in range(v.c):
            for j in range(v.o):
                for t in range(v.taps):
                    w[((group * v.c + i) * v.o + j) * v.taps + t] = a[1][
                        ((group * v.o + j) * v.c + i) * v.taps + v.taps - 1 - t]
    arrays[0], arrays[1], arrays[2], arrays[3] = a[0], w, a[2], a[3]
    status = convolution(arrays, &back)
    free(w)
    return status
