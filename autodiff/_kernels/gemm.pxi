# The matrix product C = A @ B + bias: after reading it you know how tiles, strides and packing feed the registers.
#
# C is computed in tiles of MR rows by NR columns that live in vector registers while k runs. A small
# product reads A and B where they lie. For a large one both are first copied ("packed") into panels, so
# that the tiles read memory in order, and k is cut into blocks of KC, so that a panel stays in the cache.
# Element (i, j) of a matrix is at i * row + j * col: a transpose is only other strides.
#
# Every path adds up the same products in the same order, so an element does not depend on which one ran.

from libc.string cimport memcpy, memset

cdef extern from *:
    """
    #if defined(__AVX512F__)
    #  define AD_VECTOR 64
    #  define AD_MR 12
    #elif defined(__AVX2__)
    #  define AD_VECTOR 32
    #  define AD_MR 6
    #elif defined(__aarch64__)
    #  define AD_VECTOR 16
    #  define AD_MR 8
    #else
    #  define AD_VECTOR 16
    #  define AD_MR 4
    #endif
    #if defined(__GNUC__)
    /* A vector is whatever a register holds; in memory it may begin at any element. */
    typedef float ad_f32 __attribute__((vector_size(AD_VECTOR), aligned(4), may_alias));
    typedef double ad_f64 __attribute__((vector_size(AD_VECTOR), aligned(8), may_alias));
    #  define AD_WIDE 2
    #else
    typedef float ad_f32;
    typedef double ad_f64;
    #  define AD_WIDE 8
    #endif
    #define AD_LANES32 (sizeof(ad_f32) / sizeof(float))
    #define AD_LANES64 (sizeof(ad_f64) / sizeof(double))
    #define AD_NR32 (AD_WIDE * AD_LANES32)
    #define AD_NR64 (AD_WIDE * AD_LANES64)
    """
    ctypedef float f32 "ad_f32"
    ctypedef double f64 "ad_f64"
    enum:
        MR "AD_MR"
        WIDE "AD_WIDE"
        LANES32 "AD_LANES32"
        LANES64 "AD_LANES64"
        NR32 "AD_NR32"
        NR64 "AD_NR64"
        TILE_BYTES "AD_WIDE * AD_VECTOR"

cdef enum:
    KC = 384
    MC = 240     # a multiple of every MR
    NC = 4096    # a multiple of every NR
    SMALL = 300000  # products of two numbers below which packing A does not pay


cdef inline void tile_f32(
        int rows, int width, Py_ssize_t kc, const float* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const float* b, Py_ssize_t b_row, float* c, Py_ssize_t c_row, bint add, const float* bias) noexcept nogil:
    """`rows` rows of A by `width` vectors of columns of B; both are constants wherever this is inlined."""
    cdef f32 acc[MR][WIDE]
    cdef Py_ssize_t i, j, p
    memset(acc, 0, sizeof(acc))
    for p in range(kc):
        for i in range(rows):
            for j in range(width):
                acc[i][j] += a[i * a_row] * (<const f32*>b)[j]
        a += a_col
        b += b_row
    for i in range(rows):
        for j in range(width):
            if add:
                acc[i][j] += (<f32*>c)[j]
            if bias != NULL:
                acc[i][j] += (<const f32*>bias)[j]
            (<f32*>c)[j] = acc[i][j]
        c += c_row


cdef inline void tile_f64(
        int rows, int width, Py_ssize_t kc, const double* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const double* b, Py_ssize_t b_row, double* c, Py_ssize_t c_row, bint add, const double* bias) noexcept nogil:
    """The same for double."""
    cdef f64 acc[MR][WIDE]
    cdef Py_ssize_t i, j, p
    memset(acc, 0, sizeof(acc))
    for p in range(kc):
        for i in range(rows):
            for j in range(width):
                acc[i][j] += a[i * a_row] * (<const f64*>b)[j]
        a += a_col
        b += b_row
    for i in range(rows):
        for j in range(width):
            if add:
                acc[i][j] += (<f64*>c)[j]
            if bias != NULL:
                acc[i][j] += (<const f64*>bias)[j]
            (<f64*>c)[j] = acc[i][j]
        c += c_row


cdef inline void tile(
        int rows, int width, Py_ssize_t kc, const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    if real is float:
        tile_f32(rows, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
    else:
        tile_f64(rows, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)


cdef void store(
        Py_ssize_t rows, Py_ssize_t columns, const real* part, Py_ssize_t part_row,
        real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """Bring the part of a tile that lies inside C to its place."""
    cdef Py_ssize_t i, j
    cdef real value
    for i in range(rows):
        for j in range(columns):
            value = part[j]
            if add:
                value += c[j]
            if bias != NULL:
                value += bias[j]
            c[j] = value
        c += c_row
        part += part_row


cdef void pack_rows(
        Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        real* to) noexcept nogil:
    """Panels of MR rows of A, each stored column by column; rows past the end are zero."""
    cdef Py_ssize_t i, ii, p, panel
    for panel in range((m + MR - 1) // MR):
        i = panel * MR
        for p in range(kc):
            for ii in range(MR):
                to[ii] = a[(i + ii) * a_row + p * a_col] if i + ii < m else 0
            to += MR


cdef inline void pack_columns(
        Py_ssize_t width, Py_ssize_t kc, Py_ssize_t n, const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
        real* to) noexcept nogil:
    """Panels of `width` columns of B, each stored row by row; columns past the end are zero."""
    cdef Py_ssize_t j, jj, p, panel, columns
    for panel in range((n + width - 1) // width):
        j = panel * width
        columns = min(width, n - j)
        for p in range(kc):
            if columns < width:
                for jj in range(width):
                    to[jj] = b[p * b_row + (j + jj) * b_col] if jj < columns else 0
            elif b_col == 1:
                memcpy(to, b + p * b_row + j, width * sizeof(real))
            else:
                for jj in range(width):
                    to[jj] = b[p * b_row + (j + jj) * b_col]
            to += width


cdef inline void column_of_tiles(
        int width, Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """All rows of A, where they lie, by one panel of B: tall tiles first, then what is left."""
    while m >= MR:
        tile(MR, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        a += MR * a_row
        c += MR * c_row
        m -= MR
    while m >= 4:
        tile(4, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        a += 4 * a_row
        c += 4 * c_row
        m -= 4
    while m > 0:
        tile(1, width, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
        a += a_row
        c += c_row
        m -= 1


cdef void panel_product(
        int width, Py_ssize_t m, Py_ssize_t kc, const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """column_of_tiles, with the width made a constant."""
    if width == 1:
        column_of_tiles(1, m, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)
    else:
        column_of_tiles(WIDE, m, kc, a, a_row, a_col, b, b_row, c, c_row, add, bias)


cdef void direct(
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
        const real* bias, real* c, Py_ssize_t c_row) noexcept nogil:
    """A small product: nothing is allocated, and B is copied only where its columns are no whole vectors."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef real panel[KC * NR32]
    cdef real edge[MR * NR32]
    cdef const real* from_b
    cdef const real* add_bias
    cdef Py_ssize_t i, j, p, kc, rows, columns, whole, step, part, NR = WIDE * LANES
    cdef int width
    for part in range((n + NR - 1) // NR):
        j = part * NR
        columns = min(NR, n - j)
        width = 1 if columns <= LANES else WIDE
        whole = width * LANES
        p = 0
        while p < k:
            kc = min(<Py_ssize_t>KC, k - p)
            from_b, step = b + p * b_row + j * b_col, b_row
            if b_col != 1 or columns != whole:
                if width == 1:
                    pack_columns(LANES, kc, columns, from_b, b_row, b_col, panel)
                else:
                    pack_columns(WIDE * LANES, kc, columns, from_b, b_row, b_col, panel)
                from_b, step = panel, whole
            add_bias = bias + j if bias != NULL and p + kc == k else NULL
            if columns == whole:
                panel_product(width, m, kc, a + p * a_col, a_row, a_col, from_b, step, c + j, c_row, p > 0, add_bias)
            else:
                i = 0
                while i < m:
                    rows = min(<Py_ssize_t>MR, m - i)
                    panel_product(width, rows, kc, a + i * a_row + p * a_col, a_row, a_col, from_b, step,
                                  edge, whole, 0, <const real*>NULL)
                    store(rows, columns, edge, whole, c + i * c_row + j, c_row, p > 0, add_bias)
                    i += rows
            p += kc


cdef void block(
        Py_ssize_t m, Py_ssize_t kc, Py_ssize_t n, const real* panels_a, const real* panels_b,
        real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """The tiles of one packed block: each panel of B stays in the nearest cache while A streams past it."""
    cdef Py_ssize_t NR = NR32 if real is float else NR64
    cdef Py_ssize_t i, j, part_i, part_j
    cdef real edge[MR * NR32]
    cdef const real* add_bias
    for part_j in range((n + NR - 1) // NR):
        j = part_j * NR
        add_bias = bias + j if bias != NULL else NULL
        for part_i in range((m + MR - 1) // MR):
            i = part_i * MR
            if m - i >= MR and n - j >= NR:
                tile(MR, WIDE, kc, panels_a + i * kc, 1, MR, panels_b + j * kc, NR, c + i * c_row + j, c_row,
                     add, add_bias)
            else:
                tile(MR, WIDE, kc, panels_a + i * kc, 1, MR, panels_b + j * kc, NR, edge, NR, 0, <const real*>NULL)
                store(min(<Py_ssize_t>MR, m - i), min(NR, n - j), edge, NR, c + i * c_row + j, c_row, add, add_bias)


cdef int packed(
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
        const real* bias, real* c, Py_ssize_t c_row) noexcept nogil:
    """A large product, block by block; -1 when there is no memory for the panels."""
    cdef Py_ssize_t NR = NR32 if real is float else NR64
    cdef Py_ssize_t i, j, p, nc, kc, mc
    cdef real* memory
    cdef real* panels_a
    cdef real* panels_b
    kc = min(<Py_ssize_t>KC, k)
    mc = min(<Py_ssize_t>MC, (m + MR - 1) // MR * MR)
    nc = min(<Py_ssize_t>NC, (n + NR - 1) // NR * NR)
    memory = <real*>malloc((kc * (mc + nc) + 64) * sizeof(real))
    if memory == NULL:
        return -1
    # Panels of B begin on a cache line, so that a vector load never straddles two.
    panels_b = <real*>((<size_t>memory + 63) // 64 * 64)
    panels_a = panels_b + kc * nc
    j = 0
    while j < n:
        nc = min(<Py_ssize_t>NC, n - j)
        p = 0
        while p < k:
            kc = min(<Py_ssize_t>KC, k - p)
            pack_columns(NR, kc, nc, b + p * b_row + j * b_col, b_row, b_col, panels_b)
            i = 0
            while i < m:
                mc = min(<Py_ssize_t>MC, m - i)
                pack_rows(mc, kc, a + i * a_row + p * a_col, a_row, a_col, panels_a)
                block(mc, kc, nc, panels_a, panels_b, c + i * c_row + j, c_row, p > 0,
                      bias + j if bias != NULL and p + kc == k else NULL)
                i += mc
            p += kc
        j += nc
    free(memory)
    return 0


cdef void dots(
        Py_ssize_t m, Py_ssize_t k, const real* a, Py_ssize_t a_row, const real* x, real* y,
        const real* bias, Py_ssize_t bias_step) noexcept nogil:
    """y[i] = a[i] . x + bias: rows of A that lie in order, with several running sums for each."""
    cdef real sums[4][32]
    cdef double total
    cdef Py_ssize_t i, p, q, lane, rows
    for i in range(0, m, 4):
        rows = min(<Py_ssize_t>4, m - i)
        memset(sums, 0, sizeof(sums))
        for p in range(0, k - 31, 32):
            for q in range(rows):
                for lane in range(32):
                    sums[q][lane] += a[(i + q) * a_row + p + lane] * x[p + lane]
        for q in range(rows):
            total = 0
            for lane in range(32):
                total += sums[q][lane]
            for p in range(k // 32 * 32, k):
                total += <double>a[(i + q) * a_row + p] * x[p]
            y[i + q] = <real>total
            if bias != NULL:
                y[i + q] += bias[(i + q) * bias_step]


cdef int gemm(
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
        const real* bias, real* c, Py_ssize_t c_row, int vector) noexcept nogil:
    """C = A @ B + bias, for A (m, k) and B (k, n) of any strides and C with rows c_row apart.

    `vector`: the whole product, of which this may be a thread's part, has one row or one column.
    """
    cdef Py_ssize_t i, j
    if k == 0:
        for i in range(m):
            for j in range(n):
                c[i * c_row + j] = bias[j] if bias != NULL else 0
        return 0
    if vector and m == 1 and b_row == 1 and a_col == 1:
        dots(n, k, b, b_col, a, c, bias, 1)
        return 0
    if vector and n == 1 and a_col == 1 and b_row == 1 and c_row == 1:
        dots(m, k, a, a_row, b, c, bias, 0)
        return 0
    if m < MR or <double>m * k * n < SMALL:
        direct(m, k, n, a, a_row, a_col, b, b_row, b_col, bias, c, c_row)
        return 0
    return packed(m, k, n, a, a_row, a_col, b, b_row, b_col, bias, c, c_row)
