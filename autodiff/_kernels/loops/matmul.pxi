# The matrix product C = A @ B + bias: after reading it you know how a product is cut into the tiles' pieces.
#
# k is cut into blocks of KC, so that a panel of B, WIDE vectors of columns, stays in the nearest cache while the rows of
# A pass it. A panel whose columns are not whole vectors is first copied ("packed") into their shape, as are long panels
# and a wide product's A, so that the tiles read memory in order; the rest is read where it lies.

cdef enum:
    BROAD = 3072  # bytes of a row of B from which on packing a transposed A pays; twice that for rows in order


cdef int blocked(
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
        const real* bias, real* c, Py_ssize_t c_row) noexcept nogil:
    """A product, block by block; -1 when there is no memory for what is packed."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef real on_stack[KC * NR32 + 16]
    cdef real* memory = NULL
    cdef real* rows
    cdef real* panels
    cdef real* panel = <real*>((<size_t>on_stack + 63) // 64 * 64)
    cdef const real* from_a
    cdef const real* add_bias
    cdef Py_ssize_t i, j, p, kc, mc, columns, row, col, next
    cdef int width
    cdef bint pack_b = m > MC, pack_a = (a_row != 1 and a_col != 1) or (
        m >= MR and <Py_ssize_t>(n * sizeof(real)) >= BROAD * (1 if a_row == 1 else 2))
    kc = block_of(k, KC)
    if pack_a or pack_b:
        memory = <real*>malloc((kc * (min(<Py_ssize_t>MC, m + MR) + pack_b * (n + LANES)) + 16) * sizeof(real))
        if memory == NULL:
            return -1
    panels = <real*>((<size_t>memory + 63) // 64 * 64)
    rows = panels + pack_b * kc * (n + LANES)
    p = 0
    while p < k:
        kc = block_of(k - p, KC)
        if pack_b:
            pack_panels(kc, n, b + p * b_row, b_row, b_col, panels)
        i = 0
        while i < m:
            mc = block_of(m - i, MC)
            from_a, row, col, next = a + i * a_row + p * a_col, a_row, a_col, 0
            if pack_a:
                pack_rows(mc, kc, from_a, a_row, a_col, rows)
                from_a, row, col, next = rows, 1, MR, MR * kc
            j = 0
            while j < n:
                width = vectors_of(n - j, LANES)
                columns = min(width * LANES, n - j)
                if pack_b:
                    panel = panels + j * kc
                add_bias = bias + j if bias != NULL and p + kc == k else NULL
                panel_product(width, LANES, mc, kc, columns, from_a, row, col, next, b + p * b_row + j * b_col,
                              b_row, b_col, panel, pack_b, c + i * c_row + j, c_row, p > 0, add_bias)
                j += columns
            i += mc
        p += kc
    free(memory)
    return 0


cdef inline bint better_turned(const Product* o, Py_ssize_t LANES) noexcept nogil:
    """Whether it is better to compute the transpose of C: a wide B that lies in columns is then read where it lies.

    It is where few rows of A fill the vectors, as a batch of examples does before a layer's weight.
    """
    return o.b_row == 1 and o.b_col != 1 and o.k >= 64 and o.m < LONG and o.m % LANES == 0 and 2 * o.m <= o.n


cdef int turned_product(
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
        const real* bias, real* c, Py_ssize_t c_row) noexcept nogil:
    """A product as the transpose of B^T @ A^T, the same sums in the same order; -1 when there is no memory."""
    cdef Py_ssize_t i, j
    cdef real* turned = <real*>malloc(m * n * sizeof(real))
    if turned == NULL or blocked(n, k, m, b, b_col, b_row, a, a_col, a_row, <const real*>NULL, turned, m):
        free(turned)
        return -1
    if bias != NULL:
        for j in range(n):
            for i in range(m):
                turned[j * m + i] += bias[j]
    bring_across(n, m, turned, m, c, c_row)
    free(turned)
    return 0


cdef int long_product(
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const float* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const float* b, Py_ssize_t b_row, Py_ssize_t b_col,
        const float* bias, float* c, Py_ssize_t c_row) noexcept nogil:
    """A product with very many terms: pieces of LONGEST terms each, added up in double; -1 when there is no memory."""
    cdef double* totals = <double*>malloc(m * n * (sizeof(double) + sizeof(float)))
    cdef float* part = <float*>(totals + m * n)
    cdef Py_ssize_t i, j, p = 0, kc
    cdef int status = 0
    if totals == NULL:
        return -1
    memset(totals, 0, m * n * sizeof(double))
    while p < k and status == 0:
        kc = min(<Py_ssize_t>LONGEST, k - p)
        status = blocked(m, kc, n, a + p * a_col, a_row, a_col, b + p * b_row, b_row, b_col, <const float*>NULL, part, n)
        for i in range(m * n):
            totals[i] += part[i]
        p += kc
    for i in range(m):
        for j in range(n):
            c[i * c_row + j] = <float>(totals[i * n + j] + (bias[j] if bias != NULL else 0))
    free(totals)
    return status


cdef int matmul(real** arrays, const Product* o) noexcept nogil:
    """C = A @ B + bias, for A (m, k) and B (k, n) of any strides and C with rows c_row apart; -1 when there is no memory."""
    cdef const real* a = arrays[0]
    cdef const real* b = arrays[1]
    cdef const real* bias = arrays[2]
    cdef real* c = arrays[3]
    cdef Py_ssize_t m = o.m, k = o.k, n = o.n
    cdef Py_ssize_t i, j
    if k == 0:
        for i in range(m):
            for j in range(n):
                c[i * o.c_row + j] = bias[j] if bias != NULL else 0
        return 0
    if o.vector and m == 1 and o.b_row == 1 and o.a_col == 1:
        dots(n, k, b, o.b_col, a, c, bias, 1)
        return 0
    if o.vector and n == 1 and o.a_col == 1 and o.b_row == 1 and o.c_row == 1:
        dots(m, k, a, o.a_row, b, c, bias, 0)
        return 0
    if real is float:
        if k > LONGEST:
            # Some rows at a time: the doubles take twice the memory of the result.
            i = 0
            while i < m:
                if long_product(min(<Py_ssize_t>MC, m - i), k, n, a + i * o.a_row, o.a_row, o.a_col,
                                b, o.b_row, o.b_col, bias, c + i * o.c_row, o.c_row):
                    return -1
                i += MC
            return 0
    if better_turned(o, LANES32 if real is float else LANES64):
        return turned_product(m, k, n, a, o.a_row, o.a_col, b, o.b_row, o.b_col, bias, c, o.c_row)
    j = 0
    if o.vector and m == 1 and o.b_col == 1:
        j = one_row(k, n, a, o.a_col, b, o.b_row, bias, c)
        if j == n:
            return 0
    return blocked(m, k, n - j, a, o.a_row, o.a_col, b + j * o.b_col, o.b_row, o.b_col, bias if bias == NULL else bias + j,
                   c + j, o.c_row)
