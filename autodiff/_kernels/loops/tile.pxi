# Tiles: after reading it you know how a part of a product is computed in registers, and brought to its place.
#
# C is computed in tiles of MR rows by WIDE vectors of columns that live in registers while k runs.
# All paths through tiles add up the same products in the same order, so that an element does not depend on where the
# tiles lie, and the parts of a product can be shared out.

cdef enum:
    LONG = 72    # rows of A from which on packing a panel of B pays, though it could be read where it lies


cdef inline void add_step(
        int rows, int width, real (*acc)[WIDE][LANES32], const real* a, Py_ssize_t a_row, const real* b) noexcept nogil:
    """One step of k: every element of a column of A times the vectors of a row of B."""
    cdef Py_ssize_t i, j, LANES = LANES32 if real is float else LANES64
    for i in range(rows):
        for j in range(width):
            add_product(acc[i][j], a[i * a_row], b + j * LANES)


cdef inline void tile(
        int rows, int width, Py_ssize_t kc, const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """`rows` rows of A by `width` vectors of columns of B; both are constants wherever this is inlined."""
    cdef real acc[MR][WIDE][LANES32]
    cdef Py_ssize_t i, j, p, LANES = LANES32 if real is float else LANES64
    if kc > 48:
        # The part of C that the tile ends in is fetched while the tile is computed.
        for i in range(rows):
            for j in range(width):
                prefetch(c + i * c_row + j * LANES)
    for i in range(rows):
        for j in range(width):
            clear(acc[i][j])
    if DEEP:
        for p in range(kc // 4):
            add_step(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
            add_step(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
            add_step(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
            add_step(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
        kc %= 4
    for p in range(kc):
        add_step(rows, width, acc, a, a_row, b)
        a += a_col
        b += b_row
    for i in range(rows):
        for j in range(width):
            if add:
                add_vector(acc[i][j], c + j * LANES)
            if bias != NULL:
                add_vector(acc[i][j], bias + j * LANES)
            copy_vector(acc[i][j], c + j * LANES)
        c += c_row


cdef inline void store_few(int count, const real* part, real* c, bint add, const real* bias) noexcept nogil:
    """A constant number of elements of a tile's row."""
    cdef Py_ssize_t j
    cdef real value
    for j in range(count):
        value = part[j]
        if add:
            value += c[j]
        c[j] = value + bias[j] if bias != NULL else value


cdef void store(
        Py_ssize_t rows, Py_ssize_t columns, const real* part, Py_ssize_t part_row,
        real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """Bring the part of a tile that lies inside C to its place: a loop of unknown length costs more than a few elements."""
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(0, columns - 7, 8):
            store_few(8, part + j, c + j, add, bias if bias == NULL else bias + j)
        j = columns // 8 * 8
        if columns & 4:
            store_few(4, part + j, c + j, add, bias if bias == NULL else bias + j)
            j += 4
        if columns & 2:
            store_few(2, part + j, c + j, add, bias if bias == NULL else bias + j)
            j += 2
        if columns & 1:
            store_few(1, part + j, c + j, add, bias if bias == NULL else bias + j)
        c += c_row
        part += part_row


cdef inline void rows_by_panel(
        int width, Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_row, Py_ssize_t a_col, Py_ssize_t a_next,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """m rows of A by one panel of B, tile by tile; the rows of packed tiles begin a_next apart, else that is 0."""
    cdef Py_ssize_t rows
    while m > 0:
        rows = rows_of(m)
        if rows == MR:
            tile(MR, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        elif MR > 4 and rows == 7:
            tile(7, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        elif MR > 4 and rows == 6:
            tile(6, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        elif MR > 4 and rows == 5:
            tile(5, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        elif MR > 4 and rows == 4:
            tile(4, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        elif rows == 3:
            tile(3, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        elif rows == 2:
            tile(2, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        else:
            tile(1, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        a += a_next if a_next else rows * a_row
        c += rows * c_row
        m -= rows


# Each width of a panel, with A in rows or in columns, is a function of its own: the step of A that is 1 is then a constant, and
# the addresses of a tile fit into the registers. One function that holds them all takes a compiler more than twice as long.


cdef void narrow_columns(
        Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_step, Py_ssize_t a_next,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    rows_by_panel(1, m, kc, a, 1, a_step, a_next, b, b_row, c, c_row, add, bias)


cdef void narrow_rows(
        Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_step, Py_ssize_t a_next,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    rows_by_panel(1, m, kc, a, a_step, 1, a_next, b, b_row, c, c_row, add, bias)


cdef void middle_columns(
        Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_step, Py_ssize_t a_next,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    rows_by_panel(2, m, kc, a, 1, a_step, a_next, b, b_row, c, c_row, add, bias)


cdef void middle_rows(
        Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_step, Py_ssize_t a_next,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    rows_by_panel(2, m, kc, a, a_step, 1, a_next, b, b_row, c, c_row, add, bias)


cdef void wide_columns(
        Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_step, Py_ssize_t a_next,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    rows_by_panel(WIDE, m, kc, a, 1, a_step, a_next, b, b_row, c, c_row, add, bias)


cdef void wide_rows(
        Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_step, Py_ssize_t a_next,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    rows_by_panel(WIDE, m, kc, a, a_step, 1, a_next, b, b_row, c, c_row, add, bias)


cdef inline void by_panel(
        int width, Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_row, Py_ssize_t a_col, Py_ssize_t a_next,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """`rows_by_panel` by the function that is made for this width and for the layout of A."""
    if a_row == 1:
        if width == 1:
            narrow_columns(m, kc, a, a_col, a_next, b, b_row, c, c_row, add, bias)
        elif width == 2:
            middle_columns(m, kc, a, a_col, a_next, b, b_row, c, c_row, add, bias)
        else:
            wide_columns(m, kc, a, a_col, a_next, b, b_row, c, c_row, add, bias)
    elif width == 1:
        narrow_rows(m, kc, a, a_row, a_next, b, b_row, c, c_row, add, bias)
    elif width == 2:
        middle_rows(m, kc, a, a_row, a_next, b, b_row, c, c_row, add, bias)
    else:
        wide_rows(m, kc, a, a_row, a_next, b, b_row, c, c_row, add, bias)


cdef void panel_product(
        int width, Py_ssize_t LANES, Py_ssize_t m, Py_ssize_t kc, Py_ssize_t columns,
        const real* a, Py_ssize_t a_row, Py_ssize_t a_col, Py_ssize_t a_next,
        const real* b, Py_ssize_t b_row, Py_ssize_t b_col, real* panel, bint is_packed,
        real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """m rows of A by up to `width` vectors of columns of B, which are packed into `panel` where it pays."""
    cdef real edge[MR * NR32]
    cdef real* to = c
    cdef const real* to_bias = bias
    cdef Py_ssize_t i = 0, rows = m, to_row = c_row, whole = width * LANES
    cdef bint to_add = add
    if is_packed:
        b, b_row = panel, whole
    elif b_col != 1 or columns != whole or m >= LONG:
        pack_panel(width, LANES, kc, columns, b, b_row, b_col, panel)
        b, b_row = panel, whole
    if columns != whole:
        to, to_row, to_add, to_bias = edge, whole, 0, <const real*>NULL
    while i < m:
        if columns != whole:
            rows = rows_of(m - i)
        by_panel(width, rows, kc, a, a_row, a_col, a_next, b, b_row, to, to_row, to_add, to_bias)
        if columns != whole:
            store(rows, columns, edge, whole, c + i * c_row, c_row, add, bias)
        a += a_next if a_next else rows * a_row
        i += rows
