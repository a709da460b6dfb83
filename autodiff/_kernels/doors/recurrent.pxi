# The doors to the recurrent layers: after reading it you know what is asked of a batch of sequences, and who makes the
# memory in which a weight is packed.
#
# A pattern of two letters can't say these shapes, so each door names them. What does not fit is the twin's, as everywhere.

from operator import index

cdef enum:
    PARTS_MOST = 9  # arrays of one of these kernels, the working space among them


cdef bint through_steps(
        int loop, list arrays, list shapes, int written, int optional, sizes, bint reverse, Py_ssize_t h,
        Py_ssize_t room) except -1:
    """Run the loop; False, with nothing written, where an array is not what it takes.

    `written` has a bit for each array that is written to, `optional` for each that may be None; `room` says how much working
    space the loop is given.
    """
    cdef void* a[PARTS_MOST]
    cdef Job job
    cdef Steps steps
    cdef Py_ssize_t* lengths = NULL
    cdef Py_ssize_t rows = 0, t
    cdef int k, size
    if not core.vectors or type(arrays[0]) is not ndarray:
        return False
    dtype = arrays[0].dtype
    size = 4 if dtype == float32 else 8 if dtype == float64 else 0
    arrays = [*arrays, empty(room + 32, dtype)]
    shapes = [*shapes, (room + 32,)]
    try:
        steps.count, steps.reverse = len(sizes), reverse
        lengths = <Py_ssize_t*>PyMem_Malloc((steps.count + 1) * sizeof(Py_ssize_t))
        if lengths == NULL:
            raise MemoryError()
        for t in range(steps.count):
            lengths[t] = sizes[t]
            rows += lengths[t]
            if lengths[t] < 0 or (t > 0 and lengths[t] > lengths[t - 1]):
                return False
        if size == 0 or h == 0:
            return False
        for k in range(len(arrays)):
            array = arrays[k]
            a[k] = NULL
            if array is None and optional >> k & 1:
                continue
            if type(array) is not ndarray or array.dtype != dtype or array.shape != shapes[k]:
                return False
            if not (array.flags.carray if written >> k & 1 else array.flags.c_contiguous and array.flags.aligned):
                return False
            a[k] = cnp.PyArray_DATA(<cnp.ndarray>array)
        job.n, job.c, job.ignore, job.options = rows, h, 0, &steps
        steps.sizes = lengths
        if 2 * rows * h * 3 * h < RELEASE:
            run(loop, size, a, &job)
        else:
            with nogil:
                run(loop, size, a, &job)
        return True
    finally:
        PyMem_Free(lengths)


cdef tuple sizes_of(gates, w_hh, sizes):
    """(rows, sequences, hidden) as the arrays have them, zeros where they have not."""
    if type(w_hh) is not ndarray or w_hh.ndim != 2 or type(gates) is not ndarray or gates.ndim != 2 or not len(sizes):
        return 0, 0, 0
    return sum(sizes), sizes[0], w_hh.shape[1]


def lstm(gates, w_hh, h, c, y, cells, sizes, bint reverse):
    """A sequence through an LSTM, in place: the sums in `gates` become i, f, g, o, and h and c the last state."""
    sizes = [index(size) for size in sizes]  # read once: a sequence may say something else each time
    rows, n, width = sizes_of(gates, w_hh, sizes)
    shapes = [(rows, 4 * width), (4 * width, width), (n, width), (n, width), (rows, width), (rows, width)]
    if not through_steps(
            LSTM, [gates, w_hh, h, c, y, cells], shapes, 0b111101, 0b100000, sizes, reverse, width,
            width * (4 * width + 16)):
        reference.lstm(gates, w_hh, h, c, y, cells, sizes, reverse)


def lstm_grad(dy, gates, cells, c, w_hh, dh, dc, sizes, bint reverse):
    """The gradient of the sums; dh and dc become, in place, the gradients of the first state from those of the last."""
    sizes = [index(size) for size in sizes]  # read once: a sequence may say something else each time
    rows, n, width = sizes_of(gates, w_hh, sizes)
    da = empty((rows, 4 * width), gates.dtype)
    state = (n, width)
    shapes = [(rows, width), (rows, 4 * width), (rows, width), state, (4 * width, width), state, state, (rows, 4 * width)]
    if not through_steps(
            LSTM_GRAD, [dy, gates, cells, c, w_hh, dh, dc, da], shapes, 0b11100000, 0, sizes, reverse, width,
            4 * width * (width + 16)):
        return reference.lstm_grad(dy, gates, cells, c, w_hh, dh, dc, sizes, reverse)
    return da


def gru(gates, w_hh, b_hh, h, y, hidden, sizes, bint reverse):
    """A sequence through a GRU, in place: the sums in `gates` become r, z, n, and h the last state."""
    sizes = [index(size) for size in sizes]  # read once: a sequence may say something else each time
    rows, n, width = sizes_of(gates, w_hh, sizes)
    shapes = [(rows, 3 * width), (3 * width, width), (3 * width,), (n, width), (rows, width), (rows, width)]
    if not through_steps(
            GRU, [gates, w_hh, b_hh, h, y, hidden], shapes, 0b111001, 0b100000, sizes, reverse, width,
            width * (3 * width + 16) + 16 + n * 3 * width):
        reference.gru(gates, w_hh, b_hh, h, y, hidden, sizes, reverse)


def gru_grad(dy, gates, hidden, y, h, w_hh, dh, sizes, bint reverse):
    """The gradients (n of the input's sums; r, z, n of the state's); dh becomes, in place, the gradient of the first state."""
    sizes = [index(size) for size in sizes]  # read once: a sequence may say something else each time
    rows, n, width = sizes_of(gates, w_hh, sizes)
    da = empty((rows, 4 * width), gates.dtype)
    own = (rows, width)
    shapes = [own, (rows, 3 * width), own, own, (n, width), (3 * width, width), (n, width), (rows, 4 * width)]
    if not through_steps(
            GRU_GRAD, [dy, gates, hidden, y, h, w_hh, dh, da], shapes, 0b11000000, 0, sizes, reverse, width,
            3 * width * (width + 16)):
        return reference.gru_grad(dy, gates, hidden, y, h, w_hh, dh, sizes, reverse)
    return da
