# Tiles whose rows lie anywhere: after reading it you know how a product is computed whose left factor is in no order.
#
# Element (i, k) of A lies at off[i] + term[k]: what a window's tap meets at a position, from either side. The terms go in runs,
# so that those are left out which are known to be zero: what a tap meets outside of the image.

cdef struct Runs:
    # Terms that are added up, one run after the other: the first of each, and the one behind its last.
    Py_ssize_t count
    Py_ssize_t first[KC]
    Py_ssize_t end[KC]


cdef inline void add_run(Runs* runs, Py_ssize_t first, Py_ssize_t end) noexcept nogil:
    """One more run, or a longer one where it goes on with the last; an empty one is none."""
    if first >= end:
        return
    if runs.count and runs.end[runs.count - 1] == first:
        runs.end[runs.count - 1] = end
        return
    runs.first[runs.count], runs.end[runs.count] = first, end
    runs.count += 1


cdef inline void gather(
        int rows, int width, const Runs* runs, const real* a, const Py_ssize_t* off, const Py_ssize_t* term, const real* b,
        const real* start, Py_ssize_t step, real* c, const Py_ssize_t* to) noexcept nogil:
    """C = start + `rows` rows of A by a panel of B, both constants where this is inlined; row i goes to row to[i] of C.

    C is a panel. The rows of start are `step` apart: it is C itself, or one row for all.
    """
    cdef real acc[MR][WIDE][LANES32]
    cdef const real* row[MR]
    cdef const real* line
    cdef Py_ssize_t i, j, k, r, p, LANES = LANES32 if real is float else LANES64
    for i in range(rows):
        row[i] = a + off[i]
        for j in range(width):
            clear(acc[i][j])
    for r in range(runs.count):
        line = b + runs.first[r] * width * LANES
        for k in range(runs.first[r], runs.end[r]):
            p = term[k]
            for i in range(rows):
                for j in range(width):
                    add_product(acc[i][j], row[i][p], line + j * LANES)
            line += width * LANES
    for i in range(rows):
        for j in range(width):
            add_vector(acc[i][j], start + to[i] * step + j * LANES)
            copy_vector(acc[i][j], c + (to[i] * width + j) * LANES)


cdef inline void gather_rows(
        int width, Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const Py_ssize_t* term,
        const real* b, const real* start, Py_ssize_t step, real* c, const Py_ssize_t* to) noexcept nogil:
    """m rows of A, tile by tile."""
    cdef Py_ssize_t rows
    while m > 0:
        rows = rows_of(m)
        if rows == MR:
            gather(MR, width, runs, a, off, term, b, start, step, c, to)
        elif MR > 4 and rows == 7:
            gather(7, width, runs, a, off, term, b, start, step, c, to)
        elif MR > 4 and rows == 6:
            gather(6, width, runs, a, off, term, b, start, step, c, to)
        elif MR > 4 and rows == 5:
            gather(5, width, runs, a, off, term, b, start, step, c, to)
        elif MR > 4 and rows == 4:
            gather(4, width, runs, a, off, term, b, start, step, c, to)
        elif rows == 3:
            gather(3, width, runs, a, off, term, b, start, step, c, to)
        elif rows == 2:
            gather(2, width, runs, a, off, term, b, start, step, c, to)
        else:
            gather(1, width, runs, a, off, term, b, start, step, c, to)
        off += rows
        to += rows
        m -= rows


# A function for each width, as in tile.pxi.

cdef void gather_narrow(
        Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const Py_ssize_t* term, const real* b,
        const real* start, Py_ssize_t step, real* c, const Py_ssize_t* to) noexcept nogil:
    gather_rows(1, m, runs, a, off, term, b, start, step, c, to)


cdef void gather_middle(
        Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const Py_ssize_t* term, const real* b,
        const real* start, Py_ssize_t step, real* c, const Py_ssize_t* to) noexcept nogil:
    gather_rows(2, m, runs, a, off, term, b, start, step, c, to)


cdef void gather_wide(
        Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const Py_ssize_t* term, const real* b,
        const real* start, Py_ssize_t step, real* c, const Py_ssize_t* to) noexcept nogil:
    gather_rows(WIDE, m, runs, a, off, term, b, start, step, c, to)


cdef inline void gather_panel(
        int width, Py_ssize_t m, const Runs* runs, const real* a, const Py_ssize_t* off, const Py_ssize_t* term,
        const real* b, const real* start, Py_ssize_t step, real* c, const Py_ssize_t* to) noexcept nogil:
    """C = start + m rows of A by a panel of that width."""
    if width == 1:
        gather_narrow(m, runs, a, off, term, b, start, step, c, to)
    elif width == 2:
        gather_middle(m, runs, a, off, term, b, start, step, c, to)
    else:
        gather_wide(m, runs, a, off, term, b, start, step, c, to)
