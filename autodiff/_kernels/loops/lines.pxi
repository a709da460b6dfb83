# Products of a single row or column: after reading it you know why they have loops of their own, and how those add up.
#
# Every element of the matrix is used once, so the product takes as long as it takes to read the matrix: what counts is that
# memory is read in its order, in pieces as long as possible. The order of the sums differs from that of the tiles.

cdef enum:
    STRIP = 1024  # columns of a wide matrix that one row is multiplied by at a time
    LONGEST = 16384  # terms that are added up in float32 before the sum goes on in double


cdef inline void add_lanes(int rows, const real* sums, double* totals) noexcept nogil:
    """To each of up to four totals its 32 running sums: halves onto halves, and the last four of all rows side by side."""
    cdef real part[4][16]
    cdef double last[4][4]
    cdef double turned[4][4]
    cdef Py_ssize_t j, q
    for q in range(rows):
        for j in range(16):
            part[q][j] = sums[32 * q + j] + sums[32 * q + j + 16]
        for j in range(8):
            part[q][j] += part[q][j + 8]
        for j in range(4):
            last[q][j] = <double>part[q][j] + part[q][j + 4]
    if rows == 4:
        ad_transpose64(&last[0][0], 4, &turned[0][0], 4)
        for q in range(4):
            totals[q] += (turned[0][q] + turned[2][q]) + (turned[1][q] + turned[3][q])
    else:
        for q in range(rows):
            totals[q] += (last[q][0] + last[q][2]) + (last[q][1] + last[q][3])


cdef inline void dots_of(
        int rows, Py_ssize_t k, const real* a, Py_ssize_t a_row, const real* x, real* y,
        const real* bias, Py_ssize_t bias_step) noexcept nogil:
    """`dots` of a constant number of rows."""
    cdef real sums[4][32]
    cdef double totals[4]
    cdef Py_ssize_t first = 0, p, q, lane, whole = k // 32 * 32
    memset(totals, 0, sizeof(totals))
    while first < whole:
        # The sums go on in double from time to time: a float32 that has grown large loses what is added to it.
        for q in range(rows):
            for lane in range(32):
                sums[q][lane] = a[q * a_row + first + lane] * x[first + lane]
        for p in range(first + 32, min(first + <Py_ssize_t>LONGEST, whole), 32):
            for q in range(rows):
                # The rows after these: the processor itself looks ahead along a row only.
                prefetch(a + (q + rows) * a_row + p)
                prefetch(a + (q + rows) * a_row + p + 16)
                for lane in range(32):
                    sums[q][lane] += a[q * a_row + p + lane] * x[p + lane]
        add_lanes(rows, &sums[0][0], totals)
        first += LONGEST
    for p in range(whole, k):
        for q in range(rows):  # side by side: each row's sum waits for its last term
            totals[q] += <double>a[q * a_row + p] * x[p]
    for q in range(rows):
        y[q] = <real>totals[q]
        if bias != NULL:
            y[q] += bias[q * bias_step]


cdef void dots(
        Py_ssize_t m, Py_ssize_t k, const real* a, Py_ssize_t a_row, const real* x, real* y,
        const real* bias, Py_ssize_t bias_step) noexcept nogil:
    """y[i] = a[i] . x + bias: rows of A that lie in order, with several running sums for each."""
    cdef Py_ssize_t i = 0
    while i + 4 <= m:
        dots_of(4, k, a + i * a_row, a_row, x, y + i, bias if bias == NULL else bias + i * bias_step, bias_step)
        i += 4
    while i < m:
        dots_of(1, k, a + i * a_row, a_row, x, y + i, bias if bias == NULL else bias + i * bias_step, bias_step)
        i += 1


cdef inline void wide(Py_ssize_t k, const real* a, Py_ssize_t a_col, const real* b, Py_ssize_t b_row,
                      const real* bias, real* c, bint add) noexcept nogil:
    """One row of A by eight vectors of columns of B, where it lies."""
    cdef real acc[8][LANES32]
    cdef Py_ssize_t j, p, LANES = LANES32 if real is float else LANES64
    for j in range(8):
        clear(acc[j])
    for p in range(k):
        for j in range(8):
            prefetch(b + 4 * b_row + j * LANES)  # a row is left before the processor looks ahead
            add_product(acc[j], a[p * a_col], b + j * LANES)
        b += b_row
    for j in range(8):
        if add:
            add_vector(acc[j], c + j * LANES)
        if bias != NULL:
            add_vector(acc[j], bias + j * LANES)
        copy_vector(acc[j], c + j * LANES)


cdef inline void add_four_rows(
        const real* a, Py_ssize_t a_col, const real* b, Py_ssize_t b_row, real* sums) noexcept nogil:
    """The products of four elements of a with four rows of B, one after the other, onto STRIP sums."""
    cdef real a0 = a[0], a1 = a[a_col], a2 = a[2 * a_col], a3 = a[3 * a_col]
    cdef const real* b1 = b + b_row
    cdef const real* b2 = b1 + b_row
    cdef const real* b3 = b2 + b_row
    cdef Py_ssize_t j
    for j in range(STRIP):
        sums[j] = (((sums[j] + a0 * b[j]) + a1 * b1[j]) + a2 * b2[j]) + a3 * b3[j]


cdef void strip_by_row(
        Py_ssize_t kc, const real* a, Py_ssize_t a_col, const real* b, Py_ssize_t b_row, const real* bias, real* c,
        bint add) noexcept nogil:
    """One row by a strip of a wide matrix, four rows at a time: memory is read in longer pieces than registers hold."""
    cdef real sums[STRIP]
    cdef Py_ssize_t j, p = 0
    memset(sums, 0, sizeof(sums))
    while p + 4 <= kc:
        add_four_rows(a + p * a_col, a_col, b + p * b_row, b_row, sums)
        p += 4
    while p < kc:
        for j in range(STRIP):
            sums[j] += a[p * a_col] * b[p * b_row + j]
        p += 1
    for j in range(STRIP):
        if add:
            sums[j] += c[j]
        c[j] = sums[j] + bias[j] if bias != NULL else sums[j]


cdef Py_ssize_t one_row(
        Py_ssize_t k, Py_ssize_t n, const real* a, Py_ssize_t a_col, const real* b, Py_ssize_t b_row,
        const real* bias, real* c) noexcept nogil:
    """One row by a matrix whose rows lie in order; returns how many columns are done, whole groups of eight vectors."""
    cdef Py_ssize_t step = 8 * (LANES32 if real is float else LANES64)
    cdef Py_ssize_t j = 0, p, kc
    cdef const real* add_bias
    while j + STRIP <= n:
        p = 0
        while p < k:
            kc = block_of(k - p, KC)
            add_bias = bias + j if bias != NULL and p + kc == k else NULL
            strip_by_row(kc, a + p * a_col, a_col, b + p * b_row + j, b_row, add_bias, c + j, p > 0)
            p += kc
        j += STRIP
    while j + step <= n:
        p = 0
        while p < k:
            # In the blocks of every other path, so that no element depends on which one it took.
            kc = block_of(k - p, KC)
            add_bias = bias + j if bias != NULL and p + kc == k else NULL
            wide(kc, a + p * a_col, a_col, b + p * b_row + j, b_row, add_bias, c + j, p > 0)
            p += kc
        j += step
    return j
