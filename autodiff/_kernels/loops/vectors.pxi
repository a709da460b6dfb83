# Vectors: after reading it you know what the loops compute with, and how much of it fits into the registers.
#
# A vector is what one register of the processor holds: 16 floats where there is AVX-512, 8 with AVX2, 4 elsewhere. In memory it
# may begin at any element, so a vector is named by a pointer to its first element. A local array of vectors that only the
# five functions at the end read and write never exists in memory: the compiler keeps it in registers.

from libc.string cimport memcpy, memset

cdef extern from *:
    """
    /* AUTODIFF_SCALAR tries, with any compiler, what is left where there are no vectors to be written. */
    #if (defined(__GNUC__) || defined(__clang__)) && !defined(AUTODIFF_SCALAR)
    #  define AD_VECTORS 1
    #else
    #  define AD_VECTORS 0
    #endif
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
    #if AD_VECTORS
    /* A vector is whatever a register holds; in memory it may begin at any element. */
    typedef float ad_f32 __attribute__((vector_size(AD_VECTOR), aligned(4), may_alias));
    typedef double ad_f64 __attribute__((vector_size(AD_VECTOR), aligned(8), may_alias));
    #else
    typedef float ad_f32;
    typedef double ad_f64;
    #endif
    #if AD_VECTORS && (defined(__clang__) || __GNUC__ >= 12)
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
    static inline void ad_split32(const float *x, float *even, float *odd) {
        ad_f32x4 r0 = *(const ad_f32x4 *)x, r1 = *(const ad_f32x4 *)(x + 4);
        *(ad_f32x4 *)even = __builtin_shufflevector(r0, r1, 0, 2, 4, 6);
        *(ad_f32x4 *)odd = __builtin_shufflevector(r0, r1, 1, 3, 5, 7);
    }
    static inline void ad_join32(const float *even, const float *odd, float *x) {
        ad_f32x4 r0 = *(const ad_f32x4 *)even, r1 = *(const ad_f32x4 *)odd;
        *(ad_f32x4 *)x = __builtin_shufflevector(r0, r1, 0, 4, 1, 5);
        *(ad_f32x4 *)(x + 4) = __builtin_shufflevector(r0, r1, 2, 6, 3, 7);
    }
    #  if AD_VECTOR > 16
    typedef float ad_f32x8 __attribute__((vector_size(32), aligned(4), may_alias));
    #  define ad_pairs(a, b, low, high) \\
        ad_f32x8 low = __builtin_shufflevector(a, b, 0, 8, 1, 9, 4, 12, 5, 13), \\
                 high = __builtin_shufflevector(a, b, 2, 10, 3, 11, 6, 14, 7, 15)
    #  define ad_fours(a, b, low, high) \\
        ad_f32x8 low = __builtin_shufflevector(a, b, 0, 1, 8, 9, 4, 5, 12, 13), \\
                 high = __builtin_shufflevector(a, b, 2, 3, 10, 11, 6, 7, 14, 15)
    #  define ad_eights(a, b, low, high) \\
        *(ad_f32x8 *)(to + (low) * to_step) = __builtin_shufflevector(a, b, 0, 1, 2, 3, 8, 9, 10, 11); \\
        *(ad_f32x8 *)(to + (high) * to_step) = __builtin_shufflevector(a, b, 4, 5, 6, 7, 12, 13, 14, 15)
    static inline void ad_turn32(const float *a, Py_ssize_t step, float *to, Py_ssize_t to_step) {
        ad_f32x8 r0 = *(const ad_f32x8 *)a, r1 = *(const ad_f32x8 *)(a + step);
        ad_f32x8 r2 = *(const ad_f32x8 *)(a + 2 * step), r3 = *(const ad_f32x8 *)(a + 3 * step);
        ad_f32x8 r4 = *(const ad_f32x8 *)(a + 4 * step), r5 = *(const ad_f32x8 *)(a + 5 * step);
        ad_f32x8 r6 = *(const ad_f32x8 *)(a + 6 * step), r7 = *(const ad_f32x8 *)(a + 7 * step);
        ad_pairs(r0, r1, p0, p1); ad_pairs(r2, r3, p2, p3); ad_pairs(r4, r5, p4, p5); ad_pairs(r6, r7, p6, p7);
        ad_fours(p0, p2, f0, f1); ad_fours(p1, p3, f2, f3); ad_fours(p4, p6, f4, f5); ad_fours(p5, p7, f6, f7);
        ad_eights(f0, f4, 0, 4); ad_eights(f1, f5, 1, 5); ad_eights(f2, f6, 2, 6); ad_eights(f3, f7, 3, 7);
    }
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
    static void ad_split32(const float *x, float *even, float *odd) {
        for (int i = 0; i < 4; i++) even[i] = x[2 * i], odd[i] = x[2 * i + 1];
    }
    static void ad_join32(const float *even, const float *odd, float *x) {
        for (int i = 0; i < 4; i++) x[2 * i] = even[i], x[2 * i + 1] = odd[i];
    }
    static void ad_transpose64(const double *a, Py_ssize_t step, double *to, Py_ssize_t to_step) {
        for (int i = 0; i < 4; i++)
            for (int j = 0; j < 4; j++) to[j * to_step + i] = a[i * step + j];
    }
    #endif
    #if AD_VECTOR == 16 || !AD_VECTORS || !(defined(__clang__) || __GNUC__ >= 12)
    static inline void ad_turn32(const float *a, Py_ssize_t step, float *to, Py_ssize_t to_step) {
        for (int i = 0; i < 8; i += 4)
            for (int j = 0; j < 8; j += 4) ad_transpose32(a + i * step + j, step, to + j * to_step + i, to_step);
    }
    #endif
    #if AD_VECTORS
    #  define ad_prefetch(p) __builtin_prefetch(p, 0)
    #else
    #  define ad_prefetch(p)
    #endif
    #if AD_VECTORS
    #  define AD_ZERO32 ((ad_f32){0})
    #  define AD_ZERO64 ((ad_f64){0})
    #else
    #  define AD_ZERO32 0
    #  define AD_ZERO64 0
    #endif
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
        VECTORS "AD_VECTORS"
        MR "AD_MR"
        WIDE "AD_WIDE"
        DEEP "AD_DEEP"  # four steps of k in one round, where it was measured to be faster
        LANES32 "AD_LANES32"
        LANES64 "AD_LANES64"
        NR32 "AD_NR32"
        NR64 "AD_NR64"
        TILE_BYTES "AD_WIDE * AD_VECTOR"
    void prefetch "ad_prefetch"(const void* p) noexcept nogil
    # Four pairs to those of even and of odd number, or back.
    void ad_split32(const float* x, float* even, float* odd) noexcept nogil
    void ad_join32(const float* even, const float* odd, float* x) noexcept nogil
    # A block of four by four elements (ad_turn32: eight by eight), its rows `step` apart, to rows `to_step` apart.
    void ad_turn32(const float* a, Py_ssize_t step, float* to, Py_ssize_t to_step) noexcept nogil
    void ad_transpose32(const float* a, Py_ssize_t step, float* to, Py_ssize_t to_step) noexcept nogil
    void ad_transpose64(const double* a, Py_ssize_t step, double* to, Py_ssize_t to_step) noexcept nogil


cdef inline void clear(real* v) noexcept nogil:
    """v = 0, one by one: a memset of what ends up in registers would still be carried out, in memory."""
    if real is float:
        (<f32*>v)[0] = ZERO32
    else:
        (<f64*>v)[0] = ZERO64


cdef inline void set_vector(real* v, real x) noexcept nogil:
    """v = x, in every place."""
    if real is float:
        (<f32*>v)[0] = ZERO32 + x
    else:
        (<f64*>v)[0] = ZERO64 + x


cdef inline void add_vector(real* v, const real* w) noexcept nogil:
    """v += w."""
    if real is float:
        (<f32*>v)[0] += (<const f32*>w)[0]
    else:
        (<f64*>v)[0] += (<const f64*>w)[0]


cdef inline void add_product(real* v, real x, const real* w) noexcept nogil:
    """v += x * w, for a single number x."""
    if real is float:
        (<f32*>v)[0] += x * (<const f32*>w)[0]
    else:
        (<f64*>v)[0] += x * (<const f64*>w)[0]


cdef inline void copy_vector(const real* v, real* to) noexcept nogil:
    """to = v."""
    if real is float:
        (<f32*>to)[0] = (<const f32*>v)[0]
    else:
        (<f64*>to)[0] = (<const f64*>v)[0]


cdef inline void transpose(const real* a, Py_ssize_t step, real* to, Py_ssize_t to_step) noexcept nogil:
    """Four by four elements, in registers."""
    if real is float:
        ad_transpose32(a, step, to, to_step)
    else:
        ad_transpose64(a, step, to, to_step)


cdef inline void turn(const real* a, Py_ssize_t step, real* to, Py_ssize_t to_step) noexcept nogil:
    """Eight by eight elements: a line of the cache is visited half as often as by fours."""
    cdef Py_ssize_t i, j
    if real is float:
        ad_turn32(a, step, to, to_step)
    else:
        for i in range(0, 8, 4):
            for j in range(0, 8, 4):
                ad_transpose64(a + i * step + j, step, to + j * to_step + i, to_step)
