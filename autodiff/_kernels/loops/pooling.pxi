# Max pools: after reading it you know how the largest of every window is found by one long loop for each tap.
#
# Where it stands is kept as the number of its tap, in one byte.

cdef inline void keep_larger(const real* x, Py_ssize_t n, int t, real* y, int* taken) noexcept nogil:
    """What is greater, or nan, is taken, and t with it."""
    cdef Py_ssize_t j
    # Two loops: in one, the compiler joins both questions into a branch, which no vector can take.
    for j in range(n):
        taken[j] = t if (x[j] > y[j]) | (x[j] != x[j]) else taken[j]
    for j in range(n):
        y[j] = x[j] if (x[j] > y[j]) | (x[j] != x[j]) else y[j]


cdef inline void list_taps(const Windows* v, Py_ssize_t* at) noexcept nogil:
    """Where each tap lies: once for all planes, since it takes a dozen divisions."""
    cdef Py_ssize_t t
    for t in range(v.taps):
        at[t] = tap(v, t)


cdef void first_taps(const Windows* v, int* first) noexcept nogil:
    """For every position the first tap that stands inside of the input: what is told of a window that holds -inf only."""
    cdef Py_ssize_t q, p, outside, at
    cdef int d, t
    for q in range(v.positions):
        p, t = q, 0
        for d in range(DIMS):
            at = (q // (v.size[1] * v.size[2]) if d == 0 else q // v.size[2] % v.size[1] if d == 1 else q % v.size[2])
            outside = max(v.padding[d] - at * v.stride[d], <Py_ssize_t>0)
            t = <int>(t * v.kernel[d] + (outside + v.dilation[d] - 1) // v.dilation[d])
        first[place(v, q)] = t


cdef int max_pool(real** a, const Windows* v) noexcept nogil:
    """y = the largest of each window of x, and its tap, for the planes from begin to end; -1 when there is no memory."""
    cdef Py_ssize_t depth = depth_of(v), i, q
    cdef real* s = <real*>malloc((v.plane + depth + 2 * ROOM) * sizeof(real))
    cdef int* taken = <int*>calloc(2 * (depth + ROOM), sizeof(int))
    cdef int* first = taken + depth + ROOM
    cdef real* line = s + v.plane + ROOM
    cdef real* best
    cdef real low = -1e300 * <real>1e300 if real is double else <real>(-1e300)
    cdef bint outside = stands_out(v), gaps = has_gaps(v)
    cdef Py_ssize_t at[TAPS]
    cdef int t
    if s == NULL or taken == NULL:
        free(s)
        free(taken)
        return -1
    for q in range(v.plane + ROOM):
        s[q] = low
    first_taps(v, first)
    list_taps(v, at)
    for i in range(v.begin, v.end):
        move_image(v, 1, a[0] + i * v.elements, s, False)
        best = line if gaps else a[1] + i * v.positions
        memcpy(taken, first, depth * sizeof(int))
        if outside:
            for q in range(depth):
                best[q] = low
        else:
            # Every window has its first tap, which is therefore the largest so far.
            memcpy(best, s, depth * sizeof(real))
        for t in range(0 if outside else 1, <int>v.taps):
            keep_larger(s + at[t], depth, t, best, taken)
        if gaps:
            rows_together(v, best, a[1] + i * v.positions)
        taps_together(v, gaps, taken, <unsigned char*>a[2] + i * v.positions)
    free(s)
    free(taken)
    return 0


cdef inline void taps_together(const Windows* v, bint gaps, const int* taken, unsigned char* to) noexcept nogil:
    """The tap of each position, in a byte; without gaps all rows are one."""
    cdef Py_ssize_t i, j, long_row = v.size[2] if gaps else v.positions
    for i in range(v.size[0] if gaps else 1):
        for j in range(v.size[1] if gaps else 1):
            narrow(taken + (i * v.phase[1] + j) * v.phase[2], long_row, to)
            to += long_row


cdef inline void taps_apart(const Windows* v, bint gaps, const unsigned char* taps, int* to) noexcept nogil:
    """The way back."""
    cdef Py_ssize_t i, j, long_row = v.size[2] if gaps else v.positions
    for i in range(v.size[0] if gaps else 1):
        for j in range(v.size[1] if gaps else 1):
            widen(taps, long_row, to + (i * v.phase[1] + j) * v.phase[2])
            taps += long_row


cdef inline void narrow(const int* x, Py_ssize_t n, unsigned char* y) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        y[j] = <unsigned char>x[j]


cdef inline void widen(const unsigned char* x, Py_ssize_t n, int* y) noexcept nogil:
    cdef Py_ssize_t j
    for j in range(n):
        y[j] = x[j]


cdef inline void add_taken(const real* g, const int* taken, Py_ssize_t n, int t, real* x) noexcept nogil:
    """x += g where tap t was taken."""
    cdef Py_ssize_t j
    cdef real d
    for j in range(n):
        d = g[j]  # read in any case, as in relu_grad
        x[j] += d if taken[j] == t else 0


cdef inline void set_taken(const real* g, const int* taken, Py_ssize_t n, int t, real* x) noexcept nogil:
    """x = g where tap t was taken, else 0."""
    cdef Py_ssize_t j
    cdef real d
    for j in range(n):
        d = g[j]
        x[j] = d if taken[j] == t else 0


cdef inline bint overlap(const Windows* v) noexcept nogil:
    """Whether an element may belong to several windows."""
    cdef int d
    for d in range(DIMS):
        if v.dilation[d] * (v.kernel[d] - 1) >= v.stride[d]:
            return True
    return False


cdef int max_pool_grad(real** a, const Windows* v) noexcept nogil:
    """dx = g where the largest stood, for the planes from begin to end; a holds g, the taps and dx; -1 without memory."""
    cdef Py_ssize_t depth = depth_of(v), i, q
    cdef real* s = <real*>calloc(v.plane + depth + 2 * ROOM, sizeof(real))
    cdef int* taken = <int*>malloc((depth + ROOM) * sizeof(int))
    cdef real* line = s + v.plane + ROOM
    cdef real* g
    cdef bint gaps = has_gaps(v), adds = overlap(v)
    cdef Py_ssize_t at[TAPS]
    cdef int t
    if s == NULL or taken == NULL:
        free(s)
        free(taken)
        return -1
    for q in range(depth):
        taken[q] = -1  # in a gap
    list_taps(v, at)
    for i in range(v.begin, v.end):
        g = line if gaps else a[0] + i * v.positions
        if gaps:
            rows_apart(v, a[0] + i * v.positions, g)
        taps_apart(v, gaps, <const unsigned char*>a[1] + i * v.positions, taken)
        if adds:
            memset(s, 0, v.plane * sizeof(real))
        for t in range(<int>v.taps):
            if adds:
                add_taken(g, taken, depth, t, s + at[t])
            else:
                # Each tap has a phase of its own, so that what no tap meets is still zero.
                set_taken(g, taken, depth, t, s + at[t])
        move_image(v, 1, a[2] + i * v.elements, s, True)
    free(s)
    free(taken)
    return 0
