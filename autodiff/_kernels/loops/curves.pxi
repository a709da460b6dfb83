# Curves: after reading it you know how functions with an exponential in them, and their slopes, are computed, one by one.
#
# P(N < x), for a normal number N, is half of erfc(-x / sqrt(2)). For x < 0 it is a bell curve, exp(-x**2 / 2), times what falls
# slowly, as 1 / (1 - x) does: so that is t times a polynomial, for t = 1 / (1 + a * |x|). The coefficients are those of
# interpolation at Chebyshev's points in w = 2 t - 1, computed with 50 digits: right to 1e-7, in double to 5e-17, of each value.

from libc.math cimport fabs, fabsf

cdef inline float tail_f32(float size) noexcept nogil:
    """P(N < -size) / exp(-size**2 / 2)."""
    cdef float t = <float>1 / (<float>1 + size * <float>0.424264068712)
    cdef float w = t + t - <float>1
    cdef float y = <float>8.32950979e-5
    y = y * w + <float>-6.461227976e-5
    y = y * w + <float>-0.000484260534
    y = y * w + <float>0.0007804674261
    y = y * w + <float>0.00175267678
    y = y * w + <float>-0.005825158152
    y = y * w + <float>-0.008873418753
    y = y * w + <float>0.04345030214
    y = y * w + <float>0.1728933001
    y = y * w + <float>0.2962874497
    return t * y


cdef inline double tail_f64(double size) noexcept nogil:
    cdef double t = 1 / (1 + size * 0.31819805153394639)
    cdef double w = 2 * t - 1
    cdef double y = 7.1299184007191268e-10
    y = y * w - 6.6599730906846079e-10
    y = y * w - 5.6631669117887758e-9
    y = y * w + 8.3703403625032799e-9
    y = y * w + 1.7177601246900164e-8
    y = y * w - 4.8372024560410118e-8
    y = y * w + 1.416161101505732e-9
    y = y * w + 1.5985027253850963e-7
    y = y * w - 2.5019665439939681e-7
    y = y * w - 2.1712545078771507e-7
    y = y * w + 1.3519802268575119e-6
    y = y * w - 1.0557324196819806e-6
    y = y * w - 4.5478081956874473e-6
    y = y * w + 1.0604486105045528e-5
    y = y * w + 1.0012690726812629e-5
    y = y * w - 6.3810612006076023e-5
    y = y * w - 3.8638654483434664e-6
    y = y * w + 0.00037139619016369626
    y = y * w - 6.5525056855628529e-5
    y = y * w - 0.0025766413105676737
    y = y * w - 0.0014308382816068163
    y = y * w + 0.021071073384533339
    y = y * w + 0.081394834246220367
    y = y * w + 0.16771720338792853
    y = y * w + 0.23357014079712215
    return t * y


cdef inline float bell_f32(float size) noexcept nogil:
    """exp(-size**2 / 2), for sizes up to END32: as exp_f32, where no power of 2 can leave the range of a float."""
    cdef Bits32 n, y
    cdef float r, z = <float>-0.5 * size * size
    n.value = z * <float>1.44269504088896341 + <float>12582912
    r = n.value - <float>12582912
    r = z - r * <float>0.693359375 + r * <float>2.12194440e-4
    y.value = <float>0.008369184381
    y.value = y.value * r + <float>0.04191775876
    y.value = y.value * r + <float>0.1666650494
    y.value = y.value * r + <float>0.4999886711
    y.value = y.value * r + <float>1.000000011
    y.value = y.value * r + <float>1
    y.bits += n.bits << 23
    return y.value


# Beyond these P(N < x) is 0 or 1 to all digits of a number beside 1, and x times it is as good as 0 or x. Variables, as the
# ends of exp are.
cdef float END32 = 13.1
cdef double END64 = 37.5


cdef inline real inside(real x) noexcept nogil:
    """x, or the end beyond which it lies; nan stays nan."""
    if real is float:
        x = END32 if x > END32 else x
        return -END32 if x < -END32 else x
    else:
        x = END64 if x > END64 else x
        return -END64 if x < -END64 else x


cdef inline real size_of(real x) noexcept nogil:
    if real is float:
        return fabsf(x)
    else:
        return fabs(x)


cdef inline real bell_of(real x) noexcept nogil:
    """exp(-x**2 / 2), between the ends."""
    if real is float:
        return bell_f32(x)
    else:
        return exp_f64(-0.5 * x * x)


cdef inline real probability(real x, real bell) noexcept nogil:
    """P(N < x), for bell = exp(-x**2 / 2)."""
    cdef real p
    if real is float:
        p = tail_f32(size_of(x)) * bell
    else:
        p = tail_f64(size_of(x)) * bell
    return p if x < 0 else <real>1 - p


cdef inline real gate_of(real x) noexcept nogil:
    """1 / (1 + exp(-x)), from the exponential of -|x|: neither end is lost."""
    cdef real e = exponential(<real>(-size_of(x)))
    cdef real r = <real>1 / (<real>1 + e)
    return e * r if x < 0 else r


cdef void gelu(real** a, const Job* job) noexcept nogil:
    """y = x * P(N < x)."""
    cdef const real* x = a[0]
    cdef real* y = a[1]
    cdef real z, factor, lowest = inside(<real>-1000)
    cdef Py_ssize_t i
    for i in range(job.n):
        z = inside(x[i])
        factor = lowest if x[i] < lowest else x[i]
        y[i] = factor * probability(z, bell_of(z))


cdef void gelu_grad(real** a, const Job* job) noexcept nogil:
    """d = g * (P(N < x) + x * the density of N at x)."""
    cdef const real* g = a[0]
    cdef const real* x = a[1]
    cdef real* d = a[2]
    cdef real z, bell
    cdef Py_ssize_t i
    for i in range(job.n):
        z = inside(x[i])
        bell = bell_of(z)
        d[i] = g[i] * (probability(z, bell) + z * bell * <real>0.39894228040143267794)


cdef void sigmoid(real** a, const Job* job) noexcept nogil:
    """y = 1 / (1 + exp(-x))."""
    cdef const real* x = a[0]
    cdef real* y = a[1]
    cdef Py_ssize_t i
    for i in range(job.n):
        y[i] = gate_of(x[i])


cdef void sigmoid_grad(real** a, const Job* job) noexcept nogil:
    """d = g * y * (1 - y), for y = sigmoid(x)."""
    cdef const real* g = a[0]
    cdef const real* y = a[1]
    cdef real* d = a[2]
    cdef Py_ssize_t i
    for i in range(job.n):
        d[i] = g[i] * (y[i] * (<real>1 - y[i]))


cdef void silu(real** a, const Job* job) noexcept nogil:
    """y = x * sigmoid(x)."""
    cdef const real* x = a[0]
    cdef real* y = a[1]
    cdef Py_ssize_t i
    for i in range(job.n):
        y[i] = x[i] * gate_of(x[i])


cdef void silu_grad(real** a, const Job* job) noexcept nogil:
    """d = g * s * (1 + x * (1 - s)), for s = sigmoid(x)."""
    cdef const real* g = a[0]
    cdef const real* x = a[1]
    cdef real* d = a[2]
    cdef real s
    cdef Py_ssize_t i
    for i in range(job.n):
        s = gate_of(x[i])
        d[i] = g[i] * (s * (x[i] * (<real>1 - s) + <real>1))


cdef void add_rows(real** a, const Job* job) noexcept nogil:
    """Each of the n rows of x added to the row of y that its place names."""
    cdef real* y = a[0]
    cdef const long long* places = <const long long*>a[1]
    cdef const real* x = a[2]
    cdef real* to
    cdef Py_ssize_t i, j, c = job.c
    for i in range(job.n):
        to = y + places[i] * c
        for j in range(c):
            to[j] += x[j]
        x += c
