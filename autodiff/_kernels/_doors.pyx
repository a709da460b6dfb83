"""The doors to the compiled loops: what each kernel checks before a pointer is followed.

With Cython's bounds checks off, what passes here is memory corruption if it is wrong; so dtypes, shapes,
layouts, alignment and every target are checked before anything is written. Inputs may be copied to C
order; an array that is written to never is: where the loops can't take it as it lies, NumPy's twin in
`reference` does the work in place.
"""

from cpython.buffer cimport PyBUF_FORMAT, PyBUF_STRIDES, PyBuffer_Release, PyObject_GetBuffer
from cpython.pycapsule cimport PyCapsule_GetPointer

import numpy as np

from autodiff._kernels import _threads, reference

include "table.pxi"

cdef extern from *:
    """
    /* The widest instruction set of this machine that the operating system saves on a thread switch: 4, 3, or 0. */
    static int ad_level(void) {
    #if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
        __builtin_cpu_init();
        if (!(__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
              __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2")))
            return 0;
        if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
            __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
            __builtin_cpu_supports("avx512vl"))
            return 4;
        return 3;
    #else
        return 0;
    #endif
    }
    """
    int ad_level() nogil

cdef Table core
cdef object empty = np.empty
cdef object float32 = np.dtype(np.float32)
cdef object float64 = np.dtype(np.float64)
# Below this many floating point operations a kernel keeps the GIL: letting go may cost far more than the work.
cdef double RELEASE = 4e6
cdef double SPLIT = 3e7

INFO = {"implementation": "compiled", "isa": None, "isas": []}


def choose(wanted):
    """Use the widest instruction set that was built and that this machine has, or the one that is `wanted`."""
    global core
    names = ["baseline"] + ["v3"] * (ad_level() >= 3) + ["v4"] * (ad_level() >= 4)
    modules = {}
    for name in names:
        try:
            modules[name] = __import__(f"autodiff._kernels._cores_{name}", fromlist=["TABLE"])
        except ModuleNotFoundError:
            continue
    if wanted and wanted not in modules:
        raise ImportError(
            f"AUTODIFF_ISA={wanted!r} can't be used: this build on this machine has {', '.join(modules)}."
        )
    chosen = wanted or max(modules, key=names.index)
    core = (<Table*>PyCapsule_GetPointer(modules[chosen].TABLE, "autodiff.kernels"))[0]
    INFO["isa"] = chosen
    INFO["isas"] = list(modules)


cdef inline int kind(const Py_buffer* v) noexcept nogil:
    """4 for aligned native float32, 8 for float64, 0 for what the loops don't take."""
    cdef Py_ssize_t i, size = v.itemsize
    cdef char letter = v.format[0]
    if v.format[1] != 0:
        return 0
    if not ((letter == c"f" and size == 4) or (letter == c"d" and size == 8)):
        return 0
    if <size_t>v.buf % <size_t>size:
        return 0
    for i in range(v.ndim):
        if v.strides[i] % size:
            return 0
    return size


cdef inline bint in_order(const Py_buffer* v) noexcept nogil:
    """Whether the elements lie in C order without gaps."""
    cdef Py_ssize_t expected = v.itemsize
    cdef Py_ssize_t i = v.ndim - 1
    while i >= 0:
        if v.shape[i] == 0:
            return True
        if v.shape[i] != 1 and v.strides[i] != expected:
            return False
        expected *= v.shape[i]
        i -= 1
    return True


cdef inline bint same_shape(const Py_buffer* a, const Py_buffer* b) noexcept nogil:
    cdef Py_ssize_t i
    if a.ndim != b.ndim:
        return False
    for i in range(a.ndim):
        if a.shape[i] != b.shape[i]:
            return False
    return True


cdef inline Py_ssize_t count(const Py_buffer* v) noexcept nogil:
    return v.len // v.itemsize


cdef object tidy(array):
    """The array itself if the loops can take it, else an aligned, native copy in C order (float32 or float64)."""
    if not isinstance(array, np.ndarray) or array.dtype.char not in "fd":
        return array
    # np.require would turn a 0-d array into one of shape (1,).
    flags = array.flags
    if flags.c_contiguous and flags.aligned and array.dtype.isnative:
        return array
    return array.astype(array.dtype.newbyteorder("="), order="C")


# ---------------------------------------------------------------------------------------------- matmul

cdef class Product:
    """A matrix product that is large enough to be cut into parts for several threads."""
    cdef Py_ssize_t m, k, n, ar, ac, br, bc, cr
    cdef const char* a
    cdef const char* b
    cdef const char* bias
    cdef char* c
    cdef int size, failed, vector
    cdef bint by_columns

    def __call__(self, Py_ssize_t start, Py_ssize_t stop):
        cdef Py_ssize_t m = self.m, n = self.n
        cdef const char* a = self.a
        cdef const char* b = self.b
        cdef const char* bias = self.bias
        cdef char* c = self.c
        if self.by_columns:
            n = stop - start
            b += start * self.bc * self.size
            c += start * self.size
            if bias != NULL:
                bias += start * self.size
        else:
            m = stop - start
            a += start * self.ar * self.size
            c += start * self.cr * self.size
        cdef int status
        with nogil:
            status = multiply(self.size, m, self.k, n, a, self.ar, self.ac, b, self.br, self.bc, bias, c,
                              self.cr, self.vector)
        if status:
            self.failed = 1


cdef inline int multiply(
        int size, Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const void* a, Py_ssize_t ar, Py_ssize_t ac, const void* b, Py_ssize_t br, Py_ssize_t bc,
        const void* bias, void* c, Py_ssize_t cr, int vector) noexcept nogil:
    if size == 4:
        return core.gemm32(m, k, n, <const float*>a, ar, ac, <const float*>b, br, bc, <const float*>bias,
                           <float*>c, cr, vector)
    return core.gemm64(m, k, n, <const double*>a, ar, ac, <const double*>b, br, bc, <const double*>bias,
                       <double*>c, cr, vector)


cdef int product(
        int size, Py_ssize_t m, Py_ssize_t k, Py_ssize_t n,
        const char* a, Py_ssize_t ar, Py_ssize_t ac, const char* b, Py_ssize_t br, Py_ssize_t bc,
        const char* bias, char* c) except -2:
    """One matrix product into C (m, n) in C order: at once, without the GIL, or cut over the threads."""
    cdef double work = 2.0 * m * k * n
    cdef int status, threads
    cdef int vector = m == 1 or n == 1
    cdef Py_ssize_t unit, whole, step, at
    if work < RELEASE:
        return multiply(size, m, k, n, a, ar, ac, b, br, bc, bias, c, n, vector)
    threads = _threads.get_num_threads() if work >= SPLIT else 1
    if threads > 1:
        part = Product()
        part.m, part.k, part.n, part.ar, part.ac, part.br, part.bc, part.cr = m, k, n, ar, ac, br, bc, n
        part.a, part.b, part.bias, part.c, part.size, part.vector = a, b, bias, c, size, vector
        part.by_columns = n > m
        # Parts are whole tiles, so that every element is computed the same way for any number of threads.
        unit = core.tile_bytes // size if part.by_columns else core.tile_rows
        whole = n if part.by_columns else m
        step = ((whole + unit - 1) // unit + threads - 1) // threads * unit
        parts = [(at, min(at + step, whole)) for at in range(0, whole, step)]
        if len(parts) > 1:
            _threads.run(part, parts)
            return -part.failed
    with nogil:
        status = multiply(size, m, k, n, a, ar, ac, b, br, bc, bias, c, n, vector)
    return status


def matmul(a, b, bias=None):
    """The matrix product a @ b of two matrices, or of two equally long batches, plus `bias` on every row.

    The inputs may have any strides: a transposed, reversed or broadcast view is read where it lies.
    """
    cdef Py_buffer va, vb, vbias
    cdef int held = 0, size
    try:
        PyObject_GetBuffer(a, &va, PyBUF_STRIDES | PyBUF_FORMAT)
        held = 1
        PyObject_GetBuffer(b, &vb, PyBUF_STRIDES | PyBUF_FORMAT)
        held = 2
        if bias is not None:
            PyObject_GetBuffer(bias, &vbias, PyBUF_STRIDES | PyBUF_FORMAT)
            held = 3
        size = kind(&va)
        if size and size == kind(&vb) and va.ndim == vb.ndim and 2 <= va.ndim <= 3 and (
            va.shape[va.ndim - 1] == vb.shape[vb.ndim - 2] and (va.ndim == 2 or va.shape[0] == vb.shape[0])
        ) and (bias is None or (
            kind(&vbias) == size and vbias.ndim == 1 and vbias.shape[0] == vb.shape[vb.ndim - 1]
            and in_order(&vbias)
        )):
            return matmul_checked(&va, &vb, &vbias if bias is not None else NULL, size)
    except (TypeError, ValueError, BufferError):
        # No buffer of this kind (None, a list, a dtype without a buffer format): the twin says what is wrong.
        if held == (2 if bias is None else 3):
            raise
    finally:
        if held >= 1:
            PyBuffer_Release(&va)
        if held >= 2:
            PyBuffer_Release(&vb)
        if held >= 3:
            PyBuffer_Release(&vbias)
    reference.check_matmul(a, b, bias)
    if a.dtype.char not in "fd":
        return reference.matmul(a, b, bias)
    return matmul(tidy(a), tidy(b), None if bias is None else tidy(bias))


cdef object matmul_checked(const Py_buffer* va, const Py_buffer* vb, const Py_buffer* vbias, int size):
    cdef int d = va.ndim
    cdef Py_ssize_t m = va.shape[d - 2], k = va.shape[d - 1], n = vb.shape[d - 1]
    cdef Py_ssize_t i, batch = va.shape[0] if d == 3 else 1
    dtype = float32 if size == 4 else float64
    c = empty((m, n), dtype) if d == 2 else empty((batch, m, n), dtype)
    if m == 0 or n == 0 or batch == 0:
        return c
    cdef Py_buffer vc
    PyObject_GetBuffer(c, &vc, PyBUF_STRIDES)
    cdef int status = 0
    try:
        for i in range(batch):
            status = product(
                size, m, k, n,
                <const char*>va.buf + (i * va.strides[0] if d == 3 else 0),
                va.strides[d - 2] // size, va.strides[d - 1] // size,
                <const char*>vb.buf + (i * vb.strides[0] if d == 3 else 0),
                vb.strides[d - 2] // size, vb.strides[d - 1] // size,
                <const char*>vbias.buf if vbias != NULL else NULL,
                <char*>vc.buf + i * m * n * size)
            if status:
                raise MemoryError(f"no memory for the working space of a {m}x{k} by {k}x{n} matrix product")
    finally:
        PyBuffer_Release(&vc)
    return c


# ------------------------------------------------------------------------------- rows and flat arrays

cdef enum Kernel:
    SOFTMAX
    LOG_SOFTMAX
    SOFTMAX_GRAD
    LOG_SOFTMAX_GRAD
    RELU
    RELU_GRAD


cdef void run_one(Kernel which, int size, const void* x, void* y, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    if size == 4:
        if which == SOFTMAX:
            core.softmax32(<const float*>x, <float*>y, n, c)
        elif which == LOG_SOFTMAX:
            core.log_softmax32(<const float*>x, <float*>y, n, c)
        else:
            core.relu32(<const float*>x, <float*>y, n)
    else:
        if which == SOFTMAX:
            core.softmax64(<const double*>x, <double*>y, n, c)
        elif which == LOG_SOFTMAX:
            core.log_softmax64(<const double*>x, <double*>y, n, c)
        else:
            core.relu64(<const double*>x, <double*>y, n)


cdef void run_two(
        Kernel which, int size, const void* g, const void* y, void* d, Py_ssize_t n, Py_ssize_t c) noexcept nogil:
    if size == 4:
        if which == SOFTMAX_GRAD:
            core.softmax_grad32(<const float*>g, <const float*>y, <float*>d, n, c)
        elif which == LOG_SOFTMAX_GRAD:
            core.log_softmax_grad32(<const float*>g, <const float*>y, <float*>d, n, c)
        else:
            core.relu_grad32(<const float*>g, <const float*>y, <float*>d, n)
    else:
        if which == SOFTMAX_GRAD:
            core.softmax_grad64(<const double*>g, <const double*>y, <double*>d, n, c)
        elif which == LOG_SOFTMAX_GRAD:
            core.log_softmax_grad64(<const double*>g, <const double*>y, <double*>d, n, c)
        else:
            core.relu_grad64(<const double*>g, <const double*>y, <double*>d, n)


cdef object one(Kernel which, x):
    """A kernel of one array. None: the loops don't take it as it is, ask the twin."""
    cdef Py_buffer vx, vy
    cdef Py_ssize_t n, c = 1
    cdef int size
    if not isinstance(x, np.ndarray):
        return None
    x = tidy(x)
    if x.dtype.char not in "fd":
        return None
    PyObject_GetBuffer(x, &vx, PyBUF_STRIDES | PyBUF_FORMAT)
    try:
        size = kind(&vx)
        n = count(&vx)
        if which != RELU:
            if vx.ndim != 2 or vx.shape[1] == 0:
                return None
            n, c = vx.shape[0], vx.shape[1]
        if not size or not in_order(&vx):
            return None
        y = empty(x.shape, x.dtype)
        PyObject_GetBuffer(y, &vy, PyBUF_STRIDES)
        if n * c < RELEASE / 16:
            run_one(which, size, vx.buf, vy.buf, n, c)
        else:
            with nogil:
                run_one(which, size, vx.buf, vy.buf, n, c)
        PyBuffer_Release(&vy)
        return y
    finally:
        PyBuffer_Release(&vx)


cdef object two(Kernel which, g, y):
    """A kernel of two arrays of one shape. None: the loops don't take them as they are, ask the twin."""
    cdef Py_buffer vg, vy, vd
    cdef Py_ssize_t n, c = 1
    cdef int size
    if not isinstance(g, np.ndarray) or not isinstance(y, np.ndarray):
        return None
    g = tidy(g)
    y = tidy(y)
    if y.dtype.char not in "fd" or g.dtype.char not in "fd":
        return None
    PyObject_GetBuffer(g, &vg, PyBUF_STRIDES | PyBUF_FORMAT)
    PyObject_GetBuffer(y, &vy, PyBUF_STRIDES | PyBUF_FORMAT)
    try:
        size = kind(&vy)
        n = count(&vy)
        if not size or size != kind(&vg) or not same_shape(&vg, &vy) or not in_order(&vg) or not in_order(&vy):
            return None
        if which != RELU_GRAD:
            if vy.ndim != 2 or vy.shape[1] == 0:
                return None
            n, c = vy.shape[0], vy.shape[1]
        d = empty(y.shape, y.dtype)
        PyObject_GetBuffer(d, &vd, PyBUF_STRIDES)
        if n * c < RELEASE / 16:
            run_two(which, size, vg.buf, vy.buf, vd.buf, n, c)
        else:
            with nogil:
                run_two(which, size, vg.buf, vy.buf, vd.buf, n, c)
        PyBuffer_Release(&vd)
        return d
    finally:
        PyBuffer_Release(&vg)
        PyBuffer_Release(&vy)


def softmax(x):
    """exp(x) / sum(exp(x)) along each row of a 2-D array."""
    y = one(SOFTMAX, x)
    return reference.softmax(x) if y is None else y


def log_softmax(x):
    """x - log(sum(exp(x))) along each row of a 2-D array."""
    y = one(LOG_SOFTMAX, x)
    return reference.log_softmax(x) if y is None else y


def softmax_grad(g, y):
    """dL/dx of y = softmax(x): y * (g - sum(g * y))."""
    d = two(SOFTMAX_GRAD, g, y)
    return reference.softmax_grad(g, y) if d is None else d


def log_softmax_grad(g, y):
    """dL/dx of y = log_softmax(x): g - exp(y) * sum(g)."""
    d = two(LOG_SOFTMAX_GRAD, g, y)
    return reference.log_softmax_grad(g, y) if d is None else d


def relu(x):
    """max(x, 0), and nan where x is nan."""
    y = one(RELU, x)
    return reference.relu(x) if y is None else y


def relu_grad(g, y):
    """g where y > 0 (or y is nan), else 0."""
    d = two(RELU_GRAD, g, y)
    return reference.relu_grad(g, y) if d is None else d


# --------------------------------------------------------------------------------------- cross entropy

cdef bint targets_inside(const long long* t, Py_ssize_t n, Py_ssize_t c, long long ignore) noexcept nogil:
    cdef Py_ssize_t i
    for i in range(n):
        # One unsigned comparison finds negative targets too.
        if <size_t>t[i] >= <size_t>c and t[i] != ignore:
            return False
    return True


cdef object entropy(g, x, target, weight, long long ignore, double smooth, reduction):
    """Both cross-entropy kernels (g is None: the loss, else the gradient). None: ask the twin."""
    cdef Py_buffer vx, vt, vw, vg, vo
    cdef Loss o
    cdef int size
    cdef const float* w32 = NULL
    cdef const double* w64 = NULL
    if not isinstance(x, np.ndarray) or not isinstance(target, np.ndarray):
        return None
    if x.dtype.char not in "fd" or x.ndim != 2 or target.ndim != 1 or target.dtype != np.int64:
        return None
    if not 0 <= smooth <= 1 or reduction not in ("mean", "sum", "none"):
        return None
    dtype = x.dtype.newbyteorder("=")
    x = tidy(x)
    if not (target.flags.c_contiguous and target.flags.aligned and target.dtype.isnative):
        target = target.astype(np.int64, order="C")
    cdef Py_ssize_t n = x.shape[0], c = x.shape[1]
    if c == 0 or target.shape[0] != n:
        return None
    if weight is not None:
        if not isinstance(weight, np.ndarray) or weight.shape != (c,) or weight.dtype != dtype:
            return None
        weight = tidy(weight)
    if g is not None:
        if not isinstance(g, np.ndarray) or g.dtype != dtype or g.shape != ((n,) if reduction == "none" else ()):
            return None
        g = tidy(g)
    o.n, o.c, o.ignore, o.smooth = n, c, ignore, smooth
    o.mean = reduction == "mean"
    o.per_row = reduction == "none"
    if g is not None:
        out = empty((n, c), dtype)
    else:
        out = empty(n if o.per_row else (), dtype)
    PyObject_GetBuffer(x, &vx, PyBUF_STRIDES | PyBUF_FORMAT)
    PyObject_GetBuffer(target, &vt, PyBUF_STRIDES)
    PyObject_GetBuffer(out, &vo, PyBUF_STRIDES)
    PyObject_GetBuffer(x if weight is None else weight, &vw, PyBUF_STRIDES)
    PyObject_GetBuffer(x if g is None else g, &vg, PyBUF_STRIDES)
    try:
        size = kind(&vx)
        if not size or not targets_inside(<const long long*>vt.buf, n, c, ignore):
            return None
        if weight is not None:
            w32 = <const float*>vw.buf
            w64 = <const double*>vw.buf
        if n * c < RELEASE / 16:
            run_entropy(size, g is not None, &vg, &vx, &vt, w32, w64, &vo, &o)
        else:
            run_entropy_nogil(size, g is not None, &vg, &vx, &vt, w32, w64, &vo, &o)
    finally:
        PyBuffer_Release(&vx)
        PyBuffer_Release(&vt)
        PyBuffer_Release(&vo)
        PyBuffer_Release(&vw)
        PyBuffer_Release(&vg)
    return out


cdef void run_entropy_nogil(
        int size, bint grad, const Py_buffer* g, const Py_buffer* x, const Py_buffer* t, const float* w32,
        const double* w64, const Py_buffer* out, const Loss* o) noexcept:
    with nogil:
        run_entropy(size, grad, g, x, t, w32, w64, out, o)


cdef void run_entropy(
        int size, bint grad, const Py_buffer* g, const Py_buffer* x, const Py_buffer* t, const float* w32,
        const double* w64, const Py_buffer* out, const Loss* o) noexcept nogil:
    cdef const long long* targets = <const long long*>t.buf
    if size == 4:
        if grad:
            core.cross_entropy_grad32(
                <const float*>g.buf, <const float*>x.buf, targets, w32, <float*>out.buf, o)
        else:
            core.cross_entropy32(<const float*>x.buf, targets, w32, <float*>out.buf, o)
    else:
        if grad:
            core.cross_entropy_grad64(
                <const double*>g.buf, <const double*>x.buf, targets, w64, <double*>out.buf, o)
        else:
            core.cross_entropy64(<const double*>x.buf, targets, w64, <double*>out.buf, o)


def cross_entropy(x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """-log softmax(x)[target] per row of x (n, c), reduced by "mean" (over the weights), "sum" or "none"."""
    loss = entropy(None, x, target, weight, ignore_index, label_smoothing, reduction)
    if loss is None:
        return reference.cross_entropy(x, target, weight, ignore_index, label_smoothing, reduction)
    return loss


def cross_entropy_grad(g, x, target, weight=None, ignore_index=-100, label_smoothing=0.0, reduction="mean"):
    """g * d cross_entropy / dx, an array like x."""
    d = None
    if g is not None:
        d = entropy(g, x, target, weight, ignore_index, label_smoothing, reduction)
    if d is None:
        return reference.cross_entropy_grad(g, x, target, weight, ignore_index, label_smoothing, reduction)
    return d


# ------------------------------------------------------------------------------------------------- sgd

def sgd(params, grads, buffers, *, double lr, double momentum=0.0, double dampening=0.0, double weight_decay=0.0,
        bint nesterov=False, bint maximize=False):
    """One step p -= lr * d for every parameter, in place; returns the list of momentum buffers.

    Everything is checked before the first parameter is written.
    """
    reference.check_sgd(params, grads, buffers)
    cdef Step o
    o.lr, o.momentum, o.dampening, o.weight_decay = lr, momentum, dampening, weight_decay
    o.nesterov, o.maximize = nesterov, maximize
    cdef Py_buffer vp, vg, vb
    cdef bint first
    after = []
    for p, g, buffer in zip(params, grads, buffers):
        flags = p.flags
        if not (flags.c_contiguous and flags.aligned and p.dtype.char in "fd" and p.dtype.isnative) or (
            momentum and buffer is not None and not (buffer.flags.c_contiguous and buffer.flags.aligned)
        ):
            after += reference.sgd(
                [p], [g], [buffer], lr=lr, momentum=momentum, dampening=dampening, weight_decay=weight_decay,
                nesterov=nesterov, maximize=maximize)
            continue
        g = tidy(g)
        first = momentum != 0 and buffer is None
        if first:
            buffer = empty(p.shape, p.dtype)
        PyObject_GetBuffer(p, &vp, PyBUF_STRIDES)
        PyObject_GetBuffer(g, &vg, PyBUF_STRIDES)
        PyObject_GetBuffer(p if buffer is None else buffer, &vb, PyBUF_STRIDES)
        if momentum == 0:
            PyBuffer_Release(&vb)
            vb.buf = NULL
        if vp.len < RELEASE:
            descend(vp.itemsize, vp.buf, vg.buf, vb.buf, first, count(&vp), &o)
        else:
            with nogil:
                descend(vp.itemsize, vp.buf, vg.buf, vb.buf, first, count(&vp), &o)
        PyBuffer_Release(&vp)
        PyBuffer_Release(&vg)
        if momentum != 0:
            PyBuffer_Release(&vb)
        after.append(buffer)
    return after


cdef void descend(
        Py_ssize_t size, void* p, const void* g, void* b, int first, Py_ssize_t n, const Step* o) noexcept nogil:
    if size == 4:
        core.sgd32(<float*>p, <const float*>g, <float*>b, first, n, o)
    else:
        core.sgd64(<double*>p, <const double*>g, <double*>b, first, n, o)
