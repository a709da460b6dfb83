# Tiles whose rows lie anywhere: after reading it you know how a product is computed whose left factor is in no order.
#
# Row i of A begins at off[i], and the terms of the product are read in runs: what a tap of a window meets in a row of an image.

cdef struct Runs:
    # Pieces of memory that are read one after the other: where each begins in A, and how long it is.
    Py_ssize_t count
    Py_ssize_t start[KC]
    Py_ssize_t length[KC]


cdef inline void gather_step(
        int rows, int width, real (*acc)[WIDE][LANES32], const real** a, Py_ssize_t p, const real* b) noexcept nogil:
    """One term: element p of every row of A times the vectors of a row of B."""
    cdef Py_ssize_t i, j, LANES = LANES32 if real is float else LANES64
    for i in range(rows):
        for j in range(width):
            add_product(acc[i][j], a[i][p], b + j * LANES)


cdef inline void gather(
        int rows, int width, const Runs* runs, const real* a, const Py_ssize_t* off, const real* b, real* c,
        bint add) noexcept nogil:
    """`rows` rows of A by a panel of B, both constants wherever this is inlined; the rows of C lie a panel apart."""
    cdef real acc[MR][WIDE][LANES32]
    cdef const real* row[MR]
    cdef Py_ssize_t i, j, p, r, LANES = LANES32 if real is float else LANES64
    for i in range(rows):
        row[i] = a + off[i]
        for j in range(width):
            clear(acc[i][j])
    for r in range(runs.count):
        for p in range(runs.start[r], runs.start[r] + runs.length[r]):
            gather_step(rows, width, acc, row, p, b)
            b += width * LANES
    for i in range(rows):
        for j in range(width):
            if add:
                add_vector(acc[i][j], c + j * LANES)
            copy_vector(acc[i][j], c + j * LANES)
        c += width * LANES


cdef inline void gather_rows(
        int width, Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const real* b, real* c,
        bint add) noexcept nogil:
    """m rows of A, tile by tile."""
    cdef Py_ssize_t rows, LANES = LANES32 if real is float else LANES64
    while m > 0:
        rows = rows_of(m)
        if rows == MR:
            gather(MR, width, runs, a, off, b, c, add)
        elif MR > 4 and rows == 7:
            gather(7, width, runs, a, off, b, c, add)
        elif MR > 4 and rows == 6:
            gather(6, width, runs, a, off, b, c, add)
        elif MR > 4 and rows == 5:
            gather(5, width, runs, a, off, b, c, add)
        elif MR > 4 and rows == 4:
            gather(4, width, runs, a, off, b, c, add)
        elif rows == 3:
            gather(3, width, runs, a, off, b, c, add)
        elif rows == 2:
            gather(2, width, runs, a, off, b, c, add)
        else:
            gather(1, width, runs, a, off, b, c, add)
        off += rows
        c += rows * width * LANES
        m -= rows


# A function for each width, as in tile.pxi.

cdef void gather_narrow(
        Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const real* b, real* c, bint add) noexcept nogil:
    gather_rows(1, m, runs, a, off, b, c, add)


cdef void gather_middle(
        Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const real* b, real* c, bint add) noexcept nogil:
    gather_rows(2, m, runs, a, off, b, c, add)


cdef void gather_wide(
        Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const real* b, real* c, bint add) noexcept nogil:
    gather_rows(WIDE, m, runs, a, off, b, c, add)


cdef inline void gather_panel(
        int width, Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const real* b, real* c,
        bint add) noexcept nogil:
    """m rows of A by a panel of that width."""
    if width == 1:
        gather_narrow(m, runs, a, off, b, c, add)
    elif width == 2:
        gather_middle(m, runs, a, off, b, c, add)
    else:
        gather_wide(m, runs, a, off, b, c, add)
