# The matrix product C = A @ B + bias: after reading it you know how tiles, strides and packing feed the registers.
#
# C is computed in tiles of MR rows by NR columns that live in vector registers while k runs. k is cut into
# blocks of KC, so that a panel of B, NR columns wide, stays in the nearest cache while the rows of A pass it.
# A panel whose columns are not whole vectors is first copied ("packed") into their shape, as are long panels
# and a wide product's A, so that the tiles read memory in order; the rest is read where it lies.
# Element (i, j) of a matrix is at i * row + j * col: a transpose is only other strides.
#
# All paths through tiles add up the same products in the same order, so that an element does not depend on where the
# tiles lie, and the parts of a product can be shared out. A single row or column has loops of its own, whose order is another.

from libc.string cimport memcpy, memset

cdef extern from *:
    """
    #if defined(__AVX512F__)
    #  define AD_VECTOR 64
    #  define AD_MR 8
    #  define AD_WIDE 3
    #  define AD_DEEP 1
    #elif defined(__AVX2__)
    #  define AD_VECTOR 32
    #  define AD_MR 4
    #  define AD_WIDE 3
    #  define AD_DEEP 0
    #elif defined(__aarch64__)
    #  define AD_VECTOR 16
    #  define AD_MR 8
    #  define AD_WIDE 3
    #  define AD_DEEP 0
    #else
    #  define AD_VECTOR 16
    #  define AD_MR 4
    #  define AD_WIDE 2
    #  define AD_DEEP 0
    #endif
    #if defined(__GNUC__)
    /* A vector is whatever a register holds; in memory it may begin at any element. */
    typedef float ad_f32 __attribute__((vector_size(AD_VECTOR), aligned(4), may_alias));
    typedef double ad_f64 __attribute__((vector_size(AD_VECTOR), aligned(8), may_alias));
    #else
    typedef float ad_f32;
    typedef double ad_f64;
    #endif
    #if defined(__clang__) || __GNUC__ >= 12
    typedef float ad_f32x4 __attribute__((vector_size(16), aligned(4), may_alias));
    typedef double ad_f64x2 __attribute__((vector_size(16), aligned(8), may_alias));
    static inline void ad_transpose32(const float *a, Py_ssize_t step, float *to, Py_ssize_t to_step) {
        ad_f32x4 r0 = *(const ad_f32x4 *)a, r1 = *(const ad_f32x4 *)(a + step);
        ad_f32x4 r2 = *(const ad_f32x4 *)(a + 2 * step), r3 = *(const ad_f32x4 *)(a + 3 * step);
        ad_f32x4 left01 = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
        ad_f32x4 right01 = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
        ad_f32x4 left23 = __builtin_shufflevector(r2, r3, 0, 4, 1, 5);
        ad_f32x4 right23 = __builtin_shufflevector(r2, r3, 2, 6, 3, 7);
        *(ad_f32x4 *)to = __builtin_shufflevector(left01, left23, 0, 1, 4, 5);
        *(ad_f32x4 *)(to + to_step) = __builtin_shufflevector(left01, left23, 2, 3, 6, 7);
        *(ad_f32x4 *)(to + 2 * to_step) = __builtin_shufflevector(right01, right23, 0, 1, 4, 5);
        *(ad_f32x4 *)(to + 3 * to_step) = __builtin_shufflevector(right01, right23, 2, 3, 6, 7);
    }
    #  if AD_VECTOR > 16
    typedef double ad_f64x4 __attribute__((vector_size(32), aligned(8), may_alias));
    static inline void ad_transpose64(const double *a, Py_ssize_t step, double *to, Py_ssize_t to_step) {
        ad_f64x4 r0 = *(const ad_f64x4 *)a, r1 = *(const ad_f64x4 *)(a + step);
        ad_f64x4 r2 = *(const ad_f64x4 *)(a + 2 * step), r3 = *(const ad_f64x4 *)(a + 3 * step);
        ad_f64x4 even01 = __builtin_shufflevector(r0, r1, 0, 4, 2, 6);
        ad_f64x4 odd01 = __builtin_shufflevector(r0, r1, 1, 5, 3, 7);
        ad_f64x4 even23 = __builtin_shufflevector(r2, r3, 0, 4, 2, 6);
        ad_f64x4 odd23 = __builtin_shufflevector(r2, r3, 1, 5, 3, 7);
        *(ad_f64x4 *)to = __builtin_shufflevector(even01, even23, 0, 1, 4, 5);
        *(ad_f64x4 *)(to + to_step) = __builtin_shufflevector(odd01, odd23, 0, 1, 4, 5);
        *(ad_f64x4 *)(to + 2 * to_step) = __builtin_shufflevector(even01, even23, 2, 3, 6, 7);
        *(ad_f64x4 *)(to + 3 * to_step) = __builtin_shufflevector(odd01, odd23, 2, 3, 6, 7);
    }
    #  else
    static inline void ad_transpose64(const double *a, Py_ssize_t step, double *to, Py_ssize_t to_step) {
        for (int i = 0; i < 4; i += 2)
            for (int j = 0; j < 4; j += 2) {
                ad_f64x2 r0 = *(const ad_f64x2 *)(a + i * step + j), r1 = *(const ad_f64x2 *)(a + (i + 1) * step + j);
                *(ad_f64x2 *)(to + j * to_step + i) = __builtin_shufflevector(r0, r1, 0, 2);
                *(ad_f64x2 *)(to + (j + 1) * to_step + i) = __builtin_shufflevector(r0, r1, 1, 3);
            }
    }
    #  endif
    #else
    static void ad_transpose32(const float *a, Py_ssize_t step, float *to, Py_ssize_t to_step) {
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) to[j * to_step + i] = a[i * step + j];
    }
    static void ad_transpose64(const double *a, Py_ssize_t step, double *to, Py_ssize_t to_step) {
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) to[j * to_step + i] = a[i * step + j];
    }
    #endif
    #if defined(__GNUC__)
    #  define ad_prefetch(p) __builtin_prefetch(p, 0)
    #else
    #  define ad_prefetch(p)
    #endif
    /* Stored one by one: a memset of what ends up in registers would still be carried out, in memory. */
    #define AD_ZERO32 ((ad_f32){0})
    #define AD_ZERO64 ((ad_f64){0})
    #define AD_LANES32 (sizeof(ad_f32) / sizeof(float))
    #define AD_LANES64 (sizeof(ad_f64) / sizeof(double))
    #define AD_NR32 (AD_WIDE * AD_LANES32)
    #define AD_NR64 (AD_WIDE * AD_LANES64)
    """
    ctypedef float f32 "ad_f32"
    ctypedef double f64 "ad_f64"
    const f32 ZERO32 "AD_ZERO32"
    const f64 ZERO64 "AD_ZERO64"
    enum:
        MR "AD_MR"
        WIDE "AD_WIDE"
        DEEP "AD_DEEP"  # four steps of k in one round, where it was measured to be faster
        LANES32 "AD_LANES32"
        LANES64 "AD_LANES64"
        NR32 "AD_NR32"
        NR64 "AD_NR64"
        TILE_BYTES "AD_WIDE * AD_VECTOR"
    # A block of four by four elements, its rows `step` apart, to rows `to_step` apart that were its columns.
    void prefetch "ad_prefetch"(const void* p) noexcept nogil
    void ad_transpose32(const float* a, Py_ssize_t step, float* to, Py_ssize_t to_step) noexcept nogil
    void ad_transpose64(const double* a, Py_ssize_t step, double* to, Py_ssize_t to_step) noexcept nogil

cdef enum:
    KC = 256     # both multiples of 8, which every MR divides
    MC = 256
    LONG = 72    # rows of A from which on packing a panel of B pays, though it could be read where it lies
    BROAD = 3072  # bytes of a row of B from which on packing a transposed A pays; twice that for rows in order
    STRIP = 1024  # columns of a wide matrix that one row is multiplied by at a time
    AHEAD = 2    # cache lines that packing fetches in advance
    LONGEST = 16384  # terms that are added up in float32 before the sum goes on in double


cdef inline void add_step_f32(
        int rows, int width, f32 (*acc)[WIDE], const float* a, Py_ssize_t a_row, const float* b) noexcept nogil:
    """One step of k: every element of a column of A times the vectors of a row of B."""
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(width):
            acc[i][j] += a[i * a_row] * (<const f32*>b)[j]


cdef inline void tile_f32(
        int rows, int width, Py_ssize_t kc, const float* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const float* b, Py_ssize_t b_row, float* c, Py_ssize_t c_row, bint add, const float* bias) noexcept nogil:
    """`rows` rows of A by `width` vectors of columns of B; both are constants wherever this is inlined."""
    cdef f32 acc[MR][WIDE]
    cdef Py_ssize_t i, j, p
    if kc > 100:
        # The part of C that the tile ends in is fetched while the tile is computed.
        for i in range(rows):
            for j in range(width):
                prefetch(<f32*>(c + i * c_row) + j)
    for i in range(rows):
        for j in range(width):
            acc[i][j] = ZERO32
    if DEEP:
        for p in range(kc // 4):
            add_step_f32(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
            add_step_f32(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
            add_step_f32(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
            add_step_f32(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
        kc %= 4
    for p in range(kc):
        add_step_f32(rows, width, acc, a, a_row, b)
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


cdef inline void add_step_f64(
        int rows, int width, f64 (*acc)[WIDE], const double* a, Py_ssize_t a_row, const double* b) noexcept nogil:
    """One step of k: every element of a column of A times the vectors of a row of B."""
    cdef Py_ssize_t i, j
    for i in range(rows):
        for j in range(width):
            acc[i][j] += a[i * a_row] * (<const f64*>b)[j]


cdef inline void tile_f64(
        int rows, int width, Py_ssize_t kc, const double* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const double* b, Py_ssize_t b_row, double* c, Py_ssize_t c_row, bint add, const double* bias) noexcept nogil:
    """The same for double."""
    cdef f64 acc[MR][WIDE]
    cdef Py_ssize_t i, j, p
    if kc > 100:
        # The part of C that the tile ends in is fetched while the tile is computed.
        for i in range(rows):
            for j in range(width):
                prefetch(<f64*>(c + i * c_row) + j)
    for i in range(rows):
        for j in range(width):
            acc[i][j] = ZERO64
    if DEEP:
        for p in range(kc // 4):
            add_step_f64(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
            add_step_f64(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
            add_step_f64(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
            add_step_f64(rows, width, acc, a, a_row, b)
            a += a_col
            b += b_row
        kc %= 4
    for p in range(kc):
        add_step_f64(rows, width, acc, a, a_row, b)
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


cdef inline void pack(
        int width, Py_ssize_t kc, Py_ssize_t count, const real* x, Py_ssize_t lane_step, Py_ssize_t k_step,
        real* to) noexcept nogil:
    """A panel: for each of kc steps `count` elements of x side by side, in rows of `width`; no result uses the others."""
    cdef Py_ssize_t j, q, last, p = 0, fours = count // 4 * 4, line = 64 // sizeof(real)
    if lane_step == 1 and k_step >= 0:
        # A copy of constant size is one load and one store; its surplus must still lie inside the matrix.
        while p < kc and p * k_step + width <= (kc - 1) * k_step + count:
            memcpy(to + p * width, x + p * k_step, width * sizeof(real))
            p += 1
    if p < kc and count < width:
        # Zeros, since a subnormal number in an unused place would slow its whole vector down.
        memset(to + p * width, 0, (kc - p) * width * sizeof(real))
    if k_step == 1:
        while p + 4 <= kc:
            # Of every lane a line of the cache at once: rows 4096 bytes apart drive each other's lines out.
            last = p + line if p + line <= kc else p + 4
            for j in range(0, fours, 4):
                for q in range(4):
                    # More lanes than the processor itself looks ahead along.
                    prefetch(x + p + AHEAD * line + (j + q) * lane_step)
                for q in range(p, last, 4):
                    if real is float:
                        ad_transpose32(x + q + j * lane_step, lane_step, to + q * width + j, width)
                    else:
                        ad_transpose64(x + q + j * lane_step, lane_step, to + q * width + j, width)
            for q in range(p, last):
                for j in range(fours, count):
                    to[q * width + j] = x[q + j * lane_step]
            p = last
    while p < kc:
        for j in range(count):
            to[p * width + j] = x[p * k_step + j * lane_step]
        p += 1


cdef inline Py_ssize_t block_of(Py_ssize_t left, Py_ssize_t most) noexcept nogil:
    """How long the next block is: all nearly alike, since a short last one has C or B pass once more for little work."""
    cdef Py_ssize_t blocks = (left + most - 1) // most
    return min(((left + blocks - 1) // blocks + 7) // 8 * 8, left)


cdef inline Py_ssize_t rows_of(Py_ssize_t m) noexcept nogil:
    """How many rows high the next tile is: the last two are nearly alike, since one of eight and one of one leave more idle."""
    return MR if m >= 2 * MR else m if m <= MR else (m + 1) // 2


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


cdef inline void panel_product(
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
        pack(width * LANES, kc, columns, b, b_col, b_row, panel)
        b, b_row = panel, whole
    if columns != whole:
        to, to_row, to_add, to_bias = edge, whole, 0, <const real*>NULL
    while i < m:
        if columns != whole:
            rows = rows_of(m - i)
        # The step that is 1 is a constant: the addresses of a tile then fit into the registers.
        if a_row == 1:
            rows_by_panel(width, rows, kc, a, 1, a_col, a_next, b, b_row, to, to_row, to_add, to_bias)
        else:
            rows_by_panel(width, rows, kc, a, a_row, 1, a_next, b, b_row, to, to_row, to_add, to_bias)
        if columns != whole:
            store(rows, columns, edge, whole, c + i * c_row, c_row, add, bias)
        a += a_next if a_next else rows * a_row
        i += rows


cdef inline int vectors_of(Py_ssize_t columns, Py_ssize_t LANES) noexcept nogil:
    """How many vectors wide the next panel is: all nearly alike, since three and one leave registers empty."""
    cdef Py_ssize_t vectors = (columns + LANES - 1) // LANES
    return <int>(vectors // ((vectors + WIDE - 1) // WIDE))


cdef void pack_panels(
        Py_ssize_t kc, Py_ssize_t n, const real* b, Py_ssize_t b_row, Py_ssize_t b_col, real* to) noexcept nogil:
    """All panels of kc rows of B, one after the other."""
    cdef Py_ssize_t LANES = LANES32 if real is float else LANES64
    cdef Py_ssize_t j = 0, columns
    cdef int width
    while j < n:
        width = vectors_of(n - j, LANES)
        columns = min(width * LANES, n - j)
        if width == 1:
            pack(LANES, kc, columns, b + j * b_col, b_col, b_row, to + j * kc)
        elif width == 2:
            pack(2 * LANES, kc, columns, b + j * b_col, b_col, b_row, to + j * kc)
        else:
            pack(WIDE * LANES, kc, columns, b + j * b_col, b_col, b_row, to + j * kc)
        j += columns


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
                if width == 1:
                    panel_product(1, LANES, mc, kc, columns, from_a, row, col, next, b + p * b_row + j * b_col,
                                  b_row, b_col, panel, pack_b, c + i * c_row + j, c_row, p > 0, add_bias)
                elif width == 2:
                    panel_product(2, LANES, mc, kc, columns, from_a, row, col, next, b + p * b_row + j * b_col,
                                  b_row, b_col, panel, pack_b, c + i * c_row + j, c_row, p > 0, add_bias)
                else:
                    panel_product(WIDE, LANES, mc, kc, columns, from_a, row, col, next, b + p * b_row + j * b_col,
                                  b_row, b_col, panel, pack_b, c + i * c_row + j, c_row, p > 0, add_bias)
                j += columns
            i += mc
        p += kc
    free(memory)
    return 0


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


cdef inline void wide_f32(Py_ssize_t k, const float* a, Py_ssize_t a_col, const float* b, Py_ssize_t b_row,
                          const float* bias, float* c, bint add) noexcept nogil:
    """One row of A by eight vectors of columns of B, where it lies."""
    cdef f32 acc[8]
    cdef Py_ssize_t j, p
    for j in range(8):
        acc[j] = ZERO32
    for p in range(k):
        for j in range(8):
            prefetch(<const f32*>(b + 4 * b_row) + j)  # a row is left before the processor looks ahead
            acc[j] += a[p * a_col] * (<const f32*>b)[j]
        b += b_row
    for j in range(8):
        if add:
            acc[j] += (<f32*>c)[j]
        if bias != NULL:
            acc[j] += (<const f32*>bias)[j]
        (<f32*>c)[j] = acc[j]


cdef inline void wide_f64(Py_ssize_t k, const double* a, Py_ssize_t a_col, const double* b, Py_ssize_t b_row,
                          const double* bias, double* c, bint add) noexcept nogil:
    """The same for double."""
    cdef f64 acc[8]
    cdef Py_ssize_t j, p
    for j in range(8):
        acc[j] = ZERO64
    for p in range(k):
        for j in range(8):
            prefetch(<const f64*>(b + 4 * b_row) + j)
            acc[j] += a[p * a_col] * (<const f64*>b)[j]
        b += b_row
    for j in range(8):
        if add:
            acc[j] += (<f64*>c)[j]
        if bias != NULL:
            acc[j] += (<const f64*>bias)[j]
        (<f64*>c)[j] = acc[j]


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
            if real is float:
                wide_f32(kc, a + p * a_col, a_col, b + p * b_row + j, b_row, add_bias, c + j, p > 0)
            else:
                wide_f64(kc, a + p * a_col, a_col, b + p * b_row + j, b_row, add_bias, c + j, p > 0)
            p += kc
        j += step
    return j


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
    if real is float:
        if k > LONGEST:
            # Some rows at a time: the doubles take twice the memory of the result.
            i = 0
            while i < m:
                if long_product(min(<Py_ssize_t>MC, m - i), k, n, a + i * a_row, a_row, a_col, b, b_row, b_col, bias,
                                c + i * c_row, c_row):
                    return -1
                i += MC
            return 0
    if vector and m == 1 and b_col == 1:
        j = one_row(k, n, a, a_col, b, b_row, bias, c)
        if j == n:
            return 0
        return blocked(m, k, n - j, a, a_row, a_col, b + j, b_row, b_col, bias if bias == NULL else bias + j, c + j, c_row)
    return blocked(m, k, n, a, a_row, a_col, b, b_row, b_col, bias, c, c_row)
