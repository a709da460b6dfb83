# Recurrent layers: after reading it you know how a state goes through a sequence with a weight that is packed once.
#
# All steps of a batch lie one below the other, sizes[t] rows for step t. In a step the first rows of the state take part;
# longer sequences stand first. What comes from the input was multiplied before; of each step only the product with the state
# is left. The gates are computed in blocks of SIDE elements that are copied into local arrays: a loop over all the pointers of
# a cell is not vectorised, since too many of them might overlap.

cdef inline real sigmoid_of(real x) noexcept nogil:
    return <real>1 / (<real>1 + exponential[real](-x))


cdef inline real tanh_of(real x) noexcept nogil:
    """1 - 2 / (e**2x + 1), and near 0, where that would lose its last digits, by a series."""
    cdef real a = -x if x < 0 else x
    cdef real z = x * x
    cdef real far = <real>1 - <real>2 / (exponential[real](a + a) + <real>1)
    cdef real near, edge
    if real is float:
        edge = <float>0.625
        near = <float>-5.70498872745e-3
        near = near * z + <float>2.06390887954e-2
        near = near * z + <float>-5.37397155531e-2
        near = near * z + <float>1.33314422036e-1
        near = near * z + <float>-3.33332819422e-1
    else:
        edge = 0.1
        near = 21844.0 / 6081075
        near = near * z - 1382.0 / 155925
        near = near * z + 62.0 / 2835
        near = near * z - 17.0 / 315
        near = near * z + 2.0 / 15
        near = near * z - 1.0 / 3
    near = near * z * x + x
    far = -far if x < 0 else far
    return near if a < edge else far


cdef inline void fetch(const real* x, Py_ssize_t n, real* to) noexcept nogil:
    """A block, of which n elements are there: a whole one is a few loads."""
    if n == SIDE:
        memcpy(to, x, SIDE * sizeof(real))
    else:
        memset(to, 0, SIDE * sizeof(real))
        memcpy(to, x, n * sizeof(real))


cdef inline void put(const real* x, Py_ssize_t n, real* to) noexcept nogil:
    """The first n elements of a block brought to their place."""
    if n == SIDE:
        memcpy(to, x, SIDE * sizeof(real))
    else:
        memcpy(to, x, n * sizeof(real))


# ---- the product with a weight that all steps use ----


cdef void pack_once(
        Py_ssize_t k, Py_ssize_t n, const real* b, Py_ssize_t b_row, Py_ssize_t b_col, real* panels) noexcept nogil:
    """All panels of B (k, n); they take k * (n + LANES) elements, and a vector of room behind."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t p = 0, kc
    while p < k:
        kc = block_of(k - p, KC)
        pack_panels(kc, n, b + p * b_row, b_row, b_col, panels + p * (n + LANES))
        p += kc


cdef void multiply_packed(
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n, const real* a, Py_ssize_t a_row, real* panels, real* c, Py_ssize_t c_row,
        bint add) noexcept nogil:
    """C (m, n) = A @ B, or += with `add`, for a B whose panels are packed."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t p = 0, j, kc, columns
    cdef int width
    while p < k:
        kc = block_of(k - p, KC)
        j = 0
        while j < n:
            width = vectors_of(n - j, LANES)
            columns = min(width * LANES, n - j)
            panel_product(width, LANES, m, kc, columns, a + p, a_row, 1, 0, <const real*>NULL, 0, 0,
                          panels + p * (n + LANES) + j * kc, True, c + j, c_row, add or p > 0, <const real*>NULL)
            j += columns
        p += kc
