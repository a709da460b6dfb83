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
    cdef Py_ssize_t depth = depth_of(v), i, j, q, r
    cdef real* s = <real*>malloc((v.plane + depth + 2 * ROOM) * sizeof(real))
    cdef int* taken = <int*>calloc(2 * (depth + ROOM), sizeof(int))
    cdef int* first = taken + depth + ROOM
    cdef real* best = s + v.plane + ROOM
    cdef real* y
    cdef unsigned char* taps
    cdef real low = -1e300 * <real>1e300 if real is double else <real>(-1e300)
    cdef int t
    if s == NULL or taken == NULL:
        free(s)
        free(taken)
        return -1
    for q in range(v.plane + ROOM):
        s[q] = low
    first_taps(v, first)
    for i in range(v.begin, v.end):
        move_image(v, 1, a[0] + i * v.elements, s, False)
        for q in range(depth):
            best[q] = low
        memcpy(taken, first, depth * sizeof(int))
        for t in range(<int>v.taps):
            keep_larger(s + tap(v, t), depth, t, best, taken)
        y, taps = a[1] + i * v.positions, <unsigned char*>a[2] + i * v.positions
        for j in range(v.size[0]):
            for r in range(v.size[1]):
                q = (j * v.phase[1] + r) * v.phase[2]
                memcpy(y, best + q, v.size[2] * sizeof(real))
                narrow(taken + q, v.size[2], taps)
                y += v.size[2]
                taps += v.size[2]
    free(s)
    free(taken)
    return 0


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
    for j in range(n):
        x[j] += g[j] if taken[j] == t else 0


cdef int max_pool_grad(real** a, const Windows* v) noexcept nogil:
    """dx = g where the largest stood, for the planes from begin to end; a holds g, the taps and dx; -1 without memory."""
    cdef Py_ssize_t depth = depth_of(v), i, j, r, q
    cdef real* s = <real*>calloc(v.plane + depth + 2 * ROOM, sizeof(real))
    cdef int* taken = <int*>malloc((depth + ROOM) * sizeof(int))
    cdef real* g = s + v.plane + ROOM
    cdef const unsigned char* taps
    cdef int t
    if s == NULL or taken == NULL:
        free(s)
        free(taken)
        return -1
    for q in range(depth):
        taken[q] = -1  # in a gap
    for i in range(v.begin, v.end):
        memset(s, 0, v.plane * sizeof(real))
        rows_apart(v, a[0] + i * v.positions, g)
        taps = <const unsigned char*>a[1] + i * v.positions
        for j in range(v.size[0]):
            for r in range(v.size[1]):
                widen(taps, v.size[2], taken + (j * v.phase[1] + r) * v.phase[2])
                taps += v.size[2]
        for t in range(<int>v.taps):
            add_taken(g, taken, depth, t, s + tap(v, t))
        move_image(v, 1, a[2] + i * v.elements, s, True)
    free(s)
    free(taken)
    return 0
