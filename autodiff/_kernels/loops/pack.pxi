# Packing: after reading it you know how a panel of a matrix is brought into the order in which the tiles read it.
#
# A panel is a few columns of B, or a few rows of A, side by side for every step of k. Element (i, j) of a matrix lies at
# i * row + j * col: a transpose is only other strides.

cdef enum:
    KC = 256     # terms that a tile adds up at a time, and rows of A that are packed at a time;
    MC = 256     # both multiples of 8, which every MR divides
    AHEAD = 2    # cache lines that packing fetches in advance


cdef inline Py_ssize_t block_of(Py_ssize_t left, Py_ssize_t most) noexcept nogil:
    """How long the next block is: all nearly alike, since a short last one has C or B pass once more for little work."""
    cdef Py_ssize_t blocks = (left + most - 1) // most
    return min(((left + blocks - 1) // blocks + 7) // 8 * 8, left)


cdef inline Py_ssize_t rows_of(Py_ssize_t m) noexcept nogil:
    """How many rows high the next tile is: the last two are nearly alike, since one of eight and one of one leave more idle."""
    return MR if m >= 2 * MR else m if m <= MR else (m + 1) // 2


cdef inline int vectors_of(Py_ssize_t columns, Py_ssize_t LANES) noexcept nogil:
    """How many vectors wide the next panel is: all nearly alike, since three and one leave registers empty."""
    cdef Py_ssize_t vectors = (columns + LANES - 1) // LANES
    return <int>(vectors // ((vectors + WIDE - 1) // WIDE))


cdef inline void pack(
        int width, Py_ssize_t kc, Py_ssize_t count, const real* x, Py_ssize_t lane_step, Py_ssize_t k_step,
        real* to) noexcept nogil:
    """A panel: for each of kc steps `count` elements of x side by side, in rows of `width`; no result uses the others."""
    cdef Py_ssize_t j, q, last, p = 0, eights, fours = count // 4 * 4, line = 64 // sizeof(real)
    if lane_step == 1 and k_step >= 0:
        # A copy of constant size is one load and one store; its surplus must still lie inside the matrix.
        while p < kc and p * k_step + width <= (kc - 1) * k_step + count:
            memcpy(to + p * width, x + p * k_step, width * sizeof(real))
            for j in range(width // line):
                # What the next panel takes of this row: the processor itself looks ahead along few rows.
                prefetch(x + p * k_step + width + j * line)
            p += 1
    if p < kc and count < width:
        # Zeros, since a subnormal number in an unused place would slow its whole vector down.
        memset(to + p * width, 0, (kc - p) * width * sizeof(real))
    if k_step == 1:
        while p + 4 <= kc:
            # Of every lane a line of the cache at once: rows 4096 bytes apart drive each other's lines out.
            last = p + line if p + line <= kc else p + 4
            eights = count // 8 * 8 if last - p == line else 0
            for j in range(0, eights, 8):
                for q in range(8):
                    # More lanes than the processor itself looks ahead along.
                    prefetch(x + p + AHEAD * line + (j + q) * lane_step)
                for q in range(p, last, 8):
                    turn(x + q + j * lane_step, lane_step, to + q * width + j, width)
            for j in range(eights, fours, 4):
                for q in range(4):
                    prefetch(x + p + AHEAD * line + (j + q) * lane_step)
                for q in range(p, last, 4):
                    transpose(x + q + j * lane_step, lane_step, to + q * width + j, width)
            for q in range(p, last):
                for j in range(fours, count):
                    to[q * width + j] = x[q + j * lane_step]
            p = last
    while p < kc:
        for j in range(count):
            to[p * width + j] = x[p * k_step + j * lane_step]
        p += 1


cdef void pack_rows(
        Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_row, Py_ssize_t a_col, real* to) noexcept nogil:
    """Panels of the rows of A that a tile takes, one after the other, each in the room of MR rows."""
    cdef Py_ssize_t rows
    while m > 0:
        rows = rows_of(m)
        pack(MR, kc, rows, a, a_row, a_col, to)
        a += rows * a_row
        to += MR * kc
        m -= rows


cdef inline void pack_panel(
        int width, Py_ssize_t LANES, Py_ssize_t kc, Py_ssize_t columns, const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
        real* to) noexcept nogil:
    """Up to `width` vectors of columns of B; the width is a constant where they are copied."""
    if width == 1:
        pack(LANES, kc, columns, b, b_col, b_row, to)
    elif width == 2:
        pack(2 * LANES, kc, columns, b, b_col, b_row, to)
    else:
        pack(WIDE * LANES, kc, columns, b, b_col, b_row, to)


cdef void pack_panels(
        Py_ssize_t kc, Py_ssize_t n, const real* b, Py_ssize_t b_row, Py_ssize_t b_col, real* to) noexcept nogil:
    """All panels of kc rows of B, one after the other."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t j = 0, columns
    cdef int width
    while j < n:
        width = vectors_of(n - j, LANES)
        columns = min(width * LANES, n - j)
        pack_panel(width, LANES, kc, columns, b + j * b_col, b_row, b_col, to + j * kc)
        j += columns


cdef void bring_across(
        Py_ssize_t rows, Py_ssize_t columns, const real* x, Py_ssize_t x_row, real* y, Py_ssize_t y_row) noexcept nogil:
    """y = the transpose of x, which has that many rows and columns."""
    cdef Py_ssize_t j, q, even = columns // 4 * 4, fours = rows // 4 * 4, eights = rows // 8 * 8
    for j in range(0, columns // 8 * 8, 8):
        for q in range(0, eights, 8):
            turn(x + q * x_row + j, x_row, y + j * y_row + q, y_row)
    for j in range(0, even, 4):
        for q in range(eights if j < columns // 8 * 8 else 0, fours, 4):
            transpose(x + q * x_row + j, x_row, y + j * y_row + q, y_row)
    for j in range(columns):
        for q in range(fours if j < even else 0, rows):
            y[j * y_row + q] = x[q * x_row + j]
