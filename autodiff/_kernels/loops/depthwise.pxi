# Depthwise convolutions: after reading it you know what is left where every output sees a single channel: taps times vectors of
# positions.
#
# A loop goes over all positions of a phase image, gaps included, so that short rows make no short loops.

cdef inline void weigh_block(
        int count, const real* s, const Py_ssize_t* off, const real* w, Py_ssize_t taps, real bias, real* y) noexcept nogil:
    """y = bias + the sum of w[t] * s[off[t]:] over the taps, for a constant number of vectors, in registers."""
    cdef real acc[4][LANES32]
    cdef Py_ssize_t j, t, LANES = LANES32 if real is float else LANES64
    for j in range(count):
        set_vector(acc[j], bias)
    for t in range(taps):
        for j in range(count):
            add_product(acc[j], w[t], s + off[t] + j * LANES)
    for j in range(count):
        copy_vector(acc[j], y + j * LANES)


cdef int depthwise(real** a, const Windows* v) noexcept nogil:
    """y = the convolution of x with w, plus b, for the examples from begin to end; -1 when there is no memory."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t depth = depth_of(v), i, o, q, t
    cdef real* s = <real*>calloc(v.plane + depth + 6 * ROOM, sizeof(real))
    cdef Py_ssize_t* off = <Py_ssize_t*>malloc(v.taps * sizeof(Py_ssize_t))
    cdef real* line = s + v.plane + 4 * ROOM
    cdef real* y
    cdef const real* w
    cdef real bias
    if s == NULL or off == NULL:
        free(s)
        free(off)
        return -1
    for t in range(v.taps):
        off[t] = tap(v, t)
    for i in range(v.begin * v.groups, v.end * v.groups):
        move_image(v, 1, a[0] + i * v.elements, s, False)
        for o in range(i % v.groups * v.o, i % v.groups * v.o + v.o):
            w, bias = a[1] + o * v.taps, a[2][o] if a[2] != NULL else 0
            q = 0
            while q + 4 * LANES <= depth:
                weigh_block(4, s + q, off, w, v.taps, bias, line + q)
                q += 4 * LANES
            while q < depth:
                weigh_block(1, s + q, off, w, v.taps, bias, line + q)
                q += LANES
            y = a[3] + (i // v.groups * v.groups * v.o + o) * v.positions
            rows_together(v, line, y)
    free(s)
    free(off)
    return 0


cdef int depthwise_input(real** a, const Windows* v) noexcept nogil:
    """dx = the gradient of the input, plus b, for the examples from begin to end: each tap adds its weight times g."""
    cdef Py_ssize_t depth = depth_of(v), i, o, q, t
    cdef real* s = <real*>calloc(v.plane + depth + 2 * ROOM, sizeof(real))
    cdef real* g = s + v.plane + ROOM
    cdef real* to
    cdef real weight, bias
    if s == NULL:
        return -1
    for i in range(v.begin * v.groups, v.end * v.groups):
        bias = a[2][i % v.groups] if a[2] != NULL else 0
        for q in range(v.plane):
            s[q] = bias
        for o in range(i % v.groups * v.o, i % v.groups * v.o + v.o):
            rows_apart(v, a[0] + (i // v.groups * v.groups * v.o + o) * v.positions, g)
            for t in range(v.taps):
                weight, to = a[1][o * v.taps + t], s + tap(v, t)
                for q in range(depth):
                    to[q] += weight * g[q]
        move_image(v, 1, a[3] + i * v.elements, s, True)
    free(s)
    return 0


cdef int depthwise_weight(real** a, const Windows* v) noexcept nogil:
    """dw = the gradient of the weight, for the channels from begin to end; a holds g, x and dw; -1 when there is no memory."""
    cdef Py_ssize_t depth = depth_of(v), i, j, o, t, c
    cdef real* s = <real*>calloc(v.plane + depth + 4 * ROOM, sizeof(real))
    cdef double* sums = <double*>calloc(v.o * v.taps, sizeof(double))
    cdef real* g = s + v.plane + 2 * ROOM
    if s == NULL or sums == NULL:
        free(s)
        free(sums)
        return -1
    for c in range(v.begin, v.end):
        memset(sums, 0, v.o * v.taps * sizeof(double))
        for i in range(v.n):
            move_image(v, 1, a[1] + (i * v.groups + c) * v.elements, s, False)
            for o in range(v.o):
                rows_apart(v, a[0] + ((i * v.groups + c) * v.o + o) * v.positions, g)
                for t in range(v.taps):
                    sums[o * v.taps + t] += sum_of_pairs(g, s + tap(v, t), depth)
        for j in range(v.o * v.taps):
            a[2][c * v.o * v.taps + j] = <real>sums[j]
    free(s)
    free(sums)
    return 0


cdef inline double sum_of_pairs(const real* g, const real* x, Py_ssize_t n) noexcept nogil:
    """The sum of g * x over the positions of one image: in the arrays' own dtype, which is exact enough for one."""
    cdef real part[BLOCK]
    cdef double total = 0
    cdef Py_ssize_t at, j
    memset(part, 0, sizeof(part))
    for at in range(0, n // BLOCK * BLOCK, 32):
        for j in range(BLOCK):
            part[j] += g[at + j] * x[at + j]
    for j in range(n % BLOCK):
        part[j] += g[n // BLOCK * BLOCK + j] * x[n // BLOCK * BLOCK + j]
    add_lanes(1, part, &total)
    return total
