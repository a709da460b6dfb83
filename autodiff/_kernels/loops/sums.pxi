# Sums and maxima along memory: after reading it you know how a loop that adds up is written so that it becomes vectors.
#
# Elements are handled in blocks of a constant size with a running sum for each place in the block: only
# then may the compiler use vectors, since it may not change the order in which rounded numbers are added.
# Sums are taken in double: all of them, or, where a conversion for each term would take longer than the sum, in groups of a few
# terms, which lose next to nothing in single precision.

cdef enum:
    BLOCK = 32
    HALF = 16
    FEW = 16


cdef inline real maximum(const real* x, Py_ssize_t c) noexcept nogil:
    """The largest of x[0..c), c at least BLOCK; a nan may be passed over, and then shows in the sum of exponentials."""
    cdef real best[BLOCK]
    cdef real largest = x[0]
    cdef Py_ssize_t at, j
    for j in range(BLOCK):
        best[j] = x[j]
    for at in range(BLOCK, c // BLOCK * BLOCK, 32):
        for j in range(BLOCK):
            best[j] = x[at + j] if x[at + j] > best[j] else best[j]
    # The last block reaches back over what was seen: whole vectors again.
    for j in range(BLOCK):
        best[j] = x[c - BLOCK + j] if x[c - BLOCK + j] > best[j] else best[j]
    # As a tree: one after the other, each comparison would wait for the one before.
    for j in range(16):
        best[j] = best[j + 16] if best[j + 16] > best[j] else best[j]
    for j in range(8):
        best[j] = best[j + 8] if best[j + 8] > best[j] else best[j]
    for j in range(4):
        best[j] = best[j + 4] if best[j + 4] > best[j] else best[j]
    for j in range(4):
        largest = best[j] if best[j] > largest else largest
    return largest


cdef inline double total_of_eight(const double* sums) noexcept nogil:
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]))


cdef inline double total_of(const double* part) noexcept nogil:
    """The sum of a block of running sums, as a tree."""
    cdef double sums[8]
    cdef Py_ssize_t j
    for j in range(8):
        sums[j] = (part[j] + part[j + 8]) + (part[j + 16] + part[j + 24])
    return total_of_eight(sums)


cdef inline double total_of_few(const real* few) noexcept nogil:
    """The sum of a block of running sums of a few terms: once more in their precision, then in double, as a tree."""
    cdef real half[HALF]
    cdef double sums[8]
    cdef Py_ssize_t j
    for j in range(HALF):
        half[j] = few[j] + few[j + HALF]
    for j in range(8):
        sums[j] = <double>half[j] + <double>half[j + 8]
    return total_of_eight(sums)


cdef inline double sum_of_products(const real* g, const real* y, Py_ssize_t c) noexcept nogil:
    """The sum of g * y, or of g where y is NULL."""
    cdef double part[BLOCK]
    cdef double total = 0
    cdef Py_ssize_t at, j, whole = c // BLOCK * BLOCK
    memset(part, 0, sizeof(part))
    for at in range(0, whole, 32):
        for j in range(BLOCK):
            part[j] += <double>g[at + j] * y[at + j] if y != NULL else g[at + j]
    if whole > 0:
        total = total_of(part)
    for j in range(whole, c):
        total += <double>g[j] * y[j] if y != NULL else g[j]
    return total


cdef inline double sum_of_long(const real* x, Py_ssize_t whole) noexcept nogil:
    """The sum of a whole number of blocks: a few of them in single precision, then all in double."""
    cdef double sums[BLOCK]
    cdef real few[BLOCK]
    cdef Py_ssize_t j, at, first = 0
    memset(sums, 0, sizeof(sums))
    while first < whole:
        memset(few, 0, sizeof(few))
        for at in range(first, min(first + FEW * BLOCK, whole), 32):
            for j in range(BLOCK):
                few[j] += x[at + j]
        for j in range(BLOCK):
            sums[j] += few[j]
        first += FEW * BLOCK
    return total_of(sums)


cdef inline double sum_of_short(const real* x, Py_ssize_t whole) noexcept nogil:
    """The same with a sum in double for each few blocks: what is quickly added up once is slow for many of them."""
    cdef real few[BLOCK]
    cdef double total = 0
    cdef Py_ssize_t j, at, first = 0
    while first < whole:
        memset(few, 0, sizeof(few))
        for at in range(first, min(first + FEW * BLOCK, whole), 32):
            for j in range(BLOCK):
                few[j] += x[at + j]
        total += total_of_few(few)
        first += FEW * BLOCK
    return total


cdef void row_sums(real** a, const Job* job) noexcept nogil:
    """y = the sum of each of the n rows of x."""
    cdef const real* x = a[0]
    cdef real* y = a[1]
    cdef double total
    cdef Py_ssize_t i, j, c = job.c, whole = c // BLOCK * BLOCK
    for i in range(job.n):
        total = sum_of_long(x, whole) if whole > 8 * FEW * BLOCK else sum_of_short(x, whole)
        for j in range(whole, c):
            total += x[j]
        y[i] = <real>total
        x += c


cdef void column_sums(real** a, const Job* job) noexcept nogil:
    """y = the sum of the n rows of x, a block of columns at a time."""
    cdef const real* x = a[0]
    cdef real* y = a[1]
    cdef double sums[BLOCK]
    cdef real few[BLOCK]
    cdef Py_ssize_t i, j, at, first, left, n = job.n, c = job.c
    for at in range(0, c, 32):
        left = min(<Py_ssize_t>BLOCK, c - at)
        memset(sums, 0, sizeof(sums))
        first = 0
        while first < n:
            memset(few, 0, sizeof(few))
            for i in range(first, min(first + FEW, n)):
                if left == BLOCK:
                    for j in range(BLOCK):
                        few[j] += x[i * c + at + j]
                else:
                    for j in range(left):
                        few[j] += x[i * c + at + j]
            for j in range(BLOCK):
                sums[j] += few[j]
            first += FEW
        for j in range(left):
            y[at + j] = <real>sums[j]
