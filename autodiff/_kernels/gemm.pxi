# The matrix product C = A @ B + bias: after reading it you know how blocking and packing feed the registers.
#
# C is computed in tiles of MR rows by NR columns that live in vector registers while k runs. For that, B is
# first copied ("packed") into panels of NR columns, so that the inner loop reads memory in order, and A
# into panels of MR rows where the copy pays. k is cut into blocks of KC, so that a panel stays in the
# cache. Element (i, j) of a matrix is at i * row + j * col: a transpose is only other strides.

from libc.string cimport memcpy

cdef extern from *:
    """
    #if defined(__AVX512F__)
    #  define AD_VECTOR 64
    #  define AD_MR 12
    #elif defined(__AVX2__)
    #  define AD_VECTOR 32
    #  define AD_MR 6
    #elif defined(__aarch64__) || defined(_M_ARM64)
    #  define AD_VECTOR 16
    #  define AD_MR 8
    #else
    #  define AD_VECTOR 16
    #  define AD_MR 6
    #endif
    #define AD_TILE (2 * AD_VECTOR)
    #define AD_NR32 (AD_TILE / 4)
    #define AD_NR64 (AD_TILE / 8)
    """
    enum:
        MR "AD_MR"
        TILE_BYTES "AD_TILE"
        NR32 "AD_NR32"
        NR64 "AD_NR64"

cdef enum:
    KC = 384
    MC = 240     # a multiple of every MR
    NC = 4096    # a multiple of every NR


cdef inline void tile_f32(
        Py_ssize_t kc, const float* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const float* b, float* out) noexcept nogil:
    """out = the MR by NR product of a panel of A and a packed panel of B."""
    cdef float acc[MR][NR32]
    cdef Py_ssize_t p, i, j
    for i in range(MR):
        for j in range(NR32):
            acc[i][j] = 0
    for p in range(kc):
        for i in range(MR):
            for j in range(NR32):
                acc[i][j] += a[i * a_row] * b[j]
        a += a_col
        b += NR32
    for i in range(MR):
        for j in range(NR32):
            out[i * NR32 + j] = acc[i][j]


cdef inline void tile_f64(
        Py_ssize_t kc, const double* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const double* b, double* out) noexcept nogil:
    """out = the MR by NR product of a panel of A and a packed panel of B."""
    cdef double acc[MR][NR64]
    cdef Py_ssize_t p, i, j
    for i in range(MR):
        for j in range(NR64):
            acc[i][j] = 0
    for p in range(kc):
        for i in range(MR):
            for j in range(NR64):
                acc[i][j] += a[i * a_row] * b[j]
        a += a_col
        b += NR64
    for i in range(MR):
        for j in range(NR64):
            out[i * NR64 + j] = acc[i][j]


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


cdef void pack_columns(
        Py_ssize_t kc, Py_ssize_t n, const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
        real* to) noexcept nogil:
    """Panels of NR columns of B, each stored row by row; columns past the end are zero."""
    cdef Py_ssize_t NR = NR32 if real is float else NR64
    cdef Py_ssize_t j, jj, p, panel
    for panel in range((n + NR - 1) // NR):
        j = panel * NR
        for p in range(kc):
            if b_col == 1 and j + NR <= n:
                memcpy(to, b + p * b_row + j, NR * sizeof(real))
            else:
                for jj in range(NR):
                    to[jj] = b[p * b_row + (j + jj) * b_col] if j + jj < n else 0
            to += NR


cdef void block(
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n, const real* panels_a, const real* panels_b,
        real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """The tiles of one packed block: each panel of B stays in the nearest cache while A streams past it."""
    cdef Py_ssize_t NR = NR32 if real is float else NR64
    cdef Py_ssize_t i, j, ti, tj
    cdef real tile[MR * NR32]
    for tj in range((n + NR - 1) // NR):
        j = tj * NR
        for ti in range((m + MR - 1) // MR):
            i = ti * MR
            if real is float:
                tile_f32(k, panels_a + i * k, 1, MR, panels_b + j * k, tile)
            else:
                tile_f64(k, panels_a + i * k, 1, MR, panels_b + j * k, tile)
            store(min(<Py_ssize_t>MR, m - i), min(NR, n - j), NR, tile, c + i * c_row + j, c_row, add,
                  bias + j if bias != NULL else NULL)


cdef int gemm(
        Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const real* a, Py_ssize_t a_row, Py_ssize_t a_col,
        const real* b, Py_ssize_t b_row, Py_ssize_t b_col,
        const real* bias, real* c, Py_ssize_t c_row, int pack_a) noexcept nogil:
    """C = A @ B + bias, for A (m, k) and B (k, n) of any strides and C with rows c_row apart."""
    cdef Py_ssize_t NR = NR32 if real is float else NR64
    cdef Py_ssize_t i, j, p, nc, kc, mc
    cdef real* memory
    cdef real* panels_a
    cdef real* panels_b
    if k == 0:
        for i in range(m):
            for j in range(n):
                c[i * c_row + j] = bias[j] if bias != NULL else 0
        return 0
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
            pack_columns(kc, nc, b + p * b_row + j * b_col, b_row, b_col, panels_b)
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


cdef inline void store(
        Py_ssize_t rows, Py_ssize_t columns, Py_ssize_t NR, const real* tile,
        real* c, Py_ssize_t c_row, bint add, const real* bias) noexcept nogil:
    """Bring a tile to its place in C, with what is there already and the bias added."""
    cdef Py_ssize_t i, j
    for i in range(rows):
        if add:
            for j in range(columns):
                c[j] += tile[j]
        else:
            for j in range(columns):
                c[j] = tile[j]
        if bias != NULL:
            for j in range(columns):
                c[j] += bias[j]
        c += c_row
        tile += NR
