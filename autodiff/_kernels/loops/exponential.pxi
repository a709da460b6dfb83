# exp and log, for vectors: after reading it you know how they are computed from additions, products and the bits of a float.
#
# A bare 1 is a double in C. Next to a float it makes the whole expression double, half as many numbers to a vector: it is
# written <float>1 or <real>1.

cdef union Bits32:
    float value
    unsigned int bits


cdef union Bits64:
    double value
    unsigned long long bits


# exp is 0 and infinity beyond these. Variables, since of constants the compiler makes a result of their own,
# computed beforehand and blended in under a mask, where a minimum and a maximum do.
cdef float LOWEST32 = -105, HIGHEST32 = 89
cdef double LOWEST64 = -746, HIGHEST64 = 710


cdef inline float series_f32(float r) noexcept nogil:
    """exp(r) by its Taylor series, for |r| up to log(2) / 2."""
    cdef float y = <float>(1.0 / 5040)
    y = y * r + <float>(1.0 / 720)
    y = y * r + <float>(1.0 / 120)
    y = y * r + <float>(1.0 / 24)
    y = y * r + <float>(1.0 / 6)
    y = y * r + <float>0.5
    y = y * r + <float>1
    return y * r + <float>1


cdef inline double series_f64(double r) noexcept nogil:
    cdef double y = 1.0 / 6227020800.0
    y = y * r + 1.0 / 479001600
    y = y * r + 1.0 / 39916800
    y = y * r + 1.0 / 3628800
    y = y * r + 1.0 / 362880
    y = y * r + 1.0 / 40320
    y = y * r + 1.0 / 5040
    y = y * r + 1.0 / 720
    y = y * r + 1.0 / 120
    y = y * r + 1.0 / 24
    y = y * r + 1.0 / 6
    y = y * r + 0.5
    y = y * r + 1
    return y * r + 1


cdef inline float exp_f32(float x) noexcept nogil:
    """exp(x) = 2**n * exp(r) for the integer n next to x / log(2)."""
    cdef Bits32 n, first, second
    cdef unsigned int half
    cdef float r, y
    # nan fails both comparisons and stays nan.
    x = LOWEST32 if x < LOWEST32 else x
    x = HIGHEST32 if x > HIGHEST32 else x
    # Next to 1.5 * 2**23 floats are the integers, so this addition rounds, and leaves n in the last bits.
    n.value = x * <float>1.44269504088896341 + <float>12582912
    r = n.value - <float>12582912
    # log(2) in two parts, of which the first has so few digits that its product with n is exact.
    r = x - r * <float>0.693359375 + r * <float>2.12194440e-4
    y = series_f32(r)
    # 2**n in two factors, written straight into a float's exponent: one alone may lie outside its range.
    n.bits += 304 - 0x4B400000U
    half = n.bits >> 1
    first.bits = (half - 25) << 23
    second.bits = (n.bits - half - 25) << 23
    return y * first.value * second.value


cdef inline double exp_f64(double x) noexcept nogil:
    """The same for double."""
    cdef Bits64 n, first, second
    cdef unsigned long long half
    cdef double r, y
    x = LOWEST64 if x < LOWEST64 else x
    x = HIGHEST64 if x > HIGHEST64 else x
    n.value = x * 1.44269504088896341 + 6755399441055744.0
    r = n.value - 6755399441055744.0
    r = x - r * 0.693145751953125 - r * 1.42860682030941723212e-6
    y = series_f64(r)
    n.bits += 2200 - 0x4338000000000000ULL
    half = n.bits >> 1
    first.bits = (half - 77) << 52
    second.bits = (n.bits - half - 77) << 52
    return y * first.value * second.value


cdef inline real exponential_below(real x) noexcept nogil:
    """exp(x), for an x that is not above 0: the same number, with 2**n as one factor and a constant one.

    What is added to round leaves n + 64 and an exponent's bias (127) in the last bits, which are then a float's exponent.
    """
    cdef Bits32 n32, scale32
    cdef Bits64 n64, scale64
    cdef real r, y
    if real is float:
        x = LOWEST32 if x < LOWEST32 else x
        n32.value = x * <float>1.44269504088896341 + <float>12583103
        r = n32.value - <float>12583103
        r = x - r * <float>0.693359375 + r * <float>2.12194440e-4
        y = series_f32(r)
        scale32.bits = n32.bits << 23
        return y * scale32.value * <float>5.421010862427522e-20  # 2**-64
    else:
        x = LOWEST64 if x < LOWEST64 else x
        n64.value = x * 1.44269504088896341 + 6755399441057279.0
        r = n64.value - 6755399441057279.0
        r = x - r * 0.693145751953125 - r * 1.42860682030941723212e-6
        y = series_f64(r)
        scale64.bits = n64.bits << 52
        return y * scale64.value * 7.458340731200207e-155  # 2**-512


cdef inline real exponential(real x) noexcept nogil:
    if real is float:
        return exp_f32(x)
    else:
        return exp_f64(x)


cdef inline double logarithm(double x) noexcept nogil:
    """log(x) of a positive normal number or nan: x = 2**n * m, and log(m) = 2 artanh((m - 1) / (m + 1)) by its series."""
    cdef Bits64 whole, m
    cdef unsigned long long n
    cdef double s, z, y
    # m lies between the square roots of 1/2 and 2, so that s is at most 0.172.
    whole.value = x
    n = (whole.bits - 0x3FE6A09E667F3BCDULL) >> 52
    m.bits = whole.bits - (n << 52)
    s = (m.value - 1) / (m.value + 1)
    z = s * s
    y = 1.0 / 21
    y = y * z + 1.0 / 19
    y = y * z + 1.0 / 17
    y = y * z + 1.0 / 15
    y = y * z + 1.0 / 13
    y = y * z + 1.0 / 11
    y = y * z + 1.0 / 9
    y = y * z + 1.0 / 7
    y = y * z + 1.0 / 5
    y = y * z + 1.0 / 3
    # The last term is 0, or nan for nan, whose bits would pass for a number's.
    return (2 * s * z * y + 2 * s) + <int>n * 0.69314718055994530942 + (x - x)
